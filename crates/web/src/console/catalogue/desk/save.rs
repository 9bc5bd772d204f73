//! What the form of the desk asks for: another look, a draft kept or thrown away, words
//! published. Whatever goes wrong, the writer gets their texts back.

use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use model::{Draft, Edition};
use pipeline::catalogue::{Texts, unkeepable};
use pipeline::desk::{Refused, Wish};
use serde_json::json;
use store::Saved;

use super::edit::{Notice, with};
use super::view::serving;
use super::{Fields, Sent, under, who};
use crate::App;
use crate::console::gate::Visitor;
use crate::message_center::signed_in::PageError;
use crate::page::ErrorKind;

/// `POST /console/catalogue/{type}/edit`
pub(crate) async fn act(
    State(app): State<App>,
    visitor: Visitor,
    Path(name): Path<String>,
    Form(fields): Form<Fields>,
) -> Result<Response, PageError> {
    let sent = Sent::of(fields);
    let not_found = || PageError::Shown(ErrorKind::NotFound);
    let catalogue = app.pipeline().catalogue();
    let (now, _) = serving(&catalogue, &name, &sent.locale).ok_or_else(not_found)?;
    let texts = sent.texts();
    let desk = Desk {
        app: &app,
        visitor: &visitor,
        name: &name,
        sent: &sent,
    };
    let notice = match sent.act.as_str() {
        "save" => Some(desk.save(&now, &texts).await?),
        "discard" => Some(desk.discard().await?),
        "publish" => Some(desk.publish(texts.clone()).await?),
        _ => None,
    };
    let done = match notice {
        Some(Notice::Saved) => "saved",
        Some(Notice::Discarded) => "discarded",
        Some(Notice::Published) => "published",
        _ => {
            let catalogue = app.pipeline().catalogue();
            let (mut all, _) = serving(&catalogue, &name, &sent.locale).ok_or_else(not_found)?;
            // A field that did not come keeps what serves; one that is unknown is named.
            all.extend(match notice {
                Some(Notice::Stale) => desk.own(texts).await?,
                _ => texts,
            });
            return with(&app, &visitor, &name, (sent, all), notice).await;
        }
    };
    let asked = [
        ("locale", sent.locale.as_str()),
        ("sample", &sent.sample),
        ("done", done),
    ];
    Ok(Redirect::to(&under(&name, "edit", &asked)).into_response())
}

struct Desk<'a> {
    app: &'a App,
    visitor: &'a Visitor,
    name: &'a str,
    sent: &'a Sent,
}

impl Desk<'_> {
    async fn save(&self, now: &Texts, texts: &Texts) -> Result<Notice, PageError> {
        let catalogue = self.app.pipeline().catalogue();
        let entry = catalogue.get(self.name);
        if entry.is_none_or(|entry| !unkeepable(entry, &self.sent.locale, texts).is_empty()) {
            return Ok(Notice::Unfit);
        }
        let differing: Texts = texts
            .iter()
            .filter(|(key, text)| now.get(*key) != Some(*text))
            .map(|(key, text)| (key.clone(), text.clone()))
            .collect();
        if differing.is_empty() {
            return match self.sent.draft {
                0 => Ok(Notice::Nothing),
                _ => self.discard().await,
            };
        }
        let keys: Vec<String> = differing.keys().cloned().collect();
        let draft = Draft {
            message_type: self.name.to_owned(),
            locale: self.sent.locale.clone(),
            texts: differing,
            based_on: self.sent.last,
            who: who(self.visitor),
            at: self.app.now(),
            version: self.sent.draft,
        };
        let saved = self.app.store().save_draft(draft, self.app.now()).await?;
        if saved == Saved::Stale {
            return Ok(Notice::DraftStale);
        }
        self.note("template.draft_saved", &keys).await?;
        Ok(Notice::Saved)
    }

    async fn discard(&self) -> Result<Notice, PageError> {
        let store = self.app.store();
        let version = Some(self.sent.draft).filter(|version| *version > 0);
        let (name, locale) = (self.name.to_owned(), self.sent.locale.clone());
        let known = store.draft(name.clone(), locale.clone()).await?;
        let discarded = store.discard_draft(name, locale, version).await?;
        if discarded == Saved::Stale {
            return Ok(Notice::DraftStale);
        }
        if let Some(draft) = known {
            let keys: Vec<String> = draft.texts.into_keys().collect();
            self.note("template.draft_discarded", &keys).await?;
        }
        Ok(Notice::Discarded)
    }

    async fn publish(&self, texts: Texts) -> Result<Notice, PageError> {
        let wish = Wish {
            message_type: self.name.to_owned(),
            locale: self.sent.locale.clone(),
            texts,
            last: self.sent.last,
            note: self.sent.note.clone(),
            who: who(self.visitor),
        };
        let line = |edition: &Edition| {
            let details = json!({
                "edition": edition.number,
                "version": edition.template_version,
                "locale": self.sent.locale,
                "texts": keys(edition),
            });
            let (store, now) = (self.app.store(), self.app.now());
            let actor = self.visitor.actor();
            actor.line(store, now, "template.published", &self.name, details)
        };
        match self.app.pipeline().publish(wish, line).await {
            Ok(_) => Ok(Notice::Published),
            Err(refused) => notice_of(refused),
        }
    }

    /// Of what the writer sent, what they changed themselves: the rest is as it was when they
    /// began, and must not undo what somebody else published since.
    async fn own(&self, mut texts: Texts) -> Result<Texts, PageError> {
        let pipeline = self.app.pipeline();
        let began = match pipeline.words_after(self.name, self.sent.last).await {
            Ok(words) => words,
            Err(Refused::Store(error)) => return Err(error.into()),
            // What they say they saw was never there.
            Err(_) => return Ok(texts),
        };
        let locale = &self.sent.locale;
        let files = pipeline.files();
        let mut seen = files.wording(self.name, locale).unwrap_or_default();
        seen.extend(began.get(locale).cloned().unwrap_or_default());
        texts.retain(|key, text| seen.get(key) != Some(text));
        Ok(texts)
    }

    async fn note(&self, action: &str, keys: &[String]) -> Result<(), PageError> {
        let (store, now) = (self.app.store(), self.app.now());
        let details = json!({ "locale": self.sent.locale, "texts": keys });
        let actor = self.visitor.actor();
        let line = actor.line(store, now, action, &self.name, details);
        store.append_audit(vec![line]).await?;
        Ok(())
    }
}

/// The texts an edition changes.
pub(super) fn keys(edition: &Edition) -> Vec<String> {
    let all = edition.changes.iter();
    all.map(|change| format!("{} {}", change.locale, change.key))
        .collect()
}

/// What a refusal is to the person; what they cannot mend is an error page.
fn notice_of(refused: Refused) -> Result<Notice, PageError> {
    match refused {
        Refused::Unknown => Err(PageError::Shown(ErrorKind::NotFound)),
        Refused::Stale => Ok(Notice::Stale),
        Refused::Nothing => Ok(Notice::Nothing),
        Refused::Note => Ok(Notice::Note),
        Refused::Faults(_) => Ok(Notice::Wrong),
        Refused::Store(error) => Err(error.into()),
    }
}
