//! The people who run the marketplace: accounts, sign-ins, enrolment links, and the audit
//! of what they change. Only hashes of secrets that are random pass through here.
//!
//! An account is read, decided about by its caller, and committed with the version it was
//! read at, together with everything that follows: sessions, links, lines of the audit.

use model::{AuditId, AuditLine, Instant, Roles, Sealed, StaffId};

use crate::{Backend, Result, Store};

/// The account of a member of staff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaffAccount {
    /// Its id.
    pub id: StaffId,
    /// Their name.
    pub name: Sealed,
    /// What they sign in with: a mail address in lower case. No two accounts share one.
    pub login: Sealed,
    /// What they may do.
    pub roles: Roles,
    /// The hash of their password, once they chose one.
    pub password: Option<Sealed>,
    /// The secret their codes are made from, once they set that up.
    pub totp: Option<Sealed>,
    /// The time step of the last code that was used; it and earlier ones are spent.
    pub totp_step: i64,
    /// SHA-256 of each recovery code that is left.
    pub recovery: Vec<[u8; 32]>,
    /// When it was made.
    pub created_at: Instant,
    /// When they last chose a password and set up their codes.
    pub enrolled_at: Option<Instant>,
    /// When it was disabled, if it is.
    pub disabled_at: Option<Instant>,
    /// Grows with every change; 0 for an account that is not kept yet.
    pub version: i64,
}

impl StaffAccount {
    /// Whether a password and a code can open it.
    pub fn can_sign_in(&self) -> bool {
        self.disabled_at.is_none() && self.password.is_some() && self.totp.is_some()
    }
}

/// A browser in which a member of staff is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaffSession {
    /// SHA-256 of its cookie.
    pub hash: [u8; 32],
    /// Whose it is.
    pub staff: StaffId,
    /// When it began.
    pub began_at: Instant,
    /// When it was last used, to the minute.
    pub seen_at: Instant,
    /// When it ends, however much it is used.
    pub expires_at: Instant,
    /// The password was right, and the code is still to come.
    pub half: bool,
    /// What kind of browser, in a few words.
    pub device: String,
}

/// Which sessions of an account end with a change of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ended {
    /// None.
    #[default]
    None,
    /// The one with this hash.
    One([u8; 32]),
    /// All but the one with this hash.
    AllBut([u8; 32]),
    /// All.
    All,
}

/// What becomes of an account's enrolment link with a change of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LinkChange {
    /// Nothing.
    #[default]
    Keep,
    /// It is used up, or taken back.
    Remove,
    /// This one takes its place.
    Set {
        /// SHA-256 of its token.
        hash: [u8; 32],
        /// When it ends.
        expires_at: Instant,
    },
}

/// An account as it shall be, with all that follows from it: committed as one.
#[derive(Clone, Debug)]
pub struct StaffCommit {
    /// The account, with the version it was read at.
    pub account: StaffAccount,
    /// The account stops being an operator who can sign in: there must be another.
    pub gives_up_operator: bool,
    /// Sessions that end.
    pub ended: Ended,
    /// A session that begins.
    pub begun: Option<StaffSession>,
    /// Its enrolment link.
    pub link: LinkChange,
    /// Tries that count no longer.
    pub forgotten: Vec<[u8; 32]>,
    /// Tries of which the last one does not count, with when the one before it was.
    pub forgiven: Vec<([u8; 32], Instant)>,
    /// What is written down of it.
    pub audit: Vec<AuditLine>,
    /// Now.
    pub now: Instant,
}

impl StaffCommit {
    /// A change of the account alone.
    pub fn of(account: StaffAccount, now: Instant) -> Self {
        Self {
            account,
            gives_up_operator: false,
            ended: Ended::None,
            begun: None,
            link: LinkChange::Keep,
            forgotten: Vec::new(),
            forgiven: Vec::new(),
            audit: Vec::new(),
            now,
        }
    }
}

/// What became of a change of an account. Only the first wrote anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StaffCommitted {
    /// It is on disk.
    Done,
    /// The account changed since it was read: decide again.
    Stale,
    /// Another account signs in with this address.
    LoginTaken,
    /// It is the last operator who can sign in.
    LastOperator,
}

/// Tries that led nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignInTries {
    /// How many.
    pub failures: u32,
    /// The last of them.
    pub last_at: Instant,
}

/// Which lines of the audit to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// What this person did.
    pub who: Option<StaffId>,
    /// Only this action.
    pub action: Option<String>,
    /// Not before.
    pub since: Option<Instant>,
    /// Before.
    pub until: Option<Instant>,
}

impl Store {
    /// All accounts of staff, oldest first.
    ///
    /// # Errors
    /// [`crate::Error`].
    pub async fn staff(&self) -> Result<Vec<StaffAccount>> {
        on!(self, backend => backend.staff().await)
    }

