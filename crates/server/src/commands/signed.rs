//! Documents with a detached signature, checked without a network.

use std::path::Path;

use anyhow::{Context, Result};

use crate::cli::Signed;

/// A document whose signature holds, and the id of the key.
///
/// # Errors
/// A file cannot be read, or the signature does not hold.
pub fn read(signed: &Signed) -> Result<(String, String)> {
    let read = |path: &Path| {
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
    };
    let document = read(&signed.document)?;
    let (signature, jwks) = (read(&signed.signature)?, read(&signed.jwks)?);
    let key = web::senders::verify(document.as_bytes(), &signature, &jwks)?;
    Ok((document, key))
}
