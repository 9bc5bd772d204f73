//! What one customer allowed and stopped, in words.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use model::{Act, Category, Channel, ConsentPurpose, Facts, Frequency, How, Permission};
use pipeline::choices::ChannelState;
use serde::Deserialize;
use store::SuppressionFilter;

use crate::App;
use crate::console::clock::UtcClock;
use crate::console::frame::{Frame, Spot, page};
use crate::console::gate::Visitor;
use crate::console::suppressions::{Line, Makers};
use crate::message_center::signed_in::PageError;
use crate::message_center::when::Moment;
use crate::page::{ErrorKind, Page, html};

/// So many lines of the ledger are shown, newest first.
const LINES: usize = 30;

/// A channel with its address.
struct Way {
    channel: Channel,
    masked: Option<String>,
    allowed: bool,
    offers: bool,
    held: Vec<Line>,
}

impl Way {
    /// Whether there is anything to stop.
    fn can_stop(&self) -> bool {
        self.allowed || self.offers
    }
}

/// A topic the customer chose about.
struct Wish {
    category: Category,
    topic: String,
    channel: Channel,
    on: bool,
    urgent: bool,
}

/// A line of the ledger.
struct Word {
    given: bool,
    offers: bool,
    channel: Channel,
    masked: String,
    how: How,
    place: String,
    by: String,
    wording: String,
    at: Moment,
}

#[derive(Template)]
#[template(path = "console/customer.html")]
struct CustomerPage {
    page: Page,
    frame: Frame,
    id: String,
    href: String,
    name: String,
    locale: String,
    time_zone: String,
    ways: Vec<Way>,
    wishes: Vec<Wish>,
    said: Vec<Word>,
    more: usize,
    may_stop: bool,
    offers: bool,
    done: String,
}

/// What the page is asked with.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    done: String,
}

/// `GET /console/customers/{id}`
pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let facts = facts(&app, id).await?;
    let customer = &facts.customer;
    let (makers, clock) = (Makers::load(&app).await?, UtcClock::new(app.now()));
    let mut ways = Vec::new();
    for channel in Channel::ALL {
        ways.push(way(&app, &facts, *channel, (&makers, &clock)).await?);
    }
    let ledger = app.store().consent_ledger(facts.recipient).await?;
    let more = ledger.len().saturating_sub(LINES);
    let read = ledger
        .iter()
        .rev()
        .take(LINES)
        .filter_map(|e| e.read().ok());
    let words = read.map(|record| Word {
        given: record.line.act == Act::Given,
        offers: record.line.purpose == ConsentPurpose::Marketing,
        channel: record.line.channel,
        masked: match record.line.contact.open().is_empty() {
            true => String::new(),
            false => model::ContactPoint {
                channel: record.line.channel,
                address: record.line.contact.clone(),
            }
            .masked(),
        },
        how: record.line.said.how,
        place: record.line.said.source.clone(),
        by: makers.of(&record.line.said.by),
        wording: record.line.said.wording.clone(),
        at: clock.minute(record.line.said.at),
    });
    let wishes = customer.preferences.iter().map(|said| Wish {
        category: said.category,
        topic: said.topic.clone(),
        channel: said.channel,
        on: said.on,
        urgent: said.frequency == Frequency::Urgent,
    });
    let shown = CustomerPage {
        page: page(&app),
        frame: Frame::of(&visitor, Spot::Customers),
        href: super::href(&customer.id),
        id: customer.id.clone(),
        name: customer.name.open().to_owned(),
        locale: customer.locale.clone(),
        time_zone: customer.time_zone.clone(),
        offers: ways.iter().any(|way| way.offers),
        ways,
        wishes: wishes.collect(),
        said: words.collect(),
        more,
        may_stop: visitor.may(Permission::StopForCustomers),
        done: asked.done,
    };
    Ok(html(StatusCode::OK, &shown))
}

pub(super) async fn facts(app: &App, id: String) -> Result<Facts, PageError> {
    let found = app.store().facts(vec![id]).await?;
    let facts = found.into_iter().flatten().next();
    facts.ok_or(PageError::Shown(ErrorKind::NotFound))
}

async fn way(
    app: &App,
    facts: &Facts,
    channel: Channel,
    (makers, clock): (&Makers, &UtcClock),
) -> Result<Way, PageError> {
    let contact = facts.customer.contact(channel);
    let state = ChannelState::of(&facts.customer, channel, app.now());
    let mut held = Vec::new();
    if let Some(contact) = contact {
        let filter = SuppressionFilter {
            contact: Some(contact.clone()),
            ..SuppressionFilter::default()
        };
        let found = app.store().suppressions(filter, None, LINES).await?;
        held.extend(
            found
                .into_iter()
                .map(|entry| makers.line(entry, clock, app)),
        );
    }
    Ok(Way {
        channel,
        masked: contact.map(model::ContactPoint::masked),
        allowed: state.allowed && contact.is_some(),
        offers: state.offers,
        held,
    })
}
