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
    CatalogueFault::at(&file.shown, line, error.message())
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
                let text = Text {
                    file: file.shown.clone(),
                    line: line_at(&file.text, start) + below,
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
