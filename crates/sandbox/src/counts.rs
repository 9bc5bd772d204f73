//! How much the sandbox has taken, refused and sent since it started.
//!
//! Plain counters: they go up, [`Counts`] is what they say at one moment. Clearing
//! the kept texts and mails does not turn them back.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What the counters say at one moment.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
        pub struct Counts {
            $($(#[$doc])* pub $name: u64,)*
            /// Sessions of the text carrier that are bound now.
            pub bound_now: u64,
            /// Receipts and inbound texts that wait for a session to take them.
            pub waiting: u64,
            /// Texts kept to be looked at.
            pub texts_kept: u64,
            /// Mails kept to be looked at.
            pub mails_kept: u64,
        }

        #[derive(Debug, Default)]
        pub(crate) struct Counters {
            $(pub(crate) $name: AtomicU64,)*
        }

        impl Counters {
            pub(crate) fn counts(&self) -> Counts {
                Counts {
                    $($name: self.$name.load(Ordering::Relaxed),)*
                    ..Counts::default()
                }
            }
        }
    };
}

counters! {
    /// Texts taken; one of several parts counts once, when its first part came.
    texts,
    /// Text parts taken: every submit_sm that was not refused.
    text_parts,
    /// Text parts refused: throttled, rejected, or not readable.
    texts_refused,
    /// Texts sent from a phone to the client, taken by it.
    texts_inbound,
    /// Receipts the client has taken.
    receipts,
    /// Receipts and inbound texts thrown away because too many waited.
    waiting_dropped,
    /// Sessions bound since the start.
    binds,
    /// Mails taken.
    mails,
    /// Mails refused, at any of their commands.
    mails_refused,
    /// Connections the mail server has taken.
    mail_connections,
}

pub(crate) fn add_one(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
