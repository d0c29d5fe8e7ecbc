//! The import of activities from a table: from our own export, and from the exports of Redmine and OpenProject.
//!
//! [`ImportedTable::read`] understands columns, dates, priorities and states, and makes a draft of each row, which `http/`
//! checks as the body of a new activity. [`App::activities_import`] finds assignees and steps under the lock, and creates
//! all activities or none.
//!
//! The headings, priorities and forms of dates are those in the locale files of Redmine and OpenProject. Both write dates
//! in a form that their settings choose, so that `03/04/2026` can be two days. No form is guessed: a column is read in a
//! form in which all of its dates exist, and where two forms fit, the request has to name one.

mod dates;

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value, json};
use unicode_normalization::UnicodeNormalization as _;
use uuid::Uuid;

pub use dates::DateOrder;

use crate::app::caller::Caller;
use crate::app::connection::BULK_TIMEOUT;
use crate::app::sheets::SheetRow as _;
use crate::app::write::WriteTx;
use crate::app::{App, Result};
use crate::db;
use crate::db::activities::{Activity, ActivityFields};
use crate::db::members::{MemberFilter, NamedMember};
use crate::db::page::Window;
use crate::domain::activity::{ActivityPriority, ActivityState};
use crate::domain::characters::{is_blank, is_invisible};
use crate::domain::event::{EventAction, NewEvent, SubjectKind, changes_between};
use crate::domain::refusal::{
    FieldError, FieldErrorCode, FieldLocation, ProblemExtension, Refusal, RefusalCode,
};
use crate::domain::rights::Action;
use crate::domain::size;
use crate::domain::step::{StepName, StepState};
use crate::domain::text::{Language, LocalizedText};
use crate::domain::vocabulary::Vocabulary;
use crate::domain::writing::Write;
use crate::render::csv::restored;
use crate::render::sheet::read_truth;
use crate::util::table::{Row, Table};

/// The most columns of an imported table.
pub const MOST_COLUMNS: usize = 200;
/// The most errors that a refused import lists.
const MOST_ERRORS: usize = 100;
/// More members than a panel has.
const MORE_THAN_A_PANEL: i64 = 100;

/// The field that a column fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    /// Without a language, the letters of each text tell the language.
    Title(Option<Language>),
    Description(Option<Language>),
    Step,
    Assignee,
    AssigneeId,
    DueDate,
    Priority,
    ReviewRequired,
    State,
}

impl Field {
    /// The name of the field, as an export for programs has it.
    fn name(self) -> String {
        let text = |name: &str, language: Option<Language>| match language {
            Some(language) => format!("{name}.{}", language.code()),
            None => name.to_owned(),
        };
        match self {
            Self::Title(language) => text("title", language),
            Self::Description(language) => text("description", language),
            Self::Step => "step".to_owned(),
            Self::Assignee => "assignee".to_owned(),
            Self::AssigneeId => "assigneeId".to_owned(),
            Self::DueDate => "dueDate".to_owned(),
            Self::Priority => "priority".to_owned(),
            Self::ReviewRequired => "reviewRequired".to_owned(),
            Self::State => "state".to_owned(),
        }
    }

    /// The fields of our own export that an import reads, by the names of their columns.
    fn of_column(name: &str) -> Option<Self> {
        let texts = Language::ALL
            .iter()
            .flat_map(|language| [Self::Title(Some(*language)), Self::Description(Some(*language))]);
        let others = [
            Self::Step,
            Self::Assignee,
            Self::AssigneeId,
            Self::DueDate,
            Self::Priority,
            Self::ReviewRequired,
            Self::State,
        ];
        texts.chain(others).find(|field| field.name() == name)
    }
}

/// Headings of Redmine and OpenProject, in English and Arabic, as [`key`] folds them.
const OTHER_HEADINGS: [(&str, Field); 18] = [
    ("subject", Field::Title(None)),
    ("title", Field::Title(None)),
    ("الموضوع", Field::Title(None)),
    ("العنوان", Field::Title(None)),
    ("description", Field::Description(None)),
    ("الوصف", Field::Description(None)),
    ("assigned to", Field::Assignee),
    ("المحال اليه", Field::Assignee),
    ("المسند اليه", Field::Assignee),
    ("المكلف", Field::Assignee),
    ("finish date", Field::DueDate),
    ("deadline", Field::DueDate),
    ("تاريخ الانتهاء", Field::DueDate),
    ("تاريخ النهاية", Field::DueDate),
    ("الاولويات", Field::Priority),
    ("status", Field::State),
    ("حالة", Field::State),
    ("اولوية", Field::Priority),
];

