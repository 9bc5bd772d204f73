//! The only SQL. One [`Store`] over a closed set of backends.
//!
//! Methods are sentences from the caller's side, batch-first, one transaction each. Writes
//! of the path go through writers that merge whatever waits into one durable transaction
//! (group commit); a call that returned `Ok` is on disk. Reads run on a small pool beside
//! them. The store decides nothing: whether and where to send is `pipeline/decide`'s.

/// Calls the backend that is there. Above the modules that use it.
macro_rules! on {
    ($store:expr, $backend:ident => $call:expr) => {
        match &$store.backend {
            Backend::Sqlite($backend) => $call,
            Backend::Postgres($backend) => $call,
        }
    };
}

mod attention;
#[cfg(test)]
mod conformance;
mod consents;
mod contacts;
mod costs;
mod desk;
mod digests;
mod error;
mod failed;
mod fold;
mod keys;
mod ledger;
mod mailbox;
mod news;
mod postgres;
mod records;
mod secret;
mod sqlite;
mod staff;
mod suppressions;
mod transfer;
mod withdrawn;

use std::path::Path;
use std::sync::Arc;

use model::{
    Channel, Customer, DeliveryId, Facts, IdSource, Instant, Lane, MessageId, RecipientId, Span,
    Taken, Told,
};
use tokio::sync::{Notify, broadcast};

use news::Bells;

pub use consents::{
    BrokenLedger, ConsentEntry, ConsentRecord, CustomerChange, Wished, prove, standing_at,
};
pub use contacts::{ContactChange, ContactRow};
pub use costs::{CostQuery, CostRow, LedgerFault, PriceMatch, PriceRecord, Spent, Tally};
pub use digests::{DigestCommitted, DigestSettled, DueDigest};
pub use error::{Error, OpenError};
pub use keys::ApiKey;
pub use news::{MailboxNews, MailboxWatch, News};
pub use records::{
    AcceptedEvent, AcceptedResult, Changes, ClaimRequest, ClaimedDelivery, Committed, Counts,
    DeliveryRecord, Distribution, DueAnswer, EventRecord, FlagChange, InboundText, MailboxFilter,
    MailboxPage, MessageRecord, NewDelivery, NewMessage, Next, OutcomeRecord, ReceiptMatch,
    ReceiptRecord, StoryOf, TOLD_AT_MOST, UnreadCounts,
};

pub use desk::{DRAFTS_AT_MOST, Publication, Published, Saved, Settled};
pub use failed::{FailedCount, FailedFilter};
pub use staff::{
    AuditFilter, Ended, LinkChange, SignInTries, StaffAccount, StaffCommit, StaffCommitted,
    StaffSession,
};
pub use suppressions::{NewSuppression, Suppression, SuppressionFilter, Undone};
pub use transfer::{Step, Transfer, TransferError};
pub use withdrawn::Withdrawal;

/// What a call gives.
pub type Result<T> = std::result::Result<T, Error>;

/// The store of one marketplace. Clones share it.
#[derive(Clone)]
pub struct Store {
    backend: Backend,
}

#[derive(Clone)]
enum Backend {
    Sqlite(Arc<sqlite::Sqlite>),
    Postgres(Arc<postgres::Postgres>),
}

impl Store {
    /// Opens (and makes, if missing) the embedded store in a folder, brings its schema up
    /// to date and puts what a crash left claimed in doubt (see [`Store::doubt_claims`]).
    /// `secret` keys the digests of addresses; `now` dates the migration.
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong with the folder and how to mend it.
    pub fn open_sqlite(folder: &Path, now: Instant) -> std::result::Result<Self, OpenError> {
        let backend = sqlite::Sqlite::open(folder, now)?;
        Ok(Self {
            backend: Backend::Sqlite(Arc::new(backend)),
        })
    }

    /// Opens a store in PostgreSQL (15 or newer), which any number of nodes share: brings
    /// its schema up to date, leases a node number, and starts what keeps it. `now` dates
    /// the migration. Needs a running tokio runtime.
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong with the database and how to mend it; it never
    /// repeats the URL, which may hold a password.
    pub async fn open_postgres(url: &str, now: Instant) -> std::result::Result<Self, OpenError> {
        let backend = postgres::Postgres::open(url, now).await?;
        Ok(Self {
            backend: Backend::Postgres(Arc::new(backend)),
        })
    }

