//! Accounts of staff, their sessions and links, and tries to sign in.

use model::{Id, Instant, Lane, Roles, Sealed, StaffId};
use tokio_postgres::Row;

use super::audit::add_audit;
use super::failure::Failure;
use super::rows::{get, text};
use super::sql::staff::{
    ADD_STAFF, BEGIN_SESSION, CHANGE_STAFF, COUNT_TRIES, DROP_TRIES, END_ALL, END_ONE, END_OTHERS,
    FORGET_LINKS, FORGET_SESSIONS, FORGET_TRIES, FORGIVE_TRIES, LOCK_STAFF, OTHER_OPERATOR,
    REMOVE_LINK, SET_LINK, STAFF, STAFF_ACCOUNT, STAFF_BY_LINK, STAFF_BY_LOGIN, STAFF_BY_SESSION,
    STAFF_SESSIONS, TOUCH_SESSION, TRIES,
};
use super::steps::{Answer, Param, Steps, ask, begin, commit, params};
use super::{Postgres, Shared, retrying};
use crate::staff::{read_hash, read_recovery, write_recovery};
use crate::{
    Ended, Error, LinkChange, Result, SignInTries, StaffAccount, StaffCommit, StaffCommitted,
    StaffSession,
};

impl Postgres {
    pub(super) async fn ask_one(
        &self,
        sql: &'static str,
        params: Vec<Param<'_>>,
    ) -> Result<Answer> {
        let client = self.shared.reader().await?;
        Ok(ask(&client, sql, params).await?)
    }

    pub(crate) async fn staff(&self) -> Result<Vec<StaffAccount>> {
        let found = self.ask_one(STAFF, params![]).await?;
        found.rows.iter().map(read_account).collect()
    }

    pub(crate) async fn staff_account(&self, staff: StaffId) -> Result<Option<StaffAccount>> {
        let found = self.ask_one(STAFF_ACCOUNT, params![staff.as_i64()]).await?;
        found.rows.first().map(read_account).transpose()
    }

    pub(crate) async fn staff_by_login(&self, login: String) -> Result<Option<StaffAccount>> {
        let found = self.ask_one(STAFF_BY_LOGIN, params![text(&login)]).await?;
        found.rows.first().map(read_account).transpose()
    }

    pub(crate) async fn commit_staff(&self, change: StaffCommit) -> Result<StaffCommitted> {
        Ok(retrying(|| self.shared.commit_staff(&change)).await?)
    }

    pub(crate) async fn staff_session(
        &self,
        hash: [u8; 32],
        now: Instant,
    ) -> Result<Option<(StaffSession, StaffAccount)>> {
        let params = params![hash.to_vec(), now.as_micros()];
        let found = self.ask_one(STAFF_BY_SESSION, params).await?;
        let both = |row| Ok((read_session(row, 12)?, read_account(row)?));
        found.rows.first().map(both).transpose()
    }

    pub(crate) async fn touch_staff_session(&self, hash: [u8; 32], now: Instant) -> Result<()> {
        let params = params![hash.to_vec(), now.as_micros()];
        self.ask_one(TOUCH_SESSION, params).await?;
        Ok(())
    }

    pub(crate) async fn staff_sessions(
        &self,
        staff: StaffId,
        now: Instant,
    ) -> Result<Vec<StaffSession>> {
        let params = params![staff.as_i64(), now.as_micros()];
        let found = self.ask_one(STAFF_SESSIONS, params).await?;
        found.rows.iter().map(|row| read_session(row, 0)).collect()
    }

    pub(crate) async fn staff_link(
        &self,
        hash: [u8; 32],
        now: Instant,
    ) -> Result<Option<StaffAccount>> {
        let params = params![hash.to_vec(), now.as_micros()];
        let found = self.ask_one(STAFF_BY_LINK, params).await?;
        found.rows.first().map(read_account).transpose()
    }

    pub(crate) async fn sign_in_tries(
        &self,
        keys: Vec<[u8; 32]>,
    ) -> Result<Vec<Option<SignInTries>>> {
        let found = self.ask_one(TRIES, params![octets(&keys)]).await?;
        read_tries(&found.rows, keys.len())
    }

    pub(crate) async fn count_sign_in(
        &self,
        keys: Vec<[u8; 32]>,
        now: Instant,
        forget: Instant,
    ) -> Result<Vec<Option<SignInTries>>> {
        let counted = retrying(|| self.shared.count_sign_in(&keys, now, forget));
        Ok(counted.await?)
    }
}

