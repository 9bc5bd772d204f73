//! Who speaks and who listens: what templates know besides the data.

use std::borrow::Cow;

/// Who speaks and who listens, for one message.
#[derive(Clone, Debug)]
pub(crate) struct Setting<'a> {
    /// The marketplace's name.
    pub brand: &'a str,
    /// Its domain.
    pub domain: &'a str,
    /// Its Message Center.
    pub url: &'a str,
    /// Its support.
    pub support: &'a str,
    /// The customer's name, cleaned; may be empty.
    pub name: Cow<'a, str>,
    /// The locale of amounts and dates: the customer's own, where its language is that of
    /// the words.
    pub locale: &'a str,
    /// The customer's zone.
    pub zone: &'a str,
    /// "{n} more" in the language of the words.
    pub more: &'a str,
    /// Whether lock screens, texts and subjects do not say what it is about.
    pub discreet: bool,
}
