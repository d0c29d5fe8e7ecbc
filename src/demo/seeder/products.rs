//! The products of the steps: policies, sectors, pilots, migrations, and their evidence.

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::super::content::{
    Indicator, Link, Migration, Pilot, Policy, PolicyOutcome, Sector, Selection, Study, Text, text,
};
use crate::app::caller::Caller;
use crate::app::pilots::Evaluation;
use crate::app::resource::{Stateful, TransitionCommand};
use crate::app::{Error, Result};
use crate::db::assessments::{Assessment, AssessmentFields};
use crate::db::checklist_items::{ChecklistItem, ChecklistItemFields};
use crate::db::evidence::{Evidence, EvidenceFields};
use crate::db::indicators::{Indicator as StoredIndicator, IndicatorFields};
use crate::db::measurements::{Measurement, MeasurementFields};
use crate::db::migrations::{MigrationDetail, MigrationFields};
use crate::db::page::Window;
use crate::db::pilots::{PilotDetail, PilotFields};
use crate::db::policies::{PolicyDetail, PolicyFields};
use crate::db::sectors::{SectorDetail, SectorFields};
use crate::db::studies::{Study as StoredStudy, StudyFields};
use crate::demo::seeder::{SeededPilot, SeededTaskForce, Seeder, item};
use crate::domain::decimal::Decimal;
use crate::domain::evidence::{About, EvidenceSubjectKind};
use crate::domain::migration::MigrationState;
use crate::domain::pilot::PilotState;
use crate::domain::policy::PolicyState;
use crate::domain::sector::{AssessmentKind, SectorState};
use crate::domain::text::LocalizedText;

/// The payload of transitions that take no evaluation.
const NO_EVALUATION: Evaluation = Evaluation { outcome: None, lessons: None };

fn decimal(text: &str) -> Result<Decimal> {
    Decimal::parse(text).map_err(Error::internal)
}

fn indicator_fields(indicator: &Indicator) -> Result<IndicatorFields> {
    Ok(IndicatorFields {
        name: text(indicator.name),
        unit: indicator.unit.to_owned(),
        direction: indicator.direction,
        baseline: indicator.baseline.map(decimal).transpose()?,
        target: indicator.target.map(decimal).transpose()?,
        retirement_reason: None,
    })
}

impl Seeder {
    /// Moves a record to another state, as a member.
    async fn transition<N: Stateful>(
        &mut self,
        task_force: &SeededTaskForce,
        seat: usize,
        id: Uuid,
        to: N::State,
        reason: Option<LocalizedText>,
        payload: N::Payload,
    ) -> Result<()> {
        let member = self.member(task_force, seat).await?;
        let version = self.app.get::<N>(&member, task_force.id, (), id).await?.resource.version();
        self.app
            .transition::<N>(
                &member,
                task_force.id,
                id,
                version.into(),
                TransitionCommand { to, reason, payload },
            )
            .await?;
        Ok(())
    }

    /// Adds a link as evidence, as a member.
    pub(super) async fn add_evidence(
        &mut self,
        task_force: &SeededTaskForce,
        seat: usize,
        kind: EvidenceSubjectKind,
        id: Uuid,
        link: &Link,
    ) -> Result<()> {
        let member = self.member(task_force, seat).await?;
        self.link_evidence(&member, task_force, About { kind, id }, link).await
    }

    /// Adds a link as evidence. The documents are invented, so the hash is that of the URL.
    pub(super) async fn link_evidence(
        &mut self,
        caller: &Caller,
        task_force: &SeededTaskForce,
        subject: About<EvidenceSubjectKind>,
        link: &Link,
    ) -> Result<()> {
        let fields = EvidenceFields {
            subject,
            title: text(link.title),
            url: Some(link.url.to_owned()),
            sha256: Some(Sha256::digest(link.url).to_vec()),
        };
        self.app.create::<Evidence>(caller, task_force.id, (), fields).await?;
        Ok(())
    }

    /// Creates policies, as one member after the other.
    pub(in super::super) async fn create_policies(
        &mut self,
        task_force: &mut SeededTaskForce,
        policies: &[Policy],
    ) -> Result<()> {
        for (seat, policy) in policies.iter().enumerate() {
            let member = self.member(task_force, seat % task_force.seats.len()).await?;
            let fields = PolicyFields {
                title: text(policy.title),
                kind: policy.kind,
                description: Some(text(policy.description)),
                reference: policy.reference.map(str::to_owned),
                aims: policy.aims.to_vec(),
            };
            task_force.policies.push(
                self.app.create::<PolicyDetail>(&member, task_force.id, (), fields).await?.resource.policy.id,
            );
        }
        Ok(())
    }

