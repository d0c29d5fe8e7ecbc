//! The ballots of a submission as a sheet. Choices that are sealed for the caller are left out, as in the submission itself.

use uuid::Uuid;

use super::{Export, SheetRow};
use crate::app::caller::Caller;
use crate::app::submissions::as_seen;
use crate::app::{App, Result};
use crate::db::submissions::NamedBallot;
use crate::db::{self, Conn, QueryResult};
use crate::domain::refusal::RefusalCode;
use crate::domain::text::Language;
use crate::render::sheet::{Cell, Sheet, Width};

/// The ballots of a submission, for a user who reads them.
#[derive(Debug, Clone, Copy)]
pub struct VoteFilter {
    submission_id: Uuid,
    reader: Uuid,
}

impl SheetRow for NamedBallot {
    type Filter = VoteFilter;
    type Order = ();

    fn sheet(language: Language) -> Sheet<Self> {
        Sheet::<Self>::new(language, "Votes", "الأصوات")
            .column("member", ("Member", "العضو"), Width::Wide, |b, reader| reader.name(&b.member.name))
            .column("choice", ("Choice", "الصوت"), Width::Wide, |b, reader| {
                b.ballot.choice.map_or(Cell::Empty, |choice| reader.word(choice))
            })
            .column("votedAt", ("Voted at", "وقت التصويت"), Width::Usual, |b, reader| {
                reader.time_if_any(b.ballot.voted_at)
            })
            .column("comment", ("Comment", "التعليق"), Width::Text, |b, _| {
                b.ballot.comment.clone().into()
            })
            .text("reason", ("Reason of the recusal", "سبب التنحي"), Width::Wide, |b| {
                b.ballot.reason.as_ref()
            })
            .column("absentSince", ("Absent since", "غائب منذ"), Width::Usual, |b, reader| {
                reader.time_if_any(b.ballot.absent_since)
            })
            .column("memberId", ("Member id", "معرّف العضو"), Width::Id, |b, _| {
                b.ballot.member_id.into()
            })
    }

    fn id(&self) -> Uuid {
        self.ballot.member_id
    }

    async fn ids(conn: &Conn, task_force_id: Uuid, filter: &VoteFilter, (): &()) -> QueryResult<Vec<Uuid>> {
        let ballots = db::submissions::ballots(conn, task_force_id, filter.submission_id).await?;
        Ok(ballots.iter().map(|named| named.ballot.member_id).collect())
    }

    async fn with_ids(
        conn: &Conn,
        task_force_id: Uuid,
        filter: &VoteFilter,
        ids: &[Uuid],
    ) -> QueryResult<Vec<Self>> {
        let VoteFilter { submission_id, reader } = *filter;
        let (submission, mut ballots) = tokio::try_join!(
            db::submissions::find(conn, task_force_id, submission_id),
            db::submissions::ballots(conn, task_force_id, submission_id),
        )?;
        // All ballots tell who has voted, also those of another slice.
        let Some(submission) = submission else { return Ok(Vec::new()) };
        ballots = as_seen(&submission, ballots, reader).0;
        ballots.retain(|named| ids.contains(&named.ballot.member_id));
        Ok(ballots)
    }
}

impl App {
    /// The ballots of a submission, for a sheet.
    ///
    /// # Errors
    /// As [`App::read`]; `notFound`.
    pub async fn votes_export(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        submission_id: Uuid,
        wording: (Option<Language>, bool),
    ) -> Result<Export<NamedBallot>> {
        let find = async |conn: &Conn| db::submissions::find(conn, task_force_id, submission_id).await;
        let (_, submission) = self.read(caller, task_force_id, find).await?;
        submission.ok_or(RefusalCode::NotFound)?;
        let filter = VoteFilter { submission_id, reader: caller.user_id };
        self.export(caller, task_force_id, (filter, &()), wording).await
    }
}
