//! How many texts a month a customer's choices mean: what they were told lately, asked once
//! more with the choices they have now.
//!
//! We charge customers nothing for texts; their carrier may. So they see this number where
//! they choose.

use std::collections::{BTreeMap, BTreeSet};

use model::{Category, Channel, Facts, Instant, Mode, PurposeClass, Span};
use store::MailboxFilter;

use crate::Pipeline;
use crate::decide::digest::{collected, ground};
use crate::decide::sequence::Standing;
use crate::decide::{Case, would_take};

/// The history that is looked at.
const LOOK_BACK: Span = Span::days(90);
/// A shorter one is taken for a month: it is not drawn out.
const MONTH: i64 = 30;
/// Messages that are looked at, the newest.
const MESSAGES: usize = 1_000;
const PAGE: usize = 200;

/// An estimate, with what it rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextsEstimate {
    /// Texts a month, rounded.
    pub texts: u32,
    /// Parts they are charged as: a long text counts as several.
    pub parts: u32,
    /// By category; those without texts are left out.
    pub by_category: BTreeMap<Category, CategoryTexts>,
    /// So many messages were looked at.
    pub messages: u32,
    /// Of so many days.
    pub days: u32,
}

/// The texts of one category.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CategoryTexts {
    /// Texts a month, rounded.
    pub texts: u32,
    /// Parts they are charged as.
    pub parts: u32,
    /// Among them are codes and alerts, which no switch stops.
    pub has_security: bool,
}

/// Texts and parts, as counted over all days.
#[derive(Clone, Default)]
struct Counted {
    texts: u64,
    parts: u64,
    has_security: bool,
    /// What waits for a summary is one text together, of one part.
    summaries: BTreeSet<(PurposeClass, Instant)>,
}

impl Counted {
    fn texts(&self) -> u64 {
        self.texts + self.summaries.len() as u64
    }

    fn parts(&self) -> u64 {
        self.parts + self.summaries.len() as u64
    }
}

impl Pipeline {
    /// Estimates the texts a month of a customer with some facts: those of the present, or
    /// with choices they are about to make. With a mode only messages of its kind count:
    /// tests, or all others.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn texts_estimate(
        &self,
        facts: &Facts,
        mode: Option<Mode>,
    ) -> store::Result<TextsEstimate> {
        self.estimate_of(facts, mode, Channel::Sms).await
    }

    /// The same of mails, of which each is one part.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn mails_estimate(&self, facts: &Facts) -> store::Result<TextsEstimate> {
        self.estimate_of(facts, None, Channel::Email).await
    }

    async fn estimate_of(
        &self,
        facts: &Facts,
        mode: Option<Mode>,
        channel: Channel,
    ) -> store::Result<TextsEstimate> {
        let now = self.clock().now();
        let filter = MailboxFilter {
            since: Some(now - LOOK_BACK),
            ..MailboxFilter::default()
        };
        let mut counted: BTreeMap<Category, Counted> = BTreeMap::new();
        let (mut looked, mut oldest, mut cursor) = (0, now, None);
        loop {
            let page = self
                .store()
                .mailbox_page(facts.recipient, filter.clone(), cursor, PAGE);
            let page = page.await?;
            for message in page.messages {
                let is_test = |mode| mode == Mode::Test;
                if mode.is_some_and(|mode| is_test(mode) != is_test(message.mode)) {
                    continue;
                }
                looked += 1;
                oldest = oldest.min(message.at);
                let content = &message.content;
                let terms = self.terms(&content.message_type);
                // Of a summary, what it lists is counted.
                let Some(terms) = terms.filter(|terms| !terms.digest) else {
                    continue;
                };
                let case = Case {
                    event_time: now,
                    at: now,
                    now,
                    facts,
                    terms: &terms,
                    standing: Standing::Newest,
                    mode: message.mode,
                    team: &self.limits().team,
                    spent: &[],
                    no_sender: &[],
                    regions: &self.limits().regions,
                    attention: None,
                    taken: &[],
                };
                let wordless = channel == Channel::Sms && content.text.is_empty();
                if wordless || !would_take(&case, channel) {
                    continue;
                }
                let of = counted.entry(content.category).or_default();
                let told = Case {
                    now: message.at,
                    ..case
                };
                if let Some((_, due_at)) = collected(&told, Channel::Sms) {
                    of.summaries.insert((ground(content.purpose), due_at));
                    continue;
                }
                of.texts += 1;
                of.parts += match channel {
                    Channel::Sms => {
                        let route = self.limits().costs.text_route(message.mode);
                        route.segments(&content.text).parts as u64
                    }
                    Channel::Email => 1,
                };
                of.has_security |= content.purpose == PurposeClass::Security;
            }
            cursor = page.next;
            if cursor.is_none() || looked >= MESSAGES {
                break;
            }
        }
        let days = (now.since(oldest).as_micros() / Span::days(1).as_micros() + 1)
            .clamp(MONTH, LOOK_BACK.as_micros() / Span::days(1).as_micros());
        Ok(estimate(&counted, looked, days))
    }
}

fn estimate(counted: &BTreeMap<Category, Counted>, looked: usize, days: i64) -> TextsEstimate {
    let days = days.unsigned_abs();
    // Rounded up: who gets one text in three months does not get none.
    let month = |count: u64| {
        let monthly = (count * MONTH.unsigned_abs()).div_ceil(days.max(1));
        u32::try_from(monthly).unwrap_or(u32::MAX)
    };
    let all = counted.values();
    TextsEstimate {
        texts: month(all.clone().map(Counted::texts).sum()),
        parts: month(all.map(Counted::parts).sum()),
        by_category: counted
            .iter()
            .map(|(category, of)| {
                let texts = CategoryTexts {
                    texts: month(of.texts()),
                    parts: month(of.parts()),
                    has_security: of.has_security,
                };
                (*category, texts)
            })
            .collect(),
        messages: u32::try_from(looked).unwrap_or(u32::MAX),
        days: u32::try_from(days).unwrap_or(u32::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_counted_and_never_drawn_out() {
        let of = |texts, parts| {
            let counted = Counted {
                texts,
                parts,
                ..Counted::default()
            };
            BTreeMap::from([(Category::Orders, counted)])
        };
        for (texts, parts, days, month) in [
            (0, 0, 30, (0, 0)),
            (4, 6, 30, (4, 6)),
            (30, 33, 90, (10, 11)),
            (1, 1, 90, (1, 1)),
            (90, 180, 45, (60, 120)),
        ] {
            let made = estimate(&of(texts, parts), 9, days);
            assert_eq!((made.texts, made.parts), month, "{texts} in {days} days");
        }
    }
}
