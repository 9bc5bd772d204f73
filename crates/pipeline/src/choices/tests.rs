use model::{Consent, How, Id, Lane, PurposeClass, Sealed, Span};

mod properties;

use super::*;
use crate::decide::cases::{case, facts, noon, urgent};
use crate::decide::{Case, Terms, decide};

fn said() -> Said {
    Said {
        at: noon(),
        how: How::Page,
        source: "preference page".into(),
        wording: "preferences/1".into(),
        locale: "en".into(),
        by: String::new(),
    }
}

fn row(category: Category, topic: &str, channel: Channel) -> Row {
    Row {
        category,
        topic: topic.into(),
        channel,
        always_on: topic == "security" || topic == "policies",
        marketing: category == Category::Promotions || topic == "offers",
        mixed: topic == "delivery",
        only_here: false,
        waits: topic != "security" && topic != "policies",
        types: vec![format!("{category}.{topic}")],
    }
}

fn table() -> Vec<Row> {
    use Category::{Account, Membership, Notices, Orders, Promotions};
    let mut rows = Vec::new();
    for channel in Channel::ALL {
        for (category, topic) in [
            (Orders, ""),
            (Orders, "delivery"),
            (Orders, "returns"),
            (Promotions, "deals"),
            (Notices, "policies"),
            (Account, "security"),
            (Membership, "offers"),
            (Membership, "renewals"),
        ] {
            rows.push(row(category, topic, *channel));
        }
    }
    rows
}

fn form(choices: Choices) -> Choice {
    Choice::Form(choices)
}

fn channel(channel: Channel, allowed: Option<bool>, offers: Option<bool>) -> Choice {
    form(Choices {
        channels: vec![ChannelChoice {
            channel,
            allowed,
            offers,
        }],
        ..Choices::default()
    })
}

fn topic(category: Category, topic: &str, on: bool, frequency: Frequency) -> TopicChoice {
    TopicChoice {
        category,
        topic: topic.into(),
        channel: Channel::Sms,
        on,
        frequency,
    }
}

fn topics(topics: Vec<TopicChoice>) -> Choice {
    form(Choices {
        topics,
        ..Choices::default()
    })
}

/// The profile after each choice; no fault in any.
fn after(mut facts: Facts, choices: &[Choice]) -> (Facts, Chosen) {
    let mut last = None;
    for choice in choices {
        let chosen = apply(&facts, &table(), choice, &said()).unwrap();
        facts.customer = chosen.customer.clone();
        last = Some(chosen);
    }
    (facts, last.unwrap())
}

#[test]
fn offers_that_begin_later_end_with_the_box_that_is_unticked() {
    let mut facts = facts();
    facts.customer.consents.push(Consent {
        purpose: ConsentPurpose::Marketing,
        given_at: noon() + Span::hours(2),
        ..facts.customer.consents[0].clone()
    });
    let untick = channel(Channel::Sms, None, Some(false));
    let (facts, _) = after(facts, &[untick]);
    let offers = |hours| {
        let at = noon() + Span::hours(hours);
        ChannelState::of(&facts.customer, Channel::Sms, at).offers
    };
    assert!(!offers(0) && !offers(3));
}

fn faults(facts: &Facts, choice: &Choice) -> Vec<String> {
    let faults = apply(facts, &table(), choice, &said()).unwrap_err();
    faults.into_iter().map(|fault| fault.pointer).collect()
}

fn acts(chosen: &Chosen) -> Vec<(Act, Channel, ConsentPurpose)> {
    let lines = chosen.lines.iter();
    lines
        .map(|line| (line.act, line.channel, line.purpose))
        .collect()
}

fn routes(facts: &Facts, terms: &Terms) -> Vec<Channel> {
    // On a weekday, in the afternoon: at no quiet hour.
    let at = noon() + Span::hours(28);
    let decision = decide(&Case {
        event_time: at,
        at,
        now: at,
        ..case(facts, terms)
    });
    let planned = decision.deliveries.iter();
    planned.map(|planned| planned.contact.channel).collect()
}

