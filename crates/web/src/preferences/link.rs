//! Links that need no sign-in: `tpl_<what it says>.<HMAC-SHA256>`, both in base64url.
//!
//! A link reaches one customer's choices and nothing else; no message can be read by it. It
//! says who by the store's number only, so that nothing personal stands in it. None is kept:
//! the seal is proof enough, and it is compared in constant time.

use model::{Category, Channel, Id, Instant, RecipientId, Span};
use ring::hmac;

use crate::{App, base64url};

const PREFIX: &str = "tpl_";
const VERSION: u8 = 1;
/// Version, use, whose, until when.
const HEAD: usize = 2 + 8 + 8;
/// A topic has at most 40 letters; all of a link stays far below this.
const LENGTH_AT_MOST: usize = 200;

/// What a link is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// The page with all choices.
    Choices,
    /// Ending mails like one there was.
    Unsubscribe {
        category: Category,
        topic: String,
        channel: Channel,
    },
}

impl Use {
    const fn number(&self) -> u8 {
        match self {
            Self::Choices => 1,
            Self::Unsubscribe { .. } => 2,
        }
    }

    /// Stopping works for longer than choosing: a mail is kept for years, and whoever finds it
    /// must still be able to end it. US law asks for 30 days (15 USC 7704(a)(3)), Canada's
    /// for 60 (S.C. 2010, c. 23, §11(2)).
    const fn lifetime(&self) -> Span {
        match self {
            Self::Choices => Span::days(60),
            Self::Unsubscribe { .. } => Span::days(366),
        }
    }
}

/// What a link that is right says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub recipient: RecipientId,
    pub until: Instant,
    pub for_what: Use,
}

/// Why a link leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gone {
    /// It was not made here, or not for this, or a letter of it is wrong.
    Wrong,
    /// It is too old.
    Expired,
}

/// Makes and reads links. Needs no request and no pages, so that whoever writes a mail can
/// have one too; all that are made of one store read each other's.
#[derive(Clone)]
pub struct Links {
    key: hmac::Key,
    base: String,
}

impl Links {
    /// The links of a store, whose pages browsers reach at `public_url`.
    pub fn new(store: &store::Store, public_url: &str) -> Self {
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, &store.key("preference links")),
            base: public_url.to_owned(),
        }
    }

    /// The address of a customer's preferences, for 60 days and without sign-in.
    pub fn preferences_url(&self, recipient: RecipientId, now: Instant) -> String {
        self.url("preferences", recipient, Use::Choices, now)
    }

    /// The address that ends mails of a topic, and offers by mail, with one POST: for the
    /// header `List-Unsubscribe` (RFC 8058 §3.1) of a mail to a customer.
    pub fn unsubscribe_url(
        &self,
        recipient: RecipientId,
        (category, topic): (Category, &str),
        now: Instant,
    ) -> String {
        let unsubscribe = Use::Unsubscribe {
            category,
            topic: topic.to_owned(),
            channel: Channel::Email,
        };
        self.url("unsubscribe", recipient, unsubscribe, now)
    }

    fn url(&self, path: &str, recipient: RecipientId, for_what: Use, now: Instant) -> String {
        let link = Link {
            recipient,
            until: now + for_what.lifetime(),
            for_what,
        };
        format!("{}/{path}/{}", self.base, write(&self.key, &link))
    }

    /// What a link says, if it is right and not too old.
    pub(super) fn open(&self, text: &str, now: Instant) -> Result<Link, Gone> {
        let link = read(&self.key, text).ok_or(Gone::Wrong)?;
        match link.until > now {
            true => Ok(link),
            false => Err(Gone::Expired),
        }
    }
}

/// The address of a customer's preferences, for 60 days and without sign-in: for the foot of
/// a mail to them.
pub fn preferences_url(app: &App, recipient: RecipientId) -> String {
    app.links().preferences_url(recipient, app.now())
}

/// The address that ends mails of a topic with one POST, from now on: see
/// [`Links::unsubscribe_url`].
pub fn unsubscribe_url(
    app: &App,
    recipient: RecipientId,
    category: Category,
    topic: &str,
) -> String {
    let what = (category, topic);
    app.links().unsubscribe_url(recipient, what, app.now())
}

fn write(key: &hmac::Key, link: &Link) -> String {
    let mut bytes = Vec::with_capacity(HEAD + 42);
    bytes.extend([VERSION, link.for_what.number()]);
    bytes.extend(link.recipient.as_i64().to_be_bytes());
    bytes.extend(link.until.as_micros().to_be_bytes());
    if let Use::Unsubscribe {
        category,
        topic,
        channel,
    } = &link.for_what
    {
        bytes.extend([category.number(), channel.number()]);
        bytes.extend(topic.as_bytes());
    }
    let tag = hmac::sign(key, &bytes);
    let (bytes, tag) = (base64url::encode(&bytes), base64url::encode(tag.as_ref()));
    format!("{PREFIX}{bytes}.{tag}")
}

fn read(key: &hmac::Key, text: &str) -> Option<Link> {
    if text.len() > LENGTH_AT_MOST {
        return None;
    }
    let (bytes, tag) = text.strip_prefix(PREFIX)?.split_once('.')?;
    let (bytes, tag) = (base64url::decode(bytes)?, base64url::decode(tag)?);
    hmac::verify(key, &bytes, &tag).ok()?;
    let (head, rest) = bytes.split_at_checked(HEAD)?;
    let for_what = match (head[0], head[1], rest) {
        (VERSION, 1, []) => Use::Choices,
        (VERSION, 2, [category, channel, topic @ ..]) => Use::Unsubscribe {
            category: Category::from_number(*category)?,
            channel: Channel::from_number(*channel)?,
            topic: String::from_utf8(topic.to_vec()).ok()?,
        },
        _ => return None,
    };
    Some(Link {
        recipient: RecipientId::from_i64(i64::from_be_bytes(head[2..10].try_into().ok()?)),
        until: Instant::from_micros(i64::from_be_bytes(head[10..18].try_into().ok()?)),
        for_what,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &[7; 32])
    }

    fn links() -> [Link; 2] {
        let link = |for_what| Link {
            recipient: RecipientId::from_i64(42),
            until: Instant::from_micros(1_700_000_000_000_000),
            for_what,
        };
        let unsubscribe = Use::Unsubscribe {
            category: Category::Promotions,
            topic: "t".repeat(40),
            channel: Channel::Email,
        };
        [link(Use::Choices), link(unsubscribe)]
    }

    #[test]
    fn a_link_is_read_back_and_by_its_own_key_only() {
        for link in links() {
            let text = write(&key(), &link);
            assert!(text.len() <= LENGTH_AT_MOST, "{}", text.len());
            assert_eq!(read(&key(), &text), Some(link));
            let other = hmac::Key::new(hmac::HMAC_SHA256, &[8; 32]);
            assert_eq!(read(&other, &text), None);
        }
    }

    #[test]
    fn every_changed_or_missing_letter_makes_it_wrong() {
        for link in links() {
            let text = write(&key(), &link);
            for at in 0..text.len() {
                let mut bytes = text.clone().into_bytes();
                bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
                assert_eq!(read(&key(), &String::from_utf8(bytes).unwrap()), None);
                assert_eq!(read(&key(), &text[..at]), None);
            }
            assert_eq!(read(&key(), &format!("{text}A")), None);
        }
    }
}
