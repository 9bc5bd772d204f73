//! Accounts and wallets that people are to pay to.
//!
//! An account number (ISO 13616) whose check digits are right, or the address of a wallet,
//! is stopped beside a verb that asks to pay; a wallet's link always.

use crate::Rule;
use crate::content::Findings;
use crate::denial::Said;
use crate::fold::{Folded, Parted};
use crate::phrases::{Hit, Phrases, Role};
use crate::plain::{Plain, is_word};

/// So far, in octets, may the verb be.
const REACH: usize = 96;
const SHORTEST: usize = 15;
const LONGEST: usize = 34;
/// So far behind the words before it, and with so many digits at least, stands a number to
/// pay to.
const NEXT: usize = 4;
const NUMBER: usize = 6;
/// A wallet's address is no shorter.
const WALLET: usize = 25;
/// What a wallet's link begins with, before its colon.
const WALLETS: [&[u8]; 7] = [
    b"bitcoin",
    b"bitcoincash",
    b"ethereum",
    b"litecoin",
    b"dogecoin",
    b"monero",
    b"lightning",
];

/// Finds every account and wallet that a text asks to pay to.
pub(crate) fn check(
    plain: &Plain<'_>,
    (folded, hits): (&Folded, &[Hit]),
    phrases: &Phrases,
    findings: &mut Findings<'_>,
) {
    wallet_links(plain, findings);
    // Nearly no text asks to pay: then nobody has to look at its words.
    if !hits.iter().any(is_payment) {
        return;
    }
    let asked = |start: usize, end: usize| {
        let around = (folded.near(start), folded.near(end));
        asks_to_pay(around, (folded, hits), phrases)
    };
    for hit in hits.iter().filter(|hit| hit.role == Role::PayTo) {
        let from = plain.at_place(folded.origin(hit.end - 1)) + 1;
        if let Some((from, to)) = payee(&plain.octets, from) {
            let (start, end) = (plain.place(from), plain.end(to));
            if asked(start, end) {
                findings.add(Rule::AsksPayment, start, end);
            }
        }
    }
    let octets = &plain.octets;
    let mut at = 0;
    while at < octets.len() {
        if !octets[at].is_ascii_alphanumeric() || is_word(plain.before(at)) {
            at += 1;
            continue;
        }
        let Some(length) = account(&octets[at..]).or_else(|| wallet(&octets[at..])) else {
            at += word(&octets[at..]);
            continue;
        };
        let (start, end) = (plain.place(at), plain.end(at + length));
        if asked(start, end) {
            findings.add(Rule::AsksPayment, start, end);
        }
        at += length;
    }
}

/// Finds every link to a wallet: `bitcoin:1Boat…`
fn wallet_links(plain: &Plain<'_>, findings: &mut Findings<'_>) {
    let octets = &plain.octets;
    for at in memchr::memchr_iter(b':', octets) {
        let before = &octets[..at];
        let scheme = WALLETS.iter().map(|scheme| at.saturating_sub(scheme.len()));
        let mut starts = scheme.zip(WALLETS);
        let start = starts.find(|(from, scheme)| {
            before[*from..].eq_ignore_ascii_case(scheme) && !is_word(plain.before(*from))
        });
        let address = word(&octets[at + 1..]);
        if let (Some((from, _)), WALLET..) = (start, address) {
            let end = plain.end(at + 1 + address);
            findings.add(Rule::AsksPayment, plain.place(from), end);
        }
    }
}

fn is_payment(hit: &Hit) -> bool {
    hit.role == Role::Verb(Rule::AsksPayment)
}

fn asks_to_pay(
    (start, end): (usize, usize),
    (folded, hits): (&Folded, &[Hit]),
    phrases: &Phrases,
) -> bool {
    let first = hits.partition_point(|hit| hit.start + REACH < start);
    let last = hits.partition_point(|hit| hit.start <= end + REACH);
    let near = hits[first.min(last)..last].iter();
    let said = Said {
        folded,
        hits,
        phrases,
    };
    near.filter(|hit| is_payment(hit)).any(|verb| {
        let between = match verb.start < start {
            true => (verb.end, start),
            false => (end, verb.start),
        };
        folded.parted(between.0, between.1) < Parted::Sentences && !said.denies(verb)
    })
}

