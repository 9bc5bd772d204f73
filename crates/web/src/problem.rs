//! Errors as people and programs read them: RFC 9457 problem documents.
//!
//! A code never changes once published; the words beside it may. Nothing here repeats
//! an address, a body or a secret.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use model::Span;
use serde_json::{Map, Value, json};

use crate::read::sentence;

macro_rules! define_codes {
    ($($(#[$doc:meta])* $name:ident = $status:ident, $code:literal, $title:literal;)+) => {
        /// What kind of problem: the last part of its `type`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code {
            $($(#[$doc])* $name,)+
        }

        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The word in `type`, after `/problems/`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// The status it is answered with.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)+ }
            }

            /// Its name in plain words.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }
        }
    };
}

define_codes!(
    /// The query, the path or a header cannot be read.
    BadRequest = BAD_REQUEST, "bad-request", "The request cannot be read";
    /// The body is not JSON, or not the JSON asked for.
    BadJson = BAD_REQUEST, "bad-json", "The body is not the JSON that was expected";
    /// The body ended before its end.
    StreamBroken = BAD_REQUEST, "stream-broken", "The stream broke off";
    /// No key or token, or none that is known.
    Unauthorized = UNAUTHORIZED, "unauthorized", "A valid key or token is missing";
    /// Known, but not allowed.
    Forbidden = FORBIDDEN, "forbidden", "This key or token may not do that";
    /// A browser sent this from another site.
    CrossSite = FORBIDDEN, "cross-site", "The request came from another site";
    /// There is no such thing, or it is not yours.
    NotFound = NOT_FOUND, "not-found", "There is no such thing here";
    /// The path exists, the method does not.
    MethodNotAllowed = METHOD_NOT_ALLOWED, "method-not-allowed", "The path does not take this method";
    /// It took too long to arrive or to answer.
    Timeout = REQUEST_TIMEOUT, "timeout", "The request took too long";
    /// Somebody was faster.
    Conflict = CONFLICT, "conflict", "This does not fit how things stand";
    /// It was there, and its content is destroyed.
    Gone = GONE, "gone", "This is gone for good";
    /// Too many bytes or too many items.
    TooLarge = PAYLOAD_TOO_LARGE, "too-large", "The body is too large";
    /// The body is of a type the path does not take.
    UnsupportedMediaType = UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "The path does not take this type of body";
    /// JSON nested too deeply.
    TooDeep = UNPROCESSABLE_ENTITY, "too-deep", "The JSON is nested too deeply";
    /// Well-formed, with faults in it; `faults` lists them all.
    Invalid = UNPROCESSABLE_ENTITY, "invalid", "The body has faults";
    /// A single event with a broken envelope.
    EventRejected = UNPROCESSABLE_ENTITY, "event-rejected", "The event was not accepted";
    /// The queues are full.
    Busy = TOO_MANY_REQUESTS, "busy", "The server is busy";
    /// The fault is ours.
    Internal = INTERNAL_SERVER_ERROR, "internal", "Something went wrong here";
    /// The store does not answer.
    StoreUnavailable = SERVICE_UNAVAILABLE, "store-unavailable", "The store does not answer";
);

/// One problem, answered as `application/problem+json`.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    code: Code,
    detail: String,
    retry_after: Option<u64>,
    extra: Map<String, Value>,
}

impl Problem {
    /// A problem with its explanation: a sentence, in plain words.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            retry_after: None,
            extra: Map::new(),
        }
    }

    /// "There is no …", for what does not exist and for what is not the caller's alike.
    pub fn not_found(what: &str) -> Self {
        Self::new(
            Code::NotFound,
            format!("There is no {what} under this address."),
        )
    }

    /// Adds a member to the document.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.extra.insert(name.to_owned(), value.into());
        self
    }

    /// One fault of a body, by its JSON pointer.
    pub fn fault(pointer: &str, reason: &str) -> Self {
        let detail = if pointer.is_empty() {
            sentence(reason)
        } else {
            format!("{pointer}: {reason}.")
        };
        let faults = json!([{"pointer": pointer, "reason": reason}]);
        Self::new(Code::Invalid, detail).with("faults", faults)
    }

    /// The same problem with another explanation.
    pub fn about(mut self, detail: &str) -> Self {
        detail.clone_into(&mut self.detail);
        self
    }

    /// Says when to come back: whole seconds, at least one.
    pub fn retry_after(mut self, after: Span) -> Self {
        let micros = u64::try_from(after.as_micros()).unwrap_or(0);
        self.retry_after = Some(micros.div_ceil(1_000_000).max(1));
        self
    }

    /// Its code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// Its explanation.
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl From<store::Error> for Problem {
    /// The store's own words go to the log, once, here; they are no business of callers.
    fn from(error: store::Error) -> Self {
        tracing::error!(%error, "the store refused a call of a web request");
        match error {
            store::Error::Corrupt(_) => Self::new(
                Code::Internal,
                "A stored value cannot be read. The log of the server says which.",
            ),
            store::Error::Unavailable(_) | store::Error::Closed => Self::new(
                Code::StoreUnavailable,
                "Nothing was changed. Try again in a moment.",
            )
            .retry_after(Span::secs(2)),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut document = json!({
            "type": format!("/problems/{}", self.code.as_str()),
            "title": self.code.title(),
            "status": self.code.status().as_u16(),
            "detail": self.detail,
        });
        if let Some(members) = document.as_object_mut() {
            members.extend(self.extra);
        }
        let mut response = (self.code.status(), Json(document)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.code == Code::Unauthorized {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"tidings\""),
            );
        }
        response
    }
}
