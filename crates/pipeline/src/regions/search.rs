//! The next moment at which all that bars a message allows it.
//!
//! Only a few moments can open a door: the beginning of an hour that is allowed, in some
//! zone; midnight, where the day and the rules in force change; and a clock that is set.
//! Each of them after now is looked at, in order.

use std::borrow::Cow;

use jiff::civil::{Date, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan};
use model::{Instant, Span};

use super::Allowed;
use super::hours::{DAY, Week};

/// A rule that bars a message outside its hours.
pub(super) struct Bar<'a> {
    pub(super) rule: &'a str,
    pub(super) week: Cow<'a, Week>,
    pub(super) since: Option<Date>,
    pub(super) until: Option<Date>,
}

/// So far ahead is looked, first and at last: no message waits longer.
const AHEAD: [Span; 2] = [Span::days(2), Span::days(16)];

/// Whether a rule with these first and last days holds on a date.
pub(super) fn in_force(since: Option<Date>, until: Option<Date>, date: Date) -> bool {
    since.is_none_or(|since| since <= date) && until.is_none_or(|until| date <= until)
}

/// What bars say of a moment; in each of the zones it must be fine.
pub(super) fn answer<'a>(bars: &[Bar<'a>], zones: &[TimeZone], at: Instant) -> Allowed<'a> {
    let Some(rule) = closed(bars, zones, at.to_timestamp()) else {
        return Allowed::Now;
    };
    for ahead in AHEAD {
        let moments = moments(bars, zones, (at, at + ahead));
        let mut moments = moments.into_iter();
        if let Some(open) = moments.find(|moment| closed(bars, zones, *moment).is_none()) {
            let at = Instant::from_micros(open.as_microsecond());
            return Allowed::From { at, rule };
        }
    }
    Allowed::Never { rule }
}

/// The first rule that bars a moment.
pub(super) fn closed<'a>(bars: &[Bar<'a>], zones: &[TimeZone], at: Timestamp) -> Option<&'a str> {
    zones.iter().find_map(|zone| {
        let local = zone.to_datetime(at);
        let shut = |bar: &&Bar<'_>| {
            in_force(bar.since, bar.until, local.date()) && !bar.week.allows(local)
        };
        bars.iter().find(shut).map(|bar| bar.rule)
    })
}

/// The moments after the first, up to the last, at which something may open, in order.
fn moments(
    bars: &[Bar<'_>],
    zones: &[TimeZone],
    (after, last): (Instant, Instant),
) -> Vec<Timestamp> {
    let (after, last) = (after.to_timestamp(), last.to_timestamp());
    let mut minutes: Vec<u16> = bars.iter().flat_map(|bar| bar.week.starts()).collect();
    minutes.push(0);
    minutes.retain(|minute| *minute < DAY);
    minutes.sort_unstable();
    minutes.dedup();
    let mut found = Vec::new();
    for zone in zones {
        let set = zone.following(after).map(|set| set.timestamp());
        found.extend(set.take_while(|set| *set <= last));
        let mut date = zone.to_datetime(after).date();
        let end = zone.to_datetime(last).date();
        while date <= end {
            for minute in &minutes {
                starts(zone, date, *minute, &mut found);
            }
            match date.checked_add(1.day()) {
                Ok(next) => date = next,
                // The end of all time.
                Err(_) => break,
            }
        }
    }
    found.retain(|moment| after < *moment && *moment <= last);
    found.sort_unstable();
    found.dedup();
    found
}

/// The moments at which clocks in a zone show a minute of a date: none where it is left out
/// (the clock that is set is looked at by itself), two where it comes twice.
fn starts(zone: &TimeZone, date: Date, minute: u16, found: &mut Vec<Timestamp>) {
    let time = i8::try_from(minute / 60)
        .ok()
        .zip(i8::try_from(minute % 60).ok())
        .and_then(|(hour, minute)| Time::new(hour, minute, 0, 0).ok());
    let Some(time) = time else {
        return;
    };
    let local = date.to_datetime(time);
    let offsets = match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } => [Some(offset), None],
        AmbiguousOffset::Fold { before, after } => [Some(before), Some(after)],
        AmbiguousOffset::Gap { .. } => [None, None],
    };
    let moments = offsets.into_iter().flatten();
    found.extend(moments.filter_map(|offset| offset.to_timestamp(local).ok()));
}
