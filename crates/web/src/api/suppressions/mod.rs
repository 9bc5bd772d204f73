//! Addresses that must not be written to.

pub(crate) mod create;
