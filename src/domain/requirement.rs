//! The callers who may perform an operation, in words and as a list of roles. All of it follows from the table that is enforced
//! ([`authorize`]): the document, the page of the rights and the refusals ask here.

use serde::{Deserialize, Serialize};

use super::message::Message;
use super::refusal::{ProblemExtension, Refusal, RefusalCode};
use super::rights::{Action, Authorization, EffectiveRole, Scope, authorize, may_manage};
use super::user::UserRole;
use super::vocabulary::Vocabulary as _;

/// The credential or the right that an operation asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Requirement {
    /// No credential.
    Anyone,
    /// A secret of the installation, which belongs to no user.
    InstallationSecret,
    /// The right to an action.
    Right {
        action: Action,
        /// The actions that some requests of the operation need as well.
        also: Vec<Action>,
    },
}

impl Requirement {
    /// The roles that may perform the operation, some of them perhaps only on what is their own.
    pub fn roles(&self) -> Vec<EffectiveRole> {
        match self {
            Self::Anyone => EffectiveRole::ALL.to_vec(),
            Self::InstallationSecret => Vec::new(),
            Self::Right { action, .. } => roles(*action, |answer| answer.refusal().is_none()),
        }
    }

    /// The roles that may perform the operation only on what is their own.
    pub fn own_only_roles(&self) -> Vec<EffectiveRole> {
        match self {
            Self::Anyone | Self::InstallationSecret => Vec::new(),
            Self::Right { action, .. } => roles(*action, |answer| answer == Authorization::OwnOnly),
        }
    }

    /// The sentences that say who may perform the operation.
    pub fn sentence(&self) -> Message {
        let (action, also) = match self {
            Self::Anyone => {
                return Message::new(
                    "Who may: anyone, without signing in.",
                    "من يحق له: الجميع دون تسجيل الدخول.",
                );
            }
            Self::InstallationSecret => {
                return Message::new(
                    "Who may: the operator of the installation, with the token that the installation sets.",
                    "من يحق له: مشغّل المنظومة بالرمز المحدد في إعداداتها.",
                );
            }
            Self::Right { action, also } => (*action, also),
        };
        let who = who_may(action);
        let mut en = vec![format!("Who may: {}.", who.en)];
        let mut ar = vec![format!("من يحق له: {}.", who.ar)];
        for &case in also {
            let (label, who) = (label(case), who_may(case));
            en.push(format!("To {}: {}.", label.en, who.en));
            ar.push(format!("{}: {}.", label.ar, who.ar));
        }
        let limits = [limit_of_management(action), limit_of_keys(action)];
        for limit in limits.into_iter().flatten() {
            en.push(limit.en);
            ar.push(limit.ar);
        }
        Message { en: en.join(" "), ar: ar.join(" ") }
    }
}

/// The roles whose answer to an action meets the condition.
fn roles(action: Action, is_meant: impl Fn(Authorization) -> bool) -> Vec<EffectiveRole> {
    EffectiveRole::ALL.iter().copied().filter(|role| is_meant(authorize(*role, action))).collect()
}

/// The refusal of an action for which the caller's role has no right. It names those who have the right.
pub fn forbidden(action: Action) -> Refusal {
    let who = who_may(action);
    let allowed = roles(action, |answer| answer == Authorization::Allowed);
    Refusal::new(
        RefusalCode::Forbidden,
        format!("This action is reserved for {}.", who.en),
        format!("هذا الإجراء مقصور على: {}.", who.ar),
    )
    .extension(ProblemExtension::AllowedRoles(allowed))
}

/// The refusal to change a user of this role, or to give a user this role. It names those who manage such users.
pub fn forbidden_to_manage(managed: UserRole) -> Refusal {
    let allowed: Vec<_> =
        EffectiveRole::ALL.iter().copied().filter(|manager| may_manage(*manager, managed)).collect();
    let (who, role) = (phrase(&allowed, None), managed.label());
    Refusal::new(
        RefusalCode::Forbidden,
        format!("Users of the role “{}” are managed by {} only.", role.en, who.en),
        format!("إدارة المستخدمين ذوي الدور «{}» مقصورة على: {}.", role.ar, who.ar),
    )
    .extension(ProblemExtension::AllowedRoles(allowed))
}

