//! Is there an identity in the sender registry that may write to this customer now? Without
//! one nothing leaves, whatever the ground.

use model::Channel;

use super::{Case, Word};

pub(super) fn ask(case: &Case<'_>, channel: Channel) -> Word {
    match case.no_sender.contains(&channel) {
        true => Word::Stop("none", String::new()),
        false => Word::Silent,
    }
}

#[cfg(test)]
mod tests {
    use model::PurposeClass;

    use super::super::Terms;
    use super::super::cases::{case, facts, urgent};
    use super::*;

    #[test]
    fn table() {
        let facts = facts();
        for purpose in PurposeClass::ALL {
            let terms = Terms {
                purpose: *purpose,
                ..urgent()
            };
            let case = case(&facts, &terms);
            assert_eq!(ask(&case, Channel::Sms), Word::Silent);
            let case = Case {
                no_sender: &[Channel::Sms],
                ..case
            };
            let none = Word::Stop("none", String::new());
            assert_eq!(ask(&case, Channel::Sms), none, "{purpose}");
            assert_eq!(ask(&case, Channel::Email), Word::Silent, "{purpose}");
        }
    }
}
