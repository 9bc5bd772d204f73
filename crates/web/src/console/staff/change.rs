//! What operators change of an account. Each is a POST that ends in a redirect, or in the
//! page with what was refused.

use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use model::StaffId;

use super::one;
use super::{Mistake, Ticked, link_page};
use crate::App;
use crate::console::gate::Visitor;
use crate::message_center::signed_in::PageError;
use crate::page::ErrorKind;
use crate::staff::{
    StaffError, disable_staff, enable_staff, reset_staff, set_staff_roles, unlock_staff,
};

fn read(id: &str) -> Result<StaffId, PageError> {
    id.parse()
        .map_err(|_| PageError::Shown(ErrorKind::NotFound))
}

async fn answer(
    app: &App,
    visitor: &Visitor,
    id: &str,
    done: &str,
    changed: Result<(), StaffError>,
) -> Result<Response, PageError> {
    match changed {
        Ok(()) => Ok(Redirect::to(&format!("/console/staff/{id}?done={done}")).into_response()),
        Err(error) => {
            let mistake = Mistake::of(error)?;
            one::with(app, visitor, id, String::new(), Some(mistake)).await
        }
    }
}

/// `POST /console/staff/{id}/roles`
pub(crate) async fn roles(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Form(ticked): Form<Ticked>,
) -> Result<Response, PageError> {
    let (staff, roles) = (read(&id)?, ticked.roles());
    let changed = set_staff_roles(app.store(), visitor.actor(), staff, roles, app.now()).await;
    answer(&app, &visitor, &id, "roles", changed).await
}

/// `POST /console/staff/{id}/disable`
pub(crate) async fn disable(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let changed = disable_staff(app.store(), visitor.actor(), read(&id)?, app.now()).await;
    answer(&app, &visitor, &id, "disabled", changed).await
}

/// `POST /console/staff/{id}/enable`
pub(crate) async fn enable(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let changed = enable_staff(app.store(), visitor.actor(), read(&id)?, app.now()).await;
    answer(&app, &visitor, &id, "enabled", changed).await
}

/// `POST /console/staff/{id}/unlock`
pub(crate) async fn unlock(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let changed = unlock_staff(app.store(), visitor.actor(), read(&id)?, app.now()).await;
    answer(&app, &visitor, &id, "unlocked", changed).await
}

/// `POST /console/staff/{id}/reset`: the new link is shown once.
pub(crate) async fn reset(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let (store, staff) = (app.store(), read(&id)?);
    let done = reset_staff(store, app.random(), visitor.actor(), staff, app.now()).await;
    match done {
        Ok(invited) => {
            let account = store.staff_account(staff).await?;
            let name = account.map(|account| account.name.open().to_owned());
            let name = name.unwrap_or_default();
            Ok(link_page(&app, &visitor, &invited, name, true))
        }
        Err(error) => answer(&app, &visitor, &id, "", Err(error)).await,
    }
}
