//! The template desk: what it shows is what is sent, who may do what, and what happens when
//! two write at once.

use axum::Router;
use axum::http::StatusCode;
use model::Role;
use pipeline::render;

use super::catalogue::committed;
use super::exceptions::EXCEPTIONS;
use super::{Person, World, actions, between, demo, form, page, person};
use crate::tests::world::{Answer, Call};

pub(super) const EDIT: &str = "/console/catalogue/order.confirmed/edit";
const HISTORY: &str = "/console/catalogue/order.confirmed/history";
const BACK: &str = "/console/catalogue/order.confirmed/back";
const TITLE: &str = "Got it: {{ order.number | short_number }}";

async fn open() -> World {
    World::with(demo(), Router::new()).await
}

pub(super) async fn send(
    world: &World,
    cookie: &str,
    act: &str,
    fields: &[(&str, &str)],
) -> Answer {
    let mut all = vec![("act", act), ("locale", "en"), ("note", "clearer")];
    all.retain(|(name, _)| !fields.iter().any(|(given, _)| given == name));
    all.extend(fields);
    world.call(form(EDIT, cookie, &all)).await
}

/// Publishes, as somebody in the demo.
async fn publish(world: &World, fields: &[(&str, &str)]) -> String {
    to(&send(world, "", "publish", fields).await)
}

/// What stands in an attribute or a text, as it is read.
fn plain(text: &str) -> String {
    let mut plain = text.to_owned();
    for (code, c) in [
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#38;", "&"),
    ] {
        plain = plain.replace(code, c);
    }
    plain
}

pub(super) fn to(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    answer.header("location").to_owned()
}

#[tokio::test]
async fn what_is_shown_while_writing_is_what_is_sent_byte_for_byte() {
    let world = open().await;
    for (locale, body) in [
        (
            "en",
            "Hello & “welcome”,\n\n<b>{{ order.number }}</b> is here.\n",
        ),
        ("ar", "مرحبًا {{ order.number }}"),
    ] {
        let last = world
            .app
            .pipeline()
            .desk()
            .last_of("order.confirmed")
            .to_string();
        let fields = [
            ("locale", locale),
            ("last", last.as_str()),
            ("text.title", TITLE),
            ("text.body", body),
        ];
        let shown = send(&world, "", "preview", &fields).await;
        assert_eq!(shown.status, StatusCode::OK, "{}", shown.body);
        assert!(
            shown
                .body
                .contains("Every sample can be sent with these words.")
        );
        assert!(
            shown
                .header("content-security-policy")
                .contains("script-src 'self';")
        );
        let mail = plain(between(&shown.body, "srcdoc=\"", "\""));
        let text = plain(between(&shown.body, "<pre class=\"plain\"", "</pre>"));
        to(&send(&world, "", "publish", &fields).await);
        let (content, _) = committed(&world, "order.confirmed", locale).await;
        assert_eq!(content.title, "Got it: MG-48213");
        let (catalogue, brand) = (
            world.app.pipeline().catalogue(),
            world.app.pipeline().brand(),
        );
        let sent = render::mail(&catalogue, brand, &content).unwrap();
        assert_eq!(mail, sent.html);
        assert!(text.ends_with(&sent.text), "{text}");
    }
}

#[tokio::test]
async fn findings_stand_at_their_line_with_their_rule() {
    let world = open().await;
    let body = "Hello,\r\n\r\nplease confirm your password.\r\n{{ order.nummer }}";
    let fields = [("text.body", body), ("text.title", "Confirm your password")];
    let shown = send(&world, "", "preview", &fields).await.body;
    let of_body = between(&shown, "id=\"f-body\">", "</ul>");
    assert!(
        of_body.contains("data-line=\"4\"") && of_body.contains(".nummer"),
        "{of_body}"
    );
    let of_title = between(&shown, "id=\"f-title\">", "</ul>");
    assert!(of_title.contains("asks_data") && of_title.contains("Confirm your password"));
    assert!(
        of_title.contains("/console/catalogue/exceptions?type=order.confirmed&#38;rule=asks_data")
    );
    assert!(shown.contains("The mail is shown again") && !shown.contains("srcdoc"));
    let refused = send(&world, "", "publish", &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("Not published"));
    assert!(
        refused
            .body
            .contains("please confirm your password.\n{{ order.nummer }}")
    );
}

