//! What the steps make: policies, sectors, pilots, migrations, and what proves them.

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::super::content::{
    Choosing, Indicator, Link, Migration, Pilot, Policy, Sector, Study, Verdict, text,
};
use crate::app::pilots::Evaluation;
use crate::app::resource::{Stateful, TransitionCommand};
use crate::app::{Error, Result};
use crate::db::assessments::{Assessment, AssessmentFields};
use crate::db::checklist_items::{ChecklistItem, ChecklistItemFields};
use crate::db::evidence::{Evidence, EvidenceFields};
use crate::db::indicators::{Indicator as StoredIndicator, IndicatorFields};
use crate::db::measurements::{Measurement, MeasurementFields};
use crate::db::migrations::{MigrationDetail, MigrationFields};
use crate::db::pilots::{PilotDetail, PilotFields};
use crate::db::policies::{PolicyDetail, PolicyFields};
use crate::db::sectors::{SectorDetail, SectorFields};
use crate::db::studies::{Study as StoredStudy, StudyFields};
use crate::demo::seeder::{PilotStory, Seeder, Story, at};
use crate::domain::decimal::Decimal;
use crate::domain::evidence::{About, EvidenceSubjectKind};
use crate::domain::migration::MigrationState;
use crate::domain::pilot::PilotState;
use crate::domain::policy::PolicyState;
use crate::domain::sector::{AssessmentKind, SectorState};
use crate::domain::text::LocalizedText;

/// An evaluation that says nothing, for the states that take none.
const NO_EVALUATION: Evaluation = Evaluation { outcome: None, lessons: None };

fn decimal(written: &str) -> Result<Decimal> {
    Decimal::parse(written).map_err(Error::internal)
}

/// How the pilot's indicator is written down.
fn scorecard(indicator: &Indicator) -> Result<IndicatorFields> {
    Ok(IndicatorFields {
        name: text(indicator.name),
        unit: indicator.unit.to_owned(),
        direction: indicator.direction,
        baseline: indicator.baseline.map(decimal).transpose()?,
        target: indicator.target.map(decimal).transpose()?,
    })
}

impl Seeder {
    /// A member moves something to another state.
    async fn go<N: Stateful>(
        &mut self,
        story: &Story,
        seat: usize,
        id: Uuid,
        to: N::State,
        reason: Option<LocalizedText>,
        payload: N::Payload,
    ) -> Result<()> {
        let member = self.member(story, seat).await?;
        let version = self.app.get::<N>(&member, story.id, (), id).await?.resource.version();
        self.app
            .transition::<N>(&member, story.id, id, version, TransitionCommand { to, reason, payload })
            .await?;
        Ok(())
    }

    /// A member adds a link that proves something. The documents are invented: in place of theirs, it is the hash of
    /// the address.
    pub(super) async fn prove(
        &mut self,
        story: &Story,
        seat: usize,
        kind: EvidenceSubjectKind,
        id: Uuid,
        link: &Link,
    ) -> Result<()> {
        let member = self.member(story, seat).await?;
        let fields = EvidenceFields {
            subject: About { kind, id },
            title: text(link.title),
            url: Some(link.url.to_owned()),
            sha256: Some(Sha256::digest(link.url).to_vec()),
        };
        self.app.create::<Evidence>(&member, story.id, (), fields).await?;
        Ok(())
    }

    /// The members identify policies.
    pub(in super::super) async fn identify(&mut self, story: &mut Story, policies: &[Policy]) -> Result<()> {
        for (seat, policy) in policies.iter().enumerate() {
            let member = self.member(story, seat % story.seats.len()).await?;
            let fields = PolicyFields {
                title: text(policy.title),
                kind: policy.kind,
                description: Some(text(policy.description)),
                reference: policy.reference.map(str::to_owned),
                aims: policy.aims.to_vec(),
            };
            story.policies.push(
                self.app.create::<PolicyDetail>(&member, story.id, (), fields).await?.resource.policy.id,
            );
        }
        Ok(())
    }

    /// The policies are reviewed, and each gets its verdict.
    pub(in super::super) async fn settle(&mut self, story: &Story, policies: &[Policy]) -> Result<()> {
        for (policy, &id) in policies.iter().zip(&story.policies) {
            self.go::<PolicyDetail>(story, 1, id, PolicyState::UnderReview, None, None).await?;
            if let Verdict::Rejected(why) = policy.verdict {
                self.go::<PolicyDetail>(story, 0, id, PolicyState::Rejected, Some(text(why)), None).await?;
                continue;
            }
            self.go::<PolicyDetail>(story, 0, id, PolicyState::Adopted, None, None).await?;
            if let Some(proof) = &policy.proof {
                self.prove(story, 1, EvidenceSubjectKind::Policy, id, proof).await?;
            }
            if let Verdict::Superseded(by, why) = policy.verdict {
                let by = *at(&story.policies, by)?;
                let reason = Some(text(why));
                self.go::<PolicyDetail>(story, 0, id, PolicyState::Superseded, reason, Some(by)).await?;
            }
        }
        Ok(())
    }

