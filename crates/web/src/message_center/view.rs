//! What the templates of the Message Center read, and how messages become it.
//!
//! Values only: every word stands in the templates, every text is escaped by them.

use askama::Template;
use model::{Category, Channel, DeliveryState, Instant, Message, Verdict};
use pipeline::catalogue::Catalogue;
use pipeline::render::{Card, Item, Listed, TrackState};
use store::{DeliveryRecord, UnreadCounts};

use super::filter::{Chip, Filter};
use super::when::{Day, LocalTime, Moment};
use crate::api::customers::texts_estimate::EstimateWords;
use crate::page::Page;

/// The list with, at desk width, the message beside it.
#[derive(Template)]
#[template(path = "message_center/mail.html")]
pub(crate) struct MailPage {
    pub page: Page,
    pub list: ListView,
    pub notice: Option<Notice>,
    pub reading: Option<Open>,
}

/// The parts of [`MailPage`] that news replaces.
#[derive(Template)]
#[template(path = "message_center/fragment.html")]
pub(crate) struct MailFragment {
    pub page: Page,
    pub list: ListView,
    pub notice: Option<Notice>,
}

/// What was just done, and can be taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    Deleted { id: String },
    ReadAll { at: i64, count: u32 },
    Restored,
    Unread,
}

/// Why a list is empty, so that the page can say what would fill it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Empty {
    Mailbox,
    Category,
    Unread,
    Search,
    Deleted,
}

/// A tab.
pub(crate) struct Tab {
    pub category: Category,
    pub icon: &'static str,
    pub href: String,
    pub unread: u32,
    pub current: bool,
}

/// The tab of everything.
pub(crate) struct AllTab {
    pub href: String,
    pub unread: u32,
    pub current: bool,
}

/// The list's side.
pub(crate) struct ListView {
    pub filter: Filter,
    pub all: AllTab,
    pub tabs: Vec<Tab>,
    pub chips: Vec<Chip>,
    pub senders: Vec<String>,
    pub groups: Vec<Group>,
    pub empty: Option<Empty>,
    /// The list's own address and query.
    pub here: String,
    pub query: String,
    pub older: Option<String>,
    pub newest: Option<String>,
    pub can_mark_read: bool,
    /// A message stands beside it, with the heading of the page.
    pub beside: bool,
    pub revision: i64,
}

/// The messages of a day or month.
pub(crate) struct Group {
    pub day: Day,
    pub rows: Vec<Row>,
}

/// One line of the list.
pub(crate) struct Row {
    pub id: String,
    pub href: String,
    pub title: String,
    pub summary: String,
    pub sender: String,
    pub lang: String,
    /// Which way its words run: `ltr` or `rtl`.
    pub dir: &'static str,
    pub category: Category,
    pub icon: &'static str,
    pub unread: bool,
    pub current: bool,
    pub at: Moment,
}

/// The message that is read.
pub(crate) struct Open {
    pub id: String,
    pub title: String,
    pub sender: String,
    pub lang: String,
    /// Which way its words run: `ltr` or `rtl`.
    pub dir: &'static str,
    pub category: Category,
    pub icon: &'static str,
    pub at: Moment,
    pub order: Option<String>,
    pub order_href: String,
    /// Where it is said what became of it.
    pub missing_href: String,
    pub deleted: bool,
    pub purged: bool,
    pub test: bool,
    pub track: Vec<Step>,
    pub paragraphs: Vec<String>,
    pub facts: Vec<(String, String)>,
    pub items: Vec<Item>,
    pub total: Option<String>,
    pub listed: Vec<Listed>,
    pub trail: Vec<Way>,
    /// Why, of each way in turn.
    pub reasons: Vec<(Option<Channel>, Vec<Reason>)>,
    pub reasons_lang: String,
    pub reasons_dir: &'static str,
    pub others: Vec<Other>,
}

/// A step of the parcel's way.
pub(crate) struct Step {
    pub label: String,
    pub class: &'static str,
}

/// Where else the message went.
pub(crate) struct Way {
    pub channel: Channel,
    pub masked: String,
    pub state: DeliveryState,
    /// It is held until then.
    pub held: Option<Moment>,
    pub at: Moment,
}

/// One sentence of "why did I get this".
pub(crate) struct Reason {
    pub verdict: Verdict,
    pub class: &'static str,
    pub sentence: String,
    /// The choice that governs it.
    pub choice: Option<String>,
}

/// Another message of the same order.
pub(crate) struct Other {
    pub title: String,
    pub lang: String,
    pub dir: &'static str,
    pub href: String,
    pub at: Moment,
    pub current: bool,
}

