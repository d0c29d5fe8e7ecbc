//! Pilots as a sheet.

use super::{SheetRow, product_rows};
use crate::db::pilots::{Pilot, PilotFilter};
use crate::domain::text::Language;
use crate::render::sheet::{Cell, Sheet, Width};

impl SheetRow for Pilot {
    fn sheet(language: Language) -> Sheet<Self> {
        Sheet::<Self>::new(language, "Pilots", "المشاريع التجريبية")
            .text("title", ("Title", "العنوان"), Width::Wide, |p| Some(&p.fields.title))
            .column("state", ("State", "الحالة"), Width::Usual, |p, reader| reader.word(p.state))
            .column("sector", ("Sector", "القطاع"), Width::Wide, |p, reader| {
                p.sector.title.as_ref().map_or(Cell::Empty, |name| reader.name(name))
            })
            .column("policy", ("Policy", "السياسة"), Width::Wide, |p, reader| {
                let title = p.policy.as_ref().and_then(|policy| policy.title.as_ref());
                title.map_or(Cell::Empty, |title| reader.name(title))
            })
            .column("owner", ("Owner", "المسؤول"), Width::Wide, |p, reader| reader.name(&p.owner.name))
            .column("startDate", ("First day", "أول يوم"), Width::Usual, |p, _| {
                p.fields.start_date.into()
            })
            .column("endDate", ("Last day", "آخر يوم"), Width::Usual, |p, _| p.fields.end_date.into())
            .column("startedAt", ("Started at", "وقت البدء"), Width::Usual, |p, reader| {
                reader.time_if_any(p.started_at)
            })
            .column("run", ("Run", "التنفيذ رقم"), Width::Narrow, |p, _| p.run.into())
            .column("aims", ("Aims", "الأهداف"), Width::Text, |p, reader| reader.words(&p.fields.aims))
            .column("hypothesis", ("Hypothesis", "الفرضية"), Width::Text, |p, _| {
                p.fields.hypothesis.clone().into()
            })
            .column("outcome", ("Outcome", "نتيجة التقييم"), Width::Wide, |p, reader| {
                p.outcome.map_or(Cell::Empty, |outcome| reader.word(outcome))
            })
            .text("lessons", ("Lessons learned", "الدروس المستفادة"), Width::Text, |p| {
                p.lessons.as_ref()
            })
            .text("stateReason", ("Reason of the state", "سبب الحالة"), Width::Wide, |p| {
                p.state_reason.as_ref()
            })
            .column(
                "stateSince",
                ("In this state since", "في هذه الحالة منذ"),
                Width::Usual,
                |p, reader| reader.time(p.state_since),
            )
            .column("cycle", ("Cycle", "الدورة"), Width::Narrow, |p, _| p.cycle.into())
            .column("lastCycle", ("Last cycle", "آخر دورة"), Width::Narrow, |p, _| p.last_cycle.into())
            .column("createdAt", ("Created at", "وقت الإنشاء"), Width::Usual, |p, reader| {
                reader.time(p.created_at)
            })
            .column(
                "updatedAt",
                ("Last changed at", "وقت آخر تغيير"),
                Width::Usual,
                |p, reader| reader.time(p.updated_at),
            )
            .column("sectorId", ("Sector id", "معرّف القطاع"), Width::Id, |p, _| {
                p.fields.sector_id.into()
            })
            .column("ownerId", ("Owner id", "معرّف المسؤول"), Width::Id, |p, _| {
                p.fields.owner_member_id.into()
            })
            .column("id", ("Id", "المعرّف"), Width::Id, |p, _| p.id.into())
    }

    product_rows!(pilots, PilotFilter);
}
