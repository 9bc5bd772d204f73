//! What mails that come in do to deliveries and addresses.

use std::sync::Arc;

use channels::mail_in::{
    Address, Bounce, BounceClass, Complaint, ComplaintKind, MailIn, Proof, Proofs, Reply,
};
use model::{
    Attempt, Clock, ConsentPurpose, Customer, DeliveryId, DeliveryState, How, Lane, Mode,
    PurposeClass, ReceiptStatus, Span,
};
use serde_json::json;
use store::{ClaimRequest, DeliveryRecord, Next, OutcomeRecord, Store};

use super::*;
use crate::catalogue::Catalogue;
use crate::render::Brand;
use crate::{AsOf, EventAnswer, Limits, RawEvent, Submission};

const NOW: &str = "2026-11-22T12:00:00Z";

fn brand() -> Brand {
    Brand {
        name: "Marigold".into(),
        domain: "marigold.example".into(),
        url: "https://marigold.example".into(),
        support: "help@marigold.example".into(),
        sms_sender: "Marigold".into(),
    }
}

/// A mail that was handed over to `ana@customers.example`, with the track stage running.
struct World {
    pipeline: Pipeline,
    delivery: DeliveryId,
    inbound: mpsc::Sender<InboundItem>,
    _folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual(Instant::parse(NOW).unwrap());
        let store = Store::open_sqlite(folder.path(), clock.now()).unwrap();
        let customer = Customer {
            id: "ana".into(),
            name: Sealed::new("Ana"),
            locale: "en-US".into(),
            time_zone: "America/New_York".into(),
            country: "US".into(),
            region: String::new(),
            quiet_hours: None,
            phone: None,
            email: ContactPoint::email("ana@customers.example").ok(),
            consents: vec![],
            preferences: vec![],
            chosen: model::Chosen::default(),
        };
        let put = store.put_customers(vec![customer], clock.now()).await;
        put.unwrap();
        let catalogue = Arc::new(Catalogue::load(None).unwrap());
        let pipeline = Pipeline::new(store, catalogue, brand(), clock, Limits::default());
        let event = json!({
            "specversion": "1.0", "id": "e-1", "source": "/shop", "subject": "ana",
            "type": "order.confirmed", "time": NOW,
            "data": {"order": {"number": "MG-2", "total": "49.90", "currency": "USD",
                "items": [{"title": "Lamp", "quantity": 1, "price": "49.90"}]}},
        });
        let submission = Submission {
            mode: Mode::Test,
            as_of: AsOf::Now,
            own: false,
        };
        let events = vec![RawEvent::Value(event)];
        let answers = pipeline.accept(events, submission).await.unwrap();
        let [EventAnswer::Accepted { message, .. }] = answers[..] else {
            panic!("{answers:?}");
        };
        let record = pipeline.store().message(message).await.unwrap().unwrap();
        let delivery = record.deliveries[0].delivery.id;
        let (inbound, received) = mpsc::channel(8);
        tokio::spawn(Tracker::new(pipeline.clone(), received).run());
        Self {
            pipeline,
            delivery,
            inbound,
            _folder: folder,
        }
    }

    async fn claim(&self) {
        let request = ClaimRequest {
            channel: Channel::Email,
            lanes: Lane::ALL.to_vec(),
            limit: 1,
            now: self.pipeline.clock().now() + Span::minutes(1),
            lease: Span::minutes(1),
        };
        let claimed = self.pipeline.store().claim_due(request).await.unwrap();
        assert_eq!(claimed[0].id, self.delivery);
    }

    async fn accepted(&self) {
        let now = self.pipeline.clock().now();
        let attempt = Attempt {
            number: 1,
            carrier: "email".into(),
            started_at: now,
            ended_at: now,
            outcome: "accepted".into(),
            code: String::new(),
            reason: String::new(),
            carrier_id: Some("m-1".into()),
            digest: String::new(),
        };
        let outcome = OutcomeRecord {
            delivery: self.delivery,
            channel: Channel::Email,
            lane: Lane::Normal,
            attempt,
            next: Next::Settle(DeliveryState::Accepted),
            said: None,
            wished: None,
        };
        let store = self.pipeline.store();
        store
            .record_outcomes(Lane::Normal, vec![outcome])
            .await
            .unwrap();
    }

    /// Whether it was kept.
    async fn comes(&self, to: Address, means: MailIn) -> bool {
        let (done, kept) = oneshot::channel();
        let inbound = Inbound::Mail(Box::new(ReceivedMail { to, means }));
        self.inbound
            .send(InboundItem { inbound, done })
            .await
            .unwrap();
        kept.await.unwrap_or(false)
    }

    async fn bounces(&self, class: BounceClass, code: &str) -> bool {
        let code = code.to_owned();
        let to = Address::Bounce(self.delivery);
        self.comes(to, MailIn::Bounce(Bounce { class, code })).await
    }

    async fn stands(&self) -> DeliveryRecord {
        let found = self.pipeline.store().message_of(self.delivery).await;
        found.unwrap().unwrap().deliveries.remove(0)
    }

    /// Whether no mail goes there but what protects, also none that is on its way.
    async fn is_left_alone(&self) -> bool {
        let facts = self
            .pipeline
            .store()
            .facts(vec!["ana".into()])
            .await
            .unwrap();
        let customer = &facts[0].as_ref().unwrap().customer;
        let now = self.pipeline.clock().now();
        let withdrawn = ConsentPurpose::ALL
            .iter()
            .all(|purpose| customer.withdrawn(Channel::Email, *purpose, now).is_some());
        let digest = self
            .pipeline
            .store()
            .digest(customer.email.as_ref().unwrap());
        let stops = |purpose| {
            let leaving = crate::send::Leaving {
                digest,
                recipient: facts[0].as_ref().unwrap().recipient,
                channel: Channel::Email,
                purpose,
                accepted_at: now,
                proves: false,
            };
            self.pipeline.stops().has(&leaving, now)
        };
        withdrawn
            && self.suppressed().await.is_none()
            && stops(PurposeClass::Transactional)
            && !stops(PurposeClass::Security)
    }

    async fn suppressed(&self) -> Option<String> {
        let facts = self.pipeline.store().facts(vec!["ana".into()]).await;
        let facts = facts.unwrap().remove(0).unwrap();
        facts.suppression(Channel::Email).map(str::to_owned)
    }
}

