//! The shipped catalogue before software that we did not write: segments of texts before
//! npm `split-sms`, schemas and samples before PyPI `jsonschema`, mails in Chromium; and the
//! countries of numbers before PyPI `phonenumbers`.
//!
//! What is missing is said on standard error, and the test passes; with
//! `TIDINGS_TEST_REQUIRE=all` it fails.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use channels::{Alphabet, National, sms_segments};
use model::{Channel, ContactPoint};
use pipeline::catalogue::{Catalogue, MessageType, Sample};
use pipeline::render::{Brand, Short, mail};
use pipeline::senders::Country;
use serde_json::{Map, Value, json};

const LOCALES: &[&str] = &[
    "en-US", "es-ES", "pt-BR", "de-DE", "fr-FR", "ja-JP", "ar-EG",
];

#[expect(
    clippy::disallowed_methods,
    reason = "a test finds its peers through the environment"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Says what is missing, or fails where everything must be there.
fn missing(what: &str) {
    let all = variable("TIDINGS_TEST_REQUIRE").as_deref() == Some("all");
    assert!(!all, "{what}");
    // Not eprintln: that would be captured, and a skipped test must be seen.
    let _ = writeln!(std::io::stderr(), "skipped: {what}");
}

/// What a program prints for an input.
fn ask(command: &mut Command, input: String) -> String {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut to = child.stdin.take().expect("it has an input");
    let writer = std::thread::spawn(move || to.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("it ends");
    let written = writer.join().expect("the input is written");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && written.is_ok(), "{errors}");
    String::from_utf8(output.stdout).expect("it prints text")
}

fn brand() -> Brand {
    Brand {
        name: "Marigold".into(),
        domain: "marigold.example".into(),
        url: "https://marigold.example/messages".into(),
        support: "help@marigold.example".into(),
        sms_sender: "Marigold".into(),
    }
}

/// Every message there is: its type, sample, locale and what is made of it.
fn all(
    catalogue: &Catalogue,
) -> impl Iterator<Item = (&MessageType, &Sample, &'static str, Short)> {
    catalogue.types().flat_map(move |entry| {
        let samples = catalogue.samples(&entry.name).iter();
        samples.flat_map(move |sample| {
            LOCALES.iter().map(move |locale| {
                let made = Short::of_sample(catalogue, &brand(), (entry, sample), locale);
                (entry, sample, *locale, made.expect("a sample renders"))
            })
        })
    })
}

#[test]
fn segments_of_every_text_agree_with_split_sms() {
    let Some(modules) = variable("TIDINGS_TEST_NODE_MODULES") else {
        return missing("split-sms (TIDINGS_TEST_NODE_MODULES is not set)");
    };
    let catalogue = Catalogue::load(None).expect("the shipped catalogue loads");
    let texts: Vec<String> = all(&catalogue)
        .map(|(.., short)| short.content.text)
        .filter(|text| !text.is_empty())
        .collect();
    assert!(texts.len() > 150, "{} texts", texts.len());
    let script = "const split = require(process.env.NODE_PATH + '/split-sms').split;
        for (const text of JSON.parse(require('fs').readFileSync(0, 'utf8')))
          console.log(split(text, {smartEncoding: true}).characterSet + ' ' + split(text, {smartEncoding: true}).parts.length);";
    let mut node = Command::new("node");
    node.args(["-e", script]).env("NODE_PATH", modules);
    let theirs = ask(&mut node, json!(texts).to_string());
    assert_eq!(theirs.lines().count(), texts.len());
    for (text, theirs) in texts.iter().zip(theirs.lines()) {
        let segments = sms_segments(text, true, National::NONE);
        let set = if segments.alphabet == Alphabet::Gsm7 {
            "GSM"
        } else {
            "Unicode"
        };
        assert_eq!(format!("{set} {}", segments.parts), theirs, "{text}");
    }
}

