//! `tidings bench guard`: the guard against messages that people reported, taken as if they
//! were texts of ours, and against everything the shipped catalogue says.
//!
//! Whether a scam carries a hook is told here, by other and simpler means than the guard's,
//! so that the guard does not choose what it is measured by.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use model::Channel;
use pipeline::catalogue::Catalogue;
use pipeline::guard::{Content, Form, Guard};
use pipeline::render::{self, Short};
use serde::Deserialize;
use serde_json::{Value, json};

use super::cli::BenchGuard;
use super::figures::round;
use super::ground;

/// Of scams with a hook, so many must be stopped.
const RECALL: f64 = 0.98;

/// A labelled message.
#[derive(Deserialize)]
struct Row {
    label: String,
    kind: String,
    lang: String,
    text: String,
}

/// Measures and prints; fails where a mark is missed.
///
/// # Errors
/// When the file or the catalogue cannot be read.
pub fn run(given: &BenchGuard) -> Result<ExitCode> {
    let figures = measure(&given.data, given.list)?;
    if given.json {
        println!("{figures}");
    } else {
        for (name, value) in figures.as_object().into_iter().flatten() {
            println!("{name:<26} {value}");
        }
    }
    let good = figures["marks_held"] == true;
    Ok(if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn measure(data: &Path, list: bool) -> Result<Value> {
    let catalogue = Catalogue::load(None).context("the catalogue cannot be used")?;
    let brand = ground::brand();
    let guard = catalogue.guard(catalogue.sample_own(), (&brand.domain, &brand.sms_sender));
    let text =
        fs::read_to_string(data).with_context(|| format!("cannot read {}", data.display()))?;
    let mut scams = Tally::default();
    let mut honest = Tally::default();
    for (number, line) in text.lines().enumerate() {
        let row: Row = serde_json::from_str(line)
            .with_context(|| format!("{}:{}", data.display(), number + 1))?;
        if row.lang != "en" {
            continue;
        }
        let stopped = !guard.check(&Content::new(Form::Sms, &row.text)).is_empty();
        let hooks = hooks(&row.text);
        match row.label.as_str() {
            "scam" => scams.add(hooks, stopped),
            "legit" if row.kind != "personal" => honest.add(hooks, stopped),
            _ => continue,
        }
        let odd = (row.label == "scam") != stopped && (hooks.any() || stopped);
        if list && odd {
            // A closed stderr is no reason to stop.
            let _ = writeln!(std::io::stderr(), "{} {hooks:?}: {}", row.label, row.text);
        }
    }
    let (rendered, stopped) = whole_catalogue(&catalogue, &guard)?;
    let recall = scams.hooked_stopped as f64 / scams.hooked.max(1) as f64;
    Ok(json!({
        "scams": scams.all,
        "with_link": scams.links,
        "with_number": scams.numbers,
        "with_request": scams.requests,
        "with_hook": scams.hooked,
        "stopped": scams.hooked_stopped,
        "stopped_of_all": scams.stopped,
        "recall": (recall * 10_000.0).floor() / 10_000.0,
        "legit_transactional": honest.all,
        "legit_stopped": honest.stopped,
        "legit_stopped_share": round(honest.stopped as f64 / honest.all.max(1) as f64),
        "catalogue_rendered": rendered,
        "catalogue_stopped": stopped,
        "marks_held": recall >= RECALL && stopped == 0,
    }))
}

#[derive(Default)]
struct Tally {
    all: usize,
    links: usize,
    numbers: usize,
    requests: usize,
    hooked: usize,
    hooked_stopped: usize,
    stopped: usize,
}

impl Tally {
    fn add(&mut self, hooks: Hooks, stopped: bool) {
        self.all += 1;
        self.links += usize::from(hooks.link);
        self.numbers += usize::from(hooks.number);
        self.requests += usize::from(hooks.request);
        self.hooked += usize::from(hooks.any());
        self.hooked_stopped += usize::from(hooks.any() && stopped);
        self.stopped += usize::from(stopped);
    }
}

/// What a message wants its reader to do.
#[derive(Clone, Copy, Debug)]
struct Hooks {
    link: bool,
    number: bool,
    request: bool,
}

impl Hooks {
    fn any(self) -> bool {
        self.link || self.number || self.request
    }
}

/// Ends of addresses, as people write them.
const ENDS: [&str; 24] = [
    ".com", ".net", ".org", ".info", ".biz", ".co", ".uk", ".tv", ".cc", ".ly", ".io", ".tk",
    ".xyz", ".au", ".in", ".us", ".me", ".mobi", ".ie", ".do", ".eu", ".gov", ".tk", ".to",
];
const CALLS: [&str; 17] = [
    "call", "dial", "ring", "text", "txt", "phone", "contact", "reply", "tel", "sms", "msg",
    "number", "help", "customer", "operator", "ph", "cnt",
];
const ASKS: [&str; 12] = [
    "send",
    "reply with",
    "confirm",
    "verify",
    "provide",
    "enter",
    "complete",
    "submit",
    "fill",
    "give us",
    "review and update",
    "please update",
];
const DATA: [&str; 20] = [
    "password",
    "pin ",
    "your name",
    "ur name",
    "and address",
    "your age",
    "details",
    "your id",
    "apple id",
    "card number",
    "account number",
    "bank account",
    "social security",
    "login information",
    "kyc",
    "identity",
    "personal information",
    "date of birth",
    "send name",
    "passport",
];

fn hooks(text: &str) -> Hooks {
    let lower = text.to_lowercase();
    let words = || lower.split(|c: char| !c.is_ascii_alphanumeric());
    let says = |list: &[&str]| words().any(|word| list.iter().any(|known| word.starts_with(known)));
    let in_text = |list: &[&str]| list.iter().any(|known| lower.contains(known));
    let scheme = in_text(&["http", "www.", "://"]);
    let named = lower.split_whitespace().any(|token| {
        let host = token
            .split(['/', '?'])
            .next()
            .unwrap_or_default()
            .trim_end_matches(['.', ',', ')']);
        let long = host.len() > 4
            && !host.contains('@')
            && host.starts_with(|c: char| c.is_ascii_alphanumeric());
        long && ENDS.iter().any(|end| host.ends_with(end))
    });
    let mut digits = 0;
    let mut longest = 0;
    for c in lower.chars() {
        digits = match c {
            '0'..='9' => digits + 1,
            ' ' | '-' | '.' | '(' | ')' => digits,
            _ => 0,
        };
        longest = longest.max(digits);
    }
    let short = words()
        .any(|word| (4..=6).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_digit()));
    let texts = says(&["txt", "text", "send"]) && short && in_text(&[" to ", " no:", " 2 "]);
    Hooks {
        link: scheme || named,
        number: (longest >= 7 && says(&CALLS)) || texts,
        request: in_text(&ASKS) && in_text(&DATA),
    }
}

/// Renders every type in every locale for every channel with each of its samples: how many forms,
/// and how many of them the guard stops.
fn whole_catalogue(catalogue: &Catalogue, guard: &Guard) -> Result<(usize, usize)> {
    let brand = ground::brand();
    let (mut rendered, mut stopped) = (0, 0);
    let mut count = |found: bool| {
        rendered += 1;
        stopped += usize::from(found);
    };
    for entry in catalogue.types() {
        let locales = entry.locales();
        let all = locales.flat_map(|locale| {
            let samples = catalogue.samples(&entry.name).iter();
            samples.map(move |sample| (sample, locale))
        });
        for (sample, locale) in all {
            let made = Short::of_sample(catalogue, &brand, (entry, sample), locale)?;
            let found = render::check_short(guard, &made);
            count(found.iter().any(|found| found.part != "sms"));
            if entry.takes(Channel::Sms) {
                count(found.iter().any(|found| found.part == "sms"));
            }
            let card = render::card(catalogue, &made.content)?;
            count(!render::check_card(guard, (&entry.name, entry.version), &card).is_empty());
            if entry.takes(Channel::Email) {
                let mail = render::mail(catalogue, &brand, &made.content)?;
                count(!render::check_mail(guard, &made.content, &mail).is_empty());
            }
        }
    }
    Ok((rendered, stopped))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn hooks_are_told_simply() {
        for (text, link, number, request) in [
            ("Call 08712402050 now", false, true, false),
            ("Txt WIN to 81010", false, true, false),
            ("see evil.com/x", true, false, false),
            ("http:owly/x", true, false, false),
            ("Verify your login information", false, false, true),
            ("Your order 48213 is here", false, false, false),
        ] {
            let found = hooks(text);
            assert_eq!(
                (found.link, found.number, found.request),
                (link, number, request),
                "{text}"
            );
        }
    }

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "tests are told by the environment what they have"
    )]
    fn scams_are_stopped_and_the_catalogue_is_not() {
        let root = std::env::var("TIDINGS_TEST_SHARED").map_or_else(
            |_| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
            PathBuf::from,
        );
        let data = root.join("data/messages/train.jsonl");
        if !data.is_file() {
            let required = std::env::var("TIDINGS_TEST_REQUIRE").is_ok_and(|value| value == "all");
            assert!(!required, "{} is missing", data.display());
            // Past the test harness, which would swallow it.
            let _ = writeln!(
                std::io::stderr(),
                "skipped: {} is missing; set TIDINGS_TEST_SHARED",
                data.display()
            );
            return;
        }
        let figures = measure(&data, true).unwrap();
        assert_eq!(figures["catalogue_stopped"], 0, "{figures}");
        assert!(figures["recall"].as_f64().unwrap() >= RECALL, "{figures}");
        assert!(figures["with_hook"].as_u64().unwrap() > 150, "{figures}");
    }
}
