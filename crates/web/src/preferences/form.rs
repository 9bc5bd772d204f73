//! Reading the form of the preference page.
//!
//! Each choice comes with what was shown when it was made, and only what differs from that is
//! a choice: a page that was left open for a day takes nothing back that was said since.

use std::collections::BTreeMap;

use model::{Category, Channel, Frequency};
use pipeline::choices::{ChannelChoice, Choice, Choices, TopicChoice};

/// A form of ours has fewer fields.
const FIELDS: usize = 300;

/// The form is not one of ours.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unreadable;

/// What a select of a topic says.
pub(super) const fn word_of(wanted: Option<Frequency>) -> &'static str {
    match wanted {
        Some(frequency) => frequency.as_str(),
        None => "off",
    }
}

/// The name of a topic in a form.
pub(super) fn name_of(category: Category, topic: &str) -> String {
    format!("{category}.{topic}")
}

/// What the form about a channel chooses.
pub(super) fn read(fields: Vec<(String, String)>, channel: Channel) -> Result<Choice, Unreadable> {
    if fields.len() > FIELDS {
        return Err(Unreadable);
    }
    let mut by_name = BTreeMap::new();
    for (name, value) in fields {
        if by_name.insert(name, value).is_some() {
            return Err(Unreadable);
        }
    }
    let act = by_name.remove("do").unwrap_or_default();
    let mut form = Fields(by_name);
    let mut choices = Choices {
        channels: vec![ChannelChoice {
            channel,
            allowed: form.tick("allowed")?,
            offers: form.tick("offers")?,
        }],
        topics: form.topics(channel)?,
        locale: form.other("locale")?,
        time_zone: form.other("time_zone")?,
    };
    if !form.0.is_empty() {
        return Err(Unreadable);
    }
    match act.split_once('.') {
        None if act.is_empty() || act == "save" => {}
        None if act == "stop_offers" => return Ok(Choice::StopOffers),
        Some((on @ ("on" | "off"), category)) => choices.topics.push(TopicChoice {
            category: category.parse().map_err(|_| Unreadable)?,
            topic: String::new(),
            channel,
            on: on == "on",
            frequency: Frequency::Each,
        }),
        _ => return Err(Unreadable),
    }
    Ok(Choice::Form(choices))
}

/// The fields by name; what was read is gone.
struct Fields(BTreeMap<String, String>);

impl Fields {
    /// A box: ticked or not, where that is another than was shown.
    fn tick(&mut self, name: &str) -> Result<Option<bool>, Unreadable> {
        let ticked = match self.0.remove(name).as_deref() {
            None => false,
            Some("yes") => true,
            Some(_) => return Err(Unreadable),
        };
        match self.0.remove(&format!("was_{name}")).as_deref() {
            // It was not on the form.
            None if !ticked => Ok(None),
            Some("yes") => Ok((!ticked).then_some(false)),
            Some("no") => Ok(ticked.then_some(true)),
            _ => Err(Unreadable),
        }
    }

    /// A value, where it is another than was shown.
    fn other(&mut self, name: &str) -> Result<Option<String>, Unreadable> {
        let given = self.0.remove(name);
        match (given, self.0.remove(&format!("was_{name}"))) {
            (None, None) => Ok(None),
            (Some(given), Some(shown)) => Ok((given != shown).then_some(given)),
            _ => Err(Unreadable),
        }
    }

    fn topics(&mut self, channel: Channel) -> Result<Vec<TopicChoice>, Unreadable> {
        let names = self.0.keys();
        let names = names.filter_map(|name| name.strip_prefix("topic."));
        let names: Vec<String> = names.map(str::to_owned).collect();
        let mut topics = Vec::new();
        // In order: what has no topic comes before the topics of its category, whose own words
        // follow the one about all.
        for name in names {
            let (category, topic) = name.split_once('.').ok_or(Unreadable)?;
            let category: Category = category.parse().map_err(|_| Unreadable)?;
            let wanted = self.0.remove(&format!("topic.{name}"));
            let shown = self.0.remove(&format!("was.{name}")).ok_or(Unreadable)?;
            let wanted = wanted.ok_or(Unreadable)?;
            if wanted == shown {
                continue;
            }
            let frequency = match wanted.as_str() {
                "off" => Frequency::Each,
                wanted => wanted.parse().map_err(|_| Unreadable)?,
            };
            topics.push(TopicChoice {
                category,
                topic: topic.to_owned(),
                channel,
                on: wanted != "off",
                frequency,
            });
        }
        Ok(topics)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(fields: &[(&str, &str)]) -> Result<Choice, Unreadable> {
        let fields = fields.iter();
        let fields = fields.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        read(fields.collect(), Channel::Sms)
    }

    #[test]
    fn only_what_differs_from_what_was_shown_is_a_choice() {
        let read = form(&[
            ("allowed", "yes"),
            ("was_allowed", "yes"),
            ("was_offers", "yes"),
            ("topic.orders.delivery", "urgent"),
            ("was.orders.delivery", "each"),
            ("topic.orders.returns", "off"),
            ("was.orders.returns", "off"),
            ("topic.orders.updates", "weekly"),
            ("was.orders.updates", "each"),
            ("locale", "de"),
            ("was_locale", "en"),
            ("time_zone", "Europe/Berlin"),
            ("was_time_zone", "Europe/Berlin"),
            ("do", "save"),
        ]);
        let expected = Choices {
            channels: vec![ChannelChoice {
                channel: Channel::Sms,
                allowed: None,
                offers: Some(false),
            }],
            topics: [
                ("delivery", Frequency::Urgent),
                ("updates", Frequency::Weekly),
            ]
            .map(|(topic, frequency)| TopicChoice {
                category: Category::Orders,
                topic: topic.into(),
                channel: Channel::Sms,
                on: true,
                frequency,
            })
            .to_vec(),
            locale: Some("de".into()),
            time_zone: None,
        };
        assert_eq!(read, Ok(Choice::Form(expected)));
    }

    #[test]
    fn what_is_no_form_of_ours_is_refused() {
        for fields in [
            &[("colour", "red")][..],
            &[("allowed", "yes")],
            &[("was_allowed", "perhaps")],
            &[("was_allowed", "no"), ("was_allowed", "yes")],
            &[("topic.orders.delivery", "off")],
            &[("was.orders.delivery", "off")],
            &[
                ("topic.gossip.delivery", "off"),
                ("was.gossip.delivery", "each"),
            ],
            &[
                ("topic.orders.delivery", "monthly"),
                ("was.orders.delivery", "each"),
            ],
            &[("topic.orders", "off"), ("was.orders", "each")],
            &[("locale", "de")],
            &[("do", "delete")],
            &[("do", "off.gossip")],
        ] {
            assert_eq!(form(fields), Err(Unreadable), "{fields:?}");
        }
        let many = (0..=FIELDS).map(|at| (format!("was.{at}"), String::new()));
        assert_eq!(read(many.collect(), Channel::Sms), Err(Unreadable));
        assert_eq!(form(&[("do", "stop_offers")]), Ok(Choice::StopOffers));
        assert!(form(&[]).is_ok());
    }
}
