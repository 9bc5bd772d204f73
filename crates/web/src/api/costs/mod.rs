//! What sending costs: sums, budgets, and the prices that carriers report.

pub(crate) mod budgets;
pub(crate) mod list;
pub(crate) mod prices;

use model::Mode;

/// What a key sees: real money with a live or team key, test money with a test key.
fn modes(mode: Mode) -> Vec<Mode> {
    match mode {
        Mode::Test => vec![Mode::Test],
        Mode::Live | Mode::Team => vec![Mode::Live, Mode::Team],
    }
}
