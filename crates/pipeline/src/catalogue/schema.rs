//! What data a message type needs, and the one gate through which data comes in.
//!
//! Only declared paths pass: what a type does not name is neither stored nor rendered.

use std::borrow::Cow;
use std::fmt::Write;

use model::Sealed;
use serde_json::{Map, Value};

use super::clean::clean;
use super::kind::{Kind, KindFault, leads_home};
use super::view::member_mut;

/// All the text of one event's declared data together.
const MAX_DATA_BYTES: usize = 64 * 1024;
const MAX_VALUES: usize = 4_096;
/// A mail shows each entry with lines of its own: more would make it too large to be made.
const MAX_ITEMS: usize = 500;

/// Names that templates use for what is not event data.
const RESERVED: &[&str] = &["brand", "customer", "loop"];

/// The data of one message type.
#[derive(Clone, Debug, Default)]
pub(crate) struct Schema {
    roots: Vec<(String, Node)>,
    /// The name of the top-level value that is a secret.
    pub secret: Option<String>,
}

/// One place in the data.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    required: bool,
    pub shape: Shape,
}

/// What stands at a place.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    Leaf(Kind),
    Object(Vec<(String, Node)>),
    List(Box<Node>),
}

/// What is wrong with the data of an event. Never repeats a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DataFault {
    /// A JSON pointer into the event.
    pub pointer: String,
    /// What is wrong.
    pub reason: String,
}

/// Data that passed.
#[derive(Debug)]
pub(crate) struct Accepted {
    /// The declared part, cleaned, without the secret.
    pub data: Map<String, Value>,
    /// The secret.
    pub secret: Option<Sealed>,
}

impl Schema {
    /// Declares a path such as `order.items[].price`.
    pub(crate) fn declare(&mut self, path: &str, kind: Kind, required: bool) -> Result<(), String> {
        let steps: Vec<&str> = path.split('.').collect();
        let root = steps.first().copied().unwrap_or_default();
        if RESERVED.contains(&root) {
            return Err(format!("`{root}` is a name that templates use themselves"));
        }
        if kind == Kind::Secret {
            if steps.len() != 1 || !required {
                return Err("a secret is required and stands at the top of the data".to_owned());
            }
            if self.secret.replace(path.to_owned()).is_some() {
                return Err("a message has at most one secret".to_owned());
            }
        }
        insert(&mut self.roots, &steps, kind, required)
    }

    /// The place at the top with this name. The secret has none: templates cannot read it.
    pub(crate) fn root(&self, name: &str) -> Option<&Node> {
        if self.secret.as_deref() == Some(name) {
            return None;
        }
        self.roots
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, node)| node)
    }

    /// Every path that may be missing, as JSON pointers with `*` for each of a list.
    pub(crate) fn optional_paths(&self) -> Vec<Vec<String>> {
        let mut found = Vec::new();
        walk_optional(&self.roots, &mut Vec::new(), &mut found);
        found
    }

    /// Checks the data of an event and keeps what is declared, cleaned where it stands.
    /// Links may only lead to `domain` and the names under it.
    pub(crate) fn accept(
        &self,
        mut data: Map<String, Value>,
        domain: &str,
    ) -> Result<Accepted, DataFault> {
        let mut gate = Gate {
            domain,
            pointer: "/data".to_owned(),
            bytes: 0,
            values: 0,
            braces: self.secret.is_none(),
        };
        gate.object(&self.roots, &mut data)?;
        let secret = self.secret.as_ref().and_then(|name| data.remove(name));
        let secret = secret.and_then(|value| value.as_str().map(Sealed::new));
        Ok(Accepted { data, secret })
    }
}

fn insert(
    nodes: &mut Vec<(String, Node)>,
    steps: &[&str],
    kind: Kind,
    required: bool,
) -> Result<(), String> {
    let Some((step, rest)) = steps.split_first() else {
        return Err("a path has a name".to_owned());
    };
    let (name, is_list) = match step.strip_suffix("[]") {
        Some(name) => (name, true),
        None => (*step, false),
    };
    let fits = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if !fits {
        return Err(format!("`{step}`: names are small letters, digits and `_`"));
    }
    let at = match nodes.iter().position(|(known, _)| known == name) {
        Some(at) => at,
        None => {
            let inside = if rest.is_empty() {
                Shape::Leaf(kind)
            } else {
                Shape::Object(Vec::new())
            };
            let shape = if is_list {
                Shape::List(Box::new(Node {
                    required: true,
                    shape: inside,
                }))
            } else {
                inside
            };
            nodes.push((
                name.to_owned(),
                Node {
                    required: false,
                    shape,
                },
            ));
            nodes.len() - 1
        }
    };
    let node = &mut nodes[at].1;
    node.required |= required;
    let inside = match (&mut node.shape, is_list) {
        (Shape::List(item), true) => &mut item.shape,
        (Shape::List(_), false) | (_, true) => {
            return Err(format!("`{name}` is a list in one path and not in another"));
        }
        (shape, false) => shape,
    };
    match inside {
        Shape::Object(children) if !rest.is_empty() => insert(children, rest, kind, required),
        Shape::Leaf(known) if rest.is_empty() && *known == kind => Ok(()),
        _ => Err(format!("`{name}` is declared twice, as different things")),
    }
}

