-- What staff change of the catalogue while it serves. `revision` grows with every edition
-- and every change of an exception: nodes ask for it to learn that there is something new.
CREATE TABLE desk (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    revision INTEGER NOT NULL
) STRICT;

-- What was published, numbered without gaps and only ever added to. `changes` is
-- [[locale, key, text or null], ...].
CREATE TABLE editions (
    number           INTEGER PRIMARY KEY,
    message_type     TEXT NOT NULL,
    template_version INTEGER NOT NULL,
    changes          TEXT NOT NULL,
    note             TEXT NOT NULL,
    who              INTEGER,
    at               INTEGER NOT NULL
) STRICT;
CREATE INDEX editions_type ON editions (message_type, number);
CREATE TRIGGER editions_stay BEFORE UPDATE ON editions
BEGIN SELECT RAISE(ABORT, 'editions are never changed'); END;
CREATE TRIGGER editions_remain BEFORE DELETE ON editions
BEGIN SELECT RAISE(ABORT, 'editions are never removed'); END;

-- Words somebody is at work on. `texts` is an object by key; `version` grows with every
-- saving.
CREATE TABLE drafts (
    message_type TEXT NOT NULL,
    locale       TEXT NOT NULL,
    texts        TEXT NOT NULL,
    based_on     INTEGER NOT NULL,
    who          INTEGER,
    at           INTEGER NOT NULL,
    version      INTEGER NOT NULL,
    PRIMARY KEY (message_type, locale)
) STRICT;

-- Rules of the guard that do not hold for one version of a message type's words, once two
-- people want it: 1 asked, 2 agreed, 3 ended.
CREATE TABLE guard_exceptions (
    number           INTEGER PRIMARY KEY,
    rule             TEXT NOT NULL,
    message_type     TEXT NOT NULL,
    template_version INTEGER NOT NULL,
    reason           TEXT NOT NULL,
    asked_by         INTEGER,
    asked_at         INTEGER NOT NULL,
    state            INTEGER NOT NULL CHECK (state IN (1, 2, 3)),
    settled_by       INTEGER,
    settled_at       INTEGER,
    CONSTRAINT two_people_agree CHECK (state <> 2
        OR (asked_by IS NOT NULL AND settled_by IS NOT NULL AND asked_by <> settled_by))
) STRICT;
CREATE UNIQUE INDEX guard_exceptions_open ON guard_exceptions (rule, message_type, template_version)
WHERE state <> 3;
