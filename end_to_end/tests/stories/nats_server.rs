//! A nats-server of a story's own, and nats-py that speaks with it: what publishes events
//! and looks at streams was written by others than the server under test.

use std::process::{Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};

use crate::world::{missing, python, until};

/// A try to publish takes no longer.
const TRY: Duration = Duration::from_secs(8);

/// Where its streams lie; they outlive the process.
pub(crate) struct NatsFolder {
    folder: TempDir,
    port: u16,
}

/// A running nats-server with JetStream. It is killed when this is dropped.
pub(crate) struct NatsServer {
    child: Child,
}

/// Whether the machine has what these stories need; says so if not.
pub(crate) async fn runs_here() -> bool {
    let quiet = |program: &str, argument: &[&str]| {
        let mut command = Command::new(program);
        command
            .args(argument)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    };
    let server = quiet("nats-server", &["--version"]).status().await;
    if !server.is_ok_and(|ended| ended.success()) {
        missing("nats-server");
        return false;
    }
    let client = quiet(&python(), &["-c", "import nats"]).status().await;
    if !client.is_ok_and(|ended| ended.success()) {
        missing("nats-py in the Python that TIDINGS_TEST_PYTHON names");
        return false;
    }
    true
}

impl NatsFolder {
    /// A folder, and a port that was free a moment ago: a server that is killed must come
    /// back where it was.
    pub(crate) async fn new() -> Self {
        let held = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self {
            folder: tempfile::tempdir().unwrap(),
            port: held.local_addr().unwrap().port(),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://ana:se%2Fcret@127.0.0.1:{}", self.port)
    }

    /// The section of the configuration: what comes from here is for the sandbox.
    pub(crate) fn section(&self) -> String {
        let url = self.url();
        format!("[nats]\nurl = \"{url}\"\nmode = \"test\"\nack_wait_seconds = 2\n")
    }

    pub(crate) async fn start(&self) -> NatsServer {
        let port = self.port.to_string();
        let child = Command::new("nats-server")
            .args([
                "-a",
                "127.0.0.1",
                "-p",
                &port,
                "-js",
                "--user",
                "ana",
                "--pass",
                "se/cret",
            ])
            .arg("-sd")
            .arg(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        until("nats-server listens", async || {
            tokio::net::TcpStream::connect(("127.0.0.1", self.port))
                .await
                .ok()
        })
        .await;
        NatsServer { child }
    }

    /// Publishes bodies on a subject of a stream, each acknowledged by it.
    pub(crate) async fn publish(&self, subject: &str, bodies: &[String]) {
        let asked = json!({"do": "publish", "subject": subject, "bodies": bodies});
        assert_eq!(self.ask(&asked).await, json!(bodies.len()));
    }

    /// Waits until a stream is there.
    pub(crate) async fn stream(&self, name: &str) {
        until("the stream is there", async || {
            let state = self.ask(&json!({"do": "state", "stream": name})).await;
            state["messages"].is_u64().then_some(())
        })
        .await;
    }

    /// Waits until every message of the events' stream has been taken and answered; gives
    /// how many lie there still. A nats-server that was killed may have forgotten to remove
    /// some that were acknowledged.
    pub(crate) async fn taken(&self) -> u64 {
        until("nothing waits and nothing is in hand", async || {
            let asked = json!({"do": "state", "stream": "tidings-events"});
            let state = self.ask(&asked).await;
            let idle = json!({"tidings": [0, 0], "tidings-security": [0, 0]});
            (state["consumers"] == idle).then(|| state["messages"].as_u64().unwrap())
        })
        .await
    }

    /// What lies on the stream of what is no event, oldest first.
    pub(crate) async fn rejected(&self) -> Vec<Value> {
        let lying = self
            .ask(&json!({"do": "read", "stream": "tidings-rejected"}))
            .await;
        lying.as_array().unwrap().clone()
    }

    /// Asks nats-py.
    pub(crate) async fn ask(&self, asked: &Value) -> Value {
        let ended = self.asked(asked).await;
        assert!(ended.status.success(), "nats-py: {ended:?}");
        serde_json::from_slice(&ended.stdout).unwrap()
    }

    /// Publishes while the server may go at any time; whether all was acknowledged.
    pub(crate) async fn try_publish(&self, subject: &str, bodies: &[String]) -> bool {
        let asked = json!({"do": "publish", "subject": subject, "bodies": bodies});
        let ended = tokio::time::timeout(TRY, self.asked(&asked)).await;
        ended.is_ok_and(|ended| ended.status.success())
    }

    async fn asked(&self, asked: &Value) -> Output {
        let mut asked = asked.clone();
        asked["url"] = json!(format!("nats://127.0.0.1:{}", self.port));
        let mut child = Command::new(python())
            .args(["-c", PEER])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        // One that ended at once says why itself.
        let _ = input.write_all(asked.to_string().as_bytes()).await;
        drop(input);
        child.wait_with_output().await.unwrap()
    }
}

impl NatsServer {
    /// Kills it with SIGKILL and waits until it is gone.
    pub(crate) async fn kill(mut self) {
        self.kill_here().await;
    }

    /// The same where another takes its place.
    pub(crate) async fn kill_here(&mut self) {
        self.child.kill().await.unwrap();
    }
}

/// One question on stdin, one answer on stdout.
const PEER: &str = r#"
import asyncio, json, sys
import nats
from nats.js.errors import NotFoundError

async def main(asked):
    client = await nats.connect(asked["url"], user="ana", password="se/cret")
    stream = client.jetstream()
    if asked["do"] == "publish":
        done = 0
        bodies = asked["bodies"]
        for first in range(0, len(bodies), 200):
            acks = [stream.publish(asked["subject"], b.encode(), timeout=20) for b in bodies[first:first + 200]]
            done += len(await asyncio.gather(*acks))
        answer = done
    elif asked["do"] == "state":
        try:
            info = await stream.stream_info(asked["stream"])
            consumers = await stream.consumers_info(asked["stream"])
            answer = {"messages": info.state.messages,
                      "consumers": {c.name: [c.num_pending, c.num_ack_pending] for c in consumers}}
        except NotFoundError:
            answer = {}
    elif asked["do"] == "read":
        info = await stream.stream_info(asked["stream"])
        answer = []
        for place in range(info.state.first_seq, info.state.last_seq + 1):
            message = await stream.get_msg(asked["stream"], place)
            answer.append({"headers": message.headers, "body": message.data.decode()})
    elif asked["do"] == "bells":
        # Listens for one doorbell, then rings it wrongly in several ways.
        heard = asyncio.get_running_loop().create_future()
        async def hear(message):
            if not heard.done():
                heard.set_result(message)
        await client.subscribe("tidings.bells.>", cb=hear)
        await client.flush()
        print("listening", file=sys.stderr, flush=True)
        bell = await asyncio.wait_for(heard, 20)
        for wrong in [b"", b"x", bell.data[:-1], bytes(len(bell.data)), bell.data + bytes(16), bytes(100000)]:
            await client.publish(bell.subject, wrong)
        await client.flush()
        answer = {"subject": bell.subject, "bytes": len(bell.data)}
    print(json.dumps(answer))
    await client.close()

asyncio.run(main(json.load(sys.stdin)))
"#;
