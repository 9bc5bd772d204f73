//! Two hundred ways to break a catalogue. Each gives faults that name a file and say what
//! is wrong; none a panic, and none takes long.

use std::fs;
use std::time::{Duration, Instant};

use super::super::tree::Rehearse;
use super::super::{Catalogue, CatalogueFault, CatalogueFaults, load, tree};

const TYPE: &str = "types/order.confirmed/type.toml";
const SCHEMA: &str = "types/order.confirmed/schema.json";
const SAMPLE: &str = "types/order.confirmed/sample.json";
const WORDS: &str = "types/order.confirmed/en.toml";
const CODE: &str = "types/security.code/en.toml";
const MAIL: &str = "layout/email.mjml";
const TEXT: &str = "layout/email.txt";
const LABELS: &str = "layout/words.en.toml";

const WHOLE_TYPE: &str = "version = 1\ncategory = \"orders\"\npurpose = \"transactional\"\nlane = \"normal\"\n\
    channels = [\"email\"]\nuseful_for = \"7d\"\n";

/// The faults of the shipped English catalogue, of few types, with one file laid over it.
fn faults(path: &str, octets: &[u8]) -> Vec<CatalogueFault> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, octets).unwrap();
    let mut faults = Vec::new();
    let mut layers = tree::read(Some(dir.path()), &mut faults);
    let few = ["order.confirmed", "order.placed", "security.code"];
    layers.retain(|path, files| {
        let of_few = few
            .iter()
            .any(|name| path.starts_with(&format!("types/{name}/")));
        let english = ["en", "type", "email"]
            .iter()
            .any(|name| path.ends_with(&format!("{name}.toml")) || !path.ends_with(".toml"));
        let shared = !path.starts_with("types/") && (english || path == "sample.toml");
        files.iter().any(|file| !file.embedded) || (of_few && english) || shared
    });
    load::load(&layers, faults, Rehearse::Changed)
        .err()
        .unwrap_or_default()
}

/// A type file with one line changed.
fn with_line(key: &str, value: &str) -> String {
    let mut lines: Vec<String> = WHOLE_TYPE.lines().map(str::to_owned).collect();
    lines.retain(|line| !line.starts_with(&format!("{key} =")));
    if !value.is_empty() {
        lines.push(format!("{key} = {value}"));
    }
    lines.join("\n")
}

fn type_files() -> Vec<(&'static str, String)> {
    let wrong = [
        ("version", "\"one\""),
        ("version", "-1"),
        ("version", ""),
        ("version", "99999999999"),
        ("category", "\"parcels\""),
        ("category", "7"),
        ("category", ""),
        ("purpose", "\"fun\""),
        ("purpose", "[]"),
        ("purpose", ""),
        ("lane", "\"fast\""),
        ("lane", "true"),
        ("lane", ""),
        ("channels", "\"email\""),
        ("channels", "[\"pigeon\"]"),
        ("channels", "[7]"),
        ("channels", ""),
        ("useful_for", "\"soon\""),
        ("useful_for", "\"0d\""),
        ("useful_for", "\"-3h\""),
        ("useful_for", "\"99999999999999999999d\""),
        ("useful_for", "10"),
        ("useful_for", ""),
        ("facts", "[\"nothing_of_that_name\"]"),
        ("facts", "\"order\""),
        ("facts", "[1]"),
        ("items", "\"yes\""),
        ("track", "\"flying\""),
        ("track", "3"),
        ("links", "[\"order.number\"]"),
        ("links", "[\"order\"]"),
        ("links", "[\"nowhere.at.all\"]"),
        ("links", "\"order.url\""),
        ("sender", "\"{{ secret }}\""),
        ("sender", "\"{% if %}\""),
        ("sender", "7"),
        ("supersedes", "[\"no.such.type\"]"),
        ("supersedes", "\"order.placed\""),
        ("repeats", "\"sometimes\""),
        ("sensitive", "1"),
        ("colour", "\"red\""),
        ("data", "{}"),
    ];
    let mut files: Vec<(&str, String)> = wrong
        .iter()
        .map(|(key, value)| (TYPE, with_line(key, value)))
        .collect();
    files.extend(
        [
            "",
            "version",
            "= 1",
            "[[[",
            "version = 1\nversion = 2",
            "\u{0}",
            "version = 1 # \u{7f}",
            "a.b.c.d = 1",
        ]
        .map(|text| (TYPE, text.to_owned())),
    );
    files
}

