//! Sectors as a sheet.

use super::{SheetRow, product_rows};
use crate::db::resource::ProductFilter;
use crate::db::sectors::Sector;
use crate::domain::sector::SectorState;
use crate::domain::text::Language;
use crate::render::sheet::{Sheet, Width};

impl SheetRow for Sector {
    fn sheet(language: Language) -> Sheet<Self> {
        Sheet::<Self>::new(language, "Sectors", "القطاعات")
            .text("name", ("Name", "الاسم"), Width::Wide, |s| Some(&s.fields.name))
            .column("state", ("State", "الحالة"), Width::Usual, |s, reader| reader.word(s.state))
            .column("maturity.current", ("Maturity now", "النضج الحالي"), Width::Narrow, |s, _| {
                s.maturity.current.into()
            })
            .column(
                "maturity.target",
                ("Maturity to be reached", "النضج المستهدف"),
                Width::Narrow,
                |s, _| s.maturity.target.into(),
            )
            .text("rationale", ("Rationale", "المسوّغ"), Width::Text, |s| s.fields.rationale.as_ref())
            .text("stateReason", ("Reason of the state", "سبب الحالة"), Width::Wide, |s| {
                s.state_reason.as_ref()
            })
            .column(
                "stateSince",
                ("In this state since", "في هذه الحالة منذ"),
                Width::Usual,
                |s, reader| reader.time(s.state_since),
            )
            .column("cycle", ("Cycle", "الدورة"), Width::Narrow, |s, _| s.cycle.into())
            .column("lastCycle", ("Last cycle", "آخر دورة"), Width::Narrow, |s, _| s.last_cycle.into())
            .column("createdAt", ("Created at", "وقت الإنشاء"), Width::Usual, |s, reader| {
                reader.time(s.created_at)
            })
            .column(
                "updatedAt",
                ("Last changed at", "وقت آخر تغيير"),
                Width::Usual,
                |s, reader| reader.time(s.updated_at),
            )
            .column("id", ("Id", "المعرّف"), Width::Id, |s, _| s.id.into())
    }

    product_rows!(sectors, ProductFilter<SectorState>);
}
