//! "I did not get it": the messages a customer may mean, each with where it is.
//!
//! Looks in one customer's mailbox and nowhere else, by order number or by day; what they
//! deleted counts too, what we took back does not. For the page and for the API.

use jiff::civil::Date;
use model::{Customer, Instant, RecipientId};
use pipeline::catalogue::Whereabouts;
use store::{MailboxFilter, MessageRecord};

use crate::App;
use crate::message_center::when::LocalTime;
use crate::preferences::choice_href;

/// Of one order or day, at most so many are told of: the newest.
const AT_MOST: usize = 20;
/// No order number is longer.
const ORDER_AT_MOST: usize = 100;

/// What somebody misses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Missed {
    /// What was said of an order.
    Order(String),
    /// What came, or should have come, on a day of theirs.
    Day(Date),
}

impl Missed {
    /// Reads what was asked; an order number goes before a day.
    ///
    /// # Errors
    /// Neither can be read.
    pub(crate) fn read(order: &str, day: &str) -> Result<Option<Self>, NotRead> {
        let order = order.trim();
        let order = order.strip_prefix('#').unwrap_or(order).trim();
        if order.len() > ORDER_AT_MOST {
            return Err(NotRead::Order);
        }
        if !order.is_empty() {
            return Ok(Some(Self::Order(order.to_owned())));
        }
        match day.trim() {
            "" => Ok(None),
            day => day
                .parse()
                .map(|day| Some(Self::Day(day)))
                .map_err(|_| NotRead::Day),
        }
    }

    fn filter(&self, local: &LocalTime) -> MailboxFilter {
        match self {
            Self::Order(order) => MailboxFilter {
                order: Some(order.clone()),
                ..MailboxFilter::default()
            },
            Self::Day(day) => MailboxFilter {
                since: local.start_of(*day),
                until: day.tomorrow().ok().and_then(|next| local.start_of(next)),
                ..MailboxFilter::default()
            },
        }
    }
}

/// What of a question cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotRead {
    Order,
    Day,
}

/// A message with where it is.
pub(crate) struct Told {
    pub record: MessageRecord,
    pub ways: Vec<Way>,
}

/// Where it is on a channel.
pub(crate) struct Way {
    pub is: Whereabouts,
    /// The choice that governs it, where one does.
    pub choice: Option<String>,
}

/// The messages that are meant, the newest first.
pub(crate) async fn find(
    app: &App,
    (recipient, customer): (RecipientId, &Customer),
    missed: &Missed,
) -> store::Result<Vec<Told>> {
    let local = LocalTime::new(&customer.time_zone, &customer.locale, app.now());
    let filter = missed.filter(&local);
    let mut found = Vec::new();
    for deleted in [false, true] {
        let filter = MailboxFilter {
            deleted,
            ..filter.clone()
        };
        let page = app.store().mailbox_page(recipient, filter, None, AT_MOST);
        found.extend(page.await?.messages);
    }
    found.sort_by_key(|message| std::cmp::Reverse((message.at, message.id)));
    found.truncate(AT_MOST);
    let mut told = Vec::with_capacity(found.len());
    for message in found {
        let record = app.store().message(message.id).await?;
        let own = record.filter(|record| {
            record.message.recipient == recipient && record.message.flags.withdrawn_at.is_none()
        });
        told.extend(own.map(|record| Told {
            ways: ways(app, &record, &customer.time_zone, app.now()),
            record,
        }));
    }
    Ok(told)
}

fn ways(app: &App, record: &MessageRecord, zone: &str, now: Instant) -> Vec<Way> {
    let message = &record.message;
    let deliveries: Vec<_> = record.deliveries.iter().map(|of| &of.delivery).collect();
    let catalogue = app.pipeline().catalogue();
    let told = catalogue.whereabouts(
        (&message.trace, &deliveries),
        (&message.content.locale, zone),
        now,
    );
    let way = |is: Whereabouts| Way {
        choice: is
            .rule
            .and_then(|rule| choice_href(rule, is.channel, &message.content, &catalogue)),
        is,
    };
    told.into_iter().map(way).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_or_a_day_is_asked_for() {
        let day = Missed::Day("2026-03-01".parse().unwrap());
        for (order, on, expected) in [
            ("", "", Ok(None)),
            (" #MG-1 ", "", Ok(Some(Missed::Order("MG-1".into())))),
            ("MG-1", "nonsense", Ok(Some(Missed::Order("MG-1".into())))),
            ("", "2026-03-01", Ok(Some(day))),
            ("#", "yesterday", Err(NotRead::Day)),
            ("", "2026-02-30", Err(NotRead::Day)),
        ] {
            assert_eq!(Missed::read(order, on), expected, "{order} {on}");
        }
        assert_eq!(Missed::read(&"x".repeat(101), ""), Err(NotRead::Order));
    }
}
