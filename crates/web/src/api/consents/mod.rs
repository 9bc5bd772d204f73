//! Consents that the marketplace kept before.

pub(crate) mod import;
