-- A store that is being carried over into this database. No node starts before it is
-- whole; `source` is a digest of the secret of where it comes from.
CREATE TABLE transfer (
    source      bytea PRIMARY KEY,
    began_at    bigint NOT NULL,
    finished_at bigint
);

-- How far each table has come: the source's key of the last row, written together with it.
CREATE TABLE transfer_tables (
    name  text COLLATE "C" PRIMARY KEY,
    after text NOT NULL,
    rows  bigint NOT NULL,
    done  boolean NOT NULL
);
