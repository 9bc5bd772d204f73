//! Segmentation against npm `split-sms`, an independent implementation.
//!
//! `TIDINGS_TEST_NODE_MODULES` names a `node_modules` folder that has it. Without
//! that the test says so and passes, unless `TIDINGS_TEST_REQUIRE=all`.

use std::io::Write;
use std::process::{Command, Stdio};

use smpp::gsm::{Alphabet, National, segment};

/// Reads one text as a JSON array of UTF-16 units a line, prints alphabet and parts.
const SCRIPT: &str = r#"
const split = require(process.env.NODE_PATH + '/split-sms').split;
for (const line of require('fs').readFileSync(0, 'utf8').split('\n').filter(Boolean)) {
  const text = String.fromCharCode(...JSON.parse(line));
  const result = split(text);
  console.log(result.characterSet + ' ' + result.parts.map(part => part.bytes + ':' + part.content.length).join(' '));
}
"#;

#[expect(
    clippy::disallowed_methods,
    reason = "a test finds its peer through the environment"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Texts at and around every border, and a long pseudo-random mixture.
fn texts() -> Vec<String> {
    let mut texts = vec![
        String::new(),
        format!("{}€{}", "a".repeat(152), "b".repeat(20)),
        "🙂".repeat(36),
        "a\r\n".repeat(70),
    ];
    for piece in ["a", "€", "a€", "я", "🙂", "я🙂", "ab|", "ç", "Ç"] {
        texts.extend(
            [
                1, 66, 67, 68, 70, 71, 76, 77, 80, 81, 134, 152, 153, 154, 160, 161, 306, 307,
            ]
            .map(|count| piece.repeat(count)),
        );
    }
    let mut state = 7_u32;
    let mut random = |below: u32| {
        // A linear congruential generator: the same texts in every run.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) % below
    };
    for alphabet in [
        ["a", "b", " ", "€", "{", "é"],
        ["a", "я", "🙂", "€", "’", "字"],
    ] {
        for _ in 0..5_000 {
            let length = random(500);
            texts.push((0..length).map(|_| alphabet[random(6) as usize]).collect());
        }
    }
    texts
}

/// The same line as the script prints.
fn ours(text: &str) -> String {
    let segments = segment(text, false, National::NONE);
    let (name, octets) = match segments.alphabet {
        Alphabet::Gsm7 | Alphabet::National(_) => ("GSM", 1),
        Alphabet::Ucs2 => ("Unicode", 2),
    };
    let parts = segments.parts.iter().map(|part| {
        format!(
            " {}:{}",
            part.units * octets,
            part.text.encode_utf16().count()
        )
    });
    std::iter::once(name.to_owned()).chain(parts).collect()
}

#[test]
fn segments_agree_with_split_sms() {
    let Some(modules) = variable("TIDINGS_TEST_NODE_MODULES") else {
        assert_ne!(
            variable("TIDINGS_TEST_REQUIRE").as_deref(),
            Some("all"),
            "TIDINGS_TEST_NODE_MODULES is not set"
        );
        // Not eprintln: that would be captured, and a skipped test must be seen.
        writeln!(
            std::io::stderr(),
            "skipped: split-sms (TIDINGS_TEST_NODE_MODULES is not set)"
        )
        .unwrap();
        return;
    };
    let texts = texts();
    let mut node = Command::new("node")
        .args(["-e", SCRIPT])
        .env("NODE_PATH", modules)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node starts");
    let mut input = node.stdin.take().unwrap();
    let lines: String = texts
        .iter()
        .map(|text| format!("{:?}\n", text.encode_utf16().collect::<Vec<u16>>()))
        .collect();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()).unwrap());
    let output = node.wait_with_output().unwrap();
    writer.join().unwrap();
    let theirs = String::from_utf8(output.stdout).unwrap();
    assert_eq!(theirs.lines().count(), texts.len());
    for (text, theirs) in texts.iter().zip(theirs.lines()) {
        assert_eq!(ours(text), theirs, "{text:?}");
    }
}
