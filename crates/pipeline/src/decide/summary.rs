//! What a summary is about, as the data of its event and of its message says it.

use model::{Category, Channel};
use serde_json::{Map, Value};

use super::Terms;

/// Where it stands in the data.
pub(crate) const KEY: &str = "digest";
/// Stands for what has no topic.
pub(crate) const NO_TOPIC: &str = "-";

/// What a summary is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Summary<'a> {
    /// The category of all it lists.
    pub category: Category,
    /// The way for which it was collected, and the only one it takes.
    pub channel: Channel,
    topics: &'a str,
}

impl<'a> Summary<'a> {
    /// Reads it; none where the data is of no summary.
    pub(crate) fn of(data: &'a Map<String, Value>) -> Option<Self> {
        let said = data.get(KEY)?;
        Some(Self {
            category: said.get("category")?.as_str()?.parse().ok()?,
            channel: said.get("channel")?.as_str()?.parse().ok()?,
            topics: said.get("topics")?.as_str()?,
        })
    }

    /// The terms that hold for it, one for each topic of what it lists. It goes only where
    /// all of them let it.
    pub(crate) fn terms(self, terms: Terms) -> impl Iterator<Item = Terms> + use<'a> {
        self.topics.split(' ').map(move |topic| Terms {
            category: self.category,
            topic: match topic {
                NO_TOPIC => String::new(),
                topic => topic.to_owned(),
            },
            channels: terms
                .channels
                .iter()
                .copied()
                .filter(|c| *c == self.channel)
                .collect(),
            ..terms.clone()
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::cases::urgent;
    use super::*;

    #[test]
    fn a_summary_has_the_terms_of_what_it_lists() {
        let data =
            json!({"digest": {"category": "sellers", "channel": "email", "topics": "- chats"}});
        let summary = Summary::of(data.as_object().unwrap()).unwrap();
        let terms: Vec<_> = summary.terms(urgent()).collect();
        let topics: Vec<&str> = terms.iter().map(|terms| terms.topic.as_str()).collect();
        assert_eq!(topics, ["", "chats"]);
        for terms in &terms {
            assert_eq!(terms.category, Category::Sellers);
            assert_eq!(terms.channels, [Channel::Email]);
        }
        for other in [
            json!({}),
            json!({"digest": {"category": "gossip", "channel": "email", "topics": ""}}),
        ] {
            assert_eq!(Summary::of(other.as_object().unwrap()), None);
        }
    }
}
