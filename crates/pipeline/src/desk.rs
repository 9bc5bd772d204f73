//! The desk at work: words are published, taken back, and brought to where they serve.
//!
//! Nothing is published that was not rehearsed as it would be sent: with every sample, and
//! read by the guard. Who may do it is for the caller to know. Drafts are the store's alone.

use std::sync::Arc;

use guard::{Exception, Exceptions};
use model::{AuditLine, Edition, GuardException, StaffId, Wording};
use store::{Publication, Published};

use crate::catalogue::desk::change;
use crate::catalogue::{Catalogue, CatalogueFault, Desk, Stand, Texts, Trial, Wordings, unfit};
use crate::{Laid, Pipeline};

/// Editions that are read at once.
const PAGE: usize = 200;
/// Somebody may publish another type meanwhile so often.
const TRIES: usize = 8;
/// A note may have so many characters.
pub const LONGEST_NOTE: usize = 500;

/// Words to publish: of one message type in one locale.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Whose words.
    pub message_type: String,
    /// In which locale.
    pub locale: String,
    /// The texts; those that are not named stay as they are.
    pub texts: Texts,
    /// The last edition of the type that the writer saw; 0 for none.
    pub last: u64,
    /// Why, in their words.
    pub note: String,
    /// Who they are.
    pub who: Option<StaffId>,
}

/// A way back: to the words as they were after an edition of the same type.
#[derive(Clone, Debug)]
pub struct Return {
    /// Whose words.
    pub message_type: String,
    /// After which edition; 0 for the words of the files.
    pub to: u64,
    /// The last edition of the type that was seen.
    pub last: u64,
    /// Why.
    pub note: String,
    /// Who goes back.
    pub who: Option<StaffId>,
}

/// Why nothing was published.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// There is no such message type, locale or edition.
    #[error("there is no such message type, locale or edition")]
    Unknown,
    /// Somebody else published the type in between.
    #[error("somebody else has published words of it in between")]
    Stale,
    /// The words are as they were.
    #[error("nothing would change")]
    Nothing,
    /// Without a note nobody knows later why.
    #[error("a note of 1 to {LONGEST_NOTE} characters says why")]
    Note,
    /// The words may not be sent.
    #[error("the words do not pass")]
    Faults(Vec<CatalogueFault>),
    /// Nothing could be read or kept.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// What is published, before it has a number.
struct Next<'a> {
    message_type: &'a str,
    last: u64,
    note: &'a str,
    who: Option<StaffId>,
    /// Drafts that are done with.
    drafts: Vec<String>,
}

impl Pipeline {
    /// All words of the desk, as this node knows them.
    pub fn desk(&self) -> Arc<Desk> {
        self.said().laid.desk
    }

    /// The catalogue without the words of the desk.
    pub fn files(&self) -> Arc<Catalogue> {
        self.said().files
    }

    /// The version that the next edition of a message type gets.
    pub fn next_version(&self, message_type: &str) -> Option<u32> {
        let said = self.said();
        said.files.next_version(message_type, &said.laid.desk)
    }

    fn stand(&self, exceptions: Exceptions) -> Stand {
        Stand {
            brand: self.brand().clone(),
            own: self.senders().own(self.clock().now()),
            exceptions,
        }
    }

    /// Tries words on as the next edition. Takes milliseconds of computing. None where
    /// there is no such type, or nothing is written in such a locale.
    pub fn trial(&self, message_type: &str, locale: &str, texts: &Texts) -> Option<Trial> {
        let said = self.said();
        let version = said.files.next_version(message_type, &said.laid.desk)?;
        let stand = self.stand(said.laid.exceptions);
        let words = (locale, texts);
        said.catalogue.trial((message_type, version), words, &stand)
    }

