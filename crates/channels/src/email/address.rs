//! Which addresses and names may stand in an SMTP command or a header. The callers have
//! checked them already; this is the last look before they become bytes.

/// An address that is safe between `<` and `>`: RFC 5321 §4.1.2 dot-string, ASCII only.
pub(super) fn is_mail_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let local_fits = !local.is_empty()
        && local.len() <= 64
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && local
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b));
    local_fits && is_domain(domain)
}

/// A host name of letters, digits and hyphens, or an IPv4 address.
pub(crate) fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    text.len() <= 255 && text.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cannot_break_out_is_taken() {
        for good in ["a@b.c", "first.last+tag@mail.example.com", "x@localhost"] {
            assert!(is_mail_address(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "@b",
            "a@",
            "a b@c.d",
            "a>@c.d",
            "a@c.d>",
            "a\r\n@c.d",
            "a@c.d\r\nRCPT TO:<x@y.z>",
            "\"a b\"@c.d",
            "é@c.d",
            "a..b@c.d",
            "a@[1.2.3.4]",
        ] {
            assert!(!is_mail_address(bad), "{bad:?}");
        }
    }
}
