//! What a mail server's answer means: one table from codes to outcomes.
//!
//! The first digit decides (RFC 5321 §4.2.1): 4 is later, 5 is never. The enhanced code
//! (RFC 3463) only chooses the words. The server's own text is never passed on: it likes
//! to repeat the address.

use model::Outcome;

/// Where in the transaction an answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Greeting,
    Ehlo,
    StartTls,
    Auth,
    Mail,
    Rcpt,
    Data,
    Message,
}

/// An answer: the code, and the enhanced code if there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) code: u16,
    pub(super) enhanced: Option<[u16; 3]>,
}

impl Reply {
    pub(super) fn is_positive(self) -> bool {
        (200..400).contains(&self.code)
    }

    /// `550 5.1.1`
    fn code_text(self) -> String {
        match self.enhanced {
            Some([class, subject, detail]) => format!("{} {class}.{subject}.{detail}", self.code),
            None => self.code.to_string(),
        }
    }
}

/// Subject and detail of an enhanced code (RFC 3463 §3, and the IANA registry for what
/// came later), in words that fit both "not now" and "never".
const WORDS: &[(u16, u16, &str)] = &[
    (1, 1, "this mailbox does not exist"),
    (
        1,
        2,
        "the domain of this address does not exist or takes no mail",
    ),
    (
        1,
        3,
        "the mail server does not accept the form of this address",
    ),
    (1, 4, "this address could mean more than one mailbox"),
    (1, 6, "this mailbox has moved and left no new address"),
    (
        1,
        7,
        "the mail server does not accept the form of our address",
    ),
    (
        1,
        8,
        "the mail server does not know the domain we write from",
    ),
    (1, 10, "this domain has announced that it takes no mail"),
    (2, 1, "this mailbox is switched off"),
    (2, 2, "this mailbox is full"),
    (2, 3, "the mail is larger than this mailbox accepts"),
    (2, 4, "the mailing list behind this address has a fault"),
    (3, 1, "the mail server's disk is full"),
    (3, 2, "the mail server is not accepting mail at the moment"),
    (3, 3, "the mail server cannot do what this mail needs"),
    (3, 4, "the mail is larger than the mail server accepts"),
    (3, 5, "the mail server is set up wrongly"),
    (4, 1, "the mail server of this address does not answer"),
    (
        4,
        2,
        "the connection to the mail server of this address broke",
    ),
    (4, 3, "the mail server could not look the address up"),
    (4, 4, "the mail server found no way to this address"),
    (4, 5, "the mail server is busy"),
    (4, 6, "the mail went round in circles between servers"),
    (4, 7, "the mail server could not pass the mail on in time"),
    (5, 1, "the mail server did not expect this command"),
    (5, 2, "the mail server did not understand a command"),
    (5, 3, "the mail has more recipients than the server accepts"),
    (5, 4, "the mail server did not accept a parameter"),
    (5, 6, "the mail server refused the log-in exchange"),
    (6, 1, "the mail server does not accept this kind of content"),
    (
        6,
        3,
        "the mail server would have had to convert the mail and may not",
    ),
    (6, 5, "the mail server could not convert the mail"),
    (7, 0, "refused by the policy of the mail server"),
    (
        7,
        1,
        "the mail server does not let us write to this address",
    ),
    (
        7,
        2,
        "the mailing list behind this address does not let us write to it",
    ),
    (7, 7, "the mail server found the mail changed on its way"),
    (7, 8, "the mail server refused our user name or password"),
    (7, 9, "the mail server wants a stronger way to log in"),
    (7, 10, "the mail server wants an encrypted connection"),
    (
        7,
        11,
        "the mail server wants an encrypted connection to log in",
    ),
    (7, 13, "our account at the mail server is switched off"),
    (7, 15, "the mail server limits how urgent mail may be"),
    (7, 20, "the mail server found no valid DKIM signature"),
    (7, 21, "the mail server found no acceptable DKIM signature"),
    (
        7,
        22,
        "the mail server found no DKIM signature of the author's domain",
    ),
    (
        7,
        23,
        "the sending server is not allowed by the domain's SPF record",
    ),
    (
        7,
        24,
        "the mail server could not check the domain's SPF record",
    ),
    (
        7,
        25,
        "the sending server's address has no matching name in DNS",
    ),
    (7, 26, "the mail passed none of the checks of who sent it"),
    (
        7,
        27,
        "the domain we write from has announced that it takes no mail",
    ),
    (7, 28, "the mail server takes this for a flood of mail"),
    (7, 29, "the mail's chain of seals did not hold"),
    (
        7,
        30,
        "the mail server cannot keep the mail encrypted on its way",
    ),
    (
        7,
        509,
        "the mail does not pass the DMARC check of its domain",
    ),
    (
        7,
        515,
        "our domain lacks the SPF, DKIM or DMARC that this server asks of large senders",
    ),
];

/// The words for a subject whose detail is not in the table (RFC 3463 §3.1–3.8).
const SUBJECTS: [&str; 8] = [
    "the mail server gave no closer reason",
    "the mail server does not accept this address",
    "this mailbox does not take the mail",
    "the mail server has a fault",
    "the mail server could not pass the mail on",
    "the mail server did not accept our commands",
    "the mail server does not accept the content",
    "refused by the policy of the mail server",
];

