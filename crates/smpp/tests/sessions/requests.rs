//! Requests and answers: the window, the lanes, refusals, and what the caller owes.

use smpp::pdu::{Body, CommandStatus, DeliverSm, Pdu};
use smpp::{ClientEvent, Lane, NotSent, ServerEvent, SessionConfig, SubmitError, UnknownOutcome};
use tokio::task::JoinSet;

use super::{RawPeer, frame, message, pair};

fn window(size: usize) -> SessionConfig {
    SessionConfig {
        window: size,
        ..SessionConfig::default()
    }
}

fn text_of(pdu: &Pdu) -> &str {
    let Body::SubmitSm(submit) = &pdu.body else {
        panic!("{pdu:?}")
    };
    std::str::from_utf8(submit.message()).unwrap()
}

#[tokio::test]
async fn submits_in_any_order_find_their_answers() {
    // A tenth of the window is not for bulk.
    let mut pair = pair(window(56)).await;
    let mut submits = JoinSet::new();
    for number in 0..50 {
        let client = pair.client.clone();
        submits.spawn(async move {
            let answer = client.submit(message(&number.to_string()), Lane::Bulk);
            (number, answer.await)
        });
    }
    let mut waiting = Vec::new();
    while waiting.len() < 50 {
        let Some(ServerEvent::Submit(inbound)) = pair.server_events.recv().await else {
            panic!()
        };
        waiting.push(inbound);
    }
    for inbound in waiting.into_iter().rev() {
        let id = String::from_utf8(inbound.pdu().message().to_vec()).unwrap();
        inbound.accept(&id);
    }
    while let Some(done) = submits.join_next().await {
        let (number, answer) = done.unwrap();
        assert_eq!(answer.unwrap().message_id, number.to_string().into());
    }
}

#[tokio::test]
async fn bulk_without_answers_leaves_room_for_urgent() {
    let (handle, _events, mut peer) = RawPeer::with_client(window(10)).await;
    let mut submits = JoinSet::new();
    for _ in 0..12 {
        let handle = handle.clone();
        submits.spawn(async move { handle.submit(message("bulk"), Lane::Bulk).await });
    }
    for _ in 0..9 {
        assert_eq!(text_of(&peer.read().await.unwrap()), "bulk");
    }
    submits.spawn(async move { handle.submit(message("code"), Lane::Urgent).await });
    assert_eq!(text_of(&peer.read().await.unwrap()), "code");
}

#[tokio::test]
async fn urgent_overtakes_bulk_while_the_window_is_full() {
    let (handle, _events, mut peer) = RawPeer::with_client(window(1)).await;
    let mut submits = JoinSet::new();
    let mut submit = |text: &'static str, lane| {
        let handle = handle.clone();
        submits.spawn(async move { handle.submit(message(text), lane).await });
    };
    submit("first", Lane::Bulk);
    let first = peer.read().await.unwrap();
    submit("bulk 1", Lane::Bulk);
    submit("bulk 2", Lane::Bulk);
    submit("code", Lane::Urgent);
    // One thread runs all tasks in order: after this turn all three are in their lanes.
    tokio::task::yield_now().await;
    let mut order = vec![text_of(&first).to_owned()];
    let mut last = first;
    for _ in 0..3 {
        peer.write(&frame(0x8000_0004, 0, last.sequence, b"x\0"))
            .await;
        last = peer.read().await.unwrap();
        order.push(text_of(&last).to_owned());
    }
    assert_eq!(order, ["first", "code", "bulk 1", "bulk 2"]);
}

#[tokio::test]
async fn a_submit_that_nobody_waits_for_is_taken_back() {
    let (handle, _events, mut peer) = RawPeer::with_client(window(1)).await;
    let mut submits = JoinSet::new();
    let background = handle.clone();
    submits.spawn(async move { background.submit(message("first"), Lane::Bulk).await });
    let first = peer.read().await.unwrap();
    {
        let dropped = handle.submit(message("dropped"), Lane::Bulk);
        tokio::pin!(dropped);
        assert!(futures_util::poll!(&mut dropped).is_pending());
    }
    let (_, ()) = tokio::join!(handle.submit(message("second"), Lane::Bulk), async {
        peer.write(&frame(0x8000_0004, 0, first.sequence, b"x\0"))
            .await;
        let second = peer.read().await.unwrap();
        assert_eq!(text_of(&second), "second");
        peer.write(&frame(0x8000_0004, 0, second.sequence, b"x\0"))
            .await;
    });
}

