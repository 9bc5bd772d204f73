//! The words of the domain as types: ids, instants, events, customers, decisions,
//! messages, deliveries and what carriers say of them.
//!
//! No I/O, no clock of its own, no randomness. Every other crate speaks in these types;
//! the glossary in `docs/glossary.md` says what each word means.

mod attention;
mod channel;
mod clock;
mod consent;
mod contact;
mod cost;
mod customer;
mod decision;
mod delivery;
mod desk;
mod event;
mod failure;
mod ids;
mod message;
mod money;
mod partition;
mod quiet_hours;
mod sealed;
mod staff;
mod story;
mod suppression;
mod words;

pub use attention::{Cap, Counts, REMEMBERED, Taken};
pub use channel::{Channel, ContactPoint, InvalidContact};
pub use clock::{Clock, Instant, Span};
pub use consent::{Act, Answer, ConsentLine, How, Said, Wish};
pub use contact::{
    AskedConsent, CODE_LASTS, CODE_TRIES, CodeSent, ContactState, Entered, Health, Proof, Verified,
};
pub use cost::{Account, CostBy, CostLine, Quote, ledger_day};
pub use customer::{
    Chosen, Consent, ConsentPurpose, Customer, CustomerFault, Facts, Frequency, Preference,
};
pub use decision::{Collected, Decision, PlannedDelivery, Rule, Spoke, Trace, Verdict};
pub use delivery::{
    Attempt, Delivery, DeliveryState, InvalidTransition, Outcome, Receipt, ReceiptStatus,
};
pub use desk::{Draft, Edition, ExceptionState, GuardException, Wording};
pub use event::{Event, EventKey, Mode};
pub use failure::{FailedEvent, FailureReason};
pub use ids::{
    AuditId, ChangeId, DeliveryId, EventId, Id, IdParseError, IdSource, InboundId, KeyId,
    MessageId, RecipientId, StaffId, SuppressionId,
};
pub use message::{Flags, Message, MessageContent};
pub use money::{Currency, InvalidMoney, decimal_of, micros_of};
pub use partition::Partition;
pub use quiet_hours::QuietHours;
pub use sealed::Sealed;
pub use staff::{AuditLine, Origin, Permission, Role, Roles};
pub use story::Told;
pub use suppression::{OWN_STOPS, Suppressed, is_own_stop};
pub use words::{Category, Lane, PurposeClass, UnknownWord};
