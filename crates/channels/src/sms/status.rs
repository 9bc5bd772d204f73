//! What an SMSC's refusal means: one table from command_status (SMPP 3.4 §5.1.3) to an
//! outcome. A code that is not in it refuses too, but nobody knows for how long, so it is
//! tried again on the schedule.

use model::{Outcome, Span};
use smpp::pdu::CommandStatus as S;

/// What a status asks of us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Taken.
    Accepted,
    /// We are too fast: slow the whole bind, then try again.
    Throttled,
    /// This text must wait; others may go.
    Full,
    /// Not now.
    Later,
    /// Never.
    Never,
}

/// One defined code: its meaning, the section it speaks of, and the reason in plain words.
struct Row {
    status: S,
    meaning: Meaning,
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "read by people and by the test")
    )]
    section: &'static str,
    reason: &'static str,
}

const fn row(status: S, meaning: Meaning, section: &'static str, reason: &'static str) -> Row {
    Row {
        status,
        meaning,
        section,
        reason,
    }
}

use Meaning::{Accepted, Full, Later, Never, Throttled};

/// Every code SMPP 3.4 §5.1.3 defines. Faults of the bind or of our set-up are `Later`:
/// mended, the same text goes through. Faults of the text or its number are `Never`.
const TABLE: &[Row] = &[
    row(S::ROK, Accepted, "5.1.3", "accepted"),
    row(
        S::RINVMSGLEN,
        Never,
        "5.2.21",
        "the carrier does not accept a text of this length",
    ),
    row(
        S::RINVCMDLEN,
        Never,
        "5.1.1",
        "the carrier could not read the message we sent",
    ),
    row(
        S::RINVCMDID,
        Later,
        "5.1.2",
        "the carrier does not take texts on this connection",
    ),
    row(
        S::RINVBNDSTS,
        Later,
        "2.2",
        "the carrier does not take texts on this connection",
    ),
    row(
        S::RALYBND,
        Later,
        "2.2",
        "the carrier sees us as connected already",
    ),
    row(
        S::RINVPRTFLG,
        Never,
        "5.2.14",
        "the carrier does not accept this priority",
    ),
    row(
        S::RINVREGDLVFLG,
        Never,
        "5.2.17",
        "the carrier does not give receipts as we ask for them",
    ),
    row(S::RSYSERR, Later, "5.1.3", "the carrier has a fault"),
    row(
        S::RINVSRCADR,
        Never,
        "5.2.8",
        "the carrier does not accept our sender name or number",
    ),
    row(
        S::RINVDSTADR,
        Never,
        "5.2.9",
        "the carrier cannot reach this number",
    ),
    row(
        S::RINVMSGID,
        Never,
        "5.2.23",
        "the carrier does not know this message",
    ),
    row(S::RBINDFAIL, Later, "4.1", "the carrier refused our log-in"),
    row(
        S::RINVPASWD,
        Later,
        "5.2.2",
        "the carrier refused our password",
    ),
    row(
        S::RINVSYSID,
        Later,
        "5.2.1",
        "the carrier does not know our account",
    ),
    row(
        S::RCANCELFAIL,
        Never,
        "4.9",
        "the carrier could not cancel the message",
    ),
    row(
        S::RREPLACEFAIL,
        Never,
        "4.10",
        "the carrier could not replace the message",
    ),
    row(
        S::RMSGQFUL,
        Full,
        "5.1.3",
        "the carrier has too many undelivered texts waiting",
    ),
    row(
        S::RINVSERTYP,
        Never,
        "5.2.11",
        "the carrier does not offer this kind of service",
    ),
    row(
        S::RINVNUMDESTS,
        Never,
        "5.2.24",
        "the carrier did not accept the number of recipients",
    ),
    row(
        S::RINVDLNAME,
        Never,
        "5.2.27",
        "the carrier does not know the distribution list",
    ),
    row(
        S::RINVDESTFLAG,
        Never,
        "5.2.25",
        "the carrier did not accept the kind of recipient",
    ),
    row(
        S::RINVSUBREP,
        Never,
        "5.2.18",
        "the carrier cannot replace an earlier text",
    ),
    row(
        S::RINVESMCLASS,
        Never,
        "5.2.12",
        "the carrier does not take texts in several parts",
    ),
    row(
        S::RCNTSUBDL,
        Never,
        "5.2.27",
        "the carrier cannot send to the distribution list",
    ),
    row(
        S::RSUBMITFAIL,
        Later,
        "4.4",
        "the carrier could not take the text",
    ),
    row(
        S::RINVSRCTON,
        Never,
        "5.2.5",
        "the carrier does not accept the kind of our sender name",
    ),
    row(
        S::RINVSRCNPI,
        Never,
        "5.2.6",
        "the carrier does not accept the kind of our sender name",
    ),
    row(
        S::RINVDSTTON,
        Never,
        "5.2.5",
        "the carrier does not accept this kind of number",
    ),
    row(
        S::RINVDSTNPI,
        Never,
        "5.2.6",
        "the carrier does not accept this kind of number",
    ),
    row(
        S::RINVSYSTYP,
        Later,
        "5.2.3",
        "the carrier refused our log-in",
    ),
    row(
        S::RINVREPFLAG,
        Never,
        "5.2.18",
        "the carrier cannot replace an earlier text",
    ),
    row(
        S::RINVNUMMSGS,
        Never,
        "5.1.3",
        "the carrier did not accept the number of messages",
    ),
    row(
        S::RTHROTTLED,
        Throttled,
        "5.1.3",
        "we send faster than the carrier allows",
    ),
    row(
        S::RINVSCHED,
        Never,
        "5.2.15",
        "the carrier did not accept the time of sending",
    ),
    row(
        S::RINVEXPIRY,
        Never,
        "5.2.16",
        "the carrier did not accept how long the text is valid",
    ),
    row(
        S::RINVDFTMSGID,
        Never,
        "5.2.20",
        "the carrier does not know the predefined text",
    ),
    row(
        S::RX_T_APPN,
        Later,
        "5.1.3",
        "the receiving side has a passing fault",
    ),
    row(
        S::RX_P_APPN,
        Never,
        "5.1.3",
        "the receiving side has a lasting fault",
    ),
    row(
        S::RX_R_APPN,
        Never,
        "5.1.3",
        "the receiving side rejected the text",
    ),
    row(
        S::RQUERYFAIL,
        Never,
        "4.8",
        "the carrier could not answer a query",
    ),
    row(
        S::RINVOPTPARSTREAM,
        Never,
        "5.3",
        "the carrier could not read the message we sent",
    ),
    row(
        S::ROPTPARNOTALLWD,
        Never,
        "5.3",
        "the carrier does not accept an option of the message",
    ),
    row(
        S::RINVPARLEN,
        Never,
        "5.3",
        "the carrier does not accept an option of the message",
    ),
    row(
        S::RMISSINGOPTPARAM,
        Never,
        "5.3",
        "the carrier misses an option of the message",
    ),
    row(
        S::RINVOPTPARAMVAL,
        Never,
        "5.3",
        "the carrier does not accept an option of the message",
    ),
    row(
        S::RDELIVERYFAILURE,
        Never,
        "4.7",
        "the carrier could not deliver the text",
    ),
    row(
        S::RUNKNOWNERR,
        Later,
        "5.1.3",
        "the carrier has a fault it does not name",
    ),
];

