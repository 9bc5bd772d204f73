use proptest::prelude::*;

use super::*;
use crate::gsm::{Alphabet, Segments, decode_with, encode_gsm7, segment, text_of};
use crate::pdu::DeliverSm;

const TURKISH: Tables = Tables {
    single: Some(Language::Turkish),
    locking: None,
};

fn all() -> National {
    Language::ALL.into_iter().collect()
}

/// Every pair of tables, the default ones too.
fn pairs() -> impl Iterator<Item = Tables> {
    std::iter::once(Tables::DEFAULT).chain(all().tables())
}

/// Each character that these tables have, by the octets it is decoded from.
fn characters(tables: Tables) -> String {
    let alone = (0..128).filter(|octet| *octet != 0x1B);
    let escaped = (0..128).map(|octet| tables.escaped(octet));
    alone
        .map(|octet| tables.character(octet))
        .chain(escaped)
        .filter(|character| *character != '\u{1B}')
        .collect()
}

fn septets_of(tables: Tables, text: &str) -> Vec<u8> {
    let mut octets = Vec::new();
    for character in text.chars() {
        match tables.septets(character).expect("it is in the tables") {
            Septets::One(septet) => octets.push(septet),
            Septets::Two(septet) => octets.extend([0x1B, septet]),
        }
    }
    octets
}

/// The languages of the tables used, `-` for none.
fn used(segments: &Segments) -> (String, Vec<usize>) {
    let name = |language: Option<Language>| language.map_or("-".into(), |l| format!("{l:?}"));
    let alphabet = match segments.alphabet {
        Alphabet::Gsm7 => "default".into(),
        Alphabet::Ucs2 => "ucs2".into(),
        Alphabet::National(Tables { single, locking }) => {
            format!("single {} locking {}", name(single), name(locking))
        }
    };
    let units = segments.parts.iter().map(|part| part.units);
    (alphabet, units.collect())
}

#[test]
fn every_character_of_every_pair_comes_back() {
    assert_eq!(pairs().count(), 12);
    for tables in pairs() {
        let text = characters(tables);
        let octets = septets_of(tables, &text);
        assert_eq!(decode_with(tables, 0, &octets), text, "{tables:?}");
    }
}

#[test]
fn no_table_has_a_septet_or_a_character_twice_and_none_takes_the_escape() {
    for language in Language::ALL {
        let extended = [language.single(), &EXTENSION].concat();
        for table in [&extended, language.locking()] {
            for (at, (septet, character)) in table.iter().enumerate() {
                assert!(*septet < 0x80 && *septet != 0x1B);
                let mut others = table[..at].iter();
                assert!(
                    others.all(|(s, c)| s != septet && c != character),
                    "{character}"
                );
            }
        }
        // A locking table changes, and repeats nothing that it leaves.
        for (septet, character) in language.locking() {
            assert_ne!(default_character(*septet), *character);
            if let Some(kept) = default_septet(*character) {
                assert!(language.locking().iter().any(|(septet, _)| *septet == kept));
            }
        }
    }
}

#[test]
fn a_letter_of_the_locking_table_hides_the_one_it_replaces() {
    let turkish = Tables::locking(Language::Turkish);
    assert_eq!(turkish.septets('ı'), Some(Septets::One(7)));
    assert_eq!(turkish.septets('ì'), None);
    assert_eq!(turkish.septets('€'), Some(Septets::One(4)));
    // ~ has a septet in the Portuguese table, and ¿ is gone.
    let portuguese = Tables::locking(Language::Portuguese);
    assert_eq!(portuguese.septets('~'), Some(Septets::One(0x60)));
    assert_eq!(portuguese.septets('¿'), None);
    // Ç moved, and is not lost.
    assert_eq!(portuguese.septets('Ç'), Some(Septets::One(0x13)));
    assert_eq!(portuguese.septets('Φ'), None);
    let both = Tables {
        single: Some(Language::Portuguese),
        ..portuguese
    };
    assert_eq!(both.septets('Φ'), Some(Septets::Two(0x12)));
}

