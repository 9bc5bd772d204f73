use std::collections::BTreeMap;

use model::{Clock, ExceptionState, Instant, Origin, Partition};
use serde_json::json;
use store::Store;
use tempfile::TempDir;

use super::*;
use crate::Limits;
use crate::render::Short;

struct World {
    pipeline: Pipeline,
    folder: TempDir,
}

const NAME: &str = "order.confirmed";

fn now() -> Instant {
    Instant::parse("2026-02-01T12:00:00Z").unwrap()
}

fn pipeline(store: Store) -> Pipeline {
    let files = Arc::new(Catalogue::load(None).unwrap());
    let brand = files.sample_brand();
    Pipeline::new(store, files, brand, Clock::manual(now()), Limits::default())
}

impl World {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let store = Store::open_sqlite(folder.path(), now()).unwrap();
        Self {
            pipeline: pipeline(store),
            folder,
        }
    }

    /// The title that a sample has, and the version of its words.
    fn title(&self, locale: &str) -> (String, u32) {
        let catalogue = self.pipeline.catalogue();
        let (entry, sample) = (catalogue.get(NAME).unwrap(), &catalogue.samples(NAME)[0]);
        let brand = self.pipeline.brand();
        let made = Short::of_sample(&catalogue, brand, (entry, sample), locale).unwrap();
        (made.content.title, made.content.template_version)
    }

    async fn publish(&self, locale: &str, texts: &[(&str, &str)]) -> Result<Edition, Refused> {
        let last = self.pipeline.desk().last_of(NAME);
        let wish = wish(locale, texts, last);
        self.pipeline.publish(wish, |e| self.line(e)).await
    }

    async fn back(&self, to: u64) -> Result<Edition, Refused> {
        let way = Return {
            message_type: NAME.into(),
            to,
            last: self.pipeline.desk().last_of(NAME),
            note: "back".into(),
            who: None,
        };
        self.pipeline.go_back(way, |e| self.line(e)).await
    }

    fn line(&self, edition: &Edition) -> AuditLine {
        line(self.pipeline.store(), &edition.message_type)
    }
}

fn line(store: &Store, subject: &str) -> AuditLine {
    AuditLine {
        id: store.ids().next(Partition::new(0), now()),
        at: now(),
        who: None,
        origin: Origin::Demo,
        action: "templates.published".into(),
        subject: subject.into(),
        details: json!({}),
    }
}

fn wish(locale: &str, texts: &[(&str, &str)], last: u64) -> Wish {
    let texts = texts.iter().map(|(k, t)| ((*k).into(), (*t).into()));
    Wish {
        message_type: NAME.into(),
        locale: locale.into(),
        texts: texts.collect(),
        last,
        note: " clearer ".into(),
        who: None,
    }
}

#[tokio::test]
async fn words_are_published_serve_at_once_and_are_taken_back() {
    let world = World::new();
    let shipped = world.title("en").0;
    let first = world
        .publish("en", &[("title", "Got {{ order.number }}")])
        .await
        .unwrap();
    assert_eq!((first.number, first.template_version), (1, 2));
    assert_eq!(first.note, "clearer");
    assert_eq!(world.title("en"), ("Got MG-48213".into(), 2));
    world
        .publish("de", &[("title", "Da ist {{ order.number }}")])
        .await
        .unwrap();
    world.publish("en", &[("title", "Third")]).await.unwrap();
    assert_eq!(world.title("en"), ("Third".into(), 4));

    // Back to the first: the German words are as then, too.
    let back = world.back(1).await.unwrap();
    assert_eq!((back.number, back.template_version), (4, 5));
    assert_eq!(world.title("en"), ("Got MG-48213".into(), 5));
    assert_eq!(
        world.title("de"),
        ("Bestellung MG-48213 ist bestätigt".into(), 5)
    );
    let shipped_again = world.back(0).await.unwrap();
    assert_eq!(shipped_again.changes.len(), 1);
    assert_eq!(world.title("en"), (shipped, 6));
    assert!(matches!(world.back(0).await, Err(Refused::Nothing)));
    assert!(matches!(world.back(9).await, Err(Refused::Unknown)));
    // All is written down.
    let lines = world
        .pipeline
        .store()
        .audit(Default::default(), None, 10)
        .await
        .unwrap();
    assert_eq!(lines.len(), 5);

    // Another node, and the next start, say the same.
    let World {
        pipeline: old,
        folder,
    } = world;
    old.store().close().await;
    drop(old);
    let store = Store::open_sqlite(folder.path(), now()).unwrap();
    let world = World {
        pipeline: pipeline(store),
        folder,
    };
    assert_eq!(world.title("en").1, 1);
    assert!(world.pipeline.refresh_desk().await.unwrap());
    assert!(!world.pipeline.refresh_desk().await.unwrap());
    assert_eq!(world.title("en").1, 6);
    // New files keep what lies over them.
    world.pipeline.replace_catalogue(world.pipeline.files());
    assert_eq!(world.title("en").1, 6);
}

