//! The store, the send stage and the independent rules, side by side.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use channels::Recall;
use model::{
    Category, Channel, Clock, Consent, ContactPoint, Customer, DeliveryState, Event, EventKey,
    Frequency, How, Instant, Lane, MessageContent, MessageId, Mode, Partition, Preference,
    QuietHours, RecipientId, Said, Sealed, Span, Spoke, Verdict, Wish,
};
use serde_json::{Map, json};
use store::{
    AcceptedEvent, AcceptedResult, ClaimRequest, ClaimedDelivery, Committed, NewDelivery,
    NewMessage, Next, Store, Wished,
};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::case::{ADDRESSES, Chooses, PEOPLE, Sent, Step};
use super::rules::{Person, Statement};
use crate::catalogue::Catalogue;
use crate::catalogue::tests::explanations::CODES;
use crate::choices::{ChannelChoice, Choice, Choices, Row, TopicChoice};
use crate::decide::sequence::Standing;
use crate::decide::{Case, Terms, decide};
use crate::render::Brand;
use crate::send::{Routes, Sender};
use crate::{Limits, Pipeline};

const ZONES: [&str; 4] = [
    "America/New_York",
    "America/Los_Angeles",
    "Pacific/Honolulu",
    "America/Chicago",
];

/// A text that waits inside its carrier.
struct Inside {
    claimed: ClaimedDelivery,
    recall: Recall,
}

pub(super) struct World {
    sender: Sender,
    kinds: Vec<(String, Terms)>,
    rows: Vec<Row>,
    clock: Clock,
    /// When the history began, and how many there were before.
    began: Instant,
    pub told: usize,
    people: Vec<Person>,
    ids: Vec<Option<RecipientId>>,
    /// Addresses that nothing goes to, with why.
    suppressed: HashMap<(Channel, String), String>,
    claimed: Vec<ClaimedDelivery>,
    inside: Vec<Inside>,
    events: u64,
    /// The messages of this history, and those that left, by which way.
    messages: Vec<MessageId>,
    gone: HashSet<(MessageId, Channel)>,
    pub left: usize,
    pub stopped: usize,
    pub recalled: usize,
    _folder: tempfile::TempDir,
}

impl World {
    pub(super) async fn new() -> Self {
        // Thousands of commits: in memory where the system has a folder there.
        let memory = Path::new("/dev/shm");
        let folder = match memory.is_dir() {
            true => tempfile::tempdir_in(memory),
            false => tempfile::tempdir(),
        };
        let folder = folder.unwrap();
        let began = Instant::parse("2026-01-05T17:00:00Z").unwrap();
        let clock = Clock::manual(began);
        let store = Store::open_sqlite(folder.path(), began).unwrap();
        let brand = Brand {
            name: "Marigold".into(),
            domain: "marigold.example".into(),
            url: "https://marigold.example".into(),
            support: "help@marigold.example".into(),
            sms_sender: "Marigold".into(),
        };
        let catalogue = catalogue();
        let kinds = catalogue.types();
        let kinds = kinds
            .map(|entry| (entry.name.clone(), entry.terms()))
            .collect();
        let pipeline = Pipeline::new(store, catalogue, brand, clock.clone(), Limits::default());
        let rows = pipeline.choice_rows();
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &[7; 32]);
        let sender = Sender {
            pipeline,
            // No carrier on either channel: what is not stopped before is told as `no_carrier`.
            routes: Arc::new(Routes::default()),
            digest_key: Arc::new(key),
            waiting: Arc::default(),
            tally: Arc::default(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        };
        Self {
            sender,
            kinds,
            rows: rows.into_iter().filter(|row| !row.always_on).collect(),
            clock,
            began,
            told: 0,
            people: Vec::new(),
            ids: Vec::new(),
            suppressed: HashMap::new(),
            claimed: Vec::new(),
            inside: Vec::new(),
            events: 0,
            messages: Vec::new(),
            gone: HashSet::new(),
            left: 0,
            stopped: 0,
            recalled: 0,
            _folder: folder,
        }
    }

    pub(super) fn sender(&self) -> &Sender {
        &self.sender
    }

    fn store(&self) -> &Store {
        self.sender.pipeline.store()
    }

    /// New people, with addresses nobody had before.
    pub(super) async fn begin(&mut self) {
        self.told += 1;
        self.began = self.clock.now();
        self.people = vec![Person::default(); PEOPLE];
        self.ids = vec![None; PEOPLE];
        self.suppressed.clear();
        self.messages.clear();
        self.gone.clear();
    }