fn offer() -> Terms {
    Terms {
        category: Category::Promotions,
        topic: "deals".into(),
        purpose: PurposeClass::Marketing,
        lane: Lane::Bulk,
        ..urgent()
    }
}

#[test]
fn a_ticked_box_is_the_express_consent_and_an_unticked_one_takes_it_back() {
    use ConsentPurpose::Marketing;
    assert_eq!(routes(&facts(), &offer()), []);
    let give = channel(Channel::Sms, Some(true), Some(true));
    let (with, chosen) = after(facts(), std::slice::from_ref(&give));
    assert_eq!(acts(&chosen), [(Act::Given, Channel::Sms, Marketing)]);
    assert_eq!(chosen.lines[0].contact.open(), "+12535550129");
    assert_eq!(chosen.lines[0].said, said());
    assert_eq!(chosen.changed, [Change::Offers(Channel::Sms, true)]);
    assert_eq!(routes(&with, &offer()), [Channel::Sms]);
    // Once more says nothing new.
    let (_, again) = after(with.clone(), &[give]);
    assert_eq!((again.lines.len(), again.changed.len()), (0, 0));
    let (without, chosen) = after(with, &[channel(Channel::Sms, None, Some(false))]);
    assert_eq!(acts(&chosen), [(Act::Withdrawn, Channel::Sms, Marketing)]);
    assert_eq!(routes(&without, &offer()), []);
    assert_eq!(
        routes(&without, &urgent()),
        [Channel::Sms, Channel::Email],
        "updates go on"
    );
}

#[test]
fn all_texts_off_takes_both_consents_back_and_on_gives_one() {
    use ConsentPurpose::{Marketing, Transactional};
    let (with, _) = after(facts(), &[channel(Channel::Sms, None, Some(true))]);
    let off = channel(Channel::Sms, Some(false), Some(true));
    let (off, chosen) = after(with, &[off]);
    assert_eq!(
        acts(&chosen),
        [
            (Act::Withdrawn, Channel::Sms, Marketing),
            (Act::Withdrawn, Channel::Sms, Transactional)
        ]
    );
    assert_eq!(
        chosen.changed,
        [
            Change::Channel(Channel::Sms, false),
            Change::Offers(Channel::Sms, false)
        ]
    );
    assert_eq!(routes(&off, &urgent()), [Channel::Email]);
    assert_eq!(
        faults(&off, &channel(Channel::Sms, None, Some(true))),
        ["/channels/0/offers"]
    );
    let (on, chosen) = after(off, &[channel(Channel::Sms, Some(true), None)]);
    assert_eq!(acts(&chosen), [(Act::Given, Channel::Sms, Transactional)]);
    assert_eq!(routes(&on, &urgent()), [Channel::Sms, Channel::Email]);
    assert_eq!(routes(&on, &offer()), []);
}

#[test]
fn mail_is_allowed_until_it_is_taken_back() {
    let state = |facts: &Facts| ChannelState::of(&facts.customer, Channel::Email, noon());
    assert!(state(&facts()).allowed);
    let (off, chosen) = after(facts(), &[channel(Channel::Email, Some(false), None)]);
    assert_eq!(chosen.changed, [Change::Channel(Channel::Email, false)]);
    assert!(!state(&off).allowed);
    assert_eq!(routes(&off, &urgent()), [Channel::Sms]);
    let (on, _) = after(off, &[channel(Channel::Email, Some(true), None)]);
    assert_eq!(routes(&on, &urgent()), [Channel::Sms, Channel::Email]);
}

#[test]
fn nothing_starts_without_an_address_or_against_a_suppression() {
    let mut nobody = facts();
    nobody.customer.phone = None;
    nobody.customer.consents.clear();
    let start = channel(Channel::Sms, Some(true), Some(true));
    assert_eq!(
        faults(&nobody, &start),
        ["/channels/0/allowed", "/channels/0/offers"]
    );
    let mut stopped = facts();
    stopped
        .suppressed
        .push((Channel::Sms, "keyword_stop".into()));
    stopped.customer.consents.clear();
    assert_eq!(
        faults(&stopped, &channel(Channel::Sms, Some(true), None)),
        ["/channels/0/allowed"]
    );
    // To stop is always possible.
    after(stopped, &[channel(Channel::Sms, Some(false), None)]);
}

