//! Whether an answer comes from whom it says: what the mail server in front of us found
//! and wrote into `Authentication-Results` (RFC 8601). Only the word of that one server
//! counts; it must remove what others wrote in its name (RFC 8601 §5).

use super::fields::Fields;

/// What one check found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Proof {
    /// Nothing is known.
    #[default]
    Unknown,
    /// It held.
    Pass,
    /// It did not hold.
    Fail,
}

/// What the checks of who sent a mail found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Proofs {
    /// The sending server may send for the envelope sender's domain (RFC 7208).
    pub spf: Proof,
    /// A signature holds (RFC 6376).
    pub dkim: Proof,
    /// One of them is of the domain in `From` (RFC 9989).
    pub dmarc: Proof,
}

/// What the server that calls itself `authority` found.
pub(super) fn proofs(head: &Fields, authority: &str) -> Proofs {
    let mut proofs = Proofs::default();
    // The server puts its own on top; anything below may be the sender's.
    let own = head.all("authentication-results").find_map(|value| {
        let value = without_comments(value);
        let (who, results) = value.split_once(';')?;
        let who = who.split_ascii_whitespace().next()?;
        who.eq_ignore_ascii_case(authority)
            .then(|| results.to_owned())
    });
    for result in own.unwrap_or_default().split(';') {
        let Some((method, rest)) = result.split_once('=') else {
            continue;
        };
        let word = rest.split_ascii_whitespace().next().unwrap_or_default();
        let found = match word.to_ascii_lowercase().as_str() {
            "pass" => Proof::Pass,
            "fail" | "softfail" | "policy" | "permerror" => Proof::Fail,
            _ => Proof::Unknown,
        };
        // `dkim/1` names a version of the method.
        let method = method.trim().split('/').next().unwrap_or_default();
        let place = match method.to_ascii_lowercase().as_str() {
            "spf" => &mut proofs.spf,
            "dkim" => &mut proofs.dkim,
            "dmarc" => &mut proofs.dmarc,
            _ => continue,
        };
        // Of several signatures one that holds is enough.
        if *place != Proof::Pass {
            *place = found;
        }
    }
    proofs
}

/// Comments may hold anything, also what looks like a result.
fn without_comments(value: &str) -> String {
    let (mut depth, mut escaped, mut quoted) = (0_usize, false, false);
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' if depth == 0 => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted && depth > 0 => depth -= 1,
            // What is quoted is a value, never a method or its result.
            _ if depth == 0 && !quoted => out.push(c),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(head: &str) -> Proofs {
        proofs(&Fields::of(head), "mx.marigold.example")
    }

    #[test]
    fn the_word_of_our_own_server_counts() {
        let given = of(
            "Authentication-Results: mx.marigold.example 1;\r\n dkim=fail (bad) header.d=a.example;\r\n dkim=pass header.d=b.example; spf=softfail smtp.mailfrom=b.example;\r\n dmarc=pass (p=reject; spf=pass) header.from=b.example\r\n",
        );
        let expected = Proofs {
            spf: Proof::Fail,
            dkim: Proof::Pass,
            dmarc: Proof::Pass,
        };
        assert_eq!(given, expected);
    }

    #[test]
    fn nobody_elses_word_does() {
        for foreign in [
            "Authentication-Results: mx.evil.example; dmarc=pass\r\n",
            "Authentication-Results: (mx.marigold.example;) evil.example; dmarc=pass\r\n",
            "Authentication-Results: mx.marigold.example; none (dmarc=pass; dmarc=pass)\r\n",
            "Authentication-Results: mx.marigold.example; x=none reason=\"; dmarc=pass\"\r\n",
            "Authentication-Results: mx.marigold.example; dmarc=none\r\nAuthentication-Results: mx.marigold.example; dmarc=pass\r\n",
            "X: y\r\n\r\nAuthentication-Results: mx.marigold.example; dmarc=pass\r\n",
        ] {
            assert_eq!(of(foreign).dmarc, Proof::Unknown, "{foreign}");
        }
    }
}
