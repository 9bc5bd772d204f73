//! Ways out and back in: content in, [`Outcome`] out.
//!
//! A carrier here takes a finished text or mail and hands it to whoever carries it
//! further: an SMSC over SMPP ([`SmsCarrier`]), a mail server over SMTP
//! ([`EmailCarrier`]). What comes back later, receipts, texts and mails ([`mail_in`]), leaves
//! as [`Inbound`].
//! This crate knows no store, no consent and no retry schedule: it says what happened,
//! and `pipeline/send` decides what follows.

mod email;
mod fault;
mod inbound;
pub mod mail_in;
mod sms;
mod tls;

pub use email::{
    DkimConfig, DkimKey, EmailCarrier, EmailConfig, MadeEmail, OutgoingEmail, SmtpAuth, SmtpTls,
    WayBack,
};
pub use fault::ConfigError;
pub use inbound::{Inbound, InboundItem, ReceivedMail};
pub use sms::{
    Alphabet, IdFormat, Language, National, OutgoingSms, Recall, SmsCarrier, SmsConfig, SmsPart,
    SmsSegments, SmsSource, Tables, sms_parts, sms_segments,
};
pub use tls::TlsRoots;

pub use model::Outcome;
