//! One's own account: the password, the phone that makes the codes, and the browsers one is
//! signed in at. The demo has none.

pub(super) mod codes;
pub(super) mod password;
pub(super) mod sessions;
pub(super) mod show;

use crate::App;
use crate::message_center::signed_in::PageError;
use crate::page::ErrorKind;
use crate::staff::{Faulty, Found, OwnFault};

use super::door::Refusal;
use super::gate::Visitor;

/// What a form of these pages says went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    Present(Refusal),
    Password(Faulty),
    Unequal,
    Code,
}

impl Mistake {
    fn of(app: &App, fault: OwnFault) -> Result<Self, PageError> {
        Ok(match fault {
            OwnFault::SignIn(fault) => Self::Present(Refusal::of(app, fault)?),
            OwnFault::Password(faulty) => Self::Password(faulty),
            OwnFault::Unequal => Self::Unequal,
            OwnFault::Code => Self::Code,
        })
    }
}

/// The account of who looks.
fn own(visitor: &Visitor) -> Result<&Found, PageError> {
    visitor.found().ok_or(PageError::Shown(ErrorKind::NotFound))
}

/// How a session is named in a form: the beginning of its hash, which opens nothing.
fn handle(hash: &[u8; 32]) -> String {
    crate::base64url::encode(&hash[..12])
}
