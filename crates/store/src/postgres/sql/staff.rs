//! Accounts of staff, their sessions and links, tries to sign in, the audit. None of these
//! tables is partitioned.

use super::statements;

/// An account's columns, in the order they are read.
macro_rules! account {
    ($($rest:expr),+) => {
        concat!("SELECT a.id, a.name, a.login, a.roles, a.password, a.totp, a.totp_step, a.recovery,
             a.created_at, a.enrolled_at, a.disabled_at, a.version", $($rest),+)
    };
}

/// A session's columns, in the order they are read.
macro_rules! session {
    () => {
        "s.hash, s.staff, s.began_at, s.seen_at, s.expires_at, s.half, s.device"
    };
}

statements! {
    STAFF = account!(" FROM staff AS a ORDER BY a.id");
    STAFF_ACCOUNT = account!(" FROM staff AS a WHERE a.id = $1");
    STAFF_BY_LOGIN = account!(" FROM staff AS a WHERE a.login = $1");
    STAFF_BY_LINK = account!(" FROM staff_links AS l JOIN staff AS a ON a.id = l.staff
        WHERE l.hash = $1 AND l.expires_at > $2");
    STAFF_BY_SESSION = account!(", ", session!(), " FROM staff_sessions AS s JOIN staff AS a ON a.id = s.staff
        WHERE s.hash = $1 AND s.expires_at > $2");
    /// One change at a time, where it matters who else there is ("staffers" in ASCII).
    LOCK_STAFF = "SELECT pg_advisory_xact_lock(8319381555729756787)";
    OTHER_OPERATOR = "SELECT 1 FROM staff WHERE id <> $1 AND roles & 1 <> 0 AND disabled_at IS NULL
        AND password IS NOT NULL AND totp IS NOT NULL LIMIT 1";
    ADD_STAFF = "INSERT INTO staff (id, name, login, roles, password, totp, totp_step, recovery, created_at,
            enrolled_at, disabled_at, version)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::bigint + 1) ON CONFLICT (login) DO NOTHING";
    CHANGE_STAFF = "UPDATE staff SET name = $2, login = $3, roles = $4, password = $5, totp = $6, totp_step = $7,
            recovery = $8, created_at = $9, enrolled_at = $10, disabled_at = $11, version = $12::bigint + 1
        WHERE id = $1 AND version = $12::bigint";
    STAFF_SESSIONS = concat!("SELECT ", session!(), " FROM staff_sessions AS s
        WHERE s.staff = $1 AND s.expires_at > $2 AND s.half = 0 ORDER BY s.began_at DESC");
    TOUCH_SESSION = "UPDATE staff_sessions SET seen_at = $2 WHERE hash = $1";
    FORGET_SESSIONS = "DELETE FROM staff_sessions WHERE expires_at <= $1";
    FORGET_LINKS = "DELETE FROM staff_links WHERE expires_at <= $1";
    END_ONE = "DELETE FROM staff_sessions WHERE staff = $1 AND hash = $2";
    END_OTHERS = "DELETE FROM staff_sessions WHERE staff = $1 AND hash <> $2";
    END_ALL = "DELETE FROM staff_sessions WHERE staff = $1";
    BEGIN_SESSION = "INSERT INTO staff_sessions (hash, staff, began_at, seen_at, expires_at, half, device)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    REMOVE_LINK = "DELETE FROM staff_links WHERE staff = $1";
    SET_LINK = "INSERT INTO staff_links (hash, staff, expires_at) VALUES ($1, $2, $3)";
    TRIES = "SELECT w.place, t.failures, t.last_at FROM unnest($1::bytea[]) WITH ORDINALITY AS w(key, place)
        JOIN sign_in_tries AS t ON t.key = w.key";
    FORGET_TRIES = "DELETE FROM sign_in_tries WHERE last_at < $1";
    COUNT_TRIES = "INSERT INTO sign_in_tries (key, failures, last_at)
        SELECT DISTINCT w.key, 1, $2::bigint FROM unnest($1::bytea[]) AS w(key) ORDER BY w.key
        ON CONFLICT (key) DO UPDATE SET failures = sign_in_tries.failures + 1, last_at = excluded.last_at";
    DROP_TRIES = "DELETE FROM sign_in_tries WHERE key = ANY($1::bytea[])";
    FORGIVE_TRIES = "UPDATE sign_in_tries AS t SET failures = greatest(t.failures - 1, 0), last_at = w.last_at
        FROM unnest($1::bytea[], $2::bigint[]) AS w(key, last_at) WHERE t.key = w.key";
    APPEND_AUDIT = "INSERT INTO audit (id, at, who, origin, action, subject, details)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    AUDIT = "SELECT id, at, who, origin, action, subject, details FROM audit
        WHERE id < $1 AND ($2::bigint IS NULL OR who = $2) AND ($3::text IS NULL OR action = $3)
            AND ($4::bigint IS NULL OR at >= $4) AND ($5::bigint IS NULL OR at < $5)
        ORDER BY id DESC LIMIT $6";
    AUDIT_ACTIONS = "SELECT DISTINCT action FROM audit ORDER BY action";
}
