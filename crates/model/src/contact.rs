//! The state of a contact point: what proves that an address is a customer's own, and what is
//! known of its health. Pure: moments and seals come in as arguments.
//!
//! A state belongs to one customer and one address. Another customer with the same address
//! has a state of their own, and another address of the same customer too.

use serde::{Deserialize, Serialize};

use crate::words::define_words;
use crate::{Instant, Said, Span};

define_words!(
    /// What proved that an address is a customer's own.
    Proof, "proof",
    /// A code that was sent there, and entered.
    Code = 1, "code";
    /// A text that came from there.
    Reply = 2, "reply";
);

define_words!(
    /// How it stands with an address, as far as carriers have told.
    Health, "health",
    /// Nothing stands against it.
    Good = 1, "good";
    /// Nobody is there, or nothing arrives there.
    Bounced = 2, "bounced";
    /// The carrier, or whoever has the address, does not let us write there.
    Blocked = 3, "blocked";
    /// A message there was marked as unwanted.
    Complained = 4, "complained";
    /// It worked once, and its carrier does not know it any more: it may be another's by now.
    Recycled = 5, "recycled";
);

/// A code works for so long.
pub const CODE_LASTS: Span = Span::minutes(10);
/// And for so many tries.
pub const CODE_TRIES: u8 = 5;
/// Between two codes to one address lies so much at least.
const CODE_PAUSE: Span = Span::secs(60);
/// So many codes go to one address, and to one customer, in an hour at most.
const CODES_AN_HOUR: usize = 5;
/// Soft failures are counted for so long.
const SOFT_COUNTS: Span = Span::days(30);
/// So many failures are remembered.
const REMEMBERED: usize = 10;

/// A code that was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeSent {
    /// A keyed digest of it, in hex.
    pub seal: String,
    /// Not after.
    pub until: Instant,
    /// Tries left.
    pub left: u8,
}

/// That an address is the customer's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// Since when that is known.
    pub at: Instant,
    /// By what.
    pub by: Proof,
}

/// A consent to offers that waits for the customer to confirm it from the address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedConsent {
    /// How and where they ticked it.
    pub said: Said,
    /// Not after.
    pub until: Instant,
}

/// The state of an address of a customer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContactState {
    /// The code that was sent last, until it is used up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<CodeSent>,
    /// When codes were sent, in the last hour.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sent: Vec<Instant>,
    /// Whether it is proved to be theirs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified: Option<Verified>,
    /// A consent that waits to be confirmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<AskedConsent>,
    /// When messages failed for a reason that may pass.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub soft: Vec<Instant>,
    /// When the carrier said that nobody is there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hard: Vec<Instant>,
}

/// What became of a code that was entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entered {
    /// It is the one; the address is verified.
    Right,
    /// It is not; so many tries are left.
    Wrong(u8),
    /// There is none that still works.
    Gone,
}

impl ContactState {
    /// When a code may be sent again, of the moments at which codes went to the address (to
    /// anybody) and to the customer (at any address); `None` for now.
    pub fn code_again(
        at_address: &[Instant],
        to_customer: &[Instant],
        now: Instant,
    ) -> Option<Instant> {
        let pause = at_address.iter().max().map(|last| *last + CODE_PAUSE);
        let hour = |sent: &[Instant]| {
            let mut recent: Vec<Instant> = sent.to_vec();
            recent.retain(|at| *at + Span::hours(1) > now);
            recent.sort_unstable();
            let crowded = recent.len().checked_sub(CODES_AN_HOUR)?;
            Some(recent[crowded] + Span::hours(1))
        };
        let moments = [pause, hour(at_address), hour(to_customer)];
        moments.into_iter().flatten().max().filter(|at| *at > now)
    }

    /// A code has been sent; one sent before works no more.
    pub fn sends(&mut self, seal: String, now: Instant) {
        self.sent.retain(|at| *at + Span::hours(1) > now);
        self.sent.push(now);
        self.code = Some(CodeSent {
            seal,
            until: now + CODE_LASTS,
            left: CODE_TRIES,
        });
    }

    /// Whether a code was sent that still works.
    pub fn code_works(&self, now: Instant) -> Option<&CodeSent> {
        self.code
            .as_ref()
            .filter(|code| code.until > now && code.left > 0)
    }

    /// A code was entered; `is_right` compares it with the seal in constant time. A try is
    /// counted whatever it gives.
    pub fn enters(&mut self, is_right: impl FnOnce(&str) -> bool, now: Instant) -> Entered {
        let Some(code) = self.code.as_mut() else {
            return Entered::Gone;
        };
        if code.until <= now || code.left == 0 {
            self.code = None;
            return Entered::Gone;
        }
        if is_right(&code.seal) {
            self.proves(Proof::Code, now);
            return Entered::Right;
        }
        code.left -= 1;
        let left = code.left;
        if left == 0 {
            self.code = None;
        }
        Entered::Wrong(left)
    }

    /// The address is proved to be the customer's: what failed before counts no more.
    pub fn proves(&mut self, by: Proof, at: Instant) {
        self.verified = Some(Verified { at, by });
        self.code = None;
        self.soft.clear();
        self.hard.clear();
    }

