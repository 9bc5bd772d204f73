//! Reads every statement of the backend.
