//! `[[senders]]`: every identity that messages may come from or lead to. `[brand]`,
//! `[email]` and `[guard]` say the usual ones in short; a table about the same identity
//! stands in place of the short form.

use std::sync::Arc;

use pipeline::senders::{Kind, Registry, SenderFault, SenderFaults, Written};
use serde::Deserialize;
use toml::Spanned;

use super::Config;

/// `[[senders]]`: one identity.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sender {
    /// What it is: `short_code`, `sender_name`, `number`, `mail_domain`, `link_domain` or
    /// `call_number`.
    pub kind: String,
    /// The code, name, number or domain.
    pub value: String,
    /// Where it is ours, by two letters; everywhere if left out.
    #[serde(default)]
    pub countries: Vec<String>,
    /// Since when: a day or a moment.
    #[serde(default)]
    pub from: Option<toml::Value>,
    /// Until when: the last day, or a moment.
    #[serde(default)]
    pub until: Option<toml::Value>,
    /// What it is for, in one plain sentence that customers read.
    #[serde(default)]
    pub about: String,
}

/// Everything the configuration says of senders.
///
/// # Errors
/// Every fault, with its key and advice.
pub fn senders(config: &Config) -> Result<Arc<Registry>, SenderFaults> {
    read(config, "").map(Arc::new)
}

/// The same with the text, so that faults name lines.
pub(super) fn read(config: &Config, text: &str) -> Result<Registry, SenderFaults> {
    let mut written: Vec<Written> = config
        .senders
        .iter()
        .map(|sender| of_table(sender, text))
        .collect();
    for short in short_forms(config) {
        let same = |one: &Written| {
            one.kind == short.kind && one.value.trim().eq_ignore_ascii_case(short.value.trim())
        };
        if !written.iter().any(same) {
            written.push(short);
        }
    }
    let texts = |one: &Written| one.kind.parse().is_ok_and(Kind::sends_texts);
    let has_texts = written.iter().any(texts);
    let registry = Registry::new(written)?;
    if config.sms.is_some() && !has_texts {
        return Err(SenderFaults(vec![SenderFault {
            place: "brand.sms_sender".into(),
            reason: "there is nobody that texts may come from".into(),
            advice: "Set it, or add [[senders]] of the kind short_code, sender_name or number.",
        }]));
    }
    Ok(registry)
}

/// What the other sections say in short: of everywhere, for ever.
fn short_forms(config: &Config) -> Vec<Written> {
    let brand = &config.brand;
    let sender = brand.sms_sender.iter();
    let sender = sender.map(|value| Written::text_sender("brand.sms_sender", value));
    let mail = match &config.email {
        Some(email) => email
            .from
            .rsplit_once('@')
            .map(|(_, domain)| Written::of("email.from", Kind::MailDomain, domain)),
        None if config.sandbox.enabled => {
            Some(Written::of("brand.domain", Kind::MailDomain, &brand.domain))
        }
        None => None,
    };
    let own = Written::of("brand.domain", Kind::LinkDomain, &brand.domain);
    let links = config.guard.link_domains.iter();
    let links = links.map(|value| Written::of("guard.link_domains", Kind::LinkDomain, value));
    let calls = config.guard.phone_numbers.iter();
    let calls = calls.map(|value| Written::of("guard.phone_numbers", Kind::CallNumber, value));
    sender
        .chain(mail)
        .chain([own])
        .chain(links)
        .chain(calls)
        .collect()
}

fn of_table(sender: &Spanned<Sender>, text: &str) -> Written {
    let before = text.as_bytes().iter().take(sender.span().start);
    let line = before.filter(|byte| **byte == b'\n').count() + 1;
    let sender = sender.get_ref();
    // A day may stand without quotes; TOML has days of its own.
    let moment = |value: &Option<toml::Value>| {
        value.as_ref().map(|value| match value {
            toml::Value::String(text) => text.clone(),
            other => other.to_string(),
        })
    };
    Written {
        place: format!("line {line}: [[senders]] `{}`", sender.value),
        kind: sender.kind.clone(),
        value: sender.value.clone(),
        countries: sender.countries.clone(),
        from: moment(&sender.from),
        until: moment(&sender.until),
        about: sender.about.clone(),
    }
}

#[cfg(test)]
mod tests {
    use model::Instant;

