//! Sessions over real loopback sockets: odd PDUs, the window, endings, TLS, and
//! an independent implementation as the peer.

#![expect(clippy::unwrap_used, reason = "what the tests share is test code too")]

mod endings;
mod interop;
mod odd_pdus;
mod requests;
mod tls;

use std::time::Duration;

use smpp::pdu::{Address, Bind, BindType, Body, FrameBuffer, Pdu, SubmitSm};
use smpp::{
    BindAnswer, Client, ClientConfig, ClientEvents, ClientHandle, Server, ServerEvents,
    ServerHandle, SessionConfig,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Longer than any test may take; reaching it is a failure.
const PATIENCE: Duration = Duration::from_secs(20);

/// A client configuration for this address.
fn config(address: std::net::SocketAddr) -> ClientConfig {
    ClientConfig::new(&address.to_string(), "esme", "secret")
}

/// Both our halves, bound to each other.
struct Pair {
    client: ClientHandle,
    client_events: ClientEvents,
    server: ServerHandle,
    server_events: ServerEvents,
}

async fn pair(session: SessionConfig) -> Pair {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = config(listener.local_addr().unwrap());
    config.session = session.clone();
    let serving = async {
        let (stream, _) = listener.accept().await.unwrap();
        Server::accept(stream, session, async |_: Bind| BindAnswer::accept("smsc"))
            .await
            .unwrap()
    };
    let (connected, (server, server_events)) = tokio::join!(Client::connect(config), serving);
    let (client, client_events) = connected.unwrap();
    Pair {
        client,
        client_events,
        server,
        server_events,
    }
}

fn message(text: &str) -> SubmitSm {
    SubmitSm {
        source: Address::alphanumeric("Marigold"),
        destination: Address::international("+15550100"),
        short_message: text.as_bytes().to_vec(),
        ..SubmitSm::default()
    }
}

/// A peer made of nothing but a socket and the codec.
struct RawPeer {
    stream: TcpStream,
    frames: FrameBuffer,
}

impl RawPeer {
    /// Takes the connection and accepts its bind.
    async fn smsc(listener: &TcpListener) -> Self {
        let (stream, _) = listener.accept().await.unwrap();
        let mut peer = Self {
            stream,
            frames: FrameBuffer::new(),
        };
        let bind = peer.read().await.unwrap();
        assert!(matches!(
            bind.body,
            Body::Bind(Bind {
                bind_type: BindType::Transceiver,
                ..
            })
        ));
        peer.write(&frame(0x8000_0009, 0, bind.sequence, b"raw\0"))
            .await;
        peer
    }

    /// A client of ours bound to a raw SMSC.
    async fn with_client(session: SessionConfig) -> (ClientHandle, ClientEvents, Self) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut config = config(listener.local_addr().unwrap());
        config.session = session;
        let (connected, peer) = tokio::join!(Client::connect(config), Self::smsc(&listener));
        let (handle, events) = connected.unwrap();
        (handle, events, peer)
    }

    async fn write(&mut self, octets: &[u8]) {
        self.stream.write_all(octets).await.unwrap();
    }

    /// The next PDU; `None` at the end of the stream.
    async fn read(&mut self) -> Option<Pdu> {
        let mut octets = [0; 4096];
        loop {
            if let Some(frame) = self.frames.next_frame().unwrap() {
                return Some(Pdu::decode(frame));
            }
            let reading = self.stream.read(&mut octets);
            let count = tokio::time::timeout(PATIENCE, reading)
                .await
                .unwrap()
                .ok()?;
            if count == 0 {
                return None;
            }
            self.frames.extend(&octets[..count]);
        }
    }
}

/// A frame: header from id, status and sequence number, then the body.
fn frame(id: u32, status: u32, sequence: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(16 + body.len()).unwrap();
    let words = [length, id, status, sequence].map(u32::to_be_bytes);
    [words.concat().as_slice(), body].concat()
}
