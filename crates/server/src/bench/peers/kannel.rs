//! Kannel, the SMS gateway of Debian: the texts of our own run go in over HTTP, one request
//! each, and out over SMPP. It keeps its queue in memory, as it does unless told otherwise.

use std::fmt::Write;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, bail};
use hyper::body::Bytes;
use serde_json::{Value, json};
use tokio::process::{Child, Command};
use tokio::time::Instant;

use super::super::{mark, process};
use super::{Ours, Target, free_ports, listens, per_1000, program, ratio, seconds_since};
use crate::bench::figures::round;
use crate::clock;
use crate::http_client::Client;

/// Requests under way at once.
const CONNECTIONS: u64 = 16;
/// Texts that may wait for the carrier's answer.
const WINDOW: u64 = 100;

pub async fn measure(folder: &Path, ours: &Ours, count: u64) -> Result<Value> {
    let (Some(bearerbox), Some(smsbox)) = (program("bearerbox"), program("smsbox")) else {
        return Ok(json!("not installed"));
    };
    let texts = plain_texts(&ours.samples);
    if texts.is_empty() {
        bail!("our run had no text of one part in plain letters to send again");
    }
    let mut target = Target::start().await?;
    let folder = folder.join("kannel");
    std::fs::create_dir_all(&folder)?;
    let [admin, inner, sendsms] = free_ports().await?;
    let file = folder.join("kannel.conf");
    std::fs::write(&file, config(&folder, target.smsc, [admin, inner, sendsms]))?;
    let bearerbox = start(&bearerbox, &file)?;
    // smsbox gives up when bearerbox does not listen yet.
    listens(inner, "Kannel's bearerbox").await?;
    let smsbox = start(&smsbox, &file)?;
    listens(sendsms, "Kannel's smsbox").await?;
    let pids = [bearerbox.id().unwrap_or(0), smsbox.id().unwrap_or(0)];
    let cpu = || pids.map(process::cpu_seconds_of_tree).iter().sum::<f64>();

    let (begun, cpu_before) = (clock::micros(), cpu());
    post(sendsms, texts, count).await?;
    let post_seconds = seconds_since(begun);
    let (came, seconds) = target.wait_for("texts", count, begun).await?;
    let used = cpu() - cpu_before;
    let counted = target.sinks.ask("count").await?;
    let per_s = came as f64 / seconds;
    Ok(json!({
        "texts": came,
        "missing": count.saturating_sub(came),
        "duplicates": counted["duplicates"],
        "seconds": round(seconds),
        "taken_per_s": (count as f64 / post_seconds).round(),
        "texts_per_s": per_s.round(),
        "ours_to_theirs": ratio(ours, per_s),
        "cpu_s_per_1000": per_1000(used, came),
    }))
}

/// Texts of one part in letters that Kannel sends as they are.
fn plain_texts(samples: &Value) -> Vec<String> {
    let texts = samples["texts"].as_array().into_iter().flatten();
    texts
        .filter_map(Value::as_str)
        .filter(|text| text.is_ascii())
        .map(str::to_owned)
        .collect()
}

fn start(program: &Path, config: &Path) -> Result<Child> {
    Command::new(program)
        .arg(config)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("{} cannot start", program.display()))
}

fn config(folder: &Path, smsc: u16, [admin, inner, sendsms]: [u16; 3]) -> String {
    let folder = folder.display();
    format!(
        "group = core\nadmin-port = {admin}\nadmin-password = t\nadmin-interface = 127.0.0.1\nsmsbox-port = {inner}\n\
         box-allow-ip = 127.0.0.1\nlog-file = {folder}/bearerbox.log\nlog-level = 2\ndlr-storage = internal\n\n\
         group = smsc\nsmsc = smpp\nsmsc-id = sink\nhost = 127.0.0.1\nport = {smsc}\nsmsc-username = sandbox\n\
         smsc-password = sandbox\nsystem-type = \"\"\ntransceiver-mode = true\ninterface-version = 34\n\
         max-pending-submits = {WINDOW}\n\n\
         group = smsbox\nbearerbox-host = 127.0.0.1\nsendsms-port = {sendsms}\nsendsms-interface = 127.0.0.1\n\
         log-file = {folder}/smsbox.log\nlog-level = 2\n\n\
         group = sendsms-user\nusername = t\npassword = t\nmax-messages = 5\nconcatenation = true\n"
    )
}

/// Gives Kannel so many texts, each with a mark of its own.
async fn post(port: u16, texts: Vec<String>, count: u64) -> Result<()> {
    let next = Arc::new(AtomicU64::new(0));
    let texts = Arc::new(texts);
    let senders: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let (next, texts) = (next.clone(), texts.clone());
            tokio::spawn(async move {
                let mut client = Client::new(&format!("http://127.0.0.1:{port}"), "none")?;
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return anyhow::Ok(());
                    }
                    let text = &texts[number as usize % texts.len()];
                    let marked = mark::replace(text, mark::Mark::new(clock::micros(), number));
                    send(&mut client, &marked, number).await?;
                }
            })
        })
        .collect();
    for sender in senders {
        sender.await??;
    }
    Ok(())
}

async fn send(client: &mut Client, text: &str, number: u64) -> Result<()> {
    let path = format!(
        "/cgi-bin/sendsms?username=t&password=t&from=Marigold&to=%2B9990{number:09}&dlr-mask=3&text={}",
        encoded(text)
    );
    let patience = Instant::now() + super::PATIENCE;
    loop {
        let answer = client
            .call("GET", &path, "text/plain", Bytes::new())
            .await?;
        match answer.status {
            202 => return Ok(()),
            // Not connected yet, or full for a moment.
            503 if Instant::now() < patience => tokio::time::sleep(super::LOOK).await,
            status => bail!("Kannel answered {status}: {}", answer.text),
        }
    }
}

fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stay_whole_in_an_address() {
        assert_eq!(encoded("a b&c=1%\n"), "a%20b%26c%3D1%25%0A");
        let samples = json!({ "texts": ["Olá", "Order", 5] });
        assert_eq!(plain_texts(&samples), ["Order"]);
    }
}
