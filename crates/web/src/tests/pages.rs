//! The Message Center as a browser without JavaScript uses it: links, forms, redirects.

use axum::http::StatusCode;
use model::{Category, Facts, MessageId, Span};

use super::world::{Answer, Call, World, content};
use crate::session::start_session;

/// A browser that is signed in.
pub(super) struct Browser<'w> {
    pub world: &'w World,
    pub cookie: String,
}

impl<'w> Browser<'w> {
    pub(super) async fn of(world: &'w World, facts: &Facts) -> Self {
        let set = start_session(&world.app, facts.recipient).await.unwrap();
        let pair = set.to_str().unwrap().split(';').next().unwrap();
        let cookie = pair.to_owned();
        Self { world, cookie }
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.send(Call::get(path)).await
    }

    pub(super) async fn send(&self, call: Call) -> Answer {
        let call = call.header("accept", "text/html,*/*;q=0.8");
        self.world.call(call.header("cookie", &self.cookie)).await
    }

    /// Sends a form and follows the redirect.
    async fn submit(&self, path: &str, form: &str) -> Answer {
        let call = Call::post(path)
            .header("sec-fetch-site", "same-origin")
            .body("application/x-www-form-urlencoded", form.to_owned());
        let answer = self.send(call).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let to = answer.header("location").to_owned();
        self.get(&to).await
    }
}

/// The titles of the rows, in order.
fn titles(answer: &Answer) -> Vec<String> {
    let rows = answer.body.split("class=\"row").skip(1);
    rows.filter(|row| row.contains("data-open"))
        .map(|row| {
            let text = row.split("<span lang=\"en\" dir=\"ltr\">").nth(1).unwrap();
            text.split("</span>").next().unwrap().to_owned()
        })
        .collect()
}

/// What the first form with this in its action would send, to where.
fn form(answer: &Answer, action: &str) -> (String, String) {
    let start = answer.body.find(&format!("action=\"{action}")).unwrap();
    let rest = &answer.body[start + 8..];
    let to = rest.split('"').next().unwrap().replace("&#38;", "&");
    let inside = rest.split("</form>").next().unwrap();
    let fields = inside
        .split("type=\"hidden\" name=\"")
        .skip(1)
        .map(|field| {
            let name = field.split('"').next().unwrap();
            let value = field.split("value=\"").nth(1).unwrap();
            format!("{name}={}", value.split('"').next().unwrap())
        });
    (to, fields.collect::<Vec<_>>().join("&"))
}

async fn three(world: &World) -> (Facts, [MessageId; 3]) {
    let facts = world.customer("c-42").await;
    let ids = [
        world
            .message(&facts, "Order confirmed", Category::Orders)
            .await,
        world
            .message(&facts, "A seller wrote", Category::Sellers)
            .await,
        world
            .message(&facts, "Parcel shipped", Category::Orders)
            .await,
    ];
    (facts, ids)
}

#[tokio::test]
async fn the_list_shows_the_newest_first_and_its_filters_combine() {
    let world = World::new().await;
    let (facts, ids) = three(&world).await;
    let browser = Browser::of(&world, &facts).await;
    let all = browser.get("/messages").await;
    assert_eq!(all.status, StatusCode::OK);
    assert_eq!(
        titles(&all),
        ["Parcel shipped", "A seller wrote", "Order confirmed"]
    );
    assert!(
        all.body
            .contains("<title>Messages (3 unread) · Marigold</title>")
    );
    assert!(all.body.contains(">Today<"));
    let orders = browser.get("/messages?category=orders").await;
    assert_eq!(titles(&orders), ["Parcel shipped", "Order confirmed"]);
    let narrow = browser
        .get("/messages?category=orders&q=confirm&unread=1&sender=Marigold")
        .await;
    assert_eq!(titles(&narrow), ["Order confirmed"]);
    browser.get(&format!("/messages/{}", ids[0])).await;
    let read = browser.get("/messages?category=orders&unread=1").await;
    assert_eq!(titles(&read), ["Parcel shipped"]);
    assert!(read.body.contains("<title>Messages (2 unread)"));
    let day = browser.get("/messages?from=2026-02-01&to=2026-02-01").await;
    assert_eq!(titles(&day).len(), 3);
    let later = browser.get("/messages?from=2026-02-02").await;
    assert!(titles(&later).is_empty() && later.body.contains("Nothing found"));
    let wrong = browser.get("/messages?from=2026-02-30").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("That is not a day") && wrong.body.contains("2026-02-30"));
}

