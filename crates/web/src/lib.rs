//! Everything HTTP: the API, the Message Center's pages, the console, live updates.
//!
//! Statuses, cookies, JSON shapes and HTML live here and nowhere else. No rule about
//! whether to send and no SQL: handlers parse, call `pipeline` or `store` once, and shape
//! the answer. [`router`] is the list of every route.

mod api;
mod assets;
mod auth;
mod base64url;
pub mod console;
mod cookie;
mod costs;
mod health;
pub mod live;
pub mod message_center;
mod missing;
mod ndjson;
mod observe;
mod openapi;
mod page;
mod page_security;
mod preferences;
pub mod problem;
mod read;
mod router;
pub mod senders;
pub mod session;
pub mod staff;
mod state;
#[cfg(test)]
mod tests;

pub use api::customers::consent::{ProvenConsent, check_consent};
pub use auth::{CreateKeyError, create_api_key, redeem_sign_in, sign_in_url};
pub use openapi::document as openapi_document;
pub use preferences::{Links, preferences_url, unsubscribe_url};
pub use router::router;
pub use state::{App, WebConfig};

/// Reads a profile as `PUT /v1/customers` takes it: one JSON object with its `id`.
///
/// # Errors
/// Each fault with the place it stands at.
pub fn read_customer(json: &str) -> Result<model::Customer, String> {
    let body = serde_json::from_str(json).map_err(|error| error.to_string())?;
    api::customers::read_profile(body).map_err(|faults| {
        faults
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("; ")
    })
}
