//! How many texts a month a customer's choices mean: what they were told lately, asked once
//! more with the choices they have now.
//!
//! We charge customers nothing for texts; their carrier may. So they see this number where
//! they choose.

use std::collections::BTreeMap;

use model::{Category, Channel, Facts, Mode, PurposeClass, Span};
use store::MailboxFilter;

use crate::Pipeline;
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
#[derive(Clone, Copy, Default)]
struct Counted {
    texts: u64,
    parts: u64,
    has_security: bool,
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
                let Some(terms) = self.terms(&content.message_type) else {
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
                if content.text.is_empty() || !would_take(&case, Channel::Sms) {
                    continue;
                }
                let route = self.limits().costs.text_route(message.mode);
                let of = counted.entry(content.category).or_default();
                of.texts += 1;
                of.parts += route.segments(&content.text).parts as u64;
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
        texts: month(all.clone().map(|of| of.texts).sum()),
        parts: month(all.map(|of| of.parts).sum()),
        by_category: counted
            .iter()
            .map(|(category, of)| {
                let texts = CategoryTexts {
                    texts: month(of.texts),
                    parts: month(of.parts),
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
                has_security: false,
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
