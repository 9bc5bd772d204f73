use std::sync::LazyLock;
use std::time::{Duration, Instant};

use guard::{Exception, Exceptions, Own, Rule};

use proptest::prelude::*;

use super::*;

static FILES: LazyLock<Catalogue> =
    LazyLock::new(|| Catalogue::load(None).expect("the shipped catalogue loads"));

fn stand() -> Stand {
    Stand {
        brand: FILES.sample_brand(),
        own: Own::default(),
        exceptions: Exceptions::default(),
    }
}

/// The texts that serve, some of them changed.
fn texts(name: &str, locale: &str, changes: &[(&str, &str)]) -> Texts {
    let mut texts = FILES.wording(name, locale).unwrap();
    texts.extend(
        changes
            .iter()
            .map(|(k, t)| ((*k).to_owned(), (*t).to_owned())),
    );
    texts
}

fn tried(name: &str, locale: &str, changes: &[(&str, &str)]) -> Trial {
    let texts = texts(name, locale, changes);
    FILES.trial((name, 2), (locale, &texts), &stand()).unwrap()
}

/// Key, line and the beginning of the reason of each fault.
fn said(trial: &Trial) -> Vec<(String, usize, String)> {
    let all = trial.faults().iter();
    let short = |reason: &str| reason.chars().take(44).collect();
    all.map(|f| (f.key.clone().unwrap_or_default(), f.line, short(&f.reason)))
        .collect()
}

#[test]
fn faults_name_the_text_and_the_line_in_it() {
    for (changes, expected) in [
        (vec![], vec![]),
        (
            vec![("body", "One\n\n{{ order.nummer }}\n")],
            vec![("body", 3, "`.nummer` is not declared in schema.json")],
        ),
        (
            vec![("body", "One\n\nTwo\n{{ order.url }}")],
            vec![("body", 4, "prints a value that is missing: put `{% if %")],
        ),
        (
            vec![("title", "A\n{% if order.url %}")],
            vec![("title", 2, "unexpected end of input, expected end of bl")],
        ),
        (
            vec![("body", "Hello.\n\nPlease\nconfirm your\npassword soon.")],
            vec![("body", 4, "the guard stops the body at \"confirm your pa")],
        ),
        (
            vec![("title", "You’ve won"), ("subject", "{{ customer.email }}")],
            vec![
                ("subject", 1, "`.email` is not known; `customer` has name"),
                ("title", 1, "the guard stops the title at"),
            ],
        ),
        (vec![("subject", " \n")], vec![("subject", 1, "is empty")]),
        (
            vec![("title", "a\nb\u{0}")],
            vec![("title", 2, "has a character that is no text: U+0000")],
        ),
        (
            vec![("../../en.toml", "x"), ("sms", "x")],
            vec![
                (
                    "../../en.toml",
                    0,
                    "is not one of title, summary, subject, preh",
                ),
                ("sms", 0, "is not one of title, summary, subject, prehe"),
            ],
        ),
    ] {
        let trial = tried("order.confirmed", "en", &changes);
        let found = said(&trial);
        assert_eq!(found.len(), expected.len(), "{changes:?}: {found:?}");
        for ((key, line, reason), found) in expected.iter().zip(&found) {
            assert_eq!((*key, *line), (found.0.as_str(), found.1), "{found:?}");
            let short: String = reason.chars().take(20).collect();
            assert!(
                found.2.starts_with(&short) || found.0 == "subject",
                "{found:?}"
            );
        }
    }
}

#[test]
fn what_is_whole_is_shown_and_what_is_broken_is_named() {
    let brand = FILES.sample_brand();
    let sample = &FILES.samples("order.confirmed")[0];
    let changes = [
        ("title", "Got {{ order.number }}"),
        ("preheader", "{{ x }}"),
    ];
    let trial = tried("order.confirmed", "de", &changes);
    let preview = trial.preview(&brand, sample).unwrap();
    assert_eq!(preview.broken.iter().collect::<Vec<_>>(), ["preheader"]);
    let entry = preview.catalogue.get("order.confirmed").unwrap();
    let made = Short::of_sample(&preview.catalogue, &brand, (entry, sample), "de").unwrap();
    assert_eq!(made.content.title, "Got MG-48213");
    assert_eq!((made.content.template_version, entry.version), (2, 2));
    // Other locales, and what serves, say what they said.
    let of = |catalogue: &Catalogue, locale: &str| {
        let entry = catalogue.get("order.confirmed").unwrap();
        let made = Short::of_sample(catalogue, &brand, (entry, sample), locale);
        made.unwrap().content.title
    };
    assert_eq!(of(&preview.catalogue, "en"), of(&FILES, "en"));
    assert_eq!(of(&FILES, "de"), "Bestellung MG-48213 ist bestätigt");
}

#[test]
fn a_text_that_fails_with_one_sample_is_shown_with_the_others() {
    // Fine with the whole sample, wrong where the value is missing.
    let changes = [("title", "By {{ order.estimated_delivery | date }}")];
    let trial = tried("order.confirmed", "en", &changes);
    assert_eq!(trial.faults().len(), 1, "{:?}", trial.faults());
    assert_eq!(trial.faults()[0].key.as_deref(), Some("title"));
    let sample = &FILES.samples("order.confirmed")[0];
    let preview = trial.preview(&FILES.sample_brand(), sample).unwrap();
    assert!(preview.broken.is_empty());
}