fn schemas() -> Vec<(&'static str, String)> {
    let wrong = [
        "",
        "{",
        "[]",
        "7",
        "null",
        "\"object\"",
        "{}",
        "{\"type\": \"array\", \"items\": {\"type\": \"string\"}}",
        "{\"type\": \"string\"}",
        "{\"type\": [\"object\", \"null\"]}",
        "{\"type\": \"object\", \"properties\": []}",
        "{\"type\": \"object\", \"properties\": {\"a\": 7}}",
        "{\"type\": \"object\", \"properties\": {\"a\": {}}}",
        "{\"type\": \"object\", \"properties\": {\"a\": {\"type\": \"null\"}}}",
        "{\"type\": \"object\", \"properties\": {\"a\": {\"type\": \"number\"}}}",
        "{\"type\": \"object\", \"properties\": {\"a\": {\"$ref\": \"#\"}}}",
        "{\"type\": \"object\", \"properties\": {\"a\": {\"allOf\": []}}}",
        "{\"type\": \"object\", \"properties\": {\"a\": {\"type\": \"string\", \"pattern\": \"(a*)*$\"}}}",
        "{\"type\": \"object\", \"properties\": {\"a\": {\"type\": \"string\", \"format\": \"ipv4\"}}}",
        "{\"type\": \"object\", \"properties\": {\"a\": {\"type\": \"string\", \"minLength\": 9}}}",
        "{\"type\": \"object\", \"properties\": {\"a\": {\"type\": \"string\", \"enum\": []}}}",
        "{\"type\": \"object\", \"properties\": {\"a\": {\"type\": \"string\", \"enum\": [1]}}}",
        "{\"type\": \"object\", \"properties\": {\"a\": {\"type\": \"integer\"}}}",
        "{\"type\": \"object\", \"properties\": {\"a\": {\"type\": \"integer\", \"minimum\": 9, \"maximum\": 3}}}",
        "{\"type\": \"object\", \"properties\": {\"a\": {\"type\": \"integer\", \"minimum\": -5}}}",
        "{\"type\": \"object\", \"properties\": {\"a\": {\"type\": \"array\"}}}",
        "{\"type\": \"object\", \"properties\": {\"a\": {\"type\": \"array\", \"maxItems\": 100000, \"items\": {\"type\": \"string\"}}}}",
        "{\"type\": \"object\", \"properties\": {\"a\": {\"type\": \"array\", \"items\": {\"type\": \"array\", \"items\": {\"type\": \"string\"}}}}}",
        "{\"type\": \"object\", \"properties\": {\"customer\": {\"type\": \"string\"}}}",
        "{\"type\": \"object\", \"properties\": {\"_\": {\"type\": \"string\"}}}",
        "{\"type\": \"object\", \"properties\": {\"a b\": {\"type\": \"string\"}}}",
        "{\"type\": \"object\", \"properties\": {\"\u{e4}\": {\"type\": \"string\"}}}",
        "{\"type\": \"object\", \"required\": [\"ghost\"]}",
        "{\"type\": \"object\", \"required\": \"order\"}",
        "{\"type\": \"object\", \"$schema\": \"http://json-schema.org/draft-04/schema#\"}",
        "{\"type\": \"object\", \"properties\": {\"x\": {\"type\": \"string\", \"format\": \"code\"}}}",
        "{\"type\": \"object\", \"required\": [\"x\", \"y\"], \"properties\": {\"x\": {\"type\": \"string\", \"format\": \"code\"}, \"y\": {\"type\": \"string\", \"format\": \"code\"}}}",
        // Whole, but not what the words use.
        "{\"type\": \"object\"}",
    ];
    let mut files: Vec<(&str, String)> = wrong
        .iter()
        .map(|text| (SCHEMA, (*text).to_owned()))
        .collect();
    let deep = format!(
        "{}{}{}",
        "{\"type\":\"object\",\"properties\":{\"a\":".repeat(100),
        "{}",
        "}}".repeat(100)
    );
    files.push((SCHEMA, deep));
    files.push((SCHEMA, "[".repeat(60_000)));
    files
}

