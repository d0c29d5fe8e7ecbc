//! The catalogue of problems: every code of the contract with its HTTP status, title and advice.
//!
//! The entries stand in the order of the contract: the OpenAPI document and `GET /v1/vocabularies` list them so. Codes
//! from [`RefusalCode`] are raised by rules in `domain/` and `app/`, the other codes only by the protocol here. A code
//! of a refusal without an entry does not compile.

use std::borrow::Cow;
use std::fmt;

use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};
use strum::VariantArray as _;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::message::Message;
use crate::domain::refusal::RefusalCode;
use crate::domain::vocabulary::Vocabulary;

/// Declares [`ProblemCode`] with one entry for each code; titles and advice are in English and Arabic.
macro_rules! problem_catalogue {
    ( $(
        $code:ident $( from $refusals:ident )? {
            status: $status:ident,
            title: $title_en:literal, $title_ar:literal,
            advice: $advice_en:literal, $advice_ar:literal,
        }
    )+ ) => {
        /// The code of a problem, in the order of the contract.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord,
            Serialize, Deserialize, strum::IntoStaticStr, strum::VariantArray,
        )]
        #[serde(rename_all = "camelCase")]
        #[strum(serialize_all = "camelCase")]
        pub(super) enum ProblemCode {
            $( $code, )+
        }

        impl From<RefusalCode> for ProblemCode {
            fn from(refusal: RefusalCode) -> Self {
                match refusal {
                    $( $( $refusals::$code => Self::$code, )? )+
                }
            }
        }

        impl ProblemCode {
            /// The HTTP status of an answer with this code.
            pub(super) fn status(self) -> StatusCode {
                match self {
                    $( Self::$code => StatusCode::$status, )+
                }
            }

            /// The title of the problem.
            pub(super) fn title(self) -> Message {
                match self {
                    $( Self::$code => Message::new($title_en, $title_ar), )+
                }
            }

            /// The meaning of the problem, and what a caller can do about it.
            pub(super) fn advice(self) -> Message {
                match self {
                    $( Self::$code => Message::new($advice_en, $advice_ar), )+
                }
            }
        }
    };
}

