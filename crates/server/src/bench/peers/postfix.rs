//! Postfix: its own load, `smtp-source`, before the sink, and the same load through a relay
//! of our own that queues on disk and syncs, as a mail server does. The mail is one of our
//! own run; nothing is rendered or signed for it.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use super::super::process;
use super::{Ours, Target, free_ports, listens, per_1000, program, ratio};
use crate::bench::figures::round;
use crate::clock;

/// Connections of the load.
const SESSIONS: &str = "20";

pub async fn measure(folder: &Path, ours: &Ours, count: u64) -> Result<Value> {
    let (Some(source), Some(postfix)) = (program("smtp-source"), program("postfix")) else {
        return Ok(json!("not installed"));
    };
    let Some(mail) = ours.samples["mails"][0].as_str() else {
        bail!("our run had no mail to send again");
    };
    let file = folder.join("mail.eml");
    // smtp-source ends the lines itself.
    std::fs::write(&file, mail.replace("\r\n", "\n"))?;
    let mut report = json!({ "mail_bytes": mail.len() });
    let mut target = Target::start().await?;
    let begun = clock::micros();
    send(&source, &file, count, target.smtp).await?;
    let (came, seconds) = target.wait_for("mails", count, begun).await?;
    report["smtp_source_alone"] = figures(ours, count, came, seconds);

    if !std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0) {
        report["relay"] = json!("not measured: Postfix is started by root only");
        return Ok(report);
    }
    let mut target = Target::start().await?;
    let relay = Relay::start(&postfix, folder.join("postfix"), target.smtp).await?;
    let master = relay.master.id().unwrap_or(0);
    let cpu_before = process::cpu_seconds_of_tree(master);
    let begun = clock::micros();
    let sent = send(&source, &file, count, relay.port).await;
    let waited = target.wait_for("mails", count, begun).await;
    let cpu = process::cpu_seconds_of_tree(master) - cpu_before;
    relay.stop().await?;
    sent?;
    let (came, seconds) = waited?;
    report["relay"] = figures(ours, count, came, seconds);
    report["relay"]["cpu_s_per_1000"] = json!(per_1000(cpu, came));
    Ok(report)
}

fn figures(ours: &Ours, count: u64, came: u64, seconds: f64) -> Value {
    let per_s = came as f64 / seconds;
    json!({
        "mails": came,
        "missing": count.saturating_sub(came),
        "seconds": round(seconds),
        "mails_per_s": per_s.round(),
        "ours_to_theirs": ratio(ours, per_s),
    })
}

async fn send(source: &Path, mail: &Path, count: u64, port: u16) -> Result<()> {
    let output = Command::new(source)
        .args(["-d", "-s", SESSIONS, "-m", &count.to_string()])
        .args([
            "-f",
            "messages@marigold.example",
            "-t",
            "b1@customers.example",
            "-F",
        ])
        .arg(mail)
        .arg(format!("127.0.0.1:{port}"))
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .context("smtp-source cannot start")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("smtp-source ended with an error: {}", said.trim());
    }
    Ok(())
}

/// A Postfix of this run's own that relays everything to one address.
struct Relay {
    postfix: PathBuf,
    folder: PathBuf,
    master: Child,
    port: u16,
}

/// What runs: the listener, the queue, the client that relays, and what these ask for.
const SERVICES: &str = "\
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
";

impl Relay {
    async fn start(postfix: &Path, folder: PathBuf, sink: u16) -> Result<Self> {
        // Its processes run as another user and must be able to pass through.
        let open = |path: &Path| std::fs::set_permissions(path, Permissions::from_mode(0o755));
        for name in ["", "etc", "queue", "data"] {
            let path = folder.join(name);
            std::fs::create_dir_all(&path)?;
            open(&path)?;
        }
        let [port] = free_ports().await?;
        std::fs::write(folder.join("etc/main.cf"), settings(&folder, sink))?;
        let services = format!("127.0.0.1:{port} inet n - n - - smtpd\n{SERVICES}");
        std::fs::write(folder.join("etc/master.cf"), services)?;
        let given = Command::new("chown")
            .arg("postfix")
            .arg(folder.join("data"))
            .status()
            .await?;
        anyhow::ensure!(given.success(), "the user postfix is missing");
        let mut start = Command::new(postfix);
        start.arg("-c").arg(folder.join("etc")).arg("start-fg");
        let master = quiet(&mut start).spawn().context("Postfix cannot start")?;
        let relay = Self {
            postfix: postfix.to_owned(),
            folder,
            master,
            port,
        };
        if let Err(error) = listens(port, "Postfix").await {
            relay.stop().await?;
            return Err(error);
        }
        Ok(relay)
    }

    /// Ends this instance, by the id in its own folder.
    async fn stop(mut self) -> Result<()> {
        let mut stop = Command::new(&self.postfix);
        stop.arg("-c").arg(self.folder.join("etc")).arg("stop");
        quiet(&mut stop).status().await?;
        self.master.wait().await?;
        Ok(())
    }
}

/// Its defaults, but for what names places, and for a pause with which it slows senders down.
fn settings(folder: &Path, sink: u16) -> String {
    let at = |name: &str| folder.join(name).display().to_string();
    format!(
        "compatibility_level = 3.6\nqueue_directory = {queue}\ndata_directory = {data}\nmaillog_file = {log}\n\
         maillog_file_prefixes = {prefix}\nmyhostname = relay.marigold.example\nmydestination =\n\
         local_recipient_maps =\nalias_maps =\nalias_database =\ninet_interfaces = 127.0.0.1\n\
         inet_protocols = ipv4\nmynetworks = 127.0.0.0/8\ndisable_dns_lookups = yes\nin_flow_delay = 0\n\
         smtpd_relay_restrictions = permit_mynetworks, reject\nrelayhost = [127.0.0.1]:{sink}\n",
        queue = at("queue"),
        data = at("data"),
        log = at("mail.log"),
        prefix = folder.display(),
    )
}

fn quiet(command: &mut Command) -> &mut Command {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
}
