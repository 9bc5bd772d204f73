-- Ids are 64-bit and sort by time. Instants are UTC microseconds; leases alone are
-- timestamps, for the server's clock measures them. Words (channel, state, ...) are model's
-- numbers.
--
-- `partition` leads every key of what grows with customers: a customer's stable hash, or,
-- in the directories from an outside name (an address, a carrier's id) to our rows, the
-- low byte of that name's digest.

CREATE TABLE meta (
    key   text PRIMARY KEY,
    value bytea NOT NULL
);

-- Names that repeat on every row (message types, sources, locales, carriers) by number.
CREATE TABLE names (
    id   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text COLLATE "C" NOT NULL UNIQUE
);

-- Who holds which of the 64 node numbers. The epoch grows with every holder.
CREATE TABLE nodes (
    node  smallint PRIMARY KEY,
    epoch bigint NOT NULL,
    until timestamptz NOT NULL
) WITH (fillfactor = 10);
INSERT INTO nodes (node, epoch, until) SELECT number, 0, '-infinity' FROM generate_series(0, 63) AS number;

CREATE TABLE recipients (
    partition  smallint NOT NULL,
    id         bigint NOT NULL,
    customer   text COLLATE "C" NOT NULL,
    profile    text NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (partition, id),
    UNIQUE (partition, customer)
);

-- What changes often about a recipient, apart from the wide profile. `version` grows with
-- every change of the profile, of a consent, or of the suppression of an address;
-- `revision` is their mailbox's. Both change only under this row's lock.
CREATE TABLE heads (
    partition smallint NOT NULL,
    recipient bigint NOT NULL,
    version   bigint NOT NULL,
    revision  bigint NOT NULL,
    PRIMARY KEY (partition, recipient)
) WITH (fillfactor = 50);

-- Directory: from an address (keyed digest) to the recipients that have it.
CREATE TABLE contact_owners (
    partition smallint NOT NULL,
    digest    bigint NOT NULL,
    recipient bigint NOT NULL,
    PRIMARY KEY (partition, digest, recipient)
);

-- Directory: suppressed addresses by keyed digest.
CREATE TABLE suppressions (
    partition smallint NOT NULL,
    digest    bigint NOT NULL,
    channel   smallint NOT NULL,
    reason    text NOT NULL,
    at        bigint NOT NULL,
    PRIMARY KEY (partition, digest)
);

CREATE TABLE events (
    partition   smallint NOT NULL,
    id          bigint NOT NULL,
    source      integer NOT NULL,
    event_id    text NOT NULL,
    type        integer NOT NULL,
    time        bigint NOT NULL,
    accepted_at bigint NOT NULL,
    mode        smallint NOT NULL,
    PRIMARY KEY (partition, id)
);

-- Idempotency: 128 bits of a keyed digest of (partition, source, id).
CREATE TABLE event_keys (
    partition smallint NOT NULL,
    high      bigint NOT NULL,
    low       bigint NOT NULL,
    event     bigint NOT NULL,
    PRIMARY KEY (partition, high, low)
);

CREATE TABLE failed_events (
    partition   smallint NOT NULL,
    event       bigint NOT NULL,
    subject     text NOT NULL,
    reason      smallint NOT NULL,
    detail      text NOT NULL,
    envelope    text NOT NULL,
    replayed_at bigint,
    PRIMARY KEY (partition, event)
);
CREATE INDEX failed_events_open ON failed_events (partition, event) WHERE replayed_at IS NULL;

-- What recipients are told. Append-only: flags live in `mailbox`.
CREATE TABLE messages (
    partition        smallint NOT NULL,
    id               bigint NOT NULL,
    recipient        bigint NOT NULL,
    event            bigint NOT NULL,
    at               bigint NOT NULL,
    mode             smallint NOT NULL,
    type             integer NOT NULL,
    category         smallint NOT NULL,
    purpose          smallint NOT NULL,
    lane             smallint NOT NULL,
    locale           integer NOT NULL,
    template_version integer NOT NULL,
    sender           text COLLATE "C" NOT NULL,
    title            text NOT NULL,
    summary          text NOT NULL,
    text             text NOT NULL,
    order_number     text,
    data             text NOT NULL,
    trace            text NOT NULL,
    PRIMARY KEY (partition, id)
);

-- The narrow index of a Message Center.
CREATE TABLE mailbox (
    partition  smallint NOT NULL,
    recipient  bigint NOT NULL,
    message    bigint NOT NULL,
    category   smallint NOT NULL,
    order_hash bigint NOT NULL,
    revision   bigint NOT NULL,
    read_at    bigint,
    deleted_at bigint,
    PRIMARY KEY (partition, recipient, message)
);
CREATE INDEX mailbox_changes ON mailbox (partition, recipient, revision);
CREATE INDEX mailbox_deleted ON mailbox (partition, deleted_at) WHERE deleted_at IS NOT NULL;

-- No delivery without its message: promise 2, enforced here. The other tables below hang
-- on deliveries without foreign keys: each is written only together with its delivery,
-- and a check of each row would cost more than the row.
CREATE TABLE deliveries (
    partition     smallint NOT NULL,
    id            bigint NOT NULL,
    message       bigint NOT NULL,
    channel       smallint NOT NULL,
    address       text NOT NULL,
    state         smallint NOT NULL,
    lane          smallint NOT NULL,
    facts_version bigint NOT NULL,
    due_at        bigint NOT NULL,
    expires_at    bigint NOT NULL,
    attempts      integer NOT NULL,
    changed_at    bigint NOT NULL,
    secret        text,
    PRIMARY KEY (partition, id),
    FOREIGN KEY (partition, message) REFERENCES messages (partition, id)
) WITH (fillfactor = 80);
CREATE INDEX deliveries_message ON deliveries (partition, message);

-- The due queue: only what waits. Claimed deliveries move to `claims`, settled ones leave.
CREATE TABLE due (
    partition smallint NOT NULL,
    channel   smallint NOT NULL,
    lane      smallint NOT NULL,
    due_at    bigint NOT NULL,
    delivery  bigint NOT NULL,
    PRIMARY KEY (partition, channel, lane, due_at, delivery)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

-- Who is handing what over, until when by the server's clock.
CREATE TABLE claims (
    partition  smallint NOT NULL,
    delivery   bigint NOT NULL,
    node       smallint NOT NULL,
    epoch      bigint NOT NULL,
    claimed_at bigint NOT NULL,
    until      timestamptz NOT NULL,
    PRIMARY KEY (partition, delivery)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

-- Directory: deliveries in doubt by address (keyed digest) and the reference that went
-- out, for receipts that name no carrier id we know.
CREATE TABLE in_doubt (
    partition smallint NOT NULL,
    address   bigint NOT NULL,
    reference integer NOT NULL,
    delivery  bigint NOT NULL,
    PRIMARY KEY (partition, address, reference, delivery)
);

CREATE TABLE attempts (
    partition  smallint NOT NULL,
    delivery   bigint NOT NULL,
    number     integer NOT NULL,
    carrier    integer NOT NULL,
    started_at bigint NOT NULL,
    ended_at   bigint NOT NULL,
    outcome    smallint NOT NULL,
    code       text NOT NULL,
    reason     text NOT NULL,
    carrier_id text,
    digest     text NOT NULL,
    PRIMARY KEY (partition, delivery, number)
);

-- Directory: from a carrier's id (hash of carrier and id) to our delivery; left by
-- deliveries whose fate is final.
CREATE TABLE carrier_ids (
    partition smallint NOT NULL,
    hash      bigint NOT NULL,
    delivery  bigint NOT NULL,
    PRIMARY KEY (partition, hash, delivery)
);

CREATE TABLE receipts (
    partition    smallint NOT NULL,
    delivery     bigint NOT NULL,
    number       integer NOT NULL,
    status       smallint NOT NULL,
    code         text NOT NULL,
    carrier_time bigint,
    received_at  bigint NOT NULL,
    PRIMARY KEY (partition, delivery, number)
);

-- Receipts that came before the response that names their delivery, beside `carrier_ids`.
CREATE TABLE parked_receipts (
    partition    smallint NOT NULL,
    hash         bigint NOT NULL,
    id           bigint NOT NULL,
    carrier      text NOT NULL,
    carrier_id   text NOT NULL,
    status       smallint NOT NULL,
    code         text NOT NULL,
    carrier_time bigint,
    received_at  bigint NOT NULL,
    PRIMARY KEY (partition, hash, id)
);
CREATE INDEX parked_receipts_age ON parked_receipts (partition, received_at);

-- Those of them that name a number and a reference, beside `in_doubt`.
CREATE TABLE parked_hints (
    partition   smallint NOT NULL,
    address     bigint NOT NULL,
    reference   integer NOT NULL,
    hash        bigint NOT NULL,
    parked      bigint NOT NULL,
    received_at bigint NOT NULL,
    PRIMARY KEY (partition, address, reference, hash, parked)
);
CREATE INDEX parked_hints_age ON parked_hints (partition, received_at);

CREATE TABLE inbound_texts (
    partition   smallint NOT NULL,
    id          bigint NOT NULL,
    carrier     text NOT NULL,
    sender      text NOT NULL,
    destination text NOT NULL,
    text        text NOT NULL,
    received_at bigint NOT NULL,
    suppressed  text,
    PRIMARY KEY (partition, id)
);

CREATE TABLE api_keys (
    id         bigint PRIMARY KEY,
    name       text NOT NULL,
    mode       smallint NOT NULL,
    hash       bytea NOT NULL,
    created_at bigint NOT NULL,
    revoked_at bigint
);

CREATE TABLE used_tokens (
    partition  smallint NOT NULL,
    nonce      bytea NOT NULL,
    expires_at bigint NOT NULL,
    PRIMARY KEY (partition, nonce)
);
CREATE INDEX used_tokens_age ON used_tokens (partition, expires_at);

CREATE TABLE sessions (
    partition  smallint NOT NULL,
    hash       bytea NOT NULL,
    recipient  bigint NOT NULL,
    expires_at bigint NOT NULL,
    PRIMARY KEY (partition, hash)
);
