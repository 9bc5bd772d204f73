//! What words may leave: whatever looks like a scam does not.
//!
//! The promises that customers are shown (`promises.toml`) are compiled, with the phrases of
//! each language, into one [`Guard`]. It reads a text once and says which promise it would
//! break, and where. Pure work on text: no I/O, no clock, and it fetches no link. It knows
//! nothing of message types, stores or channels.

mod accounts;
mod asks;
mod content;
mod denial;
mod dialled;
mod fault;
mod fold;
mod gaps;
mod hidden;
mod hosts;
mod html;
mod imitates;
mod links;
mod numbers;
mod own;
mod phrases;
mod plain;
mod promises;
mod rule;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use content::{Content, Finding, Form};
pub use fault::Fault;
pub use hidden::is_invisible;
pub use own::{Exception, Exceptions, Own, OwnFault};
pub use promises::{Promise, Promises, Source};
pub use rule::Rule;

use content::Findings;
use fold::Folded;
use links::Links;
use plain::Plain;

/// The compiled promises of one marketplace. Cheap to clone and to share.
#[derive(Clone, Debug)]
pub struct Guard {
    promises: Arc<Promises>,
    own: Arc<Own>,
}

impl Guard {
    /// The guard of a marketplace that owns these domains and numbers.
    pub fn new(promises: Arc<Promises>, own: Own) -> Self {
        Self {
            promises,
            own: Arc::new(own),
        }
    }

    /// The promises it was compiled from.
    pub fn promises(&self) -> &Promises {
        &self.promises
    }

    /// Everything that keeps a text from leaving, in the order of the text.
    pub fn check(&self, content: &Content<'_>) -> Vec<Finding> {
        let text = content.text;
        let mut findings = Findings::new(text, self.promises.enforced());
        if content.attachments > 0 && content.form == Form::Sms {
            findings.add(Rule::Attachment, 0, text.len());
        }
        if !text.is_ascii() {
            hidden::check(text, &mut findings);
        }
        gaps::check(content, self.promises.gaps(), &mut findings);
        let folded = Folded::of(text);
        let hits = self.promises.phrases().find(&folded);
        let plain = Plain::of(text);
        let links = Links::find(&plain, (&folded, &hits), &self.own);
        links.judge(content.form, (&self.promises, &self.own), &mut findings);
        let written = numbers::Written {
            plain: &plain,
            folded: &folded,
            hits: &hits,
            phrases: self.promises.phrases(),
        };
        written.check(&self.own, &links, &mut findings);
        accounts::check(
            &plain,
            (&folded, &hits),
            self.promises.phrases(),
            &mut findings,
        );
        asks::check(
            content.form,
            (&folded, &hits, &links),
            &self.promises,
            &mut findings,
        );
        findings.done()
    }

    /// [`Self::check`] without the rules that have been excepted for a version of a message
    /// type.
    pub fn check_as(&self, content: &Content<'_>, version: (&str, u32)) -> Vec<Finding> {
        self.unexcepted(self.check(content), version)
    }

    /// [`Self::check_html`] without the rules that have been excepted.
    pub fn check_html_as(&self, html: &str, version: (&str, u32)) -> Vec<Finding> {
        self.unexcepted(self.check_html(html), version)
    }

    fn unexcepted(
        &self,
        mut findings: Vec<Finding>,
        (message_type, version): (&str, u32),
    ) -> Vec<Finding> {
        let exceptions = &self.own.exceptions;
        findings.retain(|finding| !exceptions.holds(finding.rule, message_type, version));
        findings
    }

    /// Where the name that somebody else goes by has our name in it, in whatever spelling.
    pub fn check_name_as(&self, text: &str, ours: &str, version: (&str, u32)) -> Vec<Finding> {
        let mut findings = Findings::new(text, self.promises.enforced());
        if let Some(found) = imitates::find(text, ours) {
            findings.add(Rule::LookAlike, found.start, found.end);
        }
        self.unexcepted(findings.done(), version)
    }

    /// What is wrong with the addresses in HTML: where links lead and pictures come from.
    /// Its words are those of the text part, which [`Self::check`] reads.
    pub fn check_html(&self, html: &str) -> Vec<Finding> {
        let mut findings = Findings::new(html, self.promises.enforced());
        html::check(html, (&self.promises, &self.own), &mut findings);
        findings.done()
    }
}
