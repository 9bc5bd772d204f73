//! Passwords: which are refused, and how they are kept (argon2id).
//!
//! A hash takes 19 MiB and tens of milliseconds of one core, so one is made at a time, off
//! the threads that messages run on, and few may wait for theirs.

use std::sync::Arc;
use std::time::Duration;

use argon2::{Algorithm, Argon2, Params, Version};
use model::Sealed;
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;

use crate::auth::same;
use crate::base64url;

/// KiB, passes, lanes: what OWASP asks for at least.
const COST: (u32, u32, u32) = (19_456, 2, 1);
const SHORTEST: usize = 12;
/// In bytes: more is no password.
const LONGEST: usize = 1_024;
/// So many may wait for their hash, each so long.
const WAITING: usize = 16;
const PATIENCE: Duration = Duration::from_secs(10);
/// The commonest of those that are long enough, in lower case.
const COMMON: &str = include_str!("common_passwords.txt");

/// Why a password is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Faulty {
    /// Under twelve characters.
    Short,
    /// Over a thousand bytes.
    Long,
    /// Everybody takes it, or it is one thing again and again.
    Common,
    /// It holds what they sign in with.
    Login,
}

/// What is wrong with a password for an account.
pub(super) fn fault(password: &str, login: &str) -> Option<Faulty> {
    let folded: String = password.nfkc().collect::<String>().to_lowercase();
    let count = folded.chars().count();
    if count < SHORTEST {
        return Some(Faulty::Short);
    }
    if password.len() > LONGEST {
        return Some(Faulty::Long);
    }
    let name = login.split('@').next().unwrap_or(login);
    if folded.contains(login) || (name.len() >= 4 && folded.contains(name)) {
        return Some(Faulty::Login);
    }
    let plain = folded.trim_end_matches(|c: char| c.is_ascii_digit() || c.is_ascii_punctuation());
    let common = COMMON
        .lines()
        .any(|line| line == folded || (line.len() >= 8 && line == plain));
    (common || repeats(&folded)).then_some(Faulty::Common)
}

/// Whether it is up to four characters again and again.
fn repeats(text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    (1..=4).any(|length| letters.windows(length + 1).all(|w| w[0] == w[length]))
}

/// Makes and compares hashes, one at a time.
pub(crate) struct Hasher {
    one: Arc<Semaphore>,
    room: Arc<Semaphore>,
}

/// Too many wait for their hash already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Busy;

impl Default for Hasher {
    fn default() -> Self {
        Self {
            one: Arc::new(Semaphore::new(1)),
            room: Arc::new(Semaphore::new(WAITING)),
        }
    }
}

impl Hasher {
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let _room = self.room.clone().try_acquire_owned().map_err(|_| Busy)?;
        let turn = tokio::time::timeout(PATIENCE, self.one.clone().acquire_owned()).await;
        let turn = turn.map_err(|_| Busy)?.map_err(|_| Busy)?;
        // The turn ends with the work, also when nobody waits for it any more.
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        });
        done.await.map_err(|_| Busy)
    }

    /// Hashes a password for keeping.
    pub(super) async fn hash(&self, password: &Sealed, salt: [u8; 16]) -> Result<Sealed, Busy> {
        let password = password.clone();
        let hash = self.run(move || compute(password.open(), &salt, COST));
        let hash = hash.await?.ok_or(Busy)?;
        Ok(Sealed::new(write(COST, &salt, &hash)))
    }

    /// Whether a password is the one that is kept; without one the answer is no, after
    /// the same time.
    pub(super) async fn verify(
        &self,
        password: &Sealed,
        kept: Option<&Sealed>,
    ) -> Result<bool, Busy> {
        let read = kept.and_then(|kept| read(kept.open()));
        let (cost, salt, expected) = read.unwrap_or((COST, [0; 16], [0; 32]));
        let known = read.is_some() && password.open().len() <= LONGEST;
        let password = if known {
            password.clone()
        } else {
            Sealed::default()
        };
        let hash = self
            .run(move || compute(password.open(), &salt, cost))
            .await?;
        let right = hash.is_some_and(|hash| same(&hash, &expected));
        Ok(known && right)
    }
}

type Kept = ((u32, u32, u32), [u8; 16], [u8; 32]);