    /// Nothing of a history may be due in the next one.
    pub(super) async fn finish(&mut self) -> Result<(), String> {
        self.take(&Step::Leave).await?;
        for _ in 0..40 {
            self.take(&Step::Claim).await?;
            if self.claimed.is_empty() && self.next_due().await.is_none() {
                return self.explained().await;
            }
            let (waits, taken) = (false, true);
            self.take(&Step::HandOver { waits, taken }).await?;
            if let Some(next) = self.next_due().await {
                let wait = next.since(self.clock.now());
                self.clock.advance(wait.max(Span::ZERO));
            }
        }
        Err("what was decided is never settled".into())
    }

    /// Wherever nothing left, the trace says why, in words that every language has.
    async fn explained(&self) -> Result<(), String> {
        for id in &self.messages {
            let found = self.store().message(*id).await.unwrap();
            let message = found.ok_or("a message is gone")?.message;
            for channel in Channel::ALL {
                let spoke = message
                    .trace
                    .0
                    .iter()
                    .filter(|spoke| spoke.channel == Some(*channel));
                let bars = spoke.filter(|spoke| spoke.verdict != Verdict::Pass);
                let known = |spoke: &&Spoke| {
                    let said = (spoke.rule, spoke.verdict, spoke.why.as_str());
                    CODES
                        .iter()
                        .any(|(rule, verdict, why, _)| (*rule, *verdict, *why) == said)
                };
                let explained = bars
                    .filter(known)
                    .any(|spoke| spoke.verdict == Verdict::Stop);
                if !explained && !self.gone.contains(&(*id, *channel)) {
                    let kind = &message.content.message_type;
                    let trace = &message.trace;
                    return Err(format!(
                        "{kind} did not leave by {channel}, and nothing says why: {trace:?}"
                    ));
                }
            }
        }
        Ok(())
    }

    async fn next_due(&self) -> Option<Instant> {
        let mut next = None;
        for channel in Channel::ALL {
            let due = self.store().next_due(*channel).await.unwrap();
            next = match (next, due) {
                (Some(a), Some(b)) => Some(std::cmp::min(a, b)),
                (a, b) => a.or(b),
            };
        }
        next
    }

    pub(super) async fn take(&mut self, step: &Step) -> Result<(), String> {
        let now = self.clock.now();
        match step {
            Step::Put(who, sent) => self.put(*who, sent).await,
            Step::Choose(who, chooses) => self.choose(*who, chooses).await,
            Step::Say(channel, at, wish, how) => {
                let contact = self.contact(*channel, *at);
                let wished = Wished {
                    wish: *wish,
                    said: said(now, *how),
                };
                let reason = wished.suppresses(*channel);
                let wishing = self.sender.pipeline.wish(contact.clone(), wished);
                wishing.await.unwrap();
                self.wished(&contact, *wish, reason);
            }
            Step::Suppress(channel, at, why) => {
                let contact = self.contact(*channel, *at);
                let suppressing = self
                    .sender
                    .pipeline
                    .suppress(contact.clone(), (*why).into());
                suppressing.await.unwrap();
                self.suppress(&contact, why);
            }
            Step::Event(who, kind) => self.event(*who, *kind).await,
            Step::Wait(minutes) => self.clock.advance(Span::minutes(*minutes)),
            Step::Claim => self.claim().await,
            Step::HandOver { waits, taken } => return self.hand_over(*waits, *taken).await,
            Step::Leave => return self.leave(),
        }
        Ok(())
    }

    fn contact(&self, channel: Channel, at: usize) -> ContactPoint {
        let number = self.told * ADDRESSES + at;
        match channel {
            Channel::Sms => ContactPoint::phone(&format!("+1253555{number:04}")),
            Channel::Email => ContactPoint::email(&format!("c{number}@customers.example")),
        }
        .unwrap()
    }

