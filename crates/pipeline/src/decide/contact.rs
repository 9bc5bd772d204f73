//! Is there an address on the channel?

use model::Channel;

use super::{Case, Word};

pub(super) fn ask(case: &Case<'_>, channel: Channel) -> Word {
    match (case.facts.customer.contact(channel), channel) {
        (Some(_), _) => Word::Silent,
        (None, Channel::Sms) => Word::Stop("no_phone", String::new()),
        (None, Channel::Email) => Word::Stop("no_email", String::new()),
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
        facts.customer.phone = None;
        facts.customer.email = None;
        assert_eq!(
            ask(&case(&facts, &terms), Channel::Sms),
            Word::Stop("no_phone", String::new())
        );
        assert_eq!(
            ask(&case(&facts, &terms), Channel::Email),
            Word::Stop("no_email", String::new())
        );
    }
}
