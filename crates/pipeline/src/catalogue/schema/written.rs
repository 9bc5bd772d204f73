//! The free texts of an event: what people wrote, as opposed to numbers, dates and words of a
//! list. The guard reads them before the commit.

use std::fmt::Write;

use serde_json::{Map, Value};

use super::{Kind, Node, Schema, Shape};

impl Schema {
    /// Every free text in data that passed, in the order of the schema.
    pub(crate) fn texts<'a>(&'a self, data: &'a Map<String, Value>) -> Vec<Written<'a>> {
        let mut found = Vec::new();
        let mut at = Vec::new();
        for (name, node) in &self.roots {
            if let Some(value) = data.get(name) {
                at.push(Step::Name(name));
                walk_texts(node, value, &mut at, &mut found);
                at.pop();
            }
        }
        found
    }
}

/// A step on the way to a value.
#[derive(Clone, Copy, Debug)]
enum Step<'a> {
    Name(&'a str),
    Place(usize),
}

/// A free text of an event, and where it stands.
#[derive(Debug)]
pub(crate) struct Written<'a> {
    pub text: &'a str,
    at: Vec<Step<'a>>,
}

impl Written<'_> {
    /// A JSON pointer into the event.
    pub(crate) fn pointer(&self) -> String {
        let mut pointer = "/data".to_owned();
        for step in &self.at {
            // Writing to a string cannot fail.
            let _ = match step {
                Step::Name(name) => write!(pointer, "/{name}"),
                Step::Place(place) => write!(pointer, "/{place}"),
            };
        }
        pointer
    }
}

fn walk_texts<'a>(
    node: &'a Node,
    value: &'a Value,
    at: &mut Vec<Step<'a>>,
    found: &mut Vec<Written<'a>>,
) {
    match (&node.shape, value) {
        (Shape::Leaf(leaf), Value::String(text))
            if leaf.kind == Kind::Text && leaf.choices.is_empty() && may_say_something(text) =>
        {
            found.push(Written {
                text,
                at: at.clone(),
            });
        }
        (Shape::Object(children), Value::Object(map)) => {
            for (name, child) in children {
                if let Some(value) = map.get(name) {
                    at.push(Step::Name(name));
                    walk_texts(child, value, at, found);
                    at.pop();
                }
            }
        }
        (Shape::List(item, _), Value::Array(values)) => {
            for (place, value) in values.iter().enumerate() {
                at.push(Step::Place(place));
                walk_texts(item, value, at, found);
                at.pop();
            }
        }
        _ => {}
    }
}

/// Whether a text is more than one plain word or number, such as that of an order.
fn may_say_something(text: &str) -> bool {
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b'#');
    let letters = || text.bytes().any(|octet| octet.is_ascii_alphabetic());
    !text.bytes().all(plain) || (text.len() >= 7 && !letters())
}
