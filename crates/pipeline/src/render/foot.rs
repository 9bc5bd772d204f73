//! The way out at the foot of a mail: a link to end mails like it, and one to all choices.
//!
//! What is rendered, and what the guard reads, leads to the marketplace's own address with a
//! mark behind it. Only what passed gets the reader's own links in place of the marks. So a
//! host that is not the marketplace's comes into a mail here and nowhere else: it is that of
//! the configured `public_url`, and no value of an event can name it.

use model::PurposeClass;

use super::MailBody;

/// What a mark begins with: the address before it leads home.
const UNSUBSCRIBE: &str = "#unsubscribe";
const PREFERENCES: &str = "#preferences";

/// The reader's own links.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FootLinks {
    /// Ends mails like the one it stands in.
    pub unsubscribe: String,
    /// All choices.
    pub preferences: String,
}

/// Whether its reader is shown a way to get no more of these. What protects, what the law
/// asks for and what the reader's own order causes is not offered like that.
pub(crate) const fn can_be_stopped(purpose: PurposeClass) -> bool {
    matches!(purpose, PurposeClass::Service | PurposeClass::Marketing)
}

/// What stands for the links until the guard has read the mail: to end it, and to choose.
pub(super) fn marks(purpose: PurposeClass, home: &str) -> Option<(String, String)> {
    can_be_stopped(purpose).then(|| {
        (
            format!("{home}{UNSUBSCRIBE}"),
            format!("{home}{PREFERENCES}"),
        )
    })
}

/// Puts the reader's own links in place of the marks, in both parts.
pub(crate) fn fill(mail: &mut MailBody, links: &FootLinks) {
    for part in [&mut mail.text, &mut mail.html] {
        // The later one first, so that what stands before keeps its place.
        put(part, PREFERENCES, &links.preferences);
        put(part, UNSUBSCRIBE, &links.unsubscribe);
    }
}

/// Only the last one is ours: the foot stands behind everything an event may say.
fn put(part: &mut String, mark: &str, link: &str) {
    let Some(at) = memchr::memmem::rfind(part.as_bytes(), mark.as_bytes()) else {
        return;
    };
    let before = |letter: char| letter.is_whitespace() || matches!(letter, '"' | '\'' | '>');
    let start = part[..at].rfind(before);
    let start = start.map_or(0, |found| {
        found + part[found..].chars().next().map_or(0, char::len_utf8)
    });
    part.replace_range(start..at + mark.len(), link);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_each_mark_becomes_the_link_and_nothing_else_changes() {
        let home = "https://marigold.example/messages";
        let (unsubscribe, preferences) = marks(PurposeClass::Marketing, home).unwrap();
        let mut mail = MailBody {
            subject: "s".into(),
            preheader: "p".into(),
            text: format!("see {unsubscribe} é\nEnd: {unsubscribe}\nChoose：\u{a0}{preferences}\n"),
            html: format!("<a href=\"{unsubscribe}\">x</a> · <a href=\"{preferences}\">y</a>"),
        };
        let links = FootLinks {
            unsubscribe: "https://m.example/unsubscribe/tpl_a".into(),
            preferences: "https://m.example/preferences/tpl_b".into(),
        };
        fill(&mut mail, &links);
        assert_eq!(
            mail.text,
            format!(
                "see {unsubscribe} é\nEnd: {}\nChoose：\u{a0}{}\n",
                links.unsubscribe, links.preferences
            )
        );
        assert_eq!(
            mail.html,
            format!(
                "<a href=\"{}\">x</a> · <a href=\"{}\">y</a>",
                links.unsubscribe, links.preferences
            )
        );
        for purpose in PurposeClass::ALL {
            let ends = matches!(purpose, PurposeClass::Service | PurposeClass::Marketing);
            assert_eq!(marks(*purpose, home).is_some(), ends, "{purpose}");
        }
    }

    #[test]
    fn a_mail_without_a_foot_stays_as_it_is() {
        let mut part = "nothing here".to_owned();
        put(&mut part, UNSUBSCRIBE, "x");
        assert_eq!(part, "nothing here");
        put(&mut part, "here", "x");
        assert_eq!(part, "nothing x");
    }
}