impl Shared {
    async fn commit_staff(
        &self,
        change: &StaffCommit,
    ) -> std::result::Result<StaffCommitted, Failure> {
        let account = &change.account;
        let staff = account.id.as_i64();
        let mut client = self.open(self.pool(Lane::Normal)).await?;
        let tx = begin(&mut client).await?;
        if change.gives_up_operator {
            ask(&tx, LOCK_STAFF, params![]).await?;
            let other = ask(&tx, OTHER_OPERATOR, params![staff]).await?;
            if other.rows.is_empty() {
                return Ok(StaffCommitted::LastOperator);
            }
        }
        let (sql, refused) = match account.version {
            0 => (ADD_STAFF, StaffCommitted::LoginTaken),
            _ => (CHANGE_STAFF, StaffCommitted::Stale),
        };
        if ask(&tx, sql, account_params(account)).await?.affected == 0 {
            return Ok(refused);
        }
        let mut steps = Steps::new();
        let now = change.now.as_micros();
        steps.add(FORGET_SESSIONS, params![now]);
        steps.add(FORGET_LINKS, params![now]);
        match change.ended {
            Ended::None => {}
            Ended::One(hash) => {
                steps.add(END_ONE, params![staff, hash.to_vec()]);
            }
            Ended::AllBut(hash) => {
                steps.add(END_OTHERS, params![staff, hash.to_vec()]);
            }
            Ended::All => {
                steps.add(END_ALL, params![staff]);
            }
        }
        if let Some(begun) = &change.begun {
            steps.add(BEGIN_SESSION, session_params(begun));
        }
        if change.link != LinkChange::Keep {
            steps.add(REMOVE_LINK, params![staff]);
        }
        if let LinkChange::Set { hash, expires_at } = change.link {
            let params = params![hash.to_vec(), staff, expires_at.as_micros()];
            steps.add(SET_LINK, params);
        }
        if !change.forgotten.is_empty() {
            steps.add(DROP_TRIES, params![octets(&change.forgotten)]);
        }
        if !change.forgiven.is_empty() {
            let (keys, at): (Vec<[u8; 32]>, Vec<Instant>) = change.forgiven.iter().copied().unzip();
            let at: Vec<i64> = at.into_iter().map(Instant::as_micros).collect();
            steps.add(FORGIVE_TRIES, params![octets(&keys), at]);
        }
        add_audit(&mut steps, &change.audit);
        steps.run(&tx).await?;
        commit(tx).await?;
        Ok(StaffCommitted::Done)
    }

    async fn count_sign_in(
        &self,
        keys: &[[u8; 32]],
        now: Instant,
        forget: Instant,
    ) -> std::result::Result<Vec<Option<SignInTries>>, Failure> {
        let mut client = self.open(self.pool(Lane::Normal)).await?;
        let tx = begin(&mut client).await?;
        let mut steps = Steps::new();
        steps.add(FORGET_TRIES, params![forget.as_micros()]);
        steps.add(TRIES, params![octets(keys)]);
        steps.add(COUNT_TRIES, params![octets(keys), now.as_micros()]);
        let answers = steps.run(&tx).await?;
        let before = read_tries(&answers[1].rows, keys.len())?;
        commit(tx).await?;
        Ok(before)
    }
}

fn octets(keys: &[[u8; 32]]) -> Vec<Vec<u8>> {
    keys.iter().map(|key| key.to_vec()).collect()
}

fn account_params(account: &StaffAccount) -> Vec<Param<'_>> {
    params![
        account.id.as_i64(),
        text(account.name.open()),
        text(account.login.open()),
        i16::from(account.roles.number()),
        account.password.as_ref().map(Sealed::open),
        account.totp.as_ref().map(Sealed::open),
        account.totp_step,
        write_recovery(&account.recovery),
        account.created_at.as_micros(),
        account.enrolled_at.map(Instant::as_micros),
        account.disabled_at.map(Instant::as_micros),
        account.version,
    ]
}

fn session_params(session: &StaffSession) -> Vec<Param<'_>> {
    params![
        session.hash.to_vec(),
        session.staff.as_i64(),
        session.began_at.as_micros(),
        session.seen_at.as_micros(),
        session.expires_at.as_micros(),
        i16::from(session.half),
        text(&session.device),
    ]
}

fn read_tries(rows: &[Row], count: usize) -> Result<Vec<Option<SignInTries>>> {
    let mut all = vec![None; count];
    for row in rows {
        let place: i64 = get(row, 0)?;
        let failures: i32 = get(row, 1)?;
        let tries = SignInTries {
            failures: u32::try_from(failures).unwrap_or(0),
            last_at: Instant::from_micros(get(row, 2)?),
        };
        let place = usize::try_from(place - 1).ok();
        if let Some(slot) = place.and_then(|place| all.get_mut(place)) {
            *slot = Some(tries);
        }
    }
    Ok(all)
}

fn read_account(row: &Row) -> Result<StaffAccount> {
    let sealed = |at| Ok::<_, Error>(get::<Option<String>>(row, at)?.map(Sealed::new));
    let maybe = |at| Ok::<_, Error>(get::<Option<i64>>(row, at)?.map(Instant::from_micros));
    let roles: i16 = get(row, 3)?;
    Ok(StaffAccount {
        id: StaffId::from_i64(get(row, 0)?),
        name: Sealed::new(get::<String>(row, 1)?),
        login: Sealed::new(get::<String>(row, 2)?),
        roles: Roles::from_number(u8::try_from(roles).unwrap_or(0)),
        password: sealed(4)?,
        totp: sealed(5)?,
        totp_step: get(row, 6)?,
        recovery: read_recovery(get(row, 7)?)?,
        created_at: Instant::from_micros(get(row, 8)?),
        enrolled_at: maybe(9)?,
        disabled_at: maybe(10)?,
        version: get(row, 11)?,
    })
}

/// Reads a session whose columns begin at a place.
fn read_session(row: &Row, at: usize) -> Result<StaffSession> {
    Ok(StaffSession {
        hash: read_hash(get(row, at)?, "staff_sessions.hash")?,
        staff: StaffId::from_i64(get(row, at + 1)?),
        began_at: Instant::from_micros(get(row, at + 2)?),
        seen_at: Instant::from_micros(get(row, at + 3)?),
        expires_at: Instant::from_micros(get(row, at + 4)?),
        half: get::<i16>(row, at + 5)? != 0,
        device: get(row, at + 6)?,
    })
}
