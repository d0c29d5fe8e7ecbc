//! Finds the programs of Postgres and creates a cluster with them, whole or not at all.

use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::account::{Account, output, write_private};
use super::{ClusterError, NAME, at, last_lines};

/// The oldest major version that the schema is tested with.
pub(super) const MIN_MAJOR_VERSION: u32 = 14;

/// Finds the directory of the programs. Existing data need the programs of their own major version.
pub(super) async fn find(pgdata: &Path) -> Result<PathBuf, ClusterError> {
    let wanted = fs::read_to_string(pgdata.join("PG_VERSION")).ok().and_then(|text| major(&text));
    let mut seen = Vec::new();
    for dir in places() {
        if !dir.join("initdb").is_file() || !dir.join("postgres").is_file() {
            continue;
        }
        let mut ask = Command::new(dir.join("postgres"));
        ask.arg("--version");
        let answer = output(ask).await.ok();
        let Some(found) = answer.and_then(|answer| major(&String::from_utf8_lossy(&answer.stdout))) else {
            continue;
        };
        if wanted.map_or(found >= MIN_MAJOR_VERSION, |wanted| wanted == found) {
            return Ok(dir);
        }
        seen.push(format!("{found} in {}", dir.display()));
    }
    let seen =
        if seen.is_empty() { "there is none".to_owned() } else { format!("there is {}", seen.join(", ")) };
    Err(match wanted {
        Some(wanted) => ClusterError::OtherVersion { pgdata: pgdata.to_path_buf(), wanted, seen },
        None => ClusterError::NoServer { seen },
    })
}

/// The directory in the setting alone; else those on `PATH`, then those of package managers, the newest first.
fn places() -> Vec<PathBuf> {
    if let Some(dir) = std::env::var_os("TASKFORCE_PG_BIN_DIR") {
        return vec![dir.into()];
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let programs = std::env::split_paths(&path).flat_map(|dir| [dir.join("initdb"), dir.join("postgres")]);
    let on_path = programs.filter_map(|program| Some(program.canonicalize().ok()?.parent()?.to_path_buf()));
    let packaged = [
        ("/usr/lib/postgresql", ""),
        ("/opt/homebrew/opt", "postgresql@"),
        ("/usr/local/opt", "postgresql@"),
        ("/usr", "pgsql-"),
    ];
    let mut places: Vec<PathBuf> =
        on_path.chain(packaged.into_iter().flat_map(|(parent, name)| versions(parent, name))).collect();
    places.dedup();
    places
}

/// `<parent>/<name><version>/bin`, the newest first.
fn versions(parent: &str, name: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let numbered = entries.filter_map(|entry| {
        let version: u32 = entry.file_name().to_str()?.strip_prefix(name)?.parse().ok()?;
        Some((version, entry.path().join("bin")))
    });
    let mut found: Vec<(u32, PathBuf)> = numbered.collect();
    found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    found.into_iter().map(|(_, bin)| bin).collect()
}

/// The first whole number: of `postgres (PostgreSQL) 15.13 (Debian 15.13-1)`, of `18beta1`, of the file `PG_VERSION`.
fn major(text: &str) -> Option<u32> {
    text.split(|letter: char| !letter.is_ascii_digit()).find(|digits| !digits.is_empty())?.parse().ok()
}

/// Removes the remains of an `initdb` that was killed.
pub(super) fn sweep(home: &Path) -> Result<(), ClusterError> {
    for entry in fs::read_dir(home).map_err(at(home))?.flatten() {
        let path = entry.path();
        if !entry.file_name().as_bytes().starts_with(b"initdb-") {
            continue;
        }
        // This fails while an orphaned `initdb` is still at work; the next start tries again.
        if let Err(error) = fs::remove_dir_all(&path) {
            tracing::debug!(%error, path = %path.display(), "an unfinished initdb stays for now");
        }
    }
    Ok(())
}

/// Runs `initdb` beside its destination and renames the result into place, so that a `pgdata` that exists is whole.
pub(super) async fn init(
    programs: &Path,
    account: &Account,
    home: &Path,
    password: &SecretString,
    throwaway: bool,
) -> Result<(), ClusterError> {
    let staging = account.private_dir(&home.join(format!("initdb-{}", Uuid::new_v4().simple())))?;
    let [made, secret, pgdata] = [staging.join("pgdata"), staging.join("password"), home.join("pgdata")];
    write_private(&secret, password.expose_secret())?;
    account.give(&secret)?;

    let mut errors = String::new();
    // Text is ordered by bytes, which is the same everywhere; but pg_trgm finds Arabic words only if the character
    // type knows letters beyond ASCII.
    for letters in ["C.UTF-8", "en_US.UTF-8", "C"] {
        let mut initdb = account.command(programs.join("initdb"));
        initdb.arg("-D").arg(&made).arg("--pwfile").arg(&secret).args(["--username", NAME]);
        initdb.args(["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--lc-ctype", letters]);
        initdb.arg(if throwaway { "--no-sync" } else { "--data-checksums" });
        let Output { status, stderr, .. } = output(initdb).await?;
        if status.success() {
            fs::rename(&made, &pgdata).map_err(at(&pgdata))?;
            File::open(home).and_then(|home| home.sync_all()).map_err(at(home))?;
            return fs::remove_dir_all(&staging).map_err(at(&staging));
        }
        errors = last_lines(&stderr);
        if !errors.contains("locale") {
            break;
        }
    }
    Err(ClusterError::InitDb(errors))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_postgres_prints_them() {
        assert_eq!(major("postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)"), Some(15));
        assert_eq!(major("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(major("17\n"), Some(17));
        assert_eq!(major("no server"), None);
    }
}
