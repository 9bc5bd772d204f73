//! Reads every statement of the backend: whatever touches a table that grows with
//! customers names the partition, so that a spread database sends it to one place.

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, Expr, Insert, ObjectName, Statement, TableFactor, Visit, Visitor,
};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

use crate::postgres::distribute::{PARTITIONED, PARTITIONED_ALONE};

/// Statements that read all partitions on purpose, each with the reason why it may.
const COLD: [(&str, &str); 8] = [
    ("COUNT_EVENTS", "a report over the whole store"),
    ("COUNT_FAILED", "a report over the whole store"),
    ("COUNT_MESSAGES", "a report over the whole store"),
    ("COUNT_DELIVERIES", "a report over the whole store"),
    ("COUNT_IN_DOUBT", "a report over the whole store"),
    ("ACCEPT_TO_CARRIER", "a measurement over the whole store"),
    ("RECOUNT_DELIVERIES", "a check of the whole ledger"),
    ("RECOUNT_PRICES", "a check of the whole ledger"),
];

fn all() -> Vec<(&'static str, &'static str)> {
    use super::{
        attention, claims, consents, contacts, customers, desk, digests, keys, ledger, mailbox,
        nodes, path, receipts, reports, staff, suppressions,
    };
    let lists = [
        attention::ALL,
        claims::ALL,
        consents::ALL,
        suppressions::ALL,
        contacts::ALL,
        customers::ALL,
        desk::ALL,
        digests::ALL,
        keys::ALL,
        ledger::ALL,
        mailbox::ALL,
        nodes::ALL,
        path::ALL,
        receipts::ALL,
        reports::ALL,
        staff::ALL,
    ];
    lists.concat()
}

fn is_partitioned(table: &str) -> bool {
    PARTITIONED.contains(&table) || PARTITIONED_ALONE.contains(&table)
}

fn last(name: &ObjectName) -> String {
    name.0.last().map(ToString::to_string).unwrap_or_default()
}

/// The partitioned tables of a statement by the name they go by, and what the partition of
/// a name is compared with: another name's partition, or something else (`None`).
#[derive(Default)]
struct Found {
    tables: Vec<(String, String)>,
    compared: Vec<(String, Option<String>)>,
    faults: Vec<String>,
}

/// Whose partition an expression is; of the only table where it names none.
fn owner(side: &Expr) -> Option<String> {
    match side {
        Expr::CompoundIdentifier(parts) => match parts.as_slice() {
            [of, column] if column.value == "partition" => Some(of.value.clone()),
            _ => None,
        },
        Expr::Identifier(column) if column.value == "partition" => Some(String::new()),
        _ => None,
    }
}

impl Found {
    fn compares(&mut self, left: &Expr, right: Option<&Expr>) {
        let right = right.and_then(owner);
        if let Some(left) = owner(left) {
            self.compared.push((left, right));
        }
    }

    fn is_partitioned(&self, name: &str) -> bool {
        self.tables.iter().any(|(alias, _)| alias == name)
    }

    /// Names whose partition is given from outside of the partitioned tables, directly or
    /// through each other.
    fn anchored(&self) -> Vec<String> {
        let mut anchored: Vec<String> = Vec::new();
        loop {
            let next = self.compared.iter().find(|(name, with)| {
                let given = with
                    .as_ref()
                    .is_none_or(|with| !self.is_partitioned(with) || anchored.contains(with));
                given && !anchored.contains(name)
            });
            match next {
                Some((name, _)) => anchored.push(name.clone()),
                None => return anchored,
            }
        }
    }
}

