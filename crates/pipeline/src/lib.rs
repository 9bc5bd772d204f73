//! The path of a message. Its stages are the folders of this crate, in the order of the
//! alphabet:
//!
//! | stage | takes | gives |
//! |---|---|---|
//! | [`accept`] | events | validated, deduplicated, committed batches |
//! | [`decide`] | facts and a moment | a decision with its reasons; pure |
//! | [`render`] | a decision's data | the words of a message; pure |
//! | [`send`] | due deliveries | attempts and outcomes |
//! | [`track`] | receipts, texts that come in | delivery states, suppressions |
//!
//! A stage may use an earlier stage's types and never calls a later one: they meet through
//! the store. What may be said, to whom and in which language stands in [`catalogue`].

pub mod accept;
pub mod catalogue;
pub mod choices;
pub mod costs;
pub mod decide;
pub mod desk;
pub use guard;
mod in_flight;
pub mod regions;
pub mod render;
pub mod send;
pub mod senders;
pub mod track;

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use model::{Clock, ContactPoint, Customer, Instant, RecipientId, Wish};
use store::{Store, Wished};
use tokio::sync::Notify;

pub use accept::{
    AcceptError, AsOf, EventAnswer, MAX_EVENT_BYTES, RawEvent, ReplayAnswer, Submission,
};
use catalogue::{Catalogue, Desk, MessageType, Stand};
use costs::Costs;
use decide::Terms;
use guard::{Exceptions, Guard};
use in_flight::InFlight;
use regions::Regions;
use render::Brand;
use send::retry::DoubtWait;
use send::{ComesBack, Overtaken, Reach, RecentChanges, RecentStops, UnsubscribeLinks, Whose};
use senders::Registry;

/// Bounds and lists from the configuration.
#[derive(Clone, Debug)]
pub struct Limits {
    /// So many deliveries may wait before new events are answered "busy".
    pub backlog: u64,
    /// The addresses that team mode may reach.
    pub team: Vec<ContactPoint>,
    /// How long a delivery in doubt waits for its receipt.
    pub doubt: DoubtWait,
    /// Every identity that messages may come from or lead to. One that says nothing stands
    /// for what the brand alone says.
    pub senders: Arc<Registry>,
    /// Prices and budgets.
    pub costs: Arc<Costs>,
    /// Where what comes back of mails goes; else to the address that they are from.
    pub comes_back: Option<ComesBack>,
    /// The links by which readers end mails like the one they stand in.
    pub unsubscribe: Option<UnsubscribeLinks>,
    /// What the law of places says of hours and consent.
    pub regions: Arc<Regions>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            backlog: 2_000_000,
            team: Vec::new(),
            doubt: DoubtWait::default(),
            senders: Arc::default(),
            costs: Arc::default(),
            comes_back: None,
            unsubscribe: None,
            regions: Regions::shipped(),
        }
    }
}

/// What the stages share. Clones share it.
#[derive(Clone)]
pub struct Pipeline(Arc<Shared>);

struct Shared {
    store: Store,
    said: RwLock<Said>,
    /// Held by whoever makes what is said next.
    changing: Mutex<()>,
    brand: Brand,
    clock: Clock,
    limits: Limits,
    stops: RecentStops,
    changes: RecentChanges,
    asked: Notify,
    overtaken: Overtaken,
    in_flight: InFlight,
}

/// What may be said, what it was made of, and the guard over it: its promises are the
/// catalogue's.
#[derive(Clone)]
struct Said {
    /// As the files have it.
    files: Arc<Catalogue>,
    /// What lies over them.
    laid: Laid,
    catalogue: Arc<Catalogue>,
    guard: Arc<Guard>,
    /// While the guard's domains and numbers are these.
    holds: Range<Instant>,
}

/// What staff have laid over the files.
#[derive(Clone, Default)]
struct Laid {
    desk: Arc<Desk>,
    exceptions: Exceptions,
    /// The store's revision of both.
    revision: u64,
}

impl Said {
    fn new(
        files: Arc<Catalogue>,
        laid: Laid,
        (brand, senders): (&Brand, &Registry),
        now: Instant,
    ) -> Self {
        let stand = Stand {
            brand: brand.clone(),
            own: senders.own(now),
            exceptions: laid.exceptions.clone(),
        };
        let catalogue = match laid.desk.last() {
            0 => files.clone(),
            _ => Arc::new(files.with_desk(&laid.desk, &stand)),
        };
        for (_, faults) in catalogue.desk_faults() {
            for fault in faults {
                tracing::warn!(%fault, "words of the desk do not serve; those of the files do");
            }
        }
        // The brand's own domain and sender are in the registry.
        let guard = catalogue.guard(stand.own.with(stand.exceptions), ("", ""));
        Self {
            files,
            laid,
            catalogue,
            guard: Arc::new(guard),
            holds: senders.unchanged_around(now),
        }
    }

    /// Takes the domains and numbers of another moment; the words stay as they are.
    fn guard_anew(&mut self, senders: &Registry, now: Instant) {
        let own = senders.own(now).with(self.laid.exceptions.clone());
        self.guard = Arc::new(self.catalogue.guard(own, ("", "")));
        self.holds = senders.unchanged_around(now);
    }
}

