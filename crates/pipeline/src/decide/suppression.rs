//! An address that must not be written to is not written to, whatever the ground.

use model::Channel;

use super::{Case, Word};

pub(super) fn ask(case: &Case<'_>, channel: Channel) -> Word {
    match case.facts.suppression(channel) {
        Some(reason) => Word::Stop("suppressed", reason.to_owned()),
        None => Word::Silent,
    }
}

#[cfg(test)]
mod tests {
    use super::super::cases::{case, facts, urgent};
    use super::*;

    #[test]
    fn table() {
        let (mut facts, terms) = (facts(), urgent());
        assert_eq!(ask(&case(&facts, &terms), Channel::Sms), Word::Silent);
        facts.suppressed.push((Channel::Sms, "keyword_stop".into()));
        assert_eq!(
            ask(&case(&facts, &terms), Channel::Sms),
            Word::Stop("suppressed", "keyword_stop".into())
        );
        assert_eq!(ask(&case(&facts, &terms), Channel::Email), Word::Silent);
    }
}
