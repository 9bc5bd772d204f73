//! Summaries from the event to the delivery, in an embedded store.

use std::sync::Arc;

use model::{
    Channel, Clock, Consent, ConsentPurpose, ContactPoint, Customer, Frequency, How, Instant,
    Preference, RecipientId, Rule, Said, Sealed, Verdict, Wish,
};
use serde_json::{Value, json};
use store::{FlagChange, MailboxFilter, MessageRecord, Store, Wished};

use super::*;
use crate::accept::{AsOf, EventAnswer, RawEvent, Submission};
use crate::catalogue::Catalogue;
use crate::choices::{Choice, Choices, EVERY_TOPIC, TopicChoice};
use crate::render::Brand;
use crate::{Limits, render};

/// A Sunday; summaries of the day come on Monday at nine in New York.
const NOW: &str = "2026-11-22T20:00:00Z";
const DUE: &str = "2026-11-23T14:00:00Z";

const FROM_OUTSIDE: Submission = Submission {
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

fn wish(category: Category, channel: Channel, frequency: Frequency) -> Preference {
    Preference {
        category,
        topic: String::new(),
        channel,
        on: true,
        frequency,
        chosen: true,
    }
}

impl World {
    async fn new(preferences: Vec<Preference>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual(Instant::parse(NOW).unwrap());
        let store = Store::open_sqlite(folder.path(), clock.now()).unwrap();
        let consent = |channel, purpose| Consent {
            channel,
            purpose,
            given_at: clock.now() - Span::days(30),
            source: "checkout".into(),
            withdrawn_at: None,
            contact: Sealed::new(""),
            how: How::Import,
            ended: How::Import,
        };
        let customer = Customer {
            id: "ines".into(),
            name: Sealed::new("Inês"),
            locale: "en-US".into(),
            time_zone: "America/New_York".into(),
            country: "US".into(),
            region: "US-NY".into(),
            quiet_hours: None,
            phone: ContactPoint::phone("+12535550129").ok(),
            email: ContactPoint::email("ines@customers.example").ok(),
            consents: vec![
                consent(Channel::Sms, ConsentPurpose::Transactional),
                consent(Channel::Sms, ConsentPurpose::Marketing),
                consent(Channel::Email, ConsentPurpose::Marketing),
            ],
            preferences,
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
        let limits = Limits {
            message_center: Some("https://messages.marigold.example".into()),
            ..Limits::default()
        };
        let catalogue = Arc::new(Catalogue::load(None).unwrap());
        Self {
            pipeline: Pipeline::new(store, catalogue, brand, clock.clone(), limits),
            clock,
            recipient: recipients.unwrap()[0],
            _folder: folder,
        }
    }

    /// One who wants a summary of orders a day by mail.
    async fn daily() -> Self {
        Self::new(vec![wish(
            Category::Orders,
            Channel::Email,
            Frequency::Daily,
        )])
        .await
    }

    async fn post(&self, id: &str, kind: &str, data: Value) -> EventAnswer {
        let event = json!({"specversion": "1.0", "id": id, "source": "/shop", "subject": "ines",
            "type": kind, "data": data});
        let events = vec![RawEvent::Value(event)];
        let answers = self.pipeline.accept(events, FROM_OUTSIDE).await;
        answers.unwrap().remove(0)
    }

    async fn confirmed(&self, number: &str) -> MessageId {
        let data = json!({"order": {"number": number, "total": "49.90", "currency": "USD",
            "items": [{"title": "Desk lamp", "quantity": 1, "price": "49.90"}]}});
        self.clock.advance(Span::secs(1));
        match self.post(number, "order.confirmed", data).await {
            EventAnswer::Accepted { message, .. } => message,
            other => panic!("{other:?}"),
        }
    }

    async fn deal(&self, id: &str) -> MessageId {
        let data = json!({"offer": {"title": "Cast-iron pan", "price": "34.90", "old_price": "44.90",
            "currency": "USD", "url": "https://marigold.example/offers/pan"}});
        match self.post(id, "promotion.deal", data).await {
            EventAnswer::Accepted { message, .. } => message,
            other => panic!("{other:?}"),
        }
    }

    async fn record(&self, message: MessageId) -> MessageRecord {
        let found = self.pipeline.store().message(message).await;
        found.unwrap().unwrap()
    }

    /// Makes what is due at the moment of summaries.
    async fn at_the_moment(&self) {
        let due = Instant::parse(DUE).unwrap();
        let now = self.clock.now();
        if now < due {
            self.clock.advance(due.since(now));
        }
        self.pipeline.make_digests().await.unwrap();
    }

    /// The summaries there are, oldest first.
    async fn summaries(&self) -> Vec<MessageRecord> {
        let filter = MailboxFilter::default();
        let store = self.pipeline.store();
        let page = store.mailbox_page(self.recipient, filter, None, 90).await;
        let mut found = Vec::new();
        for message in page.unwrap().messages.iter().rev() {
            if message.content.message_type.starts_with("digest.") {
                found.push(self.record(message.id).await);
            }
        }
        found
    }

    async fn flag(&self, message: MessageId, flag: FlagChange) {
        let (store, now) = (self.pipeline.store(), self.clock.now());
        let set = store.set_flags(self.recipient, vec![message], flag, now);
        set.await.unwrap();
    }

    async fn choose(&self, choice: Choice) {
        let said = self.said();
        let chosen = self.pipeline.choose(self.recipient, &choice, &said);
        chosen.await.unwrap();
    }

    /// Orders by mail, from now on.
    async fn orders(&self, on: bool, frequency: Frequency) {
        let choice = TopicChoice {
            category: Category::Orders,
            topic: String::new(),
            channel: Channel::Email,
            on,
            frequency,
        };
        let topics = vec![choice];
        self.choose(Choice::Form(Choices {
            topics,
            ..Choices::default()
        }))
        .await;
    }

    fn said(&self) -> Said {
        Said {
            at: self.clock.now(),
            how: How::Page,
            source: "preference page".into(),
            wording: String::new(),
            locale: "en".into(),
            by: String::new(),
        }
    }
}

/// The last word of a message's trace about a channel: rule, verdict, why.
fn last(record: &MessageRecord, channel: Channel) -> (Rule, Verdict, String) {
    let mut words = record.message.trace.0.iter().rev();
    let last = words.find(|spoke| spoke.channel == Some(channel)).unwrap();
    (last.rule, last.verdict, last.why.clone())
}

fn listed(record: &MessageRecord) -> Vec<String> {
    let items = record.message.content.data["digest"]["items"].as_array();
    let ids = items
        .unwrap()
        .iter()
        .map(|item| item["id"].as_str().unwrap());
    ids.map(str::to_owned).collect()
}

#[tokio::test]
async fn what_waited_comes_once_together_at_its_moment() {
    let world = World::daily().await;
    let first = world.confirmed("MG-1").await;
    let second = world.confirmed("MG-2").await;
    let record = world.record(first).await;
    assert!(record.deliveries.is_empty());
    let (rule, verdict, why) = last(&record, Channel::Email);
    assert_eq!(
        (rule, verdict, &*why),
        (Rule::Digest, Verdict::Hold, "daily")
    );
    world.pipeline.make_digests().await.unwrap();
    assert_eq!(world.summaries().await, []);

    world.at_the_moment().await;
    let summaries = world.summaries().await;
    assert_eq!(summaries.len(), 1);
    let summary = &summaries[0];
    assert_eq!(listed(summary), [second.to_string(), first.to_string()]);
    let content = &summary.message.content;
    assert_eq!(content.category, Category::Orders);
    assert_eq!(content.title, "Your summary: Orders (2)");
    assert_eq!(summary.message.mode, Mode::Test);
    let ways: Vec<Channel> = summary
        .deliveries
        .iter()
        .map(|delivery| delivery.delivery.contact.channel)
        .collect();
    assert_eq!(ways, [Channel::Email]);
    let mail = render::mail(&world.pipeline.catalogue(), world.pipeline.brand(), content).unwrap();
    for message in [first, second] {
        let link = format!("https://messages.marigold.example/messages/{message}");
        assert!(mail.html.contains(&link) && mail.text.contains(&link));
    }
    let stopped = render::check_mail(&world.pipeline.guard(), content, &mail);
    assert_eq!(stopped, []);

    // Whatever is done again, it is not made again.
    world.clock.advance(Span::hours(1));
    world.at_the_moment().await;
    assert_eq!(world.summaries().await.len(), 1);
}

#[tokio::test]
async fn what_is_urgent_waits_for_nobody() {
    let world = World::daily().await;
    let data = json!({"order": {"number": "MG-3"}, "reason": "Nobody was at home"});
    let answer = world.post("e-1", "shipment.attempt_failed", data).await;
    let EventAnswer::Accepted { message, .. } = answer else {
        panic!("{answer:?}")
    };
    assert_eq!(world.record(message).await.deliveries.len(), 2);
    world.at_the_moment().await;
    assert_eq!(world.summaries().await, []);
}

#[tokio::test]
async fn what_was_read_or_deleted_is_left_out_and_says_so() {
    let world = World::daily().await;
    let read = world.confirmed("MG-1").await;
    let deleted = world.confirmed("MG-2").await;
    let stays = world.confirmed("MG-3").await;
    world.flag(read, FlagChange::Read(true)).await;
    world.flag(deleted, FlagChange::Deleted(true)).await;
    world.at_the_moment().await;
    let summaries = world.summaries().await;
    assert_eq!(listed(&summaries[0]), [stays.to_string()]);
    for (message, why) in [(read, "read"), (deleted, "gone")] {
        let word = last(&world.record(message).await, Channel::Email);
        assert_eq!(word, (Rule::Digest, Verdict::Stop, why.to_owned()));
    }
}

#[tokio::test]
async fn a_summary_of_nothing_is_not_made() {
    let world = World::daily().await;
    let read = world.confirmed("MG-1").await;
    world.flag(read, FlagChange::Read(true)).await;
    world.at_the_moment().await;
    assert_eq!(world.summaries().await, []);
}

#[tokio::test]
async fn newer_news_takes_the_place_of_what_waited() {
    let world = World::daily().await;
    let data = json!({"order": {"number": "MG-7", "total": "49.90", "currency": "USD",
        "items": [{"title": "Desk lamp", "quantity": 1, "price": "49.90"}]}});
    let answer = world.post("e-1", "order.placed", data).await;
    let EventAnswer::Accepted { message, .. } = answer else {
        panic!("{answer:?}")
    };
    world.confirmed("MG-7").await;
    world.at_the_moment().await;
    let word = last(&world.record(message).await, Channel::Email);
    assert_eq!(word, (Rule::Digest, Verdict::Stop, "newer".to_owned()));
}

#[tokio::test]
async fn a_no_before_the_moment_is_silence_and_its_reason_is_kept() {
    for (number, rule, why) in [
        (0, Rule::Preference, "switched_off"),
        (1, Rule::Preference, "urgent_only"),
        (2, Rule::Preference, "switched_off"),
        (3, Rule::Consent, "withdrawn"),
        (4, Rule::Suppression, "suppressed"),
    ] {
        let world = World::daily().await;
        let message = world.confirmed("MG-1").await;
        let mail = ContactPoint::email("ines@customers.example").unwrap();
        match number {
            0 => world.orders(false, Frequency::Each).await,
            1 => world.orders(true, Frequency::Urgent).await,
            2 => {
                world
                    .choose(Choice::Unsubscribe {
                        category: Category::Orders,
                        topic: EVERY_TOPIC.into(),
                        channel: Channel::Email,
                    })
                    .await;
            }
            3 => {
                let wished = Wished {
                    wish: Wish::StopAll,
                    said: world.said(),
                };
                world.pipeline.wish(mail, wished).await.unwrap();
            }
            _ => {
                let reason = "complaint".to_owned();
                world.pipeline.suppress(mail, reason).await.unwrap();
            }
        }
        world.at_the_moment().await;
        assert_eq!(world.summaries().await, [], "{rule} {why}");
        let word = last(&world.record(message).await, Channel::Email);
        assert_eq!(word, (rule, Verdict::Stop, why.to_owned()));
        // It waits no longer either.
        let before = world.record(message).await;
        world.clock.advance(Span::days(1));
        world.pipeline.make_digests().await.unwrap();
        assert_eq!(world.record(message).await, before);
    }
}

#[tokio::test]
async fn who_wants_each_again_still_gets_what_waited() {
    let world = World::daily().await;
    let message = world.confirmed("MG-1").await;
    world.orders(true, Frequency::Each).await;
    world.at_the_moment().await;
    let summaries = world.summaries().await;
    assert_eq!(listed(&summaries[0]), [message.to_string()]);
}

#[tokio::test]
async fn offers_come_apart_and_only_with_their_consent() {
    let weekly = |channel| wish(Category::Promotions, channel, Frequency::Weekly);
    let world = World::new(vec![
        weekly(Channel::Sms),
        weekly(Channel::Email),
        wish(Category::Orders, Channel::Email, Frequency::Weekly),
    ])
    .await;
    world.confirmed("MG-1").await;
    let deal = world.deal("d-1").await;
    world
        .choose(Choice::Form(Choices {
            channels: vec![crate::choices::ChannelChoice {
                channel: Channel::Email,
                allowed: None,
                offers: Some(false),
            }],
            ..Choices::default()
        }))
        .await;
    world.at_the_moment().await;
    let summaries = world.summaries().await;
    let made: Vec<_> = summaries
        .iter()
        .map(|summary| {
            let content = &summary.message.content;
            let channel = summary.deliveries[0].delivery.contact.channel;
            (content.category, content.purpose, channel)
        })
        .collect();
    let news = (Category::Orders, PurposeClass::Service, Channel::Email);
    let offers = (Category::Promotions, PurposeClass::Marketing, Channel::Sms);
    assert!(
        made.len() == 2 && made.contains(&news) && made.contains(&offers),
        "{made:?}"
    );
    let word = last(&world.record(deal).await, Channel::Email);
    assert_eq!(word, (Rule::Consent, Verdict::Stop, "withdrawn".to_owned()));
    let text = summaries.iter().map(|summary| &summary.message.content);
    let text = text.filter(|content| content.purpose == PurposeClass::Marketing);
    let text: Vec<_> = text.map(|content| content.text.clone()).collect();
    assert_eq!(
        text,
        ["Marigold: your summary is here: 1 message, in your Message Center. Reply STOP to end."]
    );
}

#[tokio::test]
async fn a_long_summary_counts_what_it_does_not_list() {
    let world = World::daily().await;
    for number in 0..25 {
        world.confirmed(&format!("MG-{number}")).await;
    }
    world.at_the_moment().await;
    let summaries = world.summaries().await;
    assert_eq!(listed(&summaries[0]).len(), 20);
    let said = &summaries[0].message.content.data["digest"];
    assert_eq!((&said["count"], &said["more"]), (&json!(25), &json!(5)));
}

#[tokio::test]
async fn nobody_outside_makes_a_summary() {
    let world = World::daily().await;
    let answer = world.post("e-1", "digest.news", json!({})).await;
    assert!(
        matches!(
            answer,
            EventAnswer::Failed {
                reason: FailureReason::UnknownType,
                ..
            }
        ),
        "{answer:?}"
    );
}

#[tokio::test]
async fn what_was_chosen_counts_as_one_text_a_summary() {
    let offers = |frequency| vec![wish(Category::Promotions, Channel::Sms, frequency)];
    let mut texts = Vec::new();
    for frequency in [
        Frequency::Each,
        Frequency::Daily,
        Frequency::Weekly,
        Frequency::Urgent,
    ] {
        let world = World::new(offers(frequency)).await;
        for day in 0..28 {
            for number in 0..3 {
                world.deal(&format!("d-{day}-{number}")).await;
            }
            world.clock.advance(Span::days(1));
        }
        let facts = world.pipeline.store().facts_of(vec![world.recipient]).await;
        let facts = facts.unwrap().remove(0).unwrap();
        let estimate = world.pipeline.texts_estimate(&facts, None).await.unwrap();
        texts.push(estimate.texts);
    }
    // Five Mondays.
    assert_eq!(texts, [84, 28, 5, 0]);
}