    /// A member writes another description of a policy, and says what proves it.
    pub(in super::super) async fn improve(
        &mut self,
        story: &Story,
        seat: usize,
        policy: usize,
        description: super::super::content::Text,
        proof: &Link,
    ) -> Result<()> {
        let member = self.member(story, seat).await?;
        let id = *at(&story.policies, policy)?;
        let version = self.app.get::<PolicyDetail>(&member, story.id, (), id).await?.resource.policy.version;
        let better = |fields| Ok(PolicyFields { description: Some(text(description)), ..fields });
        self.app.update::<PolicyDetail>(&member, story.id, (), id, version, better).await?;
        self.prove(story, seat, EvidenceSubjectKind::Policy, id, proof).await
    }

    /// The members name sectors that could become smart.
    pub(in super::super) async fn consider(&mut self, story: &mut Story, sectors: &[Sector]) -> Result<()> {
        for sector in sectors {
            let member = self.member(story, sector.who).await?;
            let fields = SectorFields { name: text(sector.name), rationale: Some(text(sector.rationale)) };
            story.sectors.push(
                self.app.create::<SectorDetail>(&member, story.id, (), fields).await?.resource.sector.id,
            );
        }
        Ok(())
    }

    /// The chair writes down which sectors are selected and which are not; the maturity of those is assessed.
    pub(in super::super) async fn choose(&mut self, story: &Story, sectors: &[Sector]) -> Result<()> {
        for (sector, &id) in sectors.iter().zip(&story.sectors) {
            let (to, why) = match sector.choosing {
                Choosing::NotSelected(why) => (SectorState::NotSelected, Some(text(why))),
                Choosing::Studied { .. } => (SectorState::Selected, None),
            };
            self.go::<SectorDetail>(story, 0, id, to, why, ()).await?;
            if let Choosing::Studied { now, .. } = sector.choosing {
                self.assess(story, sector.who, id, AssessmentKind::Current, now).await?;
            }
        }
        Ok(())
    }

    async fn assess(
        &mut self,
        story: &Story,
        seat: usize,
        sector: Uuid,
        kind: AssessmentKind,
        (level, rests_on): (i16, &str),
    ) -> Result<()> {
        let member = self.member(story, seat).await?;
        let assessed_on = self.app.clock.now().date_naive();
        let fields = AssessmentFields { kind, level, assessed_on, evidence: Some(rests_on.to_owned()) };
        self.app.create::<Assessment>(&member, story.id, sector, fields).await?;
        Ok(())
    }

    /// The selected sectors are studied.
    pub(in super::super) async fn study(&mut self, story: &Story, sectors: &[Sector]) -> Result<()> {
        for (sector, &id) in sectors.iter().zip(&story.sectors) {
            let Choosing::Studied { target, study, .. } = &sector.choosing else { continue };
            self.write_study(story, sector.who, id, study).await?;
            self.assess(story, sector.who, id, AssessmentKind::Target, *target).await?;
            self.go::<SectorDetail>(story, 0, id, SectorState::Studied, None, ()).await?;
        }
        Ok(())
    }

    async fn write_study(&mut self, story: &Story, seat: usize, sector: Uuid, study: &Study) -> Result<()> {
        let member = self.member(story, seat).await?;
        let fields = StudyFields {
            title: text(study.title),
            approach: study.approach.to_owned(),
            findings: Some(text(study.findings)),
            recommendation: Some(text(study.recommendation)),
            completed: true,
        };
        let id = self.app.create::<StoredStudy>(&member, story.id, sector, fields).await?.resource.id;
        match &study.proof {
            Some(proof) => self.prove(story, seat, EvidenceSubjectKind::Study, id, proof).await,
            None => Ok(()),
        }
    }

    /// The owners propose pilots, with what they will be measured by.
    pub(in super::super) async fn propose(&mut self, story: &mut Story, pilots: &[Pilot]) -> Result<()> {
        for pilot in pilots {
            let owner = self.member(story, pilot.owner).await?;
            let (first, last) = pilot.days;
            let fields = PilotFields {
                title: text(pilot.title),
                sector_id: *at(&story.sectors, pilot.sector)?,
                policy_id: pilot.policy.map(|place| at(&story.policies, place).copied()).transpose()?,
                owner_member_id: story.member(pilot.owner)?,
                aims: pilot.aims.to_vec(),
                hypothesis: Some(pilot.hypothesis.to_owned()),
                start_date: self.date(first),
                end_date: self.date(last),
            };
            let id = self.app.create::<PilotDetail>(&owner, story.id, (), fields).await?.resource.pilot.id;
            let mut indicators = Vec::new();
            for indicator in pilot.indicators {
                let owner = self.member(story, pilot.owner).await?;
                let fields = scorecard(indicator)?;
                let created = self.app.create::<StoredIndicator>(&owner, story.id, id, fields).await?;
                indicators.push(created.resource.id);
            }
            story.pilots.push(PilotStory { id, indicators });
        }
        Ok(())
    }

