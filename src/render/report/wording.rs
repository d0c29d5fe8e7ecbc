//! Values of a report in the language of the document and the time zone of the task force.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use crate::domain::report::ReportAbridgement;
use crate::domain::text::{Language, LocalizedText};
use crate::domain::vocabulary::Vocabulary;
use crate::render::bidi;
use crate::render::dates;
use crate::render::document::{Block, Column, ColumnKind, Fact, Line, Section, Span, Table, fill, joined};
use crate::render::words::short;

words! {
    /// Fixed texts of all sections.
    struct CommonWords {
        comma: ", ", "، ";
        none: "None.", "لا يوجد.";
        nothing: "–", "–";
        abridged: "{0}: this report lists {1} of {2}.", "{0}: يسرد هذا التقرير {1} من أصل {2}.";
    }
}

/// The language of a document, and the time zone of its days.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wording {
    pub(super) language: Language,
    pub(super) zone: Tz,
}

impl Wording {
    /// The text of a record.
    pub(super) fn text(self, text: &LocalizedText) -> Span {
        Span::value(text.in_language(self.language))
    }

    /// The text of a record as a line; a dash where there is none.
    pub(super) fn optional(self, text: Option<&LocalizedText>) -> Line {
        text.map_or_else(|| self.nothing(), |text| vec![self.text(text)])
    }

    /// The paragraphs of a text of the records.
    pub(super) fn paragraphs(self, text: &LocalizedText) -> impl Iterator<Item = Line> {
        bidi::paragraphs(text.in_language(self.language)).map(|paragraph| vec![Span::value(paragraph)])
    }

    /// The label of a word of a vocabulary.
    pub(super) fn label<V: Vocabulary>(self, word: V) -> Span {
        Span::words(word.label().in_language(self.language))
    }

    /// The label of a word, without its explanation.
    pub(super) fn short<V: Vocabulary>(self, word: V) -> Span {
        Span::words(self.short_text(word))
    }

    /// The label of a word that stands out, without its explanation.
    pub(super) fn strong<V: Vocabulary>(self, word: V) -> Span {
        Span::strong(self.short_text(word))
    }

    fn short_text<V: Vocabulary>(self, word: V) -> String {
        short(word.label().in_language(self.language)).to_owned()
    }

    /// Labels with commas between them.
    pub(super) fn labels<V: Vocabulary>(self, words: &[V]) -> Line {
        self.list(words.iter().map(|word| vec![self.short(*word)]))
    }

    /// Items with commas between them; a dash where there are none.
    pub(super) fn list(self, items: impl IntoIterator<Item = Line>) -> Line {
        let line = joined(items, CommonWords::of(self.language).comma);
        if line.is_empty() { self.nothing() } else { line }
    }

    /// A day.
    pub(super) fn day(self, day: NaiveDate) -> Span {
        Span::value(dates::day(self.language, day))
    }

    /// A day as a line; a dash where there is none.
    pub(super) fn optional_day(self, day: Option<NaiveDate>) -> Line {
        day.map_or_else(|| self.nothing(), |day| vec![self.day(day)])
    }

    /// The day of a time.
    pub(super) fn day_of(self, time: DateTime<Utc>) -> Span {
        Span::value(dates::day_of(self.language, time, self.zone))
    }

    /// The day of a time as a line; a dash where there is none.
    pub(super) fn optional_day_of(self, time: Option<DateTime<Utc>>) -> Line {
        time.map_or_else(|| self.nothing(), |time| vec![self.day_of(time)])
    }

    /// A time of day.
    pub(super) fn time(self, time: DateTime<Utc>) -> Span {
        Span::value(dates::time(self.language, time, self.zone))
    }

    /// The cell of a value that is not there.
    pub(super) fn nothing(self) -> Line {
        vec![Span::words(CommonWords::of(self.language).nothing)]
    }

    /// The paragraph that says that the report has only a part of a list.
    pub(super) fn abridged(self, abridged: &ReportAbridgement) -> Block {
        let ReportAbridgement { list, listed, total } = abridged;
        let parts = [self.label(*list), Span::value(listed), Span::value(total)];
        Block::Paragraph(fill(CommonWords::of(self.language).abridged, &parts))
    }

    /// The paragraph of a section that has no contents.
    pub(super) fn none(self) -> Block {
        Block::Paragraph(vec![Span::words(CommonWords::of(self.language).none)])
    }
}

/// A line of fixed words.
pub(super) fn words(words: &str) -> Line {
    vec![Span::words(words)]
}

/// A line of one value.
pub(super) fn value(value: impl ToString) -> Line {
    vec![Span::value(value)]
}

/// A label with its value.
pub(super) fn fact(label: &'static str, value: Line) -> Fact {
    Fact { label, value }
}

/// A column of text.
pub(super) fn text(title: &'static str) -> Column {
    Column { title, kind: ColumnKind::Text }
}

/// A column of a few words.
pub(super) fn brief(title: &'static str) -> Column {
    Column { title, kind: ColumnKind::Short }
}

/// A column of numbers.
pub(super) fn number(title: &'static str) -> Column {
    Column { title, kind: ColumnKind::Number }
}

/// A table; `none` if there are no rows.
pub(super) fn table(
    wording: Wording,
    caption: &'static str,
    columns: Vec<Column>,
    rows: Vec<Vec<Line>>,
) -> Block {
    if rows.is_empty() {
        return wording.none();
    }
    Block::Table(Table { caption: words(caption), columns, rows })
}

/// A heading with a list, unless the list is empty.
pub(super) fn listed(blocks: &mut Vec<Block>, heading: &str, items: Vec<Line>) {
    if !items.is_empty() {
        blocks.extend([Block::Heading(words(heading)), Block::List(items)]);
    }
}

/// A section that continues the page.
pub(super) fn section(id: &'static str, title: &'static str, blocks: Vec<Block>) -> Section {
    Section { id, title, starts_page: false, blocks }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::decision::DecisionOutcome;
    use crate::domain::scales::MaturityLevel;
    use crate::render::words::assert_bilingual;

    #[test]
    fn a_short_label_has_no_explanation() {
        let english = Wording { language: Language::English, zone: Tz::UTC };
        let arabic = Wording { language: Language::Arabic, ..english };
        assert_eq!(english.short(DecisionOutcome::Continue), Span::words("Continue"));
        assert_eq!(arabic.short(DecisionOutcome::Adjust), Span::words("التعديل"));
        assert_eq!(arabic.short(MaturityLevel::Initial), Span::words("أولي"));
        assert_bilingual::<CommonWords>();
    }
}
