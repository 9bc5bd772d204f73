//! A mail server that says at the hand-over that nobody has the address: a bounce that needed
//! no mail.

use model::{Channel, Health, Mode, Outcome};
use store::ClaimedDelivery;

use super::Sender;

impl Sender {
    /// Nothing more goes to an address that does not exist. What a test carrier says is about
    /// nobody.
    pub(super) async fn note_refusal(&self, claimed: &ClaimedDelivery, outcome: &Outcome) {
        let Outcome::Rejected { code, .. } = outcome else {
            return;
        };
        let of_mail = claimed.contact.channel == Channel::Email;
        if !of_mail || claimed.mode == Mode::Test || !nobody_there(code) {
            return;
        }
        let Some(reason) = Health::Bounced.reason() else {
            return;
        };
        let suppressed = self
            .pipeline
            .suppress(claimed.contact.clone(), reason.to_owned());
        if let Err(error) = suppressed.await {
            tracing::warn!(%error, delivery.id = %claimed.id, "an address could not be suppressed");
        }
    }
}

/// Whether a code says that there is no such mailbox or domain, that it moved, or that the
/// domain takes no mail (RFC 3463 3.2, RFC 7505).
fn nobody_there(code: &str) -> bool {
    let enhanced = code.split(' ').nth(1).unwrap_or_default();
    matches!(enhanced, "5.1.1" | "5.1.2" | "5.1.3" | "5.1.6" | "5.1.10")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_about_the_address_counts() {
        for code in ["550 5.1.1", "556 5.1.10", "553 5.1.3"] {
            assert!(nobody_there(code), "{code}");
        }
        for code in [
            "550",
            "",
            "550 5.7.1",
            "550 5.1.8",
            "450 4.1.1",
            "smpp 0xb",
            "552 5.2.2",
        ] {
            assert!(!nobody_there(code), "{code}");
        }
    }
}