/// How long a text waits when the carrier's queue is full.
const FULL_PAUSE: Span = Span::secs(15);

/// What the status asks of us.
pub(super) fn meaning(status: S) -> Meaning {
    find(status).map_or(Later, |row| row.meaning)
}

/// The outcome of a refusal with this status.
pub(super) fn refusal(status: S) -> Outcome {
    let code = format!("smpp 0x{:02x}", status.0);
    let reason = find(status).map_or("the carrier refused with a code of its own", |row| {
        row.reason
    });
    let reason = reason.to_owned();
    match meaning(status) {
        Never => Outcome::Rejected { code, reason },
        Full => Outcome::RetryLater {
            after: Some(FULL_PAUSE),
            code,
            reason,
        },
        Accepted | Throttled | Later => Outcome::RetryLater {
            after: None,
            code,
            reason,
        },
    }
}

fn find(status: S) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.status == status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_defined_code_stands_in_the_table_once() {
        let listed: Vec<S> = TABLE.iter().map(|row| row.status).collect();
        assert_eq!(listed, S::KNOWN);
        for row in TABLE {
            assert!(!row.reason.is_empty());
            assert!(row.section.split('.').all(|n| n.parse::<u8>().is_ok()));
        }
    }

    #[test]
    fn a_refusal_is_an_outcome() {
        assert_eq!(
            refusal(S::RINVDSTADR),
            Outcome::Rejected {
                code: "smpp 0x0b".into(),
                reason: "the carrier cannot reach this number".into()
            }
        );
        assert_eq!(
            refusal(S::RMSGQFUL),
            Outcome::RetryLater {
                after: Some(Span::secs(15)),
                code: "smpp 0x14".into(),
                reason: "the carrier has too many undelivered texts waiting".into()
            }
        );
        for odd in [S(0x401), S(0xDEAD_BEEF)] {
            let outcome = refusal(odd);
            assert!(matches!(outcome, Outcome::RetryLater { after: None, .. }));
        }
    }
}
