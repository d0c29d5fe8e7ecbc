//! Problem details (RFC 9457): the form of every refusal and failure.
//!
//! A handler returns a [`Problem`]; the response middleware writes the body in the language of the request. Statuses,
//! titles and advice come from [`super::problem_catalogue`].

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, ETAG, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

use super::context::{RequestContext, UnknownLanguage};
use super::problem_catalogue::ProblemCode;
use super::reference::{MemberReference, ResourceReference};
use super::storage::StorageDocument;
use super::text::LocalizedNote;
use crate::app;
use crate::domain::criterion::{Criterion, CriterionCode, Waiver};
use crate::domain::message::Message;
use crate::domain::reference::Reference;
use crate::domain::refusal::{
    AvailableTransition, Blocker, FieldError, FieldErrorCode, FieldLocation, ProblemExtension, Refusal,
    RefusalCode, RefusalDetail,
};
use crate::domain::rights::EffectiveRole;
use crate::domain::text::{Language, LocalizedText};
use crate::domain::vocabulary::Vocabulary as _;
use crate::render::{self, bidi};

/// The `Retry-After` of a response while the database is not available, in seconds.
const RETRY_AFTER_SECONDS: &str = "2";

/// A request that was refused or failed.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    code: ProblemCode,
    detail: Box<RefusalDetail>,
    errors: Vec<FieldError>,
    references: Vec<Reference>,
    extension: Box<ProblemExtension>,
    allow: Option<String>,
}

/// The result of a handler.
pub(super) type Result<T> = std::result::Result<T, Problem>;

impl Problem {
    /// A problem of the protocol with a sentence of its own.
    pub(super) fn new(code: ProblemCode, en: impl Into<String>, ar: impl Into<String>) -> Self {
        Self { detail: Box::new(RefusalDetail::Sentence(Message::new(en, ar))), ..code.into() }
    }

    /// 405 with the methods of the path.
    pub(super) fn method_not_allowed(allow: String) -> Self {
        Self { allow: Some(allow), ..ProblemCode::MethodNotAllowed.into() }
    }

    /// 429 with the seconds after which the next request is taken.
    pub(super) fn too_many_requests(retry_after: u32) -> Self {
        let extension = Box::new(ProblemExtension::RetryAfter(retry_after));
        Self { extension, ..ProblemCode::TooManyRequests.into() }
    }

    /// 429 for a caller who has sent too many bytes, with the seconds after which a body of the same size is taken.
    pub(super) fn too_many_bytes(retry_after: u32) -> Self {
        let sentence = Message::new(
            "Your requests have carried too many bytes in a short time. Try again after the seconds in `Retry-After`.",
            "أرسلت طلباتك بيانات كثيرة جدًا في وقت قصير. حاول من جديد بعد الثواني المذكورة في Retry-After.",
        );
        Self { detail: Box::new(RefusalDetail::Sentence(sentence)), ..Self::too_many_requests(retry_after) }
    }

    /// 429 for a task force that has stored much content, with the seconds after which content of the same size is taken.
    fn too_much_content(retry_after: u32) -> Self {
        let sentence = Message::new(
            "Submissions and reports of this task force, or your changes of many items, have stored much content in a short time. Try again after the seconds in `Retry-After`.",
            "خُزِّن في وقت قصير محتوى كثير من طلبات الإقرار والتقارير في هذا الفريق، أو من تغييراتك الشاملة لعناصر كثيرة. حاول من جديد بعد الثواني المذكورة في Retry-After.",
        );
        Self { detail: Box::new(RefusalDetail::Sentence(sentence)), ..Self::too_many_requests(retry_after) }
    }

    /// The code of the problem.
    pub(super) fn code(&self) -> ProblemCode {
        self.code
    }

    /// The errors in the values of the request.
    pub(super) fn field_errors(&self) -> &[FieldError] {
        &self.errors
    }

    /// The sentence about this very request.
    pub(super) fn detail(&self) -> Message {
        let advice = || self.code.advice();
        match &*self.detail {
            RefusalDetail::Advice => advice(),
            RefusalDetail::FieldErrors => match self.errors.len() {
                1 => {
                    Message::new("One thing is wrong, see `errors`.", "في الطلب خطأ واحد يذكره الحقل errors.")
                }
                2 => {
                    Message::new("Two things are wrong, see `errors`.", "في الطلب خطآن يسردهما الحقل errors.")
                }
                many => {
                    // Arabic counts by the last two digits.
                    let errors = match many % 100 {
                        3..=10 => "أخطاء",
                        11..=99 => "خطأً",
                        _ => "خطأ",
                    };
                    Message::new(
                        format!("{many} things are wrong, see `errors`."),
                        format!("في الطلب {many} {errors} يسردها الحقل errors."),
                    )
                }
            },
            // The title of the code is the title of the problem, and is not said twice.
            RefusalDetail::Blocked(None) => advice(),
            RefusalDetail::Blocked(Some(title)) => {
                let advice = advice();
                Message::new(
                    format!("{}. {}", title.en.trim_end_matches('.'), advice.en),
                    format!("{}. {}", title.ar.trim_end_matches('.'), advice.ar),
                )
            }
            RefusalDetail::Sentence(sentence) => sentence.clone(),
        }
    }

