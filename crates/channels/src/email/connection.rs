//! One connection to a mail server: greeting, TLS, log-in, and mails one after another.
//!
//! A connection that has failed once is never used again. What was refused stays usable
//! after `RSET`, but for 421, which announces the end (RFC 5321 §3.8).

mod transaction;

use model::Outcome;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::reader::{ReadFault, ReplyReader};
use super::replies::{Reply, Stage, later, refusal};
use super::{EmailConfig, MadeEmail, SmtpAuth, SmtpTls, base64};
use transaction::{Broken, Talk};

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// What the server said it can do (RFC 5321 §4.1.1.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Offers {
    pipelining: bool,
    start_tls: bool,
    size: bool,
    auth_plain: bool,
    auth_login: bool,
}

/// What became of a mail on this connection.
pub(super) enum HandOver {
    /// The server gave its word, good or bad.
    Answered(Outcome),
    /// The connection ended before the server had the whole mail; `stale` when it did so
    /// before any other answer, as one does that the server had given up while it was idle.
    NotTaken { stale: bool, outcome: Outcome },
    /// The server has the whole mail and did not answer.
    InDoubt,
}

/// An open, greeted, logged-in connection.
pub(super) struct Connection {
    stream: Box<dyn Stream>,
    reader: ReplyReader,
    offers: Offers,
    /// Mails handed over so far.
    mails: u32,
    usable: bool,
}

const LOST: &str = "the connection to the mail server broke";
const SLOW: &str = "the mail server did not answer in time";
const NOT_SMTP: &str = "the server does not speak SMTP";

impl Connection {
    /// Connects, greets, encrypts and logs in, all within the configured time.
    pub(super) async fn open(config: &EmailConfig) -> Result<Self, Outcome> {
        timeout(config.connect_timeout, Self::open_at_leisure(config))
            .await
            .unwrap_or_else(|_| Err(later("no connection", SLOW)))
    }

    async fn open_at_leisure(config: &EmailConfig) -> Result<Self, Outcome> {
        let address = (config.host.as_str(), config.port);
        let unreachable = |_| later("no connection", "the mail server cannot be reached");
        let tcp = TcpStream::connect(address).await.map_err(unreachable)?;
        // A transaction is a few small writes that each wait for an answer.
        tcp.set_nodelay(true).map_err(unreachable)?;
        let stream: Box<dyn Stream> = match &config.tls {
            SmtpTls::Implicit(roots) => {
                let connector = TlsConnector::from(roots.client());
                encrypt(connector, &config.host, tcp).await?
            }
            SmtpTls::Plain | SmtpTls::StartTls(_) => Box::new(tcp),
        };
        let mut connection = Self {
            stream,
            reader: ReplyReader::default(),
            offers: Offers::default(),
            mails: 0,
            usable: true,
        };
        connection.expect(Stage::Greeting).await?;
        connection.greet(config).await?;
        if let SmtpTls::StartTls(roots) = &config.tls {
            connection = connection.start_tls(roots.client(), config).await?;
            connection.greet(config).await?;
        }
        if let Some(auth) = &config.auth {
            connection.log_in(auth).await?;
        }
        Ok(connection)
    }

    /// EHLO, or HELO for a server that does not know EHLO.
    async fn greet(&mut self, config: &EmailConfig) -> Result<(), Outcome> {
        let mut offers = Offers::default();
        self.put(format!("EHLO {}\r\n", config.helo).as_bytes())
            .await
            .map_err(lost)?;
        let reply = self
            .reader
            .read(&mut self.stream, |line| note_offer(line, &mut offers))
            .await
            .map_err(lost)?;
        if reply.is_positive() {
            self.offers = offers;
            return Ok(());
        }
        if reply.code == 421 {
            return Err(refusal(reply, Stage::Ehlo));
        }
        self.put(format!("HELO {}\r\n", config.helo).as_bytes())
            .await
            .map_err(lost)?;
        self.offers = Offers::default();
        self.expect(Stage::Ehlo).await.map(drop)
    }

    async fn start_tls(
        mut self,
        client: std::sync::Arc<rustls::ClientConfig>,
        config: &EmailConfig,
    ) -> Result<Self, Outcome> {
        if !self.offers.start_tls {
            return Err(later(
                "no STARTTLS",
                "the mail server does not offer encryption, and nothing is sent without it",
            ));
        }
        self.put(b"STARTTLS\r\n").await.map_err(lost)?;
        self.expect(Stage::StartTls).await?;
        // Whatever came in the clear behind the answer would be read as if it had been
        // encrypted: somebody in between wrote it.
        if self.reader.has_more() {
            return Err(later(
                "STARTTLS",
                "the mail server sent data ahead of the encryption",
            ));
        }
        let connector = TlsConnector::from(client);
        self.stream = encrypt(connector, &config.host, self.stream).await?;
        Ok(self)
    }

