//! Evidence as a sheet, without the content of its files.

use uuid::Uuid;

use super::SheetRow;
use crate::db::evidence::{Evidence, EvidenceFilter, EvidenceOrder};
use crate::db::{self, Conn, QueryResult};
use crate::domain::text::Language;
use crate::render::sheet::{Cell, Sheet, Width};

impl SheetRow for Evidence {
    type Filter = EvidenceFilter;
    type Order = EvidenceOrder;

    fn sheet(language: Language) -> Sheet<Self> {
        Sheet::<Self>::new(language, "Evidence", "مستندات الإثبات")
            .text("title", ("Title", "العنوان"), Width::Wide, |e| Some(&e.fields.title))
            .column("subjectKind", ("Subject kind", "نوع الموضوع"), Width::Usual, |e, reader| {
                reader.word(e.fields.subject.kind)
            })
            .column("subject", ("Subject", "الموضوع"), Width::Wide, |e, reader| {
                e.subject.title.as_ref().map_or(Cell::Empty, |title| reader.name(title))
            })
            .column("url", ("Link", "الرابط"), Width::Wide, |e, _| e.fields.url.clone().into())
            .column("fileName", ("File", "الملف"), Width::Wide, |e, _| e.file_name.clone().into())
            .column("mediaType", ("Media type", "نوع الملف"), Width::Usual, |e, _| {
                e.media_type.clone().into()
            })
            .column("size", ("Size in bytes", "الحجم بالبايت"), Width::Usual, |e, _| {
                e.size.into()
            })
            .column("sha256", ("SHA-256", "SHA-256"), Width::Id, |e, _| {
                e.fields.sha256.as_ref().map(hex::encode).into()
            })
            .column(
                "fileRemoval.at",
                ("File removed at", "وقت إزالة الملف"),
                Width::Usual,
                |e, reader| reader.time_if_any(e.file_removed_at),
            )
            .text(
                "fileRemoval.reason",
                ("Reason of the removal", "سبب إزالة الملف"),
                Width::Wide,
                |e| e.file_removal_reason.as_ref(),
            )
            .column("createdBy", ("Added by", "أضافه"), Width::Wide, |e, reader| {
                reader.name(&e.created_by.name)
            })
            .column("createdAt", ("Created at", "وقت الإنشاء"), Width::Usual, |e, reader| {
                reader.time(e.created_at)
            })
            .column(
                "updatedAt",
                ("Last changed at", "وقت آخر تغيير"),
                Width::Usual,
                |e, reader| reader.time(e.updated_at),
            )
            .column("subjectId", ("Subject id", "معرّف الموضوع"), Width::Id, |e, _| {
                e.fields.subject.id.into()
            })
            .column("id", ("Id", "المعرّف"), Width::Id, |e, _| e.id.into())
    }

    fn id(&self) -> Uuid {
        self.id
    }

    async fn ids(
        conn: &Conn,
        task_force_id: Uuid,
        filter: &EvidenceFilter,
        order: &EvidenceOrder,
    ) -> QueryResult<Vec<Uuid>> {
        db::evidence::ids(conn, task_force_id, *filter, *order).await
    }

    async fn with_ids(
        conn: &Conn,
        task_force_id: Uuid,
        _filter: &Self::Filter,
        ids: &[Uuid],
    ) -> QueryResult<Vec<Self>> {
        db::evidence::with_ids(conn, task_force_id, ids).await
    }
}