    /// Serves what is published and agreed now, on whichever node it was. Reads one number
    /// where nothing has changed; says whether something had.
    ///
    /// # Errors
    /// When the store cannot be read; what serves goes on.
    pub async fn refresh_desk(&self) -> store::Result<bool> {
        let revision = self.store().desk_revision().await?;
        let laid = self.said().laid;
        if laid.revision == revision {
            return Ok(false);
        }
        let mut desk = (*laid.desk).clone();
        loop {
            let page = self.store().editions(desk.last(), PAGE).await?;
            page.iter().for_each(|edition| desk.apply(edition));
            if page.len() < PAGE {
                break;
            }
        }
        let agreed = self.store().agreed_exceptions().await?;
        let next = Laid {
            desk: Arc::new(desk),
            exceptions: agreed.iter().filter_map(excepted).collect(),
            revision,
        };
        let pipeline = self.clone();
        let serve = move || {
            pipeline.say(|said| match said.laid.revision < revision {
                true => (said.files.clone(), next),
                // Another refresh was quicker, and knows more.
                false => (said.files.clone(), said.laid.clone()),
            });
        };
        if let Err(error) = tokio::task::spawn_blocking(serve).await {
            tracing::error!(%error, "the words of the desk could not be laid");
        }
        Ok(true)
    }

    /// Publishes words: rehearses them, keeps them, and serves them. `line` makes what is
    /// written down of it.
    ///
    /// # Errors
    /// [`Refused`]; nothing was written.
    pub async fn publish(
        &self,
        wish: Wish,
        line: impl Fn(&Edition) -> AuditLine,
    ) -> Result<Edition, Refused> {
        let name = wish.message_type.as_str();
        let files = self.files();
        let entry = files.get(name).ok_or(Refused::Unknown)?;
        let known = files.all_locales().into_iter().any(|l| l == wish.locale);
        if !known {
            return Err(Refused::Unknown);
        }
        let faults = unfit(entry, &wish.locale, &wish.texts);
        if !faults.is_empty() {
            return Err(Refused::Faults(faults));
        }
        let changes = |desk: &Desk| {
            let shipped = files.wording(name, &wish.locale).unwrap_or_default();
            let of = desk.texts_of(name);
            let laid = of.and_then(|of| of.get(&wish.locale));
            let wanted = wish.texts.iter();
            let changed = wanted.filter_map(|(key, text)| {
                let text = Some(text).filter(|text| shipped.get(key) != Some(*text));
                let now = laid.and_then(|laid| laid.get(key));
                (now != text).then(|| Wording {
                    locale: wish.locale.clone(),
                    key: key.clone(),
                    text: text.cloned(),
                })
            });
            changed.collect()
        };
        let next = Next {
            message_type: name,
            last: wish.last,
            note: &wish.note,
            who: wish.who,
            drafts: vec![wish.locale.clone()],
        };
        self.commit_edition(next, changes, line).await
    }

    /// Publishes the words as they were after an edition, as an edition of its own.
    ///
    /// # Errors
    /// [`Refused`]; nothing was written.
    pub async fn go_back(
        &self,
        way: Return,
        line: impl Fn(&Edition) -> AuditLine,
    ) -> Result<Edition, Refused> {
        self.next_version(&way.message_type)
            .ok_or(Refused::Unknown)?;
        let then = self.words_after(&way.message_type, way.to).await?;
        let changes = |desk: &Desk| {
            let none = Wordings::new();
            let now = desk.texts_of(&way.message_type).unwrap_or(&none);
            difference(now, &then)
        };
        let next = Next {
            message_type: &way.message_type,
            last: way.last,
            note: &way.note,
            who: way.who,
            drafts: Vec::new(),
        };
        self.commit_edition(next, changes, line).await
    }

