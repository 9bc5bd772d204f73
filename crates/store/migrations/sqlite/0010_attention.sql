-- The deliveries that count when it is asked whether a customer has had enough: what became of
-- them stands in `deliveries`. Rows that count no more leave with the next one.
CREATE TABLE attention (
    recipient INTEGER NOT NULL,
    delivery  INTEGER NOT NULL,
    purpose   INTEGER NOT NULL,
    test      INTEGER NOT NULL,
    PRIMARY KEY (recipient, delivery)
) STRICT, WITHOUT ROWID;