#[tokio::test]
async fn older_messages_are_one_link_away() {
    let world = World::new().await;
    let facts = world.customer("c-42").await;
    for number in 0..55 {
        world
            .message(&facts, &format!("Message {number}"), Category::Orders)
            .await;
    }
    let browser = Browser::of(&world, &facts).await;
    let first = browser.get("/messages?category=orders").await;
    assert_eq!(titles(&first).len(), 50);
    let link = first.body.split("id=\"older\" href=\"").nth(1).unwrap();
    let link = link.split('"').next().unwrap().replace("&#38;", "&");
    let second = browser.get(&link).await;
    assert_eq!(
        titles(&second),
        [
            "Message 4",
            "Message 3",
            "Message 2",
            "Message 1",
            "Message 0"
        ]
    );
    assert!(second.body.contains("Back to the newest"));
    assert!(first.body.len() < 100 * 1024, "{} bytes", first.body.len());
}

#[tokio::test]
async fn opening_marks_read_but_a_prefetch_does_not() {
    let world = World::new().await;
    let (facts, ids) = three(&world).await;
    let browser = Browser::of(&world, &facts).await;
    let path = format!("/messages/{}", ids[1]);
    let ahead = Call::get(&path).header("sec-purpose", "prefetch");
    assert!(
        browser.send(ahead).await.body.contains("(3 unread)") || unread(&world, &facts).await == 3
    );
    assert_eq!(unread(&world, &facts).await, 3);
    let page = browser.get(&path).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("A seller wrote</h1>"));
    assert!(page.body.contains("Really from Marigold"));
    assert!(page.body.contains("Where else we sent this") && page.body.contains("···29"));
    assert!(page.body.contains("Why did I get this?"));
    assert!(!page.body.contains("+12535550129"));
    assert_eq!(unread(&world, &facts).await, 2);
    let (to, fields) = form(&page, &format!("/messages/{}/unread", ids[1]));
    let list = browser.submit(&to, &fields).await;
    assert!(list.body.contains("Marked unread."));
    assert_eq!(unread(&world, &facts).await, 3);
}

async fn unread(world: &World, facts: &Facts) -> u32 {
    let counts = world.app.store().unread_counts(facts.recipient).await;
    counts.unwrap().total
}

#[tokio::test]
async fn deleting_warns_for_an_order_and_can_be_taken_back() {
    let world = World::new().await;
    let (facts, ids) = three(&world).await;
    let browser = Browser::of(&world, &facts).await;
    let path = format!("/messages/{}?category=orders", ids[2]);
    let page = browser.get(&path).await;
    assert!(page.body.contains("You may need this message later"));
    let (to, fields) = form(&page, &format!("/messages/{}/delete", ids[2]));
    let list = browser.submit(&to, &fields).await;
    assert_eq!(titles(&list), ["Order confirmed"]);
    assert!(list.body.contains("<h1>Orders</h1>"));
    let (undo, fields) = form(&list, &format!("/messages/{}/restore", ids[2]));
    let deleted = browser.get("/messages/deleted").await;
    assert_eq!(titles(&deleted), ["Parcel shipped"]);
    let back = browser.submit(&undo, &fields).await;
    assert_eq!(titles(&back), ["Parcel shipped", "Order confirmed"]);
    assert!(titles(&browser.get("/messages/deleted").await).is_empty());
}

#[tokio::test]
async fn marking_all_read_can_be_taken_back_without_touching_others() {
    let world = World::new().await;
    let (facts, ids) = three(&world).await;
    let browser = Browser::of(&world, &facts).await;
    browser.get(&format!("/messages/{}", ids[0])).await;
    world.clock.advance(Span::secs(5));
    let list = browser.get("/messages").await;
    let (to, fields) = form(&list, "/messages/read-all");
    let list = browser.submit(&to, &fields).await;
    assert!(list.body.contains("2 messages marked read."));
    assert_eq!(unread(&world, &facts).await, 0);
    let (undo, fields) = form(&list, "/messages/unread-again");
    browser.submit(&undo, &fields).await;
    assert_eq!(unread(&world, &facts).await, 2);
    let read = world.app.store().message(ids[0]).await.unwrap().unwrap();
    assert!(read.message.flags.read_at.is_some());
}

#[tokio::test]
async fn other_customers_messages_are_not_there() {
    let world = World::new().await;
    let (_, ids) = three(&world).await;
    let other = world.customer("c-43").await;
    let browser = Browser::of(&world, &other).await;
    let foreign = browser.get(&format!("/messages/{}", ids[0])).await;
    let missing = browser.get("/messages/msg_0000000000000").await;
    let broken = browser.get("/messages/nonsense").await;
    for answer in [&foreign, &missing, &broken] {
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        assert!(answer.body.contains("There is nothing here"));
    }
    for verb in ["delete", "unread", "restore"] {
        let call = Call::post(&format!("/messages/{}/{verb}", ids[0]));
        let answer = browser
            .send(call.header("sec-fetch-site", "same-origin"))
            .await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{verb}");
    }
    let record = world.app.store().message(ids[0]).await.unwrap().unwrap();
    assert_eq!(record.message.flags, model::Flags::default());
    let list = browser.get("/messages").await;
    assert!(titles(&list).is_empty() && list.body.contains("No messages yet"));
    let notice = browser
        .get(&format!("/messages?done=deleted&id={}", ids[0]))
        .await;
    assert!(!notice.body.contains("data-undo"));
}

