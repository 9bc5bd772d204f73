//! Adding an account: its link is shown once, for the operator to hand over.

use axum::Form;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use super::list::{self, Draft};
use super::{Mistake, Ticked, link_page};
use crate::App;
use crate::console::gate::Visitor;
use crate::message_center::signed_in::PageError;
use crate::staff::add_staff;

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    name: String,
    email: String,
    operator: String,
    marketer: String,
    support: String,
    trust: String,
    auditor: String,
}

/// `POST /console/staff`
pub(crate) async fn add(
    State(app): State<App>,
    visitor: Visitor,
    Form(sent): Form<Sent>,
) -> Result<Response, PageError> {
    let ticked = Ticked {
        operator: sent.operator,
        marketer: sent.marketer,
        support: sent.support,
        trust: sent.trust,
        auditor: sent.auditor,
    };
    let roles = ticked.roles();
    let added = add_staff(
        app.store(),
        app.random(),
        visitor.actor(),
        (&sent.name, &sent.email),
        roles,
        app.now(),
    );
    match added.await {
        Ok(invited) => {
            let name = sent.name.trim().to_owned();
            Ok(link_page(&app, &visitor, &invited, name, false))
        }
        Err(error) => {
            let draft = Draft {
                name: sent.name,
                email: sent.email,
                roles,
                mistake: Some(Mistake::of(error)?),
            };
            list::with(&app, &visitor, draft).await
        }
    }
}
