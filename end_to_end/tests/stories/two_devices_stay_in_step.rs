//! Two devices of one customer: what one does, the other hears of and fetches, and a
//! device that was away misses nothing.

use serde_json::{Value, json};

use crate::world::{Http, World, customer, event, order};

/// What a device knows: it asks only for what changed since.
struct Device {
    http: Http,
    revision: i64,
}

impl Device {
    /// Fetches what changed, as often as there is more.
    async fn catch_up(&mut self) -> Vec<Value> {
        let mut seen = Vec::new();
        loop {
            let path = format!("/v1/customers/ines/changes?limit=2&since={}", self.revision);
            let answer = self.http.get(&path).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            let answer = answer.json();
            seen.extend(answer["messages"].as_array().unwrap().clone());
            self.revision = answer["revision"].as_i64().unwrap();
            if answer["more"] == false {
                return seen;
            }
        }
    }
}

#[tokio::test]
async fn what_one_does_the_other_hears_of() {
    let world = World::start().await;
    world
        .put(&[customer("ines", 71), customer("noah", 72)])
        .await;
    let made = world
        .http
        .post("/v1/customers/ines/tokens", &json!({"scope": "api"}))
        .await;
    assert_eq!(made.status, 201, "{made:?}");
    let token = made.json()["token"].as_str().unwrap().to_owned();
    let mut phone = Device {
        http: world.http.as_holder_of(&token),
        revision: 0,
    };
    let mut desk = Device {
        http: phone.http.clone(),
        revision: 0,
    };
    assert!(phone.catch_up().await.is_empty());
    let mut news = phone.http.news("ines", phone.revision).await;

    for number in 1..=5 {
        let id = format!("e-{number}");
        world
            .post(&event(&id, "order.confirmed", "ines", order(&id)))
            .await;
    }
    let mut seen = Vec::new();
    while seen.len() < 5 {
        assert!(news.revision().await > phone.revision || !seen.is_empty());
        seen.extend(phone.catch_up().await);
    }
    assert_eq!(
        desk.catch_up().await.len(),
        5,
        "the desk was away and gets all, in pages"
    );

    let id = seen[0]["id"].as_str().unwrap();
    let read = desk
        .http
        .post(&format!("/v1/messages/{id}/read"), &json!({}))
        .await;
    assert!((200..300).contains(&read.status), "{read:?}");
    let changed = heard(&mut news, &mut phone).await;
    assert_eq!(
        (&changed["id"], changed["read_at"].is_string()),
        (&json!(id), true)
    );

    assert!((200..300).contains(&desk.http.delete(&format!("/v1/messages/{id}")).await.status));
    assert!(heard(&mut news, &mut phone).await["deleted_at"].is_string());
    let restored = desk
        .http
        .post(&format!("/v1/messages/{id}/restore"), &json!({}))
        .await;
    assert!((200..300).contains(&restored.status), "{restored:?}");
    assert!(heard(&mut news, &mut phone).await["deleted_at"].is_null());

    // The token is for one mailbox and for reading; what is another's looks absent.
    for path in ["/v1/customers/noah/messages", "/v1/customers/noah/changes"] {
        let answer = phone.http.get(path).await;
        assert!([403, 404].contains(&answer.status), "{path}: {answer:?}");
    }
    let sent = phone
        .http
        .post(
            "/v1/events",
            &event("x", "order.confirmed", "ines", order("x")),
        )
        .await;
    assert!([401, 403].contains(&sent.status), "{sent:?}");
    drop(news);
    world.end().await;
}

/// Waits for news and gives the one message that changed.
async fn heard(news: &mut crate::world::News, device: &mut Device) -> Value {
    loop {
        let told = news.revision().await;
        if told > device.revision {
            let mut changed = device.catch_up().await;
            assert_eq!(changed.len(), 1, "{changed:?}");
            return changed.remove(0);
        }
    }
}
