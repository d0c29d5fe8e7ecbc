//! The space for files: how much of it a task force and the installation may take.

use super::message::Message;
use super::refusal::{ProblemExtension, Refusal, RefusalCode, StorageUse};

/// Bytes of a mebibyte.
pub const MIB: i64 = 1024 * 1024;

/// The space that files may take, in bytes; `None` for no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StorageLimits {
    /// The files of one task force.
    pub task_force: Option<i64>,
    /// The files of all task forces.
    pub installation: Option<i64>,
}

impl Default for StorageLimits {
    fn default() -> Self {
        Self { task_force: Some(1024 * MIB), installation: Some(10 * 1024 * MIB) }
    }
}

/// The space that files have taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// The files of the task force.
    pub task_force: i64,
    /// The files of all task forces.
    pub installation: i64,
}

impl StorageLimits {
    /// The space of a task force with this many bytes of files.
    pub fn of_task_force(self, used: i64) -> StorageUse {
        StorageUse { used, limit: self.task_force }
    }

    /// The space of the installation with this many bytes of files.
    pub fn of_installation(self, used: i64) -> StorageUse {
        StorageUse { used, limit: self.installation }
    }

    /// Checks that files may take `more` bytes. What makes them fewer is always possible.
    ///
    /// # Errors
    /// `storageFull`, with the space that is taken.
    pub fn check(self, stored: Stored, more: i64) -> Result<(), Refusal> {
        let exceeds = |used: i64, limit: Option<i64>| {
            let limit = limit.filter(|limit| more > 0 && used.saturating_add(more) > *limit)?;
            Some((used, limit))
        };
        if let Some((used, limit)) = exceeds(stored.task_force, self.task_force) {
            return Err(full(
                (used, limit),
                Message::new("The files of this task force", "ملفات فريق العمل هذا"),
                Message::new(
                    "Delete evidence whose file is no longer needed, ask the secretariat to remove files that nobody can delete any more, or ask the administrator of the service for more space.",
                    "احذف مستندات الإثبات التي لم تعد ملفاتها لازمة، أو اطلب من أمانة المجلس إزالة ملفات لم يعد حذفها ممكنًا، أو اطلب مساحة أكبر من مدير المنظومة.",
                ),
                more,
            ));
        }
        if let Some((used, limit)) = exceeds(stored.installation, self.installation) {
            return Err(full(
                (used, limit),
                Message::new("The files of all task forces", "ملفات جميع فرق العمل"),
                Message::new(
                    "Only the administrator of the service can make room.",
                    "لا يستطيع توفير المساحة إلا مدير المنظومة.",
                ),
                more,
            ));
        }
        Ok(())
    }
}

fn full((used, limit): (i64, i64), whose: Message, what_to_do: Message, more: i64) -> Refusal {
    let (taken, all, asked) = (mebibytes(used), mebibytes(limit), mebibytes(more));
    Refusal::new(
        RefusalCode::StorageFull,
        format!(
            "{} take {taken} of {all} MiB, and this file needs {asked} MiB more. {}",
            whose.en, what_to_do.en
        ),
        format!(
            "تشغل {} {taken} من أصل {all} ميغابايت، ويحتاج هذا الملف إلى {asked} ميغابايت إضافية. {}",
            whose.ar, what_to_do.ar
        ),
    )
    .extension(ProblemExtension::Storage(StorageUse { used, limit: Some(limit) }))
}

/// Mebibytes with one digit after the point, rounded up, so that nothing that needs space is shown as 0.
fn mebibytes(bytes: i64) -> String {
    let tenths = bytes.saturating_mul(10).saturating_add(MIB - 1) / MIB;
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_take_no_more_than_the_space_of_their_task_force_and_of_the_installation() {
        let limits = StorageLimits { task_force: Some(100), installation: Some(250) };
        for (task_force, installation, more, fits) in [
            (0, 0, 100, true),
            (0, 0, 101, false),
            (90, 240, 10, true),
            (90, 240, 11, false),
            (10, 245, 5, true),
            (10, 245, 6, false),
            // A limit that was lowered keeps nobody from making files smaller.
            (500, 900, 0, true),
            (500, 900, -1, true),
        ] {
            let stored = Stored { task_force, installation };
            assert_eq!(limits.check(stored, more).is_ok(), fits, "{stored:?} {more}");
        }
        let none = StorageLimits { task_force: None, installation: None };
        assert!(none.check(Stored { task_force: i64::MAX, installation: i64::MAX }, i64::MAX).is_ok());
    }

    #[test]
    fn a_refusal_names_what_is_taken_and_what_may_be() {
        let limits = StorageLimits { task_force: Some(2 * MIB), installation: None };
        let refusal = limits.check(Stored { task_force: MIB + 1, installation: 0 }, MIB).unwrap_err();
        assert!(
            refusal.to_string().contains("take 1.1 of 2.0 MiB, and this file needs 1.0 MiB"),
            "{refusal}"
        );
        let used = StorageUse { used: MIB + 1, limit: Some(2 * MIB) };
        assert_eq!(*refusal.extension, ProblemExtension::Storage(used));
    }
}
