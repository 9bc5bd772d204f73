//! The sections of the configuration, one struct each.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use channels::National;
use serde::Deserialize;

/// `[server]`: where it listens.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// Address and port of the API and the pages.
    pub listen: SocketAddr,
    /// Where browsers reach it, without a slash at the end.
    pub public_url: String,
    /// Cookies only over HTTPS. Off is for trying it out on one machine.
    pub secure_cookies: bool,
    /// Proxies that are believed when they say, in `X-Forwarded-For`, whom a request comes
    /// from. Only tries to sign in to the console are counted by it.
    pub proxies: Vec<IpAddr>,
    /// Connections at once; more wait. The limit on open files may allow fewer.
    pub connections: usize,
    /// Seconds that the head of a request may take, and a new connection to begin one.
    pub header_seconds: u32,
    /// Seconds that a connection is kept between requests.
    pub idle_seconds: u32,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: "http://127.0.0.1:8080".into(),
            secure_cookies: true,
            proxies: vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
            connections: 4_096,
            header_seconds: 10,
            idle_seconds: 75,
        }
    }
}

/// `[brand]`: whom messages speak for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Brand {
    /// Its name, as customers know it.
    pub name: String,
    /// The one domain that links in messages may lead to.
    pub domain: String,
    /// Where its Message Center is.
    pub url: String,
    /// Where a person answers.
    pub support: String,
    /// Who texts come from where `[[senders]]` do not say: up to 11 characters, a short code
    /// or a number.
    #[serde(default)]
    pub sms_sender: Option<String>,
}

/// `[catalogue]`: message types of one's own.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Catalogue {
    /// A folder that overrides or adds message types.
    pub folder: Option<PathBuf>,
}

/// `[regions]`: rules of places of one's own.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Regions {
    /// A folder whose files stand in the place of those with the same name, or beside them.
    pub folder: Option<PathBuf>,
    /// From this day on a stop to texts of one kind ends texts of every kind, everywhere; else
    /// from the day that the law of a place names.
    pub revoke_all_from: Option<String>,
}

/// `[attention]`: how much of a person's attention may be taken. 0 is no limit.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Attention {
    /// Texts with offers, in 24 hours.
    pub offer_texts_a_day: u32,
    /// Texts with offers, in seven days.
    pub offer_texts_a_week: u32,
    /// Mails with offers, in 24 hours.
    pub offer_mails_a_day: u32,
    /// Mails with offers, in seven days.
    pub offer_mails_a_week: u32,
    /// Texts of any kind that is not urgent, in 24 hours; offers are among them.
    pub texts_a_day: u32,
}

impl Default for Attention {
    fn default() -> Self {
        let house = pipeline::attention::Attention::default();
        Self {
            offer_texts_a_day: house.offer_texts_a_day,
            offer_texts_a_week: house.offer_texts_a_week,
            offer_mails_a_day: house.offer_mails_a_day,
            offer_mails_a_week: house.offer_mails_a_week,
            texts_a_day: house.texts_a_day,
        }
    }
}

/// `[consent]`: how consents to offers come about.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Consent {
    /// Channels on which a tick on a page is to be confirmed from the address.
    pub double_opt_in: Vec<model::Channel>,
}

/// `[guard]`: what links and numbers in messages may be, besides the brand's own.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Guard {
    /// Domains that links may lead to, besides `brand.domain`.
    pub link_domains: Vec<String>,
    /// Numbers that messages may ask people to call or text, besides those that texts come from.
    pub phone_numbers: Vec<String>,
}

/// `[limits]`: bounds.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// So many deliveries may wait before new events are answered 429.
    pub backlog: u64,
    /// Phone numbers and mail addresses that team keys may reach.
    pub team: Vec<String>,
    /// Texts or mails in flight at once, per channel; bounds what a crash leaves in doubt.
    pub in_flight: usize,
    /// Seconds that a delivery in doubt waits for its receipt (a code waits 20 at most).
    pub doubt_seconds: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            backlog: 2_000_000,
            team: Vec::new(),
            in_flight: 768,
            doubt_seconds: 900,
        }
    }
}

