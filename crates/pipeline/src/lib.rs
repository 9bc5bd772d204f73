//! pipeline
pub mod catalogue;
pub mod render;
