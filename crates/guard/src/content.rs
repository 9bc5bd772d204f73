//! What is checked, and what is found.

use std::ops::Range;

use crate::Rule;

/// Which part of a message a text is. Budgets differ by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// A text message.
    Sms,
    /// A push notification.
    Push,
    /// A title or a summary.
    Short,
    /// The subject of a mail.
    MailSubject,
    /// The text part of a mail.
    MailText,
}

impl Form {
    /// Whether little stands around it that could put a link into its place.
    pub(crate) const fn is_short(self) -> bool {
        !matches!(self, Self::MailText)
    }
}

/// A text on its way out.
#[derive(Clone, Copy, Debug)]
pub struct Content<'a> {
    /// Which part it is.
    pub form: Form,
    /// The text.
    pub text: &'a str,
    /// A variable that is filled in later and may stand here: `{code}`.
    pub placeholder: Option<&'a str>,
    /// How many files go with it.
    pub attachments: usize,
}

impl<'a> Content<'a> {
    /// A text by itself.
    pub const fn new(form: Form, text: &'a str) -> Self {
        Self {
            form,
            text,
            placeholder: None,
            attachments: 0,
        }
    }

    /// With a variable that is filled in later.
    pub const fn placeholder(mut self, placeholder: &'a str) -> Self {
        self.placeholder = Some(placeholder);
        self
    }
}

/// Why a text may not leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule it breaks.
    pub rule: Rule,
    /// Where, in bytes of the text.
    pub span: Range<usize>,
}

/// Findings as they gather.
pub(crate) struct Findings<'a> {
    text: &'a str,
    enforced: u32,
    found: Vec<Finding>,
}

impl<'a> Findings<'a> {
    pub(crate) fn new(text: &'a str, enforced: u32) -> Self {
        Self {
            text,
            enforced,
            found: Vec::new(),
        }
    }

    /// Adds one, widened to whole characters.
    pub(crate) fn add(&mut self, rule: Rule, start: usize, end: usize) {
        if self.enforced & rule.bit() == 0 {
            return;
        }
        let mut end = end.min(self.text.len());
        let mut start = start.min(end);
        while !self.text.is_char_boundary(start) {
            start -= 1;
        }
        while !self.text.is_char_boundary(end) {
            end += 1;
        }
        self.found.push(Finding {
            rule,
            span: start..end,
        });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    pub(crate) fn done(mut self) -> Vec<Finding> {
        self.found
            .sort_by_key(|f| (f.span.start, f.span.end, f.rule));
        self.found.dedup();
        // `{{ customer.name }}` is a gap and no link.
        let mut furthest = 0;
        let mut gaps: Vec<(usize, usize)> = Vec::new();
        for gap in self.found.iter().filter(|f| f.rule == Rule::Gap) {
            furthest = furthest.max(gap.span.end);
            gaps.push((gap.span.start, furthest));
        }
        let inside = |span: &Range<usize>| {
            let before = gaps.partition_point(|(start, _)| *start < span.start);
            before
                .checked_sub(1)
                .is_some_and(|last| span.end < gaps[last].1)
        };
        self.found.retain(|finding| !inside(&finding.span));
        self.found
    }
}
