//! The sandbox through real sockets: each fault, each kind of client, and software
//! that nobody here wrote.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test may fail the test; clippy exempts only the test functions"
)]

mod live;
mod mails;
mod peers;
mod receipts;
mod scene;
mod texts;
