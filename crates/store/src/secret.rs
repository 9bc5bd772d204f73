//! The secret of a store, and what is keyed by it. What is stored is found by these digests:
//! none may ever change.

use model::ContactPoint;

/// 32 random octets that a store was given when it was made. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Secret {
    octets: [u8; 32],
    key: ring::hmac::Key,
}

impl Secret {
    pub(crate) fn new(octets: [u8; 32]) -> Self {
        Self {
            octets,
            key: ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &octets),
        }
    }

    /// The secret itself, for the store it moves to.
    pub(crate) fn octets(&self) -> [u8; 32] {
        self.octets
    }

    /// A tag under the secret; `purpose` separates its uses.
    pub(crate) fn tag(&self, purpose: &str, parts: &[&[u8]]) -> ring::hmac::Tag {
        let mut context = ring::hmac::Context::with_key(&self.key);
        context.update(purpose.as_bytes());
        for part in parts {
            context.update(&[0]);
            context.update(part);
        }
        context.sign()
    }

    /// A key of its own for some use outside of the store.
    pub(crate) fn derived_key(&self, purpose: &str) -> [u8; 32] {
        let mut key = [0; 32];
        key.copy_from_slice(self.tag("key", &[purpose.as_bytes()]).as_ref());
        key
    }

    /// The digest of an address, cut to 64 bits. The case of a mail address does not count: a
    /// stop for `Ines@` holds for `ines@` too.
    pub(crate) fn address(&self, contact: &ContactPoint) -> i64 {
        let lower = contact.address.open().to_ascii_lowercase();
        let channel = [contact.channel.number()];
        let tag = self.tag("address", &[&channel, lower.as_bytes()]);
        half(&tag, 0)
    }

    /// The digest of an event's key, cut to 128 bits in two halves.
    pub(crate) fn event_key(&self, partition: u8, source: &[u8], id: &[u8]) -> (i64, i64) {
        // The length keeps the two apart, whatever they hold.
        let length = (source.len() as u64).to_le_bytes();
        let tag = self.tag("event", &[&[partition], &length, source, id]);
        (half(&tag, 0), half(&tag, 8))
    }
}

fn half(tag: &ring::hmac::Tag, at: usize) -> i64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&tag.as_ref()[at..at + 8]);
    i64::from_le_bytes(bytes)
}
