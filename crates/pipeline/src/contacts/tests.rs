//! Codes that prove addresses, and what follows from proof.

use std::sync::Arc;

use channels::{Inbound, InboundItem};
use model::{Clock, Consent, ConsentPurpose, Customer, How, Lane, Proof, Said, Sealed, Span};
use store::{ClaimRequest, ClaimedDelivery, Store};
use tokio::sync::{mpsc, oneshot};

use super::*;
use crate::Limits;
use crate::catalogue::Catalogue;
use crate::choices::{ChannelChoice, Choice, Choices};
use crate::render::Brand;
use crate::track::{Answers, Tracker};

const PHONE: &str = "+12535550129";
/// What a test draws: the code is its last six digits.
const SEVEN: [u8; 16] = 7_u128.to_be_bytes();

pub(crate) struct World {
    pub pipeline: Pipeline,
    pub clock: Clock,
    _folder: tempfile::TempDir,
}

pub(crate) fn customer(id: &str, phone: &str) -> Customer {
    Customer {
        id: id.into(),
        name: Sealed::new("Ana"),
        locale: "en-US".into(),
        time_zone: "America/New_York".into(),
        country: "US".into(),
        region: String::new(),
        quiet_hours: None,
        phone: ContactPoint::phone(phone).ok(),
        email: ContactPoint::email(&format!("{id}@customers.example")).ok(),
        consents: vec![Consent {
            channel: Channel::Sms,
            purpose: ConsentPurpose::Transactional,
            given_at: Instant::from_micros(1),
            source: "checkout".into(),
            withdrawn_at: None,
            contact: Sealed::new(""),
            how: How::Import,
            ended: How::Import,
        }],
        preferences: vec![],
        chosen: model::Chosen::default(),
    }
}

impl World {
    pub async fn new() -> Self {
        Self::asking(&[]).await
    }

    /// Where ticks on some channels are to be confirmed.
    pub async fn asking(channels: &[Channel]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual(Instant::parse("2026-11-22T17:00:00Z").unwrap());
        let store = Store::open_sqlite(folder.path(), clock.now()).unwrap();
        let brand = Brand {
            name: "Marigold".into(),
            domain: "marigold.example".into(),
            url: "https://marigold.example".into(),
            support: "help@marigold.example".into(),
            sms_sender: "Marigold".into(),
        };
        let catalogue = Arc::new(Catalogue::load(None).unwrap());
        let limits = Limits {
            double_opt_in: channels.to_vec(),
            ..Limits::default()
        };
        let pipeline = Pipeline::new(store, catalogue, brand, clock.clone(), limits);
        Self {
            pipeline,
            clock,
            _folder: folder,
        }
    }

    pub async fn put(&self, customer: Customer) -> Facts {
        let id = customer.id.clone();
        let put = self
            .pipeline
            .put_customers_telling(vec![customer], Mode::Live)
            .await;
        put.unwrap();
        self.facts(&id).await
    }

    pub async fn facts(&self, id: &str) -> Facts {
        let found = self.pipeline.store().facts(vec![id.into()]).await.unwrap();
        found.into_iter().flatten().next().unwrap()
    }

    async fn send(&self, facts: &Facts, channel: Channel) -> Result<Instant, ContactError> {
        self.pipeline
            .send_code(facts, channel, (SEVEN, Mode::Live))
            .await
    }

    /// Takes what is due on a channel.
    pub async fn due(&self, channel: Channel) -> Vec<ClaimedDelivery> {
        let request = ClaimRequest {
            channel,
            lanes: Lane::ALL.to_vec(),
            limit: 10,
            now: self.clock.now(),
            lease: Span::minutes(1),
        };
        self.pipeline.store().claim_due(request).await.unwrap()
    }

    async fn point(&self, id: &str, channel: Channel) -> Point {
        let facts = self.facts(id).await;
        let points = self.pipeline.contact_points(&facts).await.unwrap();
        points
            .into_iter()
            .find(|point| point.channel == channel)
            .unwrap()
    }
}

