//! Cases about what the template desk keeps.

use std::fmt::Write;

use model::{
    AuditLine, Draft, Edition, ExceptionState, GuardException, Id, Span, StaffId, Wording,
};

use super::staff::line;
use super::world::World;
use crate::{AuditFilter, Publication, Published, Saved, Settled, Store};

const NOOR: i64 = 71;
const SOL: i64 = 72;

fn person(number: i64) -> Option<StaffId> {
    Some(StaffId::from_i64(number))
}

fn wording(locale: &str, key: &str, text: Option<&str>) -> Wording {
    Wording {
        locale: locale.into(),
        key: key.into(),
        text: text.map(Into::into),
    }
}

fn edition(world: &World, number: u64, message_type: &str) -> Edition {
    Edition {
        number,
        message_type: message_type.into(),
        template_version: 3_000_000_000,
        changes: vec![
            wording(
                "pt-BR",
                "title",
                Some("Pedido \"{{ order }}\" – é hoje\n\u{1f4e6}"),
            ),
            wording("ar", "sms", None),
        ],
        note: "Shorter; the old one cost two parts".into(),
        who: person(NOOR),
        at: world.clock.now(),
    }
}

fn publication(edition: Edition) -> Publication {
    Publication {
        last: edition.number - 1,
        edition,
        drafts: vec![],
        audit: vec![],
    }
}

fn draft(world: &World, message_type: &str, locale: &str) -> Draft {
    let texts = [("title", "Está \"a caminho\""), ("sms", "")];
    Draft {
        message_type: message_type.into(),
        locale: locale.into(),
        texts: texts.map(|(k, t)| (k.into(), t.into())).into(),
        based_on: 7,
        who: person(SOL),
        at: world.clock.now(),
        version: 0,
    }
}

fn exception(world: &World, rule: &str) -> GuardException {
    GuardException {
        number: 0,
        rule: rule.into(),
        message_type: "security.alert".into(),
        template_version: 4,
        reason: "An alarm may be loud".into(),
        asked_by: person(NOOR),
        asked_at: world.clock.now(),
        state: ExceptionState::Asked,
        settled_by: None,
        settled_at: None,
    }
}

/// Settles, with a line of the audit.
async fn settle(world: &World, number: u64, to: ExceptionState, who: Option<StaffId>) -> Settled {
    let (now, audit) = (world.clock.now(), vec![line(world, who, "guard.settled")]);
    let store = world.store();
    let settled = store.settle_exception(number, to, who, now, audit);
    settled.await.unwrap()
}

async fn lines(world: &World) -> Vec<AuditLine> {
    let store = world.store();
    store.audit(AuditFilter::default(), None, 99).await.unwrap()
}

/// A row in each of the desk's tables, and more than one where they are numbered.
pub(super) async fn fill(world: &World) {
    let (store, now) = (world.store(), world.clock.now());
    for (number, of) in (1..).zip(["order.confirmed", "order.cancelled", "order.confirmed"]) {
        let publication = publication(edition(world, number, of));
        assert_eq!(store.publish(publication).await.unwrap(), Published::Done);
    }
    for locale in ["de", "ar", "ja"] {
        let draft = draft(world, "order.confirmed", locale);
        store.save_draft(draft, now).await.unwrap();
    }
    for rule in ["hurry", "link", "secret"] {
        let asked = store.ask_exception(exception(world, rule), vec![]).await;
        asked.unwrap().unwrap();
    }
    settle(world, 2, ExceptionState::Agreed, person(SOL)).await;
    settle(world, 3, ExceptionState::Ended, None).await;
}

/// All that the API shows of the desk.
pub(super) async fn look(store: &Store) -> String {
    let mut seen = String::new();
    let mut see = |what: &dyn std::fmt::Debug| writeln!(seen, "{what:?}").unwrap();
    see(&store.desk_revision().await.unwrap());
    see(&store.editions(0, 99).await.unwrap());
    see(&store.drafts().await.unwrap());
    see(&store.exceptions(99).await.unwrap());
    see(&store.agreed_exceptions().await.unwrap());
    seen
}

