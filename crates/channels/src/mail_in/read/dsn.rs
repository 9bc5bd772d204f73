//! Delivery status notifications: what a mail server reports of a mail it had taken, by
//! RFC 3464, and the wild ones that are only text.

use super::class::{BounceClass, Codes, class, status};
use super::fields::Fields;

/// What became of a mail that a server had taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounce {
    /// What it says of the address.
    pub class: BounceClass,
    /// The codes and nothing else: `550 5.1.1`, `5.2.2`; may be empty.
    pub code: String,
}

/// Blocks that are looked at: the first is of the mail, the others of a recipient each.
const BLOCKS: usize = 32;
/// So much of a notice is read for codes and phrases.
const NOTICE: usize = 16 * 1024;

/// Reads the machine's part of a report (RFC 3464 §2); `words` is the part for people,
/// which says more than the codes of some servers. `None` when it reports nothing.
pub(super) fn report(machine: &str, words: &str) -> Option<Bounce> {
    let blocks = Fields::blocks(machine, BLOCKS);
    let action = |block: &Fields| block.get("action").map(first_word);
    let failed = blocks
        .iter()
        .find(|b| action(b).as_deref() == Some("failed"));
    let block = failed.or_else(|| blocks.iter().find(|b| action(b).is_some()))?;
    let own_status = block.get("status").unwrap_or_default();
    let diagnostic = block.get("diagnostic-code").unwrap_or_default();
    let mut codes = Codes::of(diagnostic);
    // `5.0.0` says no more than "failed"; the diagnosis may.
    let told = status(&first_word(own_status))
        .filter(|told| told[1..] != [0, 0] || codes.status.is_none());
    codes.status = told.or(codes.status);
    let class = match action(block)?.as_str() {
        "failed" if diagnostic.is_empty() => class(codes, before_copy(words)),
        "failed" => class(codes, diagnostic),
        "delivered" => BounceClass::Delivered,
        // Passed on to a system that reports nothing, or to a list: as little news.
        "delayed" | "relayed" | "expanded" => BounceClass::Delayed,
        _ => return None,
    };
    let code = codes.text();
    Some(Bounce { class, code })
}

/// Without the comments that may stand behind it (`5.1.1 (bad mailbox)`).
fn first_word(value: &str) -> String {
    let word = value
        .split([' ', '\t', ';', '('])
        .find(|word| !word.is_empty());
    word.unwrap_or_default().to_ascii_lowercase()
}

/// Who sends notices of failure.
const DAEMONS: [&str; 4] = ["mailer-daemon", "postmaster", "mail-daemon", "mdaemon"];

/// How the subjects of notices of failure begin; in small letters. Only their beginning: an
/// automatic answer repeats the subject of ours, which may speak of deliveries too.
const SUBJECTS: [&str; 12] = [
    "undeliver",
    "nondeliver",
    "non-deliver",
    "mail delivery",
    "mail system error",
    "delivery status notification",
    "delivery failure",
    "failure notice",
    "returned mail",
    "returned to sender",
    "message delayed",
    "warning: ",
];

/// Whether a mail is a notice of failure, of a server that knows no RFC 3464.
pub(super) fn is_notice(head: &Fields, from: &str, subject: &str) -> bool {
    let (local, _) = from.split_once('@').unwrap_or((from, ""));
    let daemon = DAEMONS.iter().any(|name| local.eq_ignore_ascii_case(name));
    let subject = subject.to_lowercase();
    daemon
        || head.get("x-failed-recipients").is_some()
        || SUBJECTS
            .iter()
            .any(|known| subject.trim_start().starts_with(known))
}

/// Reads a notice that is only text.
pub(super) fn notice(subject: &str, text: &str) -> Bounce {
    let words = before_copy(text);
    let codes = Codes::of(words);
    let subject = subject.to_lowercase();
    let delayed = ["warning", "delay", "incomplete"]
        .iter()
        .any(|word| subject.contains(word));
    Bounce {
        class: match delayed {
            true => BounceClass::Delayed,
            false => class(codes, words),
        },
        code: codes.text(),
    }
}

/// What stands before the copy of our own mail, whose words are not the server's.
fn before_copy(text: &str) -> &str {
    const COPIES: [&str; 6] = [
        "copy of the message",
        "original message",
        "original mail",
        "unsent message",
        "message headers",
        "returned message",
    ];
    let mut end = text.floor_char_boundary(NOTICE);
    let mut start = 0;
    for line in text[..end].split_inclusive('\n') {
        // A line that only draws attention to what follows it: `--- Original message ---`.
        let rule = line.trim_start().starts_with(['-', '=', '_', '*']);
        let lower = line.to_ascii_lowercase();
        if start > 0 && rule && COPIES.iter().any(|copy| lower.contains(copy)) {
            end = start;
            break;
        }
        start += line.len();
    }
    &text[..end]
}
