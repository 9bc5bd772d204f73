//! What customers are told of a decision, and of a delivery's state.

use model::{Category, Channel, Lane, PurposeClass, Rule, Spoke, Trace, Verdict};

use super::{LOCALES, shipped};

/// Every code that a rule may give, with what fills its gaps.
pub(crate) const CODES: &[(Rule, Verdict, &str, &str)] = &[
    (
        Rule::UsefulUntil,
        Verdict::Stop,
        "late",
        "2016-10-04T17:46:48Z",
    ),
    (Rule::Sequence, Verdict::Stop, "late", ""),
    (Rule::Sequence, Verdict::Stop, "same", ""),
    (Rule::Sequence, Verdict::Stop, "newer", ""),
    (Rule::Matrix, Verdict::Pass, "default", ""),
    (Rule::Matrix, Verdict::Pass, "offer", ""),
    (Rule::Matrix, Verdict::Pass, "urgent", ""),
    (Rule::Matrix, Verdict::Pass, "security", ""),
    (Rule::Matrix, Verdict::Stop, "not_urgent", ""),
    (Rule::Matrix, Verdict::Stop, "code_by_text_only", ""),
    (Rule::Matrix, Verdict::Stop, "other_address", ""),
    (Rule::Contact, Verdict::Stop, "address_changed", ""),
    (Rule::Contact, Verdict::Stop, "no_phone", ""),
    (Rule::Contact, Verdict::Stop, "no_email", ""),
    (
        Rule::Suppression,
        Verdict::Stop,
        "suppressed",
        "keyword_stop",
    ),
    (Rule::ContactHealth, Verdict::Pass, "proves", ""),
    (Rule::ContactHealth, Verdict::Stop, "bounced", ""),
    (Rule::ContactHealth, Verdict::Stop, "blocked", ""),
    (Rule::ContactHealth, Verdict::Stop, "recycled", ""),
    (
        Rule::Consent,
        Verdict::Pass,
        "given",
        "2016-09-01T15:00:00Z checkout",
    ),
    (Rule::Suppression, Verdict::Pass, "answers", "keyword_stop"),
    (Rule::Consent, Verdict::Pass, "answers", ""),
    (Rule::Consent, Verdict::Pass, "not_needed", ""),
    (Rule::Consent, Verdict::Stop, "missing", ""),
    (
        Rule::Consent,
        Verdict::Stop,
        "withdrawn",
        "2016-09-02T15:00:00Z",
    ),
    (
        Rule::Consent,
        Verdict::Stop,
        "number_unknown",
        "br-express-consent",
    ),
    (Rule::FrequencyCap, Verdict::Stop, "too_late", "1"),
    (Rule::FrequencyCap, Verdict::Stop, "never", "0"),
    (
        Rule::FrequencyCap,
        Verdict::Hold,
        "offers_day",
        "2016-10-05T12:00:00Z 1",
    ),
    (
        Rule::FrequencyCap,
        Verdict::Hold,
        "offers_week",
        "2016-10-05T12:00:00Z 3",
    ),
    (
        Rule::FrequencyCap,
        Verdict::Hold,
        "texts_day",
        "2016-10-05T12:00:00Z 10",
    ),
    (
        Rule::FrequencyCap,
        Verdict::Hold,
        "region",
        "2016-10-05T12:00:00Z us-fl-texts",
    ),
    (Rule::Preference, Verdict::Stop, "switched_off", ""),
    (Rule::Preference, Verdict::Stop, "urgent_only", ""),
    (Rule::Preference, Verdict::Stop, "elsewhere", ""),
    (Rule::Budget, Verdict::Stop, "spent", "promotions"),
    (Rule::Sender, Verdict::Stop, "none", ""),
    (
        Rule::QuietHours,
        Verdict::Hold,
        "own",
        "2016-10-04T12:00:00Z",
    ),
    (
        Rule::QuietHours,
        Verdict::Hold,
        "region",
        "2016-10-04T12:00:00Z us-federal-hours",
    ),
    (Rule::QuietHours, Verdict::Stop, "too_late", ""),
    (Rule::Matrix, Verdict::Pass, "digest", ""),
    (Rule::Matrix, Verdict::Stop, "other_way", ""),
    (Rule::Digest, Verdict::Hold, "daily", "2016-10-05T12:00:00Z"),
    (
        Rule::Digest,
        Verdict::Hold,
        "weekly",
        "2016-10-10T12:00:00Z",
    ),
    (Rule::Digest, Verdict::Stop, "read", ""),
    (Rule::Digest, Verdict::Stop, "gone", ""),
    (Rule::Digest, Verdict::Stop, "newer", ""),
    (Rule::Digest, Verdict::Stop, "many", ""),
    (Rule::Mode, Verdict::Pass, "test", ""),
    (Rule::Mode, Verdict::Stop, "test", ""),
    (Rule::Mode, Verdict::Pass, "team", ""),
    (Rule::Mode, Verdict::Stop, "team_only", ""),
    (Rule::Route, Verdict::Pass, "sms", ""),
    (Rule::Route, Verdict::Pass, "email", ""),
];