#[test]
fn an_exception_lets_one_rule_through_for_one_version() {
    let texts = texts(
        "order.confirmed",
        "en",
        &[("title", "You’ve won: {{ order.number }}")],
    );
    let rules = |version: u32, excepted: u32| {
        let exception = Exception {
            rule: Rule::Bait,
            message_type: "order.confirmed".into(),
            template_version: excepted,
        };
        let stand = Stand {
            exceptions: [exception].into_iter().collect(),
            ..stand()
        };
        let trial = FILES.trial(("order.confirmed", version), ("en", &texts), &stand);
        let trial = trial.unwrap();
        let stopped = trial.faults().iter().filter_map(|f| f.stopped.clone());
        stopped.map(|(rule, _)| rule).collect::<Vec<_>>()
    };
    assert!(rules(2, 3).contains(&Rule::Bait));
    assert_eq!(rules(2, 2), []);
}

#[test]
fn odd_types_and_locales_are_no_trial() {
    let none = Texts::new();
    for (name, locale) in [
        ("no.such", "en"),
        ("order.confirmed", "xx"),
        ("order.confirmed", "../en"),
        ("order.confirmed", "en.toml"),
        ("order.confirmed", ""),
        ("", "en"),
    ] {
        let trial = FILES.trial((name, 2), (locale, &none), &stand());
        assert!(trial.is_none(), "{name} {locale}");
    }
}

#[test]
fn hostile_texts_are_refused_in_little_time() {
    let nested = format!(
        "{}x{}",
        "{% if order.url %}".repeat(10_000),
        "{% endif %}".repeat(10_000)
    );
    let loops = "{% for a in order.items %}{% for b in order.items %}{{ a.title }}{{ b.title }}\
        {% endfor %}{% endfor %}"
        .repeat(100);
    for text in [
        "a".repeat(1 << 20),
        nested[..LONGEST].to_owned(),
        format!(
            "{}x{}",
            "{% if order.url %}".repeat(500),
            "{% endif %}".repeat(500)
        ),
        format!(
            "{{{{ {}order.number{} }}}}",
            "(".repeat(5_000),
            ")".repeat(5_000)
        ),
        format!("{{{{ order.number{} }}}}", " | upper".repeat(1_800)),
        format!("{{{{ {} order.url }}}}", "not ".repeat(3_500)),
        "{{".repeat(4_000),
        "\u{0}".to_owned(),
        "\u{202e}moc.live\u{202c} order {{ order.number }}".to_owned(),
        loops,
    ] {
        for key in ["title", "body"] {
            let began = Instant::now();
            let trial = tried("order.confirmed", "en", &[(key, &text)]);
            let shown: String = text.chars().take(30).collect();
            let odd =
                !trial.faults().is_empty() || text.contains("for a in") || text.contains("upper");
            assert!(odd, "{key}: {shown}");
            let sample = &FILES.samples("order.confirmed")[0];
            let _ = trial.preview(&FILES.sample_brand(), sample);
            assert!(began.elapsed() < Duration::from_secs(20), "{key}: {shown}");
        }
    }
}

#[test]
fn a_locale_that_the_type_lacks_can_be_begun() {
    let mut files = FILES.clone();
    let mut typed = (*files.types["order.confirmed"]).clone();
    typed.entry.locales.remove("fr");
    typed.texts.remove("fr");
    files
        .types
        .insert("order.confirmed".into(), Arc::new(typed));
    let texts = FILES.wording("order.confirmed", "fr").unwrap();
    let trial = files.trial(("order.confirmed", 2), ("fr", &texts), &stand());
    assert_eq!(trial.unwrap().faults(), []);
    let mut part = texts.clone();
    part.remove("subject");
    let trial = files
        .trial(("order.confirmed", 2), ("fr", &part), &stand())
        .unwrap();
    assert_eq!(said(&trial), [("subject".into(), 0, "is missing".into())]);
}

#[test]
fn a_secret_stays_where_it_is() {
    let trial = tried("security.code", "en", &[("sms", "{{ brand.name }}: hello")]);
    assert_eq!(said(&trial)[0].0, "sms");
    let trial = tried("security.code", "en", &[("title", "{code}")]);
    assert_eq!(said(&trial)[0].0, "title");
    let sample = &FILES.samples("security.code")[0];
    assert!(trial.preview(&FILES.sample_brand(), sample).is_ok());
}

/// Pieces that templates are made of, and such that they are not.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<char>().prop_map(String::from),
        "[a-z {}%|\"'()\n]{0,12}",
        prop::sample::select(vec![
            "{{ order.number }}",
            "{{ order.number | upper }}",
            "{{",
            "}}",
            "{% if order.url %}",
            "{% else %}",
            "{% endif %}",
            "{% for item in order.items %}",
            "{{ item.title }}",
            "{% endfor %}",
            "{{ order.total | money(order.currency) }}",
            "{% raw %}",
            "{#",
            "https://bit.ly/x",
            "Confirm your password",
            "\u{202e}",
            "\u{0}",
        ])
        .prop_map(str::to_owned),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever is typed is answered, and what has no fault can be shown with every sample.
    #[test]
    fn whatever_is_typed_is_answered(
        key in prop::sample::select(vec!["title", "summary", "subject", "preheader", "body"]),
        pieces in prop::collection::vec(piece(), 0..24),
    ) {
        let text = pieces.concat();
        let trial = tried("order.confirmed", "en", &[(key, &text)]);
        let lines = text.split('\n').count();
        for fault in trial.faults() {
            prop_assert!(fault.key.as_deref() != Some(key) || fault.line <= lines, "{fault}");
        }
        for sample in FILES.samples("order.confirmed") {
            let preview = trial.preview(&FILES.sample_brand(), sample);
            if trial.faults().is_empty() {
                prop_assert!(preview.unwrap().broken.is_empty());
            }
        }
    }
}
