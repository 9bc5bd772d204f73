//! How long cutting and encoding a text takes:
//! `cargo run --release -p smpp --example segment_speed`.

use std::time::Instant;

use smpp::gsm::National;

const ROUNDS: u32 = 200_000;

fn main() {
    let texts = [
        "Marigold: 493817 is your code. It is valid for 10 minutes. We never ask you for it.",
        "Marigold: Your order 53cdb2fc… is out for delivery; expected today, 2-4 PM (São Paulo).",
        "Marigold: Seu pedido nº 53cdb2fc saiu para entrega, previsão: amanhã à tarde.",
    ];
    for text in texts {
        let started = Instant::now();
        let mut octets = 0;
        for _ in 0..ROUNDS {
            let segments = smpp::gsm::segment(std::hint::black_box(text), true, National::NONE);
            let parts = segments.parts_with_udh(1);
            octets += parts.iter().map(|part| part.octets.len()).sum::<usize>();
        }
        let each = started.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS);
        println!(
            "{each:6.2} µs a text of {} octets",
            octets / ROUNDS as usize
        );
    }
}
