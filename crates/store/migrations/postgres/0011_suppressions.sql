-- An entry for each reason, so that one can be undone and the others hold. What the customer
-- said themselves is one entry, whatever the words: its slot is empty; that of any other is its
-- reason. The address is kept as a digest and by its ends only.
ALTER TABLE suppressions
    ADD COLUMN slot    text NOT NULL DEFAULT '',
    ADD COLUMN id      bigint NOT NULL DEFAULT 0,
    ADD COLUMN until   bigint,
    ADD COLUMN masked  text NOT NULL DEFAULT '',
    ADD COLUMN note    text NOT NULL DEFAULT '',
    ADD COLUMN made_by text NOT NULL DEFAULT '';
UPDATE suppressions SET slot = reason WHERE reason NOT IN ('keyword_stop', 'free_words_stop');
UPDATE suppressions AS s SET id = (n.number << 22) | (s.partition::bigint << 14)
    FROM (SELECT partition, digest, row_number() OVER (PARTITION BY partition ORDER BY at, digest) AS number
          FROM suppressions) AS n
    WHERE n.partition = s.partition AND n.digest = s.digest;
ALTER TABLE suppressions DROP CONSTRAINT suppressions_pkey, ADD PRIMARY KEY (partition, digest, slot);
CREATE UNIQUE INDEX suppressions_by_id ON suppressions (partition, id);
