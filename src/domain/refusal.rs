//! Refusals: the code of the rule that refused a request, and the facts that help the caller to mend it.
//!
//! A refusal carries codes and plain data. Titles, advice and HTTP statuses are in the problem catalogue of `http/`,
//! beside the codes of the protocol that no rule raises.

use chrono::NaiveDate;
use strum::VariantArray as _;

use super::criterion::Criterion;
use super::event::SubjectKind;
use super::message::Message;
use super::reference::Reference;
use super::role::EffectiveRole;
use super::vocabulary::Vocabulary as _;

/// The rule that refused a request: a business rule or a rule of access.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[strum(serialize_all = "camelCase")]
pub enum RefusalCode {
    /// A value of the request is not valid.
    InvalidRequest,
    /// An id in the request names nothing that the caller can see.
    UnknownReference,
    /// The request carries no valid credential.
    Unauthenticated,
    /// All sessions of the caller have been ended since the token of another issuer was issued.
    SessionsEnded,
    /// The e-mail address, the password or the token is wrong.
    InvalidCredentials,
    /// The installation has no mail server.
    EmailUnavailable,
    /// The credential is narrower than the rights of its owner.
    InsufficientScope,
    /// The caller can see the resource but may not perform the action.
    Forbidden,
    /// The resource does not exist, or the caller may not know that it does.
    NotFound,
    /// The state machine has no transition from the current state to the requested one.
    TransitionNotAllowed,
    /// A task force at work would have fewer than five or more than seven members.
    PanelSize,
    /// A task force at work would have no chair, or more than one.
    ChairRequired,
    /// A seat is held by a user who may no longer hold it.
    SeatsInvalid,
    /// The user already has a seat in the task force.
    AlreadyMember,
    /// The seat of the member has ended.
    MemberEnded,
    /// The user is not an active or invited user of role `expert`.
    NotAnExpert,
    /// The user has a seat in a task force and must stay an expert.
    HoldsSeat,
    /// The task force is not active yet.
    TaskForceForming,
    /// The task force is suspended.
    TaskForceSuspended,
    /// The task force is concluded or dissolved.
    TaskForceClosed,
    /// The step is not open yet.
    StepLocked,
    /// The step is put to the vote.
    StepSubmitted,
    /// The members have passed the step.
    StepPassed,
    /// A criterion of the gate is neither met nor waived.
    GateNotMet,
    /// The content is larger than the content of a vote or of a report may be.
    ContentTooLarge,
    /// The activity waits for another activity.
    DependencyUnfinished,
    /// Activities would wait for each other in a circle.
    DependencyCircle,
    /// A member who worked on an activity, or put it to the review, cannot finish its review.
    ReviewByAnother,
    /// The field of the activity is fixed while the activity is in review.
    ActivityInReview,
    /// The activity is done or cancelled.
    ActivityClosed,
    /// The activity has been started.
    ActivityStarted,
    /// No adopted policy is named as the successor of the policy.
    PolicyNotAdopted,
    /// The policy is adopted, rejected or superseded, so its text is fixed.
    PolicyDecided,
    /// The policy has taken the place of another policy, so it stays.
    SupersedesAnother,
    /// Another member has put the policy under review, so that only that member changes its text.
    PolicyUnderReview,
    /// The member who put the policy under review cannot adopt it.
    AdoptionByAnother,
    /// The sector lacks an assessment of its current or of its target maturity.
    MaturityMissing,
    /// The target maturity of the sector is below its current maturity.
    TargetBelowCurrent,
    /// The sector lacks a completed study with a recommendation.
    StudyMissing,
    /// The sector of the pilot is not selected.
    SectorNotSelected,
    /// The pilot names no aim.
    AimsMissing,
    /// The pilot has no indicator with a baseline and a target.
    IndicatorsMissing,
    /// An indicator of the pilot has no measurement in its last cycle.
    MeasurementsMissing,
    /// The pilot has been started, so its plan and scorecard are fixed.
    ScorecardFrozen,
    /// An earlier evaluation keeps the pilot, or what was measured for it.
    PilotEvaluated,
    /// The evaluations of the pilot's run were taken back too often.
    EvaluationStands,
    /// The migration was begun, so that it stays in the record.
    MigrationBegun,
    /// The pilot is not running, so it cannot be measured.
    PilotNotRunning,
    /// An extended pilot can be planned again in a later cycle only.
    CycleNotOver,
    /// The pilot was not evaluated with outcome `scale`.
    PilotNotScaled,
    /// A migration of the pilot is planned, under way or done.
    MigrationUnderWay,
    /// The checklist of the migration is empty or has an open item.
    ChecklistUnfinished,
    /// The migration lacks its reconciliation counts.
    ReconciliationMissing,
    /// The counts of the reconciliation differ without a reason.
    DifferenceUnexplained,
    /// The migration lacks its receiving unit or its service owner.
    HandoverIncomplete,
    /// Evidence that is a link takes no file.
    EvidenceIsALink,
    /// The criterion of the gate cannot be waived.
    NotWaivable,
    /// The council has not opened the step again.
    NotAdjusted,
    /// The caller was not a member when the step was submitted.
    NotEntitled,
    /// The vote on the submission has ended.
    VotingClosed,
    /// A vote is open whose choices are sealed for the caller.
    VoteOpen,
    /// The report is not before the council.
    ReportNotSubmitted,
    /// A later decision has corrected the decision.
    DecisionSuperseded,
    /// Work has followed from the decision, so its outcome is fixed.
    DecisionFollowed,
    /// An earlier cycle has the resource on record.
    OfAnEarlierCycle,
    /// The condition of the council is met or waived.
    ConditionSettled,
    EvidenceOnRecord,
    /// The member owns pilots or conditions that need another owner.
    OwnsWork,
    /// Another resource refers to the resource.
    StillReferenced,
    /// The task force has as many resources of the kind in the cycle as allowed.
    TooManyItems,
    /// Another user has the e-mail address.
    EmailTaken,
    /// The installation would be left without an active administrator.
    LastAdministrator,
    /// The user has as many API keys as allowed.
    TooManyApiKeys,
    /// The first request with the idempotency key is still being handled.
    IdempotencyKeyInUse,
    /// The idempotency key belongs to a different request.
    IdempotencyKeyReused,
    /// Too many attempts to sign in have failed.
    TooManyAttempts,
    /// The resource has changed since the caller read it.
    VersionMismatch,
    /// The files of the task force, or of the installation, have all the space that they may have.
    StorageFull,
}

