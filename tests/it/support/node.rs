//! Packages of npm that tests use.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest as _, Sha256};

/// Installs the packages of `tests/<name>` once for each version of their lock file, beside what cargo builds; returns the
/// directory. Where there is no node the tests fail: `scripts/prepare.sh tests` gets it.
pub(crate) fn installed(name: &str) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name);
    let lock = fs::read(source.join("package-lock.json")).unwrap();
    let version = hex::encode(&Sha256::digest(lock)[..8]);
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{version}"));
    if !place.exists() {
        let new = place.with_extension(std::process::id().to_string());
        fs::create_dir_all(&new).unwrap();
        for file in ["package.json", "package-lock.json"] {
            fs::copy(source.join(file), new.join(file)).unwrap();
        }
        let installed = Command::new("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(&new)
            .output()
            .unwrap_or_else(|error| panic!("npm: {error}: get it by scripts/prepare.sh tests"));
        let story = String::from_utf8_lossy(&installed.stderr);
        assert!(installed.status.success(), "{name} can't be installed: {story}");
        // Renamed only when complete; another run may have been first.
        if fs::rename(&new, &place).is_err() {
            fs::remove_dir_all(&new).unwrap();
        }
    }
    place
}
