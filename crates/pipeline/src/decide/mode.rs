//! Test events reach only the sandbox (the hand-over sees to that); team events reach
//! only the team.

use model::{Channel, Mode};

use super::{Case, Word};

pub(super) fn ask(case: &Case<'_>, channel: Channel) -> Word {
    match case.mode {
        Mode::Live => Word::Silent,
        Mode::Test => Word::Pass("test", String::new()),
        Mode::Team => {
            let ours = case
                .facts
                .customer
                .contact(channel)
                .is_some_and(|c| case.team.contains(c));
            if ours {
                Word::Pass("team", String::new())
            } else {
                Word::Stop("team_only", String::new())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::cases::{case, facts, urgent};
    use super::*;

    #[test]
    fn table() {
        let (facts, terms) = (facts(), urgent());
        let team = [facts.customer.email.clone().unwrap()];
        let asked = |mode, channel| {
            ask(
                &Case {
                    mode,
                    team: &team,
                    ..case(&facts, &terms)
                },
                channel,
            )
        };
        assert_eq!(asked(Mode::Live, Channel::Sms), Word::Silent);
        assert_eq!(
            asked(Mode::Test, Channel::Sms),
            Word::Pass("test", String::new())
        );
        assert_eq!(
            asked(Mode::Team, Channel::Email),
            Word::Pass("team", String::new())
        );
        assert_eq!(
            asked(Mode::Team, Channel::Sms),
            Word::Stop("team_only", String::new())
        );
    }
}
