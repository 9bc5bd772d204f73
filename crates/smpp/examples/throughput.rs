//! How many submits a second one session carries over loopback, with 64 tasks.
//!
//! `cargo run --release -p smpp --example throughput`

use std::time::Instant;

use smpp::pdu::{Address, SubmitSm};
use smpp::{BindAnswer, Client, ClientConfig, Lane, Server, ServerEvent, SessionConfig};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

const SUBMITS: u32 = 200_000;
const TASKS: u32 = 64;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let session = SessionConfig {
        window: 64,
        ..SessionConfig::default()
    };
    let mut config = ClientConfig::new(&listener.local_addr()?.to_string(), "esme", "secret");
    config.session = session.clone();
    tokio::spawn(async move {
        let Ok((stream, _)) = listener.accept().await else {
            return;
        };
        let judge = async |_| BindAnswer::accept("smsc");
        let Ok((_handle, mut events)) = Server::accept(stream, session, judge).await else {
            return;
        };
        let mut id = 0_u32;
        while let Some(event) = events.recv().await {
            if let ServerEvent::Submit(inbound) = event {
                id += 1;
                inbound.accept(&id.to_string());
            }
        }
    });
    let (handle, _events) = Client::connect(config).await?;
    let message = SubmitSm {
        destination: Address::international("+15550100"),
        short_message: vec![b'a'; 140],
        ..SubmitSm::default()
    };
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let (handle, message) = (handle.clone(), message.clone());
        tasks.spawn(async move {
            for _ in 0..SUBMITS / TASKS {
                handle.submit(message.clone(), Lane::Bulk).await?;
            }
            Ok::<(), smpp::SubmitError>(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{SUBMITS} submits in {seconds:.2} s: {:.0} a second",
        f64::from(SUBMITS) / seconds
    );
    Ok(())
}