    async fn put(&mut self, who: usize, sent: &Sent) {
        let now = self.clock.now();
        let at = |hours: i64| self.began + Span::hours(hours);
        let mut seen = Vec::new();
        let mut statements = Vec::new();
        for one in &sent.stated {
            let key = (one.channel, one.purpose);
            if seen.contains(&(key, one.given)) {
                continue;
            }
            seen.push((key, one.given));
            statements.push(Statement {
                key,
                given: at(one.given),
                ends: one.ends.map(at),
            });
        }
        let stated = statements.iter().map(|one| Consent {
            channel: one.key.0,
            purpose: one.key.1,
            given_at: one.given,
            source: "checkout".into(),
            withdrawn_at: one.ends,
            contact: Sealed::new(""),
            how: How::Import,
            ended: How::Import,
        });
        let wants = sent.wants.iter().map(|(row, want)| (self.row(*row), *want));
        let wants: Vec<_> = wants.collect();
        let preferences = wants.iter().map(|(row, want)| Preference {
            category: row.0,
            topic: row.1.clone(),
            channel: row.2,
            on: *want > 0,
            frequency: frequency(*want),
            chosen: false,
        });
        let phone = sent.phone.map(|at| self.contact(Channel::Sms, at));
        let email = sent.email.map(|at| self.contact(Channel::Email, at));
        let customer = Customer {
            id: self.name(who),
            name: Sealed::new(""),
            locale: "en-US".into(),
            time_zone: ZONES[sent.zone].into(),
            country: "US".into(),
            region: String::new(),
            quiet_hours: sent.quiet.map(|(from, to)| QuietHours { from, to }),
            phone: phone.clone(),
            email: email.clone(),
            consents: stated.collect(),
            preferences: preferences.collect(),
            chosen: model::Chosen::default(),
        };
        let put = self.sender.pipeline.put_customers(vec![customer]).await;
        self.ids[who] = Some(put.unwrap()[0]);
        let person = &mut self.people[who];
        let open = |contact: ContactPoint| contact.address.open().to_owned();
        (person.phone, person.email) = (phone.map(open), email.map(open));
        (person.quiet, person.zone) = (sent.quiet, ZONES[sent.zone].to_owned());
        person.put(&statements, wants, now);
    }

    fn name(&self, who: usize) -> String {
        format!("c-{}-{who}", self.told)
    }

    fn row(&self, at: usize) -> (Category, String, Channel) {
        let row = &self.rows[at % self.rows.len()];
        (row.category, row.topic.clone(), row.channel)
    }

    /// What is asked of the product.
    fn choice(&self, chooses: &Chooses) -> Choice {
        let channels = |channel, allowed, offers| {
            let one = ChannelChoice {
                channel,
                allowed,
                offers,
            };
            Choice::Form(Choices {
                channels: vec![one],
                ..Choices::default()
            })
        };
        match chooses {
            Chooses::Allowed(channel, on) => channels(*channel, Some(*on), None),
            Chooses::Offers(channel, on) => channels(*channel, None, Some(*on)),
            Chooses::Topic(row, want) => {
                let (category, topic, channel) = self.row(*row);
                Choice::Form(Choices {
                    topics: vec![TopicChoice {
                        category,
                        topic,
                        channel,
                        on: *want > 0,
                        frequency: frequency(*want),
                    }],
                    ..Choices::default()
                })
            }
            Chooses::StopOffers => Choice::StopOffers,
            Chooses::Unsubscribe(row) => {
                let (category, topic, channel) = self.row(*row);
                Choice::Unsubscribe {
                    category,
                    topic,
                    channel,
                }
            }
        }
    }

    async fn choose(&mut self, who: usize, chooses: &Chooses) {
        use model::ConsentPurpose::{Marketing, Transactional};
        let now = self.clock.now();
        let Some(recipient) = self.ids[who] else {
            return;
        };
        let choice = self.choice(chooses);
        let how = match chooses {
            Chooses::Unsubscribe(_) => How::Unsubscribe,
            _ => How::Page,
        };
        let chosen = self
            .sender
            .pipeline
            .choose(recipient, &choice, &said(now, how))
            .await;
        if chosen.is_err() {
            return;
        }
        let rows: Vec<_> = self.rows.iter().filter(|row| row.marketing).collect();
        let promotions = rows
            .iter()
            .map(|row| (row.category, row.topic.clone(), row.channel));
        let promotions: Vec<_> = promotions.collect();
        let about = match chooses {
            Chooses::Topic(row, _) | Chooses::Unsubscribe(row) => Some(self.row(*row)),
            _ => None,
        };
        let person = &mut self.people[who];
        match chooses {
            Chooses::Allowed(channel, true) => person.yes((*channel, Transactional), now),
            Chooses::Allowed(channel, false) => person.switches_off(*channel, now),
            Chooses::Offers(channel, true) => person.yes((*channel, Marketing), now),
            Chooses::Offers(channel, false) => person.unticks_offers(*channel, now),
            Chooses::Topic(_, want) => person.chooses(about.unwrap(), *want),
            Chooses::StopOffers => {
                for channel in Channel::ALL {
                    person.no((*channel, Marketing), now);
                }
                promotions
                    .into_iter()
                    .for_each(|about| person.chooses(about, 0));
            }
            Chooses::Unsubscribe(_) => {
                let about = about.unwrap();
                person.no((about.2, Marketing), now);
                if !about.1.is_empty() {
                    person.chooses(about, 0);
                }
            }
        }
    }

