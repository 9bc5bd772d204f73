//! An empty store in a folder of its own, a hand-moved clock, and builders.

use std::path::Path;
use std::sync::{Arc, Mutex};

use model::{
    Attempt, Category, Channel, Clock, ContactPoint, Customer, Event, EventKey, Facts, Instant,
    Lane, MessageContent, Mode, Partition, PlannedDelivery, PurposeClass, Sealed, Span, Spoke,
    Trace,
};
use serde_json::{Map, json};

use super::database;

use crate::postgres::Postgres;
use crate::sqlite::Sqlite;
use crate::{
    AcceptedEvent, AcceptedResult, Backend, ClaimRequest, ClaimedDelivery, Committed, NewDelivery,
    NewMessage, Next, OutcomeRecord, Store,
};

pub(super) struct World {
    store: Mutex<Store>,
    home: Home,
    pub(super) clock: Clock,
}

/// Where the store is.
enum Home {
    Folder(tempfile::TempDir, Opens),
    Database(String),
}

/// How a folder is opened.
type Opens = fn(&Path, Instant) -> Store;

fn plainly(folder: &Path, now: Instant) -> Store {
    Store::open_sqlite(folder, now).unwrap()
}

fn sweeping(folder: &Path, now: Instant) -> Store {
    let opened = Sqlite::open_sweeping(folder, now).unwrap();
    Store {
        backend: Backend::Sqlite(Arc::new(opened)),
    }
}

impl World {
    pub(super) fn sqlite() -> Self {
        Self::in_folder(plainly)
    }

    /// The same, where rows go to their places almost at once.
    pub(super) fn sqlite_sweeping() -> Self {
        Self::in_folder(sweeping)
    }

