//! What the rules made of an event, with every rule that spoke.

use serde::{Deserialize, Serialize};

use crate::words::define_words;
use crate::{Channel, ContactPoint, Instant, Lane};

define_words!(
    /// A rule of `decide`. Its word is the key of the sentence that explains it.
    Rule, "rule",
    /// Is the fact still news? Late events stand in the Message Center only.
    UsefulUntil = 1, "useful_until";
    /// The channels this message type takes by default.
    Matrix = 2, "matrix";
    /// Is there an address on the channel?
    Contact = 3, "contact";
    /// Must this address not be written to?
    Suppression = 4, "suppression";
    /// Did the customer allow this purpose on the channel?
    Consent = 5, "consent";
    /// Did the customer switch this category off on the channel?
    Preference = 6, "preference";
    /// Live, test or team: may this address be reached at all?
    Mode = 7, "mode";
    /// The route that remains.
    Route = 8, "route";
    /// Is it the newest news of its order, and not told before?
    Sequence = 9, "sequence";
    /// Is there money left for it?
    Budget = 10, "budget";
    /// May an identity of ours write there, at this moment?
    Sender = 11, "sender";
    /// May it come at this hour, by law and by the customer's own choice?
    QuietHours = 12, "quiet_hours";
    /// Does the customer want it by itself, or with others once a day or a week?
    Digest = 13, "digest";
    /// Has the customer had enough lately?
    FrequencyCap = 14, "frequency_cap";
    /// Does anything arrive at the address?
    ContactHealth = 15, "contact_health";
);

define_words!(
    /// What a rule said.
    Verdict, "verdict",
    /// Nothing against it.
    Pass = 1, "pass";
    /// Not on this channel.
    Stop = 2, "stop";
    /// Not before a moment.
    Hold = 3, "hold";
);

/// One rule's word on one channel (or on the whole message).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spoke {
    /// The rule.
    pub rule: Rule,
    /// What it said.
    pub verdict: Verdict,
    /// The channel it spoke of; none when of the whole message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// Why, as a code: `not_urgent`, `no_phone`, `consent_missing`, `urgent` …
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// What fills the sentence's gap: an instant, a source. Never an address.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub with: String,
}

/// Every rule that spoke, in the order they were asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Trace(pub Vec<Spoke>);

/// A route that was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedDelivery {
    /// The address and with it the channel.
    pub contact: ContactPoint,
    /// Which queue it waits in.
    pub lane: Lane,
    /// Not before.
    pub due_at: Instant,
    /// Not after: the text would be wrong or useless by then.
    pub expires_at: Instant,
}

/// A way out that is taken with others at once, at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Collected {
    /// The channel.
    pub channel: Channel,
    /// When what was collected goes out.
    pub due_at: Instant,
}

/// The Message Center entry is always made; this says which ways out besides it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// The routes, at most one a channel.
    pub deliveries: Vec<PlannedDelivery>,
    /// The ways it waits for with others; on none of them is there a route.
    pub collected: Vec<Collected>,
    /// Why, and why not.
    pub trace: Trace,
}

impl Trace {
    /// The compact form the store keeps: one line a rule, `rule|verdict|channel|why|with`,
    /// by the numbers of the words; a quarter of the JSON.
    pub fn to_compact(&self) -> String {
        let mut text = String::with_capacity(self.0.len() * 16);
        for spoke in &self.0 {
            let channel = spoke.channel.map_or(0, Channel::number);
            let (rule, verdict) = (spoke.rule.number(), spoke.verdict.number());
            let clean = |s: &str| s.replace(['|', '\n'], " ");
            text.push_str(&format!(
                "{rule}|{verdict}|{channel}|{}|{}\n",
                clean(&spoke.why),
                clean(&spoke.with)
            ));
        }
        text
    }

    /// Reads the compact form; lines that are not understood are left out.
    pub fn from_compact(text: &str) -> Self {
        let read = |line: &str| {
            let mut parts = line.splitn(5, '|');
            let rule = Rule::from_number(parts.next()?.parse().ok()?)?;
            let verdict = Verdict::from_number(parts.next()?.parse().ok()?)?;
            let channel = Channel::from_number(parts.next()?.parse().ok()?);
            let why = parts.next()?.to_owned();
            let with = parts.next()?.to_owned();
            Some(Spoke {
                rule,
                verdict,
                channel,
                why,
                with,
            })
        };
        Self(text.lines().filter_map(read).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_trace_survives_its_compact_form(
            rows in proptest::collection::vec((0..Rule::ALL.len(), 0..Verdict::ALL.len(), 0..3usize, "[a-z_]{0,12}", "[a-z0-9:. -]{0,20}"), 0..12)
        ) {
            let trace = Trace(rows.into_iter().map(|(r, v, c, why, with)| Spoke {
                rule: Rule::ALL[r],
                verdict: Verdict::ALL[v],
                channel: c.checked_sub(1).map(|c| Channel::ALL[c]),
                why,
                with,
            }).collect());
            prop_assert_eq!(Trace::from_compact(&trace.to_compact()), trace);
        }
    }
}
