//! Words where they meet values: full stops, and lists with nothing in them.

use model::Channel;
use serde_json::Value;

use super::shipped;
use crate::catalogue::Sample;
use crate::render::{self, Short};

/// Where two full stops meet that are no ellipsis.
fn doubled(text: &str) -> Option<&str> {
    let is_pair = |at: &usize| !text[..*at].ends_with('.') && !text[at + 2..].starts_with('.');
    let mut pairs = text.match_indices("..").map(|(at, _)| at);
    pairs.find(is_pair).map(|_| text)
}

#[test]
fn an_hour_that_ends_with_a_full_stop_ends_the_sentence() {
    let catalogue = shipped();
    let brand = catalogue.sample_brand();
    let mut hours = 0;
    for entry in catalogue.types() {
        for sample in catalogue.samples(&entry.name) {
            let made = Short::of_sample(&catalogue, &brand, (entry, sample), "es-MX").unwrap();
            let content = &made.content;
            let card = render::card(&catalogue, content).unwrap();
            let mut texts = vec![&content.title, &content.summary, &content.text];
            texts.extend(&card.paragraphs);
            let mail = entry
                .takes(Channel::Email)
                .then(|| render::mail(&catalogue, &brand, content).unwrap());
            if let Some(mail) = &mail {
                texts.extend([&mail.subject, &mail.preheader, &mail.text, &mail.html]);
            }
            for text in texts {
                assert_eq!(doubled(text), None, "{}", entry.name);
                hours += usize::from(text.contains("m."));
            }
        }
    }
    assert!(hours > 10, "{hours}");
}

fn emptied(value: &mut Value) {
    match value {
        Value::Array(entries) => entries.clear(),
        Value::Object(inner) => inner.values_mut().for_each(emptied),
        _ => {}
    }
}

#[test]
fn lists_with_nothing_in_them_leave_no_comma_behind() {
    let catalogue = shipped();
    let brand = catalogue.sample_brand();
    for entry in catalogue.types() {
        for sample in catalogue.samples(&entry.name) {
            let mut sample: Sample = sample.clone();
            let before = sample.data.clone();
            sample.data.values_mut().for_each(emptied);
            if sample.data == before {
                continue;
            }
            for bare in [false, true] {
                if bare {
                    sample.data = crate::catalogue::samples::bare(entry, &sample.data);
                }
                for locale in super::LOCALES {
                    let made = Short::of_sample(&catalogue, &brand, (entry, &sample), locale);
                    let content = made.unwrap().content;
                    let card = render::card(&catalogue, &content).unwrap();
                    let short = [&content.title, &content.summary, &content.text];
                    for text in short.into_iter().chain(&card.paragraphs) {
                        let odd = [
                            ". ,", ". ،", ": .", ": 。", "：。", ", ,", "。、", " ،", " ,",
                        ];
                        let found = odd.into_iter().find(|odd| text.contains(odd));
                        assert_eq!(found, None, "{} {locale}: {text}", entry.name);
                        let first = text.trim_start().chars().next();
                        let hangs = first.is_some_and(|c| ",.:;،、。：".contains(c));
                        assert!(!hangs, "{} {locale}: {text}", entry.name);
                    }
                }
            }
        }
    }
    let entry = catalogue.get("order.confirmed").unwrap();
    let mut sample = catalogue.samples("order.confirmed")[0].clone();
    sample.data.values_mut().for_each(emptied);
    sample.data = crate::catalogue::samples::bare(entry, &sample.data);
    let made = Short::of_sample(&catalogue, &brand, (entry, &sample), "en").unwrap();
    assert_eq!(made.content.summary, "R$284.80.");
}
