//! Messages that wait for a summary.

use super::{message_columns, statements};

statements! {
    PUT_COLLECTED = "INSERT INTO collected (partition, due_at, recipient, channel, message)
        SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::smallint[], $5::bigint[])";
    /// What is due and nobody has, the oldest first.
    DUE_DIGESTS = "SELECT d.partition, d.due_at, d.recipient, d.channel
        FROM unnest($1::smallint[]) AS p(partition) CROSS JOIN LATERAL (
            SELECT DISTINCT c.partition, c.due_at, c.recipient, c.channel FROM collected AS c
            WHERE c.partition = p.partition AND c.due_at <= $2 AND c.until <= clock_timestamp()
            ORDER BY c.due_at, c.recipient, c.channel LIMIT $3) AS d
        ORDER BY d.due_at, d.recipient, d.channel LIMIT $3";
    /// Of two nodes at once the second finds that the first has it.
    CLAIM_DIGESTS = "UPDATE collected AS c
        SET until = clock_timestamp() + $5::bigint * interval '1 microsecond'
        FROM unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::smallint[])
            AS w(partition, due_at, recipient, channel)
        WHERE c.partition = w.partition AND c.due_at = w.due_at AND c.recipient = w.recipient
            AND c.channel = w.channel AND c.until <= clock_timestamp()
        RETURNING c.due_at, c.recipient, c.channel, c.message";
    LEAVE_COLLECTED = "DELETE FROM collected AS c
        WHERE c.partition = $1 AND c.due_at = $2 AND c.recipient = $3 AND c.channel = $4
            AND c.message = ANY($5)";
    ADD_TO_TRACES_OF = "UPDATE messages AS m SET trace = m.trace || w.line
        FROM unnest($2::bigint[], $3::text[]) AS w(message, line)
        WHERE m.partition = $1 AND m.id = w.message";
    MESSAGES_OF = concat!("SELECT ", message_columns!(),
        " FROM mailbox AS b JOIN messages AS m ON m.partition = b.partition AND m.id = b.message
        WHERE b.partition = $1 AND b.recipient = $2 AND b.message = ANY($3) ORDER BY b.message");
}