problem_catalogue! {
    InvalidRequest from RefusalCode {
        status: BAD_REQUEST,
        title: "The request is not valid", "الطلب غير صالح",
        advice: "`errors` lists each error with its place (a JSON pointer into the body, or a parameter or header), a code and an explanation. Fix all of them and retry.",
            "يذكر الحقل errors كل خطأ: موضعه (مسار JSON Pointer في نص الطلب، أو اسم معامل أو ترويسة) ورمزه وجملة تشرحه. صحّح الأخطاء كلها ثم أعد إرسال الطلب.",
    }
    MalformedJson {
        status: BAD_REQUEST,
        title: "The body is not JSON", "نص الطلب ليس بصيغة JSON",
        advice: "The body could not be read as JSON; `detail` says where it broke off.",
            "تعذرت قراءة نص الطلب بصيغة JSON؛ يذكر الحقل detail موضع الخلل.",
    }
    UnknownReference from RefusalCode {
        status: BAD_REQUEST,
        title: "The request refers to something that does not exist here", "يشير الطلب إلى عنصر غير موجود هنا",
        advice: "An id or a number in the body or in a parameter belongs to nothing in this task force. `errors` names it.",
            "أحد المعرّفات أو الأرقام في نص الطلب أو في معاملاته لا يخص أي عنصر في فريق العمل هذا. يذكره الحقل errors.",
    }
    Unauthenticated from RefusalCode {
        status: UNAUTHORIZED,
        title: "Sign in first", "يلزم تسجيل الدخول أولًا",
        advice: "Send `Authorization: Bearer <accessToken>` from `POST /v1/auth/login`; an access token lives 15 minutes, then use `POST /v1/auth/refresh`.",
            "أرسل الترويسة Authorization: Bearer مع رمز الوصول من POST /v1/auth/login؛ تدوم صلاحية الرمز 15 دقيقة ثم يُجدَّد عبر POST /v1/auth/refresh.",
    }
    SessionsEnded from RefusalCode {
        status: UNAUTHORIZED,
        title: "All your sessions have been ended", "أُنهيت جميع جلساتك",
        advice: "A new password, an invitation or an administrator has ended them. A token that single sign-on issued before then, or within the minute after, is not accepted. Wait the seconds in `Retry-After`, if it is there, and only then get a new token from the issuer.",
            "أنهتها كلمة مرور جديدة أو دعوة جديدة أو مدير المنظومة. ولا يُقبل رمز أصدرته جهة الدخول الموحد قبل ذلك أو خلال الدقيقة التي تليه. انتظر الثواني المذكورة في الترويسة Retry-After إن وُجدت، ثم اطلب رمزًا جديدًا من تلك الجهة.",
    }
    InvalidCredentials from RefusalCode {
        status: UNAUTHORIZED,
        title: "E-mail, password or token is wrong", "البريد الإلكتروني أو كلمة المرور أو الرمز غير صحيح",
        advice: "The service does not say which of them is wrong. If you lost your password or invitation, ask the administrator or the secretariat for a new invitation.",
            "لا تبيّن الخدمة أيُّها غير صحيح. إن فقدت كلمة المرور أو الدعوة فاطلب دعوة جديدة من مدير المنظومة أو أمانة المجلس.",
    }
    InsufficientScope from RefusalCode {
        status: FORBIDDEN,
        title: "The API key's scopes do not cover this action", "صلاحيات مفتاح الواجهة البرمجية لا تشمل هذا الإجراء",
        advice: "An API key can do less than its owner: `GET /v1/api-keys` shows its scopes and its task force. Users, passwords, sessions and keys are managed after `POST /v1/auth/login`, never with a key.",
            "مفتاح الواجهة البرمجية أضيق صلاحية من صاحبه: يعرض GET /v1/api-keys نطاقاته وفريق العمل الذي يخصه. أما المستخدمون وكلمات المرور والجلسات والمفاتيح فتُدار بعد الدخول عبر POST /v1/auth/login، ولا تُدار بمفتاح.",
    }
    Forbidden from RefusalCode {
        status: FORBIDDEN,
        title: "Your role does not allow this", "دورك لا يسمح بهذا الإجراء",
        advice: "`allowedRoles` lists the roles that can do this; each operation lists them in `x-roles`. Ask a person with one of these roles. `permissions` of a resource says what you can do with it.",
            "يسرد الحقل allowedRoles الأدوار التي يحق لها هذا الإجراء، ويسردها x-roles في كل عملية؛ فاطلبه ممن له أحد هذه الأدوار. ويبيّن الحقل permissions في كل عنصر ما يحق لك فيه.",
    }
    OriginNotAllowed {
        status: FORBIDDEN,
        title: "Pages of this origin may not send this request", "لا يُسمح لصفحات هذا الموقع بإرسال هذا الطلب",
        advice: "The `Origin` header must name the service itself or an origin in `TASKFORCE_CORS_ORIGINS`. Clients without an origin send and receive the refresh token in the body.",
            "يجب أن تذكر الترويسة Origin عنوان الخدمة نفسها أو أحد المواقع المسموح بها في TASKFORCE_CORS_ORIGINS. أما العملاء الذين لا موقع لهم فيرسلون رمز التجديد ويتسلمونه في نص الطلب والرد.",
    }
    NotFound from RefusalCode {
        status: NOT_FOUND,
        title: "Not found", "لا يوجد هنا ما يمكنك الاطلاع عليه",
        advice: "Either there is nothing at this address, or it belongs to a task force that is not yours; the service does not say which.",
            "إما أنه لا شيء في هذا العنوان، أو أن ما فيه يخص فريق عمل لست عضوًا فيه؛ ولا تبيّن الخدمة أيّ الأمرين.",
    }
    MethodNotAllowed {
        status: METHOD_NOT_ALLOWED,
        title: "This address does not take that method", "هذا العنوان لا يقبل هذه الطريقة",
        advice: "The `Allow` header lists the methods this address takes.",
            "تسرد الترويسة Allow الطرق التي يقبلها هذا العنوان.",
    }
    NotAcceptable {
        status: NOT_ACCEPTABLE,
        title: "The service cannot answer in a form you accept", "لا تتوفر صيغة من الصيغ التي تقبلها",
        advice: "Ask in `Accept` for a media type that the operation declares, such as `application/json`.",
            "اطلب في الترويسة Accept نوعًا تعلنه العملية، مثل application/json.",
    }
    TransitionNotAllowed from RefusalCode {
        status: CONFLICT,
        title: "That state cannot be reached from here", "هذا الانتقال غير ممكن من الحالة الراهنة",
        advice: "`availableTransitions` lists the states that can be reached from the present one, and what stands in the way of each.",
            "يسرد الحقل availableTransitions الحالات التي يمكن الانتقال إليها من الحالة الراهنة، وما يعيق كل انتقال.",
    }
    PanelSize from RefusalCode {
        status: CONFLICT,
        title: "A task force at work has five to seven members", "يضم فريق العمل بعد تفعيله من خمسة إلى سبعة أعضاء",
        advice: "With fewer than five, name a `successor` in the request that ends the seat, or appoint members before you activate; with more than seven, end a seat first.",
            "إن قلّ العدد عن خمسة فسمِّ خلفًا في successor في الطلب الذي ينهي العضوية، أو عيّن أعضاء قبل التفعيل؛ وإن زاد على سبعة فأنهِ عضوية أولًا.",
    }
    ChairRequired from RefusalCode {
        status: CONFLICT,
        title: "A task force at work has exactly one chair", "لفريق العمل بعد تفعيله رئيس واحد فقط",
        advice: "Name the successor in the same request, with role `chair`. Or make another member the chair first (`PATCH` the member with `role: chair`): the present chair becomes an expert in that request.",
            "سمِّ الخلف في الطلب نفسه بدور «رئيس الفريق» (chair)، أو عيّن أولًا عضوًا آخر رئيسًا (PATCH على العضو مع role: chair)، فيصبح الرئيس الحالي خبيرًا تلقائيًّا.",
    }
    SeatsInvalid from RefusalCode {
        status: CONFLICT,
        title: "A member's account is disabled", "حساب أحد الأعضاء معطَّل",
        advice: "Every seat has to be held by an expert who can sign in. `references` names the members whose accounts are disabled: enable the account, or end the seat and name a `successor` in the same request.",
            "يجب أن يشغل كل مقعد خبير يمكنه تسجيل الدخول. يسرد الحقل references الأعضاء المعطَّلة حساباتهم: فعِّل الحساب، أو أنهِ العضوية وسمِّ خلفًا في successor في الطلب نفسه.",
    }
    AlreadyMember from RefusalCode {
        status: CONFLICT,
        title: "That user already holds a seat in this task force", "هذا المستخدم عضو حالي في فريق العمل",
        advice: "A user holds at most one seat in a task force at a time; `references` names it.",
            "لا يشغل المستخدم في فريق العمل أكثر من مقعد واحد في الوقت نفسه؛ ويذكر الحقل references مقعده الحالي.",
    }
    MemberEnded from RefusalCode {
        status: CONFLICT,
        title: "That member's seat has ended", "انتهت عضوية هذا العضو",
        advice: "A seat that has ended is kept for the record and cannot be changed or given work. Choose a current member.",
            "تُحفظ العضوية المنتهية في السجل، فلا تُعدَّل ولا يُسند إليها عمل. اختر عضوًا حاليًا.",
    }
    NotAnExpert from RefusalCode {
        status: CONFLICT,
        title: "A seat is held by an expert who is active or invited", "لا يشغل المقعد إلا خبير نشط أو مدعوّ",
        advice: "Invite the person with role `expert`, or enable the account again, before naming them a member.",
            "ادعُ الشخص بدور «خبير» (expert) أو أعد تفعيل حسابه قبل تعيينه عضوًا.",
    }
    HoldsSeat from RefusalCode {
        status: CONFLICT,
        title: "The user holds a seat in a task force", "يشغل المستخدم مقعدًا في فريق عمل",
        advice: "End or replace the user's seats in the task forces that `references` lists: a seat is held by a user of role expert.",
            "أنهِ أولًا عضويات المستخدم في فرق العمل التي يسردها الحقل references أو عيّن من يخلفه فيها؛ فالمقعد لا يشغله إلا مستخدم دوره «خبير».",
    }
    TaskForceForming from RefusalCode {
        status: CONFLICT,
        title: "The task force is still forming", "فريق العمل قيد التشكيل",
        advice: "While it is forming, only its members, its own fields and its steps' target dates can be written. The secretariat activates it.",
            "أثناء التشكيل لا يُعدَّل إلا أعضاء الفريق وبياناته والمواعيد المستهدفة لخطواته. وتفعّله أمانة المجلس.",
    }
    TaskForceSuspended from RefusalCode {
        status: CONFLICT,
        title: "The task force is suspended", "فريق العمل موقوف مؤقتًا",
        advice: "While it is suspended, only members and health statements can be written. The secretariat resumes it.",
            "أثناء الإيقاف المؤقت لا يُعدَّل إلا الأعضاء وبيانات الحالة العامة. وتستأنف أمانة المجلس عمل الفريق.",
    }
    TaskForceClosed from RefusalCode {
        status: CONFLICT,
        title: "The task force is closed", "أنهى فريق العمل مهمته أو حُلَّ",
        advice: "A concluded or dissolved task force is kept to be read; only the council's conditions are still followed up, and the record of its decision can be corrected.",
            "فريق العمل الذي أنهى مهمته أو حُلَّ يُحفظ للقراءة فقط؛ ولا تستمر إلا متابعة شروط المجلس وتصحيح سجل قراره.",
    }
    StepLocked from RefusalCode {
        status: CONFLICT,
        title: "The step is not open yet", "الخطوة لم تُفتح بعد",
        advice: "Steps open in order: the next one when the one before it passes. Activities can be planned ahead, but not started; products wait for their step.",
            "تُفتح الخطوات بالترتيب: كل خطوة عند إقرار سابقتها. يمكن التخطيط للأنشطة مسبقًا دون بدئها، أما مخرجات الخطوة فتنتظر فتحها.",
    }
    StepSubmitted from RefusalCode {
        status: CONFLICT,
        title: "The step is before the members for their vote", "الخطوة معروضة على الأعضاء للتصويت",
        advice: "While a step is before the members, what they vote on stays as it is; comments and new evidence are always possible.",
            "أثناء عرض الخطوة على الأعضاء يبقى ما يصوّتون عليه كما هو؛ أما التعليق وإضافة مستندات الإثبات فممكنان دائمًا.",
    }
    StepPassed from RefusalCode {
        status: CONFLICT,
        title: "The step has passed", "أُقرَّت الخطوة",
        advice: "What passed its gate stays as it was; comments and new evidence are always possible, and an activity that a waiver left open can be finished or cancelled.",
            "ما اجتاز بوابته يبقى كما كان؛ أما التعليق وإضافة مستندات الإثبات فممكنان دائمًا، كما يمكن إنجاز نشاط بقي مفتوحًا بموجب إعفاء أو إلغاؤه.",
    }
    GateNotMet from RefusalCode {
        status: CONFLICT,
        title: "The step's gate is not met yet", "لم تُستوفَ معايير بوابة الخطوة بعد",
        advice: "`criteria` lists each criterion of the gate and exactly what fails it; `GET …/steps/{step}/readiness` says the same at any time.",
            "يسرد الحقل criteria معايير البوابة والعناصر التي تخالف كلًّا منها؛ ويعرض GET …/steps/{step}/readiness ذلك في أي وقت.",
    }
    ContentTooLarge from RefusalCode {
        status: CONFLICT,
        title: "There is more text than can be put to the vote", "النصوص أكبر مما يُطرح للتصويت",
        advice: "Shorten long texts, or attach long documents as evidence.",
            "اختصر النصوص الطويلة، أو أرفق الوثائق الطويلة بوصفها مستندات إثبات.",
    }
    DependencyUnfinished from RefusalCode {
        status: CONFLICT,
        title: "Another activity has to be finished first", "يجب إنجاز نشاط آخر أولًا",
        advice: "`references` lists the activities that this one waits for. Finish or cancel them, or remove the dependency.",
            "يسرد الحقل references الأنشطة التي ينتظرها هذا النشاط. أنجزها أو ألغها، أو أزل الارتباط بها.",
    }
    DependencyCircle from RefusalCode {
        status: CONFLICT,
        title: "The activities would wait in a circle", "سينشأ انتظار دائري بين الأنشطة",
        advice: "The other activity already waits for this one, directly or through the activities in `references`.",
            "النشاط الآخر ينتظر هذا النشاط أصلًا، مباشرةً أو عبر الأنشطة التي يسردها الحقل references.",
    }
    ReviewByAnother from RefusalCode {
        status: CONFLICT,
        title: "A review is done by a member who did not do the work", "يراجع النشاط عضو لم يعمل عليه",
        advice: "A member who put the activity to the review, was its assignee at any time since its start, or started it while nobody was assigned, does not review it. Ask another member of the task force to look at the work and mark it done.",
            "من أحال النشاط إلى المراجعة، أو كُلِّف به في أي وقت منذ بدئه، أو بدأه ولم يكن أحد مكلَّفًا به، لا يراجعه. اطلب من عضو آخر في الفريق أن يراجع العمل ويسجّله منجزًا.",
    }
    ActivityInReview from RefusalCode {
        status: CONFLICT,
        title: "The activity is in review", "النشاط قيد المراجعة",
        advice: "Assignee and `reviewRequired` stay as they are until the review is over.",
            "يبقى المكلَّف وشرط المراجعة (reviewRequired) كما هما حتى تنتهي المراجعة.",
    }
    ActivityClosed from RefusalCode {
        status: CONFLICT,
        title: "The activity is done or cancelled", "النشاط منجز أو ملغى",
        advice: "A done activity is reopened first (with a reason); a cancelled one stays cancelled.",
            "يُعاد فتح النشاط المنجز أولًا مع ذكر السبب؛ أما الملغى فيبقى ملغى.",
    }
    ActivityStarted from RefusalCode {
        status: CONFLICT,
        title: "An activity that was ever started is cancelled, not deleted", "النشاط الذي سبق بدؤه يُلغى ولا يُحذف",
        advice: "Send the transition to `cancelled` with a reason: what was worked on stays in the record. The chair can delete an activity that was cancelled.",
            "أرسل الانتقال إلى «ملغى» (cancelled) مع السبب: فما جرى العمل عليه يبقى في السجل. ولرئيس الفريق أن يحذف نشاطًا أُلغي.",
    }
    PolicyNotAdopted from RefusalCode {
        status: CONFLICT,
        title: "Only an adopted policy can take the place of another", "لا يحل محل السياسة إلا سياسة أخرى معتمدة",
        advice: "Send `supersededById` with the id of another policy that is adopted.",
            "أرسل في supersededById معرّف سياسة أخرى معتمدة.",
    }
    PolicyDecided from RefusalCode {
        status: CONFLICT,
        title: "The text of a policy that was decided on stays as it is", "يبقى نص السياسة كما هو بعد اتخاذ القرار بشأنها",
        advice: "Move an adopted policy back to `underReview`, or a rejected one to `identified`, with a reason, while step `policy` is open; then change it and decide on it again. A superseded policy stays in the record.",
            "أعد السياسة المعتمدة إلى «قيد المراجعة» (underReview) أو المرفوضة إلى «مرصودة» (identified) مع ذكر السبب ما دامت خطوة السياسات (policy) مفتوحة، ثم عدّلها واتخذ القرار بشأنها من جديد. أما السياسة المُستبدَلة فتبقى في السجل كما هي.",
    }
    SupersedesAnother from RefusalCode {
        status: CONFLICT,
        title: "The policy has taken the place of another", "حلّت هذه السياسة محل سياسة أخرى",
        advice: "The policies in `references` were superseded by this policy, so it is neither given up nor deleted. Change its text and have it adopted again, or adopt another policy and let that one supersede it.",
            "لا تُترك سياسة حلّت محل غيرها ولا تُحذف؛ ويسرد الحقل references السياسات المستبدَلة. عدّل نص السياسة واطلب اعتمادها من جديد، أو اطلب اعتماد سياسة أخرى تحل محلها.",
    }
    PolicyUnderReview from RefusalCode {
        status: CONFLICT,
        title: "Another member has put this policy under review", "أحال عضو آخر هذه السياسة إلى المراجعة",
        advice: "While a policy is under review, only the member who put it under review changes its text, so that nobody adopts words of their own. Ask that member, or move the policy back to `identified` and change it there.",
            "لا يعدّل نص السياسة في أثناء المراجعة إلا العضو الذي أحالها إليها، كي لا يعتمد أحد نصًا كتبه بنفسه. اطلب التعديل من ذلك العضو، أو أعد السياسة إلى «مرصودة» (identified) وعدّلها هناك.",
    }
    AdoptionByAnother from RefusalCode {
        status: CONFLICT,
        title: "A policy is adopted by a member other than the one who put it under review", "يعتمد السياسة عضو غير الذي أحالها إلى المراجعة",
        advice: "Ask another member of the task force to read the policy and adopt it; `underReviewByMemberId` names the member who put it under review.",
            "اطلب من عضو آخر في الفريق أن يقرأ السياسة ويعتمدها؛ ويذكر الحقل underReviewByMemberId العضو الذي أحالها إلى المراجعة.",
    }
    MaturityMissing from RefusalCode {
        status: CONFLICT,
        title: "The sector needs assessments of its current and its target maturity", "يلزم للقطاع تقييم لنضجه الحالي وآخر لنضجه المستهدف",
        advice: "Add an assessment of kind `current` and one of kind `target`. While the sector is studied, it keeps one of each.",
            "أضف تقييمًا من نوع «النضج الحالي» (current) وآخر من نوع «النضج المستهدف» (target). ولا بد أن يبقى للقطاع ما دام «مدروسًا» تقييم من كل نوع.",
    }
    TargetBelowCurrent from RefusalCode {
        status: CONFLICT,
        title: "The sector's target maturity is below its current maturity", "النضج المستهدف للقطاع أدنى من نضجه الحالي",
        advice: "Add an assessment of kind `target` whose level is at least the current one.",
            "أضف تقييمًا من نوع «النضج المستهدف» (target) لا يقل مستواه عن المستوى الحالي.",
    }
    StudyMissing from RefusalCode {
        status: CONFLICT,
        title: "The sector needs a completed study with a recommendation", "تلزم للقطاع دراسة مكتملة ذات توصية",
        advice: "Complete a study (`completed: true`) that has a recommendation. While the sector is studied, it keeps one.",
            "أكمل دراسة (completed: true) لها توصية. ولا بد أن تبقى للقطاع ما دام «مدروسًا» دراسة كهذه.",
    }
    SectorNotSelected from RefusalCode {
        status: CONFLICT,
        title: "The sector is not among the selected ones", "القطاع ليس من القطاعات المختارة",
        advice: "Choose a sector that is selected or studied (`GET …/sectors?state=selected,studied`).",
            "حدّد قطاعًا من القطاعات المختارة أو المدروسة (GET …/sectors?state=selected,studied).",
    }
    AimsMissing from RefusalCode {
        status: CONFLICT,
        title: "The pilot names no aim", "لم يُحدَّد للمشروع التجريبي أي هدف",
        advice: "Name at least one of the four aims in `aims`.",
            "اذكر في aims هدفًا واحدًا على الأقل من الأهداف الأربعة.",
    }
    IndicatorsMissing from RefusalCode {
        status: CONFLICT,
        title: "The pilot needs an indicator with baseline and target", "يلزم للمشروع التجريبي مؤشر له خط أساس ومستهدف",
        advice: "Give the pilot an indicator with both `baseline` and `target`; `references` lists those that lack one of them, if there are any. A planned pilot keeps a complete one.",
            "أضف إلى المشروع مؤشرًا له «baseline» و«target» معًا؛ ويسرد الحقل references المؤشرات التي ينقصها أحدهما إن وُجدت. ولا بد أن يبقى للمشروع المخطط له مؤشر كهذا.",
    }
    MeasurementsMissing from RefusalCode {
        status: CONFLICT,
        title: "Not every indicator of the pilot has been measured", "لم تُقَس جميع مؤشرات المشروع التجريبي",
        advice: "Measure each indicator at least once after the pilot was last started, then evaluate; `references` lists those without a measurement.",
            "قِس كل مؤشر مرة واحدة على الأقل بعد آخر بدء للمشروع، ثم قيّم المشروع؛ ويسرد الحقل references المؤشرات التي لم تُقَس.",
    }
    ScorecardFrozen from RefusalCode {
        status: CONFLICT,
        title: "Plan and scorecard of a pilot that was started stay as they are", "تبقى خطة المشروع التجريبي وبطاقة مؤشراته كما هي بعد بدئه",
        advice: "A pilot is measured by what it promised, so its plan stays; `availableTransitions` says where it can go.",
            "يُقاس المشروع بما وعد به، فتبقى خطته كما هي؛ ويبيّن الحقل availableTransitions الحالات الممكنة.",
    }
    PilotEvaluated from RefusalCode {
        status: CONFLICT,
        title: "The pilot was evaluated before", "سبق تقييم المشروع التجريبي",
        advice: "Earlier evaluations and what was measured for them stay on record. A pilot that is given up is cancelled.",
            "تبقى التقييمات السابقة وما قيس من أجلها في السجل. وإذا تقرر التخلي عن المشروع فألغِه.",
    }
    EvaluationStands from RefusalCode {
        status: CONFLICT,
        title: "The evaluations of this run were taken back too often", "سُحبت تقييمات هذا التنفيذ مرات كثيرة",
        advice: "In one run of a pilot, members take back ten evaluations, and the chair ten more. The last evaluation stands; the council can return the task force to step `pilots`, where the pilot is planned anew.",
            "يسحب الأعضاء في التنفيذ الواحد عشرة تقييمات، ولرئيس الفريق عشرة أخرى. ويبقى التقييم الأخير قائمًا؛ وللمجلس إعادة الفريق إلى خطوة المشاريع التجريبية (pilots)، حيث يُخطَّط للمشروع من جديد.",
    }
    MigrationBegun from RefusalCode {
        status: CONFLICT,
        title: "The migration was begun", "بدأ الترحيل",
        advice: "What became of a service stays in the record: roll the migration back, with a reason, instead of deleting it or moving it to another pilot.",
            "يبقى ما آلت إليه الخدمة في السجل: تراجع عن الترحيل مع ذكر السبب بدلًا من حذفه أو نقله إلى مشروع تجريبي آخر.",
    }
    PilotNotRunning from RefusalCode {
        status: CONFLICT,
        title: "Only a running pilot is measured", "لا يُقاس إلا مشروع تجريبي قيد التنفيذ",
        advice: "Start the pilot (`running`) before you measure it; what was measured stays once it is evaluated or cancelled.",
            "انقل المشروع إلى «قيد التنفيذ» (running) قبل قياسه؛ وتبقى قياساته كما هي بعد تقييمه أو إلغائه.",
    }
    CycleNotOver from RefusalCode {
        status: CONFLICT,
        title: "An extended pilot is planned again in a later cycle", "يُخطط للمشروع الممدَّد من جديد في دورة لاحقة",
        advice: "Once the council lets the next cycle begin and its step `pilots` is open, the pilot can go back to `planned`.",
            "بعد أن يقرر المجلس بدء الدورة التالية وتُفتح فيها خطوة المشاريع التجريبية (pilots)، يمكن أن يعود المشروع إلى «مخطط له» (planned).",
    }
    PilotNotScaled from RefusalCode {
        status: CONFLICT,
        title: "Only a pilot evaluated with outcome scale is migrated", "لا يُرحَّل إلا مشروع تجريبي قُيِّم بنتيجة التوسع",
        advice: "Evaluate the pilot with outcome `scale` first.",
            "قيّم المشروع التجريبي أولًا بنتيجة «التوسع» (scale).",
    }
    MigrationUnderWay from RefusalCode {
        status: CONFLICT,
        title: "A migration of the pilot is planned, under way or done", "للمشروع التجريبي ترحيل مخطط له أو جارٍ أو منجز",
        advice: "The migration in `references` rests on the evaluation. Roll the migration back or delete it first, while step `migration` is open; then the pilot can run again, be cancelled, or be evaluated with another outcome than `scale`.",
            "يستند الترحيل الذي يذكره الحقل references إلى التقييم. تراجع عن الترحيل أو احذفه أولًا ما دامت خطوة الترحيل (migration) مفتوحة، ثم يمكن تنفيذ المشروع من جديد أو إلغاؤه أو تقييمه بنتيجة غير «التوسع» (scale).",
    }
    ChecklistUnfinished from RefusalCode {
        status: CONFLICT,
        title: "The checklist is empty or not done", "قائمة التحقق فارغة أو غير مكتملة",
        advice: "The migration needs a checklist, and every item of it done; `references` lists the open items. A live migration keeps its checklist complete.",
            "يحتاج الترحيل إلى قائمة تحقق أُنجزت بنودها كلها؛ ويسرد الحقل references البنود غير المنجزة. وما دام الترحيل «في الخدمة» تبقى قائمته مكتملة.",
    }
    ReconciliationMissing from RefusalCode {
        status: CONFLICT,
        title: "The reconciliation counts are missing", "أعداد المطابقة غير مذكورة",
        advice: "Give `reconciliation` with `source`, `loaded` and `rejected`.",
            "اذكر في reconciliation الأعداد الثلاثة «source» و«loaded» و«rejected».",
    }
    DifferenceUnexplained from RefusalCode {
        status: CONFLICT,
        title: "The reconciliation counts differ and no reason is given", "في أعداد المطابقة فرق لم يُذكر سببه",
        advice: "A live migration has no unexplained difference: send a `reconciliation.reason` for the new counts with them, or mend the counts.",
            "لا يبقى في ترحيل صار «في الخدمة» فرق بلا تفسير: أرسل مع الأعداد سببًا جديدًا في reconciliation.reason، أو صحّح الأعداد.",
    }
    HandoverIncomplete from RefusalCode {
        status: CONFLICT,
        title: "Receiving unit and service owner are not both named", "يلزم ذكر الجهة المستلمة ومالك الخدمة معًا",
        advice: "Give `receivingUnit` and `serviceOwner`.",
            "اذكر الجهة المستلمة في «receivingUnit» ومالك الخدمة في «serviceOwner».",
    }
    EvidenceIsALink from RefusalCode {
        status: CONFLICT,
        title: "That evidence is a link, not a file", "مستند الإثبات هذا رابط وليس ملفًا",
        advice: "Create new evidence without `url`, and upload the file to it.",
            "أضف مستند إثبات جديدًا دون url ثم ارفع الملف إليه.",
    }
    NotWaivable from RefusalCode {
        status: CONFLICT,
        title: "That criterion can't be waived", "لا يجوز الإعفاء من هذا المعيار",
        advice: "`waivable` in the readiness lists the criteria that can be waived. Meet the criterion.",
            "يبيّن الحقل waivable في الجاهزية المعايير التي يجوز الإعفاء منها. أما هذا المعيار فلا بد من استيفائه.",
    }
    NotAdjusted from RefusalCode {
        status: CONFLICT,
        title: "The council has not opened this step again", "لم يُعِد المجلس فتح هذه الخطوة",
        advice: "The note answers a decision with outcome `adjust`, in the step that the decision names (`returnToStep`).",
            "تجيب الملاحظة عن قرار نتيجته «التعديل» (adjust)، في الخطوة التي يذكرها القرار (returnToStep).",
    }
    NotEntitled from RefusalCode {
        status: FORBIDDEN,
        title: "You are not entitled to vote on this submission", "لا يحق لك التصويت على طلب الإقرار هذا",
        advice: "Those vote who were members when the step was submitted (`entitled`). A successor is not entitled.",
            "يصوّت من كانوا أعضاء حين عُرضت الخطوة للإقرار (entitled). ولا يحق ذلك لمن خلف عضوًا بعد عرضها.",
    }
    VotingClosed from RefusalCode {
        status: CONFLICT,
        title: "The vote is over", "انتهى التصويت",
        advice: "The submission has passed, was returned or was withdrawn, or the time for voting is over; votes stay as they were.",
            "قُبل طلب الإقرار أو أُعيد أو سُحب، أو انتهت مدة التصويت؛ وتبقى الأصوات كما كانت.",
    }
    VoteOpen from RefusalCode {
        status: CONFLICT,
        title: "A vote is open whose choices you cannot see yet", "التصويت جارٍ، ولا تظهر لك الاختيارات بعد",
        advice: "The archive contains every vote. Cast your own vote first, or wait until the vote is over.",
            "يحتوي الأرشيف على الأصوات كلها. أدلِ بصوتك أولًا، أو انتظر حتى ينتهي التصويت.",
    }
    ReportNotSubmitted from RefusalCode {
        status: CONFLICT,
        title: "That report is not before the council", "هذا التقرير غير معروض على المجلس",
        advice: "The council decides on a report that is `submitted`: the one that step 5 passed with. To correct a decision, name it in `supersedesNumber`.",
            "لا يبتّ المجلس إلا في تقرير «معروض على المجلس» (submitted)، أي التقرير الذي أُقرَّت به الخطوة الخامسة. ولتصحيح قرار اذكره في supersedesNumber.",
    }
    DecisionSuperseded from RefusalCode {
        status: CONFLICT,
        title: "A later decision has already corrected that one", "سبق أن صُحِّح ذلك القرار بقرار لاحق",
        advice: "Name the latest decision on that report in `supersedesNumber`.",
            "اذكر في supersedesNumber آخر قرار بشأن ذلك التقرير.",
    }
    DecisionFollowed from RefusalCode {
        status: CONFLICT,
        title: "Something has followed from that decision", "ترتب على ذلك القرار أثر لاحق",
        advice: "Work has gone on since that decision, so only the record can be corrected: with the same `outcome` and `returnToStep`.",
            "استمر العمل بعد ذلك القرار، فلا يُصحَّح إلا السجل: بالنتيجة نفسها (outcome) والخطوة نفسها (returnToStep).",
    }
    OfAnEarlierCycle from RefusalCode {
        status: CONFLICT,
        title: "It belongs to an earlier cycle", "هذا العنصر من دورة سابقة",
        advice: "What an earlier cycle made is part of its record: it can be carried on, not deleted, and what was measured by it stays as it was. Make a new one.",
            "ما أُنشئ في دورة سابقة جزء من سجلها: يمكن البناء عليه لا حذفه، ويبقى ما قيس به كما كان. أنشئ عنصرًا جديدًا.",
    }
    ConditionSettled from RefusalCode {
        status: CONFLICT,
        title: "The condition is settled: met, waived or superseded", "حُسم الشرط: استُوفي أو أُعفي منه أو استُبدل",
        advice: "Its evidence stays as it was.",
            "تبقى مستندات إثباته كما كانت.",
    }
    EvidenceOnRecord from RefusalCode {
        status: CONFLICT,
        title: "The evidence is on record", "مستند الإثبات محفوظ في السجل",
        advice: "Evidence about a closed vote, a submitted report or a decision stays as it was. Add another one that says what is right.",
            "يبقى كما كان مستند إثبات يخص تصويتًا انتهى أو تقريرًا رُفع إلى المجلس أو قرارًا. أضف مستندًا آخر يبيّن الصحيح.",
    }
    OwnsWork from RefusalCode {
        status: CONFLICT,
        title: "The member answers for pilots or conditions, which need another owner", "العضو مسؤول عن مشاريع تجريبية أو شروط يلزم إسنادها إلى غيره",
        advice: "Name a `successor` or `reassignToMemberId`; `references` lists what the member owns.",
            "سمِّ خلفًا في successor أو عضوًا في reassignToMemberId؛ ويسرد الحقل references ما هو مسؤول عنه.",
    }
    StillReferenced from RefusalCode {
        status: CONFLICT,
        title: "Other things still refer to it", "ما زالت عناصر أخرى مرتبطة بهذا العنصر",
        advice: "`references` lists what refers to it. Remove those references first.",
            "يسرد الحقل references العناصر المرتبطة به. أزل هذا الارتباط أولًا.",
    }
    TooManyItems from RefusalCode {
        status: CONFLICT,
        title: "There are as many of these as there may be", "بلغ العدد الحد الأقصى",
        advice: "Delete what nobody needs, or merge what belongs together.",
            "احذف ما لم تعد إليه حاجة، أو ادمج ما يتصل بعضه ببعض.",
    }
    EmailTaken from RefusalCode {
        status: CONFLICT,
        title: "Another user has that e-mail address", "البريد الإلكتروني مسجَّل باسم مستخدم آخر",
        advice: "One account per address. To send a new invitation use `POST /v1/users/{id}/invitations`.",
            "لكل عنوان حساب واحد. لإرسال دعوة جديدة استخدم POST /v1/users/{id}/invitations.",
    }
    EmailUnavailable from RefusalCode {
        status: CONFLICT,
        title: "The service sends no e-mail", "الخدمة لا ترسل رسائل إلكترونية",
        advice: "No mail server is set up (TASKFORCE_SMTP_URL). Ask the secretariat or an administrator for a new invitation, by which you choose a password.",
            "لم يُضبط خادم بريد (TASKFORCE_SMTP_URL). اطلب من أمانة المجلس أو من مدير المنظومة دعوة جديدة تختار بها كلمة مرور.",
    }
    LastAdministrator from RefusalCode {
        status: CONFLICT,
        title: "The installation needs an active administrator", "تحتاج المنظومة إلى مدير نشط واحد على الأقل",
        advice: "Make somebody else an administrator first.",
            "عيّن مديرًا آخر أولًا.",
    }
    TooManyApiKeys from RefusalCode {
        status: CONFLICT,
        title: "You have as many API keys as there may be", "بلغ عدد مفاتيح الواجهة البرمجية لديك حدّه الأقصى",
        advice: "A hundred may be good at once. Revoke one that nobody uses any more: `GET /v1/api-keys` says when each was last used.",
            "يمكن أن يكون لديك مئة مفتاح صالح في آن واحد. ألغِ مفتاحًا لم يعد أحد يستخدمه: يعرض GET /v1/api-keys آخر استخدام لكل مفتاح.",
    }
    IdempotencyKeyInUse from RefusalCode {
        status: CONFLICT,
        title: "A request with that key is still under way", "ما زال طلب بهذا المفتاح قيد التنفيذ",
        advice: "The first request with this `Idempotency-Key` has not been answered yet. Wait a moment and send the same request again: it is done once.",
            "لم يُجَب بعد عن أول طلب بهذا المفتاح (Idempotency-Key). انتظر لحظة ثم أعد إرسال الطلب نفسه: فلن يُنفَّذ إلا مرة واحدة.",
    }
    IdempotencyKeyReused from RefusalCode {
        status: UNPROCESSABLE_ENTITY,
        title: "That key was sent with another request before", "سبق إرسال هذا المفتاح مع طلب آخر",
        advice: "An `Idempotency-Key` stands for one request, body included, for 24 hours. Send a new key with a new request.",
            "لكل مفتاح Idempotency-Key طلب واحد بنصه لمدة 24 ساعة. أرسل مفتاحًا جديدًا مع الطلب الجديد.",
    }
    TooManyAttempts from RefusalCode {
        status: TOO_MANY_REQUESTS,
        title: "Too many attempts to sign in have failed", "فشلت محاولات كثيرة لتسجيل الدخول",
        advice: "This holds for the account or for the address that you come from. Try again after the seconds in `Retry-After`; if you forgot your password, ask the administrator or the secretariat for a new invitation.",
            "ينطبق ذلك على هذا الحساب أو على العنوان الذي تتصل منه. حاول من جديد بعد الثواني المذكورة في Retry-After؛ وإن نسيت كلمة المرور فاطلب دعوة جديدة من مدير المنظومة أو أمانة المجلس.",
    }
    TooManyRequests {
        status: TOO_MANY_REQUESTS,
        title: "Too many requests in a short time", "طلبات كثيرة جدًا في وقت قصير",
        advice: "`RateLimit-Policy` says how many requests you may send in how many seconds, `RateLimit` how many are left. Try again after the seconds in `Retry-After`.",
            "تبيّن الترويسة RateLimit-Policy عدد الطلبات المسموح بها ومدتها، وتبيّن RateLimit ما بقي منها. حاول من جديد بعد الثواني المذكورة في Retry-After.",
    }
    VersionMismatch from RefusalCode {
        status: PRECONDITION_FAILED,
        title: "It was changed after you read it", "عُدِّل هذا العنصر بعد أن قرأته",
        advice: "Read the resource again, look at what changed, and send your change with the new `ETag` in `If-Match`. The `ETag` header of this answer names the present version.",
            "اقرأ العنصر من جديد وانظر ما تغيّر فيه، ثم أرسل تعديلك مع قيمة ETag الجديدة في If-Match. وتحمل الترويسة ETag في هذا الرد الإصدار الراهن.",
    }
    BodyTooLarge {
        status: PAYLOAD_TOO_LARGE,
        title: "The body is too large", "محتوى الطلب أكبر من المسموح",
        advice: "A JSON body may have 256 KiB and 10,000 values, a file 10 MiB.",
            "الحد الأقصى لنص الطلب بصيغة JSON هو 256 كيلوبايت و10,000 قيمة، وللملف 10 ميغابايت.",
    }
    StorageFull from RefusalCode {
        status: INSUFFICIENT_STORAGE,
        title: "There is no space for this file", "لا تتسع المساحة لهذا الملف",
        advice: "The files of a task force, and those of the installation, may take a limited space: `storage` says how much is taken and how much may be. Delete evidence whose file is no longer needed, link to the file instead, or ask the administrator of the service for more.",
            "لملفات فريق العمل ولملفات الخدمة كلها مساحة محدودة: يبيّن الحقل storage المشغول منها والمسموح به. احذف مستندات الإثبات التي لم تعد ملفاتها لازمة، أو أضف رابطًا إلى الملف بدلًا من رفعه، أو اطلب مساحة أكبر من مدير المنظومة.",
    }
    UnsupportedMediaType {
        status: UNSUPPORTED_MEDIA_TYPE,
        title: "The body has the wrong content type", "نوع محتوى الطلب غير مدعوم",
        advice: "Send `application/json`; for a PATCH `application/merge-patch+json` or `application/json`; for a file one of the types that the operation lists.",
            "أرسل application/json، ومع PATCH أرسل application/merge-patch+json أو application/json، ومع الملف أحد الأنواع المذكورة في توثيق العملية.",
    }
    PreconditionRequired {
        status: PRECONDITION_REQUIRED,
        title: "Say which version you are changing", "اذكر إصدار العنصر الذي تعدّله",
        advice: "Send `If-Match` with the `ETag` that came with the resource, so that nobody's change is lost.",
            "أرسل في الترويسة If-Match قيمة ETag التي جاءت مع العنصر، كي لا يضيع تعديل أحد.",
    }
    InternalError {
        status: INTERNAL_SERVER_ERROR,
        title: "The service failed", "حدث خلل في الخدمة",
        advice: "The error is in the service, not in your request. Give the `requestId` to the administrator of the service.",
            "الخلل من الخدمة لا من طلبك. أبلغ من يديرها برقم الطلب requestId.",
    }
    Unavailable {
        status: SERVICE_UNAVAILABLE,
        title: "The service cannot reach something it needs just now", "يتعذر على الخدمة الآن الوصول إلى ما تحتاج إليه",
        advice: "Try again after the seconds in `Retry-After`.",
            "حاول من جديد بعد الثواني المذكورة في Retry-After.",
    }
}

