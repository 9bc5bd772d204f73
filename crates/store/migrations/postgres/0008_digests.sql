-- What waits for a summary: messages by the moment at which the summary of their recipient on
-- a channel is due, and until when a node has claimed them.
CREATE TABLE collected (
    partition smallint NOT NULL,
    due_at    bigint NOT NULL,
    recipient bigint NOT NULL,
    channel   smallint NOT NULL,
    message   bigint NOT NULL,
    until     timestamptz NOT NULL DEFAULT '-infinity',
    PRIMARY KEY (partition, due_at, recipient, channel, message)
);