    /// The sentence about this very request, and for a change what became of it where a client could be in doubt.
    fn detail_for(&self, context: &RequestContext, language: Language) -> String {
        let detail = self.detail().in_language(language).to_owned();
        match self.fate_of_change() {
            Some(fate) if !context.is_read => format!("{detail} {}", fate.in_language(language)),
            _ => detail,
        }
    }

    /// The sentence that says whether a change took place.
    fn fate_of_change(&self) -> Option<Message> {
        match self.code {
            ProblemCode::InvalidRequest
            | ProblemCode::MalformedJson
            | ProblemCode::UnknownReference
            | ProblemCode::IdempotencyKeyReused
            | ProblemCode::StorageFull
            | ProblemCode::TooManyRequests => Some(Message::new("Nothing was changed.", "لم يتغير شيء.")),
            ProblemCode::Unavailable => Some(Message::new(
                "Nothing was changed as far as the service knows.",
                "لم يتغير شيء بحسب علم الخدمة.",
            )),
            _ => None,
        }
    }

    /// The response without its body, which the response middleware writes.
    fn bare(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.code.status());
        if self.code.status() == StatusCode::UNAUTHORIZED {
            response.insert_header((WWW_AUTHENTICATE, "Bearer"));
        }
        if self.code == ProblemCode::Unavailable {
            response.insert_header((RETRY_AFTER, RETRY_AFTER_SECONDS));
        }
        match &*self.extension {
            ProblemExtension::RetryAfter(seconds) => {
                response.insert_header((RETRY_AFTER, seconds.to_string()));
            }
            ProblemExtension::CurrentVersion(version) => {
                response.insert_header((ETAG, format!("\"{version}\"")));
            }
            _ => {}
        }
        if let Some(allow) = &self.allow {
            response.insert_header((ALLOW, allow.as_str()));
        }
        response.finish()
    }

    /// The body of the response.
    pub(super) fn document(&self, context: &RequestContext, language: Language) -> ProblemDocument {
        let (mut transitions, mut criteria, mut storage, mut allowed_roles) = (None, None, None, None);
        let mut errors_total = None;
        match &*self.extension {
            ProblemExtension::Nothing
            | ProblemExtension::CurrentVersion(_)
            | ProblemExtension::RetryAfter(_) => {}
            ProblemExtension::ErrorCount(count) => errors_total = Some(*count),
            ProblemExtension::Storage(of) => storage = Some(StorageDocument::from(*of)),
            ProblemExtension::Transitions(listed) => {
                transitions = Some(listed.iter().map(|one| TransitionDocument::new(one, language)).collect());
            }
            ProblemExtension::AllowedRoles(roles) => allowed_roles = Some(roles.clone()),
            ProblemExtension::Criteria(listed) => {
                criteria = Some(listed.iter().map(|one| CriterionDocument::new(one, language)).collect());
            }
        }
        ProblemDocument {
            kind: format!("/problems/{}", self.code),
            title: self.code.title().in_language(language).to_owned(),
            status: self.code.status().as_u16(),
            detail: self.detail_for(context, language),
            code: self.code,
            request_id: context.request_id.clone(),
            errors: self.errors.iter().map(|error| FieldErrorDocument::new(error, language)).collect(),
            errors_total,
            available_transitions: transitions,
            references: self.references.iter().map(ResourceReference::from).collect(),
            criteria,
            storage,
            allowed_roles,
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.detail().en)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let Refusal { code, detail, errors, references, extension } = refusal;
        Self { code: code.into(), detail: Box::new(detail), errors, references, extension, allow: None }
    }
}

impl From<ProblemCode> for Problem {
    fn from(code: ProblemCode) -> Self {
        Self {
            code,
            detail: Box::new(RefusalDetail::Advice),
            errors: Vec::new(),
            references: Vec::new(),
            extension: Box::default(),
            allow: None,
        }
    }
}

/// An error of a use case as the command line reports it, in English.
pub fn explain(error: app::Error) -> String {
    match error {
        app::Error::Refused(refusal) => Problem::from(refusal).to_string(),
        error => error.to_string(),
    }
}

impl From<RefusalCode> for Problem {
    fn from(code: RefusalCode) -> Self {
        ProblemCode::from(code).into()
    }
}

