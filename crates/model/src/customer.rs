//! A customer as the marketplace describes them, and the facts a decision reads.

use serde::{Deserialize, Serialize};

use crate::words::define_words;
use crate::{
    Category, Channel, ContactPoint, Health, How, Instant, PurposeClass, QuietHours, RecipientId,
    Sealed, Suppressed,
};

define_words!(
    /// What a consent allows.
    ConsentPurpose, "consent purpose",
    /// Messages the customer's own orders and requests cause, and codes.
    Transactional = 1, "transactional";
    /// Offers and news.
    Marketing = 2, "marketing";
);

/// A consent in force or withdrawn, as imported with the profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// The channel it is for.
    pub channel: Channel,
    /// What it allows.
    pub purpose: ConsentPurpose,
    /// When it was given.
    pub given_at: Instant,
    /// Where it was given: `checkout`, `preference page`, `keyword START` …
    #[serde(default)]
    pub source: String,
    /// When it was taken back, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn_at: Option<Instant>,
    /// The address it is for. Empty where that is not known: then it is for any of the
    /// customer's on the channel.
    #[serde(default = "no_address", skip_serializing_if = "is_no_address")]
    pub contact: Sealed,
    /// How it came to us.
    #[serde(default = "imported", skip_serializing_if = "is_imported")]
    pub how: How,
    /// How its end came to us.
    #[serde(default = "imported", skip_serializing_if = "is_imported")]
    pub ended: How,
}

fn no_address() -> Sealed {
    Sealed::new("")
}

fn is_no_address(contact: &Sealed) -> bool {
    contact.open().is_empty()
}

const fn imported() -> How {
    How::Import
}

fn is_imported(how: &How) -> bool {
    *how == How::Import
}

define_words!(
    /// How often a channel may be taken. The later, the stricter: never more leaves.
    Frequency, "frequency",
    /// For each message.
    Each = 1, "each";
    /// At once for what is urgent; once a day for all the rest together.
    Daily = 2, "daily";
    /// At once for what is urgent; once a week for all the rest together.
    Weekly = 3, "weekly";
    /// For what is urgent only.
    Urgent = 4, "urgent";
);

/// What the customer wants of a category, or of one of its topics, on a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preference {
    /// The category it is about.
    pub category: Category,
    /// The topic inside it; empty for all that have no word of their own.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub topic: String,
    /// The channel it is about.
    pub channel: Channel,
    /// Whether its messages may take the channel.
    pub on: bool,
    /// How often, where they may.
    #[serde(default = "each", skip_serializing_if = "is_each")]
    pub frequency: Frequency,
    /// Whether the customer chose it themselves, so that no profile replaces it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub chosen: bool,
}

const fn each() -> Frequency {
    Frequency::Each
}

fn is_each(frequency: &Frequency) -> bool {
    *frequency == Frequency::Each
}

impl Preference {
    /// Whether two are about the same thing.
    pub fn is_about_same(&self, other: &Self) -> bool {
        (self.category, &self.topic, self.channel) == (other.category, &other.topic, other.channel)
    }
}

/// What of a profile the customer chose on a page of ours; the marketplace's profile leaves
/// it as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Chosen {
    /// The language.
    pub locale: bool,
    /// The time zone.
    pub time_zone: bool,
    /// The hours of quiet, or that there are none.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub quiet_hours: bool,
}

impl Chosen {
    fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// A customer's profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// The marketplace's own id of the customer.
    pub id: String,
    /// What to call them.
    pub name: Sealed,
    /// BCP 47, such as `pt-BR`.
    pub locale: String,
    /// IANA, such as `America/Sao_Paulo`.
    pub time_zone: String,
    /// ISO 3166-1 alpha-2; empty where unknown.
    #[serde(default)]
    pub country: String,
    /// The part of the country, ISO 3166-2, such as `US-FL`; empty where unknown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub region: String,
    /// Hours of the local day without texts and calls, if they want any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet_hours: Option<QuietHours>,
    /// Where to text, if anywhere.
    #[serde(default)]
    pub phone: Option<ContactPoint>,
    /// Where to mail, if anywhere.
    #[serde(default)]
    pub email: Option<ContactPoint>,
    /// Consents, given and withdrawn.
    #[serde(default)]
    pub consents: Vec<Consent>,
    /// Wishes that differ from the default, which is on.
    #[serde(default)]
    pub preferences: Vec<Preference>,
    /// What the customer chose themselves.
    #[serde(default, skip_serializing_if = "Chosen::is_nothing")]
    pub chosen: Chosen,
}

/// One thing wrong with a profile, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}: {reason}")]
pub struct CustomerFault {
    /// A JSON pointer (RFC 6901) into what was sent.
    pub pointer: String,
    /// What is wrong, in a sentence.
    pub reason: String,
}

