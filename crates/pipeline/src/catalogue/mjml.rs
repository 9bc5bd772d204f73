//! Compiles a layout of MJML components to HTML once, when the catalogue is loaded.
//!
//! MJML and the inlining of CSS know nothing of templates, and a parser of HTML moves what
//! it does not know out of tables. So each `{% … %}` becomes a comment, which may stand
//! everywhere and stays, each `{{ … }}` a word, and both are put back afterwards. What
//! comes out is a template of HTML: rendering a mail does no work for its layout.

mod slim;

use mrml::prelude::render::RenderOptions;

use super::allow_list::Refusal;
use super::flat::line_at;

/// A tag of the template, and the line it stands on.
struct Tag<'a> {
    text: &'a str,
    line: usize,
}

impl Tag<'_> {
    fn is_statement(&self) -> bool {
        !self.text.starts_with("{{")
    }
}

/// The HTML template that an MJML template comes to.
pub(super) fn compile(source: &str) -> Result<String, Refusal> {
    let (marked, tags) = mark(source)?;
    bounded(&marked)?;
    let parsed = mrml::parse(&marked).map_err(|error| in_words(&marked, &error))?;
    let html = parsed
        .element
        .render(&RenderOptions {
            // By default well-known fonts are fetched from a foreign server, which would
            // tell it who reads which mail.
            fonts: std::collections::HashMap::new(),
            ..RenderOptions::default()
        })
        .map_err(|error| Refusal {
            line: 1,
            reason: format!("cannot be made into HTML: {error}"),
        })?;
    if let Some(name) = unknown_component(&html) {
        return Err(Refusal {
            line: marked.find(name).map_or(1, |at| line_at(&marked, at)),
            reason: format!("there is no component `{}`", &name[1..]),
        });
    }
    restore(&slim::slim(&tighten(&html)), &tags)
}

/// The opening of a component that was left as it is: `<mj-nothing`.
fn unknown_component(html: &str) -> Option<&str> {
    let from = &html[html.find("<mj-")?..];
    let end = from[1..].find(|c: char| !c.is_ascii_alphanumeric() && c != '-')?;
    Some(&from[..=end])
}

/// Elements stand inside each other so deep at most: the readers of MJML and HTML need
/// stack for each.
const DEPTH: usize = 40;
/// Elements that have no end (HTML Living Standard §13.1.2).
const VOID: &[&str] = &[
    "br", "hr", "img", "input", "link", "meta", "wbr", "col", "area", "base", "source",
];

fn bounded(marked: &str) -> Result<(), Refusal> {
    let mut depth = 0_usize;
    for (at, _) in marked.match_indices('<') {
        let rest = &marked[at + 1..];
        let name = rest
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
            .next();
        let name = name.unwrap_or_default();
        let tag = rest.split('>').next().unwrap_or_default();
        if rest.starts_with('/') {
            depth = depth.saturating_sub(1);
        } else if !name.is_empty() && !tag.ends_with('/') && !VOID.contains(&name) {
            depth += 1;
        }
        if depth > DEPTH {
            return Err(Refusal {
                line: line_at(marked, at),
                reason: format!("elements stand inside each other more than {DEPTH} deep"),
            });
        }
    }
    Ok(())
}

fn comment(number: usize) -> String {
    format!("<!--template tag {number}-->")
}

fn word(number: usize) -> String {
    format!("zq{number}qz")
}

/// Puts marks in the place of tags.
fn mark(source: &str) -> Result<(String, Vec<Tag<'_>>), Refusal> {
    let mut marked = String::with_capacity(source.len());
    let mut tags = Vec::new();
    let mut rest = source;
    // Whether what comes next stands between `<` and `>`.
    let mut inside = false;
    while let Some(at) = rest
        .find("{{")
        .into_iter()
        .chain(rest.find("{%"))
        .chain(rest.find("{#"))
        .min()
    {
        let (before, from) = rest.split_at(at);
        for byte in before.bytes() {
            match byte {
                b'<' => inside = true,
                b'>' => inside = false,
                _ => {}
            }
        }
        let line = line_at(source, source.len() - from.len());
        let end = match &from[..2] {
            "{{" => "}}",
            "{%" => "%}",
            _ => "#}",
        };
        let Some(length) = from.find(end).map(|at| at + end.len()) else {
            let reason = format!("`{}` has no `{end}`", &from[..2]);
            return Err(Refusal { line, reason });
        };
        let (text, after) = from.split_at(length);
        let tag = Tag { text, line };
        if tag.is_statement() && inside {
            let reason =
                "a statement cannot stand inside a tag: put `{% if %}` around the whole of it";
            return Err(Refusal {
                line,
                reason: reason.to_owned(),
            });
        }
        marked.push_str(before);
        marked.push_str(&match tag.is_statement() {
            true => comment(tags.len()),
            false => word(tags.len()),
        });
        // Lines stay where they are, for what is wrong after them.
        marked.extend(text.bytes().filter(|byte| *byte == b'\n').map(|_| '\n'));
        tags.push(tag);
        rest = after;
    }
    marked.push_str(rest);
    Ok((marked, tags))
}

