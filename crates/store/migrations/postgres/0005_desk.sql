-- What staff change of the catalogue while it serves. None of this grows with customers,
-- and it stays in one place when the other tables are spread over machines. `revision`
-- grows with every edition and every change of an exception: nodes ask for it to learn that
-- there is something new, and whoever writes these holds its row.
CREATE TABLE desk (
    one      smallint PRIMARY KEY CHECK (one = 1),
    revision bigint NOT NULL
);

-- What was published, numbered without gaps and only ever added to. `changes` is
-- [[locale, key, text or null], ...].
CREATE TABLE editions (
    number           bigint PRIMARY KEY,
    message_type     text COLLATE "C" NOT NULL,
    template_version bigint NOT NULL,
    changes          text NOT NULL,
    note             text NOT NULL,
    who              bigint,
    at               bigint NOT NULL
);
CREATE INDEX editions_type ON editions (message_type, number);
CREATE FUNCTION editions_stay() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'editions are never changed or removed'; END $$;
CREATE TRIGGER editions_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON editions
FOR EACH STATEMENT EXECUTE FUNCTION editions_stay();

-- Words somebody is at work on. `texts` is an object by key; `version` grows with every
-- saving.
CREATE TABLE drafts (
    message_type text COLLATE "C" NOT NULL,
    locale       text COLLATE "C" NOT NULL,
    texts        text NOT NULL,
    based_on     bigint NOT NULL,
    who          bigint,
    at           bigint NOT NULL,
    version      bigint NOT NULL,
    PRIMARY KEY (message_type, locale)
);

-- Rules of the guard that do not hold for one version of a message type's words, once two
-- people want it: 1 asked, 2 agreed, 3 ended.
CREATE TABLE guard_exceptions (
    number           bigint PRIMARY KEY,
    rule             text COLLATE "C" NOT NULL,
    message_type     text COLLATE "C" NOT NULL,
    template_version bigint NOT NULL,
    reason           text NOT NULL,
    asked_by         bigint,
    asked_at         bigint NOT NULL,
    state            smallint NOT NULL CHECK (state IN (1, 2, 3)),
    settled_by       bigint,
    settled_at       bigint,
    CONSTRAINT two_people_agree CHECK (state <> 2
        OR (asked_by IS NOT NULL AND settled_by IS NOT NULL AND asked_by <> settled_by))
);
CREATE UNIQUE INDEX guard_exceptions_open ON guard_exceptions (rule, message_type, template_version)
WHERE state <> 3;
