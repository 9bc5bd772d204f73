-- Ids are 64-bit and sort by time, so that rows of one moment lie together.
-- Instants are UTC microseconds. Words (channel, state, …) are model's numbers.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

-- Names that repeat on every row (message types, sources, locales, carriers) by number.
CREATE TABLE names (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- Who is written to. `version` grows with every change of the profile, of a consent, or of
-- the suppression of an address; a decision made under an older one is made again.
CREATE TABLE recipients (
    id         INTEGER PRIMARY KEY,
    partition  INTEGER NOT NULL,
    customer   TEXT NOT NULL,
    profile    TEXT NOT NULL,
    version    INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (partition, customer)
) STRICT;

-- The directory from an address (keyed digest) to the recipients that have it.
CREATE TABLE contact_owners (
    digest    INTEGER NOT NULL,
    recipient INTEGER NOT NULL,
    PRIMARY KEY (digest, recipient)
) STRICT, WITHOUT ROWID;

CREATE TABLE suppressions (
    digest  INTEGER PRIMARY KEY,
    channel INTEGER NOT NULL,
    reason  TEXT NOT NULL,
    at      INTEGER NOT NULL
) STRICT;

CREATE TABLE events (
    id          INTEGER PRIMARY KEY,
    source      INTEGER NOT NULL,
    event_id    TEXT NOT NULL,
    type        INTEGER NOT NULL,
    time        INTEGER NOT NULL,
    accepted_at INTEGER NOT NULL,
    mode        INTEGER NOT NULL
) STRICT;

-- Idempotency: a 64-bit hash of (partition, source, id); the full key stands in `events`
-- and is compared. Two keys with one hash take neighbouring slots.
CREATE TABLE event_keys (
    hash  INTEGER PRIMARY KEY,
    event INTEGER NOT NULL
) STRICT;

CREATE TABLE failed_events (
    event       INTEGER PRIMARY KEY REFERENCES events (id),
    subject     TEXT NOT NULL,
    reason      INTEGER NOT NULL,
    detail      TEXT NOT NULL,
    envelope    TEXT NOT NULL,
    replayed_at INTEGER
) STRICT;
CREATE INDEX failed_events_open ON failed_events (event) WHERE replayed_at IS NULL;

-- What recipients are told. Append-only: flags live in `mailbox`.
CREATE TABLE messages (
    id               INTEGER PRIMARY KEY,
    recipient        INTEGER NOT NULL,
    event            INTEGER NOT NULL REFERENCES events (id),
    at               INTEGER NOT NULL,
    mode             INTEGER NOT NULL,
    type             INTEGER NOT NULL,
    category         INTEGER NOT NULL,
    purpose          INTEGER NOT NULL,
    lane             INTEGER NOT NULL,
    locale           INTEGER NOT NULL,
    template_version INTEGER NOT NULL,
    sender           TEXT NOT NULL,
    title            TEXT NOT NULL,
    summary          TEXT NOT NULL,
    text             TEXT NOT NULL,
    order_number     TEXT,
    data             TEXT NOT NULL,
    trace            TEXT NOT NULL
) STRICT;

-- The narrow index of a Message Center; counts, changes and filters read only this.
CREATE TABLE mailbox (
    recipient  INTEGER NOT NULL,
    message    INTEGER NOT NULL REFERENCES messages (id),
    category   INTEGER NOT NULL,
    order_hash INTEGER NOT NULL,
    revision   INTEGER NOT NULL,
    read_at    INTEGER,
    deleted_at INTEGER,
    PRIMARY KEY (recipient, message)
) STRICT, WITHOUT ROWID;
CREATE INDEX mailbox_deleted ON mailbox (deleted_at) WHERE deleted_at IS NOT NULL;

-- No delivery without its message: promise 2, enforced here.
CREATE TABLE deliveries (
    id            INTEGER PRIMARY KEY,
    message       INTEGER NOT NULL REFERENCES messages (id),
    channel       INTEGER NOT NULL,
    address       TEXT NOT NULL,
    state         INTEGER NOT NULL,
    lane          INTEGER NOT NULL,
    facts_version INTEGER NOT NULL,
    due_at        INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    attempts      INTEGER NOT NULL,
    changed_at    INTEGER NOT NULL,
    secret        TEXT
) STRICT;
CREATE INDEX deliveries_message ON deliveries (message);
-- Those in doubt (state 3), for receipts that know the number but not our id; few.
CREATE INDEX deliveries_in_doubt ON deliveries (address) WHERE state = 3;

-- The due queue: only what waits. Claimed deliveries move to `leases`, settled ones leave.
CREATE TABLE due (
    channel  INTEGER NOT NULL,
    lane     INTEGER NOT NULL,
    due_at   INTEGER NOT NULL,
    delivery INTEGER NOT NULL REFERENCES deliveries (id),
    PRIMARY KEY (channel, lane, due_at, delivery)
) STRICT, WITHOUT ROWID;

CREATE TABLE leases (
    delivery   INTEGER PRIMARY KEY REFERENCES deliveries (id),
    claimed_at INTEGER NOT NULL,
    until      INTEGER NOT NULL
) STRICT;

CREATE TABLE attempts (
    delivery   INTEGER NOT NULL REFERENCES deliveries (id),
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

-- The directory from a carrier's id (hash of carrier and id) to our delivery; left by
-- deliveries whose fate is final.
CREATE TABLE carrier_ids (
    hash     INTEGER NOT NULL,
    delivery INTEGER NOT NULL,
    PRIMARY KEY (hash, delivery)
) STRICT, WITHOUT ROWID;

CREATE TABLE receipts (
    delivery     INTEGER NOT NULL REFERENCES deliveries (id),
    number       INTEGER NOT NULL,
    status       INTEGER NOT NULL,
    code         TEXT NOT NULL,
    carrier_time INTEGER,
    received_at  INTEGER NOT NULL,
    PRIMARY KEY (delivery, number)
) STRICT, WITHOUT ROWID;

-- Receipts that came before the response that names their delivery.
CREATE TABLE parked_receipts (
    id           INTEGER PRIMARY KEY,
    hash         INTEGER NOT NULL,
    carrier      TEXT NOT NULL,
    carrier_id   TEXT NOT NULL,
    address      INTEGER,
    reference    INTEGER,
    status       INTEGER NOT NULL,
    code         TEXT NOT NULL,
    carrier_time INTEGER,
    received_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX parked_receipts_hash ON parked_receipts (hash);
CREATE INDEX parked_receipts_address ON parked_receipts (address);

CREATE TABLE inbound_texts (
    id          INTEGER PRIMARY KEY,
    carrier     TEXT NOT NULL,
    sender      TEXT NOT NULL,
    destination TEXT NOT NULL,
    text        TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    suppressed  TEXT
) STRICT;

CREATE TABLE api_keys (
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    mode       INTEGER NOT NULL,
    hash       BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;

CREATE TABLE used_tokens (
    nonce      BLOB PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    hash       BLOB PRIMARY KEY,
    recipient  INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
