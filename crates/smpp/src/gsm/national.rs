//! National language tables, 3GPP TS 23.038 §6.2.1.2 and Annex A: Turkish, Spanish and
//! Portuguese letters in septets.
//!
//! A single shift table gives letters a septet after the escape; a locking shift table
//! stands in for the default alphabet. A handset that lacks them reads the default
//! tables and shows other letters without a word, so a route must allow each of them.

use super::alphabet::{EXTENSION, Septets, default_character, default_septet};

/// Replaced septets, each with its character.
type Changes = &'static [(u8, char)];

/// A language with tables of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// Both tables, A.2.1 and A.3.1.
    Turkish,
    /// A single shift table, A.2.2. There is no A.3.2.
    Spanish,
    /// Both tables, A.2.3 and A.3.3.
    Portuguese,
}

impl Language {
    /// All of them, by their identifiers.
    pub const ALL: [Self; 3] = [Self::Turkish, Self::Spanish, Self::Portuguese];

    /// The national language identifier, §6.2.1.2.4.
    #[must_use]
    pub fn identifier(self) -> u8 {
        match self {
            Self::Turkish => 1,
            Self::Spanish => 2,
            Self::Portuguese => 3,
        }
    }

    /// The language of an identifier; `None` for one whose tables are not here.
    #[must_use]
    pub fn of_identifier(identifier: u8) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|language| language.identifier() == identifier)
    }

    /// What the single shift table has besides the default extension.
    fn single(self) -> Changes {
        match self {
            Self::Turkish => &SINGLE_TURKISH,
            Self::Spanish => &SINGLE_SPANISH,
            Self::Portuguese => &SINGLE_PORTUGUESE,
        }
    }

    /// Where the locking shift table differs from the default alphabet; nowhere when
    /// the language has none.
    fn locking(self) -> Changes {
        match self {
            Self::Turkish => &LOCKING_TURKISH,
            Self::Spanish => &[],
            Self::Portuguese => &LOCKING_PORTUGUESE,
        }
    }
}

/// Table A.2.1.
const SINGLE_TURKISH: [(u8, char); 7] = [
    (0x47, 'Ğ'),
    (0x49, 'İ'),
    (0x53, 'Ş'),
    (0x63, 'ç'),
    (0x67, 'ğ'),
    (0x69, 'ı'),
    (0x73, 'ş'),
];

/// Table A.2.2.
const SINGLE_SPANISH: [(u8, char); 9] = [
    (0x09, 'ç'),
    (0x41, 'Á'),
    (0x49, 'Í'),
    (0x4F, 'Ó'),
    (0x55, 'Ú'),
    (0x61, 'á'),
    (0x69, 'í'),
    (0x6F, 'ó'),
    (0x75, 'ú'),
];

/// Table A.2.3. The Greek letters are those that the locking table lacks.
const SINGLE_PORTUGUESE: [(u8, char); 27] = [
    (0x05, 'ê'),
    (0x09, 'ç'),
    (0x0B, 'Ô'),
    (0x0C, 'ô'),
    (0x0E, 'Á'),
    (0x0F, 'á'),
    (0x12, 'Φ'),
    (0x13, 'Γ'),
    (0x15, 'Ω'),
    (0x16, 'Π'),
    (0x17, 'Ψ'),
    (0x18, 'Σ'),
    (0x19, 'Θ'),
    (0x1F, 'Ê'),
    (0x41, 'À'),
    (0x49, 'Í'),
    (0x4F, 'Ó'),
    (0x55, 'Ú'),
    (0x5B, 'Ã'),
    (0x5C, 'Õ'),
    (0x61, 'Â'),
    (0x69, 'í'),
    (0x6F, 'ó'),
    (0x75, 'ú'),
    (0x7B, 'ã'),
    (0x7C, 'õ'),
    (0x7F, 'â'),
];

/// Table A.3.1.
const LOCKING_TURKISH: [(u8, char); 8] = [
    (0x04, '€'),
    (0x07, 'ı'),
    (0x0B, 'Ğ'),
    (0x0C, 'ğ'),
    (0x1C, 'Ş'),
    (0x1D, 'ş'),
    (0x40, 'İ'),
    (0x60, 'ç'),
];

