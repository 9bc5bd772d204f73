//! Mail comes back: an inbound server that knows its own signed addresses and nothing else,
//! and what the mail that reaches it means.
//!
//! `address` makes and reads the addresses, `session` speaks SMTP and LMTP, `server` holds
//! the sockets, `read` makes sense of a mail, `verify` finds out whether it comes from whom it
//! says. Nothing here knows what follows from it.

mod address;
mod data;
mod identity;
mod mistakes;
mod read;
mod server;
mod session;
mod verify;

pub use address::{Address, Addresses};
pub use identity::TlsIdentity;
pub use read::{
    Bounce, BounceClass, Complaint, ComplaintKind, MailIn, Proof, Proofs, Reader, Reply,
};
pub use server::{LmtpPlace, MailServer, MailServerConfig};
pub use session::{Offer, Protocol, Session, Step, TakenMail};
pub use verify::{Brought, Verifier};
