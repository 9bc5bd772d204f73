//! Which of 256 parts a recipient belongs to.

/// A stable hash of the recipient, 0–255. It leads every key that grows with customers,
/// so it can never change for a customer once given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Partition(u8);

impl Partition {
    /// The part of the customer with this external id: FNV-1a (64 bit), folded to a byte.
    pub fn of(customer: &str) -> Self {
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        for byte in customer.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        let folded = hash.to_le_bytes().iter().fold(0, |sum, byte| sum ^ byte);
        Self(folded)
    }

    /// From its number.
    pub const fn new(number: u8) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn number(self) -> u8 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_pinned_for_ever() {
        assert_eq!(Partition::of("c-42").number(), PINNED_C42);
        assert_eq!(
            Partition::of("").number(),
            0xcb ^ 0xf2 ^ 0x9c ^ 0xe4 ^ 0x84 ^ 0x22 ^ 0x23 ^ 0x25
        );
    }

    const PINNED_C42: u8 = {
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        let bytes = *b"c-42";
        let mut at = 0;
        while at < 4 {
            hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0000_0100_0000_01b3);
            at += 1;
        }
        let b = hash.to_le_bytes();
        b[0] ^ b[1] ^ b[2] ^ b[3] ^ b[4] ^ b[5] ^ b[6] ^ b[7]
    };
}
