//! Reads the `schema.json` of a message type: JSON Schema (draft 2020-12), as much of it as
//! describes data that messages are made of. A keyword that is not understood is a fault:
//! an event must never pass a rule that its author believes in and nobody checks.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::fault::CatalogueFault;
use super::flat::{line_at, misfit};
use super::kind::Kind;
use super::schema::{Leaf, MAX_ITEMS, Node, Schema, Shape};
use super::tree::SourceFile;

/// Objects and lists nest so deep at most.
const DEPTH: usize = 6;
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
/// The largest whole number.
const LARGEST: u64 = 1_000_000_000;

/// The keywords that are understood (JSON Schema Core §8, Validation §6).
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Keywords<'a> {
    #[serde(rename = "$schema")]
    dialect: Option<String>,
    #[serde(rename = "$comment")]
    _comment: Option<String>,
    #[serde(rename = "title")]
    _title: Option<String>,
    #[serde(rename = "description")]
    _description: Option<String>,
    #[serde(rename = "type", borrow)]
    types: Option<&'a RawValue>,
    #[serde(borrow, default)]
    properties: BTreeMap<String, &'a RawValue>,
    #[serde(default)]
    required: Vec<String>,
    #[serde(borrow)]
    items: Option<&'a RawValue>,
    max_items: Option<usize>,
    format: Option<String>,
    pattern: Option<String>,
    #[serde(rename = "enum")]
    choices: Option<Vec<String>>,
    min_length: Option<usize>,
    max_length: Option<usize>,
    minimum: Option<u64>,
    maximum: Option<u64>,
}

/// The keywords that people need, for those who used another. `pattern` is none of them: it
/// may only repeat what a format says.
const UNDERSTOOD: &str = "type, properties, required, items, maxItems, format, enum, \
    minLength, maxLength, minimum, maximum, title, description";

/// What the pattern of a kind may say; the kind itself checks it.
const CODE: &str = "^[A-Za-z0-9-]{4,12}$";
const CURRENCY: &str = "^[A-Z]{3}$";

struct Reader<'a> {
    file: &'a SourceFile,
    faults: Vec<CatalogueFault>,
}

/// Reads a schema file.
pub(super) fn read(file: &SourceFile) -> Result<Schema, Vec<CatalogueFault>> {
    let whole: &RawValue = serde_json::from_str(&file.text).map_err(|error| {
        let reason = format!("is not JSON: {error}");
        vec![CatalogueFault::at(&file.shown, error.line(), reason)]
    })?;
    let mut reader = Reader {
        file,
        faults: Vec::new(),
    };
    let mut schema = Schema::default();
    match reader.node(whole, "", DEPTH) {
        Some(Shape::Object(children)) => {
            for (name, node) in children {
                if let Err(reason) = schema.declare(name.clone(), node) {
                    reader.fault(whole, &name, reason);
                }
            }
        }
        Some(_) => reader.fault(
            whole,
            "",
            "the data of an event is an object: `\"type\": \"object\"`",
        ),
        None => {}
    }
    if reader.faults.is_empty() {
        Ok(schema)
    } else {
        Err(reader.faults)
    }
}

