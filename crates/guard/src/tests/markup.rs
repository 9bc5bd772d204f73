//! Addresses in HTML: where they are read, and where only words look like them.

use proptest::prelude::*;

use super::guard;
use crate::Rule;

fn rules(html: &str) -> Vec<Rule> {
    guard().check_html(html).iter().map(|f| f.rule).collect()
}

#[test]
fn words_and_our_own_links_are_no_attributes() {
    for honest in [
        "<p>Please set background=white and src=x, href=\"y\"</p>",
        r#"<a href="https://marigold.example/s?src=email&amp;href=x&amp;action=y">x</a>"#,
        r#"<a title="src=x href='y'" href=https://marigold.example/x>src=email</a>"#,
        r#"<p data-src="x" nosrc="y" title="url(x)">url(https://evil.example) a < b href=x</p>"#,
        r#"<a href = "https://marigold.example:443/x" >x</a>"#,
        "<!-- see url(x) href=x --><!--[if mso]><v:fill src=\"https://marigold.example/a.png\"/><![endif]-->",
        "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0//EN\" \"http://www.w3.org/TR/x.dtd\"><?xml version='1.0'?>",
        "<style>@media (max-width:600px){a{background:URL('https://marigold.example/b')}}</style>",
        "<img srcset=\"https://marigold.example/a,b 1x, https://marigold.example/c 2x\">",
        r#"<meta name="viewport" content="width=device-width, url=x"><meta content="text/html; charset=utf-8">"#,
        r#"<a href="mailto:help@marigold.example,a@marigold.example?subject=a@b.com&amp;cc=b@marigold.example">"#,
    ] {
        assert!(rules(honest).is_empty(), "{honest}: {:?}", rules(honest));
    }
}

#[test]
fn nothing_around_a_tag_hides_its_address() {
    let link = "<a href=\"https://evil.example/\">";
    for around in [
        "{}",
        "<!--[if mso]> {} <![endif]-->",
        "<!--[if !mso]><!-- --> {} <!--<![endif]-->",
        "<![if !mso]>{}<![endif]>",
        "<!-- <a x=\" -->{}",
        "<!-- <a x=' --!>{}",
        "<! <a x=\"> {}",
        "<? <a x='> {}",
        "</ <a x='> {}",
        "<title><a x=\"</title>{}",
        "<STYLE>a{ } <b x='</Style >{}",
        "<textarea><!-- </textarea>{}",
        "a < b \" ' {}",
        "<p x=\">\">{}",
        "<p \"'>{}",
        "<p x='>' / y = >{}",
        "</p x=\"'\">{}",
        "<!-- <style> -->{}",
        "<!-- ",
    ] {
        let html = match around.contains("{}") {
            true => around.replace("{}", link),
            false => format!("{around}{link}"),
        };
        assert!(rules(&html).contains(&Rule::ForeignLink), "{html}");
    }
}

#[test]
fn every_way_to_an_address_is_read() {
    for html in [
        "<a href = 'https://evil.example'>",
        "<a\nhref\n=\nhttps://evil.example>",
        "<a/href=https://evil.example>",
        "<a title='x'href='https://evil.example'>",
        "<A HREF=https://evil.example",
        "<a href=\"https://marigold.example;@evil.com\">",
        "<a href=\"https://marigold.example;.evil.com\">",
        "<a href=\"https://evil.com&sol;.marigold.example/\">",
        "<a href=\"https://evil.com%2f.marigold.example/\">",
        "<a href=\"https://marigold.example\t.evil.com\">",
        "<a href=\"https://marigold.example:a@evil.com\">",
        "<a href=\"https://marigold.example:4a/\">",
        "<a href=\"\\\\evil.com\">",
        "<a href=\"https://[2001:db8::1]/\">",
        "<p style='background:URL(https://evil.example)'>",
        "<style>a{background:url(\"https://evil.example/x\")}",
        "<style>@import 'https://evil.example/x';</style>",
        "<!--[if mso]><style>a{background:url(//evil.example)}</style><![endif]-->",
        "<img srcset='https://marigold.example/a 1x, https://evil.example/b 2x'>",
        "<meta http-equiv=refresh content='0; URL=https://evil.example'>",
        "<a href='mailto:a@evil.com,b@marigold.example'>",
        "<a href='mailto:b@marigold.example?bcc=a@evil.com'>",
        "<a href='mailto:a@evil.com%2cb@marigold.example'>",
        "<object data=https://evil.example>",
        "<image xlink:href=https://evil.example>",
    ] {
        assert!(!rules(html).is_empty(), "{html}");
    }
}

proptest! {
    #[test]
    fn markup_that_closes_what_it_opens_hides_nothing(
        words in "[a-z =&;#!?/]{0,24}",
        name in "[a-z][a-z:]{0,7}",
        spaces in "[ \n\t]{0,3}",
        quote in prop::sample::select(vec!["\"", "'"]),
    ) {
        let tag = format!("<{name} title={quote}<{words}>{quote}\nhref{spaces}={spaces}{quote}https://evil.example/{quote}>");
        for html in [
            format!("{words}{tag}"),
            format!("<!--{words}{tag}-->"),
            format!("<!-- {words} {quote}-->{tag}"),
            format!("<title>{words}{quote}</title>{tag}"),
        ] {
            prop_assert!(rules(&html).contains(&Rule::ForeignLink), "{html}");
        }
        let honest = format!("<p>{words} src={words} background=white {words}</p>");
        prop_assert!(rules(&honest).is_empty(), "{honest}");
    }
}
