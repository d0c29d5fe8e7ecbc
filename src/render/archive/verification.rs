//! Verifies an archive without a database: each member against the manifest, the event chain, and each content against
//! the hash in its row.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{Read, Seek};

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::reader::{ArchiveError, ArchiveReader, Member, Result};
use super::{ArchivedHead, Manifest, PEOPLE, README, table_of};
use crate::domain::archive::Content;
use crate::domain::audit::{Break, ChainVerifier, StoredEvent, StoredHead};
use crate::domain::vocabulary::Vocabulary as _;

/// The result of a verification.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// The members whose content is the one of the manifest.
    pub members: usize,
    /// The events that follow each other.
    pub events: i64,
    /// The contents whose hash is the one of their row.
    pub contents: usize,
    /// The number of defects.
    pub defects: usize,
}

/// Verifies an archive, and reports each defect.
///
/// # Errors
/// An archive that can no longer be read. What is merely wrong is a defect.
pub fn verify<R: Read + Seek>(archive: &mut ArchiveReader<R>, report: impl FnMut(&str)) -> Result<Verified> {
    let paths: Vec<String> = archive.manifest().files.iter().map(|file| file.path.clone()).collect();
    let mut verification = Verification {
        task_force_id: archive.manifest().contents.task_force.id,
        chain: Some(ChainVerifier::default()),
        heads: Vec::new(),
        counts: BTreeMap::new(),
        named: HashSet::new(),
        files_of_evidence: HashMap::new(),
        contents_of_evidence: HashMap::new(),
        verified: Verified::default(),
        report,
    };
    for path in &paths {
        verification.verify_member(archive, path)?;
    }
    verification.verify_whole(archive);
    Ok(verification.verified)
}

/// An event as a row has it.
#[derive(Deserialize)]
struct EventRow {
    task_force_id: Uuid,
    seq: i64,
    id: Uuid,
    at: DateTime<Utc>,
    actor_id: Option<Uuid>,
    action: String,
    subject_kind: String,
    subject_id: Uuid,
    body: String,
    previous_hash: String,
    hash: String,
}

impl From<EventRow> for StoredEvent {
    fn from(row: EventRow) -> Self {
        // A hash that is no hexadecimal number is none that any event has.
        let bytes = |hash: &str| hex::decode(hash).unwrap_or_default();
        Self {
            task_force_id: row.task_force_id,
            seq: row.seq,
            id: row.id,
            at: row.at,
            actor_id: row.actor_id,
            action: row.action,
            subject_kind: row.subject_kind,
            subject_id: row.subject_id,
            body: row.body,
            previous_hash: bytes(&row.previous_hash),
            hash: bytes(&row.hash),
        }
    }
}

/// The head as a row has it.
#[derive(Deserialize)]
struct HeadRow {
    seq: i64,
    hash: String,
}

/// A piece of evidence as a row has it.
#[derive(Deserialize)]
struct EvidenceRow {
    id: Uuid,
    media_type: Option<String>,
    sha256: Option<String>,
    size: Option<u64>,
    /// Archives of earlier versions have no removed files.
    #[serde(default)]
    file_removed_at: Option<DateTime<Utc>>,
}

/// The file of evidence as a row has it.
#[derive(Deserialize)]
struct EvidenceContentRow {
    evidence_id: Uuid,
    content: String,
}

struct Verification<F> {
    task_force_id: Uuid,
    /// The chain so far; `None` after its first break.
    chain: Option<ChainVerifier>,
    heads: Vec<ArchivedHead>,
    counts: BTreeMap<String, u64>,
    /// The paths that rows name.
    named: HashSet<String>,
    /// Hash and size of the file of each piece of evidence that has one.
    files_of_evidence: HashMap<Uuid, (String, u64)>,
    /// The path of the file of each piece of evidence.
    contents_of_evidence: HashMap<Uuid, String>,
    verified: Verified,
    report: F,
}

impl<F: FnMut(&str)> Verification<F> {
    fn defect(&mut self, defect: &str) {
        self.verified.defects += 1;
        (self.report)(defect);
    }

