-- What customers allowed and took back: lines that are only ever added, each sealed by the
-- hash of the one before. The lines of one recipient are removed together or not at all.
CREATE TABLE consent_lines (
    recipient INTEGER NOT NULL,
    number    INTEGER NOT NULL,
    text      TEXT NOT NULL,
    seal      TEXT NOT NULL,
    PRIMARY KEY (recipient, number)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER consent_lines_stay BEFORE UPDATE ON consent_lines
BEGIN SELECT RAISE(ABORT, 'lines of consent are never changed'); END;

-- What is to be answered to a text that came in; none once it is.
ALTER TABLE inbound_texts ADD COLUMN answer INTEGER;
CREATE INDEX inbound_texts_unanswered ON inbound_texts (id) WHERE answer IS NOT NULL;
