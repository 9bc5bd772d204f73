//! Random histories: what customers, staff, the marketplace and time do, in any order.

use model::{Channel, ConsentPurpose, How, Wish};
use proptest::prelude::*;

use super::any_of;

/// How many customers a history has.
pub(super) const PEOPLE: usize = 3;
/// How many addresses there are on each channel: fewer than customers, so that some are shared.
pub(super) const ADDRESSES: usize = 2;

/// What a profile states of one consent; times are hours from the beginning.
#[derive(Clone, Debug)]
pub(super) struct Stated {
    pub channel: Channel,
    pub purpose: ConsentPurpose,
    pub given: i64,
    pub ends: Option<i64>,
}

/// A profile as the marketplace sends it.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub phone: Option<usize>,
    pub email: Option<usize>,
    pub stated: Vec<Stated>,
    /// Places among the rows of the preference page, and how much is wanted: nothing, what is
    /// urgent, everything.
    pub wants: Vec<(usize, u8)>,
    pub quiet: Option<(u16, u16)>,
    pub zone: usize,
}

/// What a customer chooses on a page.
#[derive(Clone, Debug)]
pub(super) enum Chooses {
    Allowed(Channel, bool),
    Offers(Channel, bool),
    Topic(usize, u8),
    StopOffers,
    Unsubscribe(usize),
}

/// One thing that happens.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// The marketplace sends a profile.
    Put(usize, Sent),
    /// A customer chooses.
    Choose(usize, Chooses),
    /// Somebody at an address says what they wish.
    Say(Channel, usize, Wish, How),
    /// Staff, a bounce or a complaint suppress an address.
    Suppress(Channel, usize, &'static str),
    /// Something happens to a customer: a message of some type is decided.
    Event(usize, usize),
    /// Minutes pass.
    Wait(i64),
    /// What is due is claimed.
    Claim,
    /// What is claimed is handed over; texts may wait inside the carrier, and be taken or
    /// refused for now.
    HandOver { waits: bool, taken: bool },
    /// What waits inside the carrier leaves.
    Leave,
}

fn channel() -> impl Strategy<Value = Channel> {
    any_of(vec![Channel::Sms, Channel::Sms, Channel::Email])
}

fn sent() -> impl Strategy<Value = Sent> {
    let stated = (
        channel(),
        any_of(ConsentPurpose::ALL.to_vec()),
        any_of(vec![-72, -48, -1, 0, 1, 2, 5, 30]),
        proptest::option::weighted(0.15, 1..40_i64),
    );
    let stated = stated.prop_map(|(channel, purpose, given, ends)| Stated {
        channel,
        purpose,
        given,
        // One that is dated ahead has no end yet.
        ends: ends.filter(|_| given <= 0).map(|ends| given + ends),
    });
    let address = || proptest::option::weighted(0.9, 0..ADDRESSES);
    let quiet = proptest::option::weighted(0.3, (0..1440_u16, 0..1440_u16));
    (
        address(),
        address(),
        proptest::collection::vec(stated, 0..5),
        proptest::collection::vec((any::<usize>(), 0..3_u8), 0..3),
        quiet,
        0..4_usize,
    )
        .prop_map(|(phone, email, stated, wants, quiet, zone)| Sent {
            phone,
            email,
            stated,
            wants,
            quiet: quiet.filter(|(from, to)| from != to),
            zone,
        })
}

fn chooses() -> impl Strategy<Value = Chooses> {
    prop_oneof![
        3 => (channel(), any::<bool>()).prop_map(|(c, on)| Chooses::Allowed(c, on)),
        3 => (channel(), any::<bool>()).prop_map(|(c, on)| Chooses::Offers(c, on)),
        4 => (any::<usize>(), 0..3_u8).prop_map(|(row, want)| Chooses::Topic(row, want)),
        1 => Just(Chooses::StopOffers),
        1 => any::<usize>().prop_map(Chooses::Unsubscribe),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let who = || 0..PEOPLE;
    let at = || 0..ADDRESSES;
    let ways = vec![
        How::Keyword,
        How::FreeWords,
        How::Unsubscribe,
        How::Agent,
        How::Provider,
    ];
    let reasons = vec![
        "hard_bounce",
        "complaint",
        "asked by letter",
        "keyword_stop",
    ];
    prop_oneof![
        3 => (who(), sent()).prop_map(|(who, sent)| Step::Put(who, sent)),
        3 => (who(), chooses()).prop_map(|(who, chooses)| Step::Choose(who, chooses)),
        4 => (channel(), at(), any_of(Wish::ALL.to_vec()), any_of(ways))
            .prop_map(|(channel, at, wish, how)| Step::Say(channel, at, wish, how)),
        1 => (channel(), at(), any_of(reasons)).prop_map(|(channel, at, why)| Step::Suppress(channel, at, why)),
        9 => (who(), any::<usize>()).prop_map(|(who, kind)| Step::Event(who, kind)),
        3 => any_of(vec![0, 1, 7, 45, 200, 700]).prop_map(Step::Wait),
        6 => Just(Step::Claim),
        5 => (any::<bool>(), any::<bool>()).prop_map(|(waits, taken)| Step::HandOver { waits, taken }),
        3 => Just(Step::Leave),
    ]
}

/// A history: each customer has a profile at the beginning.
pub(super) fn history() -> impl Strategy<Value = Vec<Step>> {
    let begin = proptest::collection::vec(sent(), PEOPLE);
    (begin, proptest::collection::vec(step(), 4..22)).prop_map(|(begin, steps)| {
        let begin = begin.into_iter().enumerate();
        let begin = begin.map(|(who, sent)| Step::Put(who, sent));
        begin.chain(steps).collect()
    })
}