impl RefusalCode {
    /// Every code.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// The code as clients and the database know it.
    pub fn code(self) -> &'static str {
        self.into()
    }

    /// The value with this code, if there is one.
    pub fn parse(code: &str) -> Option<Self> {
        code.parse().ok()
    }

    /// The kinds of the other resources that a refusal with this code is about, and that it names in its references if
    /// there are any. The resource that the request addresses is not among them.
    ///
    /// The `match` has no wildcard, so that a new code does not compile until its references are decided on.
    pub fn names(self) -> &'static [SubjectKind] {
        match self {
            Self::SeatsInvalid
            | Self::AlreadyMember
            | Self::MemberEnded
            | Self::ReviewByAnother
            | Self::PolicyUnderReview
            | Self::AdoptionByAnother => &[SubjectKind::Member],
            Self::NotAnExpert | Self::EmailTaken => &[SubjectKind::User],
            Self::HoldsSeat => &[SubjectKind::TaskForce],
            Self::DependencyUnfinished | Self::DependencyCircle => &[SubjectKind::Activity],
            Self::PolicyNotAdopted | Self::SupersedesAnother => &[SubjectKind::Policy],
            Self::SectorNotSelected => &[SubjectKind::Sector],
            Self::StudyMissing => &[SubjectKind::Study],
            Self::IndicatorsMissing | Self::MeasurementsMissing => &[SubjectKind::Indicator],
            Self::PilotNotScaled | Self::OfAnEarlierCycle => &[SubjectKind::Pilot],
            Self::MigrationUnderWay => &[SubjectKind::Migration],
            Self::ChecklistUnfinished => &[SubjectKind::ChecklistItem],
            Self::ReportNotSubmitted => &[SubjectKind::Report],
            Self::DecisionSuperseded => &[SubjectKind::Decision],
            Self::ConditionSettled => &[SubjectKind::Condition],
            Self::OwnsWork => &[SubjectKind::Pilot, SubjectKind::Condition],
            Self::StillReferenced => SubjectKind::ALL,
            // The request or one of its values, the credential, or a limit.
            Self::InvalidRequest
            | Self::UnknownReference
            | Self::Unauthenticated
            | Self::SessionsEnded
            | Self::InvalidCredentials
            | Self::InsufficientScope
            | Self::Forbidden
            | Self::NotFound
            | Self::TooManyApiKeys
            | Self::IdempotencyKeyInUse
            | Self::IdempotencyKeyReused
            | Self::TooManyAttempts
            | Self::StorageFull
            | Self::ContentTooLarge
            | Self::TooManyItems
            // The state of the resource that the request addresses, of its step or of its task force.
            | Self::TransitionNotAllowed
            | Self::TaskForceForming
            | Self::TaskForceSuspended
            | Self::TaskForceClosed
            | Self::StepLocked
            | Self::StepSubmitted
            | Self::StepPassed
            | Self::PolicyDecided
            | Self::ActivityInReview
            | Self::ActivityClosed
            | Self::ActivityStarted
            | Self::ScorecardFrozen
            | Self::EvaluationStands
            | Self::PilotNotRunning
            | Self::CycleNotOver
            | Self::EvidenceIsALink
            | Self::EvidenceOnRecord
            | Self::PilotEvaluated
            | Self::MigrationBegun
            | Self::NotAdjusted
            | Self::DifferenceUnexplained
            | Self::TargetBelowCurrent
            | Self::NotEntitled
            | Self::VotingClosed
            | Self::VoteOpen
            | Self::DecisionFollowed
            | Self::VersionMismatch
            // What the resource lacks, which does not exist yet.
            | Self::PanelSize
            | Self::ChairRequired
            | Self::MaturityMissing
            | Self::AimsMissing
            | Self::ReconciliationMissing
            | Self::HandoverIncomplete
            | Self::LastAdministrator
            | Self::EmailUnavailable
            // `criteria` says more than a reference.
            | Self::GateNotMet
            | Self::NotWaivable => &[],
        }
    }
}

