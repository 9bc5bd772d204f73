//! What data a message type needs, and the one gate through which data comes in.
//!
//! Only declared paths pass: what a type does not name is neither stored nor rendered.

mod written;

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
pub(super) const MAX_ITEMS: usize = 500;

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
    pub required: bool,
    pub shape: Shape,
}

/// What stands at a place.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    Leaf(Leaf),
    Object(Vec<(String, Node)>),
    /// What each entry is, and how many there are at most.
    List(Box<Node>, usize),
}

/// A single value.
#[derive(Clone, Debug)]
pub(crate) struct Leaf {
    pub kind: Kind,
    /// The only texts it may be, where there are any.
    pub choices: Vec<String>,
    /// Characters of a text at most.
    pub longest: usize,
    /// The least and the greatest whole number.
    pub range: (u64, u64),
}

impl Leaf {
    /// Any value of a kind.
    pub(super) fn of(kind: Kind) -> Self {
        Self {
            kind,
            choices: Vec::new(),
            longest: usize::MAX,
            range: (0, u64::MAX),
        }
    }

    /// How a value of the kind is not among those that are allowed here.
    fn beyond(&self, given: &Value) -> Option<String> {
        match given {
            Value::String(text) => {
                if !self.choices.is_empty() && !self.choices.contains(text) {
                    return Some(format!("is none of {}", self.choices.join(", ")));
                }
                let longer = text.len() > self.longest && text.chars().count() > self.longest;
                longer.then(|| format!("has more than {} characters", self.longest))
            }
            Value::Number(number) => {
                let (least, most) = self.range;
                let within = number.as_u64().is_none_or(|n| (least..=most).contains(&n));
                (!within).then(|| format!("is not from {least} to {most}"))
            }
            _ => None,
        }
    }
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
    /// Declares what stands at the top of the data under a name.
    pub(super) fn declare(&mut self, name: String, node: Node) -> Result<(), String> {
        if RESERVED.contains(&name.as_str()) {
            return Err(format!("`{name}` is a name that templates use themselves"));
        }
        match &node.shape {
            Shape::Leaf(leaf) if leaf.kind == Kind::Secret => {
                if !node.required {
                    return Err("a secret is required".to_owned());
                }
                if self.secret.replace(name.clone()).is_some() {
                    return Err("a message has at most one secret".to_owned());
                }
            }
            inside if holds_secret(inside) => {
                return Err("a secret stands at the top of the data".to_owned());
            }
            _ => {}
        }
        self.roots.push((name, node));
        Ok(())
    }

    /// Whether a yes or no of this name is declared anywhere.
    pub(crate) fn has_flag(&self, name: &str) -> bool {
        has_flag(&self.roots, name)
    }

    /// What stands at the top of the data, the secret among it.
    pub(super) fn roots(&self) -> &[(String, Node)] {
        &self.roots
    }

    /// The leaf at a path of names.
    pub(super) fn leaf(&self, path: &str) -> Option<&Leaf> {
        let mut steps = path.split('.');
        let mut place = self.root(steps.next()?)?;
        for step in steps {
            let Shape::Object(children) = &place.shape else {
                return None;
            };
            place = children
                .iter()
                .find_map(|(name, node)| (name == step).then_some(node))?;
        }
        match &place.shape {
            Shape::Leaf(leaf) => Some(leaf),
            _ => None,
        }
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

fn holds_secret(shape: &Shape) -> bool {
    match shape {
        Shape::Leaf(leaf) => leaf.kind == Kind::Secret,
        Shape::Object(children) => children.iter().any(|(_, node)| holds_secret(&node.shape)),
        Shape::List(entry, _) => holds_secret(&entry.shape),
    }
}

fn has_flag(nodes: &[(String, Node)], name: &str) -> bool {
    nodes.iter().any(|(known, node)| match &node.shape {
        Shape::Leaf(leaf) => leaf.kind == Kind::Flag && known == name,
        Shape::Object(children) => has_flag(children, name),
        Shape::List(entry, _) => match &entry.shape {
            Shape::Object(children) => has_flag(children, name),
            _ => false,
        },
    })
}

fn walk_optional(nodes: &[(String, Node)], at: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    for (name, node) in nodes {
        at.push(name.clone());
        let depth = at.len();
        if !node.required {
            found.push(at.clone());
        }
        let inside = match &node.shape {
            Shape::List(item, _) => {
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
            Shape::Leaf(leaf) => self.leaf(leaf, given),
            Shape::Object(children) => match given {
                Value::Object(map) => self.object(children, map).map(|()| true),
                _ => Err(self.fault("is not an object")),
            },
            Shape::List(item, most) => match given {
                Value::Array(values) => self.list((item, *most), values).map(|()| true),
                _ => Err(self.fault("is not a list")),
            },
        }
    }

    fn list(
        &mut self,
        (item, most): (&Node, usize),
        values: &mut [Value],
    ) -> Result<(), DataFault> {
        if values.len() > most {
            let has = values.len();
            return Err(self.fault(format!("has at most {most} entries, not {has}")));
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

    fn leaf(&mut self, leaf: &Leaf, given: &mut Value) -> Result<bool, DataFault> {
        let kind = leaf.kind;
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
        if let Some(reason) = leaf.beyond(given) {
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
