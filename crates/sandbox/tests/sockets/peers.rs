//! Software nobody here wrote: it must get along with the sandbox.
//!
//! A test whose software is missing says so and passes, or fails when
//! `TIDINGS_TEST_REQUIRE=all` asks for everything.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use sandbox::Sandbox;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::time::{interval, timeout};

use crate::scene::{PATIENCE, start};

/// Says that a peer is missing; panics when none may be.
fn skip(what: &str) {
    assert!(
        std::env::var_os("TIDINGS_TEST_REQUIRE").is_none_or(|required| required != "all"),
        "{what} is missing, and TIDINGS_TEST_REQUIRE=all wants it"
    );
    // Straight to the terminal: the test runner hides what a passing test prints.
    let _ = writeln!(std::io::stderr(), "skipped: {what} is not installed");
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/peers")
        .join(name)
}

fn python() -> Command {
    Command::new(std::env::var_os("TIDINGS_TEST_PYTHON").unwrap_or_else(|| "python3".into()))
}

async fn output(command: &mut Command) -> Option<std::process::Output> {
    let running = command.kill_on_drop(true).stdin(Stdio::null()).output();
    timeout(PATIENCE, running)
        .await
        .expect("the peer ends in time")
        .ok()
}

async fn python_has(module: &str) -> bool {
    let found = output(python().args(["-c", &format!("import {module}")])).await;
    found.is_some_and(|output| output.status.success())
}

#[tokio::test]
async fn python_smpplib_sends_a_long_text_and_takes_its_receipts() {
    if !python_has("smpplib.gsm").await {
        return skip("the Python package smpplib");
    }
    let (sandbox, log) = start(|_| {}).await;
    let address = sandbox.smsc_addr();
    let (host, port) = (address.ip().to_string(), address.port().to_string());
    let mut command = python();
    command
        .arg(script("smpplib_sends.py"))
        .args([&host, &port, "sandbox", "sandbox"]);
    let done = output(&mut command).await.expect("Python runs");
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    let lines: Vec<Value> = done
        .stdout
        .split(|octet| *octet == b'\n')
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect();
    let ids = |kind: &str| {
        let lines = lines.iter().filter(move |line| line["kind"] == kind);
        lines
            .map(|line| {
                line["id"]
                    .as_str()
                    .unwrap()
                    .trim_end_matches('\0')
                    .to_owned()
            })
            .collect::<Vec<_>>()
    };
    assert_eq!((ids("answer").len(), ids("answer")), (2, ids("receipt")));
    let receipts: Vec<_> = lines
        .iter()
        .filter(|line| line["kind"] == "receipt")
        .collect();
    assert!(
        receipts
            .iter()
            .all(|line| line["state"] == 2
                && line["text"].as_str().unwrap().contains("stat:DELIVRD"))
    );
    assert!(
        log.lock().unwrap()[0]
            .starts_with("Marigold>+15550100 1/2 Order 112-0494 is out for delivery")
    );
    assert_eq!((sandbox.counts().texts, sandbox.counts().receipts), (1, 2));
}

#[tokio::test]
async fn python_smtplib_sends_mails_in_plain_text_and_over_tls() {
    if !python_has("smtplib").await {
        return skip("Python");
    }
    let (server, _) = crate::mails::tls();
    let (sandbox, log) = start(|config| config.tls = Some(server)).await;
    let port = sandbox.smtp_addr().port().to_string();
    let mut command = python();
    command
        .arg(script("smtplib_sends.py"))
        .args([&port, "sandbox", "sandbox"]);
    let done = output(&mut command).await.expect("Python runs");
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    let log = log.lock().unwrap();
    assert_eq!(log.len(), 2);
    assert!(
        log[0].starts_with("orders@marigold.example>ines@example.com ")
            && log[1].contains("Subject: Over TLS")
    );
}

#[tokio::test]
async fn swaks_sends_a_mail_pipelined_over_tls() {
    let Some(found) = output(Command::new("swaks").arg("--version")).await else {
        return skip("swaks");
    };
    assert!(found.status.success());
    let (server, _) = crate::mails::tls();
    let (sandbox, log) = start(|config| config.tls = Some(server)).await;
    let mut command = Command::new("swaks");
    command.args([
        "--server",
        "127.0.0.1",
        "--port",
        &sandbox.smtp_addr().port().to_string(),
    ]);
    command.args([
        "--from",
        "orders@marigold.example",
        "--to",
        "ines@example.com,tom@example.com",
    ]);
    command.args([
        "--pipeline",
        "--helo",
        "test.example",
        "--header",
        "Subject: from swaks",
    ]);
    let done = output(&mut command).await.expect("swaks runs");
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stdout)
    );
    assert!(
        log.lock().unwrap()[0]
            .starts_with("orders@marigold.example>ines@example.com,tom@example.com ")
    );
}

