//! What is wrong with a catalogue, and where.

use std::fmt;

use guard::Rule;

/// One thing wrong in a catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueFault {
    /// The file, from the root of the catalogue it is in.
    pub file: String,
    /// The key, where it is about one.
    pub key: Option<String>,
    /// The line in the file, from 1; 0 where it is about the file as a whole.
    pub line: usize,
    /// What is wrong, in a sentence.
    pub reason: String,
    /// The words the guard stops, and the rule they break, where it is that.
    pub stopped: Option<(Rule, String)>,
    mend: Mend,
}

impl CatalogueFault {
    pub(crate) fn of_file(file: &str, reason: impl Into<String>) -> Self {
        Self::at(file, 0, reason)
    }

    pub(crate) fn at(file: &str, line: usize, reason: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            key: None,
            line,
            reason: reason.into(),
            stopped: None,
            mend: Mend::Correct,
        }
    }

    pub(crate) fn key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    pub(crate) fn mend(mut self, mend: Mend) -> Self {
        self.mend = mend;
        self
    }

    /// What to do about it.
    pub fn advice(&self) -> &'static str {
        if self.stopped.is_some() {
            return "say it in other words; docs/guides/guard.md explains the rules";
        }
        match self.mend {
            Mend::Correct => "correct the file it names; docs/guides/catalogue.md explains each",
            Mend::Add => "add the file",
            Mend::RenameFile => "give it the name of a file that a catalogue has, or take it away",
            Mend::RenameFolder => "rename the folder",
            Mend::Locale => {
                "name it after a locale that has words, or add the words of the new one"
            }
            Mend::Declare => "correct the words, or declare what they use in schema.json",
            Mend::Write => "write its words",
            Mend::Shorten => "shorten it",
            Mend::Fill => "put the files of a message type into it, or take it away",
        }
    }
}

/// What to do about a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mend {
    /// Whatever the fault says.
    Correct,
    Add,
    RenameFile,
    RenameFolder,
    Locale,
    Declare,
    Write,
    Shorten,
    Fill,
}

impl fmt::Display for CatalogueFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if let Some(key) = &self.key {
            write!(f, ": `{key}`")?;
        }
        write!(f, ": {}", self.reason)
    }
}

/// Everything wrong in a catalogue that could not be loaded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct CatalogueFaults(pub Vec<CatalogueFault>);
