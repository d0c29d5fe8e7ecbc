//! The columns of domain types: enums of the contract are stored as `text`, localized text as `jsonb`.

use std::io::Write as _;

use bigdecimal::Zero as _;
use diesel::data_types::PgNumeric;
use diesel::deserialize::{self, FromSql, FromStaticSqlRow, Queryable};
use diesel::expression::AsExpression;
use diesel::internal::derives::as_expression::Bound;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{Jsonb, Nullable, Numeric, Text};
use uuid::Uuid;

use crate::domain::activity::{ActivityPriority, ActivityState};
use crate::domain::ballot::VoteChoice;
use crate::domain::criterion::CriterionCode;
use crate::domain::decimal::Decimal;
use crate::domain::decision::{ConditionState, DecisionOutcome};
use crate::domain::evaluation::PilotEvaluation;
use crate::domain::event::{ActorKind, EventAction, SubjectKind};
use crate::domain::evidence::{About, ActivitySubjectKind, EvidenceSubjectKind};
use crate::domain::migration::MigrationState;
use crate::domain::notification::{NotificationEmail, NotificationKind};
use crate::domain::pilot::{IndicatorDirection, PilotOutcome, PilotState};
use crate::domain::policy::{PolicyKind, PolicyState};
use crate::domain::refusal::RefusalCode;
use crate::domain::report::{ReportFormat, ReportState};
use crate::domain::rights::SeatRole;
use crate::domain::scales::{Aim, EvolutionStage};
use crate::domain::sector::{AssessmentKind, SectorState};
use crate::domain::shared_page::SharedPage;
use crate::domain::step::{StepName, StepState};
use crate::domain::submission::SubmissionState;
use crate::domain::task::TaskKind;
use crate::domain::task_force::{HealthRating, TaskForceState};
use crate::domain::text::{Language, LocalizedText};
use crate::domain::user::{UserRole, UserState};
use crate::domain::vocabulary::Vocabulary;
use crate::domain::webhook::{DeliveryError, DeliveryOutcome, WebhookState};
use crate::domain::working_week::Weekday;

/// Lets a column of a row be read as this type.
macro_rules! queryable {
    ($($read:ty),+ $(,)?) => { $(
        impl<ST: diesel::sql_types::SingleValue> diesel::deserialize::Queryable<ST, diesel::pg::Pg> for $read
        where
            Self: diesel::deserialize::FromStaticSqlRow<ST, diesel::pg::Pg>,
        {
            type Row = Self;
            fn build(row: Self) -> diesel::deserialize::Result<Self> {
                Ok(row)
            }
        }
    )+ };
}
pub(super) use queryable;

/// The implementations that `#[derive(AsExpression, FromSqlRow)]` writes, for types of the domain, which does not
/// depend on diesel.
macro_rules! column {
    ($sql:ty: $($word:ty),+ $(,)?) => { $(
        impl AsExpression<$sql> for $word {
            type Expression = Bound<$sql, Self>;
            fn as_expression(self) -> Self::Expression {
                Bound::new(self)
            }
        }
        impl<'a> AsExpression<$sql> for &'a $word {
            type Expression = Bound<$sql, Self>;
            fn as_expression(self) -> Self::Expression {
                Bound::new(self)
            }
        }
        impl AsExpression<Nullable<$sql>> for $word {
            type Expression = Bound<Nullable<$sql>, Self>;
            fn as_expression(self) -> Self::Expression {
                Bound::new(self)
            }
        }
        impl<'a> AsExpression<Nullable<$sql>> for &'a $word {
            type Expression = Bound<Nullable<$sql>, Self>;
            fn as_expression(self) -> Self::Expression {
                Bound::new(self)
            }
        }
        impl ToSql<Nullable<$sql>, Pg> for $word {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
                ToSql::<$sql, Pg>::to_sql(self, out)
            }
        }
        queryable!($word);
    )+ };
}

macro_rules! text_columns {
    ($($word:ty),+ $(,)?) => {
        column!(Text: $($word),+);
        $(
            impl ToSql<Text, Pg> for $word {
                fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
                    out.write_all(self.code().as_bytes())?;
                    Ok(IsNull::No)
                }
            }
            impl FromSql<Text, Pg> for $word {
                fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
                    let code = std::str::from_utf8(value.as_bytes())?;
                    Self::parse(code).ok_or_else(|| format!("{code} is not a {}", stringify!($word)).into())
                }
            }
        )+
    };
}

text_columns!(
    ActivityState,
    ActivitySubjectKind,
    ActorKind,
    Aim,
    AssessmentKind,
    VoteChoice,
    RefusalCode,
    ConditionState,
    UserRole,
    CriterionCode,
    IndicatorDirection,
    EventAction,
    EvidenceSubjectKind,
    EvolutionStage,
    HealthRating,
    Language,
    MigrationState,
    DecisionOutcome,
    PilotOutcome,
    PilotState,
    PolicyKind,
    PolicyState,
    ActivityPriority,
    ReportFormat,
    ReportState,
    SeatRole,
    SectorState,
    SharedPage,
    StepName,
    StepState,
    SubjectKind,
    SubmissionState,
    TaskForceState,
    TaskKind,
    UserState,
    NotificationEmail,
    NotificationKind,
    DeliveryError,
    DeliveryOutcome,
    WebhookState,
    Weekday,
);

column!(Numeric: Decimal);

impl ToSql<Numeric, Pg> for Decimal {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let number = self.exact();
        if number.is_zero() {
            // diesel writes every zero without its digits after the point.
            let scale = u16::try_from(number.fractional_digit_count())?;
            let zero = PgNumeric::Positive { weight: 0, scale, digits: Vec::new() };
            return <PgNumeric as ToSql<Numeric, Pg>>::to_sql(&zero, &mut out.reborrow());
        }
        <bigdecimal::BigDecimal as ToSql<Numeric, Pg>>::to_sql(number, out)
    }
}

impl FromSql<Numeric, Pg> for Decimal {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self::from(<bigdecimal::BigDecimal as FromSql<Numeric, Pg>>::from_sql(value)?))
    }
}

column!(Jsonb: LocalizedText);

impl ToSql<Jsonb, Pg> for LocalizedText {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let value = serde_json::to_value(self)?;
        <serde_json::Value as ToSql<Jsonb, Pg>>::to_sql(&value, &mut out.reborrow())
    }
}

impl FromSql<Jsonb, Pg> for LocalizedText {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let value = <serde_json::Value as FromSql<Jsonb, Pg>>::from_sql(value)?;
        Ok(serde_json::from_value(value)?)
    }
}

/// The evaluations of a pilot, which a query collects as JSON.
#[derive(Debug, Clone)]
pub(super) struct Evaluations(pub(super) Vec<PilotEvaluation>);

impl FromSql<Jsonb, Pg> for Evaluations {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let value = <serde_json::Value as FromSql<Jsonb, Pg>>::from_sql(value)?;
        Ok(Self(serde_json::from_value(value)?))
    }
}

queryable!(Evaluations);

/// Reads a subject from its two columns where a row embeds one. `Selectable` names the columns for each table.
impl<K> Queryable<(Text, diesel::sql_types::Uuid), Pg> for About<K>
where
    (K, Uuid): FromStaticSqlRow<(Text, diesel::sql_types::Uuid), Pg>,
{
    type Row = (K, Uuid);

    fn build((kind, id): Self::Row) -> deserialize::Result<Self> {
        Ok(Self { kind, id })
    }
}
