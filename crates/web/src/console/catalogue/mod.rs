//! The catalogue as staff read it: all message types, and one with everything it says.
//!
//! Every preview is made by the functions that make what is sent, from a sample, with the
//! marketplace's own brand. Words are changed in [`desk`] only.

pub(super) mod desk;
pub(super) mod gallery;
pub(super) mod mail;
pub(super) mod one;
mod script;

use model::Permission;
use pipeline::catalogue::{Catalogue, MessageType, Sample};
use serde::Deserialize;

use super::gate::{Access, Routes};
use crate::message_center::filter::escape_into;

/// The locale that everything is written in.
const FALLBACK: &str = "en";
/// Words to look for, in bytes at most.
const LONGEST: usize = 200;

/// The routes of the catalogue, and of the desk in it.
pub(super) fn routes(routes: Routes) -> Routes {
    let reads = Access::With(Permission::ReadTemplates);
    desk::routes(routes)
        .get("/console/catalogue", reads, gallery::show)
        .get("/console/catalogue/{type}", reads, one::show)
        .get("/console/catalogue/{type}/mail", reads, mail::show)
}

/// What the pages are asked with. What is no locale or sample of theirs is taken as the
/// first one.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    locale: String,
    sample: String,
    q: String,
}

impl Asked {
    /// A locale that something is written in.
    fn locale<'a>(&self, catalogue: &'a Catalogue) -> &'a str {
        let all = catalogue.all_locales();
        let found = all.into_iter().find(|locale| *locale == self.locale);
        found.unwrap_or(FALLBACK)
    }

    /// A sample of a message type.
    fn sample<'a>(&self, catalogue: &'a Catalogue, entry: &MessageType) -> Option<&'a Sample> {
        catalogue.sample_named(&entry.name, &self.sample)
    }

    /// What to look for: small letters, word by word.
    fn words(&self) -> Vec<String> {
        let bounded = self.q.len() <= LONGEST;
        let words = self.q.split_whitespace().filter(|_| bounded);
        words.map(str::to_lowercase).collect()
    }
}

/// A locale to choose.
struct LocaleChoice {
    tag: String,
    /// Its language.
    base: String,
    chosen: bool,
}

fn locale_choices(catalogue: &Catalogue, chosen: &str) -> Vec<LocaleChoice> {
    let choice = |tag: &str| LocaleChoice {
        tag: tag.to_owned(),
        base: tag.split('-').next().unwrap_or_default().to_owned(),
        chosen: tag == chosen,
    };
    catalogue.all_locales().into_iter().map(choice).collect()
}

/// The page of a message type, or what stands under it, in a locale and with a sample.
fn href(message_type: &str, under: &str, locale: &str, sample: &str) -> String {
    let mut href = "/console/catalogue/".to_owned();
    escape_into(message_type, &mut href);
    href.push_str(under);
    let mut join = '?';
    for (name, value, usual) in [("locale", locale, FALLBACK), ("sample", sample, "")] {
        if value != usual {
            href.push(join);
            href.push_str(name);
            href.push('=');
            escape_into(value, &mut href);
            join = '&';
        }
    }
    href
}

#[cfg(test)]
mod tests {
    use super::href;

    #[test]
    fn a_page_says_in_its_address_what_differs() {
        let plain = href("order.confirmed", "", "en", "");
        assert_eq!(plain, "/console/catalogue/order.confirmed");
        assert_eq!(
            href("a b", "/mail", "pt-BR", "x&y"),
            "/console/catalogue/a%20b/mail?locale=pt-BR&sample=x%26y"
        );
    }
}
