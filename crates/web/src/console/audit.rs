//! The audit: who changed what, by person, action and day.

use std::collections::HashMap;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use model::{AuditId, AuditLine, Origin, StaffId};
use serde::Deserialize;
use serde_json::Value;
use store::AuditFilter;

use super::clock::{UtcClock, day};
use super::frame::{Frame, Spot, page};
use super::gate::Visitor;
use crate::App;
use crate::message_center::signed_in::PageError;
use crate::message_center::when::Moment;
use crate::page::{Page, html};

/// Lines of a page.
const LINES: usize = 100;

/// What the page is asked with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    who: String,
    action: String,
    day: String,
    before: String,
}

/// Somebody to choose in the filter.
struct Person {
    id: String,
    name: String,
    chosen: bool,
}

/// A line as it is shown.
struct Line {
    at: Moment,
    /// Their name; `None` where nobody is known.
    who: Option<String>,
    origin: Origin,
    action: String,
    /// What it was done to, by name or id, and its page.
    subject: String,
    href: Option<String>,
    details: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "console/audit.html")]
struct AuditPage {
    page: Page,
    frame: Frame,
    people: Vec<Person>,
    actions: Vec<(String, bool)>,
    day: String,
    filtered: bool,
    lines: Vec<Line>,
    older: Option<String>,
}

/// `GET /console/audit`
pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let who: Option<StaffId> = asked.who.parse().ok();
    let days = day(&asked.day);
    let actions = app.store().audit_actions().await?;
    let action = actions.iter().find(|action| **action == asked.action);
    let filter = AuditFilter {
        who,
        action: action.cloned(),
        since: days.map(|(since, _)| since),
        until: days.map(|(_, until)| until),
    };
    let filtered = filter != AuditFilter::default();
    let before: Option<AuditId> = asked.before.parse().ok();
    let (found, staff) = tokio::try_join!(
        app.store().audit(filter, before, LINES + 1),
        app.store().staff(),
    )?;
    let names: HashMap<String, String> = staff
        .iter()
        .map(|account| (account.id.to_string(), account.name.open().to_owned()))
        .collect();
    let clock = UtcClock::new(app.now());
    let shown = &found[..found.len().min(LINES)];
    let last = shown.last().filter(|_| found.len() > LINES);
    let chosen = action.cloned().unwrap_or_default();
    let page = AuditPage {
        page: page(&app),
        frame: Frame::of(&visitor, Spot::Audit),
        people: staff
            .iter()
            .map(|account| Person {
                id: account.id.to_string(),
                name: account.name.open().to_owned(),
                chosen: who == Some(account.id),
            })
            .collect(),
        older: last.map(|line| {
            let who = who.map(|who| who.to_string()).unwrap_or_default();
            let day = days.map_or("", |_| asked.day.as_str());
            format!(
                "/console/audit?who={who}&action={chosen}&day={day}&before={}",
                line.id
            )
        }),
        actions: actions
            .into_iter()
            .map(|action| {
                let on = action == chosen;
                (action, on)
            })
            .collect(),
        day: days.map(|_| asked.day).unwrap_or_default(),
        filtered,
        lines: shown
            .iter()
            .map(|line| line_of(line, &names, &clock))
            .collect(),
    };
    Ok(html(StatusCode::OK, &page))
}

fn line_of(line: &AuditLine, names: &HashMap<String, String>, clock: &UtcClock) -> Line {
    let who = line.who.map(|who| who.to_string());
    let href = match line.subject.split_once('_') {
        Some(("stf", _)) => Some(format!("/console/staff/{}", line.subject)),
        Some(("evt", _)) => Some(format!("/console/failed/{}", line.subject)),
        _ => None,
    };
    let name = names.get(&line.subject).unwrap_or(&line.subject);
    // What somebody did to themselves names them once.
    let own = who.as_ref() == Some(&line.subject);
    let details = line.details.as_object().into_iter().flatten();
    Line {
        at: clock.moment(line.at),
        who: who.map(|who| names.get(&who).cloned().unwrap_or(who)),
        origin: line.origin,
        action: line.action.clone(),
        subject: if own { String::new() } else { name.clone() },
        href,
        details: details
            .map(|(key, value)| (key.clone(), plain(value)))
            .collect(),
    }
}

/// A value of the details as a person reads it.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(all) => all.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_read_like_words() {
        let value = serde_json::json!(["operator", 3, true]);
        assert_eq!(plain(&value), "operator, 3, yes");
    }
}
