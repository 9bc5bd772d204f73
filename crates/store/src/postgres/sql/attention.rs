//! What was taken of recipients' attention.

use super::statements;

statements! {
    ATTENTION = "SELECT a.recipient, a.delivery, a.purpose, a.test, d.channel, d.state, d.due_at, d.changed_at
        FROM unnest($1::smallint[], $2::bigint[]) AS w(partition, recipient)
        JOIN attention AS a ON a.partition = w.partition AND a.recipient = w.recipient
        LEFT JOIN deliveries AS d ON d.partition = a.partition AND d.id = a.delivery";
    PUT_ATTENTION = "INSERT INTO attention (partition, recipient, delivery, purpose, test)
        SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::smallint[], $5::smallint[])";
    LEAVE_ATTENTION = "DELETE FROM attention AS a
        USING unnest($1::smallint[], $2::bigint[], $3::bigint[]) AS w(partition, recipient, delivery)
        WHERE a.partition = w.partition AND a.recipient = w.recipient AND a.delivery = w.delivery";
}
