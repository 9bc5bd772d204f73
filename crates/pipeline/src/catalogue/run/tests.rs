//! The runner against the engine whose language it speaks, on what the allow-list lets
//! through, and its own bounds.

use std::borrow::Cow;

use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value, context};

use super::super::allow_list::{Names, check};
use super::super::context::Setting;
use super::*;

const SETTING: Setting<'static> = Setting {
    discreet: false,
    brand: "Marigold",
    domain: "marigold.example",
    url: "https://marigold.example",
    support: "help@marigold.example",
    name: Cow::Borrowed("Inês"),
    locale: "en",
    zone: "UTC",
    more: "{n} more",
};

fn ours(source: &str, escape: Escape, limit: usize) -> Result<String, Reason> {
    check(source, &Names::Any).expect("the list lets it through");
    let program = Program::compile(source).expect("it compiles");
    let inner = [("name", View::Text("<Ann> & \"co\"")), ("gone", View::None)];
    let rows = [
        [("title", View::Text("lamp")), ("done", View::Bool(true))],
        [("title", View::Text("")), ("done", View::Bool(false))],
    ];
    let rows = rows.each_ref().map(|row| View::Fields(row));
    let words = ["a", "b", "c"].map(View::Text);
    let names = [
        ("who", View::Fields(&inner)),
        ("rows", View::Views(&rows)),
        ("words", View::Views(&words)),
        ("empty", View::Views(&[])),
        ("none", View::None),
        ("text", View::Text("b")),
        ("blank", View::Text("")),
        ("three", View::Number(3)),
        ("zero", View::Number(0)),
        ("yes", View::Bool(true)),
    ];
    let scene = Scene::layout(&names, &SETTING);
    let mut out = "left from before".to_owned();
    run(&program, &scene, (&mut out, limit), escape)
        .map(|()| out)
        .map_err(|stumble| stumble.reason)
}

fn engine(source: &str, escape: Escape) -> Option<String> {
    let mut env = Environment::empty();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.add_filter("default", |value: Value, instead: Value| {
        if value.is_none() || value.is_undefined() {
            instead
        } else {
            value
        }
    });
    env.set_formatter(move |out, _, value| {
        if value.is_none() || value.is_undefined() {
            return Err(Error::from(ErrorKind::UndefinedError));
        }
        let mut text = value.to_string();
        if escape == Escape::Html {
            for (from, to) in [
                ("&", "&amp;"),
                ("<", "&lt;"),
                (">", "&gt;"),
                ("\"", "&quot;"),
                ("'", "&#39;"),
            ] {
                text = text.replace(from, to);
            }
        }
        out.write_str(&text).map_err(Error::from)
    });
    let context = context! {
        who => context! { name => "<Ann> & \"co\"", gone => () },
        rows => vec![
            context! { title => "lamp", done => true },
            context! { title => "", done => false },
        ],
        words => vec!["a", "b", "c"],
        empty => Vec::<String>::new(),
        none => (),
        text => "b",
        blank => "",
        three => 3,
        zero => 0,
        yes => true,
    };
    env.template_from_str(source).ok()?.render(context).ok()
}

#[test]
fn it_says_what_the_engine_says() {
    let mut odd = Vec::new();
    for source in [
        "plain\n",
        "two\n\n",
        "{{ who.name }} it's {{ three }} {{ yes }}",
        "{% if who.gone %}a{% elif text %}b{% else %}c{% endif %}",
        "{% if blank or zero or none or empty %}a{% else %}b{% endif %}",
        "{% if yes and three and words %}a{% endif %}",
        "{{ blank or text }} {{ text and three }} {{ none or text }}",
        "{% if not blank and not (yes and zero) %}a{% endif %}",
        "{% for row in rows %}{{ loop.index }}{{ row.title }}{% if row.done %}!{% endif %}\
         {% if not loop.last %}, {% endif %}{% if loop.first %}f{% endif %}{% endfor %}",
        "{% for a in words %}{% for b in words %}{{ a }}{{ b }}{{ loop.index }} {% endfor %}\
         {{ loop.index }}{% endfor %}",
        "{% for text in words %}{{ text }}{% endfor %}{{ text }}",
        "{% for x in empty %}a{% else %}nothing{% endfor %}",
        "{% if text == 'b' and text != 'c' and three >= 3 and three < 4 %}a{% endif %}",
        "{% if text < 'c' and 'a' < text and 'B' < text %}a{% endif %}",
        "{% if none == none and none != text and none != zero %}a{% endif %}",
        "{% if text in words and 'z' not in words and 'nn' in who.name %}a{% endif %}",
        "{% if 1 < three < 4 %}a{% endif %}{% if 1 < three < 3 %}b{% endif %}",
        "{{ none | default('x') }}{{ text | default('x') }}{{ who.nobody | default(none) | default(3) }}",
        "a {%- if yes -%} b {%- endif -%} c",
        "{% raw %}{{ x }}{% endraw %}{# a remark #}",
        "{{ none }}",
        "{{ who.nobody }}",
        "{{ nobody }}",
        "{{ nobody.name }}",
        "{% if nobody %}a{% endif %}",
        "{% if who.nobody or yes %}a{% endif %}",
        "{% if yes or nobody %}a{% endif %}",
        "{% if not nobody %}a{% endif %}",
        "{% for x in who.gone %}a{% endfor %}",
        "{% for x in nobody %}a{% endfor %}",
    ] {
        for escape in [Escape::Nothing, Escape::Html] {
            let said = ours(source, escape, 1_000);
            let meant = engine(source, escape);
            if said.as_ref().ok() != meant.as_ref() {
                odd.push(format!("{source}: {said:?}, the engine {meant:?}"));
            }
        }
    }
    assert!(odd.is_empty(), "{}", odd.join("\n"));
}

#[test]
fn steps_and_bytes_are_bounded() {
    let long = "{% for a in words %}{% for b in words %}0123456789{% endfor %}{% endfor %}";
    assert_eq!(
        ours(long, Escape::Nothing, 90).map(|text| text.len()),
        Ok(90)
    );
    assert_eq!(ours(long, Escape::Nothing, 89), Err(Reason::TooLong));
    let many = "{{ text }}".repeat(STEPS as usize / 8);
    assert_eq!(
        ours(&many, Escape::Nothing, usize::MAX).map(|text| text.len()),
        Ok(25_000)
    );
    let program =
        Program::compile("{% for a in words %}{% for b in words %}{{ b }}{% endfor %}{% endfor %}")
            .expect("it compiles");
    let words = vec![View::Text("x"); 1_000];
    let names = [("words", View::Views(&words))];
    let scene = Scene::layout(&names, &SETTING);
    let mut out = String::new();
    let stumble = run(&program, &scene, (&mut out, usize::MAX), Escape::Nothing).unwrap_err();
    assert_eq!(stumble.reason, Reason::Steps);
}

#[test]
fn groups_and_numbers_with_a_point_are_refused() {
    assert_eq!(
        ours("{{ who }}", Escape::Nothing, 9),
        Err(Reason::PrintsGroup)
    );
    assert_eq!(
        ours("{{ words }}", Escape::Nothing, 9),
        Err(Reason::PrintsGroup)
    );
    assert_eq!(
        ours("{{ text | upper | count }}", Escape::Nothing, 9).as_deref(),
        Ok("1")
    );
    for bad in [
        "{{ 1.5 }}",
        "{{ text | date(1, 2) }}",
        "{{ text | upper(x=1) }}",
    ] {
        assert!(Program::compile(bad).is_err(), "{bad}");
    }
}