fn walk_optional(nodes: &[(String, Node)], at: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    for (name, node) in nodes {
        at.push(name.clone());
        let depth = at.len();
        if !node.required {
            found.push(at.clone());
        }
        let inside = match &node.shape {
            Shape::List(item) => {
                at.push("*".to_owned());
                &item.shape
            }
            other => other,
        };
        if let Shape::Object(children) = inside {
            walk_optional(children, at, found);
        }
        at.truncate(depth - 1);
    }
}

struct Gate<'a> {
    domain: &'a str,
    pointer: String,
    bytes: usize,
    values: usize,
    braces: bool,
}

impl Gate<'_> {
    fn fault(&self, reason: impl Into<String>) -> DataFault {
        DataFault {
            pointer: self.pointer.clone(),
            reason: reason.into(),
        }
    }

    /// What does not stay becomes null on the way, and goes with what is not declared.
    fn object(
        &mut self,
        nodes: &[(String, Node)],
        given: &mut Map<String, Value>,
    ) -> Result<(), DataFault> {
        let mut kept = 0;
        for (name, node) in nodes {
            let depth = self.pointer.len();
            self.pointer.push('/');
            self.pointer.push_str(name);
            let stays = match member_mut(given, name) {
                Some(value) => self.node(node, value)?,
                None => false,
            };
            if stays {
                kept += 1;
            } else if node.required {
                return Err(self.fault("is missing"));
            }
            self.pointer.truncate(depth);
        }
        if kept < given.len() {
            let declared = |name: &str| nodes.iter().any(|(known, _)| known == name);
            given.retain(|name, value| !value.is_null() && declared(name));
        }
        Ok(())
    }

    /// Whether it stays.
    fn node(&mut self, node: &Node, given: &mut Value) -> Result<bool, DataFault> {
        if given.is_null() {
            return Ok(false);
        }
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(self.fault(format!("the data has more than {MAX_VALUES} values")));
        }
        match &node.shape {
            Shape::Leaf(kind) => self.leaf(*kind, given),
            Shape::Object(children) => match given {
                Value::Object(map) => self.object(children, map).map(|()| true),
                _ => Err(self.fault("is not an object")),
            },
            Shape::List(item) => match given {
                Value::Array(values) => self.list(item, values).map(|()| true),
                _ => Err(self.fault("is not a list")),
            },
        }
    }

    fn list(&mut self, item: &Node, values: &mut [Value]) -> Result<(), DataFault> {
        if values.len() > MAX_ITEMS {
            let has = values.len();
            return Err(self.fault(format!("a list has at most {MAX_ITEMS} entries, not {has}")));
        }
        for (at, value) in values.iter_mut().enumerate() {
            let depth = self.pointer.len();
            // Writing to a string cannot fail.
            let _ = write!(self.pointer, "/{at}");
            if !self.node(item, value)? {
                return Err(self.fault("is empty"));
            }
            self.pointer.truncate(depth);
        }
        Ok(())
    }

    fn leaf(&mut self, kind: Kind, given: &mut Value) -> Result<bool, DataFault> {
        if let Value::String(text) = given {
            self.bytes = self.bytes.saturating_add(text.len());
            if self.bytes > MAX_DATA_BYTES {
                return Err(self.fault(format!("the data has more than {MAX_DATA_BYTES} bytes")));
            }
            match clean(text) {
                Cow::Borrowed(same) if same.len() == text.len() => {}
                cleaned => *text = cleaned.into_owned(),
            }
            // A value that looks like the placeholder must not be filled with the code.
            if !self.braces && text.contains(['{', '}']) {
                *text = text.replace('{', "(").replace('}', ")");
            }
            if text.is_empty() {
                *given = Value::Null;
                return Ok(false);
            }
        }
        if let Err(KindFault(reason)) = kind.accept(given) {
            return Err(self.fault(reason));
        }
        match given {
            Value::String(link) if kind == Kind::Link && !leads_home(link, self.domain) => {
                Err(self.fault(format!("a link may only lead to {}", self.domain)))
            }
            _ => Ok(true),
        }
    }
}
