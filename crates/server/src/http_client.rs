//! A small HTTP/1.1 client on hyper, for the commands that talk to a running server.

use anyhow::{Context, Result, anyhow, bail};
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// A connection to a server, kept open between calls.
pub struct Client {
    address: String,
    key: String,
    connection: Option<SendRequest<Full<Bytes>>>,
}

/// An answer: its status and, where there is one, its JSON.
pub struct Answer {
    pub status: u16,
    pub retry_after: Option<u64>,
    pub json: Value,
    pub text: String,
}

/// Answers are small; a larger one is not from our server.
const MOST_BYTES: usize = 16 * 1024 * 1024;

impl Client {
    /// For a server at `http://host:port`. TLS is for the proxy in front of it.
    pub fn new(url: &str, key: &str) -> Result<Self> {
        let Some(rest) = url.trim_end_matches('/').strip_prefix("http://") else {
            bail!(
                "the address starts with http://, like http://127.0.0.1:8080 (over a network, through a tunnel)"
            );
        };
        let address = if rest.contains(':') {
            rest.to_owned()
        } else {
            format!("{rest}:80")
        };
        Ok(Self {
            address,
            key: key.to_owned(),
            connection: None,
        })
    }

    /// One call; a broken connection is made anew once, for our calls are safe to repeat.
    pub async fn call(
        &mut self,
        method: &str,
        path: &str,
        content_type: &str,
        body: Bytes,
    ) -> Result<Answer> {
        let fresh = self.connection.is_none();
        match self.once(method, path, content_type, body.clone()).await {
            Err(_) if !fresh => {
                self.connection = None;
                self.once(method, path, content_type, body).await
            }
            answer => answer,
        }
    }

    async fn once(
        &mut self,
        method: &str,
        path: &str,
        content_type: &str,
        body: Bytes,
    ) -> Result<Answer> {
        if self.connection.as_ref().is_none_or(SendRequest::is_closed) {
            self.connection = Some(connect(&self.address).await?);
        }
        let connection = self
            .connection
            .as_mut()
            .ok_or_else(|| anyhow!("no connection"))?;
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", &self.address)
            .header("authorization", format!("Bearer {}", self.key))
            .header("content-type", content_type)
            .body(Full::new(body))?;
        connection.ready().await?;
        let response = connection.send_request(request).await?;
        let status = response.status().as_u16();
        let retry_after = response
            .headers()
            .get("retry-after")
            .and_then(|v| v.to_str().ok())
            .and_then(|v| v.parse().ok());
        let body = http_body_util::Limited::new(response.into_body(), MOST_BYTES);
        let bytes = body
            .collect()
            .await
            .map_err(|error| anyhow!("the answer broke off: {error}"))?
            .to_bytes();
        let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Ok(Answer {
            status,
            retry_after,
            json,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        })
    }
}

async fn connect(address: &str) -> Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(address)
        .await
        .with_context(|| format!("cannot reach the server at {address}"))?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    // Ends with the sender; what breaks it is seen by the next call.
    tokio::spawn(async move {
        let _ = connection.await;
    });
    Ok(sender)
}

impl Answer {
    /// The number under a key, or 0.
    pub fn count(&self, name: &str) -> u64 {
        self.json.get(name).and_then(Value::as_u64).unwrap_or(0)
    }

    /// What a problem document says.
    pub fn problem(&self) -> String {
        let detail = self
            .json
            .get("detail")
            .and_then(Value::as_str)
            .unwrap_or("no explanation");
        format!("the server answered {}: {detail}", self.status)
    }
}