    /// The consent that waits to be confirmed, if it still may be.
    pub fn waiting(&self, now: Instant) -> Option<&AskedConsent> {
        self.asked.as_ref().filter(|asked| asked.until > now)
    }

    /// A message failed for a reason that may pass.
    pub fn fails_softly(&mut self, at: Instant) {
        self.soft.retain(|known| *known + SOFT_COUNTS > at);
        remember(&mut self.soft, at);
    }

    /// The carrier said that nobody is there. Gives how often it did.
    pub fn fails_hard(&mut self, at: Instant) -> usize {
        remember(&mut self.hard, at);
        self.hard.len()
    }

    /// Soft failures that still count.
    pub fn soft_failures(&self, now: Instant) -> usize {
        let counts = |at: &&Instant| **at + SOFT_COUNTS > now;
        self.soft.iter().filter(counts).count()
    }
}

fn remember(moments: &mut Vec<Instant>, at: Instant) {
    if moments.len() >= REMEMBERED {
        moments.remove(0);
    }
    moments.push(at);
}

impl Health {
    /// The reason an address is suppressed for, where that is its health and not somebody's
    /// word. One marked as unwanted is a person's word.
    pub const fn reason(self) -> Option<&'static str> {
        match self {
            Self::Bounced => Some("hard_bounce"),
            Self::Blocked => Some("blocked"),
            Self::Recycled => Some("recycled"),
            Self::Good | Self::Complained => None,
        }
    }

    /// What the reason of a suppression says of an address's health; `Good` where it is
    /// suppressed for something else.
    pub fn of(reason: Option<&str>) -> Self {
        match reason {
            Some("hard_bounce") => Self::Bounced,
            Some("blocked") => Self::Blocked,
            Some("recycled") => Self::Recycled,
            Some("complaint") => Self::Complained,
            _ => Self::Good,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Instant {
        Instant::from_micros(second * 1_000_000)
    }

    #[test]
    fn a_code_works_once_for_ten_minutes_and_five_tries() {
        let right = |seal: &str| seal == "seal";
        let mut state = ContactState::default();
        assert_eq!(state.enters(right, at(0)), Entered::Gone);
        state.sends("seal".into(), at(0));
        assert_eq!(state.enters(right, at(599)), Entered::Right);
        assert_eq!(state.verified.unwrap().at, at(599));
        assert_eq!(state.enters(right, at(599)), Entered::Gone, "used up");
        state.sends("seal".into(), at(1_000));
        assert_eq!(state.enters(right, at(1_600)), Entered::Gone, "too late");
        state.sends("seal".into(), at(2_000));
        for left in [4, 3, 2, 1, 0] {
            assert_eq!(state.enters(|_| false, at(2_001)), Entered::Wrong(left));
        }
        assert_eq!(state.enters(right, at(2_001)), Entered::Gone);
    }

    #[test]
    fn codes_to_one_address_keep_apart() {
        let again = |sent: &[i64], own: &[i64], now: i64| {
            let of = |list: &[i64]| list.iter().map(|s| at(*s)).collect::<Vec<_>>();
            ContactState::code_again(&of(sent), &of(own), at(now))
        };
        assert_eq!(again(&[], &[], 0), None);
        assert_eq!(again(&[100], &[], 159), Some(at(160)));
        assert_eq!(again(&[100], &[], 160), None);
        assert_eq!(again(&[0, 100, 200, 300, 400], &[], 500), Some(at(3_600)));
        // To any address of the customer.
        assert_eq!(again(&[], &[10, 100, 200, 300, 400], 500), Some(at(3_610)));
        assert_eq!(again(&[0, 100, 200, 300, 400], &[], 3_600), None);
    }

    #[test]
    fn health_and_its_reasons_agree() {
        for health in Health::ALL {
            if let Some(reason) = health.reason() {
                assert_eq!(Health::of(Some(reason)), *health);
            }
        }
        assert_eq!(Health::of(Some("asked by letter")), Health::Good);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]
        #[test]
        fn at_most_five_tries_and_five_codes_an_hour(steps in proptest::collection::vec((0_u8..3, 1_i64..900), 1..60)) {
            let (mut state, mut now) = (ContactState::default(), 0);
            let (mut sent, mut tried): (Vec<i64>, u8) = (Vec::new(), 0);
            for (what, later) in steps {
                now += later;
                match what {
                    0 if ContactState::code_again(&state.sent, &state.sent, at(now)).is_none() => {
                        state.sends("s".into(), at(now));
                        sent.push(now);
                        tried = 0;
                    }
                    0 => {}
                    _ => match state.enters(|_| false, at(now)) {
                        Entered::Wrong(left) => {
                            tried += 1;
                            prop_assert!(tried <= CODE_TRIES && left == CODE_TRIES - tried);
                        }
                        Entered::Right => prop_assert!(false),
                        Entered::Gone => {}
                    },
                }
                let hour = sent.iter().filter(|at| **at + 3_600 > now).count();
                prop_assert!(hour <= CODES_AN_HOUR);
            }
        }
    }
}