/// Where Debian puts Kannel's programs.
fn kannel(program: &str) -> Option<PathBuf> {
    let places =
        ["/usr/sbin", "/usr/bin", "/usr/local/sbin"].map(|place| Path::new(place).join(program));
    places.into_iter().find(|path| path.exists())
}

/// Ports that were free a moment ago.
async fn free_ports<const N: usize>() -> [u16; N] {
    let mut ports = [0; N];
    let mut held = Vec::new();
    for port in &mut ports {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        *port = listener.local_addr().unwrap().port();
        held.push(listener);
    }
    ports
}

fn kannel_config(sandbox: &Sandbox, [admin, smsbox, sendsms]: [u16; 3], folder: &Path) -> String {
    let carrier = sandbox.smsc_addr();
    let (host, port, folder) = (carrier.ip(), carrier.port(), folder.display());
    format!(
        "group = core\nadmin-port = {admin}\nadmin-password = t\nsmsbox-port = {smsbox}\nadmin-interface = 127.0.0.1\n\
         box-allow-ip = 127.0.0.1\nlog-file = {folder}/bearerbox.log\nlog-level = 1\ndlr-storage = internal\n\n\
         group = smsc\nsmsc = smpp\nsmsc-id = sandbox\nhost = {host}\nport = {port}\nsmsc-username = sandbox\n\
         smsc-password = sandbox\nsystem-type = \"\"\ntransceiver-mode = true\ninterface-version = 34\nmax-pending-submits = 10\n\n\
         group = smsbox\nbearerbox-host = 127.0.0.1\nsendsms-port = {sendsms}\nsendsms-interface = 127.0.0.1\n\
         log-file = {folder}/smsbox.log\nlog-level = 1\n\n\
         group = sendsms-user\nusername = t\npassword = t\nmax-messages = 5\nconcatenation = true\n"
    )
}

/// One GET; `None` while nobody listens.
async fn http_get(port: u16, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    let request = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    Some(answer)
}

/// Kannel calls this address when a receipt has come.
async fn receipt_call(listener: TcpListener) -> String {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut request = vec![0; 4096];
    let read = stream.read(&mut request).await.unwrap();
    stream
        .write_all(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")
        .await
        .unwrap();
    String::from_utf8_lossy(&request[..read])
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}

#[tokio::test]
async fn kannel_sends_a_text_and_takes_its_receipt() {
    let (Some(bearerbox), Some(smsbox)) = (kannel("bearerbox"), kannel("smsbox")) else {
        return skip("Kannel (bearerbox and smsbox)");
    };
    let (sandbox, log) = start(|_| {}).await;
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("kannel.conf");
    let ports: [u16; 3] = free_ports().await;
    std::fs::write(&config, kannel_config(&sandbox, ports, folder.path())).unwrap();
    let run = |program: PathBuf| {
        let mut command = Command::new(program);
        command
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.kill_on_drop(true).spawn().unwrap()
    };
    let _bearerbox = run(bearerbox);
    // smsbox gives up when bearerbox does not listen yet.
    poll(async || TcpStream::connect(("127.0.0.1", ports[1])).await.ok()).await;
    let _smsbox = run(smsbox);

    let receipts = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let path = format!(
        "/cgi-bin/sendsms?username=t&password=t&from=Marigold&to=%2B15550100&text=Hello+from+Kannel&dlr-mask=31\
         &dlr-url=http%3A%2F%2F127.0.0.1%3A{}%2Freceipt%3Ftype%3D%25d",
        receipts.local_addr().unwrap().port()
    );
    let answer = poll(async || {
        http_get(ports[2], &path)
            .await
            .filter(|answer| !answer.contains(" 503 "))
    })
    .await;
    assert!(answer.contains(" 202 "), "{answer}");
    // 1 is "delivered"; 8, "accepted by the carrier", may come before on the same address.
    let called = timeout(PATIENCE, async {
        let first = receipt_call(receipts).await;
        assert!(
            first.contains("type=8") || first.contains("type=1"),
            "{first}"
        );
    });
    called.await.expect("Kannel passes a receipt on");
    poll(async || (sandbox.counts().receipts == 1).then_some(())).await;
    assert_eq!(
        *log.lock().unwrap(),
        ["Marigold>+15550100 Hello from Kannel"]
    );
}

/// Asks again and again until there is an answer: other programs send no signal.
async fn poll<T>(ask: impl AsyncFn() -> Option<T>) -> T {
    let asking = async {
        let mut ticks = interval(Duration::from_millis(50));
        loop {
            ticks.tick().await;
            if let Some(answer) = ask().await {
                return answer;
            }
        }
    };
    timeout(PATIENCE, asking)
        .await
        .expect("the peer answers in time")
}