impl Visitor for Found {
    type Break = ();

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { name, alias, .. } = factor {
            let table = last(name);
            if is_partitioned(&table) {
                let alias = alias.as_ref().map(|alias| alias.name.value.clone());
                self.tables
                    .push((alias.unwrap_or_else(|| table.clone()), table));
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::BinaryOp {
                left,
                op: BinaryOperator::Eq,
                right,
            } => {
                self.compares(left, Some(right));
                self.compares(right, Some(left));
            }
            Expr::AnyOp {
                left,
                compare_op: BinaryOperator::Eq,
                ..
            } => self.compares(left, None),
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<()> {
        if let Statement::Insert(Insert { table, columns, .. }) = statement {
            let table = table.to_string();
            let named = columns
                .first()
                .is_some_and(|column| column.value == "partition");
            if is_partitioned(&table) && !named {
                self.faults.push(format!(
                    "an insert into {table} begins without the partition"
                ));
            }
        }
        ControlFlow::Continue(())
    }
}

/// What is wrong with a statement.
fn faults(sql: &str) -> Vec<String> {
    let statements = match Parser::parse_sql(&PostgreSqlDialect {}, sql) {
        Ok(statements) => statements,
        Err(error) => return vec![format!("it does not parse: {error}")],
    };
    let mut found = Found::default();
    let _ = statements.visit(&mut found);
    let anchored = found.anchored();
    let tables = found.tables.iter();
    let missing = tables.filter(|(alias, _)| {
        let alone = found.tables.len() == 1 && anchored.iter().any(String::is_empty);
        !anchored.contains(alias) && !alone
    });
    let missing = missing.map(|(_, table)| format!("{table} is read without its partition"));
    missing.chain(found.faults.iter().cloned()).collect()
}

#[test]
fn every_statement_names_the_partition() {
    let mut wrong = Vec::new();
    for (name, sql) in all() {
        let cold = COLD.iter().any(|(cold, _)| *cold == name);
        let found = faults(sql);
        if cold && found.is_empty() {
            wrong.push(format!("{name} is no exception any more"));
        }
        if !cold {
            wrong.extend(found.into_iter().map(|fault| format!("{name}: {fault}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_reader_finds_what_is_missing() {
    for bad in [
        "SELECT id FROM events WHERE id = $1",
        "UPDATE due SET lane = 1 WHERE delivery = $1",
        "DELETE FROM claims AS c USING due AS q WHERE q.partition = $1 AND c.delivery = q.delivery",
        "INSERT INTO due (channel, partition) VALUES ($1, $2)",
        "SELECT m.id FROM mailbox AS b JOIN messages AS m ON m.id = b.message WHERE b.partition = $1",
        "SELECT m.id FROM mailbox AS b JOIN messages AS m ON m.partition = b.partition",
        "SELECT id FROM",
    ] {
        assert!(!faults(bad).is_empty(), "{bad}");
    }
    for good in [
        "SELECT id FROM events WHERE partition = ANY($1)",
        "SELECT id FROM names WHERE name = $1",
    ] {
        assert!(faults(good).is_empty(), "{good}");
    }
}

#[test]
fn every_key_of_a_growing_table_begins_with_the_partition() {
    let schema = concat!(
        include_str!("../../../migrations/postgres/0001_first.sql"),
        include_str!("../../../migrations/postgres/0004_ledger.sql"),
    );
    let plain: String = schema
        .lines()
        .map(|line| line.split("--").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join(" ");
    let mut seen = 0;
    for statement in plain.split(';').map(str::trim) {
        let words: Vec<&str> = statement.split_whitespace().collect();
        let table = match words.as_slice() {
            ["CREATE", "TABLE", table, ..] => *table,
            ["CREATE", "INDEX", _, "ON", table, ..] => *table,
            ["CREATE", "UNIQUE", ..] => panic!("name the table's rule here: {statement}"),
            _ => continue,
        };
        if !is_partitioned(table) {
            continue;
        }
        for start in [
            "PRIMARY KEY",
            "UNIQUE",
            "FOREIGN KEY",
            &format!("ON {table}"),
        ] {
            for (at, _) in statement.match_indices(start) {
                let key = statement[at + start.len()..].trim_start();
                assert!(
                    key.starts_with("(partition, "),
                    "{table}: {start} {key:.40}"
                );
                seen += 1;
            }
        }
    }
    assert!(seen > PARTITIONED.len(), "the schema was not read");
}
