//! The catalogue in the console: what is shown is what is sent, to whom it is shown, and
//! what becomes of odd addresses.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use model::{Category, Role};
use pipeline::catalogue::Catalogue;
use pipeline::render;
use serde_json::json;

use super::{World, demo, page, person};
use crate::tests::world::Call;

async fn open() -> World {
    World::with(demo(), Router::new()).await
}

async fn body(world: &World, path: &str) -> String {
    let answer = world.call(page(path, "")).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
    answer.body
}

/// Text as a template writes it.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '&' | '<' | '>' | '"' | '\'' => escaped.push_str(&format!("&#{};", u32::from(c))),
            c => escaped.push(c),
        }
    }
    escaped
}

#[tokio::test]
async fn the_gallery_shows_every_message_type_in_a_language() {
    let world = open().await;
    let catalogue = world.app.pipeline().catalogue();
    let english = body(&world, "/console/catalogue").await;
    let german = body(&world, "/console/catalogue?locale=de").await;
    for entry in catalogue.types() {
        let link = format!("href=\"/console/catalogue/{}\"", entry.name);
        assert!(english.contains(&link), "{}", entry.name);
        let link = format!("href=\"/console/catalogue/{}?locale=de\"", entry.name);
        assert!(german.contains(&link), "{}", entry.name);
    }
    let sections = english.matches("class=\"gallery\"").count();
    assert_eq!(sections, Category::ALL.len());
    assert!(!english.contains("cannot be rendered"));
    assert!(english.contains("Order MG-48213 is confirmed"));
    assert!(german.contains("<p lang=\"de\" dir=\"ltr\">"));
    let arabic = body(&world, "/console/catalogue?locale=ar").await;
    assert!(arabic.contains("<p lang=\"ar\" dir=\"rtl\">"));
}

#[tokio::test]
async fn words_are_looked_for_in_names_and_texts() {
    let world = open().await;
    let found = body(&world, "/console/catalogue?q=OUT+delivery").await;
    assert!(found.contains("/console/catalogue/shipment.out_for_delivery\""));
    assert!(!found.contains("/console/catalogue/security.code\""));
    assert!(found.contains("value=\"out delivery\""));
    let none = body(&world, "/console/catalogue?q=zebra%3Cb%3E&locale=fr").await;
    assert!(none.contains("None has these words") && none.contains("zebra&#60;b&#62;"));
    assert!(none.contains("href=\"/console/catalogue?locale=fr\""));
}

#[tokio::test]
async fn each_type_has_a_page_in_each_language_with_each_sample() {
    let world = open().await;
    let catalogue = world.app.pipeline().catalogue();
    for entry in catalogue.types() {
        for sample in catalogue.samples(&entry.name) {
            let (name, sample) = (&entry.name, &sample.name);
            let path = format!("/console/catalogue/{name}?locale=ar&sample={sample}");
            let shown = body(&world, &path).await;
            assert!(!shown.contains("cannot be rendered"), "{path}");
            assert!(shown.contains("dir=\"rtl\""), "{path}");
            for locale in entry.locales() {
                assert!(shown.contains(&format!("<td lang=\"{locale}\"")), "{path}");
            }
            assert!(shown.contains(&format!("<option value=\"{sample}\" selected")));
        }
    }
}

/// Sends a sample as an event for a customer like that of the samples, and takes from the
/// store what was made of it.
pub(super) async fn committed(
    world: &World,
    name: &str,
    locale: &str,
) -> (model::MessageContent, bool) {
    let catalogue = world.app.pipeline().catalogue();
    let (person, zone) = catalogue.sample_customer();
    let customer = json!({
        "name": person, "locale": locale, "time_zone": zone, "country": "BR",
        "phone": "+12535550129", "email": "ines@customers.example",
        "consents": [{"channel": "sms", "purpose": "transactional", "given_at": "2026-01-01T00:00:00Z"}],
    });
    let id = format!("c-{name}-{locale}");
    let put = world.live(Call::put(&format!("/v1/customers/{id}")).json(&customer));
    assert!(put.await.status.is_success());
    let event = json!({
        "specversion": "1.0", "id": id, "source": "/shop", "type": name, "subject": id,
        "time": super::super::world::START, "datacontenttype": "application/json",
        "data": catalogue.sample(name).unwrap(),
    });
    let sent = Call::post("/v1/events").body("application/cloudevents+json", event.to_string());
    let sent = world.live(sent).await;
    assert_eq!(sent.status, StatusCode::ACCEPTED, "{}", sent.body);
    let store = world.app.store();
    let facts = store.facts(vec![id]).await.unwrap().remove(0).unwrap();
    let filter = store::MailboxFilter::default();
    let kept = store.mailbox_page(facts.recipient, filter, None, 1).await;
    let mut kept = kept.unwrap().messages;
    assert_eq!(kept.len(), 1, "{name}: {}", sent.body);
    let secret = catalogue.get(name).unwrap().has_secret();
    (kept.remove(0).content, secret)
}

