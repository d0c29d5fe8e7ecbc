//! The largest sizes: of the content that members vote on and that a report has, and of a cycle. They keep the time of a
//! submission, a list and a search within the time of a request.

use super::refusal::{Refusal, RefusalCode};

/// The most bytes of text that are put to the vote, or that a report has.
pub const MOST_CONTENT: usize = 2_000_000;

/// The most rows of each list that a report or a snapshot has, where the rest is counted.
pub const MOST_LISTED: i64 = 200;

/// The most bytes of text of each of these lists.
pub const MOST_LISTED_BYTES: i64 = 250_000;

/// The most pieces of evidence that one user adds about one subject. The limit is of each user, so that nobody uses up
/// what others need; much evidence can never be deleted.
pub const MOST_EVIDENCE: i64 = 200;

/// The most pieces of evidence that one user adds in one cycle, so that a report does not take the longer the more there is.
pub const MOST_EVIDENCE_OF_CYCLE: i64 = 2000;

/// The most bytes of products whose text can't be changed any more in the step that is put to the vote. Further ones are
/// put to the vote by their titles.
pub const MOST_FIXED_CONTENT: usize = 500_000;

/// The most bytes of products of a kind that are put to the vote by their titles and the reasons of their states. Further
/// ones are counted.
pub const MOST_TITLES: usize = 100_000;

/// The most policies, the most sectors, the most pilots and the most migrations that count in one cycle and are in force.
pub const MOST_PRODUCTS: i64 = 1000;

/// The most products of a kind in one cycle, with those that were given up for good.
pub const MOST_PRODUCTS_IN_ALL: i64 = 5000;

/// The most children of a kind that a parent has, with the sentence that says so: `{most}` stands for the number.
#[derive(Debug, Clone, Copy)]
pub struct ChildLimit {
    pub most: i64,
    en: &'static str,
    ar: &'static str,
}

/// The assessments of a sector that were made in one cycle.
pub const ASSESSMENTS: ChildLimit = ChildLimit {
    most: 100,
    en: "A sector has at most {most} assessments of one cycle. Change an assessment, or delete one that nobody needs.",
    ar: "لا يتجاوز عدد تقييمات نضج القطاع في الدورة الواحدة {most}. عدّل تقييمًا، أو احذف ما لم تعد إليه حاجة.",
};

/// The studies of a sector that were made in one cycle.
pub const STUDIES: ChildLimit = ChildLimit {
    most: 50,
    en: "A sector has at most {most} studies of one cycle. Delete a study that nobody needs, or merge studies that belong together.",
    ar: "لا يتجاوز عدد دراسات القطاع في الدورة الواحدة {most}. احذف ما لم تعد إليه حاجة، أو ادمج ما يتصل بعضه ببعض.",
};

/// The indicators of a pilot that were set in one cycle and are in use. Each evaluation repeats all indicators.
pub const INDICATORS: ChildLimit = ChildLimit {
    most: 30,
    en: "A pilot has at most {most} indicators of one cycle in use. Delete an indicator that nobody needs, or retire one that was measured.",
    ar: "لا يتجاوز عدد مؤشرات المشروع التجريبي المعمول بها في الدورة الواحدة {most}. احذف ما لم تعد إليه حاجة، أو أوقف العمل بمؤشر سبق قياسه.",
};

/// The measurements of an indicator in one run of its pilot.
pub const MEASUREMENTS: ChildLimit = ChildLimit {
    most: 1000,
    en: "An indicator has at most {most} measurements while its pilot runs. Delete measurements that nobody needs, or record one for a longer time.",
    ar: "لا يتجاوز عدد قياسات المؤشر خلال تنفيذ المشروع التجريبي {most}. احذف ما لم تعد إليه حاجة، أو سجّل قياسًا واحدًا لمدة أطول.",
};