impl Reader<'_> {
    /// A fault at a place; `path` is its name with dots, empty for the whole.
    fn fault(&mut self, at: &RawValue, path: &str, reason: impl Into<String>) {
        let line = self.line(at);
        let fault = CatalogueFault::at(&self.file.shown, line, reason);
        self.faults.push(if path.is_empty() {
            fault
        } else {
            fault.key(path)
        });
    }

    /// The line a value begins on: it is a part of the file's text.
    fn line(&self, at: &RawValue) -> usize {
        let start = at.get().as_ptr().addr();
        line_at(
            &self.file.text,
            start.saturating_sub(self.file.text.as_ptr().addr()),
        )
    }

    fn node(&mut self, at: &RawValue, path: &str, depth: usize) -> Option<Shape> {
        // A reader of structs takes lists for them.
        if !at.get().starts_with('{') {
            self.fault(at, path, "is not an object");
            return None;
        }
        let keywords: Keywords<'_> = match serde_json::from_str(at.get()) {
            Ok(keywords) => keywords,
            Err(error) => {
                let line = self.line(at) + error.line().max(1) - 1;
                let fault = CatalogueFault::at(&self.file.shown, line, in_words(&error));
                self.faults.push(match path {
                    "" => fault,
                    _ => fault.key(path),
                });
                return None;
            }
        };
        if keywords
            .dialect
            .as_deref()
            .is_some_and(|dialect| dialect != DIALECT)
        {
            self.fault(at, path, format!("`$schema` is {DIALECT}"));
        }
        if depth == 0 {
            self.fault(at, path, format!("nests deeper than {DEPTH}"));
            return None;
        }
        let types = types(keywords.types);
        let types: Vec<&str> = types.iter().map(String::as_str).collect();
        let shape = match types.as_slice() {
            ["object"] => self.object(at, &keywords, path, depth),
            ["array"] => self.list(at, &keywords, path, depth),
            ["string"] => text(&keywords),
            ["string", "number"] | ["number", "string"] => decimal(&keywords),
            ["integer"] => whole(&keywords),
            ["boolean"] => plain(Kind::Flag),
            _ => Err("`type` is object, array, string, integer, boolean, or [\"string\", \"number\"] for a decimal"
                .to_owned()),
        };
        let shape = shape.and_then(|shape| {
            stray(&shape, &keywords).map_or(Ok(shape), |keyword| {
                Err(format!("`{keyword}` says nothing of this type"))
            })
        });
        shape.map_err(|reason| self.fault(at, path, reason)).ok()
    }

    fn object(
        &mut self,
        at: &RawValue,
        keywords: &Keywords<'_>,
        path: &str,
        depth: usize,
    ) -> Result<Shape, String> {
        let mut children = Vec::with_capacity(keywords.properties.len());
        for (name, inner) in &keywords.properties {
            let path = match path {
                "" => name.clone(),
                _ => format!("{path}.{name}"),
            };
            if !is_name(name) {
                self.fault(inner, &path, "names are small letters, digits and `_`");
                continue;
            }
            if let Some(shape) = self.node(inner, &path, depth - 1) {
                let required = keywords.required.contains(name);
                children.push((name.clone(), Node { required, shape }));
            }
        }
        let unknown = keywords
            .required
            .iter()
            .find(|name| !keywords.properties.contains_key(*name));
        if let Some(name) = unknown {
            self.fault(
                at,
                path,
                format!("`required` names `{name}`, which `properties` does not have"),
            );
        }
        Ok(Shape::Object(children))
    }

    fn list(
        &mut self,
        at: &RawValue,
        keywords: &Keywords<'_>,
        path: &str,
        depth: usize,
    ) -> Result<Shape, String> {
        if keywords.max_items.is_some_and(|most| most > MAX_ITEMS) {
            return Err(format!("`maxItems` is at most {MAX_ITEMS}"));
        }
        let Some(items) = keywords.items else {
            return Err("a list says what its entries are: `items`".to_owned());
        };
        let Some(shape) = self.node(items, &format!("{path}[]"), depth - 1) else {
            // What is wrong with it is said already.
            return Ok(Shape::Object(Vec::new()));
        };
        if matches!(shape, Shape::List(..)) {
            self.fault(at, path, "a list of lists is not for messages");
        }
        let entry = Node {
            required: true,
            shape,
        };
        Ok(Shape::List(
            Box::new(entry),
            keywords.max_items.unwrap_or(MAX_ITEMS),
        ))
    }
}

/// The types that `type` names; none where it is something else.
fn types(given: Option<&RawValue>) -> Vec<String> {
    let Some(given) = given else {
        return Vec::new();
    };
    match serde_json::from_str::<String>(given.get()) {
        Ok(one) => vec![one],
        Err(_) => serde_json::from_str(given.get()).unwrap_or_default(),
    }
}

fn plain(kind: Kind) -> Result<Shape, String> {
    Ok(Shape::Leaf(Leaf::of(kind)))
}

