//! A mail body, made at the hand-over from the stored data alone.

use std::borrow::Cow;

use model::MessageContent;

use super::card::of_opened;
use super::foot;
use super::snapshot::{Opened, open};
use super::{Brand, Card, MailBody, RenderError, TrackState};
use crate::catalogue::clean::{lines, short_line};
use crate::catalogue::templates::TemplateId;
use crate::catalogue::view::{Scene, View};
use crate::catalogue::{Catalogue, leads_home};

const LINE_BYTES: usize = 64 * 1024;
/// Mail programs cut longer messages off at about a fifth of this.
const MAIL_BYTES: usize = 512 * 1024;
const SUBJECT_CHARS: usize = 120;
const PREHEADER_CHARS: usize = 160;

/// The mail of a message. Everything in it comes from the stored data; the brand as it is
/// today only decides which links may still be shown.
///
/// # Errors
/// A type that has left the catalogue or takes no mail, or a template that fails.
pub fn mail(
    catalogue: &Catalogue,
    brand: &Brand,
    content: &MessageContent,
) -> Result<MailBody, RenderError> {
    let unknown = || RenderError::UnknownType(content.message_type.clone());
    let opened = open(catalogue, content).ok_or_else(unknown)?;
    let (Some(subject), Some(preheader)) = (opened.names.subject, opened.names.preheader) else {
        return Err(unknown());
    };
    let scene = opened.scene(content);
    let mut scratch = String::new();
    let mut line = |id: TemplateId, chars: usize| -> Result<String, RenderError> {
        let out = (&mut scratch, LINE_BYTES);
        catalogue.templates.render_into(id, &scene, out)?;
        Ok(short_line(&scratch, chars))
    };
    let (subject, preheader) = if opened.setting.discreet {
        let key = format!("discreet.title.{}", content.category);
        let words = catalogue
            .words
            .get(&content.locale, &key)
            .unwrap_or_default();
        (short_line(words, SUBJECT_CHARS), String::new())
    } else {
        let subject = line(subject, SUBJECT_CHARS)?;
        (subject, line(preheader, PREHEADER_CHARS)?)
    };
    let card = of_opened(catalogue, content, &opened)?;
    let shown = Shown {
        catalogue,
        content,
        opened: &opened,
        subject: &subject,
        preheader: &preheader,
    };
    let (text, html) = shown.parts(brand, &card)?;
    Ok(MailBody {
        subject,
        preheader,
        text: tidy(&text),
        html,
    })
}

struct Shown<'a> {
    catalogue: &'a Catalogue,
    content: &'a MessageContent,
    opened: &'a Opened<'a>,
    subject: &'a str,
    preheader: &'a str,
}

