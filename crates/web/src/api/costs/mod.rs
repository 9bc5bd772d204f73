//! What sending costs: sums, budgets, and the prices that carriers report.

pub(crate) mod budgets;
pub(crate) mod list;
pub(crate) mod prices;