#[test]
fn every_code_has_a_sentence_of_its_own_in_every_locale() {
    let catalogue = shipped();
    for locale in LOCALES {
        for (rule, verdict, why, with) in CODES {
            let key = format!("why.{rule}.{verdict}.{why}");
            assert!(
                catalogue.words.text(locale, &key).is_some(),
                "{key} in {locale}"
            );
            let trace = Trace(vec![Spoke {
                rule: *rule,
                verdict: *verdict,
                channel: Some(Channel::Sms),
                why: (*why).into(),
                with: (*with).into(),
            }]);
            let sentences = catalogue.explain(&trace, locale, "America/Sao_Paulo");
            assert_eq!(sentences[0].channel, Some(Channel::Sms));
            let text = &sentences[0].text;
            assert!(
                text.len() > 10 && !text.contains(['{', '}', '!']),
                "{key}: {text}"
            );
        }
    }
}

/// A rule's own file is read for the codes it may give: a new one without a sentence fails
/// here, whether or not any test makes the rule say it.
#[test]
fn no_rule_says_what_no_sentence_explains() {
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/src/decide");
    let mut found = 0;
    for rule in Rule::ALL {
        // The route is what remains; its codes are the channels.
        if *rule == Rule::Route {
            continue;
        }
        let file = format!("{rules}/{rule}.rs");
        let text = std::fs::read_to_string(&file).unwrap_or_else(|_| panic!("{file}"));
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        // What stands in quotation marks, as far as it can be a code.
        for code in text.split('"').skip(1).step_by(2) {
            let word = code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            if !word || code.len() < 2 || NO_CODES.contains(&code) {
                continue;
            }
            found += 1;
            let known = CODES
                .iter()
                .any(|(of, _, why, _)| of == rule && *why == code);
            assert!(
                known,
                "`{rule}` may say `{code}`, and CODES does not have it"
            );
        }
    }
    // Codes of the route and of the limits stand elsewhere.
    assert!(found > CODES.len() / 2, "{found} of {}", CODES.len());
}

/// Words in the files of rules that are keys of data.
const NO_CODES: [&str; 2] = ["order", "sequence"];

#[test]
fn every_word_of_a_rule_has_a_sentence_even_with_an_unknown_code() {
    let catalogue = shipped();
    for locale in LOCALES {
        for rule in Rule::ALL {
            for verdict in Verdict::ALL {
                let trace = Trace(vec![Spoke {
                    rule: *rule,
                    verdict: *verdict,
                    channel: None,
                    why: "brand_new".into(),
                    with: String::new(),
                }]);
                let said = catalogue.explain(&trace, locale, "UTC");
                assert!(!said[0].text.is_empty(), "{rule} {verdict} in {locale}");
            }
        }
    }
}

