//! The bytes of a doorbell: what one commit tells other nodes. Signed with a key of the
//! store, because anyone on the NATS may publish; strangers' bytes end here. Pure.
//!
//!     16 signature | 1 version | 1 queues | 2 each: channel, lane | 16 each: mailbox, revision

use model::{Channel, Id, Lane, RecipientId};
use ring::hmac;
use store::{MailboxNews, News};

const VERSION: u8 = 1;
const SIGNATURE: usize = 16;
const MAILBOX: usize = 16;
/// Mailboxes in one bell; what a large commit moved is told in several.
pub const MAILBOXES: usize = 2_000;

/// Writes and reads the bells of one store.
pub struct Bell {
    key: hmac::Key,
}

/// Why bytes are no bell; nobody is told, it is only counted.
#[derive(Debug, PartialEq, Eq)]
pub enum NoBell {
    /// Not from a node of this store.
    Stranger,
    /// From a node that speaks another version.
    Version,
    /// Cut off or too long.
    Shape,
}

impl Bell {
    /// With a key that only the nodes of one store have.
    pub fn new(key: &[u8; 32]) -> Self {
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, key),
        }
    }

    /// What to publish of a commit: nothing, one bell, or several.
    pub fn write(&self, news: &News) -> Vec<Vec<u8>> {
        if news.due.is_empty() && news.mailboxes.is_empty() {
            return Vec::new();
        }
        let mut due = news.due.clone();
        due.sort_unstable();
        due.dedup();
        // There are not 256 pairs of channel and lane.
        due.truncate(usize::from(u8::MAX));
        let mut parts: Vec<&[MailboxNews]> = news.mailboxes.chunks(MAILBOXES).collect();
        if parts.is_empty() {
            parts.push(&[]);
        }
        let parts = parts.into_iter().enumerate();
        parts
            .map(|(place, mailboxes)| {
                // Once is enough to wake a worker.
                self.part(if place == 0 { &due } else { &[] }, mailboxes)
            })
            .collect()
    }

    fn part(&self, due: &[(Channel, Lane)], mailboxes: &[MailboxNews]) -> Vec<u8> {
        let mut bytes = vec![0; SIGNATURE];
        bytes.push(VERSION);
        bytes.push(u8::try_from(due.len()).expect("cut to 255 by the caller"));
        for (channel, lane) in due {
            bytes.extend([channel.number(), lane.number()]);
        }
        for moved in mailboxes {
            bytes.extend(moved.recipient.as_i64().to_be_bytes());
            bytes.extend(moved.revision.to_be_bytes());
        }
        let signature = hmac::sign(&self.key, &bytes[SIGNATURE..]);
        bytes[..SIGNATURE].copy_from_slice(&signature.as_ref()[..SIGNATURE]);
        bytes
    }

    /// Reads a bell of another node. Channels and lanes that this version does not know
    /// are left out.
    ///
    /// # Errors
    /// [`NoBell`].
    pub fn read(&self, bytes: &[u8]) -> Result<News, NoBell> {
        let longest = SIGNATURE + 2 + 2 * usize::from(u8::MAX) + MAILBOX * MAILBOXES;
        if bytes.len() > longest {
            return Err(NoBell::Shape);
        }
        let (signature, told) = bytes.split_at_checked(SIGNATURE).ok_or(NoBell::Shape)?;
        let wanted = hmac::sign(&self.key, told);
        // Every byte is compared, so that the time taken says nothing.
        let differences = signature
            .iter()
            .zip(wanted.as_ref())
            .fold(0, |d, (a, b)| d | (a ^ b));
        if differences != 0 {
            return Err(NoBell::Stranger);
        }
        let [version, queues, rest @ ..] = told else {
            return Err(NoBell::Shape);
        };
        if *version != VERSION {
            return Err(NoBell::Version);
        }
        let due = 2 * usize::from(*queues);
        let (due, mailboxes) = rest.split_at_checked(due).ok_or(NoBell::Shape)?;
        let (mailboxes, []) = mailboxes.as_chunks::<MAILBOX>() else {
            return Err(NoBell::Shape);
        };
        let pair =
            |pair: &[u8; 2]| Some((Channel::from_number(pair[0])?, Lane::from_number(pair[1])?));
        let number = |half: &[u8]| {
            half.iter()
                .fold(0_i64, |n, octet| n << 8 | i64::from(*octet))
        };
        let moved = |moved: &[u8; MAILBOX]| MailboxNews {
            recipient: RecipientId::from_i64(number(&moved[..8])),
            revision: number(&moved[8..]),
        };
        Ok(News {
            due: due.as_chunks::<2>().0.iter().filter_map(pair).collect(),
            mailboxes: mailboxes.iter().map(moved).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bell() -> Bell {
        Bell::new(&[7; 32])
    }

    fn news() -> impl Strategy<Value = News> {
        let channel = proptest::sample::select(Channel::ALL);
        let lane = proptest::sample::select(Lane::ALL);
        let mailbox = (any::<i64>(), any::<i64>()).prop_map(|(recipient, revision)| MailboxNews {
            recipient: RecipientId::from_i64(recipient),
            revision,
        });
        let due = proptest::collection::vec((channel, lane), 0..12);
        let mailboxes = proptest::collection::vec(mailbox, 0..40);
        (due, mailboxes).prop_map(|(due, mailboxes)| News { due, mailboxes })
    }

    #[test]
    fn a_large_commit_is_told_in_several_bells_and_none_is_too_long() {
        let moved = |n| MailboxNews {
            recipient: RecipientId::from_i64(n),
            revision: n,
        };
        let large = News {
            due: vec![(Channel::Sms, Lane::Bulk)],
            mailboxes: (0..4_500).map(moved).collect(),
        };
        let bells = bell().write(&large);
        assert_eq!(bells.len(), 3);
        let read: Vec<News> = bells.iter().map(|b| bell().read(b).unwrap()).collect();
        assert_eq!(read.iter().map(|n| n.mailboxes.len()).sum::<usize>(), 4_500);
        assert_eq!(read.iter().map(|n| n.due.len()).sum::<usize>(), 1);
        assert!(bells.iter().all(|b| b.len() < 40_000));
        assert!(bell().write(&News::default()).is_empty());
    }

    #[test]
    fn what_a_newer_version_knows_is_left_out() {
        let mut bytes = vec![0; SIGNATURE];
        bytes.extend([
            VERSION,
            2,
            Channel::Email.number(),
            Lane::Bulk.number(),
            250,
            0,
        ]);
        let signature = hmac::sign(&bell().key, &bytes[SIGNATURE..]);
        bytes[..SIGNATURE].copy_from_slice(&signature.as_ref()[..SIGNATURE]);
        assert_eq!(
            bell().read(&bytes).unwrap().due,
            [(Channel::Email, Lane::Bulk)]
        );
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(news in news()) {
            let mut told = News::default();
            for bytes in bell().write(&news) {
                let part = bell().read(&bytes).unwrap();
                told.due.extend(part.due);
                told.mailboxes.extend(part.mailboxes);
            }
            let mut due = news.due;
            due.sort_unstable();
            due.dedup();
            prop_assert_eq!(told, News { due, mailboxes: news.mailboxes });
        }

        #[test]
        fn rubbish_is_no_bell(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            prop_assert!(bell().read(&bytes).is_err());
        }

        #[test]
        fn signed_rubbish_does_not_panic(told in proptest::collection::vec(any::<u8>(), 0..120)) {
            let signature = hmac::sign(&bell().key, &told);
            let mut bytes = signature.as_ref()[..SIGNATURE].to_vec();
            bytes.extend(told);
            let _ = bell().read(&bytes);
        }

        #[test]
        fn one_changed_bit_makes_it_a_strangers(news in news(), place in any::<proptest::sample::Index>(), bit in 0..8) {
            for mut bytes in bell().write(&news) {
                let place = place.index(bytes.len());
                bytes[place] ^= 1_u8 << bit;
                prop_assert_eq!(bell().read(&bytes).unwrap_err(), NoBell::Stranger);
                prop_assert_eq!(Bell::new(&[8; 32]).read(&bytes).unwrap_err(), NoBell::Stranger);
            }
        }
    }
}
