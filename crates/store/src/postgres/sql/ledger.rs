//! The cost ledger: lines, balances, prices. Lines and balances do not grow with customers.

use super::statements;

statements! {
    /// Lines are few and rarely new; an old one costs no number.
    PUT_LINES = "INSERT INTO cost_lines (day, mode, channel, category, purpose, currency, carrier, country,
            campaign, seller)
        SELECT w.day, w.mode, w.channel, w.category, w.purpose, w.currency, w.carrier, w.country, w.campaign,
            w.seller
        FROM unnest($1::integer[], $2::smallint[], $3::smallint[], $4::smallint[], $5::smallint[], $6::text[],
                $7::text[], $8::text[], $9::text[], $10::text[])
            AS w(day, mode, channel, category, purpose, currency, carrier, country, campaign, seller)
        WHERE NOT EXISTS (SELECT 1 FROM cost_lines AS l WHERE l.day = w.day AND l.mode = w.mode
            AND l.channel = w.channel AND l.category = w.category AND l.purpose = w.purpose
            AND l.currency = w.currency AND l.carrier = w.carrier AND l.country = w.country
            AND l.campaign = w.campaign AND l.seller = w.seller)
        ON CONFLICT DO NOTHING";
    FIND_LINES = "SELECT l.id, l.day, l.mode, l.channel, l.category, l.purpose, l.currency, l.carrier, l.country,
            l.campaign, l.seller
        FROM unnest($1::integer[], $2::smallint[], $3::smallint[], $4::smallint[], $5::smallint[], $6::text[],
                $7::text[], $8::text[], $9::text[], $10::text[])
            AS w(day, mode, channel, category, purpose, currency, carrier, country, campaign, seller)
        JOIN cost_lines AS l ON l.day = w.day AND l.mode = w.mode
            AND l.channel = w.channel AND l.category = w.category AND l.purpose = w.purpose
            AND l.currency = w.currency AND l.carrier = w.carrier AND l.country = w.country
            AND l.campaign = w.campaign AND l.seller = w.seller";
    LINES = "SELECT l.id, l.day, l.mode, l.channel, l.category, l.purpose, l.currency, l.carrier, l.country,
            l.campaign, l.seller
        FROM cost_lines AS l WHERE l.id = ANY($1)";
    /// Each connection has rows of its own: it runs one transaction at a time.
    PUT_LEDGER = "INSERT INTO ledger (line, account, slot, amount, count)
        SELECT w.line, w.account, (pg_backend_pid() & 63)::smallint, w.amount, w.count
        FROM unnest($1::integer[], $2::smallint[], $3::bigint[], $4::bigint[]) AS w(line, account, amount, count)
        ORDER BY w.line, w.account
        ON CONFLICT (line, account, slot) DO UPDATE
            SET amount = ledger.amount + excluded.amount, count = ledger.count + excluded.count";
    PRICES = "SELECT p.delivery, p.line, p.amount
        FROM unnest($1::smallint[], $2::bigint[]) AS w(partition, delivery)
        JOIN prices AS p ON p.partition = w.partition AND p.delivery = w.delivery";
    PUT_PRICES = "INSERT INTO prices (partition, delivery, line, amount)
        SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::integer[], $4::bigint[])
        ON CONFLICT (partition, delivery) DO UPDATE SET line = excluded.line, amount = excluded.amount";
    /// What stands on the accounts, told apart by the word with the number `$4`.
    COSTS = "SELECT CASE $4::smallint WHEN 1 THEN l.day::text WHEN 2 THEN l.category::text WHEN 3 THEN l.campaign
                WHEN 4 THEN l.seller WHEN 5 THEN l.channel::text WHEN 6 THEN l.country WHEN 7 THEN l.carrier
                ELSE l.purpose::text END AS key,
            g.account, l.currency, sum(g.amount)::bigint AS amount, sum(g.count)::bigint AS n,
            min(CASE $4::smallint WHEN 1 THEN l.day WHEN 2 THEN l.category WHEN 5 THEN l.channel
                WHEN 8 THEN l.purpose ELSE 0 END) AS place
        FROM cost_lines AS l JOIN ledger AS g ON g.line = l.id
        WHERE l.day BETWEEN $1 AND $2 AND l.mode = ANY($3)
        GROUP BY 1, 2, 3 ORDER BY place, key, l.currency, g.account";
    SPENT = "SELECT l.day, l.mode, l.channel, l.purpose, l.country, l.currency, sum(g.amount)::bigint AS amount
        FROM cost_lines AS l JOIN ledger AS g ON g.line = l.id
        WHERE l.day >= $1 AND g.account IN (2, 4, 5) GROUP BY 1, 2, 3, 4, 5, 6";
    /// Where there is no line, no delivery has a quote.
    ANY_LINE = "SELECT id FROM cost_lines LIMIT 1";
    BALANCES = "SELECT line, account, sum(amount)::bigint AS amount, sum(count)::bigint AS n
        FROM ledger GROUP BY line, account";
    RECOUNT_DELIVERIES = "SELECT line, state, sum(quote)::bigint AS quotes, count(*) AS n FROM deliveries
        WHERE line IS NOT NULL GROUP BY line, state";
    RECOUNT_PRICES = "SELECT d.line, sum(d.quote)::bigint AS quotes, p.line, sum(p.amount)::bigint AS prices,
            count(*) AS n
        FROM prices AS p JOIN deliveries AS d ON d.partition = p.partition AND d.id = p.delivery
        GROUP BY d.line, p.line";
}
