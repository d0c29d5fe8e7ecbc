//! Why a request is refused: one code out of a closed list, a sentence in two languages, every fault at once.

use super::text::Message;
use super::vocabulary::Vocabulary as _;

vocabulary! {
    /// What went wrong, as a stable code. `GET /problems/{code}` explains each.
    pub enum ProblemCode in "problemCodes" {
        InvalidRequest = "invalidRequest", "The request is not valid", "الطلب غير صالح";
        MalformedJson = "malformedJson", "The body is not JSON", "نص الطلب ليس بصيغة JSON";
        UnknownReference = "unknownReference", "The request refers to something that does not exist here", "يشير الطلب إلى شيء غير موجود هنا";
        Unauthenticated = "unauthenticated", "Sign in first", "يلزم تسجيل الدخول أولًا";
        InvalidCredentials = "invalidCredentials", "E-mail, password or token is wrong", "البريد الإلكتروني أو كلمة المرور أو الرمز غير صحيح";
        InsufficientScope = "insufficientScope", "The API key does not reach that far", "مفتاح الواجهة لا يبلغ هذا الحد";
        Forbidden = "forbidden", "You may see this, but not do this", "يحق لك الاطلاع على هذا، لا تنفيذ هذا الإجراء";
        NotFound = "notFound", "There is nothing here for you", "لا يوجد هنا ما هو متاح لك";
        MethodNotAllowed = "methodNotAllowed", "This address does not take that method", "هذا العنوان لا يقبل هذه الطريقة";
        NotAcceptable = "notAcceptable", "The service cannot answer in a form you accept", "لا تستطيع الخدمة الرد بصيغة تقبلها";
        TransitionNotAllowed = "transitionNotAllowed", "That state cannot be reached from here", "لا يمكن الانتقال إلى تلك الحالة من الحالة الراهنة";
        PanelSize = "panelSize", "A task force at work has five to seven members", "يضم فريق العمل بعد تفعيله من خمسة إلى سبعة أعضاء";
        ChairRequired = "chairRequired", "A task force at work has exactly one chair", "لفريق العمل بعد تفعيله رئيس واحد فقط";
        AlreadyMember = "alreadyMember", "That user already holds a seat in this task force", "هذا المستخدم عضو حالي في فريق العمل";
        MemberEnded = "memberEnded", "That member's seat has ended", "انتهت عضوية هذا العضو";
        NotAnExpert = "notAnExpert", "A seat is held by an active user of role expert", "لا يشغل المقعد إلا مستخدم نشط دوره «خبير»";
        HoldsSeat = "holdsSeat", "The user holds a seat in a task force", "يشغل المستخدم مقعدًا في فريق عمل";
        TaskForceForming = "taskForceForming", "The task force is still forming", "فريق العمل قيد التشكيل";
        TaskForceSuspended = "taskForceSuspended", "The task force is suspended", "فريق العمل موقوف مؤقتًا";
        TaskForceClosed = "taskForceClosed", "The task force is closed", "أنهى فريق العمل مهمته أو حُلَّ";
        StepLocked = "stepLocked", "The step is not open yet", "الخطوة لم تُفتح بعد";
        StepSubmitted = "stepSubmitted", "The step is before the members for their vote", "الخطوة معروضة على الأعضاء للتصويت";
        StepPassed = "stepPassed", "The step has passed", "أُقرَّت الخطوة";
        GateNotMet = "gateNotMet", "The step's gate is not met yet", "لم تُستوفَ معايير بوابة الخطوة بعد";
        DependencyUnfinished = "dependencyUnfinished", "Another activity has to be finished first", "يجب إنجاز نشاط آخر أولًا";
        DependencyCircle = "dependencyCircle", "The activities would wait for each other", "ستنتظر الأنشطة بعضها بعضًا في حلقة";
        ReviewByAnother = "reviewByAnother", "A review is done by a member other than the assignee", "يراجع النشاط عضو غير المكلَّف به";
        ActivityInReview = "activityInReview", "The activity is in review", "النشاط قيد المراجعة";
        ActivityClosed = "activityClosed", "The activity is done or cancelled", "النشاط منجز أو ملغى";
        ActivityStarted = "activityStarted", "An activity that was ever started is cancelled, not deleted", "النشاط الذي بدأ يُلغى ولا يُحذف";
        PolicyNotAdopted = "policyNotAdopted", "Only an adopted policy can take the place of another", "لا تحل محل سياسة إلا سياسة معتمدة";
        MaturityMissing = "maturityMissing", "The sector's maturity, now and target, is not assessed", "لم يُقيَّم نضج القطاع الحالي والمستهدف";
        StudyMissing = "studyMissing", "The sector has no completed study with a recommendation", "لا توجد للقطاع دراسة مكتملة ذات توصية";
        SectorNotSelected = "sectorNotSelected", "The sector is not among the selected ones", "القطاع ليس من القطاعات المختارة";
        AimsMissing = "aimsMissing", "The pilot names no aim", "لم يُحدَّد للمشروع التجريبي أي هدف";
        IndicatorsMissing = "indicatorsMissing", "The pilot has no indicator with baseline and target", "ليس للمشروع التجريبي مؤشر له خط أساس ومستهدف";
        MeasurementsMissing = "measurementsMissing", "Not every indicator of the pilot has been measured", "لم تُقَس جميع مؤشرات المشروع التجريبي";
        ScorecardFrozen = "scorecardFrozen", "Plan and scorecard of a pilot that was started stay as they are", "تبقى خطة المشروع التجريبي وبطاقة مؤشراته كما هي بعد بدئه";
        PilotNotRunning = "pilotNotRunning", "Only a running pilot is measured", "لا يُقاس إلا مشروع تجريبي قيد التنفيذ";
        CycleNotOver = "cycleNotOver", "An extended pilot is planned again in a later cycle", "يُخطط للمشروع الممدَّد من جديد في دورة لاحقة";
        PilotNotScaled = "pilotNotScaled", "Only a pilot evaluated with outcome scale is migrated", "لا يُرحَّل إلا مشروع تجريبي قُيِّم بنتيجة التوسع";
        ChecklistUnfinished = "checklistUnfinished", "The checklist is empty or not done", "قائمة التحقق فارغة أو غير مكتملة";
        ReconciliationMissing = "reconciliationMissing", "The reconciliation counts are missing", "أعداد المطابقة غير مذكورة";
        HandoverIncomplete = "handoverIncomplete", "Receiving unit and service owner are not both named", "لم يُسمَّ كلٌّ من الجهة المستلمة ومالك الخدمة";
        EvidenceIsALink = "evidenceIsALink", "That evidence is a link, not a file", "هذا الدليل رابط وليس ملفًا";
        NotWaivable = "notWaivable", "That criterion can't be waived", "لا يجوز التنازل عن هذا المعيار";
        NotEntitled = "notEntitled", "You are not entitled to vote on this submission", "لا يحق لك التصويت على هذا العرض";
        VotingClosed = "votingClosed", "The vote is over", "انتهى التصويت";
        ReportNotSubmitted = "reportNotSubmitted", "That report is not before the council", "هذا التقرير غير معروض على المجلس";
        DecisionSuperseded = "decisionSuperseded", "A later decision has already corrected that one", "صحّح قرار لاحق ذلك القرار من قبل";
        DecisionFollowed = "decisionFollowed", "Something has followed from that decision", "ترتب على ذلك القرار أثر لاحق";
        OfAnEarlierCycle = "ofAnEarlierCycle", "It belongs to an earlier cycle", "ينتمي إلى دورة سابقة";
        ConditionSettled = "conditionSettled", "The condition is met or waived", "استُوفي الشرط أو جرى التنازل عنه";
        OwnsWork = "ownsWork", "The member owns pilots or conditions, which need another owner", "يملك العضو مشاريع تجريبية أو شروطًا تحتاج إلى مالك آخر";
        StillReferenced = "stillReferenced", "Something else still refers to this", "ما زال شيء آخر يشير إلى هذا";
        EmailTaken = "emailTaken", "Another user has that e-mail address", "البريد الإلكتروني مسجَّل باسم مستخدم آخر";
        LastAdministrator = "lastAdministrator", "The installation needs an active administrator", "تحتاج المنظومة إلى مدير نشط واحد على الأقل";
        TooManyApiKeys = "tooManyApiKeys", "You have as many API keys as there may be", "بلغ عدد مفاتيحك الحد الأقصى";
        IdempotencyKeyInUse = "idempotencyKeyInUse", "A request with that key is still under way", "ما زال طلب بهذا المفتاح قيد التنفيذ";
        IdempotencyKeyReused = "idempotencyKeyReused", "That key was sent with another request before", "أُرسل هذا المفتاح مع طلب آخر من قبل";
        TooManyAttempts = "tooManyAttempts", "Too many attempts to sign in have failed", "فشلت محاولات كثيرة لتسجيل الدخول";
        TooManyRequests = "tooManyRequests", "Too many requests in a short time", "طلبات كثيرة جدًا في وقت قصير";
        VersionMismatch = "versionMismatch", "Somebody changed this since you read it", "غيّر شخص آخر هذا منذ أن قرأته";
        BodyTooLarge = "bodyTooLarge", "The body is too large", "نص الطلب كبير جدًا";
        UnsupportedMediaType = "unsupportedMediaType", "The body has the wrong content type", "نوع محتوى الطلب غير مدعوم";
        PreconditionRequired = "preconditionRequired", "Say which version you are changing", "يجب ذكر الإصدار الذي تغيّره";
        InternalError = "internalError", "The service failed", "حدث خلل في الخدمة";
        Unavailable = "unavailable", "The service cannot reach something it needs just now", "يتعذر على الخدمة الآن الوصول إلى ما تحتاج إليه";
    }
}

