//! What of a mail its writer wrote: not what is quoted, and not the line that says who is.
//!
//! Told by form and not by words, so in every language: lines marked `>`, a line with a date
//! or an address that ends in a colon before them ("On … wrote:"), rules of dashes or
//! underscores, the header of a forwarded mail, and everything behind the signature mark of
//! RFC 3676 §4.3.

/// Longer mails are cut: nobody writes so much to be left alone.
const MAX_OCTETS: usize = 256 * 1024;
/// A rule that parts a reply from what it answers has so many signs.
const SHORTEST_RULE: usize = 5;
/// "On … wrote:" takes so many lines at most.
const LONGEST_ATTRIBUTION: usize = 3;
/// The header of a forwarded mail has so many lines at least.
const SHORTEST_HEADER: usize = 3;
/// A line so long goes on in the next.
const WRAPPED: usize = 60;

/// The lines of a mail's plain text that its writer wrote. Lines that a mail program
/// wrapped are put together again.
pub fn own_words(mail_text: &str) -> String {
    let mail_text = &mail_text[..mail_text.floor_char_boundary(MAX_OCTETS)];
    let lines: Vec<&str> = mail_text.lines().map(str::trim_end).collect();
    let mut own = String::new();
    let mut wraps = false;
    for (at, line) in lines.iter().enumerate() {
        if *line == "--" || is_rule(line) || begins_header(&lines[at..]) {
            break;
        }
        if begins_attribution(&lines[at..]) {
            break;
        }
        if is_quoted(line) {
            wraps = false;
            continue;
        }
        if !own.is_empty() {
            own.push(if wraps && !line.is_empty() { ' ' } else { '\n' });
        }
        own.push_str(line);
        wraps = line.chars().count() >= WRAPPED;
    }
    own.truncate(own.trim_end().len());
    own
}

fn is_quoted(line: &str) -> bool {
    line.trim_start().starts_with(['>', '＞'])
}

/// "-----Original Message-----", "________".
fn is_rule(line: &str) -> bool {
    let line = line.trim_start();
    ['-', '_', '―', '─']
        .into_iter()
        .any(|sign| line.chars().take_while(|c| *c == sign).count() >= SHORTEST_RULE)
}

/// "On Mon, 3 Oct 2016 at 10:12, Marigold <news@mgld.example> wrote:", in up to three lines.
fn begins_attribution(lines: &[&str]) -> bool {
    let mut said = String::new();
    for (at, line) in lines.iter().take(LONGEST_ATTRIBUTION).enumerate() {
        if line.is_empty() || is_quoted(line) {
            return false;
        }
        said.push_str(line);
        said.push(' ');
        if line.ends_with([':', '：']) {
            let mut behind = lines[at + 1..].iter().filter(|line| !line.is_empty());
            let quotes = behind.next().is_none_or(|line| is_quoted(line));
            return has_address(&said) || (has_date(&said) && quotes);
        }
    }
    false
}

fn has_address(line: &str) -> bool {
    let mut words = line.split(|c: char| c.is_whitespace() || "<>()[]\"".contains(c));
    words.any(|word| {
        let parts = word.trim_matches([',', ':', ';']).split_once('@');
        parts.is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
    })
}

/// A year or a time of day.
fn has_date(line: &str) -> bool {
    let numbers = line.split(|c: char| !c.is_ascii_digit() && c != ':');
    let is_year =
        |word: &str| word.len() == 4 && (word.starts_with("19") || word.starts_with("20"));
    let is_time = |word: &str| {
        let parts = word.split_once(':');
        parts.is_some_and(|(hour, minute)| {
            matches!(hour.len(), 1 | 2) && minute.len() >= 2 && !minute.starts_with(':')
        })
    };
    let mut words = numbers.map(|word| word.trim_matches(':'));
    words.any(|word| is_year(word) || is_time(word))
}

/// "From: …", "Sent: …", "To: …": lines that name something, one of them with an address.
fn begins_header(lines: &[&str]) -> bool {
    let is_field = |line: &&&str| {
        let bare = line.trim_matches('*');
        let name = bare.split_once([':', '：']).map(|(name, _)| name);
        name.is_some_and(|name| {
            !name.is_empty() && name.chars().count() <= 20 && name.split_whitespace().count() <= 2
        })
    };
    let fields = lines.iter().take_while(is_field);
    let (mut count, mut addressed) = (0, false);
    for field in fields {
        count += 1;
        addressed |= has_address(field);
    }
    count >= SHORTEST_HEADER && addressed
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quoted_words_are_not_the_writers() {
        for (mail, own) in [
            (
                "Where is my lamp?\n\n> Reply STOP to opt out\n",
                "Where is my lamp?",
            ),
            (
                "Thanks!\r\n\r\nOn Mon, 3 Oct 2016 at 10:12, Marigold <news@mgld.example> wrote:\r\n> Sale!\r\n> Unsubscribe",
                "Thanks!",
            ),
            (
                "Ok\n\nOn Mon, Oct 3, 2016 at 10:12 AM Marigold\n<news@mgld.example> wrote:\n\n> unsubscribe here",
                "Ok",
            ),
            (
                "Merci\n\nLe lun. 3 oct. 2016 à 10:12, Marigold <a@mgld.example> a écrit :\n\n> STOP",
                "Merci",
            ),
            (
                "了解です\n\n2016年10月3日(月) 10:12 Marigold <a@mgld.example>:\n\n> 配信停止はこちら",
                "了解です",
            ),
            (
                "Danke\n\nAm 03.10.2016 um 10:12 schrieb Marigold:\n> Abmelden",
                "Danke",
            ),
            (
                "Ja\n-----Ursprüngliche Nachricht-----\nVon: Marigold\nStopp",
                "Ja",
            ),
            (
                "Sim\n________________________________\nDe: Marigold\nSair",
                "Sim",
            ),
            (
                "Gracias\n\nDe: Marigold <a@mgld.example>\nEnviado: lunes\nPara: yo\nAsunto: Ofertas\n\nBaja aquí",
                "Gracias",
            ),
            ("STOP\n-- \nJo\nunsubscribe", "STOP"),
            (
                "> Was it late?\nYes it was.\n> Anything else?\nNo more texts.",
                "Yes it was.\nNo more texts.",
            ),
            (
                "My address is 5 Elm Road and I wait since 10:30:\nstop",
                "My address is 5 Elm Road and I wait since 10:30:\nstop",
            ),
            (
                "I have asked you three times by now that you should please stop\nsending me these mails",
                "I have asked you three times by now that you should please stop sending me these mails",
            ),
            ("", ""),
        ] {
            assert_eq!(own_words(mail), own, "{mail}");
        }
    }

    proptest! {
        #[test]
        fn nothing_is_invented_and_nothing_panics(mail in "(\\PC|\n|>|:|-|@|@x.y:\n){0,200}") {
            let own = own_words(&mail);
            prop_assert!(own.len() <= mail.len());
            prop_assert!(own.lines().all(|line| !is_quoted(line)));
        }
    }
}
