//! The sinks: the sandbox's SMSC and mail server in a process of their own. They parse every
//! byte, know each message by its mark and each code by its number, and answer the lines on
//! stdin: `count`, `times`, `codes`, `missing N`, `samples`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use sandbox::{Received, Sandbox, SandboxConfig};
use serde_json::{Value, json};

use super::cli::BenchSinks;
use super::events;
use super::figures::ManyTimes;
use super::mark::{self, Mark};
use crate::clock;

/// Numbers below this are kept as samples: each kind in each locale, by text and by mail.
const SAMPLES: u64 = 2 * events::KINDS * events::LOCALES;

#[derive(Default)]
struct Tally {
    /// How often each number came, by number.
    seen: Vec<u8>,
    distinct: u64,
    texts: u64,
    mails: u64,
    duplicates: u64,
    unmarked: u64,
    /// When each code came first.
    codes: BTreeMap<u64, i64>,
    last: i64,
    timed_from: u64,
    times: ManyTimes,
    /// Texts of one part and mails, as they came.
    sample_texts: Vec<String>,
    sample_mails: Vec<String>,
}

impl Tally {
    fn text(&mut self, text: &str, is_part: bool, now: i64) {
        if let Some(code) = mark::find_code(text) {
            let first = *self.codes.entry(code).or_insert(now);
            self.duplicates += u64::from(first != now);
            self.last = now;
            return;
        }
        // A long text's mark stands in one of its parts.
        let mark = mark::find(text.as_bytes());
        if !is_part && self.is_sample(mark, &self.sample_texts) {
            self.sample_texts.push(text.to_owned());
        }
        if mark.is_some() || !is_part {
            self.texts += 1;
            self.note(mark, now);
        }
    }

    fn mail(&mut self, raw: &[u8], now: i64) {
        self.mails += 1;
        let mark = mark::find(raw);
        if self.is_sample(mark, &self.sample_mails) {
            self.sample_mails
                .push(String::from_utf8_lossy(raw).into_owned());
        }
        self.note(mark, now);
    }

    fn is_sample(&self, mark: Option<Mark>, kept: &[String]) -> bool {
        mark.is_some_and(|mark| mark.number < SAMPLES) && (kept.len() as u64) < SAMPLES
    }

    fn note(&mut self, mark: Option<Mark>, now: i64) {
        self.last = now;
        let Some(mark) = mark else {
            self.unmarked += 1;
            return;
        };
        // A mark has five letters, so this stays below 61 million.
        let place = mark.number as usize;
        if self.seen.len() <= place {
            self.seen.resize(place + 1, 0);
        }
        if self.seen[place] > 0 {
            self.duplicates += 1;
        } else {
            self.distinct += 1;
        }
        self.seen[place] = self.seen[place].saturating_add(1);
        if mark.number >= self.timed_from {
            self.times.push(mark.age(now));
        }
    }

    fn answer(&self, question: &str) -> Value {
        match question
            .trim()
            .split_once(' ')
            .unwrap_or((question.trim(), ""))
        {
            ("times", _) => self.times.millis(),
            ("codes", _) => json!(self.codes.iter().collect::<Vec<_>>()),
            ("samples", _) => json!({ "texts": self.sample_texts, "mails": self.sample_mails }),
            ("missing", below) => json!(self.missing(below.parse().unwrap_or(0))),
            _ => json!({
                "texts": self.texts,
                "mails": self.mails,
                "distinct": self.distinct,
                "codes": self.codes.len(),
                "duplicates": self.duplicates,
                "unmarked": self.unmarked,
                "last": self.last,
            }),
        }
    }

    /// The numbers below `end` that never came, as ranges: from, to (not included).
    fn missing(&self, end: usize) -> Vec<(usize, usize)> {
        let mut ranges: Vec<(usize, usize)> = Vec::new();
        for number in 0..end {
            if self.seen.get(number).is_some_and(|times| *times > 0) {
                continue;
            }
            match ranges.last_mut() {
                Some(range) if range.1 == number => range.1 += 1,
                _ => ranges.push((number, number + 1)),
            }
        }
        ranges
    }
}

pub async fn run(arguments: BenchSinks) -> Result<()> {
    let tally = Arc::new(Mutex::new(Tally {
        timed_from: arguments.timed_from,
        ..Tally::default()
    }));
    let theirs = tally.clone();
    let observer = move |received: Received<'_>| {
        let now = clock::micros();
        let mut tally = theirs.lock().unwrap_or_else(PoisonError::into_inner);
        match received {
            Received::Text { text, part, .. } => tally.text(text, part.is_some(), now),
            Received::Mail { raw, .. } => tally.mail(raw, now),
        }
    };
    let config = SandboxConfig {
        keep: 0,
        observer: Some(Arc::new(observer)),
        ..SandboxConfig::new(clock::micros)
    };
    let sandbox = Sandbox::start(config)
        .await
        .context("the sinks cannot start")?;
    println!(
        "{}",
        json!({ "smsc": sandbox.smsc_addr().port(), "smtp": sandbox.smtp_addr().port() })
    );
    // Stdin is read on a thread for blocking work: one short line at a time.
    while let Ok(Some(Ok(line))) =
        tokio::task::spawn_blocking(|| std::io::stdin().lines().next()).await
    {
        let answer = tally
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .answer(&line);
        println!("{answer}");
    }
    sandbox.stop().await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(number: u64) -> String {
        let mut text = "Your order ".to_owned();
        Mark::new(1_000_000, number).write(&mut text);
        text
    }

    #[test]
    fn what_came_twice_and_what_did_not_come_is_known() {
        let mut tally = Tally {
            timed_from: 2,
            ..Tally::default()
        };
        for number in [0, 3, 1, 3] {
            tally.text(&text(number), false, 1_250_000);
        }
        tally.mail(text(7).as_bytes(), 1_250_000);
        tally.text("the second part", true, 1_250_000);
        tally.text("nothing known", false, 1_250_000);
        let count = tally.answer("count");
        assert_eq!(count["distinct"], 4);
        assert_eq!((&count["texts"], &count["mails"]), (&json!(5), &json!(1)));
        assert_eq!(
            (&count["duplicates"], &count["unmarked"]),
            (&json!(1), &json!(1))
        );
        assert_eq!(tally.answer("missing 9\n"), json!([[2, 3], [4, 7], [8, 9]]));
        let samples = tally.answer("samples");
        assert_eq!(samples["texts"].as_array().unwrap().len(), 4);
        assert_eq!(samples["mails"], json!([text(7)]));
        let times = tally.answer("times");
        assert_eq!((&times["n"], &times["max"]), (&json!(3), &json!(250.0)));
    }

    #[test]
    fn a_code_is_timed_when_it_first_comes() {
        let mut tally = Tally::default();
        tally.text("Use 000042\n@marigold.example #000042", false, 10);
        tally.text("Use 000042\n@marigold.example #000042", false, 20);
        assert_eq!(tally.answer("codes"), json!([[42, 10]]));
        assert_eq!(tally.answer("count")["duplicates"], 1);
        assert_eq!(tally.answer("count")["texts"], 0);
    }
}
