use std::sync::LazyLock;

use guard::{Exception, Exceptions, Rule};
use model::{Edition, Instant, Wording};

use super::*;
use crate::render::Short;

static FILES: LazyLock<Catalogue> =
    LazyLock::new(|| Catalogue::load(None).expect("the shipped catalogue loads"));

fn stand() -> Stand {
    Stand {
        brand: FILES.sample_brand(),
        own: Own::default(),
        exceptions: Exceptions::default(),
    }
}

fn edition(number: u64, name: &str, changes: &[(&str, &str, Option<&str>)]) -> Edition {
    let changes = changes.iter().map(|(locale, key, text)| Wording {
        locale: (*locale).into(),
        key: (*key).into(),
        text: text.map(str::to_owned),
    });
    Edition {
        number,
        message_type: name.into(),
        template_version: 0,
        changes: changes.collect(),
        note: "why".into(),
        who: None,
        at: Instant::from_micros(0),
    }
}

fn desk(editions: &[Edition]) -> Desk {
    let mut desk = Desk::default();
    editions.iter().for_each(|edition| desk.apply(edition));
    desk
}

/// The title of the first sample, and its version.
fn title(catalogue: &Catalogue, name: &str, locale: &str) -> (String, u32) {
    let (entry, brand) = (catalogue.get(name).unwrap(), catalogue.sample_brand());
    let sample = &catalogue.samples(name)[0];
    let made = Short::of_sample(catalogue, &brand, (entry, sample), locale).unwrap();
    (made.content.title, made.content.template_version)
}

#[test]
fn texts_of_the_desk_lie_over_those_of_the_files() {
    let one = edition(1, "order.confirmed", &[("en", "title", Some("Got it"))]);
    let two = edition(2, "order.confirmed", &[("de", "title", Some("Da"))]);
    let three = edition(3, "order.confirmed", &[("en", "title", None)]);
    let shipped = title(&FILES, "order.confirmed", "en");
    let of = |editions: &[Edition], locale: &str| {
        let laid = FILES.with_desk(&desk(editions), &stand());
        assert_eq!(laid.desk_faults().count(), 0);
        title(&laid, "order.confirmed", locale)
    };
    let all = [one, two, three];
    assert_eq!(of(&all[..1], "en"), ("Got it".into(), 2));
    assert_eq!(of(&all[..2], "en"), ("Got it".into(), 3));
    assert_eq!(of(&all[..2], "de"), ("Da".into(), 3));
    assert_eq!(of(&all, "en"), (shipped.0, 4));
    assert_eq!(FILES.next_version("order.confirmed", &desk(&all)), Some(5));
    assert_eq!(FILES.next_version("no.such", &desk(&all)), None);
    // Other types are not touched, and neither are the files.
    let laid = FILES.with_desk(&desk(&all), &stand());
    assert_eq!(laid.get("order.placed").unwrap().version, 1);
    assert_eq!(FILES.get("order.confirmed").unwrap().version, 1);
}

#[test]
fn words_that_hold_no_longer_leave_those_of_the_files() {
    let all = desk(&[
        edition(
            1,
            "order.confirmed",
            &[("en", "title", Some("{{ order.nummer }}"))],
        ),
        edition(
            2,
            "order.placed",
            &[("en", "title", Some("Confirm your password"))],
        ),
        edition(3, "left.the.files", &[("en", "title", Some("x"))]),
        edition(
            4,
            "order.cancelled",
            &[("en", "title", Some("Cancelled, as you asked"))],
        ),
    ]);
    let laid = FILES.with_desk(&all, &stand());
    let faults: Vec<String> = laid
        .desk_faults()
        .flat_map(|(_, faults)| faults.iter().map(ToString::to_string))
        .collect();
    assert_eq!(
        faults[0],
        "desk/left.the.files: there is no message type of this name; its words rest"
    );
    assert_eq!(
        faults[1],
        "desk/order.confirmed/en:1: `title`: `.nummer` is not declared in schema.json"
    );
    assert!(faults[2].starts_with("desk/order.placed/en:1: `title`: the guard stops the title"));
    for name in ["order.confirmed", "order.placed"] {
        assert_eq!(title(&laid, name, "en"), title(&FILES, name, "en"));
        assert!(!laid.desk_faults_of(name).is_empty());
    }
    assert_eq!(
        title(&laid, "order.cancelled", "en").0,
        "Cancelled, as you asked"
    );
    let exception = Exception {
        rule: Rule::AsksData,
        message_type: "order.placed".into(),
        template_version: 2,
    };
    let stand = Stand {
        exceptions: [exception].into_iter().collect(),
        ..stand()
    };
    let laid = FILES.with_desk(&all, &stand);
    assert_eq!(
        title(&laid, "order.placed", "en").0,
        "Confirm your password"
    );
}

#[test]
fn words_are_found_again_in_their_text() {
    let text = "Hello,\n\nplease\nconfirm “your”\n  password.";
    for (words, line) in [
        ("Hello", 0),
        ("please confirm", 2),
        ("confirm \"your\" password", 3),
        ("password", 4),
    ] {
        let (source, lines) = plain(text);
        assert_eq!(lines[source.find(words).unwrap()], line, "{words}");
    }
}

#[test]
fn a_trial_takes_milliseconds() {
    let texts = FILES.wording("order.confirmed", "en").unwrap();
    let began = std::time::Instant::now();
    let trial = FILES.trial(("order.confirmed", 2), ("en", &texts), &stand());
    let trial = trial.unwrap();
    let tried = began.elapsed();
    let sample = &FILES.samples("order.confirmed")[0];
    trial.preview(&FILES.sample_brand(), sample).unwrap();
    println!("trial {tried:?}, with preview {:?}", began.elapsed());
    let all: Vec<Edition> = (1..)
        .zip(FILES.types())
        .map(|(n, entry)| edition(n, &entry.name, &[("en", "title", Some("Hello"))]))
        .collect();
    let began = std::time::Instant::now();
    let laid = FILES.with_desk(&desk(&all), &stand());
    println!("{} types laid in {:?}", all.len(), began.elapsed());
    assert!(laid.desk_faults().count() < all.len());
    assert!(tried < std::time::Duration::from_secs(2), "{tried:?}");
}