vocabulary! {
    /// Kind of an error in one value of a request.
    pub enum FieldErrorCode as "ValidationErrorCode" {
        Required = "required", "is missing", "مطلوب ولم يُذكر";
        Unknown = "unknown", "is not known here", "غير معروف هنا";
        WrongType = "wrongType", "has the wrong type", "نوعه غير صحيح";
        WrongFormat = "wrongFormat", "has the wrong form", "صيغته غير صحيحة";
        NotAllowed = "notAllowed", "is not one of the allowed values", "ليس من القيم المسموح بها";
        TooShort = "tooShort", "is too short", "قصير جدًا";
        TooLong = "tooLong", "is too long", "طويل جدًا";
        TooSmall = "tooSmall", "is too small", "صغير جدًا";
        TooLarge = "tooLarge", "is too large", "كبير جدًا";
        Empty = "empty", "is empty", "فارغ";
        UnknownReference = "unknownReference", "refers to nothing here", "لا يشير إلى عنصر موجود هنا";
        Duplicate = "duplicate", "is there twice", "مكرر";
        Common = "common", "is a common password, or easy to guess", "كلمة مرور شائعة أو سهلة التخمين";
        Invalid = "invalid", "is not valid", "غير صالح";
    }
}

/// The location of an error in a request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum FieldLocation {
    /// A JSON pointer into the body (RFC 6901).
    Pointer(String),
    /// The name of a query or path parameter, or of a header.
    Parameter(String),
    /// A cell of a table: the line on which its row begins, and the heading of its column. An empty heading stands for
    /// the whole row.
    Cell { line: u64, column: String },
}

/// One error in the values of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The location of the value.
    pub location: FieldLocation,
    /// The kind of error.
    pub code: FieldErrorCode,
    /// A sentence for the person who sent the request.
    pub detail: Message,
    /// Other fields of the body that the value was compared with. While one of them is wrong itself, the error is
    /// not known to be one.
    pub compared_with: &'static [&'static str],
}

impl FieldError {
    /// An error in the body, described by the label of its code.
    pub fn at(pointer: impl Into<String>, code: FieldErrorCode) -> Self {
        Self {
            location: FieldLocation::Pointer(pointer.into()),
            code,
            detail: code.label(),
            compared_with: &[],
        }
    }

