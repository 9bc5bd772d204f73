//! What differs between two texts: by lines, and inside changed lines by words.
//!
//! Texts of the desk are short, so the plain longest common subsequence is quick enough;
//! where two are so different that it were not, one is shown as gone and the other as new.

/// More comparisons than that are not made.
const MOST: usize = 4_000_000;
/// Lines shown around a change.
const AROUND: usize = 1;

/// A run of text, and whether it is in both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::console::catalogue) enum Piece {
    Same(String),
    Gone(String),
    New(String),
}

/// Something to show of a difference, from top to bottom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::console::catalogue) enum Row {
    /// A line that both have, near a change.
    Same(String),
    /// Lines that differ, in pieces.
    Changed(Vec<Piece>),
    /// So many lines that both have, left out.
    Skipped(usize),
}

/// One step of an alignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Same,
    Gone,
    New,
}

/// How one text became another.
pub(super) fn rows(before: &str, after: &str) -> Vec<Row> {
    let (before, after) = (before.trim_end(), after.trim_end());
    let old: Vec<&str> = before.lines().collect();
    let new: Vec<&str> = after.lines().collect();
    let steps = align(&old, &new);
    let (mut rows, mut same) = (Vec::new(), Vec::new());
    let (mut left, mut right) = (0, 0);
    let mut at = 0;
    while at < steps.len() {
        if steps[at] == Step::Same {
            same.push(old[left]);
            (left, right, at) = (left + 1, right + 1, at + 1);
            continue;
        }
        let (from_left, from_right) = (left, right);
        while at < steps.len() && steps[at] != Step::Same {
            match steps[at] {
                Step::New => right += 1,
                _ => left += 1,
            }
            at += 1;
        }
        put_same(&mut rows, &mut same, false);
        let gone = old[from_left..left].join("\n");
        let fresh = new[from_right..right].join("\n");
        rows.push(Row::Changed(pieces(&gone, &fresh)));
    }
    put_same(&mut rows, &mut same, true);
    rows
}

/// Adds lines that both have, but for those far from any change.
fn put_same(rows: &mut Vec<Row>, same: &mut Vec<&str>, last: bool) {
    let head = if rows.is_empty() { 0 } else { AROUND };
    let tail = if last { 0 } else { AROUND };
    let skipped = same.len().saturating_sub(head + tail);
    for (at, line) in same.drain(..).enumerate() {
        if skipped < 2 || at < head || at >= head + skipped {
            rows.push(Row::Same(line.to_owned()));
        } else if at == head {
            rows.push(Row::Skipped(skipped));
        }
    }
}

/// Two runs of lines, word by word.
fn pieces(gone: &str, fresh: &str) -> Vec<Piece> {
    let (old, new) = (words(gone), words(fresh));
    let mut found: Vec<Piece> = Vec::new();
    let (mut left, mut right) = (0, 0);
    for step in align(&old, &new) {
        let (word, piece): (&str, fn(String) -> Piece) = match step {
            Step::Same => (old[left], Piece::Same),
            Step::Gone => (old[left], Piece::Gone),
            Step::New => (new[right], Piece::New),
        };
        left += usize::from(step != Step::New);
        right += usize::from(step != Step::Gone);
        match (found.last_mut(), step) {
            (Some(Piece::Same(text)), Step::Same)
            | (Some(Piece::Gone(text)), Step::Gone)
            | (Some(Piece::New(text)), Step::New) => text.push_str(word),
            _ => found.push(piece(word.to_owned())),
        }
    }
    found
}

/// Words and what stands between them.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut from = 0;
    let mut before = None;
    for (at, c) in text.char_indices() {
        let is_word = c.is_alphanumeric();
        if before.is_some_and(|word: bool| word != is_word || !is_word) {
            words.push(&text[from..at]);
            from = at;
        }
        before = Some(is_word);
    }
    if from < text.len() {
        words.push(&text[from..]);
    }
    words
}

