//! The session without a socket: time is a number here and nothing waits.

use super::*;
use crate::pdu::{DeliverSm, DeliverSmResp, SubmitSm, SubmitSmResp};

const SECOND: Duration = Duration::from_secs(1);

fn machine(role: Role, now: Instant) -> Machine<&'static str> {
    let config = SessionConfig {
        window: 2,
        inbound_capacity: 2,
        ..SessionConfig::default()
    };
    Machine::new(role, BindType::Transceiver, config, 1, now)
}

/// What the machine wants to write, taken as written.
fn written(machine: &mut Machine<&'static str>) -> Vec<Pdu> {
    let mut frames = crate::pdu::FrameBuffer::new();
    frames.extend(machine.out.pending());
    machine.out.wrote(machine.out.pending().len());
    let mut pdus = Vec::new();
    while let Some(frame) = frames.next_frame().unwrap() {
        pdus.push(Pdu::decode(frame));
    }
    pdus
}

fn submit() -> Body {
    Body::SubmitSm(SubmitSm::default())
}

fn answer(sequence: u32) -> Pdu {
    Pdu::response(
        CommandStatus::ROK,
        sequence,
        Body::SubmitSmResp(SubmitSmResp::default()),
    )
}

#[test]
fn the_window_fills_and_empties() {
    let now = Instant::now();
    let mut machine = machine(Role::Client, now);
    machine.send(now, submit(), "a").unwrap();
    assert!(machine.has_room());
    machine.send(now, submit(), "b").unwrap();
    assert!(!machine.has_room());
    let sequences: Vec<u32> = written(&mut machine)
        .iter()
        .map(|pdu| pdu.sequence)
        .collect();
    assert_eq!(sequences, [2, 3]);
    assert_eq!(
        machine.receive(now, answer(3)),
        Step::Answered("b", answer(3))
    );
    assert!(machine.has_room());
    assert_eq!(machine.receive(now, answer(3)), Step::Nothing);
}

#[test]
fn generic_nack_answers_a_request() {
    let now = Instant::now();
    let mut machine = machine(Role::Client, now);
    machine.send(now, submit(), "a").unwrap();
    let nack = Pdu::response(CommandStatus::RINVCMDLEN, 2, Body::GenericNack);
    assert_eq!(
        machine.receive(now, nack.clone()),
        Step::Answered("a", nack)
    );
}

#[test]
fn a_response_timeout_frees_the_window() {
    let now = Instant::now();
    let mut machine = machine(Role::Client, now);
    machine.send(now, submit(), "a").unwrap();
    machine.send(now + SECOND, submit(), "b").unwrap();
    let mut timed_out = Vec::new();
    assert_eq!(machine.deadline(), now + 30 * SECOND);
    // The peer is alive all the while, it only does not answer.
    let _ = machine.receive(now + 29 * SECOND, Pdu::request(9, Body::EnquireLink));
    assert_eq!(machine.tick(now + 30 * SECOND, &mut timed_out), None);
    assert_eq!(timed_out, ["a"]);
    assert!(machine.has_room());
}

#[test]
fn enquire_link_is_sent_when_idle_and_must_be_answered() {
    let now = Instant::now();
    let mut machine = machine(Role::Client, now);
    let tick = |machine: &mut Machine<_>, seconds: u32| {
        machine.tick(now + seconds * SECOND, &mut Vec::new())
    };
    assert_eq!(tick(&mut machine, 29), None);
    assert_eq!(written(&mut machine), []);
    assert_eq!(tick(&mut machine, 30), None);
    let [enquire] = written(&mut machine).try_into().unwrap();
    assert_eq!(enquire.body, Body::EnquireLink);
    let _ = machine.receive(
        now + 31 * SECOND,
        Pdu::request(enquire.sequence, Body::EnquireLinkResp),
    );
    assert_eq!(machine.deadline(), now + 61 * SECOND);
    assert_eq!(tick(&mut machine, 61), None);
    assert_eq!(tick(&mut machine, 70), None);
    assert_eq!(tick(&mut machine, 71), Some(CloseReason::PeerSilent));
}