pub(super) async fn editions_follow_each_other_without_gaps(world: &World) {
    let store = world.store();
    assert_eq!(store.desk_revision().await.unwrap(), 0);
    assert_eq!(store.editions(0, 9).await.unwrap(), []);
    let mut all = Vec::new();
    for (number, of) in (1..).zip(["a", "b", "a", "a"]) {
        let edition = edition(world, number, of);
        let published = store.publish(publication(edition.clone())).await;
        assert_eq!(published.unwrap(), Published::Done);
        assert_eq!(store.desk_revision().await.unwrap(), number);
        all.push(edition);
        world.clock.advance(Span::minutes(1));
    }
    assert_eq!(store.editions(0, 9).await.unwrap(), all);
    assert_eq!(store.editions(1, 2).await.unwrap(), all[1..3]);
    assert_eq!(store.editions(4, 9).await.unwrap(), []);
    assert_eq!(store.editions(u64::MAX, usize::MAX).await.unwrap(), []);
    let of = |before, limit| {
        let store = world.store();
        async move { store.editions_of("a".into(), before, limit).await.unwrap() }
    };
    let (first, third, fourth) = (all[0].clone(), all[2].clone(), all[3].clone());
    assert_eq!(of(None, 2).await, [fourth, third]);
    assert_eq!(of(Some(3), 9).await, [first]);

    for (last, number) in [(3, 4), (2, 3), (5, 6), (4, 6), (u64::MAX, 5)] {
        let mut late = publication(edition(world, number, "a"));
        late.last = last;
        late.audit = vec![line(world, None, "words.published")];
        let stale = store.publish(late).await.unwrap();
        assert_eq!(stale, Published::Stale, "{number} over {last}");
    }
    assert_eq!(store.editions(0, 9).await.unwrap(), all);
    assert_eq!(lines(world).await, []);
    assert_eq!(store.desk_revision().await.unwrap(), 4);
}

pub(super) async fn an_edition_takes_its_drafts_and_its_audit_with_it(world: &World) {
    let (store, now) = (world.store(), world.clock.now());
    for (of, locale) in [("a", "de"), ("a", "fr"), ("a", "ja"), ("b", "de")] {
        let draft = draft(world, of, locale);
        assert_eq!(store.save_draft(draft, now).await.unwrap(), Saved::Done);
    }
    let audit = vec![line(world, person(NOOR), "words.published")];
    let publication = Publication {
        drafts: vec!["de".into(), "ja".into(), "es".into()],
        audit: audit.clone(),
        ..publication(edition(world, 1, "a"))
    };
    let published = store.publish(publication.clone()).await.unwrap();
    assert_eq!(published, Published::Done);
    let left = store.drafts().await.unwrap();
    let left: Vec<_> = left
        .iter()
        .map(|draft| (&*draft.message_type, &*draft.locale))
        .collect();
    assert_eq!(left, [("a", "fr"), ("b", "de")]);
    assert_eq!(lines(world).await, audit);

    // A line that stands there already is refused, and all of the edition with it.
    let broken = Publication {
        edition: edition(world, 2, "a"),
        last: 1,
        drafts: vec!["fr".into()],
        ..publication
    };
    store.publish(broken).await.unwrap_err();
    assert_eq!(store.editions(1, 9).await.unwrap(), []);
    assert_eq!(store.desk_revision().await.unwrap(), 1);
    assert_eq!(store.drafts().await.unwrap().len(), 2);
}

pub(super) async fn of_many_publishers_one_is_next(world: &World) {
    let store = world.store();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let (store, publication) = (store.clone(), publication(edition(world, 1, "a")));
        tasks.spawn(async move { store.publish(publication).await.unwrap() });
    }
    let all = tasks.join_all().await;
    let done = all.iter().filter(|p| **p == Published::Done).count();
    assert_eq!(done, 1, "{all:?}");
    assert_eq!(store.editions(0, 99).await.unwrap().len(), 1);
    assert_eq!(store.desk_revision().await.unwrap(), 1);
}

