//! The files of rules: those in the binary, and those of a folder laid over them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use include_dir::{Dir, include_dir};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::holidays::Holidays;
use super::hours::{Week, Window, read_windows};
use super::written::{Document, Kind, Written, strays};
use super::{ELSEWHERE, OWN, Regions, Rule, Says};
use crate::senders::Country;

static EMBEDDED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../regions");

/// What is longer, or more, is a mistake.
const MAX_FILE_BYTES: u64 = 256 * 1024;
const MAX_FILES: usize = 500;

/// One thing wrong with a file of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionFault {
    /// The file.
    pub file: String,
    /// The entry in it, such as `hours us-fl-hours`; empty where it is the whole file.
    pub entry: String,
    /// What is wrong, in words.
    pub reason: String,
}

/// Everything that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct RegionFaults(pub Vec<RegionFault>);

impl fmt::Display for RegionFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            entry,
            reason,
        } = self;
        match entry.as_str() {
            "" => write!(f, "{file}: {reason}"),
            entry => write!(f, "{file}, {entry}: {reason}"),
        }
    }
}

impl fmt::Display for RegionFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, fault) in self.0.iter().enumerate() {
            let line = if n == 0 { "" } else { "\n" };
            write!(f, "{line}{fault}")?;
        }
        Ok(())
    }
}

/// Reads everything; all faults at once.
pub(super) fn load(folder: Option<&Path>) -> Result<Regions, RegionFaults> {
    let mut reader = Reader::default();
    let mut documents = Vec::new();
    for (shown, text) in reader.texts(folder).into_values() {
        match toml::from_str::<Document>(&text) {
            Ok(document) => documents.push((shown, document)),
            Err(error) => reader.fault(&shown, "", error.to_string().trim_end()),
        }
    }
    // Rules name what other files may hold.
    for (file, document) in &documents {
        reader.places(file, document);
    }
    for (file, document) in documents {
        for (kind, entries) in [
            (Kind::Hours, document.hours),
            (Kind::Consent, document.consent),
            (Kind::RevokeAll, document.revoke_all),
            (Kind::AtMost, document.at_most),
        ] {
            for written in entries {
                reader.rule(&file, kind, written);
            }
        }
    }
    match reader.faults.is_empty() {
        true => Ok(reader.regions),
        false => Err(RegionFaults(reader.faults)),
    }
}

/// How each file is shown, and its text, by its name; those of the folder come last.
type Texts = BTreeMap<(bool, String), (String, String)>;

#[derive(Default)]
struct Reader {
    regions: Regions,
    holidays: BTreeMap<String, Arc<Holidays>>,
    ids: BTreeSet<String>,
    faults: Vec<RegionFault>,
}

impl Reader {
    fn fault(&mut self, file: &str, entry: &str, reason: impl Into<String>) {
        self.faults.push(RegionFault {
            file: file.to_owned(),
            entry: entry.to_owned(),
            reason: reason.into(),
        });
    }

    fn texts(&mut self, folder: Option<&Path>) -> Texts {
        let mut texts = Texts::new();
        for file in EMBEDDED.files() {
            let name = file.path().display().to_string();
            if let (true, Some(text)) = (is_rules(&name), file.contents_utf8()) {
                texts.insert(
                    (false, name.clone()),
                    (format!("regions/{name}"), text.to_owned()),
                );
            }
        }
        if let Some(folder) = folder
            && let Err(reason) = read_folder(folder, &mut texts)
        {
            self.fault(&folder.display().to_string(), "", reason);
        }
        texts
    }

    fn places(&mut self, file: &str, document: &Document) {
        for (code, names) in &document.zones {
            let entry = format!("zones {code}");
            if !is_code(code) || names.is_empty() {
                self.fault(
                    file,
                    &entry,
                    "names a country or a part of one, with its zones",
                );
            }
            let mut zones = Vec::new();
            for name in names {
                match TimeZone::get(name) {
                    Ok(zone) => zones.push(zone),
                    Err(_) => self.fault(file, &entry, format!("`{name}` is no time zone")),
                }
            }
            self.regions.zones.insert(code.clone(), zones);
        }
        for (name, members) in &document.groups {
            if let Some(bad) = members.iter().find(|code| code.parse::<Country>().is_err()) {
                self.fault(
                    file,
                    &format!("groups {name}"),
                    format!("`{bad}` is no country"),
                );
            }
            self.regions.groups.insert(name.clone(), members.clone());
        }
        for (country, parts) in &document.subdivisions {
            let outside =
                |part: &&String| !is_code(part) || !part.starts_with(&format!("{country}-"));
            if let Some(bad) = parts.iter().find(outside) {
                let reason = format!("`{bad}` is no part of {country} (ISO 3166-2)");
                self.fault(file, &format!("subdivisions {country}"), reason);
            }
            self.regions.parts.insert(country.clone(), parts.clone());
        }
        for list in &document.holidays {
            let entry = format!("holidays {}", list.name);
            if list.source.trim().is_empty() {
                self.fault(file, &entry, "has no source");
            }
            match Holidays::read(&list.days, list.moved) {
                Ok(days) => {
                    self.holidays.insert(list.name.clone(), Arc::new(days));
                }
                Err(reason) => self.fault(file, &entry, reason),
            }
        }
    }

