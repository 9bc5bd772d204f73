//! What a summary lists, as the data of its event. Pure.

use std::collections::BTreeSet;

use model::{Category, Channel, Message, Rule, Spoke, Verdict};
use serde_json::{Map, Value, json};

use crate::decide::summary::{KEY, NO_TOPIC};

/// So many are listed, the newest first; the rest is counted.
const LISTED: usize = 20;

/// Messages with what they have in common.
pub(super) struct List<'a> {
    pub channel: Channel,
    pub category: Category,
    /// The category's name, in the customer's language.
    pub about: &'a str,
    pub topics: BTreeSet<String>,
    pub messages: &'a [&'a Message],
    /// Where the Message Center is, if links may lead there.
    pub center: Option<&'a str>,
}

impl List<'_> {
    /// The data; `titled` says whether messages are listed at all.
    pub(super) fn data(&self, titled: bool) -> Map<String, Value> {
        let listed = if titled { LISTED } else { 0 };
        let entry = |message: &&Message| {
            let id = message.id.to_string();
            let mut entry = json!({
                "id": id,
                "title": message.content.title,
                "at": message.at,
            });
            if let Some(center) = self.center {
                entry["url"] = format!("{center}/messages/{id}").into();
            }
            entry
        };
        let entries: Vec<Value> = self.messages.iter().rev().take(listed).map(entry).collect();
        let topics = self.topics.iter().map(|topic| match topic.as_str() {
            "" => NO_TOPIC,
            topic => topic,
        });
        let mut said = json!({
            "category": self.category,
            "channel": self.channel,
            "topics": topics.collect::<Vec<_>>().join(" "),
            "about": self.about,
            "count": self.messages.len(),
            "more": self.messages.len().saturating_sub(entries.len()),
            "items": entries,
        });
        if let Some(center) = self.center {
            said["url"] = format!("{center}/messages?category={}", self.category).into();
        }
        Map::from_iter([(KEY.to_owned(), said)])
    }
}

/// Why a message is not in its summary.
pub(super) fn left_out(channel: Channel, why: &str) -> Spoke {
    Spoke {
        rule: Rule::Digest,
        verdict: Verdict::Stop,
        channel: Some(channel),
        why: why.to_owned(),
        with: String::new(),
    }
}
