//! Accounts of staff, their sessions and links, and tries to sign in.

use model::{Id, Instant, Lane, Roles, Sealed, StaffId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Sqlite;
use super::audit::write_audit;
use super::rows::{collect, id, instant, maybe_instant};
use crate::staff::{read_hash, read_recovery, write_recovery};
use crate::{
    Ended, LinkChange, Result, SignInTries, StaffAccount, StaffCommit, StaffCommitted, StaffSession,
};

const ACCOUNT: &str = "SELECT a.id, a.name, a.login, a.roles, a.password, a.totp, a.totp_step,
         a.recovery, a.created_at, a.enrolled_at, a.disabled_at, a.version";
const SESSION: &str = "s.hash, s.staff, s.began_at, s.seen_at, s.expires_at, s.half, s.device";

impl Sqlite {
    pub(crate) async fn staff(&self) -> Result<Vec<StaffAccount>> {
        self.read(|connection, _| {
            let sql = format!("{ACCOUNT} FROM staff AS a ORDER BY a.id");
            let mut statement = connection.prepare_cached(&sql)?;
            collect(&mut statement.query([])?, read_account)
        })
        .await
    }

    pub(crate) async fn staff_account(&self, staff: StaffId) -> Result<Option<StaffAccount>> {
        self.read(move |connection, _| {
            let sql = format!("{ACCOUNT} FROM staff AS a WHERE a.id = ?1");
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query([staff.as_i64()])?;
            rows.next()?.map(read_account).transpose()
        })
        .await
    }

    pub(crate) async fn staff_by_login(&self, login: String) -> Result<Option<StaffAccount>> {
        self.read(move |connection, _| {
            let sql = format!("{ACCOUNT} FROM staff AS a WHERE a.login = ?1");
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query([login])?;
            rows.next()?.map(read_account).transpose()
        })
        .await
    }

    pub(crate) async fn commit_staff(&self, commit: StaffCommit) -> Result<StaffCommitted> {
        self.write(Lane::Normal, 2, move |tx| commit_in(tx.connection, &commit))
            .await
    }

    pub(crate) async fn staff_session(
        &self,
        hash: [u8; 32],
        now: Instant,
    ) -> Result<Option<(StaffSession, StaffAccount)>> {
        self.read(move |connection, _| {
            let sql = format!(
                "{ACCOUNT}, {SESSION} FROM staff_sessions AS s JOIN staff AS a ON a.id = s.staff
                 WHERE s.hash = ?1 AND s.expires_at > ?2"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query(params![hash.as_slice(), now.as_micros()])?;
            let both = |row: &Row<'_>| Ok((read_session(row)?, read_account(row)?));
            rows.next()?.map(both).transpose()
        })
        .await
    }

    pub(crate) async fn touch_staff_session(&self, hash: [u8; 32], now: Instant) -> Result<()> {
        self.write(Lane::Normal, 1, move |tx| {
            tx.connection.execute(
                "UPDATE staff_sessions SET seen_at = ?2 WHERE hash = ?1",
                params![hash.as_slice(), now.as_micros()],
            )?;
            Ok(())
        })
        .await
    }

    pub(crate) async fn staff_sessions(
        &self,
        staff: StaffId,
        now: Instant,
    ) -> Result<Vec<StaffSession>> {
        self.read(move |connection, _| {
            let sql = format!(
                "SELECT {SESSION} FROM staff_sessions AS s
                 WHERE s.staff = ?1 AND s.expires_at > ?2 AND s.half = 0 ORDER BY s.began_at DESC"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query(params![staff.as_i64(), now.as_micros()])?;
            collect(&mut rows, read_session)
        })
        .await
    }

    pub(crate) async fn staff_link(
        &self,
        hash: [u8; 32],
        now: Instant,
    ) -> Result<Option<StaffAccount>> {
        self.read(move |connection, _| {
            let sql = format!(
                "{ACCOUNT} FROM staff_links AS l JOIN staff AS a ON a.id = l.staff
                 WHERE l.hash = ?1 AND l.expires_at > ?2"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query(params![hash.as_slice(), now.as_micros()])?;
            rows.next()?.map(read_account).transpose()
        })
        .await
    }

    pub(crate) async fn sign_in_tries(
        &self,
        keys: Vec<[u8; 32]>,
    ) -> Result<Vec<Option<SignInTries>>> {
        self.read(move |connection, _| keys.iter().map(|key| tries(connection, key)).collect())
            .await
    }

    pub(crate) async fn count_sign_in(
        &self,
        keys: Vec<[u8; 32]>,
        now: Instant,
        forget: Instant,
    ) -> Result<Vec<Option<SignInTries>>> {
        self.write(Lane::Normal, 1, move |tx| {
            tx.connection.execute(
                "DELETE FROM sign_in_tries WHERE last_at < ?1",
                [forget.as_micros()],
            )?;
            let count = |key: &[u8; 32]| {
                let before = tries(tx.connection, key)?;
                tx.connection.execute(
                    "INSERT INTO sign_in_tries (key, failures, last_at) VALUES (?1, 1, ?2)
                     ON CONFLICT (key) DO UPDATE SET failures = failures + 1, last_at = ?2",
                    params![key.as_slice(), now.as_micros()],
                )?;
                Ok(before)
            };
            keys.iter().map(count).collect()
        })
        .await
    }
}

fn commit_in(connection: &Connection, commit: &StaffCommit) -> Result<StaffCommitted> {
    let (account, now) = (&commit.account, commit.now.as_micros());
    let staff = account.id.as_i64();
    if commit.gives_up_operator {
        let other: Option<i64> = connection
            .query_row(
                "SELECT 1 FROM staff WHERE id <> ?1 AND roles & 1 <> 0 AND disabled_at IS NULL
                     AND password IS NOT NULL AND totp IS NOT NULL LIMIT 1",
                [staff],
                |row| row.get(0),
            )
            .optional()?;
        if other.is_none() {
            return Ok(StaffCommitted::LastOperator);
        }
    }
    if write_account(connection, account)? == 0 {
        return Ok(match account.version {
            0 => StaffCommitted::LoginTaken,
            _ => StaffCommitted::Stale,
        });
    }
    let run = |sql: &str, values: &[&dyn rusqlite::ToSql]| -> Result<()> {
        connection.prepare_cached(sql)?.execute(values)?;
        Ok(())
    };
    run("DELETE FROM staff_sessions WHERE expires_at <= ?1", &[&now])?;
    run("DELETE FROM staff_links WHERE expires_at <= ?1", &[&now])?;
    match commit.ended {
        Ended::None => {}
        Ended::One(hash) => run(
            "DELETE FROM staff_sessions WHERE staff = ?1 AND hash = ?2",
            &[&staff, &hash.as_slice()],
        )?,
        Ended::AllBut(hash) => run(
            "DELETE FROM staff_sessions WHERE staff = ?1 AND hash <> ?2",
            &[&staff, &hash.as_slice()],
        )?,
        Ended::All => run("DELETE FROM staff_sessions WHERE staff = ?1", &[&staff])?,
    }
    if let Some(begun) = &commit.begun {
        run(
            "INSERT OR REPLACE INTO staff_sessions (hash, staff, began_at, seen_at, expires_at, half, device)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            &[
                &begun.hash.as_slice(),
                &begun.staff.as_i64(),
                &begun.began_at.as_micros(),
                &begun.seen_at.as_micros(),
                &begun.expires_at.as_micros(),
                &i64::from(begun.half),
                &begun.device,
            ],
        )?;
    }
    if commit.link != LinkChange::Keep {
        run("DELETE FROM staff_links WHERE staff = ?1", &[&staff])?;
    }
    if let LinkChange::Set { hash, expires_at } = commit.link {
        run(
            "INSERT INTO staff_links (hash, staff, expires_at) VALUES (?1, ?2, ?3)",
            &[&hash.as_slice(), &staff, &expires_at.as_micros()],
        )?;
    }
    for key in &commit.forgotten {
        run(
            "DELETE FROM sign_in_tries WHERE key = ?1",
            &[&key.as_slice()],
        )?;
    }
    for (key, last_at) in &commit.forgiven {
        run(
            "UPDATE sign_in_tries SET failures = max(failures - 1, 0), last_at = ?2 WHERE key = ?1",
            &[&key.as_slice(), &last_at.as_micros()],
        )?;
    }
    write_audit(connection, &commit.audit)?;
    Ok(StaffCommitted::Done)
}

/// Writes an account; gives how many rows that changed.
fn write_account(connection: &Connection, account: &StaffAccount) -> Result<usize> {
    let sql = if account.version == 0 {
        "INSERT INTO staff (id, name, login, roles, password, totp, totp_step, recovery, created_at,
             enrolled_at, disabled_at, version)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12 + 1)
         ON CONFLICT (login) DO NOTHING"
    } else {
        "UPDATE staff SET name = ?2, login = ?3, roles = ?4, password = ?5, totp = ?6, totp_step = ?7,
             recovery = ?8, created_at = ?9, enrolled_at = ?10, disabled_at = ?11, version = ?12 + 1
         WHERE id = ?1 AND version = ?12"
    };
    Ok(connection.prepare_cached(sql)?.execute(params![
        account.id.as_i64(),
        account.name.open(),
        account.login.open(),
        account.roles.number(),
        account.password.as_ref().map(Sealed::open),
        account.totp.as_ref().map(Sealed::open),
        account.totp_step,
        write_recovery(&account.recovery),
        account.created_at.as_micros(),
        account.enrolled_at.map(Instant::as_micros),
        account.disabled_at.map(Instant::as_micros),
        account.version,
    ])?)
}

fn tries(connection: &Connection, key: &[u8; 32]) -> Result<Option<SignInTries>> {
    let mut statement =
        connection.prepare_cached("SELECT failures, last_at FROM sign_in_tries WHERE key = ?1")?;
    let mut rows = statement.query([key.as_slice()])?;
    let read = |row: &Row<'_>| {
        Ok(SignInTries {
            failures: row.get("failures")?,
            last_at: instant(row, "last_at")?,
        })
    };
    rows.next()?.map(read).transpose()
}

