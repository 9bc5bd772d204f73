//! The octets that wait to be written, and how far writing has come.
//!
//! Everything queued between two writes leaves in one write. Positions count from
//! the beginning of the session, so that it can be told afterwards whether any
//! octet of a request was handed to the socket.

use crate::pdu::{Pdu, TooLong};

#[derive(Default)]
pub(super) struct Outbox {
    octets: Vec<u8>,
    taken: usize,
    written: u64,
}

impl Outbox {
    /// Beyond this the connection stops reading and taking requests until the peer reads.
    const ENOUGH: usize = 256 * 1024;

    /// Queues a PDU and returns the position of its first octet.
    pub(super) fn push(&mut self, pdu: &Pdu) -> Result<u64, TooLong> {
        let position = self.end();
        pdu.encode(&mut self.octets)?;
        Ok(position)
    }

    pub(super) fn push_raw(&mut self, octets: &[u8]) {
        self.octets.extend_from_slice(octets);
    }

    pub(super) fn pending(&self) -> &[u8] {
        &self.octets[self.taken..]
    }

    pub(super) fn is_full(&self) -> bool {
        self.pending().len() >= Self::ENOUGH
    }

    /// Notes that the socket took this many octets.
    pub(super) fn wrote(&mut self, octets: usize) {
        self.taken += octets;
        self.written += octets as u64;
        if self.taken == self.octets.len() {
            self.octets.clear();
            self.taken = 0;
        } else if self.taken >= Self::ENOUGH {
            self.octets.drain(..self.taken);
            self.taken = 0;
        }
    }

    /// Whether the socket took the octet at this position.
    pub(super) fn has_written(&self, position: u64) -> bool {
        position < self.written
    }

    fn end(&self) -> u64 {
        self.written + self.pending().len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pdu::Body;

    #[test]
    fn a_position_is_written_with_its_first_octet() {
        let mut outbox = Outbox::default();
        let first = outbox.push(&Pdu::request(1, Body::EnquireLink)).unwrap();
        let second = outbox.push(&Pdu::request(2, Body::EnquireLink)).unwrap();
        assert_eq!(outbox.pending().len(), 32);
        assert!(!outbox.has_written(first));
        outbox.wrote(16);
        assert!(outbox.has_written(first) && !outbox.has_written(second));
        outbox.wrote(1);
        assert!(outbox.has_written(second));
        outbox.wrote(15);
        assert_eq!(outbox.push(&Pdu::request(3, Body::EnquireLink)), Ok(32));
    }
}
