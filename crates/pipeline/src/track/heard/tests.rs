use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::catalogue::Catalogue;

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let catalogue = Catalogue::load(None).unwrap();
    catalogue.replies().clone().with_name("Marigold")
});

fn asks(text: &str) -> Asks {
    hear(&WORDS, text).asks
}

/// The reason of the suppression that follows.
fn suppresses(heard: &Heard) -> Option<String> {
    let now = model::Instant::from_micros(0);
    heard.wishes("text", now)?.suppresses(model::Channel::Sms)
}

#[test]
fn every_language_is_there() {
    let languages: Vec<&str> = WORDS.languages().collect();
    assert_eq!(languages, ["de", "en", "es", "fr", "ja", "pt"]);
}

/// 47 CFR 64.1200(a)(10).
#[test]
fn the_seven_words_of_the_law_always_stop() {
    for word in [
        "stop",
        "quit",
        "end",
        "revoke",
        "opt out",
        "cancel",
        "unsubscribe",
    ] {
        for written in [
            word.to_owned(),
            word.to_uppercase(),
            format!(" \"{word}.\"\n"),
            word.replace(' ', "-"),
        ] {
            let heard = hear(&WORDS, &written);
            assert_eq!(
                (heard.asks, heard.by),
                (Asks::StopAll, By::Keyword),
                "{written}"
            );
            assert_eq!(heard.language.as_deref(), Some("en"), "{written}");
            assert_eq!(suppresses(&heard).as_deref(), Some("keyword_stop"));
        }
    }
}

#[test]
fn keywords() {
    for (text, expected) in [
        ("STOP", Asks::StopAll),
        ("st op", Asks::StopAll),
        ("stop, please!", Asks::StopAll),
        ("STOP MARIGOLD", Asks::StopAll),
        ("STOP 36111", Asks::StopAll),
        ("STOP SMS", Asks::StopAll),
        ("STOP ACME", Asks::Doubtful),
        ("STOP PROMO", Asks::StopMarketing),
        ("PARAR PROMO", Asks::StopMarketing),
        ("sotp", Asks::StopAll),
        ("STOP\nSent from my phone", Asks::StopAll),
        ("cancel\n\nSent from my phone", Asks::StopAll),
        ("ｽﾄｯﾌﾟ", Asks::StopAll),
        ("配信停止お願いします", Asks::StopAll),
        ("cancel 48213", Asks::Nothing),
        ("cancel order", Asks::Nothing),
        ("no parar", Asks::Nothing),
        ("yes cancel", Asks::Doubtful),
        ("start stop", Asks::Doubtful),
        ("stop or start?", Asks::Nothing),
        ("I want to cancel", Asks::Doubtful),
        ("shop", Asks::Nothing),
        ("START", Asks::Start),
        ("unstop", Asks::Start),
        ("Yes please", Asks::Yes),
        ("HELP!", Asks::Help),
        ("info", Asks::Help),
        ("help my package is lost", Asks::Nothing),
        ("", Asks::Nothing),
        ("🛑", Asks::Nothing),
        ("стоп", Asks::Nothing),
        ("1", Asks::Nothing),
    ] {
        assert_eq!(asks(text), expected, "{text}");
    }
}

#[test]
fn free_words() {
    for (text, expected, language) in [
        ("please stop texting me", Asks::StopAll, "en"),
        ("Not interested, STOP", Asks::StopAll, "en"),
        ("ya no me manden mensajes", Asks::StopAll, "es"),
        ("chega desses sms", Asks::StopAll, "pt"),
        ("arrêtez de m'envoyer des messages", Asks::StopAll, "fr"),
        ("keine SMS mehr bitte", Asks::StopAll, "de"),
        ("二度と連絡しないでください", Asks::StopAll, "ja"),
        ("stop texting me deals", Asks::StopMarketing, "en"),
        (
            "Stop texting me. I never wanted your deals",
            Asks::StopAll,
            "en",
        ),
        (
            "stop texting me, except about my order",
            Asks::StopMarketing,
            "en",
        ),
        (
            "no more ads please, but keep the delivery updates",
            Asks::StopMarketing,
            "en",
        ),
        ("stop it", Asks::Doubtful, "en"),
        ("STOP. Where is my parcel?", Asks::Doubtful, "en"),
    ] {
        let heard = hear(&WORDS, text);
        assert_eq!(heard.asks, expected, "{text}");
        assert_eq!(heard.language.as_deref(), Some(language), "{text}");
        assert_eq!(heard.by, By::FreeWords, "{text}");
    }
    let heard = |text: &str| hear(&WORDS, text);
    let lost = suppresses(&heard("lose my number"));
    assert_eq!(lost.as_deref(), Some("free_words_stop"));
    assert_eq!(suppresses(&heard("no more ads")), None);
    assert_eq!(heard("HELP").answer(), Some(model::Answer::Help));
}