fn samples() -> Vec<(&'static str, String)> {
    let order = |inner: &str| (SAMPLE, format!("{{\"order\": {inner}}}"));
    let mut files = vec![
        order("7"),
        order("[]"),
        order("{}"),
        order("{\"number\": 7}"),
        order("{\"number\": \"\"}"),
        order("{\"number\": \"1\", \"total\": \"much\"}"),
        order("{\"number\": \"1\", \"total\": \"1\", \"currency\": \"euro\"}"),
        order("{\"number\": \"1\", \"total\": \"1\", \"currency\": \"EUR\", \"items\": {}}"),
        order("{\"number\": \"1\", \"total\": \"1\", \"currency\": \"EUR\", \"items\": [{}]}"),
        order(
            "{\"number\": \"1\", \"total\": \"1\", \"currency\": \"EUR\", \"items\": [{\"title\": \"a\"}], \"url\": \"https://elsewhere.example/\"}",
        ),
        order(
            "{\"number\": \"1\", \"total\": \"1\", \"currency\": \"EUR\", \"items\": [{\"title\": \"a\"}], \"url\": \"javascript:alert(1)\"}",
        ),
        // Whole, but with nothing optional: what is declared must be seen once.
        order(
            "{\"number\": \"1\", \"total\": \"1\", \"currency\": \"EUR\", \"items\": [{\"title\": \"a\"}]}",
        ),
    ];
    files.extend(
        [
            "",
            "{",
            "[]",
            "7",
            "null",
            "{\"order\":",
            "{\"a\": 1e999999}",
            "\u{feff}{}",
        ]
        .map(|text| (SAMPLE, text.to_owned())),
    );
    files.push(("types/order.confirmed/sample.two.json", "[1]".to_owned()));
    files.push(("types/order.confirmed/sample.a.b.json", "{}".to_owned()));
    files
}

/// Templates that are broken, hostile, or cannot work with the sample.
const HOSTILE: &[&str] = &[
    "{{",
    "{{ }}",
    "{%",
    "{% %}",
    "{% if %}a{% endif %}",
    "{% if order.number %}a",
    "{% endif %}",
    "{% for x in %}{% endfor %}",
    "{% for x in order.items %}",
    "{% for x in order.number %}{{ x }}{% endfor %}",
    "{{ order }}",
    "{{ order.items }}",
    "{{ order.total }}",
    "{{ order.nothing }}",
    "{{ nothing }}",
    "{{ order.url }}",
    "{{ _ }}",
    "{{ __import__('os') }}",
    "{{ order.__class__ }}",
    "{{ self }}",
    "{{ loop.index }}",
    "{{ range(1000000000) }}",
    "{{ 'a' * 1000000000 }}",
    "{{ 7 / 0 }}",
    "{{ -1 }}",
    "{{ 1 + 1 }}",
    "{{ order.number ~ order.number }}",
    "{{ order.number.upper() }}",
    "{{ order.number[0] }}",
    "{{ order['number'] }}",
    "{{ order.number | safe }}",
    "{{ order.number | tojson }}",
    "{{ order.number | nothing }}",
    "{{ order.number | date }}",
    "{{ order.number | money('EUR') }}",
    "{{ order.total | money('euros') }}",
    "{{ order.total | money(order.number) }}",
    "{{ order.items | list('nothing') }}",
    "{{ order.number | shorten('long') }}",
    "{{ order.number | plural }}",
    "{{ order.number is defined }}",
    "{{ 'a' if order.number else 'b' }}",
    "{{ [1, 2, 3] }}",
    "{{ {'a': 1} }}",
    "{% set x = 1 %}",
    "{% include 'layout/email.txt' %}",
    "{% extends 'x' %}",
    "{% import 'x' as y %}",
    "{% macro m() %}{% endmacro %}",
    "{% block b %}{% endblock %}",
    "{% call x() %}{% endcall %}",
    "{% autoescape false %}{% endautoescape %}",
    "{% raw %}",
    "{% filter upper %}a{% endfilter %}",
    "{% with a = 1 %}{% endwith %}",
    "{% do order.number() %}",
    "{% for a in order.items %}{% for b in order.items %}{% for c in order.items %}{% endfor %}{% endfor %}{% endfor %}",
    "{% for a in order.items recursive %}{{ loop(a) }}{% endfor %}",
    "{code}",
];

