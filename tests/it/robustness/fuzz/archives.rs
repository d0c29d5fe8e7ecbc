//! Archives: whatever the bytes are, the reader ends without a panic, and an archive that verifies is the one that was
//! made.

use std::collections::BTreeMap;
use std::io::Cursor;

use serde_json::{Value, json};
use taskforce::render::archive::reader::ArchiveReader;
use taskforce::render::archive::verification::verify;

use super::{fuzz, junk};
use crate::support::TestApp;
use crate::support::archive::{Members, download};
use crate::support::evidence::{new_evidence, new_policy, uploaded};
use crate::support::random::Rng;

/// The members of an archive that opens, and verifies without a defect.
fn verified(bytes: Vec<u8>) -> Option<BTreeMap<String, Vec<u8>>> {
    let mut archive = ArchiveReader::open(Cursor::new(bytes)).ok()?;
    let mut told = 0;
    let verified = verify(&mut archive, |_defect| told += 1).ok()?;
    assert_eq!(verified.defects, told);
    if told > 0 {
        return None;
    }
    let paths: Vec<_> = archive.manifest().files.iter().map(|file| file.path.clone()).collect();
    let content = |path: String| {
        let content = archive.member(&path).unwrap().read_whole().unwrap();
        (path, content)
    };
    Some(paths.into_iter().map(content).collect())
}

/// A manifest with a value of another kind, or without one, somewhere.
fn distort(rng: &mut Rng, value: &mut Value) {
    match value {
        Value::Object(fields) if !fields.is_empty() && rng.percent(80) => {
            let names: Vec<_> = fields.keys().cloned().collect();
            let name = rng.pick(&names);
            if rng.percent(20) { drop(fields.remove(name)) } else { distort(rng, &mut fields[name]) }
        }
        Value::Array(items) if !items.is_empty() && rng.percent(80) => {
            let at = rng.below(items.len());
            if rng.percent(20) { drop(items.remove(at)) } else { distort(rng, &mut items[at]) }
        }
        other => {
            *other = serde_json::from_str(&junk::json(rng, &["path", "bytes", "sha256", "seq"], 2))
                .unwrap_or(json!(u64::MAX));
        }
    }
}

#[tokio::test]
async fn fuzz_archives() {
    let app = TestApp::start().await;
    let policy = new_policy(&app).await;
    uploaded(&app, &new_evidence(&app, "policy", policy.id(), json!({})).await).await;
    let mut archive = download(app.as_secretariat(), app.a("/archive")).await;
    let (manifest, members) = (archive.manifest(), Members::of(&mut archive));
    let whole = members.packed(&manifest);
    let original: BTreeMap<_, _> = members.0.iter().cloned().collect();
    assert_eq!(verified(whole.clone()).as_ref(), Some(&original));
    fuzz("archives", async |rng| match rng.below(3) {
        // Bytes of the file.
        0 => {
            let bytes = if rng.percent(50) {
                junk::mutated(rng, &whole)
            } else {
                // The directory, which is read without a checksum.
                let (head, tail) = whole.split_at(whole.len() - whole.len().min(1 + rng.below(4000)));
                [head.to_vec(), junk::mutated(rng, tail)].concat()
            };
            if let Some(read) = verified(bytes) {
                assert_eq!(read, original);
            }
        }
        // The manifest.
        1 => {
            let mut distorted = manifest.clone();
            distort(rng, &mut distorted);
            if let Some(read) = verified(members.packed(&distorted)) {
                assert_eq!(read, original);
            }
        }
        // Rows, under a manifest that fits.
        _ => {
            let mut changed = Members(members.0.clone());
            let at = rng.below(changed.0.len());
            let content = &mut changed.0[at].1;
            *content = junk::mutated(rng, content);
            // What no hash concerns can be changed by a person who makes another manifest.
            verified(changed.packed(&changed.fitted(&manifest)));
        }
    })
    .await;
}
