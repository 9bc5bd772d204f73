//! Reading the form of the preference page.
//!
//! Each choice comes with what was shown when it was made, and only what differs from that is
//! a choice: a page that was left open for a day takes nothing back that was said since.

use std::collections::BTreeMap;

use model::{Category, Channel, Frequency, QuietHours};
use pipeline::choices::{ChannelChoice, Choice, Choices, TopicChoice};

/// A form of ours has fewer fields.
const FIELDS: usize = 300;

/// Why a form says nothing that could be done.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// It is not one of ours.
    Foreign,
    /// Its hours of quiet are no hours.
    Hours,
}
use Unreadable::Foreign;

/// The word of a select for what has no frequency.
const OFF: &str = "off";

/// What a select of a topic says.
pub(super) fn word_of(wanted: Option<Frequency>) -> &'static str {
    wanted.map_or(OFF, Frequency::as_str)
}

/// What the form says of hours of quiet: `off`, or `22:00-07:00`.
pub(super) fn hours_word(hours: Option<QuietHours>) -> String {
    hours.map_or_else(
        || OFF.to_owned(),
        |hours| format!("{}-{}", hours.from_text(), hours.to_text()),
    )
}

/// The name of a topic in a form.
pub(super) fn name_of(category: Category, topic: &str) -> String {
    format!("{category}.{topic}")
}

