//! "Why did I get this?": the trace of a decision as sentences in a customer's language.
//!
//! Every sentence is a word of the catalogue under `why.<rule>.<verdict>.<code>`. With a
//! source known, `<code>_from` is tried first; `any` stands in for a code, or a gap, that
//! has no sentence of its own.

use std::rc::Rc;

use jiff::tz::TimeZone;
use model::{Channel, Rule, Spoke, Trace};

use super::Catalogue;
use super::clean::{clean, going_on, shorten};
use super::formats::{DateStyle, Formats, When};

/// One sentence of an explanation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// The channel it is about; none when about the whole message.
    pub channel: Option<Channel>,
    /// The sentence.
    pub text: String,
}

/// Longest source of a consent that is shown.
const MAX_SOURCE: usize = 60;

impl Catalogue {
    /// What each rule said, in order. `locale` is a BCP 47 tag, `zone` an IANA name.
    ///
    /// `Spoke::with` may hold a moment, a source, or both (`2016-09-01T15:00:00Z checkout`);
    /// they fill the gaps `{date}`, `{time}` and `{source}`.
    pub fn explain(&self, trace: &Trace, locale: &str, zone: &str) -> Vec<Sentence> {
        let words = self.nearest_locale(locale);
        let formats = formats_of(words, locale);
        let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
        trace
            .0
            .iter()
            .map(|spoke| Sentence {
                channel: spoke.channel,
                text: self.sentence(spoke, words, &formats, &zone),
            })
            .collect()
    }

    fn sentence(&self, spoke: &Spoke, locale: &str, formats: &Formats, zone: &TimeZone) -> String {
        let stem = format!("why.{}.{}", spoke.rule, spoke.verdict);
        let gaps = self.gaps(spoke, locale, formats, zone);
        [
            format!("{}_from", spoke.why),
            spoke.why.clone(),
            "any".to_owned(),
        ]
        .iter()
        .filter_map(|code| self.words.get(locale, &format!("{stem}.{code}")))
        .find_map(|sentence| fill(sentence, &gaps))
        // A rule without sentences cannot pass the catalogue's own check.
        .unwrap_or_default()
    }

    fn gaps(
        &self,
        spoke: &Spoke,
        locale: &str,
        formats: &Formats,
        zone: &TimeZone,
    ) -> Vec<(&'static str, String)> {
        let mut gaps = Vec::new();
        if let Some(channel) = spoke.channel {
            let plural = self.words.get(locale, &format!("channels.{channel}"));
            gaps.push(("channel", plural.unwrap_or(channel.as_str()).to_owned()));
        }
        let (first, rest) = spoke.with.split_once(' ').unwrap_or((&spoke.with, ""));
        let source = match When::parse(first) {
            Some(when) => {
                gaps.push(("date", formats.date(when, zone, DateStyle::Full)));
                if let When::At(at) = when {
                    gaps.push(("time", formats.time(at, zone)));
                }
                rest
            }
            None => spoke.with.as_str(),
        };
        if !source.is_empty() {
            let key = format!("sources.{}", source.replace(' ', "_"));
            match self.words.get(locale, &key) {
                Some(words) => gaps.push(("source", words.to_owned())),
                // Where a consent was given may be shown as the marketplace wrote it; other
                // reasons are notes of staff, not meant for the customer.
                None if spoke.rule == Rule::Consent => {
                    let shown = shorten(&clean(source), MAX_SOURCE).into_owned();
                    gaps.push(("source", shown));
                }
                None => {}
            }
        }
        gaps
    }
}

/// How dates and times are written with words of a locale, for a customer of another.
pub(super) fn formats_of(words: &str, locale: &str) -> Rc<Formats> {
    Formats::of(match super::words::same_language(words, locale) {
        true => locale,
        false => words,
    })
}

/// The sentence with its gaps filled; none when one has nothing to fill it.
pub(super) fn fill(sentence: &str, gaps: &[(&str, String)]) -> Option<String> {
    let mut filled = String::with_capacity(sentence.len() + 16);
    let mut rest = sentence;
    while let Some(open) = rest.find('{') {
        let close = open + rest[open..].find('}')?;
        let name = &rest[open + 1..close];
        let (_, value) = gaps.iter().find(|(gap, _)| *gap == name)?;
        let words = going_on(&filled, &rest[..open]);
        filled.push_str(words);
        filled.push_str(value);
        rest = &rest[close + 1..];
    }
    filled.push_str(going_on(&filled, rest));
    Some(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_without_filling_fails_and_filling_is_not_read_again() {
        let gaps = [("date", "{source}".to_owned())];
        assert_eq!(fill("on {date}.", &gaps).as_deref(), Some("on {source}."));
        let time = [("time", "2:00 p.m.".to_owned())];
        assert_eq!(fill("at {time}.", &time).as_deref(), Some("at 2:00 p.m."));
        assert_eq!(fill("from {source}", &gaps), None);
        assert_eq!(fill("no gap", &[]).as_deref(), Some("no gap"));
    }
}
