//! `[mail_in]`: mail that comes back.

use std::net::SocketAddr;
use std::path::PathBuf;

use channels::mail_in::LmtpPlace;
use model::ContactPoint;
use serde::Deserialize;

/// `[mail_in]`: a mail server of our own for bounces, complaints, unsubscribes and answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailIn {
    /// The domain of the addresses that mail comes back to: nobody else's mailboxes.
    pub domain: String,
    /// Address and port for SMTP.
    #[serde(default)]
    pub listen: Option<SocketAddr>,
    /// For LMTP, behind a mail server: address and port, or `unix:` and a path.
    #[serde(default)]
    pub lmtp: Option<String>,
    /// How it calls itself; the domain if left out.
    #[serde(default)]
    pub name: Option<String>,
    /// PEM file of the certificate for STARTTLS, with those it rests on.
    #[serde(default)]
    pub certificate_file: Option<PathBuf>,
    /// PEM file of its private key.
    #[serde(default)]
    pub key_file: Option<PathBuf>,
    /// Octets of a mail.
    #[serde(default = "ten_mebibytes")]
    pub max_bytes: usize,
    /// Connections at once.
    #[serde(default = "sixty_four")]
    pub connections: usize,
    /// Answers of customers come here too: `Reply-To` of every mail leads here.
    #[serde(default)]
    pub replies: bool,
    /// How the mail server in front calls itself in `Authentication-Results`.
    #[serde(default)]
    pub authserv_id: Option<String>,
    /// Who finds out whether an answer comes from whom it says.
    #[serde(default)]
    pub verify: Verify,
    /// The name servers asked with `verify = "self"`; those of the system if left out.
    #[serde(default)]
    pub dns: Vec<SocketAddr>,
}

/// Who finds out whether an answer comes from whom it says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verify {
    /// The mail server in front, which writes it into `Authentication-Results`.
    #[default]
    Front,
    /// We ourselves, of what comes over SMTP.
    #[serde(rename = "self")]
    Ourselves,
}

fn ten_mebibytes() -> usize {
    10 * 1024 * 1024
}

fn sixty_four() -> usize {
    64
}

impl MailIn {
    /// Applies `anchor` to every path of the section.
    pub(super) fn anchor(&mut self, anchor: impl Fn(&mut PathBuf)) {
        let files = [self.certificate_file.as_mut(), self.key_file.as_mut()];
        files.into_iter().flatten().for_each(&anchor);
        if let Some(LmtpPlace::Unix(mut path)) = self.lmtp_place() {
            anchor(&mut path);
            self.lmtp = Some(format!("unix:{}", path.display()));
        }
    }

    /// Where LMTP is listened to; none as well where that cannot be read.
    pub fn lmtp_place(&self) -> Option<LmtpPlace> {
        let text = self.lmtp.as_deref()?;
        match text.strip_prefix("unix:") {
            Some("") => None,
            Some(path) => Some(LmtpPlace::Unix(path.into())),
            None => text.parse().ok().map(LmtpPlace::Tcp),
        }
    }
}