    /// Puts policies under review and moves each to its final state.
    pub(in super::super) async fn decide_policies(
        &mut self,
        task_force: &SeededTaskForce,
        policies: &[Policy],
    ) -> Result<()> {
        for (policy, &id) in policies.iter().zip(&task_force.policies) {
            self.transition::<PolicyDetail>(task_force, 1, id, PolicyState::UnderReview, None, None).await?;
            if let PolicyOutcome::Rejected(reason) = policy.outcome {
                self.transition::<PolicyDetail>(
                    task_force,
                    0,
                    id,
                    PolicyState::Rejected,
                    Some(text(reason)),
                    None,
                )
                .await?;
                continue;
            }
            self.transition::<PolicyDetail>(task_force, 0, id, PolicyState::Adopted, None, None).await?;
            if let Some(evidence) = &policy.evidence {
                self.add_evidence(task_force, 1, EvidenceSubjectKind::Policy, id, evidence).await?;
            }
            if let PolicyOutcome::Superseded(by, reason) = policy.outcome {
                let by = *item(&task_force.policies, by)?;
                let reason = Some(text(reason));
                self.transition::<PolicyDetail>(task_force, 0, id, PolicyState::Superseded, reason, Some(by))
                    .await?;
            }
        }
        Ok(())
    }

    /// Puts an adopted policy under review again, changes its description and adds evidence, as a member. The chair
    /// adopts the policy anew.
    pub(in super::super) async fn improve_policy(
        &mut self,
        task_force: &SeededTaskForce,
        seat: usize,
        policy: usize,
        reason: Text,
        description: Text,
        evidence: &Link,
    ) -> Result<()> {
        let id = *item(&task_force.policies, policy)?;
        let reason = Some(text(reason));
        self.transition::<PolicyDetail>(task_force, seat, id, PolicyState::UnderReview, reason, None).await?;
        let member = self.member(task_force, seat).await?;
        let version =
            self.app.get::<PolicyDetail>(&member, task_force.id, (), id).await?.resource.policy.version;
        let improved = |fields| Ok(PolicyFields { description: Some(text(description)), ..fields });
        self.app.update::<PolicyDetail>(&member, task_force.id, (), id, version.into(), improved).await?;
        self.transition::<PolicyDetail>(task_force, 0, id, PolicyState::Adopted, None, None).await?;
        self.add_evidence(task_force, seat, EvidenceSubjectKind::Policy, id, evidence).await
    }

    /// Creates candidate sectors.
    pub(in super::super) async fn create_sectors(
        &mut self,
        task_force: &mut SeededTaskForce,
        sectors: &[Sector],
    ) -> Result<()> {
        for sector in sectors {
            let member = self.member(task_force, sector.seat).await?;
            let fields = SectorFields { name: text(sector.name), rationale: Some(text(sector.rationale)) };
            task_force.sectors.push(
                self.app.create::<SectorDetail>(&member, task_force.id, (), fields).await?.resource.sector.id,
            );
        }
        Ok(())
    }

    /// Selects sectors, or doesn't, as the chair, and assesses the maturity of the selected ones.
    pub(in super::super) async fn select_sectors(
        &mut self,
        task_force: &SeededTaskForce,
        sectors: &[Sector],
    ) -> Result<()> {
        for (sector, &id) in sectors.iter().zip(&task_force.sectors) {
            let (to, reason) = match sector.selection {
                Selection::NotSelected(reason) => (SectorState::NotSelected, Some(text(reason))),
                Selection::Studied { .. } => (SectorState::Selected, None),
            };
            self.transition::<SectorDetail>(task_force, 0, id, to, reason, ()).await?;
            if let Selection::Studied { current, .. } = sector.selection {
                self.assess_sector(task_force, sector.seat, id, AssessmentKind::Current, current).await?;
            }
        }
        Ok(())
    }

