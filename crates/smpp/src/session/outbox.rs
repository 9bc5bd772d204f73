//! Bytes to write.
