//! The cookies of signed-in browsers: 256 random bits each, for this host alone and out of
//! reach of scripts.

use axum::http::{HeaderMap, HeaderValue, header};
use model::Span;

use crate::App;

/// 32 random bytes in base64url.
const LENGTH: usize = 43;

/// One of the cookies there are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cookie {
    /// With the prefix that binds it to this host and to HTTPS (RFC 6265bis §4.1.3.2).
    secure_name: &'static str,
    /// Where there is plain HTTP only, which cannot have that prefix.
    plain_name: &'static str,
    same_site: &'static str,
}

/// Customers'. It comes with a link that is followed from elsewhere, such as in a mail.
pub(crate) const CUSTOMER: Cookie = Cookie {
    secure_name: "__Host-tidings",
    plain_name: "tidings",
    same_site: "Lax",
};

/// Staff's. It comes with no request that another site began.
pub(crate) const STAFF: Cookie = Cookie {
    secure_name: "__Host-tidings-staff",
    plain_name: "tidings-staff",
    same_site: "Strict",
};

impl Cookie {
    fn name(self, app: &App) -> &'static str {
        match app.config().secure_cookies {
            true => self.secure_name,
            false => self.plain_name,
        }
    }

    /// What a request brings, if it may be one.
    pub(crate) fn read<'h>(self, app: &App, headers: &'h HeaderMap) -> Option<&'h str> {
        let name = self.name(app);
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(given, value)| *given == name && value.len() == LENGTH)
            .map(|(_, value)| value)
    }

    /// The header that gives a browser its cookie for a while.
    pub(crate) fn set(self, app: &App, value: &str, lifetime: Span) -> HeaderValue {
        let (name, same_site) = (self.name(app), self.same_site);
        let seconds = lifetime.to_duration().as_secs();
        let secure = match app.config().secure_cookies {
            true => "; Secure",
            false => "",
        };
        let text = format!(
            "{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite={same_site}{secure}"
        );
        HeaderValue::from_str(&text).expect("a cookie name, base64url and digits are header text")
    }

    /// The header that makes a browser forget it.
    pub(crate) fn forget(self, app: &App) -> HeaderValue {
        self.set(app, "", Span::ZERO)
    }
}
