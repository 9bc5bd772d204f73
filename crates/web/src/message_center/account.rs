//! "Your account": the way to the Message Center, and how the customer is reached.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use model::Channel;

use super::signed_in::{PageError, SignedIn};
use super::view::AccountPage;
use crate::App;
use crate::api::customers::texts_estimate::EstimateWords;
use crate::page::{Place, html};

/// `GET /account`
pub(crate) async fn account(
    State(app): State<App>,
    viewer: SignedIn,
) -> Result<Response, PageError> {
    let counts = app.store().unread_counts(viewer.recipient()).await?;
    let customer = viewer.0.customer();
    let estimate = match customer.phone {
        Some(_) => {
            let estimate = app
                .pipeline()
                .texts_estimate(viewer.0.facts(), None)
                .await?;
            Some(EstimateWords::of(&app, &customer.locale, &estimate))
        }
        None => None,
    };
    let catalogue = app.pipeline().catalogue();
    let words_lang = catalogue.nearest_locale(&customer.locale).to_owned();
    let masked = |channel| customer.contact(channel).map(model::ContactPoint::masked);
    let page = AccountPage {
        page: viewer.page(&app, Place::Account, counts.total),
        name: customer.name.open().to_owned(),
        words_dir: catalogue.direction(&words_lang),
        words_lang,
        estimate,
        phone: masked(Channel::Sms),
        email: masked(Channel::Email),
        language: language_of(&customer.locale),
        local_time: viewer.local_time(&app).time_now(),
        zone: customer.time_zone.clone(),
    };
    Ok(html(StatusCode::OK, &page))
}

/// The language of a locale: `pt` of `pt-BR`.
pub(super) fn language_of(locale: &str) -> String {
    locale.split('-').next().unwrap_or(locale).to_owned()
}
