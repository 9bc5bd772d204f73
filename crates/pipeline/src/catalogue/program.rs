//! A template as it runs: compiled once from the checked syntax tree.
//!
//! The language is what the allow-list lets through, and no more: whatever stands outside
//! it is refused here too, so that a gap in the list cannot run.

use minijinja::Value;
use minijinja::machinery::ast::{self, BinOpKind, CallArg, CompareOpKind, Stmt, UnaryOpKind};
use minijinja::machinery::{Span, parse};
use minijinja::value::ValueKind;

use super::allow_list::Refusal;
use super::filters::Filter;

/// One step of a template, with the line it stands on.
#[derive(Debug)]
pub(super) enum Step {
    Text(String),
    Print(Expr, usize),
    If {
        condition: Expr,
        then: Vec<Step>,
        otherwise: Vec<Step>,
        line: usize,
    },
    For {
        over: Expr,
        body: Vec<Step>,
        otherwise: Vec<Step>,
        line: usize,
    },
}

/// What has a value.
#[derive(Debug)]
pub(super) enum Expr {
    /// A name of the scene.
    Root(String),
    /// The variable of a loop, counted from the outermost.
    Local(usize),
    /// Where the innermost loop stands.
    Loop,
    Attribute(Box<Expr>, String),
    Text(String),
    Number(i64),
    Bool(bool),
    None,
    Not(Box<Expr>),
    And(Box<[Expr; 2]>),
    Or(Box<[Expr; 2]>),
    Compare(Box<Expr>, Vec<(Comparison, Expr)>),
    Filter(Box<Call>),
}

/// A filter at work.
#[derive(Debug)]
pub(super) struct Call {
    pub filter: Filter,
    pub of: Expr,
    pub arguments: Vec<Expr>,
    pub named: Vec<(String, Expr)>,
    pub line: usize,
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
}

/// A compiled template.
#[derive(Debug)]
pub(crate) struct Program {
    pub(super) steps: Vec<Step>,
    /// The bytes of its fixed text: what a rendering takes at most, but for the data.
    pub(super) fixed: usize,
}

impl Program {
    /// Compiles a template that the allow-list has passed.
    pub(crate) fn compile(source: &str) -> Result<Self, Refusal> {
        let config = minijinja::syntax::SyntaxConfig::default();
        let tree = parse(source, "template", config).map_err(|error| Refusal {
            line: error.line().unwrap_or(1),
            reason: error.kind().to_string(),
        })?;
        let mut compiler = Compiler {
            loops: Vec::new(),
            fixed: 0,
        };
        let mut steps = Vec::new();
        compiler.statement(&tree, &mut steps)?;
        Ok(Self {
            steps,
            fixed: compiler.fixed,
        })
    }
}

fn line(span: Span) -> usize {
    usize::from(span.start_line).max(1)
}

fn refuse<T>(span: Span, reason: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal {
        line: line(span),
        reason: reason.into(),
    })
}

struct Compiler {
    loops: Vec<String>,
    fixed: usize,
}