/// Priorities of Redmine and OpenProject, as [`key`] folds them.
const OTHER_PRIORITIES: [(&str, ActivityPriority); 11] = [
    ("urgent", ActivityPriority::High),
    ("immediate", ActivityPriority::High),
    ("قليل", ActivityPriority::Low),
    ("منخفض", ActivityPriority::Low),
    ("عادي", ActivityPriority::Normal),
    ("متوسط", ActivityPriority::Normal),
    ("medium", ActivityPriority::Normal),
    ("عالي", ActivityPriority::High),
    ("مرتفع", ActivityPriority::High),
    ("طارئ", ActivityPriority::High),
    ("مباشرة", ActivityPriority::High),
];

/// States of Redmine and OpenProject in which no work is left, as [`key`] folds them.
const CLOSED: [&str; 9] =
    ["closed", "rejected", "resolved", "مغلق", "مغلقة", "مرفوض", "الحل", "on hold (closed)", "tested"];

/// A text as headings, names and words are compared: without case, width, diacritics, forms of the alef and what shows
/// nothing.
fn key(text: &str) -> String {
    let letter = |letter: char| match letter {
        'أ' | 'إ' | 'آ' | 'ٱ' => 'ا',
        other => other,
    };
    let is_kept = |letter: &char| {
        !('\u{64b}'..='\u{65f}').contains(letter)
            && *letter != '\u{640}'
            && (*letter == ' ' || !is_invisible(*letter))
    };
    let spaced = text.split_whitespace().collect::<Vec<_>>().join(" ");
    spaced.nfkc().flat_map(char::to_lowercase).map(letter).filter(is_kept).collect()
}

/// Tells whether a column has titles.
fn is_title(field: Option<Field>) -> bool {
    matches!(field, Some(Field::Title(_)))
}

/// The language of a text, by its first letter that belongs to one.
fn language_of(text: &str) -> Language {
    let is_arabic = |letter: &char| matches!(*letter, '\u{600}'..='\u{6ff}' | '\u{750}'..='\u{77f}' | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}');
    let first = text.chars().find(|letter| letter.is_alphabetic());
    if first.is_some_and(|first| is_arabic(&first)) { Language::Arabic } else { Language::English }
}

/// The way in which a table is to be read.
#[derive(Debug, Clone, Copy, Default)]
pub struct ImportOptions {
    /// The step of rows that name none; `None` stands for the open step.
    pub step: Option<StepName>,
    /// The order of day and month.
    pub dates: Option<DateOrder>,
    /// Leave out rows whose state says that no work is left.
    pub skip_closed: bool,
    /// Leave work unassigned whose assignee is no current member.
    pub skip_unknown_assignees: bool,
}

/// A column of an imported table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedColumn {
    pub heading: String,
    /// The name of the field that the column fills; `None` if the column is not imported.
    pub field: Option<String>,
}

/// A row as the body of a new activity, without step and assignee.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The line on which the row begins.
    pub line: u64,
    /// The body, whose step is a placeholder if the row names none.
    pub body: Value,
    step: Option<StepName>,
    /// The assignee as the row names one: the name, and the id.
    assignee: [Option<String>; 2],
    /// The column of each value, by its pointer.
    columns: BTreeMap<&'static str, String>,
}

impl Draft {
    /// An error of the body as an error of the cell that the value is from.
    pub fn at_cell(&self, error: FieldError) -> FieldError {
        let FieldLocation::Pointer(pointer) = &error.location else { return error };
        let of_value = |(own, _): &(&&str, &String)| pointer.starts_with(**own);
        let column = self.columns.iter().rev().find(of_value).map(|(_, column)| column.clone());
        error.in_cell(self.line, column.unwrap_or_default())
    }
}

/// A table that was understood.
#[derive(Debug, Default)]
pub struct ImportedTable {
    pub columns: Vec<ImportedColumn>,
    pub drafts: Vec<Draft>,
    /// The number of rows that were left out since no work is left.
    pub skipped: usize,
    /// The errors of cells, and of bodies that `http/` has found.
    pub errors: Vec<FieldError>,
}

