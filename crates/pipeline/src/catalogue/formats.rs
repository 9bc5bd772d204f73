//! Amounts, dates, times, numbers and plurals as people in a locale write them.
//!
//! The rules are the Unicode CLDR's, through ICU4X. Formatters cost more to make than a
//! message does to render, so each thread keeps those of the locales it meets.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use icu_calendar::{Date, Gregorian};
use icu_datetime::FixedCalendarDateTimeFormatter as DateFormatter;
use icu_datetime::fieldsets::{MD, MDE, T, YMD};
use icu_datetime::input::Time;
use icu_decimal::DecimalFormatter;
use icu_decimal::input::Decimal;
use icu_experimental::dimension::currency::CurrencyType;
use icu_experimental::dimension::currency::formatter::CurrencyFormatter;
use icu_list::ListFormatter;
use icu_list::options::{ListFormatterOptions, ListLength};
use icu_locale_core::{LanguageIdentifier, Locale};
use icu_plurals::{PluralCategory, PluralRules};
use jiff::{Timestamp, civil};

/// Locales a thread keeps formatters of; a hostile mix of locales cannot fill the memory.
const KEPT_LOCALES: usize = 48;
const KEPT_CURRENCIES: usize = 32;
/// Days a locale keeps as it wrote them: neighbouring messages tell of the same few.
const KEPT_DAYS: usize = 32;
const HOLDS: &str = "the compiled data falls back to the root locale";

/// An amount as data carries it: a decimal without exponent, bounded.
pub(crate) struct Amount(Decimal);

impl Amount {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let known = Self::is_one(text);
        known.then(|| text.parse().ok().map(Self)).flatten()
    }

    /// Whether a text is an amount.
    pub(crate) fn is_one(text: &str) -> bool {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
        let is_number = |text: &str, most: usize| {
            (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
        };
        is_number(whole, 15) && is_number(part, 9)
    }
}

/// A day, or a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// A day of the calendar, the same in every zone.
    Day(civil::Date),
    /// A moment, shown in the customer's zone.
    At(Timestamp),
}

impl When {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() == 10 {
            return text.parse().ok().map(Self::Day);
        }
        if !(20..=40).contains(&text.len()) || text.contains('[') {
            return None;
        }
        text.parse().ok().map(Self::At)
    }
}

/// How a date is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DateStyle {
    /// With its year: 30 November 2016.
    Full,
    /// With the day of the week: Wednesday, 30 November.
    Weekday,
    /// As short as it reads well: 30 Nov.
    Short,
}

/// The formatters of one locale, each made when first needed.
pub(crate) struct Formats {
    locale: Locale,
    full: OnceCell<DateFormatter<Gregorian, YMD>>,
    weekday: OnceCell<DateFormatter<Gregorian, MDE>>,
    short: OnceCell<DateFormatter<Gregorian, MD>>,
    time: OnceCell<DateFormatter<(), T>>,
    number: OnceCell<DecimalFormatter>,
    plural: OnceCell<PluralRules>,
    list: OnceCell<ListFormatter>,
    money: RefCell<Vec<(String, Rc<CurrencyFormatter<DecimalFormatter>>)>>,
    days: RefCell<Vec<(DateStyle, civil::Date, String)>>,
}

thread_local! {
    static KEPT: RefCell<HashMap<String, Rc<Formats>>> = RefCell::new(HashMap::new());
}

impl Formats {
    /// The formatters of a BCP 47 tag; English ones where the tag says nothing.
    pub(crate) fn of(tag: &str) -> Rc<Self> {
        KEPT.with_borrow_mut(|kept| {
            if let Some(formats) = kept.get(tag) {
                return Rc::clone(formats);
            }
            if kept.len() >= KEPT_LOCALES {
                kept.clear();
            }
            let formats = Rc::new(Self::new(tag));
            kept.insert(tag.to_owned(), Rc::clone(&formats));
            formats
        })
    }

    fn new(tag: &str) -> Self {
        // Language, script and region only: an extension (`-u-nu-…`) would bring digits and
        // calendars that no template was checked with.
        let language = LanguageIdentifier::try_from_locale_bytes(tag.as_bytes())
            .unwrap_or(icu_locale_core::langid!("en"));
        Self {
            locale: language.into(),
            full: OnceCell::new(),
            weekday: OnceCell::new(),
            short: OnceCell::new(),
            time: OnceCell::new(),
            number: OnceCell::new(),
            plural: OnceCell::new(),
            list: OnceCell::new(),
            money: RefCell::default(),
            days: RefCell::default(),
        }
    }

    /// A day as a customer in `zone` sees it.
    pub(crate) fn date(&self, when: When, zone: &jiff::tz::TimeZone, style: DateStyle) -> String {
        match when {
            When::Day(day) => self.day(day, style),
            When::At(at) => self.day(zone.to_datetime(at).date(), style),
        }
    }