#[tokio::test]
async fn a_draft_is_kept_found_again_and_thrown_away() {
    let world = open().await;
    let saved = send(&world, "", "save", &[("text.title", TITLE), ("sample", "")]).await;
    assert_eq!(to(&saved), format!("{EDIT}?locale=en&done=saved"));
    let shown = world.call(page(EDIT, "")).await.body;
    assert!(shown.contains(TITLE) && shown.contains("name=\"draft\" value=\"1\""));
    assert!(
        shown.contains("<ins>Got</ins>") || shown.contains("<ins>Got it: </ins>"),
        "{shown}"
    );
    let gallery = world
        .call(page("/console/catalogue?q=order.confirmed", ""))
        .await
        .body;
    assert!(gallery.contains("<span class=\"tag\">draft</span>"));
    let one = world
        .call(page("/console/catalogue/order.confirmed", ""))
        .await
        .body;
    assert!(
        one.contains("Drafts:") && !one.contains("Got it"),
        "a draft is not served"
    );
    // Another browser that has not seen it.
    let other = send(
        &world,
        "",
        "save",
        &[("text.title", "Mine"), ("draft", "0")],
    )
    .await;
    assert_eq!(other.status, StatusCode::CONFLICT);
    assert!(
        other.body.contains("somebody else saved a draft")
            && other.body.contains(">\nMine</textarea>")
    );
    assert!(
        other.body.contains("Theirs, and yours")
            && other.body.contains("name=\"draft\" value=\"1\"")
    );
    let gone = send(&world, "", "discard", &[("draft", "0")]).await;
    assert!(to(&gone).ends_with("done=discarded"));
    assert!(world.app.store().drafts().await.unwrap().is_empty());
    // As it serves, there is nothing to keep.
    let none = send(&world, "", "save", &[]).await;
    assert_eq!(none.status, StatusCode::OK);
    assert!(none.body.contains("Nothing differs"));
    let done = actions(&world).await;
    assert!(done.contains(&"template.draft_saved".into()), "{done:?}");
    assert!(done.contains(&"template.draft_discarded".into()));
}

#[tokio::test]
async fn who_comes_second_sees_both_and_keeps_their_words() {
    let world = open().await;
    publish(&world, &[("text.title", TITLE), ("last", "0")]).await;
    let summary = world.app.pipeline().files();
    let summary = summary.wording("order.confirmed", "en").unwrap()["summary"].clone();
    publish(&world, &[("text.summary", "Theirs."), ("last", "1")]).await;
    // Their title is another; the summary they did not touch is as it was when they began.
    let second = [
        ("text.title", "Mine {{ order.number }}"),
        ("text.summary", summary.as_str()),
        ("last", "0"),
    ];
    let stale = send(&world, "", "publish", &second).await;
    assert!(
        stale.body.contains(">\nTheirs.</textarea>"),
        "{}",
        stale.body
    );
    assert_eq!(stale.status, StatusCode::CONFLICT);
    for part in [
        "in between",
        ">\nMine {{ order.number }}</textarea>",
        "Theirs, and yours",
        "name=\"last\" value=\"2\"",
    ] {
        assert!(stale.body.contains(part), "{part}");
    }
    publish(
        &world,
        &[("text.title", "Mine {{ order.number }}"), ("last", "2")],
    )
    .await;
    let note = [("text.title", "x"), ("last", "3"), ("note", "  ")];
    let refused = send(&world, "", "publish", &note).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("write a note first"));
}

