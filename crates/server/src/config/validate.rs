//! What a configuration may say, beyond its shape: values that would only be found out
//! when the first message looks wrong.

use model::ContactPoint;

use super::{Brand, Config};

/// What is wrong, each with its key; empty when nothing is.
pub(super) fn faults(config: &Config, text: &str) -> Vec<String> {
    let mut faults = brand(&config.brand);
    if let Some(mail_in) = &config.mail_in {
        faults.extend(super::mail_in::faults(mail_in));
    }
    if let Some(nats) = &config.nats {
        faults.extend(super::nats::faults(nats));
    }
    let url = &config.server.public_url;
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    if !is_web || url.ends_with('/') || url.chars().any(|c| c.is_whitespace() || c.is_control()) {
        faults.push("server.public_url is an address like `https://messages.example`, without a slash at the end".into());
    }
    let server = &config.server;
    if !(1..=1_000_000).contains(&server.connections) {
        faults.push("server.connections is from 1 to 1000000".into());
    }
    if !(1..=600).contains(&server.header_seconds) {
        faults.push("server.header_seconds is from 1 to 600".into());
    }
    if !(1..=3_600).contains(&server.idle_seconds) {
        faults.push("server.idle_seconds is from 1 to 3600".into());
    }
    if let Err(found) = super::senders::read(config, text) {
        faults.extend(found.0.iter().map(ToString::to_string));
    }
    let attention = &config.attention;
    for (key, most) in [
        ("offer_texts_a_day", attention.offer_texts_a_day),
        ("offer_texts_a_week", attention.offer_texts_a_week),
        ("offer_mails_a_day", attention.offer_mails_a_day),
        ("offer_mails_a_week", attention.offer_mails_a_week),
        ("texts_a_day", attention.texts_a_day),
    ] {
        if most > 1_000 {
            faults.push(format!(
                "attention.{key} is from 1 to 1000, or 0 for no limit"
            ));
        }
    }
    if let Err(fault) = crate::limits::revoke_all_from(config) {
        faults.push(fault.to_string());
    }
    let limits = &config.limits;
    if !(16..=100_000).contains(&limits.in_flight) {
        faults.push("limits.in_flight is from 16 to 100000".into());
    }
    faults
}

fn brand(brand: &Brand) -> Vec<String> {
    let mut faults = Vec::new();
    let name = brand.name.trim();
    if name.is_empty() || name.len() > 60 || name.chars().any(char::is_control) {
        faults.push("brand.name has 1 to 60 bytes and no control characters".into());
    }
    if ContactPoint::email(&format!("a@{}", brand.domain)).is_err() {
        faults.push("brand.domain is a domain like `marigold.example`".into());
    }
    if !leads_home(&brand.url, &brand.domain) {
        faults.push("brand.url is an https address on brand.domain or a name under it".into());
    }
    let support = &brand.support;
    if !leads_home(support, &brand.domain) && ContactPoint::email(support).is_err() {
        faults.push("brand.support is a mail address, or an https address on brand.domain".into());
    }
    faults
}

fn leads_home(url: &str, domain: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://") else {
        return false;
    };
    let host = rest.split(['/', '?', '#', ':']).next().unwrap_or_default();
    let under = host
        .strip_suffix(domain)
        .is_some_and(|before| before.ends_with('.'));
    (host == domain || under) && !rest.contains('@') && !rest.chars().any(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_links_and_numbers_may_be_is_checked() {
        let with = |guard: &str| {
            let reference = include_str!("../../../../docs/reference/tidings.toml");
            let text = reference.replace("link_domains = []\nphone_numbers = []", guard);
            super::super::parse(&text).map_err(|error| format!("{error:#}"))
        };
        let fine = with("link_domains = [\"mgld.example\"]\nphone_numbers = [\"+1 202 555 0123\"]");
        assert_eq!(fine.unwrap().guard.link_domains, ["mgld.example"]);
        for (guard, fault) in [
            (
                "link_domains = [\"co.uk\"]",
                "guard.link_domains: `co.uk` is a suffix under which anybody",
            ),
            (
                "link_domains = [\"https://a.example\"]",
                "guard.link_domains: `https://a.example` is no domain",
            ),
            (
                "phone_numbers = [\"home\"]",
                "guard.phone_numbers: `home` is no number",
            ),
        ] {
            let error = with(guard).unwrap_err();
            assert!(error.contains(fault), "{error}");
        }
        let public = include_str!("../../../../docs/reference/tidings.toml")
            .replace("marigold.example", "github.io");
        let error = format!("{:#}", super::super::parse(&public).unwrap_err());
        assert!(
            error.contains("brand.domain: `github.io` is a suffix"),
            "{error}"
        );
    }

    #[test]
    fn limits_and_days_are_checked() {
        let reference = include_str!("../../../../docs/reference/tidings.toml");
        let with = |find: &str, put: &str| {
            assert!(reference.contains(find), "{find}");
            super::super::parse(&reference.replace(find, put)).map_err(|error| format!("{error:#}"))
        };
        let fine = with("# revoke_all_from = ", "revoke_all_from = ").unwrap();
        assert_eq!(fine.attention.offer_texts_a_week, 3);
        let error = with("texts_a_day = 10", "texts_a_day = 1001").unwrap_err();
        assert!(
            error.contains("attention.texts_a_day is from 1 to 1000"),
            "{error}"
        );
        let error = with(
            "# revoke_all_from = \"2026-04-11\"",
            "revoke_all_from = \"April\"",
        )
        .unwrap_err();
        assert!(
            error.contains("regions.revoke_all_from is a day"),
            "{error}"
        );
    }

    #[test]
    fn addresses_lead_home() {
        assert!(leads_home(
            "https://www.marigold.example/help",
            "marigold.example"
        ));
        for bad in [
            "http://marigold.example",
            "https://evilmarigold.example",
            "https://marigold.example@evil.example",
            "javascript:x",
        ] {
            assert!(!leads_home(bad, "marigold.example"), "{bad}");
        }
    }
}
