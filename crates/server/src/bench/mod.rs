//! Measurements: each prints its machine, its settings and its figures. The server runs as
//! `tidings serve` runs it; the load and the sinks are processes of their own.

mod after;
pub mod capacity;
pub mod cli;
pub mod codes;
mod database;
mod events;
mod figures;
mod ground;
pub mod guard;
pub mod load;
pub mod mailbox;
mod mark;
mod part;
mod peers;
pub mod pipeline;
mod process;
mod rig;
pub mod sinks;
pub mod stop_words;