    /// An error in a parameter or header, described by the label of its code.
    pub fn parameter(name: impl Into<String>, code: FieldErrorCode) -> Self {
        Self {
            location: FieldLocation::Parameter(name.into()),
            code,
            detail: code.label(),
            compared_with: &[],
        }
    }

    /// The error of a day that lies after today in the task force's time zone.
    pub fn in_future(pointer: impl Into<String>, today: NaiveDate) -> Self {
        Self::at(pointer, FieldErrorCode::TooLarge).saying(
            format!("is in the future: in the task force's time zone it is {today}"),
            format!("يقع في المستقبل: تاريخ اليوم بتوقيت فريق العمل هو {today}"),
        )
    }

    /// The error of a day to come that lies before today in the task force's time zone.
    pub fn in_past(pointer: impl Into<String>, today: NaiveDate) -> Self {
        Self::at(pointer, FieldErrorCode::TooSmall).saying(
            format!("is in the past: in the task force's time zone it is {today}"),
            format!("يقع في الماضي: تاريخ اليوم بتوقيت فريق العمل هو {today}"),
        )
    }

    /// The same error, in a cell of a table.
    pub fn in_cell(self, line: u64, column: String) -> Self {
        Self { location: FieldLocation::Cell { line, column }, ..self }
    }

    /// Replaces the sentence that describes the error.
    pub fn saying(self, en: impl Into<String>, ar: impl Into<String>) -> Self {
        Self { detail: Message::new(en, ar), ..self }
    }

    /// Names the other fields of the body that the value was compared with.
    pub fn compared_with(self, fields: &'static [&'static str]) -> Self {
        Self { compared_with: fields, ..self }
    }
}

/// An obstacle to a transition, as `availableTransitions` lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocker {
    /// The code that a refusal of the transition would have.
    pub code: RefusalCode,
    /// A title about this very case; otherwise the title of the code applies.
    pub title: Option<Message>,
    /// The resources behind the obstacle.
    pub references: Vec<Reference>,
}

impl Blocker {
    /// An obstacle with a title about this very case, in English and Arabic.
    pub fn titled(code: RefusalCode, en: impl Into<String>, ar: impl Into<String>) -> Self {
        Self { title: Some(Message::new(en, ar)), ..Self::from(code) }
    }
}

impl From<RefusalCode> for Blocker {
    fn from(code: RefusalCode) -> Self {
        Self { code, title: None, references: Vec::new() }
    }
}

impl From<Refusal> for Blocker {
    fn from(refusal: Refusal) -> Self {
        let title = match refusal.detail {
            RefusalDetail::Sentence(title) => Some(title),
            RefusalDetail::Blocked(title) => title,
            RefusalDetail::Advice | RefusalDetail::FieldErrors => None,
        };
        Self { code: refusal.code, title, references: refusal.references }
    }
}

/// A transition out of the current state, and its obstacles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvailableTransition {
    /// The code of the state that the transition leads to.
    pub to: &'static str,
    /// True if the request must have a `reason`.
    pub reason_required: bool,
    /// The obstacles for this caller now. An empty list means that the transition is possible.
    pub blocked_by: Vec<Blocker>,
}

/// The space that files have taken, in bytes, and the space that they may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StorageUse {
    pub used: i64,
    /// `None` for no limit.
    pub limit: Option<i64>,
}

/// Data that a refusal lists beside its sentence.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ProblemExtension {
    /// No data.
    #[default]
    Nothing,
    /// The transitions out of the current state.
    Transitions(Vec<AvailableTransition>),
    /// The roles that may do what the caller may not.
    AllowedRoles(Vec<EffectiveRole>),
    /// The criteria of the gate.
    Criteria(Vec<Criterion>),
    /// The current version of the resource.
    CurrentVersion(i32),
    /// The seconds after which the request can be sent again.
    RetryAfter(u32),
    /// The space that files have taken, and the space that they may take.
    Storage(StorageUse),
    /// The number of all errors, of which the first are listed.
    ErrorCount(usize),
}

/// Selects the `detail` of the problem, which is the sentence for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefusalDetail {
    /// The advice of the code.
    Advice,
    /// The number of field errors.
    FieldErrors,
    /// The title of an obstacle, followed by the advice of the code; without a title, the advice alone.
    Blocked(Option<Message>),
    /// A sentence about this very request.
    Sentence(Message),
}

