//! Cases about what a recipient was told of an order.

use model::{Channel, Facts, Lane, Mode, Span};

use super::world::World;
use crate::{AcceptedEvent, AcceptedResult, Committed, StoryOf};

const PHONE: &str = "+12535550129";

pub(super) async fn a_story_has_what_was_told_of_an_order(world: &World) {
    let facts = world.customer("c-1", PHONE).await;
    let other = world.customer("c-2", "+12535550130").await;
    let about = |mut event: AcceptedEvent, order: Option<&str>| {
        if let AcceptedResult::Message { message, .. } = &mut event.result {
            message.content.order = order.map(str::to_owned);
        }
        event
    };
    let start = world.clock.now();
    for (id, order, channels) in [
        ("e-1", Some("A"), &[Channel::Sms][..]),
        ("e-2", Some("A"), &[]),
        ("e-3", Some("B"), &[]),
        ("e-4", None, &[]),
    ] {
        let event = about(world.accepted(&facts, id, Lane::Normal, channels), order);
        assert_eq!(world.commit(event).await, Committed::Accepted);
        world.clock.advance(Span::secs(1));
    }
    let stranger = about(world.accepted(&other, "e-5", Lane::Normal, &[]), Some("A"));
    world.commit(stranger).await;
    let of = |facts: &Facts, order: Option<&str>, since| StoryOf {
        recipient: facts.recipient,
        order: order.map(str::to_owned),
        mode: Mode::Test,
        since,
    };
    let asked = vec![
        of(&facts, Some("A"), start),
        of(&facts, None, start),
        of(&facts, Some("A"), start + Span::secs(1)),
        of(&facts, Some("C"), start),
        of(&other, Some("A"), start),
    ];
    let live = StoryOf {
        mode: Mode::Live,
        ..of(&facts, Some("A"), start)
    };
    let asked: Vec<StoryOf> = asked.into_iter().chain([live]).collect();
    let stories = world.store().stories(asked).await.unwrap();
    let shown: Vec<Vec<(String, bool)>> = stories
        .iter()
        .map(|told| {
            told.iter()
                .map(|told| {
                    assert_eq!(told.message_type, "order.confirmed");
                    let data: serde_json::Value = serde_json::from_str(told.data.open()).unwrap();
                    let id = data["order"]["number"].as_str().unwrap().to_owned();
                    (id, told.on_its_way)
                })
                .collect()
        })
        .collect();
    let told = |ids: &[(&str, bool)]| -> Vec<(String, bool)> {
        ids.iter()
            .map(|(id, sent)| ((*id).to_owned(), *sent))
            .collect()
    };
    assert_eq!(
        shown,
        [
            told(&[("e-1", true), ("e-2", false)]),
            told(&[("e-4", false)]),
            told(&[("e-2", false)]),
            told(&[]),
            told(&[("e-5", false)]),
            told(&[]),
        ]
    );
    assert_eq!(stories[0][1].time, start + Span::secs(1));
}