/// Refuses an action by the answer to the question whether the caller may perform it.
///
/// # Errors
/// `forbidden`, `insufficientScope` or `notFound`.
pub fn check(answer: Authorization, action: Action) -> Result<(), Refusal> {
    match answer.refusal() {
        None => Ok(()),
        Some(RefusalCode::Forbidden) => Err(forbidden(action)),
        Some(code) => Err(code.into()),
    }
}

/// The callers who may perform an action, as a part of a sentence.
pub fn who_may(action: Action) -> Message {
    let allowed = roles(action, |answer| answer == Authorization::Allowed);
    let is_own_for_some =
        EffectiveRole::ALL.iter().any(|role| authorize(*role, action) == Authorization::OwnOnly);
    phrase(&allowed, is_own_for_some.then(|| owner(action)).flatten())
}

/// Roles and the owner of a resource, as a part of a sentence. The Arabic phrase is in the nominative, as after a colon.
fn phrase(roles: &[EffectiveRole], owner: Option<Message>) -> Message {
    use EffectiveRole::{Administrator, Chair, CouncilMember, Member, Outsider, Secretariat};

    if roles.len() == EffectiveRole::ALL.len() {
        return Message::new("any signed-in user", "أي مستخدم سجّل دخوله");
    }
    let has_members = roles.contains(&Member);
    let mut parts: Vec<Message> = roles
        .iter()
        .filter_map(|role| match role {
            Administrator => Some(Message::new("administrators", "مدير المنظومة")),
            Secretariat => Some(Message::new("the secretariat", "أمانة المجلس")),
            CouncilMember => Some(Message::new("council members", "أعضاء المجلس")),
            Chair if has_members => {
                Some(Message::new("the chair and members of the task force", "رئيس فريق العمل وأعضاؤه"))
            }
            Chair => Some(Message::new("the chair of the task force", "رئيس فريق العمل")),
            // Nobody has a right as a member that the chair does not have.
            Member => None,
            Outsider => Some(Message::new("experts without a seat", "الخبراء الذين ليسوا أعضاء")),
        })
        .collect();
    parts.extend(owner);
    let arabic: Vec<_> = parts.iter().map(|part| part.ar.as_str()).collect();
    Message { en: joined(&parts), ar: arabic.join(" و") }
}

/// The English parts as one list.
fn joined(parts: &[Message]) -> String {
    let english: Vec<_> = parts.iter().map(|part| part.en.as_str()).collect();
    match english.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        // A part that contains "and" itself is set off by a comma.
        [one, other] if !one.contains(" and ") && !other.contains(" and ") => format!("{one} and {other}"),
        [first @ .., last] => format!("{}, and {last}", first.join(", ")),
    }
}

/// The owner of a resource, for an action that some roles may perform only on what is their own.
fn owner(action: Action) -> Option<Message> {
    Some(match action {
        Action::ReadUser => Message::new("the user whose account it is", "صاحب الحساب"),
        Action::RevokeKey => Message::new("the owner of the key", "صاحب المفتاح"),
        Action::EndSession => Message::new("the user whose session it is", "صاحب الجلسة"),
        Action::RevokeCalendarLink => Message::new("the user whose calendar it is", "صاحب التقويم"),
        Action::EditComment | Action::DeleteComment => {
            Message::new("the author of the comment", "كاتب التعليق")
        }
        Action::ChangeRecord => {
            Message::new("the member who added the evidence", "العضو الذي أضاف مستند الإثبات")
        }
        _ => return None,
    })
}

/// The users whom some of those with the right cannot manage.
fn limit_of_management(action: Action) -> Option<Message> {
    if !matches!(action, Action::ManageUsers | Action::ReadUser) {
        return None;
    }
    let managers = roles(action, |answer| answer == Authorization::Allowed);
    let limits = managers.iter().flat_map(|manager| {
        let managed = UserRole::ALL.iter().filter(|managed| !may_manage(*manager, **managed));
        managed.map(|managed| {
            let (who, role) = (phrase(&[*manager], None), managed.label());
            Message::new(
                format!("Users of the role “{}” are out of reach of {}.", role.en, who.en),
                format!("المستخدمون ذوو الدور «{}» خارج صلاحية {}.", role.ar, who.ar),
            )
        })
    });
    let limits: Vec<Message> = limits.collect();
    let (en, ar): (Vec<_>, Vec<_>) = limits.into_iter().map(|limit| (limit.en, limit.ar)).unzip();
    (!en.is_empty()).then(|| Message { en: en.join(" "), ar: ar.join(" ") })
}