    fn rule(&mut self, file: &str, kind: Kind, written: Written) {
        let entry = format!("{} {}", kind.as_str(), written.id);
        let before = self.faults.len();
        for reason in strays(kind, &written) {
            self.fault(file, &entry, reason);
        }
        if written.id == OWN || !self.ids.insert(written.id.clone()) {
            self.fault(file, &entry, "the name is taken");
        }
        let code = &written.jurisdiction;
        let elsewhere = kind == Kind::Hours && code == ELSEWHERE;
        if !(elsewhere || is_code(code) || self.regions.groups.contains_key(code)) {
            let reason = format!("`{code}` is no place: ISO 3166-1, ISO 3166-2, a group");
            self.fault(file, &entry, reason);
        }
        let dates = date(written.since.as_deref())
            .and_then(|since| Ok((since, date(written.until.as_deref())?)));
        let (since, until) = dates.unwrap_or_else(|reason| {
            self.fault(file, &entry, reason);
            (None, None)
        });
        if since.zip(until).is_some_and(|(since, until)| until < since) {
            self.fault(file, &entry, "ends before it begins");
        }
        let says = self
            .says(kind, &written)
            .map_err(|reason| self.fault(file, &entry, reason));
        if let (Ok(says), true) = (says, self.faults.len() == before) {
            self.concern(kind, &written);
            self.regions.rules.push(Rule {
                id: written.id,
                jurisdiction: written.jurisdiction,
                purposes: written.purposes,
                channels: written.channels,
                since,
                until,
                says,
                source: written.source,
                uncertain: written.uncertain,
                note: written.note,
            });
        }
    }

    fn concern(&mut self, kind: Kind, written: &Written) {
        let concerned = match kind {
            Kind::Hours => &mut self.regions.concerned,
            Kind::AtMost => &mut self.regions.limited,
            _ => return,
        };
        for purpose in &written.purposes {
            for channel in &written.channels {
                if !concerned.contains(&(*purpose, *channel)) {
                    concerned.push((*purpose, *channel));
                }
            }
        }
    }

    fn says(&self, kind: Kind, written: &Written) -> Result<Says, String> {
        match kind {
            Kind::Hours => self.week(written).map(Says::Hours),
            Kind::Consent => {
                let express = written
                    .express
                    .ok_or("`express` is missing: true or false")?;
                Ok(Says::ExpressConsent(express))
            }
            Kind::RevokeAll => Ok(Says::RevokeAll),
            Kind::AtMost => match written.count {
                Some(count) if count > 0 => Ok(Says::AtMost(count)),
                _ => Err("`count` is missing, or 0".to_owned()),
            },
        }
    }

    fn week(&self, written: &Written) -> Result<Week, String> {
        let daily = &written.daily;
        let of = |own: &Option<Vec<String>>, name: &str| -> Result<Vec<Window>, String> {
            let hours = own.as_ref().or(daily.as_ref());
            read_windows(hours.ok_or_else(|| format!("says nothing of {name}: give `daily`, or each of `weekdays`, `saturday`, `sunday`"))?)
        };
        let weekday = of(&written.weekdays, "weekdays")?;
        let mut days: [Vec<Window>; 7] = std::array::from_fn(|_| weekday.clone());
        days[5] = of(&written.saturday, "Saturdays")?;
        days[6] = of(&written.sunday, "Sundays")?;
        let holidays = match (&written.holidays, &written.holiday_list) {
            (None, None) => None,
            (Some(hours), Some(list)) => {
                let known = self.holidays.get(list);
                let list = known.ok_or_else(|| format!("there is no list of holidays `{list}`"))?;
                let windows = read_windows(hours)?;
                if windows.iter().any(|window| window.to < window.from) {
                    return Err("hours of holidays end at 24:00 at the latest".to_owned());
                }
                Some((list.clone(), windows))
            }
            _ => return Err("`holidays` and `holiday_list` come together".to_owned()),
        };
        let week = Week::new(&days, holidays);
        match week.has_any() {
            true => Ok(week),
            false => Err("leaves no hour at all".to_owned()),
        }
    }
}

fn date(text: Option<&str>) -> Result<Option<Date>, String> {
    let read = |text: &str| {
        let date = text.parse();
        date.map_err(|_| format!("`{text}` is no date, such as `2025-09-01`"))
    };
    text.map(read).transpose()
}

/// Whether it can be the code of a country or of a part of one.
fn is_code(code: &str) -> bool {
    let (country, part) = code.split_once('-').unwrap_or((code, "X"));
    country.parse::<Country>().is_ok()
        && (1..=3).contains(&part.len())
        && part
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

fn is_rules(name: &str) -> bool {
    name.ends_with(".toml")
}

fn read_folder(folder: &Path, texts: &mut Texts) -> Result<(), String> {
    let listed = std::fs::read_dir(folder).map_err(|error| format!("cannot be read: {error}"))?;
    for entry in listed.take(MAX_FILES) {
        let path = entry
            .map_err(|error| format!("cannot be read: {error}"))?
            .path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if !is_rules(&name) {
            continue;
        }
        let shown = path.display().to_string();
        let size = std::fs::metadata(&path).map(|file| file.len());
        if size.is_ok_and(|size| size > MAX_FILE_BYTES) {
            return Err(format!("{name} is longer than {MAX_FILE_BYTES} bytes"));
        }
        let text = std::fs::read_to_string(&path);
        let text = text.map_err(|error| format!("{name} cannot be read: {error}"))?;
        texts.remove(&(false, name.clone()));
        texts.insert((true, name), (shown, text));
    }
    Ok(())
}
