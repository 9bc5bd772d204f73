-- What was committed last, in the order of the commits: the idempotency keys of events and
-- the mailbox rows of messages. Both belong at random places of large tables, where each
-- would change a page of its own. They stand here and in memory until there are many; then
-- they go to `event_keys` and `mailbox` in the order of those, many to a page.
CREATE TABLE fresh (
    seq        INTEGER PRIMARY KEY,
    key_hash   INTEGER,
    event      INTEGER NOT NULL,
    recipient  INTEGER,
    message    INTEGER,
    category   INTEGER,
    order_hash INTEGER,
    revision   INTEGER
) STRICT;
