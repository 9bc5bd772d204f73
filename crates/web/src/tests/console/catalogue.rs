//! The catalogue in the console.