#[test]
fn inactivity_ends_a_session_that_asks_for_it() {
    let now = Instant::now();
    let config = SessionConfig {
        inactivity: Some(5 * SECOND),
        ..SessionConfig::default()
    };
    let mut machine: Machine<()> =
        Machine::new(Role::Server, BindType::Transmitter, config, 0, now);
    assert_eq!(machine.deadline(), now + 5 * SECOND);
    assert_eq!(
        machine.tick(now + 5 * SECOND, &mut Vec::new()),
        Some(CloseReason::Inactive)
    );
}

#[test]
fn inbound_beyond_the_capacity_is_refused_for_now() {
    let now = Instant::now();
    let mut machine = machine(Role::Client, now);
    let deliver = |sequence| Pdu::request(sequence, Body::DeliverSm(DeliverSm::default()));
    assert_eq!(machine.receive(now, deliver(1)), Step::Inbound(deliver(1)));
    assert_eq!(machine.receive(now, deliver(2)), Step::Inbound(deliver(2)));
    assert_eq!(machine.receive(now, deliver(3)), Step::Nothing);
    let refusal = Pdu::response(
        CommandStatus::RX_T_APPN,
        3,
        Body::DeliverSmResp(DeliverSmResp::default()),
    );
    assert_eq!(written(&mut machine), [refusal]);
    machine.replied();
    assert_eq!(machine.receive(now, deliver(3)), Step::Inbound(deliver(3)));
}

#[test]
fn a_pdu_in_the_wrong_direction_is_refused() {
    let now = Instant::now();
    let mut machine = machine(Role::Client, now);
    assert_eq!(
        machine.receive(now, Pdu::request(5, submit())),
        Step::Nothing
    );
    assert_eq!(
        machine.receive(
            now,
            Pdu::request(
                6,
                Body::Other(Raw {
                    command_id: CommandId(0x77),
                    octets: vec![]
                })
            )
        ),
        Step::Nothing
    );
    let [submit, unknown] = written(&mut machine).try_into().unwrap();
    assert_eq!(
        (submit.command_id(), submit.status),
        (CommandId::SUBMIT_SM_RESP, CommandStatus::RINVBNDSTS)
    );
    assert_eq!(
        (unknown.body, unknown.status),
        (Body::GenericNack, CommandStatus::RINVCMDID)
    );
}

#[test]
fn closing_waits_for_both_directions_then_unbinds() {
    let now = Instant::now();
    let mut machine = machine(Role::Client, now);
    machine.send(now, submit(), "a").unwrap();
    let _ = machine.receive(now, Pdu::request(1, Body::DeliverSm(DeliverSm::default())));
    let _ = written(&mut machine);
    machine.close(now, SECOND);
    assert_eq!(
        machine.send(now, submit(), "b"),
        Err(("b", SubmitError::NotSent(NotSent::Closed)))
    );
    let _ = machine.receive(now, answer(2));
    assert_eq!(written(&mut machine), []);
    machine.replied();
    let [unbind] = written(&mut machine).try_into().unwrap();
    assert_eq!(unbind.body, Body::Unbind);
    let resp = Pdu::request(unbind.sequence, Body::UnbindResp);
    assert_eq!(
        machine.receive(now, resp),
        Step::End(CloseReason::Requested)
    );
}

#[test]
fn closing_gives_up_at_its_limit() {
    let now = Instant::now();
    let mut machine = machine(Role::Client, now);
    machine.send(now, submit(), "written").unwrap();
    let _ = written(&mut machine);
    machine.send(now, submit(), "queued").unwrap();
    machine.close(now, SECOND);
    assert_eq!(machine.deadline(), now + SECOND);
    assert_eq!(
        machine.tick(now + SECOND, &mut Vec::new()),
        Some(CloseReason::Requested)
    );
    let abandoned: Vec<_> = machine.abandon().collect();
    let expected = [
        (
            "written",
            SubmitError::Unknown(UnknownOutcome::ConnectionLost),
        ),
        ("queued", SubmitError::NotSent(NotSent::Closed)),
    ];
    assert_eq!(abandoned, expected);
}

#[test]
fn an_unbind_of_the_peer_is_answered() {
    let now = Instant::now();
    let mut machine = machine(Role::Server, now);
    assert_eq!(
        machine.receive(now, Pdu::request(8, Body::Unbind)),
        Step::End(CloseReason::PeerUnbound)
    );
    assert_eq!(written(&mut machine), [Pdu::request(8, Body::UnbindResp)]);
}
