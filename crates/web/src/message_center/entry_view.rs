//! What the templates of the ways in read: the demo's front page and signing in.

use askama::Template;

use crate::page::Page;

/// The demo's front page.
#[derive(Template)]
#[template(path = "pages/home.html")]
pub(crate) struct HomePage {
    pub page: Page,
}

/// Signing in, by a link or, in the demo, by choosing.
#[derive(Template)]
#[template(path = "pages/sign_in.html")]
pub(crate) struct SignInPage {
    pub page: Page,
    pub token: Option<String>,
    pub continue_as: Option<String>,
    /// The token was used, is too old or was never one.
    pub stale: bool,
    pub people: Vec<Person>,
    /// Where to go from here.
    pub next: String,
}

/// A customer of the demo.
pub(crate) struct Person {
    pub id: String,
    pub name: String,
    pub initial: String,
    pub country: String,
    pub language: String,
    pub local_time: String,
    pub local_iso: String,
}
