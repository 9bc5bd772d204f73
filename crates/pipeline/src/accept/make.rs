//! From an event and its customer's facts to what is committed.

use model::{
    Channel, Counts, Customer, Decision, Event, Facts, FailureReason, Instant, Mode, Partition,
    PlannedDelivery, Quote, Sealed, ledger_day,
};
use store::{AcceptedEvent, AcceptedResult, NewDelivery, NewMessage};

use super::OWN_SOURCES;
use super::envelope;
use super::stories::Stories;
use crate::Pipeline;
use crate::catalogue::Catalogue;
use crate::costs::{self, About, Priced};
use crate::decide::summary::Summary;
use crate::decide::{Case, Terms, decide, frequency_cap};
use crate::render::{Short, Stopped, check_short, check_values, fill_secret, short_forms};

/// What deliveries count as, by channel.
type Counted = Vec<(Channel, Counts)>;

fn counts_of(case: &Case<'_>, decision: &Decision) -> Counted {
    let channels = decision.deliveries.iter().map(|d| d.contact.channel);
    let counts =
        channels.filter_map(|channel| Some((channel, frequency_cap::counts(case, channel)?)));
    counts.collect()
}

fn taken_out(counts: &mut Counted, channel: Channel) -> Option<Counts> {
    let place = counts.iter().position(|(of, _)| *of == channel)?;
    Some(counts.swap_remove(place).1)
}

/// Why no message could be made.
struct Failure(FailureReason, String);

impl Pipeline {
    /// Makes of an event what can be made. Pure but for drawing ids. The message takes the
    /// event's data; where none can be made, `again` gives the event as it came.
    pub(super) fn make(
        &self,
        mut event: Event,
        facts: Option<&Facts>,
        stories: &mut Stories,
        now: Instant,
        again: impl Fn() -> Event,
    ) -> AcceptedEvent {
        let partition = event.partition();
        let result = match self.message((&mut event, &again), facts, stories, now) {
            Ok(result) => result,
            Err(Failure(reason, detail)) => {
                let (detail, envelope) = self.kept_of(&again(), detail);
                AcceptedResult::Failed {
                    reason,
                    detail,
                    envelope,
                }
            }
        };
        AcceptedEvent {
            id: self.store().ids().next(partition, now),
            accepted_at: now,
            event,
            result,
        }
    }

    /// What is kept of an event that failed: what exactly, and its envelope. A code is not kept: it dies in minutes, and an
    /// event that failed has no delivery that could seal it.
    pub(super) fn kept_of(&self, event: &Event, detail: String) -> (String, Sealed) {
        let catalogue = self.catalogue();
        let entry = catalogue.get(&event.event_type);
        if !entry.is_some_and(|entry| entry.has_secret()) {
            return (detail, Sealed::new(envelope::write(event)));
        }
        let empty = Event {
            data: serde_json::Map::new(),
            ..event.clone()
        };
        let detail = format!("{detail}. The code was not kept: send a new event, with a new id");
        (detail, Sealed::new(envelope::write(&empty)))
    }

    fn message(
        &self,
        (event, again): (&mut Event, &impl Fn() -> Event),
        facts: Option<&Facts>,
        stories: &mut Stories,
        now: Instant,
    ) -> Result<AcceptedResult, Failure> {
        let partition = event.partition();
        let catalogue = self.catalogue();
        let Some(mut terms) = self.terms(&event.event_type) else {
            let detail = format!("the catalogue has no message type `{}`", event.event_type);
            return Err(Failure(FailureReason::UnknownType, detail));
        };
        if (terms.answers || terms.digest) && !event.key.source.starts_with(OWN_SOURCES) {
            let detail = format!(
                "`{}` is Tidings' own word; no event from outside causes it",
                event.event_type
            );
            return Err(Failure(FailureReason::UnknownType, detail));
        }
        let summary = Summary::of(&event.data).filter(|_| terms.digest);
        // Of what it lists each was asked about just now.
        if let Some(of_first) = summary.and_then(|summary| summary.terms(terms.clone()).next()) {
            terms = of_first;
        }
        let Some(facts) = facts else {
            let detail = "no customer has the id in `subject`; put the customer first".to_owned();
            return Err(Failure(FailureReason::UnknownRecipient, detail));
        };
        let about = match self.limits().costs.quotes() {
            true => costs::about(event),
            false => About::default(),
        };
        let short = self.words((&mut *event, again), &facts.customer, &catalogue)?;
        let at = event.as_of.unwrap_or(now);
        let case = Case {
            standing: stories.standing(&catalogue, (event, facts.recipient), &short),
            event_time: event.time,
            at,
            now,
            facts,
            terms: &terms,
            mode: event.mode,
            team: &self.limits().team,
            spent: &self.spent(event, facts, &terms, now),
            no_sender: &self.no_sender(facts, now),
            regions: &self.limits().regions,
            // What is replayed as of its own time is a question, and takes no attention.
            attention: event.as_of.is_none().then_some(&self.limits().attention),
            taken: stories.attended.of(facts.recipient),
        };
        let decision = decide(&case);
        let counts = counts_of(&case, &decision);
        let message = self.compose(
            event,
            facts,
            short,
            (decision, &about, counts),
            (partition, at, now),
        );
        stories.attended.note(&message);
        // What is replayed as of its own time had left before what came after it.
        if event.as_of.is_none() {
            stories.overtake(&catalogue, event.time, &message);
        }
        stories.note(event.time, &message);
        Ok(AcceptedResult::Message {
            facts_version: facts.version,
            message: Box::new(message),
        })
    }