    fn wished(&mut self, contact: &ContactPoint, wish: Wish, reason: Option<String>) {
        let (now, address) = (self.clock.now(), contact.address.open());
        for person in &mut self.people {
            if person
                .address(contact.channel)
                .is_some_and(|own| own == address)
            {
                person.wishes(contact.channel, wish, now);
            }
        }
        if let Some(reason) = reason {
            self.suppress(contact, &reason);
        }
        let place = (contact.channel, address.to_owned());
        let own = self.suppressed.get(&place).is_some_and(|why| is_own(why));
        if wish == Wish::Start && own {
            self.suppressed.remove(&place);
        }
    }

    /// What others suppressed stays, whatever the owner says.
    fn suppress(&mut self, contact: &ContactPoint, why: &str) {
        let place = (contact.channel, contact.address.open().to_owned());
        let known = self
            .suppressed
            .entry(place)
            .or_insert_with(|| why.to_owned());
        if is_own(known) && !is_own(why) {
            *known = why.to_owned();
        }
    }

    async fn event(&mut self, who: usize, kind: usize) {
        let now = self.clock.now();
        let (name, terms) = self.kinds[kind % self.kinds.len()].clone();
        let asked = self.store().facts(vec![self.name(who)]).await.unwrap();
        let Some(facts) = asked.into_iter().flatten().next() else {
            return;
        };
        let regions = self.sender.pipeline.limits().regions.clone();
        let decision = decide(&Case {
            event_time: now,
            at: now,
            now,
            facts: &facts,
            terms: &terms,
            standing: Standing::Newest,
            mode: Mode::Live,
            team: &[],
            spent: &[],
            no_sender: &[],
            regions: &regions,
            attention: None,
            taken: &[],
        });
        self.events += 1;
        let ids = self.store().ids();
        let partition = Partition::of(&facts.customer.id);
        let kept = snapshot(&facts.customer);
        let message = NewMessage {
            id: ids.next(partition, now),
            recipient: facts.recipient,
            at: now,
            content: content(name, &terms, kept),
            trace: decision.trace,
            deliveries: decision
                .deliveries
                .into_iter()
                .map(|planned| NewDelivery {
                    id: ids.next(partition, now),
                    planned,
                    secret: None,
                    lease: None,
                    quote: None,
                    counts: None,
                })
                .collect(),
            collected: decision.collected,
        };
        let event = AcceptedEvent {
            id: ids.next(partition, now),
            accepted_at: now,
            event: Event {
                key: EventKey {
                    source: "/shop".into(),
                    id: self.events.to_string(),
                },
                event_type: message.content.message_type.clone(),
                subject: facts.customer.id.clone(),
                time: now,
                data: Map::new(),
                mode: Mode::Live,
                as_of: None,
            },
            result: AcceptedResult::Message {
                facts_version: facts.version,
                message: Box::new(message),
            },
        };
        let id = match &event.result {
            AcceptedResult::Message { message, .. } => message.id,
            AcceptedResult::Failed { .. } => unreachable!("made above"),
        };
        let done = self
            .store()
            .commit_accepted(Lane::Normal, vec![event])
            .await;
        assert_eq!(done.unwrap()[0].1, Committed::Accepted);
        self.messages.push(id);
    }

    async fn claim(&mut self) {
        for channel in Channel::ALL {
            let request = ClaimRequest {
                channel: *channel,
                lanes: Lane::ALL.to_vec(),
                limit: 50,
                now: self.clock.now(),
                lease: Span::days(9),
            };
            let claimed = self.store().claim_due(request).await.unwrap();
            self.claimed.extend(claimed);
        }
    }

    /// Through the real stage, as its workers do it.
    async fn hand_over(&mut self, waits: bool, taken: bool) -> Result<(), String> {
        let chunk = std::mem::take(&mut self.claimed);
        if chunk.is_empty() {
            return Ok(());
        }
        let places = Arc::new(Semaphore::new(chunk.len()));
        let places = places.acquire_many_owned(chunk.len() as u32).await.unwrap();
        let (done, mut ended) = mpsc::channel(chunk.len());
        let asked = self.asked(&chunk).await;
        self.sender.hand_over(chunk.clone(), places, done).await;
        let mut records = Vec::new();
        while let Some(done) = ended.recv().await {
            let mut record = done.record;
            let found = chunk.iter().position(|one| one.id == record.delivery);
            let at = found.ok_or("an outcome of something else")?;
            let claimed = &chunk[at];
            let leaves = record.attempt.reason == "no_carrier";
            if leaves {
                let waits = waits && claimed.contact.channel == Channel::Sms;
                match &asked[at] {
                    Some(recall) if waits => self.inside.push(Inside {
                        claimed: claimed.clone(),
                        recall: recall.clone(),
                    }),
                    _ => self.check(claimed)?,
                }
                if taken {
                    record.next = Next::Settle(DeliveryState::Accepted);
                }
            } else {
                self.stopped += usize::from(record.attempt.outcome == "stopped");
            }
            records.push(record);
        }
        if records.len() != chunk.len() {
            return Err("a hand-over without an outcome".into());
        }
        self.store()
            .record_outcomes(Lane::Normal, records)
            .await
            .unwrap();
        Ok(())
    }