impl Compiler {
    fn block(&mut self, statements: &[Stmt<'_>]) -> Result<Vec<Step>, Refusal> {
        let mut steps = Vec::new();
        for statement in statements {
            self.statement(statement, &mut steps)?;
        }
        Ok(steps)
    }

    fn statement(&mut self, statement: &Stmt<'_>, steps: &mut Vec<Step>) -> Result<(), Refusal> {
        match statement {
            Stmt::Template(template) => {
                for child in &template.children {
                    self.statement(child, steps)?;
                }
            }
            Stmt::EmitRaw(raw) => {
                self.fixed += raw.raw.len();
                match steps.last_mut() {
                    Some(Step::Text(text)) => text.push_str(raw.raw),
                    _ => steps.push(Step::Text(raw.raw.to_owned())),
                }
            }
            Stmt::EmitExpr(emit) => {
                steps.push(Step::Print(
                    self.expression(&emit.expr)?,
                    line(emit.expr.span()),
                ));
            }
            Stmt::IfCond(condition) => steps.push(Step::If {
                condition: self.expression(&condition.expr)?,
                then: self.block(&condition.true_body)?,
                otherwise: self.block(&condition.false_body)?,
                line: line(condition.expr.span()),
            }),
            Stmt::ForLoop(repeat) => {
                let ast::Expr::Var(target) = &repeat.target else {
                    return refuse(repeat.span(), "a loop has one variable");
                };
                let over = self.expression(&repeat.iter)?;
                self.loops.push(target.id.to_owned());
                let body = self.block(&repeat.body);
                self.loops.pop();
                steps.push(Step::For {
                    over,
                    body: body?,
                    otherwise: self.block(&repeat.else_body)?,
                    line: line(repeat.iter.span()),
                });
            }
            _ => return refuse(Span::default(), "this statement is not for templates here"),
        }
        Ok(())
    }

    fn boxed(&self, expr: &ast::Expr<'_>) -> Result<Box<Expr>, Refusal> {
        self.expression(expr).map(Box::new)
    }

    fn expression(&self, expr: &ast::Expr<'_>) -> Result<Expr, Refusal> {
        match expr {
            ast::Expr::Var(variable) => {
                let name = variable.id;
                if let Some(at) = self.loops.iter().rposition(|known| known == name) {
                    return Ok(Expr::Local(at));
                }
                Ok(if name == "loop" && !self.loops.is_empty() {
                    Expr::Loop
                } else {
                    Expr::Root(name.to_owned())
                })
            }
            ast::Expr::Const(constant) => self::constant(&constant.value, constant.span()),
            ast::Expr::GetAttr(get) => {
                Ok(Expr::Attribute(self.boxed(&get.expr)?, get.name.to_owned()))
            }
            ast::Expr::UnaryOp(op) if matches!(op.op, UnaryOpKind::Not) => {
                Ok(Expr::Not(self.boxed(&op.expr)?))
            }
            ast::Expr::BinOp(op) => {
                let (left, right) = (self.expression(&op.left)?, self.expression(&op.right)?);
                let comparison = match op.op {
                    BinOpKind::ScAnd => return Ok(Expr::And(Box::new([left, right]))),
                    BinOpKind::ScOr => return Ok(Expr::Or(Box::new([left, right]))),
                    BinOpKind::Eq => Comparison::Equal,
                    BinOpKind::Ne => Comparison::Unequal,
                    BinOpKind::Lt => Comparison::Less,
                    BinOpKind::Lte => Comparison::LessOrEqual,
                    BinOpKind::Gt => Comparison::Greater,
                    BinOpKind::Gte => Comparison::GreaterOrEqual,
                    BinOpKind::In => Comparison::In,
                    _ => return refuse(op.span(), "templates do not calculate or join"),
                };
                Ok(Expr::Compare(Box::new(left), vec![(comparison, right)]))
            }
            ast::Expr::Compare(chain) => {
                let mut others = Vec::with_capacity(chain.ops.len());
                for op in &chain.ops {
                    others.push((comparison(op.op), self.expression(&op.expr)?));
                }
                Ok(Expr::Compare(self.boxed(&chain.expr)?, others))
            }
            ast::Expr::Filter(filter) => self.filter(filter, filter.span()),
            other => refuse(other.span(), "this is not for templates here"),
        }
    }

    fn filter(&self, filter: &ast::Filter<'_>, span: Span) -> Result<Expr, Refusal> {
        let (Some(known), Some(of)) = (Filter::named(filter.name), &filter.expr) else {
            return refuse(span, format!("there is no filter `{}`", filter.name));
        };
        let (mut arguments, mut named) = (Vec::new(), Vec::new());
        for argument in &filter.args {
            match argument {
                CallArg::Pos(value) => arguments.push(self.expression(value)?),
                CallArg::Kwarg(name, value) => {
                    named.push(((*name).to_owned(), self.expression(value)?));
                }
                CallArg::PosSplat(_) | CallArg::KwargSplat(_) => {
                    return refuse(span, "arguments are written out");
                }
            }
        }
        let takes = known.arguments();
        if !takes.contains(&arguments.len()) || !(named.is_empty() || known == Filter::Plural) {
            let reason = format!("`{}` does not take these arguments", filter.name);
            return refuse(span, reason);
        }
        Ok(Expr::Filter(Box::new(Call {
            filter: known,
            of: self.expression(of)?,
            arguments,
            named,
            line: line(span),
        })))
    }
}

fn constant(value: &Value, span: Span) -> Result<Expr, Refusal> {
    match value.kind() {
        ValueKind::None => Ok(Expr::None),
        ValueKind::Bool => Ok(Expr::Bool(value.is_true())),
        ValueKind::String => Ok(Expr::Text(value.as_str().unwrap_or_default().to_owned())),
        _ => match value.as_i64().filter(|_| value.is_integer()) {
            Some(number) => Ok(Expr::Number(number)),
            None => refuse(span, "numbers in templates are whole"),
        },
    }
}

fn comparison(op: CompareOpKind) -> Comparison {
    match op {
        CompareOpKind::Eq => Comparison::Equal,
        CompareOpKind::Ne => Comparison::Unequal,
        CompareOpKind::Lt => Comparison::Less,
        CompareOpKind::Lte => Comparison::LessOrEqual,
        CompareOpKind::Gt => Comparison::Greater,
        CompareOpKind::Gte => Comparison::GreaterOrEqual,
        CompareOpKind::In => Comparison::In,
        CompareOpKind::NotIn => Comparison::NotIn,
    }
}
