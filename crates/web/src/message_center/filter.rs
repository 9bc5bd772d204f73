//! What a list shows, as it stands in the URL: every filter alone and combined.
//!
//! Reads what a stranger may have typed into the address bar: sizes are bounded, what is
//! no category or day is left out or named, and all that goes back is escaped.

use jiff::civil::Date;
use model::{Category, Instant, MessageId};
use serde::Deserialize;
use store::MailboxFilter;

use super::when::LocalTime;

/// The query of every list URL and every form about a list.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Query {
    pub q: String,
    pub category: String,
    pub unread: String,
    pub sender: String,
    pub order: String,
    pub from: String,
    pub to: String,
    /// `deleted` for the list of deleted messages.
    pub view: String,
    /// The older page starts after this message.
    pub after: String,
    /// `list`: only what a live page replaces.
    pub fragment: String,
    /// The message a live page has open.
    pub reading: String,
    /// What was just done, for the bar that can take it back.
    pub done: String,
    pub id: String,
    pub at: String,
    pub count: String,
}

/// What is wrong with the days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    NotADay,
    Backwards,
}

/// A list's filters.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub category: Option<Category>,
    pub unread: bool,
    pub q: String,
    pub sender: String,
    pub order: String,
    /// As typed, so that a mistake can be mended.
    pub from: String,
    pub to: String,
    pub since: Option<Instant>,
    pub until: Option<Instant>,
    pub deleted: bool,
    pub fault: Option<Fault>,
    /// The days as people write them.
    pub since_words: String,
    pub until_words: String,
}

/// A filter in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChipKind {
    Unread,
    Sender,
    Order,
    Words,
    Since,
    Until,
}

/// A filter in use, with the list as it is without it.
#[derive(Clone, Debug)]
pub(crate) struct Chip {
    pub kind: ChipKind,
    pub value: String,
    pub without: String,
}

const LONGEST: usize = 200;

impl Filter {
    /// Reads the query; days are days of the customer's calendar.
    pub(crate) fn read(query: &Query, local: &LocalTime) -> Self {
        let mut filter = Self {
            category: query.category.parse().ok(),
            unread: query.unread == "1",
            q: bounded(&query.q),
            sender: bounded(&query.sender),
            order: bounded(&query.order),
            from: bounded(&query.from),
            to: bounded(&query.to),
            deleted: query.view == "deleted",
            ..Self::default()
        };
        filter.read_days(local);
        filter
    }

    /// The list of deleted messages.
    pub(crate) fn deleted() -> Self {
        Self {
            deleted: true,
            ..Self::default()
        }
    }

    fn read_days(&mut self, local: &LocalTime) {
        let day = |text: &str| -> Result<Option<Date>, Fault> {
            if text.is_empty() {
                return Ok(None);
            }
            Date::strptime("%Y-%m-%d", text)
                .map(Some)
                .map_err(|_| Fault::NotADay)
        };
        let (first, last) = match (day(&self.from), day(&self.to)) {
            (Ok(first), Ok(last)) => (first, last),
            _ => {
                self.fault = Some(Fault::NotADay);
                return;
            }
        };
        if let (Some(first), Some(last)) = (first, last)
            && first > last
        {
            self.fault = Some(Fault::Backwards);
            return;
        }
        self.since = first.and_then(|day| local.start_of(day));
        // Up to the start of the day after: the last day is shown whole.
        self.until = last
            .and_then(|day| day.tomorrow().ok())
            .and_then(|day| local.start_of(day));
        self.since_words = first.map_or_else(String::new, |day| local.date(day));
        self.until_words = last.map_or_else(String::new, |day| local.date(day));
    }

    /// The same list in another category.
    pub(crate) fn in_category(&self, category: Option<Category>) -> Self {
        Self {
            category,
            deleted: false,
            ..self.clone()
        }
    }

    /// As the store asks it.
    pub(crate) fn to_store(&self) -> MailboxFilter {
        let given = |text: &String| (!text.is_empty()).then(|| text.clone());
        MailboxFilter {
            category: self.category,
            unread: self.unread,
            query: given(&self.q),
            sender: given(&self.sender),
            order: given(&self.order),
            since: self.since,
            until: self.until,
            deleted: self.deleted,
        }
    }

    /// Whether anything but the category narrows the list.
    pub(crate) fn is_narrowed(&self) -> bool {
        let words = [&self.q, &self.sender, &self.order, &self.from, &self.to];
        words.iter().any(|text| !text.is_empty())
    }

    /// The query, with its question mark; empty for the plain list.
    pub(crate) fn query(&self) -> String {
        let mut query = String::new();
        let mut add = |name: &str, value: &str| {
            if !value.is_empty() {
                query.push(if query.is_empty() { '?' } else { '&' });
                query.push_str(name);
                query.push('=');
                escape_into(value, &mut query);
            }
        };
        add("view", if self.deleted { "deleted" } else { "" });
        add("category", self.category.map_or("", Category::as_str));
        add("unread", if self.unread { "1" } else { "" });
        add("q", &self.q);
        add("sender", &self.sender);
        add("order", &self.order);
        add("from", &self.from);
        add("to", &self.to);
        query
    }