/// Table A.3.3.
const LOCKING_PORTUGUESE: [(u8, char); 30] = [
    (0x04, 'ê'),
    (0x06, 'ú'),
    (0x07, 'í'),
    (0x08, 'ó'),
    (0x09, 'ç'),
    (0x0B, 'Ô'),
    (0x0C, 'ô'),
    (0x0E, 'Á'),
    (0x0F, 'á'),
    (0x12, 'ª'),
    (0x13, 'Ç'),
    (0x14, 'À'),
    (0x15, '∞'),
    (0x16, '^'),
    (0x17, '\\'),
    (0x18, '€'),
    (0x19, 'Ó'),
    (0x1A, '|'),
    (0x1C, 'Â'),
    (0x1D, 'â'),
    (0x1E, 'Ê'),
    (0x24, 'º'),
    (0x40, 'Í'),
    (0x5B, 'Ã'),
    (0x5C, 'Õ'),
    (0x5D, 'Ú'),
    (0x60, '~'),
    (0x7B, 'ã'),
    (0x7C, 'õ'),
    (0x7D, '`'),
];

/// The languages whose tables a route may use; none unless it is known that the
/// handsets behind it have them.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct National(u8);

impl National {
    /// No tables: the default alphabet and UCS-2 only.
    pub const NONE: Self = Self(0);

    /// Whether no language is allowed.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether the tables of this language are allowed.
    #[must_use]
    pub fn allows(self, language: Language) -> bool {
        self.0 & (1 << language.identifier()) != 0
    }

    /// The tables that may be used, the simpler first: a single shift, which leaves all
    /// other letters right on a handset without it, then a locking shift, then both.
    pub(super) fn tables(self) -> impl Iterator<Item = Tables> {
        let single = move || Language::ALL.into_iter().filter(move |l| self.allows(*l));
        let locking = move || single().filter(|language| !language.locking().is_empty());
        let both = locking().flat_map(move |locking| {
            single().map(move |single| Tables {
                single: Some(single),
                locking: Some(locking),
            })
        });
        single()
            .map(Tables::single)
            .chain(locking().map(Tables::locking))
            .chain(both)
    }
}

impl std::fmt::Debug for National {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let allowed = Language::ALL.into_iter().filter(|l| self.allows(*l));
        f.debug_set().entries(allowed).finish()
    }
}

impl FromIterator<Language> for National {
    fn from_iter<I: IntoIterator<Item = Language>>(languages: I) -> Self {
        let bits = languages.into_iter().map(|l| 1 << l.identifier());
        Self(bits.fold(0, |all, bit: u8| all | bit))
    }
}

/// The tables one message is written with. The two may be of different languages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tables {
    /// Whose single shift table stands in for the extension.
    pub single: Option<Language>,
    /// Whose locking shift table stands in for the default alphabet.
    pub locking: Option<Language>,
}

impl Tables {
    /// The default alphabet and its extension.
    pub const DEFAULT: Self = Self {
        single: None,
        locking: None,
    };

    /// The default alphabet with a language's single shift table.
    #[must_use]
    pub fn single(language: Language) -> Self {
        Self {
            single: Some(language),
            locking: None,
        }
    }

    /// A language's locking shift table with the default extension.
    #[must_use]
    pub fn locking(language: Language) -> Self {
        Self {
            single: None,
            locking: Some(language),
        }
    }

    /// How many information elements name them.
    pub(super) fn elements(self) -> usize {
        usize::from(self.single.is_some()) + usize::from(self.locking.is_some())
    }

    fn changes(self) -> Changes {
        self.locking.map_or(&[], Language::locking)
    }

    /// The septets of a character; `None` when these tables lack it.
    pub(super) fn septets(self, character: char) -> Option<Septets> {
        let changes = self.changes();
        if let Some(septet) = septet(changes, character) {
            return Some(Septets::One(septet));
        }
        let kept = default_septet(character)
            .filter(|septet| !changes.iter().any(|(changed, _)| changed == septet));
        if let Some(septet) = kept {
            return Some(Septets::One(septet));
        }
        let single = self.single.map_or(&[][..], Language::single);
        septet(single, character)
            .or_else(|| septet(&EXTENSION, character))
            .map(Septets::Two)
    }

    /// The character of a septet without escape.
    pub(super) fn character(self, octet: u8) -> char {
        character(self.changes(), octet).unwrap_or_else(|| default_character(octet))
    }

    /// The character of a septet after the escape; where the table has none, that of
    /// the septet alone (§6.2.1.1 note, A.2 likewise).
    pub(super) fn escaped(self, octet: u8) -> char {
        let single = self.single.map_or(&[][..], Language::single);
        character(single, octet)
            .or_else(|| character(&EXTENSION, octet))
            .unwrap_or_else(|| self.character(octet))
    }
}

fn septet(table: &[(u8, char)], wanted: char) -> Option<u8> {
    let found = table.iter().find(|(_, character)| *character == wanted);
    found.map(|(septet, _)| *septet)
}

fn character(table: &[(u8, char)], wanted: u8) -> Option<char> {
    let found = table.iter().find(|(septet, _)| *septet == wanted);
    found.map(|(_, character)| *character)
}

#[cfg(test)]
#[path = "national/tests.rs"]
mod tests;
