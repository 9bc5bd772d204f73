//! The socket around the SMTP state machine: reads, writes, TLS, faults, time-outs.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::connection::{Connection, Settings, Step};
use crate::config::Received;
use crate::counts::add_one;
use crate::faults::{Drop, MailTurn};
use crate::shared::Shared;

/// RFC 5321 §4.5.3.2.7: a server waits at least five minutes.
const IDLE: Duration = Duration::from_secs(300);
const HANDSHAKE: Duration = Duration::from_secs(30);
const READ_AT_ONCE: usize = 64 * 1024;

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// One refusal for the connection that is one too many.
pub(super) fn turn_away(stream: &TcpStream) {
    // Best effort: the connection closes either way.
    let _ = stream.try_write(b"421 4.3.2 Too many connections\r\n");
}

pub(super) async fn serve(
    stream: TcpStream,
    settings: Arc<Settings>,
    shared: Arc<Shared>,
) -> io::Result<()> {
    add_one(&shared.counters.mail_connections);
    stream.set_nodelay(true)?;
    let mut stream: Box<dyn Stream> = Box::new(stream);
    let mut connection = Connection::new(settings);
    let mut out = Vec::new();
    connection.greet(&mut out);
    loop {
        let plan = shared.plan();
        let step = connection.step(&|address| plan.knows_recipient(address), &mut out);
        match step {
            Step::Mail => {
                if let Some(answer) =
                    take_mail(&mut connection, &shared, &mut out, &mut stream).await?
                {
                    write_all(&mut stream, answer.as_bytes()).await?;
                    return stream.shutdown().await;
                }
            }
            Step::Read => {
                flush(&mut stream, &mut out).await?;
                let input = connection.input();
                input.reserve(READ_AT_ONCE);
                let read = timeout(IDLE, stream.read_buf(input)).await;
                match read {
                    Ok(Ok(0)) => return Ok(()),
                    Ok(read) => read?,
                    Err(_) => {
                        return write_all(&mut stream, b"421 4.4.2 Waited too long\r\n").await;
                    }
                };
            }
            Step::StartTls => {
                flush(&mut stream, &mut out).await?;
                let Some(tls) = shared.config.tls.clone() else {
                    return Ok(());
                };
                let handshake = TlsAcceptor::from(tls).accept(stream);
                stream = Box::new(
                    timeout(HANDSHAKE, handshake)
                        .await
                        .map_err(|_| io::ErrorKind::TimedOut)??,
                );
                connection.is_encrypted_now();
            }
            Step::Close => {
                count_refused(&mut connection, &shared);
                flush(&mut stream, &mut out).await?;
                return stream.shutdown().await;
            }
        }
        count_refused(&mut connection, &shared);
    }
}

/// Keeps or refuses one mail. Gives back the last words when the connection is to be dropped.
async fn take_mail(
    connection: &mut Connection,
    shared: &Shared,
    out: &mut Vec<u8>,
    stream: &mut Box<dyn Stream>,
) -> io::Result<Option<String>> {
    let plan = shared.plan();
    let delay = plan.mail_answer_delay();
    let turn = plan.next_mail();
    let mut drop_when = None;
    let answer = match turn {
        MailTurn::RefuseForNow => {
            "451 4.3.0 Refused for now, as the sandbox was asked to\r\n".to_owned()
        }
        MailTurn::RefuseForGood => {
            "554 5.6.0 Refused for good, as the sandbox was asked to\r\n".to_owned()
        }
        MailTurn::Take => keep(connection, shared),
        MailTurn::TakeAndDrop(when) => {
            drop_when = Some(when);
            keep(connection, shared)
        }
    };
    if !delay.is_zero() {
        flush(stream, out).await?;
        tokio::time::sleep(delay).await;
    }
    match drop_when {
        None => {
            connection.answer_mail(&answer, out);
            Ok(None)
        }
        Some(when) => {
            flush(stream, out).await?;
            Ok(Some(if when == Drop::AfterAnswer {
                answer
            } else {
                String::new()
            }))
        }
    }
}

fn keep(connection: &Connection, shared: &Shared) -> String {
    let mail = connection.mail();
    if let Some(observer) = &shared.config.observer {
        observer(Received::Mail {
            from: mail.from,
            to: mail.to,
            raw: mail.raw,
        });
    }
    if shared.config.keep > 0 {
        let at = (shared.config.now)();
        shared.mails().keep(at, mail.from, mail.to, mail.raw);
    }
    let number = shared.counters.mails.fetch_add(1, Ordering::Relaxed) + 1;
    shared.tell_news();
    format!("250 2.0.0 Taken as mail {number}\r\n")
}

fn count_refused(connection: &mut Connection, shared: &Shared) {
    let refused = connection.take_refused();
    if refused > 0 {
        shared
            .counters
            .mails_refused
            .fetch_add(refused, Ordering::Relaxed);
    }
}

async fn flush(stream: &mut Box<dyn Stream>, out: &mut Vec<u8>) -> io::Result<()> {
    if !out.is_empty() {
        write_all(stream, out).await?;
        out.clear();
    }
    Ok(())
}

/// A client that does not read must not hold a connection for ever.
async fn write_all(stream: &mut Box<dyn Stream>, octets: &[u8]) -> io::Result<()> {
    timeout(IDLE, async {
        stream.write_all(octets).await?;
        stream.flush().await
    })
    .await
    .map_err(|_| io::ErrorKind::TimedOut)?
}
