//! A profile as it is written, and as the description of the API shows it.

use model::{Consent, ContactPoint, Customer, Preference, QuietHours};
use serde::Serialize;
use utoipa::ToSchema;

/// A customer's profile.
#[derive(Serialize, ToSchema)]
pub(crate) struct Profile {
    /// The marketplace's own id of the customer.
    #[schema(example = "c-42", required = false)]
    id: String,
    /// What to call them.
    #[schema(required = false)]
    name: String,
    /// BCP 47; `en` when left out.
    #[schema(example = "pt-BR", required = false)]
    locale: String,
    /// IANA; `UTC` when left out.
    #[schema(example = "America/Sao_Paulo", required = false)]
    time_zone: String,
    /// ISO 3166-1, two capital letters; empty where unknown.
    #[schema(example = "BR", required = false)]
    country: String,
    /// The part of the country, ISO 3166-2; empty where unknown.
    #[schema(example = "BR-SP", required = false)]
    region: String,
    /// Hours of the local day without texts and calls.
    #[schema(value_type = Option<QuietHoursShape>, required = false)]
    quiet_hours: Option<QuietHours>,
    /// E.164.
    #[schema(example = "+12535550129", required = false)]
    phone: Option<String>,
    /// Where to mail.
    #[schema(required = false)]
    email: Option<String>,
    /// Consents, given and withdrawn. No text leaves without one.
    #[schema(value_type = Vec<ConsentShape>, required = false)]
    consents: Vec<Consent>,
    /// Switches that differ from the default, which is on.
    #[schema(value_type = Vec<PreferenceShape>, required = false)]
    preferences: Vec<Preference>,
}

/// A consent, for the description only.
#[derive(ToSchema)]
#[schema(as = Consent)]
#[expect(dead_code, reason = "describes model::Consent, which knows no OpenAPI")]
struct ConsentShape {
    /// `sms` or `email`.
    channel: String,
    /// `transactional` or `marketing`.
    purpose: String,
    /// A date and time with an offset.
    given_at: String,
    /// Where it was given.
    source: Option<String>,
    /// When it was taken back, if it was.
    withdrawn_at: Option<String>,
    /// The address it is for; in answers only.
    contact: Option<String>,
    /// How it came to us: `page`, `keyword`, … `import` when left out; in answers only.
    how: Option<String>,
}

/// Quiet hours, for the description only.
#[derive(ToSchema)]
#[schema(as = QuietHours)]
#[expect(
    dead_code,
    reason = "describes model::QuietHours, which knows no OpenAPI"
)]
struct QuietHoursShape {
    /// The first quiet minute of the local day.
    #[schema(example = "22:00")]
    from: String,
    /// The minute at which the quiet ends; before `from` where it goes over midnight.
    #[schema(example = "07:00")]
    to: String,
}

/// A switch, for the description only.
#[derive(ToSchema)]
#[schema(as = Preference)]
#[expect(
    dead_code,
    reason = "describes model::Preference, which knows no OpenAPI"
)]
struct PreferenceShape {
    /// A tab of the Message Center: `orders`, `sellers`, …
    category: String,
    /// A topic of the category; all of them when left out.
    topic: Option<String>,
    /// `sms` or `email`.
    channel: String,
    /// Whether its messages may take the channel.
    on: bool,
    /// `each`; `daily` or `weekly` for a summary of what is not urgent; or `urgent` for urgent
    /// ones only; `each` when left out.
    frequency: Option<String>,
    /// Whether the customer chose it, so that no profile replaces it; in answers only.
    chosen: Option<bool>,
}

impl From<Customer> for Profile {
    fn from(customer: Customer) -> Self {
        let open = |contact: Option<ContactPoint>| contact.map(|c| c.address.open().to_owned());
        Self {
            id: customer.id,
            name: customer.name.open().to_owned(),
            locale: customer.locale,
            time_zone: customer.time_zone,
            country: customer.country,
            region: customer.region,
            quiet_hours: customer.quiet_hours,
            phone: open(customer.phone),
            email: open(customer.email),
            consents: customer.consents,
            preferences: customer.preferences,
        }
    }
}
