//! Ids: 64 bits that sort by time, written with a prefix that names their kind.
//!
//! Layout, high to low: 41 bits of milliseconds since 2020-01-01, 8 of partition, 6 of
//! node, 8 of sequence. Ids are never secrets; authorisation does not rest on guessing.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::{Instant, Partition};

/// 2020-01-01T00:00:00Z in Unix milliseconds: where the 41 bits start counting.
const EPOCH_MILLIS: i64 = 1_577_836_800_000;
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// What every kind of id can do.
pub trait Id: Copy + Eq + Ord + std::hash::Hash + std::fmt::Display {
    /// The prefix before the underscore.
    const PREFIX: &'static str;
    /// From its stored number.
    fn from_i64(raw: i64) -> Self;
    /// As the store keeps it.
    fn as_i64(self) -> i64;

    /// The partition of the recipient it belongs to.
    fn partition(self) -> Partition {
        Partition::new((self.as_i64() >> 14 & 0xff) as u8)
    }

    /// The least id that can have been given at a moment, or 0 for one before all ids.
    fn least_at(at: Instant) -> Self {
        let millis = at.as_micros().div_euclid(1_000) - EPOCH_MILLIS;
        Self::from_i64(millis.clamp(0, i64::MAX >> 22) << 22)
    }

    /// When it was given, to the millisecond.
    fn created_at(self) -> Instant {
        Instant::from_micros(((self.as_i64() >> 22) + EPOCH_MILLIS) * 1_000)
    }
}

/// Why a text is not an id of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdParseError {
    /// The prefix is missing or names another kind.
    #[error("an id of this kind starts with `{0}_`")]
    Prefix(&'static str),
    /// What follows the prefix is not 13 characters of Crockford base32.
    #[error("after `{0}_` come 13 characters 0-9 and a-z (without i, l, o, u)")]
    Digits(&'static str),
}

fn write_base32(raw: i64, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
    let mut text = [0_u8; 13];
    let mut rest = raw.cast_unsigned();
    for slot in text.iter_mut().rev() {
        *slot = ALPHABET[(rest & 31) as usize];
        rest >>= 5;
    }
    f.write_str(std::str::from_utf8(&text).map_err(|_| std::fmt::Error)?)
}

fn read_base32(text: &str) -> Option<i64> {
    if text.len() != 13 {
        return None;
    }
    let mut raw: u64 = 0;
    for byte in text.bytes() {
        let digit = ALPHABET
            .iter()
            .position(|c| *c == byte.to_ascii_lowercase())?;
        raw = raw.checked_mul(32)?.checked_add(digit as u64)?;
    }
    i64::try_from(raw).ok()
}

macro_rules! define_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(i64);

        impl Id for $name {
            const PREFIX: &'static str = $prefix;
            fn from_i64(raw: i64) -> Self {
                Self(raw)
            }
            fn as_i64(self) -> i64 {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!($prefix, "_"))?;
                write_base32(self.0, f)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdParseError;
            fn from_str(text: &str) -> Result<Self, IdParseError> {
                let digits = text
                    .strip_prefix(concat!($prefix, "_"))
                    .ok_or(IdParseError::Prefix($prefix))?;
                read_base32(digits).map(Self).ok_or(IdParseError::Digits($prefix))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

define_id!(
    /// An accepted event.
    EventId, "evt"
);
define_id!(
    /// A message: one entry of a Message Center.
    MessageId, "msg"
);
define_id!(
    /// A delivery: one message on its way over one channel.
    DeliveryId, "dlv"
);
define_id!(
    /// A recipient, by the store's own number.
    RecipientId, "rcp"
);
define_id!(
    /// A text that came in.
    InboundId, "inb"
);
define_id!(
    /// An API key (the public half).
    KeyId, "key"
);
define_id!(
    /// A member of staff.
    StaffId, "stf"
);
define_id!(
    /// A change of an address that its old one is told of.
    ChangeId, "chg"
);
define_id!(
    /// A line of the audit.
    AuditId, "aud"
);

define_id!(
    /// An entry of the suppression list.
    SuppressionId, "sup"
);

/// Gives ids: never twice on a node, and never backwards in time.
pub struct IdSource {
    node: AtomicI64,
    last: Mutex<Vec<i64>>,
}

impl IdSource {
    /// Ids of this node (0–63), all later than `floor`, the newest id the store holds.
    pub fn new(node: u8, floor: i64) -> Self {
        let floor_millis = floor >> 22;
        Self {
            node: AtomicI64::new(i64::from(node & 63)),
            last: Mutex::new(vec![((floor_millis + 1) << 8) - 1; 256]),
        }
    }

    /// From now on ids carry another node number: the store took the old one back.
    pub fn move_to(&self, node: u8) {
        self.node.store(i64::from(node & 63), Ordering::SeqCst);
    }

    /// The next id in `partition`. A burst of more than 256 within one millisecond
    /// borrows from the next one rather than wait.
    pub fn next<I: Id>(&self, partition: Partition, now: Instant) -> I {
        let millis = (now.as_millis() - EPOCH_MILLIS).max(0);
        let mut last = self
            .last
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let slot = &mut last[usize::from(partition.number())];
        // `slot` counts (millisecond, sequence) as one number, so that a full sequence
        // carries into the millisecond by itself.
        *slot = (*slot + 1).max(millis << 8);
        let (millis, sequence) = (*slot >> 8, *slot & 0xff);
        let node = self.node.load(Ordering::SeqCst);
        I::from_i64(millis << 22 | i64::from(partition.number()) << 14 | node << 8 | sequence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_and_carry_their_parts() {
        let source = IdSource::new(5, 0);
        let now = Instant::parse("2026-11-22T00:00:00Z").unwrap();
        let mut before = MessageId::from_i64(0);
        for _ in 0..1_000 {
            let id: MessageId = source.next(Partition::new(17), now);
            assert!(id > before);
            assert_eq!(id.partition().number(), 17);
            assert!(id.created_at().since(now) <= Span::millis(4));
            before = id;
        }
    }

    #[test]
    fn a_restart_never_repeats_an_id() {
        let now = Instant::parse("2026-11-22T00:00:00Z").unwrap();
        let first: MessageId = IdSource::new(0, 0).next(Partition::new(1), now);
        let second: MessageId = IdSource::new(0, first.as_i64()).next(Partition::new(1), now);
        assert!(second > first);
    }

    #[test]
    fn text_form_is_strict_and_says_what_it_wants() {
        let id = MessageId::from_i64(0x0123_4567_89ab_cdef);
        assert_eq!(id.to_string().parse::<MessageId>().unwrap(), id);
        assert_eq!(id.to_string().len(), 17);
        assert_eq!(
            "dlv_0123456789abc"
                .parse::<MessageId>()
                .unwrap_err()
                .to_string(),
            "an id of this kind starts with `msg_`"
        );
        assert!("msg_short".parse::<MessageId>().is_err());
        assert!("msg_zzzzzzzzzzzzz".parse::<MessageId>().is_err());
        assert!("msg_ééééééé".parse::<MessageId>().is_err());
    }

    use crate::Span;
}
