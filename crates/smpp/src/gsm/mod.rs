//! GSM 03.38: alphabets, segments and concatenation headers (3GPP TS 23.038, 23.040).
//!
//! Pure text work: what a message costs, which octets go out, what came in. It
//! never fails on what a peer sends, and never cuts a character in two.

/// The alphabet of a message and with it its data_coding, SMPP 3.4 §5.2.19.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Alphabet {
    /// The GSM 7-bit default alphabet with its extension, one septet an octet.
    Gsm7,
    /// UCS-2, in fact UTF-16 big-endian.
    Ucs2,
}

/// One part of a message, without a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The octets of the text: unpacked septets, or UTF-16 big-endian.
    pub octets: Vec<u8>,
    /// The text of this part.
    pub text: String,
    /// What it costs: septets or UTF-16 units.
    pub units: usize,
}

/// One part ready for a submit_sm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartWithUdh {
    /// 0, or the UDHI bit when the octets begin with a header.
    pub esm_class: u8,
    /// 0 for GSM 7-bit, 8 for UCS-2.
    pub data_coding: u8,
    /// Header and text.
    pub octets: Vec<u8>,
}

/// A text cut into parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segments {
    /// Which alphabet all parts use.
    pub alphabet: Alphabet,
    /// The parts in order; never empty.
    pub parts: Vec<Part>,
    /// The characters that are not in the GSM alphabet, each once, in order.
    pub forced_ucs2: Vec<char>,
    /// How many characters `smart` replaced.
    pub replaced: usize,
}

impl Segments {
    /// The parts with 8-bit concatenation headers; a single part has none.
    #[must_use]
    pub fn parts_with_udh(self, _reference: u8) -> Vec<PartWithUdh> { todo!() }
}

/// Cuts a text into as few parts as possible. With `smart`, typographic
/// punctuation is first replaced by its ASCII form.
#[must_use]
pub fn segment(_text: &str, _smart: bool) -> Segments { todo!() }

/// The place of a part in a longer message, 3GPP TS 23.040 §9.2.3.24.1 and .8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Concatenation {
    /// The reference all parts share; 8-bit references are below 256.
    pub reference: u16,
    /// How many parts there are.
    pub total: u8,
    /// Which part this is, from 1.
    pub part: u8,
}

/// Takes the user data header off a message: its concatenation, and the rest.
#[must_use]
pub fn split_udh(_message: &[u8]) -> (Option<Concatenation>, &[u8]) { todo!() }

/// The text of a message by its data_coding; never fails.
#[must_use]
pub fn decode(_data_coding: u8, _octets: &[u8]) -> String { todo!() }
