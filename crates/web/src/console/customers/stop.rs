//! Stopping for a customer who asked an agent to.

use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use model::{Channel, How, Said};
use pipeline::choices::{ChannelChoice, Choice, Choices, ChooseError};
use serde::Deserialize;
use serde_json::json;

use super::href;
use super::one::facts;
use crate::App;
use crate::console::gate::Visitor;
use crate::console::suppressions::by;
use crate::message_center::signed_in::PageError;
use crate::page::ErrorKind;

/// What is to stop.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    what: String,
}

/// `POST /console/customers/{id}/stop`: from then on nothing leaves against it, also nothing
/// that is queued.
pub(crate) async fn stop(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Form(sent): Form<Sent>,
) -> Result<Response, PageError> {
    let facts = facts(&app, id).await?;
    let choice = match sent.what.as_str() {
        "offers" => Choice::StopOffers,
        what => {
            let channel = what.parse::<Channel>();
            let channel = channel.map_err(|_| PageError::Shown(ErrorKind::Unreadable))?;
            Choice::Form(Choices {
                channels: vec![ChannelChoice {
                    channel,
                    allowed: Some(false),
                    offers: None,
                }],
                ..Choices::default()
            })
        }
    };
    let said = Said {
        at: app.now(),
        how: How::Agent,
        source: "console".to_owned(),
        wording: String::new(),
        locale: String::new(),
        by: by(&visitor),
    };
    let chosen = app.pipeline().choose(facts.recipient, &choice, &said).await;
    let chosen = chosen.map_err(|error| match error {
        ChooseError::Store(error) => PageError::from(error),
        ChooseError::Unknown => PageError::Shown(ErrorKind::NotFound),
        ChooseError::Faulty(_) | ChooseError::Overtaken => PageError::Shown(ErrorKind::Broken),
    })?;
    let done = match chosen.changed.is_empty() && chosen.lines.is_empty() {
        true => "nothing",
        false => {
            let (actor, details) = (visitor.actor(), json!({ "what": sent.what }));
            let recipient = facts.recipient;
            let line = actor.line(
                app.store(),
                app.now(),
                "customer.stopped",
                &recipient,
                details,
            );
            app.store().append_audit(vec![line]).await?;
            sent.what.as_str()
        }
    };
    let to = format!("{}?done={done}", href(&facts.customer.id));
    Ok(Redirect::to(&to).into_response())
}