/// A refused request. A refusal changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}{}", self.explanation())]
pub struct Refusal {
    /// The rule that refused the request.
    pub code: RefusalCode,
    /// Selects the sentence for people.
    pub detail: RefusalDetail,
    /// Every error in the values of the request.
    pub errors: Vec<FieldError>,
    /// The resources behind the refusal, such as the activities that another one waits for.
    pub references: Vec<Reference>,
    /// Data that helps to mend the request.
    pub extension: Box<ProblemExtension>,
}

impl Refusal {
    /// A refusal with a sentence of its own.
    pub fn new(code: RefusalCode, en: impl Into<String>, ar: impl Into<String>) -> Self {
        Self { detail: RefusalDetail::Sentence(Message::new(en, ar)), ..Self::from(code) }
    }

    /// Replaces the sentence.
    pub fn saying(self, en: impl Into<String>, ar: impl Into<String>) -> Self {
        Self { detail: RefusalDetail::Sentence(Message::new(en, ar)), ..self }
    }

    /// A refusal because of errors in the values of the request.
    pub fn field_errors(code: RefusalCode, errors: Vec<FieldError>) -> Self {
        Self { detail: RefusalDetail::FieldErrors, errors, ..Self::from(code) }
    }

    /// A refusal because of errors: `unknownReference` if all of them are, `invalidRequest` otherwise.
    pub fn because_of(errors: Vec<FieldError>) -> Self {
        let all_references = errors.iter().all(|error| error.code == FieldErrorCode::UnknownReference);
        let code = if all_references { RefusalCode::UnknownReference } else { RefusalCode::InvalidRequest };
        Self::field_errors(code, errors)
    }

    /// Refuses a request with errors, as [`because_of`](Self::because_of).
    ///
    /// # Errors
    /// The refusal, unless there are no errors.
    pub fn if_any(errors: Vec<FieldError>) -> Result<(), Self> {
        if errors.is_empty() { Ok(()) } else { Err(Self::because_of(errors)) }
    }

    /// A refusal because of one reference in the body that names nothing.
    pub fn unknown_reference(pointer: impl Into<String>) -> Self {
        Self::field_errors(
            RefusalCode::UnknownReference,
            vec![FieldError::at(pointer, FieldErrorCode::UnknownReference)],
        )
    }

    /// A refusal because the body lacks a field that the value of another field asks for.
    pub fn missing(pointer: impl Into<String>, because_of: &'static [&'static str]) -> Self {
        let error = FieldError::at(pointer, FieldErrorCode::Required).compared_with(because_of);
        Self::field_errors(RefusalCode::InvalidRequest, vec![error])
    }

    /// Names the resources behind the refusal. The resource that the request addresses needs no reference.
    pub fn references(self, references: Vec<Reference>) -> Self {
        Self { references, ..self }
    }

    /// Adds data that helps to mend the request.
    pub fn extension(self, extension: ProblemExtension) -> Self {
        Self { extension: Box::new(extension), ..self }
    }

    /// The facts behind the code, for logs.
    fn explanation(&self) -> String {
        match &self.detail {
            RefusalDetail::Sentence(sentence) | RefusalDetail::Blocked(Some(sentence)) => {
                format!(": {}", sentence.en)
            }
            RefusalDetail::FieldErrors => {
                let errors = self.errors.iter().map(|error| match &error.location {
                    FieldLocation::Pointer(name) | FieldLocation::Parameter(name) => {
                        format!("{name} {}", error.detail.en)
                    }
                    FieldLocation::Cell { line, column } => format!("{line} {column} {}", error.detail.en),
                });
                format!(": {}", errors.collect::<Vec<_>>().join(", "))
            }
            RefusalDetail::Advice | RefusalDetail::Blocked(None) => String::new(),
        }
    }
}

impl From<RefusalCode> for Refusal {
    fn from(code: RefusalCode) -> Self {
        let (detail, extension) = (RefusalDetail::Advice, Box::default());
        Self { code, detail, errors: Vec::new(), references: Vec::new(), extension }
    }
}

impl From<Blocker> for Refusal {
    fn from(blocker: Blocker) -> Self {
        let Blocker { code, title, references } = blocker;
        Self { detail: RefusalDetail::Blocked(title), references, ..Self::from(code) }
    }
}
