-- What waits for a summary: messages by the moment at which the summary of their recipient on
-- a channel is due. A claim lasts until a moment; 0 while nobody has one.
CREATE TABLE collected (
    due_at    INTEGER NOT NULL,
    recipient INTEGER NOT NULL,
    channel   INTEGER NOT NULL,
    message   INTEGER NOT NULL,
    until     INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (due_at, recipient, channel, message)
) STRICT, WITHOUT ROWID;
