//! The preference centre: the page, its links, the one click, and the API.

use axum::http::StatusCode;
use model::{Category, Channel, ConsentPurpose, Facts, How, Span};
use serde_json::json;
use store::prove;

use super::pages::Browser;
use super::world::{Answer, Call, World};
use crate::{preferences_url, unsubscribe_url};

const FORM: &str = "application/x-www-form-urlencoded";

/// The path of an address of ours.
fn path(world: &World, url: &str) -> String {
    let base = &world.app.config().public_url;
    url.strip_prefix(base.as_str()).unwrap().to_owned()
}

/// The facts as they are now.
async fn now(world: &World, facts: &Facts) -> Facts {
    let found = world.app.store().facts_of(vec![facts.recipient]).await;
    found.unwrap().into_iter().flatten().next().unwrap()
}

/// What the form of the page would send as it stands, with some fields another.
fn filled(answer: &Answer, other: &[(&str, &str)]) -> String {
    let form = answer.body.split("class=\"choices\"").nth(1).unwrap();
    let form = form.split("</form>").next().unwrap();
    let attribute = |tag: &str, name: &str| {
        let value = tag.split(&format!(" {name}=\"")).nth(1)?;
        Some(value.split('"').next().unwrap().to_owned())
    };
    let mut fields = Vec::new();
    for tag in form.split('<').skip(1) {
        let head = tag.split('>').next().unwrap();
        let name = attribute(head, "name");
        match head.split(' ').next().unwrap() {
            "input"
                if !head.contains("checkbox")
                    || head.ends_with("checked")
                    || head.contains(" checked ") =>
            {
                fields.push((name.unwrap(), attribute(head, "value").unwrap()));
            }
            "select" => fields.push((name.unwrap(), String::new())),
            "option" if head.contains(" selected") => {
                let text = tag.split('>').nth(1).unwrap();
                let value = attribute(head, "value").unwrap_or_else(|| text.trim().to_owned());
                fields.last_mut().unwrap().1 = value;
            }
            _ => {}
        }
    }
    for (name, value) in other {
        fields.retain(|(known, _)| known != name);
        if !value.is_empty() {
            fields.push(((*name).to_owned(), (*value).to_owned()));
        }
    }
    let pairs = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", value.replace('/', "%2F")));
    pairs.collect::<Vec<_>>().join("&")
}

async fn post(browser: &Browser<'_>, path: &str, form: String) -> Answer {
    let call = Call::post(path).header("sec-fetch-site", "same-origin");
    browser.send(call.body(FORM, form)).await
}

