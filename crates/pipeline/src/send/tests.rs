//! What the guard stops at the hand-over is taken back, with all that follows.

mod hours;
mod proofs;

use std::sync::Arc;
use std::time::Duration;

use channels::EmailConfig;
use model::{
    Clock, Consent, ConsentPurpose, ContactPoint, Customer, DeliveryState, EventId, FailureReason,
    Instant, MessageId, RecipientId, Sealed, Span,
};
use serde_json::json;
use store::{MailboxFilter, MessageRecord, Store};

use super::*;
use crate::catalogue::Catalogue;
use crate::render::{self, Brand};
use crate::{AsOf, EventAnswer, Limits, RawEvent, ReplayAnswer, Submission};

/// Short enough for the values; a mail says it twice, in its body and in its facts.
const LURE: &str = "Nobody was at home. Urgent, act now.";
const NOW: &str = "2026-11-22T12:00:00Z";
const TEST: Submission = Submission {
    mode: Mode::Test,
    as_of: AsOf::Now,
    own: false,
};

struct World {
    pipeline: Pipeline,
    clock: Clock,
    recipient: RecipientId,
    _folder: tempfile::TempDir,
}

impl World {
    async fn new(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual(Instant::parse(NOW).unwrap());
        let store = Store::open_sqlite(folder.path(), clock.now()).unwrap();
        let texts = Consent {
            channel: Channel::Sms,
            purpose: ConsentPurpose::Transactional,
            given_at: clock.now(),
            source: "checkout".into(),
            withdrawn_at: None,
            contact: Sealed::new(""),
            how: model::How::Import,
            ended: model::How::Import,
        };
        let customer = Customer {
            id: "ines".into(),
            name: Sealed::new(name),
            locale: "en-US".into(),
            time_zone: "America/New_York".into(),
            country: "US".into(),
            region: String::new(),
            quiet_hours: None,
            phone: ContactPoint::phone("+12535550129").ok(),
            email: ContactPoint::email("ines@customers.example").ok(),
            consents: vec![texts],
            preferences: vec![],
            chosen: model::Chosen::default(),
        };
        let recipients = store.put_customers(vec![customer], clock.now()).await;
        let brand = Brand {
            name: "Marigold".into(),
            domain: "marigold.example".into(),
            url: "https://messages.marigold.example".into(),
            support: "help@marigold.example".into(),
            sms_sender: "Marigold".into(),
        };
        let catalogue = Arc::new(Catalogue::load(None).unwrap());
        let limits = Limits::default();
        let pipeline = Pipeline::new(store, catalogue, brand, clock.clone(), limits);
        Self {
            pipeline,
            clock,
            recipient: recipients.unwrap()[0],
            _folder: folder,
        }
    }

    async fn attempt_failed(&self, reason: &str) -> (EventId, MessageId) {
        let event = json!({
            "specversion": "1.0", "id": "e-1", "source": "/shop", "subject": "ines",
            "type": "shipment.attempt_failed", "time": NOW,
            "data": {"order": {"number": "MG-2"}, "reason": reason},
        });
        let events = vec![RawEvent::Value(event)];
        let answers = self.pipeline.accept(events, TEST).await.unwrap();
        match answers[..] {
            [EventAnswer::Accepted { event, message }] => (event, message),
            _ => panic!("{answers:?}"),
        }
    }

    async fn record(&self, message: MessageId) -> MessageRecord {
        let found = self.pipeline.store().message(message).await;
        found.unwrap().unwrap()
    }

    async fn shown(&self) -> Vec<MessageId> {
        let filter = MailboxFilter::default();
        let store = self.pipeline.store();
        let page = store.mailbox_page(self.recipient, filter, None, 9).await;
        page.unwrap().messages.iter().map(|m| m.id).collect()
    }
}

/// A mail server that nothing may reach, and no way for texts.
fn routes() -> Routes {
    let mut config = EmailConfig::new(
        "relay",
        "localhost",
        1,
        "mail.marigold.example",
        "orders@marigold.example",
    );
    config.envelope_from = "bounce@marigold.example".into();
    config.host = "127.0.0.1".into();
    let email = Some(EmailCarrier::start(config).unwrap());
    Routes {
        live: Carriers::default(),
        test: Carriers { sms: None, email },
    }
}

