//! Leaves out of compiled HTML what no mail program needs: every octet is rendered, signed
//! and sent with each mail.

/// For Outlook 2003 and before, which have had no care for many years.
const OLD_OUTLOOK: &str = "<!--[if lte mso 11]><style type=\"text/css\">.mj-outlook-group-fix { width:100% !important; }</style><![endif]-->";
const OLD_CLASS: &str = "mj-outlook-group-fix ";
/// The end of what only some mail programs read, and the beginning of more of that.
const END: &str = "<![endif]-->";
const BEGIN: &str = "<!--[if ";

/// The same HTML in fewer octets.
pub(super) fn slim(html: &str) -> String {
    let html = html.replace(OLD_OUTLOOK, "").replace(OLD_CLASS, "");
    styles(&joined(&html))
}

/// Puts what is for the same mail programs into one comment where nothing stands between.
fn joined(html: &str) -> String {
    let mut slim = String::with_capacity(html.len());
    let mut rest = html;
    let mut last = "";
    while let Some(at) = rest.find(BEGIN) {
        let (before, from) = rest.split_at(at);
        let Some(condition) = from.find("]>").map(|end| &from[..end + 2]) else {
            break;
        };
        if before != END || condition != last {
            slim.push_str(before);
            slim.push_str(condition);
        }
        last = condition;
        rest = &from[condition.len()..];
        let length = rest.find(END).unwrap_or(rest.len());
        slim.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    slim.push_str(rest);
    slim
}

/// Writes the declarations of `style` attributes without spaces that mean nothing.
fn styles(html: &str) -> String {
    const OPENS: &str = " style=\"";
    let mut slim = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find(OPENS) {
        let (before, from) = rest.split_at(at + OPENS.len());
        slim.push_str(before);
        let end = from.find('"').unwrap_or(from.len());
        declarations(&from[..end], &mut slim);
        rest = &from[end..];
    }
    slim.push_str(rest);
    slim
}

fn declarations(css: &str, slim: &mut String) {
    let mut first = true;
    for declaration in css.split(';').map(str::trim).filter(|one| !one.is_empty()) {
        if !first {
            slim.push(';');
        }
        first = false;
        match declaration.split_once(':') {
            Some((name, value)) => {
                slim.push_str(name.trim_end());
                slim.push(':');
                slim.push_str(value.trim_start());
            }
            None => slim.push_str(declaration),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_of_one_condition_become_one() {
        for (whole, slim_one) in [
            (
                "<p></p><!--[if mso | IE]><table><![endif]--><!--[if mso | IE]><tr><![endif]--><b></b>",
                "<p></p><!--[if mso | IE]><table><tr><![endif]--><b></b>",
            ),
            (
                "<!--[if mso | IE]><table><![endif]--><i></i><!--[if mso | IE]></table><![endif]-->",
                "<!--[if mso | IE]><table><![endif]--><i></i><!--[if mso | IE]></table><![endif]-->",
            ),
            (
                "<!--[if mso]><b><![endif]--><!--[if mso | IE]><i><![endif]-->",
                "<!--[if mso]><b><![endif]--><!--[if mso | IE]><i><![endif]-->",
            ),
            (
                "<!--[if !mso]><!--><meta><!--<![endif]--><!--[if mso]><b><![endif]-->",
                "<!--[if !mso]><!--><meta><!--<![endif]--><!--[if mso]><b><![endif]-->",
            ),
            ("<!--[if mso", "<!--[if mso"),
            ("<!--[if mso]>open", "<!--[if mso]>open"),
        ] {
            assert_eq!(slim(whole), slim_one);
        }
        let old = format!("<i></i>{OLD_OUTLOOK}<div class=\"{OLD_CLASS}mj-column\">");
        assert_eq!(slim(&old), "<i></i><div class=\"mj-column\">");
    }

    #[test]
    fn declarations_have_no_idle_spaces() {
        for (css, slim_one) in [
            (
                "margin: 0 0 14px;overflow-wrap: anywhere;",
                "margin:0 0 14px;overflow-wrap:anywhere",
            ),
            ("", ""),
            ("odd", "odd"),
            (" a : b ; ", "a:b"),
        ] {
            let whole = format!("<p style=\"{css}\">style: x</p>");
            assert_eq!(
                slim(&whole),
                format!("<p style=\"{slim_one}\">style: x</p>")
            );
        }
        assert_eq!(slim("<p style=\"a: b"), "<p style=\"a:b");
    }
}
