//! Stops that come between a claim and its hand-over, on this node or another.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use model::{Channel, Instant, MessageId, PurposeClass, RecipientId, Wish};
use store::ClaimedDelivery;

use super::Sender;

/// Stops since this process started. The store has them too; this is for deliveries that were
/// claimed before the stop came: nothing leaves against it after it was committed.
#[derive(Clone, Default)]
pub(crate) struct RecentStops(Arc<RwLock<Noted>>);

#[derive(Default)]
struct Noted {
    stops: HashMap<Whose, Stop>,
    /// Grows with every stop.
    count: u64,
}

/// Whose stop it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Whose {
    /// Of everybody who has an address, by keyed digest.
    Address(i64),
    /// Of one customer on one channel, whoever else has the address.
    Customer(RecipientId, Channel),
}

/// A delivery on its way out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leaving {
    /// The keyed digest of its address.
    pub digest: i64,
    pub recipient: RecipientId,
    pub channel: Channel,
    pub purpose: PurposeClass,
    /// When it was decided.
    pub accepted_at: Instant,
    /// Whether it proves its address: one that was given up before it was decided gets it.
    pub proves: bool,
}

/// What is not to go to an address any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    /// Offers and news.
    Offers,
    /// Whatever may be stopped: not what protects the customer, nor what the law wants.
    Stoppable,
    /// Everything.
    Everything,
}

impl Reach {
    /// How far a wish about a channel reaches; none where it begins something. A stop of
    /// texts is for all of them; mail of some kinds cannot be stopped.
    pub(crate) const fn of(channel: Channel, wish: Wish) -> Option<Self> {
        match (wish, channel) {
            (Wish::Start, _) => None,
            (Wish::StopMarketing, _) => Some(Self::Offers),
            (Wish::StopAll, Channel::Email) => Some(Self::Stoppable),
            (Wish::StopAll, Channel::Sms) => Some(Self::Everything),
        }
    }

    const fn holds(self, purpose: PurposeClass) -> bool {
        match self {
            Self::Offers => matches!(purpose, PurposeClass::Marketing),
            Self::Stoppable => !matches!(purpose, PurposeClass::Security | PurposeClass::Legal),
            Self::Everything => true,
        }
    }
}

#[derive(Clone, Copy)]
struct Stop {
    reach: Reach,
    at: Instant,
    /// When it ends by itself, if it does.
    until: Option<Instant>,
    /// The count when it was noted.
    count: u64,
}

impl RecentStops {
    /// Notes how far somebody's stop reaches; none takes it back.
    pub(crate) fn note(&self, whose: Whose, reach: Option<Reach>, at: Instant) {
        match reach {
            Some(reach) => self.note_until(whose, reach, at, None),
            None => {
                self.write().stops.remove(&whose);
            }
        }
    }

    /// Notes a stop that may end by itself. Of two the one that reaches further holds, and of
    /// two ends the later.
    pub(crate) fn note_until(
        &self,
        whose: Whose,
        reach: Reach,
        at: Instant,
        until: Option<Instant>,
    ) {
        let mut noted = self.write();
        noted.count += 1;
        let count = noted.count;
        let new = Stop {
            reach,
            at,
            until,
            count,
        };
        let stop = noted.stops.entry(whose).or_insert(new);
        if stop.until.is_some_and(|until| until <= at) {
            *stop = new;
            return;
        }
        stop.reach = stop.reach.max(reach);
        stop.until = stop.until.zip(until).map(|(one, other)| one.max(other));
        (stop.at, stop.count) = (stop.at.max(at), count);
    }

    /// Whether a delivery must not leave. An address that nothing goes to gets nothing; any
    /// other stop is about what was decided before it came: what is decided later knows it, and
    /// knows whether it was taken back.
    pub(crate) fn has(&self, leaving: &Leaving, now: Instant) -> bool {
        let noted = self.read();
        let holds = |stop: &&Stop| stop.until.is_none_or(|until| now < until);
        let older = |stop: &&Stop| leaving.accepted_at <= stop.at;
        let address = noted.stops.get(&Whose::Address(leaving.digest));
        let always = |stop: &Stop| stop.reach == Reach::Everything && !leaving.proves;
        let address = address.filter(|stop| always(stop) || older(stop));
        let own = Whose::Customer(leaving.recipient, leaving.channel);
        let own = noted.stops.get(&own).filter(older);
        let mut stops = address.into_iter().chain(own).filter(holds);
        stops.any(|stop| stop.reach.holds(leaving.purpose))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.read().stops.is_empty()
    }

