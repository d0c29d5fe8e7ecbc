//! Policies as a sheet.

use super::{SheetRow, product_rows};
use crate::db::policies::Policy;
use crate::db::resource::ProductFilter;
use crate::domain::policy::PolicyState;
use crate::domain::text::Language;
use crate::render::sheet::{Cell, Sheet, Width};

impl SheetRow for Policy {
    fn sheet(language: Language) -> Sheet<Self> {
        Sheet::<Self>::new(language, "Policies", "السياسات")
            .text("title", ("Title", "العنوان"), Width::Wide, |p| Some(&p.fields.title))
            .column("kind", ("Kind", "النوع"), Width::Usual, |p, reader| reader.word(p.fields.kind))
            .column("state", ("State", "الحالة"), Width::Usual, |p, reader| reader.word(p.state))
            .column("reference", ("Reference", "المرجع"), Width::Wide, |p, _| {
                p.fields.reference.clone().into()
            })
            .text("description", ("Description", "الوصف"), Width::Text, |p| {
                p.fields.description.as_ref()
            })
            .column("aims", ("Aims", "الأهداف"), Width::Text, |p, reader| reader.words(&p.fields.aims))
            .column("supersededBy", ("Replaced by", "حلت محلها"), Width::Wide, |p, reader| {
                let title = p.superseded_by.as_ref().and_then(|policy| policy.title.as_ref());
                title.map_or(Cell::Empty, |title| reader.name(title))
            })
            .column(
                "underReviewBy",
                ("Put under review by", "أحالها إلى المراجعة"),
                Width::Wide,
                |p, reader| {
                    p.under_review_by.as_ref().map_or(Cell::Empty, |member| reader.name(&member.name))
                },
            )
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
            .column("id", ("Id", "المعرّف"), Width::Id, |p, _| p.id.into())
    }

    product_rows!(policies, ProductFilter<PolicyState>);
}
