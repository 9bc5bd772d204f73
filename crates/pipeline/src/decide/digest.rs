//! Does the customer want it by itself, or with others once a day or a week? What waits for a
//! summary makes no delivery: it is collected, and the summary goes its own way at its moment.
//! What is urgent, protects the customer or is required by law waits for none.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use model::{Channel, Frequency, Instant, Lane, PurposeClass};

use super::{Case, Terms, Word, quiet_hours};
use crate::regions::{Allowed, Place};

/// The hour of the customer's morning at which summaries come.
const HOUR: i8 = 9;
/// Days that are looked at for the next moment: a week, today, and one more.
const DAYS: usize = 9;

pub(super) fn ask(case: &Case<'_>, channel: Channel) -> Word {
    match collected(case, channel) {
        Some((wanted, at)) => Word::Collect(at, wanted.as_str(), at.to_string()),
        None => Word::Silent,
    }
}

/// Whether messages of these terms may wait for a summary.
pub(crate) fn can_wait(terms: &Terms) -> bool {
    let protects = matches!(terms.purpose, PurposeClass::Security | PurposeClass::Legal);
    terms.lane > Lane::Urgent && !protects && !terms.answers && !terms.digest
}

/// The ground on which a summary of such messages is written. One that may have left is not
/// sent again, so that of messages by order it is about the service.
pub(crate) fn ground(purpose: PurposeClass) -> PurposeClass {
    match purpose {
        PurposeClass::Marketing => PurposeClass::Marketing,
        _ => PurposeClass::Service,
    }
}

/// For which summary a message waits, by the customer's choice, and until when.
pub(crate) fn collected(case: &Case<'_>, channel: Channel) -> Option<(Frequency, Instant)> {
    let (customer, terms) = (&case.facts.customer, case.terms);
    if customer.preferences.is_empty() || !can_wait(terms) {
        return None;
    }
    let said = customer.preference(terms.category, &terms.topic, channel);
    let wanted = said.filter(|said| said.on)?.frequency;
    if !matches!(wanted, Frequency::Daily | Frequency::Weekly) {
        return None;
    }
    let zone = TimeZone::get(&customer.time_zone).unwrap_or(TimeZone::UTC);
    let at = next(wanted, &zone, case.now);
    Some((wanted, first_allowed(case, channel, at)))
}

/// The first moment after another at which summaries come in a zone: nine in the morning, each
/// day or on Mondays. Where that hour is left out, when the clock goes on.
pub(crate) fn next(wanted: Frequency, zone: &TimeZone, after: Instant) -> Instant {
    let mut date = zone.to_datetime(after.to_timestamp()).date();
    for _ in 0..DAYS {
        let local = date.at(HOUR, 0, 0, 0);
        let moment = zone.to_ambiguous_timestamp(local).compatible();
        let moment = moment.map(|at| Instant::from_micros(at.as_microsecond()));
        let is_day = wanted != Frequency::Weekly || date.weekday() == Weekday::Monday;
        match (moment, date.tomorrow()) {
            (Ok(at), _) if is_day && at > after => return at,
            (Ok(_), Ok(tomorrow)) => date = tomorrow,
            // The end of all time.
            _ => break,
        }
    }
    after
}

/// The moment itself, or the first after it at which a summary may come by law and by the
/// customer's quiet hours. Where there is none, the summary will find that out.
fn first_allowed(case: &Case<'_>, channel: Channel, at: Instant) -> Instant {
    let own = case.facts.customer.quiet_hours;
    let about = (ground(case.terms.purpose), Lane::Normal, channel);
    if !quiet_hours::may_concern(case.regions, about, own) {
        return at;
    }
    let place = Place::of(&case.facts.customer);
    let question = quiet_hours::question(place, about, own);
    match case.regions.answer(&question, at) {
        Allowed::From { at, .. } => at,
        Allowed::Now | Allowed::Never { .. } => at,
    }
}

#[cfg(test)]
mod tests {
    use model::{Category, Preference, QuietHours, Rule, Span, Verdict};
    use proptest::prelude::*;

    use super::super::cases::{case, facts, urgent};
    use super::super::decide;
    use super::*;

