-- What is known of an address of a customer beyond that it is theirs: codes that were sent,
-- proof, failures, a consent that waits to be confirmed. JSON; `version` grows with every
-- change. Goes when the customer has another address.
CREATE TABLE contact_points (
    partition smallint NOT NULL,
    recipient bigint NOT NULL,
    digest    bigint NOT NULL,
    version   bigint NOT NULL,
    state     text NOT NULL,
    PRIMARY KEY (partition, recipient, digest)
);

-- Changes of addresses that the old address is still to be told of.
CREATE TABLE contact_changes (
    partition  smallint NOT NULL,
    id         bigint NOT NULL,
    recipient  bigint NOT NULL,
    channel    smallint NOT NULL,
    address    text NOT NULL,
    mode       smallint NOT NULL,
    changed_at bigint NOT NULL,
    PRIMARY KEY (partition, id)
);