#[test]
fn what_only_sounds_so() {
    for text in [
        "Cancel my order",
        "stop the delivery at the corner",
        "don't stop texting me",
        "If I reply STOP will I still get codes?",
        "stop ignoring my messages",
        "I'm not getting your texts",
        "don't text me before 9",
        "parar na portaria",
        "Bestellung stornieren",
        "annuler ma commande",
        "注文をキャンセルしたい",
        "配信を停止しないで",
        "stop, the parcel has arrived",
    ] {
        let heard = hear(&WORDS, text);
        assert_eq!(heard.asks, Asks::Nothing, "{text}");
        assert_eq!((heard.language, heard.by), (None, By::FreeWords));
    }
}

#[test]
fn quoted_words_are_not_the_customers() {
    let mail = "Where is my lamp?\n\nOn 3 Oct 2016 at 10:12, Marigold <a@mgld.example> wrote:\n> STOP\n> Unsubscribe me";
    assert_eq!(asks(&own_words(mail)), Asks::Nothing);
    let mail = "Please take me off your list.\n\n> Where is your order? Do not unsubscribe.";
    assert_eq!(asks(&own_words(mail)), Asks::StopAll);
}

#[test]
fn long_texts_take_bounded_time() {
    for part in [
        "stop ",
        "stop sending me ",
        "s t o p ",
        "STOP, ",
        "もう送ら",
        "no more the of from ",
        "keine mir SMS ",
        "\u{fdfa}",
        "aaaa",
    ] {
        let text = part.repeat(100_000);
        let begun = std::time::Instant::now();
        let _ = hear(&WORDS, &text);
        let _ = own_words(&text);
        // Some milliseconds; ten seconds leave room for a busy machine without optimisation.
        assert!(begun.elapsed().as_secs() < 10, "{part}");
    }
}

/// What is wrong with a catalogue whose English words are these.
fn faults(of: impl Fn(&str) -> String) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let replies = folder.path().join("replies");
    std::fs::create_dir(&replies).unwrap();
    let own = include_str!("../../../../../catalogue/replies/en.toml");
    std::fs::write(replies.join("en.toml"), of(own)).unwrap();
    let root = format!("{}/", folder.path().display());
    match Catalogue::load(Some(folder.path())) {
        Ok(_) => Vec::new(),
        Err(faults) => faults
            .to_string()
            .lines()
            .map(|line| line.replace(&root, ""))
            .collect(),
    }
}

#[test]
fn faults_of_a_file_name_their_place() {
    assert_eq!(faults(str::to_owned), [""; 0]);
    let line = |of: &str| {
        let own = include_str!("../../../../../catalogue/replies/en.toml");
        own.lines().position(|line| line.contains(of)).unwrap() + 1
    };
    assert_eq!(
        faults(|own| own.replace("\"noconsent\"", "\"noconsents\"")),
        [
            format!(
                "replies/en.toml:{}: `says.stop`: \"noconsents\" names a part `noconsents` that there is not",
                line("\"noconsent\"")
            ),
            format!(
                "replies/en.toml:{}: `parts.noconsent`: is a part that no pattern names",
                line("noconsent = ")
            ),
        ]
    );
    assert_eq!(
        faults(|own| own.replace("\"unstop\"", "\"unsubscribe\", \"…\"")),
        [
            format!(
                "replies/en.toml:{0}: `keywords.start`: \"unsubscribe\" is a word of another command too",
                line("\"unstop\"")
            ),
            format!(
                "replies/en.toml:{0}: `keywords.start`: \"…\" has no letters",
                line("\"unstop\"")
            ),
        ]
    );
    assert_eq!(
        faults(|own| own.replace("sales pitch*", "s*")),
        [format!(
            "replies/en.toml:{}: `parts.marketing`: \"s*\" has a stem of less than 3 letters",
            line("sales pitch*")
        )]
    );
    let unread = faults(|own| own.replace("[parts]", "[part]"));
    assert!(unread[0].starts_with("replies/en.toml:"), "{unread:?}");
    for (pattern, reason) in [
        ("^", "names no part"),
        ("stop ..", "ends in dots"),
        ("stop? thing", "begins with a part that may be missing"),
        ("stop $ thing", "has something behind `$`"),
    ] {
        let found =
            faults(|own| own.replace("\"^ much $\"", &format!("\"^ much $\", \"{pattern}\"")));
        let place = line("\"^ much $\"");
        assert_eq!(
            found,
            [format!(
                "replies/en.toml:{place}: `says.doubtful`: \"{pattern}\" {reason}"
            )]
        );
    }
}