    fn moment(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    fn wish(category: Category, channel: Channel, frequency: Frequency) -> Preference {
        Preference {
            category,
            topic: String::new(),
            channel,
            on: true,
            frequency,
            chosen: true,
        }
    }

    fn normal() -> Terms {
        Terms {
            lane: Lane::Normal,
            ..urgent()
        }
    }

    #[test]
    fn table() {
        use Lane::{Bulk, Normal, Security as Codes, Urgent};
        use PurposeClass::{Legal, Marketing, Security, Service, Transactional};
        // Nine in the morning of Sunday in São Paulo.
        let daily = "2026-11-23T12:00:00Z";
        for (purpose, lane, wanted, expected) in [
            (Transactional, Normal, Frequency::Daily, Some(daily)),
            (Service, Bulk, Frequency::Daily, Some(daily)),
            (Marketing, Bulk, Frequency::Weekly, Some(daily)),
            (Transactional, Normal, Frequency::Each, None),
            (Transactional, Normal, Frequency::Urgent, None),
            (Transactional, Urgent, Frequency::Daily, None),
            (Security, Normal, Frequency::Daily, None),
            (Legal, Normal, Frequency::Weekly, None),
            (Service, Codes, Frequency::Weekly, None),
        ] {
            let mut facts = facts();
            facts.customer.preferences = vec![wish(Category::Orders, Channel::Email, wanted)];
            let terms = Terms {
                purpose,
                lane,
                ..urgent()
            };
            let asked = ask(&case(&facts, &terms), Channel::Email);
            let said = expected.map_or(Word::Silent, |at| {
                Word::Collect(moment(at), wanted.as_str(), at.to_owned())
            });
            assert_eq!(asked, said, "{purpose} {lane} {wanted}");
            let other = ask(&case(&facts, &terms), Channel::Sms);
            assert_eq!(other, Word::Silent, "the other channel");
        }
    }

    #[test]
    fn answers_and_summaries_wait_for_no_summary() {
        let mut facts = facts();
        facts.customer.preferences = vec![wish(Category::Orders, Channel::Email, Frequency::Daily)];
        for terms in [
            Terms {
                answers: true,
                ..normal()
            },
            Terms {
                digest: true,
                ..normal()
            },
        ] {
            assert_eq!(ask(&case(&facts, &terms), Channel::Email), Word::Silent);
        }
    }

    #[test]
    fn what_is_collected_makes_no_delivery_and_says_until_when() {
        let (mut facts, terms) = (facts(), normal());
        facts.customer.preferences = vec![wish(Category::Orders, Channel::Email, Frequency::Daily)];
        let decision = decide(&case(&facts, &terms));
        let routes: Vec<Channel> = decision
            .deliveries
            .iter()
            .map(|planned| planned.contact.channel)
            .collect();
        assert_eq!(routes, [Channel::Sms]);
        let due_at = moment("2026-11-23T12:00:00Z");
        let channel = Channel::Email;
        assert_eq!(decision.collected, [model::Collected { channel, due_at }]);
        let last = decision.trace.0.last().unwrap();
        let said = (last.rule, last.verdict, last.why.as_str(), &*last.with);
        let expected = (Rule::Digest, Verdict::Hold, "daily", "2026-11-23T12:00:00Z");
        assert_eq!(said, expected);
    }

    #[test]
    fn moments() {
        use Frequency::{Daily, Weekly};
        for (zone, wanted, after, expected) in [
            ("UTC", Daily, "2026-11-22T08:59:59Z", "2026-11-22T09:00:00Z"),
            // A message of that very moment waits for the next one.
            ("UTC", Daily, "2026-11-22T09:00:00Z", "2026-11-23T09:00:00Z"),
            (
                "UTC",
                Weekly,
                "2026-11-22T23:00:00Z",
                "2026-11-23T09:00:00Z",
            ),
            (
                "UTC",
                Weekly,
                "2026-11-23T09:00:00Z",
                "2026-11-30T09:00:00Z",
            ),
            (
                "Asia/Tokyo",
                Daily,
                "2026-11-22T00:00:01Z",
                "2026-11-23T00:00:00Z",
            ),
            // Clocks go forward in the night before, and back.
            (
                "Europe/Berlin",
                Daily,
                "2026-03-28T12:00:00Z",
                "2026-03-29T07:00:00Z",
            ),
            (
                "Europe/Berlin",
                Daily,
                "2026-10-24T12:00:00Z",
                "2026-10-25T08:00:00Z",
            ),
            (
                "America/New_York",
                Weekly,
                "2026-10-28T12:00:00Z",
                "2026-11-02T14:00:00Z",
            ),
            // A Friday that was left out.
            (
                "Pacific/Apia",
                Daily,
                "2011-12-30T00:00:00Z",
                "2011-12-30T19:00:00Z",
            ),
        ] {
            let found = TimeZone::get(zone).unwrap();
            let at = next(wanted, &found, moment(after));
            assert_eq!(at.to_string(), expected, "{zone} {wanted} after {after}");
        }
    }

    #[test]
    fn quiet_hours_put_it_off_by_text_only() {
        let (mut facts, terms) = (facts(), normal());
        facts.customer.quiet_hours = QuietHours::parse("22:00", "10:30").ok();
        for channel in Channel::ALL {
            facts
                .customer
                .preferences
                .push(wish(Category::Orders, *channel, Frequency::Daily));
        }
        let due = |channel| collected(&case(&facts, &terms), channel).map(|(_, at)| at);
        assert_eq!(due(Channel::Email), Some(moment("2026-11-23T12:00:00Z")));
        assert_eq!(due(Channel::Sms), Some(moment("2026-11-23T13:30:00Z")));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn the_next_moment_is_the_first_morning_in_any_zone(
            zone in any::<prop::sample::Index>(), hours in 0..1_000_000_i64, micros in 0..3_600_000_000_i64, weekly in any::<bool>(),
        ) {
            let mut names: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
            names.sort();
            let zone = TimeZone::get(zone.get(&names[..]).as_str()).unwrap();
            let after = Instant::from_micros(hours * 3_600_000_000 + micros);
            let wanted = if weekly { Frequency::Weekly } else { Frequency::Daily };
            let at = next(wanted, &zone, after);
            prop_assert!(at > after);
            let local = zone.to_datetime(at.to_timestamp());
            // A day, or a week, and what clocks and calendars leave out.
            let most = if weekly { Span::days(8) } else { Span::days(2) };
            prop_assert!(at.since(after) <= most);
            let before = zone.to_datetime(after.to_timestamp());
            let whole = local.hour() == HOUR && (local.minute(), local.second()) == (0, 0);
            let skipped = zone.to_ambiguous_timestamp(local.date().at(HOUR, 0, 0, 0)).is_ambiguous();
            prop_assert!(whole || skipped, "{local}");
            prop_assert!(!weekly || local.weekday() == Weekday::Monday || local.weekday() == Weekday::Tuesday);
            // None is left out on the way.
            if !weekly && before.hour() < HOUR {
                prop_assert!(local.date() <= before.date().tomorrow().unwrap());
            }
        }
    }
}