#[tokio::test]
async fn a_code_proves_the_phone_and_the_mail_address_it_went_to() {
    let world = World::new().await;
    let facts = world.put(customer("ana", PHONE)).await;
    for channel in Channel::ALL {
        let until = world.send(&facts, *channel).await.unwrap();
        assert_eq!(until, world.clock.now() + Span::minutes(10));
        let due = world.due(*channel).await;
        let [sent] = &due[..] else { panic!("{due:?}") };
        assert_eq!(sent.secret.as_ref().unwrap().open(), "000007");
        assert_eq!(Some(&sent.contact), facts.customer.contact(*channel));
        for nothing in ["", "x", &"7".repeat(900)] {
            let wrong = world.pipeline.enter_code(&facts, *channel, nothing).await;
            assert_eq!(wrong.unwrap(), Entered::Wrong(5), "costs no try");
        }
        let wrong = world.pipeline.enter_code(&facts, *channel, "000008").await;
        assert_eq!(wrong.unwrap(), Entered::Wrong(4));
        assert_eq!(world.point("ana", *channel).await.verified, None);
        let right = world
            .pipeline
            .enter_code(&facts, *channel, " 000 007 ")
            .await;
        assert_eq!(right.unwrap(), Entered::Right);
        let verified = world.point("ana", *channel).await.verified.unwrap();
        assert_eq!((verified.at, verified.by), (world.clock.now(), Proof::Code));
        let again = world.pipeline.enter_code(&facts, *channel, "000007").await;
        assert_eq!(again.unwrap(), Entered::Gone);
    }
}

#[tokio::test]
async fn the_code_of_a_mail_stands_in_its_subject_and_nowhere_in_the_store() {
    let world = World::new().await;
    let facts = world.put(customer("ana", PHONE)).await;
    world.send(&facts, Channel::Email).await.unwrap();
    let sent = world.due(Channel::Email).await.remove(0);
    let catalogue = world.pipeline.catalogue();
    let kept = crate::render::mail(&catalogue, world.pipeline.brand(), &sent.content).unwrap();
    assert!(!format!("{kept:?}{:?}", sent.content).contains("000007"));
    let secret = sent.secret.unwrap();
    let left = crate::render::fill_mail(kept, &secret);
    assert!(left.subject.contains("000007") && !left.text.contains("{code}"));
}

#[tokio::test]
async fn codes_keep_apart_and_count_for_everybody_with_the_address() {
    let world = World::new().await;
    let ana = world.put(customer("ana", PHONE)).await;
    let ben = world.put(customer("ben", PHONE)).await;
    world.send(&ana, Channel::Sms).await.unwrap();
    let soon = world.clock.now() + Span::minutes(1);
    for facts in [&ana, &ben] {
        let early = world.send(facts, Channel::Sms).await;
        assert!(
            matches!(early, Err(ContactError::TooSoon(at)) if at == soon),
            "{early:?}"
        );
    }
    world.clock.advance(Span::minutes(1));
    world.send(&ben, Channel::Sms).await.unwrap();
    // Proof by one is no proof for the other, and neither is the other's code.
    let entered = world
        .pipeline
        .enter_code(&ben, Channel::Sms, "000007")
        .await;
    assert_eq!(entered.unwrap(), Entered::Right);
    assert!(world.point("ben", Channel::Sms).await.verified.is_some());
    assert_eq!(world.point("ana", Channel::Sms).await.verified, None);
}

#[tokio::test]
async fn another_address_is_not_proved_and_neither_is_the_old_one_later() {
    let world = World::new().await;
    let facts = world.put(customer("ana", PHONE)).await;
    world.send(&facts, Channel::Sms).await.unwrap();
    let entered = world
        .pipeline
        .enter_code(&facts, Channel::Sms, "000007")
        .await;
    assert_eq!(entered.unwrap(), Entered::Right);
    world.put(customer("ana", "+12535550130")).await;
    assert_eq!(world.point("ana", Channel::Sms).await.verified, None);
    world.put(customer("ana", PHONE)).await;
    assert_eq!(world.point("ana", Channel::Sms).await.verified, None);
    // The code for one address is not for another.
    world.clock.advance(Span::minutes(1));
    world.send(&facts, Channel::Sms).await.unwrap();
    let moved = world.put(customer("ana", "+12535550131")).await;
    let entered = world
        .pipeline
        .enter_code(&moved, Channel::Sms, "000007")
        .await;
    assert_eq!(entered.unwrap(), Entered::Gone);
}

