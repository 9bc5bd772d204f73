//! What holds in every zone of tzdata, on every day, whatever the hours.

use jiff::ToSpan;
use model::Span;
use proptest::prelude::*;

use super::*;
use crate::regions::hours::read_windows;

/// Every zone that somebody lives in.
fn zones() -> &'static [String] {
    static ZONES: LazyLock<Vec<String>> = LazyLock::new(|| {
        let names = jiff::tz::db().available().map(|name| name.to_string());
        let mut names: Vec<String> = names.filter(|name| zone_of(name).is_some()).collect();
        names.sort();
        names
    });
    &ZONES
}

/// A moment between 2020 and 2040, often within hours of a clock that is set.
fn moments() -> impl Strategy<Value = (usize, Instant)> {
    let start = moment("2020-01-01T00:00:00Z");
    let near = -3 * 3_600..3 * 3_600_i64;
    (
        0..zones().len(),
        0..20 * 366 * 86_400_i64,
        proptest::option::of(near),
    )
        .prop_map(move |(zone, seconds, near)| {
            let at = start + Span::secs(seconds);
            let tz = TimeZone::get(&zones()[zone]).unwrap();
            let set = near.and_then(|near| {
                let next = tz.following(at.to_timestamp()).next()?;
                Some(Instant::from_micros(next.timestamp().as_microsecond()) + Span::secs(near))
            });
            (zone, set.unwrap_or(at))
        })
}

/// Hours of somebody's own, by themselves or near what clocks show at a moment: those of a
/// night in which a clock is set matter most.
#[derive(Clone, Copy, Debug)]
struct Own {
    hours: (u16, u16),
    near: bool,
}

impl Own {
    fn at(self, zone: &TimeZone, at: Instant) -> Option<QuietHours> {
        let local = zone.to_datetime(at.to_timestamp());
        let minute = local.hour() as u16 * 60 + local.minute() as u16;
        let near = |offset: u16| (minute + 1440 - 90 + offset % 180) % 1440;
        let (from, to) = match self.near {
            true => (near(self.hours.0), near(self.hours.1)),
            false => self.hours,
        };
        Some(QuietHours { from, to }).filter(|hours| hours.is_whole())
    }
}

fn own_hours() -> impl Strategy<Value = Option<Own>> {
    let own = (0..1440_u16, 0..1440_u16, any::<bool>());
    let own = own.prop_map(|(from, to, near)| Own {
        hours: (from, to),
        near,
    });
    proptest::option::of(own)
}

fn places() -> impl Strategy<Value = (&'static str, &'static str)> {
    proptest::sample::select(vec![
        ("US", ""),
        ("US", "US-FL"),
        ("US", "US-TX"),
        ("US", "US-RI"),
        ("US", "US-AL"),
        ("US", "US-KY"),
        ("US", "US-WA"),
        ("FR", ""),
        ("DE", ""),
        ("GB", ""),
        ("BR", "BR-SP"),
        ("IN", ""),
        ("AU", ""),
        ("JP", ""),
        ("", ""),
    ])
}