#[tokio::test]
async fn what_is_not_right_is_not_published() {
    let world = World::new();
    let long = "a".repeat(17_000);
    for (locale, texts) in [
        ("en", ("title", "{{ order.nummer }}")),
        ("en", ("title", "{{ order.url }}")),
        ("en", ("title", "Confirm your password")),
        ("en", ("body", "Pay at https://bit.ly/x today")),
        ("en", ("sms", "{{ brand.name }}: no text here")),
        ("en", ("../type", "x")),
        ("en", ("title", "a\u{0}b")),
        ("en", ("title", long.as_str())),
        ("ar", ("title", "\u{202e}odd")),
    ] {
        let refused = world.publish(locale, &[texts]).await;
        assert!(
            matches!(&refused, Err(Refused::Faults(f)) if !f.is_empty()),
            "{refused:?}"
        );
    }
    for locale in ["xx", "../en", ""] {
        let refused = world.publish(locale, &[("title", "x")]).await;
        assert!(matches!(refused, Err(Refused::Unknown)), "{locale}");
    }
    let same = world.pipeline.catalogue().wording(NAME, "en").unwrap();
    let same: Vec<(&str, &str)> = same.iter().map(|(k, t)| (k.as_str(), t.as_str())).collect();
    assert!(matches!(
        world.publish("en", &same).await,
        Err(Refused::Nothing)
    ));
    for note in [String::new(), " \n ".into(), "x".repeat(501), "a\0b".into()] {
        let wish = Wish {
            note,
            ..wish("en", &[("title", "x")], 0)
        };
        let refused = world.pipeline.publish(wish, |e| world.line(e)).await;
        assert!(matches!(refused, Err(Refused::Note)));
    }
    assert_eq!(world.title("en").1, 1);
    assert_eq!(world.pipeline.store().desk_revision().await.unwrap(), 0);
}

#[tokio::test]
async fn who_did_not_see_the_last_edition_is_told() {
    let world = World::new();
    world.publish("en", &[("title", "One")]).await.unwrap();
    let stale = wish("en", &[("title", "Two")], 0);
    let refused = world.pipeline.publish(stale, |e| world.line(e)).await;
    assert!(matches!(refused, Err(Refused::Stale)));
    // Another type does not matter.
    let other = Wish {
        message_type: "order.placed".into(),
        ..wish("en", &[("title", "Two")], 0)
    };
    let edition = world
        .pipeline
        .publish(other, |e| world.line(e))
        .await
        .unwrap();
    assert_eq!((edition.number, edition.template_version), (2, 2));
}

#[tokio::test]
async fn an_exception_of_two_lets_words_through_while_it_holds() {
    let world = World::new();
    let bait = [("title", "You’ve won: {{ order.number }}")];
    let Err(Refused::Faults(faults)) = world.publish("en", &bait).await else {
        panic!("the guard looks away");
    };
    let rules: Vec<String> = faults
        .iter()
        .filter_map(|f| Some(f.stopped.as_ref()?.0.to_string()))
        .collect();
    assert!(rules.iter().all(|rule| rule == "bait"), "{faults:?}");
    let (store, people) = (world.pipeline.store().clone(), [1, 2]);
    let [asks, agrees] = people.map(<StaffId as model::Id>::from_i64);
    let exception = GuardException {
        number: 0,
        rule: "bait".into(),
        message_type: NAME.into(),
        template_version: 2,
        reason: "a raffle that is one".into(),
        asked_by: Some(asks),
        asked_at: now(),
        state: ExceptionState::Asked,
        settled_by: None,
        settled_at: None,
    };
    let number = store
        .ask_exception(exception, vec![])
        .await
        .unwrap()
        .unwrap();
    assert!(world.publish("en", &bait).await.is_err(), "one is not two");
    let settle = async |to, who| {
        let settled = store
            .settle_exception(number, to, Some(who), now(), vec![])
            .await;
        settled.unwrap();
    };
    settle(ExceptionState::Agreed, agrees).await;
    let edition = world.publish("en", &bait).await.unwrap();
    assert_eq!(edition.template_version, 2);
    assert_eq!(world.title("en"), ("You’ve won: MG-48213".into(), 2));
    // The next version is checked anew.
    assert!(
        world
            .publish("en", &[("title", "You’ve won again")])
            .await
            .is_err()
    );
    // Taken back: the words of the files serve, and it is said why.
    settle(ExceptionState::Ended, asks).await;
    assert!(world.pipeline.refresh_desk().await.unwrap());
    assert_eq!(world.title("en").0, "Order MG-48213 is confirmed");
    assert!(!world.pipeline.catalogue().desk_faults_of(NAME).is_empty());
    // Which another edition mends.
    world.publish("en", &[("title", "Plain")]).await.unwrap();
    assert_eq!(world.title("en"), ("Plain".into(), 3));
}

#[test]
fn a_way_back_is_a_difference() {
    let words = |all: &[(&str, &str, &str)]| {
        let mut words = Wordings::new();
        for (locale, key, text) in all {
            let of: &mut BTreeMap<_, _> = words.entry((*locale).to_owned()).or_default();
            of.insert((*key).to_owned(), (*text).to_owned());
        }
        words
    };
    let now = words(&[
        ("en", "title", "a"),
        ("en", "body", "b"),
        ("de", "title", "c"),
    ]);
    let then = words(&[
        ("en", "title", "a"),
        ("en", "body", "x"),
        ("fr", "title", "d"),
    ]);
    let found: Vec<(String, String, Option<String>)> = difference(&now, &then)
        .into_iter()
        .map(|w| (w.locale, w.key, w.text))
        .collect();
    let expected = [
        ("de", "title", None),
        ("en", "body", Some("x")),
        ("fr", "title", Some("d")),
    ];
    let expected = expected.map(|(l, k, t)| (l.to_owned(), k.to_owned(), t.map(str::to_owned)));
    assert_eq!(found, expected);
    assert_eq!(difference(&then, &then), []);
}