#[tokio::test]
async fn what_people_write_is_escaped_everywhere() {
    let world = World::new().await;
    let facts = world.customer("c-42").await;
    let evil = "<script>alert(1)</script>\"'";
    let id = world.message(&facts, evil, Category::Orders).await;
    let browser = Browser::of(&world, &facts).await;
    for path in [
        "/messages".to_owned(),
        format!("/messages/{id}"),
        "/messages?q=%3Cscript%3Ealert(1)&sender=%22%3E%3Cscript%3Ealert(1)".to_owned(),
        "/account".to_owned(),
    ] {
        let page = browser.get(&path).await;
        assert!(!page.body.contains("<script>alert"), "{path}");
        assert!(!page.body.contains(" style="), "{path}");
        assert!(
            page.header("content-security-policy")
                .contains("default-src 'none'")
        );
        assert_eq!(page.header("cache-control"), "private, no-store");
    }
}

#[tokio::test]
async fn a_live_page_asks_for_its_parts_only() {
    let world = World::new().await;
    let (facts, ids) = three(&world).await;
    let browser = Browser::of(&world, &facts).await;
    let path = format!("/messages?fragment=list&reading={}", ids[2]);
    let part = browser.get(&path).await;
    for piece in [
        "id=\"side\"",
        "id=\"list\"",
        "id=\"bar\"",
        "aria-current=\"true\"",
    ] {
        assert!(part.body.contains(piece), "{piece}");
    }
    assert!(!part.body.contains("<script") && !part.body.contains("id=\"read\""));
    assert_eq!(unread(&world, &facts).await, 3);
    let live = world
        .open(Call::get("/live").header("cookie", &browser.cookie))
        .await;
    assert_eq!(live.status(), StatusCode::OK);
    let kind = live.headers().get("content-type").unwrap();
    assert_eq!(kind, "text/event-stream");
}

#[tokio::test]
async fn forms_from_another_site_are_refused_and_assets_keep_for_ever() {
    let world = World::new().await;
    let (facts, ids) = three(&world).await;
    let browser = Browser::of(&world, &facts).await;
    let call = Call::post(&format!("/messages/{}/delete", ids[0]));
    let answer = browser
        .send(call.header("sec-fetch-site", "cross-site"))
        .await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    let page = browser.get("/messages").await;
    let sheet = page
        .body
        .split("rel=\"stylesheet\" href=\"")
        .nth(1)
        .unwrap();
    let sheet = world
        .call(Call::get(sheet.split('"').next().unwrap()))
        .await;
    assert_eq!(sheet.status, StatusCode::OK);
    assert!(sheet.header("cache-control").contains("immutable"));
    let gone = world
        .call(Call::get("/assets/tidings.000000000000.css"))
        .await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    let nowhere = browser.get("/nowhere").await;
    assert_eq!(nowhere.status, StatusCode::NOT_FOUND);
    assert!(nowhere.body.contains("There is nothing here"));
    assert!(
        nowhere
            .header("content-security-policy")
            .contains("default-src")
    );
}

#[tokio::test]
async fn arabic_messages_run_from_right_to_left() {
    let world = World::new().await;
    let facts = world.customer("c-42").await;
    let mut arabic = content("تم تأكيد الطلب", Category::Orders);
    arabic.locale = "ar".into();
    arabic.summary = "في الطريق".into();
    let id = world.put_message(&facts, arabic).await;
    world.message(&facts, "Another one", Category::Orders).await;
    let browser = Browser::of(&world, &facts).await;
    let list = browser.get("/messages").await.body;
    assert!(list.contains("<span lang=\"ar\" dir=\"rtl\">تم تأكيد الطلب"));
    assert!(list.contains("<p lang=\"ar\" dir=\"rtl\">"));
    assert!(list.contains("<p lang=\"en\" dir=\"ltr\">"));
    let read = browser.get(&format!("/messages/{id}")).await.body;
    for part in [
        "<h1 class=\"subject\" id=\"subject\" lang=\"ar\" dir=\"rtl\">",
        "<div class=\"card prose\" lang=\"ar\" dir=\"rtl\">",
        "<span lang=\"ar\" dir=\"rtl\">تم تأكيد الطلب</span><time",
    ] {
        assert!(read.contains(part), "{part}");
    }
}

#[tokio::test]
async fn the_account_says_what_texts_cost() {
    let world = World::new().await;
    let facts = world.customer("c-42").await;
    let browser = Browser::of(&world, &facts).await;
    let account = browser.get("/account").await.body;
    for part in [
        "We charge nothing for texts; your carrier may.",
        "With these choices you get no texts.",
    ] {
        assert!(account.contains(part), "{part}: {account}");
    }
}