    async fn log_in(&mut self, auth: &SmtpAuth) -> Result<(), Outcome> {
        let password = auth.password.open();
        if self.offers.auth_plain {
            let token = base64::encode(format!("\0{}\0{password}", auth.user).as_bytes());
            self.put(format!("AUTH PLAIN {token}\r\n").as_bytes())
                .await
                .map_err(lost)?;
            return self.expect(Stage::Auth).await.map(drop);
        }
        if !self.offers.auth_login {
            return Err(later(
                "no AUTH",
                "the mail server offers no way to log in with a password",
            ));
        }
        let user = base64::encode(auth.user.as_bytes());
        let password = base64::encode(password.as_bytes());
        for step in ["AUTH LOGIN", &user, &password] {
            self.put(format!("{step}\r\n").as_bytes())
                .await
                .map_err(lost)?;
            self.expect(Stage::Auth).await?;
        }
        Ok(())
    }

    /// Reads an answer that must be a good one.
    async fn expect(&mut self, stage: Stage) -> Result<Reply, Outcome> {
        let reply = self
            .reader
            .read(&mut self.stream, |_| {})
            .await
            .map_err(lost)?;
        if reply.is_positive() {
            Ok(reply)
        } else {
            Err(refusal(reply, stage))
        }
    }

    /// Whether it can take one more mail.
    pub(super) fn is_usable(&self, config: &EmailConfig) -> bool {
        self.usable && self.mails < config.mails_per_connection
    }

    /// Hands over one mail.
    pub(super) async fn hand_over(&mut self, config: &EmailConfig, mail: &MadeEmail) -> HandOver {
        self.mails += 1;
        // Until the end is known: a caller that goes away in between leaves it unusable.
        self.usable = false;
        let mut talk = Talk {
            connection: self,
            config,
            answers: 0,
        };
        let result = talk.transaction(mail).await;
        let answers = talk.answers;
        match result {
            Ok(outcome) => HandOver::Answered(outcome),
            Err(Broken::Early(reason)) => HandOver::NotTaken {
                stale: answers == 0,
                outcome: later("connection lost", reason),
            },
            Err(Broken::Goodbye(outcome)) => HandOver::NotTaken {
                stale: true,
                outcome,
            },
            Err(Broken::AfterDot) => HandOver::InDoubt,
        }
    }

    /// Says goodbye; does not wait for the answer.
    pub(super) async fn quit(mut self) {
        if self.put(b"QUIT\r\n").await.is_ok() {
            // Closing is all that is left to do, so a failure changes nothing.
            let _ = self.stream.shutdown().await;
        }
    }

    async fn put(&mut self, bytes: &[u8]) -> Result<(), ReadFault> {
        let written = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        written.await.map_err(|_| ReadFault::Lost)
    }
}

fn lost(fault: ReadFault) -> Outcome {
    later("no connection", fault_words(fault))
}

fn fault_words(fault: ReadFault) -> &'static str {
    match fault {
        ReadFault::Lost => LOST,
        ReadFault::NotSmtp => NOT_SMTP,
    }
}

async fn encrypt(
    connector: TlsConnector,
    host: &str,
    stream: impl Stream + 'static,
) -> Result<Box<dyn Stream>, Outcome> {
    let fault = "the mail server could not prove that it is the configured one";
    let name = ServerName::try_from(host.to_owned()).map_err(|_| later("TLS", fault))?;
    let stream = connector.connect(name, stream).await;
    Ok(Box::new(stream.map_err(|_| later("TLS", fault))?))
}

fn note_offer(line: &str, offers: &mut Offers) {
    let mut words = line.split_ascii_whitespace();
    let keyword = words.next().unwrap_or_default().to_ascii_uppercase();
    match keyword.as_str() {
        "PIPELINING" => offers.pipelining = true,
        "STARTTLS" => offers.start_tls = true,
        "SIZE" => offers.size = true,
        "AUTH" => {
            for mechanism in words {
                offers.auth_plain |= mechanism.eq_ignore_ascii_case("PLAIN");
                offers.auth_login |= mechanism.eq_ignore_ascii_case("LOGIN");
            }
        }
        _ => {}
    }
}
