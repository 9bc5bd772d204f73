//! What the shipped catalogue must be, and what a broken one is told.

mod broken;
mod endings;
pub(crate) mod explanations;
mod silence;

use std::fs;

use model::{Channel, Lane, PurposeClass};

use super::allow_list::{Names, check};
use super::schema::Schema;
use super::*;

const LOCALES: &[&str] = &["ar", "de", "en", "es", "fr", "ja", "pt-BR"];

fn shipped() -> Catalogue {
    match Catalogue::check(None) {
        Ok(catalogue) => catalogue,
        Err(faults) => panic!("{faults}"),
    }
}

#[test]
fn every_type_is_written_in_every_locale() {
    let catalogue = shipped();
    assert_eq!(catalogue.locales().collect::<Vec<_>>(), LOCALES);
    assert_eq!(catalogue.types().count(), 85);
    for entry in catalogue.types() {
        assert_eq!(
            entry.locales().collect::<Vec<_>>(),
            LOCALES,
            "{}",
            entry.name
        );
    }
    assert_eq!(catalogue.missing_words(), []);
}

#[test]
fn no_words_shout() {
    let catalogue = shipped();
    for file in tree::read(None, &mut Vec::new()).values().flatten() {
        // What customers say may have a sign that patterns are written with.
        let ours = !file.shown.contains("/replies/");
        let words = ours && file.shown.ends_with(".toml") && !file.shown.ends_with("type.toml");
        let shouting = file
            .text
            .lines()
            .find(|line| line.contains('!') && !line.contains("!="));
        assert!(!words || shouting.is_none(), "{}: {shouting:?}", file.shown);
    }
    assert!(catalogue.get("order.confirmed").is_some());
}

#[test]
fn urgent_types_go_by_text_and_codes_by_nothing_else() {
    let catalogue = shipped();
    for entry in catalogue.types() {
        let texts = match entry.lane {
            // A summary goes where what it lists would have gone.
            _ if entry.digest => &[Channel::Sms, Channel::Email][..],
            // The code that proves a mail address can only go there.
            Lane::Security if crate::contacts::proves_mail(&entry.name) => &[Channel::Email],
            Lane::Security => &[Channel::Sms],
            // Who texts is answered by text.
            Lane::Urgent if entry.answers => &[Channel::Sms],
            Lane::Urgent => &[Channel::Sms, Channel::Email],
            Lane::Normal => &[Channel::Email],
            // Offers by text go to those who asked for them.
            Lane::Bulk if entry.takes(Channel::Sms) => &[Channel::Sms, Channel::Email],
            Lane::Bulk => &[Channel::Email],
        };
        let name = &entry.name;
        assert_eq!(entry.channels, texts, "{name}");
        assert_eq!(
            entry.has_secret(),
            name.starts_with("security.") && name.ends_with("code")
        );
        assert_eq!(
            entry.lane == Lane::Bulk,
            entry.purpose == PurposeClass::Marketing,
            "{name}"
        );
        assert!(
            entry.repeats || !entry.has_secret(),
            "{name}: a code may be asked for twice"
        );
    }
}

const ORDER_NUMBER: &str = r#"{"type": "object", "required": ["order"], "properties": {"order":
    {"type": "object", "required": ["number"], "properties": {"number": {"type": "string"}}}}}"#;

