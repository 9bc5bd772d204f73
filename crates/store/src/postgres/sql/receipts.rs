//! Receipts, those parked, and texts that come in.

use super::statements;

statements! {
    PUT_CARRIER_IDS = "INSERT INTO carrier_ids (partition, hash, delivery)
        SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::bigint[])
        ON CONFLICT (partition, hash, delivery) DO NOTHING";
    LEAVE_CARRIER_IDS = "DELETE FROM carrier_ids AS c
        USING unnest($1::smallint[], $2::bigint[], $3::bigint[]) AS w(partition, hash, delivery)
        WHERE c.partition = w.partition AND c.hash = w.hash AND c.delivery = w.delivery";
    FIND_CARRIER_IDS = "SELECT c.hash, c.delivery
        FROM unnest($1::smallint[], $2::bigint[]) AS w(partition, hash)
        JOIN carrier_ids AS c ON c.partition = w.partition AND c.hash = w.hash";
    /// The carrier ids of some deliveries: the hash finds candidates, the attempt decides.
    FIND_ATTEMPTS = "SELECT a.delivery, a.carrier, a.carrier_id
        FROM unnest($1::smallint[], $2::bigint[]) AS w(partition, delivery)
        JOIN attempts AS a ON a.partition = w.partition AND a.delivery = w.delivery
        WHERE a.carrier_id IS NOT NULL";
    FIND_DOUBTS = "SELECT i.address, i.reference, i.delivery
        FROM unnest($1::smallint[], $2::bigint[], $3::integer[]) AS w(partition, address, reference)
        JOIN in_doubt AS i ON i.partition = w.partition AND i.address = w.address AND i.reference = w.reference
        ORDER BY i.delivery";
    FIND_CLAIMS = "SELECT c.delivery FROM unnest($1::smallint[], $2::bigint[]) AS w(partition, delivery)
        JOIN claims AS c ON c.partition = w.partition AND c.delivery = w.delivery";
    LAST_RECEIPTS = "SELECT r.delivery, max(r.number) AS number
        FROM unnest($1::smallint[], $2::bigint[]) AS w(partition, delivery)
        JOIN receipts AS r ON r.partition = w.partition AND r.delivery = w.delivery GROUP BY r.delivery";
    PUT_RECEIPTS = "INSERT INTO receipts (partition, delivery, number, status, code, carrier_time, received_at)
        SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::integer[], $4::smallint[], $5::text[],
            $6::bigint[], $7::bigint[])";
    PARK = "INSERT INTO parked_receipts (partition, hash, id, carrier, carrier_id, status, code, carrier_time,
            received_at)
        SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[],
            $6::smallint[], $7::text[], $8::bigint[], $9::bigint[])";
    PARK_HINTS = "INSERT INTO parked_hints (partition, address, reference, hash, parked, received_at)
        SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::integer[], $4::bigint[], $5::bigint[],
            $6::bigint[])";
    /// What was parked too long, and what is too much, in some partitions.
    UNPARK_OLD = "DELETE FROM parked_receipts AS p USING unnest($1::smallint[]) AS w(partition)
        CROSS JOIN LATERAL (
            SELECT coalesce((SELECT q.received_at FROM parked_receipts AS q WHERE q.partition = w.partition
                ORDER BY q.received_at DESC OFFSET $3 LIMIT 1), 0) AS crowded) AS k
        WHERE p.partition = w.partition AND (p.received_at < $2 OR p.received_at < k.crowded)";
    UNPARK_OLD_HINTS = "DELETE FROM parked_hints AS p WHERE p.partition = ANY($1) AND p.received_at < $2";
    /// Parked receipts whose carrier id has become known.
    PARKED_BY_ID = "SELECT p.partition, p.hash, p.id, c.delivery
        FROM unnest($1::smallint[], $2::bigint[]) AS w(partition, hash)
        JOIN parked_receipts AS p ON p.partition = w.partition AND p.hash = w.hash
        JOIN carrier_ids AS c ON c.partition = p.partition AND c.hash = p.hash";
    /// The same over whole partitions, for what a crash left between two steps.
    PARKED_BY_ANY_ID = "SELECT p.partition, p.hash, p.id, c.delivery
        FROM parked_receipts AS p JOIN carrier_ids AS c ON c.partition = p.partition AND c.hash = p.hash
        WHERE p.partition = ANY($1) LIMIT 500";
    /// Parked receipts whose number and reference name a delivery that is now in doubt.
    PARKED_BY_HINT = "SELECT p.hash, p.parked, i.delivery, p.partition, p.address, p.reference
        FROM unnest($1::smallint[], $2::bigint[], $3::integer[]) AS w(partition, address, reference)
        JOIN parked_hints AS p ON p.partition = w.partition AND p.address = w.address
            AND p.reference = w.reference
        JOIN in_doubt AS i ON i.partition = p.partition AND i.address = p.address
            AND i.reference = p.reference
        ORDER BY i.delivery";
    PARKED_BY_ANY_HINT = "SELECT p.hash, p.parked, i.delivery, p.partition, p.address, p.reference
        FROM parked_hints AS p JOIN in_doubt AS i ON i.partition = p.partition AND i.address = p.address
            AND i.reference = p.reference
        WHERE p.partition = ANY($1) ORDER BY i.delivery LIMIT 500";
    /// Takes parked receipts out; whoever gets a row applies it.
    UNPARK = "DELETE FROM parked_receipts AS p USING unnest($1::smallint[], $2::bigint[], $3::bigint[])
            AS w(partition, hash, id)
        WHERE p.partition = w.partition AND p.hash = w.hash AND p.id = w.id
        RETURNING p.hash, p.id, p.carrier, p.carrier_id, p.status, p.code, p.carrier_time, p.received_at";
    UNPARK_HINTS = "DELETE FROM parked_hints AS p
        USING unnest($1::smallint[], $2::bigint[], $3::integer[], $4::bigint[], $5::bigint[])
            AS w(partition, address, reference, hash, parked)
        WHERE p.partition = w.partition AND p.address = w.address AND p.reference = w.reference
            AND p.hash = w.hash AND p.parked = w.parked";
    PUT_INBOUND = "INSERT INTO inbound_texts (partition, id, carrier, sender, destination, text, received_at,
            suppressed, answer)
        SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[],
            $7::bigint[], $8::text[], $9::smallint[])";
}
