//! Rights, transitions and gates, printed: a change of one is seen in the golden file.

use taskforce::domain::criterion::CriterionCode;
use taskforce::domain::event::SubjectKind;
use taskforce::domain::notification::NotificationKind;
use taskforce::domain::notification::rules::{RULES, When};
use taskforce::domain::refusal::RefusalCode;
use taskforce::domain::rights::{Action, Authorization, EffectiveRole, authorize};
use taskforce::domain::state_machine::TransitionRule;
use taskforce::domain::step::{StepCommand, StepState};
use taskforce::domain::vocabulary::Vocabulary as _;
use taskforce::domain::{
    activity, decision, migration, pilot, policy, report, sector, submission, task_force, user,
};

#[test]
fn the_rights_are_as_printed() {
    let mut table = format!("{:<24}", "");
    table.extend(
        EffectiveRole::ALL.iter().map(|effective_role| format!("{:<15}", format!("{effective_role:?}"))),
    );
    for &action in Action::ALL {
        table.push_str(&format!("\n{:<24}", format!("{action:?}")));
        table.extend(EffectiveRole::ALL.iter().map(|effective_role| {
            let cell = match authorize(*effective_role, action) {
                Authorization::Allowed => "yes",
                Authorization::OwnOnly => "own",
                Authorization::Forbidden => "403",
                Authorization::OutOfScope => unreachable!("scopes belong to the credential"),
                Authorization::Hidden => "404",
            };
            format!("{cell:<15}")
        }));
    }
    insta::assert_snapshot!("rights", trimmed(&table));
}

#[test]
fn the_transitions_are_as_printed() {
    let mut table = String::new();
    for (name, rules) in [
        ("policy", policy::all_transitions()),
        ("sector", sector::all_transitions()),
        ("pilot", pilot::all_transitions()),
        ("migration", migration::all_transitions()),
        ("report", report::all_transitions()),
        ("condition", decision::all_condition_transitions()),
        ("submission", submission::all_transitions()),
        ("activity", activity::all_transitions()),
        ("task force", task_force::all_transitions()),
        ("user", user::all_transitions()),
    ] {
        table.push_str(&format!("{name}\n"));
        for TransitionRule { from, to, reason_required } in rules {
            let reason = if reason_required { "  with a reason" } else { "" };
            table.push_str(&format!("  {from:<12} -> {to:<12}{reason}\n"));
        }
    }
    table.push_str("step\n");
    for state in StepState::ALL {
        for command in StepCommand::ALL {
            let next = match state.transition(command) {
                Ok(next) => next.code().to_owned(),
                Err(refusal) => format!("({})", refusal.code),
            };
            table.push_str(&format!("  {:<12} {:<8} -> {next}\n", state.code(), format!("{command:?}")));
        }
    }
    insta::assert_snapshot!("transitions", trimmed(&table));
}

#[test]
fn the_notifications_are_as_printed() {
    let mut table = String::new();
    for kind in NotificationKind::ALL {
        table.push_str(&format!("{:<22} e-mail: {}\n", kind.code(), kind.usual_email()));
        let rules: Vec<_> = RULES.iter().filter(|rule| rule.kind == *kind).collect();
        for rule in &rules {
            let when = match rule.when {
                When::Always => String::new(),
                When::Becomes(state) => format!("to {state}"),
                When::Goes { from, to } => format!("from {from} to {to}"),
                When::RoleChanges => "with another role".to_owned(),
            };
            let audience = format!("{:?}", rule.audience);
            table.push_str(&format!("  {:<24} {when:<28} -> {audience}\n", rule.action.code()));
        }
        if rules.is_empty() {
            table.push_str("  a reminder\n");
        }
    }
    insta::assert_snapshot!("notifications", trimmed(&table));
}

#[test]
fn the_gates_are_as_printed() {
    let line = |code: &CriterionCode| {
        let waivable = if code.is_waivable() { "can be waived" } else { "can't be waived" };
        format!("{:<20} {waivable:<16} {}", code.code(), code.label().en)
    };
    insta::assert_snapshot!("gates", CriterionCode::ALL.iter().map(line).collect::<Vec<_>>().join("\n"));
}

#[test]
fn the_references_of_refusals_are_as_printed() {
    let mut table = String::new();
    for code in RefusalCode::ALL {
        let kinds: Vec<_> = code.names().iter().map(|kind| kind.code()).collect();
        let kinds =
            if kinds.len() == SubjectKind::ALL.len() { "every kind".to_owned() } else { kinds.join(", ") };
        table.push_str(&format!("{:<22} {kinds}\n", code.code()));
    }
    insta::assert_snapshot!("references", trimmed(&table));
}

fn trimmed(table: &str) -> String {
    table.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}
