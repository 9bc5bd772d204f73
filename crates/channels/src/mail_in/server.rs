//! The sockets of the mail server: accepts, reads, writes, TLS, time-outs; and hands what a
//! mail means on, answering only when it is kept.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::address::Addresses;
use super::identity::TlsIdentity;
use super::read::{MailIn, Proofs, Reader};
use super::session::{Offer, Protocol, Session, Step};
use super::verify::{Brought, Verifier};
use crate::{Inbound, InboundItem, ReceivedMail};

const READ_AT_ONCE: usize = 16 * 1024;
/// For a handshake, and for the answer to a connection that is one too many.
const HANDSHAKE: Duration = Duration::from_secs(30);
/// A pause when the system lends no more handles.
const PAUSE: Duration = Duration::from_millis(50);

/// Where LMTP is listened to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LmtpPlace {
    /// A port.
    Tcp(SocketAddr),
    /// A socket in the file system; made anew.
    Unix(PathBuf),
}

/// How the server is to run. [`MailServerConfig::new`] fills in the usual settings.
#[derive(Clone, Debug)]
pub struct MailServerConfig {
    /// How it calls itself.
    pub name: String,
    /// Where it listens for SMTP.
    pub smtp: Option<SocketAddr>,
    /// Where it listens for LMTP.
    pub lmtp: Option<LmtpPlace>,
    /// The addresses it takes mail for, and whose word on senders counts.
    pub reader: Reader,
    /// Looks up who sends over SMTP; none where a server in front of us does.
    pub verifier: Option<Verifier>,
    /// For STARTTLS.
    pub tls: Option<TlsIdentity>,
    /// Octets of a mail.
    pub max_size: usize,
    /// Connections at once; more are asked to come back.
    pub max_sessions: usize,
    /// How long a client may be silent. RFC 5321 §4.5.3.2.7 asks for five minutes.
    pub patience: Duration,
    /// How long a connection may last, however busy.
    pub longest: Duration,
    /// How long a mail may take to be kept; then it is asked for again.
    pub keeping: Duration,
}

impl MailServerConfig {
    /// Listens nowhere yet.
    pub fn new(addresses: Addresses) -> Self {
        Self {
            name: addresses.domain().to_owned(),
            smtp: None,
            lmtp: None,
            reader: Reader {
                addresses,
                authority: None,
            },
            verifier: None,
            tls: None,
            max_size: 10 * 1024 * 1024,
            max_sessions: 64,
            patience: Duration::from_secs(300),
            longest: Duration::from_secs(1_800),
            keeping: Duration::from_secs(60),
        }
    }
}

/// A running server.
pub struct MailServer {
    smtp: Option<SocketAddr>,
    lmtp: Option<SocketAddr>,
    closing: watch::Sender<bool>,
    doors: Vec<JoinHandle<()>>,
}

/// What all connections share.
struct Shared {
    config: MailServerConfig,
    offer: Arc<Offer>,
    inbound: mpsc::Sender<InboundItem>,
    room: Arc<Semaphore>,
}

impl MailServer {
    /// Starts listening; `inbound` gets what mails mean. Call it within a tokio runtime.
    ///
    /// # Errors
    /// When it cannot listen where it should.
    pub async fn start(
        config: MailServerConfig,
        inbound: mpsc::Sender<InboundItem>,
    ) -> io::Result<Self> {
        let offer = Offer {
            name: config.name.clone(),
            addresses: config.reader.addresses.clone(),
            starttls: config.tls.is_some(),
            max_size: config.max_size,
        };
        let (smtp, lmtp) = (config.smtp, config.lmtp.clone());
        let shared = Arc::new(Shared {
            offer: Arc::new(offer),
            room: Arc::new(Semaphore::new(config.max_sessions)),
            config,
            inbound,
        });
        let (closing, close) = watch::channel(false);
        let mut server = Self {
            smtp: None,
            lmtp: None,
            closing,
            doors: Vec::new(),
        };
        if let Some(at) = smtp {
            let listener = TcpListener::bind(at).await?;
            server.smtp = Some(listener.local_addr()?);
            server.open(Listener::Tcp(listener), Protocol::Smtp, (&shared, &close));
        }
        let listener = match lmtp {
            Some(LmtpPlace::Tcp(at)) => {
                let listener = TcpListener::bind(at).await?;
                server.lmtp = Some(listener.local_addr()?);
                Some(Listener::Tcp(listener))
            }
            Some(LmtpPlace::Unix(path)) => Some(Listener::Unix(unix(&path).await?)),
            None => None,
        };
        if let Some(listener) = listener {
            server.open(listener, Protocol::Lmtp, (&shared, &close));
        }
        Ok(server)
    }