impl Pipeline {
    /// Puts the parts together; starts nothing.
    pub fn new(
        store: Store,
        catalogue: Arc<Catalogue>,
        brand: Brand,
        clock: Clock,
        mut limits: Limits,
    ) -> Self {
        if limits.senders.is_empty() {
            limits.senders = Arc::new(Registry::of_brand(&brand));
        }
        let speaks = (&brand, &*limits.senders);
        let said = Said::new(catalogue, Laid::default(), speaks, clock.now());
        Self(Arc::new(Shared {
            store,
            said: RwLock::new(said),
            changing: Mutex::default(),
            brand,
            clock,
            limits,
            stops: RecentStops::default(),
            changes: RecentChanges::default(),
            overtaken: Overtaken::default(),
            asked: Notify::new(),
            in_flight: InFlight::default(),
        }))
    }

    /// Where everything is kept.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    fn said(&self) -> Said {
        let said = self.0.said.read();
        said.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Says other things from now on: makes, of what is said, what comes next. What was said
    /// keeps its words, what is on its way its short forms.
    fn say(&self, next: impl FnOnce(&Said) -> (Arc<Catalogue>, Laid)) {
        let alone = self.0.changing.lock();
        let _alone = alone.unwrap_or_else(PoisonError::into_inner);
        let (files, laid) = next(&self.said());
        let speaks = (&self.0.brand, self.senders());
        let said = Said::new(files, laid, speaks, self.0.clock.now());
        let place = self.0.said.write();
        *place.unwrap_or_else(PoisonError::into_inner) = said;
    }

    /// What may be said, as of now.
    pub fn catalogue(&self) -> Arc<Catalogue> {
        let said = self.0.said.read();
        let said = said.unwrap_or_else(PoisonError::into_inner);
        said.catalogue.clone()
    }

    /// Takes a catalogue that was read from files; the words of the desk lie over it as
    /// before.
    pub fn replace_catalogue(&self, files: Arc<Catalogue>) {
        self.say(|said| (files, said.laid.clone()));
    }

    /// What the catalogue says of a message type, as far as decisions go.
    pub(crate) fn terms(&self, message_type: &str) -> Option<Terms> {
        let catalogue = self.catalogue();
        catalogue.get(message_type).map(MessageType::terms)
    }

    /// Whom it is said for.
    pub fn brand(&self) -> &Brand {
        &self.0.brand
    }

    /// What words may leave, as of now.
    pub fn guard(&self) -> Arc<Guard> {
        let now = self.0.clock.now();
        {
            let said = self.0.said.read();
            let said = said.unwrap_or_else(PoisonError::into_inner);
            if said.holds.contains(&now) {
                return said.guard.clone();
            }
        }
        // A domain or a number has become ours, or has ended.
        let place = self.0.said.write();
        let mut said = place.unwrap_or_else(PoisonError::into_inner);
        said.guard_anew(self.senders(), now);
        said.guard.clone()
    }

    /// Every identity that messages may come from or lead to.
    pub fn senders(&self) -> &Registry {
        &self.0.limits.senders
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Creates or replaces profiles, also for what is on its way to a carrier. Returns the
    /// recipient of each.
    ///
    /// # Errors
    /// When the store could not keep them.
    pub async fn put_customers(&self, customers: Vec<Customer>) -> store::Result<Vec<RecipientId>> {
        let now = self.0.clock.now();
        let recipients = self.0.store.put_customers(customers, now).await?;
        self.0.changes.note(&recipients, self.0.clock.now());
        Ok(recipients)
    }

    /// Suppresses an address at once, also for what is on its way to a carrier.
    ///
    /// # Errors
    /// When the store could not keep it.
    pub async fn suppress(&self, contact: ContactPoint, reason: String) -> store::Result<()> {
        let digest = self.0.store.digest(&contact);
        self.0
            .store
            .suppress(contact, reason, self.0.clock.now())
            .await?;
        let now = self.0.clock.now();
        let whose = Whose::Address(digest);
        self.0.stops.note(whose, Some(Reach::Everything), now);
        Ok(())
    }

    /// Does what somebody wishes of the channel of an address, for all customers who have it:
    /// from then on nothing leaves against it, also nothing that is queued.
    ///
    /// # Errors
    /// When the store could not keep it.
    pub async fn wish(&self, contact: ContactPoint, wished: Wished) -> store::Result<()> {
        let wish = wished.wish;
        self.0.store.wish(contact.clone(), wished).await?;
        self.note_wish(&contact, wish).await;
        Ok(())
    }

    /// Notes a wish that the store has, for what is on its way already.
    pub(crate) async fn note_wish(&self, contact: &ContactPoint, wish: Wish) {
        let digest = self.0.store.digest(contact);
        let reach = Reach::of(contact.channel, wish);
        if reach.is_none() {
            // What others suppressed no start takes back; where that is not known, neither.
            let still = self.0.store.suppressed_among(vec![digest]).await;
            if !still.is_ok_and(|still| still.is_empty()) {
                return;
            }
        }
        let now = self.0.clock.now();
        self.0.stops.note(Whose::Address(digest), reach, now);
    }

    /// Addresses stopped since this process started.
    pub(crate) fn stops(&self) -> &RecentStops {
        &self.0.stops
    }

    /// Profiles that changed since this process started.
    pub(crate) fn changes(&self) -> &RecentChanges {
        &self.0.changes
    }

    /// Rung when a text has come in that is to be answered.
    pub(crate) fn asked(&self) -> &Notify {
        &self.0.asked
    }

    /// Messages that newer news overtook since this process started.
    pub(crate) fn overtaken(&self) -> &Overtaken {
        &self.0.overtaken
    }

    /// Places on the way to carriers.
    pub(crate) fn in_flight(&self) -> &InFlight {
        &self.0.in_flight
    }

    /// Bounds and lists.
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }
}