fn templates() -> Vec<(&'static str, String)> {
    let mut files: Vec<(&str, String)> = HOSTILE
        .iter()
        .map(|text| (WORDS, format!("title = '''{text}'''\n")))
        .collect();
    files.extend(
        [
            "",
            "title",
            "title = 7",
            "title = [\"a\"]",
            "title = 1979-05-27",
            "headline = \"a\"",
            "title = \"\\q\"",
            "[title]\na = \"b\"",
            "title = \"a\"\ntitle = \"b\"",
            "\u{0}",
        ]
        .into_iter()
        .filter(|text| !text.is_empty())
        .map(|text| (WORDS, text.to_owned())),
    );
    files.push((
        WORDS,
        format!("title = '{}'\n", "{% if order.number %}".repeat(2_000)),
    ));
    files.push((
        WORDS,
        format!(
            "title = '{{{{ {}order.number{} }}}}'\n",
            "(".repeat(5_000),
            ")".repeat(5_000)
        ),
    ));
    files.push((
        WORDS,
        format!(
            "title = '{{{{ order.number{} }}}}'\n",
            " | upper".repeat(5_000)
        ),
    ));
    files.push((
        WORDS,
        format!("title = '{{{{ {} }}}}'\n", "not ".repeat(10_000)),
    ));
    files.push((CODE, "sms = 'Marigold: your code.'\n".to_owned()));
    files.push((CODE, "sms = 'use {code}'\n".to_owned()));
    files.push((CODE, "sms = 'Marigold: {{ code }} {code}'\n".to_owned()));
    files.push((CODE, "body = 'Marigold: {code}'\n".to_owned()));
    files
}

fn layouts() -> Vec<(&'static str, String)> {
    let body = |inner: &str| {
        (
            MAIL,
            format!(
                "<mjml><mj-body><mj-section><mj-column>{inner}</mj-column></mj-section></mj-body></mjml>"
            ),
        )
    };
    let mut files = vec![
        body("<mj-text>{{ nothing_here }}</mj-text>"),
        body("<mj-text>{% if %}</mj-text>"),
        body("<mj-text>{% if title %}</mj-text>"),
        body("<mj-text {% if title %}align=\"left\"{% endif %}>a</mj-text>"),
        body("<mj-text align=\"{{ title }>a</mj-text>"),
        body("<mj-nothing>a</mj-nothing>"),
        body("<mj-text>{{ range(9) }}</mj-text>"),
        body("<mj-text>{{ title | safe }}</mj-text>"),
        body("<mj-text>{% for a in title %}{% endfor %}</mj-text>"),
        body("<mj-text>"),
        body("<mj-include path=\"/etc/passwd\" />"),
        body("<mj-include path=\"https://elsewhere.example/x.mjml\" />"),
    ];
    files.extend(
        [
            "",
            "<",
            "<html></html>",
            "<mjml>",
            "<mjml/>x",
            "mjml",
            "<mjml><mj-body>{% endfor %}</mj-body></mjml>",
            "<mjml a=>",
        ]
        .map(|text| (MAIL, text.to_owned())),
    );
    files.push((
        MAIL,
        "<mjml><mj-body>".to_owned() + &"<mj-section>".repeat(3_000),
    ));
    files.extend(
        [
            "{{",
            "{% for x in facts %}",
            "{{ nothing_here }}",
            "{{ title | nothing }}",
            "{{ words.nothing }}",
            "{% set x = 1 %}",
        ]
        .map(|text| (TEXT, text.to_owned())),
    );
    files.extend(
        [
            "[facts.order]\nvalue = \"{{ nothing }}\"",
            "[facts.order]\nvalue = 7",
            "facts = 1",
            "[facts",
            "[facts.order]\nvalue = \"{{ order.number | money }}\"",
        ]
        .map(|text| (LABELS, text.to_owned())),
    );
    files
}