    /// A day, the same in every zone.
    pub(crate) fn day(&self, day: civil::Date, style: DateStyle) -> String {
        let mut kept = self.days.borrow_mut();
        let known = |entry: &&(DateStyle, civil::Date, String)| (entry.0, entry.1) == (style, day);
        if let Some((.., written)) = kept.iter().find(known) {
            return written.clone();
        }
        let written = self.write_day(day, style);
        if kept.len() >= KEPT_DAYS {
            kept.clear();
        }
        kept.push((style, day, written.clone()));
        written
    }

    fn write_day(&self, day: civil::Date, style: DateStyle) -> String {
        let Ok(date) = Date::try_new_gregorian(
            i32::from(day.year()),
            day.month().unsigned_abs(),
            day.day().unsigned_abs(),
        ) else {
            return day.to_string();
        };
        match style {
            DateStyle::Full => {
                let make = || DateFormatter::try_new((&self.locale).into(), YMD::long());
                self.full
                    .get_or_init(|| make().expect(HOLDS))
                    .format(&date)
                    .to_string()
            }
            DateStyle::Weekday => {
                let make = || DateFormatter::try_new((&self.locale).into(), MDE::long());
                self.weekday
                    .get_or_init(|| make().expect(HOLDS))
                    .format(&date)
                    .to_string()
            }
            DateStyle::Short => {
                let make = || DateFormatter::try_new((&self.locale).into(), MD::medium());
                self.short
                    .get_or_init(|| make().expect(HOLDS))
                    .format(&date)
                    .to_string()
            }
        }
    }

    /// Hours and minutes as a customer in `zone` sees them.
    pub(crate) fn time(&self, at: Timestamp, zone: &jiff::tz::TimeZone) -> String {
        let local = zone.to_datetime(at).time();
        let time = Time::try_new(
            local.hour().unsigned_abs(),
            local.minute().unsigned_abs(),
            0,
            0,
        );
        let Ok(time) = time else {
            return local.to_string();
        };
        let make = || DateFormatter::try_new((&self.locale).into(), T::hm());
        self.time
            .get_or_init(|| make().expect(HOLDS))
            .format(&time)
            .to_string()
    }

    /// An amount of a currency; none where the code is not one.
    pub(crate) fn money(&self, amount: &Amount, currency: &str) -> Option<String> {
        let known = |(code, made): &(String, Rc<_>)| (code == currency).then(|| Rc::clone(made));
        let known = self.money.borrow().iter().find_map(known);
        let formatter = match known {
            Some(formatter) => formatter,
            None => {
                let code = CurrencyType::try_from(
                    &icu_locale_core::extensions::unicode::Value::try_from_str(
                        &currency.to_ascii_lowercase(),
                    )
                    .ok()?,
                )
                .ok()?;
                let made = CurrencyFormatter::try_new_symbol(
                    (&self.locale).into(),
                    code,
                    Default::default(),
                );
                let made = Rc::new(made.ok()?);
                let mut kept = self.money.borrow_mut();
                if kept.len() >= KEPT_CURRENCIES {
                    kept.clear();
                }
                kept.push((currency.to_owned(), Rc::clone(&made)));
                made
            }
        };
        let shown = formatter.format_fixed_decimal(&amount.0).to_string();
        Some(match self.runs_right_to_left() {
            true => with_its_sign(&shown),
            false => shown,
        })
    }

    fn runs_right_to_left(&self) -> bool {
        const LANGUAGES: [&str; 8] = ["ar", "ckb", "dv", "fa", "he", "ps", "ur", "yi"];
        LANGUAGES.contains(&self.locale.id.language.as_str())
    }

    /// A whole number with the locale's grouping.
    pub(crate) fn number(&self, number: i64) -> String {
        let make = || DecimalFormatter::try_new((&self.locale).into(), Default::default());
        let formatter = self.number.get_or_init(|| make().expect(HOLDS));
        formatter.format(&Decimal::from(number)).to_string()
    }

    /// The plural category of a number: `one`, `other` …
    pub(crate) fn plural(&self, number: i64) -> &'static str {
        let make = || PluralRules::try_new_cardinal((&self.locale).into());
        let rules = self.plural.get_or_init(|| make().expect(HOLDS));
        match rules.category_for(number) {
            PluralCategory::Zero => "zero",
            PluralCategory::One => "one",
            PluralCategory::Two => "two",
            PluralCategory::Few => "few",
            PluralCategory::Many => "many",
            PluralCategory::Other => "other",
        }
    }

    /// "a, b and c".
    pub(crate) fn list(&self, parts: &[&str]) -> String {
        let options = ListFormatterOptions::default().with_length(ListLength::Wide);
        let make = || ListFormatter::try_new_and((&self.locale).into(), options);
        let formatter = self.list.get_or_init(|| make().expect(HOLDS));
        formatter.format(parts.iter().copied()).to_string()
    }
}

