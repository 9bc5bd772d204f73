//! The console: what the people who run the marketplace see and do.
//!
//! Behind their sign-in; in the demo open to everybody who reaches it. Each route names who
//! may come ([`gate::Access`]), and what changes something writes a line of the audit. Shows
//! addresses of customers by their ends only. What is done stands in `staff` and the
//! pipeline; here are the pages.

mod account;
mod audit;
mod catalogue;
mod clock;
mod costs;
mod customers;
mod door;
mod failed;
mod frame;
pub(crate) mod gate;
mod home;
mod path;
mod staff;
mod suppressions;

pub(crate) mod view;

use axum::Router;
use axum::response::Redirect;
use axum::routing::get;
use model::Permission;

use crate::App;
pub(crate) use account::Mistake as OwnMistake;
pub(crate) use door::Refusal;
pub(crate) use door::enrol::Mistake as EnrolMistake;
pub(crate) use staff::Mistake as StaffMistake;
pub(crate) use staff::list::Standing;
pub(crate) use view::StepKind;

/// The routes of the console, each with who may come. The whole list.
pub(crate) fn routes(app: &App) -> gate::Routes {
    use Permission as P;
    use gate::Access::{Everybody, Staff, With};
    let routes = catalogue::routes(gate::Routes::new(app));
    suppressions::routes(customers::routes(routes))
        .get("/console/sign-in", Everybody, door::sign_in::show)
        .post("/console/sign-in", Everybody, door::sign_in::password)
        .get("/console/sign-in/code", Everybody, door::code::show)
        .post("/console/sign-in/code", Everybody, door::code::give)
        .get("/console/enrol", Everybody, door::enrol::show)
        .post("/console/enrol", Everybody, door::enrol::enrol)
        .post("/console/sign-out", Staff, door::sign_in::out)
        .get("/console", Staff, home::show)
        .get("/console/path", With(P::ReadMessages), path::show)
        .get(
            "/console/failed",
            With(P::ReadFailedEvents),
            failed::list::show,
        )
        .post(
            "/console/failed/again",
            With(P::RetryFailedEvents),
            failed::again::all,
        )
        .get(
            "/console/failed/{id}",
            With(P::ReadFailedEvents),
            failed::one::show,
        )
        .post(
            "/console/failed/{id}/again",
            With(P::RetryFailedEvents),
            failed::again::one,
        )
        .get("/console/costs", With(P::ReadCosts), costs::show)
        .get("/console/staff", With(P::ReadStaff), staff::list::show)
        .post("/console/staff", With(P::ManageStaff), staff::add::add)
        .get("/console/staff/{id}", With(P::ReadStaff), staff::one::show)
        .post(
            "/console/staff/{id}/roles",
            With(P::ManageStaff),
            staff::change::roles,
        )
        .post(
            "/console/staff/{id}/disable",
            With(P::ManageStaff),
            staff::change::disable,
        )
        .post(
            "/console/staff/{id}/enable",
            With(P::ManageStaff),
            staff::change::enable,
        )
        .post(
            "/console/staff/{id}/unlock",
            With(P::ManageStaff),
            staff::change::unlock,
        )
        .post(
            "/console/staff/{id}/reset",
            With(P::ManageStaff),
            staff::change::reset,
        )
        .get("/console/audit", With(P::ReadAudit), audit::show)
        .get("/console/account", Staff, account::show::show)
        .post(
            "/console/account/password",
            Staff,
            account::password::change,
        )
        .get("/console/account/codes", Staff, account::codes::show)
        .post("/console/account/codes", Staff, account::codes::change)
        .post("/console/account/sessions", Staff, account::sessions::end)
}

/// The console as the router takes it, with where its pages once were.
pub(crate) fn router(app: &App) -> Router<App> {
    let moved = get(async || Redirect::permanent("/console/path"));
    routes(app).into_router().route("/path", moved)
}