#[tokio::test]
async fn a_bounce_that_is_quicker_than_our_own_record_comes_again() {
    let world = World::new().await;
    world.claim().await;
    assert!(!world.bounces(BounceClass::Hard, "550 5.1.1").await);
    assert_eq!(world.suppressed().await, None);
    world.accepted().await;
    assert!(world.bounces(BounceClass::Hard, "550 5.1.1").await);
    let stands = world.stands().await;
    assert_eq!(stands.delivery.state, DeliveryState::Undelivered);
    assert_eq!(stands.receipts[0].code, "bounced hard 550 5.1.1");
    assert_eq!(world.suppressed().await.as_deref(), Some("hard_bounce"));
}

#[tokio::test]
async fn what_may_pass_suppresses_nothing() {
    let world = World::new().await;
    world.claim().await;
    world.accepted().await;
    let to = Address::Complaints;
    for (class, code, state, written) in [
        (
            BounceClass::Delayed,
            "4.4.1",
            DeliveryState::Accepted,
            "delayed 4.4.1",
        ),
        (
            BounceClass::Full,
            "552 5.2.2",
            DeliveryState::Undelivered,
            "bounced full 552 5.2.2",
        ),
        (
            BounceClass::Policy,
            "",
            DeliveryState::Undelivered,
            "bounced policy",
        ),
        (
            BounceClass::Delivered,
            "",
            DeliveryState::Delivered,
            "delivered",
        ),
        (
            BounceClass::Soft,
            "5.0.0",
            DeliveryState::Delivered,
            "bounced soft 5.0.0",
        ),
    ] {
        assert!(world.bounces(class, code).await);
        let stands = world.stands().await;
        assert_eq!(stands.delivery.state, state, "{written}");
        assert_eq!(stands.receipts.last().unwrap().code, written);
    }
    let about = Some(world.delivery);
    let kind = ComplaintKind::NotSpam;
    assert!(
        world
            .comes(to, MailIn::Complaint(Complaint { kind, about }))
            .await
    );
    let last = world.stands().await.receipts.pop().unwrap();
    assert_eq!(
        (last.status, last.code.as_str()),
        (ReceiptStatus::Intermediate, "complaint not-spam")
    );
    for means in [MailIn::AutoReply, MailIn::Unreadable] {
        assert!(world.comes(Address::Reply(world.delivery), means).await);
    }
    // One whose delivery is gone, and one that names none.
    let gone = Address::Unsubscribe(model::Id::from_i64(1));
    assert!(world.comes(gone, MailIn::Unsubscribe).await);
    let kind = ComplaintKind::Abuse;
    let nobody = Complaint { kind, about: None };
    assert!(world.comes(to, MailIn::Complaint(nobody)).await);
    assert_eq!(world.suppressed().await, None);
}

#[tokio::test]
async fn a_person_who_says_stop_is_heard() {
    let reply = |text: &str| {
        MailIn::Reply(Reply {
            from: Sealed::new("someone@else.example"),
            text: Sealed::new(text),
            proofs: Default::default(),
        })
    };
    let complaint = |about| {
        MailIn::Complaint(Complaint {
            kind: ComplaintKind::Abuse,
            about,
        })
    };
    let world = World::new().await;
    let to = Address::Reply(world.delivery);
    assert!(world.comes(to, reply("When will it come?")).await);
    assert_eq!(world.suppressed().await, None);
    assert!(
        world
            .comes(to, reply("Stop.\n\n> Reply STOP to end."))
            .await
    );
    assert!(world.is_left_alone().await);

    let world = World::new().await;
    let to = Address::Unsubscribe(world.delivery);
    assert!(world.comes(to, MailIn::Unsubscribe).await);
    assert!(world.is_left_alone().await);

    let world = World::new().await;
    let about = Some(world.delivery);
    assert!(world.comes(Address::Complaints, complaint(about)).await);
    assert_eq!(world.suppressed().await.as_deref(), Some("complaint"));
}

