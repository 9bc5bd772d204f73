//! What a registry says, and what cannot be one.

use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

/// `kind value countries from until`; a dash for what is left out.
fn written(line: &str) -> Written {
    let mut parts = line.split_whitespace();
    let mut next = || parts.next().filter(|part| *part != "-").map(str::to_owned);
    let (kind, value) = (next().unwrap(), next().unwrap().replace('_', " "));
    let countries = next().unwrap_or_default();
    Written {
        place: line.to_owned(),
        kind,
        value,
        countries: countries
            .split(',')
            .filter(|country| !country.is_empty())
            .map(str::to_owned)
            .collect(),
        from: next(),
        until: next(),
        about: String::new(),
    }
}

fn registry(lines: &[&str]) -> Result<Registry, String> {
    let written = lines.iter().map(|line| written(line)).collect();
    Registry::new(written).map_err(|faults| faults.to_string())
}

#[test]
fn the_most_specific_sender_that_is_valid_is_chosen() {
    let registry = registry(&[
        "sender_name Marigold",
        "short_code 62422 US,CA - 2026-06-30",
        "short_code 77000 US 2026-06-01",
        "number +447700900555 GB",
        "sender_name MGLD FR 2026-03-01 2026-04-01T12:00:00Z",
    ])
    .unwrap();
    for (number, moment, sender) in [
        ("+12535550129", "2026-01-01T00:00:00Z", "62422"),
        // Of two that are valid, the one that began last.
        ("+12535550129", "2026-05-31T23:59:59Z", "62422"),
        ("+12535550129", "2026-06-01T00:00:00Z", "77000"),
        ("+14165550129", "2026-06-30T23:59:59Z", "62422"),
        // A last day counts to its end.
        ("+14165550129", "2026-07-01T00:00:00Z", "Marigold"),
        ("+447700900123", "2030-01-01T00:00:00Z", "+447700900555"),
        ("+33612345678", "2026-02-28T23:59:59Z", "Marigold"),
        ("+33612345678", "2026-03-01T00:00:00Z", "MGLD"),
        ("+33612345678", "2026-04-01T11:59:59Z", "MGLD"),
        ("+33612345678", "2026-04-01T12:00:00Z", "Marigold"),
        // Nobody's number: what holds everywhere.
        ("+88216123456", "2026-02-01T00:00:00Z", "Marigold"),
    ] {
        let chosen = registry.text_sender(number, at(moment)).unwrap();
        assert_eq!(chosen.identity.value, sender, "{number} {moment}");
    }
}

#[test]
fn without_a_valid_sender_there_is_none() {
    let registry = registry(&[
        "short_code 62422 US 2026-01-01 2026-06-30",
        "mail_domain mail.marigold.example - 2026-01-01 2026-06-30",
        "call_number +12025550123",
    ])
    .unwrap();
    let none = |number, moment| registry.text_sender(number, at(moment)).is_none();
    assert!(none("+12535550129", "2025-12-31T23:59:59Z"));
    assert!(!none("+12535550129", "2026-01-01T00:00:00Z"));
    assert!(none("+12535550129", "2026-07-01T00:00:00Z"));
    assert!(none("+14165550129", "2026-02-01T00:00:00Z"));
    assert!(none("+88216123456", "2026-02-01T00:00:00Z"));
    assert!(none("", "2026-02-01T00:00:00Z"));
    let mail = |domain, moment| registry.sends_mail_from(domain, at(moment));
    assert!(mail("mail.marigold.example", "2026-02-01T00:00:00Z"));
    assert!(mail("Mail.Marigold.example", "2026-02-01T00:00:00Z"));
    assert!(!mail("mail.marigold.example", "2026-07-01T00:00:00Z"));
    for other in [
        "marigold.example",
        "x.mail.marigold.example",
        "evilmail.marigold.example",
        "",
    ] {
        assert!(!mail(other, "2026-02-01T00:00:00Z"), "{other}");
    }
    assert!(Registry::default().is_empty());
    assert!(
        Registry::default()
            .text_sender("+12535550129", at("2026-01-01T00:00:00Z"))
            .is_none()
    );
}

