//! Failed events, and counts over everything.

use super::statements;

/// A failed event with its event.
macro_rules! failed {
    ($($rest:expr),+) => {
        concat!("SELECT e.id, e.source, e.event_id, e.type, e.accepted_at, e.mode, f.subject, f.reason, f.detail,
             f.envelope, f.replayed_at
         FROM failed_events AS f JOIN events AS e ON e.partition = f.partition AND e.id = f.event ", $($rest),+)
    };
}

statements! {
    FAILED = "SELECT c.event FROM unnest($1::smallint[]) AS p(partition) CROSS JOIN LATERAL (
            SELECT f.event FROM failed_events AS f
            WHERE f.partition = p.partition AND f.replayed_at IS NULL AND f.event < $2
                AND ($4::smallint IS NULL OR f.reason = $4)
                AND ($5::text IS NULL OR EXISTS (SELECT 1 FROM events AS e
                    WHERE e.partition = p.partition AND e.id = f.event
                        AND e.type = (SELECT n.id FROM names AS n WHERE n.name = $5)))
            ORDER BY f.event DESC LIMIT $3) AS c
        ORDER BY c.event DESC LIMIT $3";
    FAILED_COUNTS = "SELECT g.reason, n.name, g.n FROM (
            SELECT c.reason, e.type, count(*) AS n FROM (
                SELECT l.partition, l.event, l.reason
                FROM unnest($1::smallint[]) AS p(partition) CROSS JOIN LATERAL (
                    SELECT f.partition, f.event, f.reason FROM failed_events AS f
                    WHERE f.partition = p.partition AND f.replayed_at IS NULL
                    ORDER BY f.event DESC LIMIT $2) AS l
                ORDER BY l.event DESC LIMIT $2) AS c
            JOIN events AS e ON e.partition = c.partition AND e.id = c.event
            GROUP BY c.reason, e.type) AS g
        JOIN names AS n ON n.id = g.type";
    FAILED_AMONG = failed!("JOIN unnest($1::smallint[], $2::bigint[]) WITH ORDINALITY AS w(partition, event, place)
            ON f.partition = w.partition AND f.event = w.event
        WHERE f.replayed_at IS NULL ORDER BY w.place");
    FAILED_EVENT = failed!("WHERE f.partition = $1 AND f.event = $2");
    COUNT_EVENTS = "SELECT count(*) AS n FROM events";
    COUNT_FAILED = "SELECT count(*) AS n FROM failed_events WHERE replayed_at IS NULL";
    COUNT_MESSAGES = "SELECT type, count(*) AS n FROM messages GROUP BY type";
    COUNT_DELIVERIES = "SELECT d.channel, CASE WHEN c.delivery IS NULL THEN d.state ELSE $1::smallint END AS state,
            count(*) AS n
        FROM deliveries AS d LEFT JOIN claims AS c ON c.partition = d.partition AND c.delivery = d.id GROUP BY 1, 2";
    COUNT_IN_DOUBT = "SELECT count(*) AS n FROM attempts WHERE outcome IN (3, 5)";
    ACCEPT_TO_CARRIER = "SELECT a.ended_at - e.accepted_at AS took FROM attempts AS a
        JOIN deliveries AS d ON d.partition = a.partition AND d.id = a.delivery
        JOIN messages AS m ON m.partition = d.partition AND m.id = d.message
        JOIN events AS e ON e.partition = m.partition AND e.id = m.event
        WHERE a.outcome = 0";
}
