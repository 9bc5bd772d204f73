//! Exceptions from the guard: one person asks, another agrees, either ends it. Each is for
//! one rule and one version of a message type's words.

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use model::{ExceptionState, GuardException, Permission, StaffId};
use pipeline::guard::Rule;
use serde::Deserialize;
use serde_json::json;
use store::Settled;

use super::{Fields, Names, ask as add_asked, under, who};
use crate::App;
use crate::console::clock::UtcClock;
use crate::console::frame::{Frame, Spot, page};
use crate::console::gate::Visitor;
use crate::message_center::signed_in::PageError;
use crate::message_center::when::Moment;
use crate::page::{ErrorKind, Page, html};

/// So many are listed.
const SHOWN: usize = 200;
/// So many are looked through for one of them.
const FINDABLE: usize = 100_000;
/// A reason may have so many characters.
const LONGEST: usize = 500;

/// One exception.
struct Line {
    number: u64,
    rule: String,
    /// What the rule says.
    advice: &'static str,
    name: String,
    edit: String,
    version: u32,
    reason: String,
    state: ExceptionState,
    asked_by: Option<String>,
    asked_at: Moment,
    settled_by: Option<String>,
    settled_at: Option<Moment>,
    /// The visitor asked for it: another has to agree.
    own: bool,
    /// The version that has it serves, or is still to come.
    counts: bool,
}

/// Why nothing was asked for or settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mistake {
    Type,
    Rule,
    Reason,
    Already,
    SamePerson,
    Gone,
    /// It is for this version, and others have come since.
    Past(u32),
}

#[derive(Template)]
#[template(path = "console/desk_exceptions.html")]
struct ExceptionsPage {
    page: Page,
    frame: Frame,
    lines: Vec<Line>,
    may_override: bool,
    names: Vec<String>,
    rules: Vec<(String, bool)>,
    /// What is asked for.
    name: String,
    /// The version it would be for.
    next: Option<u32>,
    reason: String,
    done: String,
    mistake: Option<Mistake>,
}

/// What the page is asked with.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    #[serde(rename = "type")]
    name: String,
    rule: String,
    done: String,
}

/// `GET /console/catalogue/exceptions`
pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Query(wanted): Query<Wanted>,
) -> Result<Response, PageError> {
    with(&app, &visitor, wanted, String::new(), None).await
}

/// `POST /console/catalogue/exceptions`
pub(crate) async fn ask(
    State(app): State<App>,
    visitor: Visitor,
    Form(fields): Form<Fields>,
) -> Result<Response, PageError> {
    let field = |name: &str| fields.get(name).map_or("", |text| text.trim()).to_owned();
    let (name, rule, reason) = (field("type"), field("rule"), field("reason"));
    let next = app.pipeline().next_version(&name);
    let count = reason.chars().count();
    let mistake = if next.is_none() {
        Some(Mistake::Type)
    } else if rule.parse::<Rule>().is_err() {
        Some(Mistake::Rule)
    } else if count == 0 || count > LONGEST || reason.contains('\0') {
        Some(Mistake::Reason)
    } else {
        None
    };
    let mut mistake = mistake;
    if let (None, Some(version)) = (mistake, next) {
        let exception = GuardException {
            number: 0,
            rule: rule.clone(),
            message_type: name.clone(),
            template_version: version,
            reason: reason.clone(),
            asked_by: who(&visitor),
            asked_at: app.now(),
            state: ExceptionState::Asked,
            settled_by: None,
            settled_at: None,
        };
        let details = json!({ "rule": rule, "version": version });
        let (actor, store) = (visitor.actor(), app.store());
        let line = actor.line(store, app.now(), "guard_exception.asked", &name, details);
        let asked = store.ask_exception(exception, vec![line]).await?;
        if asked.is_some() {
            return Ok(to_list("asked"));
        }
        mistake = Some(Mistake::Already);
    }
    let wanted = Wanted {
        name,
        rule,
        done: String::new(),
    };
    with(&app, &visitor, wanted, reason, mistake).await
}

