//! Postfix, from a folder of the story's own, on a free port. It wants to be started by root.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Stdio;

use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

use super::until;

/// A Postfix that relays everything to one address; it ends with the story.
pub(crate) struct Postfix {
    folder: TempDir,
    _master: Child,
    /// Where it takes mail.
    pub(crate) port: u16,
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
lmtp unix - - n - - lmtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
";

impl Postfix {
    /// Whether there is one, and somebody who may start it.
    pub(crate) fn runs_here() -> bool {
        let is_root = std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0);
        is_root && Path::new("/usr/sbin/postfix").exists()
    }

    /// Relays to a port of this machine; `settings` are more lines of `main.cf`.
    pub(crate) async fn start(relay: u16, settings: &str) -> Self {
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
             smtpd_relay_restrictions = permit_mynetworks, reject\nrelayhost = [127.0.0.1]:{relay}\n{settings}",
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

    pub(crate) async fn stop(self) {
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
