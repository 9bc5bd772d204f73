//! How choices look to whoever reads the description of the API.

use utoipa::ToSchema;

/// What is chosen; what is left out stays as it is.
#[derive(ToSchema)]
#[schema(as = Choices)]
#[expect(
    dead_code,
    reason = "describes pipeline::choices::Choices, which knows no OpenAPI"
)]
pub(crate) struct ChoicesShape {
    /// Whole channels.
    channels: Option<Vec<ChannelChoiceShape>>,
    /// Topics.
    topics: Option<Vec<TopicChoiceShape>>,
    /// The language, as a BCP 47 tag.
    locale: Option<String>,
    /// The time zone, by its IANA name.
    time_zone: Option<String>,
    /// Hours without texts; `null` ends them.
    quiet_hours: Option<QuietHoursShape>,
    /// With a key: through whom the customer said so, `agent` (which is the default) or
    /// `seller`.
    how: Option<String>,
    /// With a key: who that was, by an id of yours; the name of the key when left out.
    by: Option<String>,
    /// With a key: the words that the customer heard or read, by name and version. Nothing is
    /// allowed without.
    wording: Option<String>,
}

/// Hours of the local day without texts.
#[derive(ToSchema)]
#[schema(as = ChosenQuietHours)]
#[expect(
    dead_code,
    reason = "describes model::QuietHours, which knows no OpenAPI"
)]
pub(super) struct QuietHoursShape {
    /// Such as `22:00`.
    from: String,
    /// Such as `07:00`; earlier than `from` is the next day.
    to: String,
}

/// What is chosen of a whole channel.
#[derive(ToSchema)]
#[schema(as = ChannelChoice)]
#[expect(
    dead_code,
    reason = "describes pipeline::choices::ChannelChoice, which knows no OpenAPI"
)]
struct ChannelChoiceShape {
    /// `sms` or `email`.
    channel: String,
    /// Whether it may be taken at all; `false` takes the consent to offers back too.
    allowed: Option<bool>,
    /// Whether offers may take it: express consent.
    offers: Option<bool>,
}

/// What is chosen of a topic.
#[derive(ToSchema)]
#[schema(as = TopicChoice)]
#[expect(
    dead_code,
    reason = "describes pipeline::choices::TopicChoice, which knows no OpenAPI"
)]
struct TopicChoiceShape {
    /// The category.
    category: String,
    /// The topic in it; left out for the category as a whole.
    topic: Option<String>,
    /// `sms` or `email`.
    channel: String,
    /// Whether its messages may take the channel.
    on: bool,
    /// `each`, which is the default; `daily` or `weekly` for a summary of what is not urgent;
    /// or `urgent` for urgent ones only.
    frequency: Option<String>,
}
