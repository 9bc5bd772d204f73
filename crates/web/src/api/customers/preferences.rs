//! `GET` and `PUT /v1/customers/{id}/preferences`: what a customer chose, and choosing for
//! them.

use axum::Json;
use axum::extract::State;
use model::{Category, Channel, Customer, Facts, How, Mode, QuietHours, Said};
use pipeline::attention::OffersLeft;
use pipeline::choices::{Change, ChannelState, Choice, Choices, ChooseError, wanted};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::choices_shape::{ChoicesShape, QuietHoursShape};
use super::profile::faulty;
use crate::App;
use crate::auth::Caller;
use crate::problem::{Code, Problem};
use crate::read::{CustomerId, JsonBody, parse};

/// What a customer chose.
#[derive(Serialize, ToSchema)]
pub(crate) struct PreferencesAnswer {
    /// The channels.
    channels: Vec<ChannelAnswer>,
    /// The topics there are, on each channel they take.
    topics: Vec<TopicAnswer>,
    /// The language, as a BCP 47 tag.
    locale: String,
    /// The time zone, by its IANA name.
    time_zone: String,
    /// Hours without texts; `null` where there are none.
    #[schema(value_type = Option<QuietHoursShape>)]
    quiet_hours: Option<QuietHours>,
    /// How many more offers there may be now, on each channel.
    offers_left: Vec<OffersLeftAnswer>,
    /// What this call changed; left out where nothing was asked to.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<Vec<ChangeAnswer>>,
}

/// A channel.
#[derive(Serialize, ToSchema)]
struct ChannelAnswer {
    /// `sms` or `email`.
    #[schema(value_type = String)]
    channel: Channel,
    /// Whether the profile has an address there.
    has_address: bool,
    /// Whether that address is suppressed.
    suppressed: bool,
    /// Whether the customer allows it.
    allowed: bool,
    /// Whether they allow offers there.
    offers: bool,
}

/// How many more offers a customer may get on a channel: all teams and sellers share it.
#[derive(Serialize, ToSchema)]
struct OffersLeftAnswer {
    /// `sms` or `email`.
    #[schema(value_type = String)]
    channel: Channel,
    /// In these 24 hours; left out where there is no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    today: Option<u32>,
    /// In these seven days; left out where there is no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    this_week: Option<u32>,
}

impl From<OffersLeft> for OffersLeftAnswer {
    fn from(left: OffersLeft) -> Self {
        let OffersLeft {
            channel,
            today,
            this_week,
        } = left;
        Self {
            channel,
            today,
            this_week,
        }
    }
}

/// A topic on a channel.
#[derive(Serialize, ToSchema)]
struct TopicAnswer {
    /// The category.
    #[schema(value_type = String)]
    category: Category,
    /// The topic; empty for what has none.
    topic: String,
    /// `sms` or `email`.
    #[schema(value_type = String)]
    channel: Channel,
    /// Whether its messages may take the channel.
    on: bool,
    /// How often: `each`, `daily`, `weekly` or `urgent`.
    frequency: &'static str,
    /// It protects the customer, or the law wants it told: it has no switch. `on: false` then
    /// means that it takes another channel.
    always_on: bool,
}

/// One thing that is another than before.
#[derive(Default, Serialize, ToSchema)]
struct ChangeAnswer {
    /// `channel`, `offers`, `topic`, `way`, `locale`, `time_zone` or `quiet_hours`.
    what: &'static str,
    /// Where it is about one.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<Channel>,
    /// Of a topic.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<Category>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<String>,
    /// Whether it is on now.
    #[serde(skip_serializing_if = "Option::is_none")]
    on: Option<bool>,
    /// The frequency, the language, the time zone or the hours it has now.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
}

impl From<Change> for ChangeAnswer {
    fn from(change: Change) -> Self {
        let none = Self::default();
        match change {
            Change::Channel(channel, on) => Self {
                what: "channel",
                channel: Some(channel),
                on: Some(on),
                ..none
            },
            Change::Offers(channel, on) => Self {
                what: "offers",
                channel: Some(channel),
                on: Some(on),
                ..none
            },
            Change::Topic(topic) => Self {
                what: "topic",
                channel: Some(topic.channel),
                category: Some(topic.category),
                topic: Some(topic.topic),
                on: Some(topic.on),
                value: topic.on.then(|| topic.frequency.to_string()),
            },
            Change::Way(topic) => Self {
                what: "way",
                channel: Some(topic.channel),
                category: Some(topic.category),
                topic: Some(topic.topic),
                on: Some(topic.on),
                value: None,
            },
            Change::QuietHours(hours) => Self {
                what: "quiet_hours",
                on: Some(hours.is_some()),
                value: hours.map(|hours| format!("{}-{}", hours.from_text(), hours.to_text())),
                ..none
            },
            Change::Locale(locale) => Self {
                what: "locale",
                value: Some(locale),
                ..none
            },
            Change::TimeZone(zone) => Self {
                what: "time_zone",
                value: Some(zone),
                ..none
            },
        }
    }
}

/// What a customer chose.
#[utoipa::path(get, path = "/v1/customers/{id}/preferences", tag = "customers",
    params(("id" = String, Path, description = "The marketplace's own id of the customer.")),
    security(("api_key" = []), ("customer_token" = [])),
    responses(
        (status = 200, description = "The choices.", body = PreferencesAnswer),
        (status = 404, description = "No such customer.")))]
