//! The tutorial of the README, as its readers type it.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::architecture::root;
use crate::support::service::{Service, data_dir, program};

/// The commands of the tutorial.
fn tutorial() -> String {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (_, tutorial) = readme.split_once("## Tutorial").unwrap();
    let (_, commands) = tutorial.split_once("```sh\n").unwrap();
    commands.split_once("```").unwrap().0.to_owned()
}

#[tokio::test]
async fn the_tutorial_can_be_followed_twice() {
    let dir = data_dir();
    let data = dir.path().join(".taskforce");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, Permissions::from_mode(0o711)).unwrap();
    let service = Service::start(program(&data).arg("demo"));
    let commands = tutorial();
    assert!(commands.contains("http://127.0.0.1:8080/v1"), "{commands}");
    let commands = commands.replace("http://127.0.0.1:8080/v1", &format!("{}/v1", service.url));
    for time in ["once", "twice"] {
        let mut shell = Command::new("bash");
        shell.args(["-euo", "pipefail", "-c", &commands]).current_dir(dir.path());
        let ended = shell.output().expect("bash, with curl and jq (scripts/prepare.sh tests)");
        let (printed, complaint) =
            (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
        assert!(ended.status.success(), "{time}: {complaint}\n{printed}");
        // The illegal transition is the only problem.
        assert_eq!(printed.matches("\"requestId\"").count(), 1, "{time}: {printed}");
        assert_eq!(printed.matches("transitionNotAllowed").count(), 2, "{time}: {printed}");
        assert_eq!(printed.matches("\"accessToken\"").count(), 2, "{time}: {printed}");
        for shown in ["HTTP/1.1 201", "\"blockedFrom\"", "Moved to another post", "activity.transitioned"] {
            assert!(printed.contains(shown), "{time}: {shown} is missing in {printed}");
        }
        for (file, beginning) in [("report.pdf", "%PDF-"), ("activities.xlsx", "PK"), ("archive.zip", "PK")] {
            let written = fs::read(dir.path().join(file)).unwrap();
            assert!(written.starts_with(beginning.as_bytes()), "{time}: {file} has {} bytes", written.len());
        }
    }
}
