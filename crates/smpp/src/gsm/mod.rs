//! GSM 03.38: alphabets, segments and concatenation headers (3GPP TS 23.038, 23.040).
//!
//! Pure text work: what a message costs, which octets go out, what came in. It
//! never fails on what a peer sends, and never cuts a character in two.

mod alphabet;
mod national;
mod segments;
mod smart;
mod text;
mod udh;

pub use alphabet::{decode_gsm7, encode_gsm7};
pub use national::{Language, National, Tables};
pub use segments::{Alphabet, Part, PartWithUdh, Segments, segment};
pub use smart::plain_punctuation;
pub use text::{decode, decode_ucs2, decode_with, text_of};
pub use udh::{Concatenation, Header, concatenation_header, split_udh};
