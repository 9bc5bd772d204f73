//! What was rendered, before it may leave: the guard looks at each of its parts.
//!
//! Pure. Says which part breaks which rule, and never repeats the words: they may be personal.

use std::ops::Range;

use guard::{Content, Form, Guard, Rule};
use model::MessageContent;

use super::{Card, MailBody, Short};
use crate::catalogue::load::PLACEHOLDER;

/// Why a message, or one delivery of it, may not leave.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{rule}` in the {part}, from byte {} to {}: {}", span.start, span.end, rule.advice())]
pub struct Stopped {
    /// The rule it breaks.
    pub rule: Rule,
    /// The part of the message: `title`, `summary`, `sms`, `body`, `subject`, `preheader`,
    /// `mail text`, `mail html`.
    pub part: &'static str,
    /// Where in that part, in bytes.
    pub span: Range<usize>,
}

impl Stopped {
    /// The reason an attempt is kept with.
    pub fn reason(&self) -> String {
        self.rule.advice_key()
    }
}

/// Which version of which type the words are of: exceptions are made for one.
pub type Version<'a> = (&'a str, u32);

fn look<'a>(
    guard: &'a Guard,
    version: Version<'a>,
    part: &'static str,
    content: Content<'a>,
) -> impl Iterator<Item = Stopped> + use<'a> {
    let findings = guard.check_as(&content, version);
    findings.into_iter().map(move |finding| Stopped {
        rule: finding.rule,
        part,
        span: finding.span,
    })
}

/// Everything that keeps the short forms from leaving.
pub fn check_short(guard: &Guard, short: &Short) -> Vec<Stopped> {
    let content = &short.content;
    let version = (content.message_type.as_str(), content.template_version);
    let mut text = Content::new(Form::Sms, &content.text);
    if short.secret.is_some() {
        text = text.placeholder(PLACEHOLDER);
    }
    let title = Content::new(Form::Short, &content.title);
    let summary = Content::new(Form::Short, &content.summary);
    look(guard, version, "title", title)
        .chain(look(guard, version, "summary", summary))
        .chain(look(guard, version, "sms", text))
        .collect()
}

/// Everything that keeps the page of a message from being shown.
pub fn check_card(guard: &Guard, version: Version<'_>, card: &Card) -> Vec<Stopped> {
    let values = card.facts.iter().map(|(_, value)| value);
    let items = card.items.iter().map(|item| &item.title);
    let parts: Vec<&str> = card
        .paragraphs
        .iter()
        .chain(values)
        .chain(items)
        .map(String::as_str)
        .collect();
    let body = parts.join("\n\n");
    look(guard, version, "body", Content::new(Form::MailText, &body)).collect()
}

/// Everything that keeps a mail from leaving.
pub fn check_mail(guard: &Guard, content: &MessageContent, mail: &MailBody) -> Vec<Stopped> {
    let version = (content.message_type.as_str(), content.template_version);
    let subject = Content::new(Form::MailSubject, &mail.subject);
    let preheader = Content::new(Form::Short, &mail.preheader);
    let text = Content::new(Form::MailText, &mail.text);
    let html = guard.check_html_as(&mail.html, version);
    let html = html.into_iter().map(|finding| Stopped {
        rule: finding.rule,
        part: "mail html",
        span: finding.span,
    });
    look(guard, version, "subject", subject)
        .chain(look(guard, version, "preheader", preheader))
        .chain(look(guard, version, "mail text", text))
        .chain(html)
        .collect()
}
