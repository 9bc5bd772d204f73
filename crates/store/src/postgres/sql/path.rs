//! Accepting events, and how hand-overs ended.

use super::statements;

statements! {
    /// Recipients' narrow rows, always locked in this order: no two commits wait for each
    /// other.
    LOCK_HEADS = "SELECT h.recipient, h.version, h.revision
        FROM unnest($1::smallint[], $2::bigint[]) AS w(partition, recipient)
        JOIN heads AS h ON h.partition = w.partition AND h.recipient = w.recipient
        ORDER BY h.partition, h.recipient FOR UPDATE OF h";
    /// The same in one partition: what a distributed store is asked, for there a lock must
    /// stay on one shard. So with the other statements that end in `_ONE`.
    LOCK_HEADS_ONE = "SELECT h.recipient, h.version, h.revision FROM heads AS h
        WHERE h.partition = $1 AND h.recipient = ANY($2) ORDER BY h.recipient FOR UPDATE OF h";
    MOVE_HEADS = "UPDATE heads AS h SET revision = w.revision
        FROM unnest($1::smallint[], $2::bigint[], $3::bigint[]) AS w(partition, recipient, revision)
        WHERE h.partition = w.partition AND h.recipient = w.recipient";
    PUT_KEYS = "INSERT INTO event_keys (partition, high, low, event)
        SELECT w.partition, w.high, w.low, w.event
        FROM unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::bigint[]) AS w(partition, high, low, event)
        ON CONFLICT (partition, high, low) DO NOTHING RETURNING event";
    FIND_KEYS = "SELECT k.high, k.low, k.event
        FROM unnest($1::smallint[], $2::bigint[], $3::bigint[]) AS w(partition, high, low)
        JOIN event_keys AS k ON k.partition = w.partition AND k.high = w.high AND k.low = w.low";
    PUT_EVENTS = "INSERT INTO events (partition, id, source, event_id, type, time, accepted_at, mode)
        SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::integer[], $4::text[], $5::integer[],
            $6::bigint[], $7::bigint[], $8::smallint[])";
    PUT_FAILED = "INSERT INTO failed_events (partition, event, subject, reason, detail, envelope)
        SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::text[], $4::smallint[], $5::text[], $6::text[])";
    PUT_MESSAGES = "INSERT INTO messages (partition, id, recipient, event, at, mode, type, category, purpose,
            lane, locale, template_version, sender, title, summary, text, order_number, data, trace)
        SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[],
            $6::smallint[], $7::integer[], $8::smallint[], $9::smallint[], $10::smallint[], $11::integer[],
            $12::integer[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[], $18::text[],
            $19::text[])";
    PUT_MAILBOX = "INSERT INTO mailbox (partition, recipient, message, category, order_hash, revision)
        SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::smallint[], $5::bigint[],
            $6::bigint[])";
    PUT_DELIVERIES = "INSERT INTO deliveries (partition, id, message, channel, address, state, lane,
            facts_version, due_at, expires_at, attempts, changed_at, secret, line, quote)
        SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::smallint[], $5::text[],
            $6::smallint[], $7::smallint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::integer[],
            $12::bigint[], $13::text[], $14::integer[], $15::bigint[])";
    PUT_DUE = "INSERT INTO due (partition, channel, lane, due_at, delivery)
        SELECT * FROM unnest($1::smallint[], $2::smallint[], $3::smallint[], $4::bigint[], $5::bigint[])";
    LEAVE_DUE = "DELETE FROM due AS q
        USING unnest($1::smallint[], $2::smallint[], $3::smallint[], $4::bigint[], $5::bigint[])
            AS w(partition, channel, lane, due_at, delivery)
        WHERE q.partition = w.partition AND q.channel = w.channel AND q.lane = w.lane
            AND q.due_at = w.due_at AND q.delivery = w.delivery RETURNING q.delivery";
    DELIVERIES_OF = "SELECT id FROM deliveries WHERE partition = $1 AND message = $2";
    LOCK_DELIVERIES = "SELECT d.id, d.state, d.channel, d.lane, d.attempts, d.address, d.due_at, d.line, d.quote
        FROM unnest($1::smallint[], $2::bigint[]) AS w(partition, id)
        JOIN deliveries AS d ON d.partition = w.partition AND d.id = w.id
        ORDER BY d.partition, d.id FOR UPDATE OF d";
    LOCK_DELIVERIES_ONE = "SELECT d.id, d.state, d.channel, d.lane, d.attempts, d.address, d.due_at, d.line, d.quote
        FROM deliveries AS d WHERE d.partition = $1 AND d.id = ANY($2) ORDER BY d.id FOR UPDATE OF d";
    PUT_ATTEMPTS = "INSERT INTO attempts (partition, delivery, number, carrier, started_at, ended_at, outcome,
            code, reason, carrier_id, digest)
        SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::integer[], $4::integer[], $5::bigint[],
            $6::bigint[], $7::smallint[], $8::text[], $9::text[], $10::text[], $11::text[])";
    KNOWN_ATTEMPTS = "SELECT a.delivery
        FROM unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::smallint[])
            AS w(partition, delivery, started_at, outcome)
        JOIN attempts AS a ON a.partition = w.partition AND a.delivery = w.delivery
            AND a.started_at = w.started_at AND a.outcome = w.outcome";
    MOVE_DELIVERIES = "UPDATE deliveries AS d SET state = w.state, attempts = d.attempts + w.tried,
            changed_at = w.at, due_at = coalesce(w.due_at, d.due_at),
            secret = CASE WHEN w.keep_secret THEN d.secret END
        FROM unnest($1::smallint[], $2::bigint[], $3::smallint[], $4::integer[], $5::bigint[], $6::bigint[],
            $7::boolean[]) AS w(partition, id, state, tried, at, due_at, keep_secret)
        WHERE d.partition = w.partition AND d.id = w.id";
    /// Of each message one delivery.
    ADD_TO_TRACES = "UPDATE messages AS m SET trace = m.trace || w.line
        FROM unnest($1::smallint[], $2::bigint[], $3::text[]) AS w(partition, delivery, line)
        JOIN deliveries AS d ON d.partition = w.partition AND d.id = w.delivery
        WHERE m.partition = w.partition AND m.id = d.message";
    LOCK_FAILED = "SELECT event FROM failed_events
        WHERE partition = $1 AND event = $2 AND replayed_at IS NULL FOR UPDATE";
    FAIL_AGAIN = "UPDATE failed_events SET reason = $3, detail = $4 WHERE partition = $1 AND event = $2";
    /// One that a replay mended before fails once more.
    FAIL_WITHDRAWN = "INSERT INTO failed_events (partition, event, subject, reason, detail, envelope)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (partition, event) DO UPDATE SET subject = excluded.subject, reason = excluded.reason,
            detail = excluded.detail, envelope = excluded.envelope, replayed_at = NULL";
    CLOSE_FAILED = "UPDATE failed_events SET replayed_at = $3, envelope = '' WHERE partition = $1 AND event = $2";
}