    async fn assess_sector(
        &mut self,
        task_force: &SeededTaskForce,
        seat: usize,
        sector: Uuid,
        kind: AssessmentKind,
        (level, evidence): (i16, &str),
    ) -> Result<()> {
        let member = self.member(task_force, seat).await?;
        let assessed_on = self.app.clock.now().date_naive();
        let fields = AssessmentFields { kind, level, assessed_on, evidence: Some(evidence.to_owned()) };
        self.app.create::<Assessment>(&member, task_force.id, sector, fields).await?;
        Ok(())
    }

    /// Studies the selected sectors.
    pub(in super::super) async fn study_sectors(
        &mut self,
        task_force: &SeededTaskForce,
        sectors: &[Sector],
    ) -> Result<()> {
        for (sector, &id) in sectors.iter().zip(&task_force.sectors) {
            let Selection::Studied { target, study, .. } = &sector.selection else { continue };
            self.create_study(task_force, sector.seat, id, study).await?;
            self.assess_sector(task_force, sector.seat, id, AssessmentKind::Target, *target).await?;
            self.transition::<SectorDetail>(task_force, 0, id, SectorState::Studied, None, ()).await?;
        }
        Ok(())
    }

    async fn create_study(
        &mut self,
        task_force: &SeededTaskForce,
        seat: usize,
        sector: Uuid,
        study: &Study,
    ) -> Result<()> {
        let member = self.member(task_force, seat).await?;
        let fields = StudyFields {
            title: text(study.title),
            approach: study.approach.to_owned(),
            findings: Some(text(study.findings)),
            recommendation: Some(text(study.recommendation)),
            completed: true,
        };
        let id = self.app.create::<StoredStudy>(&member, task_force.id, sector, fields).await?.resource.id;
        match &study.evidence {
            Some(evidence) => {
                self.add_evidence(task_force, seat, EvidenceSubjectKind::Study, id, evidence).await
            }
            None => Ok(()),
        }
    }

    /// Creates pilots with their indicators, as their owners.
    pub(in super::super) async fn create_pilots(
        &mut self,
        task_force: &mut SeededTaskForce,
        pilots: &[Pilot],
    ) -> Result<()> {
        for pilot in pilots {
            let owner = self.member(task_force, pilot.owner).await?;
            let (first, last) = pilot.days;
            let fields = PilotFields {
                title: text(pilot.title),
                sector_id: *item(&task_force.sectors, pilot.sector)?,
                policy_id: pilot
                    .policy
                    .map(|index| item(&task_force.policies, index).copied())
                    .transpose()?,
                owner_member_id: task_force.member_id(pilot.owner)?,
                aims: pilot.aims.to_vec(),
                hypothesis: Some(pilot.hypothesis.to_owned()),
                start_date: self.date(first),
                end_date: self.date(last),
            };
            let id =
                self.app.create::<PilotDetail>(&owner, task_force.id, (), fields).await?.resource.pilot.id;
            let mut indicators = Vec::new();
            for indicator in pilot.indicators {
                let owner = self.member(task_force, pilot.owner).await?;
                let fields = indicator_fields(indicator)?;
                let created = self.app.create::<StoredIndicator>(&owner, task_force.id, id, fields).await?;
                indicators.push(created.resource.id);
            }
            task_force.pilots.push(SeededPilot { id, indicators });
        }
        Ok(())
    }

    /// Moves a pilot to another state, as its owner.
    pub(in super::super) async fn change_pilot_state(
        &mut self,
        task_force: &SeededTaskForce,
        pilots: &[Pilot],
        index: usize,
        to: PilotState,
    ) -> Result<()> {
        let (owner, id) = (item(pilots, index)?.owner, item(&task_force.pilots, index)?.id);
        self.transition::<PilotDetail>(task_force, owner, id, to, None, NO_EVALUATION).await
    }

    /// Records the measurements of a day, as the owners of the pilots.
    pub(in super::super) async fn record_measurements(
        &mut self,
        task_force: &SeededTaskForce,
        pilots: &[Pilot],
        day: i64,
    ) -> Result<()> {
        self.advance_to(day);
        for (pilot, seeded) in pilots.iter().zip(&task_force.pilots) {
            for (indicator, &id) in pilot.indicators.iter().zip(&seeded.indicators) {
                for (_, value, source) in indicator.measurements.iter().filter(|(on, ..)| *on == day) {
                    let owner = self.member(task_force, pilot.owner).await?;
                    let fields = MeasurementFields {
                        value: decimal(value)?,
                        measured_on: self.date(day),
                        source: Some((*source).to_owned()),
                    };
                    self.app.create::<Measurement>(&owner, task_force.id, (seeded.id, id), fields).await?;
                }
            }
        }
        Ok(())
    }

