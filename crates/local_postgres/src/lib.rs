//! A PostgreSQL of one's own, for tests and benches: made in a temporary folder, reached
//! over a Unix socket, gone with the process that started it.
//!
//! The server runs under a small shell that waits on a pipe from this process. However
//! this process ends, the pipe closes; the shell then stops the server and removes the
//! folder. Nothing that serves customers uses this.

use std::io::{BufRead, BufReader, Error, Result, Write};
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Who runs the server when we are root, which PostgreSQL refuses: nobody.
const NOBODY: u32 = 65_534;
/// The database role everything is owned by.
const ROLE: &str = "tidings";
const START_WITHIN: Duration = Duration::from_secs(30);

/// Obeys one word a line and answers each; at the end of its input it stops the server and cleans up.
const SUPERVISOR: &str = r#"
trap : HUP INT TERM
pid=
while read -r word; do
    case $word in
    start) kill -0 "$pid" 2>/dev/null || { "$@" </dev/null >&2 & pid=$!; } ;;
    crash)
        all="$pid $(cat "/proc/$pid/task/$pid/children")"
        kill -KILL $all
        wait "$pid"
        while kill -0 $all 2>/dev/null; do sleep 0.02; done
        pid=
        ;;
    stop) kill -INT "$pid"; wait "$pid"; pid= ;;
    esac
    echo done
done
[ -n "$pid" ] && { kill -QUIT "$pid"; wait "$pid"; }
rm -rf "$FOLDER"
"#;

/// How much of what a crash of the machine would lose the server keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Nothing is lost: for measurements.
    Full,
    /// Commits do not wait for the disk: for tests of behaviour. A crash of the server
    /// alone still loses nothing.
    Relaxed,
}

/// A running server. Dropping it ends it and removes its files.
pub struct LocalPostgres {
    programs: PathBuf,
    folder: PathBuf,
    supervisor: Mutex<Option<Supervisor>>,
}

