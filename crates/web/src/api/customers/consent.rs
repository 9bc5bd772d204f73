//! `GET /v1/customers/{id}/consent?at=`: what a customer allowed as of a moment, with proof.

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use model::{Act, Facts, Instant};
use serde::{Deserialize, Serialize};
use store::{ConsentEntry, ConsentRecord, CustomerChange, prove, standing_at};
use utoipa::{IntoParams, ToSchema};

use crate::App;
use crate::auth::Caller;
use crate::problem::{Code, Problem};
use crate::read::{CustomerId, Params};

/// Where the signature of the very answer stands.
const SIGNATURE: HeaderName = HeaderName::from_static("consent-signature");

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct AsOf {
    /// A moment, like `2026-11-22T12:00:00Z`; now when left out.
    at: Option<String>,
}

/// What a customer allowed as of a moment, and the whole ledger it follows from.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ConsentAsOf {
    /// The marketplace's own id of the customer.
    customer: String,
    /// The moment.
    #[schema(value_type = String, format = DateTime)]
    at: Instant,
    /// The last word on every channel and purpose by then.
    standing: Vec<StandingConsent>,
    /// Every line, oldest first, each sealed by the one before.
    #[schema(value_type = Vec<ConsentEntryShape>)]
    ledger: Vec<ConsentEntry>,
}

/// The last word on a channel and a purpose.
#[derive(Debug, PartialEq, Serialize, Deserialize, ToSchema)]
struct StandingConsent {
    /// `sms` or `email`.
    channel: String,
    /// `transactional` or `marketing`.
    purpose: String,
    /// Whether it was allowed.
    allowed: bool,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    since: Instant,
    /// The address it is for; empty where that is not known.
    contact: String,
    /// The line of the ledger that says so.
    line: u32,
}

/// A line of the ledger, for the description only.
#[derive(ToSchema)]
#[schema(as = ConsentEntry)]
#[expect(
    dead_code,
    reason = "describes store::ConsentEntry, which knows no OpenAPI"
)]
struct ConsentEntryShape {
    /// Counted from 1.
    number: u32,
    /// JSON: who, what, when, where, how, under which words.
    text: String,
    /// SHA-256, in hex, of the seal before and the text.
    seal: String,
}

fn standing(records: &[ConsentRecord], at: Instant) -> Vec<StandingConsent> {
    let said = standing_at(records, at).into_iter();
    said.map(|record| StandingConsent {
        channel: record.line.channel.to_string(),
        purpose: record.line.purpose.to_string(),
        allowed: record.line.act == Act::Given,
        since: record.line.said.at,
        contact: record.line.contact.open().to_owned(),
        line: record.number,
    })
    .collect()
}

/// What a customer allowed as of a moment.
///
/// The answer is signed: its header `Consent-Signature` is a detached JWS over exactly its
/// bytes, by the key of `/.well-known/message-senders-jwks.json`. `tidings check-proof` checks
/// it without a network.
#[utoipa::path(get, path = "/v1/customers/{id}/consent", tag = "customers",
    params(("id" = String, Path, description = "The marketplace's own id of the customer."), AsOf),
    security(("api_key" = []), ("customer_token" = [])),
    responses(
        (status = 200, description = "What was allowed.", body = ConsentAsOf,
            headers(("Consent-Signature" = String, description = "Detached JWS over exactly this body."))),
        (status = 404, description = "No such customer."),
        (status = 422, description = "`at` is no moment.")))]
pub(crate) async fn consent(
    State(app): State<App>,
    caller: Caller,
    CustomerId(id): CustomerId,
    Params(asked): Params<AsOf>,
) -> Result<Response, Problem> {
    let at = match asked.at.as_deref() {
        Some(text) => Instant::parse(text).map_err(|reason| Problem::fault("/at", &reason))?,
        None => app.now(),
    };
    let facts = caller.customer(&app, &id).await?;
    let ledger = ledger_of(&app, &facts).await?;
    let records = prove(&ledger).map_err(|broken| {
        tracing::error!(recipient.id = %facts.recipient, %broken, "a ledger of consents is broken");
        Problem::new(
            Code::Internal,
            "The ledger of consents is broken; it proves nothing.",
        )
    })?;
    let answer = ConsentAsOf {
        customer: facts.customer.id,
        at,
        standing: standing(&records, at),
        ledger,
    };
    let body = serde_json::to_string_pretty(&answer)
        .map_err(|_| Problem::new(Code::Internal, "The answer could not be written."))?;
    let signature = app.publisher().signer.sign(body.as_bytes());
    let signature = HeaderValue::from_str(&signature)
        .map_err(|_| Problem::new(Code::Internal, "The signature could not be written."))?;
    let kind = HeaderValue::from_static("application/json");
    let headers = [(header::CONTENT_TYPE, kind), (SIGNATURE, signature)];
    Ok((headers, body).into_response())
}

/// The ledger; what a profile held before there were ledgers opens it.
async fn ledger_of(app: &App, facts: &Facts) -> Result<Vec<ConsentEntry>, Problem> {
    let ledger = app.store().consent_ledger(facts.recipient).await?;
    if !ledger.is_empty() || facts.customer.consents.is_empty() {
        return Ok(ledger);
    }
    let opens = CustomerChange {
        recipient: facts.recipient,
        version: facts.version,
        customer: facts.customer.clone(),
        lines: Vec::new(),
        now: app.now(),
    };
    app.store().change_customer(opens).await?;
    Ok(app.store().consent_ledger(facts.recipient).await?)
}

/// What a proof of consent says, once it is found to hold.
#[derive(Debug)]
pub struct ProvenConsent {
    /// The marketplace's own id of the customer.
    pub customer: String,
    /// The moment it is about.
    pub at: Instant,
    /// One line a channel and purpose, in words.
    pub standing: Vec<String>,
    /// So many lines the ledger has.
    pub lines: usize,
}

/// Checks the answer of `GET /v1/customers/{id}/consent` by itself: every line of the ledger
/// is sealed by the one before, and what stands follows from them.
///
/// # Errors
/// What is wrong, in a sentence.
pub fn check_consent(document: &str) -> Result<ProvenConsent, String> {
    let said: ConsentAsOf = serde_json::from_str(document)
        .map_err(|error| format!("this is no proof of consent: {error}"))?;
    let records = prove(&said.ledger).map_err(|broken| broken.to_string())?;
    if records
        .iter()
        .any(|record| record.customer != said.customer)
    {
        return Err("the ledger is another customer's".to_owned());
    }
    if standing(&records, said.at) != said.standing {
        return Err("what is said to stand does not follow from the ledger".to_owned());
    }
    let line = |word: &StandingConsent| {
        let allowed = if word.allowed {
            "allowed"
        } else {
            "not allowed"
        };
        format!(
            "{} {}: {allowed} since {} (line {})",
            word.channel, word.purpose, word.since, word.line
        )
    };
    Ok(ProvenConsent {
        customer: said.customer,
        at: said.at,
        standing: said.standing.iter().map(line).collect(),
        lines: records.len(),
    })
}