impl ImportedTable {
    /// Understands a table.
    pub(crate) fn read(table: &Table, options: ImportOptions) -> Self {
        let fields = fields(&table.headings);
        let columns = table.headings.iter().zip(&fields).map(|(heading, field)| ImportedColumn {
            heading: heading.clone(),
            field: field.map(Field::name),
        });
        let mut read = Self { columns: columns.collect(), ..Self::default() };
        read.check_headings(&fields);
        if !fields.iter().copied().any(is_title) {
            // Every row would lack its title.
            return read;
        }
        let due_dates = fields.iter().position(|field| *field == Some(Field::DueDate));
        let dates = due_dates.map(|at| {
            let cells = table.rows.iter().filter_map(|row| row.cells.get(at).map(String::as_str));
            dates::Column::of(cells, options.dates)
        });
        for row in &table.rows {
            read.add(row, &table.headings, &fields, dates, options);
        }
        read
    }

    /// A column fills a field that no other column fills, and one column has titles.
    fn check_headings(&mut self, fields: &[Option<Field>]) {
        for (at, field) in fields.iter().enumerate() {
            let is_repeated = field.is_some() && fields.iter().take(at).any(|earlier| earlier == field);
            if is_repeated && let Some(column) = self.columns.get(at) {
                self.errors.push(
                    FieldError::at("", FieldErrorCode::Duplicate)
                        .saying("is the second column of this field", "عمود ثانٍ للحقل نفسه")
                        .in_cell(1, column.heading.clone()),
                );
            }
        }
        if !fields.iter().copied().any(is_title) {
            self.errors.push(
                FieldError::at("", FieldErrorCode::Required)
                    .saying(
                        "no column has titles: name one of the columns `Title` or `Subject`",
                        "لا يوجد عمود للعناوين: سمِّ أحد الأعمدة «العنوان» أو «الموضوع»",
                    )
                    .in_cell(1, String::new()),
            );
        }
    }