#[test]
fn sources_are_written_as_carriers_want_them() {
    let registry = registry(&[
        "short_code 6242255",
        "sender_name AMZL_US",
        "number +1(202)555-0123",
    ])
    .unwrap();
    let mut found: Vec<(String, u8, u8)> = registry
        .text_sources()
        .map(|source| (source.address, source.ton, source.npi))
        .collect();
    found.sort();
    let expected = [("12025550123", 1, 1), ("6242255", 3, 0), ("AMZL US", 5, 0)];
    assert_eq!(
        found,
        expected.map(|(address, ton, npi)| (address.to_owned(), ton, npi))
    );
}

/// What is written, the last of it wrong, and a part of what is said of that.
const WRONG: &[(&[&str], &str)] = &[
    (
        &["pigeon x"],
        "`pigeon` is no kind of sender. The kinds are",
    ),
    (
        &["short_code 12"],
        "`12` is no short code. Write its three to eight",
    ),
    (&["short_code 123456789"], "no short code"),
    (&["short_code 62a22"], "no short code"),
    (
        &["sender_name MarigoldShop"],
        "no sender name that phones can show. Write 1 to 11",
    ),
    (&["sender_name 12345678901"], "no sender name"),
    (&["sender_name Märi"], "no sender name"),
    (&["sender_name a]b"], "no sender name"),
    (
        &["number 12025550123"],
        "no number in the international form",
    ),
    (&["number +012025550"], "no number"),
    (&["number +12"], "no number"),
    (&["number +1202555012345678"], "no number"),
    (
        &["call_number home"],
        "`home` is no number in the international form",
    ),
    (&["mail_domain com"], "`com` is no domain"),
    (&["mail_domain a@marigold.example"], "is no domain"),
    (
        &["link_domain co.uk"],
        "`co.uk` is a suffix under which anybody can have a domain",
    ),
    (
        &["link_domain https://marigold.example"],
        "is no domain. Write the domain that is yours",
    ),
    (
        &["link_domain marigold.example US"],
        "a domain is the same in every country",
    ),
    (
        &["short_code 62422 UK"],
        "`UK` is no country. Use the two capital letters",
    ),
    (
        &["short_code 62422 JE"],
        "no number can be seen to belong to JE. Name the country",
    ),
    (
        &["short_code 62422 - 2026-02-30"],
        "`2026-02-30` is no day. Write a day like",
    ),
    (
        &["short_code 62422 - soon"],
        "`soon` is no day and no moment",
    ),
    (
        &["short_code 62422 - 2026-03-02 2026-03-01"],
        "before it begins (2026-03-02T00:00:00Z). Write `from` before",
    ),
    (
        &["short_code 62422 US", "short_code 62422"],
        "short_code `62422` is given there and then already by short_code 62422 US. Keep one",
    ),
    (
        &["short_code 62422 US,CA", "short_code 62422 CA,MX"],
        "given there and then already",
    ),
    (
        &[
            "number +12025550123 - - 2026-03-01",
            "number +1-202-555-0123 - 2026-03-01",
        ],
        "given there and then already",
    ),
];

#[test]
fn what_is_wrong_is_named_with_its_place_and_what_to_do() {
    for (lines, fault) in WRONG {
        let faults = registry(lines).unwrap_err();
        let last = lines.last().unwrap();
        assert!(faults.starts_with(&format!("{last}: ")), "{faults}");
        assert!(faults.contains(fault), "{faults}");
    }
}

#[test]
fn all_faults_are_named_at_once() {
    let both = registry(&["short_code 1 UK", "sender_name €"]).unwrap_err();
    assert_eq!(both.lines().count(), 3, "all faults at once: {both}");
    let many: Vec<String> = (0..501)
        .map(|n| format!("short_code {}", 10_000 + n))
        .collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert!(registry(&many).unwrap_err().contains("more than 500"));
}

#[test]
fn what_does_not_overlap_may_stand_twice() {
    for lines in [
        ["short_code 62422 US", "short_code 62422 CA"],
        [
            "short_code 62422 US - 2026-02-28",
            "short_code 62422 US 2026-03-01",
        ],
        [
            "mail_domain marigold.example",
            "link_domain marigold.example",
        ],
        ["number +12025550123", "call_number +12025550123"],
    ] {
        assert_eq!(registry(&lines).unwrap().identities().len(), 2, "{lines:?}");
    }
}

