//! Keyed digests. What is stored is found by them: none may ever change.

use model::ContactPoint;

/// A tag under the store's secret; `purpose` separates its uses.
pub(crate) fn tag(secret: &[u8; 32], purpose: &str, parts: &[&[u8]]) -> ring::hmac::Tag {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
    let mut context = ring::hmac::Context::with_key(&key);
    context.update(purpose.as_bytes());
    for part in parts {
        context.update(&[0]);
        context.update(part);
    }
    context.sign()
}

/// The digest of an address, cut to 64 bits. The case of a mail address does not count: a
/// stop for `Ines@` holds for `ines@` too.
pub(crate) fn address(secret: &[u8; 32], contact: &ContactPoint) -> i64 {
    let lower = contact.address.open().to_ascii_lowercase();
    let channel = [contact.channel.number()];
    let tag = tag(secret, "address", &[&channel, lower.as_bytes()]);
    half(&tag, 0)
}

/// The digest of an event's key, cut to 128 bits in two halves.
pub(crate) fn event_key(secret: &[u8; 32], partition: u8, source: &[u8], id: &[u8]) -> (i64, i64) {
    // The length keeps the two apart, whatever they hold.
    let length = (source.len() as u64).to_le_bytes();
    let tag = tag(secret, "event", &[&[partition], &length, source, id]);
    (half(&tag, 0), half(&tag, 8))
}

fn half(tag: &ring::hmac::Tag, at: usize) -> i64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&tag.as_ref()[at..at + 8]);
    i64::from_le_bytes(bytes)
}
