//! Addresses that nothing goes to: the list, one of them, adding and undoing.
//!
//! The store keeps an address by its digest and its ends, so the pages show its ends. One that
//! is looked for comes in a form and stands in no link.

mod change;
mod list;
mod one;

pub(super) use change::by;
pub(super) use list::read_address;
use model::{Channel, Permission, Suppressed};
use store::Suppression;

use super::clock::UtcClock;
use super::gate::Access::With;
use super::gate::Routes;
use crate::App;
use crate::message_center::signed_in::PageError;
use crate::message_center::when::Moment;

/// The routes of these pages.
pub(super) fn routes(routes: Routes) -> Routes {
    use Permission as P;
    routes
        .get("/console/suppressions", With(P::ReadCustomers), list::show)
        .post(
            "/console/suppressions",
            With(P::StopForCustomers),
            change::add,
        )
        .post(
            "/console/suppressions/find",
            With(P::ReadCustomers),
            list::find,
        )
        .get(
            "/console/suppressions/{id}",
            With(P::ReadCustomers),
            one::show,
        )
        .post(
            "/console/suppressions/{id}/undo",
            With(P::StopForCustomers),
            change::undo,
        )
}

/// An entry as the pages show it.
pub(super) struct Line {
    pub id: String,
    pub channel: Channel,
    pub masked: String,
    pub reason: String,
    pub at: Moment,
    pub until: Option<Moment>,
    pub ended: bool,
    pub own: bool,
    pub note: String,
    pub by: String,
}

/// Names of those who add entries: accounts of staff; a key is named already.
pub(super) struct Makers(Vec<(String, String)>);

impl Makers {
    pub(super) async fn load(app: &App) -> Result<Self, PageError> {
        let staff = app.store().staff().await?;
        let named = staff.into_iter();
        let named = named.map(|one| (one.id.to_string(), one.name.open().to_owned()));
        Ok(Self(named.collect()))
    }

    /// What somebody is called.
    pub(super) fn of(&self, by: &str) -> String {
        let known = self.0.iter().find(|(id, _)| id == by);
        known.map_or(by, |(_, name)| name.as_str()).to_owned()
    }

    pub(super) fn line(&self, entry: Suppression, clock: &UtcClock, app: &App) -> Line {
        let ends = Suppressed {
            reason: String::new(),
            until: entry.until,
        };
        Line {
            own: entry.is_own(),
            ended: !ends.holds(app.now()),
            id: entry.id.to_string(),
            channel: entry.channel,
            masked: entry.masked,
            reason: entry.reason,
            at: clock.minute(entry.at),
            until: entry.until.map(|until| clock.minute(until)),
            note: entry.note,
            by: self.of(&entry.by),
        }
    }
}