#[test]
fn the_guard_takes_what_is_valid() {
    let registry = registry(&[
        "link_domain marigold.example",
        "link_domain mgld.example - 2026-02-01 2026-03-01T00:00:00Z",
        "mail_domain mail.example",
    ])
    .unwrap();
    let catalogue = crate::catalogue::Catalogue::load(None).unwrap();
    let stopped = |moment, text| {
        let guard = catalogue.guard(registry.own(at(moment)), ("", ""));
        let content = guard::Content::new(guard::Form::Sms, text);
        !guard.check(&content).is_empty()
    };
    for (moment, text, is_stopped) in [
        ("2026-01-31T23:59:59Z", "See https://mgld.example/x", true),
        ("2026-02-01T00:00:00Z", "See https://mgld.example/x", false),
        ("2026-03-01T00:00:00Z", "See https://mgld.example/x", true),
        (
            "2026-03-01T00:00:00Z",
            "See https://marigold.example/x",
            false,
        ),
        ("2026-03-01T00:00:00Z", "See https://mail.example/x", true),
    ] {
        assert_eq!(stopped(moment, text), is_stopped, "{moment} {text}");
    }
    let around = registry.unchanged_around(at("2026-02-15T00:00:00Z"));
    let (first, last) = (at("2026-02-01T00:00:00Z"), at("2026-03-01T00:00:00Z"));
    assert_eq!(around, first..last);
    assert_eq!(registry.unchanged_around(last).start, last);
    assert!(registry.unchanged_around(at("2026-01-01T00:00:00Z")).end == first);
}

#[test]
fn what_people_ask_for_is_looked_up() {
    let registry = registry(&[
        "sender_name Marigold",
        "short_code 62422 US - 2026-01-31",
        "number +12025550123",
        "mail_domain marigold.example",
        "link_domain marigold.example",
        "short_code 99999 US 2027-01-01",
        "short_code 11111 US - 2020-01-31",
    ])
    .unwrap();
    let now = at("2026-06-01T00:00:00Z");
    for (given, standing) in [
        ("Marigold", Some(Standing::Ours)),
        ("MARIGOLD", Some(Standing::Ours)),
        ("62422", Some(Standing::Ended)),
        ("99999", Some(Standing::Ahead)),
        // Too long ago to be listed.
        ("11111", None),
        ("1 202 555 0123", Some(Standing::Ours)),
        ("+1 (202) 555-0123", Some(Standing::Ours)),
        ("2025550123", None),
        ("orders@marigold.example", Some(Standing::Ours)),
        ("orders@mail.marigold.example", None),
        ("orders@marigold.example.evil.example", None),
        ("marigold.example@evil.example", None),
        ("https://www.marigold.example/x", Some(Standing::Ours)),
        ("https://marigold.example.evil.example", None),
        ("notmarigold.example", None),
        ("https://marigold.example@evil.example/", None),
    ] {
        let Asked::For(found) = registry.look_up(given, now) else {
            panic!("{given}")
        };
        assert_eq!(found.standing(), standing, "{given}: {found:?}");
    }
    assert_eq!(registry.look_up("  ", now), Asked::Nothing);
    assert_eq!(registry.look_up(&"1".repeat(501), now), Asked::TooLong);
}

#[test]
fn a_brand_alone_has_a_registry() {
    let brand = Brand {
        name: "Marigold".into(),
        domain: "marigold.example".into(),
        url: "https://marigold.example".into(),
        support: "help@marigold.example".into(),
        sms_sender: "12025550123".into(),
    };
    let registry = Registry::of_brand(&brand);
    let now = at("2026-06-01T00:00:00Z");
    let sender = registry.text_sender("+4915112345678", now).unwrap();
    assert_eq!(sender.identity.value, "+12025550123");
    assert!(registry.sends_mail_from("marigold.example", now));
    assert_eq!(registry.ours(Kind::LinkDomain, now).count(), 1);
}

