//! One recipient's Message Center.

use super::{message_columns, statements};

statements! {
    REVISION = "SELECT revision FROM heads WHERE partition = $1 AND recipient = $2";
    REVISIONS = "SELECT h.recipient, h.revision
        FROM unnest($1::smallint[], $2::bigint[]) AS w(partition, recipient)
        JOIN heads AS h ON h.partition = w.partition AND h.recipient = w.recipient";
    /// Newest first, past a message. The narrow index decides all it can.
    PAGE = concat!("SELECT ", message_columns!(),
        " FROM mailbox AS b JOIN messages AS m ON m.partition = b.partition AND m.id = b.message
        WHERE b.partition = $1 AND b.recipient = $2 AND b.message < $3
            AND (b.deleted_at IS NOT NULL) = $4 AND b.withdrawn_at IS NULL
            AND ($5::smallint IS NULL OR b.category = $5)
            AND (NOT $6::boolean OR b.read_at IS NULL)
            AND ($7::bigint = 0 OR b.order_hash = $7)
            AND ($8::bigint IS NULL OR m.at >= $8) AND ($9::bigint IS NULL OR m.at < $9)
        ORDER BY b.message DESC LIMIT $10");
    UNREAD = "SELECT category, count(*) AS n FROM mailbox
        WHERE partition = $1 AND recipient = $2 AND read_at IS NULL AND deleted_at IS NULL GROUP BY category";
    SENDERS = "SELECT DISTINCT m.sender FROM mailbox AS b
        JOIN messages AS m ON m.partition = b.partition AND m.id = b.message
        WHERE b.partition = $1 AND b.recipient = $2 AND b.withdrawn_at IS NULL ORDER BY m.sender LIMIT 200";
    CHANGES = concat!("SELECT ", message_columns!(),
        " FROM mailbox AS b JOIN messages AS m ON m.partition = b.partition AND m.id = b.message
        WHERE b.partition = $1 AND b.recipient = $2 AND b.revision > $3 ORDER BY b.revision LIMIT $4");
    /// Only rows whose flag really changes get a new revision. `$4` says set or clear.
    SET_READ = "UPDATE mailbox AS b SET read_at = CASE WHEN $4::boolean THEN $3::bigint END, revision = w.revision
        FROM unnest($5::bigint[], $6::bigint[]) AS w(message, revision)
        WHERE b.partition = $1 AND b.recipient = $2 AND b.message = w.message AND (b.read_at IS NULL) = $4";
    SET_DELETED = "UPDATE mailbox AS b SET deleted_at = CASE WHEN $4::boolean THEN $3::bigint END,
            revision = w.revision
        FROM unnest($5::bigint[], $6::bigint[]) AS w(message, revision)
        WHERE b.partition = $1 AND b.recipient = $2 AND b.message = w.message AND (b.deleted_at IS NULL) = $4
            AND b.withdrawn_at IS NULL";
    OWNER = "SELECT recipient, event FROM messages WHERE partition = $1 AND id = $2";
    WITHDRAWN = "SELECT b.message
        FROM unnest($1::smallint[], $2::bigint[], $3::bigint[]) AS w(partition, recipient, message)
        JOIN mailbox AS b ON b.partition = w.partition AND b.recipient = w.recipient
            AND b.message = w.message AND b.withdrawn_at IS NOT NULL";
    WITHDRAW = "UPDATE mailbox SET withdrawn_at = $4, deleted_at = coalesce(deleted_at, $4), revision = $5
        WHERE partition = $1 AND recipient = $2 AND message = $3 AND withdrawn_at IS NULL";
    /// A purged stub keeps its row in both tables: counts and digests stay. Emptied data
    /// marks it as done.
    PURGE = "WITH old AS MATERIALIZED (
            SELECT b.partition, b.message FROM mailbox AS b
            JOIN messages AS m ON m.partition = b.partition AND m.id = b.message
            WHERE b.partition = ANY($1) AND b.deleted_at < $2 AND m.data <> '{}' LIMIT $3)
        UPDATE messages AS m SET title = '', summary = '', text = '', data = '{}', order_number = NULL
        FROM old AS o WHERE m.partition = o.partition AND m.id = o.message";
    MESSAGE = concat!("SELECT ", message_columns!(),
        ", e.source, e.event_id, e.type AS event_type, e.time, e.accepted_at, r.customer
        FROM messages AS m
        JOIN mailbox AS b ON b.partition = m.partition AND b.recipient = m.recipient AND b.message = m.id
        JOIN events AS e ON e.partition = m.partition AND e.id = m.event
        LEFT JOIN recipients AS r ON r.partition = m.partition AND r.id = m.recipient
        WHERE m.partition = $1 AND m.id = $2");
    MESSAGE_OF = "SELECT d.message FROM deliveries AS d WHERE d.partition = $1 AND d.id = $2";
    DELIVERIES = "SELECT d.id, d.message, d.channel, d.address,
            CASE WHEN c.delivery IS NULL THEN d.state ELSE $3::smallint END AS state,
            d.lane, d.due_at, d.expires_at, d.attempts, d.changed_at
        FROM deliveries AS d LEFT JOIN claims AS c ON c.partition = d.partition AND c.delivery = d.id
        WHERE d.partition = $1 AND d.message = $2 ORDER BY d.id";
    ATTEMPTS = "SELECT a.delivery, a.number, a.carrier, a.started_at, a.ended_at, a.outcome, a.code, a.reason,
            a.carrier_id, a.digest
        FROM deliveries AS d JOIN attempts AS a ON a.partition = d.partition AND a.delivery = d.id
        WHERE d.partition = $1 AND d.message = $2 ORDER BY a.delivery, a.number";
    RECEIPTS = "SELECT r.delivery, r.status, r.code, r.carrier_time, r.received_at
        FROM deliveries AS d JOIN receipts AS r ON r.partition = d.partition AND r.delivery = d.id
        WHERE d.partition = $1 AND d.message = $2 ORDER BY r.delivery, r.number";
    /// Messages of recipients about an order each, oldest first; `place` says whose. What was
    /// taken back counts where a carrier took something of it.
    STORIES = "SELECT m.id, m.type, e.time, EXISTS (SELECT FROM deliveries AS d
                WHERE d.partition = m.partition AND d.message = m.id) AS on_its_way, m.data, w.place
        FROM unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::smallint[]) WITH ORDINALITY
            AS w(partition, recipient, order_hash, since, mode, place)
        JOIN mailbox AS b ON b.partition = w.partition AND b.recipient = w.recipient
            AND b.message >= w.since AND b.order_hash = w.order_hash
            AND (b.withdrawn_at IS NULL OR EXISTS (SELECT FROM deliveries AS d
                WHERE d.partition = b.partition AND d.message = b.message AND d.state IN (3, 4, 5, 6)))
        JOIN messages AS m ON m.partition = b.partition AND m.id = b.message AND m.mode = w.mode
        JOIN events AS e ON e.partition = m.partition AND e.id = m.event
        ORDER BY w.place, m.id";
    LATEST = "SELECT c.id FROM unnest($1::smallint[]) AS p(partition) CROSS JOIN LATERAL (
            SELECT m.id FROM messages AS m WHERE m.partition = p.partition ORDER BY m.id DESC LIMIT $2) AS c
        ORDER BY c.id DESC LIMIT $2";
}
