//! Against `smpp34`, an independent implementation, on either side.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use smpp::gsm::{National, PartWithUdh, segment};
use smpp::pdu::{Address, CommandStatus, DeliverSm, SubmitSm, esm_class, tlv::tag};
use smpp::receipt::Receipt;
use smpp::{
    BindAnswer, Client, ClientEvent, ClientHandle, ConnectError, Lane, Server, ServerEvent,
    SessionConfig,
};
use smpp34::client::{BIND_TYPE, SMSC, SmppClient, SmppClientListener};
use smpp34::server::ESME;
use smpp34::{SmppConnectionInformation, SmppError, SmppServer, SmppServerListener};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{PATIENCE, config};

/// What `async_trait`, which their traits are written with, makes of an async fn.
type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

struct TheirSmsc {
    submitted: Mutex<Vec<smpp34::submit_sm>>,
    bound: Mutex<Option<oneshot::Sender<ESME>>>,
}

impl SmppServerListener for TheirSmsc {
    fn on_bind_transceiver<'a, 'b, 'c, 'd>(
        &'a self,
        bind: smpp34::bind_transceiver,
        _connection: &'b SmppConnectionInformation,
        _session: &'c String,
    ) -> Boxed<'d, smpp34::bind_transceiver_resp>
    where
        'a: 'd,
        'b: 'd,
        'c: 'd,
        Self: 'd,
    {
        Box::pin(async move {
            if bind.password == "secret" {
                bind.accept("theirs".to_owned(), Some(0x34))
            } else {
                bind.reject(SmppError::ESME_RINVPASWD)
            }
        })
    }

    fn on_submit_sm<'a, 'b, 'c, 'd>(
        &'a self,
        submit: smpp34::submit_sm,
        _connection: &'b SmppConnectionInformation,
        _session: &'c String,
    ) -> Boxed<'d, smpp34::submit_sm_resp>
    where
        'a: 'd,
        'b: 'd,
        'c: 'd,
        Self: 'd,
    {
        self.submitted.lock().unwrap().push(submit.clone());
        Box::pin(async move {
            if submit.destination_addr == "0" {
                submit.reject(SmppError::ESME_RINVDSTADR)
            } else {
                submit.accept("their-id".to_owned())
            }
        })
    }

    fn on_esme_bound<'a, 'b, 'd>(&'a self, esme: ESME, _session: &'b String) -> Boxed<'d, ()>
    where
        'a: 'd,
        'b: 'd,
        Self: 'd,
    {
        if let Some(bound) = self.bound.lock().unwrap().take() {
            let _ = bound.send(esme);
        }
        Box::pin(async {})
    }
}

/// A port that was free a moment ago: their server cannot tell which one it took.
async fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}

/// Waits until their server listens. Each attempt yields to its start-up.
async fn wait_for_listener(port: u16) {
    let waiting = async {
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port))
            .await
            .is_err()
        {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, waiting).await.unwrap();
}

/// Submits a text of several parts and returns them.
async fn submit_long_text(handle: &ClientHandle) -> Vec<PartWithUdh> {
    let long = "Доставлено: ".repeat(10);
    let parts = segment(&long, false, National::NONE).parts_with_udh(9);
    for part in &parts {
        let submit = SubmitSm {
            source: Address::alphanumeric("Marigold"),
            destination: Address::international("+15550100"),
            esm_class: part.esm_class,
            registered_delivery: 1,
            data_coding: part.data_coding,
            short_message: part.octets.clone(),
            ..SubmitSm::default()
        };
        let answer = handle.submit(submit, Lane::Bulk).await.unwrap();
        assert_eq!(
            (answer.status, answer.message_id),
            (CommandStatus::ROK, "their-id".into())
        );
    }
    parts
}

