//! Profiles in and out, one and many.

use serde_json::json;

use super::world::{Call, World};

#[tokio::test]
async fn a_profile_is_kept_and_read_back() {
    let world = World::new().await;
    let body = json!({
        "name": "Inês Machado", "locale": "pt-BR", "time_zone": "America/Sao_Paulo",
        "country": "BR", "region": "BR-SP",
        "quiet_hours": {"from": "22:00", "to": "07:00"}, "phone": "+55 (11) 91234-5678", "email": "ines@Customers.example",
        "city": "Campinas", "state": "SP",
        "consents": [{"channel": "sms", "purpose": "transactional",
            "given_at": "2026-01-31T09:30:00Z", "source": "checkout"}]
    });
    let path = "/v1/customers/loja%2F42";
    let put = world.test(Call::put(path).json(&body)).await;
    insta::assert_snapshot!(put.shown());
    let got = world.live(Call::get(path)).await;
    assert_eq!(got.json(), put.json());
    assert_eq!(got.header("cache-control"), "no-store");
    let shorter = world
        .test(Call::put(path).json(&json!({"name": "Inês"})))
        .await;
    assert_eq!(shorter.json()["phone"], json!(null));
    let unknown = world.live(Call::get("/v1/customers/nobody")).await;
    insta::assert_snapshot!("unknown_customer", unknown.shown());
}

#[tokio::test]
async fn all_faults_are_listed_at_once() {
    let world = World::new().await;
    let body = json!({"nme": "Ana", "time_zone": "Mars/Olympus", "phone": "12", "country": "br"});
    let put = world.live(Call::put("/v1/customers/c-1").json(&body)).await;
    insta::assert_snapshot!(put.shown());
}

#[tokio::test]
async fn an_import_takes_the_good_lines_and_names_the_others() {
    let world = World::new().await;
    let lines = [
        json!({"id": "c-1", "name": "Ana", "email": "ana@customers.example"}).to_string(),
        "{\"id\": \"c-2\",".to_owned(),
        String::new(),
        json!({"name": "no id"}).to_string(),
        json!({"id": "c-3", "phonr": "+12535550129"}).to_string(),
        format!("\"{}\"", "x".repeat(70_000)),
        json!({"id": "c-4"}).to_string(),
    ];
    let import = Call::put("/v1/customers").body("application/x-ndjson", lines.join("\n"));
    let answer = world.test(import).await;
    insta::assert_snapshot!(answer.shown());
    for (id, status) in [("c-1", 200), ("c-2", 404), ("c-3", 404), ("c-4", 200)] {
        let got = world.live(Call::get(&format!("/v1/customers/{id}"))).await;
        assert_eq!(got.status, status, "{id}");
    }
    let json = Call::put("/v1/customers").json(&json!([]));
    assert_eq!(world.test(json).await.problem(), "unsupported-media-type");
}

#[tokio::test]
async fn an_import_has_a_last_line() {
    let world = World::new().await;
    let lines: String = (0..10_200)
        .map(|n| format!("{{\"id\":\"c-{n}\"}}\n"))
        .collect();
    let import = Call::put("/v1/customers").body("application/x-ndjson", lines);
    let answer = world.test(import).await;
    assert_eq!(answer.problem(), "too-large");
    assert_eq!(answer.json()["answer"]["stored"], 10_000);
}