/// The words for an answer without an enhanced code, or one of class *.0.0.
fn words_of_code(code: u16, stage: Stage) -> &'static str {
    match (code, stage) {
        (421, _) => "the mail server is closing its connections for now",
        (450, Stage::Rcpt) => "this mailbox is busy or the mail server wants us to try again",
        (451, _) => "the mail server has a fault of its own for now",
        (452, _) => "the mail server has no room for more mail at the moment",
        (454, Stage::StartTls) => "the mail server cannot encrypt at the moment",
        (454, _) => "the mail server cannot check our log-in at the moment",
        (530, Stage::Mail | Stage::Rcpt) => "the mail server wants us to log in first",
        (534 | 535 | 538, _) => "the mail server refused our user name or password",
        (552, Stage::Rcpt) => "this mailbox is full",
        (552, _) => "the mail is larger than the mail server accepts",
        (550 | 551 | 553, Stage::Rcpt) => "the mail server does not accept mail for this address",
        (553 | 550, Stage::Mail) => "the mail server does not accept the address we write from",
        (556, _) => "this domain takes no mail",
        (_, Stage::Greeting | Stage::Ehlo) => "the mail server does not accept our connection",
        (_, Stage::StartTls) => "the mail server did not start the encryption",
        (_, Stage::Auth) => "the mail server refused our log-in",
        (_, Stage::Mail) => "the mail server does not accept mail from us",
        (_, Stage::Rcpt) => "the mail server does not accept mail for this address",
        (_, Stage::Data | Stage::Message) => "the mail server does not accept the mail",
    }
}

/// The answer in plain words.
fn words(reply: Reply, stage: Stage) -> &'static str {
    match reply.enhanced {
        None | Some([_, 0, 0]) => words_of_code(reply.code, stage),
        Some([_, subject, detail]) => WORDS
            .iter()
            .find(|(s, d, _)| (*s, *d) == (subject, detail))
            .map(|(_, _, words)| *words)
            .or_else(|| SUBJECTS.get(usize::from(subject)).copied())
            .unwrap_or_else(|| words_of_code(reply.code, stage)),
    }
}

/// The outcome of a mail that met this refusal.
pub(super) fn refusal(reply: Reply, stage: Stage) -> Outcome {
    let code = reply.code_text();
    let reason = words(reply, stage).to_owned();
    // A log-in or connection that is refused is our set-up, not this mail: mended, the
    // same mail goes through, so it must not be lost to it.
    let about_us = matches!(
        stage,
        Stage::Greeting | Stage::Ehlo | Stage::StartTls | Stage::Auth
    ) || matches!(reply.code, 530 | 534 | 535 | 538);
    if (500..600).contains(&reply.code) && !about_us {
        Outcome::Rejected { code, reason }
    } else {
        Outcome::RetryLater {
            after: None,
            code,
            reason,
        }
    }
}

/// Not handed over, for a reason that is not an answer.
pub(super) fn later(code: &str, reason: &str) -> Outcome {
    Outcome::RetryLater {
        after: None,
        code: code.to_owned(),
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(code: u16, enhanced: Option<[u16; 3]>) -> Reply {
        Reply { code, enhanced }
    }

    #[test]
    fn the_first_digit_decides_and_the_enhanced_code_chooses_the_words() {
        let gone = refusal(reply(550, Some([5, 1, 1])), Stage::Rcpt);
        assert_eq!(
            gone,
            Outcome::Rejected {
                code: "550 5.1.1".into(),
                reason: "this mailbox does not exist".into()
            }
        );
        let full = refusal(reply(452, Some([4, 2, 2])), Stage::Rcpt);
        assert_eq!(
            full,
            Outcome::RetryLater {
                after: None,
                code: "452 4.2.2".into(),
                reason: "this mailbox is full".into()
            }
        );
        for (code, enhanced, stage, word) in [
            (550, Some([5, 7, 515]), Stage::Message, "SPF"),
            (550, Some([5, 7, 999]), Stage::Rcpt, "policy"),
            (554, Some([5, 0, 0]), Stage::Message, "the mail"),
            (554, Some([5, 42, 0]), Stage::Message, "the mail"),
            (550, None, Stage::Rcpt, "this address"),
            (552, None, Stage::Message, "larger"),
        ] {
            let Outcome::Rejected { reason, .. } = refusal(reply(code, enhanced), stage) else {
                panic!("{code} is final");
            };
            assert!(reason.contains(word), "{reason}");
        }
    }

    #[test]
    fn a_refused_log_in_never_loses_a_mail() {
        for (code, stage) in [
            (535, Stage::Auth),
            (530, Stage::Mail),
            (554, Stage::Greeting),
        ] {
            let outcome = refusal(reply(code, None), stage);
            assert!(matches!(outcome, Outcome::RetryLater { .. }), "{outcome:?}");
        }
    }

    #[test]
    fn the_table_names_each_code_once_and_in_order() {
        assert!(WORDS.is_sorted_by(|a, b| (a.0, a.1) < (b.0, b.1)));
    }

    #[test]
    fn every_code_has_words_at_every_stage() {
        use Stage::*;
        for stage in [Greeting, Ehlo, StartTls, Auth, Mail, Rcpt, Data, Message] {
            for code in 400..600 {
                for enhanced in [None, Some([5, 9, 9]), Some([4, 0, 0])] {
                    assert!(!words(reply(code, enhanced), stage).is_empty());
                }
            }
        }
    }
}
