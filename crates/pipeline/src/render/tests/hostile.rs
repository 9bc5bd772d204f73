//! Data that means harm: markup, template syntax, control characters, endless strings.

use guard::Rule;
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn confirmed(title: &str) -> Map<String, Value> {
    let data = json!({"order": {
        "number": "A1", "currency": "EUR", "total": "1.00",
        "items": [{"title": title, "quantity": 1, "price": "1.00"}]
    }});
    data.as_object().expect("an object").clone()
}

fn fault(catalogue: &Catalogue, event_type: &str, data: Value) -> RenderError {
    let data = data.as_object().expect("an object").clone();
    short_forms(
        catalogue,
        &marigold(),
        &mut event(event_type, &data),
        &customer("en"),
    )
    .unwrap_err()
}

#[test]
fn markup_and_template_syntax_are_only_text() {
    let catalogue = shipped();
    let hostile = "<script>alert('1')</script>{{ brand.name }}{% if %}\" onload=\"x&amp;";
    let named = Customer {
        name: Sealed::new("<b>{{ order }}</b>"),
        ..customer("en")
    };
    let made = short_forms(
        catalogue,
        &marigold(),
        &mut event("order.confirmed", &confirmed(hostile)),
        &named,
    )
    .unwrap();
    assert!(made.content.summary.contains(hostile));
    let mail = mail(catalogue, &marigold(), &made.content).unwrap();
    assert!(!mail.html.contains("<script") && !mail.html.contains("<b>"));
    assert!(!mail.html.contains("onload=\"x"));
    assert!(mail.html.contains(
        "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;{{ brand.name }}{% if %}&quot; onload=&quot;x&amp;amp;"
    ));
    assert!(mail.text.contains(hostile) && mail.text.contains("<b>{{ order }}</b>"));
}

#[test]
fn values_that_would_break_a_promise_are_stopped_where_they_stand() {
    let catalogue = Catalogue::load(None).unwrap();
    let own = guard::Own::default();
    let guard = catalogue.guard(own, ("marigold.example", "Marigold"));
    for (title, rule) in [
        ("Lamp, see evil.com/x", Rule::ForeignLink),
        ("Lamp, see marig0ld.example", Rule::LookAlike),
        ("Lamp. Call 08712402050 now", Rule::ForeignNumber),
        ("Send us your password", Rule::AsksSecret),
        ("{{ brand.name }}", Rule::Gap),
        ("La\u{200b}mp", Rule::Hidden),
    ] {
        let made = short_forms(
            &catalogue,
            &marigold(),
            &mut event("order.confirmed", &confirmed(title)),
            &customer("en"),
        )
        .unwrap();
        let stored = &made.content;
        let found = check_short(&guard, &made);
        assert_eq!(
            found.first().map(|f| (f.rule, &*f.part)),
            Some((rule, "summary")),
            "{title}"
        );
        assert!(!found[0].to_string().contains(title));
        let values = check_values(&guard, &catalogue, &made);
        assert_eq!(
            values.first().map(|f| (f.rule, &*f.part)),
            Some((rule, "/data/order/items/0/title")),
            "{title}"
        );
        let mail = mail(&catalogue, &marigold(), stored).unwrap();
        let found = check_mail(&guard, stored, &mail);
        assert!(
            found
                .iter()
                .any(|f| f.rule == rule && f.part == "mail text"),
            "{title}: {found:?}"
        );
    }
}