fn strays() -> Vec<(&'static str, String)> {
    vec![
        ("types/order.confirmed/en.tml", String::new()),
        ("types/order.confirmed/english.txt", "hello".to_owned()),
        ("types/new.type/en.toml", "title = \"a\"".to_owned()),
        ("types/new.type/type.toml", WHOLE_TYPE.to_owned()),
        (
            "types/new.type/schema.json",
            "{\"type\": \"object\"}".to_owned(),
        ),
        ("layout/email.htm", String::new()),
        ("layout/words.toml", String::new()),
        ("nothing.toml", String::new()),
        ("sample.toml", "brand = 7".to_owned()),
        ("sample.toml", String::new()),
        ("explanations/en.toml", "[why".to_owned()),
        ("explanations/en.toml", "[why]\na = 7".to_owned()),
        ("a/b/c/d/e/f/g.toml", String::new()),
        (WORDS, "title = \"\"\"".to_owned() + &"x".repeat(70_000)),
    ]
}

#[test]
fn two_hundred_broken_catalogues_are_each_told_what_is_wrong() {
    let mut all = type_files();
    for more in [schemas(), samples(), templates(), layouts(), strays()] {
        all.extend(more);
    }
    assert!(all.len() >= 200, "{}", all.len());
    let mut accepted = Vec::new();
    for (path, text) in &all {
        let shown = || text.chars().take(120).collect::<String>();
        let started = Instant::now();
        let found = faults(path, text.as_bytes());
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "{path}: {}",
            shown()
        );
        if found.is_empty() {
            accepted.push(format!("{path}: {}", shown()));
        }
        for fault in &found {
            let text = fault.to_string();
            assert!(
                !fault.file.is_empty() && fault.reason.len() > 8,
                "{path}: {}: {text}",
                shown()
            );
            assert!(
                text.len() < 2_000,
                "{path}: {}: {} bytes",
                shown(),
                text.len()
            );
        }
    }
    assert!(accepted.is_empty(), "accepted:\n{}", accepted.join("\n"));
}

#[test]
fn octets_that_are_no_text_are_named() {
    for path in [TYPE, SCHEMA, SAMPLE, WORDS, MAIL] {
        let found = faults(path, b"title = \"\xff\xfe\"");
        assert!(
            found[0].reason.contains("cannot be read as text"),
            "{}",
            found[0]
        );
    }
}

#[test]
fn what_is_no_text_and_what_is_too_long_is_named() {
    for escape in ["0000", "0007", "001B", "0085"] {
        let words = format!("title = \"Order\\u{escape} received\"\n");
        let found = faults(WORDS, words.as_bytes());
        let wanted = format!("has a character that is no text: U+{escape}");
        let named = found.iter().any(|f| f.reason == wanted && f.line == 1);
        assert!(named, "{escape}: {found:?}");
    }
    let loaded = |words: String| {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(WORDS);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, words).unwrap();
        let loaded = Catalogue::load(Some(dir.path()));
        loaded.map_or_else(|CatalogueFaults(faults)| faults, |_| Vec::new())
    };
    for (key, most) in [("title", 200), ("summary", 500), ("subject", 200)] {
        let of = |length: usize| format!("{key} = \"{}\"\n", "Received ".repeat(length / 9));
        assert_eq!(loaded(of(most)), [], "{key}");
        let found = loaded(of(most + 18));
        let too_long = format!("{most} are the most");
        let [fault] = found.as_slice() else {
            panic!("{key}: {found:?}")
        };
        assert!(fault.reason.ends_with(&too_long), "{fault}");
        assert_eq!(
            (fault.key.as_deref(), fault.line),
            (Some(key), 1),
            "{fault}"
        );
    }
}