    /// Evaluates pilots, as their owners.
    pub(in super::super) async fn evaluate_pilots(
        &mut self,
        task_force: &SeededTaskForce,
        pilots: &[Pilot],
    ) -> Result<()> {
        for (pilot, seeded) in pilots.iter().zip(&task_force.pilots) {
            let Some((outcome, lessons)) = pilot.evaluation else { continue };
            let evaluation = Evaluation { outcome: Some(outcome), lessons: Some(text(lessons)) };
            let evaluated = PilotState::Evaluated;
            self.transition::<PilotDetail>(task_force, pilot.owner, seeded.id, evaluated, None, evaluation)
                .await?;
        }
        Ok(())
    }

    /// Creates a migration with its checklist, as a member.
    pub(in super::super) async fn create_migration(
        &mut self,
        task_force: &mut SeededTaskForce,
        seat: usize,
        migration: &Migration,
    ) -> Result<()> {
        let member = self.member(task_force, seat).await?;
        let fields = MigrationFields {
            pilot_id: item(&task_force.pilots, migration.pilot)?.id,
            title: text(migration.title),
            target_system: migration.target_system.to_owned(),
            planned_on: self.date(migration.planned_on),
            rollback_plan: Some(migration.rollback_plan.to_owned()),
            reconciliation_source: None,
            reconciliation_loaded: None,
            reconciliation_rejected: None,
            reconciliation_reason: None,
            receiving_unit: None,
            service_owner: None,
        };
        let id = self
            .app
            .create::<MigrationDetail>(&member, task_force.id, (), fields)
            .await?
            .resource
            .migration
            .id;
        for title in migration.checklist {
            let member = self.member(task_force, seat).await?;
            let fields = ChecklistItemFields { title: text(*title), done: false };
            self.app.create::<ChecklistItem>(&member, task_force.id, id, fields).await?;
        }
        task_force.migrations.push(id);
        Ok(())
    }

    /// Moves a migration to another state, as a member.
    pub(in super::super) async fn change_migration_state(
        &mut self,
        task_force: &SeededTaskForce,
        seat: usize,
        index: usize,
        to: MigrationState,
    ) -> Result<()> {
        self.transition::<MigrationDetail>(
            task_force,
            seat,
            *item(&task_force.migrations, index)?,
            to,
            None,
            (),
        )
        .await
    }

    /// Meets the conditions of `live` and of the handover: checklist, reconciliation counts, receiving unit.
    pub(in super::super) async fn prepare_go_live(
        &mut self,
        task_force: &SeededTaskForce,
        seat: usize,
        index: usize,
        migration: &Migration,
    ) -> Result<()> {
        let id = *item(&task_force.migrations, index)?;
        let member = self.member(task_force, seat).await?;
        let items =
            self.app.list::<ChecklistItem>(&member, task_force.id, id, &(), &None, Window::of(100)).await?;
        for item in items.items {
            let member = self.member(task_force, seat).await?;
            let done = |fields| Ok(ChecklistItemFields { done: true, ..fields });
            self.app
                .update::<ChecklistItem>(&member, task_force.id, id, item.id, item.version.into(), done)
                .await?;
        }
        let member = self.member(task_force, seat).await?;
        let version =
            self.app.get::<MigrationDetail>(&member, task_force.id, (), id).await?.resource.migration.version;
        let (source, loaded, rejected) = migration.counts;
        let reconciled = |fields| {
            Ok(MigrationFields {
                reconciliation_source: Some(source),
                reconciliation_loaded: Some(loaded),
                reconciliation_rejected: Some(rejected),
                receiving_unit: Some(migration.receiving_unit.to_owned()),
                service_owner: Some(migration.service_owner.to_owned()),
                ..fields
            })
        };
        self.app
            .update::<MigrationDetail>(&member, task_force.id, (), id, version.into(), reconciled)
            .await?;
        self.add_evidence(task_force, seat, EvidenceSubjectKind::Migration, id, &migration.evidence).await
    }
}