/// `POST /console/catalogue/exceptions/{number}`: agree, or end.
pub(crate) async fn settle(
    State(app): State<App>,
    visitor: Visitor,
    Path(number): Path<String>,
    Form(fields): Form<Fields>,
) -> Result<Response, PageError> {
    let not_found = || PageError::Shown(ErrorKind::NotFound);
    let number: u64 = number.parse().map_err(|_| not_found())?;
    let (to, action) = match fields.get("act").map(String::as_str) {
        Some("agree") => (ExceptionState::Agreed, "guard_exception.agreed"),
        Some("end") => (ExceptionState::Ended, "guard_exception.ended"),
        _ => return Err(PageError::Shown(ErrorKind::Unreadable)),
    };
    let all = app.store().exceptions(FINDABLE).await?;
    let found = all.into_iter().find(|one| one.number == number);
    let one = found.ok_or_else(not_found)?;
    let is_past = one.state == ExceptionState::Asked && !counts(&app, &one);
    if to == ExceptionState::Agreed && is_past {
        let past = Some(Mistake::Past(one.template_version));
        return with(&app, &visitor, Wanted::default(), String::new(), past).await;
    }
    let details = json!({ "rule": one.rule, "version": one.template_version });
    let (store, now) = (app.store(), app.now());
    let actor = visitor.actor();
    let line = actor.line(store, now, action, &one.message_type, details);
    let settled = store.settle_exception(number, to, who(&visitor), now, vec![line]);
    let mistake = match settled.await? {
        Settled::Done => {
            app.pipeline().refresh_desk().await?;
            let done = if to == ExceptionState::Agreed {
                "agreed"
            } else {
                "ended"
            };
            return Ok(to_list(done));
        }
        Settled::SamePerson => Mistake::SamePerson,
        Settled::Gone => Mistake::Gone,
    };
    with(
        &app,
        &visitor,
        Wanted::default(),
        String::new(),
        Some(mistake),
    )
    .await
}

fn to_list(done: &str) -> Response {
    let mut href = "/console/catalogue/exceptions".to_owned();
    add_asked(&mut href, &[("done", done)]);
    Redirect::to(&href).into_response()
}

async fn with(
    app: &App,
    visitor: &Visitor,
    wanted: Wanted,
    reason: String,
    mistake: Option<Mistake>,
) -> Result<Response, PageError> {
    let found = app.store().exceptions(SHOWN).await?;
    let (names, clock) = (Names::load(app).await?, UtcClock::new(app.now()));
    let me = who(visitor);
    let catalogue = app.pipeline().catalogue();
    let line = |one: GuardException| line(app, (one, me), &names, &clock);
    let rules = Rule::ALL.iter().map(|rule| {
        let word = rule.as_str().to_owned();
        let chosen = word == wanted.rule;
        (word, chosen)
    });
    let shown = ExceptionsPage {
        page: page(app),
        frame: Frame::of(visitor, Spot::Catalogue),
        lines: found.into_iter().map(line).collect(),
        may_override: visitor.may(Permission::OverrideGuard),
        names: catalogue.types().map(|entry| entry.name.clone()).collect(),
        rules: rules.collect(),
        next: app.pipeline().next_version(&wanted.name),
        name: wanted.name,
        reason,
        done: wanted.done,
        mistake,
    };
    let status = match mistake {
        None => StatusCode::OK,
        Some(Mistake::Already | Mistake::Gone | Mistake::Past(_)) => StatusCode::CONFLICT,
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    Ok(html(status, &shown))
}

/// Whether the version it is for serves, or is still to come.
fn counts(app: &App, one: &GuardException) -> bool {
    let next = app.pipeline().next_version(&one.message_type);
    next.is_some_and(|next| one.template_version.saturating_add(1) >= next)
}

fn line(
    app: &App,
    (one, me): (GuardException, Option<StaffId>),
    names: &Names,
    clock: &UtcClock,
) -> Line {
    Line {
        advice: one.rule.parse::<Rule>().map_or("", Rule::advice),
        edit: under(&one.message_type, "edit", &[]),
        asked_by: names.of(one.asked_by),
        asked_at: clock.minute(one.asked_at),
        settled_by: names.of(one.settled_by),
        settled_at: one.settled_at.map(|at| clock.minute(at)),
        own: me.is_none() || one.asked_by == me,
        counts: counts(app, &one),
        number: one.number,
        rule: one.rule,
        name: one.message_type,
        version: one.template_version,
        reason: one.reason,
        state: one.state,
    }
}
