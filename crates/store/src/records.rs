//! What goes into the store and comes out of it, where the words of `model` alone do not do.

use std::collections::BTreeMap;

use model::{
    Answer, Attempt, Category, Channel, Collected, ContactPoint, Delivery, DeliveryId,
    DeliveryState, Event, EventId, FailureReason, InboundId, Instant, Lane, Message,
    MessageContent, MessageId, Mode, PlannedDelivery, Quote, Receipt, ReceiptStatus, RecipientId,
    Sealed, Span, Spoke, Trace,
};

use crate::Wished;

/// An event with all that follows from it: committed as one.
#[derive(Clone, Debug)]
pub struct AcceptedEvent {
    /// Its id here.
    pub id: EventId,
    /// When it was accepted.
    pub accepted_at: Instant,
    /// The event itself. Its data is kept in the message, not twice.
    pub event: Event,
    /// What was made of it.
    pub result: AcceptedResult,
}

/// What was made of an event.
#[derive(Clone, Debug)]
pub enum AcceptedResult {
    /// A message with its deliveries, decided under these facts.
    Message {
        /// [`model::Facts::version`] the decision read.
        facts_version: i64,
        /// The message.
        message: Box<NewMessage>,
    },
    /// Nothing could be made of it; kept to be shown and tried again.
    Failed {
        /// Why.
        reason: FailureReason,
        /// What exactly.
        detail: String,
        /// The event as CloudEvents JSON.
        envelope: Sealed,
    },
}

/// Of whom and of what a story is asked for.
#[derive(Clone, Debug)]
pub struct StoryOf {
    /// The recipient.
    pub recipient: RecipientId,
    /// The order; none for what is about no order.
    pub order: Option<String>,
    /// What was told in this mode: a test tells nobody anything.
    pub mode: Mode,
    /// Nothing older.
    pub since: Instant,
}

/// The newest messages that a story has at most.
pub const TOLD_AT_MOST: usize = 8;

/// A message about to be committed.
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// Its id.
    pub id: MessageId,
    /// Whose mailbox.
    pub recipient: RecipientId,
    /// Decided as of.
    pub at: Instant,
    /// What it says.
    pub content: MessageContent,
    /// Why it goes where it goes.
    pub trace: Trace,
    /// The ways out.
    pub deliveries: Vec<NewDelivery>,
    /// The ways on which it waits for a summary.
    pub collected: Vec<Collected>,
}

/// A delivery about to be committed.
#[derive(Clone, Debug)]
pub struct NewDelivery {
    /// Its id.
    pub id: DeliveryId,
    /// The route.
    pub planned: PlannedDelivery,
    /// A code that goes into the text at hand-over and is destroyed after it.
    pub secret: Option<Sealed>,
    /// Claimed from the start, for so long: this process hands it over right after the
    /// commit, past the due queue.
    pub lease: Option<Span>,
    /// What it is expected to cost; none where that is nothing, or no rate card tells.
    pub quote: Option<Quote>,
    /// What it counts as, and the limits it keeps to; none for what counts nowhere.
    pub counts: Option<model::Counts>,
}

/// What the commit made of an accepted event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// It is on disk, with its message and deliveries or as a failed event.
    Accepted,
    /// The same (partition, source, id) was there before; nothing was written.
    Duplicate(EventId),
    /// The recipient's facts changed since they were read, or others took what was left of
    /// their attention: decide again.
    Stale,
}

/// Which due deliveries to take.
#[derive(Clone, Debug)]
pub struct ClaimRequest {
    /// The channel.
    pub channel: Channel,
    /// The lanes to look in, in this order.
    pub lanes: Vec<Lane>,
    /// At most so many.
    pub limit: usize,
    /// Now.
    pub now: Instant,
    /// After so long by the store's clock, a claim without an outcome is in doubt.
    pub lease: Span,
}

/// A delivery taken for hand-over, with all that rendering and the gates need.
#[derive(Clone, Debug)]
pub struct ClaimedDelivery {
    /// Its id.
    pub id: DeliveryId,
    /// The message it carries.
    pub message: MessageId,
    /// The recipient.
    pub recipient: RecipientId,
    /// Where to.
    pub contact: ContactPoint,
    /// Its queue.
    pub lane: Lane,
    /// Live, test or team.
    pub mode: Mode,
    /// The number of the attempt this becomes: 1, 2, …
    pub attempt: u32,
    /// It was in doubt before: the carrier may have it already.
    pub was_in_doubt: bool,
    /// Since when it was due.
    pub due_at: Instant,
    /// Not after.
    pub expires_at: Instant,
    /// The recipient's facts changed after the decision: ask the gates again.
    pub facts_changed: bool,
    /// The code, if the message has one.
    pub secret: Option<Sealed>,
    /// When the message was decided as of.
    pub at: Instant,
    /// When the event was accepted.
    pub accepted_at: Instant,
    /// What it says.
    pub content: MessageContent,
}

/// An attempt's end, with where the delivery goes from there.
#[derive(Clone, Debug)]
pub struct OutcomeRecord {
    /// Which delivery.
    pub delivery: DeliveryId,
    /// Its channel.
    pub channel: Channel,
    /// Its queue.
    pub lane: Lane,
    /// The attempt, as it is kept.
    pub attempt: Attempt,
    /// What follows.
    pub next: Next,
    /// The word of a rule that was asked at the hand-over: it joins the message's trace.
    pub said: Option<Spoke>,
    /// What the carrier says that the customer wishes, if it does: done in the same commit.
    pub wished: Option<Box<(ContactPoint, Wished)>>,
}