#[test]
fn nobody_else_goes_by_our_name() {
    let catalogue = shipped();
    let own = guard::Own::default();
    let guard = catalogue.guard(own, ("marigold.example", "Marigold"));
    let stopped = |seller: &str| {
        let data = json!({"seller": {"name": seller}, "conversation": {"text": "Is it blue?"}});
        let data = data.as_object().expect("an object").clone();
        let mut event = event("conversation.message", &data);
        let made = short_forms(catalogue, &marigold(), &mut event, &customer("en")).unwrap();
        let found = check_short(&guard, &made).into_iter();
        found.map(|f| (f.rule, f.part)).collect::<Vec<_>>()
    };
    for seller in [
        "Marigold",
        "Marigold support",
        "MARIGOLD",
        "Team Mar\u{456}gold",
    ] {
        assert_eq!(
            stopped(seller),
            [(Rule::LookAlike, "sender".into())],
            "{seller}"
        );
    }
    for seller in ["Ines & Sons", "Golden Mary"] {
        assert_eq!(stopped(seller), [], "{seller}");
    }
}

#[test]
fn endless_data_is_a_short_error() {
    let catalogue = shipped();
    let long = "x".repeat(10_000_000);
    let error = fault(
        catalogue,
        "order.confirmed",
        Value::Object(confirmed(&long)),
    );
    assert_eq!(
        error.to_string(),
        "/data/order/items/0/title: the data has more than 65536 bytes"
    );
    let many = json!({"order": {"number": "1", "currency": "EUR", "total": "1", "items":
        vec![json!({"title": "x"}); 501]}});
    let error = fault(catalogue, "order.confirmed", many);
    assert_eq!(
        error.to_string(),
        "/data/order/items: has at most 500 entries, not 501"
    );
    // What no type declares is not read at all.
    let mut ignored = confirmed("lamp");
    ignored.insert("note".into(), long.clone().into());
    let made = short_forms(
        catalogue,
        &marigold(),
        &mut event("order.confirmed", &ignored),
        &customer("en"),
    )
    .unwrap();
    assert!(made.content.data.get("note").is_none());
    let mut unknown = event(&long, &Map::new());
    let error = short_forms(catalogue, &marigold(), &mut unknown, &customer("en")).unwrap_err();
    assert!(error.to_string().len() < 200);
}

#[test]
fn faults_name_the_place_and_never_the_value() {
    let catalogue = shipped();
    for (data, expected) in [
        (json!({}), "/data/order: is missing"),
        (json!({"order": 7}), "/data/order: is not an object"),
        (
            json!({"order": {"number": " \n", "currency": "EUR", "total": "1", "items": []}}),
            "/data/order/number: is missing",
        ),
        (
            json!({"order": {"number": "1", "currency": "euro", "total": "1", "items": []}}),
            "/data/order/currency: is not a currency code like `BRL`",
        ),
        (
            json!({"order": {"number": "1", "currency": "EUR", "total": "1e9", "items": []}}),
            "/data/order/total: is not an amount like \"161.86\"",
        ),
        (
            json!({"order": {"number": "1", "currency": "EUR", "total": "1", "items": [1]}}),
            "/data/order/items/0: is not an object",
        ),
        (
            json!({"order": {"number": "1", "currency": "EUR", "total": "1", "items": [], "placed_at": "2026-01-01"}}),
            "/data/order/placed_at: is not a date and time like 2026-01-31T09:30:00Z",
        ),
    ] {
        let error = fault(catalogue, "order.confirmed", data);
        assert_eq!(error.to_string(), expected);
        assert_eq!(error.failure_reason(), FailureReason::BadData);
    }
    let error = fault(
        catalogue,
        "security.code",
        json!({"code": "493817; call us"}),
    );
    assert_eq!(
        error.to_string(),
        "/data/code: is not a code of 4 to 12 letters, digits or dashes with 1 to 8 digits (6 beside letters) and at most 8 letters"
    );
    let error = fault(catalogue, "no.such", json!({}));
    assert_eq!(error.failure_reason(), FailureReason::UnknownType);
}

#[test]
fn ten_parts_are_the_most_a_text_may_take() {
    let catalogue = shipped();
    let long = Brand {
        name: "M".repeat(3_000),
        ..marigold()
    };
    let sample = catalogue.sample("shipment.delayed").unwrap();
    let error = short_forms(
        catalogue,
        &long,
        &mut event("shipment.delayed", sample),
        &customer("en"),
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "catalogue/types/shipment.delayed/en.toml:3: `sms` gives a text of more than 10 parts"
    );
}