/// What is said to have changed.
fn said(answer: &Answer) -> Vec<String> {
    let list = answer.body.split("class=\"outcome good\"").nth(1);
    let list = list.unwrap_or_default().split("</section>").next().unwrap();
    let items = list.split("<li>").skip(1);
    items
        .map(|item| item.split("</li>").next().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn saving_says_exactly_what_changed() {
    let world = World::new().await;
    let facts = world.customer("c-42").await;
    let browser = Browser::of(&world, &facts).await;
    let page = browser.get("/preferences?tab=texts").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    assert!(page.body.contains("Always on") && page.body.contains("Delivery"));
    assert!(!page.body.contains("+12535550129"), "addresses are masked");
    // As it stands it changes nothing.
    let same = post(&browser, "/preferences?tab=texts", filled(&page, &[])).await;
    assert_eq!(same.status, StatusCode::OK, "{}", same.body);
    assert!(same.body.contains("Nothing changed"));
    assert_eq!(now(&world, &facts).await, facts);

    let chosen = filled(
        &page,
        &[
            ("allowed", "yes"),
            ("offers", "yes"),
            ("topic.orders.delivery", "off"),
            ("locale", "de"),
            ("time_zone", "Europe/Berlin"),
        ],
    );
    let saved = post(&browser, "/preferences?tab=texts", chosen.clone()).await;
    assert_eq!(
        said(&saved),
        [
            "Texts: on",
            "Offers by text: on",
            "Delivery, by text: off",
            "Language: German",
            "Time zone: Europe/Berlin",
        ]
    );
    let after = now(&world, &facts).await;
    let at = world.clock.now();
    for purpose in ConsentPurpose::ALL {
        let consent = after.customer.consent(Channel::Sms, *purpose, at).unwrap();
        assert_eq!(
            (consent.how, consent.source.as_str()),
            (How::Page, "preference page")
        );
        assert_eq!(consent.contact.open(), "+12535550129");
    }
    let ledger = world
        .app
        .store()
        .consent_ledger(facts.recipient)
        .await
        .unwrap();
    let records = prove(&ledger).unwrap();
    assert_eq!(records[1].line.said.wording, "preferences/1");

    // The page that was open before all this does not undo what it did not touch.
    let stale = filled(&page, &[("topic.orders.updates", "off")]);
    let saved = post(&browser, "/preferences?tab=texts", stale).await;
    assert_eq!(said(&saved), ["Order updates, by text: off"]);
    let page = browser.get("/preferences?tab=texts").await;
    let off = filled(&page, &[("allowed", "")]);
    let saved = post(&browser, "/preferences?tab=texts", off).await;
    assert_eq!(said(&saved), ["Texts: off", "Offers by text: off"]);
}

#[tokio::test]
async fn one_button_stops_offers_and_a_category_has_one_too() {
    let world = World::new().await;
    let facts = world.customer("c-42").await;
    let browser = Browser::of(&world, &facts).await;
    let page = browser.get("/preferences?tab=email").await;
    let offers = filled(&page, &[("offers", "yes"), ("do", "save")]);
    let saved = post(&browser, "/preferences?tab=email", offers).await;
    assert_eq!(said(&saved), ["Offers by e-mail: on"]);
    let stopped = post(&browser, "/preferences?tab=email", "do=stop_offers".into()).await;
    let changed = said(&stopped);
    assert_eq!(changed[0], "Offers by e-mail: off");
    assert!(
        changed.contains(&"Deals and coupons, by text: off".to_owned()),
        "{changed:?}"
    );
    let page = browser.get("/preferences?tab=email").await;
    let orders = filled(&page, &[("do", "off.orders")]);
    let none = post(&browser, "/preferences?tab=email", orders).await;
    assert_eq!(said(&none).len(), 4, "{:?}", said(&none));
    let page = browser.get("/preferences?tab=email").await;
    assert!(page.body.contains("value=\"on.orders\""));
}

#[tokio::test]
async fn what_is_not_our_form_is_refused_kindly_and_changes_nothing() {
    let world = World::new().await;
    let facts = world.customer("c-42").await;
    let browser = Browser::of(&world, &facts).await;
    for (form, status) in [
        ("colour=red", 400),
        ("do=delete", 400),
        ("topic.orders.delivery=off", 400),
        (
            "topic.account.security=urgent&was.account.security=each",
            422,
        ),
        (
            "quiet=yes&quiet_from=22:00&quiet_to=22:00&was_quiet=off",
            422,
        ),
        ("quiet=yes&was_quiet=off", 400),
        ("topic.orders.gossip=off&was.orders.gossip=each", 422),
        ("locale=%3F%3F&was_locale=en", 422),
    ] {
        let answer = post(&browser, "/preferences?tab=texts", form.into()).await;
        assert_eq!(answer.status.as_u16(), status, "{form}");
        assert!(answer.body.contains("othing was changed"), "{form}");
    }
    let foreign = Call::post("/preferences").header("sec-fetch-site", "cross-site");
    let foreign = browser.send(foreign.body(FORM, "do=stop_offers")).await;
    assert_eq!(foreign.status, StatusCode::FORBIDDEN);
    let large = post(
        &browser,
        "/preferences",
        "a=".to_owned() + &"x".repeat(70_000),
    )
    .await;
    assert!(large.status.is_client_error());
    assert_eq!(now(&world, &facts).await, facts);
}

#[tokio::test]
async fn strangers_are_asked_to_sign_in_and_old_names_lead_here() {
    let world = World::new().await;
    let answer = world.call(Call::get("/preferences?tab=email")).await;
    assert_eq!(
        answer.header("location"),
        "/sign-in?next=%2Fpreferences%3Ftab%3Demail"
    );
    for (name, to) in [
        ("/notification-preferences", "/preferences"),
        ("/communication-preferences", "/preferences"),
        ("/email-preferences", "/preferences?tab=email"),
    ] {
        assert_eq!(world.call(Call::get(name)).await.header("location"), to);
    }
}

#[tokio::test]
async fn a_link_reaches_ones_own_choices_and_nothing_else() {
    let world = World::new().await;
    let facts = world.customer("c-42").await;
    let other = world.customer("c-43").await;
    let link = path(&world, &preferences_url(&world.app, facts.recipient));
    assert!(!link.contains("c-42"));
    let page = world.call(Call::get(&format!("{link}?tab=email"))).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    assert_eq!(page.header("set-cookie"), "");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert!(!page.body.contains("c-42@customers.example") && !page.body.contains("Inês"));
    let form = filled(&page, &[("topic.orders.feedback", "off")]);
    let call = Call::post(&format!("{link}?tab=email")).header("sec-fetch-site", "same-origin");
    let saved = world.call(call.body(FORM, form)).await;
    assert_eq!(said(&saved), ["Asking for your opinion, by e-mail: off"]);
    assert_eq!(saved.header("set-cookie"), "");
    assert_eq!(now(&world, &other).await, other);

    // A mailbox proves nothing about a phone: a link starts no texts.
    let page = world.call(Call::get(&link)).await;
    assert!(!page.body.contains("name=\"offers\"") && page.body.contains("To allow more"));
    for form in ["allowed=yes&was_allowed=no", "offers=yes&was_offers=no"] {
        let call = Call::post(&format!("{link}?tab=texts")).body(FORM, form);
        let refused = world.call(call).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert!(now(&world, &facts).await.customer.consents.is_empty());

    // It signs nobody in.
    let token = link.strip_prefix("/preferences/").unwrap();
    let messages = world
        .call(Call::get("/v1/customers/c-42/messages").bearer(token))
        .await;
    assert_eq!(messages.problem(), "unauthorized");
    let sign_in = world
        .call(Call::get(&format!("/sign-in?token={token}")))
        .await;
    assert_eq!(sign_in.status, StatusCode::UNAUTHORIZED);

    let others = preferences_url(&world.app, other.recipient);
    let (mut mine, theirs) = (token.split('.'), path(&world, &others));
    let mixed = format!(
        "{}.{}",
        theirs.split('.').next().unwrap(),
        mine.next_back().unwrap()
    );
    let stop = unsubscribe_url(&world.app, facts.recipient, Category::Promotions, "deals");
    let stop = path(&world, &stop).replace("/unsubscribe/", "/preferences/");
    for bad in [
        link[..link.len() - 1].to_owned(),
        format!("{link}A"),
        mixed,
        stop,
        "/preferences/tpl_".into(),
    ] {
        let answer = world.call(Call::get(&bad)).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{bad}");
        assert!(answer.body.contains("/sign-in"), "{bad}");
        let call = Call::post(&bad).body(FORM, "do=stop_offers");
        assert_eq!(world.call(call).await.status, StatusCode::NOT_FOUND);
    }
    world.clock.advance(Span::days(60));
    let late = world.call(Call::get(&link)).await;
    assert_eq!(late.status, StatusCode::GONE);
    assert!(late.body.contains("too old") && late.body.contains("/sign-in"));
}

#[tokio::test]
async fn one_click_ends_mails_and_opening_the_link_does_not() {
    let world = World::new().await;
    let facts = world.customer("c-42").await;
    let key = &world.live;
    let offers =
        json!({"channels": [{"channel": "email", "offers": true}], "wording": "by phone 3"});
    let put = Call::put("/v1/customers/c-42/preferences").json(&offers);
    assert_eq!(world.call(put.bearer(key)).await.status, StatusCode::OK);
    let before = now(&world, &facts).await;
    let url = unsubscribe_url(&world.app, facts.recipient, Category::Promotions, "deals");
    let link = path(&world, &url);
    let shown = world
        .call(Call::get(&link).header("accept", "text/html"))
        .await;
    assert_eq!(shown.status, StatusCode::OK);
    assert!(shown.body.contains("value=\"One-Click\"") && shown.body.contains("Deals and coupons"));
    assert_eq!(now(&world, &facts).await, before);

    let click = |body: &'static str| {
        // From anywhere, without a cookie.
        let call = Call::post(&link).header("origin", "https://mail.example");
        call.header("sec-fetch-site", "cross-site").body(FORM, body)
    };
    assert_eq!(
        world.call(click("List-Unsubscribe=No")).await.status,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(now(&world, &facts).await, before);
    for _ in 0..2 {
        let done = world.call(click("List-Unsubscribe=One-Click")).await;
        assert_eq!(done.status, StatusCode::OK, "{}", done.body);
        assert_eq!(
            (done.header("set-cookie"), done.header("location")),
            ("", "")
        );
    }
    let after = now(&world, &facts).await;
    let at = world.clock.now();
    let wish = after
        .customer
        .preference(Category::Promotions, "deals", Channel::Email);
    assert!(!wish.unwrap().on);
    assert!(
        after
            .customer
            .consent(Channel::Email, ConsentPurpose::Marketing, at)
            .is_none()
    );
    let ledger = world
        .app
        .store()
        .consent_ledger(facts.recipient)
        .await
        .unwrap();
    let records = prove(&ledger).unwrap();
    assert_eq!(records.len(), 2, "the second click says nothing new");
    assert_eq!(records[1].line.said.how, How::Unsubscribe);

    for bad in [
        link[..link.len() - 2].to_owned(),
        link.replace("tpl_", "tct_"),
        path(&world, &preferences_url(&world.app, facts.recipient))
            .replace("/preferences/", "/unsubscribe/"),
    ] {
        let call = Call::post(&bad).body(FORM, "List-Unsubscribe=One-Click");
        assert_eq!(
            world.call(call).await.status,
            StatusCode::NOT_FOUND,
            "{bad}"
        );
    }
    let large = "x".repeat(10_000);
    let large = world.call(Call::post(&link).body(FORM, large)).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
    world.clock.advance(Span::days(366));
    assert_eq!(
        world.call(click("List-Unsubscribe=One-Click")).await.status,
        StatusCode::GONE
    );
}

#[tokio::test]
async fn a_stop_on_the_page_is_a_stop_in_the_decision() {
    let world = World::new().await;
    let facts = world.customer("c-42").await;
    let terms = || {
        let catalogue = world.app.pipeline().catalogue();
        let entry = catalogue.get("order.confirmed").unwrap();
        entry.terms()
    };
    let takes_mail = |facts: &Facts| {
        let at = world.clock.now();
        let terms = terms();
        let regions = pipeline::regions::Regions::shipped();
        let case = pipeline::decide::Case {
            event_time: at,
            at,
            now: at,
            facts,
            terms: &terms,
            standing: pipeline::decide::sequence::Standing::Newest,
            mode: model::Mode::Live,
            team: &[],
            spent: &[],
            no_sender: &[],
            regions: &regions,
            attention: None,
            taken: &[],
        };
        !pipeline::decide::decide(&case).deliveries.is_empty()
    };
    assert!(takes_mail(&facts));
    let browser = Browser::of(&world, &facts).await;
    let page = browser.get("/preferences?tab=email").await;
    let off = filled(&page, &[("topic.orders.updates", "off")]);
    post(&browser, "/preferences?tab=email", off).await;
    assert!(!takes_mail(&now(&world, &facts).await));
}

#[tokio::test]
async fn the_api_says_and_takes_the_same() {
    let world = World::new().await;
    world.customer("c-42").await;
    world.customer("c-43").await;
    let url = "/v1/customers/c-42/preferences";
    let got = world.live(Call::get(url)).await.json();
    assert_eq!(
        got["channels"][0],
        json!({"channel": "sms", "has_address": true,
        "suppressed": false, "allowed": false, "offers": false})
    );
    assert_eq!(got["changed"], json!(null));
    let topics = got["topics"].as_array().unwrap();
    assert!(
        topics.contains(&json!({"category": "account", "topic": "security",
        "channel": "sms", "on": true, "frequency": "each", "always_on": true}))
    );

    let body = json!({"channels": [{"channel": "sms", "allowed": true}], "wording": "by phone 3",
        "topics": [{"category": "orders", "topic": "delivery", "channel": "email", "on": true, "frequency": "urgent"}],
        "locale": "fr"});
    let put = world.live(Call::put(url).json(&body)).await;
    assert_eq!(
        put.json()["changed"],
        json!([
            {"what": "channel", "channel": "sms", "on": true},
            {"what": "topic", "channel": "email", "category": "orders", "topic": "delivery", "on": true, "value": "urgent"},
            {"what": "locale", "value": "fr"},
        ]),
        "{}",
        put.body
    );
    let proof = world
        .live(Call::get("/v1/customers/c-42/consent"))
        .await
        .json();
    let line = proof["ledger"][0]["text"].as_str().unwrap();
    assert!(
        line.contains("\"agent\"") && line.contains("\"by\":\"live\""),
        "{line}"
    );

    let bad = json!({"topics": [{"category": "account", "topic": "security", "channel": "sms", "on": true, "frequency": "urgent"}]});
    let refused = world.live(Call::put(url).json(&bad)).await;
    assert_eq!(refused.problem(), "invalid");
    assert_eq!(refused.json()["faults"][0]["pointer"], "/topics/0/on");
    let unknown = world
        .live(Call::put(url).json(&json!({"colour": "red"})))
        .await;
    assert_eq!(unknown.problem(), "bad-json");

    let scope = json!({"scope": "api"});
    let token = world
        .live(Call::post("/v1/customers/c-42/tokens").json(&scope))
        .await;
    let token = token.json()["token"].as_str().unwrap().to_owned();
    let own = world
        .call(Call::put(url).json(&json!({"locale": "en"})).bearer(&token))
        .await;
    assert_eq!(own.status, StatusCode::OK, "{}", own.body);
    let other = Call::put("/v1/customers/c-43/preferences").json(&json!({}));
    assert_eq!(
        world.call(other.bearer(&token)).await.problem(),
        "forbidden"
    );
}

#[tokio::test]
async fn quiet_hours_are_chosen_on_the_page_and_said_by_the_api() {
    let world = World::new().await;
    let facts = world.customer("c-42").await;
    let browser = Browser::of(&world, &facts).await;
    let page = browser.get("/preferences?tab=texts").await;
    let night = [
        ("quiet", "yes"),
        ("quiet_from", "21:30"),
        ("quiet_to", "07:00"),
    ];
    let saved = post(&browser, "/preferences?tab=texts", filled(&page, &night)).await;
    assert_eq!(said(&saved), ["Quiet hours: 21:30 to 07:00"]);
    assert!(saved.body.contains("value=\"21:30\""));
    let url = "/v1/customers/c-42/preferences";
    let got = world.live(Call::get(url)).await.json();
    assert_eq!(got["quiet_hours"], json!({"from": "21:30", "to": "07:00"}));
    // A profile that says otherwise does not take back what they chose.
    let profile = world.live(Call::get("/v1/customers/c-42")).await.json();
    let mut profile = profile.clone();
    profile["quiet_hours"] = json!({"from": "01:00", "to": "02:00"});
    let fields = profile.as_object_mut().unwrap();
    fields.retain(|name, _| {
        [
            "name",
            "locale",
            "time_zone",
            "phone",
            "email",
            "quiet_hours",
        ]
        .contains(&name.as_str())
    });
    let put = world
        .live(Call::put("/v1/customers/c-42").json(&profile))
        .await;
    assert!(put.status.is_success(), "{}", put.body);
    assert_eq!(put.json()["quiet_hours"]["from"], "21:30", "{}", put.body);
    let ended = world
        .live(Call::put(url).json(&json!({"quiet_hours": null})))
        .await;
    assert_eq!(
        ended.json()["changed"],
        json!([{"what": "quiet_hours", "on": false}]),
        "{}",
        ended.body
    );
}

#[tokio::test]
async fn what_protects_has_no_switch_but_a_way() {
    let world = World::new().await;
    let facts = world.customer("c-42").await;
    let browser = Browser::of(&world, &facts).await;
    // Texts are not allowed, so mail is the only way and stands as it is.
    let mail = browser.get("/preferences?tab=email").await;
    assert!(!mail.body.contains("name=\"topic.account.security\""));
    let page = browser.get("/preferences?tab=texts").await;
    let other_way = filled(&page, &[("topic.account.security", "off")]);
    let saved = post(&browser, "/preferences?tab=texts", other_way).await;
    let words = "Security and codes: by e-mail, and by text only what has no other way";
    assert_eq!(said(&saved), [words]);
    let url = "/v1/customers/c-42/preferences";
    let off = json!({"topics": [{"category": "account", "topic": "security", "channel": "email", "on": false}]});
    let refused = world.live(Call::put(url).json(&off)).await;
    assert_eq!(refused.json()["faults"][0]["pointer"], "/topics/0/on");
    let texts = |allowed: bool| json!({"channel": "sms", "allowed": allowed});
    let both = json!({"channels": [texts(true), texts(false)], "wording": "phone script 3"});
    let refused = world.live(Call::put(url).json(&both)).await;
    assert_eq!(refused.json()["faults"][0]["pointer"], "/channels/1");
    let back = json!({"topics": [{"category": "account", "topic": "security", "channel": "sms", "on": true}]});
    let back = world.live(Call::put(url).json(&back)).await.json();
    assert_eq!(back["changed"][0]["what"], "way");
}

#[tokio::test]
async fn a_tab_stands_for_each_channel_that_has_a_carrier() {
    let config = crate::WebConfig {
        channels: vec![Channel::Email],
        ..crate::WebConfig::default()
    };
    let world = World::with(config, axum::Router::new()).await;
    let facts = world.customer("c-42").await;
    let browser = Browser::of(&world, &facts).await;
    let page = browser.get("/preferences?tab=texts").await;
    assert!(page.body.contains("tab=email") && !page.body.contains("tab=texts"));
    assert!(page.body.contains("Send me e-mail") && !page.body.contains("Send me texts"));
}

#[tokio::test]
async fn who_pays_for_texts_is_shown_what_is_free() {
    let world = World::new().await;
    let facts = world.customer("c-42").await;
    let url = "/v1/customers/c-42/preferences";
    let allow = json!({
        "channels": [{"channel": "sms", "allowed": true}],
        "wording": "phone script 3",
    });
    world.live(Call::put(url).json(&allow)).await;
    let browser = Browser::of(&world, &facts).await;
    let page = browser.get("/preferences?tab=texts").await;
    assert!(
        page.body.contains("Do texts cost you money?"),
        "{}",
        page.body
    );
    let saved = post(&browser, "/preferences?tab=texts", "do=mail_instead".into()).await;
    assert_eq!(said(&saved), ["Texts: off"]);
    assert!(!saved.body.contains("Do texts cost you money?"));
}