    /// What a carrier asks before each text leaves, made as the hand-over makes it.
    async fn asked(&self, chunk: &[ClaimedDelivery]) -> Vec<Option<Recall>> {
        let known = self.sender.known();
        let since = self.sender.since(chunk).await.unwrap();
        let texts = chunk.iter().map(|one| {
            let quiet = self.sender.quiet(one, &since);
            (one.contact.channel == Channel::Sms)
                .then(|| self.sender.recall(one, (quiet, known), None))
        });
        texts.collect()
    }

    fn leave(&mut self) -> Result<(), String> {
        for Inside { claimed, recall } in std::mem::take(&mut self.inside) {
            // The carrier was told how long it is of use.
            if self.clock.now() >= claimed.expires_at {
                self.gone.insert((claimed.message, Channel::Sms));
                continue;
            }
            match recall.reason(false) {
                // Its outcome is recorded already, so it does not come again here.
                Some(_) => {
                    self.recalled += 1;
                    self.gone.insert((claimed.message, Channel::Sms));
                }
                None => self.check(&claimed)?,
            }
        }
        Ok(())
    }

    /// It leaves now: may it?
    fn check(&mut self, claimed: &ClaimedDelivery) -> Result<(), String> {
        self.left += 1;
        self.gone.insert((claimed.message, claimed.contact.channel));
        let now = self.clock.now();
        let who = self
            .ids
            .iter()
            .position(|id| *id == Some(claimed.recipient));
        let person = &self.people[who.ok_or("somebody of another history")?];
        let kind = self
            .kinds
            .iter()
            .find(|(name, _)| *name == claimed.content.message_type);
        let terms = &kind.ok_or("an unknown kind")?.1;
        let address = claimed.contact.address.open();
        let channel = claimed.contact.channel;
        let place = (channel, address.to_owned());
        let suppressed = self.suppressed.get(&place).map(String::as_str);
        match person.against(terms, (channel, address), suppressed, now) {
            None => Ok(()),
            Some(why) => Err(format!(
                "{} by {channel} left to customer {} at {now}: {why}",
                claimed.content.message_type,
                who.unwrap_or_default(),
            )),
        }
    }
}

fn is_own(why: &str) -> bool {
    // Whoever brought it: only the owner starts again.
    let own = [
        "keyword_stop",
        "free_words_stop",
        "agent_stop",
        "provider_stop",
    ];
    own.contains(&why)
}

fn catalogue() -> Arc<Catalogue> {
    use std::sync::LazyLock;
    static SHIPPED: LazyLock<Arc<Catalogue>> =
        LazyLock::new(|| Arc::new(Catalogue::load(None).unwrap()));
    SHIPPED.clone()
}

fn frequency(want: u8) -> Frequency {
    match want {
        1 => Frequency::Urgent,
        _ => Frequency::Each,
    }
}

fn said(at: Instant, how: How) -> Said {
    Said {
        at,
        how,
        source: "somewhere".into(),
        wording: String::new(),
        locale: String::new(),
        by: String::new(),
    }
}

fn content(message_type: String, terms: &Terms, kept: serde_json::Value) -> MessageContent {
    let mut data = Map::new();
    data.insert("_".into(), kept);
    MessageContent {
        message_type,
        category: terms.category,
        purpose: terms.purpose,
        lane: terms.lane,
        locale: "en".into(),
        template_version: 1,
        sender: "Marigold".into(),
        title: "t".into(),
        summary: "s".into(),
        text: "x".into(),
        order: None,
        data,
    }
}

/// What a message keeps of its customer for the hours at the hand-over.
fn snapshot(customer: &Customer) -> serde_json::Value {
    let mut kept = json!({"zone": customer.time_zone, "country": customer.country});
    if let Some(quiet) = customer.quiet_hours {
        kept["quiet"] = json!(format!("{}-{}", quiet.from_text(), quiet.to_text()));
    }
    kept
}
