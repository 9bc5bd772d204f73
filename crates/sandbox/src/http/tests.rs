use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tower::ServiceExt as _;

use crate::{Sandbox, SandboxConfig};

/// 2026-11-22T11:42:00Z
fn now() -> i64 {
    1_795_347_720_000_000
}

async fn sandbox() -> Sandbox {
    Sandbox::start(SandboxConfig::new(now)).await.unwrap()
}

struct Answer {
    status: StatusCode,
    headers: axum::http::HeaderMap,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn header(&self, name: header::HeaderName) -> &str {
        self.headers[name].to_str().unwrap()
    }
}

async fn call(sandbox: &Sandbox, method: Method, path: &str, kind: &str, body: &str) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::CONTENT_TYPE, kind);
    let request = request.body(Body::from(body.to_owned())).unwrap();
    let response = sandbox.router().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

async fn get(sandbox: &Sandbox, path: &str) -> Answer {
    call(sandbox, Method::GET, path, "", "").await
}

async fn send_json(sandbox: &Sandbox, method: Method, path: &str, body: &Value) -> Answer {
    call(sandbox, method, path, "application/json", &body.to_string()).await
}

async fn form(sandbox: &Sandbox, path: &str, body: &str) -> Answer {
    call(
        sandbox,
        Method::POST,
        path,
        "application/x-www-form-urlencoded",
        body,
    )
    .await
}

async fn send_mail(sandbox: &Sandbox, mail: &str) {
    let mut stream = tokio::net::TcpStream::connect(sandbox.smtp_addr())
        .await
        .unwrap();
    let talk = format!(
        "EHLO me\r\nMAIL FROM:<b@shop.example>\r\nRCPT TO:<ines@example.com>\r\nDATA\r\n{mail}\r\n.\r\nQUIT\r\n"
    );
    stream.write_all(talk.as_bytes()).await.unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).await.unwrap();
    assert!(answers.contains("250 2.0.0 Taken as mail"), "{answers}");
}

const MAIL: &str = "From: Marigold <hello@shop.example>\r\nSubject: <b>Hello</b>\r\nContent-Type: text/html\r\n\r\n<p onclick=x>Hi</p>";

#[tokio::test]
async fn faults_are_set_shown_and_cleared() {
    let sandbox = sandbox().await;
    let path = "/sandbox/api/faults";
    let set = send_json(
        &sandbox,
        Method::PUT,
        path,
        &json!({"texts": {"throttle_every": 3}}),
    )
    .await;
    assert_eq!(
        (set.status, &set.json()["texts"]["throttle_every"]),
        (StatusCode::OK, &json!(3))
    );
    assert_eq!(get(&sandbox, path).await.json(), set.json());
    assert_eq!(sandbox.faults().texts.throttle_every, 3);
    let cleared = call(&sandbox, Method::DELETE, path, "", "").await;
    assert_eq!(cleared.json()["texts"]["throttle_every"], 0);
}

