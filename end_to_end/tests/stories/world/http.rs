//! A client of the API: one connection a call, so that no story depends on another's.

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::handshake;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::PATIENCE;

/// Speaks to one server with one key.
#[derive(Clone)]
pub(crate) struct Http {
    address: String,
    key: String,
    /// Of a browser that sends it from our own pages.
    cookie: Option<String>,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Http {
    pub(crate) fn new(address: &str, key: &str) -> Self {
        Self {
            address: address.to_owned(),
            key: key.to_owned(),
            cookie: None,
        }
    }

    /// The same server, from a page of it that is open in a browser.
    pub(super) fn with_cookie(&self, cookie: &str) -> Self {
        Self {
            cookie: Some(cookie.to_owned()),
            ..self.clone()
        }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// The same server, another key or token.
    pub(crate) fn as_holder_of(&self, key: &str) -> Self {
        Self::new(&self.address, key)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, "", String::new()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call("POST", path, "application/json", body.to_string())
            .await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.call("PUT", path, "application/json", body.to_string())
            .await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", path, "", String::new()).await
    }

    pub(crate) async fn call(&self, method: &str, path: &str, kind: &str, body: String) -> Answer {
        self.try_call(method, path, kind, body).await.unwrap()
    }

    /// A call to a server that may be gone: `None` when it broke off or was not answered.
    pub(crate) async fn try_call(
        &self,
        method: &str,
        path: &str,
        kind: &str,
        body: String,
    ) -> Option<Answer> {
        let calling = async {
            let response = self.send(method, path, kind, body).await?;
            let status = response.status().as_u16();
            let headers = response.headers();
            let headers = headers
                .iter()
                .map(|(name, value)| {
                    let value = String::from_utf8_lossy(value.as_bytes());
                    (name.as_str().to_owned(), value.into_owned())
                })
                .collect();
            let octets = response.into_body().collect().await.ok()?.to_bytes();
            Some(Answer {
                status,
                headers,
                body: String::from_utf8_lossy(&octets).into_owned(),
            })
        };
        timeout(PATIENCE, calling).await.expect("an answer in time")
    }

    /// The news of a customer's mailbox, as they happen.
    pub(crate) async fn news(&self, customer: &str, since: i64) -> News {
        let path = format!("/v1/customers/{customer}/live?since={since}");
        let response = self.send("GET", &path, "", String::new()).await.unwrap();
        assert_eq!(response.status(), 200);
        News {
            body: response.into_body(),
            text: String::new(),
        }
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        kind: &str,
        body: String,
    ) -> Option<Response<Incoming>> {
        let stream = TcpStream::connect(&self.address).await.ok()?;
        stream.set_nodelay(true).ok()?;
        let (mut sender, connection) = handshake(TokioIo::new(stream)).await.ok()?;
        // Ends with the sender; what breaks it is seen by the call.
        tokio::spawn(async move {
            let _ = connection.await;
        });
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", &self.address);
        if !self.key.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.key));
        }
        if let Some(cookie) = &self.cookie {
            request = request
                .header("cookie", cookie)
                .header("accept", "text/html")
                .header("sec-fetch-site", "same-origin");
        }
        if !kind.is_empty() {
            request = request.header("content-type", kind);
        }
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        sender.send_request(request).await.ok()
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("this is not JSON: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// A stream of server-sent events.
pub(crate) struct News {
    body: Incoming,
    text: String,
}

impl News {
    /// Waits for the next revision told.
    pub(crate) async fn revision(&mut self) -> i64 {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let data = event.lines().find_map(|line| line.strip_prefix("data:"));
                let told = data.map(|data| serde_json::from_str::<Value>(data).unwrap());
                self.text = rest.to_owned();
                if let Some(told) = told {
                    return told["revision"].as_i64().unwrap();
                }
                continue;
            }
            let frame = timeout(PATIENCE, self.body.frame()).await;
            let frame = frame.expect("news in time").expect("the stream goes on");
            if let Ok(octets) = frame.unwrap().into_data() {
                self.text.push_str(&String::from_utf8_lossy(&octets));
            }
        }
    }
}
