//! The carriers over real loopback sockets: against servers that follow a script, and
//! against software that nobody here wrote.

#![expect(clippy::unwrap_used, reason = "the whole binary is a test")]

mod mail_in;
mod mail_verify;
mod peers;
mod sms;
mod sms_inbound;
mod smtp;
mod smtp_script;
