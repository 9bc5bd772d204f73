//! Complaints: a reader pressed "spam", and the mailbox provider tells us (RFC 5965).
//! Providers black out whom it was from; what names the delivery is an address of ours
//! that stands in the copy of the mail.

use model::DeliveryId;

use super::fields::Fields;

/// What the reader said of the mail (RFC 5965 §7.3, RFC 6591 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComplaintKind {
    /// Unwanted.
    Abuse,
    /// A fraud.
    Fraud,
    /// It holds a virus.
    Virus,
    /// Anything else.
    Other,
    /// Wanted after all.
    NotSpam,
    /// No person complains: a server tells that the mail failed DKIM, SPF or DMARC.
    AuthFailure,
}

impl ComplaintKind {
    /// Its word, as the RFC has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Abuse => "abuse",
            Self::Fraud => "fraud",
            Self::Virus => "virus",
            Self::Other => "other",
            Self::NotSpam => "not-spam",
            Self::AuthFailure => "auth-failure",
        }
    }
}

/// A complaint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// What was said.
    pub kind: ComplaintKind,
    /// The delivery it is about, where an address of ours in it says so.
    pub about: Option<DeliveryId>,
}

/// The kind that a feedback report names; `None` where it names none.
pub(super) fn kind(report: &str) -> Option<ComplaintKind> {
    let fields = Fields::of(report);
    let word = fields.get("feedback-type")?.to_ascii_lowercase();
    Some(match word.as_str() {
        "abuse" => ComplaintKind::Abuse,
        "fraud" => ComplaintKind::Fraud,
        "virus" => ComplaintKind::Virus,
        "not-spam" => ComplaintKind::NotSpam,
        "auth-failure" | "dmarc" => ComplaintKind::AuthFailure,
        _ => ComplaintKind::Other,
    })
}