pub(crate) async fn get_preferences(
    State(app): State<App>,
    caller: Caller,
    CustomerId(id): CustomerId,
) -> Result<Json<PreferencesAnswer>, Problem> {
    let facts = caller.customer(&app, &id).await?;
    let of = (&facts, &facts.customer);
    Ok(Json(answer(&app, of, mode_of(caller), None).await?))
}

/// Chooses for a customer.
///
/// What is left out stays as it is. With a key the choice is the customer's, made through the
/// marketplace, and the ledger of consents names the key; with a customer's token it is their
/// own. Nothing is changed where anything is wrong.
#[utoipa::path(put, path = "/v1/customers/{id}/preferences", tag = "customers",
    params(("id" = String, Path, description = "The marketplace's own id of the customer.")),
    security(("api_key" = []), ("customer_token" = [])), request_body = ChoicesShape,
    responses(
        (status = 200, description = "The choices now, and what changed.", body = PreferencesAnswer),
        (status = 400, description = "No JSON, or not this JSON."),
        (status = 404, description = "No such customer."),
        (status = 409, description = "Others kept changing the profile; send it again."),
        (status = 422, description = "The choices have faults; `faults` lists each with a JSON pointer.")))]
pub(crate) async fn put_preferences(
    State(app): State<App>,
    caller: Caller,
    CustomerId(id): CustomerId,
    JsonBody(mut sent): JsonBody<Map<String, Value>>,
) -> Result<Json<PreferencesAnswer>, Problem> {
    let facts = caller.customer(&app, &id).await?;
    let said = said(&app, caller, &mut sent).await?;
    let choices: Choices = parse(Value::Object(sent).to_string().as_bytes())?;
    let choice = Choice::Form(choices);
    let chosen = app
        .pipeline()
        .choose(facts.recipient, &choice, &said)
        .await
        .map_err(problem)?;
    let changed = chosen.changed.into_iter().map(ChangeAnswer::from).collect();
    let of = (&facts, &chosen.customer);
    Ok(Json(
        answer(&app, of, mode_of(caller), Some(changed)).await?,
    ))
}

/// Through whom it was said. A customer's own token says that by itself.
async fn said(app: &App, caller: Caller, sent: &mut Map<String, Value>) -> Result<Said, Problem> {
    let mut said = Said {
        at: app.now(),
        how: How::Page,
        source: "preferences API".to_owned(),
        wording: String::new(),
        locale: String::new(),
        by: String::new(),
    };
    let Caller::Key(key) = caller else {
        return Ok(said);
    };
    said.how = match take(sent, "how")?.as_deref() {
        None | Some("agent") => How::Agent,
        Some("seller") => How::Seller,
        Some(_) => return Err(Problem::fault("/how", "it is `agent` or `seller`")),
    };
    said.by = match take(sent, "by")? {
        Some(by) => by,
        None => {
            let known = app.store().api_key(key.id).await?;
            known.map(|known| known.name).unwrap_or_default()
        }
    };
    said.wording = take(sent, "wording")?.unwrap_or_default();
    Ok(said)
}

/// A short text of the body.
fn take(sent: &mut Map<String, Value>, name: &str) -> Result<Option<String>, Problem> {
    let fits =
        |text: &str| (1..=200).contains(&text.trim().len()) && !text.chars().any(char::is_control);
    match sent.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if fits(&text) => Ok(Some(text.trim().to_owned())),
        Some(_) => Err(Problem::fault(
            &format!("/{name}"),
            "it is a text of 1 to 200 bytes without control characters",
        )),
    }
}

fn problem(error: ChooseError) -> Problem {
    match error {
        ChooseError::Unknown => Problem::not_found("customer"),
        ChooseError::Faulty(faults) if faults.len() > 1 => faulty(&faults)
            .about("Nothing was changed: the choices have faults; `faults` lists them."),
        ChooseError::Faulty(faults) => faulty(&faults),
        ChooseError::Overtaken => Problem::new(
            Code::Conflict,
            "Others kept changing this profile. Send it again.",
        ),
        ChooseError::Store(error) => error.into(),
    }
}

/// Whose traffic is counted: a test key sees what tests took.
fn mode_of(caller: Caller) -> Mode {
    match caller {
        Caller::Key(key) => key.mode,
        Caller::Customer(..) => Mode::Live,
    }
}

async fn answer(
    app: &App,
    (facts, customer): (&Facts, &Customer),
    mode: Mode,
    changed: Option<Vec<ChangeAnswer>>,
) -> Result<PreferencesAnswer, Problem> {
    let pipeline = app.pipeline();
    let left = pipeline
        .offers_left(facts.recipient, (customer, mode))
        .await?;
    let channel = |channel: &Channel| {
        let state = ChannelState::of(customer, *channel, app.now());
        ChannelAnswer {
            channel: *channel,
            has_address: customer.contact(*channel).is_some(),
            suppressed: facts.suppression_at(*channel, app.now()).is_some(),
            allowed: state.allowed,
            offers: state.offers,
        }
    };
    let topics = app.pipeline().choice_rows().into_iter().map(|row| {
        let wanted = wanted(customer, &row);
        TopicAnswer {
            category: row.category,
            channel: row.channel,
            on: wanted.is_some(),
            frequency: wanted.unwrap_or(model::Frequency::Each).as_str(),
            always_on: row.always_on,
            topic: row.topic,
        }
    });
    Ok(PreferencesAnswer {
        channels: Channel::ALL.iter().map(channel).collect(),
        topics: topics.collect(),
        locale: customer.locale.clone(),
        time_zone: customer.time_zone.clone(),
        quiet_hours: customer.quiet_hours,
        offers_left: left.into_iter().map(OffersLeftAnswer::from).collect(),
        changed,
    })
}
