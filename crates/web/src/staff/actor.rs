//! Who makes a change, for the line that is written down of it.

use model::{AuditLine, Instant, Origin, Partition, StaffId};
use serde_json::Value;
use store::Store;

/// Who makes a change, and from where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actor {
    who: Option<StaffId>,
    origin: Origin,
}

impl Actor {
    /// Somebody at the command line of the server.
    pub const COMMAND: Self = Self {
        who: None,
        origin: Origin::Command,
    };
    /// Somebody who looks at the demo.
    pub(crate) const DEMO: Self = Self {
        who: None,
        origin: Origin::Demo,
    };

    /// Whoever has a key; the details name it.
    pub(crate) const API: Self = Self {
        who: None,
        origin: Origin::Api,
    };

    /// Somebody signed in at the console.
    pub(crate) const fn console(who: StaffId) -> Self {
        Self {
            who: Some(who),
            origin: Origin::Console,
        }
    }

    /// Somebody who is asked who they are, as far as that is known.
    pub(crate) const fn door(who: Option<StaffId>) -> Self {
        Self {
            who,
            origin: Origin::Door,
        }
    }

    /// Whether they have the whole machine, and may do what the console refuses.
    pub(super) fn is_command(self) -> bool {
        self.origin == Origin::Command
    }

    /// A line of the audit. `details` is a JSON object without personal data.
    pub(crate) fn line(
        self,
        store: &Store,
        now: Instant,
        action: &str,
        subject: &dyn std::fmt::Display,
        details: Value,
    ) -> AuditLine {
        AuditLine {
            id: store.ids().next(Partition::new(0), now),
            at: now,
            who: self.who,
            origin: self.origin,
            action: action.to_owned(),
            subject: subject.to_string(),
            details,
        }
    }
}