fn text(keywords: &Keywords<'_>) -> Result<Shape, String> {
    let (kind, pattern) = match keywords.format.as_deref() {
        None => (Kind::Text, None),
        Some("decimal") => (Kind::Decimal, None),
        Some("currency") => (Kind::Currency, Some(CURRENCY)),
        Some("day") => (Kind::Date, None),
        Some("date-time") => (Kind::Moment, None),
        Some("uri") => (Kind::Link, None),
        Some("code") => (Kind::Secret, Some(CODE)),
        Some(_) => {
            return Err("`format` is decimal, currency, day, date-time, uri or code".to_owned());
        }
    };
    if keywords.pattern.is_some() && keywords.pattern.as_deref() != pattern {
        return Err(match pattern {
            Some(pattern) => format!("the only `pattern` of this format is {pattern}"),
            None => "`pattern` is not understood here; `enum` and `maxLength` are".to_owned(),
        });
    }
    if keywords.min_length.is_some_and(|least| least > 1) {
        return Err("`minLength` is 0 or 1: an empty text counts as missing".to_owned());
    }
    if kind != Kind::Text && (keywords.choices.is_some() || keywords.max_length.is_some()) {
        return Err("`enum` and `maxLength` are for texts without a format".to_owned());
    }
    if keywords.choices.as_ref().is_some_and(Vec::is_empty) {
        return Err("`enum` names at least one text".to_owned());
    }
    Ok(Shape::Leaf(Leaf {
        kind,
        choices: keywords.choices.clone().unwrap_or_default(),
        longest: keywords.max_length.unwrap_or(usize::MAX),
        range: (0, LARGEST),
    }))
}

fn decimal(keywords: &Keywords<'_>) -> Result<Shape, String> {
    if keywords.format.as_deref() != Some("decimal") {
        return Err("a text or a number is a decimal: `\"format\": \"decimal\"`".to_owned());
    }
    plain(Kind::Decimal)
}

fn whole(keywords: &Keywords<'_>) -> Result<Shape, String> {
    let (least, most) = (keywords.minimum, keywords.maximum.unwrap_or(LARGEST));
    let Some(least) = least.filter(|least| *least <= most && most <= LARGEST) else {
        return Err(format!(
            "a whole number says its `minimum`, from 0, and at most a `maximum` of {LARGEST}"
        ));
    };
    Ok(Shape::Leaf(Leaf {
        range: (least, most),
        ..Leaf::of(Kind::Whole)
    }))
}