    /// The owner of a pilot moves it on.
    pub(in super::super) async fn pilot_goes(
        &mut self,
        story: &Story,
        pilots: &[Pilot],
        place: usize,
        to: PilotState,
    ) -> Result<()> {
        let (owner, id) = (at(pilots, place)?.owner, at(&story.pilots, place)?.id);
        self.go::<PilotDetail>(story, owner, id, to, None, NO_EVALUATION).await
    }

    /// The owners measure what the story has for a day.
    pub(in super::super) async fn measure(
        &mut self,
        story: &Story,
        pilots: &[Pilot],
        day: i64,
    ) -> Result<()> {
        self.wait_until(day);
        for (pilot, written) in pilots.iter().zip(&story.pilots) {
            for (indicator, &id) in pilot.indicators.iter().zip(&written.indicators) {
                for (_, value, source) in indicator.measured.iter().filter(|measured| measured.0 == day) {
                    let owner = self.member(story, pilot.owner).await?;
                    let fields = MeasurementFields {
                        value: decimal(value)?,
                        measured_on: self.date(day),
                        source: Some((*source).to_owned()),
                    };
                    self.app.create::<Measurement>(&owner, story.id, (written.id, id), fields).await?;
                }
            }
        }
        Ok(())
    }

    /// The owners evaluate their pilots.
    pub(in super::super) async fn evaluate(&mut self, story: &Story, pilots: &[Pilot]) -> Result<()> {
        for (pilot, written) in pilots.iter().zip(&story.pilots) {
            let Some((outcome, lessons)) = pilot.evaluation else { continue };
            let evaluation = Evaluation { outcome: Some(outcome), lessons: Some(text(lessons)) };
            let evaluated = PilotState::Evaluated;
            self.go::<PilotDetail>(story, pilot.owner, written.id, evaluated, None, evaluation).await?;
        }
        Ok(())
    }

    /// A member plans a migration with its checklist.
    pub(in super::super) async fn prepare(
        &mut self,
        story: &mut Story,
        seat: usize,
        migration: &Migration,
    ) -> Result<()> {
        let member = self.member(story, seat).await?;
        let fields = MigrationFields {
            pilot_id: at(&story.pilots, migration.pilot)?.id,
            title: text(migration.title),
            target_system: migration.target_system.to_owned(),
            planned_on: self.date(migration.planned_on),
            rollback_plan: Some(migration.rollback_plan.to_owned()),
            reconciliation_source: None,
            reconciliation_loaded: None,
            reconciliation_rejected: None,
            receiving_unit: None,
            service_owner: None,
        };
        let id =
            self.app.create::<MigrationDetail>(&member, story.id, (), fields).await?.resource.migration.id;
        for title in migration.checklist {
            let member = self.member(story, seat).await?;
            let fields = ChecklistItemFields { title: text(*title), done: false };
            self.app.create::<ChecklistItem>(&member, story.id, id, fields).await?;
        }
        story.migrations.push(id);
        Ok(())
    }

    /// A member moves a migration on.
    pub(in super::super) async fn migration_goes(
        &mut self,
        story: &Story,
        seat: usize,
        place: usize,
        to: MigrationState,
    ) -> Result<()> {
        self.go::<MigrationDetail>(story, seat, *at(&story.migrations, place)?, to, None, ()).await
    }

    /// Every item of a migration's checklist is done, what was loaded is counted, and who receives it is named.
    pub(in super::super) async fn reconcile(
        &mut self,
        story: &Story,
        seat: usize,
        place: usize,
        migration: &Migration,
    ) -> Result<()> {
        let id = *at(&story.migrations, place)?;
        let member = self.member(story, seat).await?;
        let (_, items) = self.app.list::<ChecklistItem>(&member, story.id, id, &(), None, 100).await?;
        for item in items.items {
            let member = self.member(story, seat).await?;
            let done = |fields| Ok(ChecklistItemFields { done: true, ..fields });
            self.app.update::<ChecklistItem>(&member, story.id, id, item.id, item.version, done).await?;
        }
        let member = self.member(story, seat).await?;
        let version =
            self.app.get::<MigrationDetail>(&member, story.id, (), id).await?.resource.migration.version;
        let (source, loaded, rejected) = migration.counts;
        let counted = |fields| {
            Ok(MigrationFields {
                reconciliation_source: Some(source),
                reconciliation_loaded: Some(loaded),
                reconciliation_rejected: Some(rejected),
                receiving_unit: Some(migration.receiving_unit.to_owned()),
                service_owner: Some(migration.service_owner.to_owned()),
                ..fields
            })
        };
        self.app.update::<MigrationDetail>(&member, story.id, (), id, version, counted).await?;
        self.prove(story, seat, EvidenceSubjectKind::Migration, id, &migration.proof).await
    }
}
