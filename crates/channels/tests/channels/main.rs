//! The carriers over real loopback sockets: against servers that follow a script, and
//! against software that nobody here wrote.

mod peers;
mod sms;
mod smtp;
mod smtp_script;