/// The migrations of a pilot. A migration that was begun can't be deleted, so that one member could otherwise use up the
/// migrations of a cycle.
pub const MIGRATIONS: ChildLimit = ChildLimit {
    most: 10,
    en: "A pilot has at most {most} migrations. Delete one that was not begun, or plan one anew that was rolled back.",
    ar: "لا يتجاوز عدد عمليات ترحيل المشروع التجريبي {most}. احذف ترحيلًا لم يبدأ، أو خطط من جديد لترحيل متراجَع عنه.",
};

/// The items of a checklist that were added in one cycle.
pub const CHECKLIST_ITEMS: ChildLimit = ChildLimit {
    most: 200,
    en: "A checklist has at most {most} items of one cycle. Delete an item that nobody needs, or merge items that belong together.",
    ar: "لا يتجاوز عدد بنود قائمة التحقق في الدورة الواحدة {most}. احذف ما لم تعد إليه حاجة، أو ادمج ما يتصل بعضه ببعض.",
};

/// The most activities of one cycle.
pub const MOST_ACTIVITIES: i64 = 5000;

/// The most activities that one activity waits for. Lists show all of them with their titles.
pub const MOST_DEPENDENCIES: usize = 50;

/// Refuses one more dependency of an activity that has `count` of them.
///
/// # Errors
/// `tooManyItems`.
pub fn check_dependencies(count: usize) -> Result<(), Refusal> {
    if count < MOST_DEPENDENCIES {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalCode::TooManyItems,
        format!(
            "An activity can depend on at most {MOST_DEPENDENCIES} others. Remove a dependency, or let an activity in between depend on some of them."
        ),
        format!(
            "لا يعتمد النشاط على أكثر من {MOST_DEPENDENCIES} نشاطًا. احذف اعتمادًا، أو اجعل نشاطًا وسيطًا يعتمد على بعضها."
        ),
    ))
}

/// Refuses one more piece of evidence of a user who has added so many about the subject, and so many in the cycle.
///
/// # Errors
/// `tooManyItems`.
pub fn check_evidence(about_subject: i64, in_cycle: i64) -> Result<(), Refusal> {
    if in_cycle >= MOST_EVIDENCE_OF_CYCLE {
        return Err(Refusal::new(
            RefusalCode::TooManyItems,
            format!(
                "You have added {MOST_EVIDENCE_OF_CYCLE} pieces of evidence in this cycle, which is the most. Put several \
                 documents into one file, or let somebody else add the rest."
            ),
            format!(
                "أضفت {MOST_EVIDENCE_OF_CYCLE} مستند إثبات في هذه الدورة، وهو الحد الأقصى. اجمع عدة وثائق في ملف واحد، أو \
                 اطلب من غيرك إضافة البقية."
            ),
        ));
    }
    if about_subject < MOST_EVIDENCE {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalCode::TooManyItems,
        format!(
            "You have added {MOST_EVIDENCE} pieces of evidence about this subject, which is the most. Put several documents \
             into one file, or let somebody else add the rest."
        ),
        format!(
            "أضفت {MOST_EVIDENCE} مستند إثبات بشأن هذا الموضوع، وهو الحد الأقصى. اجمع عدة وثائق في ملف واحد، أو اطلب من غيرك \
             إضافة البقية."
        ),
    ))
}

/// Refuses content that is too large, with its size.
///
/// # Errors
/// `contentTooLarge`.
pub fn check_content(bytes: usize) -> Result<(), Refusal> {
    if bytes <= MOST_CONTENT {
        return Ok(());
    }
    // Rounded up, so that no size is shown as the limit that it exceeds.
    let tenths = bytes.div_ceil(100_000);
    let (size, tenth, most) = (tenths / 10, tenths % 10, MOST_CONTENT / 1_000_000);
    Err(Refusal::new(
        RefusalCode::ContentTooLarge,
        format!(
            "The texts have {size}.{tenth} MB, and at most {most} MB can be put to the vote. \
             Shorten long texts, or attach long documents as evidence."
        ),
        format!(
            "حجم النصوص {size}.{tenth} ميغابايت، والحد الأقصى لما يُطرح للتصويت {most} ميغابايت. \
             اختصر النصوص الطويلة، أو أرفق الوثائق الطويلة بوصفها مستندات إثبات."
        ),
    ))
}