/// Keeps the sign of a currency behind its letters where lines run from right to left: in
/// `R$` the sign goes by the line's direction (UAX #9, W5 to N2) unless a mark follows it.
fn with_its_sign(amount: &str) -> String {
    const LEFT_TO_RIGHT: char = '\u{200e}';
    let mut kept = String::with_capacity(amount.len() + 3);
    let mut before = ' ';
    for c in amount.chars() {
        kept.push(c);
        if matches!(c, '$' | '£' | '¥' | '€') && before.is_ascii_alphabetic() {
            kept.push(LEFT_TO_RIGHT);
        }
        before = c;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        text.replace(['\u{a0}', '\u{202f}'], " ")
    }

    #[test]
    fn amounts_read_as_people_there_write_them() {
        for (locale, currency, expected) in [
            ("en-US", "USD", "$1,234.50"),
            ("en-US", "BRL", "R$1,234.50"),
            ("en-GB", "GBP", "£1,234.50"),
            ("pt-BR", "BRL", "R$ 1.234,50"),
            ("es-ES", "EUR", "1234,50 €"),
            ("es-MX", "MXN", "$1,234.50"),
            ("en-US", "JPY", "¥1,235"),
            ("nonsense-", "USD", "$1,234.50"),
            ("ar-EG", "BRL", "\u{200f}١٬٢٣٤٫٥٠ R$\u{200e}"),
        ] {
            let amount = Amount::parse("1234.5").unwrap();
            let shown = Formats::of(locale).money(&amount, currency).unwrap();
            assert_eq!(plain(&shown), expected, "{locale} {currency}");
        }
        for bad in ["", "1e9", "1,5", ".5", "5.", "--1", "1234567890123456", "١"] {
            assert!(Amount::parse(bad).is_none(), "{bad}");
        }
        assert!(Amount::parse("-12.50").is_some());
    }

    #[test]
    fn dates_and_times_read_as_people_there_write_them() {
        let day = When::parse("2016-11-30").unwrap();
        let zone = jiff::tz::TimeZone::get("America/Sao_Paulo").unwrap();
        for (locale, full, weekday, short, time) in [
            (
                "en-US",
                "November 30, 2016",
                "Wednesday, November 30",
                "Nov 30",
                "2:46 PM",
            ),
            (
                "en-GB",
                "30 November 2016",
                "Wednesday 30 November",
                "30 Nov",
                "14:46",
            ),
            (
                "pt-BR",
                "30 de novembro de 2016",
                "quarta-feira, 30 de novembro",
                "30 de nov.",
                "14:46",
            ),
            (
                "es-ES",
                "30 de noviembre de 2016",
                "miércoles, 30 de noviembre",
                "30 nov",
                "14:46",
            ),
            (
                "es-MX",
                "30 de noviembre de 2016",
                "miércoles, 30 de noviembre",
                "30 nov",
                "02:46 p.m.",
            ),
        ] {
            let formats = Formats::of(locale);
            assert_eq!(formats.date(day, &zone, DateStyle::Full), full, "{locale}");
            assert_eq!(
                formats.date(day, &zone, DateStyle::Weekday),
                weekday,
                "{locale}"
            );
            assert_eq!(
                formats.date(day, &zone, DateStyle::Short),
                short,
                "{locale}"
            );
            let at = "2016-10-04T14:46:48-03:00".parse().unwrap();
            assert_eq!(plain(&formats.time(at, &zone)), time, "{locale}");
        }
    }

    #[test]
    fn a_moment_falls_on_the_day_of_the_customers_zone() {
        let at = When::parse("2016-10-05T01:30:00Z").unwrap();
        let zone = jiff::tz::TimeZone::get("America/Sao_Paulo").unwrap();
        assert_eq!(
            Formats::of("en-GB").date(at, &zone, DateStyle::Short),
            "4 Oct"
        );
        for bad in [
            "",
            "yesterday",
            "2016-13-01",
            "2016-10-05 10:00",
            "2016-10-05T01:30:00Z[UTC]",
        ] {
            assert!(When::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn lists_and_plurals() {
        let parts = ["a", "b", "c"];
        assert_eq!(Formats::of("en-US").list(&parts), "a, b, and c");
        assert_eq!(Formats::of("pt-BR").list(&parts), "a, b e c");
        assert_eq!(Formats::of("es").list(&["uno", "iglesia"]), "uno e iglesia");
        assert_eq!(Formats::of("pt-BR").plural(1), "one");
        assert_eq!(Formats::of("en").plural(0), "other");
        assert_eq!(Formats::of("pt-BR").number(12_345), "12.345");
    }
}
