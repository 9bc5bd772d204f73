-- The people who run the marketplace, and what they change. None of this grows with
-- customers, and it stays in one place when the other tables are spread over machines.
-- `recovery` is hashes of 32 bytes, one after the other; `version` grows with every change
-- of an account.
CREATE TABLE staff (
    id          bigint PRIMARY KEY,
    name        text NOT NULL,
    login       text COLLATE "C" NOT NULL UNIQUE,
    roles       smallint NOT NULL,
    password    text,
    totp        text,
    totp_step   bigint NOT NULL,
    recovery    bytea NOT NULL,
    created_at  bigint NOT NULL,
    enrolled_at bigint,
    disabled_at bigint,
    version     bigint NOT NULL
);

-- Signed-in browsers of staff, by the SHA-256 of their cookie. One that gave its password
-- and not yet its code is `half`.
CREATE TABLE staff_sessions (
    hash       bytea PRIMARY KEY,
    staff      bigint NOT NULL REFERENCES staff (id),
    began_at   bigint NOT NULL,
    seen_at    bigint NOT NULL,
    expires_at bigint NOT NULL,
    half       smallint NOT NULL,
    device     text NOT NULL
);
CREATE INDEX staff_sessions_staff ON staff_sessions (staff);

-- Links that let somebody choose a password and set up their codes, once.
CREATE TABLE staff_links (
    hash       bytea PRIMARY KEY,
    staff      bigint NOT NULL UNIQUE REFERENCES staff (id),
    expires_at bigint NOT NULL
);

-- Tries to sign in that led nowhere, by a keyed digest of the login or the address.
CREATE TABLE sign_in_tries (
    key      bytea PRIMARY KEY,
    failures integer NOT NULL,
    last_at  bigint NOT NULL
);

-- Who changed what. Only ever added to.
CREATE TABLE audit (
    id      bigint PRIMARY KEY,
    at      bigint NOT NULL,
    who     bigint,
    origin  smallint NOT NULL,
    action  text COLLATE "C" NOT NULL,
    subject text NOT NULL,
    details text NOT NULL
);
CREATE INDEX audit_who ON audit (who, id);
CREATE INDEX audit_action ON audit (action, id);
CREATE FUNCTION audit_stays() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'lines of the audit are never changed or removed'; END $$;
CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION audit_stays();
