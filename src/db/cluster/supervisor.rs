//! Keeps the postmaster up while its owner lives, and ends it when the owner ends, however that happens.
//!
//! The supervisor is a shell between us and the postmaster. It is held by `std` handles, not tokio's, so that a
//! cluster in a `static` outlives the runtime of the test that happened to start it; for the same reason it is the
//! shell, not one of our tasks, that starts a dead postmaster again. (If the shell is killed, alone or with its owner,
//! the postmaster stays up for now: [`end_leftover`], in the next stop or start, ends it.)

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

/// How long a shutdown may take, its checkpoint included.
const STOP_LIMIT: Duration = Duration::from_secs(30);
const SHELL: &str = "/bin/sh";

/// Runs the postmaster as its child for as long as the owner holds the other end of its stdin.
///
/// The kernel closes that pipe whatever the owner dies of, `kill -9` included; no signal handler and no `Drop` could
/// promise that. The first line on stdin says that the owner has seen the server answer. From then on a postmaster
/// that ends unasked is started again: at once, or after 1 or 2 s if it did not live for 10. Before, its end is the
/// supervisor's end, so that the owner learns of it without delay.
///
/// The stop signal is repeated, because one that comes before Postgres has installed its handlers is lost: a shell
/// starts its background commands with SIGINT ignored. Paths come as arguments and are never part of the script.
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

/// The shell that runs [`SCRIPT`]. Dropping it closes the pipe.
#[derive(Debug)]
pub(super) struct Supervisor {
    child: Child,
    owner: Option<ChildStdin>,
}

impl Supervisor {
    /// Starts the postmaster, whose words go to the log; `remove` is what to remove when it has stopped for good.
    pub(super) fn start(
        account: &Account,
        log: &Path,
        remove: Option<&Path>,
        postmaster: &[OsString],
    ) -> Result<Self, ClusterError> {
        let out = private_file().append(true).open(log).map_err(at(log))?;
        // Of data that will be removed nothing is worth a checkpoint: an immediate shutdown does.
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

    /// From now on the postmaster is started again if it dies.
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

/// Ends a postmaster that an instance before us left behind. As we hold the lock, nobody uses it any more; mostly
/// its supervisor is stopping it already, and our signal changes nothing.
pub(super) async fn end_leftover(pgdata: &Path) -> Result<(), ClusterError> {
    let file = pgdata.join("postmaster.pid");
    let mut last = 0;
    for (signal, limit) in [(Signal::SIGINT, STOP_LIMIT), (Signal::SIGQUIT, STOP_LIMIT / 3)] {
        let end = Instant::now() + limit;
        let mut told = false;
        while Instant::now() < end {
            let text = fs::read_to_string(&file).unwrap_or_default();
            let id =
                text.lines().next().and_then(|line| line.trim().parse::<i32>().ok()).filter(|id| *id > 1);
            // A process that is gone, or another user's, Postgres itself takes for a stale file.
            let Some(id) = id.filter(|id| kill(Pid::from_raw(*id), None).is_ok()) else {
                return Ok(());
            };
            match works_in(id, pgdata) {
                Some(true) => {
                    if !told {
                        tracing::info!(pid = id, %signal, "stopping the Postgres that an earlier instance left");
                        told = kill(Pid::from_raw(id), signal).is_ok();
                    }
                }
                // The number belongs to another process now, or to a corpse that nobody has buried, and Postgres
                // would refuse to start. Removing the file is safe: what protects backends that still run is, since
                // version 12, their shared memory, with or without it.
                Some(false) => return fs::remove_file(&file).map_err(at(&file)),
                None => return Ok(()),
            }
            last = id;
            sleep(Duration::from_millis(20)).await;
        }
    }
    Err(ClusterError::DidNotStop(last.unsigned_abs()))
}

/// Whether this process is a Postgres of this directory, if we can tell.
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
