//! What waits for a client to take it: receipts and inbound texts.
//!
//! Store and forward: whatever no session has taken stays here until one does. The
//! outbox is bounded; when it is full the oldest goes and is counted.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use smpp::pdu::DeliverSm;
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, sleep_until};

use crate::kept::ReceiptState;

const MOST_WAITING: usize = 400_000;
/// How long a receipt without a partner waits when pairs are swapped.
const PARTNER_WAIT: Duration = Duration::from_secs(1);
/// How long after a refusal for now an item is offered again.
const SOON: Duration = Duration::from_secs(1);
/// After so many refusals an item waits for the next bind.
const MOST_TRIES: u32 = 20;

/// One deliver_sm on its way to a client.
#[derive(Debug)]
pub(crate) struct Item {
    pub(super) pdu: DeliverSm,
    pub(super) about: About,
    tries: u32,
    told: Option<oneshot::Sender<()>>,
}

/// What an item says, and of which kept text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    Receipt {
        text: Option<u64>,
        state: ReceiptState,
    },
    InboundText,
}

impl Item {
    pub(super) fn new(pdu: DeliverSm, about: About) -> Self {
        Self {
            pdu,
            about,
            tries: 0,
            told: None,
        }
    }

    /// Resolves when a client has taken the item.
    pub(super) fn when_taken(&mut self) -> oneshot::Receiver<()> {
        let (told, when) = oneshot::channel();
        self.told = Some(told);
        when
    }

    pub(super) fn is_taken(&mut self) {
        if let Some(told) = self.told.take() {
            // Nobody has to be waiting for it any more.
            let _ = told.send(());
        }
    }
}

/// When an item is due, and its number among all items.
type Key = (Instant, u64);

#[derive(Debug, Default)]
struct Waiting {
    due: BTreeMap<Key, Item>,
    /// Refused ones, for the next bind, oldest first.
    refused: VecDeque<Item>,
    /// The first of a pair to be swapped.
    first_of_pair: Option<Key>,
    numbers: u64,
    dropped: u64,
}

impl Waiting {
    fn insert(&mut self, at: Instant, item: Item) -> Key {
        if self.len() >= MOST_WAITING {
            self.dropped += 1;
            if self.refused.pop_front().is_none() {
                self.due.pop_first();
            }
        }
        self.numbers += 1;
        let key = (at, self.numbers);
        self.due.insert(key, item);
        key
    }

    /// The second of a pair pulls the first along, behind itself.
    fn insert_swapped(&mut self, at: Instant, item: Item) {
        let first = self
            .first_of_pair
            .take()
            .and_then(|key| self.due.remove(&key));
        match first {
            Some(first) => {
                self.insert(at, item);
                self.insert(at, first);
            }
            None => self.first_of_pair = Some(self.insert(at + PARTNER_WAIT, item)),
        }
    }

    fn refuse(&mut self, mut item: Item, for_now: bool, now: Instant) {
        item.tries += 1;
        if for_now && item.tries < MOST_TRIES {
            self.insert(now + SOON, item);
        } else {
            // One came out of here before, so there is room.
            self.refused.push_back(item);
        }
    }

    fn offer_refused_again(&mut self, now: Instant) {
        for mut item in std::mem::take(&mut self.refused) {
            item.tries = 0;
            self.insert(now, item);
        }
    }

    /// The first item that is due; otherwise when the first will be.
    fn take_due(&mut self, now: Instant) -> Result<Item, Option<Instant>> {
        match self.due.first_entry() {
            Some(first) if first.key().0 <= now => Ok(first.remove()),
            Some(first) => Err(Some(first.key().0)),
            None => Err(None),
        }
    }

    fn len(&self) -> usize {
        self.due.len() + self.refused.len()
    }
}

/// The outbox of the one system_id there is.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    waiting: Mutex<Waiting>,
    changed: Notify,
}

