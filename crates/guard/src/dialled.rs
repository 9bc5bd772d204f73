//! Phone numbers written so that a search for digits misses them.
//!
//! Letters for digits (`8oo 555 l234`), signs that numbers do not have (`800*555*1234`), and
//! words on the keys (`1-800-FLOWERS`). Prices and lists have commas too: those need a word
//! that says to call.

use crate::numbers::{Number, Written};
use crate::phrases::Role;
use crate::plain::is_word;

/// How the groups of a number are written, with the country and without.
const GROUPS: [&[usize]; 3] = [&[1, 3, 3, 4], &[3, 3, 4], &[3, 4]];
/// Numbers that cost the caller nothing, or much, begin like this.
const FREE: [&str; 9] = [
    "800", "833", "844", "855", "866", "877", "888", "0800", "0900",
];

impl Written<'_> {
    /// The number that begins with the digit at `at`, if it is one in disguise.
    pub(crate) fn disguised(&self, at: usize) -> Option<Number> {
        let before = self.plain.before(at);
        if is_word(before) || matches!(before, b'#' | b'_' | b'*') {
            return None;
        }
        let number = self.signed(at).or_else(|| self.lettered(at));
        let number = number.or_else(|| self.on_keys(at))?;
        (!self.is_of_something(self.around(&number))).then_some(number)
    }

    /// `800*555*1234`: the same sign between groups that phone numbers have.
    fn signed(&self, at: usize) -> Option<Number> {
        let octets = &self.plain.octets;
        let sign = *octets[at..].iter().take(4).find(|b| !b.is_ascii_digit())?;
        if !matches!(sign, b'*' | b'_' | b',' | b'~' | b'|' | b'=' | b';' | b':') {
            return None;
        }
        let end = octets[at..]
            .iter()
            .position(|b| !b.is_ascii_digit() && *b != sign)
            .map_or(octets.len(), |length| at + length);
        let number = self.in_groups((at, end), |b| b == sign)?;
        let unit = octets[number.to..]
            .iter()
            .skip_while(|b| **b == b' ')
            .take_while(|b| b.is_ascii_alphabetic());
        let measures = (1..=2).contains(&unit.count());
        let plain = matches!(sign, b'*' | b'_' | b'~') && number.digits.len() >= 10 && !measures;
        (plain || self.is_near(Role::Call, self.around(&number))).then_some(number)
    }

    /// `8oo 555 l234`: letters that look like digits, where a word says to call.
    fn lettered(&self, at: usize) -> Option<Number> {
        let octets = &self.plain.octets;
        let inside = |b: u8| digit(b).is_some() || matches!(b, b' ' | b'-' | b'.');
        let length = octets[at..].iter().take(24).take_while(|b| inside(**b));
        let mut end = at + length.count();
        while end > at && digit(octets[end - 1]).is_none() {
            end -= 1;
        }
        let letters = octets[at..end].iter().filter(|b| b.is_ascii_alphabetic());
        let digits = octets[at..end].iter().filter(|b| b.is_ascii_digit());
        let (letters, digits) = (letters.count(), digits.count());
        if letters == 0 || digits < 4 || letters + digits < 7 || is_word(self.plain.get(end)) {
            return None;
        }
        let parts = |b: u8| matches!(b, b' ' | b'-' | b'.');
        let number = match octets[at..end].iter().any(|b| parts(*b)) {
            true => self.in_groups((at, end), parts)?,
            false if letters + digits >= 9 => Number::of(read(&octets[at..end]), at, end),
            false => return None,
        };
        self.is_near(Role::Call, self.around(&number))
            .then_some(number)
    }

    /// `1-800-FLOWERS`: a word to be typed on the keys of a phone.
    fn on_keys(&self, at: usize) -> Option<Number> {
        let octets = &self.plain.octets;
        let digits = |at: usize| {
            octets[at..]
                .iter()
                .take_while(|b| b.is_ascii_digit())
                .count()
        };
        let parts = |at: usize| usize::from(matches!(self.plain.get(at), b' ' | b'-' | b'.'));
        let mut start = at;
        if digits(at) == 1 && octets[at] == b'1' && parts(at + 1) == 1 {
            start = at + 2;
        }
        let end = start + octets.get(start..).map_or(0, |_| digits(start));
        let prefix = std::str::from_utf8(octets.get(start..end)?).ok()?;
        if !FREE.contains(&prefix) || parts(end) == 0 {
            return None;
        }
        let rest = octets.get(end + 1..)?;
        let in_word = |b: &&u8| b.is_ascii_uppercase() || b.is_ascii_digit() || **b == b'-';
        let length = rest.iter().take_while(in_word).count();
        let letters = rest[..length].iter().filter(|b| b.is_ascii_uppercase());
        let keys: String = rest[..length].iter().filter_map(|b| key(*b)).collect();
        let to = end + 1 + length;
        let fits = letters.count() >= 3 && (6..=10).contains(&keys.len());
        (fits && !is_word(self.plain.get(to))).then(|| {
            Number::of(
                format!("{}{prefix}{keys}", &"1"[..usize::from(start > at)]),
                at,
                to,
            )
        })
    }

    /// The number between two places, if its groups are those of a phone number.
    fn in_groups(&self, (from, to): (usize, usize), parts: impl Fn(u8) -> bool) -> Option<Number> {
        let octets = &self.plain.octets[from..to];
        let groups: Vec<usize> = octets
            .split(|b| parts(*b))
            .map(<[u8]>::len)
            .filter(|length| *length > 0)
            .collect();
        let end = octets.iter().rposition(|b| !parts(*b))? + 1;
        GROUPS
            .contains(&groups.as_slice())
            .then(|| Number::of(read(octets), from, from + end))
    }
}

fn read(octets: &[u8]) -> String {
    octets.iter().filter_map(|b| digit(*b)).collect()
}

/// The digit that a sign stands for.
fn digit(sign: u8) -> Option<char> {
    match sign {
        b'0'..=b'9' => Some(char::from(sign)),
        b'o' | b'O' => Some('0'),
        b'l' | b'I' | b'i' => Some('1'),
        b's' | b'S' => Some('5'),
        b'B' => Some('8'),
        _ => None,
    }
}

/// The digit on the key that has a letter.
fn key(sign: u8) -> Option<char> {
    const KEYS: &[u8; 26] = b"22233344455566677778889999";
    match sign {
        b'0'..=b'9' => Some(char::from(sign)),
        b'A'..=b'Z' => Some(char::from(KEYS[usize::from(sign - b'A')])),
        _ => None,
    }
}
