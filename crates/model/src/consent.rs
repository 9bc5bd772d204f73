//! What a customer allowed and took back: the lines of the ledger, and what follows from
//! them for a profile. Nothing here is ever forgotten by being changed: a withdrawal is a
//! line of its own.

use serde::{Deserialize, Serialize};

use crate::words::define_words;
use crate::{Channel, Consent, ConsentPurpose, Customer, Instant, Sealed};

define_words!(
    /// What a line of the ledger says.
    Act, "act",
    /// The customer allows it from now on.
    Given = 1, "given";
    /// The customer takes it back.
    Withdrawn = 2, "withdrawn";
);

define_words!(
    /// How a customer's word came to us.
    How, "way",
    /// On a page of ours.
    Page = 1, "page";
    /// As a keyword in a text: STOP, START.
    Keyword = 2, "keyword";
    /// In words of their own, in a text or a mail.
    FreeWords = 3, "free_words";
    /// By the link or the button of a mail that says "unsubscribe".
    Unsubscribe = 4, "unsubscribe";
    /// With the profile, from the marketplace.
    Import = 5, "import";
    /// Through a person who works for the marketplace.
    Agent = 6, "agent";
    /// From the carrier, which was told first.
    Provider = 7, "provider";
    /// Through a seller.
    Seller = 8, "seller";
    /// From a file of what the marketplace kept before.
    File = 9, "file";
);

define_words!(
    /// What a customer wants of a whole channel.
    Wish, "wish",
    /// Nothing more, of any kind.
    StopAll = 1, "stop_all";
    /// No more offers and news.
    StopMarketing = 2, "stop_marketing";
    /// What orders and requests cause, again.
    Start = 3, "start";
);

define_words!(
    /// What is answered to a text that came in, by one text.
    Answer, "answer",
    /// That texts stop.
    Stopped = 1, "stopped";
    /// That texts are on again.
    Started = 2, "started";
    /// Whose texts these are, what they cost, how to end them.
    Help = 3, "help";
    /// That offers stop, and whether everything shall.
    Asked = 4, "asked";
);

/// How, where and under which words a customer said something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// When.
    pub at: Instant,
    /// How it came to us.
    pub how: How,
    /// Where: `checkout`, `preference page`, `STOP` …
    #[serde(rename = "where")]
    pub source: String,
    /// The words that were shown, by name and version; empty where none were.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub wording: String,
    /// BCP 47: the language of those words; empty where unknown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub locale: String,
    /// Who said it where it was not the customer: an agent, a key.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by: String,
}

/// A line of the ledger: who is the customer whose ledger it is in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentLine {
    /// Given or withdrawn.
    pub act: Act,
    /// The channel it is about.
    pub channel: Channel,
    /// What it is about.
    pub purpose: ConsentPurpose,
    /// The address it is for; empty where the customer had none.
    pub contact: Sealed,
    /// How it came about.
    #[serde(flatten)]
    pub said: Said,
}

/// So many consents a profile holds; those withdrawn longest ago leave it first. The ledger
/// keeps all of them.
const KEPT: usize = 64;

impl Customer {
    /// Does what a customer wants of a channel; the lines that say so. What holds already
    /// makes no line.
    pub fn wish(&mut self, channel: Channel, wish: Wish, said: &Said) -> Vec<ConsentLine> {
        use ConsentPurpose::{Marketing, Transactional};
        match wish {
            Wish::StopAll => [Marketing, Transactional]
                .into_iter()
                .filter_map(|purpose| self.withdraw(channel, purpose, said))
                .collect(),
            Wish::StopMarketing => self
                .withdraw(channel, Marketing, said)
                .into_iter()
                .collect(),
            Wish::Start => self
                .give(channel, Transactional, said)
                .into_iter()
                .collect(),
        }
    }

    /// Gives a consent for the present address, unless one is in force.
    pub fn give(
        &mut self,
        channel: Channel,
        purpose: ConsentPurpose,
        said: &Said,
    ) -> Option<ConsentLine> {
        if self.consent(channel, purpose, said.at).is_some() {
            return None;
        }
        let contact = self.address_of(channel);
        self.consents.push(Consent {
            channel,
            purpose,
            given_at: said.at,
            source: said.source.clone(),
            withdrawn_at: None,
            contact: contact.clone(),
            how: said.how,
            ended: How::Import,
        });
        self.forget_oldest();
        Some(ConsentLine {
            act: Act::Given,
            channel,
            purpose,
            contact,
            said: said.clone(),
        })
    }

