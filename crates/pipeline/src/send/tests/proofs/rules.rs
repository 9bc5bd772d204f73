//! What may leave, in other words than the product's: a customer's history is kept as what
//! was said when, and each question is answered from that alone.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use model::{Category, Channel, ConsentPurpose, Instant, Lane, PurposeClass, Wish};

use crate::decide::Terms;

/// Where and when a kind of message may be wanted.
type About = (Category, String, Channel);
type Key = (Channel, ConsentPurpose);

/// Somebody's "yes".
#[derive(Clone, Debug)]
struct Yes {
    key: Key,
    given: Instant,
    /// The number it is for, as far as known.
    number: Option<String>,
    /// The marketplace states it.
    stated: bool,
    /// When it ended, and whether the customer ended it themselves.
    ended: Option<(Instant, bool)>,
}

/// What one customer said, and what was said of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Person {
    pub phone: Option<String>,
    pub email: Option<String>,
    pub quiet: Option<(u16, u16)>,
    pub zone: String,
    yes: Vec<Yes>,
    /// The customer's last own "no".
    no: HashMap<Key, Instant>,
    /// What they chose themselves, and what the profile says where they did not.
    chosen: HashMap<About, u8>,
    said: Vec<(About, u8)>,
}

/// What a profile states of one consent.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    pub key: Key,
    pub given: Instant,
    pub ends: Option<Instant>,
}

impl Person {
    pub(super) fn address(&self, channel: Channel) -> Option<&String> {
        match channel {
            Channel::Sms => self.phone.as_ref(),
            Channel::Email => self.email.as_ref(),
        }
    }

    /// The marketplace sends the whole profile: what it stated before and leaves out is taken
    /// back; what the customer took back stays so, unless it was given again after that.
    pub(super) fn put(&mut self, statements: &[Statement], said: Vec<(About, u8)>, now: Instant) {
        for yes in &mut self.yes {
            let still = statements
                .iter()
                .any(|s| (s.key, s.given) == (yes.key, yes.given));
            if yes.stated && yes.ended.is_none() && !still {
                // One that has not begun is no word about today.
                yes.ended = Some((now.max(yes.given), false));
            }
        }
        for one in statements {
            let refused = self.no.get(&one.key).is_some_and(|no| *no >= one.given);
            let same = |yes: &&mut Yes| (yes.key, yes.given) == (one.key, one.given);
            if let Some(yes) = self.yes.iter_mut().find(same) {
                match (yes.ended, one.ends) {
                    (None, Some(ends)) => yes.ended = Some((ends, false)),
                    (Some((_, false)), None) if !refused => yes.ended = None,
                    _ => {}
                }
                continue;
            }
            let number = self.address(one.key.0).cloned();
            let ends = one.ends.map(|ends| (ends, false));
            self.yes.push(Yes {
                key: one.key,
                given: one.given,
                number,
                stated: true,
                ended: if refused {
                    Some((one.given, true))
                } else {
                    ends
                },
            });
        }
        self.said = said;
    }

    /// The customer says no, whatever they or others said before, also to what begins later.
    pub(super) fn no(&mut self, key: Key, now: Instant) {
        self.no.insert(key, now);
        for yes in self.yes.iter_mut().filter(|yes| yes.key == key) {
            if yes.ended.is_none_or(|(at, _)| at > now) {
                yes.ended = Some((now, true));
            }
        }
    }

    /// On the page, where it is off already and nothing begins later, "off" is no new word.
    pub(super) fn switches_off(&mut self, channel: Channel, now: Instant) {
        let begins = |yes: &Yes| yes.key.0 == channel && yes.ended.is_none_or(|(at, _)| at > now);
        let key = (channel, ConsentPurpose::Transactional);
        let open = channel == Channel::Email && !self.refused(key, now);
        if open || self.yes.iter().any(begins) {
            self.wishes(channel, Wish::StopAll, now);
        }
    }

    /// The same for offers alone.
    pub(super) fn unticks_offers(&mut self, channel: Channel, now: Instant) {
        let key = (channel, ConsentPurpose::Marketing);
        let begins = |yes: &Yes| yes.key == key && yes.ended.is_none_or(|(at, _)| at > now);
        if self.yes.iter().any(begins) {
            self.no(key, now);
        }
    }

    /// The customer says yes.
    pub(super) fn yes(&mut self, key: Key, now: Instant) {
        if self.allowed(key, now) {
            return;
        }
        let number = self.address(key.0).cloned();
        self.yes.push(Yes {
            key,
            given: now,
            number,
            stated: false,
            ended: None,
        });
    }

