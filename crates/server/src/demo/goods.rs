//! What the made-up sellers sell.

/// A thing on sale.
pub struct Good {
    pub sku: &'static str,
    pub title: &'static str,
    /// In hundredths of the customer's currency.
    pub cents: u64,
    pub seller: &'static str,
}

const fn good(sku: &'static str, title: &'static str, cents: u64, seller: &'static str) -> Good {
    Good {
        sku,
        title,
        cents,
        seller,
    }
}

pub const GOODS: [Good; 12] = [
    good("gs-08", "Garden shears", 2_490, "Casa Verde"),
    good("tw-200", "Twine, 200 m", 690, "Casa Verde"),
    good("gl-8", "Gloves, size 8", 1_250, "Casa Verde"),
    good("tp-21", "Terracotta pot, 21 cm", 1_890, "Oficina do Barro"),
    good("ts-21", "Terracotta saucer", 540, "Oficina do Barro"),
    good("lb-3", "Linen bedding, sand", 11_900, "North Loom"),
    good("wb-1", "Wool blanket, ochre", 8_450, "North Loom"),
    good("ck-9", "Copper kettle", 6_300, "Tinsmith & Daughter"),
    good("cs-5", "Cast-iron pan, 26 cm", 4_995, "Tinsmith & Daughter"),
    good(
        "nb-2",
        "Notebook, dotted, set of two",
        1_480,
        "Papelaria Sol",
    ),
    good("fp-1", "Fountain pen, fine", 3_200, "Papelaria Sol"),
    good("bl-4", "Bulbs for spring, 40", 2_150, "Casa Verde"),
];