#[tokio::test]
async fn mistakes_are_problem_documents_that_name_the_field() {
    let sandbox = sandbox().await;
    let wrong = send_json(
        &sandbox,
        Method::PUT,
        "/sandbox/api/faults",
        &json!({"texts": {"throtle_every": 3}}),
    )
    .await;
    assert_eq!(
        wrong.header(header::CONTENT_TYPE),
        "application/problem+json"
    );
    assert_eq!(
        wrong.json(),
        json!({
            "type": "about:blank", "title": "The request has a mistake", "status": 422,
            "detail": "there is no such field", "field": "texts.throtle_every", "did_you_mean": "throttle_every",
        })
    );
    let not_json = call(
        &sandbox,
        Method::PUT,
        "/sandbox/api/faults",
        "application/json",
        "{",
    )
    .await;
    assert_eq!(not_json.status, StatusCode::UNPROCESSABLE_ENTITY);
    let form = call(
        &sandbox,
        Method::PUT,
        "/sandbox/api/faults",
        "text/plain",
        "{}",
    )
    .await;
    assert_eq!(form.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let query = get(&sandbox, "/sandbox/api/texts?too=1").await;
    assert_eq!(
        (query.status.as_u16(), query.json()["did_you_mean"].as_str()),
        (422, Some("to"))
    );
    let number = get(&sandbox, "/sandbox/api/mails?wait=31").await;
    assert_eq!(
        (number.status.as_u16(), number.json()["field"].as_str()),
        (422, Some("wait"))
    );
    for (body, field) in [
        (json!({"from": "+15550100", "to": "Marigold"}), "text"),
        (
            json!({"from": "you", "to": "Marigold", "text": "STOP"}),
            "from",
        ),
        (json!({"from": "+15550100", "to": "", "text": "STOP"}), "to"),
        (
            json!({"from": "+15550100", "to": "Marigold", "text": "x".repeat(1601)}),
            "text",
        ),
        (
            json!({"from": "+15550100", "to": "Marigold", "text": 1}),
            "text",
        ),
        (json!({"form": "+15550100"}), "form"),
    ] {
        let answer = send_json(&sandbox, Method::POST, "/sandbox/api/texts/inbound", &body).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["field"].as_str()),
            (422, Some(field))
        );
    }
    assert_eq!(
        get(&sandbox, "/sandbox/api/mails/7").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn mails_are_listed_read_and_cleared() {
    let sandbox = sandbox().await;
    send_mail(&sandbox, MAIL).await;
    let list = get(
        &sandbox,
        "/sandbox/api/mails?to=INES@example.com&after=0&wait=5",
    )
    .await
    .json();
    assert_eq!(
        list["mails"][0],
        json!({
            "id": 1, "at": "2026-11-22T11:42:00Z", "from": "hello@shop.example", "from_name": "Marigold",
            "envelope_from": "b@shop.example", "envelope_to": ["ines@example.com"],
            "subject": "<b>Hello</b>", "size": MAIL.len() + 2,
        })
    );
    assert_eq!(
        get(&sandbox, "/sandbox/api/mails?after=1").await.json(),
        json!({"mails": []})
    );
    let one = get(&sandbox, "/sandbox/api/mails/1").await.json();
    assert_eq!(
        one["html"].as_str().map(str::trim),
        Some("<p onclick=x>Hi</p>")
    );
    assert_eq!(one["headers"][1], json!(["Subject", "<b>Hello</b>"]));
    let raw = get(&sandbox, "/sandbox/api/mails/1/raw").await;
    assert_eq!(
        (raw.header(header::CONTENT_TYPE), raw.body.trim_end()),
        ("message/rfc822", MAIL)
    );
    let cleared = call(&sandbox, Method::DELETE, "/sandbox/api/mails", "", "")
        .await
        .json();
    assert_eq!(cleared, json!({"cleared": 1}));
    let counts = get(&sandbox, "/sandbox/api/counts").await.json();
    assert_eq!(
        (&counts["mails"], &counts["mails_kept"]),
        (&json!(1), &json!(0))
    );
}

#[tokio::test]
async fn a_stranger_s_mail_runs_nothing_on_the_screens() {
    let sandbox = sandbox().await;
    send_mail(&sandbox, MAIL).await;
    let page = get(&sandbox, "/sandbox/mail/1").await;
    assert!(
        page.body.contains("&#60;b&#62;Hello") && !page.body.contains("<b>Hello"),
        "{}",
        page.body
    );
    assert!(
        page.body
            .contains("<iframe class=\"letter\" sandbox src=\"/sandbox/mail/1/html\"")
    );
    assert!(
        page.header(header::CONTENT_SECURITY_POLICY)
            .contains("script-src 'self'")
    );
    let html = get(&sandbox, "/sandbox/mail/1/html").await;
    assert_eq!(
        html.header(header::CONTENT_SECURITY_POLICY),
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
    );
    let raw = get(&sandbox, "/sandbox/mail/1/raw").await;
    assert_eq!(
        raw.header(header::CONTENT_TYPE),
        "text/plain; charset=utf-8"
    );
}

#[tokio::test]
async fn pages_hold_no_inline_style_or_script() {
    let sandbox = sandbox().await;
    send_mail(&sandbox, MAIL).await;
    let text = json!({"from": "+351912000129", "to": "Marigold", "text": "STOP"});
    crate::smsc::send_from_phone(
        &crate::smsc::InboundText {
            from: text["from"].as_str().unwrap().to_owned(),
            to: text["to"].as_str().unwrap().to_owned(),
            text: text["text"].as_str().unwrap().to_owned(),
        },
        sandbox.shared(),
    )
    .unwrap();
    for path in [
        "/sandbox",
        "/sandbox/phone",
        "/sandbox/mail",
        "/sandbox/mail/1",
        "/sandbox/faults",
    ] {
        let page = get(&sandbox, path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(
            !page.body.contains("style=") && !page.body.contains("<style"),
            "{path}"
        );
        assert!(
            !page.body.contains("onclick=") && !page.body.contains("!</"),
            "{path}"
        );
        assert_eq!(page.body.matches("<script").count(), 1, "{path}");
        assert_eq!(page.body.matches("<main").count(), 1, "{path}");
        assert_eq!(page.body.matches("<h1").count(), 1, "{path}");
        assert!(!page.body.contains("class=\"home\""), "{path}");
    }
    // A narrow screen shows the list until a phone is asked for.
    let phones = get(&sandbox, "/sandbox/phone").await.body;
    assert!(!phones.contains("is-open") && phones.contains("<h2>Marigold</h2>"));
    let (_, key) = phones.split_once("href=\"/sandbox/phone/").unwrap();
    let phone = get(&sandbox, &format!("/sandbox/phone/{}", &key[..16])).await;
    assert!(phone.body.contains("is-open") && phone.body.contains("<h1>Marigold</h1>"));
    for path in [
        "/sandbox/mail/2",
        "/sandbox/mail/x/html",
        "/sandbox/phone/1",
    ] {
        assert_eq!(
            get(&sandbox, path).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    let css = get(&sandbox, "/sandbox/sandbox.css").await;
    assert_eq!(css.header(header::CONTENT_TYPE), "text/css; charset=utf-8");
}

#[tokio::test]
async fn both_navigations_begin_with_the_way_back_to_the_host() {
    let config = SandboxConfig {
        home: Some("/?from=\"sandbox\"".to_owned()),
        ..SandboxConfig::new(now)
    };
    let sandbox = Sandbox::start(config).await.unwrap();
    for path in [
        "/sandbox",
        "/sandbox/phone",
        "/sandbox/mail",
        "/sandbox/faults",
        "/sandbox/mail/1",
    ] {
        let page = get(&sandbox, path).await.body;
        let navigations: Vec<&str> = page.split("<nav").skip(1).collect();
        assert_eq!(navigations.len(), 2, "{path}");
        for navigation in navigations {
            let first = navigation.split("<a ").nth(1).unwrap();
            assert!(
                first.starts_with("class=\"home\" href=\"/?from=&#34;sandbox&#34;\""),
                "{path}: {first}"
            );
        }
    }
}

#[tokio::test]
async fn the_fault_form_sets_what_it_says_and_keeps_what_was_when_it_is_wrong() {
    let sandbox = sandbox().await;
    let body = "texts.throttle_every=3&texts.drop_after=&texts.reject_status=69&texts.receipts_off=on&mails.unknown_recipients=a%40b.example%0D%0Ac%40d.example";
    let saved = form(&sandbox, "/sandbox/faults", body).await;
    assert_eq!(
        (saved.status, saved.header(header::LOCATION)),
        (StatusCode::SEE_OTHER, "/sandbox/faults?saved=1")
    );
    let faults = sandbox.faults();
    assert_eq!(
        (faults.texts.throttle_every, faults.texts.receipts_off),
        (3, true)
    );
    assert_eq!(
        faults.mails.unknown_recipients,
        ["a@b.example", "c@d.example"]
    );
    let wrong = form(&sandbox, "/sandbox/faults", "texts.throttle_every=often").await;
    assert_eq!(
        (wrong.status, sandbox.faults()),
        (StatusCode::UNPROCESSABLE_ENTITY, faults)
    );
    assert!(wrong.body.contains("<code>texts.throttle_every</code>"));
    form(&sandbox, "/sandbox/faults/clear", "").await;
    assert_eq!(sandbox.faults(), crate::Faults::default());
}