/// Every way to break a sample that both sides must refuse: a required value gone, a value
/// of another type, a word that is none of the choices.
fn broken(schema: &Value, data: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    let (Some(properties), Some(object)) = (schema["properties"].as_object(), data.as_object())
    else {
        return found;
    };
    let with = |name: &str, value: Option<Value>| {
        let mut changed = object.clone();
        match value {
            Some(value) => changed.insert(name.to_owned(), value),
            None => changed.remove(name),
        };
        Value::Object(changed)
    };
    for name in schema["required"].as_array().into_iter().flatten() {
        found.push(with(name.as_str().unwrap_or_default(), None));
    }
    for (name, inner) in properties {
        found.push(with(name, Some(json!([[7]]))));
        if inner["enum"].is_array() {
            found.push(with(name, Some(json!("perhaps"))));
        }
        if inner["type"] == "integer" {
            found.push(with(name, Some(json!(-1))));
        }
        if let Some(value) = object.get(name) {
            found.extend(
                broken(inner, value)
                    .into_iter()
                    .map(|value| with(name, Some(value))),
            );
        }
    }
    found
}

#[test]
fn schemas_and_samples_agree_with_jsonschema() {
    let Some(python) = variable("TIDINGS_TEST_PYTHON") else {
        return missing("jsonschema (TIDINGS_TEST_PYTHON is not set)");
    };
    let catalogue = Catalogue::load(None).expect("the shipped catalogue loads");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../catalogue/types");
    let mut asked = Vec::new();
    let mut ours = Vec::new();
    for entry in catalogue.types() {
        let file = folder.join(&entry.name).join("schema.json");
        let text = std::fs::read_to_string(file).expect("a schema");
        let schema: Value = serde_json::from_str(&text).expect("JSON");
        for sample in catalogue.samples(&entry.name) {
            let whole = Value::Object(sample.data.clone());
            for data in std::iter::once(whole.clone()).chain(broken(&schema, &whole)) {
                let data: Map<String, Value> = data.as_object().cloned().unwrap_or_default();
                ours.push(catalogue.fits(&entry.name, data.clone(), "marigold.example"));
                asked.push(json!([schema, data]));
            }
        }
    }
    assert!(asked.len() > 1_000, "{} cases", asked.len());
    let script = "import json, sys
from jsonschema import Draft202012Validator as V
for schema, data in json.load(sys.stdin):
    V.check_schema(schema)
    print(V(schema).is_valid(data))";
    let theirs = ask(
        Command::new(python).args(["-c", script]),
        json!(asked).to_string(),
    );
    assert_eq!(theirs.lines().count(), asked.len());
    for ((case, ours), theirs) in asked.iter().zip(ours).zip(theirs.lines()) {
        let theirs = theirs == "True";
        assert_eq!(ours.is_none(), theirs, "we say {ours:?} of {case}");
    }
}

#[test]
fn countries_of_numbers_agree_with_phonenumbers() {
    let Some(python) = variable("TIDINGS_TEST_PYTHON") else {
        return missing("phonenumbers (TIDINGS_TEST_PYTHON is not set)");
    };
    let script = "import phonenumbers as p
for region in sorted(p.SUPPORTED_REGIONS):
    for kind in (p.PhoneNumberType.MOBILE, p.PhoneNumberType.FIXED_LINE):
        number = p.example_number_for_type(region, kind)
        if number and p.region_code_for_number(number) == region:
            print(region, p.format_number(number, p.PhoneNumberFormat.E164))";
    let theirs = ask(Command::new(python).args(["-c", script]), String::new());
    // Told apart only after the fourth digit, or no country by itself: the neighbour whose
    // code they share.
    let shared = [
        ("AC", "SH"),
        ("AX", "FI"),
        ("BL", "GP"),
        ("CC", "AU"),
        ("CX", "AU"),
        ("EH", "MA"),
        ("GG", "GB"),
        ("IM", "GB"),
        ("JE", "GB"),
        ("MF", "GP"),
        ("SJ", "NO"),
        ("TA", "SH"),
        ("VA", "IT"),
        ("YT", "RE"),
    ];
    assert!(theirs.lines().count() > 400, "{}", theirs.lines().count());
    for line in theirs.lines() {
        let (region, number) = line.split_once(' ').expect("a region and a number");
        let neighbour = shared.iter().find(|(of, _)| *of == region);
        let expected = neighbour.map_or(region, |(_, with)| with);
        let ours = Country::of_number(number).map(Country::as_str);
        assert_eq!(ours, Some(expected), "{line}");
    }
}

