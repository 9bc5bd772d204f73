//! A whole web side in a struct: a store in a temporary folder, a clock moved by hand, two
//! keys, and calls that read like calls.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use metrics_exporter_prometheus::PrometheusBuilder;
use model::{
    Category, Channel, Clock, ContactPoint, Customer, Event, EventKey, Facts, Instant, Lane,
    MessageContent, MessageId, Mode, PlannedDelivery, PurposeClass, Rule, Sealed, Span, Spoke,
    Trace, Verdict,
};
use pipeline::render::Brand;
use pipeline::senders::{Kind, Registry, Written};
use pipeline::{Limits, Pipeline};
use ring::rand::SystemRandom;
use serde_json::{Map, Value, json};
use store::{AcceptedEvent, AcceptedResult, NewDelivery, NewMessage, Store};
use tempfile::TempDir;
use tower::ServiceExt;

use crate::{App, WebConfig, create_api_key, router};

pub(super) const START: &str = "2026-02-01T12:00:00Z";

pub(super) struct World {
    pub app: App,
    pub clock: Clock,
    pub live: String,
    pub test: String,
    router: Router,
    _folder: TempDir,
}

impl World {
    pub(super) async fn new() -> Self {
        Self::with(WebConfig::default(), Router::new()).await
    }

    pub(super) async fn with(config: WebConfig, extra: Router) -> Self {
        Self::limited(config, extra, Limits::default()).await
    }

    pub(super) async fn limited(config: WebConfig, extra: Router, limits: Limits) -> Self {
        let folder = TempDir::new().unwrap();
        let now = Instant::parse(START).unwrap();
        let clock = Clock::manual(now);
        let store = Store::open_sqlite(folder.path(), now).unwrap();
        let random = SystemRandom::new();
        let mut keys = Vec::new();
        for mode in [Mode::Live, Mode::Test] {
            let (_, text) = create_api_key(&store, &random, mode.as_str(), mode, now)
                .await
                .unwrap();
            keys.push(text.open().to_owned());
        }
        let brand = Brand {
            name: "Marigold".into(),
            domain: "marigold.example".into(),
            url: "https://messages.marigold.example".into(),
            support: "help@marigold.example".into(),
            sms_sender: "Marigold".into(),
        };
        let catalogue = Arc::new(pipeline::catalogue::Catalogue::load(None).unwrap());
        let limits = match limits.senders.is_empty() {
            true => Limits {
                senders: Arc::new(senders(&brand)),
                ..limits
            },
            false => limits,
        };
        let pipeline = Pipeline::new(store, catalogue, brand, clock.clone(), limits);
        let metrics = PrometheusBuilder::new().build_recorder().handle();
        let app = App::new(pipeline, config, metrics, random);
        let test = keys.pop().unwrap();
        Self {
            router: router(app.clone(), extra),
            app,
            clock,
            live: keys.pop().unwrap(),
            test,
            _folder: folder,
        }
    }

    /// A call with a live key.
    pub(super) async fn live(&self, call: Call) -> Answer {
        self.call(call.bearer(&self.live)).await
    }

    /// A call with a test key.
    pub(super) async fn test(&self, call: Call) -> Answer {
        self.call(call.bearer(&self.test)).await
    }

