//! What a measurement stands on: a folder with a store, its customers and a key; a note of
//! what earlier runs put there; the configuration of the server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, anyhow, bail};
use model::{Instant, Mode, RecipientId};
use pipeline::render::Brand;
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::Store;
use tokio::process::Command;

use super::events::{self, Group};
use super::process;
use crate::clock;

/// The folder of a measurement. A temporary one goes when the value goes.
pub struct Folder {
    path: PathBuf,
    temporary: bool,
    /// Where the store is if it is not in the folder.
    database: Option<String>,
}

impl Folder {
    pub fn given_or_temporary(given: Option<&Path>, name: &str) -> Result<Self> {
        let own =
            || std::env::temp_dir().join(format!("tidings-bench-{}-{name}", std::process::id()));
        let path = given.map_or_else(own, Path::to_owned);
        fs::create_dir_all(&path)
            .with_context(|| format!("the folder {} cannot be made", path.display()))?;
        Ok(Self {
            path,
            temporary: given.is_none(),
            database: None,
        })
    }

    /// The same folder, with the store in a database.
    pub fn on_database(self, url: Option<String>) -> Self {
        let mut folder = self;
        folder.database = url;
        folder
    }

    /// The URL of the store if it is in a database.
    pub fn database(&self) -> Option<&str> {
        self.database.as_deref()
    }