#[test]
fn headers_take_their_septets() {
    let room = |tables| {
        let alphabet = Alphabet::National(tables);
        (alphabet.single(), alphabet.part())
    };
    assert_eq!(room(TURKISH), (155, 149));
    assert_eq!(room(Tables::locking(Language::Portuguese)), (155, 149));
    let both = Tables {
        single: Some(Language::Turkish),
        locking: Some(Language::Portuguese),
    };
    assert_eq!(room(both), (152, 146));
}

#[test]
fn known_costs() {
    let a = |count: usize| "a".repeat(count);
    for (text, alphabet, units) in [
        // Nothing to save: all handsets read UCS-2.
        (a(60) + "ş", "ucs2", &[61][..]),
        (a(160), "default", &[160]),
        (a(161), "default", &[153, 8]),
        // One element: 155 septets, two of them for the letter.
        (a(153) + "ş", "single Turkish locking -", &[155]),
        (a(154) + "ş", "single - locking Turkish", &[155]),
        (a(155) + "ş", "single Turkish locking -", &[149, 8]),
        // Letters of two languages: the locking table of one, the single shift of the other.
        (
            "ış".repeat(60) + &"õ".repeat(16),
            "single Portuguese locking Turkish",
            &[152],
        ),
        (
            "ã".repeat(140) + &"Φ".repeat(6),
            "single Portuguese locking Portuguese",
            &[152],
        ),
        // Only default characters, and still cheaper with the sign in one septet.
        ("€".repeat(81), "single - locking Turkish", &[81]),
        ("á".repeat(77), "single Spanish locking -", &[154]),
        // A letter that no table has.
        (a(100) + "ş" + "я", "ucs2", &[67, 35]),
    ] {
        let found = used(&segment(&text, false, all()));
        assert_eq!(found, (alphabet.to_owned(), units.to_vec()), "{text}");
    }
}

#[test]
fn texts_of_two_languages() {
    let portuguese = "Marigold: as suas encomendas de São Paulo já estão no avião; \
         a previsão é de três dias, e as informações vão por correio. Não é preciso \
         ligar. Até já, e obrigado, João!";
    assert_eq!(portuguese.chars().count(), 168);
    let segments = segment(portuguese, false, all());
    let expected = "single Portuguese locking -".to_owned();
    let septets = 168 + portuguese.chars().filter(|c| "ãáêçõ".contains(*c)).count();
    assert_eq!(used(&segments), (expected, vec![149, septets - 149]));
    assert_eq!(segments.expensive, ['ã', 'á', 'ê', 'ç', 'õ']);
    assert_eq!(segment(portuguese, false, National::NONE).parts.len(), 3);

    let turkish = "Marigold: siparişiniz yola çıktı, yarın öğleden sonra kapınızda. \
         Şifreyi kimseyle paylaşmayın, İstanbul içi kargo ücretsizdir. İyi alışverişler!";
    let segments = segment(turkish, false, [Language::Turkish].into_iter().collect());
    let expected = "single - locking Turkish".to_owned();
    assert_eq!(used(&segments), (expected, vec![turkish.chars().count()]));
    assert_eq!(segment(turkish, false, National::NONE).parts.len(), 3);
    // Another language's tables are no help.
    let spanish = [Language::Spanish].into_iter().collect();
    let segments = segment(turkish, false, spanish);
    assert_eq!(segments.alphabet, Alphabet::Ucs2);
    assert_eq!(segments.expensive, ['ş', 'ı', 'ğ', 'Ş', 'İ']);
}

#[test]
fn each_part_names_its_tables() {
    let single = segment(&("a".repeat(150) + "ş"), false, all()).parts_with_udh(7);
    assert_eq!((single[0].esm_class, single[0].data_coding), (0x40, 0));
    assert_eq!(single[0].octets[..5], [3, 0x24, 1, 1, b'a']);
    let both = segment(&("ã".repeat(146) + &"Φ".repeat(8)), false, all());
    let parts = both.parts_with_udh(7);
    for (part, number) in parts.iter().zip(1..) {
        let header = [11, 0, 3, 7, 2, number, 0x24, 1, 3, 0x25, 1, 3];
        assert_eq!(part.octets[..12], header);
    }
    assert_eq!(both.parts.len(), 2);
}