    fn add(
        &mut self,
        row: &Row,
        headings: &[String],
        fields: &[Option<Field>],
        dates: Option<dates::Column>,
        options: ImportOptions,
    ) {
        if row.count != headings.len() {
            let (cells, expected) = (row.count, headings.len());
            self.errors.push(
                FieldError::at("", FieldErrorCode::WrongFormat)
                    .saying(
                        format!("the row has {cells} cells, and the row of headings has {expected}"),
                        format!("عدد خلايا السطر {cells}، وعدد الخلايا في سطر العناوين {expected}"),
                    )
                    .in_cell(row.line, String::new()),
            );
            return;
        }
        let mut draft = Draft {
            line: row.line,
            body: Value::Null,
            step: None,
            assignee: [None, None],
            columns: BTreeMap::new(),
        };
        let mut body = Map::new();
        let mut texts = [Map::new(), Map::new()];
        for ((cell, heading), field) in row.cells.iter().zip(headings).zip(fields) {
            let Some(field) = *field else { continue };
            if is_blank(cell) {
                continue;
            }
            let text = restored(cell);
            let text = text.as_ref();
            let mut wrong = |code, en: &str, ar: &str| {
                self.errors.push(FieldError::at("", code).saying(en, ar).in_cell(row.line, heading.clone()));
            };
            match field {
                Field::Title(language) | Field::Description(language) => {
                    let is_title = matches!(field, Field::Title(_));
                    let language = language.unwrap_or_else(|| language_of(text));
                    let [titles, descriptions] = &mut texts;
                    let of = if is_title { titles } else { descriptions };
                    of.insert(language.code().to_owned(), json!(text));
                    draft.columns.insert(pointer(is_title, language), heading.clone());
                }
                Field::Step => match word::<StepName>(text) {
                    Some(step) => draft.step = Some(step),
                    None => wrong(FieldErrorCode::NotAllowed, "is no step", "ليست خطوة"),
                },
                Field::Assignee => {
                    let [name, _] = &mut draft.assignee;
                    *name = Some(text.trim().to_owned());
                    draft.columns.insert("/assigneeId", heading.clone());
                }
                Field::AssigneeId => {
                    let [_, id] = &mut draft.assignee;
                    *id = Some(text.trim().to_owned());
                }
                Field::DueDate => match dates.map(|column| column.read(text)) {
                    Some(Ok(day)) => {
                        body.insert("dueDate".to_owned(), json!(day));
                        draft.columns.insert("/dueDate", heading.clone());
                    }
                    Some(Err(dates::Unread::Ambiguous)) => wrong(
                        FieldErrorCode::WrongFormat,
                        "can be read with the day or with the month first: add `dates=dmy` or `dates=mdy` to the address",
                        "تُقرأ قيمته على وجهين، اليوم أولًا أو الشهر أولًا: أضف dates=dmy أو dates=mdy إلى العنوان",
                    ),
                    _ => wrong(FieldErrorCode::WrongFormat, "is no date", "ليس تاريخًا"),
                },
                Field::Priority => match priority(text) {
                    Some(priority) => drop(body.insert("priority".to_owned(), json!(priority))),
                    None => wrong(
                        FieldErrorCode::NotAllowed,
                        "is no priority: use Low, Normal or High",
                        "ليست أولوية: استعمل منخفضة أو عادية أو عالية",
                    ),
                },
                Field::ReviewRequired => match read_truth(text.trim()) {
                    Some(value) => drop(body.insert("reviewRequired".to_owned(), json!(value))),
                    None => wrong(FieldErrorCode::NotAllowed, "is neither yes nor no", "ليست نعم ولا لا"),
                },
                Field::State => {
                    let closed = word::<ActivityState>(text).is_some_and(|state| !state.is_open())
                        || CLOSED.contains(&key(text).as_str());
                    if closed && options.skip_closed {
                        self.skipped += 1;
                        return;
                    }
                }
            }
        }
        let [titles, descriptions] = texts;
        let title = fields.iter().zip(headings).find(|(field, _)| matches!(field, Some(Field::Title(_))));
        if let Some((_, heading)) = title {
            draft.columns.entry("/title").or_insert_with(|| heading.clone());
        }
        for (name, text) in [("title", titles), ("description", descriptions)] {
            if !text.is_empty() {
                body.insert(name.to_owned(), Value::Object(text));
            }
        }
        draft.step = draft.step.or(options.step);
        // The schema asks for a step, which is known under the lock only.
        body.insert("step".to_owned(), json!(draft.step.unwrap_or(StepName::Policy)));
        draft.body = Value::Object(body);
        self.drafts.push(draft);
    }
}

fn pointer(is_title: bool, language: Language) -> &'static str {
    match (is_title, language) {
        (true, Language::English) => "/title/en",
        (true, Language::Arabic) => "/title/ar",
        (false, Language::English) => "/description/en",
        (false, Language::Arabic) => "/description/ar",
    }
}

/// The field of each column. Where a column has titles of one language, as in our own export, columns with titles of no
/// language are others: `subject` is what an activity is about there.
fn fields(headings: &[String]) -> Vec<Option<Field>> {
    let mut known: HashMap<String, Field> =
        OTHER_HEADINGS.iter().map(|(heading, field)| ((*heading).to_owned(), *field)).collect();
    for column in Activity::sheet(Language::English).columns {
        if let Some(field) = Field::of_column(&column.name) {
            known.extend(
                [&column.name, &column.title.en, &column.title.ar].map(|heading| (key(heading), field)),
            );
        }
    }
    let mut fields: Vec<_> = headings.iter().map(|heading| known.get(&key(heading)).copied()).collect();
    for of_no_language in [Field::Title(None), Field::Description(None)] {
        let has_language = |field: &Option<Field>| match (of_no_language, field) {
            (Field::Title(_), Some(Field::Title(language)))
            | (Field::Description(_), Some(Field::Description(language))) => language.is_some(),
            _ => false,
        };
        if fields.iter().any(has_language) {
            fields.iter_mut().filter(|field| **field == Some(of_no_language)).for_each(|field| *field = None);
        }
    }
    fields
}

/// The word of a vocabulary, by its code or by its label in either language.
fn word<V: Vocabulary>(text: &str) -> Option<V> {
    let text = key(text);
    V::ALL.iter().copied().find(|word| {
        let label = word.label();
        [word.code(), &label.en, &label.ar].iter().any(|own| key(own) == text)
    })
}