/// The number of products of a kind that a cycle has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProductCount {
    /// The products that can still be changed or put to use.
    pub in_force: i64,
    /// All products, with those in a state that nothing leads out of.
    pub all: i64,
}

/// Refuses one more product of a kind. A product that was given up for good takes no place of a product in force:
/// otherwise the products that nobody can delete would keep a task force from working.
///
/// # Errors
/// `tooManyItems`.
pub fn check_products(count: ProductCount) -> Result<(), Refusal> {
    check_count(count.in_force, MOST_PRODUCTS)?;
    check_count(count.all, MOST_PRODUCTS_IN_ALL)
}

impl ChildLimit {
    /// Refuses one more child of a parent that has `count` of the kind.
    ///
    /// # Errors
    /// `tooManyItems`.
    pub fn check(self, count: i64) -> Result<(), Refusal> {
        if count < self.most {
            return Ok(());
        }
        let sentence = |text: &str| text.replace("{most}", &self.most.to_string());
        Err(Refusal::new(RefusalCode::TooManyItems, sentence(self.en), sentence(self.ar)))
    }
}

/// Refuses one more of a kind that a cycle has `count` of.
///
/// # Errors
/// `tooManyItems`.
pub fn check_count(count: i64, most: i64) -> Result<(), Refusal> {
    if count < most {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalCode::TooManyItems,
        format!(
            "There can be {most} of these in one cycle. Delete what nobody needs, or merge what belongs together."
        ),
        format!(
            "لا يتجاوز عدد هذه العناصر في الدورة الواحدة {most}. احذف ما لم تعد إليه حاجة، أو ادمج ما يتصل بعضه ببعض."
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::refusal::RefusalDetail;

    fn sentence(refused: Result<(), Refusal>) -> Option<String> {
        refused.err().map(|refusal| match refusal.detail {
            RefusalDetail::Sentence(sentence) => {
                sentence.en.split(". ").next().unwrap_or_default().to_owned()
            }
            _ => refusal.code.to_string(),
        })
    }

    #[test]
    fn a_size_is_refused_with_its_number_beyond_the_limit_only() {
        assert_eq!(sentence(check_content(2_000_000)), None);
        for (bytes, size) in [(2_000_001, "2.1"), (2_050_000, "2.1"), (25_115_789, "25.2")] {
            let expected = format!("The texts have {size} MB, and at most 2 MB can be put to the vote");
            assert_eq!(sentence(check_content(bytes)), Some(expected));
        }
        assert_eq!(sentence(check_evidence(199, 1999)), None);
        let expected = "You have added 2000 pieces of evidence in this cycle, which is the most".to_owned();
        assert_eq!(sentence(check_evidence(200, 2000)), Some(expected));
        let expected =
            "You have added 200 pieces of evidence about this subject, which is the most".to_owned();
        assert_eq!(sentence(check_evidence(200, 1999)), Some(expected));
        assert_eq!(sentence(check_count(999, MOST_PRODUCTS)), None);
        let expected = |most| Some(format!("There can be {most} of these in one cycle"));
        assert_eq!(sentence(check_count(1000, MOST_PRODUCTS)), expected(1000));
        for (in_force, all, refused) in
            [(999, 4999, None), (1000, 1000, expected(1000)), (1, 5000, expected(5000))]
        {
            assert_eq!(
                sentence(check_products(ProductCount { in_force, all })),
                refused,
                "{in_force} of {all}"
            );
        }
        assert_eq!(sentence(STUDIES.check(49)), None);
        let expected = "A sector has at most 50 studies of one cycle".to_owned();
        assert_eq!(sentence(STUDIES.check(50)), Some(expected));
    }
}