impl Outbox {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting
            .lock()
            .expect("nothing panics while it holds this lock")
    }

    /// Adds an item that is due after `delay`.
    pub(super) fn add(&self, item: Item, delay: Duration) {
        self.lock().insert(Instant::now() + delay, item);
        self.changed.notify_waiters();
    }

    /// Adds an item so that it leaves before the one added last, in pairs.
    pub(super) fn add_swapped(&self, item: Item, delay: Duration) {
        self.lock().insert_swapped(Instant::now() + delay, item);
        self.changed.notify_waiters();
    }

    /// Puts back what could not be handed over; it is due at once.
    pub(super) fn put_back(&self, item: Item) {
        self.add(item, Duration::ZERO);
    }

    /// Keeps what a client refused. When that was for now, it is offered again
    /// soon; otherwise, or after many refusals, after the next bind.
    pub(super) fn keep_refused(&self, item: Item, for_now: bool) {
        self.lock().refuse(item, for_now, Instant::now());
        self.changed.notify_waiters();
    }

    /// A session has bound: what was refused is offered again.
    pub(super) fn offer_refused_again(&self) {
        self.lock().offer_refused_again(Instant::now());
        self.changed.notify_waiters();
    }

    /// The next item that is due. Safe to cancel: an item is taken only when it is returned.
    pub(super) async fn next(&self) -> Item {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // From here on no change is missed, also one before the await.
            changed.as_mut().enable();
            let taken = self.lock().take_due(Instant::now());
            match taken {
                Ok(item) => return item,
                Err(Some(due)) => tokio::select! {
                    () = changed => {}
                    () = sleep_until(due) => {}
                },
                Err(None) => changed.await,
            }
        }
    }

    pub(crate) fn waiting(&self) -> usize {
        self.lock().len()
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    /// Forgets what waits, with the texts it is about.
    pub(crate) fn clear(&self) -> usize {
        let mut waiting = self.lock();
        waiting.first_of_pair = None;
        let gone = waiting.len();
        waiting.due.clear();
        waiting.refused.clear();
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(name: &str) -> Item {
        let pdu = DeliverSm {
            short_message: name.into(),
            ..DeliverSm::default()
        };
        Item::new(pdu, About::InboundText)
    }

    fn due(waiting: &mut Waiting, now: Instant) -> Vec<String> {
        let items = std::iter::from_fn(|| waiting.take_due(now).ok());
        items
            .map(|item| String::from_utf8(item.pdu.short_message).unwrap())
            .collect()
    }

    #[test]
    fn items_leave_when_they_are_due_and_in_order() {
        let (mut waiting, now) = (Waiting::default(), Instant::now());
        let minute = Duration::from_secs(60);
        waiting.insert(now + minute, item("late"));
        waiting.insert(now, item("first"));
        waiting.insert(now, item("second"));
        assert_eq!(due(&mut waiting, now), ["first", "second"]);
        assert_eq!(due(&mut waiting, now + minute), ["late"]);
    }

    #[test]
    fn pairs_are_swapped_and_a_single_one_leaves_after_a_second() {
        let (mut waiting, now) = (Waiting::default(), Instant::now());
        for name in ["one", "two", "three"] {
            waiting.insert_swapped(now, item(name));
        }
        assert_eq!(due(&mut waiting, now), ["two", "one"]);
        assert_eq!(due(&mut waiting, now + PARTNER_WAIT), ["three"]);
    }

    #[test]
    fn what_was_refused_waits_for_the_next_bind_or_a_little() {
        let (mut waiting, now) = (Waiting::default(), Instant::now());
        waiting.refuse(item("refused"), false, now);
        waiting.refuse(item("for now"), true, now);
        assert_eq!(due(&mut waiting, now + SOON), ["for now"]);
        assert_eq!(waiting.len(), 1);
        waiting.offer_refused_again(now);
        assert_eq!(due(&mut waiting, now), ["refused"]);
    }

    #[test]
    fn the_oldest_goes_when_too_many_wait() {
        let (mut waiting, now) = (Waiting::default(), Instant::now());
        for number in 0..=MOST_WAITING {
            waiting.insert(now, item(&number.to_string()));
        }
        assert_eq!((waiting.len(), waiting.dropped), (MOST_WAITING, 1));
        assert_eq!(due(&mut waiting, now)[0], "1");
    }
}
