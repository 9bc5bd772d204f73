//! What waits into quiet hours goes back until they end, and is no failed try.

use model::{Attempt, Delivery, QuietHours, Rule, Spoke, Verdict};
use store::DeliveryRecord;

use super::*;

/// A minute before the law closes, and one after, in New York.
const BEFORE: &str = "2026-11-24T20:59:00-05:00";
const AFTER: &str = "2026-11-24T21:01:00-05:00";
const MORNING: &str = "2026-11-25T08:00:00-05:00";

fn moment(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

/// A world at a minute before nine, with a customer who takes offers.
async fn evening(quiet: Option<(&str, &str)>) -> World {
    let world = World::new("Inês").await;
    world.clock.advance(moment(BEFORE).since(moment(NOW)));
    world.choose(quiet).await;
    world
}

impl World {
    /// The customer's own quiet hours, and where they live, from now on.
    async fn choose(&self, quiet: Option<(&str, &str)>) {
        let store = self.pipeline.store();
        let facts = store.facts(vec!["ines".into()]).await.unwrap();
        let mut customer = facts.into_iter().flatten().next().unwrap().customer;
        customer.region = "US-NY".into();
        customer.quiet_hours = quiet.and_then(|(from, to)| QuietHours::parse(from, to).ok());
        customer.consents.push(Consent {
            purpose: ConsentPurpose::Marketing,
            ..customer.consents[0].clone()
        });
        let put = store.put_customers(vec![customer], self.clock.now()).await;
        put.unwrap();
    }

    async fn accept(&self, message_type: &str, data: serde_json::Value) -> MessageId {
        let event = json!({
            "specversion": "1.0", "id": message_type, "source": "/shop", "subject": "ines",
            "type": message_type, "time": self.clock.now().to_string(), "data": data,
        });
        let answers = self
            .pipeline
            .accept(vec![RawEvent::Value(event)], TEST)
            .await;
        match answers.unwrap()[..] {
            [EventAnswer::Accepted { message, .. }] => message,
            ref other => panic!("{other:?}"),
        }
    }

    async fn text(&self, message: MessageId) -> (Delivery, Vec<Attempt>) {
        let found = self.record(message).await.deliveries.into_iter();
        let mut texts = found.filter(|found| found.delivery.channel() == Channel::Sms);
        let DeliveryRecord {
            delivery, attempts, ..
        } = texts.next().expect("a text");
        (delivery, attempts)
    }

    /// The words of the rule about hours.
    async fn hours(&self, message: MessageId) -> Vec<Spoke> {
        let mut trace = self.record(message).await.message.trace.0;
        trace.retain(|spoke| spoke.rule == Rule::QuietHours);
        trace
    }

    async fn start(&self) -> Running {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let running = (tasks.clone(), stop.clone());
        let started = Sender::start(self.pipeline.clone(), routes(), Room::default(), running);
        started.await.unwrap();
        Running { tasks, stop }
    }
}

struct Running {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Running {
    async fn end(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Waits until something holds, while the clock of the world stands still.
async fn until(holds: impl AsyncFn() -> bool) {
    let finished = async {
        while !holds().await {
            tokio::task::yield_now().await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(30), finished).await;
    in_time.expect("it comes to that");
}

fn coupon() -> serde_json::Value {
    json!({"offer": {"coupon": "AUTUMN10", "percent": 10}})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_offer_that_waited_into_the_night_is_held_until_the_morning() {
    let world = evening(None).await;
    let message = world.accept("promotion.coupon", coupon()).await;
    assert_eq!(world.text(message).await.0.due_at, moment(BEFORE));
    assert!(world.hours(message).await.is_empty());

    world.clock.advance(moment(AFTER).since(moment(BEFORE)));
    let running = world.start().await;
    until(async || world.text(message).await.0.due_at > moment(AFTER)).await;
    let (delivery, attempts) = world.text(message).await;
    assert_eq!(delivery.due_at, moment(MORNING));
    assert_eq!(
        (delivery.state, delivery.attempts),
        (DeliveryState::Scheduled, 0)
    );
    assert!(attempts.is_empty(), "{attempts:?}");
    let expected = Spoke {
        rule: Rule::QuietHours,
        verdict: Verdict::Hold,
        channel: Some(Channel::Sms),
        why: "region".into(),
        with: format!("{} us-federal-hours", moment(MORNING)),
    };
    assert_eq!(world.hours(message).await, [expected]);

    world.clock.advance(moment(MORNING).since(moment(AFTER)));
    until(async || !world.text(message).await.1.is_empty()).await;
    running.end().await;
    let (_, attempts) = world.text(message).await;
    // There is no carrier here; but it would have left.
    assert_eq!(
        (attempts[0].number, attempts[0].reason.as_str()),
        (1, "no_carrier")
    );
    assert!(attempts[0].started_at >= moment(MORNING));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_useless_in_the_morning_expires_and_says_why() {
    let world = evening(Some(("21:00", "07:00"))).await;
    let parcel = json!({"order": {"number": "MG-1"}, "parcel": {"carrier": "Post"}});
    let message = world.accept("shipment.out_for_delivery", parcel).await;
    world.clock.advance(moment(AFTER).since(moment(BEFORE)));
    let running = world.start().await;
    until(async || world.text(message).await.0.state.is_settled()).await;
    running.end().await;
    let (delivery, attempts) = world.text(message).await;
    assert_eq!(delivery.state, DeliveryState::Expired);
    let last = attempts
        .last()
        .map(|last| (last.outcome.as_str(), last.reason.as_str()));
    assert_eq!(last, Some(("stopped", "quiet_hours.too_late")));
    let said = world.hours(message).await;
    let said: Vec<_> = said.iter().map(|s| (s.verdict, s.why.as_str())).collect();
    assert_eq!(said, [(Verdict::Stop, "too_late")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_choice_made_meanwhile_counts_and_codes_come_at_any_hour() {
    let world = evening(None).await;
    let delivered = json!({"order": {"number": "MG-1"}});
    let message = world.accept("shipment.delivered", delivered).await;
    let code = world
        .accept("security.code", json!({"code": "482913"}))
        .await;
    world.choose(Some(("20:00", "06:30"))).await;
    let running = world.start().await;
    until(async || world.text(message).await.0.due_at > moment(BEFORE)).await;
    until(async || !world.text(code).await.1.is_empty()).await;
    running.end().await;
    let morning = moment("2026-11-25T06:30:00-05:00");
    assert_eq!(world.text(message).await.0.due_at, morning);
    assert_eq!(world.hours(message).await[0].why, "own");
    assert_eq!(world.text(code).await.1[0].reason, "no_carrier");
    assert!(world.hours(code).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_late_makes_the_next_one_wait_on() {
    const NOON: &str = "2026-11-24T12:00:00-05:00";
    let day = model::Span::hours(24);
    let world = World::new("Inês").await;
    world.clock.advance(moment(NOON).since(moment(NOW)));
    world.choose(None).await;
    let first = world.accept("promotion.coupon", coupon()).await;
    let deal = json!({"offer": {"title": "Cast-iron pan", "price": "34.90", "old_price": "44.90",
        "currency": "EUR", "url": "https://marigold.example/offers/pan"}});
    let second = world.accept("promotion.deal", deal).await;
    assert_eq!(world.text(first).await.0.due_at, moment(NOON));
    assert_eq!(world.text(second).await.0.due_at, moment(NOON) + day);

    // Nothing left all day: both would leave now.
    world.clock.advance(day);
    let running = world.start().await;
    until(async || world.text(second).await.0.due_at > moment(NOON) + day).await;
    until(async || !world.text(first).await.1.is_empty()).await;
    running.end().await;
    let (delivery, attempts) = world.text(second).await;
    assert_eq!(delivery.due_at, moment(NOON) + day + day);
    assert!(attempts.is_empty(), "{attempts:?}");
    let mut said = world.record(second).await.message.trace.0;
    said.retain(|spoke| spoke.rule == Rule::FrequencyCap);
    let said: Vec<_> = said.iter().map(|s| (s.verdict, s.why.as_str())).collect();
    assert_eq!(said, [(Verdict::Hold, "offers_day"); 2]);
}
