//! `[store]`: where everything is kept, and `TIDINGS_STORE`, which stands above it.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use model::{Instant, Sealed};
use serde::Deserialize;

/// The section.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Store {
    /// The folder of the embedded store; made if missing.
    pub folder: PathBuf,
    /// `postgres://…`: the database that several nodes may share, instead of a folder.
    pub url: Option<Sealed>,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            folder: "data".into(),
            url: None,
        }
    }
}

impl Store {
    /// Where it is.
    pub fn place(&self) -> StorePlace {
        match &self.url {
            Some(url) => StorePlace::Postgres(url.clone()),
            None => StorePlace::Folder(self.folder.clone()),
        }
    }
}

/// Where a store is. Shown without what may be secret in it.
#[derive(Clone, Debug)]
pub enum StorePlace {
    /// The embedded store's folder.
    Folder(PathBuf),
    /// A PostgreSQL's URL.
    Postgres(Sealed),
}

impl StorePlace {
    /// Reads `sqlite:FOLDER` or `postgres://…`.
    ///
    /// # Errors
    /// Says how places are written.
    pub fn parse(text: &str) -> Result<Self> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(Sealed::new(text)));
        }
        match text.strip_prefix("sqlite:") {
            Some(folder) if !folder.is_empty() => Ok(Self::Folder(folder.into())),
            // The text itself may hold a password.
            _ => {
                bail!("a store is written sqlite:FOLDER or postgres://user:password@host/database")
            }
        }
    }

    /// Opens it, and brings its schema up to date.
    ///
    /// # Errors
    /// [`store::OpenError`] says what is wrong and how to mend it.
    pub async fn open(&self, now: Instant) -> Result<store::Store, store::OpenError> {
        match self {
            Self::Folder(folder) => store::Store::open_sqlite(folder, now),
            Self::Postgres(url) => store::Store::open_postgres(url.open(), now).await,
        }
    }

    /// The folder of an embedded store.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(folder) => Some(folder),
            Self::Postgres(_) => None,
        }
    }
}

impl fmt::Display for StorePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "the folder {}", folder.display()),
            Self::Postgres(_) => f.write_str("the PostgreSQL database"),
        }
    }
}

/// What the environment says stands above the file.
#[expect(clippy::disallowed_methods, reason = "server reads the environment")]
pub(super) fn apply_environment(store: &mut Store) -> Result<()> {
    let given = std::env::var("TIDINGS_STORE").unwrap_or_default();
    if given.is_empty() {
        return Ok(());
    }
    let place = StorePlace::parse(&given).map_err(|error| error.context("in TIDINGS_STORE"))?;
    match place {
        StorePlace::Folder(folder) => (store.folder, store.url) = (folder, None),
        StorePlace::Postgres(url) => store.url = Some(url),
    }
    Ok(())
}

/// The store that the environment alone names.
///
/// # Errors
/// When it names none.
pub fn store_of_environment() -> Result<StorePlace> {
    let mut store = Store::default();
    let folder = store.folder.clone();
    apply_environment(&mut store)?;
    if store.url.is_none() && store.folder == folder {
        bail!("say which store: --config FILE, --data DIR, or TIDINGS_STORE");
    }
    Ok(store.place())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_and_never_shown_with_a_password() {
        let place = StorePlace::parse("postgres://u:hush@db/x").unwrap();
        assert!(!format!("{place} {place:?}").contains("hush"));
        let place = StorePlace::parse("sqlite:/var/lib/tidings").unwrap();
        assert_eq!(place.folder(), Some(Path::new("/var/lib/tidings")));
        for wrong in ["mysql://u:hush@db/x", "sqlite:", "/var/lib/tidings", ""] {
            let error = StorePlace::parse(wrong).unwrap_err().to_string();
            assert!(!error.contains("hush"), "{error}");
        }
    }
}
