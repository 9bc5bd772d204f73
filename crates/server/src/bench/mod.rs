//! Measurements: each prints its machine, its settings and its figures.

pub mod load;
mod mark;
pub mod pipeline;
mod process;
pub mod sinks;
