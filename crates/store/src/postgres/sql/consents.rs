//! What customers wish, and the ledger of it.

use super::statements;

statements! {
    LOCK_PROFILE = "SELECT r.profile FROM recipients AS r
        WHERE r.partition = $1 AND r.id = $2 FOR UPDATE OF r";
    LOCK_VERSION = "SELECT h.version FROM heads AS h
        WHERE h.partition = $1 AND h.recipient = $2 FOR UPDATE OF h";
    LOCK_OWNERS = "SELECT r.id, r.profile
        FROM unnest($1::smallint[], $2::bigint[]) AS w(partition, id)
        JOIN recipients AS r ON r.partition = w.partition AND r.id = w.id
        ORDER BY r.partition, r.id FOR UPDATE OF r";
    LAST_LINES = "SELECT w.recipient, l.number, l.seal
        FROM unnest($1::smallint[], $2::bigint[]) AS w(partition, recipient) CROSS JOIN LATERAL (
            SELECT c.number, c.seal FROM consent_lines AS c
            WHERE c.partition = w.partition AND c.recipient = w.recipient
            ORDER BY c.number DESC LIMIT 1) AS l";
    ADD_LINES = "INSERT INTO consent_lines (partition, recipient, number, text, seal)
        SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[])";
    DUE_ANSWERS = "SELECT a.id, a.carrier, a.sender, a.received_at, a.answer
        FROM unnest($1::smallint[]) AS p(partition) CROSS JOIN LATERAL (
            SELECT t.id, t.carrier, t.sender, t.received_at, t.answer FROM inbound_texts AS t
            WHERE t.partition = p.partition AND t.answer IS NOT NULL ORDER BY t.id LIMIT $2) AS a
        ORDER BY a.id LIMIT $2";
    ANSWERED = "UPDATE inbound_texts AS t SET answer = NULL
        FROM unnest($1::smallint[], $2::bigint[]) AS w(partition, id)
        WHERE t.partition = w.partition AND t.id = w.id";
    CUSTOMERS_OF = "SELECT r.customer FROM unnest($1::smallint[], $2::bigint[]) AS w(partition, id)
        JOIN recipients AS r ON r.partition = w.partition AND r.id = w.id ORDER BY r.id";
    LEDGER = "SELECT c.number, c.text, c.seal FROM consent_lines AS c
        WHERE c.partition = $1 AND c.recipient = $2 ORDER BY c.number";
}