    /// An account of staff.
    ///
    /// # Errors
    /// [`crate::Error`].
    pub async fn staff_account(&self, id: StaffId) -> Result<Option<StaffAccount>> {
        on!(self, backend => backend.staff_account(id).await)
    }

    /// The account that signs in with an address, given in lower case.
    ///
    /// # Errors
    /// [`crate::Error`].
    pub async fn staff_by_login(&self, login: String) -> Result<Option<StaffAccount>> {
        on!(self, backend => backend.staff_by_login(login).await)
    }

    /// Writes an account, new or changed, with all that follows from it.
    ///
    /// # Errors
    /// [`crate::Error`]; nothing was written.
    pub async fn commit_staff(&self, commit: StaffCommit) -> Result<StaffCommitted> {
        on!(self, backend => backend.commit_staff(commit).await)
    }

    /// A session that has not come to its end, and its account. Whether it was idle for too
    /// long is the caller's to say.
    ///
    /// # Errors
    /// [`crate::Error`].
    pub async fn staff_session(
        &self,
        hash: [u8; 32],
        now: Instant,
    ) -> Result<Option<(StaffSession, StaffAccount)>> {
        on!(self, backend => backend.staff_session(hash, now).await)
    }

    /// Notes that a session was used.
    ///
    /// # Errors
    /// [`crate::Error`].
    pub async fn touch_staff_session(&self, hash: [u8; 32], now: Instant) -> Result<()> {
        on!(self, backend => backend.touch_staff_session(hash, now).await)
    }

    /// The whole sessions of an account, newest first.
    ///
    /// # Errors
    /// [`crate::Error`].
    pub async fn staff_sessions(&self, id: StaffId, now: Instant) -> Result<Vec<StaffSession>> {
        on!(self, backend => backend.staff_sessions(id, now).await)
    }

    /// The account an enrolment link is for, while it works.
    ///
    /// # Errors
    /// [`crate::Error`].
    pub async fn staff_link(&self, hash: [u8; 32], now: Instant) -> Result<Option<StaffAccount>> {
        on!(self, backend => backend.staff_link(hash, now).await)
    }

    /// The tries under some keys that led nowhere, in the order asked.
    ///
    /// # Errors
    /// [`crate::Error`].
    pub async fn sign_in_tries(&self, keys: Vec<[u8; 32]>) -> Result<Vec<Option<SignInTries>>> {
        on!(self, backend => backend.sign_in_tries(keys).await)
    }

    /// Counts a try under some keys, before anybody knows how it ends; gives what stood
    /// there before. What is older than `forget` is forgotten first.
    ///
    /// # Errors
    /// [`crate::Error`]; then it is not counted.
    pub async fn count_sign_in(
        &self,
        keys: Vec<[u8; 32]>,
        now: Instant,
        forget: Instant,
    ) -> Result<Vec<Option<SignInTries>>> {
        on!(self, backend => backend.count_sign_in(keys, now, forget).await)
    }

    /// Writes lines of the audit that go with no change in the store.
    ///
    /// # Errors
    /// [`crate::Error`]; then none is written.
    pub async fn append_audit(&self, lines: Vec<AuditLine>) -> Result<()> {
        on!(self, backend => backend.append_audit(lines).await)
    }

    /// Lines of the audit, newest first.
    ///
    /// # Errors
    /// [`crate::Error`].
    pub async fn audit(
        &self,
        filter: AuditFilter,
        before: Option<AuditId>,
        limit: usize,
    ) -> Result<Vec<AuditLine>> {
        on!(self, backend => backend.audit(filter, before, limit).await)
    }

    /// The actions there are lines of, in their order.
    ///
    /// # Errors
    /// [`crate::Error`].
    pub async fn audit_actions(&self) -> Result<Vec<String>> {
        on!(self, backend => backend.audit_actions().await)
    }
}

/// Recovery hashes as they are kept: one after the other.
pub(crate) fn write_recovery(hashes: &[[u8; 32]]) -> Vec<u8> {
    hashes.concat()
}

/// Reads what [`write_recovery`] wrote.
pub(crate) fn read_recovery(bytes: &[u8]) -> Result<Vec<[u8; 32]>> {
    let (whole, rest) = bytes.as_chunks::<32>();
    if rest.is_empty() {
        Ok(whole.to_vec())
    } else {
        Err(crate::Error::Corrupt(
            "staff.recovery: not hashes of 32 bytes".into(),
        ))
    }
}

/// A hash as it is kept.
pub(crate) fn read_hash(bytes: Vec<u8>, column: &str) -> Result<[u8; 32]> {
    bytes
        .try_into()
        .map_err(|_| crate::Error::Corrupt(format!("{column}: not 32 bytes")))
}
