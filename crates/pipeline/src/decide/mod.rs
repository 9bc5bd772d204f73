//! Decide: given all we know of a customer and an event, choose the ways out, and say why.
//!
//! Pure: takes facts and a moment, gives a [`Decision`] with the word of every rule that
//! spoke. Loading the facts is `accept`'s; acting on the decision is `render`'s and the
//! commit's. Each rule is a file; they are asked in the order a lawyer would read them.
//! The Message Center entry is not a route: it is always made.

mod budget;
mod consent;
mod contact;
mod contact_health;
pub(crate) mod digest;
pub(crate) mod frequency_cap;
mod matrix;
mod mode;
mod preference;
pub(crate) mod quiet_hours;
mod sender;
pub mod sequence;
pub(crate) mod summary;
mod suppression;
mod useful_until;

#[cfg(test)]
mod properties;

use sequence::Standing;

use model::{
    Category, Channel, Collected, ContactPoint, Decision, Facts, Instant, Lane, Mode,
    PlannedDelivery, PurposeClass, Rule, Span, Spoke, Taken, Trace, Verdict,
};

use crate::attention::Attention;
use crate::regions::Regions;

/// What the catalogue says of a message type, as far as decisions go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Its tab.
    pub category: Category,
    /// The row of the preference page it belongs to; empty for none of its own.
    pub topic: String,
    /// Whether it answers a text in which the customer said stop, start or help.
    pub answers: bool,
    /// Whether it is a summary of others, which waited for it.
    pub digest: bool,
    /// Whether it is a code that proves the address it goes to.
    pub proves: bool,
    /// Its ground.
    pub purpose: PurposeClass,
    /// Its urgency.
    pub lane: Lane,
    /// The channels it takes by default, besides the Message Center.
    pub channels: Vec<Channel>,
    /// How long after the fact a delivery still helps.
    pub useful_for: UsefulFor,
}

/// How long after a fact a delivery of it still helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsefulFor {
    /// For so long.
    Span(Span),
    /// Until midnight where the customer lives.
    Today,
}

/// One question to the rules.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// When the fact happened.
    pub event_time: Instant,
    /// The moment decided as of.
    pub at: Instant,
    /// The moment it would leave: whatever is decided as of, what leaves leaves now. Due and
    /// useful-until times count from it.
    pub now: Instant,
    /// The customer.
    pub facts: &'a Facts,
    /// The message type.
    pub terms: &'a Terms,
    /// Where the fact stands among what was told of the same order.
    pub standing: Standing,
    /// Live, test or team.
    pub mode: Mode,
    /// The only addresses that team mode may reach.
    pub team: &'a [ContactPoint],
    /// The channels on which a budget for the message type is spent, with its name.
    pub spent: &'a [(Channel, String)],
    /// The channels on which no identity of ours may write to the customer now.
    pub no_sender: &'a [Channel],
    /// What the law of places says.
    pub regions: &'a Regions,
    /// How much of the customer's attention may be taken; none where that is not asked.
    pub attention: Option<&'a Attention>,
    /// What of it is taken.
    pub taken: &'a [Taken],
}

/// The word of a rule that holds a delivery for longer than it helps.
pub(crate) const TOO_LATE: &str = "too_late";