/// Text as an attacker would write it.
fn nasty() -> impl Strategy<Value = String> {
    proptest::collection::vec(
        prop_oneof![
            any::<char>().prop_map(String::from),
            Just("\r\nBcc: x@y.example\r\n".to_owned()),
            Just("\u{202e}".to_owned()),
            Just("\u{2066}".to_owned()),
            Just("<img src=x onerror=alert(1)>".to_owned()),
            Just("{{ 7 }}{% for %}{code}".to_owned()),
            Just("\u{0}\u{1b}[31m".to_owned()),
        ],
        0..24,
    )
    .prop_map(|parts| parts.concat())
}

fn is_clean_line(text: &str) -> bool {
    !text.chars().any(|c| {
        c.is_control()
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn short_forms_stay_one_clean_line(item in nasty(), name in nasty(), reason in nasty()) {
        let catalogue = shipped();
        let named = Customer { name: Sealed::new(name), ..customer("pt-BR") };
        let mut data = catalogue.sample("shipment.attempt_failed").expect("a sample").clone();
        data["reason"] = reason.into();
        data["shipment"]["pickup_point"] = item.clone().into();
        data["order"]["number"] = format!("N{item}").into();
        let made = short_forms(catalogue, &marigold(), &mut event("shipment.attempt_failed", &data), &named);
        let made = made.expect("data of the right shape renders");
        for line in [&made.content.title, &made.content.summary, &made.content.sender] {
            prop_assert!(is_clean_line(line), "{line:?}");
        }
        prop_assert!(made.content.text.lines().all(is_clean_line), "{:?}", made.content.text);
        prop_assert!(channels::sms_segments(&made.content.text, true, channels::National::NONE).parts <= 10);
    let stored = &made.content;
        let mail = mail(catalogue, &marigold(), stored).expect("a mail");
        prop_assert!(is_clean_line(&mail.subject) && is_clean_line(&mail.preheader));
        prop_assert!(!mail.html.contains("<img"));
        let tags = |html: &str| html.matches('<').count();
        let plain = mail_of(catalogue, "plain");
        prop_assert!(tags(&mail.html) <= tags(&plain), "data made a tag");
    }

    #[test]
    fn any_json_is_rendered_or_refused(data in json_value(), at in 0..77_usize) {
        let catalogue = shipped();
        let name = catalogue.types().nth(at).expect("so many types").name.clone();
        let data = match data { Value::Object(map) => map, other => Map::from_iter([("order".to_owned(), other)]) };
        let _ = short_forms(catalogue, &marigold(), &mut event(&name, &data), &customer("es"));
    }
}

fn mail_of(catalogue: &Catalogue, reason: &str) -> String {
    let mut data = catalogue
        .sample("shipment.attempt_failed")
        .expect("a sample")
        .clone();
    data["reason"] = reason.into();
    let made = short_forms(
        catalogue,
        &marigold(),
        &mut event("shipment.attempt_failed", &data),
        &customer("pt-BR"),
    )
    .expect("the sample renders");
    let stored = &made.content;
    mail(catalogue, &marigold(), stored).expect("a mail").html
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[ -~]{0,12}".prop_map(Value::from),
        Just(Value::from("2026-01-31")),
        Just(Value::from("12.50")),
        Just(Value::from("EUR")),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let key = prop_oneof![
            Just("order"),
            Just("shipment"),
            Just("items"),
            Just("number"),
            Just("title"),
            Just("total"),
            Just("currency"),
            Just("expected"),
            Just("reason"),
            Just("code"),
            Just("_"),
        ];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((key, inner), 0..6).prop_map(|pairs| {
                Value::Object(
                    pairs
                        .into_iter()
                        .map(|(key, value)| (key.to_owned(), value))
                        .collect(),
                )
            }),
        ]
    })
}
