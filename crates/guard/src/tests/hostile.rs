//! Texts that are made to take long.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{check, guard};
use crate::Form;

/// Each is repeated until it fills [`SIZE`].
const PATTERNS: [&str; 62] = [
    "é.",
    "a.",
    "店.",
    "店.a",
    "a.店.",
    "1.",
    "1.1.1.1/",
    "-.-",
    "a-.",
    "a@b.c@",
    "a@b.",
    "@a.com",
    "a.com ",
    "a.com/ write ",
    "send to a@b.com ",
    "http:@",
    "http:a」",
    "http:a」@",
    "http://",
    "http:/ ",
    "http:a. ",
    "http:[",
    "[",
    "[::",
    "[(",
    "a:",
    "a://",
    "%2e",
    "a%2e",
    " dot ",
    "(dot)",
    "dot com",
    "a . ",
    " .com",
    "src=",
    "<a href=",
    "<a href='",
    "<a href=\"'",
    "<!--<a ",
    "<!",
    "<style>",
    "<style>url(",
    "<title></a>",
    "< <<a",
    "店。com",
    "{{ a }}",
    "1 1-",
    "+",
    "send us the code ",
    "never ",
    "never send us the code, ",
    "the code and the password ",
    "call 08712402050 ",
    "call 8oo 555 l234, ",
    "800*555*",
    "c o d e ",
    "s-e-n-d ",
    "pay DE89370400440532013000 ",
    "DE89",
    "type our address and change your password ",
    "write it back here ",
    "hurry ",
];
const SIZE: usize = 64 * 1024;

fn filled(parts: &[&str], size: usize) -> String {
    let mut text = String::new();
    while text.len() < size {
        text.extend(parts.iter().copied());
    }
    text
}

fn time(text: &str) -> Duration {
    let (start, spent) = (Instant::now(), thread_time(Duration::ZERO));
    check(Form::MailText, text);
    guard().check_html(text);
    thread_time(start.elapsed()).saturating_sub(spent)
}

/// How long this thread has run, where the system says so: others use the machine too.
fn thread_time(otherwise: Duration) -> Duration {
    let said = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = said.split(' ').next().and_then(|nanos| nanos.parse().ok());
    nanos.map_or(otherwise, Duration::from_nanos)
}

#[test]
fn no_pattern_takes_long_however_often_it_stands() {
    guard();
    for pattern in PATTERNS {
        let took = time(&filled(&[pattern], SIZE));
        assert!(took < Duration::from_secs(3), "{pattern:?} took {took:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn no_patterns_together_take_long(
        parts in prop::collection::vec(prop::sample::select(PATTERNS.to_vec()), 1..4),
    ) {
        let took = time(&filled(&parts, SIZE / 2));
        prop_assert!(took < Duration::from_secs(3), "{parts:?} took {took:?}");
    }
}
