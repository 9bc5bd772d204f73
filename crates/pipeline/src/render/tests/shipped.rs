//! The shipped catalogue, rendered with its samples.

use channels::{National, sms_segments};
use model::Channel;

use super::*;

fn show_card(card: &Card) -> String {
    let mut shown = card.paragraphs.join("\n\n");
    shown.push('\n');
    for (label, value) in &card.facts {
        shown.push_str(&format!("\n{label}: {value}"));
    }
    for item in &card.items {
        shown.push_str(&format!(
            "\n- {} × {} {}",
            item.quantity, item.title, item.price
        ));
    }
    if let Some(total) = &card.total {
        shown.push_str(&format!("\n= {total}"));
    }
    for step in &card.track {
        shown.push_str(&format!("\n{:?} {}", step.state, step.label));
    }
    shown
}

/// Everything of one message as people read it.
fn show(catalogue: &Catalogue, name: &str, data: &Map<String, Value>, locale: &str) -> String {
    let made = made(catalogue, name, data, locale);
    let stored = &made.content;
    let entry = catalogue.get(name).unwrap();
    let mut shown = format!(
        "from: {}\ntitle: {}\nsummary: {}\n",
        made.content.sender, made.content.title, made.content.summary
    );
    if entry.takes(Channel::Sms) {
        let segments = sms_segments(&made.content.text, true, National::NONE);
        shown.push_str(&format!(
            "\n--- text, {} part(s) {:?}\n{}\n",
            segments.parts, segments.expensive, made.content.text
        ));
    }
    let card = card(catalogue, stored).unwrap();
    shown.push_str(&format!("\n--- card\n{}\n", show_card(&card)));
    if entry.takes(Channel::Email) {
        let mail = mail(catalogue, &marigold(), stored).unwrap();
        // The card is in it, and stands above.
        let frame: Vec<&str> = mail
            .text
            .lines()
            .filter(|line| !card.paragraphs.iter().any(|paragraph| paragraph == line))
            .collect();
        shown.push_str(&format!(
            "\n--- mail\nSubject: {}\nPreheader: {}\n\n{}\n",
            mail.subject,
            mail.preheader,
            frame.join("\n")
        ));
    }
    shown
}

fn made(catalogue: &Catalogue, name: &str, data: &Map<String, Value>, locale: &str) -> Short {
    let mut event = event(name, data);
    short_forms(catalogue, &marigold(), &mut event, &customer(locale)).unwrap()
}

#[test]
fn every_type_channel_locale_and_sample_reads_as_written() {
    let catalogue = shipped();
    for entry in catalogue.types() {
        let mut all = String::new();
        for locale in LOCALES {
            for sample in catalogue.samples(&entry.name) {
                let shown = show(catalogue, &entry.name, &sample.data, locale);
                all.push_str(&format!("=== {locale} {}\n{shown}\n", sample.name));
            }
        }
        insta::assert_snapshot!(entry.name.clone(), all);
    }
}

#[test]
fn amounts_and_dates_follow_the_country() {
    let catalogue = shipped();
    for locale in ["en-GB", "es-MX", "fr-CA", "de-CH", "pt-PT", "ar-SA"] {
        let sample = catalogue.sample("order.confirmed").unwrap();
        let shown = show(catalogue, "order.confirmed", sample, locale);
        insta::assert_snapshot!(format!("country.{locale}"), shown);
    }
}

#[test]
fn the_html_of_a_mail_reads_as_written() {
    let catalogue = shipped();
    for (name, locale) in [
        ("order.confirmed", "pt-BR"),
        ("shipment.reminder", "en-GB"),
        ("order.cancelled", "ar-EG"),
    ] {
        let made = made(catalogue, name, catalogue.sample(name).unwrap(), locale);
        let stored = &made.content;
        let mail = mail(catalogue, &marigold(), stored).unwrap();
        insta::assert_snapshot!(format!("html.{name}.{locale}"), mail.html);
    }
}

/// Texts cost by the part; what takes more than one is on this list: codes in scripts of 70
/// characters a part, whose last line for the phone alone takes 25.
const TWO_PARTS: &[(&str, &str)] = &[
    // What an answer to HELP has to say is more than seventy characters hold.
    ("consent.texts_help", "ar-EG"),
    ("consent.texts_help", "ja-JP"),
    ("security.code", "ar-EG"),
    ("security.step_up_code", "ar-EG"),
    ("security.step_up_code", "ja-JP"),
    ("security.verification_code", "ar-EG"),
];