#[test]
fn topics_and_categories() {
    use Category::{Account, Notices, Orders, Support};
    use Frequency::{Each, Urgent};
    let delivery = Terms {
        topic: "delivery".into(),
        lane: Lane::Normal,
        ..urgent()
    };
    let (off, chosen) = after(
        facts(),
        &[topics(vec![topic(Orders, "delivery", false, Each)])],
    );
    assert_eq!(
        chosen.changed,
        [Change::Topic(topic(Orders, "delivery", false, Each))]
    );
    assert!(chosen.customer.preferences.iter().all(|kept| kept.chosen));
    assert_eq!(routes(&off, &delivery), [Channel::Email]);
    let (seldom, _) = after(
        off,
        &[topics(vec![topic(Orders, "delivery", true, Urgent)])],
    );
    assert_eq!(routes(&seldom, &delivery), [Channel::Email]);
    // The category as a whole replaces what was said of its topics.
    let (none, chosen) = after(seldom, &[topics(vec![topic(Orders, "", false, Each)])]);
    assert_eq!(chosen.changed.len(), 3, "{:?}", chosen.changed);
    for topic in ["", "delivery", "returns", "new"] {
        let terms = Terms {
            topic: topic.into(),
            ..urgent()
        };
        assert_eq!(routes(&none, &terms), [Channel::Email], "{topic}");
    }
    let (all, _) = after(none, &[topics(vec![topic(Orders, "", true, Each)])]);
    assert_eq!(routes(&all, &delivery), [Channel::Sms, Channel::Email]);
    let bad = topics(vec![
        topic(Account, "security", true, Urgent),
        topic(Notices, "policies", true, Urgent),
        topic(Notices, "policies", true, Each),
        topic(Orders, "gossip", false, Each),
        topic(Support, "", false, Each),
        topic(Account, "", false, Each),
    ]);
    assert_eq!(
        faults(&facts(), &bad),
        [
            "/topics/0/on",
            "/topics/1/on",
            "/topics/3/topic",
            "/topics/4/category",
            "/topics/5/category"
        ]
    );
}

#[test]
fn one_step_drops_offers_and_keeps_what_matters() {
    let both = [
        channel(Channel::Sms, None, Some(true)),
        channel(Channel::Email, None, Some(true)),
    ];
    let (with, _) = after(facts(), &both);
    assert_eq!(routes(&with, &offer()), [Channel::Sms, Channel::Email]);
    let (without, chosen) = after(with.clone(), &[Choice::StopOffers]);
    assert_eq!(chosen.lines.len(), 2);
    assert_eq!(chosen.changed.len(), 6, "{:?}", chosen.changed);
    assert_eq!(routes(&without, &offer()), []);
    assert_eq!(routes(&without, &urgent()), [Channel::Sms, Channel::Email]);
    let (_, again) = after(without.clone(), &[Choice::StopOffers]);
    assert_eq!((again.lines.len(), again.changed.len()), (0, 0));
    assert_eq!(again.customer, without.customer);
    // What was never given is taken back too: no older statement brings it.
    let (_, never) = after(facts(), &[Choice::StopOffers]);
    assert_eq!(never.lines.len(), 2);
}

