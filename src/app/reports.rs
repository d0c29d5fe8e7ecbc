//! Reports: the account to the council, as of a moment.

use uuid::Uuid;

use super::caller::{Access, Caller};
use super::submissions::supersede_old_drafts;
use super::{App, Error, Result, resource};
use crate::db;
use crate::db::page::{Page, Window};
use crate::db::reports::{Draft, Report, ReportFilter, ReportInputs, ReportWithContent};
use crate::domain::decision::{DecisionOutcome, Ruling};
use crate::domain::event::{EventAction, NewEvent, SubjectKind};
use crate::domain::evidence::EvidenceSubjectKind;
use crate::domain::refusal::{Refusal, RefusalCode};
use crate::domain::report::{
    self, ReportAsked, ReportCommand, ReportControl, ReportModel, ReportPeriod, ReportPerson,
};
use crate::domain::rights::Action;
use crate::domain::step::StepName;
use crate::domain::text::LocalizedText;
use crate::domain::writing::Write;

/// The chair's part of a report. The service adds the rest.
#[derive(Debug, Clone)]
pub struct NewReport {
    /// The recommended decision.
    pub recommendation: DecisionOutcome,
    /// The step to be done again; with `adjust` only.
    pub return_to: Option<StepName>,
    /// A short explanation.
    pub summary: LocalizedText,
}

impl NewReport {
    /// Requires a step with `adjust`, and refuses one otherwise.
    fn check(&self) -> Result<()> {
        match Ruling::new(self.recommendation, self.return_to) {
            Ok(_) => Ok(()),
            Err(error) => Err(Refusal::field_errors(RefusalCode::InvalidRequest, vec![error]).into()),
        }
    }
}

/// A report as a caller sees it.
#[derive(Debug)]
pub struct ReportView {
    pub written: ReportWithContent,
    /// Tells whether the caller can record the decision of the council on the report.
    pub can_decide: bool,
    /// Tells whether the caller can add evidence about the report.
    pub can_add_evidence: bool,
}

impl ReportView {
    fn new(written: ReportWithContent, access: &Access) -> Self {
        let is_decidable = written.report.state.transition(ReportCommand::Decide).is_ok();
        Self {
            can_decide: is_decidable && access.can(Action::RecordDecision, Write::Decision),
            can_add_evidence: access.can_add_evidence(EvidenceSubjectKind::Report),
            written,
        }
    }
}

impl App {
    /// Creates a report on the current cycle, as of now. A report never changes; later changes need a new one.
    ///
    /// # Errors
    /// `invalidRequest` if recommendation and step do not go together; the errors of
    /// [`may_write`](super::write::WriteTx::may_write).
    pub async fn report_create(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        new: NewReport,
    ) -> Result<ReportView> {
        new.check()?;
        self.write(caller, task_force_id, Action::Lead, async |tx| {
            let (conn, now) = (tx.conn(), tx.now());
            let cycle = resource::cycle_of_open_step(tx, StepName::Report).await?;
            let chair = tx.access.seat(Action::Lead)?;
            let inputs = db::reports::inputs(conn, task_force_id, cycle, chair).await?;
            // A period does not end before it begins, also if the clock was put back in between.
            let since = inputs.reported_at.unwrap_or(inputs.opened_at).min(now);
            let (parts, earlier) = tokio::try_join!(
                db::report_data::load(conn, task_force_id, cycle, now, inputs.reported_seq),
                db::reports::last_submitted(conn, task_force_id),
            )?;
            let earlier: Option<ReportModel> =
                earlier.map(|model| serde_json::from_str(&model)).transpose().map_err(Error::internal)?;
            let changes = earlier.map(|earlier| report::changes(&earlier, cycle, &parts));

            let NewReport { recommendation, return_to, summary } = new;
            let ReportInputs { name, city, time_zone, author, previous, highest, head_hash, .. } = inputs;
            let number = highest.unwrap_or(0) + 1;
            let control = ReportControl {
                number,
                task_force_id,
                name,
                city,
                time_zone: Some(time_zone),
                cycle,
                as_of: now,
                period: ReportPeriod { from: since, to: now },
                author: ReportPerson { member_id: chair, name: author },
                supersedes: previous,
                last_seq: tx.access.seq,
                head_hash: hex::encode(head_hash),
            };
            let request = ReportAsked { recommendation, return_to_step: return_to, summary: summary.clone() };
            let model =
                report::compose(&control, &request, changes.as_ref(), &parts).map_err(Error::internal)?;
            self.content_rate.count(task_force_id, model.len())?;
            let draft = Draft {
                number,
                cycle,
                recommendation,
                return_to_step: return_to,
                summary,
                hash: report::hash(&model).to_vec(),
                model,
                seq: tx.access.seq,
                member_id: chair,
            };
            let report = db::reports::insert(conn, task_force_id, tx.new_id(), &draft, now).await?;
            tx.record(
                NewEvent::new(EventAction::ReportCreated, SubjectKind::Report, report.id)
                    .with_change("number", None::<()>, number)
                    .with_change("recommendation", None::<()>, recommendation)
                    .with_change("returnToStep", None::<()>, return_to)
                    .with_change("hash", None::<()>, hex::encode(&report.hash)),
            );
            supersede_old_drafts(tx, cycle).await?;
            Ok(ReportView::new(ReportWithContent { report, model: draft.model }, &tx.access))
        })
        .await
    }

    /// One report with its content.
    ///
    /// # Errors
    /// As [`App::read`]; `notFound`.
    pub async fn report_get(&self, caller: &Caller, task_force_id: Uuid, number: i32) -> Result<ReportView> {
        let (access, report) = self
            .read(caller, task_force_id, async |conn| db::reports::find(conn, task_force_id, number).await)
            .await?;
        Ok(ReportView::new(report.ok_or(RefusalCode::NotFound)?, &access))
    }

    /// A page of reports, newest first.
    ///
    /// # Errors
    /// As [`App::read`].
    pub async fn reports_list(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        filter: &ReportFilter,
        before: Option<i32>,
        window: Window,
    ) -> Result<Page<Report>> {
        let (_, page) = self
            .read(caller, task_force_id, async |conn| {
                db::reports::list(conn, task_force_id, filter, before, window).await
            })
            .await?;
        Ok(page)
    }
}