    /// The short forms, if they and the values may leave. A name can break a promise too
    /// ("Shop24.de GmbH"): then nobody is called by it.
    fn words(
        &self,
        (event, again): (&mut Event, &impl Fn() -> Event),
        customer: &Customer,
        catalogue: &Catalogue,
    ) -> Result<Short, Failure> {
        let (short, stopped) = self.looked_at(event, customer, catalogue)?;
        if stopped.is_empty() {
            return Ok(short);
        }
        let (short, stopped) = match customer.name.open() {
            "" => (short, stopped),
            _ => {
                let unnamed = Customer {
                    name: Sealed::new(""),
                    ..customer.clone()
                };
                self.looked_at(&mut again(), &unnamed, catalogue)?
            }
        };
        match stopped.first() {
            Some(first) => Err(Failure(FailureReason::Guard, first.to_string())),
            None => Ok(short),
        }
    }

    /// The short forms, and what the guard says of them and of the values.
    fn looked_at(
        &self,
        event: &mut Event,
        customer: &Customer,
        catalogue: &Catalogue,
    ) -> Result<(Short, Vec<Stopped>), Failure> {
        let short = short_forms(catalogue, self.brand(), event, customer)
            .map_err(|error| Failure(error.failure_reason(), error.to_string()))?;
        let guard = self.guard();
        let mut stopped = check_short(&guard, &short);
        if stopped.is_empty() {
            stopped = check_values(&guard, catalogue, &short);
        }
        Ok((short, stopped))
    }

    /// The channels on which no identity of ours may write to a customer now: whatever
    /// moment is decided as of, what leaves leaves now.
    fn no_sender(&self, facts: &Facts, now: Instant) -> Vec<Channel> {
        let senders = self.senders();
        let phone = facts.customer.phone.as_ref();
        let none = phone.filter(|phone| senders.text_sender(phone.address.open(), now).is_none());
        let text = none.map(|_| Channel::Sms);
        let mail = (!senders.sends_mail(now)).then_some(Channel::Email);
        text.into_iter().chain(mail).collect()
    }

    /// The channels on which there is no money left for a message.
    fn spent(
        &self,
        event: &Event,
        facts: &Facts,
        terms: &Terms,
        now: Instant,
    ) -> Vec<(Channel, String)> {
        let contacts = Channel::ALL.iter();
        let contacts = contacts.filter_map(|channel| facts.customer.contact(*channel));
        let of = (event.mode, terms.purpose);
        self.limits().costs.spent(of, contacts, now)
    }

    /// What a delivery will cost, with its code in it.
    fn quote(
        &self,
        mode: Mode,
        planned: &PlannedDelivery,
        short: &Short,
        (about, now): (&About, Instant),
    ) -> Option<Quote> {
        let costs = &self.limits().costs;
        if !costs.quotes() {
            return None;
        }
        let filled = short
            .secret
            .as_ref()
            .map(|s| fill_secret(&short.content.text, s));
        let priced = Priced {
            mode,
            contact: &planned.contact,
            text: filled
                .as_ref()
                .map_or(&*short.content.text, |filled| filled.open()),
            day: ledger_day(now),
        };
        costs.quote(&priced, about)
    }

    fn compose(
        &self,
        event: &Event,
        facts: &Facts,
        short: Short,
        (decision, about, mut counts): (Decision, &About, Counted),
        (partition, at, now): (Partition, Instant, Instant),
    ) -> NewMessage {
        let ids = self.store().ids();
        let deliveries = decision
            .deliveries
            .into_iter()
            .map(|planned| NewDelivery {
                id: ids.next(partition, now),
                quote: self.quote(event.mode, &planned, &short, (about, now)),
                counts: taken_out(&mut counts, planned.contact.channel),
                planned,
                secret: short.secret.clone(),
                lease: None,
            })
            .collect();
        NewMessage {
            id: ids.next(partition, now),
            recipient: facts.recipient,
            at,
            content: short.content,
            trace: decision.trace,
            deliveries,
            collected: decision.collected,
        }
    }
}
