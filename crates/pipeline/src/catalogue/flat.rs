//! Reads a TOML file of texts: every value a string, every key with its line.

use toml::de::{DeTable, DeValue};

use super::fault::CatalogueFault;
use super::tree::SourceFile;

/// One text of a file.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    /// Where it is from.
    pub file: String,
    /// The line its words begin on.
    pub line: usize,
    /// What it says.
    pub text: String,
}

/// The texts of a file by their dotted keys, in no particular order.
pub(crate) fn read(file: &SourceFile) -> Result<Vec<(String, Text)>, Vec<CatalogueFault>> {
    let table = DeTable::parse(&file.text).map_err(|error| vec![toml_fault(file, &error)])?;
    let mut texts = Vec::new();
    let mut faults = Vec::new();
    flatten(file, table.get_ref(), "", &mut texts, &mut faults);
    if faults.is_empty() {
        Ok(texts)
    } else {
        Err(faults)
    }
}

/// The first character that is no text, with its line.
pub(super) fn control(text: &str) -> Option<(usize, char)> {
    let mut line = 1;
    text.chars().find_map(|c| {
        line += usize::from(c == '\n');
        (c.is_control() && !matches!(c, '\n' | '\t')).then_some((line, c))
    })
}

/// What is said of it.
pub(super) fn no_text(odd: char) -> String {
    format!("has a character that is no text: U+{:04X}", u32::from(odd))
}

/// The line an offset is on, from 1.
pub(crate) fn line_at(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}

/// A syntax or type error of the TOML reader, with its line.
pub(crate) fn toml_fault(file: &SourceFile, error: &toml::de::Error) -> CatalogueFault {
    let line = error
        .span()
        .map_or(0, |span| line_at(&file.text, span.start));
    match misfit(error.message()) {
        Some(reason) => {
            let fault = CatalogueFault::at(&file.shown, line, reason);
            match key_on(&file.text, line) {
                Some(key) => fault.key(key),
                None => fault,
            }
        }
        None => CatalogueFault::at(&file.shown, line, error.message()),
    }
}

/// What a reader says of a value of the wrong type, for people who do not know its types.
pub(super) fn misfit(message: &str) -> Option<String> {
    let invalid = ["invalid type: ", "invalid value: "];
    let rest = invalid.iter().find_map(|of| message.strip_prefix(of))?;
    let (given, expected) = rest.rsplit_once(", expected ")?;
    let expected = match expected {
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number from 0",
        "a string" => "a text",
        "a sequence" => "a list",
        "a boolean" => "true or false",
        "a map" => "a table",
        _ => return None,
    };
    let given = match given.split_once(' ') {
        Some(("string", text)) => format!("the text {text}"),
        Some(("integer", number)) => format!("the number {number}"),
        Some(("boolean", truth)) => truth.to_owned(),
        _ if given == "sequence" => "a list".to_owned(),
        _ if given == "map" => "a table".to_owned(),
        _ => given.to_owned(),
    };
    Some(format!("has {given} where {expected} belongs"))
}

/// The key that a line gives a value to.
fn key_on(text: &str, line: usize) -> Option<&str> {
    let (key, _) = text.lines().nth(line.checked_sub(1)?)?.split_once('=')?;
    let is_bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    Some(key.trim()).filter(|key| !key.is_empty() && key.chars().all(is_bare))
}

fn flatten(
    file: &SourceFile,
    table: &DeTable<'_>,
    prefix: &str,
    texts: &mut Vec<(String, Text)>,
    faults: &mut Vec<CatalogueFault>,
) {
    for (key, value) in table {
        let name = format!("{prefix}{}", key.get_ref());
        let start = value.span().start;
        match value.get_ref() {
            DeValue::String(text) => {
                // The words of a `"""` text begin on the line after the quotes.
                let quoted = file.text.get(start..).unwrap_or_default();
                let below = usize::from(
                    ["\"\"\"\n", "'''\n", "\"\"\"\r\n", "'''\r\n"]
                        .iter()
                        .any(|opening| quoted.starts_with(opening)),
                );
                let line = line_at(&file.text, start) + below;
                // It may be written as an escape: its line is that of the words.
                if let Some((_, odd)) = control(&text.replace("\r\n", "\n")) {
                    let fault = CatalogueFault::at(&file.shown, line, no_text(odd));
                    faults.push(fault.key(&name));
                }
                let text = Text {
                    file: file.shown.clone(),
                    line,
                    text: text.to_string(),
                };
                texts.push((name, text));
            }
            DeValue::Table(inner) => {
                flatten(file, inner, &format!("{name}."), texts, faults);
            }
            other => {
                let line = line_at(&file.text, start);
                let reason = format!(
                    "is of type {}, but every value here is a text",
                    other.type_str()
                );
                faults.push(CatalogueFault::at(&file.shown, line, reason).key(&name));
            }
        }
    }
}