/// What their server read is what ours wrote.
fn assert_read(submitted: &[smpp34::submit_sm], parts: &[PartWithUdh]) {
    assert_eq!(submitted.len(), parts.len() + 1);
    for (theirs, ours) in submitted.iter().zip(parts) {
        assert_eq!(
            (&theirs.source_addr, theirs.source_addr_ton),
            (&"Marigold".to_owned(), 5)
        );
        assert_eq!(
            (&theirs.destination_addr, theirs.esm_class),
            (&"15550100".to_owned(), 0x40)
        );
        assert_eq!(
            (theirs.data_coding, &theirs.short_message),
            (8, &ours.octets)
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_client_against_their_server() {
    let (sender, bound) = oneshot::channel();
    let smsc = Arc::new(TheirSmsc {
        submitted: Mutex::default(),
        bound: Mutex::new(Some(sender)),
    });
    let port = free_port().await;
    let mut server = SmppServer::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port, smsc.clone());
    server.start().await;
    wait_for_listener(port).await;

    let mut wrong = config((Ipv4Addr::LOCALHOST, port).into());
    wrong.bind.password = "wrong".into();
    let refused = Client::connect(wrong).await.err().unwrap();
    assert!(
        matches!(refused, ConnectError::Refused(CommandStatus::RINVPASWD)),
        "{refused}"
    );

    let (handle, mut events) = Client::connect(config((Ipv4Addr::LOCALHOST, port).into()))
        .await
        .unwrap();
    assert_eq!(handle.bound().peer_system_id, "theirs".into());
    assert_eq!(handle.bound().interface_version, Some(0x34));
    let parts = submit_long_text(&handle).await;
    let nowhere = SubmitSm {
        destination: Address::international("0"),
        ..SubmitSm::default()
    };
    assert_eq!(
        handle.submit(nowhere, Lane::Urgent).await.unwrap().status,
        CommandStatus::RINVDSTADR
    );
    assert_read(&smsc.submitted.lock().unwrap(), &parts);

    let esme = timeout(PATIENCE, bound).await.unwrap().unwrap();
    let receipt = "id:their-id sub:001 dlvrd:001 submit date:2611220930 done date:2611220931 stat:DELIVRD err:000 text:";
    let delivering = tokio::spawn(async move {
        let deliver = esme
            .deliver_sm()
            .esm_class(4)
            .short_message(receipt.as_bytes());
        deliver
            .tlv_raw(tag::MESSAGE_STATE, [2])
            .send()
            .await
            .map(|answer| answer.command_status())
    });
    let Some(ClientEvent::Deliver(inbound)) = events.recv().await else {
        panic!()
    };
    assert_eq!(
        Receipt::of(inbound.pdu()).unwrap().message_id.as_deref(),
        Some("their-id")
    );
    inbound.respond(CommandStatus::ROK);
    assert_eq!(delivering.await.unwrap().unwrap(), 0);

    assert_eq!(handle.close(PATIENCE).await, smpp::CloseReason::Requested);
    server.stop().await;
}

struct TheirEsme {
    bound: Mutex<Option<oneshot::Sender<SMSC>>>,
    delivered: Mutex<Option<oneshot::Sender<smpp34::deliver_sm>>>,
}

impl SmppClientListener for TheirEsme {
    fn on_smsc_bound<'a, 'b, 'd>(&'a self, smsc: SMSC, _session: &'b String) -> Boxed<'d, ()>
    where
        'a: 'd,
        'b: 'd,
        Self: 'd,
    {
        if let Some(bound) = self.bound.lock().unwrap().take() {
            let _ = bound.send(smsc);
        }
        Box::pin(async {})
    }

    fn on_deliver_sm<'a, 'b, 'c, 'd>(
        &'a self,
        deliver: smpp34::deliver_sm,
        _connection: &'b SmppConnectionInformation,
        _session: &'c String,
    ) -> Boxed<'d, smpp34::deliver_sm_resp>
    where
        'a: 'd,
        'b: 'd,
        'c: 'd,
        Self: 'd,
    {
        if let Some(delivered) = self.delivered.lock().unwrap().take() {
            let _ = delivered.send(deliver.clone());
        }
        Box::pin(async move { deliver.accept() })
    }
}

/// Their client, connecting to this port, and what it will hear.
async fn their_client(
    port: u16,
) -> (
    SmppClient,
    oneshot::Receiver<SMSC>,
    oneshot::Receiver<smpp34::deliver_sm>,
) {
    let (bound_sender, bound) = oneshot::channel();
    let (delivered_sender, delivered) = oneshot::channel();
    let esme = TheirEsme {
        bound: Mutex::new(Some(bound_sender)),
        delivered: Mutex::new(Some(delivered_sender)),
    };
    let mut client = SmppClient::new(
        "127.0.0.1".to_owned(),
        port,
        false,
        BIND_TYPE::TRX,
        "esme".to_owned(),
        "secret".to_owned(),
        String::new(),
        0,
        0,
        String::new(),
        Arc::new(esme),
        10,
    );
    client.start().await;
    (client, bound, delivered)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn their_client_against_our_server() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let judge = async |bind: smpp::pdu::Bind| {
            assert_eq!(
                (bind.system_id.text(), bind.password.text()),
                ("esme".into(), "secret".into())
            );
            BindAnswer::accept("ours")
        };
        Server::accept(stream, SessionConfig::default(), judge)
            .await
            .unwrap()
    });
    let (mut client, bound, delivered) = their_client(port).await;
    let (handle, mut events) = serving.await.unwrap();
    let smsc = Arc::new(timeout(PATIENCE, bound).await.unwrap().unwrap());
    assert_eq!(handle.bound().peer_system_id, "esme".into());

    for accepted in [true, false] {
        let smsc = smsc.clone();
        let submitting = tokio::spawn(async move {
            let submit = smsc
                .submit_sm()
                .source_addr("12345")
                .destination_addr("15550100")
                .short_message(b"hello");
            submit
                .send()
                .await
                .map(|answer| (answer.command_status(), answer.message_id.clone()))
        });
        let Some(ServerEvent::Submit(inbound)) = events.recv().await else {
            panic!()
        };
        assert_eq!(inbound.pdu().destination.value, "15550100".into());
        assert_eq!(inbound.pdu().message(), b"hello");
        if accepted {
            inbound.accept("our-id");
            assert_eq!(
                submitting.await.unwrap().unwrap(),
                (0, Some("our-id".to_owned()))
            );
        } else {
            inbound.reject(CommandStatus::RTHROTTLED);
            let (status, _) = submitting.await.unwrap().unwrap();
            assert_eq!(status, CommandStatus::RTHROTTLED.0);
        }
    }

    let deliver = DeliverSm {
        source: Address::international("15550100"),
        destination: Address::short_code("12345"),
        esm_class: esm_class::DELIVERY_RECEIPT,
        short_message: b"id:our-id stat:DELIVRD".to_vec(),
        ..DeliverSm::default()
    };
    assert_eq!(handle.deliver(deliver).await, Ok(CommandStatus::ROK));
    let delivered = timeout(PATIENCE, delivered).await.unwrap().unwrap();
    assert_eq!(
        (delivered.source_addr.as_str(), delivered.esm_class),
        ("15550100", 4)
    );

    let _ = smsc.send_unbind().await;
    assert_eq!(handle.closed().await, smpp::CloseReason::PeerUnbound);
    client.stop().await;
}
