//! What a template sees: values borrowed from where they stand, nothing built per message.

use std::cell::OnceCell;
use std::rc::Rc;

use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::context::Setting;
use super::formats::Formats;
use super::schema::{Node, Schema, Shape};

/// One value of a template.
#[derive(Clone, Debug)]
pub(crate) enum View<'a> {
    /// Nothing of that name.
    Undefined,
    /// A place that is known and empty.
    None,
    Bool(bool),
    Number(i64),
    Text(&'a str),
    /// What a filter made.
    Made(String),
    /// A declared object of the data, with what is there of it.
    Object(&'a [(String, Node)], Option<&'a Map<String, Value>>),
    /// A declared list of the data.
    Entries(&'a Node, &'a [Value]),
    /// The marketplace.
    Brand(&'a Setting<'a>),
    /// The customer.
    Customer(&'a Setting<'a>),
    /// A group of a layout.
    Fields(&'a [(&'a str, View<'a>)]),
    /// A list of a layout.
    Views(&'a [View<'a>]),
    /// Where a loop stands.
    Loop {
        index: usize,
        count: usize,
    },
}

/// Few names: looking at each beats hashing one.
const FEW: usize = 8;

/// Whether two names are the same; most that are not differ in length or at an end.
fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    one.len() == other.len()
        && one.first() == other.first()
        && one.last() == other.last()
        && one == other
}

fn member<'a>(map: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    if map.len() <= FEW {
        return map
            .iter()
            .find(|(key, _)| same(key, name))
            .map(|(_, value)| value);
    }
    map.get(name)
}

/// A member of an object, to be changed.
pub(super) fn member_mut<'a>(map: &'a mut Map<String, Value>, name: &str) -> Option<&'a mut Value> {
    if map.len() <= FEW {
        return map
            .iter_mut()
            .find(|(key, _)| same(key, name))
            .map(|(_, value)| value);
    }
    map.get_mut(name)
}

impl<'a> View<'a> {
    /// A declared place with what stands there.
    pub(super) fn of(node: &'a Node, given: Option<&'a Value>) -> Self {
        match &node.shape {
            Shape::Leaf(_) => match given {
                Some(Value::String(text)) => Self::Text(text),
                Some(Value::Number(number)) => number.as_i64().map_or(Self::None, Self::Number),
                Some(Value::Bool(flag)) => Self::Bool(*flag),
                _ => Self::None,
            },
            Shape::Object(children) => Self::Object(children, given.and_then(Value::as_object)),
            Shape::List(item, _) => {
                let given = given.and_then(Value::as_array);
                Self::Entries(item, given.map_or(&[][..], Vec::as_slice))
            }
        }
    }

    /// Text, or none where there is no text to show.
    pub(crate) fn text_or_none(text: Option<&'a str>) -> Self {
        text.map_or(Self::None, Self::Text)
    }

    /// What stands behind a dot.
    pub(super) fn attribute(&self, name: &str) -> Self {
        match self {
            Self::Object(children, given) => children
                .iter()
                .find(|(known, _)| same(known, name))
                .map_or(Self::Undefined, |(_, node)| {
                    Self::of(node, given.and_then(|map| member(map, name)))
                }),
            Self::Fields(fields) => fields
                .iter()
                .find(|(known, _)| same(known, name))
                .map_or(Self::Undefined, |(_, view)| view.clone()),
            Self::Brand(setting) => match name {
                "name" => Self::Text(setting.brand),
                "domain" => Self::Text(setting.domain),
                "url" => Self::Text(setting.url),
                "support" => Self::Text(setting.support),
                _ => Self::Undefined,
            },
            Self::Customer(setting) if name == "name" => {
                Self::text_or_none(Some(setting.name.as_ref()).filter(|name| !name.is_empty()))
            }
            Self::Loop { index, count } => match name {
                "first" => Self::Bool(*index == 0),
                "last" => Self::Bool(index + 1 == *count),
                "index" => Self::Number(*index as i64 + 1),
                _ => Self::Undefined,
            },
            _ => Self::Undefined,
        }
    }