    /// How many were noted so far.
    pub(super) fn count(&self) -> u64 {
        self.read().count
    }

    /// Forgets the stop of an address that was taken back somewhere, unless it is newer than
    /// what is known of that.
    fn forget(&self, digest: i64, known_at: u64) {
        let (mut noted, whose) = (self.write(), Whose::Address(digest));
        let old = |stop: &Stop| stop.reach == Reach::Everything && stop.count <= known_at;
        if noted.stops.get(&whose).is_some_and(old) {
            noted.stops.remove(&whose);
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Noted> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Noted> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Messages that newer news overtook since this process started, for texts that wait inside
/// their carrier: what waits in the queue asks the store. The oldest are forgotten.
#[derive(Default)]
pub(crate) struct Overtaken(RwLock<[HashSet<MessageId>; 2]>);

impl Overtaken {
    /// So many are remembered at least.
    const REMEMBERED: usize = 50_000;

    /// Notes messages.
    pub(crate) fn note(&self, messages: &[MessageId]) {
        if messages.is_empty() {
            return;
        }
        let mut sets = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if sets[0].len() >= Self::REMEMBERED {
            sets.swap(0, 1);
            sets[0].clear();
        }
        sets[0].extend(messages);
    }

    /// Whether a message was noted.
    pub(crate) fn has(&self, message: MessageId) -> bool {
        let sets = self.0.read().unwrap_or_else(PoisonError::into_inner);
        sets.iter().any(|set| set.contains(&message))
    }
}

/// Addresses (by keyed digest) of texts that wait inside their carrier, with how many.
#[derive(Default)]
pub(super) struct Waiting(Mutex<HashMap<i64, usize>>);

/// A text that waits, until dropped.
pub(super) struct Waits<'a> {
    waiting: &'a Waiting,
    digest: i64,
}

impl Waiting {
    pub(super) fn enter(&self, digest: i64) -> Waits<'_> {
        *self.lock().entry(digest).or_default() += 1;
        Waits {
            waiting: self,
            digest,
        }
    }

    fn digests(&self) -> Vec<i64> {
        self.lock().keys().copied().collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<i64, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        let mut waiting = self.waiting.lock();
        if let Some(count) = waiting.get_mut(&self.digest) {
            *count -= 1;
            if *count == 0 {
                waiting.remove(&self.digest);
            }
        }
    }
}

impl Sender {
    /// Where other nodes write to the store, a stop may have been heard there after these
    /// were claimed: asked once more, right before the hand-over.
    pub(super) async fn learn_stops(&self, chunk: &[ClaimedDelivery]) -> store::Result<()> {
        let store = self.pipeline.store();
        if !store.is_shared() {
            return Ok(());
        }
        let digests = chunk.iter().map(|c| store.digest(&c.contact)).collect();
        self.learn(digests).await
    }

    /// The same for texts that wait inside their carrier for their turn.
    pub(super) async fn learn_stops_of_waiting(&self) {
        if !self.pipeline.store().is_shared() {
            return;
        }
        if let Err(error) = self.learn(self.waiting.digests()).await {
            tracing::warn!(%error, "could not look for stops heard by other nodes");
        }
    }

