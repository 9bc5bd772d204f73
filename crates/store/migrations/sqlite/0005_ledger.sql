-- What sending costs. A delivery with a quote names a line of the ledger; the accounts of a
-- line add up to nothing, and can be computed once more from its deliveries' states.
ALTER TABLE deliveries ADD COLUMN line INTEGER;
ALTER TABLE deliveries ADD COLUMN quote INTEGER;

-- What the amounts of a line have in common.
CREATE TABLE cost_lines (
    id       INTEGER PRIMARY KEY,
    day      INTEGER NOT NULL,
    mode     INTEGER NOT NULL,
    channel  INTEGER NOT NULL,
    category INTEGER NOT NULL,
    purpose  INTEGER NOT NULL,
    currency TEXT NOT NULL,
    carrier  TEXT NOT NULL,
    country  TEXT NOT NULL,
    campaign TEXT NOT NULL,
    seller   TEXT NOT NULL,
    UNIQUE (day, mode, channel, category, purpose, currency, carrier, country, campaign, seller)
) STRICT;

-- Balances, in micros; `slot` keeps writers apart where there are several.
CREATE TABLE ledger (
    line    INTEGER NOT NULL,
    account INTEGER NOT NULL,
    slot    INTEGER NOT NULL,
    amount  INTEGER NOT NULL,
    count   INTEGER NOT NULL,
    PRIMARY KEY (line, account, slot)
) STRICT, WITHOUT ROWID;

-- What carriers asked for in the end, for deliveries with a quote.
CREATE TABLE prices (
    delivery INTEGER PRIMARY KEY,
    line     INTEGER NOT NULL,
    amount   INTEGER NOT NULL
) STRICT;