#[test]
fn a_consent_is_explained_with_its_day_and_place() {
    let catalogue = shipped();
    let trace = Trace(vec![Spoke {
        rule: Rule::Consent,
        verdict: Verdict::Pass,
        channel: Some(Channel::Sms),
        why: "given".into(),
        with: "2016-09-01T02:00:00Z checkout".into(),
    }]);
    for (locale, expected) in [
        (
            "en-US",
            "You allowed texts on August 31, 2016 (at checkout).",
        ),
        (
            "pt-PT",
            "Você autorizou SMS em 31 de agosto de 2016 (ao finalizar a compra).",
        ),
        (
            "es-MX",
            "Autorizaste SMS el 31 de agosto de 2016 (al finalizar la compra).",
        ),
        (
            "de-AT",
            "Sie haben Nachrichten per SMS am 31. August 2016 erlaubt (beim Bezahlen).",
        ),
        (
            "nl-NL",
            "You allowed texts on August 31, 2016 (at checkout).",
        ),
    ] {
        let said = catalogue.explain(&trace, locale, "America/Sao_Paulo");
        assert_eq!(said[0].text, expected, "{locale}");
    }
    let mut trace = trace;
    trace.0[0].with = "2016-09-01T02:00:00Z".into();
    let said = catalogue.explain(&trace, "en-GB", "America/Sao_Paulo");
    assert_eq!(said[0].text, "You allowed texts on 31 August 2016.");
}

#[test]
fn a_reason_that_staff_wrote_is_not_read_out_to_the_customer() {
    let catalogue = shipped();
    for (with, expected) in [
        (
            "keyword_stop",
            "Sending texts to that address was stopped: you asked us to stop.",
        ),
        (
            "free_words_stop",
            "Sending texts to that address was stopped: you asked us to stop.",
        ),
        (
            "rude on the phone",
            "Sending texts to that address was stopped.",
        ),
    ] {
        let trace = Trace(vec![Spoke {
            rule: Rule::Suppression,
            verdict: Verdict::Stop,
            channel: Some(Channel::Sms),
            why: "suppressed".into(),
            with: with.into(),
        }]);
        assert_eq!(catalogue.explain(&trace, "en", "UTC")[0].text, expected);
    }
}

#[test]
fn every_state_has_a_name_in_every_locale() {
    let catalogue = shipped();
    let mut keys: Vec<String> = Vec::new();
    let mut add = |section: &str, words: Vec<&str>| {
        keys.extend(words.iter().map(|word| format!("{section}.{word}")));
    };
    let states = model::DeliveryState::ALL;
    add(
        "delivery_state",
        states.iter().map(|w| w.as_str()).collect(),
    );
    add("channel", Channel::ALL.iter().map(|w| w.as_str()).collect());
    add(
        "channels",
        Channel::ALL.iter().map(|w| w.as_str()).collect(),
    );
    add(
        "category",
        Category::ALL.iter().map(|w| w.as_str()).collect(),
    );
    add(
        "purpose",
        PurposeClass::ALL.iter().map(|w| w.as_str()).collect(),
    );
    add(
        "purposes",
        PurposeClass::ALL.iter().map(|w| w.as_str()).collect(),
    );
    add("lane", Lane::ALL.iter().map(|w| w.as_str()).collect());
    add(
        "mode",
        model::Mode::ALL.iter().map(|w| w.as_str()).collect(),
    );
    add("rule", Rule::ALL.iter().map(|w| w.as_str()).collect());
    add("verdict", Verdict::ALL.iter().map(|w| w.as_str()).collect());
    let receipts = model::ReceiptStatus::ALL;
    add("receipt", receipts.iter().map(|w| w.as_str()).collect());
    let failures = model::FailureReason::ALL;
    add("failure", failures.iter().map(|w| w.as_str()).collect());
    add(
        "outcome",
        vec![
            "accepted",
            "retry_later",
            "rejected",
            "unknown",
            "stopped",
            "in_doubt",
        ],
    );
    for locale in LOCALES {
        for key in &keys {
            assert!(
                catalogue.words.text(locale, key).is_some(),
                "{key} in {locale}"
            );
        }
    }
    assert_eq!(
        catalogue.word("pt-PT", "delivery_state.delivered"),
        "Entregue"
    );
    assert_eq!(catalogue.word("en", "no.such.key"), "no.such.key");
}