#[tokio::test]
async fn the_history_shows_what_changed_and_leads_back() {
    let world = open().await;
    publish(
        &world,
        &[("text.title", TITLE), ("last", "0"), ("note", "A <b> & c")],
    )
    .await;
    publish(&world, &[("text.title", "Second"), ("last", "1")]).await;
    let shown = world.call(page(HISTORY, "")).await.body;
    let (second, first) = shown.split_once("Edition 1").unwrap();
    assert!(
        second.contains("<ins>Second</ins>") && second.contains("version 3"),
        "{second}"
    );
    assert!(first.contains("A &#60;b&#62; &#38; c") && first.contains("<del>"));
    let back = [("to", "1"), ("last", "2"), ("note", "it was better")];
    assert_eq!(
        to(&world.call(form(BACK, "", &back)).await),
        format!("{HISTORY}?done=back")
    );
    let stale = world.call(form(BACK, "", &back)).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    let same = [("to", "1"), ("last", "3"), ("note", "again")];
    assert!(
        world
            .call(form(BACK, "", &same))
            .await
            .body
            .contains("Nothing would change")
    );
    let shipped = [("to", "0"), ("last", "3"), ("note", "as it was")];
    to(&world.call(form(BACK, "", &shipped)).await);
    let shown = world.call(page(HISTORY, "")).await.body;
    assert!(shown.contains("Edition 4") && shown.contains("as in the files again"));
    let desk = world.app.pipeline().desk();
    assert_eq!(
        (
            desk.texts_of("order.confirmed"),
            desk.editions_of("order.confirmed")
        ),
        (None, 4)
    );
    for odd in ["99", "-1", "x", "1' or 1"] {
        let odd = [("to", odd), ("last", "4"), ("note", "odd")];
        assert_eq!(
            world.call(form(BACK, "", &odd)).await.status,
            StatusCode::NOT_FOUND
        );
    }
    let done = actions(&world).await;
    let count = |action: &str| done.iter().filter(|done| *done == action).count();
    assert_eq!(
        (count("template.published"), count("template.rolled_back")),
        (2, 2)
    );
}

#[tokio::test]
async fn who_may_look_sees_and_who_may_edit_writes() {
    let world = World::new().await;
    let mut people: Vec<(Role, Person)> = Vec::new();
    for (n, role) in Role::ALL.iter().enumerate() {
        let someone = person(&world, &format!("d{n}@marigold.example"), &[*role]).await;
        people.push((*role, someone));
    }
    for (role, someone) in &people {
        let edits = matches!(role, Role::Operator | Role::Marketer);
        for path in [EDIT, HISTORY, EXCEPTIONS] {
            let shown = world.call(page(path, &someone.cookie)).await;
            assert_eq!(shown.status, StatusCode::OK, "{role} {path}");
        }
        let shown = world.call(page(EDIT, &someone.cookie)).await.body;
        assert_eq!(shown.contains("value=\"publish\""), edits, "{role}");
        assert_eq!(shown.contains(" readonly"), !edits, "{role}");
        for act in ["preview", "save", "discard", "publish"] {
            let title = format!("By {role}");
            let last = world
                .app
                .pipeline()
                .desk()
                .last_of("order.confirmed")
                .to_string();
            let draft = world
                .app
                .store()
                .draft("order.confirmed".into(), "en".into())
                .await
                .unwrap();
            let draft = draft.map_or(0, |draft| draft.version).to_string();
            let fields = [
                ("text.title", title.as_str()),
                ("last", &last),
                ("draft", &draft),
            ];
            let answer = send(&world, &someone.cookie, act, &fields).await;
            assert_eq!(
                answer.status == StatusCode::FORBIDDEN,
                !edits,
                "{role} {act}"
            );
        }
        let asked = [("type", "order.placed"), ("rule", "bait"), ("reason", "r")];
        let asked = world.call(form(EXCEPTIONS, &someone.cookie, &asked)).await;
        let overrides = matches!(role, Role::Operator | Role::Trust);
        assert_eq!(asked.status == StatusCode::FORBIDDEN, !overrides, "{role}");
    }
    let history = world.call(page(HISTORY, &people[0].1.cookie)).await.body;
    assert!(
        history.contains("Noor Haddad") && history.contains("By marketer")
            || history.contains("marketer")
    );
}

