//! What was rendered, before it may leave: the guard looks at each of its parts.
//!
//! Pure. Says which part breaks which rule, and never repeats the words: they may be personal.

use std::borrow::Cow;
use std::ops::Range;

use guard::{Content, Finding, Form, Guard, Rule};
use model::MessageContent;

use super::{Card, MailBody, Short};
use crate::catalogue::Catalogue;
use crate::catalogue::load::PLACEHOLDER;
use crate::contacts;

/// Why a message, or one delivery of it, may not leave.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{rule}` in the {part}, from byte {} to {}: {}", span.start, span.end, rule.advice())]
pub struct Stopped {
    /// The rule it breaks.
    pub rule: Rule,
    /// The part of the message: `sender`, `title`, `summary`, `sms`, `body`, `subject`,
    /// `preheader`, `mail text`, `mail html`; a value of the event: `/data/order/note`; or
    /// the `name` of its customer.
    pub part: Cow<'static, str>,
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
    findings.into_iter().map(move |finding| stop(part, finding))
}

fn stop(part: &'static str, finding: Finding) -> Stopped {
    Stopped {
        rule: finding.rule,
        part: Cow::Borrowed(part),
        span: finding.span,
    }
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
    // What is not the marketplace itself is a name that came with the event.
    let brand = super::snapshot::brand_of(&content.data);
    let foreign = content.sender != brand;
    let sender = foreign.then(|| Content::new(Form::Short, &content.sender));
    // "Ines & Sons · Marigold": theirs is what stands before ours.
    let theirs = foreign.then(|| {
        let before = content.sender.strip_suffix(brand);
        before.unwrap_or(&content.sender)
    });
    let posing = theirs.map(|name| guard.check_name_as(name, brand, version));
    let posing = posing.into_iter().flatten();
    let posing = posing.map(|finding| stop("sender", finding));
    sender
        .into_iter()
        .flat_map(|sender| look(guard, version, "sender", sender))
        .chain(posing)
        .chain(look(guard, version, "title", title))
        .chain(look(guard, version, "summary", summary))
        .chain(look(guard, version, "sms", text))
        .collect()
}

/// Everything in the values of an event, and in the name it greets, that keeps its message
/// from leaving, looked at before the commit: its templates have been rehearsed, so that what
/// breaks a promise in a body or a mail is nearly always a value.
pub fn check_values(guard: &Guard, catalogue: &Catalogue, short: &Short) -> Vec<Stopped> {
    const APART: &str = "\n\n";
    let content = &short.content;
    let Some(entry) = catalogue.get(&content.message_type) else {
        return Vec::new();
    };
    let name = super::snapshot::name_of(&content.data);
    let texts = entry.schema.texts(&content.data);
    // The name stands first, as it does in what is made of them.
    let greeted = Some((&*name, None)).filter(|_| !name.is_empty());
    let written = texts.iter().map(|written| (written.text, Some(written)));
    let parts: Vec<_> = greeted.into_iter().chain(written).collect();
    let mut all = String::with_capacity(parts.iter().map(|(t, _)| t.len() + APART.len()).sum());
    let mut starts = Vec::with_capacity(parts.len());
    for (text, _) in &parts {
        starts.push(all.len());
        all.push_str(text);
        all.push_str(APART);
    }
    if all.is_empty() {
        return Vec::new();
    }
    let version = (content.message_type.as_str(), content.template_version);
    let found = guard.check_as(&Content::new(Form::MailText, &all), version);
    let stopped = found.into_iter().filter_map(|finding| {
        let place = starts.partition_point(|start| *start <= finding.span.start);
        let place = place.checked_sub(1)?;
        let (start, (text, written)) = (starts[place], parts[place]);
        let within = |at: usize| at.saturating_sub(start).min(text.len());
        Some(Stopped {
            rule: finding.rule,
            part: written.map_or(Cow::Borrowed("name"), |w| Cow::Owned(w.pointer())),
            span: within(finding.span.start)..within(finding.span.end),
        })
    });
    stopped.collect()
}

/// Everything that keeps the page of a message from being shown.
pub fn check_card(guard: &Guard, version: Version<'_>, card: &Card) -> Vec<Stopped> {
    let values = card.facts.iter().map(|(_, value)| value);
    let items = card.items.iter().map(|item| &item.title);
    let listed = card.listed.iter().map(|listed| &listed.title);
    let parts: Vec<&str> = card
        .paragraphs
        .iter()
        .chain(values)
        .chain(items)
        .chain(listed)
        .map(String::as_str)
        .collect();
    let body = parts.join("\n\n");
    look(guard, version, "body", Content::new(Form::MailText, &body)).collect()
}

/// Everything that keeps a mail from leaving.
pub fn check_mail(guard: &Guard, content: &MessageContent, mail: &MailBody) -> Vec<Stopped> {
    let version = (content.message_type.as_str(), content.template_version);
    let mut subject = Content::new(Form::MailSubject, &mail.subject);
    if contacts::proves_mail(&content.message_type) {
        subject = subject.placeholder(PLACEHOLDER);
    }
    let preheader = Content::new(Form::Short, &mail.preheader);
    let text = Content::new(Form::MailText, &mail.text);
    let html = guard.check_html_as(&mail.html, version);
    let html = html.into_iter().map(|finding| stop("mail html", finding));
    look(guard, version, "subject", subject)
        .chain(look(guard, version, "preheader", preheader))
        .chain(look(guard, version, "mail text", text))
        .chain(html)
        .collect()
}