    /// The desk's words of a type as they were after an edition of it; 0 is before the first.
    ///
    /// # Errors
    /// [`Refused::Unknown`] where there is no such edition of it, or the store's.
    pub async fn words_after(&self, message_type: &str, number: u64) -> Result<Wordings, Refused> {
        let mut words = Wordings::new();
        if number == 0 {
            return Ok(words);
        }
        let mut before = Some(number.saturating_add(1));
        let mut editions = Vec::new();
        while let Some(place) = before.take() {
            let name = message_type.to_owned();
            let page = self.store().editions_of(name, Some(place), PAGE).await?;
            before = page.last().filter(|_| page.len() == PAGE).map(|e| e.number);
            editions.extend(page);
        }
        if editions.first().map(|edition| edition.number) != Some(number) {
            return Err(Refused::Unknown);
        }
        for edition in editions.iter().rev() {
            change(&mut words, edition);
        }
        Ok(words)
    }

    async fn commit_edition(
        &self,
        next: Next<'_>,
        changes: impl Fn(&Desk) -> Vec<Wording>,
        line: impl Fn(&Edition) -> AuditLine,
    ) -> Result<Edition, Refused> {
        let note = next.note.trim();
        if note.is_empty() || note.chars().count() > LONGEST_NOTE || note.contains('\0') {
            return Err(Refused::Note);
        }
        for _ in 0..TRIES {
            self.refresh_desk().await?;
            let said = self.said();
            let (files, laid) = (said.files, said.laid);
            let name = next.message_type;
            let version = files.next_version(name, &laid.desk);
            let template_version = version.ok_or(Refused::Unknown)?;
            if laid.desk.last_of(name) != next.last {
                return Err(Refused::Stale);
            }
            let edition = Edition {
                number: laid.desk.last() + 1,
                message_type: name.to_owned(),
                template_version,
                changes: changes(&laid.desk),
                note: note.to_owned(),
                who: next.who,
                at: self.clock().now(),
            };
            if edition.changes.is_empty() {
                return Err(Refused::Nothing);
            }
            let mut desk = (*laid.desk).clone();
            desk.apply(&edition);
            let (stand, of) = (self.stand(laid.exceptions), name.to_owned());
            let rehearse = move || files.holds(&of, &desk, &stand);
            let faults = tokio::task::spawn_blocking(rehearse).await;
            let mut faults = faults.map_err(|_| Refused::Unknown)?;
            // Who mends one locale is not stopped by what another has had for long: the type
            // says the words of its files until all of it holds.
            let known = said.catalogue.desk_faults_of(name);
            faults.retain(|fault| !known.contains(fault));
            if !faults.is_empty() {
                return Err(Refused::Faults(faults));
            }
            let publication = Publication {
                last: edition.number - 1,
                drafts: next.drafts.clone(),
                audit: vec![line(&edition)],
                edition: edition.clone(),
            };
            if self.store().publish(publication).await? == Published::Done {
                if let Err(error) = self.refresh_desk().await {
                    tracing::warn!(%error, "what was published serves when the store can be read");
                }
                return Ok(edition);
            }
        }
        Err(Refused::Stale)
    }
}

/// An exception as the guard knows it; none where the guard has no such rule.
fn excepted(agreed: &GuardException) -> Option<Exception> {
    let rule = agreed.rule.parse().ok()?;
    Some(Exception {
        rule,
        message_type: agreed.message_type.clone(),
        template_version: agreed.template_version,
    })
}

/// What makes of one set of words another.
fn difference(now: &Wordings, then: &Wordings) -> Vec<Wording> {
    let flat = |words: &Wordings| -> Vec<(String, String)> {
        let all = words.iter();
        let keys = |(locale, texts): (&String, &Texts)| {
            let keys = texts.keys().map(|key| (locale.clone(), key.clone()));
            keys.collect::<Vec<_>>()
        };
        all.flat_map(keys).collect()
    };
    let mut places = flat(now);
    places.extend(flat(then));
    places.sort();
    places.dedup();
    let at = |words: &Wordings, locale: &str, key: &str| words.get(locale)?.get(key).cloned();
    let changed = places.into_iter().filter_map(|(locale, key)| {
        let text = at(then, &locale, &key);
        (text != at(now, &locale, &key)).then_some(Wording { locale, key, text })
    });
    changed.collect()
}

#[cfg(test)]
mod tests;
