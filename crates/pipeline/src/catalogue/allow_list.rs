//! What a template may be made of, checked on its syntax tree when it is loaded.
//!
//! Text, `{{ }}`, `if`, `for`, names, attributes, comparisons and our filters; nothing
//! that builds values, calls, loops without bound or reaches what is not declared. The
//! engine's fuel bounds time but not memory: this list is what bounds memory.

use minijinja::machinery::ast::{BinOpKind, CallArg, Expr, Filter, Spanned, Stmt, UnaryOpKind};
use minijinja::machinery::{Span, parse};

use super::filters;
use super::flat::line_at;
use super::schema::{Node, Schema, Shape};

/// A template that may not be: the line in it, and why.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub line: usize,
    pub reason: String,
}

/// What names a template may use.
pub(crate) enum Names<'a> {
    /// The data of a message type, the brand and the customer.
    Message(&'a Schema),
    /// Whatever the renderer passes: layouts, whose tests render every one of them.
    Any,
}

const BRAND: &[&str] = &["name", "domain", "url", "support"];
const CUSTOMER: &[&str] = &["name"];
const LOOP: &[&str] = &["first", "last", "index"];

/// Where a name leads.
#[derive(Clone, Copy)]
enum Place<'a> {
    Node(&'a Node),
    Text,
    Group(&'static [&'static str]),
    Unknown,
}

struct Walk<'a> {
    names: &'a Names<'a>,
    loops: Vec<(String, Place<'a>)>,
}

/// Checks a template.
pub(crate) fn check(source: &str, names: &Names<'_>) -> Result<(), Refusal> {
    bounded(source)?;
    let tree = parse(
        source,
        "template",
        minijinja::syntax::SyntaxConfig::default(),
    )
    .map_err(|error| Refusal {
        line: error.line().unwrap_or(1),
        reason: error
            .detail()
            .map_or_else(|| error.kind().to_string(), str::to_owned),
    })?;
    let mut walk = Walk {
        names,
        loops: Vec::new(),
    };
    walk.statement(&tree)
}

/// A tag has so many bytes at most; deeper trees than such a tag can hold would need more
/// stack than there is.
const TAG_BYTES: usize = 1_000;
/// `if` and `for` stand inside each other so deep at most.
const DEPTH: usize = 20;

/// Looks at the text before it is read as a tree.
fn bounded(source: &str) -> Result<(), Refusal> {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(start) = source[at..].find('{').map(|found| at + found) {
        let line = || line_at(source, start);
        at = start + 1;
        let end = match source.as_bytes().get(at) {
            Some(b'%') => "%}",
            Some(b'{') => "}}",
            _ => continue,
        };
        let tag = &source[start..];
        // The end stands behind the opening: `{%}` has none.
        let inner = tag[2..].find(end);
        let length = inner.map_or(tag.len(), |length| 2 + length);
        if length > TAG_BYTES {
            let reason = format!("a tag has at most {TAG_BYTES} bytes");
            return Err(Refusal {
                line: line(),
                reason,
            });
        }
        at = start + length;
        let word = tag[2..length].trim_start_matches(['-', '+']).trim_start();
        if word.starts_with("if") || word.starts_with("for") {
            depth += 1;
        } else if word.starts_with("end") {
            depth = depth.saturating_sub(1);
        }
        if depth > DEPTH {
            let reason = format!("tags stand inside each other more than {DEPTH} deep");
            return Err(Refusal {
                line: line(),
                reason,
            });
        }
    }
    Ok(())
}

fn refuse<T>(span: Span, reason: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal {
        line: usize::from(span.start_line).max(1),
        reason: reason.into(),
    })
}