    pub(super) fn wishes(&mut self, channel: Channel, wish: Wish, now: Instant) {
        use ConsentPurpose::{Marketing, Transactional};
        match wish {
            Wish::StopAll => {
                self.no((channel, Marketing), now);
                self.no((channel, Transactional), now);
            }
            Wish::StopMarketing => self.no((channel, Marketing), now),
            Wish::Start => self.yes((channel, Transactional), now),
        }
    }

    pub(super) fn chooses(&mut self, about: About, want: u8) {
        self.chosen.insert(about, want);
    }

    /// Whether a "yes" stands at a moment. One to offers is for the address it was given for.
    fn allowed(&self, key: Key, at: Instant) -> bool {
        let here = self.address(key.0);
        self.yes.iter().any(|yes| {
            yes.key == key
                && yes.given <= at
                && yes.ended.is_none_or(|(ended, _)| ended > at)
                && (key.1 != ConsentPurpose::Marketing
                    || yes.number.is_none()
                    || yes.number.as_ref() == here)
        })
    }

    /// Whether a "yes" was taken back, or a "no" said, and nothing since.
    fn refused(&self, key: Key, at: Instant) -> bool {
        // One that was taken back before it began was never one.
        let stood = |yes: &&Yes| yes.key == key && yes.ended.is_some_and(|(at, _)| at > yes.given);
        let mut stood = self.yes.iter().filter(stood);
        let ended = stood.any(|yes| yes.ended.is_some_and(|(ended, _)| ended <= at));
        !self.allowed(key, at) && (ended || self.no.contains_key(&key))
    }

    fn wants(&self, terms: &Terms, channel: Channel) -> u8 {
        let word = |topic: &str| {
            let about = (terms.category, topic.to_owned(), channel);
            let own = self.chosen.get(&about).copied();
            let said = self.said.iter().filter(|(of, _)| *of == about);
            own.or_else(|| said.map(|(_, want)| *want).min())
        };
        word(&terms.topic).or_else(|| word("")).unwrap_or(2)
    }

    /// What speaks against a message that leaves now, if anything does.
    pub(super) fn against(
        &self,
        terms: &Terms,
        (channel, address): (Channel, &str),
        suppressed: Option<&str>,
        now: Instant,
    ) -> Option<&'static str> {
        use ConsentPurpose::{Marketing, Transactional};
        use PurposeClass as P;
        if self.address(channel).map(String::as_str) != Some(address) {
            return Some("it is not the customer's address any more");
        }
        let own_stop = [
            "keyword_stop",
            "free_words_stop",
            "agent_stop",
            "provider_stop",
        ];
        let unwell = ["hard_bounce", "blocked", "recycled"];
        // An answer passes the own stop; the code that proves an address, its health.
        let passes = |why: &str| {
            (terms.answers && own_stop.contains(&why)) || (terms.proves && unwell.contains(&why))
        };
        if suppressed.is_some_and(|why| !passes(why)) {
            return Some("nothing goes to that address");
        }
        let protects = matches!(terms.purpose, P::Security | P::Legal);
        let offer = terms.purpose == P::Marketing;
        let key = (channel, if offer { Marketing } else { Transactional });
        let consent = match channel {
            _ if terms.answers => true,
            _ if offer => self.allowed(key, now),
            Channel::Sms => self.allowed(key, now),
            Channel::Email => protects || !self.refused(key, now),
        };
        if !consent {
            return Some("the customer does not allow it");
        }
        match self.wants(terms, channel) {
            _ if protects => {}
            0 => return Some("the customer switched it off"),
            1 if terms.lane > Lane::Urgent => {
                return Some("the customer wants what is urgent only");
            }
            _ => {}
        }
        let exempt = protects || terms.lane == Lane::Security || channel == Channel::Email;
        (!exempt && self.is_quiet(offer, now)).then_some("it is a quiet hour")
    }

    /// What a clock on the customer's wall shows, by the plain reading of their own hours; and
    /// for offers, 47 CFR 64.1200(c)(1): not before 8 and not after 21.
    fn is_quiet(&self, offer: bool, now: Instant) -> bool {
        let zone = TimeZone::get(&self.zone).unwrap();
        let local = zone.to_datetime(now.to_timestamp());
        let minute = local.hour() as u16 * 60 + local.minute() as u16;
        let own = self.quiet.is_some_and(|(from, to)| match from < to {
            true => (from..to).contains(&minute),
            false => minute >= from || minute < to,
        });
        own || (offer && !(8 * 60..21 * 60).contains(&minute))
    }
}
