//! A record as a customer's word, or what is wrong with it.

use model::{Act, Channel, ConsentPurpose, ContactPoint, How, Instant, Said};

/// The columns there are; those marked must be there.
const COLUMNS: [(&str, bool); 11] = [
    ("customer", true),
    ("channel", true),
    ("address", false),
    ("purpose", true),
    ("act", true),
    ("at", true),
    ("wording", false),
    ("wording_version", false),
    ("language", false),
    ("how", false),
    ("source", false),
];

/// A customer's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) customer: String,
    pub(super) act: Act,
    pub(super) channel: Channel,
    pub(super) purpose: ConsentPurpose,
    pub(super) contact: Option<ContactPoint>,
    pub(super) said: Said,
}

/// What is wrong with a line: in which column, and why.
pub(super) type Fault = (&'static str, String);

/// Where each column stands in this file.
#[derive(Clone, Debug)]
pub(super) struct Header {
    /// By the order of [`COLUMNS`].
    places: [Option<usize>; COLUMNS.len()],
    count: usize,
}

impl Header {
    /// Reads the first record.
    pub(super) fn read(fields: &[String]) -> Result<Self, String> {
        let mut places = [None; COLUMNS.len()];
        for (place, field) in fields.iter().enumerate() {
            let name = field.to_ascii_lowercase();
            let known = COLUMNS.iter().position(|(column, _)| *column == name);
            let Some(known) = known else {
                let short: String = field.chars().filter(|c| !c.is_control()).take(40).collect();
                let names: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();
                return Err(format!(
                    "there is no column `{short}`; the columns are {}, parted by commas",
                    names.join(", ")
                ));
            };
            if places[known].replace(place).is_some() {
                return Err(format!("the column `{name}` is there twice"));
            }
        }
        let missing = COLUMNS.iter().zip(&places);
        let missing: Vec<&str> = missing
            .filter(|((_, needed), place)| *needed && place.is_none())
            .map(|((name, _), _)| *name)
            .collect();
        match missing.is_empty() {
            true => Ok(Self {
                places,
                count: fields.len(),
            }),
            false => Err(format!("the first line lacks {}", missing.join(", "))),
        }
    }

    fn field<'r>(&self, fields: &'r [String], name: &str) -> &'r str {
        let known = COLUMNS.iter().position(|(column, _)| *column == name);
        let place = known.and_then(|known| self.places[known]);
        place
            .and_then(|place| fields.get(place))
            .map_or("", String::as_str)
    }

    /// Reads any other record.
    pub(super) fn row(&self, fields: &[String], now: Instant) -> Result<Row, Fault> {
        if fields.len() != self.count {
            let (has, needs) = (fields.len(), self.count);
            return Err((
                "",
                format!("it has {has} fields, the first line has {needs}"),
            ));
        }
        let field = |name| self.field(fields, name);
        let customer = bounded("customer", field("customer"), 128)?;
        if customer.is_empty() {
            return Err(("customer", "no customer is named".to_owned()));
        }
        let channel: Channel = word("channel", field("channel"), "`sms` or `email`")?;
        let purpose = "`transactional` or `marketing`";
        let purpose: ConsentPurpose = word("purpose", field("purpose"), purpose)?;
        let act = match field("act") {
            "gave" | "given" => Act::Given,
            "withdrew" | "withdrawn" => Act::Withdrawn,
            _ => return Err(("act", "it is `gave` or `withdrew`".to_owned())),
        };
        let at = Instant::parse(field("at")).map_err(|_| {
            let why = "it is a moment like 2026-03-01T12:00:00Z (RFC 3339)";
            ("at", why.to_owned())
        })?;
        if at > now {
            return Err(("at", "it is dated ahead".to_owned()));
        }
        let contact = contact(channel, field("address"))?;
        if contact.is_none()
            && (act, channel, purpose) == (Act::Given, Channel::Sms, ConsentPurpose::Marketing)
        {
            let why = "a consent to offers by text is for one number: name it";
            return Err(("address", why.to_owned()));
        }
        let how = match field("how") {
            "" => How::File,
            text => word(
                "how",
                text,
                "a way like `page`, `keyword` or `agent`, or empty",
            )?,
        };
        // What is stated in profiles comes and goes with them; this does not.
        let how = if how == How::Import { How::File } else { how };
        let wording = bounded("wording", field("wording"), 200)?;
        let version = bounded("wording_version", field("wording_version"), 40)?;
        let source = bounded("source", field("source"), 200)?;
        let said = Said {
            at,
            how,
            source: if source.is_empty() {
                "file".to_owned()
            } else {
                source
            },
            wording: format!("{wording} {version}").trim().to_owned(),
            locale: bounded("language", field("language"), 35)?,
            by: String::new(),
        };
        Ok(Row {
            customer,
            act,
            channel,
            purpose,
            contact,
            said,
        })
    }
}

fn contact(channel: Channel, text: &str) -> Result<Option<ContactPoint>, Fault> {
    if text.is_empty() {
        return Ok(None);
    }
    let read = match channel {
        Channel::Sms => ContactPoint::phone(text),
        Channel::Email => ContactPoint::email(text),
    };
    read.map(Some)
        .map_err(|error| ("address", error.to_string()))
}

fn word<T: std::str::FromStr>(column: &'static str, text: &str, known: &str) -> Result<T, Fault> {
    text.parse().map_err(|_| (column, format!("it is {known}")))
}

fn bounded(column: &'static str, text: &str, most: usize) -> Result<String, Fault> {
    match text.len() <= most && !text.chars().any(char::is_control) {
        true => Ok(text.to_owned()),
        false => {
            let why = format!("it has at most {most} bytes and no control characters");
            Err((column, why))
        }
    }
}
