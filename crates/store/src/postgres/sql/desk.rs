//! Editions, drafts, exceptions from the guard. None of these tables is partitioned.

use super::statements;

/// An edition's columns, in the order they are read.
macro_rules! edition {
    ($rest:literal) => {
        concat!(
            "SELECT number, message_type, template_version, changes, note, who, at FROM editions ",
            $rest
        )
    };
}

/// A draft's columns, in the order they are read.
macro_rules! draft {
    ($rest:literal) => {
        concat!(
            "SELECT message_type, locale, texts, based_on, who, at, version FROM drafts ",
            $rest
        )
    };
}

/// An exception's columns, in the order they are read.
macro_rules! exception {
    ($rest:literal) => {
        concat!(
            "SELECT number, rule, message_type, template_version, reason, asked_by, asked_at, state, ",
            "settled_by, settled_at FROM guard_exceptions ",
            $rest
        )
    };
}

statements! {
    DESK_REVISION = "SELECT coalesce(max(revision), 0) FROM desk";
    /// Whoever did this writes editions and exceptions alone until the end of the transaction.
    BUMP_DESK = "INSERT INTO desk (one, revision) VALUES (1, 1)
        ON CONFLICT (one) DO UPDATE SET revision = desk.revision + 1";
    EDITIONS = edition!("WHERE number > $1 ORDER BY number LIMIT $2");
    EDITIONS_OF = edition!("WHERE message_type = $1 AND number < $2 ORDER BY number DESC LIMIT $3");
    LAST_EDITION = "SELECT coalesce(max(number), 0) FROM editions";
    ADD_EDITION = "INSERT INTO editions (number, message_type, template_version, changes, note, who, at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    DRAFTS = draft!("ORDER BY at DESC, message_type, locale LIMIT $1");
    DRAFT = draft!("WHERE message_type = $1 AND locale = $2");
    ADD_DRAFT = "INSERT INTO drafts (message_type, locale, texts, based_on, who, at, version)
        VALUES ($1, $2, $3, $4, $5, $6, $7::bigint + 1) ON CONFLICT DO NOTHING";
    CHANGE_DRAFT = "UPDATE drafts SET texts = $3, based_on = $4, who = $5, at = $6, version = $7::bigint + 1
        WHERE message_type = $1 AND locale = $2 AND version = $7::bigint";
    DROP_DRAFT = "DELETE FROM drafts WHERE message_type = $1 AND locale = $2
        AND ($3::bigint IS NULL OR version = $3)";
    DROP_DRAFTS = "DELETE FROM drafts WHERE message_type = $1 AND locale = ANY($2::text[])";
    EXCEPTIONS = exception!("ORDER BY number DESC LIMIT $1");
    AGREED_EXCEPTIONS = exception!("WHERE state = 2 ORDER BY number DESC");
    EXCEPTION = exception!("WHERE number = $1");
    ADD_EXCEPTION = "INSERT INTO guard_exceptions (number, rule, message_type, template_version, reason,
            asked_by, asked_at, state)
        VALUES ((SELECT coalesce(max(number), 0) + 1 FROM guard_exceptions), $1, $2, $3, $4, $5, $6, 1)
        ON CONFLICT DO NOTHING RETURNING number";
    SETTLE_EXCEPTION = "UPDATE guard_exceptions SET state = $2, settled_by = $3, settled_at = $4
        WHERE number = $1";
}