/// What is wrong with the section, each with its key.
pub(super) fn faults(mail_in: &MailIn) -> Vec<String> {
    let mut faults = Vec::new();
    let is_domain = |name: &str| ContactPoint::email(&format!("a@{name}")).is_ok();
    if !is_domain(&mail_in.domain) {
        faults.push("mail_in.domain is a domain like `in.marigold.example`".into());
    }
    let names = [
        ("name", &mail_in.name),
        ("authserv_id", &mail_in.authserv_id),
    ];
    for (key, name) in names {
        if name.as_deref().is_some_and(|name| !is_domain(name)) {
            faults.push(format!(
                "mail_in.{key} is a name like `mx.marigold.example`"
            ));
        }
    }
    if mail_in.lmtp.is_some() && mail_in.lmtp_place().is_none() {
        faults.push(
            "mail_in.lmtp is an address and port like `127.0.0.1:2424`, or `unix:` and a path"
                .into(),
        );
    }
    if mail_in.listen.is_none() && mail_in.lmtp.is_none() {
        faults.push("mail_in needs `listen`, `lmtp` or both: else nothing can come in".into());
    }
    if mail_in.verify == Verify::Ourselves && mail_in.listen.is_none() {
        faults.push(
            "mail_in.verify = \"self\" needs `listen`: over LMTP it is the server in front that knows who sends".into(),
        );
    }
    if mail_in.verify == Verify::Front && !mail_in.dns.is_empty() {
        faults.push("mail_in.dns needs `verify = \"self\"`: else nothing asks it".into());
    }
    if mail_in.certificate_file.is_some() != mail_in.key_file.is_some() {
        faults.push("mail_in.certificate_file and mail_in.key_file belong together".into());
    }
    if !(65_536..=104_857_600).contains(&mail_in.max_bytes) {
        faults.push("mail_in.max_bytes is from 65536 to 104857600".into());
    }
    if !(1..=10_000).contains(&mail_in.connections) {
        faults.push("mail_in.connections is from 1 to 10000".into());
    }
    faults
}

#[cfg(test)]
mod tests {
    fn said(section: &str) -> String {
        let brand = "[brand]\nname = 'Marigold'\ndomain = 'marigold.example'\nurl = 'https://marigold.example'\nsupport = 'https://marigold.example/help'\nsms_sender = 'Marigold'\n";
        let text = format!("{brand}[mail_in]\n{section}");
        match super::super::parse(&text) {
            Ok(_) => String::new(),
            Err(error) => format!("{error:#}"),
        }
    }

    #[test]
    fn what_cannot_work_is_named() {
        let fine = "domain = 'in.marigold.example'\n";
        for lines in [
            "listen = '127.0.0.1:2525'",
            "lmtp = '127.0.0.1:2424'",
            "lmtp = 'unix:run/lmtp'",
            "listen = '127.0.0.1:2525'\nverify = 'self'\ndns = ['127.0.0.1:53']",
        ] {
            assert_eq!(said(&format!("{fine}{lines}")), "", "{lines}");
        }
        for (lines, key) in [
            ("domain = 'x'\nlisten = '127.0.0.1:2525'", "mail_in.domain"),
            ("domain = 'in.marigold.example'", "mail_in needs `listen`"),
            (
                "domain = 'in.marigold.example'\nlmtp = 'run/lmtp'",
                "mail_in.lmtp",
            ),
            (
                "domain = 'in.marigold.example'\nlmtp = 'unix:'",
                "mail_in.lmtp",
            ),
            (
                "domain = 'in.marigold.example'\nlisten = '127.0.0.1:1'\nkey_file = 'k'",
                "mail_in.certificate_file",
            ),
            (
                "domain = 'in.marigold.example'\nlisten = '127.0.0.1:1'\nmax_bytes = 1",
                "mail_in.max_bytes",
            ),
            (
                "domain = 'in.marigold.example'\nlisten = '127.0.0.1:1'\nconnections = 0",
                "mail_in.connections",
            ),
            (
                "domain = 'in.marigold.example'\nlisten = '127.0.0.1:1'\nauthserv_id = 'a b'",
                "mail_in.authserv_id",
            ),
            (
                "domain = 'in.marigold.example'\nlmtp = '127.0.0.1:1'\nverify = 'self'",
                "mail_in.verify",
            ),
            (
                "domain = 'in.marigold.example'\nlisten = '127.0.0.1:1'\ndns = ['127.0.0.1:53']",
                "mail_in.dns",
            ),
            (
                "domain = 'in.marigold.example'\nlistn = '127.0.0.1:1'",
                "did you mean `listen`",
            ),
        ] {
            let error = said(lines);
            assert!(error.contains(key), "{lines}: {error}");
        }
    }
}