    pub async fn open_store(&self) -> Result<Store> {
        Ok(match &self.database {
            Some(url) => Store::open_postgres(url, clock::now()).await?,
            None => Store::open_sqlite(&self.store(), clock::now())?,
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn store(&self) -> PathBuf {
        self.path.join("store")
    }

    pub fn store_bytes(&self) -> u64 {
        process::folder_bytes(&self.store(), "")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.temporary {
            // What cannot be removed is the system's to remove.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// What a kept store holds, beside it in `bench.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// Messages that were delivered, at least.
    pub messages: u64,
    pub customers: u64,
    /// Customers with a long mailbox, and how long.
    pub large: u64,
    pub large_messages: u64,
    pub build_seconds: f64,
    pub bytes_per_message: f64,
}

impl Note {
    /// The note in a folder, if a finished build wrote one.
    pub fn read(folder: &Path) -> Result<Option<Self>> {
        let file = folder.join("bench.json");
        if !file.exists() {
            return Ok(None);
        }
        let text = fs::read_to_string(&file)?;
        let note = serde_json::from_str(&text)
            .with_context(|| format!("{} is not a note of this program", file.display()))?;
        Ok(Some(note))
    }

    pub fn write(&self, folder: &Path) -> Result<()> {
        fs::write(folder.join("bench.json"), serde_json::to_string(self)?)?;
        Ok(())
    }

    /// Adds what a run delivered, where there is a note.
    pub fn add(folder: &Path, messages: u64) -> Result<()> {
        let Some(mut note) = Self::read(folder)? else {
            return Ok(());
        };
        note.messages += messages;
        note.write(folder)
    }
}

/// Puts the customers and makes a key. Returns the key.
pub async fn prepare(folder: &Folder, customers: u64, note: Option<&Note>) -> Result<String> {
    let store = folder.open_store().await?;
    if note.is_none_or(|note| note.customers < customers) {
        put_customers(&store, Group::Bulk, customers, clock::now()).await?;
    }
    put_customers(&store, Group::Codes, events::SIGNING_IN, clock::now()).await?;
    let random = SystemRandom::new();
    let made = web::create_api_key(&store, &random, "bench", Mode::Live, clock::now()).await;
    store.close().await;
    Ok(made?.1.open().to_owned())
}

/// Puts customers of a group, numbered from 0. Returns the recipient of each.
pub async fn put_customers(
    store: &Store,
    group: Group,
    customers: u64,
    now: Instant,
) -> Result<Vec<RecipientId>> {
    let mut recipients = Vec::with_capacity(usize::try_from(customers)?);
    for from in (0..customers).step_by(10_000) {
        let to = (from + 10_000).min(customers);
        let batch = (from..to).map(|n| events::customer(group, n)).collect();
        recipients.extend(store.put_customers(batch, now).await?);
    }
    Ok(recipients)
}

/// Whom all messages speak for.
pub fn brand() -> Brand {
    Brand {
        name: "Marigold".into(),
        domain: "marigold.example".into(),
        url: "https://marigold.example".into(),
        support: "https://marigold.example/help".into(),
        sms_sender: "Marigold".into(),
    }
}

/// Who signs the mails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signing {
    Ed25519,
    Rsa2048(PathBuf),
    /// Nobody here.
    AtRelay,
}

impl Signing {
    /// As it is asked for on the command line.
    pub fn new(word: &str, rsa_key: Option<&Path>) -> Result<Self> {
        Ok(match (word, rsa_key) {
            ("none", _) => Self::AtRelay,
            ("rsa2048", Some(key)) => Self::Rsa2048(key.to_owned()),
            ("rsa2048", None) => bail!("--dkim rsa2048 needs --rsa-key, or openssl to make one"),
            _ => Self::Ed25519,
        })
    }
}

/// Says what is wrong with a key file before anything is started.
pub fn check_rsa_key(file: &Path) -> Result<()> {
    let pem = fs::read_to_string(file)
        .with_context(|| format!("the RSA key {} cannot be read", file.display()))?;
    let key = channels::DkimKey::from_pem(&pem)
        .with_context(|| format!("the RSA key {} cannot be used", file.display()))?;
    if !key.dns_record().contains("k=rsa") {
        bail!("the key in {} is not an RSA key", file.display());
    }
    Ok(())
}

/// An RSA key that openssl makes for this run, if it is there.
pub async fn make_rsa_key(folder: &Folder) -> Option<PathBuf> {
    let file = folder.path().join("rsa.pem");
    let made = Command::new("openssl")
        .args([
            "genpkey",
            "-algorithm",
            "RSA",
            "-pkeyopt",
            "rsa_keygen_bits:2048",
            "-out",
        ])
        .arg(&file)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .await;
    made.is_ok_and(|status| status.success()).then_some(file)
}

/// Writes the server's configuration, with the sinks as its carriers.
pub fn write_config(
    folder: &Folder,
    ports: &Value,
    signing: &Signing,
    backlog: u64,
) -> Result<PathBuf> {
    let key = match signing {
        Signing::AtRelay => None,
        Signing::Rsa2048(key) => Some(key.clone()),
        Signing::Ed25519 => {
            let mut seed = [0; 32];
            SystemRandom::new()
                .fill(&mut seed)
                .map_err(|_| anyhow!("the system gave no random numbers"))?;
            let file = folder.path().join("dkim.pem");
            fs::write(&file, channels::DkimKey::new_ed25519_pem(&seed))?;
            Some(file)
        }
    };
    let brand = brand();
    let mut text = format!(
        r#"
[server]
listen = "127.0.0.1:0"
secure_cookies = false
[store]
folder = "store"
[limits]
backlog = {backlog}
[brand]
name = {:?}
domain = {:?}
url = {:?}
support = {:?}
sms_sender = {:?}
[sms]
host = "127.0.0.1"
port = {}
system_id = "sandbox"
password_file = "password"
[email]
host = "127.0.0.1"
port = {}
tls = "none"
helo = "mail.marigold.example"
from = "messages@marigold.example"
[sandbox]
enabled = false
"#,
        brand.name,
        brand.domain,
        brand.url,
        brand.support,
        brand.sms_sender,
        ports["smsc"],
        ports["smtp"]
    );
    if let Some(key) = key {
        let key = std::path::absolute(key)?;
        text.push_str(&format!(
            "[[email.dkim]]\ndomain = \"marigold.example\"\nselector = \"s1\"\nkey_file = {:?}\n",
            key.display().to_string()
        ));
    }
    fs::write(folder.path().join("password"), "sandbox")?;
    let file = folder.path().join("tidings.toml");
    fs::write(&file, text)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_is_one() {
        let folder = Folder::given_or_temporary(None, "config").unwrap();
        let ports = serde_json::json!({ "smsc": 2775, "smtp": 2525 });
        let file = write_config(&folder, &ports, &Signing::Ed25519, 7).unwrap();
        let config = crate::config::load(&file).unwrap();
        assert_eq!(config.limits.backlog, 7);
        assert_eq!(config.email.unwrap().dkim.len(), 1);
        let path = folder.path().to_owned();
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn a_note_is_kept_and_added_to() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Note::read(folder.path()).unwrap(), None);
        Note::add(folder.path(), 5).unwrap();
        let note = Note {
            messages: 100,
            customers: 10,
            large: 1,
            large_messages: 25,
            build_seconds: 1.5,
            bytes_per_message: 900.0,
        };
        note.write(folder.path()).unwrap();
        Note::add(folder.path(), 5).unwrap();
        let read = Note::read(folder.path()).unwrap().unwrap();
        assert_eq!(
            read,
            Note {
                messages: 105,
                ..note
            }
        );
    }

    #[test]
    fn a_wrong_key_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key.pem");
        let said = |file: &Path| format!("{:#}", check_rsa_key(file).unwrap_err());
        assert!(
            said(&file).contains("key.pem cannot be read"),
            "{}",
            said(&file)
        );
        fs::write(&file, "x").unwrap();
        assert!(
            said(&file).contains("key.pem cannot be used"),
            "{}",
            said(&file)
        );
        fs::write(&file, channels::DkimKey::new_ed25519_pem(&[7; 32])).unwrap();
        assert!(said(&file).contains("is not an RSA key"), "{}", said(&file));
    }
}
