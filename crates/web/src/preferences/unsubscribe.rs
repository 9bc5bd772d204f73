//! `/unsubscribe/{link}`: ends mails of a topic and offers by mail, with one POST (RFC 8058).
//!
//! Mail programs post here without a person, from another origin and without a cookie; the
//! link alone says who. GET changes nothing, because scanners open links.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use model::{Category, Channel, How};
use pipeline::choices::{Choice, ChooseError, EVERY_TOPIC};

use super::link::{Gone, Link, Use};
use super::page::{keep_to_itself, leads_nowhere};
use super::said;
use super::view::UnsubscribePage;
use crate::App;
use crate::message_center::signed_in::{PageError, frame};
use crate::page::{ErrorKind, Place, html};
use crate::read::media_type;

/// `GET /unsubscribe/{link}`
pub(crate) async fn show(State(app): State<App>, Path(text): Path<String>) -> Response {
    match app.links().open(&text, app.now()) {
        Ok(Link {
            for_what:
                Use::Unsubscribe {
                    category,
                    topic,
                    channel,
                },
            ..
        }) => shown(
            &app,
            Some(format!("/unsubscribe/{text}")),
            (category, topic, channel),
        ),
        Ok(_) => leads_nowhere(&app, Gone::Wrong),
        Err(gone) => leads_nowhere(&app, gone),
    }
}

/// `POST /unsubscribe/{link}`
pub(crate) async fn unsubscribe(
    State(app): State<App>,
    Path(text): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, PageError> {
    let (recipient, category, topic, channel) = match app.links().open(&text, app.now()) {
        Ok(Link {
            recipient,
            for_what:
                Use::Unsubscribe {
                    category,
                    topic,
                    channel,
                },
            ..
        }) => (recipient, category, topic, channel),
        Ok(_) => return Ok(leads_nowhere(&app, Gone::Wrong)),
        Err(gone) => return Ok(leads_nowhere(&app, gone)),
    };
    if !is_one_click(&media_type(&headers), &body) {
        return Err(PageError::Shown(ErrorKind::Unreadable));
    }
    let choice = Choice::Unsubscribe {
        category,
        topic: topic.clone(),
        channel,
    };
    let said = said(&app, How::Unsubscribe, "one-click unsubscribe", "");
    match app.pipeline().choose(recipient, &choice, &said).await {
        Ok(_) => Ok(shown(&app, None, (category, topic, channel))),
        // Who is gone gets no mail either.
        Err(ChooseError::Unknown) => Ok(leads_nowhere(&app, Gone::Wrong)),
        Err(ChooseError::Store(error)) => Err(error.into()),
        Err(error @ (ChooseError::Faulty(_) | ChooseError::Overtaken)) => {
            tracing::error!(recipient.id = %recipient, %error, "an unsubscribe could not be done");
            Err(PageError::Shown(ErrorKind::Broken))
        }
    }
}

fn shown(
    app: &App,
    action: Option<String>,
    (category, topic, channel): (Category, String, Channel),
) -> Response {
    let rows = app.pipeline().choice_rows();
    let row = rows
        .iter()
        .find(|row| (row.category, &row.topic, row.channel) == (category, &topic, channel));
    let page = UnsubscribePage {
        page: frame(app, Place::Elsewhere),
        action,
        category,
        ends_topic: topic == EVERY_TOPIC || row.is_some_and(|row| !row.always_on),
        topic,
    };
    keep_to_itself(html(StatusCode::OK, &page))
}

/// Whether a body is what RFC 8058 §3.2 wants sent, in either form it may have.
fn is_one_click(media_type: &str, body: &[u8]) -> bool {
    let Ok(body) = std::str::from_utf8(body) else {
        return false;
    };
    if media_type == "multipart/form-data" {
        return has_part(body);
    }
    let is_form = media_type == "application/x-www-form-urlencoded";
    let mut pairs = body.trim().split('&');
    is_form && pairs.any(|pair| pair == "List-Unsubscribe=One-Click")
}

/// Whether a part of a multipart body has the name and the value (RFC 7578 §4.2).
fn has_part(body: &str) -> bool {
    let mut lines = body.lines();
    while let Some(line) = lines.next() {
        let mut words = line.split(';').map(str::trim);
        let disposes = words
            .next()
            .is_some_and(|word| word.eq_ignore_ascii_case("content-disposition: form-data"));
        let named =
            words.any(|word| matches!(word, "name=\"List-Unsubscribe\"" | "name=List-Unsubscribe"));
        if disposes && named {
            let mut rest = lines.by_ref().skip_while(|line| !line.is_empty()).skip(1);
            return rest.next() == Some("One-Click");
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_click_in_both_forms_and_nothing_else() {
        let form = "application/x-www-form-urlencoded";
        assert!(is_one_click(form, b"List-Unsubscribe=One-Click"));
        assert!(is_one_click(form, b"a=b&List-Unsubscribe=One-Click\r\n"));
        let part = "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n";
        assert!(is_one_click("multipart/form-data", part.as_bytes()));
        for bad in [
            "",
            "List-Unsubscribe=No",
            "list-unsubscribe=one-click",
            part,
        ] {
            assert!(!is_one_click(form, bad.as_bytes()), "{bad}");
        }
        let other = part.replace("One-Click", "Two-Clicks");
        for bad in ["", "--b--", other.as_str(), "One-Click"] {
            assert!(
                !is_one_click("multipart/form-data", bad.as_bytes()),
                "{bad}"
            );
        }
        assert!(!is_one_click("text/plain", b"List-Unsubscribe=One-Click"));
        assert!(!is_one_click(form, b"\xff"));
    }
}