fn schema(text: &str) -> Schema {
    let file = tree::SourceFile {
        shown: "schema.json".into(),
        text: text.into(),
        embedded: false,
    };
    json_schema::read(&file).unwrap()
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

fn load_with(files: &[(&str, &str)]) -> Result<Catalogue, CatalogueFaults> {
    Catalogue::load(Some(folder(files).path()))
}

/// The faults of a folder laid over the shipped catalogue, with the folder's own path cut.
fn faults(files: &[(&str, &str)]) -> Vec<String> {
    let dir = folder(files);
    let shown = Catalogue::load(Some(dir.path())).unwrap_err().to_string();
    let root = format!("{}/", dir.path().display());
    shown.lines().map(|line| line.replace(&root, "")).collect()
}

#[test]
fn a_folder_overrides_single_texts_and_adds_types() {
    let dir = folder(&[
        (
            "types/order.confirmed/pt-BR.toml",
            "title = \"Recebemos {{ order.number }}\"\n",
        ),
        ("layout/words.en.toml", "[track]\nordered = \"Got it\"\n"),
        (
            "types/parcel.weighed/type.toml",
            "version = 3\ncategory = \"orders\"\npurpose = \"transactional\"\nlane = \"normal\"\n\
             channels = []\nuseful_for = \"7d\"\n",
        ),
        ("types/parcel.weighed/schema.json", ORDER_NUMBER),
        (
            "types/parcel.weighed/sample.json",
            "{\"order\": {\"number\": \"A-1\"}}",
        ),
        (
            "types/parcel.weighed/en.toml",
            "title = \"Return of {{ order.number }}\"\nsummary = \"We wait for it.\"\nbody = \"Hello.\"\n",
        ),
        (".notes", "not read"),
    ]);
    let catalogue = Catalogue::load(Some(dir.path())).unwrap();
    assert_eq!(catalogue.types().count(), 86);
    assert_eq!(
        catalogue.get("parcel.weighed").map(|entry| entry.version),
        Some(3)
    );
    let written = |name: &str| catalogue.get(name).unwrap().written;
    assert_eq!(written("order.confirmed"), Written::Changed);
    assert_eq!(written("parcel.weighed"), Written::Own);
    assert_eq!(written("security.code"), Written::Shipped);
    assert_eq!(catalogue.word("en", "track.ordered"), "Got it");
    assert_eq!(catalogue.word("en", "track.shipped"), "On its way");
    let origin = catalogue
        .templates
        .origin(catalogue.get("order.confirmed").unwrap().locales["pt-BR"].title);
    assert!(origin.file.ends_with("types/order.confirmed/pt-BR.toml"));
    let kept = catalogue
        .templates
        .origin(catalogue.get("order.confirmed").unwrap().locales["pt-BR"].body);
    assert!(kept.file.starts_with("catalogue/types"));
}

#[test]
fn a_fault_names_file_line_and_key() {
    let text = "body = \"\"\"\nHello\n\n{{ order.nummer }}\n\"\"\"\nsubjekt = \"x\"\n";
    assert_eq!(
        faults(&[("types/order.confirmed/es.toml", text)]),
        [
            "types/order.confirmed/es.toml:6: `subjekt`: is not one of title, summary, sms, subject, preheader, body",
            "types/order.confirmed/es.toml:4: `body`: `.nummer` is not declared in schema.json",
        ]
    );
    for (path, text, expected) in [
        (
            "types/order.confirmed/en.toml",
            "title = 7",
            "types/order.confirmed/en.toml:1: `title`: is of type integer, but every value here is a text",
        ),
        (
            "types/order.confirmed/en.toml",
            "title = \"{% if order.url %}\"",
            "types/order.confirmed/en.toml:1: `title`: unexpected end of input, expected end of block",
        ),
        (
            "types/order.confirmed/en.toml",
            "\ntitle = \"{{ order.url }}\"",
            "types/order.confirmed/en.toml:2: `title`: prints a value that is missing: put `{% if %}` around it",
        ),
        (
            "types/order.confirmed/sample.json",
            "{\"order\": {\"number\": \"1\"}}",
            "types/order.confirmed/sample.json: /order/currency is missing",
        ),
        (
            "types/shipment.delayed/en.toml",
            "sms = \"Dear customer, your order is late.\"",
            "types/shipment.delayed/en.toml:1: `sms`: begins with the marketplace's name: `{{ brand.name }}: …`",
        ),
        (
            "types/security.code/en.toml",
            "title = \"Your code is {code}\"",
            "types/security.code/en.toml:1: `title`: `{code}` stands in the text message of a type with a secret only",
        ),
        (
            "types/security.code/en.toml",
            "title = \"Your code is {{ code }}\"",
            "types/security.code/en.toml:1: `title`: `code` is not declared in schema.json",
        ),
        (
            "types/order.confirmed/en.tmol",
            "",
            "types/order.confirmed/en.tmol: is not a file that a catalogue has",
        ),
        (
            "types/order.confirmed/en.toml",
            "title = \"Confirm your password at bit.ly/x\"",
            "types/order.confirmed/en.toml:1: `title`: the guard stops the title at \"Confirm your password\" (`asks_data`): we never ask for personal data in a message; ask people to open their account instead",
        ),
        (
            "promises.toml",
            "[urgency]\nsms = -1",
            "promises.toml:2: invalid value: integer `-1`, expected usize",
        ),
        (
            "guard/en.toml",
            "never = [1]",
            "guard/en.toml:1: invalid type: integer `1`, expected a string",
        ),
        (
            "types/new.type/en.toml",
            "",
            "types/new.type: has no type.toml",
        ),
    ] {
        let found = faults(&[(path, text)]);
        assert_eq!(
            found.first().map(String::as_str),
            Some(expected),
            "{found:?}"
        );
    }
}

#[test]
fn names_and_values_that_do_not_fit_are_told_in_plain_words() {
    for (path, text, expected) in [
        (
            "types/order.confirmed/type.toml",
            "category = \"orders\"\nversion = \"one\"",
            "types/order.confirmed/type.toml:2: `version`: has the text \"one\" where a whole number from 0 to 4294967295 belongs",
        ),
        (
            "types/Bad Name!/type.toml",
            "",
            "types/Bad Name!: is not a name that a message type can have: letters, digits, `_` and `-`, parted by single dots",
        ),
        (
            "types/order.confirmed/dee.toml",
            "title = \"a\"",
            "types/order.confirmed/dee.toml: its locale, `dee`, has no layout/words.dee.toml; `de` has",
        ),
        (
            "types/order.confirmed/english.toml",
            "title = \"a\"",
            "types/order.confirmed/english.toml: its locale, `english`, has no layout/words.english.toml; `en` has",
        ),
        (
            "types/order.confirmed/pt_br.toml",
            "",
            "types/order.confirmed/pt_br.toml: its locale, `pt_br`, has no layout/words.pt_br.toml; `pt-BR` has",
        ),
        (
            "explanations/xx.toml",
            "",
            "explanations/xx.toml: its locale, `xx`, has no layout/words.xx.toml",
        ),
    ] {
        let found = faults(&[(path, text)]);
        assert_eq!(
            found.first().map(String::as_str),
            Some(expected),
            "{found:?}"
        );
    }
}

#[test]
fn a_file_that_cannot_be_read_is_not_missing_too() {
    let long = format!("{{\"order\": {{\"number\": \"{}\"}}}}", "x".repeat(70_000));
    let folder = "types/parcel.weighed";
    let words = "title = \"a\"\nsummary = \"b\"\nbody = \"c\"\n";
    let text = "version = 1\ncategory = \"orders\"\npurpose = \"transactional\"\n\
                lane = \"normal\"\nchannels = []\nuseful_for = \"7d\"\n";
    let files = [
        (format!("{folder}/type.toml"), text),
        (format!("{folder}/schema.json"), ORDER_NUMBER),
        (format!("{folder}/en.toml"), words),
        (format!("{folder}/sample.json"), long.as_str()),
    ];
    let all = files.each_ref().map(|(path, text)| (path.as_str(), *text));
    assert_eq!(
        faults(&all),
        [format!("{folder}/sample.json: is longer than 65536 bytes")]
    );
    let broken = format!("{folder}/en.toml");
    let found = faults(&[all[0], all[1], (&broken, "title = a")]);
    assert!(
        found.iter().all(|fault| !fault.contains("`body`")),
        "{found:?}"
    );
    // What is not there is shown where the others are.
    let dir = self::folder(&all[..3]);
    let CatalogueFaults(found) = Catalogue::load(Some(dir.path())).unwrap_err();
    let place = dir.path().join(folder).join("sample.json");
    assert_eq!(found[0].file, place.display().to_string());
    assert_eq!(found[0].advice(), "add the file");
}

#[test]
fn a_missing_folder_is_a_fault_and_not_silence() {
    let gone = Catalogue::load(Some(Path::new("/nonexistent/catalogue")));
    assert!(gone.unwrap_err().to_string().contains("cannot be read"));
}

#[test]
fn templates_can_do_no_more_than_the_list_allows() {
    let schema = schema(
        r#"{"type": "object", "properties": {"order": {"type": "object", "properties": {
            "number": {"type": "string"}, "total": {"type": ["string", "number"], "format": "decimal"},
            "items": {"type": "array", "items": {"type": "object", "properties": {"title": {"type": "string"}}}}}}}}"#,
    );
    let names = Names::Message(&schema);
    for good in [
        "plain { text } #{code}",
        "{{ order.number | short_number | upper }}",
        "{% if order.number == 'x' and not (order.total > 3) %}a{% elif order.items %}b{% else %}c{% endif %}",
        "{% for item in order.items %}{{ loop.index }} {{ item.title }}{% else %}none{% endfor %}",
        "{{ order.items | list('title') }} {{ order.items | count }}",
        "{{ customer.name | default('you') }} {{ brand.url }}",
        "{% raw %}{{ x }}{% endraw %}{# a remark #}",
    ] {
        assert_eq!(check(good, &names), Ok(()), "{good}");
    }
    for bad in [
        "{{ range(9) }}",
        "{{ order.number ~ order.number }}",
        "{{ 'x' * 2000000000 }}",
        "{{ 1 + 1 }}",
        "{{ -1 }}",
        "{{ order.number[0] }}",
        "{{ order['number'] }}",
        "{{ [1, 2] }}",
        "{{ {'a': 1} }}",
        "{{ 'a' if true else 'b' }}",
        "{{ order.number is defined }}",
        "{{ order.number.upper() }}",
        "{{ order.number | format(1) }}",
        "{{ order.number | safe }}",
        "{{ order }}",
        "{{ order.items }}",
        "{{ order.total }}",
        "{{ brand }}",
        "{{ brand.secret }}",
        "{{ customer.email }}",
        "{{ item.title }}",
        "{{ _scope }}",
        "{{ loop.index }}",
        "{{ debug() }}",
        "{% set x = 1 %}",
        "{% set x %}a{% endset %}",
        "{% with x = 1 %}{% endwith %}",
        "{% filter upper %}a{% endfilter %}",
        "{% autoescape false %}a{% endautoescape %}",
        "{% for a in order.items recursive %}{% endfor %}",
        "{% for a in order.items if a.title %}{% endfor %}",
        "{% for a, b in order.items %}{% endfor %}",
        "{% for a in order.number %}{% endfor %}",
        "{% for a in order.items %}{% for b in order.items %}{% for c in order.items %}{% endfor %}{% endfor %}{% endfor %}",
        "{% include 'x' %}",
        "{% macro m() %}{% endmacro %}",
        "{% do order.number() %}",
        "{{ order.number",
        "{{ order.number | list(*order.items) }}",
    ] {
        assert!(check(bad, &names).is_err(), "{bad}");
    }
}
