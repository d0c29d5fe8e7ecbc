//! The fixed texts of e-mails. A sentence with a value in it has `{}` in the place of the value.

words! {
    /// Fixed texts of e-mails.
    pub(super) struct MailWords {
        greeting: "Hello {},", "تحية طيبة، {}،";
        or_copy: "If the button does not work, copy this address into the browser:", "إن لم يعمل الزر فانسخ هذا العنوان إلى المتصفح:";
        sent_by: "Sent by {} to {}.", "أُرسلت من {} إلى {}.";
        clock: "{} UTC", "{} بالتوقيت العالمي المنسّق";

        digest_subject: "Daily digest, {}", "الملخص اليومي، {}";
        digest: "These things happened in your task forces since the last digest.", "هذا ما استجدّ في فرق عملك منذ الملخص السابق.";
        news_of_one: "News of {} ({})", "مستجدات {} ({})";
        news_of_several: "News of your task forces ({})", "مستجدات فرق عملك ({})";
        more: "Further notifications that are not shown here: {}", "إشعارات أخرى لا تظهر هنا: {}";
        open_application: "Open the task force", "فتح منصة فريق العمل";
        stop_news: "No more e-mails of this kind", "إيقاف الرسائل من هذا النوع";
        stop_digest: "No more daily digests", "إيقاف الملخص اليومي";

        invitation_subject: "Your invitation to the smart-city task forces", "دعوتك إلى منصة فرق عمل المدينة الذكية";
        invitation: "You have been given an account in the service in which the city's task force does its work for the smart city: the work of each step, the votes, and the reports to the council.",
            "أُنشئ لك حساب في الخدمة التي يدير فيها فريق العمل أعماله نحو المدينة الذكية: أعمال كل خطوة، والتصويت، والتقارير المرفوعة إلى المجلس.";
        invitation_choose: "Choose a password to begin. You then sign in with the address {}.",
            "اختر كلمة مرور لتبدأ، ثم سجّل الدخول بالعنوان {}.";
        invitation_unexpected: "If you did not expect this invitation, you need not do anything: nobody can use the account without a password.",
            "إن لم تكن تتوقع هذه الدعوة فلا يلزمك فعل شيء: لا يستطيع أحد استعمال الحساب دون كلمة مرور.";
        choose_password: "Choose a password", "اختيار كلمة المرور";

        renewal_subject: "Choose a new password", "اختيار كلمة مرور جديدة";
        renewal: "You have been invited to choose a new password for your account {}. You have been signed out everywhere. Your API keys and the links that you had shared are revoked.",
            "دُعيت إلى اختيار كلمة مرور جديدة لحسابك {}. وقد أُنهيت جميع جلساتك، وأُلغيت مفاتيح الواجهة البرمجية والروابط التي شاركتها.";
        renewal_unexpected: "If you did not ask for a new password, ask the secretariat or the administrator why you were invited again.",
            "إن لم تكن قد طلبت كلمة مرور جديدة فاسأل أمانة المجلس أو مدير المنظومة عن سبب دعوتك من جديد.";
        choose_new_password: "Choose a new password", "اختيار كلمة مرور جديدة";

        reset: "Somebody, probably you, has asked for a new password for the account {}.",
            "طلب أحدهم، ولعله أنت، كلمة مرور جديدة للحساب {}.";
        reset_unexpected: "If it was not you, you need not do anything: your password stays as it is. Nobody can set another one without this e-mail.",
            "إن لم تكن أنت من طلبها فلا يلزمك فعل شيء: تبقى كلمة مرورك كما هي، ولا يستطيع أحد تغييرها دون هذه الرسالة.";
        once_until: "The link works once, until {}.", "يعمل الرابط مرة واحدة حتى {}.";

        changed_subject: "Your password was changed", "غُيِّرت كلمة مرورك";
        changed: "The password of your account {} was changed on {}. All earlier sessions have ended.",
            "غُيِّرت كلمة مرور حسابك {} في {}، وأُنهيت جميع الجلسات السابقة.";
        changed_unexpected: "If it was not you, tell the administrator at once: somebody else can use your account.",
            "إن لم تكن أنت من غيّرها فأبلغ مدير المنظومة فورًا: شخص آخر يستطيع استعمال حسابك.";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::words::assert_bilingual;

    #[test]
    fn texts_are_in_both_languages() {
        assert_bilingual::<MailWords>();
    }
}
