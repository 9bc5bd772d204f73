//! The one type through which personal fields go to and from the store.

use serde::{Deserialize, Serialize};

/// Personal text: an address, a name, a body, a code. It has no `Display` and its `Debug`
/// is masked, so that it cannot slip into a log. Plain at rest until keys exist: when
/// encryption per recipient comes, it comes here, without touching callers.
#[derive(Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(String);

impl Sealed {
    /// Takes charge of a personal text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself; every call is a place that must not log it.
    pub fn open(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<{} bytes sealed>", self.0.len())
    }
}
