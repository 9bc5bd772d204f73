//! Node numbers, the schema, names, the store's secret.

use super::statements;

statements! {
    /// One statement of each commit and claim: is this node still who it says?
    FENCE = "SELECT node FROM nodes WHERE node = $1 AND epoch = $2 AND until > clock_timestamp()";
    /// Takes the number that has been free for longest. One that ran out is left alone for
    /// a while: a commit of its last holder may still be on its way. None
    /// is given in a store that is still being carried over.
    LEASE = "WITH free AS (
            SELECT n.node FROM nodes AS n
            WHERE n.until < clock_timestamp() - $2::bigint * interval '1 microsecond'
                AND NOT EXISTS (SELECT 1 FROM transfer AS t WHERE t.finished_at IS NULL)
            ORDER BY n.until, n.node LIMIT 1 FOR UPDATE SKIP LOCKED)
        UPDATE nodes AS n SET epoch = n.epoch + 1, until = clock_timestamp() + $1::bigint * interval '1 microsecond'
        FROM free WHERE n.node = free.node RETURNING n.node, n.epoch";
    UNFINISHED = "SELECT 1 AS one FROM transfer WHERE finished_at IS NULL";
    RENEW = "UPDATE nodes SET until = clock_timestamp() + $3::bigint * interval '1 microsecond'
        WHERE node = $1 AND epoch = $2 AND until > clock_timestamp() RETURNING node";
    GIVE_BACK = "UPDATE nodes SET until = '-infinity' WHERE node = $1 AND epoch = $2";
    LIVING = "SELECT node, epoch FROM nodes WHERE until > clock_timestamp() ORDER BY node";
    /// Names are few and rarely new; an old one costs no number.
    PUT_NAMES = "INSERT INTO names (name) SELECT w.name FROM unnest($1::text[]) AS w(name)
        WHERE NOT EXISTS (SELECT 1 FROM names AS n WHERE n.name = w.name) ON CONFLICT (name) DO NOTHING";
    NAMES = "SELECT id, name FROM names WHERE id > $1 OR name = ANY($2) ORDER BY id";
    PUT_META = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING";
    META = "SELECT value FROM meta WHERE key = $1";
    IS_DISTRIBUTED = "SELECT to_regclass('pg_dist_partition') IS NOT NULL AS citus";
    NEWEST = "SELECT max(greatest(
            (SELECT max(t.id) FROM events AS t WHERE t.partition = p.partition),
            (SELECT max(t.id) FROM messages AS t WHERE t.partition = p.partition),
            (SELECT max(t.id) FROM deliveries AS t WHERE t.partition = p.partition),
            (SELECT max(t.id) FROM recipients AS t WHERE t.partition = p.partition),
            (SELECT max(t.id) FROM inbound_texts AS t WHERE t.partition = p.partition),
            (SELECT max(t.id) FROM suppressions AS t WHERE t.partition = p.partition),
            (SELECT max(t.id) FROM api_keys AS t))) AS newest
        FROM unnest($1::smallint[]) AS p(partition)";
}
