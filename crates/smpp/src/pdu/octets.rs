//! The field types of SMPP 3.4 §3.1, read leniently and written exactly.
//!
//! A reader never trusts a length it has not checked against the body, takes
//! strings longer than the specification allows, and does not insist on ASCII.

use std::borrow::Cow;
use std::fmt;

use super::MalformedReason;

/// A C-Octet String, §3.1: any octets but NUL. The specification says ASCII;
/// carriers send Latin-1, so the octets are kept as they came.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct COctetString(Vec<u8>);

impl COctetString {
    /// Takes the octets before the first NUL.
    #[must_use]
    pub fn new(octets: impl Into<Vec<u8>>) -> Self {
        let mut octets = octets.into();
        if let Some(end) = octets.iter().position(|octet| *octet == 0) {
            octets.truncate(end);
        }
        Self(octets)
    }

    /// The octets, without the closing NUL.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether the string is empty, which for most fields means "not given".
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text: ASCII as it is, anything above 0x7F read as Latin-1.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        latin1(&self.0)
    }
}

impl From<&str> for COctetString {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for COctetString {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl fmt::Debug for COctetString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

/// Octets read as ISO 8859-1, which never fails.
pub(crate) fn latin1(octets: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(octets) {
        Ok(text) if text.is_ascii() => Cow::Borrowed(text),
        _ => Cow::Owned(octets.iter().map(|octet| char::from(*octet)).collect()),
    }
}

/// Reads the mandatory part of a body from front to back.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(body: &'a [u8]) -> Self {
        Self { rest: body }
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn u8(&mut self, field: &'static str) -> Result<u8, MalformedReason> {
        let (first, rest) = self
            .rest
            .split_first()
            .ok_or(MalformedReason::Truncated { field })?;
        self.rest = rest;
        Ok(*first)
    }

    /// A C-Octet String of whatever length; only a missing NUL is a fault.
    pub(crate) fn c_octets(
        &mut self,
        field: &'static str,
    ) -> Result<COctetString, MalformedReason> {
        let end = self
            .rest
            .iter()
            .position(|octet| *octet == 0)
            .ok_or(MalformedReason::Truncated { field })?;
        let text = COctetString(self.rest[..end].to_vec());
        self.rest = &self.rest[end + 1..];
        Ok(text)
    }

    /// A C-Octet String that ends the mandatory part: some peers forget its NUL.
    pub(crate) fn last_c_octets(&mut self) -> COctetString {
        let end = self.rest.iter().position(|octet| *octet == 0);
        let text = COctetString(self.rest[..end.unwrap_or(self.rest.len())].to_vec());
        self.rest = end.map_or(&[], |end| &self.rest[end + 1..]);
        text
    }

    pub(crate) fn octets(
        &mut self,
        length: usize,
        field: &'static str,
    ) -> Result<Vec<u8>, MalformedReason> {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(MalformedReason::Truncated { field })?;
        self.rest = rest;
        Ok(taken.to_vec())
    }
}

pub(crate) fn put_c_octets(out: &mut Vec<u8>, text: &COctetString) {
    out.extend_from_slice(text.as_bytes());
    out.push(0);
}
