//! The mark by which a message is known again at a sink: it stands where the order number
//! stands, `B` + moment + `-` + number + `Z`, in base 36.

/// Letters of the moment: microseconds since the load began, to 60 hours.
const MOMENT: usize = 7;
/// Letters of the number: to 60 million.
const NUMBER: usize = 5;
const LENGTH: usize = MOMENT + NUMBER + 3;

/// The mark of the event with this number, made at this moment.
pub fn write(moment: u64, number: u64) -> String {
    let mut text = String::with_capacity(LENGTH);
    text.push('B');
    base36(moment, MOMENT, &mut text);
    text.push('-');
    base36(number, NUMBER, &mut text);
    text.push('Z');
    text
}

fn base36(mut value: u64, letters: usize, text: &mut String) {
    let start = text.len();
    for _ in 0..letters {
        let digit = u32::try_from(value % 36).unwrap_or(0);
        text.insert(start, char::from_digit(digit, 36).unwrap_or('0'));
        value /= 36;
    }
}

/// The number of the first mark in some bytes.
pub fn find(bytes: &[u8]) -> Option<u64> {
    bytes.windows(LENGTH).find_map(read)
}

fn read(window: &[u8]) -> Option<u64> {
    let shaped = window[0] == b'B' && window[1 + MOMENT] == b'-' && window[LENGTH - 1] == b'Z';
    if !shaped {
        return None;
    }
    let digits = |part: &[u8]| {
        part.iter().try_fold(0_u64, |value, byte| {
            let letter = byte.is_ascii_digit() || byte.is_ascii_lowercase();
            letter.then_some(value * 36 + u64::from(char::from(*byte).to_digit(36)?))
        })
    };
    digits(&window[1..=MOMENT])?;
    digits(&window[2 + MOMENT..LENGTH - 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_found_again() {
        let mark = write(123_456_789, 299_999);
        assert_eq!((mark.len(), LENGTH), (LENGTH, 15));
        let text = format!("Marigold: Seu pedido {mark} saiu");
        assert_eq!(find(text.as_bytes()), Some(299_999));
        assert_eq!(find(b"no mark B1234567-12345 here"), None);
    }
}
