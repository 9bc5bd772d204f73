-- Suppressed addresses, an entry for each reason, so that one can be undone and the others
-- hold. What the customer said themselves is one entry, whatever the words: its slot is
-- empty; that of any other is its reason. The address is kept as a digest and by its ends only.
CREATE TABLE suppressions_listed (
    digest  INTEGER NOT NULL,
    slot    TEXT NOT NULL,
    id      INTEGER NOT NULL,
    channel INTEGER NOT NULL,
    reason  TEXT NOT NULL,
    at      INTEGER NOT NULL,
    until   INTEGER,
    masked  TEXT NOT NULL,
    note    TEXT NOT NULL,
    made_by TEXT NOT NULL,
    PRIMARY KEY (digest, slot)
) STRICT, WITHOUT ROWID;
INSERT INTO suppressions_listed
    SELECT digest, CASE WHEN reason IN ('keyword_stop', 'free_words_stop') THEN '' ELSE reason END,
        (row_number() OVER (ORDER BY at, digest) << 22) | ((digest & 255) << 14),
        channel, reason, at, NULL, '', '', ''
    FROM suppressions;
DROP TABLE suppressions;
ALTER TABLE suppressions_listed RENAME TO suppressions;
CREATE UNIQUE INDEX suppressions_by_id ON suppressions (id);
