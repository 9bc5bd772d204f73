//! Recipients, the facts decisions read, suppressed addresses.

use super::statements;

statements! {
    LOCK_RECIPIENTS = "SELECT r.id, r.customer, r.profile
        FROM unnest($1::smallint[], $2::text[]) AS w(partition, customer)
        JOIN recipients AS r ON r.partition = w.partition AND r.customer = w.customer
        ORDER BY r.partition, r.id FOR UPDATE OF r";
    LOCK_RECIPIENTS_ONE = "SELECT r.id, r.customer, r.profile FROM recipients AS r
        WHERE r.partition = $1 AND r.customer = ANY($2) ORDER BY r.id FOR UPDATE OF r";
    PUT_RECIPIENTS = "INSERT INTO recipients (partition, id, customer, profile, created_at)
        SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::text[], $4::text[], $5::bigint[])
        ON CONFLICT (partition, customer) DO NOTHING RETURNING id";
    CHANGE_RECIPIENTS = "UPDATE recipients AS r SET profile = w.profile
        FROM unnest($1::smallint[], $2::bigint[], $3::text[]) AS w(partition, id, profile)
        WHERE r.partition = w.partition AND r.id = w.id";
    PUT_HEADS = "INSERT INTO heads (partition, recipient, version, revision)
        SELECT w.partition, w.recipient, 1, 0 FROM unnest($1::smallint[], $2::bigint[]) AS w(partition, recipient)";
    /// Outdates every decision made about some recipients. Locked in the order all lock in.
    OUTDATE = "WITH locked AS MATERIALIZED (
            SELECT h.partition, h.recipient
            FROM unnest($1::smallint[], $2::bigint[]) AS w(partition, recipient)
            JOIN heads AS h ON h.partition = w.partition AND h.recipient = w.recipient
            ORDER BY h.partition, h.recipient FOR UPDATE OF h)
        UPDATE heads AS h SET version = h.version + 1 FROM locked AS l
        WHERE h.partition = l.partition AND h.recipient = l.recipient";
    OUTDATE_ONE = "UPDATE heads SET version = version + 1 WHERE partition = $1 AND recipient = ANY($2)";
    OWN = "INSERT INTO contact_owners (partition, digest, recipient)
        SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::bigint[])
        ON CONFLICT (partition, digest, recipient) DO NOTHING";
    DISOWN = "DELETE FROM contact_owners AS o USING unnest($1::smallint[], $2::bigint[], $3::bigint[])
            AS w(partition, digest, recipient)
        WHERE o.partition = w.partition AND o.digest = w.digest AND o.recipient = w.recipient";
    OWNERS = "SELECT o.recipient FROM unnest($1::smallint[], $2::bigint[]) AS w(partition, digest)
        JOIN contact_owners AS o ON o.partition = w.partition AND o.digest = w.digest";
    FACTS = "SELECT w.place, r.id, h.version, r.profile
        FROM unnest($1::smallint[], $2::text[]) WITH ORDINALITY AS w(partition, customer, place)
        JOIN recipients AS r ON r.partition = w.partition AND r.customer = w.customer
        JOIN heads AS h ON h.partition = r.partition AND h.recipient = r.id";
    FACTS_OF = "SELECT w.place, r.id, h.version, r.profile
        FROM unnest($1::smallint[], $2::bigint[]) WITH ORDINALITY AS w(partition, id, place)
        JOIN recipients AS r ON r.partition = w.partition AND r.id = w.id
        JOIN heads AS h ON h.partition = r.partition AND h.recipient = r.id";
    CUSTOMERS = "SELECT c.profile FROM unnest($1::smallint[]) AS p(partition) CROSS JOIN LATERAL (
            SELECT r.customer, r.profile FROM recipients AS r
            WHERE r.partition = p.partition AND r.customer > $2 ORDER BY r.customer LIMIT $3) AS c
        ORDER BY c.customer LIMIT $3";
}