#[test]
fn every_text_fits_one_part() {
    let catalogue = shipped();
    let mut longer = Vec::new();
    for entry in catalogue.types().filter(|entry| entry.takes(Channel::Sms)) {
        for (locale, sample) in LOCALES.iter().flat_map(|locale| {
            catalogue
                .samples(&entry.name)
                .iter()
                .map(move |s| (locale, s))
        }) {
            let made = made(catalogue, &entry.name, &sample.data, locale);
            let text = made.text();
            let segments = sms_segments(&text, true, National::NONE);
            let listed = TWO_PARTS.contains(&(entry.name.as_str(), *locale));
            if segments.parts != 1 + usize::from(listed) {
                longer.push(format!(
                    "{} in {locale}: {} parts, {} characters, outside the alphabet {:?}: {text}",
                    entry.name,
                    segments.parts,
                    text.chars().count(),
                    segments.expensive
                ));
            }
        }
    }
    assert!(longer.is_empty(), "{}", longer.join("\n"));
}

#[test]
fn a_code_is_in_the_text_only_and_only_after_the_hand_over() {
    let catalogue = shipped();
    let sample = catalogue.sample("security.code").unwrap();
    let made = short_forms(
        catalogue,
        &marigold(),
        &mut event("security.code", sample),
        &customer("en-US"),
    )
    .unwrap();
    let secret = made.secret.clone().unwrap();
    let kept = format!(
        "{made:?}{}",
        serde_json::to_string(&made.content.data).unwrap()
    );
    assert!(!kept.contains(secret.open()), "{kept}");
    let filled = fill_secret(&made.content.text, &secret);
    assert!(
        filled.open().ends_with("\n@marigold.example #493817"),
        "{}",
        filled.open()
    );
    assert_eq!(filled.open().matches("493817").count(), 2);
    let stored = &made.content;
    assert!(matches!(
        mail(catalogue, &marigold(), stored),
        Err(RenderError::UnknownType(_))
    ));
}

#[test]
fn links_lead_home_or_nowhere() {
    let catalogue = shipped();
    let mut data = catalogue.sample("order.confirmed").unwrap().clone();
    data["order"]["url"] = "https://marigold.example.evil.example/".into();
    let refused = short_forms(
        catalogue,
        &marigold(),
        &mut event("order.confirmed", &data),
        &customer("en"),
    );
    assert_eq!(
        refused.unwrap_err(),
        RenderError::BadData {
            pointer: "/data/order/url".into(),
            reason: "a link may only lead to marigold.example".into()
        }
    );
    // A brand that has moved shows no link to its old domain.
    let sample = catalogue.sample("order.confirmed").unwrap();
    let made = short_forms(
        catalogue,
        &marigold(),
        &mut event("order.confirmed", sample),
        &customer("en"),
    )
    .unwrap();
    let moved = Brand {
        domain: "calendula.example".into(),
        ..marigold()
    };
    let stored = &made.content;
    let before = mail(catalogue, &marigold(), stored).unwrap();
    let after = mail(catalogue, &moved, stored).unwrap();
    assert!(before.html.contains("/orders/MG-48213") && before.text.contains("/orders/MG-48213"));
    assert!(!after.html.contains("/orders/MG-48213") && !after.text.contains("/orders/MG-48213"));
}

#[test]
fn a_long_order_number_is_short_in_the_title_and_whole_in_the_body() {
    let catalogue = shipped();
    let number = "7033745709b7cf1bac7d2533663592de";
    let mut data = catalogue.sample("order.confirmed").unwrap().clone();
    data["order"]["number"] = number.into();
    let made = short_forms(
        catalogue,
        &marigold(),
        &mut event("order.confirmed", &data),
        &customer("en"),
    )
    .unwrap();
    assert_eq!(made.content.title, "Order 70337457… is confirmed");
    assert_eq!(made.content.order.as_deref(), Some(number));
    let stored = &made.content;
    assert!(card(catalogue, stored).unwrap().paragraphs[1].contains(number));
}

/// What a month is called must not make the same text dear.
#[test]
fn no_month_and_no_day_makes_a_text_dear() {
    let catalogue = shipped();
    let mut dear = Vec::new();
    for entry in catalogue.types() {
        for locale in ["en-US", "es-ES", "pt-BR", "de-DE", "fr-FR"] {
            let sample = catalogue
                .sample(&entry.name)
                .expect("every type has a sample");
            let whole = serde_json::to_string(sample).expect("it is JSON");
            let mut months: Vec<String> = Vec::new();
            for day in (1..=12).map(|month| format!("2026-{month:02}-{:02}", month + 9)) {
                let data = whole
                    .replace("2026-03-10", &day)
                    .replace("2026-03-11", &day);
                let data = serde_json::from_str(&data).expect("days have one length");
                let mut event = event(&entry.name, &data);
                let made = short_forms(catalogue, &marigold(), &mut event, &customer(locale));
                let text = made.expect("samples render").content.text;
                let letters =
                    channels::sms_segments(&text, true, channels::National::NONE).expensive;
                let letters: String = letters.into_iter().collect();
                if !months.contains(&letters) {
                    months.push(letters);
                }
            }
            if months.len() > 1 {
                dear.push(format!("{} {locale}: {months:?}", entry.name));
            }
        }
    }
    assert!(dear.is_empty(), "{}", dear.join("\n"));
}