impl From<UnknownLanguage> for Problem {
    fn from(_: UnknownLanguage) -> Self {
        let languages = |or: &str| {
            let parameters = Language::ALL.iter().map(|language| format!("lang={language}"));
            parameters.collect::<Vec<_>>().join(or)
        };
        Self::new(
            ProblemCode::InvalidRequest,
            format!(
                "The address of the page names a language that the service does not have. Write {} in the address, or leave the language out.",
                languages(" or ")
            ),
            format!(
                "يطلب عنوان الصفحة لغة غير متاحة في الخدمة. اكتب في العنوان {}، أو احذف اللغة منه.",
                languages(" أو ")
            ),
        )
    }
}

impl From<app::Error> for Problem {
    /// Logs the cause, which the client does not see.
    fn from(error: app::Error) -> Self {
        match error {
            app::Error::Refused(refusal) => refusal.into(),
            // Never sent: the stored response is sent in its place.
            app::Error::Replayed => RefusalCode::IdempotencyKeyInUse.into(),
            app::Error::Unavailable(cause) => {
                tracing::warn!(%cause, "the database is not available");
                ProblemCode::Unavailable.into()
            }
            app::Error::OutOfSpace(cause) => {
                tracing::error!(%cause, "the database has no space left");
                Self::new(
                    ProblemCode::Unavailable,
                    "The service has no space left to keep the change. Whoever runs the service has to make room; reading goes on.",
                    "لم تبقَ لدى الخدمة مساحة لحفظ التغيير، وعلى من يديرها توفير مساحة، أما القراءة فمتاحة.",
                )
            }
            app::Error::SeatsChanged => ProblemCode::Unavailable.into(),
            app::Error::Busy(en, ar) => Self::new(ProblemCode::Unavailable, en, ar),
            app::Error::TooMuchContent(seconds) => Self::too_much_content(seconds),
            app::Error::IssuerUnavailable => Self::new(
                ProblemCode::Unavailable,
                "The issuer of your token can't be asked for its keys just now.",
                "يتعذر الآن الحصول على مفاتيح التوقيع من الجهة التي أصدرت رمز دخولك.",
            ),
            app::Error::Internal(cause) => {
                tracing::error!(%cause, "the service failed");
                ProblemCode::InternalError.into()
            }
        }
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = self.bare();
        response.extensions_mut().insert(self.clone());
        response
    }
}

/// A problem (RFC 9457, `application/problem+json`). `code` is stable; `title` and `detail` are for people, in the language of `Accept-Language`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem)]
pub(super) struct ProblemDocument {
    /// URL of the explanation of this kind of problem.
    #[serde(rename = "type")]
    #[schema(format = "uri-reference", example = "/problems/transitionNotAllowed")]
    kind: String,
    /// Kind of the problem, for people.
    #[schema(example = "That state cannot be reached from here")]
    title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599, example = 409)]
    status: u16,
    /// Explanation of this occurrence of the problem, for people.
    #[schema(example = "It is done, and blocked cannot be reached from there. Reachable: inProgress.")]
    detail: String,
    /// Kind of the problem, for programs. The code is stable.
    code: ProblemCode,
    /// Id of the request, for the administrator of the service; also in `X-Request-Id`.
    #[schema(example = "0199f0c2-7a3b-7c11-9d2e-3f5a6b7c8d9e")]
    request_id: String,
    /// All errors of an invalid request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldErrorDocument>,
    /// Number of all errors of an imported table, of which `errors` lists the first 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1)]
    errors_total: Option<usize>,
    /// The available transitions, if a transition was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    available_transitions: Option<Vec<TransitionDocument>>,
    /// Other resources behind the problem: for example the activities that have to be finished first, or the resources
    /// that still refer to this one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    references: Vec<ResourceReference>,
    /// Criteria of the gate, for `gateNotMet`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    criteria: Option<Vec<CriterionDocument>>,
    /// Storage usage, for `storageFull`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    storage: Option<StorageDocument>,
    /// The roles that can do what was refused, for `forbidden`; empty where only the owner of the resource can, whom `detail` names.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    allowed_roles: Option<Vec<EffectiveRole>>,
}

/// An error in one value of a request: in the body at `pointer`, in the query, path or header `parameter`, or in an
/// imported table at `line` and `column`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ValidationError)]
struct FieldErrorDocument {
    /// JSON pointer into the body (RFC 6901).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "/title")]
    pointer: Option<String>,
    /// Name of a query or path parameter, or of a header.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "limit")]
    parameter: Option<String>,
    /// Line of an imported table, counted from 1, on which the row begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1, example = 7)]
    line: Option<u64>,
    /// Heading of the column of an imported table, if the error is in one cell.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "Due date")]
    column: Option<String>,
    /// Kind of the error.
    code: FieldErrorCode,
    /// Description for people, in the language of the response.
    #[schema(example = "is missing")]
    detail: String,
}