/// What the form about a channel chooses.
pub(super) fn read(fields: Vec<(String, String)>, channel: Channel) -> Result<Choice, Unreadable> {
    if fields.len() > FIELDS {
        return Err(Foreign);
    }
    let mut by_name = BTreeMap::new();
    for (name, value) in fields {
        if by_name.insert(name, value).is_some() {
            return Err(Foreign);
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
        quiet_hours: form.quiet_hours()?,
    };
    if !form.0.is_empty() {
        return Err(Foreign);
    }
    match act.split_once('.') {
        None if act.is_empty() || act == "save" => {}
        None if act == "stop_offers" => return Ok(Choice::StopOffers),
        None if act == "mail_instead" => return Ok(Choice::Form(mail_instead())),
        Some((on @ ("on" | "off"), category)) => choices.topics.push(TopicChoice {
            category: category.parse().map_err(|_| Foreign)?,
            topic: String::new(),
            channel,
            on: on == "on",
            frequency: Frequency::Each,
        }),
        _ => return Err(Foreign),
    }
    Ok(Choice::Form(choices))
}

/// What costs nothing in place of what a carrier may charge for.
fn mail_instead() -> Choices {
    let channel = |channel, allowed| ChannelChoice {
        channel,
        allowed: Some(allowed),
        offers: None,
    };
    Choices {
        channels: vec![channel(Channel::Sms, false), channel(Channel::Email, true)],
        ..Choices::default()
    }
}

/// The fields by name; what was read is gone.
struct Fields(BTreeMap<String, String>);

impl Fields {
    /// A box: ticked or not, where that is another than was shown.
    fn tick(&mut self, name: &str) -> Result<Option<bool>, Unreadable> {
        let ticked = match self.0.remove(name).as_deref() {
            None => false,
            Some("yes") => true,
            Some(_) => return Err(Foreign),
        };
        match self.0.remove(&format!("was_{name}")).as_deref() {
            // It was not on the form.
            None if !ticked => Ok(None),
            Some("yes") => Ok((!ticked).then_some(false)),
            Some("no") => Ok(ticked.then_some(true)),
            _ => Err(Foreign),
        }
    }

    /// A value, where it is another than was shown.
    fn other(&mut self, name: &str) -> Result<Option<String>, Unreadable> {
        let given = self.0.remove(name);
        match (given, self.0.remove(&format!("was_{name}"))) {
            (None, None) => Ok(None),
            (Some(given), Some(shown)) => Ok((given != shown).then_some(given)),
            _ => Err(Foreign),
        }
    }

    /// The hours of quiet, where they are others than were shown.
    fn quiet_hours(&mut self) -> Result<Option<Option<QuietHours>>, Unreadable> {
        let ticked = self.0.remove("quiet");
        let (from, to) = (self.0.remove("quiet_from"), self.0.remove("quiet_to"));
        let Some(shown) = self.0.remove("was_quiet") else {
            let nothing = ticked.is_none() && from.is_none() && to.is_none();
            return if nothing { Ok(None) } else { Err(Foreign) };
        };
        let hours = match (ticked.as_deref(), from, to) {
            (None, ..) => None,
            (Some("yes"), Some(from), Some(to)) => {
                Some(QuietHours::parse(&from, &to).map_err(|_| Unreadable::Hours)?)
            }
            _ => return Err(Foreign),
        };
        Ok((hours_word(hours) != shown).then_some(hours))
    }

    fn topics(&mut self, channel: Channel) -> Result<Vec<TopicChoice>, Unreadable> {
        let names = self.0.keys();
        let names = names.filter_map(|name| name.strip_prefix("topic."));
        let names: Vec<String> = names.map(str::to_owned).collect();
        let mut topics = Vec::new();
        // In order: what has no topic comes before the topics of its category, whose own words
        // follow the one about all.
        for name in names {
            let (category, topic) = name.split_once('.').ok_or(Foreign)?;
            let category: Category = category.parse().map_err(|_| Foreign)?;
            let wanted = self.0.remove(&format!("topic.{name}"));
            let shown = self.0.remove(&format!("was.{name}")).ok_or(Foreign)?;
            let wanted = wanted.ok_or(Foreign)?;
            if wanted == shown {
                continue;
            }
            let frequency = match wanted.as_str() {
                OFF => Frequency::Each,
                word => word.parse().map_err(|_| Foreign)?,
            };
            topics.push(TopicChoice {
                category,
                topic: topic.to_owned(),
                channel,
                on: wanted != OFF,
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
            quiet_hours: None,
        };
        assert_eq!(read, Ok(Choice::Form(expected)));
    }

    #[test]
    fn hours_of_quiet_are_a_tick_and_two_times() {
        let night = QuietHours::parse("22:00", "07:00").ok();
        for (fields, expected) in [
            (&[][..], Ok(None)),
            (&[("was_quiet", "off")], Ok(None)),
            (&[("was_quiet", "22:00-07:00")], Ok(Some(None))),
            (
                &[
                    ("quiet", "yes"),
                    ("quiet_from", "22:00"),
                    ("quiet_to", "07:00"),
                    ("was_quiet", "off"),
                ],
                Ok(Some(night)),
            ),
            (
                &[
                    ("quiet", "yes"),
                    ("quiet_from", "22:00"),
                    ("quiet_to", "07:00"),
                    ("was_quiet", "22:00-07:00"),
                ],
                Ok(None),
            ),
            // Without the tick the times say nothing.
            (
                &[("quiet_from", "9"), ("quiet_to", ""), ("was_quiet", "off")],
                Ok(None),
            ),
            (
                &[
                    ("quiet", "yes"),
                    ("quiet_from", "22:00"),
                    ("quiet_to", "22:00"),
                    ("was_quiet", "off"),
                ],
                Err(Unreadable::Hours),
            ),
            (
                &[
                    ("quiet", "yes"),
                    ("quiet_from", ""),
                    ("quiet_to", "07:00"),
                    ("was_quiet", "off"),
                ],
                Err(Unreadable::Hours),
            ),
            (&[("quiet", "yes"), ("was_quiet", "off")], Err(Foreign)),
            (&[("quiet", "yes")], Err(Foreign)),
        ] {
            let read = form(fields).map(|choice| match choice {
                Choice::Form(choices) => choices.quiet_hours,
                other => panic!("{other:?}"),
            });
            assert_eq!(read, expected, "{fields:?}");
        }
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
                ("topic.orders.delivery", "sometimes"),
                ("was.orders.delivery", "each"),
            ],
            &[("topic.orders", "off"), ("was.orders", "each")],
            &[("locale", "de")],
            &[("do", "delete")],
            &[("do", "off.gossip")],
        ] {
            assert_eq!(form(fields), Err(Foreign), "{fields:?}");
        }
        let many = (0..=FIELDS).map(|at| (format!("was.{at}"), String::new()));
        assert_eq!(read(many.collect(), Channel::Sms), Err(Foreign));
        assert_eq!(form(&[("do", "stop_offers")]), Ok(Choice::StopOffers));
        assert!(form(&[]).is_ok());
    }
}
