//! The sandbox with a few texts and mails in it, sent through real sockets.
//!
//! `cargo run -p sandbox --example screens -- 8085`, then open
//! `http://127.0.0.1:8085/sandbox`. Without a port it picks a free one.

use std::error::Error;

use mail_send::SmtpClientBuilder;
use mail_send::smtp::message::Message;
use sandbox::{Sandbox, SandboxConfig};
use smpp::pdu::{Address, CommandStatus, SubmitSm};
use smpp::receipt::Receipt;
use smpp::{Client, ClientConfig, ClientEvent, ClientEvents, Lane};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[expect(
    clippy::disallowed_methods,
    reason = "an example is its own server, with the real clock"
)]
fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
    })
}

const TEXTS: [(&str, &str, &str); 8] = [
    (
        "Marigold",
        "+351912000129",
        "Marigold: order 112-0494 is confirmed. It arrives Saturday 22 November.",
    ),
    (
        "24680",
        "+351912000129",
        "482913 is your Marigold sign-in code. Nobody from Marigold will ask for it.\n\n@marigold.example #482913",
    ),
    (
        "Marigold",
        "+5511900000042",
        "Marigold: seu pedido 118-2207 saiu para entrega e chega hoje entre 14h e 16h.",
    ),
    (
        "Marigold",
        "+351912000129",
        "Marigold: out for delivery, between 14:00 and 16:00. For the driver: leave with the neighbour at no. 14.",
    ),
    (
        "Marigold",
        "+77010000311",
        "Marigold: заказ 120-5561 доставлен. Если с ним что-то не так, ответьте нам до 6 декабря, и мы поможем 🙂",
    ),
    (
        "Casa Verde",
        "+351912000129",
        "Casa Verde: yes, the handle fits a 28 mm pole. We can send one with your order.",
    ),
    (
        "Marigold",
        "+351912000129",
        "Marigold: delivered at 14:52, left with the neighbour at no. 14. Was everything as it should be? Tell us within 14 days and we will put it right: marigold.example/o/112-0494",
    ),
    (
        "Marigold",
        "+14155550100",
        "Marigold: the driver could not find a safe place for order 117-3021. We try again tomorrow.",
    ),
];

#[tokio::main]
async fn main() -> Result<()> {
    let config = SandboxConfig {
        home: Some("/".to_owned()),
        ..SandboxConfig::new(now)
    };
    let sandbox = Sandbox::start(config).await?;
    let port = std::env::args()
        .nth(1)
        .map_or(Ok(0), |port| port.parse::<u16>())?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(axum::serve(listener, sandbox.router()).into_future());

    let config = ClientConfig::new(&sandbox.smsc_addr().to_string(), "sandbox", "sandbox");
    let (client, events) = Client::connect(config).await?;
    let receipts = tokio::spawn(answer_everything(events));
    for (reference, (from, to, text)) in (1..).zip(TEXTS) {
        send_text(&client, from, to, text, reference).await?;
    }
    send_mails(&sandbox).await?;

    println!("The sandbox is at http://{address}/sandbox (Ctrl-C ends it)");
    tokio::signal::ctrl_c().await?;
    sandbox.stop().await;
    receipts.abort();
    server.abort();
    Ok(())
}

async fn answer_everything(mut events: ClientEvents) {
    while let Some(event) = events.recv().await {
        if let ClientEvent::Deliver(inbound) = event {
            let kind = if Receipt::of(inbound.pdu()).is_some() {
                "a receipt"
            } else {
                "a reply from a phone"
            };
            println!("took {kind}");
            inbound.respond(CommandStatus::ROK);
        }
    }
}

async fn send_text(
    client: &smpp::ClientHandle,
    from: &str,
    to: &str,
    text: &str,
    reference: u8,
) -> Result<()> {
    let source = if from.starts_with(char::is_numeric) {
        Address::short_code(from)
    } else {
        Address::alphanumeric(from)
    };
    for part in smpp::gsm::segment(text, false, smpp::gsm::National::NONE).parts_with_udh(reference)
    {
        let message = SubmitSm {
            source: source.clone(),
            destination: Address::international(to),
            esm_class: part.esm_class,
            data_coding: part.data_coding,
            registered_delivery: smpp::pdu::registered_delivery::SUCCESS_AND_FAILURE,
            short_message: part.octets,
            ..SubmitSm::default()
        };
        client.submit(message, Lane::Bulk).await?;
    }
    Ok(())
}

async fn send_mails(sandbox: &Sandbox) -> Result<()> {
    let port = sandbox.smtp_addr().port();
    let builder = SmtpClientBuilder::new("127.0.0.1", port)?.implicit_tls(false);
    let mut client = builder.connect_plain().await?;
    for (subject, html) in [
        ("Order 112-0494 is confirmed", true),
        ("Your refund of €18.90 is on its way", false),
        (
            "Casa Verde replied to your question about garden shears for tall hedges",
            true,
        ),
        ("New sign-in from Lisbon. Was this you?", true),
        ("Out for delivery, 14:00–16:00", true),
    ] {
        let raw = mail(subject, html);
        let message = Message::new(
            "bounce@marigold.example",
            ["ines@example.com"],
            raw.into_bytes(),
        );
        client.send(message).await?;
    }
    client.quit().await?;
    Ok(())
}

fn mail(subject: &str, html: bool) -> String {
    let text = format!(
        "Good morning Inês,\r\n\r\n{subject}.\r\n\r\nYour parcel is with the driver and should be there between 14:00 and 16:00.\r\n\r\nMarigold\r\n"
    );
    let headers = format!(
        "From: Marigold <orders@marigold.example>\r\nTo: =?utf-8?q?In=C3=AAs_Machado?= <ines@example.com>\r\nSubject: {subject}\r\n\
         Message-ID: <example-{}@marigold.example>\r\nDKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/simple; d=marigold.example;\r\n s=sandbox; h=From:To:Subject; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;\r\n b=an-example-that-verifies-nowhere\r\n\
         MIME-Version: 1.0\r\n",
        subject.len()
    );
    if !html {
        return format!("{headers}Content-Type: text/plain; charset=utf-8\r\n\r\n{text}");
    }
    format!(
        "{headers}Content-Type: multipart/alternative; boundary=two\r\n\r\n\
         --two\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n\
         --two\r\nContent-Type: text/html; charset=utf-8\r\n\r\n\
         <body style=\"font-family:sans-serif;color:#3b2f2a;margin:2rem\"><p style=\"font-weight:bold;color:#a8552f\">Marigold</p>\
         <h1 style=\"font-size:1.4rem\">{subject}</h1><p>Good morning Inês,</p>\
         <p>your parcel is with the driver and should be there between <b>14:00 and 16:00</b>.</p>\
         <p><a href=\"https://marigold.example/o/112-0494\" style=\"display:inline-block;background:#a8552f;color:#fff;padding:.6rem 1rem;border-radius:.5rem;text-decoration:none\">Track the parcel</a></p>\
         <p style=\"color:#7a6a60;font-size:.85rem\">You get this because you ordered from us.</p></body>\r\n--two--\r\n"
    )
}
