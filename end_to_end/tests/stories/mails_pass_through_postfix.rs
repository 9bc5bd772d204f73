//! Mail through a mail server that nobody here wrote: Postfix takes it as the `[email]`
//! carrier and relays it on, with its signature whole.
//!
//! Postfix runs from a folder of this test's own, on a free port. It wants to be started by
//! root.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use sandbox::{Received, Sandbox, SandboxConfig};
use serde_json::json;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

use crate::world::{World, customer, event, missing, order, outcomes, until};

/// A Postfix that relays everything to one address; it ends with the story.
struct Postfix {
    folder: TempDir,
    _master: Child,
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

impl Postfix {
    async fn start(relay: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Its processes run as another user and must be able to pass through.
        let open =
            |path: &Path| std::fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
        open(folder.path());
        let at = |name: &str| folder.path().join(name);
        for name in ["etc", "queue", "data"] {
            std::fs::create_dir(at(name)).unwrap();
            open(&at(name));
        }
        let port = free_port().await;
        let main = format!(
            "compatibility_level = 3.6\nqueue_directory = {queue}\ndata_directory = {data}\n\
             maillog_file = {log}\nmaillog_file_prefixes = {prefix}\nmyhostname = relay.marigold.example\n\
             mydestination =\nlocal_recipient_maps =\nalias_maps =\nalias_database =\ninet_interfaces = 127.0.0.1\n\
             inet_protocols = ipv4\nmynetworks = 127.0.0.0/8\ndisable_dns_lookups = yes\n\
             smtpd_relay_restrictions = permit_mynetworks, reject\nrelayhost = [127.0.0.1]:{relay}\n",
            queue = at("queue").display(),
            data = at("data").display(),
            log = at("mail.log").display(),
            prefix = folder.path().display(),
        );
        std::fs::write(at("etc/main.cf"), main).unwrap();
        let services = format!("127.0.0.1:{port} inet n - n - - smtpd\n{SERVICES}");
        std::fs::write(at("etc/master.cf"), services).unwrap();
        let mut owned = Command::new("chown");
        let given = owned.arg("postfix").arg(at("data")).status().await;
        assert!(given.unwrap().success());
        let master = command(&at("etc"), "start-fg").spawn().unwrap();
        until("Postfix listens", async || {
            TcpStream::connect(("127.0.0.1", port)).await.ok()
        })
        .await;
        Self {
            folder,
            _master: master,
            port,
        }
    }

    async fn stop(self) {
        let etc = self.folder.path().join("etc");
        let stopped = command(&etc, "stop").status().await.unwrap();
        assert!(stopped.success());
    }
}

fn command(etc: &Path, verb: &str) -> Command {
    let mut command = Command::new("postfix");
    command.arg("-c").arg(etc).arg(verb);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.kill_on_drop(true);
    command
}

/// A port that was free a moment ago: Postfix cannot pick one and say which.
async fn free_port() -> u16 {
    let held = TcpListener::bind("127.0.0.1:0").await.unwrap();
    held.local_addr().unwrap().port()
}

fn runs_here() -> bool {
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0);
    is_root && Path::new("/usr/sbin/postfix").exists()
}

#[tokio::test]
async fn postfix_takes_a_signed_mail_and_relays_it_whole() {
    if !runs_here() {
        return missing("Postfix, and root to start it,");
    }
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let noted = Arc::clone(&seen);
    let mut config = SandboxConfig::new(|| 0);
    config.observer = Some(Arc::new(move |received| {
        if let Received::Mail { raw, .. } = received {
            let mail = String::from_utf8_lossy(raw).into_owned();
            noted.lock().unwrap().push(mail);
        }
    }));
    let relayed = Sandbox::start(config).await.unwrap();
    let postfix = Postfix::start(relayed.smtp_addr().port()).await;
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("dkim.pem");
    let key = key.to_str().unwrap();
    let made = [
        "dkim-key",
        "--domain",
        "marigold.example",
        "--selector",
        "s1",
        "--out",
        key,
    ];
    assert!(crate::world::run(&made).await.status.success());
    let config = format!(
        "[email]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nhelo = \"mail.marigold.example\"\n\
         from = \"messages@marigold.example\"\n\
         [[email.dkim]]\ndomain = \"marigold.example\"\nselector = \"s1\"\nkey_file = '{key}'\n",
        postfix.port
    );
    let world = World::with(&config).await;
    world.put(&[customer("ines", 101)]).await;
    for number in ["MG-1701", "MG-1702", "MG-1703"] {
        let confirmed = event(number, "order.confirmed", "ines", order(number));
        let answer = world.live.post("/v1/events", &confirmed).await;
        assert_eq!(answer.status, 202, "{answer:?}");
    }
    let mail = world.delivery("ines", "email", "accepted").await;
    assert_eq!(outcomes(&mail), ["accepted"]);
    until("Postfix has relayed them", async || {
        (relayed.counts().mails == 3).then_some(())
    })
    .await;
    // What came out is what went in: the reader's parts, and the signature over them.
    for mail in seen.lock().unwrap().iter() {
        assert!(
            mail.contains("DKIM-Signature: v=1; a=ed25519-sha256;"),
            "{mail}"
        );
        assert!(
            mail.contains("by relay.marigold.example (Postfix)"),
            "{mail}"
        );
        assert!(mail.contains("multipart/alternative"), "{mail}");
    }
    assert_eq!(
        world.counts().await["mails"],
        json!(0),
        "live mail is not for the sandbox"
    );
    world.end().await;
    postfix.stop().await;
    relayed.stop().await;
}
