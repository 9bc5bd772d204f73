//! Compiles a layout of MJML components to HTML once, when the catalogue is loaded.
//!
//! MJML and the inlining of CSS know nothing of templates, and a parser of HTML moves what
//! it does not know out of tables. So each `{% … %}` becomes a comment, which may stand
//! everywhere and stays, each `{{ … }}` a word, and both are put back afterwards. What
//! comes out is a template of HTML: rendering a mail does no work for its layout.

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
    let parsed = mrml::parse(&marked).map_err(|error| in_words(&marked, &error))?;
    let html = parsed
        .element
        .render(&RenderOptions::default())
        .map_err(|error| Refusal {
            line: 1,
            reason: format!("cannot be made into HTML: {error}"),
        })?;
    restore(&tighten(&html), &tags)
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
        line: start.map_or(1, |start| line_at(marked, start)),
        reason: format!("is not MJML: {text}"),
    }
}