impl ProblemCode {
    /// The rule behind the code; `None` for a code of the protocol.
    pub(super) fn refusal_code(self) -> Option<RefusalCode> {
        RefusalCode::parse(self.code())
    }
}

impl Vocabulary for ProblemCode {
    const ALL: &'static [Self] = Self::VARIANTS;
    const ABOUT: &'static str = "Stable code of a problem. `GET /problems/{code}` explains each code.";

    fn code(self) -> &'static str {
        self.into()
    }

    fn label(self) -> Message {
        self.title()
    }
}

impl PartialSchema for ProblemCode {
    fn schema() -> RefOr<Schema> {
        let line = |code: &Self| {
            format!("| `{code}` | {} | {} | {} |", code.status().as_u16(), code.title().en, code.advice().en)
        };
        let lines: Vec<_> = Self::ALL.iter().map(line).collect();
        ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::String))
            .enum_values(Some(Self::ALL.iter().map(|code| code.code())))
            .description(Some(format!(
                "{}\n\n| Code | Status | Title | Advice |\n|---|---|---|---|\n{}",
                Self::ABOUT,
                lines.join("\n")
            )))
            .into()
    }
}

impl ToSchema for ProblemCode {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("ProblemCode")
    }
}

impl fmt::Display for ProblemCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_and_its_problem_have_the_same_code() {
        for &refusal in RefusalCode::ALL {
            let problem = ProblemCode::from(refusal);
            assert_eq!(problem.code(), refusal.code());
            assert_eq!(problem.refusal_code(), Some(refusal));
        }
    }

    #[test]
    fn a_code_is_the_same_in_json_as_in_the_catalogue() {
        for &problem in ProblemCode::ALL {
            assert_eq!(serde_json::json!(problem), problem.code());
        }
    }
}