/// The hours read once more, the plain way: by what a clock on the wall shows.
fn in_own_quiet(hours: QuietHours, zone: &TimeZone, at: Instant) -> bool {
    let local = zone.to_datetime(at.to_timestamp());
    let minute = local.hour() as u16 * 60 + local.minute() as u16;
    match hours.from < hours.to {
        true => (hours.from..hours.to).contains(&minute),
        false => minute >= hours.from || minute < hours.to,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn a_hold_ends_at_the_first_moment_that_all_allow(
        (zone, at) in moments(), own in own_hours(), (country, region) in places(), marketing in any::<bool>(),
    ) {
        let regions = Regions::shipped();
        let own = own.and_then(|own| own.at(&TimeZone::get(&zones()[zone]).unwrap(), at));
        let question = Question {
            place: Place { country, region, zone: &zones()[zone] },
            purpose: if marketing { PurposeClass::Marketing } else { PurposeClass::Service },
            channel: Channel::Sms,
            own,
        };
        let tz = TimeZone::get(&zones()[zone]).unwrap();
        let quiet = |at| own.is_some_and(|own| in_own_quiet(own, &tz, at));
        match regions.answer(&question, at) {
            Allowed::Now => prop_assert!(!quiet(at)),
            Allowed::From { at: open, rule } => {
                prop_assert!(open > at);
                prop_assert_eq!(regions.answer(&question, open), Allowed::Now);
                prop_assert!(!quiet(open));
                prop_assert!(rule != OWN || quiet(at));
                // Nothing between is open: a minute's steps from both ends, for some hours.
                let (bars, zones) = (regions.bars(&question), [tz.clone()]);
                for minute in 1..=300 {
                    for between in [at + Span::minutes(minute), open - Span::minutes(minute)] {
                        let barred = search::closed(&bars, &zones, between.to_timestamp());
                        let within = at < between && between < open;
                        prop_assert!(!within || barred.is_some(), "{} is open", between);
                    }
                }
            }
            Allowed::Never { .. } => {
                // Only where the law leaves less than the customer bars.
                prop_assert!(marketing && own.is_some());
            }
        }
    }

    #[test]
    fn a_stricter_choice_never_opens_an_hour(
        (zone, at) in moments(), own in own_hours(), (country, region) in places(),
    ) {
        let regions = Regions::shipped();
        let own = own.and_then(|own| own.at(&TimeZone::get(&zones()[zone]).unwrap(), at));
        let free = Question {
            place: Place { country, region, zone: &zones()[zone] },
            purpose: PurposeClass::Marketing,
            channel: Channel::Sms,
            own: None,
        };
        let opens = |question: &Question<'_>| match regions.answer(question, at) {
            Allowed::Now => Some(at),
            Allowed::From { at, .. } => Some(at),
            Allowed::Never { .. } => None,
        };
        let before = opens(&free).expect("the law leaves some hour");
        let stricter = opens(&Question { own, ..free });
        prop_assert!(stricter.is_none_or(|opens| opens >= before));
        // Nor does it help not to say where one is, or when.
        let nowhere = Place { country, region: "", zone: "" };
        if !country.is_empty() && regions.zones(&nowhere).iter().any(|z| z.iana_name() == Some(&zones()[zone])) {
            let vague = opens(&Question { place: nowhere, ..free });
            prop_assert!(vague.is_none_or(|opens| opens >= before));
        }
    }
}

/// Every zone, every day of two years in which some clock is set, at each change of hours.
#[test]
fn every_zone_has_a_first_hour_on_its_sundays() {
    let windows = read_windows(&["00:30-01:30".to_owned()]).unwrap();
    let week = Week::new(&std::array::from_fn(|_| windows.clone()), None);
    let bar = || Bar {
        rule: "x",
        week: Cow::Borrowed(&week),
        since: None,
        until: None,
    };
    for name in zones() {
        let zone = [TimeZone::get(name).unwrap()];
        let sets: Vec<_> = zone[0]
            .following(moment("2026-01-01T00:00:00Z").to_timestamp())
            .take_while(|set| set.timestamp() < moment("2028-01-01T00:00:00Z").to_timestamp())
            .map(|set| set.timestamp())
            .collect();
        for set in sets {
            for hours in -26..3 {
                let at = Instant::from_micros((set + hours.hours()).as_microsecond());
                if let Allowed::From { at: open, .. } = search::answer(&[bar()], &zone, at) {
                    assert_eq!(
                        search::answer(&[bar()], &zone, open),
                        Allowed::Now,
                        "{name} {at}"
                    );
                    let a_day = Span::hours(26);
                    assert!(open.since(at) < a_day, "{name} {at} waits until {open}");
                }
            }
        }
    }
}
