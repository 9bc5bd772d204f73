//! National language tables and their cost against PyPI `gsmcodecs`, which has the tables
//! of 3GPP TS 23.038 from another hand.
//!
//! `TIDINGS_TEST_PYTHON` names a Python that has it. Without that the tests say so and
//! pass, unless `TIDINGS_TEST_REQUIRE=all`.

use std::io::Write;
use std::process::{Command, Stdio};

use smpp::gsm::{Alphabet, Language, National, Segments, Tables, decode_with, segment};

#[expect(
    clippy::disallowed_methods,
    reason = "a test finds its peer through the environment"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// What the script prints for an input; `None` when there is no such Python.
fn ask(script: &str, input: String) -> Option<String> {
    let Some(python) = variable("TIDINGS_TEST_PYTHON") else {
        let all = variable("TIDINGS_TEST_REQUIRE").as_deref() == Some("all");
        assert!(!all, "TIDINGS_TEST_PYTHON is not set");
        // Not eprintln: that would be captured, and a skipped test must be seen.
        let said = b"skipped: gsmcodecs (TIDINGS_TEST_PYTHON is not set)\n";
        let _ = std::io::stderr().write_all(said);
        return None;
    };
    let mut child = Command::new(python)
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python starts");
    let mut to = child.stdin.take().expect("it has an input");
    let writer = std::thread::spawn(move || to.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("it ends");
    let written = writer.join().expect("the input is written");
    assert!(output.status.success() && written.is_ok());
    Some(String::from_utf8(output.stdout).expect("it prints text"))
}

/// Every pair of locking and single shift table.
fn pairs() -> impl Iterator<Item = Tables> {
    let locking = [None, Some(Language::Turkish), Some(Language::Portuguese)];
    let single = || std::iter::once(None).chain(Language::ALL.map(Some));
    locking
        .into_iter()
        .flat_map(move |locking| single().map(move |single| Tables { single, locking }))
}

fn identifiers(tables: Tables) -> (u8, u8) {
    let of = |language: Option<Language>| language.map_or(0, Language::identifier);
    (of(tables.locking), of(tables.single))
}

/// Prints the character of each septet, alone and after the escape, `-` where there is none.
const DECODE: &str = "
import sys, gsmcodecs
def read(octets, codec):
    try: return str(ord(octets.decode(codec)))
    except UnicodeDecodeError: return '-'
for line in sys.stdin:
    codec = 'gsm23.038-%s-%s' % tuple(line.split())
    print(' '.join(read(bytes([s]), codec) + ',' + read(bytes([27, s]), codec) for s in range(128) if s != 27))
";

#[test]
fn every_septet_of_every_pair_is_the_same_character() {
    let asked = pairs().map(|tables| {
        let (locking, single) = identifiers(tables);
        format!("{locking} {single}\n")
    });
    let Some(theirs) = ask(DECODE, asked.collect()) else {
        return;
    };
    assert_eq!(theirs.lines().count(), 12);
    for (tables, theirs) in pairs().zip(theirs.lines()) {
        let septets = (0..128_u8).filter(|septet| *septet != 0x1B);
        assert_eq!(theirs.split(' ').count(), septets.clone().count());
        for (septet, theirs) in septets.zip(theirs.split(' ')) {
            let alone = decode_with(tables, 0, &[septet]);
            let escaped = decode_with(tables, 0, &[0x1B, septet]);
            let number = |text: &str| u32::from(text.chars().next().unwrap()).to_string();
            let ours = match theirs.ends_with(",-") {
                // §6.2.1.1: what is not in the table is shown as without the escape.
                true => {
                    assert_eq!(alone, escaped);
                    format!("{},-", number(&alone))
                }
                false => format!("{},{}", number(&alone), number(&escaped)),
            };
            assert_eq!(ours, theirs, "{septet:#x} in {tables:?}");
        }
    }
}

/// Finds the fewest parts with any pair of tables of the allowed languages, by trying all,
/// and prints them with the octets that the pair in question makes of the text.
const COST: &str = "
import functools, json, sys, gsmcodecs
def fill(costs, single, part):
    if sum(costs) <= single: return 1
    parts, used = 1, 0
    for cost in costs:
        if used + cost > part: parts, used = parts + 1, 0
        used += cost
    return parts
@functools.cache
def septets_of(c, codec):
    try: return len(c.encode(codec))
    except UnicodeEncodeError: return None
def septets(text, pair):
    costs = [septets_of(c, 'gsm23.038-%d-%d' % pair) for c in text]
    return None if None in costs else costs
def room(octets): return (140 - octets) * 8 // 7
for line in sys.stdin:
    allowed, used, points = json.loads(line)
    text = ''.join(map(chr, points))
    costs = [len(c.encode('utf-16-be')) // 2 for c in text]
    best = fill(costs, 70, 67)
    for locking in [0] + [l for l in allowed if l != 2]:
        for single in [0] + allowed:
            costs = septets(text, (locking, single))
            if costs is None: continue
            named = 3 * ((locking > 0) + (single > 0))
            best = min(best, fill(costs, room(named + 1 if named else 0), room(named + 6)))
    octets = text.encode('gsm23.038-%d-%d' % tuple(used)).hex() if used else ''
    print(best, octets)
";

/// Texts around the borders of all headers, and a pseudo-random mixture.
fn texts() -> Vec<String> {
    let mut texts = Vec::new();
    for piece in ["ş", "ı€", "ã", "õa", "Φã", "áó", "ç", "€", "ªº"] {
        texts
            .extend([1, 69, 71, 76, 77, 78, 146, 152, 153, 155, 156, 298].map(|n| piece.repeat(n)));
    }
    let mut state = 11_u32;
    let mut random = |below: u32| {
        // A linear congruential generator: the same texts in every run.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) % below
    };
    for letters in [
        "abcdefgh áíóúçñ¿",
        "abcdefgh ãõêâçºÀ",
        "abcdefgh ışğİçöü",
        "ãõêáçÀΦΓ^~|€ınşğ",
        "aaaaaaaaaaaaaaaş",
        "aaaaaaa{}[]€^~|\\",
        "abcdefghijkãş🙂ж",
    ] {
        let letters: Vec<char> = letters.chars().collect();
        for _ in 0..120 {
            let length = random(420);
            let letter = |_| letters[random(letters.len() as u32) as usize];
            texts.push((0..length).map(letter).collect());
        }
    }
    texts
}

fn octets(segments: &Segments) -> String {
    let parts = segments.parts.iter();
    let octets = parts.flat_map(|part| &part.octets);
    octets.map(|octet| format!("{octet:02x}")).collect()
}

#[test]
fn no_pair_of_tables_is_cheaper_than_the_one_that_is_chosen() {
    let allowed: [&[Language]; 5] = [
        &[],
        &[Language::Turkish],
        &[Language::Spanish],
        &[Language::Portuguese],
        &Language::ALL,
    ];
    let mut ours = Vec::new();
    let mut asked = String::new();
    for text in texts() {
        for languages in allowed {
            let national: National = languages.iter().copied().collect();
            let segments = segment(&text, false, national);
            let pair = match segments.alphabet {
                Alphabet::Ucs2 => String::new(),
                Alphabet::Gsm7 => "0, 0".to_owned(),
                Alphabet::National(tables) => {
                    let (locking, single) = identifiers(tables);
                    format!("{locking}, {single}")
                }
            };
            let identifiers: Vec<u8> = languages.iter().map(|l| l.identifier()).collect();
            let points: Vec<u32> = text.chars().map(u32::from).collect();
            asked += &format!("[{identifiers:?}, [{pair}], {points:?}]\n");
            let octets = match segments.alphabet {
                Alphabet::Ucs2 => String::new(),
                Alphabet::Gsm7 | Alphabet::National(_) => octets(&segments),
            };
            ours.push((format!("{} {octets}", segments.parts.len()), text.clone()));
        }
    }
    let Some(theirs) = ask(COST, asked) else {
        return;
    };
    assert_eq!(theirs.lines().count(), ours.len());
    for ((ours, text), theirs) in ours.iter().zip(theirs.lines()) {
        assert_eq!(ours, theirs, "{text}");
    }
}
