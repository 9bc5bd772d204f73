//! One message: its content, the order it belongs to, where else it went, and why.

use std::collections::BTreeMap;

use axum::extract::{Path, Query as UrlQuery, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use model::{Channel, Message, MessageId, Mode};
use pipeline::render::{self, Card};
use store::{FlagChange, MailboxFilter, MessageRecord};

use super::filter::{Filter, Query, escape_into};
use super::list::{self, Spot};
use super::signed_in::{PageError, SignedIn};
use super::view::{MailPage, Open, Other, Reason, class_of, icon_of, steps_of, ways_of};
use super::when::LocalTime;
use crate::App;
use crate::page::{ErrorKind, Place, html, is_prefetch};
use crate::preferences;

/// Of one order, at most so many messages are listed beside each other.
const OF_ONE_ORDER: usize = 50;

/// `GET /messages/{id}`; looking at it marks it read.
pub(crate) async fn open(
    State(app): State<App>,
    viewer: SignedIn,
    method: Method,
    headers: HeaderMap,
    Path(id): Path<String>,
    UrlQuery(query): UrlQuery<Query>,
) -> Result<Response, PageError> {
    let record = own_message(&app, &viewer, &id).await?;
    let message = &record.message;
    let card = card_of(&app, message);
    if app.pipeline().stopped_page(message, &card).await? {
        return Err(PageError::Shown(ErrorKind::NotFound));
    }
    let unread = message.flags.read_at.is_none() && message.flags.deleted_at.is_none();
    if unread && method == Method::GET && !is_prefetch(&headers) {
        app.store()
            .set_flags(
                viewer.recipient(),
                vec![message.id],
                FlagChange::Read(true),
                app.now(),
            )
            .await?;
    }
    let local = viewer.local_time(&app);
    let filter = Filter::read(&query, &local);
    let spot = Spot {
        reading: Some(message.id),
        after: None,
    };
    let others = others_of(&app, &viewer, message).await?;
    let place = if filter.deleted {
        Place::Deleted
    } else {
        Place::Messages
    };
    let (list, counts) = list::load(&app, &viewer, filter, &local, spot).await?;
    let reading = view_of(&app, &viewer, (&record, card), others, &local);
    let page = MailPage {
        page: viewer.page(&app, place, counts.total),
        list,
        notice: None,
        reading: Some(reading),
    };
    Ok(html(StatusCode::OK, &page))
}

/// A message of the viewer's own. Somebody else's is answered like one that is not there.
pub(crate) async fn own_message(
    app: &App,
    viewer: &SignedIn,
    id: &str,
) -> Result<MessageRecord, PageError> {
    let not_found = PageError::Shown(ErrorKind::NotFound);
    let Ok(id) = id.parse::<MessageId>() else {
        return Err(not_found);
    };
    let found = app.store().message(id).await?;
    found
        .filter(|record| record.message.recipient == viewer.recipient())
        .filter(|record| record.message.flags.withdrawn_at.is_none())
        .ok_or(not_found)
}

/// All messages of the same order, the oldest first.
async fn others_of(
    app: &App,
    viewer: &SignedIn,
    message: &Message,
) -> Result<Vec<Message>, PageError> {
    let Some(order) = message.content.order.clone() else {
        return Ok(Vec::new());
    };
    let filter = MailboxFilter {
        order: Some(order),
        ..MailboxFilter::default()
    };
    let page = app
        .store()
        .mailbox_page(viewer.recipient(), filter, None, OF_ONE_ORDER)
        .await?;
    let mut messages = page.messages;
    messages.sort_by_key(|message| (message.at, message.id));
    Ok(messages)
}

fn view_of(
    app: &App,
    viewer: &SignedIn,
    (record, card): (&MessageRecord, Card),
    others: Vec<Message>,
    local: &LocalTime,
) -> Open {
    let message = &record.message;
    let content = &message.content;
    let catalogue = app.pipeline().catalogue();
    let reasons_lang = catalogue.nearest_locale(&content.locale).to_owned();
    let purged = is_purged(message);
    let order_filter = Filter {
        order: content.order.clone().unwrap_or_default(),
        ..Filter::default()
    };
    let other = |other: &Message| {
        let mut at = local.moment(other.at);
        at.short.clone_from(&at.brief);
        Other {
            title: other.content.title.clone(),
            lang: other.content.locale.clone(),
            dir: catalogue.direction(&other.content.locale),
            href: Filter::default().message_href(other.id),
            at,
            current: other.id == message.id,
        }
    };
    Open {
        id: message.id.to_string(),
        title: content.title.clone(),
        sender: content.sender.clone(),
        lang: content.locale.clone(),
        dir: catalogue.direction(&content.locale),
        category: content.category,
        icon: icon_of(&content.message_type, content.category),
        at: local.moment(message.at),
        order: content.order.clone(),
        order_href: order_filter.href(),
        missing_href: missing_href(content.order.as_deref()),
        deleted: message.flags.deleted_at.is_some(),
        purged,
        test: message.mode != Mode::Live && !app.config().demo,
        track: steps_of(&card),
        paragraphs: card.paragraphs,
        facts: card.facts,
        items: card.items,
        total: card.total,
        trail: ways_of(&record.deliveries, local, app.now()),
        listed: card.listed,
        reasons: reasons_of(app, viewer, message),
        reasons_dir: catalogue.direction(&reasons_lang),
        reasons_lang,
        others: others.iter().map(other).collect(),
    }
}

fn missing_href(order: Option<&str>) -> String {
    let mut href = "/messages/missing".to_owned();
    if let Some(order) = order {
        href.push_str("?order=");
        escape_into(order, &mut href);
    }
    href
}

/// Its words are gone for good.
fn is_purged(message: &Message) -> bool {
    message.content.title.is_empty()
}

/// The body, made from what the message keeps. A message type that has left the catalogue
/// still shows its summary.
fn card_of(app: &App, message: &Message) -> Card {
    let content = &message.content;
    if is_purged(message) {
        return bare_card(Vec::new());
    }
    render::card(&app.pipeline().catalogue(), content).unwrap_or_else(|error| {
        tracing::warn!(message = %message.id, %error, "a message could not be rendered; its summary is shown");
        bare_card(vec![content.summary.clone()])
    })
}

fn bare_card(paragraphs: Vec<String>) -> Card {
    Card {
        paragraphs,
        facts: Vec::new(),
        items: Vec::new(),
        total: None,
        track: Vec::new(),
        listed: Vec::new(),
    }
}

/// Why, of each way in turn; what is about the whole message comes first.
fn reasons_of(
    app: &App,
    viewer: &SignedIn,
    message: &Message,
) -> Vec<(Option<Channel>, Vec<Reason>)> {
    let zone = &viewer.0.customer().time_zone;
    let catalogue = app.pipeline().catalogue();
    let content = &message.content;
    let sentences = catalogue.explain(&message.trace, &content.locale, zone);
    let mut of: BTreeMap<Option<Channel>, Vec<Reason>> = BTreeMap::new();
    for (spoke, sentence) in message.trace.0.iter().zip(sentences) {
        if sentence.text.is_empty() {
            continue;
        }
        let choice = spoke
            .channel
            .and_then(|channel| preferences::choice_href(spoke.rule, channel, content, &catalogue));
        of.entry(spoke.channel).or_default().push(Reason {
            verdict: spoke.verdict,
            class: class_of(spoke.verdict),
            sentence: sentence.text,
            choice,
        });
    }
    of.into_iter().collect()
}
