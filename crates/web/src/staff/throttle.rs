//! How often somebody may try to sign in: by account and by address, kept in the store, so
//! that a restart or another node forgets nothing.
//!
//! Accounts that do not exist are counted like those that do.

use model::{Instant, Span, StaffId};
use ring::hmac;
use store::{SignInTries, StaffAccount, Store};

/// So many failures are free: by account, and by address.
const FREE: [u32; 2] = [5, 20];
/// The first wait; each further failure doubles it.
const FIRST_WAIT: Span = Span::minutes(1);
/// The longest wait.
const LONGEST_WAIT: Span = Span::hours(1);
/// What is older counts no longer.
pub(super) const FORGOTTEN_AFTER: Span = Span::days(1);

/// What tries of one login and one address are counted under.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keys {
    pub login: [u8; 32],
    pub address: [u8; 32],
}

impl Keys {
    pub(super) fn of(store: &Store, login: &str, address: &str) -> Self {
        Self {
            login: login_key(store, login),
            address: digest(store, "address", address),
        }
    }

    pub(super) fn both(self) -> Vec<[u8; 32]> {
        vec![self.login, self.address]
    }
}

/// What tries of one login are counted under.
pub(super) fn login_key(store: &Store, login: &str) -> [u8; 32] {
    digest(store, "login", login)
}

fn digest(store: &Store, kind: &str, text: &str) -> [u8; 32] {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &store.key("staff tries"));
    let tag = hmac::sign(&key, format!("{kind}:{text}").as_bytes());
    let mut digest = [0; 32];
    digest.copy_from_slice(tag.as_ref());
    digest
}

/// Until when one waits after these failures; `None` where nobody has to.
fn barred_until(tries: SignInTries, free: u32) -> Option<Instant> {
    let over = tries.failures.checked_sub(free)?;
    let wait = FIRST_WAIT.as_micros() << over.min(6);
    Some(tries.last_at + Span::millis(wait / 1_000).min(LONGEST_WAIT))
}

/// Until when the one with these tries (by account, by address) waits, as of now.
pub(super) fn barred(tries: &[Option<SignInTries>], now: Instant) -> Option<Instant> {
    let untils = tries.iter().zip(FREE);
    let untils = untils.filter_map(|(tries, free)| barred_until((*tries)?, free));
    untils.max().filter(|until| *until > now)
}

/// Which of some accounts are held back after too many tries, and until when.
pub(crate) async fn barred_accounts(
    store: &Store,
    accounts: &[StaffAccount],
    now: Instant,
) -> store::Result<Vec<(StaffId, Instant)>> {
    let keys = accounts.iter().map(|a| login_key(store, a.login.open()));
    let tries = store.sign_in_tries(keys.collect()).await?;
    let held = accounts.iter().zip(tries).filter_map(|(account, tries)| {
        let until = barred(&[tries], now)?;
        Some((account.id, until))
    });
    Ok(held.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_an_hour() {
        let at = Instant::from_micros(0);
        let wait = |failures, free| {
            let tries = SignInTries {
                failures,
                last_at: at,
            };
            barred_until(tries, free).map(|until| until.since(at).as_micros() / 60_000_000)
        };
        let waits: Vec<Option<i64>> = (4..=13).map(|failures| wait(failures, 5)).collect();
        let minutes = [1, 2, 4, 8, 16, 32, 60, 60, 60].map(Some);
        assert_eq!(waits[0], None);
        assert_eq!(waits[1..], minutes);
        assert_eq!(wait(19, 20), None);
        assert_eq!(wait(u32::MAX, 20), Some(60));
    }

    #[test]
    fn the_longer_of_both_counts_and_ends() {
        let at = Instant::from_micros(0);
        let tries = |failures| {
            Some(SignInTries {
                failures,
                last_at: at,
            })
        };
        assert_eq!(barred(&[None, None], at), None);
        assert_eq!(
            barred(&[tries(6), tries(20)], at),
            Some(at + Span::minutes(2))
        );
        assert_eq!(
            barred(&[tries(1), tries(20)], at),
            Some(at + Span::minutes(1))
        );
        assert_eq!(barred(&[tries(5), None], at + Span::minutes(1)), None);
    }
}
