//! One customer, as an agent helps them: what they allowed and stopped, and stopping for them.
//!
//! An agent takes away on a customer's word, and gives nothing: a consent needs the words that
//! the customer heard or read.

mod find;
mod one;
mod stop;

use model::Permission;

use super::gate::Access::With;
use super::gate::Routes;
use crate::message_center::filter::escape_into;

/// The routes of these pages.
pub(super) fn routes(routes: Routes) -> Routes {
    use Permission as P;
    routes
        .get("/console/customers", With(P::ReadCustomers), find::show)
        .post(
            "/console/customers/find",
            With(P::ReadCustomers),
            find::find,
        )
        .get("/console/customers/{id}", With(P::ReadCustomers), one::show)
        .post(
            "/console/customers/{id}/stop",
            With(P::StopForCustomers),
            stop::stop,
        )
}

/// The page of a customer, by the marketplace's own id.
pub(super) fn href(id: &str) -> String {
    let mut href = "/console/customers/".to_owned();
    escape_into(id, &mut href);
    href
}
