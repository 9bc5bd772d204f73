//! The list of suppressed addresses.

use super::statements;

statements! {
    SUPPRESS = "INSERT INTO suppressions
            (partition, digest, slot, id, channel, reason, at, until, masked, note, made_by)
        SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::text[], $4::bigint[], $5::smallint[],
            $6::text[], $7::bigint[], $8::bigint[], $9::text[], $10::text[], $11::text[])
        ON CONFLICT (partition, digest, slot) DO UPDATE SET at = excluded.at, until = excluded.until,
            masked = excluded.masked, note = excluded.note, made_by = excluded.made_by
            WHERE suppressions.until IS NOT NULL
                AND (excluded.until IS NULL OR excluded.until > suppressions.until)
        RETURNING digest, slot";
    SUPPRESSED = "SELECT s.digest, s.reason, s.until
        FROM unnest($1::smallint[], $2::bigint[]) AS w(partition, digest)
        JOIN suppressions AS s ON s.partition = w.partition AND s.digest = w.digest
        ORDER BY s.slot DESC";
    START = "DELETE FROM suppressions WHERE partition = $1 AND digest = $2 AND slot = ''";
    ENTRY_OF = "SELECT s.id FROM suppressions AS s
        WHERE s.partition = $1 AND s.digest = $2 AND s.slot = $3";
    ENTRY = "SELECT s.id, s.channel, s.masked, s.reason, s.at, s.until, s.note, s.made_by
        FROM unnest($1::smallint[]) AS p(partition)
        JOIN suppressions AS s ON s.partition = p.partition AND s.id = $2";
    LIST = "SELECT l.* FROM unnest($1::smallint[]) AS p(partition) CROSS JOIN LATERAL (
            SELECT s.id, s.channel, s.masked, s.reason, s.at, s.until, s.note, s.made_by
            FROM suppressions AS s
            WHERE s.partition = p.partition AND s.id < $2 AND ($3::text IS NULL OR s.reason = $3)
                AND ($4::smallint IS NULL OR s.channel = $4)
            ORDER BY s.id DESC LIMIT $5) AS l
        ORDER BY l.id DESC LIMIT $5";
    LIST_ONE = "SELECT s.id, s.channel, s.masked, s.reason, s.at, s.until, s.note, s.made_by
        FROM suppressions AS s
        WHERE s.partition = $1 AND s.digest = $2 AND s.id < $3
            AND ($4::text IS NULL OR s.reason = $4) AND ($5::smallint IS NULL OR s.channel = $5)
        ORDER BY s.id DESC LIMIT $6";
    REASONS = "SELECT DISTINCT s.reason FROM unnest($1::smallint[]) AS p(partition)
        JOIN suppressions AS s ON s.partition = p.partition ORDER BY s.reason";
    LOCK_ENTRY = "SELECT s.digest, s.slot FROM unnest($1::smallint[]) AS p(partition)
        JOIN suppressions AS s ON s.partition = p.partition AND s.id = $2";
    UNDO = "DELETE FROM suppressions WHERE partition = $1 AND digest = $2 AND slot = $3";
}
