//! Events in: one, a batch, or a stream.

mod answer;
mod forms;
pub(crate) mod post;
mod stream;