fn read_account(row: &Row<'_>) -> Result<StaffAccount> {
    let sealed = |column: &str| -> Result<Option<Sealed>> {
        Ok(row.get::<_, Option<String>>(column)?.map(Sealed::new))
    };
    Ok(StaffAccount {
        id: id(row, "id")?,
        name: Sealed::new(row.get::<_, String>("name")?),
        login: Sealed::new(row.get::<_, String>("login")?),
        roles: Roles::from_number(row.get("roles")?),
        password: sealed("password")?,
        totp: sealed("totp")?,
        totp_step: row.get("totp_step")?,
        recovery: read_recovery(&row.get::<_, Vec<u8>>("recovery")?)?,
        created_at: instant(row, "created_at")?,
        enrolled_at: maybe_instant(row, "enrolled_at")?,
        disabled_at: maybe_instant(row, "disabled_at")?,
        version: row.get("version")?,
    })
}

fn read_session(row: &Row<'_>) -> Result<StaffSession> {
    Ok(StaffSession {
        hash: read_hash(row.get("hash")?, "staff_sessions.hash")?,
        staff: id(row, "staff")?,
        began_at: instant(row, "began_at")?,
        seen_at: instant(row, "seen_at")?,
        expires_at: instant(row, "expires_at")?,
        half: row.get::<_, i64>("half")? != 0,
        device: row.get("device")?,
    })
}
