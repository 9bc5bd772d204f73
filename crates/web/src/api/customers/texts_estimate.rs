//! `GET /v1/customers/{id}/texts-estimate`: how many texts a month a customer's choices
//! mean, for where they choose them.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use pipeline::costs::TextsEstimate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::App;
use crate::auth::Caller;
use crate::problem::Problem;
use crate::read::CustomerId;

/// How many texts a month a customer's present choices mean.
#[derive(Serialize, ToSchema)]
pub(crate) struct TextsEstimateAnswer {
    /// Texts a month.
    texts: u32,
    /// Parts a month: a carrier may charge a long text as several.
    parts: u32,
    /// By category; those without texts are left out.
    by_category: BTreeMap<&'static str, CategoryEstimate>,
    /// So many messages of theirs it rests on.
    messages: u32,
    /// Of so many days. A history of less than a month is taken for a month.
    days: u32,
    /// The words for the customer.
    words: EstimateWords,
}

/// The texts of one category.
#[derive(Serialize, ToSchema)]
pub(crate) struct CategoryEstimate {
    /// Texts a month.
    texts: u32,
    /// Parts a month.
    parts: u32,
    /// Codes and alerts are among them, which no switch stops.
    has_security: bool,
}

/// Sentences in the customer's language.
#[derive(Serialize, ToSchema)]
pub(crate) struct EstimateWords {
    /// That we charge nothing and their carrier may.
    #[schema(example = "We charge nothing for texts; your carrier may.")]
    pub(crate) free: String,
    /// How many texts a month.
    pub(crate) a_month: String,
    /// How many parts, where that is another number; else `null`.
    pub(crate) parts: Option<String>,
}

impl EstimateWords {
    pub(crate) fn of(app: &App, locale: &str, estimate: &TextsEstimate) -> Self {
        let catalogue = app.pipeline().catalogue();
        let word = |key| catalogue.word(locale, key);
        let counted = |key, count: u32| word(key).replace("{count}", &count.to_string());
        let longer = estimate.parts > estimate.texts;
        Self {
            free: word("costs.free").to_owned(),
            a_month: match estimate.texts {
                0 => word("costs.none").to_owned(),
                texts => counted("costs.a_month", texts),
            },
            parts: longer.then(|| counted("costs.parts", estimate.parts)),
        }
    }
}

/// How many texts a month a customer's choices mean.
///
/// Counts what they were told in the last 90 days and would be sent as a text by the
/// choices they have now.
#[utoipa::path(get, path = "/v1/customers/{id}/texts-estimate", tag = "customers",
    params(("id" = String, Path, description = "The marketplace's own id of the customer.")),
    security(("api_key" = []), ("customer_token" = [])),
    responses(
        (status = 200, description = "The estimate.", body = TextsEstimateAnswer),
        (status = 404, description = "No such customer.")))]
pub(crate) async fn texts_estimate(
    State(app): State<App>,
    caller: Caller,
    CustomerId(id): CustomerId,
) -> Result<Json<TextsEstimateAnswer>, Problem> {
    let facts = caller.customer(&app, &id).await?;
    let mode = match caller {
        Caller::Key(key) => Some(key.mode),
        Caller::Customer(..) => None,
    };
    let estimate = app.pipeline().texts_estimate(&facts, mode).await?;
    Ok(Json(TextsEstimateAnswer {
        words: EstimateWords::of(&app, &facts.customer.locale, &estimate),
        texts: estimate.texts,
        parts: estimate.parts,
        by_category: estimate
            .by_category
            .into_iter()
            .map(|(category, of)| {
                let texts = CategoryEstimate {
                    texts: of.texts,
                    parts: of.parts,
                    has_security: of.has_security,
                };
                (category.as_str(), texts)
            })
            .collect(),
        messages: estimate.messages,
        days: estimate.days,
    }))
}
