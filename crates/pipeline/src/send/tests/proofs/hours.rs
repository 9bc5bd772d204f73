//! The hours at the hand-over, in every zone, on every day.

use jiff::tz::TimeZone;
use model::{Category, ContactPoint, Id, Instant, Lane, MessageContent, Mode, PurposeClass, Span};
use serde_json::{Map, json};
use store::{ClaimedDelivery, Next};

use super::world::World;
use crate::regions::zone_of;
use crate::send::gates::{Known, Since};
use crate::send::handed::Handed;

/// A delivery as it is claimed, with what its message keeps of the hours.
fn claimed(zone: &str, (from, to): (i64, i64), now: Instant) -> ClaimedDelivery {
    let mut data = Map::new();
    let clock = |minute: i64| format!("{:02}:{:02}", minute / 60, minute % 60);
    let quiet = format!("{}-{}", clock(from), clock(to));
    data.insert("_".into(), json!({"zone": zone, "quiet": quiet}));
    ClaimedDelivery {
        id: Id::from_i64(1),
        message: Id::from_i64(2),
        recipient: Id::from_i64(3),
        contact: ContactPoint::phone("+12535550129").unwrap(),
        lane: Lane::Normal,
        mode: Mode::Live,
        attempt: 1,
        was_in_doubt: false,
        due_at: now,
        expires_at: now + Span::days(9),
        facts_changed: false,
        secret: None,
        at: now,
        accepted_at: now,
        content: MessageContent {
            message_type: "service.outage".into(),
            category: Category::Notices,
            purpose: PurposeClass::Service,
            lane: Lane::Normal,
            locale: "en".into(),
            template_version: 1,
            sender: "Marigold".into(),
            title: String::new(),
            summary: String::new(),
            text: "x".into(),
            order: None,
            data,
        },
    }
}

/// A moment of each day of a year, and many around each at which a clock is set.
fn moments(zone: &TimeZone, start: Instant, chance: &mut impl FnMut(i64) -> i64) -> Vec<Instant> {
    let days = (0..365).map(|day| start + Span::days(day) + Span::secs(chance(86_400)));
    let mut moments: Vec<Instant> = days.collect();
    let end = start + Span::days(365);
    for set in zone.following(start.to_timestamp()) {
        let set = Instant::from_micros(set.timestamp().as_microsecond());
        if set > end {
            break;
        }
        let around = (-240..=240).step_by(7);
        moments.extend(around.map(|minutes| set + Span::minutes(minutes)));
    }
    moments
}

/// Every zone, every day of a year, at a minute before and at each end of the quiet hours and
/// at one somewhere else; and around each moment at which a clock is set.
#[test]
fn nothing_leaves_in_quiet_hours_on_any_day_of_any_zone() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let world = runtime.block_on(World::new());
    let names = jiff::tz::db().available().map(|name| name.to_string());
    // Those that stand for a zone that was left out are not of one place: every zone of the
    // country must allow then.
    let mut names: Vec<String> = names.filter(|name| zone_of(name).is_some()).collect();
    names.sort();
    let start = Instant::parse("2026-01-01T00:00:00Z").unwrap();
    let (mut tries, mut held) = (0_u64, 0_u64);
    // Any numbers do: spread over the day, and the same each time.
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut chance = move |below: i64| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((seed >> 33) % below.unsigned_abs()).unwrap()
    };
    for name in &names {
        let zone = TimeZone::get(name).unwrap();
        for now in moments(&zone, start, &mut chance) {
            let local = zone.to_datetime(now.to_timestamp());
            let minute = i64::from(local.hour()) * 60 + i64::from(local.minute());
            // Hours that begin or end just here, or anywhere.
            let (from, to) = match chance(4) {
                0 => (minute, chance(1_440)),
                1 => (chance(1_440), minute),
                2 => ((minute + 1) % 1_440, chance(1_440)),
                _ => (chance(1_440), (minute + 1) % 1_440),
            };
            if from == to {
                continue;
            }
            tries += 1;
            let claimed = claimed(name, (from, to), now);
            let is_quiet = |at: Instant| {
                let local = zone.to_datetime(at.to_timestamp());
                let minute = i64::from(local.hour()) * 60 + i64::from(local.minute());
                match from < to {
                    true => (from..to).contains(&minute),
                    false => minute >= from || minute < to,
                }
            };
            let since = Ok(Since::default());
            let handed: Handed = runtime.block_on(world.sender().try_one(
                &claimed,
                &since,
                (Known::default(), now),
            ));
            let (reason, next) = handed.told();
            match is_quiet(now) {
                true => {
                    held += 1;
                    let Some(Next::Hold(until)) = next else {
                        panic!("{name} {now} {from}-{to}: {reason}");
                    };
                    assert!(
                        until > now && !is_quiet(until),
                        "{name} {now} {from}-{to}: until {until}"
                    );
                }
                false => assert_eq!(reason, "no_carrier", "{name} {now} {from}-{to}"),
            }
        }
    }
    println!("{} zones, {tries} hand-overs, {held} held", names.len());
    assert!(names.len() > 400 && tries > 10_000 && held > tries / 4);
}
