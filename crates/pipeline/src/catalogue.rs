//! The message catalogue: every message type with its rules, templates and translations.
//!
//! Embedded in the binary from `catalogue/`, overridable file by file from a folder.