fn compute(
    password: &str,
    salt: &[u8],
    (memory, passes, lanes): (u32, u32, u32),
) -> Option<[u8; 32]> {
    let params = Params::new(memory, passes, lanes, Some(32)).ok()?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let password: String = password.nfkc().collect();
    let mut hash = [0; 32];
    let made = argon2.hash_password_into(password.as_bytes(), salt, &mut hash);
    made.ok().map(|()| hash)
}

/// The PHC string form, with base64url for its two values.
fn write((memory, passes, lanes): (u32, u32, u32), salt: &[u8], hash: &[u8]) -> String {
    let (salt, hash) = (base64url::encode(salt), base64url::encode(hash));
    format!("$argon2id$v=19$m={memory},t={passes},p={lanes}${salt}${hash}")
}

fn read(text: &str) -> Option<Kept> {
    let rest = text.strip_prefix("$argon2id$v=19$m=")?;
    let mut parts = rest.split('$');
    let mut cost = parts.next()?.split(',');
    let memory = cost.next()?.parse().ok()?;
    let passes = cost.next()?.strip_prefix("t=")?.parse().ok()?;
    let lanes = cost.next()?.strip_prefix("p=")?.parse().ok()?;
    let salt = base64url::decode(parts.next()?)?.try_into().ok()?;
    let hash = base64url::decode(parts.next()?)?.try_into().ok()?;
    Some(((memory, passes, lanes), salt, hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn poor_passwords_are_refused_and_others_are_not() {
        let login = "noor.haddad@marigold.example";
        for (password, expected) in [
            ("elevenchars", Some(Faulty::Short)),
            ("Password1234", Some(Faulty::Common)),
            ("qwertyuiop123!", Some(Faulty::Common)),
            ("aaaaaaaaaaaaaa", Some(Faulty::Common)),
            ("abcdabcdabcdab", Some(Faulty::Common)),
            ("123456789012", Some(Faulty::Common)),
            ("my-Noor.Haddad-pw", Some(Faulty::Login)),
            ("correct horse battery", None),
            ("zwölf Boxkämpfer", None),
            ("пароль на двенадцать", None),
            ("8f3k2j5h9d7s", None),
        ] {
            assert_eq!(fault(password, login), expected, "{password}");
        }
        assert_eq!(fault(&"x1y2".repeat(300), login), Some(Faulty::Long));
    }

    #[test]
    fn every_common_one_is_long_enough_to_matter() {
        for line in COMMON.lines() {
            assert_eq!(line, line.to_lowercase());
            assert!(line.len() >= 8, "{line}");
        }
    }

    #[test]
    fn a_hash_is_that_of_the_reference() {
        // printf 'correct horse battery' | argon2 tidings-salt-16b -id -t 2 -k 19456 -p 1 -l 32 -r
        let hash = compute("correct horse battery", b"tidings-salt-16b", COST).unwrap();
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            hex,
            "7a0e16125b489426bd778eff73d233524b088a61764eed6ec14903956b8ba55a"
        );
    }

    #[tokio::test]
    async fn a_password_is_told_from_another_however_it_is_typed() {
        let hasher = Hasher::default();
        let kept = hasher
            .hash(&Sealed::new("zwölf Boxkämpfer"), [7; 16])
            .await
            .unwrap();
        assert!(kept.open().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        let right = async |password: &str, kept: Option<&Sealed>| {
            hasher.verify(&Sealed::new(password), kept).await.unwrap()
        };
        assert!(right("zwölf Boxkämpfer", Some(&kept)).await);
        assert!(
            right("zwo\u{308}lf Boxka\u{308}mpfer", Some(&kept)).await,
            "decomposed"
        );
        assert!(!right("zwölf boxkämpfer", Some(&kept)).await);
        assert!(!right("zwölf Boxkämpfer", None).await);
        assert!(!right("", None).await);
        assert!(!right("zwölf Boxkämpfer", Some(&Sealed::new("$argon2id$odd"))).await);
    }

    #[tokio::test]
    async fn few_may_wait() {
        let hasher = Hasher::default();
        let _all = hasher.room.clone().acquire_many_owned(WAITING as u32).await;
        let refused = hasher.verify(&Sealed::new("x"), None).await;
        assert_eq!(refused, Err(Busy));
    }
}
