//! Behind an enrolment link: somebody chooses a password and shows that their phone makes
//! the right codes. Then the account is theirs, and they are signed in.

use axum::http::{HeaderMap, HeaderValue};
use model::Sealed;
use ring::rand::SecureRandom;
use serde_json::json;
use store::{Ended, LinkChange, StaffAccount, StaffCommit, StaffCommitted};

use super::password::{Busy, Faulty, fault};
use super::session::begin;
use super::throttle::login_key;
use super::totp::paper;
use super::{Actor, Secret};
use crate::App;
use crate::auth::sha256;
use crate::problem::{Code, Problem};

/// So many recovery codes there are, each of so many bytes.
const RECOVERY_CODES: usize = 10;
const RECOVERY_BYTES: usize = 10;

/// Why an enrolment is not done.
#[derive(Debug)]
pub(crate) enum EnrolFault {
    /// The link was used, replaced, or is too old.
    Gone,
    /// The password is refused.
    Password(Faulty),
    /// The two passwords differ.
    Unequal,
    /// The code is not the one the phone should show.
    Code,
    /// Too many people do this at this moment.
    Busy,
    /// The store does not answer.
    Problem(Problem),
}

impl From<Problem> for EnrolFault {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<store::Error> for EnrolFault {
    fn from(error: store::Error) -> Self {
        Self::Problem(error.into())
    }
}

impl From<Busy> for EnrolFault {
    fn from(_: Busy) -> Self {
        Self::Busy
    }
}

/// What somebody has after it.
pub(crate) struct Enrolled {
    /// The header with the cookie of their session.
    pub cookie: HeaderValue,
    /// Their recovery codes, shown once.
    pub recovery: Vec<String>,
}

/// Whose link a token is, while it works.
pub(crate) async fn invited(app: &App, token: &str) -> Result<Option<StaffAccount>, Problem> {
    let found = app
        .store()
        .staff_link(sha256(token.as_bytes()), app.now())
        .await?;
    Ok(found.filter(|account| account.disabled_at.is_none()))
}

/// The secret that goes with a link.
pub(crate) fn secret_of_link(app: &App, token: &str) -> Secret {
    Secret::derived(&app.store().key("staff codes"), token.as_bytes())
}

/// What an enrolment form sends.
pub(crate) struct Given {
    pub token: Sealed,
    pub password: Sealed,
    pub again: Sealed,
    pub code: String,
}

/// Makes an account its person's.
pub(crate) async fn enrol(
    app: &App,
    headers: &HeaderMap,
    given: &Given,
) -> Result<Enrolled, EnrolFault> {
    let token = given.token.open();
    let mut account = invited(app, token).await?.ok_or(EnrolFault::Gone)?;
    if let Some(faulty) = fault(given.password.open(), account.login.open()) {
        return Err(EnrolFault::Password(faulty));
    }
    if given.password != given.again {
        return Err(EnrolFault::Unequal);
    }
    let now = app.now();
    let secret = secret_of_link(app, token);
    let step = secret
        .step_of(&digits(&given.code), now, 0)
        .ok_or(EnrolFault::Code)?;
    let hash = app
        .hasher()
        .hash(&given.password, app.random_bytes()?)
        .await?;
    let (recovery, hashes) = recovery_codes(app)?;
    account.password = Some(hash);
    account.totp = Some(secret.text());
    account.totp_step = step;
    account.recovery = hashes;
    account.enrolled_at = Some(now);
    let id = account.id;
    let (session, cookie) = begin(app, id, false, headers)?;
    let line = Actor::door(Some(id)).line(app.store(), now, "staff.enrolled", &id, json!({}));
    let commit = StaffCommit {
        link: LinkChange::Remove,
        ended: Ended::All,
        begun: Some(session),
        forgotten: vec![login_key(app.store(), account.login.open())],
        audit: vec![line],
        ..StaffCommit::of(account, now)
    };
    match app.store().commit_staff(commit).await? {
        StaffCommitted::Done => Ok(Enrolled { cookie, recovery }),
        // The account changed meanwhile: the link may be used, or the person kept out.
        _ => Err(EnrolFault::Gone),
    }
}

/// The digits of a code as people type it.
pub(super) fn digits(code: &str) -> String {
    code.chars().filter(|c| !c.is_whitespace()).collect()
}

/// New recovery codes, in groups for the eye, and their hashes.
pub(super) fn recovery_codes(app: &App) -> Result<(Vec<String>, Vec<[u8; 32]>), Problem> {
    let mut random = [0_u8; RECOVERY_CODES * RECOVERY_BYTES];
    app.random().fill(&mut random).map_err(|_| {
        Problem::new(
            Code::Internal,
            "The system gave no random numbers. Try again.",
        )
    })?;
    let codes = random.chunks(RECOVERY_BYTES).map(paper);
    let both = codes.map(|code| {
        let groups: Vec<&str> = code
            .as_bytes()
            .chunks(4)
            .filter_map(|group| std::str::from_utf8(group).ok())
            .collect();
        (groups.join("-"), sha256(code.as_bytes()))
    });
    Ok(both.unzip())
}