pub(super) async fn a_draft_is_kept_by_whoever_read_it_last(world: &World) {
    let store = world.store();
    let (of, locale) = ("order.confirmed".to_owned(), "pt-BR".to_owned());
    let read = || {
        let (store, of, locale) = (world.store(), of.clone(), locale.clone());
        async move { store.draft(of, locale).await.unwrap() }
    };
    assert_eq!(read().await, None);
    let mut new = draft(world, &of, &locale);
    let save = |draft: &Draft| {
        let (store, draft, now) = (world.store(), draft.clone(), world.clock.now());
        async move { store.save_draft(draft, now).await.unwrap() }
    };
    assert_eq!(save(&new).await, Saved::Done);
    assert_eq!(save(&new).await, Saved::Stale, "there is one by now");
    new.version = 1;
    assert_eq!(read().await, Some(new.clone()));

    world.clock.advance(Span::minutes(1));
    new.texts.insert("body".into(), "x".repeat(65_536));
    new.texts.remove("sms");
    (new.who, new.based_on) = (None, 0);
    assert_eq!(save(&new).await, Saved::Done);
    assert_eq!(save(&new).await, Saved::Stale);
    (new.version, new.at) = (2, world.clock.now());
    assert_eq!(read().await, Some(new.clone()));

    world.clock.advance(Span::minutes(1));
    save(&draft(world, "a", "de")).await;
    let listed = store.drafts().await.unwrap();
    assert_eq!((listed.len(), &listed[1]), (2, &new), "newest first");

    let discard = |version| store.discard_draft(of.clone(), locale.clone(), version);
    assert_eq!(discard(Some(1)).await.unwrap(), Saved::Stale);
    assert_eq!(read().await, Some(new.clone()));
    assert_eq!(discard(Some(2)).await.unwrap(), Saved::Done);
    assert_eq!(read().await, None);
    assert_eq!(discard(Some(2)).await.unwrap(), Saved::Done);
    assert_eq!(save(&new).await, Saved::Stale, "it is gone");
    new.version = 0;
    assert_eq!(save(&new).await, Saved::Done);
    assert_eq!(discard(None).await.unwrap(), Saved::Done);
    assert_eq!(read().await, None);
    assert_eq!(store.desk_revision().await.unwrap(), 0);
}

pub(super) async fn an_exception_takes_two_people(world: &World) {
    let store = world.store();
    let ask = |exception| {
        let (store, audit) = (
            world.store(),
            vec![line(world, person(NOOR), "guard.asked")],
        );
        async move { store.ask_exception(exception, audit).await.unwrap() }
    };
    let mut asked = exception(world, "hurry");
    assert_eq!(ask(asked.clone()).await, Some(1));
    asked.number = 1;
    assert_eq!(store.exceptions(9).await.unwrap(), [asked.clone()]);
    assert_eq!(store.agreed_exceptions().await.unwrap(), []);
    assert_eq!(store.desk_revision().await.unwrap(), 1);
    let agree = ExceptionState::Agreed;
    for alone in [person(NOOR), None] {
        assert_eq!(settle(world, 1, agree, alone).await, Settled::SamePerson);
    }
    let of_nobody = GuardException {
        asked_by: None,
        ..exception(world, "link")
    };
    assert_eq!(ask(of_nobody).await, Some(2));
    let settled = settle(world, 2, agree, person(SOL)).await;
    assert_eq!(settled, Settled::SamePerson, "nobody asked for it");
    assert_eq!(lines(world).await.len(), 2, "of what was asked");
    assert_eq!(store.desk_revision().await.unwrap(), 2);

    world.clock.advance(Span::minutes(1));
    assert_eq!(settle(world, 1, agree, person(SOL)).await, Settled::Done);
    asked.state = agree;
    (asked.settled_by, asked.settled_at) = (person(SOL), Some(world.clock.now()));
    assert_eq!(store.agreed_exceptions().await.unwrap(), [asked.clone()]);
    assert_eq!(store.exceptions(9).await.unwrap()[1], asked);
    assert_eq!(store.exceptions(1).await.unwrap()[0].number, 2);
    assert_eq!(lines(world).await.len(), 3);
    assert_eq!(store.desk_revision().await.unwrap(), 3);
}

