//! The ids of the rows of a task force grow under its lock, since lists and rules order rows by their ids.

/// The files that make ids of rows outside of task forces, or ids that order nothing.
const OTHER_IDS: [&str; 11] = [
    "app/api_keys.rs",
    "app/emails.rs",
    "app/emails/news.rs",
    "app/password_links.rs",
    "app/share_links.rs",
    "app/sign_in.rs",
    "app/single_sign_on.rs",
    "app/users.rs",
    "db/events.rs",
    "db/notifications.rs",
    "db/refused_attempts.rs",
];

#[test]
fn ids_of_a_task_force_are_made_under_its_lock() {
    let files = super::rust_files("src");
    let makes_ids = |text: &str| text.split("mod tests").next().unwrap().contains("Uuid::now_v7()");
    let made: Vec<_> = files
        .iter()
        .filter(|(file, text)| (file.starts_with("app/") || file.starts_with("db/")) && makes_ids(text))
        .map(|(file, _)| file.as_str())
        .collect();
    assert_eq!(made, OTHER_IDS, "`WriteTx::new_id` makes the ids of a task force");
}