impl ProblemCode {
    /// What the code means and what to do about it, for the page behind a problem's `type`.
    pub fn advice(self) -> Message {
        let (en, ar) = match self {
            ProblemCode::InvalidRequest => (
                "`errors` names every fault: where it is (a JSON pointer into the body, or a parameter or header), a code and a sentence. Nothing was changed. Mend all of them and send the request again.",
                "يذكر الحقل errors كل خطأ: موضعه ورمزه وجملة تشرحه. لم يتغير شيء. صحّح الأخطاء كلها ثم أعد الإرسال.",
            ),
            ProblemCode::MalformedJson => (
                "The body could not be read as JSON; `detail` says where it broke off. Nothing was changed.",
                "تعذرت قراءة نص الطلب بصيغة JSON؛ يذكر detail الموضع. لم يتغير شيء.",
            ),
            ProblemCode::UnknownReference => (
                "An id in the body or in a parameter belongs to nothing in this task force. `errors` names it.",
                "أحد المعرّفات في الطلب لا يخص شيئًا في فريق العمل هذا. يذكره الحقل errors.",
            ),
            ProblemCode::Unauthenticated => (
                "Send `Authorization: Bearer <accessToken>` from `POST /v1/auth/login`; an access token lives 15 minutes, then use `POST /v1/auth/refresh`.",
                "أرسل الترويسة Authorization: Bearer مع رمز الوصول من ‎POST /v1/auth/login؛ تدوم صلاحية الرمز 15 دقيقة ثم يُجدَّد عبر ‎POST /v1/auth/refresh.",
            ),
            ProblemCode::InvalidCredentials => (
                "The service does not say which of them is wrong. If you lost your password or invitation, ask the administrator or the secretariat for a new invitation.",
                "لا تبيّن الخدمة أيُّها غير صحيح. إن فقدت كلمة المرور أو الدعوة فاطلب دعوة جديدة من مدير المنظومة أو أمانة المجلس.",
            ),
            ProblemCode::InsufficientScope => (
                "An API key can do less than its owner: `GET /v1/api-keys` shows its scopes and its task force. Users, passwords, sessions and keys are managed after `POST /v1/auth/login`, never with a key.",
                "مفتاح الواجهة أضيق صلاحية من صاحبه: يعرض ‎GET /v1/api-keys نطاقاته وفريق العمل الذي يخصه. أما المستخدمون وكلمات المرور والجلسات والمفاتيح فتُدار بعد ‎POST /v1/auth/login ولا تُدار بمفتاح.",
            ),
            ProblemCode::Forbidden => (
                "Your role can read this but not do it. `availableTransitions` and the rights table in the documentation say who may.",
                "يسمح لك دورك بالاطلاع دون تنفيذ هذا الإجراء. يبيّن الحقل availableTransitions وجدول الصلاحيات في التوثيق من يحق له ذلك.",
            ),
            ProblemCode::NotFound => (
                "Either there is nothing at this address, or it belongs to a task force that is not yours; the service does not say which.",
                "إما أنه لا يوجد شيء في هذا العنوان أو أنه يخص فريق عمل آخر؛ ولا تبين الخدمة أيهما.",
            ),
            ProblemCode::MethodNotAllowed => (
                "The `Allow` header lists the methods this address takes.",
                "تسرد ترويسة Allow الطرق التي يقبلها هذا العنوان.",
            ),
            ProblemCode::NotAcceptable => {
                ("Accept `application/json`.", "أرسل ترويسة Accept تقبل application/json.")
            }
            ProblemCode::TransitionNotAllowed => (
                "`availableTransitions` lists the states that can be reached from the present one, and what stands in the way of each.",
                "يسرد الحقل availableTransitions الحالات الممكن بلوغها من الحالة الراهنة وما يعيق كلًّا منها.",
            ),
            ProblemCode::PanelSize => (
                "To activate, appoint members until there are five to seven. To lose one of five, name the successor in the same request; seven seats are the most.",
                "للتفعيل عيّن أعضاء حتى يصبح عددهم من خمسة إلى سبعة. ولإنهاء عضوية أحد الخمسة سمِّ من يخلفه في الطلب نفسه؛ والحد الأقصى سبعة مقاعد.",
            ),
            ProblemCode::ChairRequired => (
                "Make another member the chair (`PATCH` the member with `role: chair`), or name a successor with role `chair`; the present chair becomes an expert in the same step.",
                "اجعل عضوًا آخر رئيسًا (PATCH للعضو مع role: chair) أو سمِّ خلفًا بدور chair؛ ويصبح الرئيس الحالي خبيرًا في الطلب نفسه.",
            ),
            ProblemCode::AlreadyMember => (
                "A user holds at most one seat in a task force at a time.",
                "لا يشغل المستخدم في فريق العمل أكثر من مقعد واحد في الوقت نفسه.",
            ),
            ProblemCode::MemberEnded => (
                "A seat that has ended is kept for the record and cannot be changed or given work. Choose a current member.",
                "تُحفظ العضوية المنتهية للسجل ولا تُغيَّر ولا يُسند إليها عمل. اختر عضوًا حاليًا.",
            ),
            ProblemCode::NotAnExpert => (
                "Invite the person with role `expert`, or enable the account again, before naming them a member.",
                "ادعُ الشخص بدور expert أو أعد تفعيل حسابه قبل تعيينه عضوًا.",
            ),
            ProblemCode::HoldsSeat => (
                "End or replace the user's seats first: a seat is held by a user of role expert.",
                "أنهِ عضويات المستخدم أو عيّن من يخلفه فيها أولًا؛ فالمقعد لا يشغله إلا مستخدم دوره «خبير».",
            ),
            ProblemCode::TaskForceForming => (
                "While it is forming, only its members, its own fields and its steps' target dates can be written. The secretariat activates it.",
                "أثناء التشكيل لا يُعدَّل إلا أعضاء الفريق وحقوله والمواعيد المستهدفة لخطواته. وتفعّله أمانة المجلس.",
            ),
            ProblemCode::TaskForceSuspended => (
                "While it is suspended, only members and health statements can be written. The secretariat resumes it.",
                "أثناء الإيقاف المؤقت لا يُعدَّل إلا الأعضاء وبيانات الحالة العامة. وتستأنف أمانة المجلس عمل الفريق.",
            ),
            ProblemCode::TaskForceClosed => (
                "A concluded or dissolved task force is kept to be read; only conditions of the council go on, and the record of its decision can be corrected.",
                "يُحفظ فريق العمل المنتهي أو المنحل للقراءة فقط؛ ولا تستمر إلا متابعة شروط المجلس وتصحيح سجل قراره.",
            ),
            ProblemCode::StepLocked => (
                "Steps open in order: the next one when the one before it passes. Activities can be planned ahead, but not started; products wait for their step.",
                "تُفتح الخطوات بالترتيب عند إقرار سابقتها. يمكن التخطيط للأنشطة مسبقًا دون بدئها، أما مخرجات الخطوة فتنتظر فتحها.",
            ),
            ProblemCode::StepSubmitted => (
                "While a step is before the members, what they vote on stays as it is; comments and new evidence are always possible.",
                "أثناء عرض الخطوة على الأعضاء يبقى ما يصوّتون عليه كما هو؛ والتعليقات وإضافة الأدلة ممكنة دائمًا.",
            ),
            ProblemCode::StepPassed => (
                "What passed its gate stays as it was; comments and new evidence are always possible.",
                "ما اجتاز بوابته يبقى كما كان؛ والتعليقات وإضافة الأدلة ممكنة دائمًا.",
            ),
            ProblemCode::GateNotMet => (
                "`criteria` lists each criterion of the gate and exactly what fails it; `GET …/steps/{step}/readiness` says the same at any time.",
                "يسرد الحقل criteria معايير البوابة وما ينقص كلًّا منها؛ ويمكن الاطلاع على ذلك في أي وقت عبر ‎GET …/steps/{step}/readiness.",
            ),
            ProblemCode::DependencyUnfinished => (
                "The activity waits for others that are neither done nor cancelled (`dependsOn`).",
                "ينتظر النشاط أنشطة أخرى لم تُنجز ولم تُلغَ (dependsOn).",
            ),
            ProblemCode::DependencyCircle => (
                "The other activity already waits for this one, directly or through others.",
                "النشاط الآخر ينتظر هذا النشاط أصلًا مباشرة أو عبر غيره.",
            ),
            ProblemCode::ReviewByAnother => (
                "Ask another member of the task force to look at the work and mark it done.",
                "اطلب من عضو آخر في الفريق مراجعة العمل واعتماده.",
            ),
            ProblemCode::ActivityInReview => (
                "Assignee and `reviewRequired` stay as they are until the review is over.",
                "يبقى المكلَّف وشرط المراجعة كما هما حتى تنتهي المراجعة.",
            ),
            ProblemCode::ActivityClosed => (
                "A done activity is reopened first (with a reason); a cancelled one stays cancelled.",
                "يُعاد فتح النشاط المنجز أولًا مع ذكر السبب؛ ويبقى الملغى ملغى.",
            ),
            ProblemCode::ActivityStarted => (
                "Send the transition to `cancelled` with a reason: what was worked on stays in the record.",
                "أرسل الانتقال إلى cancelled مع السبب: فما جرى العمل عليه يبقى في السجل.",
            ),
            ProblemCode::PolicyNotAdopted => (
                "Send `supersededById` with the id of another policy that is adopted.",
                "أرسل supersededById بمعرّف سياسة أخرى معتمدة.",
            ),
            ProblemCode::MaturityMissing => (
                "Add an assessment of kind `current` and one of kind `target`. A studied sector keeps them.",
                "أضف تقييمًا من نوع current وآخر من نوع target. ويحتفظ القطاع المدروس بهما.",
            ),
            ProblemCode::StudyMissing => (
                "Complete a study (`completed: true`) that has a recommendation. A studied sector keeps one.",
                "أكمل دراسة (completed: true) لها توصية. ويحتفظ القطاع المدروس بواحدة على الأقل.",
            ),
            ProblemCode::SectorNotSelected => (
                "Choose a sector that is selected or studied (`GET …/sectors?state=selected,studied`).",
                "اختر قطاعًا مختارًا أو مدروسًا (‎GET …/sectors?state=selected,studied).",
            ),
            ProblemCode::AimsMissing => (
                "Name at least one of the four aims in `aims`.",
                "اذكر في aims هدفًا واحدًا على الأقل من الأهداف الأربعة.",
            ),
            ProblemCode::IndicatorsMissing => (
                "Give the pilot an indicator with both `baseline` and `target`. A planned pilot keeps one.",
                "أضف للمشروع مؤشرًا له baseline وtarget معًا. ويحتفظ المشروع المخطط له بواحد على الأقل.",
            ),
            ProblemCode::MeasurementsMissing => (
                "Measure each indicator at least once in the pilot's present cycle, then evaluate.",
                "قِس كل مؤشر مرة واحدة على الأقل في دورة المشروع الحالية ثم قيّمه.",
            ),
            ProblemCode::ScorecardFrozen => (
                "What a pilot promised is what it is measured by: `availableTransitions` says where it can go; its plan stays.",
                "يُقاس المشروع بما وعد به: يبيّن الحقل availableTransitions ما يمكن، وتبقى خطته كما هي.",
            ),
            ProblemCode::PilotNotRunning => (
                "Start the pilot (`running`) before you measure it; what was measured stays once it is evaluated or cancelled.",
                "ابدأ المشروع (running) قبل قياسه؛ ويبقى ما قيس كما هو بعد تقييمه أو إلغائه.",
            ),
            ProblemCode::CycleNotOver => (
                "Once the council lets the next cycle begin and its step `pilots` is open, the pilot can go back to `planned`.",
                "بعد أن يقرر المجلس بدء الدورة التالية وتُفتح خطوة pilots فيها يعود المشروع إلى planned.",
            ),
            ProblemCode::PilotNotScaled => {
                ("Evaluate the pilot with outcome `scale` first.", "قيّم المشروع التجريبي أولًا بنتيجة scale.")
            }
            ProblemCode::ChecklistUnfinished => (
                "The migration needs a checklist, and every item of it done. What is live keeps its checklist done.",
                "يحتاج الترحيل إلى قائمة تحقق أُنجزت كل بنودها. وما دخل الخدمة تبقى قائمته منجزة.",
            ),
            ProblemCode::ReconciliationMissing => (
                "Give `reconciliation` with `source`, `loaded` and `rejected`.",
                "اذكر reconciliation مع source وloaded وrejected.",
            ),
            ProblemCode::HandoverIncomplete => {
                ("Give `receivingUnit` and `serviceOwner`.", "اذكر receivingUnit وserviceOwner.")
            }
            ProblemCode::EvidenceIsALink => (
                "Create new evidence without `url`, and upload the file to it.",
                "أنشئ دليلًا جديدًا بلا url ثم ارفع الملف إليه.",
            ),
            ProblemCode::NotWaivable => (
                "`waivable` in the readiness says which criteria can be waived. This one has to be met.",
                "يبيّن waivable في الجاهزية ما يمكن التنازل عنه. أما هذا فلا بد من استيفائه.",
            ),
            ProblemCode::NotEntitled => (
                "Those vote who were members when the step was submitted (`entitled`). A successor is not entitled.",
                "يصوّت من كانوا أعضاء وقت عرض الخطوة (entitled). ولا يحق ذلك لمن خلف عضوًا بعده.",
            ),
            ProblemCode::VotingClosed => (
                "The submission has passed, was returned or was withdrawn; votes stay as they were.",
                "أُقرَّ العرض أو أُعيد أو سُحب؛ وتبقى الأصوات كما كانت.",
            ),
            ProblemCode::ReportNotSubmitted => (
                "The council decides on a report that is `submitted`: the one that step 5 passed with. To correct a decision, name it in `supersedes`.",
                "يقرر المجلس في تقرير حالته submitted، وهو الذي أُقرَّت به الخطوة الخامسة. ولتصحيح قرار اذكره في supersedes.",
            ),
            ProblemCode::DecisionSuperseded => (
                "Name the latest decision on that report in `supersedes`.",
                "اذكر في supersedes آخر قرار بشأن ذلك التقرير.",
            ),
            ProblemCode::DecisionFollowed => (
                "Work has gone on since that decision, so only the record can be corrected: with the same `outcome` and `returnToStep`.",
                "استمر العمل بعد ذلك القرار، فلا يُصحَّح إلا السجل: بالنتيجة نفسها (outcome) والخطوة نفسها (returnToStep).",
            ),
            ProblemCode::OfAnEarlierCycle => (
                "What an earlier cycle made is part of its record: it can be carried on, not deleted, and what was measured by it stays as it was. Make a new one.",
                "ما أُنشئ في دورة سابقة جزء من سجلها: يمكن البناء عليه لا حذفه، ويبقى ما قيس به كما كان. أنشئ غيره.",
            ),
            ProblemCode::ConditionSettled => ("What proved it stays as it was.", "يبقى ما أثبته كما كان."),
            ProblemCode::OwnsWork => (
                "Name a `successor` or `reassignToMemberId`; `references` lists what the member owns.",
                "سمِّ خلفًا في successor أو عضوًا في reassignToMemberId؛ ويسرد references ما يملكه العضو.",
            ),
            ProblemCode::StillReferenced => (
                "`references` lists what refers to it. Remove those references first.",
                "يسرد الحقل references ما يشير إليه. أزل تلك الإشارات أولًا.",
            ),
            ProblemCode::EmailTaken => (
                "One account per address. To send a new invitation use `POST /v1/users/{id}/invitations`.",
                "حساب واحد لكل عنوان. لإرسال دعوة جديدة استخدم ‎POST /v1/users/{id}/invitations.",
            ),
            ProblemCode::LastAdministrator => {
                ("Make somebody else an administrator first.", "عيّن مديرًا آخر أولًا.")
            }
            ProblemCode::TooManyApiKeys => (
                "A hundred may be good at once. Revoke one that nobody uses any more: `GET /v1/api-keys` says when each was last used.",
                "يمكن أن يكون لديك مئة مفتاح صالح في آن واحد. ألغِ مفتاحًا لم يعد يستخدمه أحد: يعرض ‎GET /v1/api-keys آخر استخدام لكل مفتاح.",
            ),
            ProblemCode::IdempotencyKeyInUse => (
                "The first request with this `Idempotency-Key` has not been answered yet. Wait a moment and send the same request again: it is done once.",
                "لم يُجَب بعد عن أول طلب بهذا المفتاح. انتظر لحظة ثم أعد إرسال الطلب نفسه: فلن يُنفَّذ إلا مرة واحدة.",
            ),
            ProblemCode::IdempotencyKeyReused => (
                "An `Idempotency-Key` stands for one request, body included, for 24 hours. Send a new key with a new request. Nothing was changed.",
                "يخص المفتاح Idempotency-Key طلبًا واحدًا بنصه مدة 24 ساعة. أرسل مفتاحًا جديدًا مع الطلب الجديد. لم يتغير شيء.",
            ),
            ProblemCode::TooManyAttempts => (
                "For this account or from this address too many attempts have failed. Try again after the seconds in `Retry-After`; if you forgot your password, ask the administrator or the secretariat for a new invitation.",
                "فشلت محاولات كثيرة لهذا الحساب أو من هذا العنوان. حاول من جديد بعد الثواني المذكورة في Retry-After؛ وإن نسيت كلمة المرور فاطلب دعوة جديدة من مدير المنظومة أو أمانة المجلس.",
            ),
            ProblemCode::TooManyRequests => (
                "`RateLimit-Policy` says how many requests you may send in how many seconds, `RateLimit` how many are left. Nothing was changed. Try again after the seconds in `Retry-After`.",
                "تبيّن RateLimit-Policy عدد الطلبات المسموح بها ومدتها، وتبيّن RateLimit ما بقي منها. لم يتغير شيء. حاول من جديد بعد الثواني المذكورة في Retry-After.",
            ),
            ProblemCode::VersionMismatch => (
                "Read the resource again, look at what changed, and send your change with the new `ETag` in `If-Match`. The `ETag` header of this answer names the present version.",
                "اقرأ المورد من جديد وانظر ما تغيّر ثم أرسل تغييرك مع ETag الجديد في If-Match. وتحمل ترويسة ETag في هذا الرد الإصدار الراهن.",
            ),
            ProblemCode::BodyTooLarge => (
                "A JSON body may have 256 KiB, a file 10 MiB.",
                "الحد الأقصى لنص JSON هو 256 كيبيبايت، وللملف 10 ميبيبايت.",
            ),
            ProblemCode::UnsupportedMediaType => (
                "Send `application/json`; for a PATCH `application/merge-patch+json`; for a file one of the types that the operation lists.",
                "أرسل application/json، ومع PATCH أرسل application/merge-patch+json، ومع الملف أحد الأنواع المذكورة في توثيق العملية.",
            ),
            ProblemCode::PreconditionRequired => (
                "Send `If-Match` with the `ETag` that came with the resource, so that nobody's change is lost.",
                "أرسل If-Match بقيمة ETag التي جاءت مع المورد كي لا يضيع تغيير أحد.",
            ),
            ProblemCode::InternalError => (
                "This is a fault of the service. Give the `requestId` to whoever runs it.",
                "هذا خلل في الخدمة. أعطِ requestId لمن يديرها.",
            ),
            ProblemCode::Unavailable => (
                "Nothing was changed as far as the service knows. Try again after the seconds in `Retry-After`.",
                "لم يتغير شيء بحسب علم الخدمة. حاول من جديد بعد الثواني المذكورة في Retry-After.",
            ),
        };
        Message::new(en, ar)
    }
}

