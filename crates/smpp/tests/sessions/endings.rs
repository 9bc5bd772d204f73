//! How sessions begin and end, and what becomes of requests that are under way.

use std::time::Duration;

use smpp::pdu::{Bind, Body, CommandStatus};
use smpp::{
    AcceptError, BindAnswer, Client, ClientEvent, CloseReason, ConnectError, Lane, NotSent, Server,
    ServerEvent, SessionConfig, SubmitError, UnknownOutcome,
};
use tokio::net::TcpListener;

use super::{PATIENCE, RawPeer, config, frame, message, pair};

#[tokio::test]
async fn a_refused_bind_names_its_status() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = config(listener.local_addr().unwrap());
    let serving = async {
        let (stream, _) = listener.accept().await.unwrap();
        let judge = async |bind: Bind| {
            assert_eq!(
                (bind.system_id.text(), bind.password.text()),
                ("esme".into(), "secret".into())
            );
            BindAnswer::refuse(CommandStatus::RINVPASWD)
        };
        Server::accept(stream, SessionConfig::default(), judge)
            .await
            .err()
            .unwrap()
    };
    let (connected, refused) = tokio::join!(Client::connect(config), serving);
    assert!(matches!(
        connected,
        Err(ConnectError::Refused(CommandStatus::RINVPASWD))
    ));
    assert!(matches!(
        refused,
        AcceptError::Refused(CommandStatus::RINVPASWD)
    ));
}

#[tokio::test]
async fn a_bind_that_nobody_answers_times_out() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = config(listener.local_addr().unwrap());
    config.session.session_init = Duration::from_millis(30);
    assert!(matches!(
        Client::connect(config).await,
        Err(ConnectError::TimedOut)
    ));
}

#[tokio::test]
async fn what_comes_with_the_bind_answer_is_not_lost() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = config(listener.local_addr().unwrap());
    let smsc = async {
        let (stream, _) = listener.accept().await.unwrap();
        let mut peer = RawPeer {
            stream,
            frames: smpp::pdu::FrameBuffer::new(),
        };
        // Some SMSCs ask before they answer.
        peer.write(&frame(0x15, 0, 50, b"")).await;
        let bind = peer.read().await.unwrap();
        assert_eq!(peer.read().await.unwrap().body, Body::EnquireLinkResp);
        let answer = frame(0x8000_0009, 0, bind.sequence, b"");
        let deliver = frame(5, 0, 1, b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
        peer.write(&[answer, deliver].concat()).await;
        peer
    };
    let (connected, _peer) = tokio::join!(Client::connect(config), smsc);
    let (handle, mut events) = connected.unwrap();
    assert_eq!(handle.bound().interface_version, None);
    assert!(matches!(events.recv().await, Some(ClientEvent::Deliver(_))));
}

#[tokio::test]
async fn closing_waits_for_answers_and_unbinds() {
    let mut pair = pair(SessionConfig::default()).await;
    let client = pair.client.clone();
    let submit = tokio::spawn(async move { client.submit(message("last"), Lane::Bulk).await });
    let Some(ServerEvent::Submit(inbound)) = pair.server_events.recv().await else {
        panic!()
    };
    let closing = pair.client.close(PATIENCE);
    tokio::pin!(closing);
    assert!(futures_util::poll!(&mut closing).is_pending());
    inbound.accept("7");
    assert_eq!(closing.await, CloseReason::Requested);
    assert_eq!(submit.await.unwrap().unwrap().message_id, "7".into());
    assert_eq!(pair.server.closed().await, CloseReason::PeerUnbound);
    assert!(matches!(
        pair.server_events.recv().await,
        Some(ServerEvent::Closed(CloseReason::PeerUnbound))
    ));
    assert!(pair.server_events.recv().await.is_none());
    let late = pair.client.submit(message("late"), Lane::Bulk).await;
    assert_eq!(late.unwrap_err(), SubmitError::NotSent(NotSent::Closed));
}

#[tokio::test]
async fn dropping_all_handles_unbinds() {
    let (handle, mut events, mut peer) = RawPeer::with_client(SessionConfig::default()).await;
    drop(handle);
    let unbind = peer.read().await.unwrap();
    assert_eq!(unbind.body, Body::Unbind);
    peer.write(&frame(0x8000_0006, 0, unbind.sequence, b""))
        .await;
    assert!(matches!(
        events.recv().await,
        Some(ClientEvent::Closed(CloseReason::Requested))
    ));
    assert!(peer.read().await.is_none());
}

#[tokio::test]
async fn an_unbind_of_the_peer_is_answered_and_ends_the_session() {
    let (handle, _events, mut peer) = RawPeer::with_client(SessionConfig::default()).await;
    peer.write(&frame(6, 0, 3, b"")).await;
    let answer = peer.read().await.unwrap();
    assert_eq!((answer.body, answer.sequence), (Body::UnbindResp, 3));
    assert_eq!(handle.closed().await, CloseReason::PeerUnbound);
}

#[tokio::test]
async fn a_lost_connection_tells_written_from_unwritten() {
    let session = SessionConfig {
        window: 1,
        ..SessionConfig::default()
    };
    let (handle, _events, mut peer) = RawPeer::with_client(session).await;
    let written = handle.submit(message("written"), Lane::Bulk);
    let queued = handle.submit(message("queued"), Lane::Bulk);
    let losing = async {
        assert!(matches!(peer.read().await.unwrap().body, Body::SubmitSm(_)));
        drop(peer);
    };
    let (written, queued, ()) = tokio::join!(written, queued, losing);
    assert_eq!(
        written.unwrap_err(),
        SubmitError::Unknown(UnknownOutcome::ConnectionLost)
    );
    assert_eq!(queued.unwrap_err(), SubmitError::NotSent(NotSent::Closed));
}

#[tokio::test]
async fn a_crash_of_the_server_is_seen() {
    let mut pair = pair(SessionConfig::default()).await;
    assert_eq!(pair.server.abort().await, CloseReason::Aborted);
    let Some(ClientEvent::Closed(reason)) = pair.client_events.recv().await else {
        panic!()
    };
    assert!(
        matches!(reason, CloseReason::PeerClosed | CloseReason::Io(_)),
        "{reason}"
    );
}

#[tokio::test]
async fn a_silent_peer_is_given_up() {
    let session = SessionConfig {
        enquire_interval: Duration::from_millis(20),
        enquire_timeout: Duration::from_millis(40),
        ..SessionConfig::default()
    };
    let (handle, _events, mut peer) = RawPeer::with_client(session).await;
    let enquire = peer.read().await.unwrap();
    assert_eq!(enquire.body, Body::EnquireLink);
    peer.write(&frame(0x8000_0015, 0, enquire.sequence, b""))
        .await;
    assert_eq!(peer.read().await.unwrap().body, Body::EnquireLink);
    assert_eq!(handle.closed().await, CloseReason::PeerSilent);
}
