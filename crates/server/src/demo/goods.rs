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

/// What the shop's staff and drivers write, in the customer's language.
pub struct Words {
    pub change: &'static str,
    pub problem: &'static str,
    pub cancelled: &'static str,
    pub delayed: &'static str,
    pub instructions: &'static str,
    pub attempt: &'static str,
    pub place: &'static str,
}

const ENGLISH: Words = Words {
    change: "one item was swapped for the same in another colour",
    problem: "one item is out of stock until next week",
    cancelled: "you asked us to",
    delayed: "heavy rain on the way",
    instructions: "Leave with the neighbour at no. 14",
    attempt: "nobody was at home",
    place: "the front porch",
};

const PORTUGUESE: Words = Words {
    change: "um item foi trocado pelo mesmo em outra cor",
    problem: "um item está em falta até a próxima semana",
    cancelled: "você nos pediu",
    delayed: "chuva forte no caminho",
    instructions: "Deixar com o vizinho do nº 14",
    attempt: "não havia ninguém em casa",
    place: "varanda da frente",
};

const SPANISH: Words = Words {
    change: "un artículo se cambió por el mismo en otro color",
    problem: "un artículo está agotado hasta la semana que viene",
    cancelled: "nos lo pediste",
    delayed: "lluvia intensa en el camino",
    instructions: "Dejar con el vecino del n.º 14",
    attempt: "no había nadie en casa",
    place: "el porche de la entrada",
};

/// The words for a customer of the demo.
pub fn words(customer: &str) -> &'static Words {
    match customer {
        "c-ines" | "c-diego" => &PORTUGUESE,
        "c-lucia" | "c-mateo" | "c-valentina" => &SPANISH,
        _ => &ENGLISH,
    }
}
