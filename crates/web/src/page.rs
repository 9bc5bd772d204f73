//! What every page shares: who looks at it, where they are, and how it is answered.
//!
//! Words stand in the templates; here are only the values they need.

use askama::Template;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Where in the product a page stands, for the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Home,
    Messages,
    Deleted,
    Account,
    Console,
    Elsewhere,
}

impl Place {
    /// Whether it is the place with this name.
    pub(crate) fn is(self, name: &str) -> bool {
        let own = match self {
            Self::Home => "home",
            Self::Messages => "messages",
            Self::Deleted => "deleted",
            Self::Account => "account",
            Self::Console => "console",
            Self::Elsewhere => "",
        };
        own == name
    }
}

/// Who is signed in, as the header shows them.
#[derive(Clone, Debug)]
pub(crate) struct Face {
    pub name: String,
    pub initial: String,
}

impl Face {
    pub(crate) fn of(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            initial: initial(name),
        }
    }
}

/// What the frame of every page reads.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub shop: String,
    pub shop_initial: String,
    pub demo: bool,
    pub viewer: Option<Face>,
    pub unread: u32,
    pub place: Place,
}

impl Page {
    pub(crate) fn new(shop: &str, demo: bool, place: Place) -> Self {
        Self {
            shop: shop.to_owned(),
            shop_initial: initial(shop),
            demo,
            viewer: None,
            unread: 0,
            place,
        }
    }

    /// The count as it fits a badge.
    pub(crate) fn unread_short(&self) -> String {
        if self.unread > 99 {
            "99+".to_owned()
        } else {
            self.unread.to_string()
        }
    }
}

/// The first letter of a name, as a capital.
pub(crate) fn initial(name: &str) -> String {
    let first = name.chars().find(|c| c.is_alphanumeric());
    first.map_or_else(String::new, |c| c.to_uppercase().collect())
}

/// Why a page shows nothing of what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    NotFound,
    Unreadable,
    /// A form that is longer than any that is meant.
    TooLarge,
    Forbidden,
    Broken,
}

impl ErrorKind {
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Unreadable => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Forbidden => StatusCode::UNAUTHORIZED,
            Self::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

#[derive(Template)]
#[template(path = "pages/error.html")]
pub(crate) struct ErrorPage {
    pub page: Page,
    pub kind: ErrorKind,
}

/// Answers with a page.
pub(crate) fn html(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(body) => (
            status,
            [
                (header::CONTENT_TYPE, "text/html; charset=utf-8"),
                (header::VARY, "Cookie"),
            ],
            body,
        )
            .into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Whether a browser asks (and not a program that wants JSON).
pub(crate) fn wants_html(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"))
}

/// Whether the browser only fetches ahead: nobody has looked at the page yet.
pub(crate) fn is_prefetch(headers: &HeaderMap) -> bool {
    let says = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.contains("prefetch"))
    };
    says("sec-purpose") || says("purpose")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_capitals_and_may_be_missing() {
        assert_eq!(initial("inês"), "I");
        assert_eq!(initial("…élodie"), "É");
        assert_eq!(initial(""), "");
    }

    #[test]
    fn a_prefetch_is_told_from_a_visit() {
        let mut headers = HeaderMap::new();
        assert!(!is_prefetch(&headers));
        headers.insert("sec-purpose", "prefetch;prerender".parse().unwrap());
        assert!(is_prefetch(&headers));
    }
}
