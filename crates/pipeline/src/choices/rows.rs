//! The rows of the preference page: what the catalogue says on each topic.

use std::collections::BTreeMap;

use model::{Category, Channel, Frequency, Lane, PurposeClass};

use crate::catalogue::{Catalogue, MessageType};
use crate::decide::digest::can_wait;

/// A topic on a channel, with what may be chosen there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The category.
    pub category: Category,
    /// The topic; empty for what has none.
    pub topic: String,
    /// The channel.
    pub channel: Channel,
    /// Whether all of it protects the customer or is what the law wants told, so that it has
    /// no switch.
    pub always_on: bool,
    /// Whether all of it is offers and news.
    pub marketing: bool,
    /// Whether some of it is urgent and some is not, so that "only urgent" means something.
    pub mixed: bool,
    /// Whether some of it has no other channel.
    pub only_here: bool,
    /// Whether some of it may wait for a summary.
    pub waits: bool,
    /// The message types, by name.
    pub types: Vec<String>,
}

/// How often a row may come, in the order in which a page shows it; whoever has a choice may
/// switch it off besides.
pub fn offered(row: &Row) -> &'static [Frequency] {
    use Frequency::{Daily, Each, Urgent, Weekly};
    match (row.always_on, row.waits, row.mixed) {
        (true, ..) | (_, false, false) => &[Each],
        (_, true, false) => &[Each, Daily, Weekly],
        (_, false, true) => &[Each, Urgent],
        (_, true, true) => &[Each, Daily, Weekly, Urgent],
    }
}

/// The rows of a catalogue: by category, topic and channel.
pub(super) fn rows(catalogue: &Catalogue) -> Vec<Row> {
    let mut of: BTreeMap<(Category, &str, Channel), Vec<&MessageType>> = BTreeMap::new();
    // A summary is of what it lists.
    for entry in catalogue.types().filter(|entry| !entry.digest) {
        for channel in &entry.channels {
            let key = (entry.category, entry.topic.as_str(), *channel);
            of.entry(key).or_default().push(entry);
        }
    }
    let row = |((category, topic, channel), types): ((Category, &str, Channel), Vec<_>)| {
        let all = |is: fn(&MessageType) -> bool| types.iter().all(|entry: &&MessageType| is(entry));
        Row {
            category,
            topic: topic.to_owned(),
            channel,
            always_on: all(|entry| {
                matches!(entry.purpose, PurposeClass::Security | PurposeClass::Legal)
            }),
            marketing: all(|entry| entry.purpose == PurposeClass::Marketing),
            mixed: !all(|entry| entry.lane <= Lane::Urgent)
                && !all(|entry| entry.lane > Lane::Urgent),
            only_here: types.iter().any(|entry| entry.channels == [channel]),
            waits: types.iter().any(|entry| can_wait(&entry.terms())),
            types: types.iter().map(|entry| entry.name.clone()).collect(),
        }
    };
    of.into_iter().map(row).collect()
}
