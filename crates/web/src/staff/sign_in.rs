//! Signing in: the password first, then the code. Each try is counted before it is looked
//! at, and every answer takes the same time whether the account exists or not.

use axum::http::{HeaderMap, HeaderValue};
use model::{Instant, Sealed};
use serde_json::json;
use store::{Ended, StaffAccount, StaffCommit, StaffCommitted};

use super::accounts::read_login;
use super::password::Busy;
use super::session::{Found, begin};
use super::throttle::{FORGOTTEN_AFTER, Keys, barred};
use super::{Actor, Secret};
use crate::App;
use crate::auth::sha256;
use crate::problem::Problem;

/// So often is a change decided again that met another one.
pub(super) const ROUNDS: usize = 5;

/// Why somebody is not let in.
#[derive(Debug)]
pub(crate) enum SignInFault {
    /// Something of it is not right.
    Wrong,
    /// Too many tries; not before then.
    Barred(Instant),
    /// Too many people sign in at this moment.
    Busy,
    /// The store does not answer.
    Problem(Problem),
}

impl From<Problem> for SignInFault {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<store::Error> for SignInFault {
    fn from(error: store::Error) -> Self {
        Self::Problem(error.into())
    }
}

impl From<Busy> for SignInFault {
    fn from(_: Busy) -> Self {
        Self::Busy
    }
}

/// A try that was counted: what to forgive once it was right.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    login: ([u8; 32], Instant),
    pub address: ([u8; 32], Instant),
}

/// Counts a try; refuses it where there were too many.
pub(super) async fn count(app: &App, keys: Keys) -> Result<Counted, SignInFault> {
    let now = app.now();
    let before = app.store().sign_in_tries(keys.both()).await?;
    if let Some(until) = barred(&before, now) {
        return Err(SignInFault::Barred(until));
    }
    let counted = app
        .store()
        .count_sign_in(keys.both(), now, now - FORGOTTEN_AFTER);
    let counted = counted.await?;
    // Others may have been counted between the two.
    if let Some(until) = barred(&counted, now) {
        return Err(SignInFault::Barred(until));
    }
    let before = |at: usize| {
        let tries = counted.get(at).copied().flatten();
        tries.map_or(now, |tries| tries.last_at)
    };
    Ok(Counted {
        login: (keys.login, before(0)),
        address: (keys.address, before(1)),
    })
}

/// Writes down that a try led nowhere, with what is known of whose it was.
pub(super) async fn note_failure(
    app: &App,
    account: Option<&StaffAccount>,
    step: &str,
) -> Result<(), SignInFault> {
    let who = account.map(|account| account.id);
    let details = match who {
        Some(_) => json!({ "step": step }),
        None => json!({ "step": step, "account": "unknown" }),
    };
    let subject = who.map(|id| id.to_string()).unwrap_or_default();
    let line = Actor::door(who).line(app.store(), app.now(), "sign_in.failed", &subject, details);
    Ok(app.store().append_audit(vec![line]).await?)
}

/// Compares a password with the one of an account, counted and written down.
pub(super) async fn check_password(
    app: &App,
    account: Option<&StaffAccount>,
    keys: Keys,
    password: &Sealed,
) -> Result<Counted, SignInFault> {
    let counted = count(app, keys).await?;
    let kept = account.filter(|account| account.can_sign_in());
    let kept = kept.and_then(|account| account.password.as_ref());
    if app.hasher().verify(password, kept).await? {
        return Ok(counted);
    }
    note_failure(app, account, "password").await?;
    Err(SignInFault::Wrong)
}