#[test]
fn unsubscribing_ends_the_topic_and_offers_on_that_channel() {
    let (with, _) = after(facts(), &[channel(Channel::Email, None, Some(true))]);
    let unsubscribe = |category, topic: &str| Choice::Unsubscribe {
        category,
        topic: topic.into(),
        channel: Channel::Email,
    };
    let deals = unsubscribe(Category::Promotions, "deals");
    let (off, chosen) = after(with.clone(), std::slice::from_ref(&deals));
    assert_eq!(chosen.lines.len(), 1);
    assert_eq!(chosen.changed.len(), 2);
    assert_eq!(routes(&off, &offer()), []);
    let (_, again) = after(off.clone(), &[deals]);
    assert_eq!(again.customer, off.customer);
    // What has no topic goes, its neighbours stay.
    let (rest, _) = after(with.clone(), &[unsubscribe(Category::Orders, "")]);
    assert_eq!(routes(&rest, &urgent()), [Channel::Sms]);
    let delivery = Terms {
        topic: "delivery".into(),
        ..urgent()
    };
    assert_eq!(routes(&rest, &delivery), [Channel::Sms, Channel::Email]);
    // What protects goes on.
    let (safe, _) = after(with, &[unsubscribe(Category::Account, "security")]);
    assert!(safe.customer.preferences.is_empty());
}

#[test]
fn language_and_zone_are_the_customers_own_from_then_on() {
    let choose = |locale: &str, zone: &str| {
        form(Choices {
            locale: Some(locale.into()),
            time_zone: Some(zone.into()),
            ..Choices::default()
        })
    };
    let (same, chosen) = after(facts(), &[choose("pt-BR", "America/Sao_Paulo")]);
    assert!(chosen.changed.is_empty() && !same.customer.chosen.locale);
    let (moved, chosen) = after(facts(), &[choose("de", "Europe/Berlin")]);
    assert_eq!(
        chosen.changed,
        [
            Change::Locale("de".into()),
            Change::TimeZone("Europe/Berlin".into())
        ]
    );
    let (kept, _) = facts().customer.put_over(Some(&moved.customer), noon());
    assert_eq!(
        (kept.locale.as_str(), kept.time_zone.as_str()),
        ("de", "Europe/Berlin")
    );
    assert_eq!(
        faults(&facts(), &choose("??", "Mars/Olympus")),
        ["/locale", "/time_zone"]
    );
}

#[test]
fn the_shipped_catalogue_has_rows_that_make_sense() {
    let catalogue = crate::catalogue::Catalogue::load(None).unwrap();
    let rows = rows::rows(&catalogue);
    let find = |topic: &str, channel| {
        rows.iter()
            .find(|r| r.topic == topic && r.channel == channel)
    };
    assert!(find("security", Channel::Sms).unwrap().always_on);
    assert!(find("policies", Channel::Email).unwrap().always_on);
    assert!(find("deals", Channel::Email).unwrap().marketing);
    assert!(find("delivery", Channel::Email).unwrap().mixed);
    assert!(!find("delivery", Channel::Sms).unwrap().mixed);
    assert!(find("returns", Channel::Sms).is_none());
    // A word about each row and each category fits a profile.
    assert!(rows.len() + 2 * Category::ALL.len() <= 64, "{}", rows.len());
}

#[tokio::test]
async fn a_choice_is_kept_and_stops_what_is_on_its_way() {
    let folder = tempfile::tempdir().unwrap();
    let clock = model::Clock::manual(noon());
    let store = store::Store::open_sqlite(folder.path(), noon()).unwrap();
    let catalogue = std::sync::Arc::new(crate::catalogue::Catalogue::load(None).unwrap());
    let brand = catalogue.sample_brand();
    let pipeline = Pipeline::new(store, catalogue, brand, clock, crate::Limits::default());
    let customers = vec![facts().customer];
    pipeline
        .store()
        .put_customers(customers, noon())
        .await
        .unwrap();
    let found = pipeline.store().facts(vec!["c-42".into()]).await.unwrap();
    let recipient = found.into_iter().flatten().next().unwrap().recipient;
    let has = |purpose| {
        let leaving = crate::send::Leaving {
            digest: 0,
            recipient,
            channel: Channel::Sms,
            purpose,
            accepted_at: noon(),
            proves: false,
        };
        pipeline.stops().has(&leaving, noon())
    };
    let choose = async |choice: &Choice| pipeline.choose(recipient, choice, &said()).await;
    choose(&Choice::StopOffers).await.unwrap();
    assert!(has(PurposeClass::Marketing) && !has(PurposeClass::Transactional));
    choose(&channel(Channel::Sms, Some(false), None))
        .await
        .unwrap();
    assert!(has(PurposeClass::Transactional));
    choose(&channel(Channel::Sms, Some(true), None))
        .await
        .unwrap();
    assert!(!has(PurposeClass::Transactional));
    let ledger = pipeline.store().consent_ledger(recipient).await.unwrap();
    // The opening line, two against offers, one against texts, one for them.
    assert_eq!(store::prove(&ledger).unwrap().len(), 5);
    let nobody = RecipientId::from_i64(99);
    let unknown = pipeline.choose(nobody, &Choice::StopOffers, &said()).await;
    assert!(matches!(unknown, Err(ChooseError::Unknown)));
    let off = topic(Category::Account, "security", true, Frequency::Urgent);
    let bad = choose(&topics(vec![off])).await;
    assert!(matches!(bad, Err(ChooseError::Faulty(_))));
}

