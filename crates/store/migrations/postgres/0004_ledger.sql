-- What sending costs. A delivery with a quote names a line of the ledger; the accounts of a
-- line add up to nothing, and can be computed once more from its deliveries' states.
ALTER TABLE deliveries ADD COLUMN line integer, ADD COLUMN quote bigint;

-- What the amounts of a line have in common. Neither this table nor the ledger grows with
-- customers.
CREATE TABLE cost_lines (
    id       integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    day      integer NOT NULL,
    mode     smallint NOT NULL,
    channel  smallint NOT NULL,
    category smallint NOT NULL,
    purpose  smallint NOT NULL,
    currency text COLLATE "C" NOT NULL,
    carrier  text COLLATE "C" NOT NULL,
    country  text COLLATE "C" NOT NULL,
    campaign text COLLATE "C" NOT NULL,
    seller   text COLLATE "C" NOT NULL,
    UNIQUE (day, mode, channel, category, purpose, currency, carrier, country, campaign, seller)
);

-- Balances, in micros. Each connection adds to rows of its own, so that no commit waits for
-- another's.
CREATE TABLE ledger (
    line    integer NOT NULL,
    account smallint NOT NULL,
    slot    smallint NOT NULL,
    amount  bigint NOT NULL,
    count   bigint NOT NULL,
    PRIMARY KEY (line, account, slot)
) WITH (fillfactor = 50);

-- What carriers asked for in the end, for deliveries with a quote.
CREATE TABLE prices (
    partition smallint NOT NULL,
    delivery  bigint NOT NULL,
    line      integer NOT NULL,
    amount    bigint NOT NULL,
    PRIMARY KEY (partition, delivery)
);