/// A customer with an American number, who allowed both, at a moment.
async fn texts_stop_promo(
    at: &str,
    regions: crate::regions::Regions,
) -> Vec<(Channel, ConsentPurpose)> {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::manual(Instant::parse(at).unwrap());
    let store = Store::open_sqlite(folder.path(), clock.now()).unwrap();
    let phone = ContactPoint::phone("+12535550129").unwrap();
    let consent = |purpose| model::Consent {
        channel: Channel::Sms,
        purpose,
        given_at: clock.now() - Span::days(9),
        source: "checkout".into(),
        withdrawn_at: None,
        contact: phone.address.clone(),
        how: How::Import,
        ended: How::Import,
    };
    let customer = Customer {
        id: "ana".into(),
        name: Sealed::new("Ana"),
        locale: "en-US".into(),
        time_zone: "America/New_York".into(),
        country: "US".into(),
        region: String::new(),
        quiet_hours: None,
        phone: Some(phone.clone()),
        email: None,
        consents: ConsentPurpose::ALL
            .iter()
            .map(|purpose| consent(*purpose))
            .collect(),
        preferences: vec![],
        chosen: model::Chosen::default(),
    };
    store
        .put_customers(vec![customer], clock.now())
        .await
        .unwrap();
    let limits = Limits {
        regions: Arc::new(regions),
        ..Limits::default()
    };
    let catalogue = Arc::new(Catalogue::load(None).unwrap());
    let pipeline = Pipeline::new(store, catalogue, brand(), clock.clone(), limits);
    let (inbound, received) = mpsc::channel(8);
    tokio::spawn(Tracker::new(pipeline.clone(), received).run());
    let (done, kept) = oneshot::channel();
    let text = Inbound::Text {
        carrier: "alpha".into(),
        from: Sealed::new("12535550129"),
        to: "Marigold".into(),
        text: Sealed::new("STOP PROMO"),
    };
    let item = InboundItem {
        inbound: text,
        done,
    };
    inbound.send(item).await.unwrap();
    assert!(kept.await.unwrap());
    let facts = pipeline.store().facts(vec!["ana".into()]).await.unwrap();
    let facts = facts.into_iter().flatten().next().unwrap();
    let now = clock.now();
    assert_eq!(
        facts.suppression(Channel::Sms).is_some(),
        facts
            .customer
            .consent(Channel::Sms, ConsentPurpose::Transactional, now)
            .is_none()
    );
    let all = facts
        .customer
        .consents
        .iter()
        .filter(|consent| consent.withdrawn_at.is_none());
    all.map(|consent| (consent.channel, consent.purpose))
        .collect()
}

#[tokio::test]
async fn one_stop_ends_everything_from_the_day_of_the_law_or_from_our_own() {
    use crate::regions::Regions;
    let orders = vec![(Channel::Sms, ConsentPurpose::Transactional)];
    let shipped = || Regions::clone(&Regions::shipped());
    let own = |day: &str| shipped().revoking_all_from(day.parse().ok());
    for (at, regions, left) in [
        ("2027-01-29T12:00:00Z", shipped(), &orders),
        ("2027-01-31T12:00:00Z", shipped(), &vec![]),
        ("2026-04-09T12:00:00Z", own("2026-04-11"), &orders),
        ("2026-04-11T12:00:00Z", own("2026-04-11"), &vec![]),
    ] {
        assert_eq!(texts_stop_promo(at, regions).await, *left, "{at}");
    }
}

#[tokio::test]
async fn a_start_comes_from_the_address_itself_and_a_stop_from_anybody() {
    let reply = |from: &str, dmarc, text: &str| {
        MailIn::Reply(Reply {
            from: Sealed::new(from),
            text: Sealed::new(text),
            proofs: Proofs {
                dmarc,
                ..Proofs::default()
            },
        })
    };
    let (own, other) = ("Ana@customers.example", "eve@else.example");
    for (from, dmarc, starts) in [
        (own, Proof::Pass, true),
        (own, Proof::Unknown, true),
        (own, Proof::Fail, false),
        (other, Proof::Pass, false),
        (other, Proof::Unknown, false),
    ] {
        let world = World::new().await;
        let to = Address::Reply(world.delivery);
        assert!(world.comes(to, reply(other, Proof::Fail, "STOP")).await);
        assert!(world.is_left_alone().await);
        assert!(world.comes(to, reply(from, dmarc, "START")).await);
        let left_alone = world.is_left_alone().await;
        assert_eq!(left_alone, !starts, "{from} {dmarc:?}");
    }
}