/// What the hand-over does with a message that was committed, and what the page shows.
async fn compare(world: &World, catalogue: &Catalogue, name: &str, locale: &str) {
    let (content, secret) = committed(world, name, locale).await;
    let path = format!("/console/catalogue/{name}?locale={locale}");
    let shown = body(world, &path).await;
    let (lang, dir) = (&content.locale, catalogue.direction(&content.locale));
    let said = format!("<p class=\"said\" lang=\"{lang}\" dir=\"{dir}\">");
    match shown.split_once(&said) {
        Some((_, rest)) if secret => {
            let code = catalogue.sample(name).unwrap()["code"].as_str().unwrap();
            let text = escaped(&content.text.replace("{code}", code));
            assert!(rest.starts_with(&format!("{text}</p>")), "{path}");
        }
        Some((_, rest)) => {
            let text = escaped(&content.text);
            assert!(rest.starts_with(&format!("{text}</p>")), "{path}: {text}");
        }
        None => assert_eq!(content.text, "", "{path}"),
    }
    for part in [&content.title, &content.summary, &content.sender] {
        assert!(shown.contains(&escaped(part)), "{path}: {part}");
    }
    let card = render::card(catalogue, &content).unwrap();
    for paragraph in &card.paragraphs {
        let paragraph = format!(">{}</p>", escaped(paragraph));
        assert!(shown.contains(&paragraph), "{path}: {paragraph}");
    }
    let framed = format!("/console/catalogue/{name}/mail?locale={locale}");
    let framed = world.call(page(&framed, "")).await;
    match render::mail(catalogue, world.app.pipeline().brand(), &content) {
        Ok(mail) => {
            assert_eq!(
                framed.body, mail.html,
                "{path}: what is sent, byte for byte"
            );
            let text = format!("{}</pre>", escaped(&mail.text));
            for part in [escaped(&mail.subject), escaped(&mail.preheader), text] {
                assert!(shown.contains(&part), "{path}: {part}");
            }
        }
        Err(_) => assert_eq!(framed.status, StatusCode::NOT_FOUND, "{path}"),
    }
}

#[tokio::test]
async fn what_is_shown_is_what_is_committed_and_sent() {
    let world = open().await;
    let catalogue = world.app.pipeline().catalogue();
    // What answers a text, and what sums others up, no event from outside causes.
    let from_outside = catalogue
        .types()
        .filter(|entry| !entry.answers && !entry.digest);
    for entry in from_outside {
        for locale in ["en", "pt-BR", "ar"] {
            compare(&world, &catalogue, &entry.name, locale).await;
        }
    }
}

#[tokio::test]
async fn a_mail_is_framed_where_it_can_do_nothing() {
    let world = open().await;
    let path = "/console/catalogue/order.confirmed/mail?locale=fr";
    let framed = world.call(page(path, "")).await;
    assert_eq!(framed.status, StatusCode::OK);
    assert_eq!(framed.header("content-type"), "text/html; charset=utf-8");
    let policy = framed.header("content-security-policy");
    let parts: Vec<&str> = policy.split("; ").collect();
    for part in [
        "sandbox",
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "img-src data:",
        "frame-ancestors 'self'",
    ] {
        assert!(parts.contains(&part), "{part} in {policy}");
    }
    assert!(!policy.contains("script") && !policy.contains("allow-"));
    assert_eq!(framed.header("x-content-type-options"), "nosniff");
    let shown = body(&world, "/console/catalogue/order.confirmed?locale=fr").await;
    let frame = format!("<iframe sandbox src=\"{path}\" title=");
    assert_eq!(shown.matches(&frame).count(), 2, "phone and desk");
}

