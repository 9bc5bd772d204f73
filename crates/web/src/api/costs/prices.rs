//! `POST /v1/prices`: what carriers asked for in the end.

use axum::Json;
use axum::extract::State;
use model::{Currency, Mode, micros_of};
use serde::{Deserialize, Serialize};
use store::{PriceMatch, PriceRecord};
use utoipa::ToSchema;

use crate::App;
use crate::auth::Key;
use crate::problem::{Code, Problem};
use crate::read::JsonBody;

/// Prices of one request at most.
const AT_MOST: usize = 1_000;
/// Bytes of a carrier's name or id.
const NAME_LIMIT: usize = 256;
/// No text costs more, in micros.
const PRICE_LIMIT: i64 = 1_000_000_000;
/// How the carriers of test traffic are called.
const TEST_CARRIER: &str = "sandbox-";

/// Carriers' prices.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PricesRequest {
    /// Up to 1,000.
    prices: Vec<PriceRequest>,
}

/// What a carrier asked for one text.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PriceRequest {
    /// The carrier, as attempts name it.
    #[schema(example = "sms")]
    carrier: String,
    /// The carrier's id of the text.
    #[schema(example = "5f21c0")]
    carrier_id: String,
    /// What it asks for the whole text, as decimal text.
    #[schema(example = "0.0163")]
    price: String,
    /// The currency.
    #[schema(example = "USD")]
    currency: String,
}

/// What became of the prices.
#[derive(Serialize, ToSchema)]
pub(crate) struct PricesAnswer {
    /// So many were booked: the difference to the quote, or to an earlier price.
    booked: usize,
    /// So many stood there already; nothing was done again.
    known: usize,
    /// The places (from 0) of those that name no delivery with a quote. Where the answer
    /// to the text is still on its way, send them again later.
    unknown: Vec<usize>,
}

/// Books what carriers asked for.
///
/// A price may come more than once, and may be corrected: what stands there counts. A test
/// key books prices of the sandbox's carriers only.
#[utoipa::path(post, path = "/v1/prices", tag = "costs",
    security(("api_key" = [])), request_body = PricesRequest,
    responses(
        (status = 200, description = "What became of them.", body = PricesAnswer),
        (status = 400, description = "No JSON, or not these fields."),
        (status = 413, description = "More than 1,000 prices."),
        (status = 422, description = "A price cannot be used; none was booked.")))]
pub(crate) async fn record_prices(
    State(app): State<App>,
    key: Key,
    JsonBody(request): JsonBody<PricesRequest>,
) -> Result<Json<PricesAnswer>, Problem> {
    if request.prices.len() > AT_MOST {
        let detail = format!("A request has at most {AT_MOST} prices. Send the rest in another.");
        return Err(Problem::new(Code::TooLarge, detail));
    }
    let mut records = Vec::with_capacity(request.prices.len());
    for (place, price) in request.prices.into_iter().enumerate() {
        records.push(read(place, price, key.mode)?);
    }
    let matches = app.store().record_prices(records).await?;
    let count = |wanted: fn(&PriceMatch) -> bool| matches.iter().filter(|m| wanted(m)).count();
    let unknown = matches.iter().enumerate();
    Ok(Json(PricesAnswer {
        booked: count(|found| matches!(found, PriceMatch::Booked(_))),
        known: count(|found| matches!(found, PriceMatch::Same(_))),
        unknown: unknown
            .filter(|(_, found)| **found == PriceMatch::Unknown)
            .map(|(place, _)| place)
            .collect(),
    }))
}

fn read(place: usize, price: PriceRequest, mode: Mode) -> Result<PriceRecord, Problem> {
    let fault = |field: &str, why: &str| Problem::fault(&format!("/prices/{place}/{field}"), why);
    for (field, name) in [
        ("carrier", &price.carrier),
        ("carrier_id", &price.carrier_id),
    ] {
        if !(1..=NAME_LIMIT).contains(&name.len()) {
            return Err(fault(field, &format!("has 1 to {NAME_LIMIT} bytes")));
        }
    }
    if (mode == Mode::Test) != price.carrier.starts_with(TEST_CARRIER) {
        let why = "a test key books prices of carriers whose names begin with `sandbox-`, other keys those of all others";
        return Err(fault("carrier", why));
    }
    let micros = micros_of(&price.price).map_err(|error| fault("price", &error.to_string()))?;
    if !(0..=PRICE_LIMIT).contains(&micros) {
        return Err(fault("price", "a price is from 0 to 1000"));
    }
    let currency: Currency = price
        .currency
        .parse()
        .map_err(|error: model::InvalidMoney| fault("currency", &error.to_string()))?;
    Ok(PriceRecord {
        carrier: price.carrier,
        carrier_id: price.carrier_id,
        micros,
        currency,
    })
}