fn priority(text: &str) -> Option<ActivityPriority> {
    let other = || OTHER_PRIORITIES.iter().find(|(own, _)| *own == key(text)).map(|(_, priority)| *priority);
    word(text).or_else(other)
}

/// An activity that an import has created.
#[derive(Debug, Clone)]
pub struct ImportedActivity {
    pub line: u64,
    pub id: Uuid,
    pub number: i32,
    pub title: LocalizedText,
}

/// The outcome of an import.
#[derive(Debug)]
pub struct Imported {
    pub activities: Vec<ImportedActivity>,
    /// The number of activities without an assignee, since the file names one who is no current member.
    pub unassigned: usize,
}

/// The facts of a task force that decide on the rows of an import.
struct Place {
    cycle: i32,
    steps: Vec<(StepName, StepState)>,
    members: Vec<NamedMember>,
}

impl Place {
    async fn read(tx: &WriteTx<'_>) -> Result<Self> {
        let (conn, task_force_id) = (tx.conn(), tx.task_force_id());
        let current = MemberFilter { current: Some(true), ..MemberFilter::default() };
        let members = db::members::list(conn, task_force_id, current, None, Window::of(MORE_THAN_A_PANEL));
        let (steps, members) = tokio::try_join!(db::steps::list(conn, task_force_id, None), members)?;
        let steps = steps.iter().map(|step| (step.step, step.state)).collect();
        Ok(Self { cycle: tx.access.cycle, steps, members: members.items })
    }

    fn open_step(&self) -> Option<StepName> {
        self.steps.iter().find(|(_, state)| *state == StepState::Open).map(|(step, _)| *step)
    }

    /// The current member of a row: by id, or else by name in either language.
    fn member(&self, [name, id]: &[Option<String>; 2]) -> std::result::Result<Option<Uuid>, &'static str> {
        let by_id: Option<Uuid> = id.as_ref().and_then(|id| id.parse().ok());
        if let Some(member) = by_id.and_then(|id| self.members.iter().find(|own| own.member.id == id)) {
            return Ok(Some(member.member.id));
        }
        let Some(name) = name.as_ref().or(id.as_ref()) else { return Ok(None) };
        let wanted = key(name);
        let has_name = |member: &&NamedMember| {
            Language::ALL.iter().any(|language| key(member.name.in_language(*language)) == wanted)
        };
        let mut found = self.members.iter().filter(has_name);
        match (found.next(), found.next()) {
            (Some(member), None) => Ok(Some(member.member.id)),
            (Some(_), Some(_)) => Err("ambiguous"),
            (None, _) => Err("unknown"),
        }
    }
}

impl App {
    /// Creates the activities of a table, all of them or none. `fields` are the checked bodies of the drafts.
    ///
    /// # Errors
    /// `invalidRequest` with the errors of all rows; `tooManyItems`; the errors of [`WriteTx::may_write`].
    pub async fn activities_import(
        &self,
        caller: &Caller,
        task_force_id: Uuid,
        table: ImportedTable,
        fields: Vec<ActivityFields>,
        options: ImportOptions,
    ) -> Result<Imported> {
        self.write_within(BULK_TIMEOUT, caller, task_force_id, Action::Work, async |tx| {
            let place = Place::read(tx).await?;
            let mut errors = table.errors;
            let mut rows = Vec::with_capacity(fields.len());
            let mut unassigned = 0;
            let open_step = place.open_step();
            for (draft, mut fields) in table.drafts.iter().zip(fields) {
                match draft.step.or(open_step) {
                    Some(step) => {
                        fields.step = step;
                        errors.extend(step_error(tx, &place, draft, step)?);
                    }
                    None => errors.push(no_step(draft)),
                }
                match place.member(&draft.assignee) {
                    Ok(member) => fields.assignee_member_id = member,
                    Err(_) if options.skip_unknown_assignees => unassigned += 1,
                    Err(why) => errors.push(assignee_error(draft, why)),
                }
                rows.push((draft.line, fields));
            }
            refuse(errors)?;
            if rows.is_empty() && table.skipped == 0 {
                return Err(nothing_to_import().into());
            }
            let count = db::activities::count(tx.conn(), task_force_id, place.cycle).await?;
            let more = i64::try_from(rows.len()).unwrap_or(i64::MAX);
            size::check_count(count.saturating_add(more).saturating_sub(1), size::MOST_ACTIVITIES)?;
            let ids: Vec<Uuid> = rows.iter().map(|_| tx.new_id()).collect();
            let new: Vec<_> = ids.iter().copied().zip(rows.iter().map(|(_, fields)| fields)).collect();
            let first =
                db::activities::insert_all(tx.conn(), task_force_id, place.cycle, &new, tx.now()).await?;
            for (id, fields) in &new {
                let created = NewEvent::new(EventAction::ActivityCreated, SubjectKind::Activity, *id);
                tx.record(created.with(changes_between(&Value::Null, &json!(fields))));
            }
            let activities = (first..).zip(ids).zip(&rows).map(|((number, id), (line, fields))| {
                ImportedActivity { line: *line, id, number, title: fields.title.clone() }
            });
            Ok(Imported { activities: activities.collect(), unassigned })
        })
        .await
    }
}

