//! The API: one file an endpoint, `<noun>/<verb>.rs`. Each parses, calls once, and shapes
//! the answer. [`crate::router`] lists them all.

pub(crate) mod consents;
pub(crate) mod costs;
pub(crate) mod customers;
pub(crate) mod events;
pub(crate) mod failed_events;
pub(crate) mod keys;
pub(crate) mod messages;
pub(crate) mod suppressions;

use crate::problem::{Code, Problem};

/// How many items a page holds when the caller does not say.
const PAGE: usize = 50;
/// How many it holds at most.
const PAGE_AT_MOST: usize = 200;

/// The size of a page.
fn page_size(asked: Option<usize>) -> Result<usize, Problem> {
    match asked {
        None => Ok(PAGE),
        Some(size) if (1..=PAGE_AT_MOST).contains(&size) => Ok(size),
        Some(_) => Err(Problem::new(
            Code::BadRequest,
            format!("`limit` is a number from 1 to {PAGE_AT_MOST}."),
        )),
    }
}