    /// The text of a text.
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Made(text) => Some(text),
            _ => None,
        }
    }

    /// Whether `if` takes it for true; what is undefined is neither.
    pub(super) fn is_true(&self) -> Option<bool> {
        Some(match self {
            Self::Undefined => return None,
            Self::None => false,
            Self::Bool(truth) => *truth,
            Self::Number(number) => *number != 0,
            Self::Text(text) => !text.is_empty(),
            Self::Made(text) => !text.is_empty(),
            Self::Object(children, _) => !children.is_empty(),
            Self::Fields(fields) => !fields.is_empty(),
            Self::Entries(_, values) => !values.is_empty(),
            Self::Views(views) => !views.is_empty(),
            Self::Brand(_) | Self::Customer(_) | Self::Loop { .. } => true,
        })
    }

    /// How many entries a list has.
    pub(super) fn entries(&self) -> Option<usize> {
        match self {
            Self::Entries(_, values) => Some(values.len()),
            Self::Views(views) => Some(views.len()),
            _ => None,
        }
    }

    /// How many times a loop goes over it: what is empty counts as an empty list.
    pub(super) fn rounds(&self) -> Option<usize> {
        match self {
            Self::None => Some(0),
            other => other.entries(),
        }
    }

    /// One entry of a list.
    pub(super) fn entry(&self, at: usize) -> Self {
        match self {
            Self::Entries(node, values) => Self::of(node, values.get(at)),
            Self::Views(views) => views.get(at).cloned().unwrap_or(Self::Undefined),
            _ => Self::Undefined,
        }
    }

    fn kind(&self) -> u8 {
        match self {
            Self::Undefined => 0,
            Self::None => 1,
            Self::Bool(_) => 2,
            Self::Number(_) => 3,
            Self::Text(_) | Self::Made(_) => 4,
            Self::Entries(..) | Self::Views(_) => 5,
            _ => 6,
        }
    }

    /// Values of one kind by their worth, others by their kind; groups and lists have no
    /// order, and are never equal.
    pub(super) fn order(&self, other: &Self) -> Option<std::cmp::Ordering> {
        match (self, other) {
            (Self::Bool(one), Self::Bool(other)) => Some(one.cmp(other)),
            (Self::Number(one), Self::Number(other)) => Some(one.cmp(other)),
            (one, other) => match (one.as_text(), other.as_text()) {
                (Some(one), Some(other)) => Some(one.cmp(other)),
                _ => Some(one.kind().cmp(&other.kind()))
                    .filter(|order| order.is_ne() || one.kind() <= 1),
            },
        }
    }
}

/// Where a template's names lead.
enum Roots<'a> {
    Message(&'a Schema, &'a Map<String, Value>),
    Layout(&'a [(&'a str, View<'a>)]),
}

/// All that one rendering may see.
pub(crate) struct Scene<'a> {
    roots: Roots<'a>,
    setting: &'a Setting<'a>,
    formats: OnceCell<Rc<Formats>>,
    zone: OnceCell<TimeZone>,
}

impl<'a> Scene<'a> {
    fn new(roots: Roots<'a>, setting: &'a Setting<'a>) -> Self {
        Self {
            roots,
            setting,
            formats: OnceCell::new(),
            zone: OnceCell::new(),
        }
    }

    /// For the templates of a message type.
    pub(crate) fn message(
        schema: &'a Schema,
        data: &'a Map<String, Value>,
        setting: &'a Setting<'a>,
    ) -> Self {
        Self::new(Roots::Message(schema, data), setting)
    }

    /// For a layout.
    pub(crate) fn layout(names: &'a [(&'a str, View<'a>)], setting: &'a Setting<'a>) -> Self {
        Self::new(Roots::Layout(names), setting)
    }

    /// What a name means.
    pub(super) fn root(&self, name: &str) -> View<'a> {
        match (&self.roots, name) {
            (Roots::Layout(names), _) => View::Fields(names).attribute(name),
            (Roots::Message(..), "brand") => View::Brand(self.setting),
            (Roots::Message(..), "customer") => View::Customer(self.setting),
            (Roots::Message(schema, data), _) => match schema.root(name) {
                Some(node) => View::of(node, member(data, name)),
                None => View::Undefined,
            },
        }
    }

    /// How this message writes numbers and dates.
    pub(super) fn formats(&self) -> &Formats {
        self.formats
            .get_or_init(|| Formats::of(self.setting.locale))
    }

    /// The customer's zone.
    pub(super) fn zone(&self) -> &TimeZone {
        self.zone
            .get_or_init(|| TimeZone::get(self.setting.zone).unwrap_or(TimeZone::UTC))
    }

    /// "{n} more", in the language of the words.
    pub(super) fn more(&self) -> &str {
        self.setting.more
    }
}
