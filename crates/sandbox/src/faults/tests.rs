use super::*;

fn texts(faults: TextFaults, count: usize) -> Vec<TextTurn> {
    let plan = Plan::new(Faults {
        texts: faults,
        ..Faults::default()
    });
    (0..count).map(|_| plan.next_text()).collect()
}

#[test]
fn throttling_hits_the_next_few_and_every_so_many_th() {
    let turns = texts(
        TextFaults {
            throttle_next: 2,
            throttle_every: 4,
            ..TextFaults::default()
        },
        5,
    );
    let throttled = TextTurn::Refuse(0x58);
    assert_eq!(
        turns,
        [
            throttled,
            throttled,
            TextTurn::Take,
            throttled,
            TextTurn::Take
        ]
    );
}

#[test]
fn where_faults_meet_the_order_is_drop_throttle_reject_lose() {
    let faults = TextFaults {
        drop_after: 4,
        throttle_every: 3,
        reject_every: 2,
        reject_status: 0x14,
        lose_answer_every: 1,
        drop_before_answer: true,
        ..TextFaults::default()
    };
    let turns = texts(faults, 6);
    assert_eq!(
        turns,
        [
            TextTurn::TakeWithoutAnswer,
            TextTurn::Refuse(0x14),
            TextTurn::Refuse(0x58),
            TextTurn::TakeAndDrop(Drop::BeforeAnswer),
            TextTurn::TakeWithoutAnswer,
            TextTurn::Refuse(0x58),
        ]
    );
}

#[test]
fn mails_are_refused_for_good_before_for_now() {
    let mails = MailFaults {
        refuse_for_now_every: 2,
        refuse_for_good_every: 3,
        ..MailFaults::default()
    };
    let plan = Plan::new(Faults {
        mails,
        ..Faults::default()
    });
    let turns: Vec<_> = (0..6).map(|_| plan.next_mail()).collect();
    use MailTurn::{RefuseForGood, RefuseForNow, Take};
    assert_eq!(
        turns,
        [
            Take,
            RefuseForNow,
            RefuseForGood,
            RefuseForNow,
            Take,
            RefuseForGood
        ]
    );
}

#[test]
fn a_document_sets_what_it_names_and_leaves_the_rest_off() {
    let faults = Faults::from_json(
        r#"{"texts":{"throttle_every":3},"mails":{"unknown_recipients":["a@b.example"]}}"#,
    );
    let faults = faults.unwrap();
    assert_eq!(
        faults.texts,
        TextFaults {
            throttle_every: 3,
            ..TextFaults::default()
        }
    );
    assert_eq!(faults.mails.unknown_recipients, ["a@b.example"]);
    assert_eq!(Faults::from_json("{}"), Ok(Faults::default()));
}

#[test]
fn mistakes_name_the_field_and_what_was_meant() {
    let problem = |document| Faults::from_json(document).unwrap_err();
    let unknown = problem(r#"{"texts":{"trottle_every":3}}"#);
    assert_eq!(unknown.field, "texts.trottle_every");
    assert_eq!(unknown.did_you_mean.as_deref(), Some("throttle_every"));
    assert_eq!(problem(r#"{"sms":{}}"#).did_you_mean, None);
    assert_eq!(
        problem(r#"{"mail":{}}"#).did_you_mean.as_deref(),
        Some("mails")
    );
    assert_eq!(
        problem(r#"{"texts":{"drop_after":-1}}"#).field,
        "texts.drop_after"
    );
    assert_eq!(
        problem(r#"{"texts":{"drop_after":4294967296}}"#).field,
        "texts.drop_after"
    );
    assert_eq!(
        problem(r#"{"texts":{"receipts_off":1}}"#).detail,
        "must be true or false"
    );
    assert_eq!(problem(r#"{"texts":[]}"#).detail, "must be an object");
    assert_eq!(
        problem(r#"{"mails":{"unknown_recipients":[1]}}"#).field,
        "mails.unknown_recipients"
    );
    assert_eq!(
        problem(r#"{"mails":{"unknown_recipients":["a@b",""]}}"#).field,
        "mails.unknown_recipients[1]"
    );
    assert_eq!(
        problem(r#"{"texts":{"reject_status":0}}"#).field,
        "texts.reject_status"
    );
    assert_eq!(
        problem(r#"{"mails":{"answer_delay_ms":600001}}"#).field,
        "mails.answer_delay_ms"
    );
    assert!(problem("{").detail.starts_with("this is not JSON"));
}
