//! Accounts of staff, as operators and the command line look after them.

use model::{Instant, Partition, Role, Roles, Sealed, Span, StaffId};
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::json;
use store::{Ended, LinkChange, StaffAccount, StaffCommit, StaffCommitted, Store};

use super::Actor;
use super::throttle::login_key;
use crate::auth::sha256;
use crate::base64url;

/// How long an enrolment link works.
const LINK_LIVES: Span = Span::hours(24);
/// So often is a change decided again that met another one.
const ROUNDS: usize = 5;

/// Why an account is not made or changed.
#[derive(Debug, thiserror::Error)]
pub enum StaffError {
    /// The name cannot be one.
    #[error("a name has 1 to 200 bytes and no control characters")]
    Name,
    /// The address cannot be one.
    #[error("this is not an e-mail address")]
    Email,
    /// Nobody works without a role.
    #[error("an account has at least one role")]
    NoRole,
    /// Another account has the address.
    #[error("another account signs in with this address")]
    LoginTaken,
    /// Nobody could look after accounts any more.
    #[error("this is the last operator who can sign in; make another one first")]
    LastOperator,
    /// There is no such account.
    #[error("there is no such account")]
    NotFound,
    /// The system gave no random numbers.
    #[error("the system gave no random numbers")]
    Random,
    /// The store would not keep it.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// An account that waits for its person.
#[derive(Clone, Debug)]
pub struct Invited {
    /// The account.
    pub id: StaffId,
    /// The token of the enrolment link: shown once.
    pub token: Sealed,
    /// Until when the link works.
    pub expires_at: Instant,
}

/// The page behind an enrolment link.
pub fn enrol_url(public_url: &str, invited: &Invited) -> String {
    format!("{public_url}/console/enrol?token={}", invited.token.open())
}

/// What somebody signs in with: their address in lower case, without space around it.
pub(super) fn read_login(text: &str) -> Option<String> {
    let login = text.trim().to_lowercase();
    model::ContactPoint::email(&login).ok().map(|_| login)
}

fn invite(
    random: &SystemRandom,
    now: Instant,
) -> Result<(Sealed, LinkChange, Instant), StaffError> {
    let mut bytes = [0_u8; 32];
    random.fill(&mut bytes).map_err(|_| StaffError::Random)?;
    let token = base64url::encode(&bytes);
    let expires_at = now + LINK_LIVES;
    let link = LinkChange::Set {
        hash: sha256(token.as_bytes()),
        expires_at,
    };
    Ok((Sealed::new(token), link, expires_at))
}

/// Adds an account. Its person opens the link, and chooses a password there.
///
/// # Errors
/// [`StaffError`]; then there is no new account.
pub async fn add_staff(
    store: &Store,
    random: &SystemRandom,
    actor: Actor,
    (name, email): (&str, &str),
    roles: Roles,
    now: Instant,
) -> Result<Invited, StaffError> {
    let name = name.trim();
    if name.is_empty() || name.len() > 200 || name.chars().any(char::is_control) {
        return Err(StaffError::Name);
    }
    let login = read_login(email).ok_or(StaffError::Email)?;
    if roles.is_empty() {
        return Err(StaffError::NoRole);
    }
    let (token, link, expires_at) = invite(random, now)?;
    let id: StaffId = store.ids().next(Partition::new(0), now);
    let account = StaffAccount {
        id,
        name: Sealed::new(name),
        login: Sealed::new(login),
        roles,
        password: None,
        totp: None,
        totp_step: 0,
        recovery: Vec::new(),
        created_at: now,
        enrolled_at: None,
        disabled_at: None,
        version: 0,
    };
    let details = json!({ "roles": words(roles) });
    let commit = StaffCommit {
        link,
        audit: vec![actor.line(store, now, "staff.added", &id, details)],
        ..StaffCommit::of(account, now)
    };
    match store.commit_staff(commit).await? {
        StaffCommitted::Done => Ok(Invited {
            id,
            token,
            expires_at,
        }),
        _ => Err(StaffError::LoginTaken),
    }
}

/// Takes password, codes and sessions away, and makes a new link: for somebody who lost
/// their phone or forgot their password.
///
/// # Errors
/// [`StaffError`]; nothing changed.
pub async fn reset_staff(
    store: &Store,
    random: &SystemRandom,
    actor: Actor,
    id: StaffId,
    now: Instant,
) -> Result<Invited, StaffError> {
    let (token, link, expires_at) = invite(random, now)?;
    change(store, actor, id, |mut account| {
        account.password = None;
        account.totp = None;
        account.recovery.clear();
        let key = login_key(store, account.login.open());
        Some(StaffCommit {
            link,
            ended: Ended::All,
            forgotten: vec![key],
            audit: vec![actor.line(store, now, "staff.reset", &id, json!({}))],
            ..StaffCommit::of(account, now)
        })
    })
    .await?;
    Ok(Invited {
        id,
        token,
        expires_at,
    })
}

/// Keeps somebody out from now on. Their account stays, for what was written down of it.
///
/// # Errors
/// [`StaffError`]; nothing changed.
pub async fn disable_staff(
    store: &Store,
    actor: Actor,
    id: StaffId,
    now: Instant,
) -> Result<(), StaffError> {
    change(store, actor, id, |mut account| {
        account.disabled_at.is_none().then(|| {
            account.disabled_at = Some(now);
            StaffCommit {
                link: LinkChange::Remove,
                ended: Ended::All,
                audit: vec![actor.line(store, now, "staff.disabled", &id, json!({}))],
                ..StaffCommit::of(account, now)
            }
        })
    })
    .await
}

/// Lets somebody in again who was kept out.
///
/// # Errors
/// [`StaffError`]; nothing changed.
pub async fn enable_staff(
    store: &Store,
    actor: Actor,
    id: StaffId,
    now: Instant,
) -> Result<(), StaffError> {
    change(store, actor, id, |mut account| {
        account.disabled_at.take().map(|_| StaffCommit {
            audit: vec![actor.line(store, now, "staff.enabled", &id, json!({}))],
            ..StaffCommit::of(account, now)
        })
    })
    .await
}

/// Gives somebody other roles.
///
/// # Errors
/// [`StaffError`]; nothing changed.
pub async fn set_staff_roles(
    store: &Store,
    actor: Actor,
    id: StaffId,
    roles: Roles,
    now: Instant,
) -> Result<(), StaffError> {
    if roles.is_empty() {
        return Err(StaffError::NoRole);
    }
    change(store, actor, id, |mut account| {
        let before = std::mem::replace(&mut account.roles, roles);
        let details = json!({ "before": words(before), "roles": words(roles) });
        (before != roles).then(|| StaffCommit {
            audit: vec![actor.line(store, now, "staff.roles", &id, details)],
            ..StaffCommit::of(account, now)
        })
    })
    .await
}

/// Lets somebody try again at once who was held back after too many tries.
///
/// # Errors
/// [`StaffError`]; nothing changed.
pub async fn unlock_staff(
    store: &Store,
    actor: Actor,
    id: StaffId,
    now: Instant,
) -> Result<(), StaffError> {
    change(store, actor, id, |account| {
        let key = login_key(store, account.login.open());
        Some(StaffCommit {
            forgotten: vec![key],
            audit: vec![actor.line(store, now, "staff.unlocked", &id, json!({}))],
            ..StaffCommit::of(account, now)
        })
    })
    .await
}

fn words(roles: Roles) -> Vec<&'static str> {
    roles.iter().map(Role::as_str).collect()
}

fn is_operator(account: &StaffAccount) -> bool {
    account.can_sign_in() && account.roles.has(Role::Operator)
}

/// Reads an account, decides what becomes of it, and commits that: again when somebody
/// else changed it meanwhile. `None` changes nothing.
async fn change(
    store: &Store,
    actor: Actor,
    id: StaffId,
    decide: impl Fn(StaffAccount) -> Option<StaffCommit>,
) -> Result<(), StaffError> {
    for _ in 0..ROUNDS {
        let account = store.staff_account(id).await?.ok_or(StaffError::NotFound)?;
        let was = is_operator(&account);
        let Some(mut commit) = decide(account) else {
            return Ok(());
        };
        commit.gives_up_operator = was && !is_operator(&commit.account) && !actor.is_command();
        match store.commit_staff(commit).await? {
            StaffCommitted::Done => return Ok(()),
            StaffCommitted::Stale => {}
            StaffCommitted::LoginTaken => return Err(StaffError::LoginTaken),
            StaffCommitted::LastOperator => return Err(StaffError::LastOperator),
        }
    }
    Err(store::Error::Unavailable("the account keeps changing".into()).into())
}