    /// Takes back whatever consent there is. One that was never given can be withdrawn too:
    /// the word is kept; a withdrawal after which nothing was given makes no line, but it is
    /// the last "no" from now on.
    pub fn withdraw(
        &mut self,
        channel: Channel,
        purpose: ConsentPurpose,
        said: &Said,
    ) -> Option<ConsentLine> {
        let of = |consent: &Consent| consent.channel == channel && consent.purpose == purpose;
        let (mut contact, mut ended) = (None, false);
        for consent in self.consents.iter_mut().filter(|consent| of(consent)) {
            // One that would end later by itself ends now.
            let end = said.at.max(consent.given_at);
            if consent.withdrawn_at.is_none_or(|known| known > end) {
                consent.withdrawn_at = Some(end);
                consent.ended = said.how;
                contact = Some(consent.contact.clone());
                // The end of one that is dated ahead is no word about today.
                ended |= consent.given_at <= said.at;
            }
        }
        let own = self.consents.iter();
        let own = own.filter(|consent| of(consent) && consent.given_at <= said.at);
        let last = own.max_by_key(|consent| consent.withdrawn_at);
        let again = !ended && last.is_some_and(|last| last.ended != How::Import);
        if again && last.is_some_and(|last| last.withdrawn_at >= Some(said.at)) {
            return None;
        }
        let contact = contact
            .filter(|contact| !contact.open().is_empty())
            .unwrap_or_else(|| self.address_of(channel));
        if again {
            self.forget_said_again(&of);
        }
        if !ended {
            self.consents.push(Consent {
                channel,
                purpose,
                given_at: said.at,
                source: said.source.clone(),
                withdrawn_at: Some(said.at),
                contact: contact.clone(),
                how: said.how,
                ended: said.how,
            });
            self.forget_oldest();
        }
        (!again).then(|| ConsentLine {
            act: Act::Withdrawn,
            channel,
            purpose,
            contact,
            said: said.clone(),
        })
    }

    /// Whether the customer took a consent back, and gave none since.
    pub fn withdrawn(
        &self,
        channel: Channel,
        purpose: ConsentPurpose,
        at: Instant,
    ) -> Option<Instant> {
        if self.consent(channel, purpose, at).is_some() {
            return None;
        }
        let own = self
            .consents
            .iter()
            .filter(|consent| consent.channel == channel && consent.purpose == purpose);
        let taken_back = own.filter_map(|consent| consent.withdrawn_at);
        taken_back.filter(|withdrawn| *withdrawn <= at).max()
    }

    /// What becomes of the profile `before` when the marketplace sends `self`; and the lines
    /// that say what was given or withdrawn by it.
    ///
    /// The customer's own word stands: what they withdrew is not given again by a statement
    /// that is older, what they chose on a page is not replaced. What the marketplace itself
    /// had stated and now leaves out is withdrawn.
    pub fn put_over(mut self, before: Option<&Self>, now: Instant) -> (Self, Vec<ConsentLine>) {
        let stated = std::mem::take(&mut self.consents);
        let mut lines = Vec::new();
        if let Some(before) = before {
            self.consents.clone_from(&before.consents);
            self.keep_choices(before);
        }
        let left_out = |kept: &Consent| {
            kept.how == How::Import
                && kept.withdrawn_at.is_none()
                && !stated.iter().any(|consent| consent.is_same(kept))
        };
        for at in 0..self.consents.len() {
            if left_out(&self.consents[at]) {
                self.consents[at].withdrawn_at = Some(now.max(self.consents[at].given_at));
                lines.push(self.consents[at].line(Act::Withdrawn, now, "left out of the profile"));
            }
        }
        for consent in stated {
            self.state(consent, now, &mut lines);
        }
        self.forget_oldest();
        (self, lines)
    }

