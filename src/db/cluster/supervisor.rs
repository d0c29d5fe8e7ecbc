//! Keeps the postmaster running while its owner lives, and ends it when the owner ends, however that happens.
//!
//! The supervisor is a shell between this process and the postmaster. Its handles are those of `std`, not of tokio, so
//! that a cluster in a `static` outlives the runtime of the test that happened to start it. For the same reason the
//! shell, not a task of this process, restarts a dead postmaster. If the shell is killed, alone or with its owner, the
//! postmaster keeps running until [`end_leftover`] ends it in the next stop or start.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::time::sleep;

use super::account::{Account, private_file};
use super::{ClusterError, at};

/// The time that a shutdown may take, its checkpoint included.
const STOP_LIMIT: Duration = Duration::from_secs(30);
const SHELL: &str = "/bin/sh";

/// Runs the postmaster as its child for as long as the owner holds the other end of its stdin.
///
/// The kernel closes that pipe however the owner dies, `kill -9` included; no signal handler and no `Drop` could
/// guarantee that. The first line on stdin says that the owner has seen the server answer. From then on a postmaster
/// that ends by itself is started again: at once, or after 1 or 2 s if it ran for less than 10. Before, the end of the
/// postmaster ends the supervisor, so that the owner notices without delay.
///
/// The stop signal is repeated, because a signal before Postgres has installed its handlers is lost: a shell starts
/// its background commands with SIGINT ignored. Paths are passed as arguments and are never part of the script.
const SCRIPT: &str = r#"
signal=$1 remove=$2; shift 2
keep='' stop='' pg='' pause=0
trap 'keep=1' USR2
trap 'stop=1; test -z "$pg" || kill -s "$signal" "$pg"' USR1 HUP INT TERM
exec 3<&0 </dev/null
{ read -r line && kill -s USR2 $$; cat >/dev/null; while kill -s USR1 $$; do sleep 1; done; } <&3 2>/dev/null &
watcher=$!
exec 3<&-
while test -z "$stop"; do
    began=$(date +%s)
    "$@" & pg=$!
    test -z "$stop" || kill -s "$signal" "$pg"
    while kill -0 "$pg" 2>/dev/null; do wait "$pg"; done
    pg=''
    test -n "$keep" && test -z "$stop" || break
    test $(($(date +%s) - began)) -ge 10 && pause=0 || pause=$((pause < 2 ? pause + 1 : 2))
    echo "taskforce: the postmaster ended unasked, starting it again in $pause s" >&2
    sleep "$pause"
done
kill "$watcher" 2>/dev/null
test -z "$remove" || rm -rf "$remove"
"#;

/// The shell that runs [`SCRIPT`]. Dropping the supervisor closes the pipe.
#[derive(Debug)]
pub(super) struct Supervisor {
    child: Child,
    owner: Option<ChildStdin>,
}

impl Supervisor {
    /// Starts the postmaster, which writes to the log; `remove` is a directory to remove once it has stopped for good.
    pub(super) fn start(
        account: &Account,
        log: &Path,
        remove: Option<&Path>,
        postmaster: &[OsString],
    ) -> Result<Self, ClusterError> {
        let out = private_file().append(true).open(log).map_err(at(log))?;
        // Data that will be removed need no checkpoint, so that an immediate shutdown is enough.
        let signal = if remove.is_some() { "QUIT" } else { "INT" };
        let mut shell = account.command(SHELL);
        shell.args(["-c", SCRIPT, "taskforce-postgres", signal]);
        shell.arg(remove.map_or(OsStr::new(""), Path::as_os_str)).args(postmaster);
        shell.stdin(Stdio::piped()).stdout(out.try_clone().map_err(at(log))?).stderr(out);
        let mut child = shell.spawn().map_err(at(Path::new(SHELL)))?;
        Ok(Self { owner: child.stdin.take(), child })
    }

    pub(super) fn ended(&mut self) -> Result<bool, ClusterError> {
        Ok(self.child.try_wait().map_err(at(Path::new(SHELL)))?.is_some())
    }

    /// From this call on, the postmaster is started again if it dies.
    pub(super) fn keep_up(&mut self) -> Result<(), ClusterError> {
        self.owner.as_mut().map_or(Ok(()), |owner| owner.write_all(b"up\n")).map_err(at(Path::new(SHELL)))
    }

    /// Closes the pipe and waits for the end.
    pub(super) async fn stop(mut self) -> Result<(), ClusterError> {
        drop(self.owner.take());
        let end = Instant::now() + STOP_LIMIT;
        while !self.ended()? {
            if Instant::now() > end {
                return Err(ClusterError::DidNotStop(self.child.id()));
            }
            sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }
}

/// Ends a postmaster that an earlier instance left behind. Nobody uses it any more, since this process holds the lock.
/// The supervisor of the server is usually stopping it already, so that the signal changes nothing.
pub(super) async fn end_leftover(pgdata: &Path) -> Result<(), ClusterError> {
    let file = pgdata.join("postmaster.pid");
    let mut last = 0;
    for (signal, limit) in [(Signal::SIGINT, STOP_LIMIT), (Signal::SIGQUIT, STOP_LIMIT / 3)] {
        let end = Instant::now() + limit;
        let mut signalled = false;
        while Instant::now() < end {
            let text = fs::read_to_string(&file).unwrap_or_default();
            let id =
                text.lines().next().and_then(|line| line.trim().parse::<i32>().ok()).filter(|id| *id > 1);
            // If the process is gone or another user's, Postgres itself recognizes the file as stale.
            let Some(id) = id.filter(|id| kill(Pid::from_raw(*id), None).is_ok()) else {
                return Ok(());
            };
            match works_in(id, pgdata) {
                Some(true) => {
                    if !signalled {
                        tracing::info!(pid = id, %signal, "stopping the Postgres that an earlier instance left");
                        signalled = kill(Pid::from_raw(id), signal).is_ok();
                    }
                }
                // The process id now belongs to another process, or to a zombie, and Postgres would refuse to start.
                // Removing the file is safe: since version 12, shared memory protects backends that still run, with or
                // without the file.
                Some(false) => return fs::remove_file(&file).map_err(at(&file)),
                None => return Ok(()),
            }
            last = id;
            sleep(Duration::from_millis(20)).await;
        }
    }
    Err(ClusterError::DidNotStop(last.unsigned_abs()))
}

/// Returns whether a process is a Postgres of this directory; `None` if that can't be determined.
fn works_in(id: i32, pgdata: &Path) -> Option<bool> {
    if cfg!(target_os = "linux") {
        // All processes of Postgres work in their data directory.
        return match fs::read_link(format!("/proc/{id}/cwd")) {
            Ok(cwd) => Some(cwd == pgdata),
            Err(error) => (error.kind() == ErrorKind::NotFound).then_some(false),
        };
    }
    let ps = Command::new("/bin/ps").args(["-ww", "-o", "command=", "-p", &id.to_string()]).output().ok()?;
    Some(String::from_utf8_lossy(&ps.stdout).contains(&format!("postgres -D {} ", pgdata.display())))
}
