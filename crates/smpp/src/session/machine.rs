//! Pure state.
