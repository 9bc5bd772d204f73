//! What is known of addresses, and changes that the old address is to be told of.

use super::statements;

statements! {
    POINTS = "SELECT p.recipient, p.digest, p.version, p.state FROM contact_points AS p
        WHERE p.partition = $1 AND p.recipient = $2 ORDER BY p.digest";
    POINTS_OF = "SELECT p.recipient, p.digest, p.version, p.state
        FROM unnest($1::smallint[], $2::bigint[]) AS w(partition, recipient)
        JOIN contact_points AS p ON p.partition = w.partition AND p.recipient = w.recipient AND p.digest = $3
        ORDER BY p.recipient";
    ADD_POINT = "INSERT INTO contact_points (partition, recipient, digest, version, state)
        VALUES ($1, $2, $3, 1, $4) ON CONFLICT (partition, recipient, digest) DO NOTHING";
    KEEP_POINT = "UPDATE contact_points SET state = $4, version = version + 1
        WHERE partition = $1 AND recipient = $2 AND digest = $3 AND version = $5";
    FORGET_POINTS = "DELETE FROM contact_points AS p
        USING unnest($1::smallint[], $2::bigint[], $3::bigint[]) AS w(partition, recipient, digest)
        WHERE p.partition = w.partition AND p.recipient = w.recipient AND p.digest = w.digest";
    HEAL = "DELETE FROM suppressions
        WHERE partition = $1 AND digest = $2 AND reason = ANY($3::text[])";
    NOTE_CHANGES = "INSERT INTO contact_changes (partition, id, recipient, channel, address, mode, changed_at)
        SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::smallint[], $5::text[],
            $6::smallint[], $7::bigint[])";
    DUE_CHANGES = "SELECT c.id, c.recipient, c.channel, c.address, c.mode, c.changed_at
        FROM unnest($1::smallint[]) AS w(partition) CROSS JOIN LATERAL (
            SELECT t.id, t.recipient, t.channel, t.address, t.mode, t.changed_at FROM contact_changes AS t
            WHERE t.partition = w.partition ORDER BY t.id LIMIT $2) AS c
        ORDER BY c.id LIMIT $2";
    TOLD = "DELETE FROM contact_changes AS t USING unnest($1::smallint[], $2::bigint[]) AS w(partition, id)
        WHERE t.partition = w.partition AND t.id = w.id";
}
