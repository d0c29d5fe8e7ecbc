//! The roles that rights are given to. [`super::rights`] contains the rights, and finds the role of a user.

vocabulary! {
    /// The role of a caller in a task force; outside of task forces, the role in the installation.
    pub enum EffectiveRole {
        Administrator = "administrator", "Administrator", "مدير المنظومة";
        Secretariat = "secretariat", "Council secretariat", "أمانة المجلس";
        CouncilMember = "councilMember", "Council member", "عضو المجلس";
        Chair = "chair", "Chair of the task force", "رئيس فريق العمل";
        Member = "member", "Member of the task force", "عضو فريق العمل";
        Outsider = "outsider", "Expert without a seat in the task force", "خبير ليس عضوًا في فريق العمل";
    }
}
