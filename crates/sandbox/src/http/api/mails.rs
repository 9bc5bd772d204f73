//! Mails: list, one with its parts, its octets, clear.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::IntoResponse;
use serde::Serialize;

use super::filter::Filter;
use crate::civil_time::Civil;
use crate::http::problem::Problem;
use crate::kept::{Mail, ReadMail};
use crate::sandbox::Sandbox;

#[derive(Serialize)]
pub(super) struct MailDocument {
    id: u64,
    at: String,
    /// The From header's address.
    from: String,
    from_name: String,
    envelope_from: String,
    envelope_to: Vec<String>,
    subject: String,
    size: usize,
}

impl MailDocument {
    fn of(mail: &Mail, read: &ReadMail) -> Self {
        Self {
            id: mail.id,
            at: Civil::of(mail.at).rfc3339(),
            from: read.from.clone(),
            from_name: read.from_name.clone(),
            envelope_from: mail.from.clone(),
            envelope_to: mail.to.clone(),
            subject: read.subject.clone(),
            size: mail.raw.len(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct WholeMail {
    #[serde(flatten)]
    mail: MailDocument,
    text: Option<String>,
    html: Option<String>,
    headers: Vec<(String, String)>,
    attachments: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct List {
    mails: Vec<MailDocument>,
}

pub(super) async fn list(
    State(sandbox): State<Sandbox>,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Json<List>, Problem> {
    let filter = Filter::read(query)?;
    let shared = sandbox.shared();
    let matches = |address: &String, wanted: &Option<String>| {
        wanted
            .as_ref()
            .is_none_or(|wanted| wanted.eq_ignore_ascii_case(address))
    };
    let wanted = |mail: &&Arc<Mail>| {
        matches(&mail.from, &filter.from)
            && (filter.to.is_none() || mail.to.iter().any(|address| matches(address, &filter.to)))
    };
    let look = || {
        let mails = shared.mails();
        mails
            .after(filter.after)
            .filter(wanted)
            .take(filter.limit)
            .cloned()
            .collect()
    };
    let found: Vec<Arc<Mail>> = filter.wait_for(shared, look).await;
    // Read outside the lock: mails keep coming meanwhile.
    let mails = found
        .iter()
        .map(|mail| MailDocument::of(mail, &ReadMail::summary(mail)))
        .collect();
    Ok(Json(List { mails }))
}

#[derive(Serialize)]
pub(super) struct Cleared {
    cleared: usize,
}

pub(super) async fn clear(State(sandbox): State<Sandbox>) -> Json<Cleared> {
    let cleared = sandbox.shared().mails().clear();
    sandbox.shared().tell_news();
    Json(Cleared { cleared })
}

pub(super) async fn one(
    State(sandbox): State<Sandbox>,
    Path(id): Path<String>,
) -> Result<Json<WholeMail>, Problem> {
    let mail = find(&sandbox, &id)?;
    let read = ReadMail::of(&mail);
    let document = MailDocument::of(&mail, &read);
    let ReadMail {
        text,
        html,
        headers,
        attachments,
        ..
    } = read;
    Ok(Json(WholeMail {
        mail: document,
        text,
        html,
        headers,
        attachments,
    }))
}

pub(super) async fn raw(
    State(sandbox): State<Sandbox>,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    let mail = find(&sandbox, &id)?;
    let headers = [
        (header::CONTENT_TYPE, "message/rfc822".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"mail-{}.eml\"", mail.id),
        ),
    ];
    Ok((headers, mail.raw.to_vec()))
}

fn find(sandbox: &Sandbox, id: &str) -> Result<Arc<Mail>, Problem> {
    let found = id
        .parse()
        .ok()
        .and_then(|id| sandbox.shared().mails().get(id));
    found.ok_or_else(|| {
        Problem::not_found("there is no mail with this id, or it is not kept any more")
    })
}