    /// Spreads the tables of a PostgreSQL store over the machines of its Citus cluster;
    /// where there is none, says so and changes nothing. Stop all nodes first; they find
    /// out when they start again.
    ///
    /// # Errors
    /// [`OpenError`]; nothing changed.
    pub async fn distribute(url: &str) -> std::result::Result<Distribution, OpenError> {
        postgres::distribute(url).await
    }

    /// Waits for what is being written, then closes. Later calls fail with [`Error::Closed`].
    pub async fn close(&self) {
        on!(self, backend => backend.close().await);
    }

    /// Where new ids come from.
    pub fn ids(&self) -> &IdSource {
        on!(self, backend => backend.ids())
    }

    /// A 32-byte key of this store, made with it: for digests and signed tokens.
    /// `purpose` separates its uses.
    pub fn key(&self, purpose: &str) -> [u8; 32] {
        on!(self, backend => backend.key(purpose))
    }

    /// Rings when a delivery of the channel has become due by a commit.
    pub fn due_doorbell(&self, channel: Channel, lane: Lane) -> Arc<Notify> {
        self.bells().due(channel, lane).clone()
    }

    /// Watches a mailbox: wakes when a commit moved it.
    pub fn watch_mailbox(&self, recipient: RecipientId) -> MailboxWatch {
        self.bells().watch(recipient)
    }

    /// What the commits of this node tell, to be passed on to other nodes.
    pub fn news(&self) -> broadcast::Receiver<Arc<News>> {
        self.bells().own()
    }

    /// Tells workers and open pages of this node what another node committed.
    pub fn hear(&self, news: &News) {
        self.bells().hear(news);
    }

    fn bells(&self) -> &Bells {
        on!(self, backend => backend.bells())
    }

    /// Deliveries that wait to be handed over (an estimate, for back-pressure).
    pub fn backlog(&self) -> u64 {
        on!(self, backend => backend.backlog())
    }

    /// Whether it can be read and written. After a commit that failed (a full disk) it
    /// makes one of its own to see.
    ///
    /// # Errors
    /// [`Error`] says what it cannot do.
    pub async fn ready(&self) -> Result<()> {
        on!(self, backend => backend.ready().await)
    }

    // --- customers

    /// Creates or replaces profiles. Returns the recipient of each.
    ///
    /// # Errors
    /// [`Error`]; nothing was written.
    pub async fn put_customers(
        &self,
        customers: Vec<Customer>,
        now: Instant,
    ) -> Result<Vec<RecipientId>> {
        on!(self, backend => backend.put_profiles_of(customers, now, None).await)
    }

