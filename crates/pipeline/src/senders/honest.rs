//! What a registry may be and must not say: customers read it on a page of ours, and it is
//! held to what we promise them. Needs the promises, which `read` does not have.

use guard::{Content, Form, Guard};

use super::{Registry, SenderFault};

impl Registry {
    /// What of it breaks a promise: domains that hide where a link leads, and words about
    /// an identity that could not leave as a message.
    pub fn broken_promises(&self, guard: &Guard) -> Vec<SenderFault> {
        let mut faults = Vec::new();
        for identity in self.identities() {
            let mut fault = |reason: String, advice| {
                faults.push(SenderFault {
                    place: format!("[[senders]] `{}`", identity.value),
                    reason,
                    advice,
                });
            };
            if identity.kind.is_domain() && guard.promises().is_shortener(&identity.value) {
                fault(
                    "it hides where links lead, and everybody can have one there".into(),
                    "Write the domain that is yours, like marigold.example.",
                );
            }
            let about = Content::new(Form::MailText, &identity.about);
            for found in guard.check(&about) {
                let words = identity.about.get(found.span).unwrap_or_default();
                fault(
                    format!(
                        "the guard stops `about` at \"{words}\" (`{}`): {}",
                        found.rule,
                        found.rule.advice()
                    ),
                    "Say it in other words; docs/guides/guard.md explains the rules.",
                );
            }
        }
        faults
    }
}