/// The sentence about API keys, for an action that none is good for.
fn limit_of_keys(action: Action) -> Option<Message> {
    let widest_key = Scope { is_interactive: false, ..Scope::FULL };
    (!widest_key.is_enough_for(action)).then(|| {
        Message::new(
            "An API key is not enough, whatever its scope.",
            "لا يكفي لذلك مفتاح واجهة برمجية أيًّا كانت صلاحياته.",
        )
    })
}

/// An action, in English as an infinitive.
pub fn label(action: Action) -> Message {
    let (en, ar) = match action {
        Action::ManageUsers => {
            ("invite, change, disable and enable users", "دعوة المستخدمين وتعديل بياناتهم وتعطيلهم وتفعيلهم")
        }
        Action::LookUpUsers => ("find users", "البحث عن المستخدمين"),
        Action::ReadUser => ("read a user", "الاطلاع على بيانات مستخدم"),
        Action::ReadOwnAccount => (
            "read the own account, its tasks and its task forces",
            "الاطلاع على الحساب الشخصي ومهامه وفرق عمله",
        ),
        Action::ChangeOwnAccount => (
            "manage the own account, its password, sessions, API keys and calendar links",
            "إدارة الحساب الشخصي وكلمة مروره وجلساته ومفاتيحه وروابط تقويمه",
        ),
        Action::EndSession => ("end a session", "إنهاء جلسة"),
        Action::RevokeKey => ("revoke an API key", "إلغاء مفتاح واجهة برمجية"),
        Action::RevokeCalendarLink => ("revoke a calendar link", "إلغاء رابط تقويم"),
        Action::CreateTaskForce => ("create a task force", "إنشاء فريق عمل"),
        Action::ReadPortfolio => ("read the status of all task forces", "الاطلاع على حالة جميع فرق العمل"),
        Action::ReadRegister => (
            "read the reports of all task forces, and the decisions and conditions of the council",
            "الاطلاع على تقارير جميع فرق العمل وعلى قرارات المجلس وشروطه",
        ),
        Action::ReadInstallationEvents => (
            "read the events and the refused attempts of the installation",
            "الاطلاع على أحداث المنظومة وعلى المحاولات المرفوضة",
        ),
        Action::ReadTaskForce => {
            ("read a task force and everything in it", "الاطلاع على فريق العمل وكل ما فيه")
        }
        Action::EditTaskForce => (
            "change the task force, its target dates and its members",
            "تعديل بيانات فريق العمل ومواعيده وأعضائه",
        ),
        Action::DirectTaskForce => (
            "activate, suspend, resume or dissolve the task force",
            "تفعيل فريق العمل أو تعليقه أو استئنافه أو حلّه",
        ),
        Action::Work => (
            "work on the products of the steps and on activities, and write comments",
            "العمل على نواتج الخطوات وعلى الأنشطة، وكتابة التعليقات",
        ),
        Action::DropReview => ("switch off the review of an activity", "إلغاء اشتراط مراجعة النشاط"),
        Action::EditComment => ("change a comment", "تعديل تعليق"),
        Action::DeleteComment => ("delete a comment", "حذف تعليق"),
        Action::ProveWork => (
            "add, change or delete evidence about the work of the steps",
            "إضافة مستند إثبات يخص عمل الخطوات أو تعديله أو حذفه",
        ),
        Action::KeepRecord => (
            "add evidence about the task force, a submission, a report or a decision",
            "إضافة مستند إثبات يخص فريق العمل أو طلب إقرار أو تقريرًا أو قرارًا",
        ),
        Action::ChangeRecord => (
            "change or delete evidence about the task force, a submission, a report or a decision",
            "تعديل مستند إثبات يخص فريق العمل أو طلب إقرار أو تقريرًا أو قرارًا، أو حذفه",
        ),
        Action::RemoveFile => ("remove the file of any evidence", "إزالة ملف أي مستند إثبات"),
        Action::Lead => (
            "submit and withdraw steps, waive criteria, create reports and state the health",
            "تقديم طلبات الإقرار وسحبها، والإعفاء من المعايير، وإنشاء التقارير، وبيان الوضع العام",
        ),
        Action::Vote => ("vote on a submission", "التصويت على طلب إقرار"),
        Action::RecordDecision => ("record a decision of the council", "تسجيل قرار للمجلس"),
        Action::FollowCondition => ("move a condition to another state", "نقل شرط إلى حالة أخرى"),
        Action::ReportCondition => ("report a condition as met", "الإبلاغ عن استيفاء شرط"),
        Action::SettleCondition => {
            ("accept, return or waive a condition", "قبول استيفاء شرط أو إعادته أو الإعفاء منه")
        }
        Action::ShareTaskForce => (
            "create, read and revoke share links of the task force",
            "إنشاء روابط مشاركة لفريق العمل والاطلاع عليها وإلغاؤها",
        ),
        Action::SharePortfolio => (
            "create, read and revoke share links of the status of all task forces",
            "إنشاء روابط مشاركة لحالة جميع فرق العمل والاطلاع عليها وإلغاؤها",
        ),
        Action::ManageWebhooks => (
            "create, read, change and delete webhooks of the task force",
            "إنشاء خطافات ويب لفريق العمل والاطلاع عليها وتعديلها وحذفها",
        ),
    };
    Message::new(en, ar)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn right(action: Action, also: &[Action]) -> Requirement {
        Requirement::Right { action, also: also.to_vec() }
    }

    #[test]
    fn a_sentence_names_those_whom_the_table_allows() {
        for (requirement, expected) in [
            (
                right(Action::ReadTaskForce, &[]),
                "Who may: administrators, the secretariat, council members, and the chair and members of the task force.",
            ),
            (right(Action::Work, &[]), "Who may: the chair and members of the task force."),
            (right(Action::Lead, &[]), "Who may: the chair of the task force."),
            (
                right(Action::FollowCondition, &[]),
                "Who may: the secretariat and the chair of the task force.",
            ),
            (right(Action::ReadOwnAccount, &[]), "Who may: any signed-in user."),
            (right(Action::EditComment, &[]), "Who may: the author of the comment."),
            (
                right(Action::DeleteComment, &[]),
                "Who may: the chair of the task force and the author of the comment.",
            ),
            (
                right(Action::Work, &[Action::DropReview]),
                "Who may: the chair and members of the task force. To switch off the review of an activity: the chair of the task force.",
            ),
            (
                right(Action::ManageUsers, &[]),
                "Who may: administrators and the secretariat. Users of the role “Administrator” are out of reach of the secretariat. An API key is not enough, whatever its scope.",
            ),
        ] {
            assert_eq!(requirement.sentence().en, expected);
        }
        let arabic = right(Action::DeleteComment, &[]).sentence().ar;
        assert_eq!(arabic, "من يحق له: رئيس فريق العمل وكاتب التعليق.");
        let arabic = right(Action::KeepRecord, &[]).sentence().ar;
        assert_eq!(arabic, "من يحق له: أمانة المجلس ورئيس فريق العمل وأعضاؤه.");
    }

    #[test]
    fn a_refusal_lists_the_roles_that_may_whatever_the_resource() {
        let roles = |refusal: Refusal| match *refusal.extension {
            ProblemExtension::AllowedRoles(roles) => roles,
            other => panic!("{other:?}"),
        };
        assert_eq!(roles(forbidden(Action::Work)), [EffectiveRole::Chair, EffectiveRole::Member]);
        assert_eq!(roles(forbidden(Action::EditComment)), []);
        assert_eq!(roles(forbidden(Action::DeleteComment)), [EffectiveRole::Chair]);
        assert_eq!(roles(forbidden_to_manage(UserRole::Administrator)), [EffectiveRole::Administrator]);
    }

    /// Each action that is limited to what is one's own names the owner, and no other does.
    #[test]
    fn every_limit_to_the_own_has_its_owner() {
        for &action in Action::ALL {
            let limited =
                EffectiveRole::ALL.iter().any(|role| authorize(*role, action) == Authorization::OwnOnly);
            assert_eq!(owner(action).is_some(), limited, "{action:?}");
            assert!(!who_may(action).en.is_empty(), "{action:?}");
        }
    }
}
