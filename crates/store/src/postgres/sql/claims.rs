//! The due queue and its claims.

use super::{content_columns, statements};

/// Takes what `taken` names, which is among `picked`.
macro_rules! claim {
    ($taken:literal) => {
        concat!(
            "WITH ",
            $taken,
            ", gone AS (
            DELETE FROM due AS q USING taken AS t
            WHERE q.partition = t.partition AND q.channel = $2 AND q.lane = $3
                AND q.due_at = t.due_at AND q.delivery = t.delivery
            RETURNING q.partition, q.due_at, q.delivery),
        kept AS (
            INSERT INTO claims (partition, delivery, node, epoch, claimed_at, until)
            SELECT g.partition, g.delivery, $7::smallint, $8::bigint, $9::bigint,
                clock_timestamp() + $10::bigint * interval '1 microsecond'
            FROM gone AS g)
        SELECT n.picked, g.due_at, g.delivery
        FROM (SELECT count(*) AS picked FROM picked) AS n LEFT JOIN gone AS g ON true"
        )
    };
}

statements! {
    /// Moves due deliveries of many partitions to this node's claims, oldest first. The
    /// candidates are looked up without locks; what another node takes meanwhile is
    /// skipped, and `picked` tells how many there were. For a single PostgreSQL.
    CLAIM = claim!(
        "picked AS MATERIALIZED (
            SELECT p.partition, c.due_at, c.delivery
            FROM unnest($1::smallint[]) AS p(partition)
            CROSS JOIN LATERAL (
                SELECT q.due_at, q.delivery FROM due AS q
                WHERE q.partition = p.partition AND q.channel = $2 AND q.lane = $3 AND q.due_at <= $4
                ORDER BY q.due_at, q.delivery LIMIT $5) AS c
            ORDER BY c.due_at, c.delivery LIMIT $6),
        taken AS MATERIALIZED (
            SELECT q.partition, q.due_at, q.delivery
            FROM picked AS p JOIN due AS q ON q.partition = p.partition AND q.channel = $2 AND q.lane = $3
                AND q.due_at = p.due_at AND q.delivery = p.delivery
            FOR UPDATE OF q SKIP LOCKED)");
    /// The same past what others are taking: locks each candidate it looks at.
    CLAIM_PAST = claim!(
        "picked AS MATERIALIZED (
            SELECT p.partition, c.due_at, c.delivery
            FROM unnest($1::smallint[]) AS p(partition)
            CROSS JOIN LATERAL (
                SELECT q.due_at, q.delivery FROM due AS q
                WHERE q.partition = p.partition AND q.channel = $2 AND q.lane = $3 AND q.due_at <= $4
                ORDER BY q.due_at, q.delivery LIMIT $5 FOR UPDATE OF q SKIP LOCKED) AS c),
        taken AS MATERIALIZED (
            SELECT p.partition, p.due_at, p.delivery FROM picked AS p ORDER BY p.due_at, p.delivery LIMIT $6)");
    /// The same for one partition: what a distributed store is asked, for there a lock
    /// that skips must stay on one shard.
    CLAIM_ONE = "WITH taken AS MATERIALIZED (
            SELECT q.due_at, q.delivery FROM due AS q
            WHERE q.partition = $1 AND q.channel = $2 AND q.lane = $3 AND q.due_at <= $4
            ORDER BY q.due_at, q.delivery LIMIT $5 FOR UPDATE OF q SKIP LOCKED),
        gone AS (
            DELETE FROM due AS q USING taken AS t
            WHERE q.partition = $1 AND q.channel = $2 AND q.lane = $3
                AND q.due_at = t.due_at AND q.delivery = t.delivery
            RETURNING q.partition, q.due_at, q.delivery),
        kept AS (
            INSERT INTO claims (partition, delivery, node, epoch, claimed_at, until)
            SELECT g.partition, g.delivery, $6::smallint, $7::bigint, $8::bigint,
                clock_timestamp() + $9::bigint * interval '1 microsecond'
            FROM gone AS g WHERE g.partition = $1)
        SELECT g.partition, g.due_at, g.delivery FROM gone AS g WHERE g.partition = $1";
    /// Which partitions have due work, for [`CLAIM_ONE`].
    DUE_PARTITIONS = "SELECT q.partition, min(q.due_at) AS first FROM due AS q
        WHERE q.partition = ANY($1) AND q.channel = $2 AND q.lane = $3 AND q.due_at <= $4
        GROUP BY q.partition ORDER BY first";
    READ_CLAIMED = concat!("SELECT d.facts_version, h.version, d.id, d.message, m.recipient, d.channel, d.address,
            d.lane, m.mode, d.attempts, d.state, d.expires_at, d.secret, m.at, e.accepted_at, ",
        content_columns!(),
        " FROM unnest($1::smallint[], $2::bigint[]) AS w(partition, id)
        JOIN deliveries AS d ON d.partition = w.partition AND d.id = w.id
        JOIN messages AS m ON m.partition = d.partition AND m.id = d.message
        JOIN events AS e ON e.partition = m.partition AND e.id = m.event
        LEFT JOIN heads AS h ON h.partition = m.partition AND h.recipient = m.recipient");
    NEXT_DUE = "SELECT min(c.due_at) AS first
        FROM unnest($1::smallint[]) AS p(partition) CROSS JOIN unnest($2::smallint[]) AS l(lane)
        CROSS JOIN LATERAL (
            SELECT q.due_at FROM due AS q
            WHERE q.partition = p.partition AND q.channel = $3 AND q.lane = l.lane
            ORDER BY q.due_at LIMIT 1) AS c";
    /// Claims made together with their deliveries.
    PUT_CLAIMS = "INSERT INTO claims (partition, delivery, node, epoch, claimed_at, until)
        SELECT w.partition, w.delivery, $3::smallint, $4::bigint, w.claimed_at,
            clock_timestamp() + w.lease * interval '1 microsecond'
        FROM unnest($1::smallint[], $2::bigint[], $5::bigint[], $6::bigint[])
            AS w(partition, delivery, claimed_at, lease)";
    TAKE_CLAIMS = "DELETE FROM claims AS c USING unnest($1::smallint[], $2::bigint[]) AS w(partition, delivery)
        WHERE c.partition = w.partition AND c.delivery = w.delivery RETURNING c.delivery";
    /// Claims that ran out, that are of this node number's (where `$2`), or whose holder is
    /// not among the living.
    LAPSED = "SELECT c.partition, c.delivery, c.node, c.epoch, c.claimed_at,
            (c.until <= clock_timestamp() OR ($2 AND c.node = $3)) AS certain
        FROM claims AS c
        WHERE c.partition = ANY($1) AND (c.until <= clock_timestamp() OR ($2 AND c.node = $3)
            OR NOT EXISTS (SELECT 1 FROM unnest($4::smallint[], $5::bigint[]) AS l(node, epoch)
                WHERE l.node = c.node AND l.epoch = c.epoch))
        LIMIT $6";
    /// Takes a lapsed claim, if it is still the same one.
    TAKE_LAPSED = "DELETE FROM claims AS c
        USING unnest($1::smallint[], $2::bigint[], $3::smallint[], $4::bigint[], $5::bigint[])
            AS w(partition, delivery, node, epoch, claimed_at)
        WHERE c.partition = w.partition AND c.delivery = w.delivery AND c.node = w.node
            AND c.epoch = w.epoch AND c.claimed_at = w.claimed_at
        RETURNING c.delivery, c.claimed_at";
    PUT_DOUBTS = "INSERT INTO in_doubt (partition, address, reference, delivery)
        SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::integer[], $4::bigint[])
        ON CONFLICT (partition, address, reference, delivery) DO NOTHING";
    LEAVE_DOUBTS = "DELETE FROM in_doubt AS i
        USING unnest($1::smallint[], $2::bigint[], $3::integer[], $4::bigint[])
            AS w(partition, address, reference, delivery)
        WHERE i.partition = w.partition AND i.address = w.address AND i.reference = w.reference
            AND i.delivery = w.delivery";
    /// How many wait, counted as far as is worth it.
    BACKLOG = "SELECT count(*) AS n FROM (SELECT 1 FROM due AS q WHERE q.partition = ANY($1) LIMIT $2) AS counted";
    /// What the server's statistics say of the whole queue.
    BACKLOG_ESTIMATE = "SELECT reltuples::bigint AS n FROM pg_class WHERE oid = 'due'::regclass";
    /// Makes this node's claims last; most are young, and then nothing is written.
    RENEW_CLAIMS = "UPDATE claims AS c SET until = clock_timestamp() + $4::bigint * interval '1 microsecond'
        WHERE c.partition = ANY($1) AND c.node = $2 AND c.epoch = $3
            AND c.until < clock_timestamp() + $4::bigint / 2 * interval '1 microsecond'
        RETURNING c.delivery";
    NEWEST_ACCEPTED = "SELECT max(n.accepted_at) AS newest
        FROM unnest($1::smallint[]) AS p(partition)
        CROSS JOIN LATERAL (
            SELECT e.accepted_at FROM events AS e WHERE e.partition = p.partition
            ORDER BY e.id DESC LIMIT 1) AS n";
    /// After a clock was set back by `$4`: what was due by it, or nearly, goes along.
    MOVE_BACK = "WITH moved AS (
            UPDATE due AS q SET due_at = q.due_at - $4
            WHERE q.partition = $1 AND q.due_at > $2 AND q.due_at <= $3
            RETURNING q.delivery, q.due_at)
        UPDATE deliveries AS d SET due_at = m.due_at FROM moved AS m
        WHERE d.partition = $1 AND d.id = m.delivery RETURNING d.id";
}
