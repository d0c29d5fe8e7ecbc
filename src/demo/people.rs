//! The people of the demo.

use super::content::Text;

/// The email address and a description of each account.
pub const ACCOUNTS: [(&str, &str); 10] = [
    ("administrator@demo.example", "administrator of the installation"),
    ("secretariat@demo.example", "council secretariat"),
    ("council@demo.example", "council member, reads only"),
    ("chair@demo.example", "chair of the task force"),
    ("expert1@demo.example", "expert, chairs the one that is forming"),
    ("expert2@demo.example", "expert, chaired the one that has concluded"),
    ("expert3@demo.example", "expert"),
    ("expert4@demo.example", "expert"),
    ("expert5@demo.example", "expert"),
    ("outsider@demo.example", "expert in no task force"),
];

/// Addresses and names of the accounts, which are too easy to guess as their password.
pub fn account_details() -> Vec<String> {
    let addresses = ACCOUNTS.iter().map(|(email, _)| *email);
    let names = NAMES.iter().flat_map(|(arabic, english)| [*arabic, *english]);
    addresses.chain(names).map(str::to_owned).collect()
}

/// Index of the secretariat.
pub(super) const SECRETARIAT: usize = 1;

/// Index of the first expert: the chair, followed by the numbered experts.
pub(super) const EXPERTS: usize = 3;

/// The names of the people, in the order of [`ACCOUNTS`].
pub(super) const NAMES: [Text; 10] = [
    ("سامي الخطيب", "Sami Khatib"),
    ("هدى منصور", "Huda Mansour"),
    ("د. ليلى حداد", "Dr Layla Haddad"),
    ("د. نور السالم", "Dr Nour Al-Salem"),
    ("عمر الزعبي", "Omar Zoubi"),
    ("ريم قاسم", "Reem Qasem"),
    ("يوسف عيسى", "Yousef Issa"),
    ("مها درويش", "Maha Darwish"),
    ("خالد الأمين", "Khaled Amin"),
    ("سلمى ناصر", "Salma Nasser"),
];

/// The fields of the experts, in the order of [`ACCOUNTS`] from [`EXPERTS`] on.
pub(super) const EXPERTISE: [&str; 6] = [
    "الحوكمة الرقمية / Digital governance",
    "البيانات المفتوحة / Open data",
    "التنقل الذكي / Smart mobility",
    "المياه والطاقة / Water and energy",
    "أمن المعلومات / Information security",
    "تصميم الخدمات / Service design",
];