struct Supervisor {
    child: Child,
    input: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl LocalPostgres {
    /// Where PostgreSQL's programs (15 or newer) are, if it is installed.
    pub fn programs() -> Option<PathBuf> {
        let told = Command::new("pg_config").arg("--bindir").output().ok();
        let told = told
            .map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim().to_owned()));
        let mut kept: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| {
                let version = entry.file_name().to_str()?.parse().ok()?;
                Some((version, entry.path().join("bin")))
            })
            .filter(|(version, _)| *version >= 15)
            .collect();
        kept.sort();
        told.into_iter()
            .chain(kept.into_iter().rev().map(|(_, path)| path))
            .find(|path| path.join("initdb").exists() && path.join("postgres").exists())
    }

    /// Makes a cluster with an empty database `tidings` and starts its server.
    ///
    /// # Errors
    /// What the system or PostgreSQL said.
    pub fn start(durability: Durability) -> Result<Self> {
        Self::start_with(durability, &[])
    }

    /// The same, with more settings of the server, each `name=value`.
    ///
    /// # Errors
    /// What the system or PostgreSQL said.
    pub fn start_with(durability: Durability, settings: &[&str]) -> Result<Self> {
        let programs =
            Self::programs().ok_or_else(|| Error::other("PostgreSQL is not installed"))?;
        let folder = tempfile::Builder::new().prefix("pg").tempdir()?.keep();
        let as_root = std::fs::metadata("/proc/self")?.uid() == 0;
        if as_root {
            chown(&folder, Some(NOBODY), Some(NOBODY))?;
        }
        let started = Self {
            programs,
            folder,
            supervisor: Mutex::new(None),
        };
        let data = started.folder.join("data");
        let made = started
            .command(as_root, "initdb")
            .args(["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"])
            .args(["--username", ROLE, "--pgdata"])
            .arg(&data)
            .output()?;
        succeeded("initdb", &made)?;
        started.supervise(as_root, &data, durability, settings)?;
        started.start_again()?;
        started.create_database(ROLE, "template1")?;
        Ok(started)
    }

    /// A URL of one of its databases.
    pub fn url(&self, database: &str) -> String {
        let host = self.folder.to_string_lossy().replace('/', "%2F");
        format!("postgres://{ROLE}@{host}/{database}")
    }

    /// The processes and files are here.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes a database as a copy of another, to which nobody may be connected.
    ///
    /// # Errors
    /// What PostgreSQL said.
    pub fn create_database(&self, name: &str, template: &str) -> Result<()> {
        let made = Command::new(self.programs.join("createdb"))
            .args(["--username", ROLE, "--host"])
            .arg(&self.folder)
            .args(["--template", template, name])
            .output()?;
        succeeded("createdb", &made)
    }

    /// Whether a library that the server can load, such as `pg_stat_statements`, is installed.
    pub fn has_library(name: &str) -> bool {
        let Some(programs) = Self::programs() else {
            return false;
        };
        let told = Command::new(programs.join("pg_config"))
            .arg("--pkglibdir")
            .output();
        told.is_ok_and(|output| {
            let folder = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            Path::new(&folder).join(format!("{name}.so")).exists()
        })
    }

    /// Runs SQL in a database by `psql`. Gives the rows, a line each, values parted by tabs.
    ///
    /// # Errors
    /// What PostgreSQL said.
    pub fn query(&self, database: &str, sql: &str) -> Result<String> {
        let output = Command::new(self.programs.join("psql"))
            .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"])
            .args(["--field-separator", "\t", "--set", "ON_ERROR_STOP=1"])
            .args(["--username", ROLE, "--dbname", database, "--host"])
            .arg(&self.folder)
            .args(["--command", sql])
            .stdin(Stdio::null())
            .output()?;
        succeeded("psql", &output)?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// The id of the server's first process, the parent of the others.
    ///
    /// # Errors
    /// The server does not run.
    pub fn pid(&self) -> Result<u32> {
        let text = std::fs::read_to_string(self.folder.join("data/postmaster.pid"))?;
        let first = text.lines().next().unwrap_or_default();
        first
            .trim()
            .parse()
            .map_err(|_| Error::other("the server's file of its id is not understood"))
    }

    /// Kills the server and all its processes without warning; they are gone afterwards.
    ///
    /// # Errors
    /// The supervisor is gone.
    pub fn crash(&self) -> Result<()> {
        self.tell("crash")
    }

    /// Stops the server in order: it breaks off what runs.
    ///
    /// # Errors
    /// The supervisor is gone.
    pub fn stop(&self) -> Result<()> {
        self.tell("stop")
    }

    /// Starts the server after a crash or a stop and waits until it answers.
    ///
    /// # Errors
    /// It did not come up; its log stands in [`LocalPostgres::folder`].
    pub fn start_again(&self) -> Result<()> {
        let began = Instant::now();
        while began.elapsed() < START_WITHIN {
            // Told again each time: the first start after a crash fails while the old
            // server's last processes end.
            self.tell("start")?;
            let ready = Command::new(self.programs.join("pg_isready"))
                .arg("--quiet")
                .args(["--username", ROLE, "--timeout", "1", "--host"])
                .arg(&self.folder)
                .status()?;
            if ready.success() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        Err(Error::other(format!("PostgreSQL did not start: {log}")))
    }

    fn command(&self, as_root: bool, program: &str) -> Command {
        let path = self.programs.join(program);
        let mut command = as_nobody(as_root, &path);
        command.current_dir(&self.folder).stdin(Stdio::null());
        command
    }

    fn supervise(
        &self,
        as_root: bool,
        data: &Path,
        durability: Durability,
        settings: &[&str],
    ) -> Result<()> {
        let log = std::fs::File::create(self.folder.join("log"))?;
        let durable = if durability == Durability::Full {
            "fsync=on"
        } else {
            "fsync=off"
        };
        let mut child = as_nobody(as_root, Path::new("/bin/sh"))
            .args(["-c", SUPERVISOR, "sh"])
            .arg(self.programs.join("postgres"))
            .arg("-D")
            .arg(data)
            .arg("-k")
            .arg(&self.folder)
            .args(["-c", "listen_addresses=", "-c", durable])
            .args(["-c", "max_connections=400", "-c", "shared_buffers=256MB"])
            .args(["-c", "max_wal_size=2GB"])
            .args(settings.iter().flat_map(|setting| ["-c", setting]))
            .env("FOLDER", &self.folder)
            .current_dir(&self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()?;
        let input = child.stdin.take();
        let answers = child.stdout.take();
        let (Some(input), Some(answers)) = (input, answers) else {
            return Err(Error::other("the supervisor has no pipes"));
        };
        *self.lock() = Some(Supervisor {
            child,
            input,
            answers: BufReader::new(answers),
        });
        Ok(())
    }

    fn tell(&self, word: &str) -> Result<()> {
        match self.lock().as_mut() {
            Some(supervisor) => {
                writeln!(supervisor.input, "{word}")?;
                let read = supervisor.answers.read_line(&mut String::new())?;
                if read == 0 {
                    return Err(Error::other("the supervisor is gone"));
                }
                Ok(())
            }
            None => Err(Error::other("the supervisor is gone")),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Supervisor>> {
        self.supervisor
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for LocalPostgres {
    fn drop(&mut self) {
        if let Some(mut supervisor) = self.lock().take() {
            drop(supervisor.input);
            // It ends by itself; a fault here leaves a folder behind, nothing else.
            let _ = supervisor.child.wait();
        } else {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

/// Root steps down first: PostgreSQL does not run as root.
fn as_nobody(as_root: bool, program: &Path) -> Command {
    if !as_root {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .arg(format!("--reuid={NOBODY}"))
        .arg(format!("--regid={NOBODY}"))
        .args(["--clear-groups", "--"])
        .arg(program);
    command
}

fn succeeded(what: &str, output: &Output) -> Result<()> {
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Error::other(format!("{what}: {}", said.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_survives_a_crash_and_leaves_nothing_behind() {
        if LocalPostgres::programs().is_none() {
            return;
        }
        let server = LocalPostgres::start(Durability::Relaxed).unwrap();
        let folder = server.folder().to_owned();
        server.create_database("copy", "tidings").unwrap();
        let said = server.query("copy", "SELECT 1, 'a' UNION SELECT 2, 'b' ORDER BY 1");
        assert_eq!(said.unwrap(), "1\ta\n2\tb\n");
        assert!(server.query("copy", "SELECT wrong").is_err());
        assert!(Path::new(&format!("/proc/{}", server.pid().unwrap())).exists());
        server.crash().unwrap();
        server.start_again().unwrap();
        assert!(server.create_database("copy", "tidings").is_err());
        drop(server);
        assert!(!folder.exists());
    }
}