vocabulary! {
    /// What is wrong with one value of a request.
    pub enum FieldErrorCode as "FaultCode" in "faultCodes" {
        Required = "required", "is missing", "مفقود";
        Unknown = "unknown", "is not known here", "غير معروف هنا";
        WrongType = "wrongType", "has the wrong type", "نوعه غير صحيح";
        WrongFormat = "wrongFormat", "has the wrong form", "صيغته غير صحيحة";
        NotAllowed = "notAllowed", "is not one of the allowed values", "ليس من القيم المسموح بها";
        TooShort = "tooShort", "is too short", "قصير جدًا";
        TooLong = "tooLong", "is too long", "طويل جدًا";
        TooSmall = "tooSmall", "is too small", "صغير جدًا";
        TooLarge = "tooLarge", "is too large", "كبير جدًا";
        Empty = "empty", "is empty", "فارغ";
        UnknownReference = "unknownReference", "refers to nothing here", "لا يشير إلى شيء هنا";
        Duplicate = "duplicate", "is there twice", "مكرر";
        Common = "common", "is one of the first that an attacker would try", "من أول ما يجرّبه المهاجم";
        Invalid = "invalid", "is not valid", "غير صالح";
    }
}

/// Where in a request a fault is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldLocation {
    /// A JSON pointer into the body (RFC 6901).
    Pointer(String),
    /// A query or path parameter, or a header, by name.
    Parameter(String),
}

