//! Migrations as a sheet.

use super::{SheetRow, product_rows};
use crate::db::migrations::Migration;
use crate::db::resource::ProductFilter;
use crate::domain::migration::MigrationState;
use crate::domain::text::Language;
use crate::render::sheet::{Cell, Sheet, Width};

impl SheetRow for Migration {
    fn sheet(language: Language) -> Sheet<Self> {
        Sheet::<Self>::new(language, "Migrations", "عمليات الترحيل")
            .text("title", ("Title", "العنوان"), Width::Wide, |m| Some(&m.fields.title))
            .column("state", ("State", "الحالة"), Width::Usual, |m, reader| reader.word(m.state))
            .column("pilot", ("Pilot", "المشروع التجريبي"), Width::Wide, |m, reader| {
                m.pilot.title.as_ref().map_or(Cell::Empty, |title| reader.name(title))
            })
            .column("targetSystem", ("Target system", "النظام الهدف"), Width::Wide, |m, _| {
                m.fields.target_system.clone().into()
            })
            .column("plannedOn", ("Planned day", "اليوم المخطط له"), Width::Usual, |m, _| {
                m.fields.planned_on.into()
            })
            .column("rollbackPlan", ("Rollback plan", "خطة التراجع"), Width::Text, |m, _| {
                m.fields.rollback_plan.clone().into()
            })
            .column(
                "reconciliation.source",
                ("Records in the source", "السجلات في المصدر"),
                Width::Usual,
                |m, _| m.fields.reconciliation_source.into(),
            )
            .column(
                "reconciliation.loaded",
                ("Records loaded", "السجلات المحمّلة"),
                Width::Usual,
                |m, _| m.fields.reconciliation_loaded.into(),
            )
            .column(
                "reconciliation.rejected",
                ("Records rejected", "السجلات المرفوضة"),
                Width::Usual,
                |m, _| m.fields.reconciliation_rejected.into(),
            )
            .column("reconciliation.difference", ("Difference", "الفرق"), Width::Narrow, |m, _| {
                m.fields.difference().into()
            })
            .text(
                "reconciliation.reason",
                ("Reason of the difference", "سبب الفرق"),
                Width::Wide,
                |m| m.fields.reconciliation_reason.as_ref(),
            )
            .column(
                "receivingUnit",
                ("Receiving unit", "الجهة المستلمة"),
                Width::Wide,
                |m, _| m.fields.receiving_unit.clone().into(),
            )
            .column("serviceOwner", ("Service owner", "مالك الخدمة"), Width::Wide, |m, _| {
                m.fields.service_owner.clone().into()
            })
            .text("stateReason", ("Reason of the state", "سبب الحالة"), Width::Wide, |m| {
                m.state_reason.as_ref()
            })
            .column(
                "stateSince",
                ("In this state since", "في هذه الحالة منذ"),
                Width::Usual,
                |m, reader| reader.time(m.state_since),
            )
            .column("cycle", ("Cycle", "الدورة"), Width::Narrow, |m, _| m.cycle.into())
            .column("lastCycle", ("Last cycle", "آخر دورة"), Width::Narrow, |m, _| m.last_cycle.into())
            .column("createdAt", ("Created at", "وقت الإنشاء"), Width::Usual, |m, reader| {
                reader.time(m.created_at)
            })
            .column(
                "updatedAt",
                ("Last changed at", "وقت آخر تغيير"),
                Width::Usual,
                |m, reader| reader.time(m.updated_at),
            )
            .column(
                "pilotId",
                ("Pilot id", "معرّف المشروع التجريبي"),
                Width::Id,
                |m, _| m.fields.pilot_id.into(),
            )
            .column("id", ("Id", "المعرّف"), Width::Id, |m, _| m.id.into())
    }

    product_rows!(migrations, ProductFilter<MigrationState>);
}