/// Who is to be paid, right behind words that say so: six digits or more, a name with `@` or
/// `$` before it, or a mail address.
fn payee(octets: &[u8], from: usize) -> Option<(usize, usize)> {
    let rest = octets.get(from..)?;
    let signs = rest.iter().take(NEXT);
    let signs = signs.take_while(|b| matches!(b, b' ' | b':' | b'#' | b'.' | b'-'));
    let from = from + signs.count();
    let rest = octets.get(from..)?;
    let name = word(rest.get(1..).unwrap_or_default());
    let handle =
        matches!(rest.first()?, b'@' | b'$') && rest.get(1).is_some_and(u8::is_ascii_alphabetic);
    let digits = rest
        .iter()
        .take(LONGEST)
        .take_while(|b| b.is_ascii_digit() || matches!(b, b' ' | b'.' | b'-' | b'/'))
        .count();
    let many = rest[..digits].iter().filter(|b| b.is_ascii_digit()).count();
    let mail = rest
        .iter()
        .take(LONGEST)
        .take_while(|b| is_word(**b) || b".+-_@".contains(b))
        .count();
    let is_mail = rest[..mail].iter().skip(1).any(|b| *b == b'@');
    let length = match (handle, is_mail) {
        (true, _) => 1 + name,
        (false, true) => mail,
        (false, false) if many >= NUMBER => digits,
        _ => return None,
    };
    let ends = rest[..length].iter().rposition(|b| is_word(*b))?;
    Some((from, from + ends + 1))
}

fn word(rest: &[u8]) -> usize {
    rest.iter().take_while(|octet| is_word(**octet)).count()
}

/// The length of an account number at the start, with the spaces in it.
fn account(rest: &[u8]) -> Option<usize> {
    let begins = rest.get(..4)?;
    let formed = begins[..2].iter().all(u8::is_ascii_alphabetic)
        && begins[2..].iter().all(u8::is_ascii_digit);
    if !formed {
        return None;
    }
    let mut signs = Vec::with_capacity(LONGEST);
    let mut found = None;
    for (at, octet) in rest.iter().enumerate() {
        match octet {
            octet if octet.is_ascii_alphanumeric() && signs.len() < LONGEST => {
                signs.push(octet.to_ascii_uppercase());
            }
            b' ' | b'-' | b'.' if rest.get(at + 1).is_some_and(u8::is_ascii_alphanumeric) => {}
            _ => break,
        }
        let ends = octet.is_ascii_alphanumeric() && !rest.get(at + 1).is_some_and(|b| is_word(*b));
        if ends && signs.len() >= SHORTEST && is_right(&signs) {
            found = Some(at + 1);
        }
    }
    found
}

/// Whether the check digits are right: the number, its first four signs put last and letters
/// for 10 to 35, leaves 1 when divided by 97.
fn is_right(signs: &[u8]) -> bool {
    let (first, rest) = signs.split_at(4);
    let left = rest
        .iter()
        .chain(first)
        .fold(0_u32, |left, sign| match sign {
            b'0'..=b'9' => (left * 10 + u32::from(sign - b'0')) % 97,
            _ => (left * 100 + u32::from(sign - b'A') + 10) % 97,
        });
    left == 1
}

/// The length of a wallet's bare address at the start.
fn wallet(rest: &[u8]) -> Option<usize> {
    let length = word(rest);
    let address = &rest[..length];
    let hex = address.strip_prefix(b"0x");
    let of_hex = hex.is_some_and(|hex| hex.len() == 40 && hex.iter().all(u8::is_ascii_hexdigit));
    let bech = address.starts_with(b"bc1") && length >= WALLET;
    let base = address.starts_with(b"1") || address.starts_with(b"3");
    let mixed = address.iter().any(u8::is_ascii_lowercase)
        && address.iter().any(u8::is_ascii_uppercase)
        && address.iter().all(u8::is_ascii_alphanumeric);
    let of_base = base && mixed && (WALLET..=35).contains(&length);
    (of_hex || bech || of_base).then_some(length)
}
