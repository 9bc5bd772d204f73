-- What customers allowed and took back: lines that are only ever added, each sealed by the
-- hash of the one before. The lines of one recipient are removed together or not at all.
CREATE TABLE consent_lines (
    partition smallint NOT NULL,
    recipient bigint NOT NULL,
    number    bigint NOT NULL,
    text      text NOT NULL,
    seal      text NOT NULL,
    PRIMARY KEY (partition, recipient, number)
);

-- What is to be answered to a text that came in; none once it is.
ALTER TABLE inbound_texts ADD COLUMN answer smallint;
CREATE INDEX inbound_texts_unanswered ON inbound_texts (partition, id) WHERE answer IS NOT NULL;
