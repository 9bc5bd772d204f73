//! A browser without scripts: it keeps cookies and sends forms.

use super::http::{Answer, Http};

/// See the module.
pub(crate) struct Browser {
    http: Http,
    cookie: String,
}

impl Browser {
    pub(crate) fn new(address: &str) -> Self {
        Self {
            http: Http::new(address, ""),
            cookie: String::new(),
        }
    }

    /// Opens a page; follows no redirect.
    pub(crate) async fn open(&mut self, path: &str) -> Answer {
        let http = self.http.with_cookie(&self.cookie);
        self.keep(http.get(path).await)
    }

    /// Sends a form.
    pub(crate) async fn send(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let pairs = fields.iter().map(|(name, value)| {
            let octets = value.bytes().map(|octet| format!("%{octet:02X}"));
            format!("{name}={}", octets.collect::<String>())
        });
        let body = pairs.collect::<Vec<_>>().join("&");
        let kind = "application/x-www-form-urlencoded";
        let http = self.http.with_cookie(&self.cookie);
        self.keep(http.call("POST", path, kind, body).await)
    }

    fn keep(&mut self, answer: Answer) -> Answer {
        if let Some(set) = answer.header("set-cookie") {
            let pair = set.split(';').next().unwrap_or_default();
            pair.clone_into(&mut self.cookie);
        }
        answer
    }
}
