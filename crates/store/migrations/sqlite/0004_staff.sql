-- The people who run the marketplace, and what they change. None of this grows with
-- customers. `recovery` is hashes of 32 bytes, one after the other; `version` grows with
-- every change of an account.
CREATE TABLE staff (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL,
    login       TEXT NOT NULL UNIQUE,
    roles       INTEGER NOT NULL,
    password    TEXT,
    totp        TEXT,
    totp_step   INTEGER NOT NULL,
    recovery    BLOB NOT NULL,
    created_at  INTEGER NOT NULL,
    enrolled_at INTEGER,
    disabled_at INTEGER,
    version     INTEGER NOT NULL
) STRICT;

-- Signed-in browsers of staff, by the SHA-256 of their cookie. One that gave its password
-- and not yet its code is `half`.
CREATE TABLE staff_sessions (
    hash       BLOB PRIMARY KEY,
    staff      INTEGER NOT NULL REFERENCES staff (id),
    began_at   INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    half       INTEGER NOT NULL,
    device     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX staff_sessions_staff ON staff_sessions (staff);

-- Links that let somebody choose a password and set up their codes, once.
CREATE TABLE staff_links (
    hash       BLOB PRIMARY KEY,
    staff      INTEGER NOT NULL UNIQUE REFERENCES staff (id),
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Tries to sign in that led nowhere, by a keyed digest of the login or the address.
CREATE TABLE sign_in_tries (
    key      BLOB PRIMARY KEY,
    failures INTEGER NOT NULL,
    last_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who changed what. Only ever added to.
CREATE TABLE audit (
    id      INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    who     INTEGER,
    origin  INTEGER NOT NULL,
    action  TEXT NOT NULL,
    subject TEXT NOT NULL,
    details TEXT NOT NULL
) STRICT;
CREATE INDEX audit_who ON audit (who, id);
CREATE INDEX audit_action ON audit (action, id);
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'lines of the audit are never changed'); END;
CREATE TRIGGER audit_remains BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'lines of the audit are never removed'); END;
