//! The Message Center: the pages a customer sees.
//!
//! Server-rendered; everything works as GET, POST and redirect, and the module in
//! `assets/app.js` only makes it quicker. A handler loads, changes and shows one
//! mailbox: the viewer's own. Decides nothing and writes no words: those stand in
//! `templates/`.

mod account;
mod change;
pub(crate) mod dress;
pub(crate) mod entry_view;
pub(crate) mod filter;
mod home;
mod list;
mod missing;
mod open;
mod sign_in;
pub(crate) mod signed_in;

pub(crate) mod view;
pub(crate) mod when;

use axum::Router;
use axum::routing::{get, post};

use crate::App;
pub(crate) use view::{Empty, Notice};

/// The routes of all pages for customers, with what these pages load.
pub fn router() -> Router<App> {
    Router::new()
        .route("/", get(home::home))
        .route("/sign-in", get(sign_in::show).post(sign_in::sign_in))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/account", get(account::account))
        .route("/messages", get(list::list))
        .route("/messages/deleted", get(list::deleted))
        .route("/messages/missing", get(missing::missing))
        .route("/messages/read-all", post(change::read_all))
        .route("/messages/unread-again", post(change::unread_again))
        .route("/messages/{id}", get(open::open))
        .route("/messages/{id}/unread", post(change::unread))
        .route("/messages/{id}/delete", post(change::delete))
        .route("/messages/{id}/restore", post(change::restore))
        .route("/live", get(list::live))
        .route("/senders", get(crate::senders::show))
        .merge(crate::preferences::router())
        .merge(crate::assets::router())
}
