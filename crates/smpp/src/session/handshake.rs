//! The bind, SMPP 3.4 §2.2 and §4.1, from both sides, before a session exists.
//!
//! It reads no further than it must: what arrives together with the bind stays in
//! the frame buffer and is the session's first input. Time limits are the caller's.

use std::future::Future;
use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::config::BoundAs;
use super::error::{AcceptError, ConnectError};
use super::server::BindAnswer;
use crate::pdu::{
    BadLength, Bind, BindResp, Body, CommandId, CommandStatus, FrameBuffer, Pdu, Raw, Tlvs,
    tlv::tag,
};

/// A bound stream: what was agreed, what was read beyond it, our last sequence number.
pub(super) struct Bound {
    pub(super) bound: BoundAs,
    pub(super) frames: FrameBuffer,
    pub(super) sequence: u32,
}

enum ReadFault {
    Io(io::Error),
    NotSmpp(BadLength),
}

impl From<ReadFault> for ConnectError {
    fn from(fault: ReadFault) -> Self {
        match fault {
            ReadFault::Io(error) => Self::Io(error),
            ReadFault::NotSmpp(bad) => Self::NotSmpp(bad),
        }
    }
}

impl From<ReadFault> for AcceptError {
    fn from(fault: ReadFault) -> Self {
        match fault {
            ReadFault::Io(error) => Self::Io(error),
            ReadFault::NotSmpp(bad) => Self::NotSmpp(bad),
        }
    }
}

/// Binds as an ESME.
pub(super) async fn bind<S>(stream: &mut S, bind: &Bind) -> Result<Bound, ConnectError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    const SEQUENCE: u32 = 1;
    let mut octets = Vec::new();
    Pdu::request(SEQUENCE, Body::Bind(bind.clone())).encode(&mut octets)?;
    write(stream, &octets).await?;
    let mut frames = FrameBuffer::new();
    loop {
        let pdu = next_pdu(stream, &mut frames).await?;
        match pdu.body {
            Body::BindResp(resp) if pdu.status.is_ok() => {
                let bound = BoundAs {
                    interface_version: resp.interface_version(),
                    peer_system_id: resp.system_id,
                    bind_type: bind.bind_type,
                };
                return Ok(Bound {
                    bound,
                    frames,
                    sequence: SEQUENCE,
                });
            }
            Body::BindResp(_) | Body::GenericNack => return Err(ConnectError::Refused(pdu.status)),
            _ => answer_unbound(stream, &pdu).await?,
        }
    }
}

/// Waits for a bind as an SMSC and answers it as `judge` says.
pub(super) async fn accept<S, F, A>(stream: &mut S, judge: F) -> Result<Bound, AcceptError>
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: FnOnce(Bind) -> A,
    A: Future<Output = BindAnswer>,
{
    let mut frames = FrameBuffer::new();
    let (bind, sequence) = loop {
        let pdu = next_pdu(stream, &mut frames).await?;
        match pdu.body {
            Body::Bind(bind) => break (bind, pdu.sequence),
            _ => answer_unbound(stream, &pdu).await?,
        }
    };
    let bound = BoundAs {
        peer_system_id: bind.system_id.clone(),
        bind_type: bind.bind_type,
        interface_version: Some(bind.interface_version),
    };
    let answer = judge(bind).await;
    let mut resp = BindResp {
        bind_type: bound.bind_type,
        system_id: answer.system_id,
        tlvs: Tlvs::new(),
    };
    if answer.status.is_ok() {
        resp.tlvs.push(tag::SC_INTERFACE_VERSION, [0x34]);
    }
    let mut octets = Vec::new();
    let encoded = Pdu::response(answer.status, sequence, Body::BindResp(resp)).encode(&mut octets);
    encoded.map_err(|too_long| AcceptError::Io(io::Error::other(too_long)))?;
    write(stream, &octets).await?;
    if !answer.status.is_ok() {
        stream.shutdown().await?;
        return Err(AcceptError::Refused(answer.status));
    }
    Ok(Bound {
        bound,
        frames,
        sequence: 0,
    })
}

async fn next_pdu<S: AsyncRead + Unpin>(
    stream: &mut S,
    frames: &mut FrameBuffer,
) -> Result<Pdu, ReadFault> {
    loop {
        if let Some(frame) = frames.next_frame().map_err(ReadFault::NotSmpp)? {
            return Ok(Pdu::decode(frame));
        }
        match stream.read_buf(frames.space()).await {
            Ok(0) => return Err(ReadFault::Io(io::ErrorKind::UnexpectedEof.into())),
            Ok(_) => {}
            Err(error) => return Err(ReadFault::Io(error)),
        }
    }
}

/// Before the bind only enquire_link is answered kindly, §2.2.
async fn answer_unbound<S: AsyncWrite + Unpin>(stream: &mut S, pdu: &Pdu) -> io::Result<()> {
    let id = pdu.command_id();
    let (status, body) = match &pdu.body {
        Body::EnquireLink => (CommandStatus::ROK, Body::EnquireLinkResp),
        Body::Unbind => (CommandStatus::ROK, Body::UnbindResp),
        _ if id.is_response() || id.is_one_way() => return Ok(()),
        Body::Malformed(_) => (CommandStatus::RINVCMDLEN, empty_response(id)),
        _ if id.is_known_request() => (CommandStatus::RINVBNDSTS, empty_response(id)),
        _ => (CommandStatus::RINVCMDID, Body::GenericNack),
    };
    let mut octets = Vec::new();
    // A header alone always fits.
    let _ = Pdu::response(status, pdu.sequence, body).encode(&mut octets);
    write(stream, &octets).await
}

fn empty_response(id: CommandId) -> Body {
    Body::Other(Raw {
        command_id: id.response(),
        octets: Vec::new(),
    })
}

async fn write<S: AsyncWrite + Unpin>(stream: &mut S, octets: &[u8]) -> io::Result<()> {
    stream.write_all(octets).await?;
    // TLS keeps octets back until it is flushed.
    stream.flush().await
}
