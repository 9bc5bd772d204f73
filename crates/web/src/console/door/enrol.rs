//! Behind an enrolment link. Showing the page uses nothing up; only the form does.

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use model::Sealed;
use serde::Deserialize;
use store::StaffAccount;

use crate::App;
use crate::console::frame::{Frame, page};
use crate::message_center::signed_in::PageError;
use crate::page::{ErrorKind, Page, html};
use crate::staff::{self, EnrolFault, Faulty, Qr};

/// What the link carries.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Link {
    token: String,
}

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    token: Sealed,
    password: Sealed,
    again: Sealed,
    code: String,
}

/// What the page says went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    Password(Faulty),
    Unequal,
    Code,
    Busy,
}

/// What somebody scans, or types.
pub(crate) struct Scan {
    pub qr: Option<Qr>,
    pub uri: String,
    pub typed: String,
}

#[derive(Template)]
#[template(path = "console/enrol.html")]
struct EnrolPage {
    page: Page,
    frame: Frame,
    token: String,
    name: String,
    login: String,
    scan: Scan,
    mistake: Option<Mistake>,
}

#[derive(Template)]
#[template(path = "console/link_gone.html")]
struct GonePage {
    page: Page,
    frame: Frame,
}

/// The codes that are shown once.
#[derive(Template)]
#[template(path = "console/recovery.html")]
pub(crate) struct RecoveryPage {
    pub page: Page,
    pub frame: Frame,
    pub codes: Vec<String>,
    /// They were here before, and their old codes are void.
    pub again: bool,
}

fn gone(app: &App) -> Response {
    let shown = GonePage {
        page: page(app),
        frame: Frame::outside(),
    };
    html(StatusCode::UNAUTHORIZED, &shown)
}

fn form(app: &App, account: &StaffAccount, token: &str, mistake: Option<Mistake>) -> Response {
    let secret = staff::secret_of_link(app, token);
    let login = account.login.open();
    let shown = EnrolPage {
        page: page(app),
        frame: Frame::outside(),
        token: token.to_owned(),
        name: account.name.open().to_owned(),
        login: login.to_owned(),
        scan: scan(app, &secret, login),
        mistake,
    };
    let status = match mistake {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    html(status, &shown)
}

/// What a phone needs of a secret.
pub(crate) fn scan(app: &App, secret: &staff::Secret, login: &str) -> Scan {
    let uri = secret.uri(&app.pipeline().brand().name, login);
    Scan {
        qr: Qr::of(&uri),
        uri,
        typed: secret.grouped(),
    }
}

/// `GET /console/enrol`
pub(crate) async fn show(
    State(app): State<App>,
    Query(link): Query<Link>,
) -> Result<Response, PageError> {
    Ok(match staff::invited(&app, &link.token).await? {
        Some(account) => form(&app, &account, &link.token, None),
        None => gone(&app),
    })
}

/// `POST /console/enrol`
pub(crate) async fn enrol(
    State(app): State<App>,
    headers: HeaderMap,
    Form(sent): Form<Sent>,
) -> Result<Response, PageError> {
    let token = sent.token.open().to_owned();
    let given = staff::Given {
        token: sent.token,
        password: sent.password,
        again: sent.again,
        code: sent.code,
    };
    let mistake = match staff::enrol(&app, &headers, &given).await {
        Ok(enrolled) => {
            let shown = RecoveryPage {
                page: page(&app),
                frame: Frame::outside(),
                codes: enrolled.recovery,
                again: false,
            };
            let page = html(StatusCode::OK, &shown);
            return Ok(([(header::SET_COOKIE, enrolled.cookie)], page).into_response());
        }
        Err(EnrolFault::Gone) => return Ok(gone(&app)),
        Err(EnrolFault::Password(faulty)) => Mistake::Password(faulty),
        Err(EnrolFault::Unequal) => Mistake::Unequal,
        Err(EnrolFault::Code) => Mistake::Code,
        Err(EnrolFault::Busy) => Mistake::Busy,
        Err(EnrolFault::Problem(problem)) => {
            tracing::warn!(code = ?problem.code(), "an enrolment could not be kept");
            return Err(PageError::Shown(ErrorKind::Broken));
        }
    };
    Ok(match staff::invited(&app, &token).await? {
        Some(account) => form(&app, &account, &token, Some(mistake)),
        None => gone(&app),
    })
}
