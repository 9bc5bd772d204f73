//! The compiled templates of a catalogue, each under a handle.

use std::sync::Arc;

use super::allow_list::{self, Names};
use super::fault::{CatalogueFault, Mend};
use super::program::Program;
use super::run::{Escape, Reason, run};
use super::view::Scene;

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
    pub key: String,
    pub reason: String,
}

/// Which template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TemplateId(usize);

/// Every template of a catalogue, compiled once. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Templates(Vec<Arc<Template>>);

struct Template {
    origin: Origin,
    program: Program,
    escape: Escape,
}

impl std::fmt::Debug for Templates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} templates", self.0.len())
    }
}

impl Templates {
    /// Checks and compiles a template of plain text.
    pub(crate) fn add(
        &mut self,
        source: &str,
        origin: Origin,
        names: &Names<'_>,
    ) -> Result<TemplateId, CatalogueFault> {
        self.put(source, origin, names, Escape::Nothing)
    }

    /// Checks and compiles a layout that gives HTML: what it prints is escaped.
    pub(super) fn add_html(
        &mut self,
        source: &str,
        origin: Origin,
    ) -> Result<TemplateId, CatalogueFault> {
        self.put(source, origin, &Names::Any, Escape::Html)
    }

    fn put(
        &mut self,
        source: &str,
        origin: Origin,
        names: &Names<'_>,
        escape: Escape,
    ) -> Result<TemplateId, CatalogueFault> {
        let compiled = allow_list::check(source, names).and_then(|()| Program::compile(source));
        let program = compiled.map_err(|refusal| {
            let line = origin.line + refusal.line.max(1) - 1;
            let fault = CatalogueFault::at(&origin.file, line, refusal.reason).key(&origin.key);
            match names {
                Names::Any => fault,
                Names::Message(_) => fault.mend(Mend::Declare),
            }
        })?;
        self.0.push(Arc::new(Template {
            origin,
            program,
            escape,
        }));
        Ok(TemplateId(self.0.len() - 1))
    }

    pub(crate) fn origin(&self, id: TemplateId) -> &Origin {
        &self.0[id.0].origin
    }

    /// Renders a template into at most `limit` bytes.
    pub(crate) fn render(
        &self,
        id: TemplateId,
        scene: &Scene<'_>,
        limit: usize,
    ) -> Result<String, TemplateFault> {
        let mut out = String::new();
        self.render_into(id, scene, (&mut out, limit))?;
        Ok(out)
    }

    /// Renders a template in place of what `out` held, into at most `limit` bytes.
    pub(crate) fn render_into(
        &self,
        id: TemplateId,
        scene: &Scene<'_>,
        (out, limit): (&mut String, usize),
    ) -> Result<(), TemplateFault> {
        let template = &self.0[id.0];
        run(&template.program, scene, (out, limit), template.escape).map_err(|stumble| {
            let origin = &template.origin;
            TemplateFault {
                file: origin.file.clone(),
                line: origin.line + stumble.line.max(1) - 1,
                key: origin.key.clone(),
                reason: in_words(stumble.reason, limit),
            }
        })
    }
}

fn in_words(reason: Reason, limit: usize) -> String {
    match reason {
        Reason::PrintsMissing => "prints a value that is missing: put `{% if %}` around it".into(),
        Reason::PrintsGroup => "prints what is not a text but holds several values".into(),
        Reason::Missing => "uses a value that is missing".into(),
        Reason::NoList => "goes through what is not a list".into(),
        Reason::Filter => "gives a filter what it cannot format, or nothing at all".into(),
        Reason::Steps => "takes too many steps".into(),
        Reason::TooLong => format!("gives more than {limit} bytes"),
    }
}
