//! The same sessions over TLS, with a certificate made for the occasion.

use std::sync::Arc;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use smpp::{BindAnswer, Client, ClientTls, ConnectError, Lane, Server, ServerEvent, SessionConfig};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::{config, message};

fn certificate() -> (rustls::ServerConfig, rustls::ClientConfig) {
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["smsc.example".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = rustls::ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(cert.der().clone()).unwrap();
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (server, client)
}

#[tokio::test]
async fn messages_pass_through_tls() {
    let (server, client) = certificate();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = config(listener.local_addr().unwrap());
    config.tls = Some(ClientTls {
        config: Arc::new(client),
        server_name: "smsc.example".try_into().unwrap(),
    });
    let serving = async {
        let (stream, _) = listener.accept().await.unwrap();
        let stream = TlsAcceptor::from(Arc::new(server))
            .accept(stream)
            .await
            .unwrap();
        let judge = async |_| BindAnswer::accept("smsc");
        let (handle, mut events) = Server::accept(stream, SessionConfig::default(), judge)
            .await
            .unwrap();
        for _ in 0..100 {
            let Some(ServerEvent::Submit(inbound)) = events.recv().await else {
                panic!()
            };
            inbound.accept("tls");
        }
        handle
    };
    let submitting = async {
        let (handle, _events) = Client::connect(config).await.unwrap();
        let submits = (0..100).map(|_| handle.submit(message("over TLS"), Lane::Bulk));
        for answer in futures_util::future::join_all(submits).await {
            assert_eq!(answer.unwrap().message_id, "tls".into());
        }
    };
    tokio::join!(serving, submitting);
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let (server, client) = certificate();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = config(listener.local_addr().unwrap());
    config.tls = Some(ClientTls {
        config: Arc::new(client),
        server_name: "other.example".try_into().unwrap(),
    });
    let serving = async {
        let (stream, _) = listener.accept().await.unwrap();
        TlsAcceptor::from(Arc::new(server))
            .accept(stream)
            .await
            .is_err()
    };
    let (connected, refused) = tokio::join!(Client::connect(config), serving);
    assert!(matches!(connected, Err(ConnectError::Io(_))));
    assert!(refused);
}
