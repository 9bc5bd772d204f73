//! The sender registry in public: the signed document, and the page for people.

use std::sync::Arc;

use axum::Router;
use pipeline::Limits;
use pipeline::senders::{Kind, Registry, Written};

use super::world::{Call, World};
use crate::senders::verify;
use crate::state::WebConfig;

async fn world() -> World {
    let of = |kind, value: &str| Written::of("test", kind, value);
    let written = vec![
        of(Kind::SenderName, "Marigold"),
        Written {
            countries: vec!["US".into(), "CA".into()],
            about: "Codes and <orders>.".into(),
            ..of(Kind::ShortCode, "62422")
        },
        Written {
            until: Some("2026-01-31".into()),
            ..of(Kind::ShortCode, "77000")
        },
        Written {
            until: Some("2024-01-31".into()),
            ..of(Kind::ShortCode, "10000")
        },
        Written {
            from: Some("2030-01-01".into()),
            ..of(Kind::Number, "+12025550123")
        },
        of(Kind::MailDomain, "marigold.example"),
        of(Kind::LinkDomain, "marigold.example"),
    ];
    let limits = Limits {
        senders: Arc::new(Registry::new(written).unwrap()),
        ..Limits::default()
    };
    World::limited(WebConfig::default(), Router::new(), limits).await
}

#[tokio::test]
async fn the_list_is_published_and_its_signature_holds() {
    let world = world().await;
    let path = "/.well-known/message-senders";
    let list = world.call(Call::get(&format!("{path}.json"))).await;
    let signature = world.call(Call::get(&format!("{path}.jws"))).await;
    let keys = world.call(Call::get(&format!("{path}-jwks.json"))).await;
    for answer in [&list, &signature, &keys] {
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(answer.header("cache-control"), "public, max-age=300");
    }
    assert_eq!(list.header("content-type"), "application/json");
    assert_eq!(signature.header("content-type"), "application/jose");
    assert_eq!(list.header("message-senders-signature"), signature.body);
    verify(list.body.as_bytes(), &signature.body, &keys.body).unwrap();
    let changed = list.body.replace("62422", "62423");
    assert!(verify(changed.as_bytes(), &signature.body, &keys.body).is_err());
    insta::assert_snapshot!(list.body);

    let etag = list.header("etag").to_owned();
    let again = Call::get(&format!("{path}.json")).header("if-none-match", &etag);
    let again = world.call(again).await;
    assert_eq!(again.status, 304);
    assert_eq!(again.body, "");
    assert_eq!(again.header("etag"), etag);
}

#[tokio::test]
async fn the_same_hour_gives_the_same_bytes() {
    let world = world().await;
    let call = || Call::get("/.well-known/message-senders.json");
    let first = world.call(call()).await.body;
    world.clock.advance(model::Span::minutes(1));
    assert_eq!(world.call(call()).await.body, first);
    world.clock.advance(model::Span::hours(1));
    assert_ne!(world.call(call()).await.body, first);
}

#[tokio::test]
async fn people_are_told_what_is_ours_and_what_is_not() {
    let world = world().await;
    let page = world.call(Call::get("/senders")).await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").starts_with("text/html"));
    for said in [
        "62422",
        "Canada and United States",
        "Codes and &#60;orders&#62;.",
        "Ended 31 January 2026",
        "From 1 January 2030",
        "We never ask you for a password",
        "lead to marigold.example only",
    ] {
        assert!(page.body.contains(said), "{said}: {}", page.body);
    }
    assert!(!page.body.contains("10000"), "it ended too long ago");
    assert!(!page.body.contains("id=\"answer\""), "nothing was asked");
    for (asked, said) in [
        ("62422", "Yes, this is ours"),
        ("+1%20202%20555%200123", "It is not ours yet"),
        ("77000", "It was ours until 31 January 2026"),
        ("99999", "Not ours, be careful"),
        ("https://marigold.example/orders", "Yes, this is ours"),
        (
            "https://marigold.example.evil.example",
            "Not ours, be careful",
        ),
        ("Marigold", "Names can be forged"),
        (
            "help@marigold.example",
            "The address a mail shows can be forged",
        ),
        ("%3Cscript%3Ealert(1)%3C/script%3E", "Not ours, be careful"),
    ] {
        let page = world
            .call(Call::get(&format!("/senders?sender={asked}")))
            .await;
        assert!(page.body.contains(said), "{asked}: {}", page.body);
        assert!(!page.body.contains("<script>alert"), "{asked}");
    }
    for (asked, subject) in [
        (
            "https://marigold.example%5C@evil.example",
            r"marigold.example\@evil.example",
        ),
        (
            "https://evil.example%5C.marigold.example",
            r"evil.example\.marigold.example",
        ),
        ("@", "@"),
        ("me@", "me@"),
        ("http://", "http://"),
        ("marigold%E2%80%8B.example", "marigold.example"),
    ] {
        let path = format!("/senders?sender={asked}");
        let page = world.call(Call::get(&path)).await.body;
        let said = format!("<b class=\"what\"><bdi>{subject}</bdi></b> is not ");
        assert!(page.contains(&said), "{asked}: {page}");
    }
    for asked in ["marigold", "MARIGOLD", "tel:%2B12025550123", "sms:62422"] {
        let path = format!("/senders?sender={asked}");
        let page = world.call(Call::get(&path)).await.body;
        assert!(!page.contains("Not ours"), "{asked}: {page}");
    }
    // Phones put marks around numbers that they copy.
    let around = world
        .call(Call::get("/senders?sender=%E2%80%AA62422%E2%80%AC"))
        .await;
    assert!(around.body.contains("Yes, this is ours"), "{}", around.body);
    let long = format!("/senders?sender={}", "a".repeat(501));
    let long = world.call(Call::get(&long)).await;
    assert!(long.body.contains("That is too long"), "{}", long.body);
    let empty = world.call(Call::get("/senders?sender=%20")).await;
    assert!(!empty.body.contains("id=\"answer\""));
}

#[tokio::test]
async fn no_character_turns_the_answer_around() {
    let world = world().await;
    let asked = "/senders?sender=%E2%80%AEelpmaxe.dlogiram";
    let page = world.call(Call::get(asked)).await.body;
    assert!(page.contains("Not ours, be careful"), "{page}");
    assert!(page.contains("It has hidden characters"), "{page}");
    assert!(page.contains("<bdi>elpmaxe.dlogiram</bdi>"), "{page}");
    assert!(page.contains("value=\"elpmaxe.dlogiram\""), "{page}");
    assert!(!page.contains('\u{202e}'), "{page}");
}

#[tokio::test]
async fn promises_are_in_the_language_of_the_reader() {
    let world = world().await;
    for (asked, opening) in [
        ("de-AT, en;q=0.5", "lang=\"de\" dir=\"ltr\""),
        ("ar", "lang=\"ar\" dir=\"rtl\""),
        ("sv", "lang=\"en\" dir=\"ltr\""),
    ] {
        let call = Call::get("/senders").header("accept-language", asked);
        let page = world.call(call).await;
        assert!(page.body.contains(opening), "{asked}: {}", page.body);
        assert!(page.header("vary").contains("Accept-Language"));
    }
}
