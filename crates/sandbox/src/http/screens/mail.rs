//! The inbox: a list, and one mail with its parts and headers.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use super::{Frame, Shown, missing, page};
use crate::kept::{Mail, ReadMail};
use crate::sandbox::Sandbox;
use crate::shared::Shared;

const MOST_ROWS: usize = 200;

/// A mail's HTML runs nothing, loads nothing, and reaches nothing.
const MAIL_POLICY: &str =
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'";

#[derive(Template)]
#[template(path = "mail.html")]
struct MailPage {
    frame: Frame,
    rows: Vec<Row>,
    more: usize,
    open: Option<OpenMail>,
}

struct Row {
    id: u64,
    from_name: String,
    initial: String,
    subject: String,
    to: String,
    at: Shown,
    is_open: bool,
}

struct OpenMail {
    id: u64,
    read: ReadMail,
    at: Shown,
    size: String,
    signatures: Vec<String>,
}

pub(super) async fn list(State(sandbox): State<Sandbox>) -> Response {
    render(sandbox.shared(), None)
}

pub(super) async fn show(State(sandbox): State<Sandbox>, Path(id): Path<String>) -> Response {
    match find(&sandbox, &id) {
        Some(mail) => render(sandbox.shared(), Some(&mail)),
        None => missing(sandbox.shared(), "mail"),
    }
}

/// The HTML part by itself, for the frame.
pub(super) async fn html(State(sandbox): State<Sandbox>, Path(id): Path<String>) -> Response {
    match find(&sandbox, &id).and_then(|mail| ReadMail::of(&mail).html) {
        Some(html) => {
            ([(header::CONTENT_SECURITY_POLICY, MAIL_POLICY)], Html(html)).into_response()
        }
        None => missing(sandbox.shared(), "mail"),
    }
}

/// The mail as it came, as plain text: the browser shows it and runs nothing.
pub(super) async fn raw(State(sandbox): State<Sandbox>, Path(id): Path<String>) -> Response {
    match find(&sandbox, &id) {
        Some(mail) => {
            let headers = [
                (header::CONTENT_SECURITY_POLICY, MAIL_POLICY),
                (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
            ];
            (headers, mail.raw.to_vec()).into_response()
        }
        None => missing(sandbox.shared(), "mail"),
    }
}

fn find(sandbox: &Sandbox, id: &str) -> Option<Arc<Mail>> {
    sandbox.shared().mails().get(id.parse().ok()?)
}

fn render(shared: &Shared, open: Option<&Arc<Mail>>) -> Response {
    let (mails, kept) = {
        let mails = shared.mails();
        (
            mails.newest().take(MOST_ROWS).cloned().collect::<Vec<_>>(),
            mails.len(),
        )
    };
    let rows = mails.iter().map(|mail| {
        let ReadMail {
            from_name,
            subject,
            to,
            ..
        } = ReadMail::summary(mail);
        Row {
            id: mail.id,
            initial: from_name
                .chars()
                .find(|letter| letter.is_alphanumeric())
                .map_or_else(String::new, |letter| letter.to_uppercase().collect()),
            from_name,
            subject,
            to,
            at: Shown::of(mail.at),
            is_open: open.is_some_and(|open| open.id == mail.id),
        }
    });
    let rows: Vec<Row> = rows.collect();
    let more = kept.saturating_sub(rows.len());
    let open = open.map(|mail| {
        let read = ReadMail::of(mail);
        let signatures = read.header_values("DKIM-Signature").collect();
        OpenMail {
            id: mail.id,
            at: Shown::of(mail.at),
            size: size(mail.raw.len()),
            signatures,
            read,
        }
    });
    page(
        StatusCode::OK,
        &MailPage {
            frame: Frame::of(shared, "mail"),
            rows,
            more,
            open,
        },
    )
}

fn size(octets: usize) -> String {
    match octets {
        0..1024 => format!("{octets} B"),
        _ => format!("{} KB", octets.div_ceil(1024)),
    }
}