impl Shown<'_> {
    /// The plain-text and the HTML part.
    fn parts(&self, brand: &Brand, card: &Card) -> Result<(String, String), RenderError> {
        let locale = self.content.locale.as_str();
        let setting = &self.opened.setting;
        let initial = setting.brand.chars().next().map_or(0, char::len_utf8);
        let brand_views = [
            ("name", View::Text(setting.brand)),
            ("initial", View::Text(&setting.brand[..initial])),
            ("url", View::Text(setting.url)),
            ("support", View::Text(setting.support)),
        ];
        let words: Vec<(&str, Cow<'_, str>)> = self
            .catalogue
            .mail_words(locale)
            .iter()
            .map(|(name, word)| (name.as_str(), self.filled(word)))
            .collect();
        let words: Vec<(&str, View<'_>)> = words
            .iter()
            .map(|(name, word)| (*name, View::Text(word)))
            .collect();
        let why = format!("purposes.{}", self.content.purpose);
        let why = self.catalogue.words.get(locale, &why).unwrap_or_default();
        let why = self.filled(why);
        let link = self.link(brand);
        let link =
            link.map(|(url, label)| [("url", View::Text(url)), ("label", View::Text(label))]);
        let foot = foot::marks(self.content.purpose, setting.url);
        let foot = foot.as_ref().map(|(unsubscribe, preferences)| {
            [
                ("unsubscribe", View::Text(unsubscribe)),
                ("preferences", View::Text(preferences)),
            ]
        });
        let lists = Lists::of(card);
        let (facts, items, track) = lists.views();
        let listed: Vec<View<'_>> = lists.listed.iter().map(|row| View::Fields(row)).collect();
        let paragraphs: Vec<View<'_>> = card.paragraphs.iter().map(|p| View::Text(p)).collect();
        let names = [
            ("lang", View::Text(locale)),
            ("subject", View::Text(self.subject)),
            ("preheader", View::Text(self.preheader)),
            ("title", View::Text(&self.content.title)),
            ("brand", View::Fields(&brand_views)),
            ("paragraphs", View::Views(&paragraphs)),
            ("facts", View::Views(&facts)),
            ("items", View::Views(&items)),
            ("total", View::text_or_none(card.total.as_deref())),
            ("track", View::Views(&track)),
            ("listed", View::Views(&listed)),
            (
                "link",
                link.as_ref().map_or(View::None, |link| View::Fields(link)),
            ),
            ("words", View::Fields(&words)),
            ("why", View::Text(&why)),
            (
                "foot",
                foot.as_ref().map_or(View::None, |foot| View::Fields(foot)),
            ),
        ];
        let scene = Scene::layout(&names, setting);
        let templates = &self.catalogue.templates;
        let text = templates.render(self.catalogue.layout_text, &scene, MAIL_BYTES)?;
        let html = templates.render(self.catalogue.layout_html, &scene, MAIL_BYTES)?;
        Ok((text, html))
    }

    /// A word of the layout with its gaps filled.
    fn filled<'w>(&self, word: &'w str) -> Cow<'w, str> {
        let setting = &self.opened.setting;
        let gaps = [("{brand}", setting.brand), ("{support}", setting.support)];
        let mut filled = String::new();
        let mut rest = word;
        while let Some(at) = memchr::memchr(b'{', rest.as_bytes()) {
            let (before, gap) = rest.split_at(at);
            let known = gaps.iter().find(|(name, _)| gap.starts_with(name));
            let (name, value) = known.copied().unwrap_or(("{", "{"));
            filled.push_str(before);
            filled.push_str(value);
            rest = &gap[name.len()..];
        }
        if filled.is_empty() {
            return Cow::Borrowed(rest);
        }
        filled.push_str(rest);
        Cow::Owned(filled)
    }

    /// The first link of the type that the data has and that still leads home: its
    /// address and its label.
    fn link(&self, brand: &Brand) -> Option<(&str, &str)> {
        let locale = self.content.locale.as_str();
        self.opened.entry.links.iter().find_map(|path| {
            let mut steps = path.split('.');
            let mut place = self.content.data.get(steps.next()?)?;
            for step in steps {
                place = place.get(step)?;
            }
            let url = place.as_str()?;
            let label = self
                .catalogue
                .words
                .get(locale, &format!("links.{}", path.replace('.', "_")))?;
            leads_home(url, &brand.domain).then_some((url, label))
        })
    }
}

/// The rows of a mail's lists, as the layouts name their parts.
struct Lists<'a> {
    facts: Vec<[(&'a str, View<'a>); 2]>,
    items: Vec<[(&'a str, View<'a>); 3]>,
    track: Vec<[(&'a str, View<'a>); 3]>,
    listed: Vec<[(&'a str, View<'a>); 3]>,
}

impl<'a> Lists<'a> {
    fn of(card: &'a Card) -> Self {
        let facts = card.facts.iter();
        let items = card.items.iter();
        let track = card.track.iter();
        Self {
            facts: facts
                .map(|(label, value)| [("label", View::Text(label)), ("value", View::Text(value))])
                .collect(),
            items: items
                .map(|item| {
                    [
                        ("title", View::Text(&item.title)),
                        ("quantity", View::Text(&item.quantity)),
                        ("price", View::Text(&item.price)),
                    ]
                })
                .collect(),
            track: track
                .map(|step| {
                    [
                        ("label", View::Text(&step.label)),
                        ("done", View::Bool(step.state == TrackState::Done)),
                        ("now", View::Bool(step.state == TrackState::Now)),
                    ]
                })
                .collect(),
            listed: card
                .listed
                .iter()
                .map(|listed| {
                    let url = Some(listed.url.as_str()).filter(|url| !url.is_empty());
                    [
                        ("title", View::Text(&listed.title)),
                        ("day", View::Text(&listed.day)),
                        ("url", View::text_or_none(url)),
                    ]
                })
                .collect(),
        }
    }

    /// Facts, items, track.
    fn views(&'a self) -> (Vec<View<'a>>, Vec<View<'a>>, Vec<View<'a>>) {
        (
            self.facts.iter().map(|row| View::Fields(row)).collect(),
            self.items.iter().map(|row| View::Fields(row)).collect(),
            self.track.iter().map(|row| View::Fields(row)).collect(),
        )
    }
}

/// No space at the ends of lines, at most one empty line in a row.
fn tidy(text: &str) -> String {
    let mut tidied = String::with_capacity(text.len());
    let mut empty = true;
    for line in lines(text) {
        let line = line.trim_end();
        if line.is_empty() && empty {
            continue;
        }
        empty = line.is_empty();
        tidied.push_str(line);
        tidied.push('\n');
    }
    tidied.truncate(tidied.trim_end().len());
    tidied.push('\n');
    tidied
}
