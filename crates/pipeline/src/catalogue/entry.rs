//! One message type: what its `type.toml` says.

use std::collections::BTreeMap;

use model::{Category, Channel, Lane, PurposeClass, Span};
use serde::Deserialize;

use super::describe::Written;
use super::fault::CatalogueFault;
use super::flat::toml_fault;
use super::json_schema;
use super::kind::Kind;
use super::schema::Schema;
use super::templates::TemplateId;
use super::tree::SourceFile;
use crate::contacts;
use crate::decide::{Terms, UsefulFor};

/// The steps of a parcel's way, in order; their names are words of the layout.
pub(crate) const TRACK: &[&str] = &["ordered", "shipped", "out_for_delivery", "delivered"];

/// An entry of the catalogue: everything about one message type but its words.
#[derive(Clone, Debug)]
pub struct MessageType {
    /// Its name, which is the type of the events that cause it.
    pub name: String,
    /// Grows with every change of its templates that changes what customers read.
    pub version: u32,
    /// The tab it stands under.
    pub category: Category,
    /// The row of the preference page it belongs to, inside its category; empty for none of
    /// its own.
    pub topic: String,
    /// The ground for writing.
    pub purpose: PurposeClass,
    /// How urgent.
    pub lane: Lane,
    /// The channels it takes by default, besides the Message Center.
    pub channels: Vec<Channel>,
    /// How long after the event it is still news.
    pub useful_for: UsefulFor,
    /// The types whose news is outdated by this one's, of the same order.
    pub supersedes: Vec<String>,
    /// Whether news of another type makes this one's outdated.
    pub(crate) is_overtaken: bool,
    /// Whether the same may be said twice: a chat, a code.
    pub repeats: bool,
    /// Whether it answers a customer's STOP, START or HELP: it goes to who said stop, at once
    /// and once, and no event from outside causes it.
    pub answers: bool,
    /// Whether it is a summary of what waited for it: of which category and for which channel
    /// stands in its data, and no event from outside causes it.
    pub digest: bool,
    /// Whether lock screens, texts and subjects do not say what it is about.
    pub sensitive: bool,
    /// Whose files it is made of.
    pub written: Written,
    pub(crate) schema: Schema,
    pub(crate) sender: String,
    pub(crate) facts: Vec<String>,
    pub(crate) items: bool,
    pub(crate) track: Option<usize>,
    pub(crate) links: Vec<String>,
    /// The templates by locale.
    pub(crate) locales: BTreeMap<String, TemplateNames>,
}

/// The templates of one locale.
#[derive(Clone, Debug)]
pub(crate) struct TemplateNames {
    pub sender: TemplateId,
    pub title: TemplateId,
    pub summary: TemplateId,
    pub sms: Option<TemplateId>,
    pub subject: Option<TemplateId>,
    pub preheader: Option<TemplateId>,
    pub body: TemplateId,
    pub facts: Vec<FactNames>,
}

/// The label and the template of one fact.
#[derive(Clone, Debug)]
pub(crate) struct FactNames {
    pub label: String,
    pub value: TemplateId,
}

impl MessageType {
    /// What decisions read of it.
    pub fn terms(&self) -> Terms {
        Terms {
            category: self.category,
            topic: self.topic.clone(),
            answers: self.answers,
            digest: self.digest,
            proves: contacts::proves(&self.name),
            purpose: self.purpose,
            lane: self.lane,
            channels: self.channels.clone(),
            useful_for: self.useful_for,
        }
    }

    /// Whether the message carries a code that only the carrier may see.
    pub fn has_secret(&self) -> bool {
        self.schema.secret.is_some()
    }

    /// Whether the type takes this channel by default.
    pub fn takes(&self, channel: Channel) -> bool {
        self.channels.contains(&channel)
    }