    async fn learn(&self, digests: Vec<i64>) -> store::Result<()> {
        if digests.is_empty() {
            return Ok(());
        }
        let stops = self.pipeline.stops();
        let known_at = stops.count();
        let now = self.pipeline.clock().now();
        let store = self.pipeline.store();
        let stopped: HashSet<i64> = store
            .suppressed_among(digests.clone(), now)
            .await?
            .into_iter()
            .collect();
        for digest in digests {
            match stopped.contains(&digest) {
                true => stops.note(Whose::Address(digest), Some(Reach::Everything), now),
                false => stops.forget(digest, known_at),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use model::Id;

    use super::*;

    #[test]
    fn the_newest_are_remembered() {
        let overtaken = Overtaken::default();
        let all: Vec<MessageId> = (0..120_000).map(MessageId::from_i64).collect();
        for some in all.chunks(1_000) {
            overtaken.note(some);
        }
        assert!(all[70_000..].iter().all(|message| overtaken.has(*message)));
        assert!(!overtaken.has(all[0]) && !overtaken.has(MessageId::from_i64(-1)));
    }

    #[test]
    fn a_stop_holds_until_it_is_taken_back() {
        let at = |second: i64| Instant::from_micros(second * 1_000_000);
        let stops = RecentStops::default();
        let has = |purpose, accepted_at| {
            let leaving = Leaving {
                digest: 1,
                recipient: RecipientId::from_i64(7),
                channel: Channel::Sms,
                purpose,
                accepted_at: at(accepted_at),
                proves: false,
            };
            stops.has(&leaving, at(accepted_at))
        };
        let note = |reach, second| stops.note(Whose::Address(1), reach, at(second));
        note(Some(Reach::Offers), 10);
        assert!(has(PurposeClass::Marketing, 9) && !has(PurposeClass::Security, 9));
        assert!(!has(PurposeClass::Marketing, 11), "decided with it");
        note(Some(Reach::Everything), 20);
        note(Some(Reach::Offers), 21);
        assert!(has(PurposeClass::Security, 30), "the stricter holds");
        note(None, 40);
        assert!(stops.is_empty());
        // What was read before a stop came does not take it back.
        let known_at = stops.count();
        note(Some(Reach::Everything), 50);
        stops.forget(1, known_at);
        assert!(has(PurposeClass::Transactional, 60));
        stops.forget(1, stops.count());
        assert!(stops.is_empty());
        // One customer's choice is nobody else's, and not for ever.
        let own = Whose::Customer(RecipientId::from_i64(7), Channel::Sms);
        stops.note(own, Some(Reach::Everything), at(70));
        assert!(has(PurposeClass::Security, 69) && !has(PurposeClass::Security, 71));
        let other = Whose::Customer(RecipientId::from_i64(8), Channel::Sms);
        stops.note(own, None, at(80));
        stops.note(other, Some(Reach::Everything), at(80));
        assert!(!has(PurposeClass::Security, 69));
    }

    #[test]
    fn a_stop_with_an_end_holds_until_then() {
        let at = |second: i64| Instant::from_micros(second * 1_000_000);
        let leaving = Leaving {
            digest: 1,
            recipient: RecipientId::from_i64(7),
            channel: Channel::Sms,
            purpose: PurposeClass::Security,
            accepted_at: at(5),
            proves: false,
        };
        let stops = RecentStops::default();
        let whose = Whose::Address(1);
        stops.note_until(whose, Reach::Everything, at(10), Some(at(20)));
        assert!(stops.has(&leaving, at(19)) && !stops.has(&leaving, at(20)));
        // Of two ends the later counts, and none is the latest.
        stops.note_until(whose, Reach::Everything, at(11), Some(at(30)));
        stops.note_until(whose, Reach::Everything, at(12), Some(at(25)));
        assert!(stops.has(&leaving, at(29)) && !stops.has(&leaving, at(30)));
        // What has ended lends its reach to nothing newer.
        stops.note(whose, Some(Reach::Offers), at(40));
        assert!(!stops.has(&leaving, at(41)));
        stops.note(whose, Some(Reach::Everything), at(42));
        stops.note_until(whose, Reach::Everything, at(43), Some(at(50)));
        assert!(stops.has(&leaving, at(60)));
    }

    #[test]
    fn an_address_waits_as_long_as_one_of_its_texts() {
        let waiting = Waiting::default();
        let (a, b) = (waiting.enter(1), waiting.enter(1));
        drop(a);
        assert_eq!(waiting.digests(), [1]);
        drop(b);
        assert!(waiting.digests().is_empty());
    }
}