/// Puts the tags back. Each statement stands exactly once, in the order it had.
fn restore(html: &str, tags: &[Tag<'_>]) -> Result<String, Refusal> {
    let mut template = html.to_owned();
    let mut last = 0;
    for (number, tag) in tags.iter().enumerate() {
        let lost = |how: &str| Refusal {
            line: tag.line,
            reason: format!(
                "`{}` {how} where it stands: put it between whole components, or into `mj-raw`",
                tag.text
            ),
        };
        if !tag.is_statement() {
            let word = word(number);
            if !template.contains(&word) {
                return Err(lost("is lost"));
            }
            template = template.replace(&word, tag.text);
            continue;
        }
        let mark = comment(number);
        let mut places = template.match_indices(&mark).map(|(at, _)| at);
        let (Some(at), None) = (places.next(), places.next()) else {
            return Err(lost("is lost or doubled"));
        };
        if at < last {
            return Err(lost("changes its place"));
        }
        template.replace_range(at..at + mark.len(), tag.text);
        last = at + tag.text.len();
    }
    Ok(template)
}

/// Leaves out the line breaks and indents between tags.
fn tighten(html: &str) -> String {
    let mut tight = String::with_capacity(html.len());
    for line in html.lines() {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        // Between two words a break is a space.
        if !tight.is_empty() && !tight.ends_with('>') && !line.starts_with('<') {
            tight.push('\n');
        }
        tight.push_str(line);
    }
    tight
}

fn in_words(marked: &str, error: &mrml::prelude::parser::Error) -> Refusal {
    let text = error.to_string();
    // Positions are given as `start..end` at the end of the sentence.
    let digits = |text: &str| {
        text.chars()
            .take_while(char::is_ascii_digit)
            .collect::<String>()
    };
    let start = text
        .rsplit_once(" at position ")
        .or_else(|| text.rsplit_once("position "))
        .and_then(|(_, place)| digits(place).parse().ok());
    Refusal {
        // What has no place ends too early.
        line: line_at(marked, start.unwrap_or(marked.trim_end().len())),
        reason: format!("is not MJML: {text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(head: &str, body: &str) -> String {
        format!(
            "<mjml><mj-head>{head}</mj-head><mj-body><mj-section><mj-column>\n{body}\n</mj-column></mj-section></mj-body></mjml>"
        )
    }

    #[test]
    fn loops_in_tables_keep_their_place_while_css_is_inlined() {
        let source = layout(
            "<mj-style inline=\"inline\">.a { color: red }</mj-style>",
            "{% if rows %}<mj-table><tbody>{% for row in rows %}<tr><td class=\"a\">{{ row.label }}</td></tr>{% endfor %}</tbody></mj-table>{% endif %}",
        );
        let html = compile(&source).unwrap();
        let row = "{% for row in rows %}<tr><td class=\"a\" style=\"color:red\">{{ row.label }}</td></tr>{% endfor %}";
        assert!(html.contains(row), "{html}");
        let (condition, table) = (html.find("{% if rows %}").unwrap(), html.find(row).unwrap());
        assert!(condition < table && table < html.find("{% endif %}").unwrap());
    }

    #[test]
    fn nothing_is_fetched_by_a_mail() {
        let source = layout(
            "<mj-attributes><mj-all font-family=\"Roboto, Ubuntu, Lato\" /></mj-attributes>",
            "<mj-text>{{ title }}</mj-text>",
        );
        let html = compile(&source).unwrap();
        assert!(
            !html.contains("fonts.googleapis") && !html.contains("@import"),
            "{html}"
        );
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (body, line, reason) in [
            (
                "<mj-text {% if a %}css-class=\"b\"{% endif %}>x</mj-text>",
                2,
                "a statement cannot stand inside a tag",
            ),
            ("<mj-text>{{ title </mj-text>", 2, "`{{` has no `}}`"),
            (
                "\n<mj-nothing>x</mj-nothing>",
                3,
                "there is no component `mj-nothing`",
            ),
            ("<mj-text>x", 3, "is not MJML"),
        ] {
            let refusal = compile(&layout("", body)).unwrap_err();
            assert!(
                refusal.reason.contains(reason),
                "{body}: {}",
                refusal.reason
            );
            assert_eq!(refusal.line, line, "{body}: {}", refusal.reason);
        }
    }
}