/// Refuses an import with errors: the first of them, and their number.
fn refuse(mut errors: Vec<FieldError>) -> std::result::Result<(), Refusal> {
    if errors.is_empty() {
        return Ok(());
    }
    let total = errors.len();
    // The checks find them one after the other; people go through the file.
    errors.sort_by_key(line_of);
    errors.truncate(MOST_ERRORS);
    let refusal = Refusal::because_of(errors);
    if total <= MOST_ERRORS {
        return Err(refusal.extension(ProblemExtension::ErrorCount(total)));
    }
    Err(refusal.extension(ProblemExtension::ErrorCount(total)).saying(
        format!("The file has {total} errors. `errors` lists the first {MOST_ERRORS}."),
        format!("في الملف أخطاء عددها {total}. يسرد الحقل errors أول {MOST_ERRORS} منها."),
    ))
}

/// The line of the cell that an error is in.
fn line_of(error: &FieldError) -> u64 {
    match error.location {
        FieldLocation::Cell { line, .. } => line,
        FieldLocation::Pointer(_) | FieldLocation::Parameter(_) => 0,
    }
}

fn nothing_to_import() -> Refusal {
    Refusal::new(
        RefusalCode::InvalidRequest,
        "The file has headings and no rows: there is nothing to import.",
        "في الملف عناوين أعمدة ولا سطور بعدها: لا شيء يُستورد.",
    )
}

/// The error of a row whose step takes no activities.
///
/// # Errors
/// The code of a state of the task force that allows no activities in any step.
fn step_error(tx: &WriteTx<'_>, place: &Place, draft: &Draft, step: StepName) -> Result<Option<FieldError>> {
    let state =
        place.steps.iter().find(|(own, _)| *own == step).map_or(StepState::Locked, |(_, state)| *state);
    match state {
        StepState::Open | StepState::Locked => tx.may_write(Write::Activity(state)).map(|()| None),
        StepState::Submitted | StepState::Passed => {
            tx.may_write(Write::Activity(StepState::Open))?;
            let label = step.label();
            let error = FieldError::at("/step", FieldErrorCode::NotAllowed).saying(
                format!("nothing is planned in the step “{}”, which is submitted or passed", label.en),
                format!("لا يُخطَّط في خطوة «{}» لأنها معروضة على الأعضاء أو مُقرَّة", label.ar),
            );
            Ok(Some(error.in_cell(draft.line, String::new())))
        }
    }
}

fn no_step(draft: &Draft) -> FieldError {
    FieldError::at("/step", FieldErrorCode::Required)
        .saying(
            "no step is open, and the row names none: add `step` to the address",
            "لا توجد خطوة مفتوحة، ولا يذكر السطر خطوة: أضف step إلى العنوان",
        )
        .in_cell(draft.line, String::new())
}

