//! What the sandbox keeps to be looked at: the newest texts and mails, in memory.
//!
//! Taking is cheap (octets are kept as they came); reading does the work, because
//! a screen is opened rarely and a mail may come fifteen thousand times a second.

mod mails;
mod ring;
mod texts;

pub(crate) use mails::{Mail, Mails, ReadMail};
pub(crate) use texts::{Body, Direction, NewText, ReceiptState, Text, Texts};