    fn open(
        &mut self,
        listener: Listener,
        protocol: Protocol,
        (shared, close): (&Arc<Shared>, &watch::Receiver<bool>),
    ) {
        let door = keep_open(listener, protocol, Arc::clone(shared), close.clone());
        self.doors.push(tokio::spawn(door));
    }

    /// Where it listens for SMTP.
    pub fn smtp_addr(&self) -> Option<SocketAddr> {
        self.smtp
    }

    /// Where it listens for LMTP, if at a port.
    pub fn lmtp_addr(&self) -> Option<SocketAddr> {
        self.lmtp
    }

    /// Takes no more mail and lets what is being kept finish, at most `limit`.
    pub async fn close(mut self, limit: Duration) {
        let _ = self.closing.send(true);
        let doors = std::mem::take(&mut self.doors);
        let aborts: Vec<_> = doors.iter().map(JoinHandle::abort_handle).collect();
        let finishing = async {
            for door in doors {
                let _ = door.await;
            }
        };
        // A client whose mail got no answer sends it again.
        if timeout(limit, finishing).await.is_err() {
            aborts.iter().for_each(tokio::task::AbortHandle::abort);
        }
    }
}

/// A socket that an earlier run left behind is taken away; one that answers is not.
async fn unix(path: &PathBuf) -> io::Result<UnixListener> {
    use std::os::unix::fs::PermissionsExt as _;
    if path.exists() {
        if UnixStream::connect(path).await.is_ok() {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        std::fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    // Who may reach it is a matter of its folder: the mail server runs as another user.
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666))?;
    Ok(listener)
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listener {
    async fn accept(&self) -> io::Result<(Box<dyn Stream>, Option<IpAddr>)> {
        Ok(match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                stream.set_nodelay(true)?;
                (Box::new(stream), Some(peer.ip()))
            }
            Self::Unix(listener) => (Box::new(listener.accept().await?.0), None),
        })
    }
}

async fn keep_open(
    listener: Listener,
    protocol: Protocol,
    shared: Arc<Shared>,
    mut closing: watch::Receiver<bool>,
) {
    let mut sessions = JoinSet::new();
    loop {
        tokio::select! {
            _ = closing.changed() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let (shared, closing) = (Arc::clone(&shared), closing.clone());
                    // Behind a mail server of ours the peer is that one.
                    let peer = peer.filter(|_| protocol == Protocol::Smtp);
                    sessions.spawn(serve(stream, (protocol, peer), shared, closing));
                }
                Err(_) => tokio::time::sleep(PAUSE).await,
            },
            Some(_) = sessions.join_next() => {}
        }
    }
    while sessions.join_next().await.is_some() {}
}

/// One connection from its greeting to its end.
async fn serve(
    mut stream: Box<dyn Stream>,
    whom: (Protocol, Option<IpAddr>),
    shared: Arc<Shared>,
    closing: watch::Receiver<bool>,
) {
    let Ok(_place) = Arc::clone(&shared.room).try_acquire_owned() else {
        let busy = put(
            &mut stream,
            b"421 4.3.2 Too many connections; come back later\r\n",
        );
        let _ = timeout(HANDSHAKE, busy).await;
        return;
    };
    let talking = talk(stream, whom, &shared, closing);
    match timeout(shared.config.longest, talking).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a mail connection ended early"),
        Err(_) => tracing::debug!("a mail connection lasted too long"),
    }
}