    /// Verifies a member, and takes up what its rows say.
    fn verify_member<R: Read + Seek>(&mut self, archive: &mut ArchiveReader<R>, path: &str) -> Result<()> {
        let rows = if path == PEOPLE { Some("users") } else { table_of(path) };
        let result = match rows {
            Some(table) => self.verify_rows(archive, path, table),
            None => archive.member(path).and_then(Member::finish),
        };
        match result {
            Ok(()) => {
                self.verified.members += 1;
                Ok(())
            }
            Err(defect @ ArchiveError::Member { .. }) => {
                self.defect(&defect.to_string());
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Verifies the rows of a table.
    fn verify_rows<R: Read + Seek>(
        &mut self,
        archive: &mut ArchiveReader<R>,
        path: &str,
        table: &str,
    ) -> Result<()> {
        let mut contents = Vec::new();
        let mut member = archive.member(path)?;
        let (mut line, mut count) = (String::new(), 0_u64);
        while member.next_line(&mut line)? {
            count += 1;
            match self.verify_row(table, &line) {
                Ok(content) => contents.extend(content),
                Err(defect) => self.defect(&format!("{path}: line {count}: {defect}")),
            }
        }
        member.finish()?;
        self.counts.insert(table.to_owned(), count);
        for InRow { path: content, hash } in contents {
            match archive.file(&content) {
                None => self.defect(&format!("{path}: the archive has no member {content:?}")),
                Some(file) if hash.is_some_and(|hash| hash != file.sha256) => {
                    self.defect(&format!("{content}: the content does not have the hash that its row names"));
                }
                Some(_) => self.verified.contents += 1,
            }
            if !self.named.insert(content) {
                self.defect(&format!("{path}: two rows name the same member"));
            }
        }
        Ok(())
    }

    /// Verifies a row as far as the row tells, and returns the content that it names.
    fn verify_row(&mut self, table: &str, line: &str) -> std::result::Result<Option<InRow>, String> {
        let no_row = |error: serde_json::Error| error.to_string();
        let row: Map<String, Value> = serde_json::from_str(line).map_err(no_row)?;
        if table == "users" {
            let is_person = row.len() == 2 && row.contains_key("id") && row.contains_key("name");
            return if is_person {
                Ok(None)
            } else {
                Err("a person has other fields than id and name".to_owned())
            };
        }
        let owner = row.get(if table == "task_forces" { "id" } else { "task_force_id" });
        if owner.and_then(Value::as_str) != Some(&self.task_force_id.to_string()) {
            return Err("the row belongs to another task force".to_owned());
        }
        let row = Value::Object(row);
        match table {
            "events" => self.verify_event(serde_json::from_value(row).map_err(no_row)?)?,
            "task_force_heads" => {
                let HeadRow { seq, hash } = serde_json::from_value(row).map_err(no_row)?;
                self.heads.push(ArchivedHead { seq, hash });
            }
            "evidence" => {
                let row: EvidenceRow = serde_json::from_value(row).map_err(no_row)?;
                if row.media_type.is_some() && row.file_removed_at.is_none() {
                    let file = row.sha256.zip(row.size).ok_or("a file has no hash or no size")?;
                    self.files_of_evidence.insert(row.id, file);
                }
            }
            "evidence_contents" => {
                let row: EvidenceContentRow = serde_json::from_value(row).map_err(no_row)?;
                self.contents_of_evidence.insert(row.evidence_id, row.content.clone());
                return Ok(Some(InRow { path: row.content, hash: None }));
            }
            _ => {
                if let Some(content) = Content::of(table) {
                    let text = |column: &str| row.get(column).and_then(Value::as_str).map(str::to_owned);
                    let path = text(content.column).ok_or("the row names no content")?;
                    let hash = content.hash.and_then(text).ok_or("the row has no hash")?;
                    return Ok(Some(InRow { path, hash: Some(hash) }));
                }
            }
        }
        Ok(None)
    }

    /// Verifies that an event follows the one before. After the first break, nothing more can be said.
    fn verify_event(&mut self, row: EventRow) -> std::result::Result<(), String> {
        let Some(chain) = &mut self.chain else { return Ok(()) };
        match chain.verify_next(&row.into()) {
            Ok(()) => {
                self.verified.events = chain.seq;
                Ok(())
            }
            Err(broken) => {
                self.chain = None;
                Err(told(&broken))
            }
        }
    }

    /// Verifies what only all members together tell.
    fn verify_whole<R: Read + Seek>(&mut self, archive: &ArchiveReader<R>) {
        let Manifest { contents, files } = archive.manifest();
        if self.counts != contents.counts {
            self.defect("the manifest names other tables, or other numbers of rows");
        }
        if self.heads != [contents.head.clone()] {
            self.defect("the manifest names another head than the row of the task force");
        }
        if let Some(chain) = self.chain.take() {
            let hash = hex::decode(&contents.head.hash).unwrap_or_default();
            let head = StoredHead { seq: contents.head.seq, hash, highest: chain.seq };
            if let Err(broken) = chain.check_head(&head) {
                self.defect(&told(&broken));
            }
        }
        for (id, (hash, size)) in std::mem::take(&mut self.files_of_evidence) {
            let file = self.contents_of_evidence.remove(&id).and_then(|path| archive.file(&path));
            match file {
                None => self.defect(&format!("the file of the evidence {id} is missing")),
                Some(file) if (&file.sha256, file.bytes) != (&hash, size) => {
                    self.defect(&format!(
                        "{}: the file does not have the hash and the size of its evidence",
                        file.path
                    ));
                }
                Some(_) => {}
            }
        }
        for (id, path) in std::mem::take(&mut self.contents_of_evidence) {
            self.defect(&format!("{path}: the evidence {id} has no file"));
        }
        let is_content = |path: &str| {
            path != PEOPLE && table_of(path).is_none() && README.iter().all(|(readme, _)| *readme != path)
        };
        for file in files.iter().filter(|file| is_content(&file.path)) {
            if !self.named.contains(&file.path) {
                self.defect(&format!("{}: no row names the member", file.path));
            }
        }
    }
}

/// A content that a row names.
struct InRow {
    path: String,
    /// The hash of the content, if the row has it.
    hash: Option<String>,
}

fn told(broken: &Break) -> String {
    format!("the chain is broken at event {}: {}", broken.seq, broken.reason.label().en)
}