    /// Takes in what the marketplace states of one consent.
    fn state(&mut self, mut stated: Consent, now: Instant, lines: &mut Vec<ConsentLine>) {
        (stated.how, stated.ended) = (How::Import, How::Import);
        let source = stated.source.clone();
        // An older statement does not undo the customer's later "no". One that was dated ahead
        // and ended before it began says nothing of the moment at which it would have begun.
        let never_began =
            |kept: &Consent| kept.withdrawn_at == Some(kept.given_at) && kept.given_at > now;
        let no = self
            .consents
            .iter()
            .filter(|kept| kept.channel == stated.channel && kept.purpose == stated.purpose)
            .filter(|kept| !never_began(kept))
            .filter(|kept| kept.ended != How::Import)
            .filter_map(|kept| Some((kept.withdrawn_at?, kept.ended)))
            .filter(|(at, _)| *at >= stated.given_at)
            .min();
        if let Some(known) = self.consents.iter_mut().find(|kept| kept.is_same(&stated)) {
            match (known.withdrawn_at, stated.withdrawn_at) {
                (None, Some(at)) => {
                    known.withdrawn_at = Some(at);
                    lines.push(known.line(Act::Withdrawn, at, &source));
                }
                // What was only left out for a while is stated again.
                (Some(_), None) if known.ended == How::Import && no.is_none() => {
                    known.withdrawn_at = None;
                    lines.push(known.line(Act::Given, now, &source));
                }
                _ => {}
            }
            return;
        }
        if stated.contact.open().is_empty() {
            stated.contact = self.address_of(stated.channel);
        }
        lines.push(stated.line(Act::Given, stated.given_at, &source));
        let own = stated.withdrawn_at.map(|at| (at, How::Import));
        if let Some((at, how)) = own.into_iter().chain(no).min() {
            (stated.withdrawn_at, stated.ended) = (Some(at), how);
            lines.push(stated.line(Act::Withdrawn, at, &source));
        }
        self.consents.push(stated);
    }

    /// The lines of what the profile holds, for a ledger that has none yet.
    pub fn opening_lines(&self) -> Vec<ConsentLine> {
        let mut lines = Vec::with_capacity(self.consents.len());
        for consent in &self.consents {
            lines.push(consent.line(Act::Given, consent.given_at, &consent.source));
            if let Some(at) = consent.withdrawn_at {
                lines.push(consent.line(Act::Withdrawn, at, &consent.source));
            }
        }
        lines
    }

    /// What the customer chose stays as they chose it.
    fn keep_choices(&mut self, before: &Self) {
        let chosen = before.preferences.iter().filter(|kept| kept.chosen);
        let chosen: Vec<_> = chosen.cloned().collect();
        self.preferences
            .retain(|sent| !chosen.iter().any(|kept| kept.is_about_same(sent)));
        self.preferences.extend(chosen);
        self.chosen = before.chosen;
        if before.chosen.locale {
            self.locale.clone_from(&before.locale);
        }
        if before.chosen.time_zone {
            self.time_zone.clone_from(&before.time_zone);
        }
        if before.chosen.quiet_hours {
            self.quiet_hours = before.quiet_hours;
        }
    }

    fn address_of(&self, channel: Channel) -> Sealed {
        self.contact(channel)
            .map_or_else(|| Sealed::new(""), |contact| contact.address.clone())
    }

    /// Of a "no" that is only repeated, the first and the last are kept.
    fn forget_said_again(&mut self, of: &impl Fn(&Consent) -> bool) {
        let alone = |consent: &Consent| {
            consent.withdrawn_at == Some(consent.given_at) && consent.ended != How::Import
        };
        let said = self.consents.iter().enumerate();
        let said = said.filter(|(_, consent)| of(consent) && alone(consent));
        let mut said: Vec<_> = said.map(|(at, consent)| (consent.given_at, at)).collect();
        said.sort_unstable();
        if let [_, .., (_, last)] = said[..] {
            self.consents.remove(last);
        }
    }

    fn forget_oldest(&mut self) {
        while self.consents.len() > KEPT {
            let withdrawn = self.consents.iter().enumerate();
            let oldest = withdrawn
                .filter(|(_, consent)| consent.withdrawn_at.is_some())
                .min_by_key(|(_, consent)| consent.withdrawn_at);
            let Some((at, _)) = oldest else { return };
            self.consents.remove(at);
        }
    }
}

impl Consent {
    /// Whether two are one statement: the same thing, given at the same moment.
    fn is_same(&self, other: &Self) -> bool {
        (self.channel, self.purpose, self.given_at)
            == (other.channel, other.purpose, other.given_at)
    }

    fn line(&self, act: Act, at: Instant, source: &str) -> ConsentLine {
        ConsentLine {
            act,
            channel: self.channel,
            purpose: self.purpose,
            contact: self.contact.clone(),
            said: Said {
                at,
                how: match act {
                    Act::Given => self.how,
                    Act::Withdrawn => self.ended,
                },
                source: source.to_owned(),
                wording: String::new(),
                locale: String::new(),
                by: String::new(),
            },
        }
    }
}

#[cfg(test)]
mod tests;
