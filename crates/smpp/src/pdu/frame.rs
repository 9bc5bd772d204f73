//! Cuts a stream of octets into PDUs by command_length, SMPP 3.4 §3.2 and §5.1.1.
//!
//! The length is checked before anything is done with it. A bad one is the only
//! fault of a peer that ends a session: the next boundary is lost for good.

/// Octets of the header, §3.2.
pub const HEADER_LENGTH: usize = 16;

/// The longest PDU read or written: message_payload may carry 64 KiB (§5.3.2.32),
/// and no carrier sends more.
pub const MAX_PDU_LENGTH: usize = 64 * 1024;

/// A command_length below 16 or above [`MAX_PDU_LENGTH`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("command_length {length} is not between {HEADER_LENGTH} and {MAX_PDU_LENGTH}")]
pub struct BadLength {
    /// The command_length received.
    pub length: u32,
}

/// Collects received octets and hands out whole frames.
#[derive(Default)]
pub struct FrameBuffer {
    octets: Vec<u8>,
    start: usize,
}

impl FrameBuffer {
    /// An empty buffer.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds octets that were received.
    pub fn extend(&mut self, octets: &[u8]) {
        self.compact();
        self.octets.extend_from_slice(octets);
    }

    /// The space to read into, behind what is not yet consumed.
    pub(crate) fn space(&mut self) -> &mut Vec<u8> {
        self.compact();
        self.octets.reserve(16 * 1024);
        &mut self.octets
    }

    /// The next whole frame, header included; `None` until more octets come.
    ///
    /// # Errors
    /// [`BadLength`] when the stream cannot be cut any further.
    pub fn next_frame(&mut self) -> Result<Option<&[u8]>, BadLength> {
        let rest = &self.octets[self.start..];
        let Some(&[a, b, c, d]) = rest.first_chunk::<4>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes([a, b, c, d]);
        let octets = usize::try_from(length).unwrap_or(usize::MAX);
        if !(HEADER_LENGTH..=MAX_PDU_LENGTH).contains(&octets) {
            return Err(BadLength { length });
        }
        if rest.len() < octets {
            return Ok(None);
        }
        let start = self.start;
        self.start += octets;
        Ok(Some(&self.octets[start..self.start]))
    }

    fn compact(&mut self) {
        self.octets.drain(..self.start);
        self.start = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENQUIRE: [u8; 16] = [0, 0, 0, 16, 0, 0, 0, 0x15, 0, 0, 0, 0, 0, 0, 0, 1];

    #[test]
    fn frames_come_out_however_the_octets_arrive() {
        let mut buffer = FrameBuffer::new();
        for octet in &ENQUIRE[..15] {
            buffer.extend(&[*octet]);
            assert_eq!(buffer.next_frame(), Ok(None));
        }
        buffer.extend(&[1]);
        buffer.extend(&ENQUIRE);
        assert_eq!(buffer.next_frame(), Ok(Some(&ENQUIRE[..])));
        assert_eq!(buffer.next_frame(), Ok(Some(&ENQUIRE[..])));
        assert_eq!(buffer.next_frame(), Ok(None));
    }

    #[test]
    fn bad_lengths_are_refused_at_once() {
        for length in [0_u32, 15, 65_537, u32::MAX] {
            let mut buffer = FrameBuffer::new();
            buffer.extend(&length.to_be_bytes());
            assert_eq!(buffer.next_frame(), Err(BadLength { length }));
        }
    }
}