impl Customer {
    /// The address for a channel.
    pub fn contact(&self, channel: Channel) -> Option<&ContactPoint> {
        match channel {
            Channel::Sms => self.phone.as_ref(),
            Channel::Email => self.email.as_ref(),
        }
    }

    /// Whether the customer said themselves, of a topic by name, that it shall not take a
    /// channel. For what cannot be switched off that chooses another way.
    pub fn wants_elsewhere(&self, category: Category, topic: &str, channel: Channel) -> bool {
        !topic.is_empty()
            && self.preferences.iter().any(|said| {
                said.chosen
                    && !said.on
                    && (said.category, said.topic.as_str(), said.channel)
                        == (category, topic, channel)
            })
    }

    /// The consent in force for a purpose on a channel at a moment. One for marketing is for
    /// the address it was given for, and for no other; one that names its address comes
    /// before one that does not.
    pub fn consent(
        &self,
        channel: Channel,
        purpose: ConsentPurpose,
        at: Instant,
    ) -> Option<&Consent> {
        let here = self.contact(channel).map(|contact| &contact.address);
        let mut standing = self.consents.iter().filter(|consent| {
            consent.channel == channel
                && consent.purpose == purpose
                && consent.given_at <= at
                && consent.withdrawn_at.is_none_or(|withdrawn| withdrawn > at)
                && (purpose != ConsentPurpose::Marketing
                    || is_no_address(&consent.contact)
                    || Some(&consent.contact) == here)
        });
        let first = standing.next()?;
        let named = |consent: &&Consent| !is_no_address(&consent.contact);
        match named(&first) || purpose != ConsentPurpose::Marketing {
            true => Some(first),
            false => standing.find(named).or(Some(first)),
        }
    }

    /// What the customer wants of a topic on a channel: the word about the topic, or else the
    /// one about its category.
    pub fn preference(
        &self,
        category: Category,
        topic: &str,
        channel: Channel,
    ) -> Option<&Preference> {
        let about = self
            .preferences
            .iter()
            .filter(|p| p.category == category && p.channel == channel);
        // Of two words about one thing the stricter counts.
        let of = |topic: &str| {
            let said = about.clone().filter(|p| p.topic == topic);
            said.min_by_key(|p| (p.on, std::cmp::Reverse(p.frequency)))
        };
        of(topic).or_else(|| of(""))
    }

    /// What is wrong with the profile; empty when nothing is.
    pub fn faults(&self) -> Vec<CustomerFault> {
        let mut faults = Vec::new();
        let mut fault = |pointer: &str, reason: &str| {
            faults.push(CustomerFault {
                pointer: pointer.to_owned(),
                reason: reason.to_owned(),
            });
        };
        let plain = |text: &str| !text.chars().any(char::is_control);
        if self.id.is_empty() || self.id.len() > 128 || !plain(&self.id) {
            fault(
                "/id",
                "an id has 1 to 128 characters and no control characters",
            );
        }
        if self.name.open().len() > 200 || !plain(self.name.open()) {
            fault(
                "/name",
                "a name has at most 200 bytes and no control characters",
            );
        }
        let tag_fits = (2..=35).contains(&self.locale.len())
            && self.locale.split('-').all(|part| {
                (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
            })
            && self.locale.bytes().take(2).all(|b| b.is_ascii_alphabetic());
        if !tag_fits {
            fault("/locale", "a locale is a BCP 47 tag, like `en` or `pt-BR`");
        }
        if jiff::tz::TimeZone::get(&self.time_zone).is_err() {
            fault(
                "/time_zone",
                "a time zone is an IANA name, like `America/Sao_Paulo`",
            );
        }
        let country_fits = self.country.is_empty()
            || (self.country.len() == 2 && self.country.bytes().all(|b| b.is_ascii_uppercase()));
        if !country_fits {
            fault(
                "/country",
                "a country is two capital letters (ISO 3166-1), like `BR`",
            );
        }
        if !self.region.is_empty() && !region_fits(&self.region, &self.country) {
            fault(
                "/region",
                "a region is a part of the country (ISO 3166-2), like `US-FL`",
            );
        }
        if self.quiet_hours.is_some_and(|hours| !hours.is_whole()) {
            fault(
                "/quiet_hours",
                "quiet hours begin and end at two minutes of the day",
            );
        }
        if self.consents.len() > 64 {
            fault("/consents", "a profile holds at most 64 consents");
        }
        if self.preferences.len() > 64 {
            fault("/preferences", "a profile holds at most 64 preferences");
        }
        faults
    }
}

/// Whether a code can be that of a part of a country; of any where that is not known.
fn region_fits(region: &str, country: &str) -> bool {
    region.split_once('-').is_some_and(|(of, part)| {
        let code = |text: &str| {
            text.bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        };
        let of_country = of == country || (country.is_empty() && of.len() == 2);
        of_country && code(of) && code(part) && (1..=3).contains(&part.len())
    })
}

/// All that a decision reads about a recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The store's number for the recipient.
    pub recipient: RecipientId,
    /// Grows with every change of anything here; a commit made with an older one is
    /// decided again.
    pub version: i64,
    /// The profile.
    pub customer: Customer,
    /// Channels whose present address is suppressed, an entry for each reason: what others
    /// found before what the customer said.
    pub suppressed: Vec<(Channel, Suppressed)>,
}

