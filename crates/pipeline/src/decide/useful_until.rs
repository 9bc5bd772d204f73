//! A delivery that comes too late is worse than none: a code dies in minutes, "out for
//! delivery" at midnight. The fact still stands in the Message Center.

use model::{Channel, Instant, Span};

use jiff::tz::TimeZone;

use super::{Case, UsefulFor, Word};

pub(super) fn ask(case: &Case<'_>, _: Channel) -> Word {
    if left(case) > Span::ZERO {
        Word::Silent
    } else {
        Word::Stop("late", case.event_time.to_string())
    }
}

/// How long a delivery of the case still helps. A fact from the future (a clock that is
/// ahead) counts as one of now.
pub(super) fn left(case: &Case<'_>) -> Span {
    let happened = case.event_time.min(case.at);
    let until = match case.terms.useful_for {
        UsefulFor::Span(span) => happened + span,
        UsefulFor::Today => midnight_after(happened, &case.facts.customer.time_zone),
    };
    until.since(case.at)
}

/// The first midnight after a moment in a zone; in UTC where the zone is unknown.
fn midnight_after(moment: Instant, zone: &str) -> Instant {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let midnight = jiff::Timestamp::from_microsecond(moment.as_micros())
        .ok()
        .and_then(|at| at.to_zoned(zone).tomorrow().ok()?.start_of_day().ok());
    // A moment at the end of all time has no midnight after it.
    midnight.map_or(moment, |at| {
        Instant::from_micros(at.timestamp().as_microsecond())
    })
}

#[cfg(test)]
mod tests {
    use super::super::cases::{case, facts, noon, urgent};
    use super::*;

    #[test]
    fn table() {
        let (facts, terms) = (facts(), urgent());
        let at = |hours| Case {
            at: noon() + Span::hours(hours),
            ..case(&facts, &terms)
        };
        assert_eq!(ask(&at(0), Channel::Sms), Word::Silent);
        assert_eq!(ask(&at(11), Channel::Sms), Word::Silent);
        assert_eq!(
            ask(&at(12), Channel::Sms),
            Word::Stop("late", "2026-11-22T12:00:00Z".into())
        );
        assert_eq!(left(&at(-5)), Span::hours(12), "a clock that is ahead");
    }

    #[test]
    fn today_ends_at_midnight_where_the_customer_lives() {
        let (mut facts, mut terms) = (facts(), urgent());
        terms.useful_for = UsefulFor::Today;
        for (zone, hours) in [
            // Noon in UTC.
            ("UTC", 12),
            ("America/Sao_Paulo", 15),
            ("Asia/Tokyo", 3),
            ("Not/AZone", 12),
        ] {
            facts.customer.time_zone = zone.into();
            assert_eq!(left(&case(&facts, &terms)), Span::hours(hours), "{zone}");
        }
        // The night in which clocks go forward is an hour shorter.
        facts.customer.time_zone = "Europe/Berlin".into();
        let evening = Instant::parse("2026-03-28T23:30:00Z").unwrap();
        let case = Case {
            event_time: evening,
            at: evening,
            ..case(&facts, &terms)
        };
        assert_eq!(left(&case), Span::minutes(22 * 60 + 30));
    }
}
