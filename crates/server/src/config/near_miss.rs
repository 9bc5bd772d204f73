//! Which known key an unknown one was probably meant to be.

/// A half-sentence to add to an error about an unknown key, or nothing.
pub(super) fn hint(message: &str) -> String {
    let Some(rest) = message
        .strip_prefix("unknown field ")
        .or_else(|| message.strip_prefix("unknown variant "))
    else {
        return String::new();
    };
    let mut names = rest.split('`').skip(1).step_by(2);
    let Some(given) = names.next() else {
        return String::new();
    };
    let nearest = names.map(|name| (distance(given, name), name)).min();
    match nearest {
        Some((far, name)) if far <= 1 + given.len() / 3 => format!("\ndid you mean `{name}`?"),
        _ => String::new(),
    }
}

/// Edit distance with swaps of neighbours counted once (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    for (j, cell) in rows[0].iter_mut().enumerate() {
        *cell = j;
    }
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let swap = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j] + 1)
                .min(rows[i][j - 1] + 1)
                .min(rows[i - 1][j - 1] + swap);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        assert_eq!(distance("sms_sneder", "sms_sender"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(
            hint("unknown field `lisen`, expected one of `listen`, `public_url`"),
            "\ndid you mean `listen`?"
        );
        assert_eq!(
            hint("unknown field `colour`, expected one of `listen`, `public_url`"),
            ""
        );
        assert_eq!(hint("invalid type"), "");
    }
}
