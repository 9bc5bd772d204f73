//! Addresses that only we can make: where bounces, answers and wishes to unsubscribe come
//! back to. Each names a delivery and carries a code over it, so that nobody can write to
//! another person's. Pure: the secret is an argument.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use model::{DeliveryId, Id};

use crate::ConfigError;
use crate::email::is_domain;

/// Octets of the code: 80 bits, which are 16 letters without a bit left over.
const CODE: usize = 10;
/// Letters of the code.
const CODE_LETTERS: usize = 16;
/// Letters of an id.
const ID_LETTERS: usize = 13;
/// Without `i`, `l`, `o`, `u`, as ids are written.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// So that a mail address with it has at most 254 octets (RFC 5321 §4.5.3.1.3).
const LONGEST_DOMAIN: usize = 189;

/// What an address of ours is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// The envelope sender of a delivery: what comes here says what became of it.
    Bounce(DeliveryId),
    /// Where the answer to a delivery goes.
    Reply(DeliveryId),
    /// Where a mail says that its reader wants no more of these.
    Unsubscribe(DeliveryId),
    /// Where mailbox providers send complaints (RFC 5965): one address for all, to be
    /// registered with them.
    Complaints,
}

impl Address {
    /// The delivery it names.
    pub fn delivery(self) -> Option<DeliveryId> {
        match self {
            Self::Bounce(id) | Self::Reply(id) | Self::Unsubscribe(id) => Some(id),
            Self::Complaints => None,
        }
    }

    fn letter(self) -> char {
        match self {
            Self::Bounce(_) => 'b',
            Self::Reply(_) => 'r',
            Self::Unsubscribe(_) => 'u',
            Self::Complaints => 'c',
        }
    }

    fn of(letter: &str, id: DeliveryId) -> Option<Self> {
        match letter {
            "b" => Some(Self::Bounce(id)),
            "r" => Some(Self::Reply(id)),
            "u" => Some(Self::Unsubscribe(id)),
            "c" if id.as_i64() == 0 => Some(Self::Complaints),
            _ => None,
        }
    }
}

/// Makes addresses of one domain and reads them back. Cheap to clone.
///
/// An address is `<letter>-<id>-<code>@<domain>`, 33 octets before the `@`; case does not
/// matter, because mail servers change it.
#[derive(Clone)]
pub struct Addresses {
    domain: Arc<str>,
    key: Arc<hmac::Key>,
}

impl Addresses {
    /// Of a domain, with the secret that nobody else knows.
    ///
    /// # Errors
    /// [`ConfigError`] when that is no domain.
    pub fn new(domain: &str, secret: &[u8; 32]) -> Result<Self, ConfigError> {
        if !is_domain(domain) || domain.len() > LONGEST_DOMAIN {
            return Err(ConfigError::Setting {
                carrier: "mail_in".into(),
                setting: "domain",
                problem: "is not a domain like in.example.com".into(),
            });
        }
        Ok(Self {
            domain: domain.to_ascii_lowercase().into(),
            key: Arc::new(hmac::Key::new(hmac::HMAC_SHA256, secret)),
        })
    }

    /// The domain of all of them.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The whole address.
    pub fn sign(&self, address: Address) -> String {
        let id = address.delivery().unwrap_or(DeliveryId::from_i64(0));
        let digits = id.to_string();
        let (_, digits) = digits.split_once('_').unwrap_or_default();
        let letter = address.letter();
        let code = letters(&self.code(address));
        format!("{letter}-{digits}-{code}@{}", self.domain)
    }

    /// What an address is for; `None` for one that is not ours, not whole or forged.
    pub fn read(&self, address: &str) -> Option<Address> {
        let (local, domain) = address.rsplit_once('@')?;
        if !domain.eq_ignore_ascii_case(&self.domain) {
            return None;
        }
        let local = local.to_ascii_lowercase();
        let mut pieces = local.split('-');
        let (letter, digits, code) = (pieces.next()?, pieces.next()?, pieces.next()?);
        if pieces.next().is_some() || digits.len() != ID_LETTERS || code.len() != CODE_LETTERS {
            return None;
        }
        let id = format!("{}_{digits}", DeliveryId::PREFIX).parse().ok()?;
        let address = Address::of(letter, id)?;
        let right = letters(&self.code(address));
        verify_slices_are_equal(right.as_bytes(), code.as_bytes()).ok()?;
        Some(address)
    }

    /// The first address of ours that stands anywhere in a text, of those that name a
    /// delivery. Looks at so many places at most.
    pub(super) fn find(&self, text: &[u8]) -> Option<Address> {
        const PLACES: usize = 256;
        let length = self.domain.len();
        let fits = |at: &usize| {
            let after = &text[at + 1..];
            after.len() >= length && after[..length].eq_ignore_ascii_case(self.domain.as_bytes())
        };
        let places = memchr::memchr_iter(b'@', text).filter(fits).take(PLACES);
        for at in places {
            let start = at.saturating_sub(2 + ID_LETTERS + 1 + CODE_LETTERS);
            let Ok(local) = std::str::from_utf8(&text[start..at]) else {
                continue;
            };
            let found = self.read(&format!("{local}@{}", self.domain));
            if found.is_some_and(|address| address.delivery().is_some()) {
                return found;
            }
        }
        None
    }

