//! The template desk: words of message types are edited here, seen on every channel as they
//! would be sent, published, and taken back.
//!
//! What may be published is for the pipeline to say; here are the pages and the lines of the
//! audit. Who may look at templates sees everything, who may edit them changes it, and
//! exceptions from the guard take two people who may override it.

pub(in crate::console::catalogue) mod diff;
pub(super) mod edit;
pub(super) mod exceptions;
pub(super) mod history;
pub(super) mod save;
mod view;

use std::collections::{BTreeMap, HashMap};

use model::{Permission, StaffId};
use pipeline::catalogue::Texts;

use crate::App;
use crate::console::gate::{Access, Routes, Visitor};
use crate::message_center::filter::escape_into;
use crate::message_center::signed_in::PageError;

/// What stands before the key in the name of a field.
const FIELD: &str = "text.";

/// Who may come to the desk.
pub(super) fn routes(routes: Routes) -> Routes {
    let reads = Access::With(Permission::ReadTemplates);
    let edits = Access::With(Permission::EditTemplates);
    let overrides = Access::With(Permission::OverrideGuard);
    routes
        .get("/console/catalogue/{type}/edit", reads, edit::show)
        .post_long("/console/catalogue/{type}/edit", edits, save::act)
        .get("/console/catalogue/{type}/history", reads, history::show)
        .post("/console/catalogue/{type}/back", edits, history::back)
        .get("/console/catalogue/exceptions", reads, exceptions::show)
        .post("/console/catalogue/exceptions", overrides, exceptions::ask)
        .post(
            "/console/catalogue/exceptions/{number}",
            overrides,
            exceptions::settle,
        )
}

/// A form as browsers send it; a field that comes twice counts once.
type Fields = BTreeMap<String, String>;

/// What the form of the desk sends: fields with names of their own, and one a text.
#[derive(Clone, Debug, Default)]
struct Sent {
    act: String,
    locale: String,
    sample: String,
    /// The last edition the writer saw.
    last: u64,
    /// The version of the draft they began from.
    draft: i64,
    note: String,
    fields: Fields,
}

impl Sent {
    fn of(mut fields: Fields) -> Self {
        let mut take = |name: &str| fields.remove(name).unwrap_or_default();
        Self {
            act: take("act"),
            locale: take("locale"),
            sample: take("sample"),
            // What is no number has seen nothing.
            last: take("last").parse().unwrap_or_default(),
            draft: take("draft").parse().unwrap_or_default(),
            note: take("note"),
            fields,
        }
    }

    /// The texts, with line ends as files have them.
    fn texts(&self) -> Texts {
        let named = |(name, text): (&String, &String)| {
            let key = name.strip_prefix(FIELD)?;
            Some((key.to_owned(), lines(text)))
        };
        self.fields.iter().filter_map(named).collect()
    }
}

/// Browsers send lines with two characters at their ends.
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// The names of staff.
pub(super) struct Names(HashMap<StaffId, String>);

impl Names {
    pub(super) async fn load(app: &App) -> Result<Self, PageError> {
        let staff = app.store().staff().await?;
        let named = staff
            .into_iter()
            .map(|one| (one.id, one.name.open().to_owned()));
        Ok(Self(named.collect()))
    }

    /// Somebody's name; none where nobody had to sign in.
    pub(super) fn of(&self, who: Option<StaffId>) -> Option<String> {
        let who = who?;
        Some(self.0.get(&who).cloned().unwrap_or_else(|| who.to_string()))
    }
}

/// Who a visitor is, in what they publish and ask.
fn who(visitor: &Visitor) -> Option<StaffId> {
    visitor.found().map(|found| found.account.id)
}

/// A page of the desk: under a message type, asked with these.
pub(super) fn under(message_type: &str, page: &str, asked: &[(&str, &str)]) -> String {
    let mut href = "/console/catalogue/".to_owned();
    escape_into(message_type, &mut href);
    href.push('/');
    href.push_str(page);
    ask(&mut href, asked);
    href
}

/// Adds what a page is asked with, but for what is empty.
fn ask(href: &mut String, asked: &[(&str, &str)]) {
    let mut join = '?';
    for (name, value) in asked.iter().filter(|(_, value)| !value.is_empty()) {
        href.push(join);
        href.push_str(name);
        href.push('=');
        escape_into(value, href);
        join = '&';
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_as_in_files() {
        assert_eq!(lines("a\r\nb\rc\n"), "a\nb\nc\n");
    }

    #[test]
    fn pages_are_links() {
        let page = under(
            "a b",
            "edit",
            &[("locale", "pt-BR"), ("sample", ""), ("done", "x&y")],
        );
        assert_eq!(
            page,
            "/console/catalogue/a%20b/edit?locale=pt-BR&done=x%26y"
        );
    }
}
