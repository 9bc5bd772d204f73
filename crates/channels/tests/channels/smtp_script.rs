//! A mail server that does exactly what a list of steps says, one list a connection.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

pub enum Step {
    /// Writes this line.
    Say(&'static str),
    /// Reads a line that begins like this.
    Hear(&'static str),
    /// Reads such a line, and nothing may have come behind it.
    HearAlone(&'static str),
    /// Reads lines to the lone dot and keeps them.
    HearMail,
    /// Continues over TLS.
    StartTls,
    /// Reads until the client closes.
    HearClose,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

struct Session {
    stream: Box<dyn Stream>,
    buffer: Vec<u8>,
    mails: Vec<String>,
}

/// A running server; `finish` gives the mails it has heard.
pub struct Server {
    pub port: u16,
    task: JoinHandle<Vec<String>>,
}

impl Server {
    /// Plays one script for each connection, one after another, then stops listening.
    pub async fn play(scripts: Vec<Vec<Step>>, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let task = tokio::spawn(async move {
            let mut mails = Vec::new();
            for script in scripts {
                let (stream, _) = listener.accept().await.unwrap();
                let mut session = Session {
                    stream: Box::new(stream),
                    buffer: Vec::new(),
                    mails: Vec::new(),
                };
                for step in script {
                    session = session.take(step, tls.clone()).await;
                }
                mails.append(&mut session.mails);
            }
            mails
        });
        Self { port, task }
    }

    /// Waits for the end of the scripts.
    pub async fn finish(self) -> Vec<String> {
        self.task.await.unwrap()
    }
}

/// A certificate for localhost: the server's side, and its PEM to trust.
pub fn certificate() -> (Arc<ServerConfig>, String) {
    let own = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .unwrap();
    (Arc::new(config), own.cert.pem())
}

impl Session {
    async fn take(mut self, step: Step, tls: Option<Arc<ServerConfig>>) -> Self {
        match step {
            Step::Say(line) => {
                let line = format!("{line}\r\n");
                self.stream.write_all(line.as_bytes()).await.unwrap();
                self.stream.flush().await.unwrap();
            }
            Step::Hear(start) => {
                let line = self.line().await;
                assert!(line.starts_with(start), "wanted {start}, heard {line}");
            }
            Step::HearAlone(start) => {
                let line = self.line().await;
                assert!(line.starts_with(start), "wanted {start}, heard {line}");
                assert!(self.buffer.is_empty(), "more came behind {line}");
            }
            Step::HearMail => {
                let mut mail = String::new();
                loop {
                    let line = self.line().await;
                    if line == "." {
                        break;
                    }
                    mail += line.strip_prefix('.').unwrap_or(&line);
                    mail += "\r\n";
                }
                self.mails.push(mail);
            }
            Step::StartTls => {
                let acceptor = TlsAcceptor::from(tls.expect("a certificate"));
                // A client that does not trust us ends the handshake: the script is over.
                if let Ok(stream) = acceptor.accept(self.stream).await {
                    self.stream = Box::new(stream);
                } else {
                    self.stream = Box::new(tokio::io::empty());
                }
            }
            Step::HearClose => {
                let mut rest = Vec::new();
                let _ = self.stream.read_to_end(&mut rest).await;
            }
        }
        self
    }

    async fn line(&mut self) -> String {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|w| w == b"\r\n") {
                let line = String::from_utf8(self.buffer[..end].to_vec()).unwrap();
                self.buffer.drain(..end + 2);
                return line;
            }
            let read = self.stream.read_buf(&mut self.buffer).await.unwrap();
            assert!(read > 0, "the client closed in the middle of the script");
        }
    }
}