#[test]
fn what_cannot_be_switched_off_may_take_another_way_that_is_open() {
    let off = || {
        topics(vec![topic(
            Category::Account,
            "security",
            false,
            Frequency::Each,
        )])
    };
    let on = topics(vec![topic(
        Category::Account,
        "security",
        true,
        Frequency::Each,
    )]);
    let (moved, chosen) = after(facts(), &[off()]);
    let way = |on| Change::Way(topic(Category::Account, "security", on, Frequency::Each));
    assert_eq!(chosen.changed, [way(false)]);
    let (_, back) = after(moved.clone(), &[on]);
    assert_eq!(back.changed, [way(true)]);
    // The last way stays.
    let mut last = topic(Category::Account, "security", false, Frequency::Each);
    last.channel = Channel::Email;
    let refused = |facts: &Facts, choice: &Choice| {
        let faults = apply(facts, &table(), choice, &said()).unwrap_err();
        faults
            .iter()
            .map(|fault| fault.pointer.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        refused(&moved, &topics(vec![last.clone()])),
        ["/topics/0/on"]
    );
    let urgent_only = topics(vec![topic(
        Category::Account,
        "security",
        true,
        Frequency::Urgent,
    )]);
    assert_eq!(refused(&facts(), &urgent_only), ["/topics/0/on"]);
    let mut lost = facts();
    lost.customer.email = None;
    assert_eq!(refused(&lost, &off()), ["/topics/0/on"]);
    // By text only what the customer allows there.
    let mut no_texts = facts();
    no_texts.customer.consents.clear();
    assert_eq!(refused(&no_texts, &topics(vec![last])), ["/topics/0/on"]);
}

#[test]
fn hours_of_quiet_are_chosen_ended_and_kept() {
    let night = QuietHours::parse("22:00", "07:00").unwrap();
    let hours = |hours| {
        form(Choices {
            quiet_hours: Some(hours),
            ..Choices::default()
        })
    };
    let (quiet, chosen) = after(facts(), &[hours(Some(night))]);
    assert_eq!(chosen.changed, [Change::QuietHours(Some(night))]);
    assert!(quiet.customer.chosen.quiet_hours);
    let (_, ended) = after(quiet, &[hours(None)]);
    assert_eq!(ended.changed, [Change::QuietHours(None)]);
    let (_, same) = after(facts(), &[hours(None)]);
    assert!(same.changed.is_empty() && !same.customer.chosen.quiet_hours);
    let never = QuietHours { from: 60, to: 60 };
    let faults = apply(&facts(), &table(), &hours(Some(never)), &said()).unwrap_err();
    assert_eq!(faults[0].pointer, "/quiet_hours");
    for (json, expected) in [
        ("{}", None),
        (r#"{"quiet_hours": null}"#, Some(None)),
        (
            r#"{"quiet_hours": {"from": "22:00", "to": "07:00"}}"#,
            Some(Some(night)),
        ),
    ] {
        let read: Choices = serde_json::from_str(json).unwrap();
        assert_eq!(read.quiet_hours, expected, "{json}");
    }
}
