//! The compiled templates of a catalogue, and the limits they run under.

use std::collections::HashMap;
use std::io;

use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value};

use super::allow_list::{self, Names};
use super::fault::CatalogueFault;
use super::filters;

/// Steps of the engine one rendering may take.
const FUEL: u64 = 200_000;
const NESTING: usize = 32;

/// Where a template stands, for errors.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub file: String,
    pub line: usize,
    pub key: String,
}

/// A template that failed while rendering. Never repeats data.
#[derive(Debug)]
pub(crate) struct TemplateFault {
    pub file: String,
    pub line: usize,
    pub reason: String,
}

/// Every template of a catalogue, compiled once.
pub(crate) struct Templates {
    env: Environment<'static>,
    origins: HashMap<String, Origin>,
}

impl std::fmt::Debug for Templates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} templates", self.origins.len())
    }
}

/// Writes up to a limit and fails beyond it.
struct Bounded {
    out: Vec<u8>,
    limit: usize,
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.out.len() + bytes.len() > self.limit {
            return Err(io::Error::other("too long"));
        }
        self.out.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Templates {
    pub(crate) fn new() -> Self {
        let mut env = Environment::empty();
        filters::register(&mut env);
        env.set_undefined_behavior(UndefinedBehavior::Strict);
        env.set_recursion_limit(NESTING);
        env.set_fuel(Some(FUEL));
        // Debug information would copy the data into errors.
        env.set_debug(false);
        env.set_auto_escape_callback(|name| {
            if name.ends_with(".html") {
                AutoEscape::Custom("html".into())
            } else {
                AutoEscape::None
            }
        });
        env.set_formatter(|out, state, value| {
            if value.is_none() || value.is_undefined() {
                let reason = "prints a value that is missing: put `{% if %}` around it";
                return Err(Error::new(ErrorKind::UndefinedError, reason));
            }
            let written = match (state.auto_escape(), value.as_str()) {
                (AutoEscape::None, Some(text)) => out.write_str(text),
                (AutoEscape::None, None) => write!(out, "{value}"),
                (_, Some(text)) => write_html(out, text),
                (_, None) => write_html(out, &value.to_string()),
            };
            written.map_err(Error::from)
        });
        Self {
            env,
            origins: HashMap::new(),
        }
    }

    /// Checks and compiles a template under a name.
    pub(crate) fn add(
        &mut self,
        name: &str,
        source: &str,
        origin: Origin,
        names: &Names<'_>,
    ) -> Result<(), CatalogueFault> {
        let fault = |line: usize, reason: String| {
            CatalogueFault::at(&origin.file, origin.line + line.max(1) - 1, reason).key(&origin.key)
        };
        allow_list::check(source, names).map_err(|refusal| fault(refusal.line, refusal.reason))?;
        self.env
            .add_template_owned(name.to_owned(), source.to_owned())
            .map_err(|error| fault(error.line().unwrap_or(1), error.kind().to_string()))?;
        self.origins.insert(name.to_owned(), origin);
        Ok(())
    }

    pub(crate) fn origin(&self, name: &str) -> Option<&Origin> {
        self.origins.get(name)
    }

    /// Renders a template into at most `limit` bytes.
    pub(crate) fn render(
        &self,
        name: &str,
        context: &Value,
        limit: usize,
    ) -> Result<String, TemplateFault> {
        let fault = |line: usize, reason: String| match self.origins.get(name) {
            Some(origin) => TemplateFault {
                file: origin.file.clone(),
                line: origin.line + line.max(1) - 1,
                reason: format!("`{}` {reason}", origin.key),
            },
            None => TemplateFault {
                file: name.to_owned(),
                line: 0,
                reason,
            },
        };
        let template = self
            .env
            .get_template(name)
            .map_err(|_| fault(1, "is not in the catalogue".to_owned()))?;
        let mut bounded = Bounded {
            out: Vec::with_capacity(256),
            limit,
        };
        template
            .render_captured_to(context.clone(), &mut bounded)
            .map_err(|error| fault(error.line().unwrap_or(1), plain_reason(&error, limit)))?;
        String::from_utf8(bounded.out).map_err(|_| fault(1, "gave broken text".to_owned()))
    }
}

/// What went wrong, in our words: the engine's may quote data.
fn plain_reason(error: &Error, limit: usize) -> String {
    match error.kind() {
        ErrorKind::OutOfFuel => "takes too many steps".to_owned(),
        ErrorKind::WriteFailure => format!("gives more than {limit} bytes"),
        ErrorKind::UndefinedError => match error.detail() {
            Some(detail) if detail.starts_with("prints a value") => detail.to_owned(),
            _ => "uses a value that is missing".to_owned(),
        },
        ErrorKind::InvalidOperation => {
            "gives a filter what it cannot format, or nothing at all".to_owned()
        }
        kind => format!("cannot be rendered: {kind}"),
    }
}

/// The five characters that mean something in HTML text and quoted attributes.
fn write_html(out: &mut minijinja::Output<'_>, text: &str) -> std::fmt::Result {
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
        out.write_str(&rest[..at])?;
        out.write_str(match rest.as_bytes()[at] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            _ => "&#39;",
        })?;
        rest = &rest[at + 1..];
    }
    out.write_str(rest)
}