#[tokio::test]
async fn proof_takes_an_address_up_again_and_passes_nobodys_word() {
    let world = World::new().await;
    let ana = world.put(customer("ana", PHONE)).await;
    let phone = ana.customer.phone.clone().unwrap();
    let suppress = async |reason: &str| {
        let done = world.pipeline.suppress(phone.clone(), reason.into()).await;
        done.unwrap();
        world.facts("ana").await
    };
    let facts = suppress("hard_bounce").await;
    assert_eq!(
        world.point("ana", Channel::Sms).await.health,
        Health::Bounced
    );
    world.send(&facts, Channel::Sms).await.unwrap();
    assert_eq!(
        world.due(Channel::Sms).await.len(),
        1,
        "the code goes there all the same"
    );
    let entered = world
        .pipeline
        .enter_code(&facts, Channel::Sms, "000007")
        .await;
    assert_eq!(entered.unwrap(), Entered::Right);
    assert_eq!(world.point("ana", Channel::Sms).await.health, Health::Good);
    world.clock.advance(Span::hours(2));
    // A number that may be somebody else's by now stays closed while two are known by it.
    let ben = world.put(customer("ben", PHONE)).await;
    suppress("recycled").await;
    world.send(&ben, Channel::Sms).await.unwrap();
    let ben = world.facts("ben").await;
    let entered = world
        .pipeline
        .enter_code(&ben, Channel::Sms, "000007")
        .await;
    assert_eq!(entered.unwrap(), Entered::Right);
    assert_eq!(
        world.point("ben", Channel::Sms).await.health,
        Health::Recycled
    );
    let facts = suppress("keyword_stop").await;
    assert_eq!(
        facts.suppression(Channel::Sms),
        Some("recycled"),
        "the stronger reason stays"
    );
    for reason in ["keyword_stop", "asked by letter"] {
        world.pipeline.store().heal(phone.clone()).await.unwrap();
        let facts = suppress(reason).await;
        let refused = world.send(&facts, Channel::Sms).await;
        assert!(
            matches!(refused, Err(ContactError::NotAllowed)),
            "{reason}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn a_change_tells_the_old_address_once_on_its_own_channel() {
    let world = World::new().await;
    world.put(customer("ana", PHONE)).await;
    world.put(customer("ana", PHONE)).await;
    world.put(customer("ana", "+12535550130")).await;
    let answers = Answers::new(world.pipeline.clone(), "test");
    for _ in 0..2 {
        answers.tell_old_addresses().await.unwrap();
    }
    let texts = world.due(Channel::Sms).await;
    let told: Vec<&str> = texts
        .iter()
        .map(|text| text.contact.address.open())
        .collect();
    assert_eq!(
        told.iter().filter(|to| **to == PHONE).count(),
        1,
        "{told:?}"
    );
    assert!(
        texts
            .iter()
            .all(|text| text.content.message_type == "security.phone_changed")
    );
    let old = texts
        .iter()
        .find(|text| text.contact.address.open() == PHONE)
        .unwrap();
    assert!(!old.content.text.contains("Ana"), "it may be a stranger's");
    // Where the customer looks, it stands too.
    let ana = world.facts("ana").await;
    let counts = world.pipeline.store().unread_counts(ana.recipient).await;
    assert_eq!(counts.unwrap().total, 1);
    // A text that said stop there is not told, and a first address tells nobody.
    let stopped = ContactPoint::phone("+12535550130").unwrap();
    world
        .pipeline
        .suppress(stopped, "keyword_stop".into())
        .await
        .unwrap();
    world.clock.advance(Span::minutes(1));
    world.put(customer("ana", "+12535550131")).await;
    world.put(customer("eva", "+12535550132")).await;
    answers.tell_old_addresses().await.unwrap();
    let texts = world.due(Channel::Sms).await;
    let told: Vec<&str> = texts
        .iter()
        .map(|text| text.contact.address.open())
        .collect();
    assert_eq!(told, ["+12535550131"]);
}

/// What a page would say.
fn ticked(world: &World) -> (Choice, Said) {
    let form = Choices {
        channels: Channel::ALL
            .iter()
            .map(|channel| ChannelChoice {
                channel: *channel,
                allowed: None,
                offers: Some(true),
            })
            .collect(),
        ..Choices::default()
    };
    let said = Said {
        at: world.clock.now(),
        how: How::Page,
        source: "preference page".into(),
        wording: "preferences/1".into(),
        locale: "en".into(),
        by: String::new(),
    };
    (Choice::Form(form), said)
}

async fn offers(world: &World, id: &str, channel: Channel) -> bool {
    let facts = world.facts(id).await;
    let now = world.clock.now();
    facts
        .customer
        .consent(channel, ConsentPurpose::Marketing, now)
        .is_some()
}

async fn tick(world: &World, facts: &Facts) {
    let (choice, said) = ticked(world);
    let chosen = world
        .pipeline
        .choose(facts.recipient, &choice, &said)
        .await
        .unwrap();
    let by_text = |line: &model::ConsentLine| line.channel == Channel::Sms;
    assert!(!chosen.lines.iter().any(by_text));
}

#[tokio::test]
async fn a_tick_is_a_question_until_it_is_answered_from_the_address() {
    let world = World::asking(&[Channel::Sms, Channel::Email]).await;
    let facts = world.put(customer("ana", PHONE)).await;
    let phone = facts.customer.phone.clone().unwrap();
    // YES to nothing gives nothing.
    world.pipeline.confirm_by_reply(&phone).await.unwrap();
    assert!(!offers(&world, "ana", Channel::Sms).await);
    tick(&world, &facts).await;
    assert!(!offers(&world, "ana", Channel::Sms).await);
    let texts = world.due(Channel::Sms).await;
    let [asks] = &texts[..] else {
        panic!("{texts:?}")
    };
    assert_eq!(asks.content.message_type, "consent.texts_confirm");
    tick(&world, &facts).await;
    assert!(world.due(Channel::Sms).await.is_empty(), "asked once");
    world.pipeline.confirm_by_reply(&phone).await.unwrap();
    assert!(offers(&world, "ana", Channel::Sms).await);
    assert_eq!(
        world.point("ana", Channel::Sms).await.verified.unwrap().by,
        Proof::Reply
    );
    let ledger = world
        .pipeline
        .store()
        .consent_ledger(facts.recipient)
        .await
        .unwrap();
    let last = ledger.last().unwrap().read().unwrap().line;
    assert_eq!(
        (last.said.how, last.said.wording.as_str()),
        (How::Keyword, "preferences/1")
    );
    assert_eq!(last.said.source, "preference page, confirmed by reply");
    assert_eq!(last.contact, phone.address);
    // By mail with the code.
    assert!(!offers(&world, "ana", Channel::Email).await);
    assert!(world.point("ana", Channel::Email).await.waiting.is_some());
    world.send(&facts, Channel::Email).await.unwrap();
    let entered = world
        .pipeline
        .enter_code(&facts, Channel::Email, "000007")
        .await;
    assert_eq!(entered.unwrap(), Entered::Right);
    assert!(offers(&world, "ana", Channel::Email).await);
}

#[tokio::test]
async fn a_question_ends_and_a_later_no_is_the_last_word() {
    let world = World::asking(&[Channel::Sms]).await;
    let facts = world.put(customer("ana", PHONE)).await;
    let phone = facts.customer.phone.clone().unwrap();
    tick(&world, &facts).await;
    assert!(
        offers(&world, "ana", Channel::Email).await,
        "not asked about mail"
    );
    world.clock.advance(Span::hours(48));
    world.pipeline.confirm_by_reply(&phone).await.unwrap();
    assert!(!offers(&world, "ana", Channel::Sms).await, "too late");
    tick(&world, &facts).await;
    world.clock.advance(Span::minutes(1));
    let (_, said) = ticked(&world);
    let wished = store::Wished {
        wish: model::Wish::StopMarketing,
        said,
    };
    world.pipeline.wish(phone.clone(), wished).await.unwrap();
    world.pipeline.confirm_by_reply(&phone).await.unwrap();
    assert!(!offers(&world, "ana", Channel::Sms).await);
}

#[tokio::test]
async fn of_two_with_one_number_yes_is_for_who_was_asked_last() {
    let world = World::asking(&[Channel::Sms]).await;
    let ana = world.put(customer("ana", PHONE)).await;
    let ben = world.put(customer("ben", PHONE)).await;
    tick(&world, &ana).await;
    world.clock.advance(Span::minutes(1));
    tick(&world, &ben).await;
    says(&world, "Yes please").await;
    assert!(offers(&world, "ben", Channel::Sms).await);
    assert!(!offers(&world, "ana", Channel::Sms).await);
}

/// Somebody answers from the phone.
async fn says(world: &World, words: &str) {
    let (inbound, received) = mpsc::channel(1);
    tokio::spawn(Tracker::new(world.pipeline.clone(), received).run());
    let (done, kept) = oneshot::channel();
    let text = Inbound::Text {
        carrier: "sms".into(),
        from: Sealed::new(PHONE),
        to: "Marigold".into(),
        text: Sealed::new(words),
    };
    let item = InboundItem {
        inbound: text,
        done,
    };
    inbound.send(item).await.unwrap();
    assert!(kept.await.unwrap());
}
