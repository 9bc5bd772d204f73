//! What a person wrote in an answer, without what their mail program put under it: the
//! quoted mail, the signature, an advertisement of the telephone.

/// So much of an answer is passed on.
const MOST: usize = 16 * 1024;

/// The person's own words.
pub(super) fn own_words(text: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let lines: Vec<&str> = text.lines().take(2_000).map(str::trim_end).collect();
    for (place, line) in lines.iter().enumerate() {
        let rest = &lines[place..];
        if is_signature(line) || begins_quote(rest) {
            break;
        }
        let quoted = line.starts_with('>');
        if !quoted && !is_footer(line) {
            kept.push(line);
        }
    }
    let words = kept.join("\n");
    let words = words.trim();
    words[..words.floor_char_boundary(MOST)].to_owned()
}

/// `-- ` (RFC 3676 §4.3); the space is often lost.
fn is_signature(line: &str) -> bool {
    line == "--" || line == "__"
}

/// What telephones write under a mail. In the languages of the catalogue.
fn is_footer(line: &str) -> bool {
    const STARTS: [&str; 9] = [
        "sent from my ",
        "sent from outlook",
        "get outlook for ",
        "enviado do meu ",
        "enviado desde mi ",
        "envoyé de mon ",
        "von meinem ",
        "gesendet von ",
        "iphoneから送信",
    ];
    let line = line.trim_start().to_lowercase();
    STARTS.iter().any(|start| line.starts_with(start)) && line.len() < 100
}

/// Whether the quoted mail begins here.
fn begins_quote(lines: &[&str]) -> bool {
    let Some(first) = lines.first().map(|line| line.trim()) else {
        return false;
    };
    let lower = first.to_lowercase();
    is_rule(&lower) || is_introduction(lines) || is_head(lines)
}

/// `-----Original Message-----`, a line of Outlook, and their kin.
fn is_rule(line: &str) -> bool {
    const NAMES: [&str; 8] = [
        "original message",
        "mensagem original",
        "mensaje original",
        "message d'origine",
        "message d’origine",
        "ursprüngliche nachricht",
        "forwarded message",
        "元のメッセージ",
    ];
    let only_line = line.len() >= 20 && line.chars().all(|c| c == '_');
    let ruled = line.starts_with("--") && line.ends_with("--");
    only_line || ruled && NAMES.iter().any(|name| line.contains(name))
}

/// `On Sunday Ann wrote:`, on one line or broken over up to three.
fn is_introduction(lines: &[&str]) -> bool {
    // Each language's first word and last; where the last says enough, any first.
    const FORMS: [(&str, &str); 10] = [
        ("on ", "wrote:"),
        ("em ", "escreveu:"),
        ("no dia ", "escreveu:"),
        ("el ", "escribió:"),
        ("le ", "a écrit :"),
        ("le ", "a écrit\u{a0}:"),
        ("le ", "a écrit:"),
        ("am ", ":"),
        ("", "のメール:"),
        ("", "كتب:"),
    ];
    let mut joined = String::new();
    for line in lines.iter().take(3) {
        let line = line.trim().to_lowercase();
        if line.is_empty() || line.starts_with('>') {
            return false;
        }
        joined.push_str(&line);
        let said = |(start, end): &(&str, &str)| joined.starts_with(start) && joined.ends_with(end);
        let german = joined.starts_with("am ") && !joined.contains("schrieb");
        if !german && joined.len() < 400 && FORMS.iter().any(said) {
            return true;
        }
        joined.push(' ');
    }
    false
}

/// A block of `From: … Sent: … To: … Subject: …`, as Outlook writes it.
fn is_head(lines: &[&str]) -> bool {
    const FROM: [&str; 5] = ["from:", "de:", "de :", "von:", "差出人:"];
    const OTHERS: [&str; 13] = [
        "sent:",
        "date:",
        "to:",
        "subject:",
        "enviado:",
        "enviada em:",
        "para:",
        "assunto:",
        "asunto:",
        "gesendet:",
        "betreff:",
        "envoyé :",
        "objet :",
    ];
    let line = |place: usize| {
        let line = lines
            .get(place)
            .map(|line| line.trim_start_matches(['*', ' ']));
        line.unwrap_or_default().to_lowercase()
    };
    let begins = |line: &str, names: &[&str]| names.iter().any(|name| line.starts_with(name));
    begins(&line(0), &FROM)
        && (1..=3)
            .filter(|place| begins(&line(*place), &OTHERS))
            .count()
            >= 2
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_persons_own_words_are_left() {
        for (text, own) in [
            ("STOP", "STOP"),
            (
                "STOP\r\n\r\nOn Sun, 22 Nov 2026 at 09:30, Marigold <r-1@in.example> wrote:\r\n> Stop by\r\n",
                "STOP",
            ),
            (
                "Parar\n\nEm dom., 22 de nov. de 2026 às 09:30, Marigold\n<messages@marigold.example>\nescreveu:\n\nOi",
                "Parar",
            ),
            (
                "Baja\n\nEl dom, 22 nov 2026 a las 9:30, Marigold (<x@y.example>) escribió:\n",
                "Baja",
            ),
            (
                "Stop\n\nAm So., 22. Nov. 2026 um 09:30 Uhr schrieb Marigold <x@y.example>:\n> x",
                "Stop",
            ),
            (
                "Stop\n\nLe dim. 22 nov. 2026 à 09:30, Marigold <x@y.example> a écrit :\n> x",
                "Stop",
            ),
            (
                "please stop\n\nSent from my iPhone\n\n> On 22 Nov 2026\n> x",
                "please stop",
            ),
            ("stop\n--\nAnn", "stop"),
            (
                "stop\n\n-----Original Message-----\nFrom: Marigold\n",
                "stop",
            ),
            (
                "stop\n\n________________________________\nFrom: Marigold\n",
                "stop",
            ),
            (
                "stop\n\n*From:* Marigold\n*Sent:* Sunday\n*To:* Ann\n",
                "stop",
            ),
            (
                "> quoted\nmy answer\n> more\nand more",
                "my answer\nand more",
            ),
            (
                "I am not at home:\nring twice",
                "I am not at home:\nring twice",
            ),
            (
                "Am Montag bin ich da:\nklingeln",
                "Am Montag bin ich da:\nklingeln",
            ),
            ("", ""),
        ] {
            assert_eq!(own_words(text), own, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in "(\\PC|[>\n:-]|On | wrote:){0,200}") {
            prop_assert!(own_words(&text).len() <= text.len().min(MOST));
        }
    }
}
