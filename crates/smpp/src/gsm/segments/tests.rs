use super::*;

fn cut_units(text: &str) -> Vec<usize> {
    segment(text, false, National::NONE)
        .parts
        .iter()
        .map(|part| part.units)
        .collect()
}

#[test]
fn limits_of_one_part_and_of_many() {
    assert_eq!(cut_units(""), [0]);
    assert_eq!(cut_units(&"a".repeat(160)), [160]);
    assert_eq!(cut_units(&"a".repeat(161)), [153, 8]);
    assert_eq!(cut_units(&"я".repeat(70)), [70]);
    assert_eq!(cut_units(&"я".repeat(71)), [67, 4]);
    assert_eq!(cut_units(&"€".repeat(80)), [160]);
}

#[test]
fn pairs_are_never_cut() {
    // The cases of research/channels.md §1.5, where another library fails.
    assert_eq!(
        cut_units(&format!("{}€{}", "a".repeat(152), "b".repeat(20))),
        [152, 22]
    );
    assert_eq!(cut_units(&"🙂".repeat(36)), [66, 6]);
    assert_eq!(cut_units(&"€".repeat(81)), [152, 10]);
}

#[test]
fn a_cluster_stays_whole_when_that_costs_nothing() {
    // 66 letters, then e and an accent: the cut falls before the e.
    let text = format!("{}e\u{301}{}", "я".repeat(66), "я".repeat(10));
    let segments = segment(&text, false, National::NONE);
    assert_eq!(segments.parts[0].units, 66);
    assert!(segments.parts[1].text.starts_with("e\u{301}"));
}

#[test]
fn a_cluster_is_cut_when_keeping_it_would_cost_a_part() {
    let text = format!("{}e\u{301}{}", "я".repeat(66), "я".repeat(66));
    assert_eq!(cut_units(&text), [67, 67]);
}

#[test]
fn a_cluster_longer_than_a_part_is_cut() {
    let text = format!("я{}", "\u{301}".repeat(100));
    assert_eq!(cut_units(&text), [67, 34]);
}

#[test]
fn what_made_it_expensive_is_named_once_each() {
    let segments = segment("“Ok” “çç”", false, National::NONE);
    assert_eq!(segments.alphabet, Alphabet::Ucs2);
    assert_eq!(segments.expensive, ['“', '”', 'ç']);
}

#[test]
fn smart_replaces_only_when_it_helps() {
    let segments = segment("It’s here…", true, National::NONE);
    assert_eq!((segments.alphabet, segments.replaced), (Alphabet::Gsm7, 2));
    assert_eq!(segments.parts[0].text, "It's here...");
    let segments = segment("It’s çok", true, National::NONE);
    assert_eq!((segments.alphabet, segments.replaced), (Alphabet::Ucs2, 0));
    assert_eq!(segments.parts[0].text, "It’s çok");
}

#[test]
fn headers_number_the_parts() {
    let parts = segment(&"a".repeat(161), false, National::NONE).parts_with_udh(0xAB);
    assert_eq!(parts.len(), 2);
    assert_eq!(parts[0].octets[..7], [5, 0, 3, 0xAB, 2, 1, b'a']);
    assert_eq!(
        parts[1].octets,
        [&[5, 0, 3, 0xAB, 2, 2][..], b"aaaaaaaa"].concat()
    );
    assert_eq!((parts[0].esm_class, parts[0].data_coding), (0x40, 0));
    let single = segment("я", false, National::NONE).parts_with_udh(1);
    assert_eq!(
        (
            single[0].esm_class,
            single[0].data_coding,
            &single[0].octets[..]
        ),
        (0, 8, &[0x04, 0x4F][..])
    );
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    fn texts() -> impl Strategy<Value = String> {
        let pieces = prop_oneof![
            "[ -~]{0,20}",
            "[€{}\\[\\]^|~a]{0,20}",
            "[а-яё ]{0,20}",
            Just("👩\u{200D}👩\u{200D}👧".to_owned()),
            Just("🙂🇰🇿e\u{301}".to_owned()),
        ];
        prop::collection::vec(pieces, 0..30).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn parts_fit_and_make_the_text_again(text in texts()) {
            let segments = segment(&text, false, National::NONE);
            let joined: String = segments.parts.iter().map(|part| part.text.as_str()).collect();
            prop_assert_eq!(joined, text);
            let limit = if segments.parts.len() == 1 { segments.alphabet.single() } else { segments.alphabet.part() };
            for part in &segments.parts {
                prop_assert!(part.units <= limit);
                let decoded = crate::gsm::decode(segments.alphabet.data_coding(), &part.octets);
                prop_assert_eq!(&decoded, &part.text);
            }
        }
    }
}