/// One thing wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Where it is.
    pub location: FieldLocation,
    /// What it is.
    pub code: FieldErrorCode,
    /// A sentence for the person who sent it.
    pub detail: Message,
}

impl FieldError {
    /// A fault in the body, said by its code's label.
    pub fn at(pointer: impl Into<String>, code: FieldErrorCode) -> Self {
        Self { location: FieldLocation::Pointer(pointer.into()), code, detail: code.label() }
    }

    /// A fault in a parameter or header.
    pub fn parameter(name: impl Into<String>, code: FieldErrorCode) -> Self {
        Self { location: FieldLocation::Parameter(name.into()), code, detail: code.label() }
    }

    /// The same fault, said better.
    pub fn saying(self, en: impl Into<String>, ar: impl Into<String>) -> Self {
        Self { detail: Message::new(en, ar), ..self }
    }
}

/// Something that stands in the way of a state, as `availableTransitions` lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocker {
    /// The code the refusal would have.
    pub code: ProblemCode,
    /// What would make it possible.
    pub title: Message,
}

impl From<ProblemCode> for Blocker {
    fn from(code: ProblemCode) -> Self {
        Self { code, title: code.label() }
    }
}

/// A state that can be reached from the present one, and what stands in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvailableTransition {
    /// The state's code.
    pub to: &'static str,
    /// Whether the request must give a `reason`.
    pub reason_required: bool,
    /// Empty where the transition is possible now, for this caller.
    pub blocked_by: Vec<Blocker>,
}