#[test]
fn numbers_are_written_as_phonenumbers_writes_them() {
    let Some(python) = variable("TIDINGS_TEST_PYTHON") else {
        return missing("phonenumbers (TIDINGS_TEST_PYTHON is not set)");
    };
    // Every country, both kinds, forty neighbours of each example, as people write them.
    let script = "import phonenumbers as p
F = p.PhoneNumberFormat
for region in sorted(p.SUPPORTED_REGIONS):
    for kind in (p.PhoneNumberType.MOBILE, p.PhoneNumberType.FIXED_LINE):
        example = p.example_number_for_type(region, kind)
        if not example:
            continue
        start = p.format_number(example, F.E164)
        for step in range(40):
            tail = (int(start[-4:]) + 257 * step) % 10000
            number = p.parse(start[:-4] + format(tail, '04d'))
            plain = p.format_number(number, F.E164)
            if p.is_valid_number(number) and len(plain) <= 16:
                print(p.format_number(number, F.INTERNATIONAL), plain, sep='|')
for bad in ('', '12535550129', '0012535550129', '+', '+1', '+12', '+abc', 'tel', '+0123456789'):
    try:
        p.parse(bad)
        taken = True
    except p.NumberParseException:
        taken = False
    print('refused' if not taken else 'taken', bad, sep='|')";
    let theirs = ask(Command::new(python).args(["-c", script]), String::new());
    let (mut agreed, mut refused) = (0, 0);
    for line in theirs.lines() {
        let (written, theirs) = line.split_once('|').expect("two columns");
        match written {
            "refused" => {
                assert!(ContactPoint::phone(theirs).is_err(), "{theirs:?}");
                refused += 1;
            }
            "taken" => {}
            _ => {
                let ours = ContactPoint::phone(written).expect(written);
                assert_eq!(ours.address.open(), theirs, "{written}");
                agreed += 1;
            }
        }
    }
    assert!(agreed > 10_000 && refused > 5, "{agreed} and {refused}");
}

#[test]
fn no_mail_scrolls_sideways_on_a_phone() {
    let chromium = variable("TIDINGS_TEST_CHROMIUM").unwrap_or_else(|| "chromium".into());
    if Command::new(&chromium).arg("--version").output().is_err() {
        return missing("chromium is not installed (or TIDINGS_TEST_CHROMIUM names it)");
    }
    let catalogue = Catalogue::load(None).expect("the shipped catalogue loads");
    let mut mails = Vec::new();
    for (entry, sample, locale, short) in all(&catalogue) {
        if entry.takes(Channel::Email) {
            let body = mail(&catalogue, &brand(), &short.content).expect("a sample renders");
            let name = format!("{} {} {locale}", entry.name, sample.name);
            mails.push(json!([name, body.html]));
        }
    }
    assert!(mails.len() > 400, "{} mails", mails.len());
    // One frame of a phone's width, which shows one mail after the other.
    let page = format!(
        "<!doctype html><meta charset=utf-8><body><script type=module>
        const mails = {};
        const frame = document.createElement('iframe');
        frame.style.width = '360px';
        document.body.append(frame);
        const wide = [];
        for (const [name, html] of mails) {{
          const shown = new Promise(resolve => frame.onload = resolve);
          frame.srcdoc = html;
          await shown;
          const root = frame.contentDocument.documentElement;
          if (root.scrollWidth > 360) wide.push(name + ': ' + root.scrollWidth);
        }}
        document.body.textContent = 'seen ' + mails.length + ' wide ' + JSON.stringify(wide) + ' end';
        </script>",
        json!(mails).to_string().replace("</", "<\\/")
    );
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("mails.html");
    std::fs::write(&file, page).expect("the page is written");
    let seen = ask(
        Command::new(chromium)
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--virtual-time-budget=600000",
                "--dump-dom",
            ])
            .arg(format!(
                "--user-data-dir={}",
                folder.path().join("profile").display()
            ))
            .arg(format!("file://{}", file.display())),
        String::new(),
    );
    let expected = format!("seen {} wide [] end", mails.len());
    let said = seen
        .find("seen ")
        .map_or("nothing was seen", |at| &seen[at..]);
    assert!(
        said.starts_with(&expected),
        "{}",
        &said[..said.len().min(4_000)]
    );
}
