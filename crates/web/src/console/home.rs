//! The console's first page: what needs somebody now.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use model::{Channel, FailureReason, Permission};

use super::clock::UtcClock;
use super::costs::{BudgetLine, pressing_budgets};
use super::frame::{Frame, Spot, page};
use super::gate::Visitor;
use crate::App;
use crate::message_center::signed_in::PageError;
use crate::message_center::when::Moment;
use crate::page::{Page, html};
use crate::staff::barred_accounts;

/// So many of the newest failed events are counted by reason.
pub(super) const COUNTED: usize = 10_000;

#[derive(Template)]
#[template(path = "console/home.html")]
struct HomePage {
    page: Page,
    frame: Frame,
    failed: u64,
    /// There are more than were counted.
    more_failed: bool,
    reasons: Vec<(FailureReason, u64)>,
    waiting: u64,
    next: Vec<(Channel, Moment)>,
    held_back: usize,
    /// Spent, or nearly.
    budgets: Vec<BudgetLine>,
}

/// `GET /console`
pub(crate) async fn show(State(app): State<App>, visitor: Visitor) -> Result<Response, PageError> {
    let store = app.store();
    let (mut failed, mut reasons) = (0, Vec::new());
    if visitor.may(Permission::ReadFailedEvents) {
        for count in store.failed_counts(COUNTED).await? {
            failed += count.count;
            match reasons
                .iter_mut()
                .find(|(reason, _)| *reason == count.reason)
            {
                Some((_, sum)) => *sum += count.count,
                None => reasons.push((count.reason, count.count)),
            }
        }
    }
    let mut next = Vec::new();
    if visitor.may(Permission::ReadMessages) {
        let clock = UtcClock::new(app.now());
        for channel in Channel::ALL {
            let due = store.next_due(*channel).await?;
            next.extend(due.map(|due| (*channel, clock.moment(due))));
        }
    }
    let mut held_back = 0;
    if visitor.may(Permission::ReadStaff) {
        let accounts = store.staff().await?;
        held_back = barred_accounts(store, &accounts, app.now()).await?.len();
    }
    let budgets = match visitor.may(Permission::ReadCosts) {
        true => pressing_budgets(&app),
        false => Vec::new(),
    };
    let shown = HomePage {
        page: page(&app),
        frame: Frame::of(&visitor, Spot::Home),
        failed,
        more_failed: failed >= COUNTED as u64,
        reasons,
        waiting: store.backlog(),
        next,
        held_back,
        budgets,
    };
    Ok(html(StatusCode::OK, &shown))
}