    fn in_folder(opens: Opens) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = clock();
        Self {
            store: Mutex::new(opens(folder.path(), clock.now())),
            home: Home::Folder(folder, opens),
            clock,
        }
    }

    /// `None` where PostgreSQL is not installed.
    pub(super) async fn postgres() -> Option<Self> {
        let clock = clock();
        let url = database::fresh(true, clock.now()).await?;
        let store = Store::open_postgres(&url, clock.now()).await.unwrap();
        Some(Self {
            store: Mutex::new(store),
            home: Home::Database(url),
            clock,
        })
    }

    /// The same, asked one partition a statement as a distributed one is.
    pub(super) async fn postgres_apart() -> Option<Self> {
        let world = Self::postgres().await?;
        world.store().close().await;
        let apart = Postgres::open_apart(world.url(), world.clock.now()).await;
        *world.store.lock().unwrap() = Store {
            backend: Backend::Postgres(Arc::new(apart.unwrap())),
        };
        Some(world)
    }

    pub(super) fn store(&self) -> Store {
        self.store.lock().unwrap().clone()
    }

    /// The database's URL, of a world that has one.
    pub(super) fn url(&self) -> &str {
        match &self.home {
            Home::Database(url) => url,
            Home::Folder(..) => panic!("an embedded store has no URL"),
        }
    }

    /// Closes an embedded store and gives its folder away.
    pub(super) async fn into_folder(self) -> tempfile::TempDir {
        let Home::Folder(folder, _) = self.home else {
            panic!("a database has no folder")
        };
        let store = self.store.into_inner().unwrap();
        store.close().await;
        folder
    }

    /// Another node on the same database, in a world of its own with the same clock.
    pub(super) async fn beside(&self) -> Self {
        Self::on(self.url().to_owned(), self.clock.clone()).await
    }

    /// A world on a database of any server.
    pub(super) async fn on(url: String, clock: Clock) -> Self {
        let store = Store::open_postgres(&url, clock.now()).await;
        Self {
            store: Mutex::new(store.unwrap()),
            home: Home::Database(url),
            clock,
        }
    }

    /// Closes the store and opens it again, as after a restart.
    pub(super) async fn reopen(&self) {
        self.store().close().await;
        let parked = tempfile::tempdir().unwrap();
        // The folder's lock is held by the old value: it must be gone before the new one.
        let other = Store::open_sqlite(parked.path(), self.clock.now()).unwrap();
        drop(std::mem::replace(&mut *self.store.lock().unwrap(), other));
        let again = match &self.home {
            Home::Folder(folder, opens) => opens(folder.path(), self.clock.now()),
            Home::Database(url) => Store::open_postgres(url, self.clock.now()).await.unwrap(),
        };
        *self.store.lock().unwrap() = again;
    }

    /// Lets the leases of all claims run out, by whatever clock measures them.
    pub(super) async fn outlive_leases(&self) {
        self.clock.advance(Span::minutes(2));
        if let Home::Database(url) = &self.home {
            let client = database::connect(url).await;
            let past = "UPDATE claims SET until = clock_timestamp() - interval '1 second'";
            client.execute(past, &[]).await.unwrap();
            let past = "UPDATE collected SET until = clock_timestamp() - interval '1 second'
                WHERE until > clock_timestamp()";
            client.execute(past, &[]).await.unwrap();
        }
    }

    /// Closes the store and looks whether a text still stands in it: in the file, or, where
    /// the server cleans up by itself later, in any row.
    pub(super) async fn holds(&self, text: &str) -> bool {
        self.store().close().await;
        match &self.home {
            Home::Folder(folder, _) => {
                let file = std::fs::read(folder.path().join("tidings.db")).unwrap();
                let wanted = text.as_bytes();
                file.windows(wanted.len()).any(|window| window == wanted)
            }
            Home::Database(url) => {
                let client = database::connect(url).await;
                let look = "SELECT count(*) FROM deliveries AS d, messages AS m
                    WHERE strpos(d::text, $1) > 0 OR strpos(m::text, $1) > 0";
                let found = client.query_one(look, &[&text]).await.unwrap();
                found.get::<_, i64>(0) > 0
            }
        }
    }

    /// How many rows there are about what was taken of attention.
    pub(super) async fn rows_of_attention(&self) -> i64 {
        const COUNT: &str = "SELECT count(*) FROM attention";
        match &self.home {
            Home::Folder(folder, _) => {
                let file = folder.path().join("tidings.db");
                let reader = rusqlite::Connection::open(file).unwrap();
                reader.query_row(COUNT, [], |row| row.get(0)).unwrap()
            }
            Home::Database(url) => {
                let client = database::connect(url).await;
                client.query_one(COUNT, &[]).await.unwrap().get(0)
            }
        }
    }

    pub(super) async fn customer(&self, id: &str, phone: &str) -> Facts {
        let customer = Customer {
            id: id.into(),
            name: Sealed::new("Inês Machado"),
            locale: "pt-BR".into(),
            time_zone: "America/Sao_Paulo".into(),
            country: "BR".into(),
            region: String::new(),
            quiet_hours: None,
            phone: ContactPoint::phone(phone).ok(),
            email: ContactPoint::email(&format!("{id}@customers.example")).ok(),
            consents: vec![],
            preferences: vec![],
            chosen: model::Chosen::default(),
        };
        self.store()
            .put_customers(vec![customer], self.clock.now())
            .await
            .unwrap();
        self.facts(id).await
    }

    pub(super) async fn facts(&self, id: &str) -> Facts {
        self.store()
            .facts(vec![id.into()])
            .await
            .unwrap()
            .remove(0)
            .unwrap()
    }

    pub(super) fn event(&self, customer: &str, id: &str) -> Event {
        Event {
            key: EventKey {
                source: "/shop".into(),
                id: id.into(),
            },
            event_type: "order.confirmed".into(),
            subject: customer.into(),
            time: self.clock.now(),
            data: Map::new(),
            mode: Mode::Test,
            as_of: None,
        }
    }

    /// An accepted event with one message and one delivery on each channel given.
    pub(super) fn accepted(
        &self,
        facts: &Facts,
        id: &str,
        lane: Lane,
        channels: &[Channel],
    ) -> AcceptedEvent {
        let event = self.event(&facts.customer.id, id);
        let (now, ids) = (self.clock.now(), self.store());
        let partition = Partition::of(&facts.customer.id);
        let deliveries = channels
            .iter()
            .map(|channel| NewDelivery {
                id: ids.ids().next(partition, now),
                planned: PlannedDelivery {
                    contact: facts.customer.contact(*channel).unwrap().clone(),
                    lane,
                    due_at: now,
                    expires_at: now + Span::hours(2),
                },
                secret: (lane == Lane::Security).then(|| Sealed::new("123456")),
                lease: None,
                quote: None,
                counts: None,
            })
            .collect();
        let message = NewMessage {
            id: ids.ids().next(partition, now),
            recipient: facts.recipient,
            at: now,
            content: content(id),
            trace: Trace::default(),
            deliveries,
            collected: vec![],
        };
        AcceptedEvent {
            id: ids.ids().next(partition, now),
            accepted_at: now,
            event,
            result: AcceptedResult::Message {
                facts_version: facts.version,
                message: Box::new(message),
            },
        }
    }

    pub(super) async fn commit(&self, event: AcceptedEvent) -> Committed {
        self.store()
            .commit_accepted(Lane::Normal, vec![event])
            .await
            .unwrap()
            .remove(0)
            .1
    }

    pub(super) async fn claim(&self, channel: Channel, limit: usize) -> Vec<ClaimedDelivery> {
        let now = self.clock.now();
        let lanes = Lane::ALL.to_vec();
        let lease = Span::minutes(1);
        self.store()
            .claim_due(ClaimRequest {
                channel,
                lanes,
                limit,
                now,
                lease,
            })
            .await
            .unwrap()
    }

    pub(super) async fn record(
        &self,
        claimed: &ClaimedDelivery,
        carrier_id: Option<&str>,
        next: Next,
    ) {
        self.record_said(claimed, carrier_id, next, None).await;
    }

    /// The same, with the word of a rule that was asked at the hand-over.
    pub(super) async fn record_said(
        &self,
        claimed: &ClaimedDelivery,
        carrier_id: Option<&str>,
        next: Next,
        said: Option<Spoke>,
    ) {
        let attempt = Attempt {
            number: claimed.attempt,
            carrier: "alpha".into(),
            started_at: self.clock.now(),
            ended_at: self.clock.now(),
            outcome: "accepted".into(),
            code: String::new(),
            reason: String::new(),
            carrier_id: carrier_id.map(str::to_owned),
            digest: String::new(),
        };
        let outcome = OutcomeRecord {
            delivery: claimed.id,
            channel: claimed.contact.channel,
            lane: claimed.lane,
            attempt,
            next,
            said,
            wished: None,
        };
        self.keep(outcome).await;
    }

    /// The carrier refuses it, and says what its customer wishes.
    pub(super) async fn refused(
        &self,
        claimed: &ClaimedDelivery,
        wished: (ContactPoint, crate::Wished),
    ) {
        let now = self.clock.now();
        let attempt = Attempt {
            number: claimed.attempt,
            carrier: "alpha".into(),
            started_at: now,
            ended_at: now,
            outcome: "rejected".into(),
            code: "smpp 0x45d".into(),
            reason: String::new(),
            carrier_id: None,
            digest: String::new(),
        };
        let outcome = OutcomeRecord {
            delivery: claimed.id,
            channel: claimed.contact.channel,
            lane: claimed.lane,
            attempt,
            next: Next::Settle(model::DeliveryState::Rejected),
            said: None,
            wished: Some(Box::new(wished)),
        };
        self.keep(outcome).await;
    }

    async fn keep(&self, outcome: OutcomeRecord) {
        self.store()
            .record_outcomes(Lane::Normal, vec![outcome])
            .await
            .unwrap();
    }
}

fn clock() -> Clock {
    Clock::manual(Instant::parse("2026-11-22T09:00:00Z").unwrap())
}

pub(super) fn content(id: &str) -> MessageContent {
    let mut data = Map::new();
    data.insert("order".into(), json!({ "number": id }));
    MessageContent {
        message_type: "order.confirmed".into(),
        category: Category::Orders,
        purpose: PurposeClass::Transactional,
        lane: Lane::Normal,
        locale: "pt-BR".into(),
        template_version: 1,
        sender: "Marigold".into(),
        title: format!("Pedido {id} confirmado"),
        summary: "Chega amanhã".into(),
        text: String::new(),
        order: Some(id.into()),
        data,
    }
}
