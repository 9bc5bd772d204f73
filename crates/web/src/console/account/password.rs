//! Choosing another password.

use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use model::Sealed;
use serde::Deserialize;

use super::{Mistake, own, show};
use crate::App;
use crate::console::door::Address;
use crate::console::gate::Visitor;
use crate::message_center::signed_in::PageError;
use crate::staff::change_password;

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    present: Sealed,
    password: Sealed,
    again: Sealed,
}

/// `POST /console/account/password`
pub(crate) async fn change(
    State(app): State<App>,
    visitor: Visitor,
    Address(address): Address,
    Form(sent): Form<Sent>,
) -> Result<Response, PageError> {
    let found = own(&visitor)?;
    let new = (&sent.password, &sent.again);
    match change_password(&app, &address, found, &sent.present, new).await {
        Ok(()) => Ok(Redirect::to("/console/account?done=password").into_response()),
        Err(fault) => {
            let mistake = Mistake::of(&app, fault)?;
            show::with(&app, &visitor, String::new(), Some(mistake)).await
        }
    }
}
