//! Where what comes back of a mail goes: bounces, answers, and the wish for no more of
//! these (RFC 2369, RFC 8058). The caller makes the addresses; here they are only looked at
//! once more before they become bytes.

use super::EmailConfig;
use super::address::is_mail_address;

/// Longest link that is written.
const LONGEST_LINK: usize = 800;

/// Where what comes back of one mail goes. Empty: as the carrier is configured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WayBack {
    /// The envelope sender, if not [`EmailConfig::envelope_from`]: an address of this mail's
    /// own makes its bounces name it.
    pub envelope_from: Option<String>,
    /// `Reply-To`, if not [`EmailConfig::reply_to`].
    pub reply_to: Option<String>,
    /// Takes the reader off by one POST without a question (RFC 8058): `https://…`. With it
    /// the mail says so in `List-Unsubscribe-Post`.
    pub unsubscribe_link: Option<String>,
    /// Takes the reader off when a mail comes here.
    pub unsubscribe_address: Option<String>,
}

impl WayBack {
    /// Why it cannot be written as it is.
    pub(super) fn fault(&self) -> Option<&'static str> {
        let addresses = [
            &self.envelope_from,
            &self.reply_to,
            &self.unsubscribe_address,
        ];
        let mut addresses = addresses.into_iter().flatten();
        if addresses.any(|address| !is_mail_address(address)) {
            return Some("an address that answers should go to is none");
        }
        let link = self.unsubscribe_link.as_deref();
        link.is_some_and(|link| !is_link(link))
            .then_some("the link to unsubscribe by is no https link")
    }

    pub(super) fn envelope_from<'a>(&'a self, config: &'a EmailConfig) -> &'a str {
        self.envelope_from
            .as_deref()
            .unwrap_or(&config.envelope_from)
    }

    pub(super) fn reply_to<'a>(&'a self, config: &'a EmailConfig) -> Option<&'a str> {
        self.reply_to.as_deref().or(config.reply_to.as_deref())
    }

    /// The value of `List-Unsubscribe`, the link first; none when there is no way.
    pub(super) fn list_unsubscribe(&self) -> Option<String> {
        let link = self
            .unsubscribe_link
            .as_ref()
            .map(|link| format!("<{link}>"));
        let address = self.unsubscribe_address.as_ref();
        let address = address.map(|address| format!("<mailto:{address}>"));
        match (link, address) {
            // Folded: both on one line may be longer than a line should be.
            (Some(link), Some(address)) => Some(format!("{link},\r\n {address}")),
            (link, address) => link.or(address),
        }
    }
}

/// A link that cannot break out of `<` and `>`.
fn is_link(link: &str) -> bool {
    let safe = |octet: u8| octet.is_ascii_graphic() && !b"<>\"\\^`{|}".contains(&octet);
    link.strip_prefix("https://")
        .is_some_and(|rest| !rest.is_empty())
        && link.len() <= LONGEST_LINK
        && link.bytes().all(safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cannot_break_out_is_written() {
        let link = |link: &str| WayBack {
            unsubscribe_link: Some(link.into()),
            ..WayBack::default()
        };
        assert_eq!(link("https://u.example/x/AbC_-.?a=b&c=%20#d").fault(), None);
        for bad in [
            "http://u.example/x",
            "https://",
            "https://u.example/>\r\nBcc: a@b.example",
            "https://u.example/a b",
            "https://u.example/é",
        ] {
            assert!(link(bad).fault().is_some(), "{bad}");
        }
        let address = WayBack {
            reply_to: Some("a@b.example>".into()),
            ..WayBack::default()
        };
        assert!(address.fault().is_some());
        assert_eq!(WayBack::default().fault(), None);
    }
}
