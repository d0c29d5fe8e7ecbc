//! Sectors: the candidates for digital transformation, with their maturity.
//!
//! [`resource_queries!`](super::resource) makes `sectors::insert`, `sectors::update`, `sectors::set_state`,
//! `sectors::exists`, `sectors::list` and `sectors::delete`.

use chrono::{DateTime, Utc};
use diesel::dsl::{self, auto_type};
use diesel::prelude::*;
use diesel::sql_types::Jsonb;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use uuid::Uuid;

use super::Conn;
use super::relations::{self, Column, References, column};
use super::resource::{ProductFilter, resource_queries};
use super::schema::{assessments, sectors, steps, studies};
use crate::domain::event::SubjectKind;
use crate::domain::sector::{AssessmentKind, SectorFacts, SectorState};
use crate::domain::step::{StepName, StepState};
use crate::domain::task_force::TaskForceState;
use crate::domain::text::LocalizedText;
use crate::domain::writing::StepContext;

/// The changeable fields of a sector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = sectors, check_for_backend(diesel::pg::Pg))]
#[diesel(treat_none_as_null = true, treat_none_as_default_value = false)]
#[serde(rename_all = "camelCase")]
pub struct SectorFields {
    pub name: LocalizedText,
    /// The reason why the sector could become smart.
    pub rationale: Option<LocalizedText>,
}

/// The maturity of a sector: the level of the latest assessment of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = sectors, check_for_backend(diesel::pg::Pg))]
pub struct Maturity {
    /// The latest assessment of the current level.
    #[diesel(select_expression = latest_level(AssessmentKind::Current))]
    #[diesel(select_expression_type = latest_level)]
    pub current: Option<i16>,
    /// The latest assessment of the target.
    #[diesel(select_expression = latest_level(AssessmentKind::Target))]
    #[diesel(select_expression_type = latest_level)]
    pub target: Option<i16>,
}

impl Maturity {
    /// Tells whether the target is below the level that the sector has already.
    pub fn is_target_below_current(self) -> bool {
        matches!((self.current, self.target), (Some(current), Some(target)) if target < current)
    }
}

/// A sector as it is stored, with its maturity.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = sectors, check_for_backend(diesel::pg::Pg))]
pub struct Sector {
    pub id: Uuid,
    /// The cycle of creation.
    pub cycle: i32,
    /// The last cycle in which the row counts.
    pub last_cycle: i32,
    #[diesel(embed)]
    pub fields: SectorFields,
    /// Computed from the assessments.
    #[diesel(embed)]
    pub maturity: Maturity,
    pub state: SectorState,
    pub state_reason: Option<LocalizedText>,
    pub state_since: DateTime<Utc>,
    pub version: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A sector with the facts that its transitions depend on.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = sectors, check_for_backend(diesel::pg::Pg))]
pub struct SectorDetail {
    #[diesel(embed)]
    pub sector: Sector,
    /// State of the step `sectors` of the sector's last cycle.
    #[diesel(select_expression = steps::state)]
    pub step_state: StepState,
    /// True if the sector has a completed study with a recommendation.
    #[diesel(select_expression = has_study())]
    #[diesel(select_expression_type = has_study)]
    pub studied: bool,
    /// The studies that are not completed or have no recommendation.
    #[diesel(select_expression = unfinished_studies(), select_expression_type = Column<Jsonb>)]
    pub unfinished_studies: References,
}

fn unfinished_studies() -> Column<Jsonb> {
    let members = "'title', y.title, 'parentIds', jsonb_build_array(y.sector_id)";
    let study = relations::object(SubjectKind::Study, "y", members);
    let unfinished = "studies y where y.task_force_id = sectors.task_force_id and y.sector_id = sectors.id
                      and (not y.completed or y.recommendation is null)";
    column("unfinished_studies", &relations::first_of(&study, "y", unfinished))
}

impl SectorDetail {
    /// The facts that the transitions depend on.
    pub fn facts(&self, task_force: TaskForceState) -> SectorFacts {
        let Maturity { current, target } = self.sector.maturity;
        SectorFacts {
            step_context: StepContext { task_force, step: self.step_state },
            assessed: current.is_some() && target.is_some(),
            target_below_current: self.sector.maturity.is_target_below_current(),
            studied: self.studied,
        }
    }
}

/// The level of a sector's latest assessment of a kind.
#[auto_type]
fn latest_level(kind: AssessmentKind) -> _ {
    assessments::table
        .filter(assessments::task_force_id.eq(sectors::task_force_id))
        .filter(assessments::sector_id.eq(sectors::id))
        .filter(assessments::kind.eq(kind))
        .order((assessments::assessed_on.desc(), assessments::id.desc()))
        .select(assessments::level)
        .single_value()
}

/// Matches a sector that has a completed study with a recommendation.
#[auto_type]
fn has_study() -> _ {
    dsl::exists(
        studies::table
            .filter(studies::task_force_id.eq(sectors::task_force_id))
            .filter(studies::sector_id.eq(sectors::id))
            .filter(studies::completed)
            .filter(studies::recommendation.is_not_null()),
    )
}

resource_queries! {
    table: sectors,
    row: Sector,
    fields: SectorFields,
    state: SectorState,
    title: name,
    filter: ProductFilter<SectorState>,
}

/// Finds a sector.
pub async fn find(conn: &Conn, task_force_id: Uuid, id: Uuid) -> QueryResult<Option<SectorDetail>> {
    let its_step = steps::task_force_id
        .eq(sectors::task_force_id)
        .and(steps::cycle.eq(sectors::last_cycle))
        .and(steps::step.eq(StepName::Sectors));
    sectors::table
        .inner_join(steps::table.on(its_step))
        .filter(sectors::task_force_id.eq(task_force_id))
        .filter(sectors::id.eq(id))
        .select(SectorDetail::as_select())
        .first(&mut &*conn)
        .await
        .optional()
}