    /// The facts about customers by external id, in the order asked; `None` where unknown.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn facts(&self, customers: Vec<String>) -> Result<Vec<Option<Facts>>> {
        on!(self, backend => backend.facts(customers).await)
    }

    /// The facts about recipients by number, in the order asked.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn facts_of(&self, recipients: Vec<RecipientId>) -> Result<Vec<Option<Facts>>> {
        on!(self, backend => backend.facts_of(recipients).await)
    }

    /// Customers by external id, a page at a time (for the demo's sign-in and the console).
    ///
    /// # Errors
    /// [`Error`].
    pub async fn customers(&self, after: Option<String>, limit: usize) -> Result<Vec<Customer>> {
        on!(self, backend => backend.customers(after, limit).await)
    }

    /// What recipients were told before, oldest first, in the order asked; the newest
    /// [`TOLD_AT_MOST`] of each.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn stories(&self, asked: Vec<StoryOf>) -> Result<Vec<Vec<Told>>> {
        on!(self, backend => backend.stories(asked).await)
    }

    /// What was taken of recipients' attention lately, and is about to be.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn attention(
        &self,
        recipients: Vec<RecipientId>,
        now: Instant,
    ) -> Result<Vec<(RecipientId, Taken)>> {
        on!(self, backend => backend.attention(recipients, now).await)
    }

    // --- the path of a message

    /// Commits events with their messages and deliveries; gives each back with its answer,
    /// in order.
    /// The security lane goes before all other writes.
    ///
    /// # Errors
    /// [`Error`]; then none of them is accepted.
    pub async fn commit_accepted(
        &self,
        lane: Lane,
        events: Vec<AcceptedEvent>,
    ) -> Result<Vec<(AcceptedEvent, Committed)>> {
        on!(self, backend => backend.commit_accepted(lane, events).await)
    }

    /// Takes due deliveries for hand-over, the most urgent lane first, oldest first.
    ///
    /// # Errors
    /// [`Error`]; then none is claimed.
    pub async fn claim_due(&self, request: ClaimRequest) -> Result<Vec<ClaimedDelivery>> {
        on!(self, backend => backend.claim_due(request).await)
    }

    /// When the next delivery of a channel becomes due, if one waits.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn next_due(&self, channel: Channel) -> Result<Option<Instant>> {
        on!(self, backend => backend.next_due(channel).await)
    }

    /// Records how hand-overs ended. A parked receipt that names one is applied with it.
    ///
    /// # Errors
    /// [`Error`]; then none is recorded.
    pub async fn record_outcomes(&self, lane: Lane, outcomes: Vec<OutcomeRecord>) -> Result<()> {
        on!(self, backend => backend.record_outcomes(lane, outcomes).await)
    }

    /// Puts claims whose lease ran out (all of them when `all`, as after a restart) in
    /// doubt: an attempt says so, and `due_again` gives the moment by lane from which the
    /// delivery is looked at again. Returns how many.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn doubt_claims(
        &self,
        all: bool,
        now: Instant,
        due_again: impl Fn(Lane, Instant) -> Instant + Send + 'static,
    ) -> Result<usize> {
        on!(self, backend => backend.doubt_claims(all, now, due_again).await)
    }

    /// How many nodes share this store now, this one among them.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn nodes(&self) -> Result<usize> {
        on!(self, backend => backend.nodes().await)
    }

    /// Makes the claims that this node holds last for `lease` from `now` on: a node that
    /// lives keeps what it has in hand, however long a carrier takes and wherever the
    /// clock jumps. Gives how many needed it.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn renew_claims(&self, now: Instant, lease: Span) -> Result<usize> {
        on!(self, backend => backend.renew_claims(now, lease).await)
    }

    /// When the newest event was accepted, by the clock of then.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn newest_accepted_at(&self) -> Result<Option<Instant>> {
        on!(self, backend => backend.newest_accepted_at().await)
    }

    /// The clock showed `before` and was set back to `now`: what was due then, or within
    /// a minute of it, is due as much sooner as the clock went back. Later times are times
    /// of day and stay. Gives how many were moved.
    ///
    /// # Errors
    /// [`Error`]; then some may be moved, and the rest when it is called again.
    pub async fn clock_set_back(&self, now: Instant, before: Instant) -> Result<usize> {
        on!(self, backend => backend.clock_set_back(now, before).await)
    }

    /// Records receipts; each is matched or parked.
    ///
    /// # Errors
    /// [`Error`]; then none is recorded.
    pub async fn record_receipts(&self, receipts: Vec<ReceiptRecord>) -> Result<Vec<ReceiptMatch>> {
        on!(self, backend => backend.record_receipts(receipts).await)
    }

    /// Keeps texts that came in, with the suppression each causes.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn record_inbound(&self, texts: Vec<InboundText>) -> Result<()> {
        on!(self, backend => backend.record_inbound(texts).await)
    }

    // --- messages, as shown

    /// A message with the whole of its path.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn message(&self, id: MessageId) -> Result<Option<MessageRecord>> {
        on!(self, backend => backend.message(id).await)
    }

    /// The message that a delivery carries, with the whole of its path.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn message_of(&self, delivery: DeliveryId) -> Result<Option<MessageRecord>> {
        on!(self, backend => backend.message_of(delivery).await)
    }

    /// The newest messages of all recipients with their paths (for the console).
    ///
    /// # Errors
    /// [`Error`].
    pub async fn latest_messages(&self, limit: usize) -> Result<Vec<MessageRecord>> {
        on!(self, backend => backend.latest_messages(limit).await)
    }

    /// Counts over the whole store; reads all of it.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn counts(&self) -> Result<Counts> {
        on!(self, backend => backend.counts().await)
    }

    /// For each accepted attempt, the microseconds from the acceptance of its event to
    /// the carrier's answer; reads the whole store (for measurements).
    ///
    /// # Errors
    /// [`Error`].
    pub async fn accept_to_carrier(&self) -> Result<Vec<i64>> {
        on!(self, backend => backend.accept_to_carrier().await)
    }
}