/// The shortest way from one sequence to another; what is gone comes before what is new.
fn align(old: &[&str], new: &[&str]) -> Vec<Step> {
    let both = old.iter().zip(new);
    let head = both.take_while(|(one, other)| one == other).count();
    let (old, new) = (&old[head..], &new[head..]);
    let both = old.iter().rev().zip(new.iter().rev());
    let tail = both.take_while(|(one, other)| one == other).count();
    let (old, new) = (&old[..old.len() - tail], &new[..new.len() - tail]);
    let mut steps = vec![Step::Same; head];
    if old.len().saturating_mul(new.len()) > MOST {
        steps.extend(vec![Step::Gone; old.len()]);
        steps.extend(vec![Step::New; new.len()]);
    } else {
        middle(old, new, &mut steps);
    }
    steps.extend(vec![Step::Same; tail]);
    steps
}

fn middle(old: &[&str], new: &[&str], steps: &mut Vec<Step>) {
    let width = new.len() + 1;
    // How many are common from here to the end.
    let mut common = vec![0_u16; width * (old.len() + 1)];
    for left in (0..old.len()).rev() {
        for right in (0..new.len()).rev() {
            common[left * width + right] = if old[left] == new[right] {
                common[(left + 1) * width + right + 1].saturating_add(1)
            } else {
                common[(left + 1) * width + right].max(common[left * width + right + 1])
            };
        }
    }
    let (mut left, mut right) = (0, 0);
    while left < old.len() || right < new.len() {
        let step = if left == old.len() {
            Step::New
        } else if right == new.len() {
            Step::Gone
        } else if old[left] == new[right] {
            Step::Same
        } else if common[(left + 1) * width + right] >= common[left * width + right + 1] {
            Step::Gone
        } else {
            Step::New
        };
        left += usize::from(step != Step::New);
        right += usize::from(step != Step::Gone);
        steps.push(step);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines by a sign, pieces by their brackets.
    fn shown(before: &str, after: &str) -> Vec<String> {
        let piece = |piece: &Piece| match piece {
            Piece::Same(text) => text.clone(),
            Piece::Gone(text) => format!("[-{text}]"),
            Piece::New(text) => format!("[+{text}]"),
        };
        let row = |row: &Row| match row {
            Row::Same(line) => format!("= {line}"),
            Row::Changed(pieces) => pieces.iter().map(piece).collect(),
            Row::Skipped(lines) => format!("… {lines}"),
        };
        rows(before, after).iter().map(row).collect()
    }

    #[test]
    fn lines_and_words_that_differ() {
        for (before, after, expected) in [
            ("a", "a\n", vec!["= a"]),
            ("", "new", vec!["[+new]"]),
            ("old", "", vec!["[-old]"]),
            (
                "Order {{ n }} is confirmed",
                "Order {{ n }} was confirmed",
                vec!["Order {{ n }} [-is][+was] confirmed"],
            ),
            (
                "1\n2\n3\n4\nfive\n6\n7\n8",
                "1\n2\n3\n4\n5\n6\n7\n8",
                vec!["… 3", "= 4", "[-five][+5]", "= 6", "… 2"],
            ),
            ("a\nb", "a\nx\nb", vec!["= a", "[+x]", "= b"]),
            (
                "ご注文が確定",
                "ご注文は確定",
                vec!["[-ご注文が確定][+ご注文は確定]"],
            ),
        ] {
            assert_eq!(shown(before, after), expected, "{before} → {after}");
        }
    }

    #[test]
    fn pieces_give_both_texts_back() {
        let one = "Thank you for your order.\nIt is here, {{ x }}!";
        let other = "Thanks for the order…\n\nIt was here, {{ y }}!";
        let (mut before, mut after) = (String::new(), String::new());
        for piece in pieces(one, other) {
            match piece {
                Piece::Same(text) => {
                    before.push_str(&text);
                    after.push_str(&text);
                }
                Piece::Gone(text) => before.push_str(&text),
                Piece::New(text) => after.push_str(&text),
            }
        }
        assert_eq!((before.as_str(), after.as_str()), (one, other));
    }

    #[test]
    fn long_texts_that_share_nothing_take_no_time() {
        let one = "a ".repeat(8_000);
        let other = "b ".repeat(8_000);
        let began = std::time::Instant::now();
        assert_eq!(rows(&one, &other).len(), 1);
        let lines = |c: &str| format!("{c}\n").repeat(8_000);
        assert_eq!(rows(&lines("a"), &lines("b")).len(), 1);
        assert!(began.elapsed() < std::time::Duration::from_secs(10));
    }
}