pub(super) async fn an_exception_is_settled_once(world: &World) {
    let store = world.store();
    for rule in ["a", "b"] {
        let asked = store.ask_exception(exception(world, rule), vec![]);
        asked.await.unwrap().unwrap();
    }
    use ExceptionState::{Agreed, Asked, Ended};
    let (one, sol, noor) = (Settled::Done, person(SOL), person(NOOR));
    for (number, to, who, wanted) in [
        (3, Ended, sol, Settled::Gone),
        (u64::MAX, Ended, sol, Settled::Gone),
        (1, Asked, sol, Settled::Gone),
        (1, Agreed, sol, one),
        (1, Agreed, sol, Settled::Gone),
        (1, Ended, noor, one),
        (1, Ended, noor, Settled::Gone),
        (1, Agreed, sol, Settled::Gone),
        (2, Ended, None, one),
        (2, Agreed, sol, Settled::Gone),
    ] {
        let settled = settle(world, number, to, who).await;
        assert_eq!(settled, wanted, "{number} {to}");
    }
    let listed = store.exceptions(9).await.unwrap();
    let states: Vec<_> = listed.iter().map(|e| (e.state, e.settled_by)).collect();
    assert_eq!(states, [(Ended, None), (Ended, noor)]);
    assert_eq!(lines(world).await.len(), 3);
    assert_eq!(store.desk_revision().await.unwrap(), 5);
}

pub(super) async fn one_exception_is_open_for_the_same_words(world: &World) {
    let ask = |exception| {
        let (store, audit) = (world.store(), vec![line(world, None, "guard.asked")]);
        async move { store.ask_exception(exception, audit).await.unwrap() }
    };
    let same = exception(world, "hurry");
    let mut later = same.clone();
    later.template_version = 5;
    assert_eq!(ask(same.clone()).await, Some(1));
    assert_eq!(ask(same.clone()).await, None);
    assert_eq!(ask(later).await, Some(2));
    settle(world, 1, ExceptionState::Agreed, person(SOL)).await;
    assert_eq!(ask(same.clone()).await, None);
    assert_eq!(lines(world).await.len(), 3, "two asked, one agreed");
    assert_eq!(world.store().desk_revision().await.unwrap(), 3);
    settle(world, 1, ExceptionState::Ended, None).await;
    assert_eq!(ask(same).await, Some(3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_itself_keeps_what_was_said_and_agreed() {
    let changes = [
        ("UPDATE editions SET note = ''", "editions are never"),
        ("DELETE FROM editions", "editions are never"),
        (
            "UPDATE guard_exceptions SET settled_by = asked_by WHERE number = 2",
            "two_people_agree",
        ),
        (
            "UPDATE guard_exceptions SET asked_by = NULL WHERE number = 2",
            "two_people_agree",
        ),
        (
            "UPDATE guard_exceptions SET state = 2 WHERE number = 1",
            "two_people_agree",
        ),
        (
            "UPDATE guard_exceptions SET rule = 'link' WHERE number = 1",
            "guard_exceptions",
        ),
    ];
    let world = World::sqlite();
    fill(&world).await;
    let folder = world.into_folder().await;
    let connection = rusqlite::Connection::open(folder.path().join("tidings.db")).unwrap();
    for (change, wanted) in changes {
        let error = connection.execute(change, []).unwrap_err().to_string();
        assert!(error.contains(wanted), "{change}: {error}");
    }
    let Some(world) = World::postgres().await else {
        return;
    };
    fill(&world).await;
    let client = super::database::connect(world.url()).await;
    let more = [("TRUNCATE editions", "editions are never")];
    for (change, wanted) in changes.into_iter().chain(more) {
        let error = client.execute(change, &[]).await.unwrap_err();
        let said = error.as_db_error().unwrap().message();
        assert!(said.contains(wanted), "{change}: {said}");
    }
    world.store().close().await;
}
