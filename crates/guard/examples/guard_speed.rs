//! What a check costs: a text of 160 characters, and the text part of a mail of 10 KB.
//!
//! `cargo run --release -p guard --example guard_speed [text|mail|Japanese]`

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use guard::{Content, Form, Guard, Own, Promises, Source};

const PROMISES: &str = include_str!("../../../catalogue/promises.toml");
const TABLES: [&str; 7] = [
    include_str!("../../../catalogue/guard/en.toml"),
    include_str!("../../../catalogue/guard/es.toml"),
    include_str!("../../../catalogue/guard/pt-BR.toml"),
    include_str!("../../../catalogue/guard/de.toml"),
    include_str!("../../../catalogue/guard/fr.toml"),
    include_str!("../../../catalogue/guard/ja.toml"),
    include_str!("../../../catalogue/guard/ar.toml"),
];

const TEXT: &str = "Marigold: your order MG-48213 is out for delivery and should reach you today between \
    14:00 and 16:00. See https://marigold.example/orders/MG-48213 for where it is now.";
const PARAGRAPH: &str = "Hello Inês Machado,\n\nThank you for your order MG-48213. It is confirmed, and we write again \
    when it is on its way. We expect it to reach you by Tuesday, 10 March 2026. If you did not place it, open your \
    account at marigold.example by typing the address yourself and change your password. We never ask you for a \
    password, a card number or a code.\n\nOrder: MG-48213\nTotal: $161.86\n- 2 × Desk lamp, brass: $80.93\n\n";

fn main() {
    let source = |text| Source {
        shown: "catalogue",
        text,
    };
    let begun = Instant::now();
    let promises = Promises::compile(source(PROMISES), &TABLES.map(source))
        .expect("the shipped files compile");
    let own = Own::new(["marigold.example"], ["+12025550123"]).expect("both can be ours");
    let guard = Guard::new(Arc::new(promises), own);
    println!(
        "compiled in {:.1} ms",
        begun.elapsed().as_secs_f64() * 1_000.0
    );
    let text: String = TEXT.chars().take(160).collect();
    let mut mail = String::new();
    while mail.len() < 10_240 {
        mail.push_str(PARAGRAPH);
    }
    mail.truncate(10_240);
    measure(&guard, "text of 160 characters", Form::Sms, &text);
    measure(&guard, "mail of 10 KB", Form::MailText, &mail);
    let japanese = "マリーゴールド：ご注文 MG-48213 は本日14時から16時の間にお届けの予定です。詳しくは marigold.example をご覧ください。";
    measure(&guard, "Japanese text", Form::Sms, japanese);
}

fn measure(guard: &Guard, what: &str, form: Form, text: &str) {
    let wanted = std::env::args().nth(1);
    if wanted.is_some_and(|wanted| !what.starts_with(&wanted)) {
        return;
    }
    let content = Content::new(form, text);
    let findings = guard.check(&content);
    // Short turns, the best of many: others may use the machine too.
    let rounds = 1 + 200_000 / text.len();
    let mut best = f64::MAX;
    for _ in 0..400 {
        let begun = Instant::now();
        for _ in 0..rounds {
            black_box(guard.check(black_box(&content)));
        }
        best = best.min(begun.elapsed().as_secs_f64() / rounds as f64);
    }
    println!("{what}: {:.2} µs, {} findings", best * 1e6, findings.len());
}
