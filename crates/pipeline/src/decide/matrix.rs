//! The default channel matrix: mail for everything, texts for what is urgent.

use model::{Channel, Lane};

use super::{Case, Word};

pub(super) fn ask(case: &Case<'_>, channel: Channel) -> Word {
    if !case.terms.channels.contains(&channel) {
        let why = if case.terms.digest {
            "other_way"
        } else if case.terms.proves {
            "other_address"
        } else if case.terms.lane == Lane::Security {
            "code_by_text_only"
        } else {
            "not_urgent"
        };
        return Word::Stop(why, String::new());
    }
    let why = match (channel, case.terms.lane) {
        _ if case.terms.digest => "digest",
        (_, Lane::Security) => "security",
        (Channel::Sms, Lane::Bulk) => "offer",
        (Channel::Sms, _) => "urgent",
        (Channel::Email, _) => "default",
    };
    Word::Pass(why, String::new())
}

#[cfg(test)]
mod tests {
    use model::Span;

    use super::super::cases::{case, facts, urgent};
    use super::super::{Terms, UsefulFor};
    use super::*;

    #[test]
    fn table() {
        let facts = facts();
        let mail_only = Terms {
            channels: vec![Channel::Email],
            lane: Lane::Normal,
            ..urgent()
        };
        let code = Terms {
            channels: vec![Channel::Sms],
            lane: Lane::Security,
            useful_for: UsefulFor::Span(Span::minutes(10)),
            ..urgent()
        };
        for (terms, channel, expected) in [
            (urgent(), Channel::Sms, Word::Pass("urgent", String::new())),
            (
                urgent(),
                Channel::Email,
                Word::Pass("default", String::new()),
            ),
            (
                mail_only,
                Channel::Sms,
                Word::Stop("not_urgent", String::new()),
            ),
            (
                code.clone(),
                Channel::Sms,
                Word::Pass("security", String::new()),
            ),
            (
                code,
                Channel::Email,
                Word::Stop("code_by_text_only", String::new()),
            ),
        ] {
            assert_eq!(ask(&case(&facts, &terms), channel), expected);
        }
    }
}