async fn talk(
    mut stream: Box<dyn Stream>,
    (protocol, peer): (Protocol, Option<IpAddr>),
    shared: &Shared,
    mut closing: watch::Receiver<bool>,
) -> io::Result<()> {
    let patience = shared.config.patience;
    let mut session = Session::new(Arc::clone(&shared.offer), protocol);
    let mut out = Vec::new();
    session.greet(&mut out);
    loop {
        let step = session.step(&mut out);
        if step == Step::Mail {
            let kept = hand_on(&session, peer, shared).await;
            session.answer(&kept, &mut out);
            continue;
        }
        let writing = put(&mut stream, &out);
        timeout(patience, writing)
            .await
            .map_err(|_| io::ErrorKind::TimedOut)??;
        out.clear();
        match step {
            Step::Read => {
                let input = session.input();
                input.reserve(READ_AT_ONCE);
                let read = tokio::select! {
                    _ = closing.changed() => {
                        return put(&mut stream, b"421 4.3.2 Going down; come back later\r\n").await;
                    }
                    read = timeout(patience, stream.read_buf(input)) => read,
                };
                match read {
                    Ok(Ok(0)) => return Ok(()),
                    Ok(read) => read?,
                    Err(_) => return put(&mut stream, b"421 4.4.2 Waited too long\r\n").await,
                };
            }
            Step::StartTls => {
                let Some(TlsIdentity(tls)) = shared.config.tls.clone() else {
                    return Ok(());
                };
                let handshake = timeout(HANDSHAKE, TlsAcceptor::from(tls).accept(stream));
                let encrypted = handshake.await.map_err(|_| io::ErrorKind::TimedOut)??;
                stream = Box::new(encrypted);
                session.encrypted();
            }
            Step::Mail => {}
            Step::Close => return stream.shutdown().await,
        }
    }
}

/// Says what the mail means to each address it came to; for each, whether that is kept.
async fn hand_on(session: &Session, peer: Option<IpAddr>, shared: &Shared) -> Vec<bool> {
    let mail = session.mail();
    let mut proofs: Option<Proofs> = None;
    let mut waits = Vec::with_capacity(mail.to.len());
    for to in mail.to {
        let (done, kept) = oneshot::channel();
        let mut means = shared.config.reader.read(mail.raw, *to, mail.null_sender);
        if let (MailIn::Reply(reply), Some(verifier), Some(peer)) =
            (&mut means, &shared.config.verifier, peer)
        {
            let brought = Brought {
                peer,
                helo: mail.helo,
                from: mail.from,
                host: &shared.config.name,
            };
            // A stranger may write any header: what we find ourselves counts, and only that.
            reply.proofs = match proofs {
                Some(known) => known,
                None => verifier.proofs(mail.raw, mail.whole, brought).await,
            };
            proofs = Some(reply.proofs);
        }
        tracing::debug!(means = means.as_str(), delivery = ?to.delivery(), "a mail came in");
        let received = ReceivedMail { to: *to, means };
        let inbound = Inbound::Mail(Box::new(received));
        waits.push((shared.inbound.send(InboundItem { inbound, done }), kept));
    }
    let mut answers = Vec::with_capacity(waits.len());
    let deadline = tokio::time::Instant::now() + shared.config.keeping;
    for (sending, kept) in waits {
        let keeping = async { sending.await.is_ok() && kept.await.unwrap_or(false) };
        answers.push(
            tokio::time::timeout_at(deadline, keeping)
                .await
                .unwrap_or(false),
        );
    }
    answers
}

async fn put(stream: &mut Box<dyn Stream>, octets: &[u8]) -> io::Result<()> {
    stream.write_all(octets).await?;
    stream.flush().await
}
