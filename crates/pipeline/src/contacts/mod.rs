//! Contact points: proof that an address is a customer's own, and how it stands with it.
//!
//! A code goes to the address and is entered on a page or through the API. What is kept of it
//! is a keyed digest. Proof belongs to one customer and one address: nobody else who has the
//! address gains by it. What is known of an address's health follows from its suppression.

mod confirm;
#[cfg(test)]
mod tests;

use model::{
    Channel, ContactPoint, ContactState, Entered, Facts, Health, Id, Instant, Mode, Proof,
    RecipientId, Verified, is_own_stop,
};
use ring::hmac;
use serde_json::json;
use store::ContactRow;

use crate::Pipeline;
use crate::accept::{AcceptError, AsOf, EventAnswer, OWN_SOURCES, RawEvent, Submission};
use crate::decide::sequence::Standing;
use crate::decide::{Case, would_take};
use crate::send::Whose;

/// The message types whose codes prove an address.
const PROVES_PHONE: &str = "security.verification_code";
const PROVES_MAIL: &str = "security.email_verification_code";
/// So often a change is decided again where somebody else changed the state meanwhile.
const TRIES: usize = 8;
/// Longer than any code with its spaces.
const ENTERED_AT_MOST: usize = 32;

/// Whether messages of a type prove the address they go to. Such a code is the one message
/// that goes to an address which is not well, and the one secret that leaves by mail.
pub(crate) fn proves(message_type: &str) -> bool {
    message_type == PROVES_PHONE || message_type == PROVES_MAIL
}

/// Whether messages of a type prove a mail address.
pub(crate) fn proves_mail(message_type: &str) -> bool {
    message_type == PROVES_MAIL
}

/// An address of a customer, as it may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// The channel.
    pub channel: Channel,
    /// The address, masked.
    pub masked: String,
    /// How it stands with it.
    pub health: Health,
    /// Whether somebody asked that nothing goes there: its owner from the phone itself, or
    /// staff.
    pub stopped: bool,
    /// Since when, and by what, it is proved to be theirs.
    pub verified: Option<Verified>,
    /// Until when a code that was sent works, and how many tries are left.
    pub code: Option<(Instant, u8)>,
    /// When the next code may be asked for; none for now.
    pub code_again: Option<Instant>,
    /// Messages that failed lately for a reason that may pass.
    pub soft_failures: usize,
    /// Until when a consent to offers waits to be confirmed from there.
    pub waiting: Option<Instant>,
}

/// Why no code went out, or none could be entered.
#[derive(Debug, thiserror::Error)]
pub enum ContactError {
    /// The profile has no address on the channel.
    #[error("the profile has no address on this channel")]
    NoAddress,
    /// The customer, or somebody for them, stopped the channel.
    #[error("the customer does not allow messages on this channel")]
    NotAllowed,
    /// Too many codes were asked for.
    #[error("codes were sent there lately; the next may follow later")]
    TooSoon(Instant),
    /// The code could not be written or sent.
    #[error("no code could be sent: {0}")]
    NotSent(String),
    /// Others kept changing what is known of the address.
    #[error("the state of the address was changed by others again and again")]
    Overtaken,
    /// Too much waits to be sent, or the store would not.
    #[error(transparent)]
    Accept(#[from] AcceptError),
}

impl From<store::Error> for ContactError {
    fn from(error: store::Error) -> Self {
        Self::Accept(error.into())
    }
}

impl Pipeline {
    /// A customer's addresses with their state, as of now.
    ///
    /// # Errors
    /// When the store could not be read.
    pub async fn contact_points(&self, facts: &Facts) -> store::Result<Vec<Point>> {
        let now = self.clock().now();
        let rows = self.store().contact_points(facts.recipient).await?;
        let own = codes_of(&rows, facts.recipient);
        let mut points = Vec::new();
        for channel in Channel::ALL {
            let Some(contact) = facts.customer.contact(*channel) else {
                continue;
            };
            let digest = self.store().digest(contact);
            let row = rows.iter().find(|row| row.digest == digest);
            let state = row.map(|row| row.state.clone()).unwrap_or_default();
            let mut holding = facts.suppressions_at(*channel, now);
            let health = facts.health_at(*channel, now);
            points.push(Point {
                channel: *channel,
                masked: contact.masked(),
                health,
                stopped: holding.any(|reason| Health::of(Some(reason)) == Health::Good),
                verified: state.verified,
                code: state.code_works(now).map(|code| (code.until, code.left)),
                code_again: ContactState::code_again(&state.sent, &own, now),
                soft_failures: state.soft_failures(now),
                waiting: state.waiting(now).map(|asked| asked.until),
            });
        }
        Ok(points)
    }