prop_compose! {
    fn any_identity()(
        kind in 0..6_usize,
        value in 0..20_u32,
        countries in proptest::collection::vec(0..250_usize, 0..4),
        from in proptest::option::of(0..100_i64),
        length in proptest::option::of(1..50_i64),
    ) -> Written {
        let kind = Kind::ALL[kind];
        let value = match kind {
            Kind::ShortCode => format!("{}", 10_000 + value),
            Kind::SenderName => format!("Shop{value}"),
            Kind::Number | Kind::CallNumber => format!("+1202555{:04}", value),
            Kind::MailDomain | Kind::LinkDomain => format!("d{value}.example"),
        };
        let all: Vec<Country> = Country::all().collect();
        let countries = countries.into_iter().map(|place| all[place].to_string());
        let day = |days: i64| (at("2026-01-01T00:00:00Z") + Span::days(days)).to_string();
        Written {
            countries: countries.filter(|_| !kind.is_domain()).collect(),
            from: from.map(day),
            until: length.map(|length| day(from.unwrap_or(0) + length)),
            ..Written::of("", kind, &value)
        }
    }
}

proptest! {
    #[test]
    fn a_text_comes_only_from_what_is_registered_there_and_then(
        written in proptest::collection::vec(any_identity(), 0..24),
        number in "\\+[1-9][0-9]{6,14}",
        hours in -100..4_000_i64,
    ) {
        // Those that cannot stand beside the others are left out, as a person would.
        let mut kept = Vec::new();
        for one in written {
            kept.push(one);
            if Registry::new(kept.clone()).is_err() {
                kept.pop();
            }
        }
        let registry = Registry::new(kept).unwrap();
        let moment = at("2026-01-01T00:00:00Z") + Span::hours(hours);
        let country = Country::of_number(&number);
        let fits = |identity: &&Identity| {
            let began = identity.from.is_none_or(|from| from <= moment);
            let ended = identity.until.is_some_and(|until| until <= moment);
            let there = identity.countries.is_empty()
                || country.is_some_and(|country| identity.countries.contains(&country));
            identity.kind.sends_texts() && began && !ended && there
        };
        let fitting: Vec<&Identity> = registry.identities().iter().filter(fits).collect();
        match registry.text_sender(&number, moment) {
            None => prop_assert!(fitting.is_empty()),
            Some(chosen) => {
                prop_assert!(fitting.contains(&chosen.identity));
                let specific = fitting.iter().any(|identity| !identity.countries.is_empty());
                prop_assert_eq!(specific, !chosen.identity.countries.is_empty());
                let digits = chosen.identity.value.trim_start_matches('+');
                prop_assert_eq!(&chosen.source.address, digits);
                prop_assert!(registry.text_sources().any(|source| source == **chosen.source));
            }
        }
        let around = registry.unchanged_around(moment);
        prop_assert!(around.contains(&moment));
    }

    #[test]
    fn nothing_that_is_looked_up_panics(given in "\\PC{0,40}") {
        let registry = registry(&["link_domain marigold.example", "sender_name Marigold"]).unwrap();
        let _ = registry.look_up(&given, at("2026-01-01T00:00:00Z"));
    }
}

#[test]
fn a_registry_keeps_the_promises_it_is_published_with() {
    let catalogue = crate::catalogue::Catalogue::load(None).unwrap();
    let broken = |value: &str, about: &str| {
        let written = Written {
            about: about.into(),
            ..Written::of("here", Kind::LinkDomain, value)
        };
        let registry = Registry::new(vec![written]).unwrap();
        let own = registry.own(at("2026-01-01T00:00:00Z"));
        let faults = registry.broken_promises(&catalogue.guard(own, ("", "")));
        let said: Vec<String> = faults.iter().map(ToString::to_string).collect();
        said.join("\n")
    };
    assert_eq!(
        broken("marigold.example", "For what is at marigold.example."),
        ""
    );
    assert!(broken("bit.ly", "").contains("`bit.ly`: it hides where links lead"));
    assert!(broken("x.bit.ly", "").contains("hides where links lead"));
    let lure = broken("marigold.example", "Or call 08712402050.");
    assert!(lure.contains("(`foreign_number`)"), "{lure}");
    let lure = broken("marigold.example", "Send us your password.");
    assert!(lure.contains("(`asks_secret`)"), "{lure}");
    let address = Written::of("here", Kind::LinkDomain, "127.0.0.1");
    let fault = Registry::new(vec![address]).unwrap_err().to_string();
    assert!(fault.contains("`127.0.0.1` is no domain"), "{fault}");
}
