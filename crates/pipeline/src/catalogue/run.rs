//! Runs a compiled template, within bounds of steps and of bytes.

use std::cmp::Ordering;
use std::fmt::Write;

use super::clean::going_on;
use super::program::{Call, Comparison, Expr, Program, Step};
use super::view::{Scene, View};

/// Steps one rendering may take.
const STEPS: u32 = 200_000;

/// Why a rendering ended early, and on which line of the template. Never repeats data.
#[derive(Debug)]
pub(super) struct Stumble {
    pub line: usize,
    pub reason: Reason,
}

/// What a template did that it must not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    PrintsMissing,
    PrintsGroup,
    Missing,
    NoList,
    Filter,
    Steps,
    TooLong,
}

/// How values are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escape {
    Html,
    Nothing,
}

/// The octets that mean something in HTML.
const SPECIAL: [bool; 256] = {
    let mut special = [false; 256];
    let octets = b"&<>\"'";
    let mut at = 0;
    while at < octets.len() {
        special[octets[at] as usize] = true;
        at += 1;
    }
    special
};

/// Where the first octet stands that means something in HTML.
fn special(octets: &[u8]) -> Option<usize> {
    let is_special = |octet: &u8| SPECIAL[usize::from(*octet)];
    let (blocks, _) = octets.as_chunks::<8>();
    let calm = |block: &&[u8; 8]| !block.iter().fold(false, |any, one| any | is_special(one));
    let passed = 8 * blocks.iter().take_while(calm).count();
    let at = octets[passed..].iter().position(is_special)?;
    Some(passed + at)
}

struct Frame<'a> {
    item: View<'a>,
    index: usize,
    count: usize,
}

struct Run<'a> {
    scene: &'a Scene<'a>,
    frames: Vec<Frame<'a>>,
    out: &'a mut String,
    limit: usize,
    left: u32,
    escape: Escape,
}

/// Renders a program, in place of what `out` held, into at most `limit` bytes.
pub(super) fn run(
    program: &Program,
    scene: &Scene<'_>,
    (out, limit): (&mut String, usize),
    escape: Escape,
) -> Result<(), Stumble> {
    out.clear();
    out.reserve((program.fixed + program.fixed / 8 + 128).min(limit));
    let mut run = Run {
        scene,
        frames: Vec::new(),
        out,
        limit,
        left: STEPS,
        escape,
    };
    run.steps(&program.steps)
}

impl<'a> Run<'a> {
    fn step(&mut self, line: usize) -> Result<(), Stumble> {
        self.left = self.left.checked_sub(1).ok_or(Stumble {
            line,
            reason: Reason::Steps,
        })?;
        Ok(())
    }

