-- What is known of an address of a customer beyond that it is theirs: codes that were sent,
-- proof, failures, a consent that waits to be confirmed. JSON; `version` grows with every
-- change. Goes when the customer has another address.
CREATE TABLE contact_points (
    recipient INTEGER NOT NULL,
    digest    INTEGER NOT NULL,
    version   INTEGER NOT NULL,
    state     TEXT NOT NULL,
    PRIMARY KEY (recipient, digest)
) STRICT, WITHOUT ROWID;

-- Changes of addresses that the old address is still to be told of.
CREATE TABLE contact_changes (
    id         INTEGER PRIMARY KEY,
    recipient  INTEGER NOT NULL,
    channel    INTEGER NOT NULL,
    address    TEXT NOT NULL,
    mode       INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;