impl ProblemDocument {
    /// The problem for a page.
    pub(super) fn page(&self) -> render::problem::Problem {
        let error = |error: &FieldErrorDocument| {
            let at = error.parameter.as_ref().or(error.pointer.as_ref()).map(|at| bidi::isolate(at));
            at.map_or_else(|| error.detail.clone(), |at| format!("{at}: {}", error.detail))
        };
        render::problem::Problem {
            title: self.title.clone(),
            detail: self.detail.clone(),
            errors: self.errors.iter().map(error).collect(),
            request_id: self.request_id.clone(),
        }
    }
}

impl FieldErrorDocument {
    fn new(error: &FieldError, language: Language) -> Self {
        let (mut pointer, mut parameter, mut line, mut column) = (None, None, None, None);
        match &error.location {
            FieldLocation::Pointer(of_value) => pointer = Some(of_value.clone()),
            FieldLocation::Parameter(name) => parameter = Some(name.clone()),
            FieldLocation::Cell { line: of_row, column: heading } => {
                line = Some(*of_row);
                column = Some(heading.clone()).filter(|heading| !heading.is_empty());
            }
        }
        let detail = error.detail.in_language(language).to_owned();
        Self { pointer, parameter, line, column, code: error.code, detail }
    }
}

/// A transition out of the current state, computed by the check that the service enforces.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AvailableTransition)]
pub(super) struct TransitionDocument {
    /// The state after the transition.
    #[schema(example = "inProgress")]
    to: &'static str,
    /// True if the caller can make the transition now.
    allowed: bool,
    /// True if the request must have a `reason`.
    reason_required: bool,
    /// The obstacles; empty if `allowed`.
    blocked_by: Vec<BlockerDocument>,
}

/// An obstacle of a transition.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TransitionBlocker)]
pub(super) struct BlockerDocument {
    /// Problem code of the refusal.
    code: ProblemCode,
    /// Description for people, in the language of the response.
    #[schema(example = "Another activity has to be finished first")]
    title: String,
    /// The resources behind the obstacle, such as the activities that have to be finished first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    references: Vec<ResourceReference>,
}

impl BlockerDocument {
    pub(super) fn new(blocker: &Blocker, language: Language) -> Self {
        let code = ProblemCode::from(blocker.code);
        let title = blocker.title.clone().unwrap_or_else(|| code.title());
        let references = blocker.references.iter().map(ResourceReference::from).collect();
        Self { code, title: title.in_language(language).to_owned(), references }
    }
}

impl TransitionDocument {
    pub(super) fn new(available: &AvailableTransition, language: Language) -> Self {
        let blocked_by = available.blocked_by.iter().map(|blocker| BlockerDocument::new(blocker, language));
        Self {
            to: available.to,
            allowed: available.blocked_by.is_empty(),
            reason_required: available.reason_required,
            blocked_by: blocked_by.collect(),
        }
    }

    pub(super) fn all(available: &[AvailableTransition], language: Language) -> Vec<Self> {
        available.iter().map(|one| Self::new(one, language)).collect()
    }
}

/// A criterion of a gate.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Criterion)]
pub(super) struct CriterionDocument {
    /// Code of the criterion.
    code: CriterionCode,
    /// Description for people, in the language of the response.
    #[schema(example = "No policy is under review")]
    title: String,
    /// True if the criterion is met.
    met: bool,
    /// True if the chair can waive the criterion.
    waivable: bool,
    /// True if the chair has waived the criterion.
    waived: bool,
    /// The waiver.
    #[schema(required)]
    waiver: Option<WaiverDocument>,
    /// The resources that fail the criterion, the first hundred; empty if a resource is missing.
    #[schema(max_items = 100)]
    unmet: Vec<ResourceReference>,
    /// Number of resources that fail the criterion.
    #[schema(minimum = 0, example = 2)]
    unmet_total: i64,
}

/// A waiver of a criterion by the chair.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Waiver)]
pub(super) struct WaiverDocument {
    /// Reason.
    #[schema(value_type = LocalizedNote)]
    reason: LocalizedText,
    /// The chair who waived the criterion.
    member: MemberReference,
    /// Time of the action.
    at: chrono::DateTime<chrono::Utc>,
}

impl CriterionDocument {
    pub(super) fn new(criterion: &Criterion, language: Language) -> Self {
        let waiver = |waiver: &Waiver| WaiverDocument {
            reason: waiver.reason.clone(),
            member: waiver.member.clone().into(),
            at: waiver.at,
        };
        Self {
            code: criterion.code,
            title: criterion.title.in_language(language).to_owned(),
            met: criterion.met,
            waivable: criterion.code.is_waivable(),
            waived: criterion.waiver.is_some(),
            waiver: criterion.waiver.as_ref().map(waiver),
            unmet: criterion.failing.first.iter().map(ResourceReference::from).collect(),
            unmet_total: criterion.failing.total,
        }
    }
}
