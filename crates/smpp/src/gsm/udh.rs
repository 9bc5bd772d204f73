//! User data headers, 3GPP TS 23.040 §9.2.3.24: the place of a part in a message.
//!
//! We write the 8-bit reference and read both. Other elements are passed over.

/// Information element: concatenation with an 8-bit reference, §9.2.3.24.1.
const CONCATENATED_8: u8 = 0x00;
/// Information element: concatenation with a 16-bit reference, §9.2.3.24.8.
const CONCATENATED_16: u8 = 0x08;

/// The place of a part in a longer message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Concatenation {
    /// The reference all parts share; 8-bit ones are below 256 and come round
    /// quickly, so match parts by sender, recipient, reference and total, and in time.
    pub reference: u16,
    /// How many parts there are.
    pub total: u8,
    /// Which part this is, from 1.
    pub part: u8,
}

/// The header for a part: six octets with an 8-bit reference.
#[must_use]
pub fn concatenation_header(reference: u8, total: u8, part: u8) -> [u8; 6] {
    [5, CONCATENATED_8, 3, reference, total, part]
}

/// Takes the header off a message whose esm_class has the UDHI bit.
///
/// A header that is longer than the message is not one: then all of it is text.
#[must_use]
pub fn split_udh(message: &[u8]) -> (Option<Concatenation>, &[u8]) {
    let Some((length, rest)) = message.split_first() else {
        return (None, message);
    };
    let Some((header, text)) = rest.split_at_checked(usize::from(*length)) else {
        return (None, message);
    };
    (concatenation(header), text)
}

fn concatenation(mut elements: &[u8]) -> Option<Concatenation> {
    while let [id, length, rest @ ..] = elements {
        let (data, next) = rest.split_at_checked(usize::from(*length))?;
        let found = match (*id, data) {
            (CONCATENATED_8, [reference, total, part]) => {
                Some((u16::from(*reference), *total, *part))
            }
            (CONCATENATED_16, [high, low, total, part]) => {
                Some((u16::from_be_bytes([*high, *low]), *total, *part))
            }
            _ => None,
        };
        // §9.2.3.24.1: a total or part of 0, or a part beyond the total, is to be ignored.
        if let Some((reference, total, part)) = found
            && (1..=total).contains(&part)
        {
            return Some(Concatenation {
                reference,
                total,
                part,
            });
        }
        elements = next;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_widths_are_read() {
        let place = |reference| {
            Some(Concatenation {
                reference,
                total: 3,
                part: 2,
            })
        };
        assert_eq!(split_udh(&[5, 0, 3, 7, 3, 2, b'a']), (place(7), &b"a"[..]));
        assert_eq!(
            split_udh(&[6, 8, 4, 1, 7, 3, 2, b'a']),
            (place(0x107), &b"a"[..])
        );
        assert_eq!(
            split_udh(&[8, 0x24, 1, 1, 0, 3, 7, 3, 2]),
            (place(7), &[][..])
        );
    }

    #[test]
    fn nonsense_is_text_or_no_place() {
        assert_eq!(split_udh(&[]), (None, &[][..]));
        assert_eq!(split_udh(b"hello"), (None, &b"hello"[..]));
        assert_eq!(split_udh(&[5, 0, 3, 7, 3, 4, b'a']), (None, &b"a"[..]));
        assert_eq!(split_udh(&[2, 0, 9, b'a']), (None, &b"a"[..]));
    }
}