/// The state of a message's delivery over a channel, and the reason of its last attempt.
fn of(record: &MessageRecord, channel: Channel) -> (DeliveryState, String) {
    let mut all = record.deliveries.iter();
    let found = all
        .find(|d| d.delivery.contact.channel == channel)
        .unwrap_or_else(|| panic!("it goes over {channel}: {:?}", record.message.trace));
    let last = found.attempts.last();
    let reason = last.map_or(String::new(), |attempt| attempt.reason.clone());
    (found.delivery.state, reason)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_that_the_guard_stops_takes_its_message_back() {
    let world = World::new("Inês").await;
    let (event, message) = world.attempt_failed(LURE).await;
    assert_eq!(world.shown().await, [message]);
    let store = world.pipeline.store().clone();
    let mut watch = store.watch_mailbox(world.recipient);
    let known = store.unread_counts(world.recipient).await.unwrap().revision;

    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let running = (tasks.clone(), stop.clone());
    let started = Sender::start(world.pipeline.clone(), routes(), Room::default(), running);
    started.await.unwrap();
    let moved = async { while watch.next().await.expect("it is open") <= known {} };
    let waited = tokio::time::timeout(Duration::from_secs(30), moved).await;
    waited.expect("the message is taken back");
    // What is in hand is finished; what waits for its next try, when it is due.
    let patience = world.clock.now() + Span::hours(6);
    let finished = async {
        loop {
            let record = world.record(message).await;
            let states = [Channel::Sms, Channel::Email].map(|channel| of(&record, channel));
            if states.iter().all(|(state, _)| state.is_settled()) {
                return states;
            }
            // No further: it would be too late to be of use.
            if world.clock.now() < patience {
                world.clock.advance(Span::secs(30));
            }
            tokio::task::yield_now().await;
        }
    };
    let [text, mail] = tokio::time::timeout(Duration::from_secs(30), finished)
        .await
        .expect("both come to an end");
    assert_eq!(mail, (DeliveryState::Cancelled, "guard.hurry".into()));
    assert_eq!(text.0, DeliveryState::Cancelled, "{text:?}");
    assert!(text.1.starts_with("guard."), "{text:?}");
    stop.cancel();
    tasks.close();
    tasks.wait().await;

    assert!(world.shown().await.is_empty());
    let failed = store.failed_event(event).await.unwrap().unwrap();
    assert_eq!(failed.reason, FailureReason::Guard);
    let detail = &failed.detail;
    assert!(detail.starts_with("`hurry` in the mail text"), "{detail}");
    assert!(!detail.contains("act now"), "{detail}");
    assert_eq!((&*failed.subject, &*failed.event_id), ("ines", "e-1"));

    // A replay does not promise what the next hand-over would take back.
    let answer = world.pipeline.replay_failed(event).await.unwrap();
    let ReplayAnswer::StillFailing { reason, detail } = answer else {
        panic!("{answer:?}")
    };
    assert_eq!((reason, detail), (FailureReason::Guard, failed.detail));
    assert!(world.shown().await.is_empty());

    // Once the words may leave, it makes another message, with the same data.
    let folder = tempfile::tempdir().unwrap();
    let promises = include_str!("../../../../catalogue/promises.toml");
    let patient = promises.replace("mail_text = 2", "mail_text = 9");
    std::fs::write(folder.path().join("promises.toml"), patient).unwrap();
    let catalogue = Catalogue::load(Some(folder.path())).unwrap();
    world.pipeline.replace_catalogue(Arc::new(catalogue));
    let answer = world.pipeline.replay_failed(event).await.unwrap();
    let ReplayAnswer::Replayed { message: another } = answer else {
        panic!("{answer:?}")
    };
    assert_ne!(another, message);
    assert_eq!(world.shown().await, [another]);
    let (old, new) = (world.record(message).await, world.record(another).await);
    assert!(old.message.flags.withdrawn_at.is_some());
    assert_eq!(new.message.content, old.message.content);
    assert_eq!((new.event.id, new.deliveries.len()), (event, 2));
}

#[tokio::test]
async fn nobody_is_called_by_a_name_that_breaks_a_promise() {
    for name in [
        "Shop24.de GmbH",
        "Bücher.de",
        "maria.co",
        "A.I.Ventures",
        "Sam evil.com",
        "Call 0800 555 1234",
        "Send us your password",
        "{{ brand.name }}",
    ] {
        let world = World::new(name).await;
        let (_, message) = world.attempt_failed("Nobody was at home.").await;
        let record = world.record(message).await;
        assert_eq!(world.shown().await, [message], "{name}");
        assert_eq!(record.deliveries.len(), 2, "{name}");
        let content = &record.message.content;
        assert_eq!(content.data["_"]["name"], "", "{name}");
        let pipeline = &world.pipeline;
        let mail = render::mail(&pipeline.catalogue(), pipeline.brand(), content).unwrap();
        let stopped = render::check_mail(&pipeline.guard(), content, &mail);
        assert!(stopped.is_empty(), "{name}: {stopped:?}");
        assert!(mail.text.contains("Hello,"), "{name}: {}", mail.text);
        assert!(!mail.text.contains(name) && !mail.html.contains(name));
        assert!(!content.text.contains(name), "{name}: {}", content.text);
    }
    let world = World::new("Dr. Inês O'Neill-Sá").await;
    let (_, message) = world.attempt_failed("Nobody was at home.").await;
    let content = world.record(message).await.message.content;
    assert_eq!(content.data["_"]["name"], "Dr. Inês O'Neill-Sá");
}