#[tokio::test]
async fn a_page_says_what_texts_cost_and_what_a_type_is() {
    let world = open().await;
    let shown = body(
        &world,
        "/console/catalogue/shipment.out_for_delivery?locale=ja",
    )
    .await;
    for said in [
        "UCS-2",
        "Not in the small alphabet",
        "Japanese letters.",
        "until midnight where the customer lives",
        "/console/catalogue/shipment.delayed\"",
        "order.items[].title",
        "When the order or one of its goods is",
        "&#34;number&#34;: &#34;MG-",
    ] {
        assert!(shown.contains(said), "{said}");
    }
    let required =
        "<th scope=\"row\" class=\"mono\">order.number</th><td>text</td><td>required</td>";
    assert!(shown.contains(required));
    let declined = body(&world, "/console/catalogue/claim.decided?sample=declined").await;
    assert!(declined.contains("<option value=\"declined\" selected>declined</option>"));
    let code = body(&world, "/console/catalogue/security.code").await;
    assert!(code.contains("It takes no mail") && code.contains("code, kept secret"));
}

#[tokio::test]
async fn a_type_that_is_not_there_and_odd_addresses_are_answered_in_words() {
    let world = open().await;
    for path in [
        "/console/catalogue/order.exploded",
        "/console/catalogue/order.exploded/mail",
        "/console/catalogue/security.code/mail",
        "/console/catalogue/..%2F..%2Fetc",
        "/console/catalogue/%00",
    ] {
        let answer = world.call(page(path, "")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(answer.body.contains("To the overview"), "{path}");
    }
    let long = "x".repeat(4_000);
    let usual = body(&world, "/console/catalogue/order.confirmed").await;
    let usual_mail = body(&world, "/console/catalogue/order.confirmed/mail").await;
    for odd in ["%3Cscript%3E", "..%2F..", "EN-us-x", "%F0%9F%92%A9", &long] {
        let query = format!("?locale={odd}&sample={odd}&q={odd}");
        let path = format!("/console/catalogue/order.confirmed{query}");
        assert!(body(&world, &path).await == usual, "{odd}");
        let gallery = body(&world, &format!("/console/catalogue{query}")).await;
        assert!(!gallery.contains("<script>") && !gallery.contains(&long));
        let mail = format!("/console/catalogue/order.confirmed/mail{query}");
        assert!(body(&world, &mail).await == usual_mail, "{odd}");
    }
    let twice = world.call(page("/console/catalogue?locale=a&locale=b", ""));
    assert_eq!(twice.await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn all_who_work_here_find_it_in_the_menu() {
    let world = World::new().await;
    for (n, role) in Role::ALL.iter().enumerate() {
        let someone = person(&world, &format!("p{n}@marigold.example"), &[*role]).await;
        let menu = world.call(page("/console", &someone.cookie)).await;
        assert!(menu.body.contains("href=\"/console/catalogue\""), "{role}");
        let own = world
            .call(page("/console/catalogue", &someone.cookie))
            .await;
        assert_eq!(own.status, StatusCode::OK, "{role}");
        assert!(
            own.body
                .contains("href=\"/console/catalogue\" aria-current=\"page\"")
        );
    }
}

#[tokio::test]
async fn what_a_folder_changes_is_shown_at_once_and_says_so() {
    let world = open().await;
    let folder = tempfile::TempDir::new().unwrap();
    for (path, text) in [
        (
            "order.confirmed/de.toml",
            "title = \"Danke <i> {{ order.number }}\"\n",
        ),
        (
            "parcel.weighed/type.toml",
            "version = 3\ncategory = \"orders\"\npurpose = \"service\"\nlane = \"bulk\"\n\
             channels = []\nuseful_for = \"90m\"\n",
        ),
        (
            "parcel.weighed/schema.json",
            "{\"type\": \"object\", \"properties\": {\"grams\": {\"type\": \"integer\", \"minimum\": 5, \"maximum\": 900}}}",
        ),
        ("parcel.weighed/sample.json", "{\"grams\": 480}"),
        (
            "parcel.weighed/en.toml",
            "title = \"Weighed\"\nsummary = \"It is light.\"\nbody = \"Hello.\"\n",
        ),
    ] {
        let path = folder.path().join("types").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let catalogue = Catalogue::load(Some(folder.path())).unwrap();
    world.app.pipeline().replace_catalogue(Arc::new(catalogue));
    let shown = body(&world, "/console/catalogue?locale=de").await;
    assert_eq!(shown.matches("changed in your folder").count(), 1);
    assert_eq!(shown.matches("your own</span>").count(), 1);
    assert!(shown.contains("Danke &#60;i&#62; MG-48213"));
    let own = body(&world, "/console/catalogue/parcel.weighed?locale=de").await;
    for said in [
        "There are no words in de: who reads it gets those in en.",
        "It takes no text",
        "It takes no mail",
        "90 minutes",
        "whole number, from 5, at most 900",
        "neither the type nor its data can be sensitive",
    ] {
        assert!(own.contains(said), "{said}");
    }
}
