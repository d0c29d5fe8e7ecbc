//! The two scales (the maturity of a sector or a city, the evolution of a government), and the four
//! aims.

vocabulary! {
    /// Maturity of a sector or a city. In JSON and SQL a level is its number, 1 to 5.
    pub enum MaturityLevel {
        Initial = "1", "Initial (e-Government): focus on online services (sector based)", "أولي (حكومة إلكترونية): التركيز على الخدمات عبر الإنترنت حسب القطاع";
        Developing = "2", "Developing (Open): focus on online services (need based)", "قيد التطور (حكومة مفتوحة): التركيز على الخدمات عبر الإنترنت حسب الحاجة";
        Defined = "3", "Defined: Data-Centric, focus on outcomes & efficiency", "معرَّف: متمحور حول البيانات، التركيز على النتائج والكفاءة";
        Managed = "4", "Managed: Fully Digital, focus on policy dependence across government", "مُدار: رقمي بالكامل، التركيز على ترابط السياسات عبر الحكومة";
        Optimizing = "5", "Optimizing: Smart, new service delivery models", "مُحسَّن باستمرار: ذكي، نماذج جديدة لتقديم الخدمات";
    }
}

vocabulary! {
    /// Stage of digital government evolution; a scale of its own, not the maturity of a city.
    pub enum EvolutionStage {
        EGovernment = "eGovernment", "e-Government (until 1999): e-services according to department", "الحكومة الإلكترونية (حتى 1999): الخدمات الإلكترونية حسب الإدارة";
        ConnectedGovernment = "connectedGovernment", "Connected Government, CGOV (2000–2005): e-services according to need", "الحكومة المتصلة (2000–2005): الخدمات الإلكترونية حسب الحاجة";
        WholeOfGovernment = "wholeOfGovernment", "Whole-of-Government, WoG (2006–2012): e-services according to citizen", "الحكومة الشاملة (2006–2012): الخدمات الإلكترونية حسب المواطن";
        SmartGovernment = "smartGovernment", "Smart Government, SGOV (2013–): e-services according to the citizen's dynamic need", "الحكومة الذكية (2013–): الخدمات الإلكترونية حسب حاجة المواطن المتغيرة";
    }
}

vocabulary! {
    /// An aim of local smart government development, which policies and pilots serve.
    pub enum Aim {
        Sustainable = "sustainable", "Sustainable: uses digital technology to reduce costs and optimize resource consumption", "مستدام: يستخدم التقنية الرقمية لخفض التكاليف وترشيد استهلاك الموارد";
        InclusiveTransparent = "inclusiveTransparent", "Inclusive and transparent: empowering citizens & using open data", "شامل وشفاف: تمكين المواطنين واستخدام البيانات المفتوحة";
        GeneratesWealth = "generatesWealth", "Generates wealth: high-quality jobs, innovation, competitiveness, and business growth", "يولّد الثروة: وظائف عالية الجودة وابتكار وتنافسية ونمو الأعمال";
        MadeForCitizens = "madeForCitizens", "Made for citizens: improve the quality of life & quick access to more efficient public services", "من أجل المواطنين: تحسين جودة الحياة والوصول السريع إلى خدمات عامة أكثر كفاءة";
    }
}
