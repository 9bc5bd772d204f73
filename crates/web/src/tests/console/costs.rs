//! Costs for those who may see them: budgets, sums, other days.

use axum::http::StatusCode;
use model::Role;

use super::{World, page, person};
use crate::tests::costs::{coupon, post, priced, put_customer};

async fn shown(world: &World, cookie: &str, query: &str) -> String {
    let answer = world
        .call(page(&format!("/console/costs?{query}"), cookie))
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    answer.body
}

#[tokio::test]
async fn sums_stand_by_what_was_asked() {
    let world = priced().await;
    put_customer(&world).await;
    for n in 0..4 {
        post(&world, &coupon(&format!("e-{n}"))).await;
    }
    let marketer = person(&world, "m@marigold.example", &[Role::Marketer]).await;
    let test = shown(&world, &marketer.cookie, "mode=test&by=seller").await;
    for part in [
        "promotions",
        "0.02",
        "Spent: these stop",
        "s-1",
        "All in USD",
    ] {
        assert!(test.contains(part), "{part}: {test}");
    }
    let campaign = shown(&world, &marketer.cookie, "mode=test&by=campaign").await;
    assert!(campaign.contains("autumn"));
    let overview = world.call(page("/console", &marketer.cookie)).await.body;
    assert!(overview.contains("No budget is near its end"), "{overview}");
    let live = shown(&world, &marketer.cookie, "").await;
    assert!(live.contains("Nothing was priced in these days"), "{live}");
    for odd in ["from=2026-03-01&to=2026-02-01", "from=1900-01-01"] {
        let odd = shown(&world, &marketer.cookie, &format!("mode=test&{odd}")).await;
        assert!(odd.contains("the last day comes before the first"), "{odd}");
        assert!(!odd.contains("could not be read"), "{odd}");
    }
    for (unread, named) in [
        (
            "by=%3Cb%3E&from=x&to=&mode=9",
            "<strong>From</strong>, <strong>By</strong>, <strong>Traffic</strong> could not",
        ),
        ("from=9999-99-99", "<strong>From</strong> could not"),
        ("from=2026-13-01", "<strong>From</strong> could not"),
        (
            "to=abc&by=nope",
            "<strong>To</strong>, <strong>By</strong> could not",
        ),
    ] {
        let said = shown(&world, &marketer.cookie, unread).await;
        assert!(said.contains(named), "{unread}: {said}");
    }
}

#[tokio::test]
async fn without_prices_the_page_says_what_to_do() {
    let world = World::new().await;
    let auditor = person(&world, "a@marigold.example", &[Role::Auditor]).await;
    let page_of = shown(&world, &auditor.cookie, "").await;
    assert!(page_of.contains("[costs] rate_cards"), "{page_of}");
    let support = person(&world, "s@marigold.example", &[Role::Support]).await;
    let refused = world.call(page("/console/costs", &support.cookie)).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}
