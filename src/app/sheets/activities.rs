//! Activities as a sheet. The import of activities knows the columns by the same headings.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::SheetRow;
use crate::db::activities::{Activity, ActivityFilter, ActivityOrder};
use crate::db::{self, Conn, QueryResult};
use crate::domain::calendar::is_overdue;
use crate::domain::text::Language;
use crate::render::sheet::{Cell, Sheet, Width, list};

impl SheetRow for Activity {
    type Filter = ActivityFilter;
    /// The order, and the instant by which overdue activities are told.
    type Order = (ActivityOrder, DateTime<Utc>);

    fn sheet(language: Language) -> Sheet<Self> {
        Sheet::<Self>::new(language, "Activities", "الأنشطة")
            .column("number", ("No.", "الرقم"), Width::Narrow, |a, _| a.number.into())
            .text("title", ("Title", "العنوان"), Width::Wide, |a| Some(&a.fields.title))
            .column("state", ("State", "الحالة"), Width::Usual, |a, reader| reader.word(a.state))
            .column("priority", ("Priority", "الأولوية"), Width::Narrow, |a, reader| {
                reader.word(a.fields.priority)
            })
            .column("assignee", ("Assignee", "المكلَّف به"), Width::Wide, |a, reader| {
                a.assignee.as_ref().map_or(Cell::Empty, |assignee| reader.name(&assignee.name))
            })
            .column("dueDate", ("Due date", "تاريخ الاستحقاق"), Width::Usual, |a, _| {
                a.fields.due_date.into()
            })
            .column("overdue", ("Overdue", "متأخر"), Width::Narrow, |a, reader| {
                reader.truth(is_overdue(a.fields.due_date, a.state, reader.today))
            })
            .column("step", ("Step", "الخطوة"), Width::Wide, |a, reader| reader.word(a.fields.step))
            .column("cycle", ("Cycle", "الدورة"), Width::Narrow, |a, _| a.cycle.into())
            .text("description", ("Description", "الوصف"), Width::Text, |a| {
                a.fields.description.as_ref()
            })
            .column(
                "reviewRequired",
                ("Review required", "تُشترط المراجعة"),
                Width::Usual,
                |a, reader| reader.truth(a.fields.review_required),
            )
            .column("subjectKind", ("Subject kind", "نوع الموضوع"), Width::Usual, |a, reader| {
                a.fields.subject.map_or(Cell::Empty, |subject| reader.word(subject.kind))
            })
            .column("subject", ("Subject", "الموضوع"), Width::Wide, |a, reader| {
                let title = a.subject.as_ref().and_then(|subject| subject.title.as_ref());
                title.map_or(Cell::Empty, |title| reader.name(title))
            })
            .column("dependsOn", ("Waits for", "ينتظر الأنشطة"), Width::Usual, |a, _| {
                list(a.depends_on.0.iter().filter_map(|other| other.number).map(|number| number.to_string()))
            })
            .text("stateReason", ("Reason of the state", "سبب الحالة"), Width::Wide, |a| {
                a.state_reason.as_ref()
            })
            .column(
                "stateSince",
                ("In this state since", "في هذه الحالة منذ"),
                Width::Usual,
                |a, reader| reader.time(a.state_since),
            )
            .column("startedAt", ("Started at", "وقت البدء"), Width::Usual, |a, reader| {
                reader.time_if_any(a.started_at)
            })
            .column("createdAt", ("Created at", "وقت الإنشاء"), Width::Usual, |a, reader| {
                reader.time(a.created_at)
            })
            .column(
                "updatedAt",
                ("Last changed at", "وقت آخر تغيير"),
                Width::Usual,
                |a, reader| reader.time(a.updated_at),
            )
            .column("assigneeId", ("Assignee id", "معرّف المكلَّف به"), Width::Id, |a, _| {
                a.fields.assignee_member_id.into()
            })
            .column("subjectId", ("Subject id", "معرّف الموضوع"), Width::Id, |a, _| {
                a.fields.subject.map(|subject| subject.id).into()
            })
            .column("id", ("Id", "المعرّف"), Width::Id, |a, _| a.id.into())
    }

    fn id(&self) -> Uuid {
        self.id
    }

    async fn ids(
        conn: &Conn,
        task_force_id: Uuid,
        filter: &ActivityFilter,
        (order, now): &Self::Order,
    ) -> QueryResult<Vec<Uuid>> {
        db::activities::ids(conn, task_force_id, filter, *order, *now).await
    }

    async fn with_ids(
        conn: &Conn,
        task_force_id: Uuid,
        _filter: &Self::Filter,
        ids: &[Uuid],
    ) -> QueryResult<Vec<Self>> {
        db::activities::with_ids(conn, task_force_id, ids).await
    }
}