impl<'a> Walk<'a> {
    fn statements(&mut self, statements: &[Stmt<'_>]) -> Result<(), Refusal> {
        statements.iter().try_for_each(|one| self.statement(one))
    }

    fn statement(&mut self, statement: &Stmt<'_>) -> Result<(), Refusal> {
        match statement {
            Stmt::Template(template) => self.statements(&template.children),
            Stmt::EmitRaw(_) => Ok(()),
            Stmt::EmitExpr(emit) => self.printed(&emit.expr),
            Stmt::IfCond(condition) => {
                self.expression(&condition.expr)?;
                self.statements(&condition.true_body)?;
                self.statements(&condition.false_body)
            }
            Stmt::ForLoop(repeat) => {
                if repeat.recursive || repeat.filter_expr.is_some() {
                    return refuse(repeat.span(), "a loop is plain: `for x in list`");
                }
                let Expr::Var(target) = &repeat.target else {
                    return refuse(repeat.span(), "a loop has one variable");
                };
                if self.loops.len() >= 2 {
                    return refuse(repeat.span(), "loops nest at most two deep");
                }
                let entry = match self.expression(&repeat.iter)? {
                    Place::Node(Node {
                        shape: Shape::List(item, _),
                        ..
                    }) => Place::Node(item),
                    Place::Unknown => Place::Unknown,
                    _ => return refuse(repeat.iter.span(), "this is not a list"),
                };
                self.loops.push((target.id.to_owned(), entry));
                let inside = self.statements(&repeat.body);
                self.loops.pop();
                inside?;
                self.statements(&repeat.else_body)
            }
            Stmt::WithBlock(block) => refuse(block.span(), "`with` is not for templates here"),
            Stmt::Set(set) => refuse(set.span(), "`set` is not for templates here"),
            Stmt::SetBlock(set) => refuse(set.span(), "`set` is not for templates here"),
            Stmt::AutoEscape(block) => refuse(block.span(), "escaping cannot be changed"),
            Stmt::FilterBlock(block) => refuse(block.span(), "filter blocks are not for templates"),
            Stmt::Do(call) => refuse(call.span(), "nothing can be called"),
            // Variants that other features of the engine add are refused as well.
            #[expect(unreachable_patterns, reason = "depends on the engine's features")]
            _ => refuse(Span::default(), "this statement is not for templates here"),
        }
    }

    /// What is printed must be a text by then: no whole objects, no unformatted amounts.
    fn printed(&mut self, expr: &Expr<'_>) -> Result<(), Refusal> {
        match self.expression(expr)? {
            Place::Node(Node {
                shape: Shape::Leaf(leaf),
                ..
            }) if leaf.kind.needs_format() => refuse(
                expr.span(),
                "this needs a filter: `money`, `date`, `time` or `datetime`",
            ),
            Place::Node(Node {
                shape: Shape::Object(_) | Shape::List(..),
                ..
            })
            | Place::Group(_) => refuse(expr.span(), "this is not a text but holds several values"),
            _ => Ok(()),
        }
    }

    fn expression(&mut self, expr: &Expr<'_>) -> Result<Place<'a>, Refusal> {
        match expr {
            Expr::Var(variable) => self.variable(variable.id, variable.span()),
            Expr::Const(_) => Ok(Place::Text),
            Expr::GetAttr(get) => {
                let place = self.expression(&get.expr)?;
                attribute(place, get.name, get.span())
            }
            Expr::UnaryOp(op) => match op.op {
                UnaryOpKind::Not => self.expression(&op.expr).map(|_| Place::Text),
                UnaryOpKind::Neg => refuse(op.span(), "templates do not calculate"),
            },
            Expr::BinOp(op) => {
                use BinOpKind as B;
                match op.op {
                    B::Eq
                    | B::Ne
                    | B::Lt
                    | B::Lte
                    | B::Gt
                    | B::Gte
                    | B::ScAnd
                    | B::ScOr
                    | B::In => {
                        self.expression(&op.left)?;
                        self.expression(&op.right)?;
                        Ok(Place::Text)
                    }
                    B::Add
                    | B::Sub
                    | B::Mul
                    | B::Div
                    | B::FloorDiv
                    | B::Rem
                    | B::Pow
                    | B::Concat => refuse(op.span(), "templates do not calculate or join"),
                }
            }
            Expr::Compare(compare) => {
                self.expression(&compare.expr)?;
                for op in &compare.ops {
                    self.expression(&op.expr)?;
                }
                Ok(Place::Text)
            }
            Expr::Filter(filter) => {
                if !filters::NAMES.contains(&filter.name) {
                    let known = filters::NAMES.join(", ");
                    let reason = format!("there is no filter `{}`; there are {known}", filter.name);
                    return refuse(filter.span(), reason);
                }
                if let Some(inner) = &filter.expr {
                    let of = self.expression(inner)?;
                    member_of_list(of, filter)?;
                }
                for argument in &filter.args {
                    match argument {
                        CallArg::Pos(value) | CallArg::Kwarg(_, value) => {
                            self.expression(value)?;
                        }
                        CallArg::PosSplat(_) | CallArg::KwargSplat(_) => {
                            return refuse(filter.span(), "arguments are written out");
                        }
                    }
                }
                Ok(Place::Text)
            }
            Expr::Slice(e) => refuse(e.span(), "templates do not cut; see the filter `shorten`"),
            Expr::IfExpr(e) => refuse(e.span(), "write `{% if %}` instead"),
            Expr::Test(e) => refuse(e.span(), "tests with `is` are not for templates here"),
            Expr::GetItem(e) => refuse(e.span(), "write `.name` instead of brackets"),
            Expr::Call(e) => refuse(e.span(), "nothing can be called"),
            Expr::List(e) => refuse(e.span(), "templates make no lists"),
            Expr::Tuple(e) => refuse(e.span(), "templates make no lists"),
            Expr::Map(e) => refuse(e.span(), "templates make no objects"),
        }
    }

    fn variable(&self, name: &str, span: Span) -> Result<Place<'a>, Refusal> {
        if let Some((_, place)) = self.loops.iter().rev().find(|(known, _)| known == name) {
            return Ok(*place);
        }
        if name.starts_with('_') {
            return refuse(span, format!("`{name}` is not for templates"));
        }
        match (name, self.names) {
            ("loop", _) if !self.loops.is_empty() => Ok(Place::Group(LOOP)),
            (_, Names::Any) => Ok(Place::Unknown),
            ("brand", _) => Ok(Place::Group(BRAND)),
            ("customer", _) => Ok(Place::Group(CUSTOMER)),
            (_, Names::Message(schema)) => match schema.root(name) {
                Some(node) => Ok(Place::Node(node)),
                None => refuse(span, format!("`{name}` is not declared in schema.json")),
            },
        }
    }
}

/// `list("title")`: each entry of the list has a title.
fn member_of_list(of: Place<'_>, filter: &Spanned<Filter<'_>>) -> Result<(), Refusal> {
    let Place::Node(Node {
        shape: Shape::List(entry, _),
        ..
    }) = of
    else {
        return Ok(());
    };
    let Some(CallArg::Pos(Expr::Const(name))) =
        filter.args.first().filter(|_| filter.name == "list")
    else {
        return Ok(());
    };
    let name = name.value.as_str().unwrap_or_default();
    match &entry.shape {
        Shape::Object(children) if children.iter().any(|(known, _)| known == name) => Ok(()),
        _ => refuse(
            filter.span(),
            format!("entries of this list have no `{name}`: see schema.json"),
        ),
    }
}

fn attribute<'a>(place: Place<'a>, name: &str, span: Span) -> Result<Place<'a>, Refusal> {
    match place {
        Place::Unknown => Ok(Place::Unknown),
        Place::Group(known) if known.contains(&name) => Ok(Place::Text),
        Place::Group(known) => {
            let known = known.join(", ");
            refuse(
                span,
                format!("there is no `{name}` here; there are {known}"),
            )
        }
        Place::Node(Node {
            shape: Shape::Object(children),
            ..
        }) => match children.iter().find(|(known, _)| known == name) {
            Some((_, node)) => Ok(Place::Node(node)),
            None => refuse(span, format!("`.{name}` is not declared in schema.json")),
        },
        Place::Node(_) | Place::Text => refuse(
            span,
            format!("`.{name}`: what stands before the dot has no parts"),
        ),
    }
}
