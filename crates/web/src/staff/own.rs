//! What somebody signed in changes of their own account: the password, the phone, the
//! browsers they are signed in at. The password is asked for again, and counted.

use model::Sealed;
use serde_json::json;
use store::{Ended, StaffAccount, StaffCommit, StaffCommitted};

use super::enrol::{digits, recovery_codes};
use super::password::{Busy, Faulty, fault};
use super::session::Found;
use super::sign_in::{Counted, ROUNDS, SignInFault, check_password};
use super::throttle::Keys;
use super::{Actor, Secret};
use crate::App;
use crate::problem::Problem;

/// Why an account stays as it is.
#[derive(Debug)]
pub(crate) enum OwnFault {
    /// The present password is not right, or was tried too often.
    SignIn(SignInFault),
    /// The new password is refused.
    Password(Faulty),
    /// The two new passwords differ.
    Unequal,
    /// The code is not the one the new phone should show.
    Code,
}

impl From<SignInFault> for OwnFault {
    fn from(fault: SignInFault) -> Self {
        Self::SignIn(fault)
    }
}

impl From<Problem> for OwnFault {
    fn from(problem: Problem) -> Self {
        Self::SignIn(problem.into())
    }
}

impl From<Busy> for OwnFault {
    fn from(busy: Busy) -> Self {
        Self::SignIn(busy.into())
    }
}

/// Chooses another password. Other browsers are signed out.
pub(crate) async fn change_password(
    app: &App,
    address: &str,
    found: &Found,
    present: &Sealed,
    (new, again): (&Sealed, &Sealed),
) -> Result<(), OwnFault> {
    let account = &found.account;
    if let Some(faulty) = fault(new.open(), account.login.open()) {
        return Err(OwnFault::Password(faulty));
    }
    if new != again {
        return Err(OwnFault::Unequal);
    }
    let checked = check(app, address, account, present).await?;
    let hash = app.hasher().hash(new, app.random_bytes()?).await?;
    let changed = StaffAccount {
        password: Some(hash),
        ..account.clone()
    };
    commit(app, found, changed, checked, "account.password").await?;
    Ok(())
}

/// The secret that goes with the nonce of a form, for one account.
pub(crate) fn secret_of_nonce(app: &App, found: &Found, nonce: &str) -> Secret {
    let from = format!("{} {nonce}", found.account.id);
    Secret::derived(&app.store().key("staff codes"), from.as_bytes())
}

/// Sets up another phone. Other browsers are signed out; gives new recovery codes.
pub(crate) async fn new_codes(
    app: &App,
    address: &str,
    found: &Found,
    present: &Sealed,
    (nonce, code): (&str, &str),
) -> Result<Vec<String>, OwnFault> {
    let secret = secret_of_nonce(app, found, nonce);
    let step = secret
        .step_of(&digits(code), app.now(), 0)
        .ok_or(OwnFault::Code)?;
    let checked = check(app, address, &found.account, present).await?;
    let (recovery, hashes) = recovery_codes(app)?;
    let changed = StaffAccount {
        totp: Some(secret.text()),
        totp_step: step,
        recovery: hashes,
        ..found.account.clone()
    };
    commit(app, found, changed, checked, "account.codes").await?;
    Ok(recovery)
}

async fn check(
    app: &App,
    address: &str,
    account: &StaffAccount,
    present: &Sealed,
) -> Result<(Keys, Counted), SignInFault> {
    let keys = Keys::of(app.store(), account.login.open(), address);
    let counted = check_password(app, Some(account), keys, present).await?;
    Ok((keys, counted))
}

async fn commit(
    app: &App,
    found: &Found,
    changed: StaffAccount,
    (keys, counted): (Keys, Counted),
    action: &str,
) -> Result<(), SignInFault> {
    let (id, now) = (changed.id, app.now());
    let line = Actor::console(id).line(app.store(), now, action, &id, json!({}));
    let commit = StaffCommit {
        ended: Ended::AllBut(found.session.hash),
        forgotten: vec![keys.login],
        forgiven: vec![counted.address],
        audit: vec![line],
        ..StaffCommit::of(changed, now)
    };
    match app.store().commit_staff(commit).await? {
        StaffCommitted::Done => Ok(()),
        // Somebody changed the account in this very moment.
        _ => Err(SignInFault::Busy),
    }
}

/// Ends one session of an account, or all but the one at hand.
pub(crate) async fn end_sessions(
    app: &App,
    found: &Found,
    one: Option<[u8; 32]>,
) -> Result<(), Problem> {
    let ended = one.map_or(Ended::AllBut(found.session.hash), Ended::One);
    let mut account = Some(found.account.clone());
    for _ in 0..ROUNDS {
        let Some(open) = account else { break };
        let id = open.id;
        let details = json!({ "all": one.is_none() });
        let line =
            Actor::console(id).line(app.store(), app.now(), "account.sessions", &id, details);
        let commit = StaffCommit {
            ended,
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