/// The words of the law stay, whatever a folder says.
#[test]
fn no_file_takes_the_words_of_the_law_away() {
    let folder = tempfile::tempdir().unwrap();
    let replies = folder.path().join("replies");
    std::fs::create_dir(&replies).unwrap();
    let own = include_str!("../../../../../catalogue/replies/en.toml");
    let without = own.replace("\"quit\", ", "").replace("\"revoke\", ", "");
    std::fs::write(replies.join("en.toml"), without).unwrap();
    let catalogue = Catalogue::load(Some(folder.path())).unwrap();
    for word in ["quit", "revoke"] {
        assert_eq!(
            hear(catalogue.replies(), word).asks,
            Asks::StopAll,
            "{word}"
        );
    }
}

const COMMANDS: &[(&str, Asks)] = &[
    ("stop", Asks::StopAll),
    ("unsubscribe", Asks::StopAll),
    ("opt out", Asks::StopAll),
    ("cancel", Asks::StopAll),
    ("end", Asks::StopAll),
    ("quit", Asks::StopAll),
    ("revoke", Asks::StopAll),
    ("parar", Asks::StopAll),
    ("baja", Asks::StopAll),
    ("alto", Asks::StopAll),
    ("sair", Asks::StopAll),
    ("descadastrar", Asks::StopAll),
    ("arrêt", Asks::StopAll),
    ("désabonner", Asks::StopAll),
    ("stopp", Asks::StopAll),
    ("abmelden", Asks::StopAll),
    ("停止", Asks::StopAll),
    ("配信停止", Asks::StopAll),
    ("ストップ", Asks::StopAll),
    ("start", Asks::Start),
    ("help", Asks::Help),
    ("ayuda", Asks::Help),
    ("oui", Asks::Yes),
];

fn command() -> impl Strategy<Value = (&'static str, Asks)> {
    prop::sample::select(COMMANDS)
}

/// A word with some of its letters in capitals, and signs between them.
fn written(word: &str, capitals: u32, between: &str, gaps: u32) -> String {
    let mut written = String::new();
    for (at, letter) in word.chars().enumerate() {
        if at > 0 && gaps & (1 << (at % 32)) != 0 {
            written.push_str(between);
        }
        if capitals & (1 << (at % 32)) != 0 {
            written.extend(letter.to_uppercase());
        } else {
            written.push(letter);
        }
    }
    written
}

const AROUND: &str = "[ \t\n\\.,!\\?\"'“”«»„()\\[\\]*_~🙏🛑👍\u{200b}\u{feff}…-]{0,8}";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn case_spaces_and_signs_change_no_command(
        (word, expected) in command(),
        (capitals, gaps) in any::<(u32, u32)>(),
        between in prop::sample::select(&[" ", ".", "-", "  ", "\u{200b}", "\u{3000}", "_"][..]),
        (ahead, behind) in (AROUND, AROUND),
    ) {
        let text = format!("{ahead}{}{behind}", written(word, capitals, between, gaps));
        let heard = hear(&WORDS, &text);
        prop_assert_eq!((heard.asks, heard.by), (expected, By::Keyword), "{}", text);
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,60}") {
        let _ = hear(&WORDS, &text);
    }

    #[test]
    fn no_row_of_words_makes_it_panic(
        words in prop::collection::vec(prop::sample::select(&[
            "stop", "sending", "me", "no", "more", "texts", "the", "order", "ads", "don't", "if", "i", "\n", ".", ",", "> ", "keep",
            "arrêtez", "de", "m'envoyer", "plus", "keine", "SMS", "mehr", "schickt", "もう", "送らないで", "メッセージ", "🛑", "On", "wrote:", "a@b.c:", "--", "\u{fdfa}", "١", "ﬁ", "İ",
        ][..]), 0..24),
    ) {
        let text = words.join(" ");
        let heard = hear(&WORDS, &text);
        prop_assert_eq!(heard.language.is_none(), heard.asks == Asks::Nothing);
        let _ = hear(&WORDS, &own_words(&text));
    }

    #[test]
    fn a_stop_said_thrice_is_a_stop(
        (word, expected) in command().prop_filter("a stop", |(_, asks)| *asks == Asks::StopAll), polite in prop::sample::select(&["please", "gracias", "svp", "bitte", "obrigado", "thanks!"][..])) {
        prop_assert_eq!(asks(&format!("{word} {word}, {word}")), expected);
        prop_assert_eq!(asks(&format!("{word} {polite}")), expected);
        prop_assert_eq!(asks(&format!("{polite} {word}")), expected);
    }
}