/// What a rule says of a channel.
#[derive(Debug, PartialEq, Eq)]
enum Word {
    /// Nothing to say.
    Silent,
    /// Fine, because.
    Pass(&'static str, String),
    /// No, because.
    Stop(&'static str, String),
    /// Not before a moment, because.
    Hold(Instant, &'static str, String),
    /// Only with others, at a moment, because.
    Collect(Instant, &'static str, String),
}

type Ask = fn(&Case<'_>, Channel) -> Word;

/// The rules about one channel, in order. The first "stop" ends the questions. After a "hold"
/// the others are asked about the moment at which it ends; the hours come late, so that what
/// others hold is not let go at night, and the limits last, which ask for the hours themselves.
/// What is collected has no route, so that nothing more is asked about one.
const RULES: [(Rule, Ask); 14] = [
    (Rule::Matrix, matrix::ask),
    (Rule::UsefulUntil, useful_until::ask),
    (Rule::Sequence, sequence::ask),
    (Rule::Contact, contact::ask),
    (Rule::ContactHealth, contact_health::ask),
    (Rule::Suppression, suppression::ask),
    (Rule::Consent, consent::ask),
    (Rule::Preference, preference::ask_first),
    (Rule::Mode, mode::ask),
    (Rule::Digest, digest::ask),
    (Rule::Sender, sender::ask),
    (Rule::Budget, budget::ask),
    (Rule::QuietHours, quiet_hours::ask),
    (Rule::FrequencyCap, frequency_cap::ask),
];

/// What a customer's choices come to, whatever is the news.
const CHOICES: [(Rule, Ask); 7] = [
    (Rule::Matrix, matrix::ask),
    (Rule::Contact, contact::ask),
    (Rule::ContactHealth, contact_health::ask),
    (Rule::Suppression, suppression::ask),
    (Rule::Consent, consent::ask),
    (Rule::Preference, preference::ask_first),
    (Rule::Mode, mode::ask),
];

/// The rules that are asked again just before a hand-over.
const AGAIN: [(Rule, Ask); 6] = [
    (Rule::Sequence, sequence::ask),
    (Rule::ContactHealth, contact_health::ask),
    (Rule::Suppression, suppression::ask),
    (Rule::Consent, consent::ask),
    (Rule::Preference, preference::ask),
    (Rule::Mode, mode::ask),
];

/// Chooses the ways out. What a rule holds is due when it may leave; what could only leave
/// when it has become useless is stopped, and the rule that held it says so.
pub fn decide(case: &Case<'_>) -> Decision {
    let mut decision = Decision::default();
    decision.trace.0.reserve(RULES.len());
    for channel in Channel::ALL {
        let asked = ask(case, *channel, &RULES, &mut decision.trace);
        if asked.stopped {
            continue;
        }
        if let Some(due_at) = asked.collected {
            let channel = *channel;
            decision.collected.push(Collected { channel, due_at });
            continue;
        }
        let Some(contact) = case.facts.customer.contact(*channel) else {
            continue;
        };
        let mut spoke = |rule, verdict, why: &str, with: String| {
            decision.trace.0.push(Spoke {
                rule,
                verdict,
                channel: Some(*channel),
                why: why.into(),
                with,
            });
        };
        let useful = useful_until::left(case);
        let useful = consent::left(case, *channel).map_or(useful, |left| left.min(useful));
        let expires_at = case.now + useful;
        if let Some((rule, until)) = asked.held.filter(|(_, until)| *until >= expires_at) {
            spoke(rule, Verdict::Stop, TOO_LATE, until.to_string());
            continue;
        }
        spoke(Rule::Route, Verdict::Pass, channel.as_str(), String::new());
        decision.deliveries.push(PlannedDelivery {
            contact: contact.clone(),
            lane: case.terms.lane,
            due_at: asked.held.map_or(case.now, |(_, until)| until),
            expires_at,
        });
    }
    decision
}

/// Asks the gates again just before the hand-over of a delivery to `contact`: `Some` is
/// the word of the rule that now says no. The matrix and the clock are not asked again:
/// what was decided stays decided, only newer news, a person's "no" or a lost address ends
/// it.
pub fn still_allowed(case: &Case<'_>, contact: &ContactPoint) -> Option<Spoke> {
    if case.facts.customer.contact(contact.channel) != Some(contact) {
        return Some(Spoke {
            rule: Rule::Contact,
            verdict: Verdict::Stop,
            channel: Some(contact.channel),
            why: "address_changed".into(),
            with: String::new(),
        });
    }
    let mut trace = Trace::default();
    let asked = ask(case, contact.channel, &AGAIN, &mut trace);
    trace.0.pop().filter(|_| asked.stopped)
}

/// Whether news of the message type would take a channel, by the customer's choices.
pub fn would_take(case: &Case<'_>, channel: Channel) -> bool {
    refusal(case, channel).is_none()
}

/// The word of the rule by which, by the customer's choices, it would not.
pub(crate) fn refusal(case: &Case<'_>, channel: Channel) -> Option<Spoke> {
    let mut trace = Trace::default();
    let asked = ask(case, channel, &CHOICES, &mut trace);
    trace.0.pop().filter(|_| asked.stopped)
}

/// What must not say no for a channel to take what cannot be switched off.
const REACHES: [(Rule, Ask); 6] = [
    (Rule::Contact, contact::ask),
    (Rule::Suppression, suppression::ask),
    (Rule::Consent, consent::ask),
    (Rule::Mode, mode::ask),
    (Rule::Sender, sender::ask),
    (Rule::Budget, budget::ask),
];

/// Whether a channel takes a message now, whatever was chosen of it.
fn reaches(case: &Case<'_>, channel: Channel) -> bool {
    !ask(case, channel, &REACHES, &mut Trace::default()).stopped
}

/// What rules made of a channel.
struct Asked {
    /// One stopped; its word is the last.
    stopped: bool,
    /// One holds, until a moment; the last, where several do.
    held: Option<(Rule, Instant)>,
    /// It waits for others, until a moment; its rule's word is the last.
    collected: Option<Instant>,
}

/// Asks rules in order, noting their words.
fn ask(case: &Case<'_>, channel: Channel, rules: &[(Rule, Ask)], trace: &mut Trace) -> Asked {
    let mut case = *case;
    let (mut held, mut collected) = (None, None);
    for (rule, ask) in rules {
        let (verdict, why, with) = match ask(&case, channel) {
            Word::Silent => continue,
            Word::Pass(why, with) => (Verdict::Pass, why, with),
            Word::Stop(why, with) => (Verdict::Stop, why, with),
            Word::Hold(until, why, with) => {
                case.now = case.now.max(until);
                held = Some((*rule, case.now));
                (Verdict::Hold, why, with)
            }
            Word::Collect(until, why, with) => {
                collected = Some(until);
                (Verdict::Hold, why, with)
            }
        };
        trace.0.push(Spoke {
            rule: *rule,
            verdict,
            channel: Some(channel),
            why: why.into(),
            with,
        });
        let stopped = verdict == Verdict::Stop;
        if stopped || collected.is_some() {
            return Asked {
                stopped,
                held,
                collected,
            };
        }
    }
    Asked {
        stopped: false,
        held,
        collected,
    }
}

#[cfg(test)]
pub(crate) mod cases {
    //! The customer and the message type that the rules' tables vary.

    use std::sync::LazyLock;

    use model::{Consent, ConsentPurpose, Customer, Id, RecipientId, Sealed};

    use super::*;

    pub(crate) static REGIONS: LazyLock<Regions> = LazyLock::new(|| Regions::load(None).unwrap());

    pub(crate) fn noon() -> Instant {
        Instant::parse("2026-11-22T12:00:00Z").unwrap()
    }

    pub(crate) fn facts() -> Facts {
        Facts {
            recipient: RecipientId::from_i64(1),
            version: 1,
            customer: Customer {
                id: "c-42".into(),
                name: Sealed::new("Inês Machado"),
                locale: "pt-BR".into(),
                time_zone: "America/Sao_Paulo".into(),
                country: "BR".into(),
                region: String::new(),
                quiet_hours: None,
                phone: ContactPoint::phone("+12535550129").ok(),
                email: ContactPoint::email("ines@customers.example").ok(),
                consents: vec![Consent {
                    channel: Channel::Sms,
                    purpose: ConsentPurpose::Transactional,
                    given_at: noon() - Span::days(30),
                    source: "checkout".into(),
                    withdrawn_at: None,
                    contact: Sealed::new(""),
                    how: model::How::Import,
                    ended: model::How::Import,
                }],
                preferences: vec![],
                chosen: model::Chosen::default(),
            },
            suppressed: vec![],
        }
    }

    pub(crate) fn urgent() -> Terms {
        Terms {
            category: Category::Orders,
            topic: String::new(),
            answers: false,
            digest: false,
            proves: false,
            purpose: PurposeClass::Transactional,
            lane: Lane::Urgent,
            channels: vec![Channel::Sms, Channel::Email],
            useful_for: UsefulFor::Span(Span::hours(12)),
        }
    }

    pub(crate) fn case<'a>(facts: &'a Facts, terms: &'a Terms) -> Case<'a> {
        Case {
            event_time: noon(),
            at: noon(),
            now: noon(),
            facts,
            terms,
            standing: Standing::Newest,
            mode: Mode::Live,
            team: &[],
            spent: &[],
            no_sender: &[],
            regions: &REGIONS,
            attention: None,
            taken: &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::cases::{case, facts, noon, urgent};
    use super::*;

    #[test]
    fn an_urgent_message_takes_both_ways_and_says_why() {
        let (facts, terms) = (facts(), urgent());
        let decision = decide(&case(&facts, &terms));
        let channels: Vec<_> = decision
            .deliveries
            .iter()
            .map(|d| d.contact.channel)
            .collect();
        assert_eq!(channels, [Channel::Sms, Channel::Email]);
        let words: Vec<String> = decision
            .trace
            .0
            .iter()
            .map(|s| {
                format!(
                    "{} {} {}",
                    s.channel.map_or("", Channel::as_str),
                    s.rule,
                    s.why
                )
            })
            .collect();
        insta::assert_snapshot!(words.join("\n"), @r"
        sms matrix urgent
        sms consent given
        sms route sms
        email matrix default
        email consent not_needed
        email route email
        ");
    }

    #[test]
    fn a_replay_shifts_the_times_with_it() {
        let (facts, terms) = (facts(), urgent());
        let years_later = noon() + Span::days(3_000);
        let decision = decide(&Case {
            now: years_later,
            ..case(&facts, &terms)
        });
        assert_eq!(decision.deliveries[0].due_at, years_later);
        assert_eq!(
            decision.deliveries[0].expires_at,
            years_later + Span::hours(12)
        );
    }

    #[test]
    fn the_gates_are_asked_again_before_the_hand_over() {
        let (mut facts, terms) = (facts(), urgent());
        let phone = facts.customer.phone.clone().unwrap();
        assert_eq!(still_allowed(&case(&facts, &terms), &phone), None);
        facts.suppressed.push((Channel::Sms, "keyword_stop".into()));
        let spoke = still_allowed(&case(&facts, &terms), &phone).unwrap();
        assert_eq!(
            (spoke.rule, spoke.why.as_str()),
            (Rule::Suppression, "suppressed")
        );
        facts.suppressed.clear();
        facts.customer.phone = ContactPoint::phone("+12535550130").ok();
        let spoke = still_allowed(&case(&facts, &terms), &phone).unwrap();
        assert_eq!(
            (spoke.rule, spoke.why.as_str()),
            (Rule::Contact, "address_changed")
        );
    }
}