impl Facts {
    /// Why the present address on a channel must not be written to at a moment, if it must
    /// not.
    pub fn suppression_at(&self, channel: Channel, at: Instant) -> Option<&str> {
        self.suppressions_at(channel, at).next()
    }

    /// Every reason why the present address on a channel must not be written to at a moment.
    pub fn suppressions_at(&self, channel: Channel, at: Instant) -> impl Iterator<Item = &str> {
        let held = move |(c, one): &&(Channel, Suppressed)| *c == channel && one.holds(at);
        let all = self.suppressed.iter().filter(held);
        all.map(|(_, one)| one.reason.as_str())
    }

    /// How the present address on a channel is, as far as that keeps messages from it.
    pub fn health_at(&self, channel: Channel, at: Instant) -> Health {
        let all = self.suppressions_at(channel, at);
        let mut all = all.map(|reason| Health::of(Some(reason)));
        all.find(|health| *health != Health::Good)
            .unwrap_or(Health::Good)
    }

    /// Why it is on the list of suppressions, if it is; also where that has ended.
    pub fn suppression(&self, channel: Channel) -> Option<&str> {
        let mut all = self.suppressed.iter();
        all.find(|(c, _)| *c == channel)
            .map(|(_, one)| one.reason.as_str())
    }
}

impl PurposeClass {
    /// The consent a class needs on channels that need one: marketing its own, all others
    /// the transactional one. "No text without a consent" holds for codes too.
    pub fn consent_purpose(self) -> ConsentPurpose {
        match self {
            Self::Marketing => ConsentPurpose::Marketing,
            Self::Security | Self::Legal | Self::Transactional | Self::Service => {
                ConsentPurpose::Transactional
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn ines() -> Customer {
        Customer {
            id: "c-42".into(),
            name: Sealed::new("Inês Machado"),
            locale: "pt-BR".into(),
            time_zone: "America/Sao_Paulo".into(),
            country: "BR".into(),
            region: String::new(),
            quiet_hours: None,
            phone: ContactPoint::phone("+12535550129").ok(),
            email: ContactPoint::email("ines@customers.example").ok(),
            consents: vec![],
            preferences: vec![],
            chosen: Chosen::default(),
        }
    }

    #[test]
    fn a_good_profile_has_no_faults_and_a_bad_one_names_each() {
        assert!(ines().faults().is_empty());
        let bad = Customer {
            id: String::new(),
            locale: "??".into(),
            time_zone: "Mars/Olympus".into(),
            country: "br".into(),
            region: "US-FL".into(),
            quiet_hours: Some(QuietHours { from: 60, to: 60 }),
            ..ines()
        };
        let pointers: Vec<_> = bad.faults().into_iter().map(|f| f.pointer).collect();
        let expected = [
            "/id",
            "/locale",
            "/time_zone",
            "/country",
            "/region",
            "/quiet_hours",
        ];
        assert_eq!(pointers, expected);
    }

    #[test]
    fn a_region_is_a_part_of_its_country() {
        for (country, region, fits) in [
            ("BR", "BR-SP", true),
            ("", "US-FL", true),
            ("FR", "FR-2A", true),
            ("BR", "US-FL", false),
            ("BR", "SP", false),
            ("BR", "BR-", false),
            ("BR", "BR-sp", false),
            ("", "BRA-SP", false),
        ] {
            let customer = Customer {
                country: country.into(),
                region: region.into(),
                ..ines()
            };
            assert_eq!(customer.faults().is_empty(), fits, "{country} {region}");
        }
    }

    #[test]
    fn a_consent_holds_from_given_until_withdrawn() {
        let at = |s: i64| Instant::from_micros(s);
        let mut customer = ines();
        customer.consents.push(Consent {
            channel: Channel::Sms,
            purpose: ConsentPurpose::Transactional,
            given_at: at(10),
            source: "checkout".into(),
            withdrawn_at: Some(at(20)),
            contact: Sealed::new(""),
            how: How::Import,
            ended: How::Import,
        });
        let has = |t| {
            customer
                .consent(Channel::Sms, ConsentPurpose::Transactional, at(t))
                .is_some()
        };
        assert_eq!(
            [has(9), has(10), has(19), has(20)],
            [false, true, true, false]
        );
    }
}
