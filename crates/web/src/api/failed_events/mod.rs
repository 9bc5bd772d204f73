//! Events that were accepted but made no message: why, and trying again.

pub(crate) mod list;
pub(crate) mod replay;