/// A keyword that says nothing of a shape.
fn stray(shape: &Shape, keywords: &Keywords<'_>) -> Option<&'static str> {
    let (object, list, leaf) = match shape {
        Shape::Object(_) => (true, false, None),
        Shape::List(..) => (false, true, None),
        Shape::Leaf(leaf) => (false, false, Some(leaf.kind)),
    };
    let text = leaf.is_some_and(|kind| !matches!(kind, Kind::Whole | Kind::Flag));
    let whole = leaf == Some(Kind::Whole);
    [
        ("properties", !keywords.properties.is_empty(), object),
        ("required", !keywords.required.is_empty(), object),
        ("items", keywords.items.is_some(), list),
        ("maxItems", keywords.max_items.is_some(), list),
        ("format", keywords.format.is_some(), text),
        ("pattern", keywords.pattern.is_some(), text),
        ("enum", keywords.choices.is_some(), text),
        ("minLength", keywords.min_length.is_some(), text),
        ("maxLength", keywords.max_length.is_some(), text),
        ("minimum", keywords.minimum.is_some(), whole),
        ("maximum", keywords.maximum.is_some(), whole),
    ]
    .into_iter()
    .find_map(|(name, given, fits)| (given && !fits).then_some(name))
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// What a JSON error says, without its own line and column: ours are of the file.
fn in_words(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let reason = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |(reason, _)| reason);
    let unknown = reason.strip_prefix("unknown field `");
    match unknown.and_then(|rest| rest.split_once('`')) {
        Some((name, _)) => {
            let name: String = name.chars().take(40).collect();
            format!("`{name}` is not understood; these are: {UNDERSTOOD}")
        }
        None => misfit(reason).unwrap_or_else(|| reason.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        let file = SourceFile {
            shown: "schema.json".into(),
            text: text.into(),
            embedded: false,
        };
        match read(&file) {
            Ok(_) => Vec::new(),
            Err(faults) => faults.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn a_schema_with_every_keyword() {
        let text = r#"{
            "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "t", "description": "d", "$comment": "c",
            "type": "object", "required": ["a", "code"],
            "properties": {
                "a": {"type": "string", "minLength": 1, "maxLength": 40},
                "b": {"type": "string", "enum": ["x", "y"]},
                "c": {"type": "integer", "minimum": 1, "maximum": 9},
                "d": {"type": "array", "maxItems": 3, "items": {"type": "boolean"}},
                "e": {"type": "string", "format": "currency", "pattern": "^[A-Z]{3}$"},
                "code": {"type": "string", "format": "code", "pattern": "^[A-Za-z0-9-]{4,12}$"}
            }
        }"#;
        assert_eq!(faults(text), Vec::<String>::new());
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (text, expected) in [
            (
                "{",
                "schema.json:1: is not JSON: EOF while parsing an object at line 1 column 1",
            ),
            ("[]", "schema.json:1: is not an object"),
            (
                "{\"type\": \"string\"}",
                "schema.json:1: the data of an event is an object: `\"type\": \"object\"`",
            ),
            (
                "{\"type\": \"object\",\n\"properties\": {\n\"a\": {\"type\": \"text\"}}}",
                "schema.json:3: `a`: `type` is object, array, string, integer, boolean, or [\"string\", \"number\"] for a decimal",
            ),
            (
                "{\"type\": \"object\",\n\"properties\": {\n\"a\": {\"type\": \"string\",\n\"oneOf\": []}}}",
                "schema.json:4: `a`: `oneOf` is not understood; these are: type, properties, ",
            ),
            (
                "{\"$ref\": \"#\"}",
                "schema.json:1: `$ref` is not understood; these are: type, ",
            ),
            (
                "{\"type\": \"object\", \"required\": \"order\"}",
                "schema.json:1: has the text \"order\" where a list belongs",
            ),
            (
                "{\"type\": \"object\", \"required\": [\"b\"]}",
                "schema.json:1: `required` names `b`, which `properties` does not have",
            ),
            (
                "{\"type\": \"object\", \"properties\": {\"A\": {\"type\": \"string\"}}}",
                "schema.json:1: `A`: names are small letters, digits and `_`",
            ),
            (
                "{\"type\": \"object\", \"properties\": {\"brand\": {\"type\": \"string\"}}}",
                "schema.json:1: `brand`: `brand` is a name that templates use themselves",
            ),
            (
                "{\"type\": \"object\", \"properties\": {\"a\": {\"type\": \"string\", \"items\": {}}}}",
                "schema.json:1: `a`: `items` says nothing of this type",
            ),
            (
                "{\"type\": \"object\", \"properties\": {\"a\": {\"type\": \"integer\"}}}",
                "schema.json:1: `a`: a whole number says its `minimum`, from 0, and at most a `maximum` of 1000000000",
            ),
            (
                "{\"type\": \"object\", \"properties\": {\"a\": {\"type\": \"string\", \"pattern\": \"(a+)+\"}}}",
                "schema.json:1: `a`: `pattern` is not understood here; `enum` and `maxLength` are",
            ),
            (
                "{\"type\": \"object\", \"properties\": {\"c\": {\"type\": \"string\", \"format\": \"code\"}}}",
                "schema.json:1: `c`: a secret is required",
            ),
        ] {
            let found = faults(text);
            assert!(
                found
                    .first()
                    .is_some_and(|first| first.starts_with(expected)),
                "{text}\n{found:?}"
            );
        }
        let deep = format!(
            "{}{}{}",
            "{\"type\":\"object\",\"properties\":{\"a\":".repeat(20),
            "{\"type\":\"string\"}",
            "}}".repeat(20)
        );
        assert!(faults(&deep)[0].contains("nests deeper than"));
    }
}
