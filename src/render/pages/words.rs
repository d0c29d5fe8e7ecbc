//! The fixed texts of pages. A sentence with a value in it has `{}` in the place of the value. Counts stand after a label
//! and not in a sentence, since the form of an Arabic word changes with the number before it.

words! {
    /// Fixed texts of pages.
    pub(super) struct PageWords {
        other_language: "العربية", "English";
        to_content: "Skip to the content", "الانتقال إلى المحتوى";
        languages: "Language", "اللغة";
        refreshed: "This page has been brought up to date.", "حُدِّثت هذه الصفحة.";
        unavailable_title: "This page cannot be opened", "لا يمكن فتح هذه الصفحة";
        unavailable: "The link is not valid: its time may be over, it may have been revoked, or part of the address may be missing. Ask the person who gave you the link for a new one.",
            "هذا الرابط غير صالح: ربما انتهت مدته أو أُلغي، أو سقط جزء من العنوان. اطلب رابطًا جديدًا ممن أعطاك إياه.";
        unopened_title: "Open the page", "فتح الصفحة";
        unopened: "This link opens the page once, in this browser. You can then read the page here for some hours.",
            "يفتح هذا الرابط الصفحة مرة واحدة في هذا المتصفح، ثم يمكنك قراءتها فيه بضع ساعات.";
        open: "Open", "فتح";
        opened_title: "This link has been opened", "سبق فتح هذا الرابط";
        opened: "The link opens its page once. If you have opened it in this browser, you can read on. Otherwise ask for a new link; if you have not opened it at all, end the session in which you asked for it.",
            "يفتح هذا الرابط صفحته مرة واحدة. إن كنت قد فتحته في هذا المتصفح فيمكنك متابعة القراءة، وإلا فاطلب رابطًا جديدًا. وإن لم تكن قد فتحته أصلًا فأنهِ الجلسة التي طلبته فيها.";
        unsubscribe_title: "End these e-mails", "إيقاف هذه الرسائل";
        unsubscribe: "You will get no more e-mails about: {}. Your list of notifications stays as it is.",
            "لن تصلك رسائل إلكترونية أخرى عن: {}. وتبقى قائمة إشعاراتك كما هي.";
        unsubscribed_title: "These e-mails have ended", "أُوقفت هذه الرسائل";
        unsubscribed: "You get no more e-mails about: {}. In your settings you can choose e-mails again.",
            "لا تصلك بعد الآن رسائل إلكترونية عن: {}. ويمكنك اختيار الرسائل من جديد في إعداداتك.";
        daily_digest: "the daily digest", "الملخص اليومي";
        list_separator: "; ", "؛ ";
        read_on: "Read on in this browser", "متابعة القراءة في هذا المتصفح";
        status_title: "Status of the task force", "حالة فريق العمل";
        state: "State", "الحالة";
        cycle: "Cycle", "الدورة";
        as_of: "Status on {}. Last change: {}.", "الحالة في {}. آخر تغيير: {}.";
        audience: "Everybody who has the address of this page can read it.", "يستطيع قراءة هذه الصفحة كل من لديه عنوانها.";
        asked: "Asked of the council", "المطلوب من المجلس";
        nothing_asked: "Nothing waits for the council at present.", "لا شيء ينتظر قرار المجلس حاليًا.";
        decide_on_report: "Decide on report {}, submitted on {}.", "اتخاذ القرار بشأن التقرير {} المرفوع في {}.";
        recommendation: "Recommendation of the task force", "توصية فريق العمل";
        step_to_reopen: "Step to be done again", "الخطوة التي تُعاد";
        summary: "Summary", "الملخص";
        next_meeting: "Next meeting of the council", "الاجتماع المقبل للمجلس";
        accept_conditions: "Conditions reported as met, which the secretariat accepts or returns",
            "شروط أُبلغ عن استيفائها وعلى أمانة المجلس قبولها أو إعادتها";
        health: "Health", "الحالة العامة";
        health_missing: "Not stated yet", "لم تُعلن بعد";
        stated_on: "Stated by the chair on {}", "أعلنها رئيس الفريق في {}";
        steps: "The five steps", "الخطوات الخمس";
        current_step: "Current step", "الخطوة الحالية";
        target_date: "Target date", "الموعد المستهدف";
        done_activities: "Activities done", "الأنشطة المنجزة";
        done_of: "{} of {}", "{} من {}";
        activities: "Activities of this cycle", "أنشطة هذه الدورة";
        charts: "Charts", "الرسوم البيانية";
        overdue: "Overdue", "متأخر عن موعده";
        unassigned: "Open and assigned to nobody", "مفتوح ولم يُكلَّف به أحد";
        due: "Due next", "أقرب المواعيد";
        due_date: "Due date", "تاريخ الاستحقاق";
        title: "Title", "العنوان";
        blocked: "Blocked work", "الأعمال المتوقفة";
        since: "Since", "منذ";
        reason: "Reason", "السبب";
        conditions: "Conditions of the council", "شروط المجلس";
        condition: "Condition", "الشرط";
        pilots: "Pilots", "المشاريع التجريبية";
        pilot: "Pilot", "المشروع التجريبي";
        outcome: "Outcome", "النتيجة";
        ends_on: "Ends on", "تاريخ الانتهاء";
        migrations: "Migrations", "عمليات الترحيل";
        migration: "Migration", "الترحيل";
        planned_on: "Planned for", "الموعد المخطط";
        decisions: "Decisions of the council", "قرارات المجلس";
        decision: "Decision {} of {}", "القرار {} بتاريخ {}";
        meeting: "Meeting", "الاجتماع";
        council: "Council of e-government directors", "مجلس مديري الحكومة الإلكترونية";
        portfolio_title: "Status of all task forces", "حالة جميع فرق العمل";
        on_day: "Status on {}.", "الحالة في {}.";
        attention: "Needs attention", "تحتاج إلى متابعة";
        on_course: "Nothing to note", "لا ملاحظات عليها";
        closed: "Closed", "انتهى عملها";
        reports_waiting: "Reports before the council", "تقارير أمام المجلس";
        overdue_activities: "Overdue activities", "أنشطة متأخرة عن موعدها";
        blocked_activities: "Blocked activities", "أنشطة متوقفة";
        none: "None.", "لا يوجد.";
        more: "Further entries that are not shown: {}", "عناصر أخرى لا تظهر هنا: {}";
    }
}