/// `[sms]`: an SMPP 3.4 carrier.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sms {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// TLS from the first octet; the host name is checked.
    #[serde(default)]
    pub tls: bool,
    /// PEM file of the certificate authorities to trust.
    #[serde(default)]
    pub roots_file: Option<PathBuf>,
    /// `system_id` of the bind.
    pub system_id: String,
    /// File that holds the password.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// Segments per second by contract; 0 for no limit.
    #[serde(default)]
    pub segments_per_second: u32,
    /// Unanswered submits at a time.
    #[serde(default = "fifty")]
    pub window: usize,
    /// Seconds that an answer may take; after that the delivery is in doubt.
    #[serde(default = "one_minute")]
    pub answer_seconds: u32,
    /// National language tables that texts may be written with.
    #[serde(default, deserialize_with = "super::national::read")]
    pub national_tables: National,
    /// Codes by which the carrier says that the customer told it to stop, as attempts and
    /// receipts show them.
    #[serde(default)]
    pub opt_out_errors: Vec<String>,
}

fn fifty() -> usize {
    50
}

fn one_minute() -> u32 {
    60
}

fn five_minutes() -> u32 {
    300
}

/// How the connection to the mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EmailTls {
    /// Not at all: a relay on the same machine.
    None,
    /// STARTTLS, and nothing without it.
    StartTls,
    /// TLS from the first octet.
    Implicit,
}

/// `[email]`: a mail server that relays for us.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Email {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Protection.
    pub tls: EmailTls,
    /// PEM file of the certificate authorities to trust.
    #[serde(default)]
    pub roots_file: Option<PathBuf>,
    /// User name, if the server wants one.
    #[serde(default)]
    pub user: Option<String>,
    /// File that holds the password.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// The name in EHLO.
    pub helo: String,
    /// The address in From.
    pub from: String,
    /// Where bounces go; `from` if left out.
    #[serde(default)]
    pub envelope_from: Option<String>,
    /// Connections at most.
    #[serde(default = "eight")]
    pub connections: usize,
    /// Seconds that the answer to a whole mail may take; after that the delivery is in
    /// doubt. Answers to commands may take a minute of it.
    #[serde(default = "five_minutes")]
    pub answer_seconds: u32,
    /// DKIM signatures; each mail gets all of them.
    #[serde(default)]
    pub dkim: Vec<Dkim>,
}

/// `[[email.dkim]]`: one signature.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dkim {
    /// The domain that signs.
    pub domain: String,
    /// Its selector.
    pub selector: String,
    /// PEM file of the private key (PKCS#8), RSA-2048 or Ed25519.
    pub key_file: PathBuf,
}

fn eight() -> usize {
    8
}

impl Email {
    /// Applies `anchor` to every path of the section.
    pub(super) fn anchor(&mut self, anchor: impl Fn(&mut PathBuf)) {
        let files = [self.roots_file.as_mut(), self.password_file.as_mut()]
            .into_iter()
            .flatten();
        files
            .chain(self.dkim.iter_mut().map(|dkim| &mut dkim.key_file))
            .for_each(anchor);
    }
}

/// `[sandbox]`: in-process carriers for test traffic.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sandbox {
    /// Test traffic goes to them; without them it is answered "no carrier".
    pub enabled: bool,
    /// Their screens and control API stand under `/sandbox` of this server.
    pub screens: bool,
    /// Texts and mails kept to be looked at.
    pub keep: usize,
    /// National language tables that texts may be written with.
    #[serde(deserialize_with = "super::national::read")]
    pub national_tables: National,
}

impl Default for Sandbox {
    fn default() -> Self {
        Self {
            enabled: true,
            screens: false,
            keep: 2_000,
            national_tables: National::NONE,
        }
    }
}