#[derive(Template)]
#[template(path = "message_center/account.html")]
pub(crate) struct AccountPage {
    pub page: Page,
    pub name: String,
    pub phone: Option<String>,
    /// What texts mean for them, where they have a number.
    pub estimate: Option<EstimateWords>,
    /// Of those words.
    pub words_lang: String,
    pub words_dir: &'static str,
    pub email: Option<String>,
    pub language: String,
    pub local_time: String,
    pub zone: String,
}

impl Row {
    pub(crate) fn of(
        message: &Message,
        catalogue: &Catalogue,
        (filter, local): (&Filter, &LocalTime),
        open: bool,
    ) -> Self {
        let content = &message.content;
        Self {
            id: message.id.to_string(),
            href: filter.message_href(message.id),
            title: content.title.clone(),
            summary: content.summary.clone(),
            sender: content.sender.clone(),
            lang: content.locale.clone(),
            dir: catalogue.direction(&content.locale),
            category: content.category,
            icon: icon_of(&content.message_type, content.category),
            unread: message.flags.read_at.is_none(),
            current: open,
            at: local.moment(message.at),
        }
    }
}

/// Puts messages, newest first, under their days.
pub(crate) fn group_by_day(
    messages: &[Message],
    local: &LocalTime,
    row: impl Fn(&Message) -> Row,
) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for message in messages {
        let day = local.day(message.at);
        match groups.last_mut() {
            Some(group) if group.day == day => group.rows.push(row(message)),
            _ => groups.push(Group {
                day,
                rows: vec![row(message)],
            }),
        }
    }
    groups
}

/// The tabs with their counts; they keep the other filters.
pub(crate) fn tabs_of(filter: &Filter, counts: &UnreadCounts) -> (AllTab, Vec<Tab>) {
    let all = AllTab {
        href: filter.in_category(None).href(),
        unread: counts.total,
        current: filter.category.is_none() && !filter.deleted,
    };
    let tab = |category: &Category| Tab {
        category: *category,
        icon: icon_of("", *category),
        href: filter.in_category(Some(*category)).href(),
        unread: counts.by_category.get(category).copied().unwrap_or(0),
        current: filter.category == Some(*category),
    };
    (all, Category::ALL.iter().map(tab).collect())
}

/// Why nothing is shown.
pub(crate) fn why_empty(filter: &Filter) -> Empty {
    if filter.deleted {
        Empty::Deleted
    } else if filter.is_narrowed() {
        Empty::Search
    } else if filter.unread {
        Empty::Unread
    } else if filter.category.is_some() {
        Empty::Category
    } else {
        Empty::Mailbox
    }
}

/// The icon of a message: by its type where that says more than its category.
pub(crate) fn icon_of(message_type: &str, category: Category) -> &'static str {
    // By the last part: what happened, whatever it happened to.
    match message_type.rsplit('.').next().unwrap_or_default() {
        "code" => "key",
        "confirmed" => "check",
        "cancelled" => "cross",
        "delivered" => "checks",
        "delayed" => "clock",
        "requested" => "star",
        "shipped" | "out_for_delivery" | "reminder" => "truck",
        "problem" | "attempt_failed" => "warn",
        _ => match category {
            Category::Orders => "box",
            Category::Sellers => "chat",
            Category::Support => "hands",
            Category::Promotions => "tag",
            Category::Notices => "notice",
            Category::Account => "shield",
            Category::Membership => "star",
        },
    }
}

/// The parcel's steps with the class that draws them.
pub(crate) fn steps_of(card: &Card) -> Vec<Step> {
    let class = |state: TrackState| match state {
        TrackState::Done => "done",
        TrackState::Now => "now",
        TrackState::Next => "next",
    };
    let step = |step: &pipeline::render::TrackStep| Step {
        label: step.label.clone(),
        class: class(step.state),
    };
    card.track.iter().map(step).collect()
}

/// Where a message went, with the time that says most about it.
pub(crate) fn ways_of(deliveries: &[DeliveryRecord], local: &LocalTime, now: Instant) -> Vec<Way> {
    let told_at = |record: &DeliveryRecord| -> Instant {
        let last = record.receipts.last();
        last.map_or(record.delivery.changed_at, |receipt| {
            receipt.carrier_time.unwrap_or(receipt.received_at)
        })
    };
    let way = |record: &DeliveryRecord| {
        let mut at = local.moment(told_at(record));
        at.short.clone_from(&at.brief);
        Way {
            channel: record.delivery.channel(),
            masked: record.delivery.contact.masked(),
            state: record.delivery.state,
            held: (record.delivery.state == DeliveryState::Scheduled
                && record.delivery.due_at > now)
                .then(|| local.moment(record.delivery.due_at)),
            at,
        }
    };
    deliveries.iter().map(way).collect()
}

/// The class that draws a verdict.
pub(crate) const fn class_of(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Stop => "stop",
        Verdict::Hold => "hold",
    }
}
