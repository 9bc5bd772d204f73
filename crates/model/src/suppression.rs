//! Addresses that nothing goes to: why, and until when.

use crate::Instant;

/// Reasons that are the customer's own word, whoever brought it: only they start again.
pub const OWN_STOPS: [&str; 4] = [
    "keyword_stop",
    "free_words_stop",
    "agent_stop",
    "provider_stop",
];

/// Whether a reason is the customer's own word.
pub fn is_own_stop(reason: &str) -> bool {
    OWN_STOPS.contains(&reason)
}

/// Why an address must not be written to, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppressed {
    /// Why: `keyword_stop`, `hard_bounce`, or words of whoever asked for it.
    pub reason: String,
    /// When it ends by itself, if it does.
    pub until: Option<Instant>,
}

impl Suppressed {
    /// Whether it holds at a moment: one that ends holds until then, and not then.
    pub fn holds(&self, at: Instant) -> bool {
        self.until.is_none_or(|until| at < until)
    }
}

/// For ever.
impl From<&str> for Suppressed {
    fn from(reason: &str) -> Self {
        Self {
            reason: reason.to_owned(),
            until: None,
        }
    }
}
