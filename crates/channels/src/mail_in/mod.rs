//! Mail comes back: an inbound server that knows its own signed addresses and nothing else,
//! and what the mail that reaches it means.
//!
//! `address` makes and reads the addresses, `session` speaks SMTP and LMTP, `server` holds
//! the sockets, `read` makes sense of a mail. Nothing here knows what follows from it.

mod address;
mod data;
mod read;
mod server;
mod session;

pub use address::{Address, Addresses};
pub use read::{
    Bounce, BounceClass, Complaint, ComplaintKind, MailIn, Proof, Proofs, Reader, Reply,
};
pub use server::{LmtpPlace, MailServer, MailServerConfig, TlsIdentity};
pub use session::{Offer, Protocol, Session, Step, TakenMail};
