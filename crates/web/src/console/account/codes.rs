//! Setting up another phone: a new picture to scan, and new recovery codes.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use model::Sealed;
use serde::Deserialize;

use super::{Mistake, own};
use crate::console::door::Address;
use crate::console::door::enrol::{RecoveryPage, Scan, scan};
use crate::console::frame::{Frame, Spot, page};
use crate::console::gate::Visitor;
use crate::message_center::signed_in::PageError;
use crate::page::{Page, html};
use crate::staff::{new_codes, secret_of_nonce};
use crate::{App, base64url};

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    nonce: String,
    present: Sealed,
    code: String,
}

#[derive(Template)]
#[template(path = "console/codes.html")]
struct CodesPage {
    page: Page,
    frame: Frame,
    mistake: Option<Mistake>,
    nonce: String,
    scan: Scan,
}

fn form(
    app: &App,
    visitor: &Visitor,
    nonce: String,
    mistake: Option<Mistake>,
) -> Result<Response, PageError> {
    let found = own(visitor)?;
    let secret = secret_of_nonce(app, found, &nonce);
    let status = match mistake {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    let shown = CodesPage {
        page: page(app),
        frame: Frame::of(visitor, Spot::Account),
        mistake,
        nonce,
        scan: scan(app, &secret, found.account.login.open()),
    };
    Ok(html(status, &shown))
}

/// `GET /console/account/codes`
pub(crate) async fn show(State(app): State<App>, visitor: Visitor) -> Result<Response, PageError> {
    let nonce = base64url::encode(&app.random_bytes::<16>()?);
    form(&app, &visitor, nonce, None)
}

/// `POST /console/account/codes`
pub(crate) async fn change(
    State(app): State<App>,
    visitor: Visitor,
    Address(address): Address,
    Form(sent): Form<Sent>,
) -> Result<Response, PageError> {
    let given = (sent.nonce.as_str(), sent.code.as_str());
    match new_codes(&app, &address, own(&visitor)?, &sent.present, given).await {
        Ok(codes) => {
            let shown = RecoveryPage {
                page: page(&app),
                frame: Frame::of(&visitor, Spot::Account),
                codes,
                again: true,
            };
            Ok(html(StatusCode::OK, &shown))
        }
        Err(fault) => {
            let mistake = Mistake::of(&app, fault)?;
            form(&app, &visitor, sent.nonce, Some(mistake))
        }
    }
}