#[tokio::test]
async fn refusals_come_back_whatever_their_form() {
    let mut pair = pair(SessionConfig::default()).await;
    let server = async {
        for form in 0..4 {
            let Some(ServerEvent::Submit(inbound)) = pair.server_events.recv().await else {
                panic!()
            };
            let sequence = inbound.sequence();
            match form {
                0 => inbound.reject(CommandStatus::RTHROTTLED),
                1 => inbound.reject_with_body(CommandStatus::RMSGQFUL),
                2 => inbound.nack(CommandStatus::RINVCMDLEN),
                _ => inbound.reply_raw(frame(0x8000_0004, 0x0455, sequence, b"\0")),
            }
        }
    };
    let client = async {
        let mut statuses = Vec::new();
        for _ in 0..4 {
            let answer = pair
                .client
                .submit(message("x"), Lane::Urgent)
                .await
                .unwrap();
            assert!(answer.message_id.is_empty());
            statuses.push(answer.status);
        }
        statuses
    };
    let ((), statuses) = tokio::join!(server, client);
    let expected = [
        CommandStatus::RTHROTTLED,
        CommandStatus::RMSGQFUL,
        CommandStatus::RINVCMDLEN,
        CommandStatus(0x0455),
    ];
    assert_eq!(statuses, expected);
}

#[tokio::test]
async fn a_message_too_long_for_any_pdu_is_not_sent() {
    let pair = pair(SessionConfig::default()).await;
    let long = message(&"a".repeat(70_000));
    let result = pair.client.submit(long, Lane::Bulk).await;
    assert_eq!(result.unwrap_err(), SubmitError::NotSent(NotSent::TooLong));
}

#[tokio::test]
async fn a_submit_without_answer_has_an_unknown_outcome_and_frees_the_window() {
    let session = SessionConfig {
        response_timeout: std::time::Duration::from_millis(50),
        ..window(1)
    };
    let mut pair = pair(session).await;
    let result = pair.client.submit(message("lost"), Lane::Bulk).await;
    assert_eq!(
        result.unwrap_err(),
        SubmitError::Unknown(UnknownOutcome::TimedOut)
    );
    let Some(ServerEvent::Submit(lost)) = pair.server_events.recv().await else {
        panic!()
    };
    lost.ignore();
    let server = async {
        let Some(ServerEvent::Submit(next)) = pair.server_events.recv().await else {
            panic!()
        };
        next.accept("2");
    };
    let (answer, ()) = tokio::join!(pair.client.submit(message("next"), Lane::Bulk), server);
    assert_eq!(answer.unwrap().message_id, "2".into());
}

#[tokio::test]
async fn a_delivery_is_answered_by_the_caller_alone() {
    let mut pair = pair(SessionConfig::default()).await;
    for status in [CommandStatus::ROK, CommandStatus::RX_T_APPN] {
        let deliver = DeliverSm {
            short_message: b"STOP".to_vec(),
            ..DeliverSm::default()
        };
        let answering = async {
            let Some(ClientEvent::Deliver(inbound)) = pair.client_events.recv().await else {
                panic!()
            };
            assert_eq!(inbound.pdu().message(), b"STOP");
            inbound.respond(status);
        };
        let (answer, ()) = tokio::join!(pair.server.deliver(deliver), answering);
        assert_eq!(answer, Ok(status));
    }
}

#[tokio::test]
async fn deliveries_beyond_the_capacity_are_asked_for_again() {
    let session = SessionConfig {
        inbound_capacity: 1,
        ..SessionConfig::default()
    };
    let mut pair = pair(session).await;
    let (first, second) = (
        pair.server.deliver(DeliverSm::default()),
        pair.server.deliver(DeliverSm::default()),
    );
    let server = futures_util::future::join(first, second);
    let client = async {
        let Some(ClientEvent::Deliver(inbound)) = pair.client_events.recv().await else {
            panic!()
        };
        // The second was refused meanwhile; a round trip makes sure of that.
        let submit = pair.client.submit(message("x"), Lane::Bulk);
        let smsc = async {
            let Some(ServerEvent::Submit(submit)) = pair.server_events.recv().await else {
                panic!()
            };
            submit.accept("1");
        };
        let _ = tokio::join!(submit, smsc);
        inbound.respond(CommandStatus::ROK);
    };
    let ((first, second), ()) = tokio::join!(server, client);
    assert_eq!(
        (first, second),
        (Ok(CommandStatus::ROK), Ok(CommandStatus::RX_T_APPN))
    );
}

#[tokio::test]
async fn other_requests_reach_a_server_raw() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stream = tokio::net::TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    let mut peer = RawPeer {
        stream,
        frames: smpp::pdu::FrameBuffer::new(),
    };
    // The bind and a query_sm in one write: the session must not lose the second.
    peer.write(&frame(9, 0, 1, b"a\0b\0\0\x34\0\0\0")).await;
    peer.write(&frame(3, 0, 2, b"id\0\0\0\0")).await;
    let (stream, _) = listener.accept().await.unwrap();
    let judge = async |_| smpp::BindAnswer::accept("smsc");
    let (_handle, mut events) = smpp::Server::accept(stream, SessionConfig::default(), judge)
        .await
        .unwrap();
    let Some(ServerEvent::Other(inbound)) = events.recv().await else {
        panic!()
    };
    assert_eq!(inbound.pdu().octets, b"id\0\0\0\0");
    inbound.respond(CommandStatus::ROK, b"id\0\0\x02\0".to_vec());
    assert_eq!(peer.read().await.unwrap().status, CommandStatus::ROK);
    let answer = peer.read().await.unwrap();
    assert_eq!((answer.command_id().0, answer.sequence), (0x8000_0003, 2));
}