    fn steps(&mut self, steps: &'a [Step]) -> Result<(), Stumble> {
        for step in steps {
            match step {
                Step::Text(text) => self.push(going_on(self.out, text), 1)?,
                Step::Print(expr, line) => {
                    let value = self.value(expr, *line)?;
                    self.print(&value, *line)?;
                }
                Step::If {
                    condition,
                    then,
                    otherwise,
                    line,
                } => {
                    let truth = self.truth(condition, *line)?;
                    self.steps(if truth { then } else { otherwise })?;
                }
                Step::For {
                    over,
                    body,
                    otherwise,
                    line,
                } => {
                    let list = self.value(over, *line)?;
                    let count = list.rounds().ok_or(Stumble {
                        line: *line,
                        reason: Reason::NoList,
                    })?;
                    for index in 0..count {
                        let item = list.entry(index);
                        self.frames.push(Frame { item, index, count });
                        let done = self.step(*line).and_then(|()| self.steps(body));
                        self.frames.pop();
                        done?;
                    }
                    if count == 0 {
                        self.steps(otherwise)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn push(&mut self, text: &str, line: usize) -> Result<(), Stumble> {
        if self.out.len() + text.len() > self.limit {
            let reason = Reason::TooLong;
            return Err(Stumble { line, reason });
        }
        self.out.push_str(text);
        Ok(())
    }

    fn print(&mut self, value: &View<'_>, line: usize) -> Result<(), Stumble> {
        match value {
            View::Undefined | View::None => Err(Stumble {
                line,
                reason: Reason::PrintsMissing,
            }),
            View::Bool(truth) => self.push(if *truth { "True" } else { "False" }, line),
            View::Number(number) => {
                // Digits need no escaping.
                write!(self.out, "{number}").map_err(|_| Stumble {
                    line,
                    reason: Reason::TooLong,
                })?;
                self.push("", line)
            }
            other => match (other.as_text(), self.escape) {
                (Some(text), Escape::Nothing) => self.push(text, line),
                (Some(text), Escape::Html) => self.push_html(text, line),
                (None, _) => Err(Stumble {
                    line,
                    reason: Reason::PrintsGroup,
                }),
            },
        }
    }

    /// The five characters that mean something in HTML text and quoted attributes.
    fn push_html(&mut self, text: &str, line: usize) -> Result<(), Stumble> {
        let mut rest = text;
        while let Some(at) = special(rest.as_bytes()) {
            self.push(&rest[..at], line)?;
            let entity = match rest.as_bytes()[at] {
                b'&' => "&amp;",
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'"' => "&quot;",
                _ => "&#39;",
            };
            self.push(entity, line)?;
            rest = &rest[at + 1..];
        }
        self.push(rest, line)
    }

    fn truth(&mut self, expr: &'a Expr, line: usize) -> Result<bool, Stumble> {
        let value = self.value(expr, line)?;
        value.is_true().ok_or(Stumble {
            line,
            reason: Reason::Missing,
        })
    }

    fn value(&mut self, expr: &'a Expr, line: usize) -> Result<View<'a>, Stumble> {
        self.step(line)?;
        Ok(match expr {
            Expr::Root(name) => self.scene.root(name),
            Expr::Local(at) => self
                .frames
                .get(*at)
                .map_or(View::Undefined, |frame| frame.item.clone()),
            Expr::Loop => self
                .frames
                .last()
                .map_or(View::Undefined, |frame| View::Loop {
                    index: frame.index,
                    count: frame.count,
                }),
            Expr::Attribute(of, name) => self.attribute(of, name, line)?,
            Expr::Text(text) => View::Text(text),
            Expr::Number(number) => View::Number(*number),
            Expr::Bool(truth) => View::Bool(*truth),
            Expr::None => View::None,
            Expr::Not(inner) => View::Bool(!self.truth(inner, line)?),
            Expr::And(both) => self.either(both, false, line)?,
            Expr::Or(both) => self.either(both, true, line)?,
            Expr::Compare(first, others) => View::Bool(self.compare(first, others, line)?),
            Expr::Filter(call) => self.filter(call)?,
        })
    }

    /// What stands behind a dot. The variable of a loop, the usual case, is not copied.
    fn attribute(&mut self, of: &'a Expr, name: &str, line: usize) -> Result<View<'a>, Stumble> {
        let held;
        let of = if let Expr::Local(at) = of {
            self.step(line)?;
            self.frames.get(*at).map(|frame| &frame.item)
        } else {
            held = self.value(of, line)?;
            Some(&held)
        };
        match of {
            None | Some(View::Undefined) => Err(Stumble {
                line,
                reason: Reason::Missing,
            }),
            Some(of) => Ok(of.attribute(name)),
        }
    }

    /// The first of two values where its truth is `enough`, else the second.
    fn either(
        &mut self,
        both: &'a [Expr; 2],
        enough: bool,
        line: usize,
    ) -> Result<View<'a>, Stumble> {
        let first = self.value(&both[0], line)?;
        match first.is_true() {
            None => Err(Stumble {
                line,
                reason: Reason::Missing,
            }),
            Some(truth) if truth == enough => Ok(first),
            Some(_) => self.value(&both[1], line),
        }
    }

    fn compare(
        &mut self,
        first: &'a Expr,
        others: &'a [(Comparison, Expr)],
        line: usize,
    ) -> Result<bool, Stumble> {
        let mut left = self.value(first, line)?;
        for (comparison, other) in others {
            let right = self.value(other, line)?;
            let order = left.order(&right);
            let holds = match comparison {
                Comparison::Equal => order == Some(Ordering::Equal),
                Comparison::Unequal => order != Some(Ordering::Equal),
                Comparison::Less => order.is_some_and(Ordering::is_lt),
                Comparison::LessOrEqual => order.is_some_and(Ordering::is_le),
                Comparison::Greater => order.is_some_and(Ordering::is_gt),
                Comparison::GreaterOrEqual => order.is_some_and(Ordering::is_ge),
                Comparison::In => self.holds(&right, &left, line)?,
                Comparison::NotIn => !self.holds(&right, &left, line)?,
            };
            if !holds {
                return Ok(false);
            }
            left = right;
        }
        Ok(true)
    }

    /// Whether a text has a part, or a list an entry.
    fn holds(&mut self, whole: &View<'a>, part: &View<'a>, line: usize) -> Result<bool, Stumble> {
        if let (Some(whole), Some(part)) = (whole.as_text(), part.as_text()) {
            return Ok(whole.contains(part));
        }
        let count = whole.entries().ok_or(Stumble {
            line,
            reason: Reason::NoList,
        })?;
        for at in 0..count {
            self.step(line)?;
            if whole.entry(at).order(part) == Some(Ordering::Equal) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn filter(&mut self, call: &'a Call) -> Result<View<'a>, Stumble> {
        let line = call.line;
        let of = self.value(&call.of, line)?;
        let mut argument = View::Undefined;
        for given in &call.arguments {
            argument = self.value(given, line)?;
        }
        let mut named = Vec::with_capacity(call.named.len());
        for (name, given) in &call.named {
            named.push((name.as_str(), self.value(given, line)?));
        }
        let made = call.filter.apply(of, argument, &named, self.scene);
        made.map_err(|reason| Stumble { line, reason })
    }
}

#[cfg(test)]
mod tests;