/// The first step. Gives the cookie with which the code is asked for.
pub(crate) async fn give_password(
    app: &App,
    headers: &HeaderMap,
    address: &str,
    (email, password): (&str, &Sealed),
) -> Result<HeaderValue, SignInFault> {
    // What is no address belongs to nobody, and takes as long.
    let login = read_login(email).unwrap_or_default();
    let keys = Keys::of(app.store(), &login, address);
    let mut account = app.store().staff_by_login(login.clone()).await?;
    let counted = check_password(app, account.as_ref(), keys, password).await?;
    let checked = account
        .as_ref()
        .and_then(|account| account.password.clone());
    for _ in 0..ROUNDS {
        let Some(same) = account.filter(|a| a.can_sign_in() && a.password == checked) else {
            return Err(SignInFault::Wrong);
        };
        let (session, cookie) = begin(app, same.id, true, headers)?;
        let commit = StaffCommit {
            begun: Some(session),
            forgiven: vec![counted.login, counted.address],
            ..StaffCommit::of(same, app.now())
        };
        if app.store().commit_staff(commit).await? == StaffCommitted::Done {
            return Ok(cookie);
        }
        account = app.store().staff_by_login(login.clone()).await?;
    }
    Err(SignInFault::Busy)
}

/// What a code was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Code {
    Phone,
    Recovery,
}

/// Uses a code up, if it is one of the account.
fn spend(account: &mut StaffAccount, given: &str, now: Instant) -> Option<Code> {
    let plain: String = given
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .collect();
    let secret = account.totp.as_ref().and_then(Secret::read)?;
    if let Some(step) = secret.step_of(&plain, now, account.totp_step) {
        account.totp_step = step;
        return Some(Code::Phone);
    }
    let hash = sha256(plain.to_lowercase().as_bytes());
    let place = account.recovery.iter().position(|kept| *kept == hash)?;
    account.recovery.remove(place);
    Some(Code::Recovery)
}

/// The second step. Gives the cookie of the session.
pub(crate) async fn give_code(
    app: &App,
    headers: &HeaderMap,
    address: &str,
    half: &Found,
    code: &Sealed,
) -> Result<HeaderValue, SignInFault> {
    let keys = Keys::of(app.store(), half.account.login.open(), address);
    let counted = count(app, keys).await?;
    let mut account = Some(half.account.clone());
    for _ in 0..ROUNDS {
        let (Some(mut open), now) = (account.filter(StaffAccount::can_sign_in), app.now()) else {
            return Err(SignInFault::Wrong);
        };
        let Some(kind) = spend(&mut open, code.open(), now) else {
            note_failure(app, Some(&open), "code").await?;
            return Err(SignInFault::Wrong);
        };
        let (session, cookie) = begin(app, open.id, false, headers)?;
        let details = match kind {
            Code::Phone => json!({ "with": "code" }),
            Code::Recovery => json!({ "with": "recovery_code", "left": open.recovery.len() }),
        };
        let actor = Actor::door(Some(open.id));
        let line = actor.line(app.store(), now, "sign_in.done", &open.id, details);
        let commit = StaffCommit {
            begun: Some(session),
            ended: Ended::One(half.session.hash),
            forgotten: vec![keys.login],
            forgiven: vec![counted.address],
            audit: vec![line],
            ..StaffCommit::of(open, now)
        };
        if app.store().commit_staff(commit).await? == StaffCommitted::Done {
            return Ok(cookie);
        }
        account = app.store().staff_account(half.account.id).await?;
    }
    Err(SignInFault::Busy)
}

/// Ends the session of a browser.
pub(crate) async fn sign_out(app: &App, found: &Found) -> Result<(), Problem> {
    let mut account = Some(found.account.clone());
    for _ in 0..ROUNDS {
        let Some(open) = account else { break };
        let id = open.id;
        let line = Actor::console(id).line(app.store(), app.now(), "sign_out", &id, json!({}));
        let commit = StaffCommit {
            ended: Ended::One(found.session.hash),
            audit: vec![line],
            ..StaffCommit::of(open, app.now())
        };
        if app.store().commit_staff(commit).await? == StaffCommitted::Done {
            break;
        }
        account = app.store().staff_account(id).await?;
    }
    Ok(())
}