    pub(super) async fn call(&self, call: Call) -> Answer {
        let response = self.router.clone().oneshot(call.0).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    /// A call whose body is read piece by piece.
    pub(super) async fn open(&self, call: Call) -> axum::response::Response {
        self.router.clone().oneshot(call.0).await.unwrap()
    }

    /// Keeps a customer and returns the facts about them.
    pub(super) async fn customer(&self, id: &str) -> Facts {
        let customer = Customer {
            id: id.into(),
            name: Sealed::new("Inês Machado"),
            locale: "en".into(),
            time_zone: "America/Sao_Paulo".into(),
            country: "BR".into(),
            region: String::new(),
            quiet_hours: None,
            phone: ContactPoint::phone("+12535550129").ok(),
            email: ContactPoint::email(&format!("{id}@customers.example")).ok(),
            consents: vec![],
            preferences: vec![],
            chosen: model::Chosen::default(),
        };
        let store = self.app.store();
        store
            .put_customers(vec![customer], self.clock.now())
            .await
            .unwrap();
        let facts = store.facts(vec![id.to_owned()]).await.unwrap();
        facts.into_iter().flatten().next().unwrap()
    }

    /// Puts a message straight into the store, a second after the one before.
    pub(super) async fn message(
        &self,
        facts: &Facts,
        title: &str,
        category: Category,
    ) -> MessageId {
        self.put_message(facts, content(title, category)).await
    }

    /// The same with any content.
    pub(super) async fn put_message(&self, facts: &Facts, content: MessageContent) -> MessageId {
        let title = content.title.clone();
        self.clock.advance(Span::secs(1));
        let (store, now) = (self.app.store(), self.clock.now());
        let partition = model::Partition::of(&facts.customer.id);
        let id = store.ids().next(partition, now);
        let contact = facts.customer.contact(Channel::Sms).unwrap().clone();
        let delivery = NewDelivery {
            id: store.ids().next(partition, now),
            planned: PlannedDelivery {
                contact,
                lane: Lane::Normal,
                due_at: now,
                expires_at: now + Span::hours(12),
            },
            secret: None,
            lease: None,
            quote: None,
            counts: None,
        };
        let spoke = Spoke {
            rule: Rule::Contact,
            verdict: Verdict::Pass,
            channel: Some(Channel::Sms),
            why: "has_phone".into(),
            with: String::new(),
        };
        let message = NewMessage {
            id,
            recipient: facts.recipient,
            at: now,
            content,
            trace: Trace(vec![spoke]),
            deliveries: vec![delivery],
            collected: vec![],
        };
        let event = AcceptedEvent {
            id: store.ids().next(partition, now),
            accepted_at: now,
            event: event(&title, &facts.customer.id, now),
            result: AcceptedResult::Message {
                facts_version: facts.version,
                message: Box::new(message),
            },
        };
        let committed = store
            .commit_accepted(Lane::Normal, vec![event])
            .await
            .unwrap();
        assert!(matches!(committed[..], [(_, store::Committed::Accepted)]));
        id
    }
}

/// What the brand says, and the number in the samples of the catalogue.
fn senders(brand: &Brand) -> Registry {
    let domain = brand.domain.as_str();
    let written = vec![
        Written::text_sender("brand", &brand.sms_sender),
        Written::of("brand", Kind::MailDomain, domain),
        Written::of("brand", Kind::LinkDomain, domain),
        Written::of("brand", Kind::CallNumber, "+44 20 7946 0123"),
    ];
    Registry::new(written).unwrap()
}

pub(super) fn content(title: &str, category: Category) -> MessageContent {
    MessageContent {
        message_type: "order.confirmed".into(),
        category,
        purpose: PurposeClass::Transactional,
        lane: Lane::Normal,
        locale: "en".into(),
        template_version: 1,
        sender: "Marigold".into(),
        title: title.into(),
        summary: "It is on its way.".into(),
        text: String::new(),
        order: Some("o-1".into()),
        data: Map::from_iter([("order".to_owned(), json!("o-1"))]),
    }
}

fn event(id: &str, subject: &str, time: Instant) -> Event {
    Event {
        key: EventKey {
            source: "/shop".into(),
            id: id.into(),
        },
        event_type: "order.confirmed".into(),
        subject: subject.into(),
        time,
        data: Map::new(),
        mode: Mode::Live,
        as_of: None,
    }
}

/// A request in the making.
pub(super) struct Call(Request<Body>);

impl Call {
    fn new(method: &str, path: &str) -> Self {
        let request = Request::builder().method(method).uri(path);
        Self(request.body(Body::empty()).unwrap())
    }

    pub(super) fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    pub(super) fn post(path: &str) -> Self {
        Self::new("POST", path)
    }

    pub(super) fn put(path: &str) -> Self {
        Self::new("PUT", path)
    }

    pub(super) fn delete(path: &str) -> Self {
        Self::new("DELETE", path)
    }

    pub(super) fn method(method: &str, path: &str) -> Self {
        Self::new(method, path)
    }

    pub(super) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.0.headers_mut().insert(name, value.parse().unwrap());
        self
    }

    pub(super) fn bearer(self, text: &str) -> Self {
        self.header("authorization", &format!("Bearer {text}"))
    }

    pub(super) fn body(mut self, kind: &str, body: impl Into<Body>) -> Self {
        *self.0.body_mut() = body.into();
        self.header("content-type", kind)
    }

    pub(super) fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }
}

/// What came back.
pub(super) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| json!(self.body))
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The last part of a problem's type.
    pub(super) fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json");
        let json = self.json();
        let kind = json["type"].as_str().unwrap();
        assert_eq!(json["status"], self.status.as_u16());
        kind.trim_start_matches("/problems/").to_owned()
    }

    /// The same without the catalogue's words, which are not this crate's to pin.
    pub(super) fn without_words(mut self) -> Self {
        let mut json = self.json();
        for (list, word) in [("/message", "title"), ("/message", "summary")] {
            blank(json.pointer_mut(list), word);
        }
        for spoke in json["trace"].as_array_mut().unwrap() {
            blank(Some(spoke), "sentence");
        }
        self.body = json.to_string();
        self
    }

    /// Status, type and body, for a snapshot.
    pub(super) fn shown(&self) -> String {
        let kind = self.header("content-type");
        let body = match serde_json::from_str::<Value>(&self.body) {
            Ok(json) => serde_json::to_string_pretty(&json).unwrap(),
            Err(_) => self.body.clone(),
        };
        format!("{} {kind}\n{body}", self.status.as_u16())
    }
}

fn blank(object: Option<&mut Value>, word: &str) {
    let text = &mut object.unwrap()[word];
    assert!(!text.as_str().unwrap().is_empty(), "{word} says something");
    *text = json!("…");
}