    /// The list's address.
    pub(crate) fn href(&self) -> String {
        if self.deleted {
            "/messages/deleted".to_owned()
        } else {
            format!("/messages{}", self.query())
        }
    }

    /// The list's address with more in its query; `more` is escaped already.
    pub(crate) fn href_with(&self, more: &str) -> String {
        let href = self.href();
        let join = if href.contains('?') { '&' } else { '?' };
        format!("{href}{join}{more}")
    }

    /// A message's address, opened from this list.
    pub(crate) fn message_href(&self, id: MessageId) -> String {
        format!("/messages/{id}{}", self.query())
    }

    /// The filters in use, the category aside.
    pub(crate) fn chips(&self) -> Vec<Chip> {
        let mut chips = Vec::new();
        let mut add = |kind, value: &str, without: Self| {
            chips.push(Chip {
                kind,
                value: value.to_owned(),
                without: without.href(),
            });
        };
        let rest = || self.clone();
        if self.unread {
            let without = Self {
                unread: false,
                ..rest()
            };
            add(ChipKind::Unread, "", without);
        }
        if !self.q.is_empty() {
            let without = Self {
                q: String::new(),
                ..rest()
            };
            add(ChipKind::Words, &self.q, without);
        }
        if !self.sender.is_empty() {
            let without = Self {
                sender: String::new(),
                ..rest()
            };
            add(ChipKind::Sender, &self.sender, without);
        }
        if !self.order.is_empty() {
            let without = Self {
                order: String::new(),
                ..rest()
            };
            add(ChipKind::Order, &self.order, without);
        }
        if self.since.is_some() {
            let without = Self {
                from: String::new(),
                ..rest()
            };
            add(ChipKind::Since, &self.since_words, without);
        }
        if self.until.is_some() {
            let without = Self {
                to: String::new(),
                ..rest()
            };
            add(ChipKind::Until, &self.until_words, without);
        }
        chips
    }
}

fn bounded(text: &str) -> String {
    text.trim()
        .chars()
        .filter(|c| !c.is_control())
        .take(LONGEST)
        .collect()
}

/// Percent-encodes all but the unreserved characters (RFC 3986 §2.3).
pub(crate) fn escape_into(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local() -> LocalTime {
        let now = Instant::parse("2025-11-19T12:00:00Z").unwrap();
        LocalTime::new("America/Sao_Paulo", "pt-BR", now)
    }

    fn query(pairs: &[(&str, &str)]) -> Query {
        let map: serde_json::Map<_, _> = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).into()))
            .collect();
        serde_json::from_value(map.into()).unwrap()
    }

    #[test]
    fn filters_go_to_the_url_and_chips_take_one_away() {
        let filter = Filter::read(
            &query(&[
                ("category", "orders"),
                ("unread", "1"),
                ("q", " casa & verde "),
                ("sender", "Casa Verde"),
            ]),
            &local(),
        );
        assert_eq!(
            filter.href(),
            "/messages?category=orders&unread=1&q=casa%20%26%20verde&sender=Casa%20Verde"
        );
        let chips = filter.chips();
        assert_eq!(chips.len(), 3);
        assert_eq!(
            chips[0].without,
            "/messages?category=orders&q=casa%20%26%20verde&sender=Casa%20Verde"
        );
    }

    #[test]
    fn days_are_whole_days_of_the_customer() {
        let filter = Filter::read(
            &query(&[("from", "2025-11-01"), ("to", "2025-11-02")]),
            &local(),
        );
        assert_eq!(filter.fault, None);
        assert_eq!(filter.since.unwrap().to_string(), "2025-11-01T03:00:00Z");
        assert_eq!(filter.until.unwrap().to_string(), "2025-11-03T03:00:00Z");
    }

    #[test]
    fn what_is_no_day_is_named_and_kept() {
        let filter = Filter::read(&query(&[("from", "2025-13-01")]), &local());
        assert_eq!(filter.fault, Some(Fault::NotADay));
        assert_eq!(filter.from, "2025-13-01");
        let filter = Filter::read(
            &query(&[("from", "2025-11-03"), ("to", "2025-11-02")]),
            &local(),
        );
        assert_eq!(filter.fault, Some(Fault::Backwards));
        assert_eq!(filter.since, None);
    }

    #[test]
    fn hostile_queries_are_cut_and_escaped() {
        let long = "x".repeat(10_000);
        let filter = Filter::read(&query(&[("q", &long), ("category", "nonsense")]), &local());
        assert_eq!(filter.q.len(), LONGEST);
        assert_eq!(filter.category, None);
        let filter = Filter::read(&query(&[("sender", "\"><script>\r\n")]), &local());
        assert_eq!(filter.href(), "/messages?sender=%22%3E%3Cscript%3E");
    }
}