    use super::super::parse;
    use super::*;

    const BRAND: &str = "[brand]\nname = 'Marigold'\ndomain = 'marigold.example'\nurl = 'https://marigold.example'\nsupport = 'help@marigold.example'\n";

    fn listed(more: &str) -> Result<Vec<String>, String> {
        let config = parse(&format!("{BRAND}{more}")).map_err(|error| format!("{error:#}"))?;
        let registry = senders(&config).map_err(|faults| faults.to_string())?;
        let all = registry.identities().iter();
        Ok(all
            .map(|one| format!("{} {}", one.kind, one.value))
            .collect())
    }

    #[test]
    fn the_short_forms_are_entries() {
        let more = "sms_sender = 'Marigold'\n[guard]\nlink_domains = ['mgld.example', 'marigold.example']\nphone_numbers = ['+1 202 555 0123', '62422']\n";
        assert_eq!(
            listed(more).unwrap(),
            [
                "sender_name Marigold",
                "mail_domain marigold.example",
                "link_domain marigold.example",
                "link_domain mgld.example",
                "call_number +12025550123",
                "call_number 62422",
            ]
        );
        let email = "[email]\nhost = 'localhost'\nport = 25\ntls = 'none'\nhelo = 'a.example'\nfrom = 'x@mail.marigold.example'\n";
        assert_eq!(
            listed(email).unwrap(),
            [
                "mail_domain mail.marigold.example",
                "link_domain marigold.example"
            ]
        );
        assert_eq!(
            listed("[sandbox]\nenabled = false\n").unwrap(),
            ["link_domain marigold.example"]
        );
    }

    #[test]
    fn a_table_stands_in_place_of_the_short_form() {
        let more = "sms_sender = 'Marigold'\n[[senders]]\nkind = 'sender_name'\nvalue = 'Marigold'\ncountries = ['GB', 'DE']\nuntil = 2026-06-30\n[[senders]]\nkind = 'short_code'\nvalue = '62422'\ncountries = ['US']\nfrom = 2026-01-01T00:00:00Z\nabout = 'Codes and orders.'\n";
        let config = parse(&format!("{BRAND}{more}")).unwrap();
        let registry = senders(&config).unwrap();
        let sender = |number, at| {
            let at = Instant::parse(at).unwrap();
            let sender = registry.text_sender(number, at);
            sender.map(|sender| sender.identity.value.clone())
        };
        let us = "+12535550129";
        assert_eq!(sender(us, "2026-02-01T00:00:00Z").as_deref(), Some("62422"));
        assert_eq!(sender(us, "2025-12-31T00:00:00Z"), None);
        let gb = "+447700900123";
        assert_eq!(
            sender(gb, "2026-06-30T23:00:00Z").as_deref(),
            Some("Marigold")
        );
        assert_eq!(sender(gb, "2026-07-01T00:00:00Z"), None);
    }

    #[test]
    fn faults_name_the_line_or_the_key() {
        let table = |text: &str| format!("[[senders]]\n{text}\n");
        for (more, fault) in [
            (
                table("kind = 'pigeon'\nvalue = 'x'"),
                "line 6: [[senders]] `x`: `pigeon` is no kind",
            ),
            (
                table("kind = 'short_code'\nvalue = '62422'\ncountries = ['UK']"),
                "line 6: [[senders]] `62422`: `UK` is no country",
            ),
            (
                table("kind = 'short_code'\nvalue = '62422'\nuntil = 07:30:00"),
                "`07:30:00` is no day and no moment",
            ),
            (
                table("kind = 'short_code'\nvalu = '62422'"),
                "did you mean `value`",
            ),
            (
                "sms_sender = 'Marigold the shop'\n".into(),
                "brand.sms_sender: `Marigold the shop` is no sender name",
            ),
            (
                "[guard]\nphone_numbers = ['2025550123']\n".into(),
                "guard.phone_numbers: `2025550123` is no number in the international form. Write it in",
            ),
            (
                "[sms]\nhost = 'x'\nport = 1\nsystem_id = 'x'\n".into(),
                "brand.sms_sender: there is nobody that texts may come from",
            ),
        ] {
            let error = listed(&more).unwrap_err();
            assert!(error.contains(fault), "{error}");
        }
    }
}