    /// The code over kind, id and domain: none of them can be exchanged.
    fn code(&self, address: Address) -> [u8; CODE] {
        let id = address.delivery().map_or(0, DeliveryId::as_i64);
        let mut context = hmac::Context::with_key(&self.key);
        context.update(b"tidings mail address 1\0");
        context.update(&[address.letter() as u8]);
        context.update(&id.to_be_bytes());
        context.update(self.domain.as_bytes());
        let tag = context.sign();
        let mut code = [0; CODE];
        code.copy_from_slice(&tag.as_ref()[..CODE]);
        code
    }
}

impl fmt::Debug for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Addresses(@{})", self.domain)
    }
}

/// Five bits a letter.
fn letters(code: &[u8; CODE]) -> String {
    let mut bits = [0; 16];
    bits[16 - CODE..].copy_from_slice(code);
    let bits = u128::from_be_bytes(bits);
    let letter = |place: usize| ALPHABET[(bits >> (5 * place) & 31) as usize];
    let places = (0..CODE_LETTERS).rev();
    places.map(|place| char::from(letter(place))).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn addresses() -> Addresses {
        Addresses::new("In.Marigold.example", &[7; 32]).unwrap()
    }

    fn any_address() -> impl Strategy<Value = Address> {
        let id = (0..i64::MAX).prop_map(DeliveryId::from_i64);
        prop_oneof![
            id.clone().prop_map(Address::Bounce),
            id.clone().prop_map(Address::Reply),
            id.prop_map(Address::Unsubscribe),
            Just(Address::Complaints),
        ]
    }

    #[test]
    fn an_address_looks_like_this() {
        let written = addresses().sign(Address::Bounce(DeliveryId::from_i64(77)));
        let (local, domain) = written.split_once('@').unwrap();
        assert_eq!(domain, "in.marigold.example");
        assert!(local.starts_with("b-000000000002d-"), "{local}");
        assert_eq!(local.len(), 32);
        assert_eq!(
            format!("{:?}", addresses()),
            "Addresses(@in.marigold.example)"
        );
        assert!(Addresses::new("a b", &[0; 32]).is_err());
    }

    #[test]
    fn foreign_cut_and_exchanged_ones_are_refused() {
        let own = addresses();
        let id = DeliveryId::from_i64(77);
        let written = own.sign(Address::Bounce(id));
        let other_key = Addresses::new("in.marigold.example", &[8; 32]).unwrap();
        let other_domain = Addresses::new("in.rose.example", &[7; 32]).unwrap();
        assert_eq!(other_key.read(&written), None);
        let moved = written.replace("marigold", "rose");
        assert_eq!(
            other_domain.read(&moved),
            None,
            "a code holds for its domain"
        );
        assert_eq!(own.read(&written.replacen("b-", "r-", 1)), None);
        assert_eq!(own.read(&written.replacen("b-", "c-", 1)), None);
        for end in 0..written.len() {
            assert_eq!(own.read(&written[..end]), None);
        }
        for odd in [
            "",
            "@",
            "b@",
            "b-@in.marigold.example",
            "b--@in.marigold.example",
        ] {
            assert_eq!(own.read(odd), None);
        }
    }

    #[test]
    fn one_is_found_in_a_text() {
        let own = addresses();
        let address = Address::Unsubscribe(DeliveryId::from_i64(77));
        let text = format!(
            "To: a@b.example\r\nList-Unsubscribe: <https://x.example>, <mailto:{}>\r\n",
            own.sign(address)
        );
        assert_eq!(own.find(text.as_bytes()), Some(address));
        let forged = text.replace("u-0", "u-1");
        assert_eq!(own.find(forged.as_bytes()), None);
        let only_ours = own.sign(Address::Complaints);
        assert_eq!(own.find(only_ours.as_bytes()), None, "it names no delivery");
        assert_eq!(own.find(b"@in.marigold.example"), None);
    }

    proptest! {
        #[test]
        fn what_is_signed_reads_back_in_any_case(address in any_address(), upper in any::<u64>()) {
            let own = addresses();
            let written = own.sign(address);
            let changed: String = written.chars().enumerate().map(|(place, letter)| {
                if upper >> (place % 64) & 1 == 1 { letter.to_ascii_uppercase() } else { letter }
            }).collect();
            prop_assert_eq!(own.read(&changed), Some(address));
        }

        #[test]
        fn one_changed_character_never_reads(
            address in any_address(), place in 0usize..32, other in "[ -~]",
        ) {
            let own = addresses();
            let mut written = own.sign(address);
            let same = written[place..=place].eq_ignore_ascii_case(&other);
            written.replace_range(place..=place, &other);
            prop_assert_eq!(own.read(&written), same.then_some(address));
        }

        #[test]
        fn no_text_breaks_it(text in ".{0,80}", octets in proptest::collection::vec(any::<u8>(), 0..200)) {
            let own = addresses();
            prop_assert_eq!(own.read(&text), None);
            prop_assert_eq!(own.find(&octets), None);
        }
    }
}