/// A resource named in a refusal or an unmet criterion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// What it is, as in events: `activity`.
    pub kind: &'static str,
    /// Its id.
    pub id: uuid::Uuid,
    /// Its title or name.
    pub title: super::text::LocalizedText,
}

/// What a refusal lists beside its sentence.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ProblemExtension {
    /// Nothing.
    #[default]
    Nothing,
    /// The transitions that are legal from here.
    Transitions(Vec<AvailableTransition>),
    /// What still refers to the thing.
    References(Vec<Reference>),
    /// The gate's criteria.
    Criteria(Vec<super::gate::Criterion>),
    /// The version that the resource has now.
    CurrentVersion(i32),
    /// Seconds after which it can be tried again.
    RetryAfter(u32),
}

/// A refused request: whose fault, what it is, what would make it right. Changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {}", .detail.en)]
pub struct Refusal {
    /// The stable code; its HTTP status is chosen at the edge.
    pub code: ProblemCode,
    /// A sentence about this very request.
    pub detail: Message,
    /// Every fault, where the request itself is wrong.
    pub faults: Vec<FieldError>,
    /// What else helps.
    pub extension: Box<ProblemExtension>,
}

impl Refusal {
    /// A refusal with a sentence of its own.
    pub fn new(code: ProblemCode, en: impl Into<String>, ar: impl Into<String>) -> Self {
        Self { code, detail: Message::new(en, ar), faults: Vec::new(), extension: Box::default() }
    }

