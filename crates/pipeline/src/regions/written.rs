//! What the files of rules look like, and which members belong together.

use std::collections::BTreeMap;

use model::{Channel, PurposeClass};
use serde::Deserialize;

/// A file.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Document {
    pub(super) zones: BTreeMap<String, Vec<String>>,
    pub(super) groups: BTreeMap<String, Vec<String>>,
    pub(super) subdivisions: BTreeMap<String, Vec<String>>,
    pub(super) holidays: Vec<WrittenHolidays>,
    pub(super) hours: Vec<Written>,
    pub(super) consent: Vec<Written>,
    pub(super) revoke_all: Vec<Written>,
    pub(super) at_most: Vec<Written>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenHolidays {
    pub(super) name: String,
    pub(super) days: Vec<String>,
    #[serde(default)]
    pub(super) moved: bool,
    pub(super) source: String,
}

/// An entry of any kind; which members belong to which is checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) id: String,
    pub(super) jurisdiction: String,
    #[serde(default)]
    pub(super) purposes: Vec<PurposeClass>,
    pub(super) channels: Vec<Channel>,
    pub(super) since: Option<String>,
    pub(super) until: Option<String>,
    pub(super) source: String,
    #[serde(default)]
    pub(super) uncertain: bool,
    #[serde(default)]
    pub(super) note: String,
    pub(super) daily: Option<Vec<String>>,
    pub(super) weekdays: Option<Vec<String>>,
    pub(super) saturday: Option<Vec<String>>,
    pub(super) sunday: Option<Vec<String>>,
    pub(super) holidays: Option<Vec<String>>,
    pub(super) holiday_list: Option<String>,
    pub(super) express: Option<bool>,
    pub(super) count: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Hours,
    Consent,
    RevokeAll,
    AtMost,
}

impl Kind {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Hours => "hours",
            Self::Consent => "consent",
            Self::RevokeAll => "revoke_all",
            Self::AtMost => "at_most",
        }
    }
}

/// What an entry has, or lacks, against its kind.
pub(super) fn strays(kind: Kind, written: &Written) -> Vec<String> {
    let mut reasons = Vec::new();
    let hours = [
        &written.daily,
        &written.weekdays,
        &written.saturday,
        &written.sunday,
        &written.holidays,
    ];
    let has_hours = hours.iter().any(|hours| hours.is_some()) || written.holiday_list.is_some();
    for (of, has, what) in [
        (Kind::Hours, has_hours, "hours"),
        (Kind::Consent, written.express.is_some(), "`express`"),
        (Kind::AtMost, written.count.is_some(), "`count`"),
    ] {
        if has && kind != of {
            reasons.push(format!(
                "{what} do not belong here but under `{}`",
                of.as_str()
            ));
        }
    }
    if written.channels.is_empty() {
        reasons.push("names no channel".to_owned());
    }
    if written.purposes.is_empty() != (kind == Kind::RevokeAll) {
        reasons.push(match kind {
            Kind::RevokeAll => "holds for every purpose: name none".to_owned(),
            _ => "names no purpose".to_owned(),
        });
    }
    let exempt = [PurposeClass::Security, PurposeClass::Legal];
    if kind == Kind::Hours && written.purposes.iter().any(|of| exempt.contains(of)) {
        reasons.push("security and legal notices come at any hour".to_owned());
    }
    if written.source.trim().is_empty() {
        reasons.push("has no source".to_owned());
    }
    if written.uncertain && written.note.trim().is_empty() {
        reasons.push("is uncertain and has no note that says why".to_owned());
    }
    reasons
}
