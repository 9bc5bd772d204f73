//! The overview: where to connect, what came in, what is wrong on purpose.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::phone::number_key;
use super::{Frame, Shown, page};
use crate::counts::Counts;
use crate::faults::Faults;
use crate::kept::{Direction, ReadMail};
use crate::sandbox::Sandbox;

const NEWEST: usize = 5;

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview {
    frame: Frame,
    counts: Counts,
    smsc_addr: String,
    smtp_addr: String,
    system_id: String,
    smsc_tls: bool,
    starttls: bool,
    texts_faulty: bool,
    mails_faulty: bool,
    texts: Vec<TextRow>,
    mails: Vec<MailRow>,
}

struct TextRow {
    key: String,
    from: String,
    to: String,
    text: String,
    from_phone: bool,
    at: Shown,
}

struct MailRow {
    id: u64,
    from_name: String,
    to: String,
    subject: String,
    at: Shown,
}

pub(super) async fn show(State(sandbox): State<Sandbox>) -> Response {
    let shared = sandbox.shared();
    let faults = sandbox.faults();
    let texts = shared
        .texts()
        .newest()
        .take(NEWEST)
        .cloned()
        .collect::<Vec<_>>();
    let mails = shared
        .mails()
        .newest()
        .take(NEWEST)
        .cloned()
        .collect::<Vec<_>>();
    let texts = texts.into_iter().map(|text| {
        let from_phone = text.direction == Direction::FromPhone;
        TextRow {
            key: number_key(if from_phone { &text.from } else { &text.to }),
            text: text.text(),
            at: Shown::of(text.at),
            from: text.from,
            to: text.to,
            from_phone,
        }
    });
    let mails = mails.iter().map(|mail| {
        let ReadMail {
            from_name,
            to,
            subject,
            ..
        } = ReadMail::summary(mail);
        MailRow {
            id: mail.id,
            from_name,
            to,
            subject,
            at: Shown::of(mail.at),
        }
    });
    let overview = Overview {
        frame: Frame::of(shared, "overview"),
        counts: sandbox.counts(),
        smsc_addr: sandbox.smsc_addr().to_string(),
        smtp_addr: sandbox.smtp_addr().to_string(),
        system_id: shared.config.system_id.clone(),
        smsc_tls: shared.config.smsc_tls && shared.config.tls.is_some(),
        starttls: shared.config.tls.is_some(),
        texts_faulty: faults.texts != Faults::default().texts,
        mails_faulty: faults.mails != Faults::default().mails,
        texts: texts.collect(),
        mails: mails.collect(),
    };
    page(StatusCode::OK, &overview)
}