    /// A refusal because of faults in the request.
    pub fn faults(code: ProblemCode, faults: Vec<FieldError>) -> Self {
        let detail = match faults.len() {
            1 => Message::new(
                "One thing is wrong, see `errors`. Nothing was changed.",
                "في الطلب خطأ واحد يذكره errors. لم يتغير شيء.",
            ),
            many => Message::new(
                format!("{many} things are wrong, see `errors`. Nothing was changed."),
                format!("عدد الأخطاء في الطلب {many}، ويسردها الحقل errors. لم يتغير شيء."),
            ),
        };
        Self { code, detail, faults, extension: Box::default() }
    }

    /// One reference in the body that leads nowhere.
    pub fn unknown_reference(pointer: impl Into<String>) -> Self {
        Self::faults(
            ProblemCode::UnknownReference,
            vec![FieldError::at(pointer, FieldErrorCode::UnknownReference)],
        )
    }

    /// A field of the body is missing that this request needs.
    pub fn missing(pointer: impl Into<String>) -> Self {
        Self::faults(ProblemCode::InvalidRequest, vec![FieldError::at(pointer, FieldErrorCode::Required)])
    }

    /// The same refusal, listing what helps.
    pub fn extension(self, extension: ProblemExtension) -> Self {
        Self { extension: Box::new(extension), ..self }
    }
}

impl From<ProblemCode> for Refusal {
    fn from(code: ProblemCode) -> Self {
        let advice = code.advice();
        Self::new(code, advice.en, advice.ar)
    }
}

impl From<Blocker> for Refusal {
    fn from(blocker: Blocker) -> Self {
        let advice = blocker.code.advice();
        Self::new(
            blocker.code,
            format!("{}. {}", blocker.title.en.trim_end_matches('.'), advice.en),
            format!("{}. {}", blocker.title.ar.trim_end_matches('.'), advice.ar),
        )
    }
}