#[test]
fn punctuation_is_replaced_for_national_tables_too() {
    let text = format!("“Sipariş” {}…", "ş".repeat(75));
    let segments = segment(&text, true, all());
    assert_eq!(used(&segments).0, "single - locking Turkish");
    assert_eq!((segments.replaced, segments.expensive), (3, vec!['ş']));
    assert!(segments.parts[0].text.ends_with("..."));
    // In UCS-2 it stays as it was written.
    let segments = segment("“Sipariş”", true, all());
    assert_eq!((segments.replaced, segments.parts[0].units), (0, 9));
}

/// Texts whose characters are all in one pair of tables, whichever.
fn texts_of_a_pair() -> impl Strategy<Value = (Tables, String)> {
    let pairs: Vec<(Tables, Vec<char>)> = pairs()
        .map(|tables| (tables, characters(tables).chars().collect()))
        .collect();
    prop::sample::select(pairs).prop_flat_map(|(tables, characters)| {
        // Mostly letters that are in no default table, or hardly any.
        let rare: Vec<char> = characters
            .iter()
            .copied()
            .filter(|character| encode_gsm7(&character.to_string()).is_none())
            .chain("€a".chars())
            .collect();
        let piece = prop_oneof![
            "[a-z ]{0,40}",
            prop::collection::vec(prop::sample::select(characters), 0..40)
                .prop_map(String::from_iter),
            prop::collection::vec(prop::sample::select(rare), 0..40).prop_map(String::from_iter),
        ];
        let text = prop::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat());
        (Just(tables), text)
    })
}

fn any_national() -> impl Strategy<Value = National> {
    prop::sample::subsequence(Language::ALL.to_vec(), 0..=3)
        .prop_map(|languages| languages.into_iter().collect())
}

/// The octets on the air, septets packed behind a header filled up to a septet.
fn on_the_air(pdu: &DeliverSm) -> usize {
    let header = match pdu.has_udh() {
        true => usize::from(pdu.short_message[0]) + 1,
        false => 0,
    };
    let text = pdu.short_message.len() - header;
    match pdu.data_coding {
        0 => ((header * 8).div_ceil(7) + text) * 7,
        _ => (header + text) * 8,
    }
    .div_ceil(8)
}

proptest! {
    #[test]
    fn texts_come_back_in_few_parts_that_fit(
        (tables, text) in texts_of_a_pair(), national in any_national(), smart: bool,
    ) {
        let segments = segment(&text, smart, national);
        let without = segment(&text, smart, National::NONE);
        prop_assert!(segments.parts.len() <= without.parts.len());
        if national.is_empty() {
            prop_assert!(segments == without);
        } else if segments.parts.len() == without.parts.len() {
            prop_assert_eq!(segments.alphabet, without.alphabet, "no gain, no risk");
        }
        let allowed = [tables.single, tables.locking];
        if !smart && allowed.into_iter().flatten().all(|language| national.allows(language)) {
            let alphabet = Alphabet::National(tables);
            let septets = septets_of(tables, &text).len();
            // An escape pair that does not fit wastes a septet.
            prop_assert!(segments.parts.len() <= septets.div_ceil(alphabet.part() - 1).max(1));
            prop_assert!(septets > alphabet.single() || segments.parts.len() == 1);
        }
        let mut back = String::new();
        for (part, place) in segments.parts_with_udh(9).into_iter().zip(1..) {
            let pdu = DeliverSm {
                esm_class: part.esm_class,
                data_coding: part.data_coding,
                short_message: part.octets,
                ..DeliverSm::default()
            };
            prop_assert!(on_the_air(&pdu) <= 140);
            let (found, text) = text_of(&pdu);
            prop_assert_eq!(found.map_or(1, |found| found.part), place);
            back += &text;
        }
        let expected = match segments.replaced {
            0 => text.clone(),
            _ => crate::gsm::plain_punctuation(&text).0,
        };
        prop_assert_eq!(back, expected);
    }
}
