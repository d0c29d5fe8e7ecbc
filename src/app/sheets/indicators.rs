//! The indicators of all pilots as a sheet.

use uuid::Uuid;

use super::SheetRow;
use crate::db::cycles::Cycles;
use crate::db::indicators::MeasuredIndicator;
use crate::db::{self, Conn, QueryResult};
use crate::domain::text::Language;
use crate::render::sheet::{Cell, Sheet, Width};

impl SheetRow for MeasuredIndicator {
    type Filter = Cycles;
    type Order = ();

    fn sheet(language: Language) -> Sheet<Self> {
        Sheet::<Self>::new(language, "Indicators", "المؤشرات")
            .column("pilot", ("Pilot", "المشروع التجريبي"), Width::Wide, |i, reader| {
                i.pilot.title.as_ref().map_or(Cell::Empty, |title| reader.name(title))
            })
            .text("name", ("Indicator", "المؤشر"), Width::Wide, |i| Some(&i.indicator.fields.name))
            .column("unit", ("Unit", "الوحدة"), Width::Usual, |i, _| {
                i.indicator.fields.unit.clone().into()
            })
            .column("direction", ("Direction", "الاتجاه"), Width::Usual, |i, reader| {
                reader.word(i.indicator.fields.direction)
            })
            .column("baseline", ("Baseline", "خط الأساس"), Width::Usual, |i, _| {
                i.indicator.fields.baseline.clone().into()
            })
            .column("target", ("Target", "المستهدف"), Width::Usual, |i, _| {
                i.indicator.fields.target.clone().into()
            })
            .column("value", ("Latest value", "آخر قيمة مقيسة"), Width::Usual, |i, _| {
                i.value.clone().into()
            })
            .column("measuredOn", ("Measured on", "يوم القياس"), Width::Usual, |i, _| {
                i.measured_on.into()
            })
            .column("source", ("Source", "المصدر"), Width::Wide, |i, _| i.source.clone().into())
            .text(
                "retirementReason",
                ("Reason of retirement", "سبب إيقاف العمل بالمؤشر"),
                Width::Wide,
                |i| i.indicator.fields.retirement_reason.as_ref(),
            )
            .column(
                "pilotId",
                ("Pilot id", "معرّف المشروع التجريبي"),
                Width::Id,
                |i, _| i.indicator.pilot_id.into(),
            )
            .column("id", ("Id", "المعرّف"), Width::Id, |i, _| i.indicator.id.into())
    }

    fn id(&self) -> Uuid {
        self.indicator.id
    }

    async fn ids(conn: &Conn, task_force_id: Uuid, cycles: &Cycles, (): &()) -> QueryResult<Vec<Uuid>> {
        db::indicators::ids(conn, task_force_id, *cycles).await
    }

    async fn with_ids(
        conn: &Conn,
        task_force_id: Uuid,
        _filter: &Self::Filter,
        ids: &[Uuid],
    ) -> QueryResult<Vec<Self>> {
        db::indicators::with_ids(conn, task_force_id, ids).await
    }
}