#[tokio::test]
async fn no_other_site_can_do_any_of_it() {
    let world = World::new().await;
    let someone = person(&world, "a@marigold.example", &[Role::Operator]).await;
    for path in [EDIT, BACK, EXCEPTIONS, "/console/catalogue/exceptions/1"] {
        let foreign = Call::post(path)
            .header("sec-fetch-site", "cross-site")
            .header("origin", "https://evil.example")
            .header("cookie", &someone.cookie)
            .body(
                "application/x-www-form-urlencoded",
                "act=publish&locale=en".to_owned(),
            );
        assert_eq!(
            world.call(foreign).await.status,
            StatusCode::FORBIDDEN,
            "{path}"
        );
    }
}

#[tokio::test]
async fn odd_forms_are_answered_in_words() {
    let world = open().await;
    let long = "a".repeat(17_000);
    let nested = "{% if order.url %}".repeat(800);
    for (name, text, save) in [
        ("text.title", "a\0b", StatusCode::UNPROCESSABLE_ENTITY),
        (
            "text.title",
            long.as_str(),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            "text.../../etc/passwd",
            "x",
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        ("text.sms", "x", StatusCode::UNPROCESSABLE_ENTITY),
        ("text.body", nested.as_str(), StatusCode::SEE_OTHER),
        ("text.title", "\u{202e}odd\u{2066}", StatusCode::SEE_OTHER),
        (
            "text.title",
            "</textarea><script>alert(1)</script>",
            StatusCode::OK,
        ),
    ] {
        let shown = send(&world, "", "preview", &[(name, text)]).await;
        assert_eq!(shown.status, StatusCode::OK, "{name}");
        assert!(!shown.body.contains("<script>alert"), "{name}");
        assert!(
            shown.body.contains("class=\"found\"") || text.starts_with("</"),
            "{name}: {text:.20}"
        );
        let published = send(&world, "", "publish", &[(name, text), ("last", "0")]).await;
        let refused = published.status == StatusCode::UNPROCESSABLE_ENTITY;
        assert!(
            refused || text.starts_with("</"),
            "{name}: {}",
            published.status
        );
        let version = world
            .app
            .store()
            .draft("order.confirmed".into(), "en".into())
            .await
            .unwrap();
        let version = version.map_or(0, |draft| draft.version).to_string();
        let saved = send(&world, "", "save", &[(name, text), ("draft", &version)]).await;
        assert_eq!(saved.status, save, "{name}: {text:.20}");
    }
    for locale in ["", "xx", "../en", "en/../../x", "EN", "a\0"] {
        let answer = send(&world, "", "save", &[("locale", locale)]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{locale:?}");
    }
    for path in [
        "/console/catalogue/no.such/edit",
        "/console/catalogue/no.such/history",
        "/console/catalogue/a%00b/history",
        "/console/catalogue/a%00b/edit",
        "/console/catalogue/order.confirmed/edit?locale=..%2Fen",
        "/console/catalogue/..%2F..%2Fx/edit",
    ] {
        assert_eq!(
            world.call(page(path, "")).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    let huge = [("text.body", &*"a".repeat(400_000))];
    let refused = send(&world, "", "save", &huge).await;
    assert!(refused.status.is_client_error(), "{}", refused.status);
}

#[tokio::test]
async fn a_form_that_is_too_long_is_answered_with_a_page() {
    let world = open().await;
    let long = "a".repeat(2_000_000);
    let fields = [("act", "preview"), ("locale", "en"), ("text.title", &long)];
    let call = form(EDIT, "", &fields).header("accept", "text/html");
    let answer = world.call(call).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(answer.body.contains("That is too long"), "{}", answer.body);
}