    /// Sends a code to a customer's address; one sent before works no more. `random` decides
    /// the code.
    ///
    /// # Errors
    /// [`ContactError`]; then no code works but the one before.
    pub async fn send_code(
        &self,
        facts: &Facts,
        channel: Channel,
        (random, mode): ([u8; 16], Mode),
    ) -> Result<Instant, ContactError> {
        let contact = facts
            .customer
            .contact(channel)
            .ok_or(ContactError::NoAddress)?;
        let message_type = match channel {
            Channel::Sms => PROVES_PHONE,
            Channel::Email => PROVES_MAIL,
        };
        if !self.may_prove(facts, channel, (message_type, mode)) {
            return Err(ContactError::NotAllowed);
        }
        let code = format!("{:06}", u128::from_be_bytes(random) % 1_000_000);
        let now = self.clock().now();
        let seal = hex(self.seal(facts, contact, &code).as_ref());
        let until = self
            .change_contact(facts, contact, |row, codes| {
                let own = codes_of(codes, row.recipient);
                if let Some(again) =
                    ContactState::code_again(&codes_at(codes, row.digest), &own, now)
                {
                    return Err(ContactError::TooSoon(again));
                }
                row.state.sends(seal.clone(), now);
                Ok(now + model::CODE_LASTS)
            })
            .await?;
        let event = json!({
            "specversion": "1.0",
            "id": format!("{}:{channel}:{}", facts.recipient, now.as_micros()),
            "source": format!("{OWN_SOURCES}contacts"),
            "type": message_type,
            "subject": facts.customer.id,
            "time": now,
            "data": {"code": code},
        });
        self.say_own(event, mode).await?;
        Ok(until)
    }

    /// Has an event of our own become a message.
    pub(crate) async fn say_own(
        &self,
        event: serde_json::Value,
        mode: Mode,
    ) -> Result<(), ContactError> {
        let submission = Submission {
            mode,
            as_of: AsOf::Now,
            own: true,
        };
        let answers = self
            .accept(vec![RawEvent::Value(event)], submission)
            .await?;
        match answers.into_iter().next() {
            Some(EventAnswer::Failed { reason, .. }) => {
                Err(ContactError::NotSent(reason.to_string()))
            }
            Some(EventAnswer::Rejected { reason }) => Err(ContactError::NotSent(reason)),
            _ => Ok(()),
        }
    }

    /// A customer enters the code that was sent to an address of theirs. The right one proves
    /// the address; and that something arrives there.
    ///
    /// # Errors
    /// [`ContactError`]; then no try was counted.
    pub async fn enter_code(
        &self,
        facts: &Facts,
        channel: Channel,
        entered: &str,
    ) -> Result<Entered, ContactError> {
        let contact = facts
            .customer
            .contact(channel)
            .ok_or(ContactError::NoAddress)?;
        let entered: String = match entered.len() <= ENTERED_AT_MOST {
            true => entered.chars().filter(char::is_ascii_digit).collect(),
            false => String::new(),
        };
        let now = self.clock().now();
        let said = self
            .change_contact(facts, contact, |row, _| {
                // What is no code at all costs no try.
                if entered.is_empty() {
                    let code = row.state.code_works(now);
                    return Ok(code.map_or(Entered::Gone, |code| Entered::Wrong(code.left)));
                }
                let is_right = |seal: &str| self.is_sealed(facts, contact, (&entered, seal));
                Ok(row.state.enters(is_right, now))
            })
            .await?;
        if said == Entered::Right {
            self.proved(facts, contact).await?;
            self.confirm(facts.recipient, contact, Proof::Code).await?;
        }
        Ok(said)
    }