    /// The locales it is written in.
    pub fn locales(&self) -> impl Iterator<Item = &str> {
        self.locales.keys().map(String::as_str)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TypeFile {
    version: u32,
    category: Category,
    #[serde(default)]
    topic: String,
    purpose: PurposeClass,
    lane: Lane,
    channels: Vec<Channel>,
    useful_for: String,
    #[serde(default)]
    supersedes: Vec<String>,
    #[serde(default)]
    repeats: bool,
    #[serde(default)]
    answers: bool,
    #[serde(default)]
    digest: bool,
    #[serde(default)]
    sensitive: bool,
    #[serde(default = "marketplace")]
    sender: String,
    #[serde(default)]
    facts: Vec<String>,
    #[serde(default)]
    items: bool,
    #[serde(default)]
    track: Option<String>,
    #[serde(default)]
    links: Vec<String>,
}

fn marketplace() -> String {
    "{{ brand.name }}".to_owned()
}

/// The line a key stands on; 0 where it does not.
pub(crate) fn line_of(text: &str, key: &str) -> usize {
    let starts = |line: &str| {
        let line = line.trim_start().trim_start_matches('"');
        line.strip_prefix(key)
            .is_some_and(|rest| rest.starts_with(['"', ' ', '=']))
    };
    text.lines().position(starts).map_or(0, |at| at + 1)
}

/// Reads a `type.toml` and the `schema.json` beside it.
pub(crate) fn read(
    name: &str,
    file: &SourceFile,
    schema: &SourceFile,
) -> Result<MessageType, Vec<CatalogueFault>> {
    let parsed: TypeFile =
        toml::from_str(&file.text).map_err(|error| vec![toml_fault(file, &error)])?;
    let schema = json_schema::read(schema)?;
    let mut faults = Vec::new();
    let mut fault = |key: &str, reason: String| {
        let line = line_of(&file.text, key);
        faults.push(CatalogueFault::at(&file.shown, line, reason).key(key));
    };
    let useful_for = read_useful_for(&parsed.useful_for).unwrap_or_else(|| {
        let reason = "is not a time like \"10m\", \"2h\" or \"30d\", nor \"today\"";
        fault("useful_for", reason.to_owned());
        UsefulFor::Today
    });
    if !is_topic(&parsed.topic) {
        fault(
            "topic",
            "is a name of small letters, digits and `_`, like `returns`".to_owned(),
        );
    }
    let track = parsed.track.as_ref().and_then(|step| {
        let at = TRACK.iter().position(|known| known == step);
        if at.is_none() {
            fault("track", format!("is one of {}", TRACK.join(", ")));
        }
        at
    });
    for link in &parsed.links {
        if schema.leaf(link).is_none_or(|leaf| leaf.kind != Kind::Link) {
            fault(
                "links",
                format!("`{link}` is not declared in schema.json with `\"format\": \"uri\"`"),
            );
        }
    }
    let mut channels = parsed.channels;
    channels.sort_unstable();
    channels.dedup();
    let by_mail = channels.contains(&Channel::Email);
    if schema.secret.is_some() && by_mail && !contacts::proves_mail(name) {
        fault("channels", "a secret never leaves by mail".to_owned());
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok(MessageType {
        name: name.to_owned(),
        version: parsed.version,
        category: parsed.category,
        topic: parsed.topic,
        purpose: parsed.purpose,
        lane: parsed.lane,
        channels,
        useful_for,
        supersedes: parsed.supersedes,
        is_overtaken: false,
        repeats: parsed.repeats,
        answers: parsed.answers,
        digest: parsed.digest,
        sensitive: parsed.sensitive,
        written: Written::default(),
        schema,
        sender: parsed.sender,
        facts: parsed.facts,
        items: parsed.items,
        track,
        links: parsed.links,
        locales: BTreeMap::new(),
    })
}

fn is_topic(name: &str) -> bool {
    let named = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    name.len() <= 40 && name.bytes().all(named)
}

fn read_useful_for(text: &str) -> Option<UsefulFor> {
    match text {
        "today" => Some(UsefulFor::Today),
        _ => read_span(text).map(UsefulFor::Span),
    }
}

fn read_span(text: &str) -> Option<Span> {
    let unit = text.chars().last()?;
    let number: i64 = text.strip_suffix(unit)?.parse().ok()?;
    if !(1..=10_000).contains(&number) {
        return None;
    }
    match unit {
        's' => Some(Span::secs(number)),
        'm' => Some(Span::minutes(number)),
        'h' => Some(Span::hours(number)),
        'd' => Some(Span::days(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time() {
        assert_eq!(read_span("10m"), Some(Span::minutes(10)));
        assert_eq!(read_span("30d"), Some(Span::days(30)));
        for bad in ["", "m", "-1h", "0d", "1w", "1 h", "99999999999d", "é"] {
            assert_eq!(read_span(bad), None, "{bad}");
        }
    }

    #[test]
    fn faults_name_key_and_line() {
        let file = |shown: &str, text: &str| SourceFile {
            shown: shown.into(),
            text: text.into(),
            embedded: false,
        };
        let types = "version = 1\ncategory = \"orders\"\npurpose = \"security\"\nlane = \"normal\"\n\
                     channels = [\"email\"]\nuseful_for = \"soon\"\n";
        let schema = file(
            "schema.json",
            r#"{"type": "object", "required": ["code"], "properties": {"code": {"type": "string", "format": "code"}}}"#,
        );
        let shown = |types: &str| -> Vec<String> {
            let faults = read("a.b", &file("type.toml", types), &schema).unwrap_err();
            faults.iter().map(ToString::to_string).collect()
        };
        assert_eq!(
            shown(types),
            [
                "type.toml:6: `useful_for`: is not a time like \"10m\", \"2h\" or \"30d\", nor \"today\"",
                "type.toml:5: `channels`: a secret never leaves by mail",
            ]
        );
        let unknown = shown(&types.replace("lane", "lain"));
        assert!(
            unknown[0].starts_with("type.toml:4: unknown field `lain`"),
            "{unknown:?}"
        );
    }
}
