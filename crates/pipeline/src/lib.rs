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
pub mod attention;
pub mod catalogue;
pub mod choices;
pub mod consent_import;
pub mod contacts;
pub mod costs;
pub mod decide;
pub mod desk;
pub use guard;
mod in_flight;
pub mod regions;
pub mod render;
pub mod send;
pub mod senders;
mod stopping;
pub mod track;

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use model::{Clock, ContactPoint, Customer, Instant, Mode, RecipientId};
use store::Store;
use tokio::sync::Notify;

pub use accept::{
    AcceptError, AsOf, Digests, EventAnswer, MAX_EVENT_BYTES, RawEvent, ReplayAnswer, Submission,
};
use attention::Attention;
use catalogue::{Catalogue, Desk, MessageType, Stand};
use costs::Costs;
use decide::Terms;
use guard::{Exceptions, Guard};
use in_flight::InFlight;
use regions::Regions;
use render::Brand;
use send::retry::DoubtWait;
use send::{ComesBack, Overtaken, ReaderLinks, RecentChanges, RecentStops};
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
    /// The links by which readers end mails like the one they stand in, and choose.
    pub links: Option<ReaderLinks>,
    /// What the law of places says of hours and consent.
    pub regions: Arc<Regions>,
    /// Where the Message Center is, for the links of summaries; none without TLS.
    pub message_center: Option<String>,
    /// How much of a person's attention may be taken.
    pub attention: Attention,
    /// Channels on which a tick for offers on a page is to be confirmed from the address.
    pub double_opt_in: Vec<model::Channel>,
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
            links: None,
            regions: Regions::shipped(),
            message_center: None,
            attention: Attention::default(),
            double_opt_in: Vec::new(),
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

    /// Addresses stopped since this process started.
    pub(crate) fn stops(&self) -> &RecentStops {
        &self.0.stops
    }

    /// Creates or replaces profiles. An address that is replaced or removed is told so, at
    /// once and once.
    ///
    /// # Errors
    /// When the store could not keep them.
    pub async fn put_customers_telling(
        &self,
        customers: Vec<Customer>,
        mode: Mode,
    ) -> store::Result<Vec<RecipientId>> {
        let (store, now) = (&self.0.store, self.0.clock.now());
        let recipients = store.put_customers_telling(customers, now, mode).await?;
        self.0.changes.note(&recipients, self.0.clock.now());
        self.0.asked.notify_one();
        Ok(recipients)
    }

    /// Profiles that changed since this process started.
    pub(crate) fn changes(&self) -> &RecentChanges {
        &self.0.changes
    }

    /// Rung when a text has come in that is to be answered, or an old address is to be told.
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

    /// Where the Message Center is, if messages may link there.
    pub(crate) fn message_center(&self) -> Option<&str> {
        let center = self.0.limits.message_center.as_deref();
        center.filter(|center| catalogue::leads_home(center, &self.0.brand.domain))
    }

    /// Bounds and lists.
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }
}
