//! The page of the rights: the table that is enforced, and who may perform each operation. `make rights` writes it to
//! `docs/rights.md` and `docs/rights.ar.md`.

use std::fmt::Write as _;

use actix_web::http::Method;

use crate::domain::message::Message;
use crate::domain::requirement::{Requirement, label};
use crate::domain::rights::{Action, Authorization, EffectiveRole, Scope, authorize};
use crate::domain::text::Language;
use crate::domain::vocabulary::Vocabulary as _;

/// An operation, and who may perform it.
#[derive(Debug)]
pub(super) struct OperationRight {
    pub(super) id: String,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) requirement: Requirement,
}

/// The page in Markdown.
pub(super) fn markdown(operations: &[OperationRight], language: Language) -> String {
    let text = |en: &str, ar: &str| Message::new(en, ar).in_language(language).to_owned();
    let mut page = String::new();
    let mut paragraph = |sentence: String| {
        page.push_str(&sentence);
        page.push_str("\n\n");
    };
    paragraph(format!("# {}", text("Rights", "الصلاحيات")));
    paragraph(text(
        "The tables below are generated from the table that the service enforces. The description of each operation contains the same sentences, and `x-roles` the same roles. A refusal with the code `forbidden` lists in `allowedRoles` the roles that may perform the refused action.",
        "الجدولان أدناه مولَّدان من الجدول الذي تفرضه الخدمة. ويتضمن وصف كل عملية الجمل نفسها، ويتضمن x-roles الأدوار نفسها. أما الرفض برمز الخطأ forbidden فيسرد في الحقل allowedRoles الأدوار التي يحق لها الإجراء المرفوض.",
    ));
    paragraph(text(
        "A right is not the only condition: the states of the task force, of the step and of the resource also decide. `permissions` of a resource says which actions the caller can perform now, by right and by state, and `availableTransitions` lists the obstacles to each transition.",
        "الصلاحية ليست الشرط الوحيد، فحالة فريق العمل وحالة الخطوة وحالة العنصر نفسه لها أثرها أيضًا. يذكر الحقل permissions في كل عنصر الإجراءات التي يستطيع المستخدم القيام بها الآن بحسب دوره وبحسب الحالة، ويسرد الحقل availableTransitions ما يعيق كل انتقال.",
    ));
    paragraph(format!("## {}", text("Roles", "الأدوار")));
    paragraph(roles(language));
    paragraph(text(
        "A user has one role in each task force. Outside of task forces, an expert who chairs a task force that is not over has the role `chair`, and every other expert has the role `outsider`. A task force does not exist for an outsider: the answer is 404.",
        "لكل مستخدم دور واحد في كل فريق عمل. أما خارج فرق العمل فللخبير الذي يرأس فريق عمل لم ينتهِ عمله الدور chair، ولكل خبير آخر الدور outsider. ولا يرى صاحب الدور outsider فريق العمل أبدًا: يكون الرد 404.",
    ));
    paragraph(format!("## {}", text("Actions", "الإجراءات")));
    paragraph(text(
        "“own” means that the role has the right only for things that belong to the caller.",
        "تعني «ما يخصه» أن صاحب الدور يحق له الإجراء في ما يخصه وحده.",
    ));
    paragraph(actions(language));
    paragraph(format!("## {}", text("Operations", "العمليات")));
    page.push_str(&operations_table(operations, language));
    page
}

fn roles(language: Language) -> String {
    let line = |role: &EffectiveRole| format!("- `{}`: {}", role.code(), role.label().in_language(language));
    EffectiveRole::ALL.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The table of rights.
fn actions(language: Language) -> String {
    let text = |en: &str, ar: &str| Message::new(en, ar).in_language(language).to_owned();
    let (yes, own, no) = (text("yes", "نعم"), text("own", "ما يخصه"), "–".to_owned());
    let mut table = format!("| {} |", text("action", "الإجراء"));
    for role in EffectiveRole::ALL {
        table.push_str(&format!(" `{}` |", role.code()));
    }
    table.push_str(&format!(" {} |\n|---|", text("API key", "مفتاح الواجهة البرمجية")));
    table.push_str(&"---|".repeat(EffectiveRole::ALL.len() + 1));
    let widest_key = Scope { is_interactive: false, ..Scope::FULL };
    for &action in Action::ALL {
        table.push_str(&format!("\n| {} |", capitalized(label(action).in_language(language))));
        for role in EffectiveRole::ALL {
            let cell = match authorize(*role, action) {
                Authorization::Allowed => &yes,
                Authorization::OwnOnly => &own,
                Authorization::Forbidden | Authorization::OutOfScope | Authorization::Hidden => &no,
            };
            table.push_str(&format!(" {cell} |"));
        }
        table.push_str(&format!(" {} |", if widest_key.is_enough_for(action) { &yes } else { &no }));
    }
    table
}

fn operations_table(operations: &[OperationRight], language: Language) -> String {
    let text = |en: &str, ar: &str| Message::new(en, ar).in_language(language).to_owned();
    let mut table = format!(
        "| {} | {} | {} |\n|---|---|---|\n",
        text("operation", "العملية"),
        text("address", "العنوان"),
        text("who may", "من يحق له")
    );
    for OperationRight { id, method, path, requirement } in operations {
        let sentence = requirement.sentence();
        let sentence = sentence.in_language(language);
        let who = sentence.split_once(": ").map_or(sentence, |(_, who)| who);
        let _ = writeln!(table, "| `{id}` | `{method} {path}` | {} |", capitalized(who));
    }
    table
}

/// The text with a capital as its first letter.
fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
