//! What the shipped rules say, place by place, and what is wrong with bad files.

mod properties;
mod reference;

use super::*;

fn moment(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

/// What a marketing text meets: `now`, or when it may come (in the zone) and which rule bars.
fn asked(country: &str, region: &str, zone: &str, at: &str) -> String {
    let place = Place {
        country,
        region,
        zone,
    };
    let regions = Regions::shipped();
    let answer = regions.allowed(&place, PurposeClass::Marketing, Channel::Sms, moment(at));
    match answer {
        Allowed::Now => "now".to_owned(),
        Allowed::From { at, rule } => {
            let zone = zone_of(zone).unwrap_or(TimeZone::UTC);
            format!(
                "{} {rule}",
                zone.to_datetime(at.to_timestamp()).strftime("%a %F %R")
            )
        }
        Allowed::Never { rule } => format!("never {rule}"),
    }
}

/// Country, region, zone, moment: what is said. Lines with `#` say why.
const PLACES: &str = "
# The end of an hour is outside; 20:00 by the state, not 21:00 by the federation.
US | US-FL | America/New_York | 2026-11-23T20:00:00-05:00 | Tue 2026-11-24 08:00 us-fl-hours
US | US-FL | America/New_York | 2026-11-23T19:59:59-05:00 | now
US | US-FL | America/New_York | 2026-11-23T08:00:00-05:00 | now
US | US-FL | America/New_York | 2026-11-23T07:59:59-05:00 | Mon 2026-11-23 08:00 us-federal-hours
# Before the law of the state.
US | US-FL | America/New_York | 2021-06-30T20:30:00-04:00 | now
US | US-FL | America/New_York | 2021-07-01T20:30:00-04:00 | Fri 2021-07-02 08:00 us-fl-hours
US | US-TX | America/Chicago | 2026-11-22T09:00:00-06:00 | Sun 2026-11-22 12:00 us-tx-hours
US | US-TX | America/Chicago | 2026-11-21T09:00:00-06:00 | now
US | US-TX | America/Chicago | 2025-08-31T09:00:00-05:00 | now
# Sunday, and the day after Christmas on a Saturday.
US | US-AL | America/Chicago | 2026-11-22T12:00:00-06:00 | Mon 2026-11-23 08:00 us-al-hours
US | US-AL | America/Chicago | 2026-12-25T12:00:00-06:00 | Sat 2026-12-26 08:00 us-al-hours
# Christmas on a Saturday is kept on Friday too: three days.
US | US-AL | America/Chicago | 2027-12-23T20:00:00-06:00 | Mon 2027-12-27 08:00 us-al-hours
US | US-RI | America/New_York | 2026-11-20T18:00:00-05:00 | Sat 2026-11-21 10:00 us-ri-hours
US | US-RI | America/New_York | 2026-11-25T18:30:00-05:00 | Fri 2026-11-27 09:00 us-ri-hours
US | US-KY | America/New_York | 2026-11-23T09:30:00-05:00 | Mon 2026-11-23 10:00 us-ky-hours
# No state: the strictest of all.
US |  | America/Denver | 2026-11-23T09:30:00-07:00 | Mon 2026-11-23 10:00 us-ky-hours
US |  | America/Denver | 2026-11-23T18:00:00-07:00 | Tue 2026-11-24 10:00 us-ri-hours
US |  | America/Denver | 2026-11-22T13:00:00-07:00 | Mon 2026-11-23 10:00 us-al-hours
FR |  | Europe/Paris | 2026-07-13T20:00:00+02:00 | Wed 2026-07-15 08:00 fr-hours
FR |  | Europe/Paris | 2026-05-14T12:00:00+02:00 | Fri 2026-05-15 08:00 fr-hours
FR |  | Europe/Paris | 2026-11-23T12:00:00+01:00 | now
DE |  | Europe/Berlin | 2026-11-22T09:30:00+01:00 | Sun 2026-11-22 12:00 house-hours
DE |  | Europe/Berlin | 2026-11-23T20:00:00+01:00 | Tue 2026-11-24 09:00 house-hours
BR | BR-SP | America/Sao_Paulo | 2026-11-21T16:00:00-03:00 | Mon 2026-11-23 09:00 br-hours
BR | BR-SP | America/Sao_Paulo | 2026-11-20T20:59:00-03:00 | now
IN |  | Asia/Kolkata | 2026-11-23T09:59:00+05:30 | Mon 2026-11-23 10:00 in-hours
IN |  | Asia/Kolkata | 2026-11-22T20:59:00+05:30 | now
JP |  | Asia/Tokyo | 2026-11-23T20:00:00+09:00 | Tue 2026-11-24 09:00 house-hours
";

#[test]
fn a_table_of_places() {
    let mut rows = 0;
    for row in PLACES
        .lines()
        .filter(|row| !row.is_empty() && !row.starts_with('#'))
    {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [country, region, zone, at, expected] = cells[..] else {
            panic!("{row}");
        };
        assert_eq!(asked(country, region, zone, at), expected, "{row}");
        rows += 1;
    }
    assert!(rows > 25);
}

#[test]
fn a_zone_that_is_not_known_is_every_zone_of_the_place() {
    // 16:00 in New York, 10:00 in Honolulu; an hour earlier it is too early there.
    assert_eq!(asked("US", "", "UTC", "2026-11-23T20:00:00Z"), "now");
    let early = asked("US", "", "Not/AZone", "2026-11-23T19:00:00Z");
    assert_eq!(early, "Mon 2026-11-23 20:00 us-ky-hours");
    // Of a state its own zones: 08:00 in Pensacola too.
    let florida = asked("US", "US-FL", "", "2026-11-23T13:30:00Z");
    assert_eq!(florida, "Mon 2026-11-23 14:00 us-federal-hours");
    // A region that is none.
    let nowhere = asked("US", "US-ZZ", "America/Denver", "2026-11-22T20:00:00Z");
    assert!(nowhere.ends_with("us-al-hours"), "{nowhere}");
    assert_eq!(asked("", "", "", "2026-11-23T12:00:00Z"), "now");
    assert_eq!(
        asked("", "", "", "2026-11-23T03:00:00Z"),
        "Mon 2026-11-23 09:00 house-hours"
    );
}

#[test]
fn other_messages_and_channels_have_no_hours() {
    let regions = Regions::shipped();
    for purpose in PurposeClass::ALL {
        for channel in Channel::ALL {
            let concerned = regions.concerns(*purpose, *channel);
            let expected = (*purpose, *channel) == (PurposeClass::Marketing, Channel::Sms);
            assert_eq!(concerned, expected, "{purpose} {channel}");
        }
    }
    let place = Place {
        country: "US",
        region: "",
        zone: "America/Denver",
    };
    let night = moment("2026-11-23T08:00:00Z");
    let answer = regions.allowed(&place, PurposeClass::Transactional, Channel::Sms, night);
    assert_eq!(answer, Allowed::Now);
}

/// What a night from 22:00 to 07:00, or to 02:30, holds until.
fn own(zone: &str, quiet: (&str, &str), at: &str) -> Option<Instant> {
    let regions = Regions::shipped();
    let question = Question {
        place: Place {
            country: "",
            region: "",
            zone,
        },
        purpose: PurposeClass::Service,
        channel: Channel::Sms,
        own: QuietHours::parse(quiet.0, quiet.1).ok(),
    };
    match regions.answer(&question, moment(at)) {
        Allowed::Now => None,
        Allowed::From { at, rule: OWN } => Some(at),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_nights_in_which_clocks_are_set() {
    let night = ("22:00", "07:00");
    for (zone, quiet, at, until) in [
        // Forward: the night is an hour shorter.
        (
            "Europe/Berlin",
            night,
            "2026-03-28T22:00:00+01:00",
            Some("2026-03-29T07:00:00+02:00"),
        ),
        // Back: an hour longer.
        (
            "Europe/Berlin",
            night,
            "2026-10-24T23:00:00+02:00",
            Some("2026-10-25T07:00:00+01:00"),
        ),
        // It would end in the hour that is left out: with the clock that is set.
        (
            "Europe/Berlin",
            ("22:00", "02:30"),
            "2026-03-29T01:30:00+01:00",
            Some("2026-03-29T03:00:00+02:00"),
        ),
        // It ends in the hour that comes twice: the first time, and begins again.
        (
            "Europe/Berlin",
            ("22:00", "02:30"),
            "2026-10-25T02:00:00+02:00",
            Some("2026-10-25T02:30:00+02:00"),
        ),
        (
            "Europe/Berlin",
            ("22:00", "02:30"),
            "2026-10-25T02:45:00+02:00",
            None,
        ),
        (
            "Europe/Berlin",
            ("22:00", "02:30"),
            "2026-10-25T02:15:00+01:00",
            Some("2026-10-25T02:30:00+01:00"),
        ),
        // Half an hour, and midnight itself left out.
        (
            "Australia/Lord_Howe",
            ("22:00", "02:15"),
            "2026-10-04T01:30:00+10:30",
            Some("2026-10-04T02:30:00+11:00"),
        ),
        (
            "America/Santiago",
            ("22:00", "00:30"),
            "2026-09-05T23:00:00-04:00",
            Some("2026-09-06T01:00:00-03:00"),
        ),
        // A day that was left out whole.
        (
            "Pacific/Apia",
            ("08:00", "20:00"),
            "2011-12-29T19:59:00-10:00",
            Some("2011-12-29T20:00:00-10:00"),
        ),
        (
            "Pacific/Apia",
            ("20:00", "08:00"),
            "2011-12-29T21:00:00-10:00",
            Some("2011-12-31T08:00:00+14:00"),
        ),
    ] {
        assert_eq!(own(zone, quiet, at), until.map(moment), "{zone} {at}");
    }
}

#[test]
fn the_customer_and_the_law_must_both_allow() {
    let regions = Regions::shipped();
    let ask = |from, to, at| {
        let question = Question {
            place: Place {
                country: "US",
                region: "US-FL",
                zone: "America/New_York",
            },
            purpose: PurposeClass::Marketing,
            channel: Channel::Sms,
            own: QuietHours::parse(from, to).ok(),
        };
        match regions.answer(&question, moment(at)) {
            Allowed::From { at, .. } => Some(at),
            Allowed::Now => Some(moment(at)),
            Allowed::Never { .. } => None,
        }
    };
    let evening = "2026-11-23T20:30:00-05:00";
    assert_eq!(
        ask("22:00", "07:00", evening),
        Some(moment("2026-11-24T08:00:00-05:00"))
    );
    assert_eq!(
        ask("20:00", "09:15", evening),
        Some(moment("2026-11-24T09:15:00-05:00"))
    );
    assert_eq!(ask("07:00", "21:00", evening), None);
}

#[test]
fn consent_counts_and_revocations_are_dated() {
    let regions = Regions::shipped();
    let text = (PurposeClass::Marketing, Channel::Sms);
    let at = moment("2026-11-23T12:00:00Z");
    let place = |country, region| Place {
        country,
        region,
        zone: "",
    };
    for (country, id) in [
        ("US", Some("us-express-consent")),
        ("DE", Some("eu-express-consent")),
        ("FR", Some("eu-express-consent")),
        ("GB", Some("gb-express-consent")),
        ("CH", None),
    ] {
        let rule = regions.express_consent(&place(country, ""), text, at);
        assert_eq!(rule.map(|rule| rule.id.as_str()), id, "{country}");
    }
    let order = (PurposeClass::Transactional, Channel::Sms);
    assert!(
        regions
            .express_consent(&place("US", ""), order, at)
            .is_none()
    );

    let most = |region, at| {
        regions
            .at_most(&place("US", region), text, at)
            .map(|(most, _)| most)
    };
    assert_eq!(most("US-FL", at), Some(3));
    assert_eq!(most("US-FL", moment("2021-01-01T12:00:00Z")), None);
    assert_eq!((most("US-WA", at), most("", at)), (None, Some(3)));

    let zone = Place {
        zone: "America/New_York",
        ..place("US", "US-NY")
    };
    for (at, revokes) in [
        ("2027-01-30T23:59:00-05:00", false),
        ("2027-01-31T00:00:00-05:00", true),
    ] {
        assert_eq!(
            regions.revokes_all(&zone, Channel::Sms, moment(at)),
            revokes,
            "{at}"
        );
    }
    assert!(regions.limits(PurposeClass::Marketing, Channel::Sms));
    assert!(!regions.limits(PurposeClass::Transactional, Channel::Sms));
}

#[test]
fn one_stop_ends_everything_sooner_where_we_say_so() {
    let day = "2026-04-11".parse().ok();
    let regions = Regions::clone(&Regions::shipped()).revoking_all_from(day);
    for (country, zone) in [("BR", "America/Sao_Paulo"), ("US", "America/New_York")] {
        let place = Place {
            country,
            region: "",
            zone,
        };
        for (at, revokes) in [
            ("2026-04-10T23:59:00-03:00", false),
            ("2026-04-11T12:00:00Z", true),
        ] {
            assert_eq!(
                regions.revokes_all(&place, Channel::Sms, moment(at)),
                revokes,
                "{country} {at}"
            );
        }
    }
}

#[test]
fn a_place_follows_from_the_profile() {
    for (country, region, number, expected) in [
        ("BR", "", "+12535550129", "BR"),
        ("", "US-FL", "+5511912345678", "US"),
        ("", "", "+5511912345678", "BR"),
        ("", "", "+88216123456", ""),
    ] {
        assert_eq!(country_of(country, region, Some(number)), expected);
    }
}

/// The faults of one file laid over the others.
fn faults(text: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("own.toml"), text).unwrap();
    let Err(RegionFaults(faults)) = Regions::load(Some(folder.path())) else {
        return Vec::new();
    };
    let file = folder.path().join("own.toml").display().to_string();
    let named = faults.iter().map(|fault| {
        assert_eq!(fault.file, file);
        fault.to_string().replacen(&file, "own.toml", 1)
    });
    named.collect()
}

#[test]
fn a_folder_lies_over_the_shipped_files() {
    let folder = tempfile::tempdir().unwrap();
    let rule = r#"
        [[hours]]
        id = "fr-hours"
        jurisdiction = "FR"
        purposes = ["marketing"]
        channels = ["sms"]
        daily = ["20:00-02:00"]
        source = "A test"
    "#;
    std::fs::write(folder.path().join("fr.toml"), rule).unwrap();
    let regions = Regions::load(Some(folder.path())).unwrap();
    let place = Place {
        country: "FR",
        region: "",
        zone: "Europe/Paris",
    };
    let ask = |at| regions.allowed(&place, PurposeClass::Marketing, Channel::Sms, moment(at));
    assert_eq!(ask("2026-11-23T01:00:00+01:00"), Allowed::Now);
    let evening = Allowed::From {
        at: moment("2026-11-23T20:00:00+01:00"),
        rule: "fr-hours",
    };
    assert_eq!(ask("2026-11-23T12:00:00+01:00"), evening);
    assert!(Regions::load(Some(Path::new("/nowhere/at/all"))).is_err());
}

#[test]
fn faults_name_file_and_entry() {
    let rule = |extra: &str| {
        format!(
            "[[hours]]\nid = \"x\"\njurisdiction = \"SE\"\npurposes = [\"marketing\"]\nchannels = [\"sms\"]\nsource = \"s\"\n{extra}\n"
        )
    };
    assert!(faults(&rule("daily = [\"08:00-20:00\"]")).is_empty());
    for (text, expected) in [
        (
            rule("daily = [\"8-20\"]"),
            "own.toml, hours x: `8-20` are no hours, such as `08:00-20:00`",
        ),
        (
            rule("daily = []"),
            "own.toml, hours x: leaves no hour at all",
        ),
        (
            rule("weekdays = [\"08:00-20:00\"]"),
            "own.toml, hours x: says nothing of Saturdays: give `daily`, or each of `weekdays`, `saturday`, `sunday`",
        ),
        (
            rule("daily = [\"08:00-20:00\"]\nholidays = []"),
            "own.toml, hours x: `holidays` and `holiday_list` come together",
        ),
        (
            rule("daily = [\"08:00-20:00\"]\nholidays = []\nholiday_list = \"se\""),
            "own.toml, hours x: there is no list of holidays `se`",
        ),
        (
            rule("daily = [\"08:00-20:00\"]\nsince = \"May\""),
            "own.toml, hours x: `May` is no date, such as `2025-09-01`",
        ),
        (
            rule("daily = [\"08:00-20:00\"]\nsince = \"2025-09-01\"\nuntil = \"2025-08-01\""),
            "own.toml, hours x: ends before it begins",
        ),
        (
            rule("daily = [\"08:00-20:00\"]\nuncertain = true"),
            "own.toml, hours x: is uncertain and has no note that says why",
        ),
        (
            rule("daily = [\"08:00-20:00\"]\ncount = 3"),
            "own.toml, hours x: `count` do not belong here but under `at_most`",
        ),
        (
            rule("daily = [\"08:00-20:00\"]").replace("SE", "SWE"),
            "own.toml, hours x: `SWE` is no place: ISO 3166-1, ISO 3166-2, a group",
        ),
        (
            rule("daily = [\"08:00-20:00\"]").replace("\"x\"", "\"us-fl-hours\""),
            "own.toml, hours us-fl-hours: the name is taken",
        ),
        (
            rule("daily = [\"08:00-20:00\"]").replace("marketing", "legal"),
            "own.toml, hours x: security and legal notices come at any hour",
        ),
        (
            "[zones]\nSE = [\"Europe/Atlantis\"]".to_owned(),
            "own.toml, zones SE: `Europe/Atlantis` is no time zone",
        ),
        (
            "[[holidays]]\nname = \"se\"\ndays = [\"midsummer\"]\nsource = \"s\"".to_owned(),
            "own.toml, holidays se: `midsummer` is no day; days are `07-14`, `11-thu-4`, `05-mon-last`, `easter+39`",
        ),
    ] {
        assert_eq!(faults(&text), [expected], "{text}");
    }
    let unknown = faults("[[hour]]\nid = \"x\"");
    assert!(
        unknown[0].contains("line 1") && unknown[0].contains("hour"),
        "{unknown:?}"
    );
}

#[test]
fn every_place_has_zones() {
    let regions = Regions::shipped();
    assert!(regions.rules().count() > 30);
    for country in Country::all() {
        // Two islands that nobody lives on have no zone.
        let none = ["BV", "HM"].contains(&country.as_str());
        assert_eq!(
            regions.zones.contains_key(country.as_str()),
            !none,
            "{country}"
        );
    }
    for rule in regions.rules() {
        if rule.jurisdiction.contains('-') {
            assert!(
                regions.zones.contains_key(&rule.jurisdiction),
                "{}",
                rule.id
            );
        }
    }
}