/// What follows from an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Settled in this state; a secret is destroyed.
    Settle(DeliveryState),
    /// Due again then; the secret stays.
    Retry(Instant),
    /// Due again then, and nothing was tried: no attempt is kept.
    Hold(Instant),
    /// In doubt until then; a receipt may settle it before.
    Doubt(Instant),
}

/// A receipt as it came from a carrier.
#[derive(Clone, Debug)]
pub struct ReceiptRecord {
    /// Which carrier.
    pub carrier: String,
    /// The carrier's id of what it took from us.
    pub carrier_id: String,
    /// The delivery itself, where the receipt names it: then no id is looked for.
    pub delivery: Option<DeliveryId>,
    /// Number and reference, where the carrier repeats the reference we sent: they name a
    /// delivery in doubt whose carrier id we never learnt.
    pub hint: Option<(ContactPoint, u16)>,
    /// What it says.
    pub receipt: Receipt,
    /// What the carrier says with it that the customer wishes: done in the same commit.
    pub wished: Option<Box<(ContactPoint, Wished)>>,
}

/// What became of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiptMatch {
    /// It moved (or confirmed) this delivery.
    Matched(DeliveryId, ReceiptStatus),
    /// No delivery carries that id yet; kept until one does.
    Parked,
}

/// A text that came in.
#[derive(Clone, Debug)]
pub struct InboundText {
    /// Its id.
    pub id: InboundId,
    /// Over which carrier.
    pub carrier: String,
    /// From whom.
    pub from: ContactPoint,
    /// To which of our numbers.
    pub to: String,
    /// What it says.
    pub text: Sealed,
    /// When it came.
    pub received_at: Instant,
    /// What it wants of us; done in the same commit.
    pub wished: Option<Wished>,
    /// What is to be answered. To a wish that changes nothing, nothing is.
    pub answer: Option<Answer>,
}

/// A text that waits for its answer.
#[derive(Clone, Debug)]
pub struct DueAnswer {
    /// Its id.
    pub id: InboundId,
    /// Over which carrier it came.
    pub carrier: String,
    /// From whom.
    pub from: ContactPoint,
    /// When it came.
    pub received_at: Instant,
    /// What is to be answered.
    pub answer: Answer,
}

/// Which messages of a mailbox to show.
#[derive(Clone, Debug, Default)]
pub struct MailboxFilter {
    /// Only this category.
    pub category: Option<Category>,
    /// Only unread ones.
    pub unread: bool,
    /// Words, in any order; case and accents do not matter; a word's start is enough.
    pub query: Option<String>,
    /// Only from this sender (as shown, case does not matter).
    pub sender: Option<String>,
    /// Only of this order.
    pub order: Option<String>,
    /// Not before.
    pub since: Option<Instant>,
    /// Before.
    pub until: Option<Instant>,
    /// The deleted ones instead of the others.
    pub deleted: bool,
}

/// A page of a mailbox, newest first.
#[derive(Clone, Debug)]
pub struct MailboxPage {
    /// The messages.
    pub messages: Vec<Message>,
    /// Where the next page starts, if there is one.
    pub next: Option<MessageId>,
    /// The mailbox revision the page shows.
    pub revision: i64,
}

/// How many unread messages there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnreadCounts {
    /// In all.
    pub total: u32,
    /// By category; those with none are left out.
    pub by_category: BTreeMap<Category, u32>,
    /// The mailbox revision the counts are of.
    pub revision: i64,
}

/// What changed in a mailbox since a revision.
#[derive(Clone, Debug)]
pub struct Changes {
    /// New and changed messages, in order of their change. A deleted one has its flag set.
    pub messages: Vec<Message>,
    /// Ask from here next time.
    pub revision: i64,
    /// There is more: ask again at once.
    pub more: bool,
    /// The revision asked from was never given by this store (it was restored from a
    /// backup): these are all messages from the first, and replace what the device knows.
    pub reset: bool,
}

/// A change of flags. Setting what is set already changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlagChange {
    /// Mark read or unread.
    Read(bool),
    /// Delete or restore.
    Deleted(bool),
}

/// An event as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct EventRecord {
    /// Its id here.
    pub id: EventId,
    /// The CloudEvents `source`.
    pub source: String,
    /// The CloudEvents `id`.
    pub event_id: String,
    /// Its type.
    pub event_type: String,
    /// When it happened.
    pub time: Instant,
    /// When it was accepted.
    pub accepted_at: Instant,
}

/// A delivery with all that was tried and heard.
#[derive(Clone, Debug, PartialEq)]
pub struct DeliveryRecord {
    /// The delivery.
    pub delivery: Delivery,
    /// Its attempts, first to last.
    pub attempts: Vec<Attempt>,
    /// Its receipts, in order of arrival.
    pub receipts: Vec<Receipt>,
}

/// A message with the whole of its path.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageRecord {
    /// The message.
    pub message: Message,
    /// The customer's external id.
    pub customer: String,
    /// The event that caused it.
    pub event: EventRecord,
    /// The ways out.
    pub deliveries: Vec<DeliveryRecord>,
}

/// Counts for summaries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Accepted events.
    pub events: u64,
    /// Messages by message type.
    pub messages: BTreeMap<String, u64>,
    /// Failed events that no replay has mended.
    pub failed_events: u64,
    /// Deliveries by channel and state.
    pub deliveries: BTreeMap<(Channel, DeliveryState), u64>,
    /// Attempts that ended with an unknown outcome or were cut off by a crash.
    pub in_doubt_attempts: u64,
}

/// What became of the wish to spread a store over machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distribution {
    /// The tables are distributed now.
    Done,
    /// They were before; nothing changed.
    Already,
    /// The database has no Citus extension; nothing changed.
    NoCitus,
}
