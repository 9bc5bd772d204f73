//! Codes of six digits that change every half minute (RFC 6238 with SHA-1, which is what
//! the apps on phones speak).

use model::{Instant, Sealed};
use ring::{hkdf, hmac};

const STEP_MICROS: i64 = 30_000_000;
/// The digits of RFC 4648 §6.
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What the codes of one account are made from.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret([u8; 20]);

struct Twenty;

impl hkdf::KeyType for Twenty {
    fn len(&self) -> usize {
        20
    }
}

impl Secret {
    /// The secret that belongs to something random: the same each time, so that nothing
    /// need be kept until somebody has proved that their phone knows it.
    pub(super) fn derived(key: &[u8; 32], from: &[u8]) -> Self {
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, b"tidings staff codes").extract(key);
        let mut bytes = [0; 20];
        let info = [from];
        let filled = prk
            .expand(&info, Twenty)
            .and_then(|okm| okm.fill(&mut bytes));
        filled.expect("20 bytes are far below what HKDF can give");
        Self(bytes)
    }

    /// From what an account keeps.
    pub(super) fn read(kept: &Sealed) -> Option<Self> {
        let bytes = decode(kept.open())?;
        bytes.try_into().ok().map(Self)
    }

    /// As an account keeps it, and as people can type it: base32.
    pub(crate) fn text(&self) -> Sealed {
        Sealed::new(encode(&self.0))
    }

    /// The same in groups of four.
    pub(crate) fn grouped(&self) -> String {
        let text = encode(&self.0);
        let groups: Vec<&str> = text
            .as_bytes()
            .chunks(4)
            .filter_map(|group| std::str::from_utf8(group).ok())
            .collect();
        groups.join(" ")
    }

    /// What a phone reads from the picture.
    pub(crate) fn uri(&self, shop: &str, login: &str) -> String {
        let (issuer, login) = (percent(shop), percent(login));
        let secret = encode(&self.0);
        format!("otpauth://totp/{issuer}:{login}?secret={secret}&issuer={issuer}")
    }

    fn code(&self, step: i64) -> u32 {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let tag = tag.as_ref();
        let at = usize::from(tag[19] & 0x0f);
        let four = [tag[at], tag[at + 1], tag[at + 2], tag[at + 3]];
        (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000
    }

    /// The step a code belongs to: this one or a neighbour, and later than `spent`.
    pub(super) fn step_of(&self, code: &str, now: Instant, spent: i64) -> Option<i64> {
        if code.len() != 6 || !code.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let given: u32 = code.parse().ok()?;
        let now = now.as_micros().div_euclid(STEP_MICROS);
        let near = (now - 1..=now + 1).filter(|step| *step > spent);
        near.filter(|step| self.code(*step) == given).max()
    }
}

fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in bytes {
        bits = bits << 8 | u32::from(*byte);
        count += 8;
        while count >= 5 {
            count -= 5;
            text.push(char::from(ALPHABET[(bits >> count & 31) as usize]));
        }
        bits &= (1 << count) - 1;
    }
    if count > 0 {
        text.push(char::from(ALPHABET[(bits << (5 - count) & 31) as usize]));
    }
    text
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for letter in text.bytes() {
        let digit = ALPHABET.iter().position(|known| *known == letter)?;
        bits = bits << 5 | u32::try_from(digit).ok()?;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
            bits &= (1 << count) - 1;
        }
    }
    Some(bytes)
}

/// Base32 of random bytes in lower case, without its end: for codes people keep on paper.
pub(super) fn paper(bytes: &[u8]) -> String {
    encode(bytes).to_lowercase()
}

fn percent(text: &str) -> String {
    let mut written = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            written.push(char::from(byte));
        } else {
            written.push_str(&format!("%{byte:02X}"));
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, whose codes have eight digits.
    const SECRET: Secret = Secret(*b"12345678901234567890");

    #[test]
    fn codes_are_those_of_the_standard() {
        for (seconds, code) in [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000_i64, 65_353_130),
        ] {
            assert_eq!(SECRET.code(seconds / 30), code % 1_000_000, "{seconds}");
        }
    }

    #[test]
    fn a_clock_may_be_a_step_off_and_a_code_works_once() {
        let at = |seconds: i64| Instant::from_micros(seconds * 1_000_000);
        let step = |seconds, spent| SECRET.step_of("081804", at(seconds), spent);
        let right = 1_111_111_109 / 30;
        assert_eq!(step(1_111_111_109, 0), Some(right));
        assert_eq!(step(1_111_111_109 + 30, 0), Some(right));
        assert_eq!(step(1_111_111_109 - 30, 0), Some(right));
        assert_eq!(step(1_111_111_109 + 60, 0), None);
        assert_eq!(step(1_111_111_109 - 60, 0), None);
        assert_eq!(step(1_111_111_109, right), None);
        for odd in ["", "81804", "0818041", "08180x", "08180٤"] {
            assert_eq!(SECRET.step_of(odd, at(1_111_111_109), 0), None, "{odd}");
        }
    }

    #[test]
    fn base32_is_that_of_the_standard() {
        // RFC 4648 §10, without padding.
        for (plain, text) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(encode(plain.as_bytes()), text);
            assert_eq!(decode(text).unwrap(), plain.as_bytes());
        }
        assert_eq!(decode("M1"), None);
    }

    #[test]
    fn a_secret_is_the_same_for_the_same_link_and_survives_being_kept() {
        let one = Secret::derived(&[1; 32], b"link");
        assert!(one == Secret::derived(&[1; 32], b"link"));
        assert!(one != Secret::derived(&[1; 32], b"knil"));
        assert!(one != Secret::derived(&[2; 32], b"link"));
        assert!(Secret::read(&one.text()).unwrap() == one);
        let uri = one.uri("Mari & Gold", "a@b.example");
        assert!(uri.starts_with("otpauth://totp/Mari%20%26%20Gold:a%40b.example?secret="));
        assert_eq!(one.grouped().len(), 39);
    }
}
