//! Links and addresses as people hide them, and as honest sentences have them.

use proptest::prelude::*;

use super::{check, guard};
use crate::{Form, Rule};

fn rules(text: &str) -> Vec<Rule> {
    check(Form::MailText, text).iter().map(|f| f.rule).collect()
}

#[test]
fn a_long_name_is_judged_by_its_end() {
    let long = "a.".repeat(1000);
    assert_eq!(rules(&format!("{long}evil.com")), [Rule::ForeignLink]);
    assert_eq!(rules(&format!("{long}evil.com/x")), [Rule::ForeignLink]);
    assert!(rules(&format!("evil.com.{long}a")).is_empty());
}

#[test]
fn what_stands_before_the_path_leads_where_browsers_go() {
    for sign in [
        ";", ",", "!", "$", "&", "*", "+", "=", "~", "(", ")", "|", "{", "}", "^", "'", "\"", "`",
        ":", ":443;", ":a;b", "", "、", "」", "／", "？", "＃", "%20", "<", ">", "[", "]", "-",
        "._", "é", "店",
    ] {
        let text = format!("See https://marigold.example{sign}@evil.com/ now");
        let found = rules(&text);
        assert!(found.contains(&Rule::Credentials), "{text}: {found:?}");
        assert!(found.contains(&Rule::ForeignLink), "{text}: {found:?}");
        let ours = format!("https://a{sign}@marigold.example/x");
        assert!(rules(&ours).contains(&Rule::Credentials), "{ours}");
    }
    for text in [
        "https://marigold.example,.evil.com/",
        "https://marigold.example;.evil.com/",
        "https://marigold.example;evil.com",
        "https://marigold.example'.evil.com/x",
        "https://marigold.example\".evil.com/x",
        "https://marigold.example\\@evil.com/",
        "https://marigold.example\\.evil.com/",
        "https://marigold.example:443.evil.com/",
        "https://marigold.example:44a/",
        "https://marigold.example:a/",
        "https://marigold.example;/x",
        "https://marigold.example、.evil.com/",
        "https://marigold.example／.evil.com/",
        "https://evil.com%2f.marigold.example/",
        "https://evil.com／.marigold.example/",
        "https://evil.com&.marigold.example/",
        "https://[2001:db8::1]/",
        "https://@evil.com/",
        "https://evil.com@",
    ] {
        assert!(!rules(text).is_empty(), "{text}");
    }
}

#[test]
fn a_sentence_may_end_behind_a_link() {
    for honest in [
        "See https://marigold.example.",
        "See (https://marigold.example/x).",
        "(https://marigold.example)",
        "See https://marigold.example, and sign in!",
        "Have you seen https://marigold.example?",
        "https://marigold.example!?",
        "https://marigold.example: open it; https://marigold.example/x; done",
        "“https://marigold.example” and \"https://marigold.example\", <https://marigold.example>",
        "**https://marigold.example** [x](https://marigold.example)",
        "https://marigold.example:443/x?src=email&a=b@c#d;e",
        "https://marigold.example's help",
        "https://marigold.example…",
        "「https://marigold.example」をご覧ください。",
        "（https://marigold.example）。詳しくは",
        "https://marigold.example。",
        "https://marigold.example、または",
        "https://marigold.example/x。詳しくは「https://marigold.example/y」まで、help@marigold.example",
        "زوروا https://marigold.example، ثم",
        "use {code}\nhttps://marigold.example\n@marigold.example #123456",
    ] {
        let found = check(Form::MailText, honest);
        assert!(
            found.iter().all(|f| f.rule == Rule::Gap),
            "{honest}: {found:?}"
        );
    }
}

#[test]
fn other_links_are_found() {
    for (text, rule) in [
        ("店舗。com/login", Rule::ForeignLink),
        ("詳しくは店。com", Rule::ForeignLink),
        ("店。com をご覧", Rule::ForeignLink),
        ("店。jp", Rule::ForeignLink),
        ("店。shop/login", Rule::ForeignLink),
        ("店。Visa/login", Rule::ForeignLink),
        ("店．com/login", Rule::ForeignLink),
        ("店。ｃｏｍ/login", Rule::ForeignLink),
        ("evil․com", Rule::ForeignLink),
        ("see evil﹒com", Rule::ForeignLink),
        ("evil%2ecom", Rule::ForeignLink),
        ("marigold%2Eexample/x", Rule::DisguisedLink),
        ("192.168.1.1/x", Rule::IpAddress),
        ("192.168.1.1/", Rule::IpAddress),
        ("192.168.1.1:8080", Rule::IpAddress),
        ("see [2001:db8::1]/x", Rule::IpAddress),
        ("[2001:db8::1]:80", Rule::IpAddress),
        ("intent://scan/#Intent;end", Rule::DisguisedLink),
        ("intent:#Intent;end", Rule::DisguisedLink),
        ("javascript:alert(1)", Rule::DisguisedLink),
        ("JavaScript:alert(1)", Rule::DisguisedLink),
        ("data:text/html,x", Rule::DisguisedLink),
        ("whatsapp://send", Rule::DisguisedLink),
    ] {
        assert!(rules(text).contains(&rule), "{text}: {:?}", rules(text));
    }
    for honest in [
        "Version 1.2.3.4 is out. 1.2.3.4",
        "Learn JavaScript: the basics. The intent: to help. Data: text and numbers.",
        "Use http:// or https:// in front",
        "50%2 off, 100%2e",
        "[1] [a:b] [10:30]/x",
        "届きました。Visaカードで。TVを見る。OKです。App を開く。Amazonで。2個。a",
        "注文しました。com3番",
        "完了。email をご確認ください。",
    ] {
        assert!(rules(honest).is_empty(), "{honest}: {:?}", rules(honest));
    }
}

proptest! {
    #[test]
    fn nothing_before_an_at_sign_hides_where_a_link_leads(
        before in "[^\\s/?#\\\\]{0,40}",
        after in "(:[0-9]{1,5})?(/[a-z]{0,8})?",
    ) {
        let text = format!("https://marigold.example{before}@evil.com{after}");
        let found = rules(&text);
        prop_assert!(found.contains(&Rule::Credentials), "{text}: {found:?}");
        let html = format!("<a href=\"https://marigold.example{}@evil.com{after}\">", before.replace('"', "'"));
        prop_assert!(!guard().check_html(&html).is_empty(), "{html}");
    }

    #[test]
    fn signs_that_end_a_sentence_hide_nothing_and_stop_nothing(
        sign in "[.,;:!?)\"'」』）。、！？…»”]{1,4}",
        path in "(/[a-z0-9]{1,8})?",
    ) {
        let honest = format!("See https://marigold.example{path}{sign} Thank you");
        prop_assert!(rules(&honest).is_empty(), "{honest}: {:?}", rules(&honest));
        let foreign = format!("See https://evil.example{path}{sign} Thank you");
        prop_assert!(rules(&foreign).contains(&Rule::ForeignLink), "{foreign}");
    }
}
