//! The marks by which messages are known again at a sink. An event's stands where the order
//! number stands: `B` + moment + `-` + number + `Z`, in base 36. A code is its own mark.

/// Letters of the moment: microseconds, which come round after 21 hours.
const MOMENT: usize = 7;
const ROUND: u64 = 36_u64.pow(MOMENT as u32);
/// Letters of the number.
const NUMBER: usize = 5;
const LENGTH: usize = MOMENT + NUMBER + 3;
/// Numbers stay below this.
pub const MOST: u64 = 36_u64.pow(NUMBER as u32);

/// What a mark says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    pub moment: u64,
    pub number: u64,
}

impl Mark {
    /// The mark of the event with this number, made at this moment (microseconds).
    pub fn new(moment: i64, number: u64) -> Self {
        Self {
            moment: moment.cast_unsigned() % ROUND,
            number,
        }
    }

    /// Writes it at the end of a text.
    pub fn write(self, text: &mut String) {
        text.push('B');
        base36(self.moment, MOMENT, text);
        text.push('-');
        base36(self.number, NUMBER, text);
        text.push('Z');
    }

    /// Microseconds from its moment to this one.
    pub fn age(self, now: i64) -> u64 {
        (now.cast_unsigned() % ROUND + ROUND - self.moment) % ROUND
    }
}

fn base36(mut value: u64, letters: usize, text: &mut String) {
    let mut digits = [b'0'; MOMENT];
    for digit in digits[..letters].iter_mut().rev() {
        *digit = b"0123456789abcdefghijklmnopqrstuvwxyz"[(value % 36) as usize];
        value /= 36;
    }
    text.extend(digits[..letters].iter().map(|digit| char::from(*digit)));
}

/// The first mark in some bytes.
pub fn find(bytes: &[u8]) -> Option<Mark> {
    place(bytes).map(|(_, mark)| mark)
}

fn place(bytes: &[u8]) -> Option<(usize, Mark)> {
    memchr::memchr_iter(b'B', bytes).find_map(|start| {
        let window = bytes.get(start..start + LENGTH)?;
        Some((start, read(window)?))
    })
}

/// A text with another mark in the place of its first.
pub fn replace(text: &str, mark: Mark) -> String {
    let Some((start, _)) = place(text.as_bytes()) else {
        return text.to_owned();
    };
    let mut other = text[..start].to_owned();
    mark.write(&mut other);
    other.push_str(&text[start + LENGTH..]);
    other
}

fn read(window: &[u8]) -> Option<Mark> {
    let shaped = window[1 + MOMENT] == b'-' && window[LENGTH - 1] == b'Z';
    if !shaped {
        return None;
    }
    let digits = |part: &[u8]| {
        part.iter().try_fold(0_u64, |value, byte| {
            let letter = byte.is_ascii_digit() || byte.is_ascii_lowercase();
            letter.then_some(value * 36 + u64::from(char::from(*byte).to_digit(36)?))
        })
    };
    Some(Mark {
        moment: digits(&window[1..=MOMENT])?,
        number: digits(&window[2 + MOMENT..LENGTH - 1])?,
    })
}

/// The number of a code that ends a text, as `#000042`.
pub fn find_code(text: &str) -> Option<u64> {
    let (_, code) = text.trim_end().rsplit_once(" #")?;
    let shaped = code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit());
    shaped.then(|| code.parse().ok())?
}

/// The code with this number.
pub fn code(number: u64) -> String {
    format!("{:06}", number % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_found_again_and_tells_its_age() {
        let mark = Mark::new(123_456_789, 299_999);
        let mut text = "Marigold: BBB Seu pedido ".to_owned();
        mark.write(&mut text);
        assert_eq!(text.len(), 25 + LENGTH);
        text.push_str(" saiu B");
        let other = Mark::new(5, 7);
        assert_eq!(find(replace(&text, other).as_bytes()), Some(other));
        assert!(replace(&text, other).ends_with("Z saiu B"));
        assert_eq!(replace("none", other), "none");
        assert_eq!(find(text.as_bytes()), Some(mark));
        assert_eq!(mark.age(123_456_789 + 1_500), 1_500);
        assert_eq!(find(b"no mark B1234567-12345 here"), None);
        assert_eq!(find(b"B"), None);
    }

    #[test]
    fn an_age_survives_the_round() {
        let now = i64::try_from(ROUND * 20_000).unwrap();
        assert_eq!(Mark::new(now - 40, 1).age(now + 2), 42);
    }

    #[test]
    fn a_code_is_found_at_the_end_only() {
        let text = format!("Marigold: use it.\n@marigold.example #{}", code(42));
        assert_eq!(find_code(&text), Some(42));
        assert_eq!(find_code("@marigold.example #42"), None);
        assert_eq!(find_code("order #000042 is here"), None);
    }
}
