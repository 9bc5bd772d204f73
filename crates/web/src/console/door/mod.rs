//! The door: signing in, and enrolling behind a link. Everybody may come here.

pub(super) mod code;
pub(super) mod enrol;
pub(super) mod sign_in;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use model::Instant;

use crate::App;
use crate::message_center::signed_in::PageError;
use crate::page::ErrorKind;
use crate::staff::{SignInFault, client_address};

/// The address that tries are counted under.
pub(super) struct Address(pub String);

impl FromRequestParts<App> for Address {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        Ok(Self(client_address(app, parts)))
    }
}

/// What a form at the door says went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Something given is not right.
    Wrong,
    /// Too many tries; the next one counts in so many minutes.
    Wait {
        /// At least one.
        minutes: i64,
    },
    /// Too many sign in at once.
    Busy,
}

impl Refusal {
    /// What a fault is to the person; the store's own is an error page.
    pub(super) fn of(app: &App, fault: SignInFault) -> Result<Self, PageError> {
        Ok(match fault {
            SignInFault::Wrong => Self::Wrong,
            SignInFault::Busy => Self::Busy,
            SignInFault::Barred(until) => Self::Wait {
                minutes: minutes_to(until, app.now()),
            },
            SignInFault::Problem(problem) => {
                tracing::warn!(code = ?problem.code(), "nobody can sign in to the console just now");
                return Err(PageError::Shown(ErrorKind::Broken));
            }
        })
    }
}

fn minutes_to(until: Instant, now: Instant) -> i64 {
    let micros = until.since(now).as_micros().max(1);
    (micros - 1) / 60_000_000 + 1
}

#[cfg(test)]
mod tests {
    use model::Span;

    use super::*;

    #[test]
    fn a_wait_is_told_in_whole_minutes() {
        let now = Instant::from_micros(0);
        for (seconds, minutes) in [(1, 1), (60, 1), (61, 2), (3_600, 60)] {
            assert_eq!(minutes_to(now + Span::secs(seconds), now), minutes);
        }
    }
}