fn assignee_error(draft: &Draft, why: &str) -> FieldError {
    let error = if why == "ambiguous" {
        FieldError::at("/assigneeId", FieldErrorCode::Invalid)
            .saying("is the name of two members: use the id", "اسم لعضوين: استعمل المعرّف")
    } else {
        FieldError::at("/assigneeId", FieldErrorCode::UnknownReference).saying(
            "is no current member of the task force; `skipUnknownAssignees=true` leaves such work unassigned",
            "ليس عضوًا حاليًّا في فريق العمل؛ ومع skipUnknownAssignees=true يبقى النشاط بلا مكلَّف به",
        )
    };
    draft.at_cell(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headings: &[&str], cells: &[&str], options: ImportOptions) -> ImportedTable {
        let owned = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
        let row = Row { line: 2, count: cells.len(), cells: owned(cells) };
        ImportedTable::read(&Table { headings: owned(headings), rows: vec![row] }, options)
    }

    #[test]
    fn exports_of_redmine_and_openproject_are_understood() {
        for (headings, cells) in [
            (
                ["#", "Tracker", "Status", "Priority", "Subject", "Assignee", "Due date", "Description"],
                ["7", "Task", "New", "Urgent", "Write the plan", "Rana Haddad", "2026-12-15", "Soon"],
            ),
            (
                ["#", "المتتبع", "الحالة", "الأولوية", "الموضوع", "المحال اليه", "تاريخ الاستحقاق", "الوصف"],
                ["7", "مهمة", "جديد", "طارئ", "Write the plan", "Rana Haddad", "2026-12-15", "Soon"],
            ),
            (
                ["id", "Type", "Status", "Priority", "Subject", "Assignee", "Finish date", "Description"],
                ["7", "Task", "New", "Immediate", "Write the plan", "Rana Haddad", "15.12.2026", "Soon"],
            ),
        ] {
            let read = read(&headings, &cells, ImportOptions::default());
            assert_eq!(read.errors, [], "{headings:?}");
            let draft = read.drafts.first().unwrap();
            let expected = json!({
                "title": { "en": "Write the plan" }, "description": { "en": "Soon" }, "priority": "high",
                "dueDate": "2026-12-15", "step": "policy",
            });
            assert_eq!(draft.body, expected);
            assert_eq!(draft.assignee, [Some("Rana Haddad".to_owned()), None]);
            let imported = read.columns.iter().filter(|column| column.field.is_some()).count();
            assert_eq!(imported, 6, "{headings:?}");
        }
    }

    #[test]
    fn our_own_headings_are_understood_in_both_languages_and_as_names() {
        for language in Language::ALL {
            for labels in [true, false] {
                let sheet = Activity::sheet(*language);
                let reader = crate::render::sheet::Reader {
                    language: *language,
                    labels,
                    today: chrono::NaiveDate::MIN,
                    time_zone: chrono_tz::Tz::UTC,
                };
                let headings: Vec<_> =
                    sheet.layout(&reader).headings.into_iter().map(|(heading, _)| heading).collect();
                let fields = fields(&headings);
                let found: Vec<_> = fields.iter().flatten().map(|field| field.name()).collect();
                assert_eq!(found.len(), 11, "{headings:?} {found:?}");
                let repeated = |(at, name): (usize, &String)| found.iter().take(at).any(|own| own == name);
                assert!(!found.iter().enumerate().any(repeated), "{found:?}");
            }
        }
    }

    #[test]
    fn each_wrong_cell_is_told_with_its_place() {
        let headings = ["Title", "Priority", "Due date", "Step", "Review required"];
        let read = read(&headings, &["", "Blue", "soon", "7", "perhaps"], ImportOptions::default());
        let places: Vec<_> = read.errors.iter().map(|error| (error.location.clone(), error.code)).collect();
        let at = |column: &str| FieldLocation::Cell { line: 2, column: column.to_owned() };
        assert_eq!(
            places,
            [
                (at("Priority"), FieldErrorCode::NotAllowed),
                (at("Due date"), FieldErrorCode::WrongFormat),
                (at("Step"), FieldErrorCode::NotAllowed),
                (at("Review required"), FieldErrorCode::NotAllowed),
            ]
        );
    }

    #[test]
    fn closed_work_is_left_out_if_asked_for() {
        let options = ImportOptions { skip_closed: true, ..ImportOptions::default() };
        for (state, skipped) in
            [("Closed", 1), ("منجز", 1), ("done", 1), ("مغلق", 1), ("New", 0), ("Planned", 0)]
        {
            let read = read(&["Subject", "Status"], &["x", state], options);
            assert_eq!((read.skipped, read.drafts.len()), (skipped, 1 - skipped), "{state}");
        }
    }
}