    /// What follows from proof: an address that was given up for its health is taken up again.
    /// One that may have become another's is, once nobody else is known by it.
    async fn proved(&self, facts: &Facts, contact: &ContactPoint) -> store::Result<()> {
        let health = facts.health_at(contact.channel, self.clock().now());
        if health.reason().is_none() {
            return Ok(());
        }
        if health == Health::Recycled && self.store().owners_of(contact.clone()).await?.len() > 1 {
            return Ok(());
        }
        if self.store().heal(contact.clone()).await? {
            let digest = self.store().digest(contact);
            self.stops()
                .note(Whose::Address(digest), None, self.clock().now());
        }
        Ok(())
    }

    /// Whether a code may go to an address, by the customer's word. Its health does not count.
    fn may_prove(&self, facts: &Facts, channel: Channel, (of, mode): (&str, Mode)) -> bool {
        let now = self.clock().now();
        let Some(terms) = self.terms(of) else {
            return false;
        };
        let case = Case {
            event_time: now,
            at: now,
            now,
            facts,
            terms: &terms,
            standing: Standing::Newest,
            mode,
            team: &self.limits().team,
            spent: &[],
            no_sender: &[],
            regions: &self.limits().regions,
            attention: None,
            taken: &[],
        };
        would_take(&case, channel)
    }

    /// Changes what is known of an address, as often as others change it meanwhile. `change`
    /// is given all that is known of the customer's addresses and of this one.
    async fn change_contact<T>(
        &self,
        facts: &Facts,
        contact: &ContactPoint,
        mut change: impl FnMut(&mut ContactRow, &[ContactRow]) -> Result<T, ContactError>,
    ) -> Result<T, ContactError> {
        let digest = self.store().digest(contact);
        for _ in 0..TRIES {
            let mut known = self.store().contact_points(facts.recipient).await?;
            let mine = known.iter().find(|row| row.digest == digest);
            let before = mine.cloned().unwrap_or(ContactRow {
                recipient: facts.recipient,
                digest,
                version: 0,
                state: ContactState::default(),
            });
            let others = self.store().contact_points_at(contact.clone()).await?;
            let others = others
                .into_iter()
                .filter(|row| row.recipient != facts.recipient);
            known.extend(others);
            let mut row = before.clone();
            let made = change(&mut row, &known)?;
            if row == before || self.store().keep_contact_point(row).await? {
                return Ok(made);
            }
        }
        Err(ContactError::Overtaken)
    }

    fn seal(&self, facts: &Facts, contact: &ContactPoint, code: &str) -> hmac::Tag {
        hmac::sign(
            &self.seal_key(),
            self.sealed(facts, contact, code).as_bytes(),
        )
    }

    /// Compares in constant time.
    fn is_sealed(&self, facts: &Facts, contact: &ContactPoint, (code, seal): (&str, &str)) -> bool {
        let text = self.sealed(facts, contact, code);
        let seal = unhex(seal);
        hmac::verify(&self.seal_key(), text.as_bytes(), &seal).is_ok()
    }

    fn seal_key(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &self.store().key("contact codes"))
    }

    /// A code is for one customer and one address.
    fn sealed(&self, facts: &Facts, contact: &ContactPoint, code: &str) -> String {
        let digest = self.store().digest(contact);
        format!("{} {digest} {code}", facts.recipient.as_i64())
    }
}

/// When codes went to an address, to whomever.
fn codes_at(rows: &[ContactRow], digest: i64) -> Vec<Instant> {
    let at = rows.iter().filter(|row| row.digest == digest);
    at.flat_map(|row| row.state.sent.iter().copied()).collect()
}

/// When codes went to a customer, at whatever address.
fn codes_of(rows: &[ContactRow], whose: RecipientId) -> Vec<Instant> {
    let own = rows.iter().filter(|row| row.recipient == whose);
    own.flat_map(|row| row.state.sent.iter().copied()).collect()
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Empty, which no seal is, where it is no hex.
fn unhex(text: &str) -> Vec<u8> {
    let pairs = (0..text.len()).step_by(2);
    let octets = pairs.map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok());
    octets.collect::<Option<_>>().unwrap_or_default()
}

/// Whether a suppression is nobody's word but follows from the address's health.
pub(crate) fn is_health(reason: &str) -> bool {
    !is_own_stop(reason) && Health::of(Some(reason)).reason().is_some()
}
