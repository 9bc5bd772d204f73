-- Cheaper rows on the path of a message. That every delivery has its message stays enforced
-- (promise 2); what hangs from a delivery or a message is written in the same transaction
-- and was looked up once more for nothing.

DROP INDEX mailbox_deleted;
ALTER TABLE mailbox RENAME TO mailbox_1;
CREATE TABLE mailbox (
    recipient  INTEGER NOT NULL,
    message    INTEGER NOT NULL,
    category   INTEGER NOT NULL,
    order_hash INTEGER NOT NULL,
    revision   INTEGER NOT NULL,
    read_at    INTEGER,
    deleted_at INTEGER,
    PRIMARY KEY (recipient, message)
) STRICT, WITHOUT ROWID;
INSERT INTO mailbox SELECT * FROM mailbox_1;
DROP TABLE mailbox_1;
CREATE INDEX mailbox_deleted ON mailbox (deleted_at) WHERE deleted_at IS NOT NULL;

ALTER TABLE due RENAME TO due_1;
CREATE TABLE due (
    channel  INTEGER NOT NULL,
    lane     INTEGER NOT NULL,
    due_at   INTEGER NOT NULL,
    delivery INTEGER NOT NULL,
    PRIMARY KEY (channel, lane, due_at, delivery)
) STRICT, WITHOUT ROWID;
INSERT INTO due SELECT * FROM due_1;
DROP TABLE due_1;

ALTER TABLE leases RENAME TO leases_1;
CREATE TABLE leases (
    delivery   INTEGER PRIMARY KEY,
    claimed_at INTEGER NOT NULL,
    until      INTEGER NOT NULL
) STRICT;
INSERT INTO leases SELECT * FROM leases_1;
DROP TABLE leases_1;

ALTER TABLE attempts RENAME TO attempts_1;
CREATE TABLE attempts (
    delivery   INTEGER NOT NULL,
    number     INTEGER NOT NULL,
    carrier    INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER NOT NULL,
    outcome    INTEGER NOT NULL,
    code       TEXT NOT NULL,
    reason     TEXT NOT NULL,
    carrier_id TEXT,
    digest     TEXT NOT NULL,
    PRIMARY KEY (delivery, number)
) STRICT, WITHOUT ROWID;
INSERT INTO attempts SELECT * FROM attempts_1;
DROP TABLE attempts_1;

ALTER TABLE receipts RENAME TO receipts_1;
CREATE TABLE receipts (
    delivery     INTEGER NOT NULL,
    number       INTEGER NOT NULL,
    status       INTEGER NOT NULL,
    code         TEXT NOT NULL,
    carrier_time INTEGER,
    received_at  INTEGER NOT NULL,
    PRIMARY KEY (delivery, number)
) STRICT, WITHOUT ROWID;
INSERT INTO receipts SELECT * FROM receipts_1;
DROP TABLE receipts_1;

-- What search reads: the folded words of a mailbox in a few large rows, so that a search
-- does not read every message. Made when a mailbox is first searched, and dropped with any
-- content of it. `last` is the newest message in a block.
CREATE TABLE search_blocks (
    id        INTEGER PRIMARY KEY,
    recipient INTEGER NOT NULL,
    last      INTEGER NOT NULL,
    words     TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX search_blocks_recipient ON search_blocks (recipient, last);
