//! The router served alone: live news, and one call as any HTTP client makes it.

use sandbox::Sandbox;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::scene::{Esme, PATIENCE, start};

/// Serves the router on a port of its own and connects to it.
async fn connect(sandbox: &Sandbox) -> TcpStream {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = sandbox.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    TcpStream::connect(address).await.unwrap()
}

pub async fn post_json(sandbox: &Sandbox, path: &str, body: &str) -> String {
    let mut stream = connect(sandbox).await;
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

pub async fn get(sandbox: &Sandbox, path: &str) -> String {
    let mut stream = connect(sandbox).await;
    let request = format!("GET {path} HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn news_comes_when_something_arrives_and_ends_when_the_sandbox_stops() {
    let (sandbox, _) = start(|_| {}).await;
    let mut stream = connect(&sandbox).await;
    stream
        .write_all(b"GET /sandbox/live HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut lines = BufReader::new(stream).lines();
    let mut news = async || {
        let next = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                if line == "event: news" {
                    return true;
                }
            }
            false
        };
        tokio::time::timeout(PATIENCE, next).await.unwrap()
    };
    assert!(news().await, "the first, for what came before");
    let esme = Esme::bind(&sandbox).await;
    assert!(news().await);
    esme.id("hello").await;
    assert!(news().await);
    sandbox.stop().await;
    while news().await {}
}
