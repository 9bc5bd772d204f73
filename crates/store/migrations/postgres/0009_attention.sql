-- The deliveries that count when it is asked whether a customer has had enough: what became of
-- them stands in `deliveries`. Rows that count no more leave with the next one.
CREATE TABLE attention (
    partition smallint NOT NULL,
    recipient bigint NOT NULL,
    delivery  bigint NOT NULL,
    purpose   smallint NOT NULL,
    test      smallint NOT NULL,
    PRIMARY KEY (partition, recipient, delivery)
);
