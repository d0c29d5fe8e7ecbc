//! Dates in the forms that trackers and spreadsheets write.

use chrono::NaiveDate;
use unicode_normalization::UnicodeNormalization as _;

/// The order of day and month in a date of numbers whose year comes last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateOrder {
    DayFirst,
    MonthFirst,
}

/// The reason why a text is not read as a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    /// The text is a date in both orders, and they are two days.
    Ambiguous,
    NoDate,
}

/// A column of dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Column(Option<DateOrder>);

impl Column {
    /// The column with these cells. The order of its dates is the one in which all of them exist.
    pub(super) fn of<'a>(cells: impl Iterator<Item = &'a str>, order: Option<DateOrder>) -> Self {
        let mut exist = [true, true];
        for cell in cells {
            if let Some((first, second, year)) = numbers(&plain(cell)) {
                let [day_first, month_first] = [(second, first), (first, second)]
                    .map(|(month, day)| NaiveDate::from_ymd_opt(year, month, day).is_some());
                // A date that exists in no order says nothing of the others.
                if day_first || month_first {
                    let [all_day_first, all_month_first] = &mut exist;
                    *all_day_first &= day_first;
                    *all_month_first &= month_first;
                }
            }
        }
        Self(order.or(match exist {
            [true, false] => Some(DateOrder::DayFirst),
            [false, true] => Some(DateOrder::MonthFirst),
            _ => None,
        }))
    }

    /// Reads a date.
    pub(super) fn read(self, text: &str) -> Result<NaiveDate, Unread> {
        let text = plain(text);
        if let Some((first, second, year)) = numbers(&text) {
            let day_first = NaiveDate::from_ymd_opt(year, second, first);
            let month_first = NaiveDate::from_ymd_opt(year, first, second);
            return match (self.0, day_first, month_first) {
                (Some(DateOrder::DayFirst), day, _) | (Some(DateOrder::MonthFirst), _, day) => {
                    day.ok_or(Unread::NoDate)
                }
                (None, Some(one), Some(other)) if one == other => Ok(one),
                (None, Some(_), Some(_)) => Err(Unread::Ambiguous),
                (None, one, other) => one.or(other).ok_or(Unread::NoDate),
            };
        }
        unambiguous(&text).ok_or(Unread::NoDate)
    }
}

/// A text with the digits 0–9, in lower case and without a time of day.
fn plain(text: &str) -> String {
    let digit = |letter: char| {
        let zero = match letter {
            '٠'..='٩' => '٠',
            '۰'..='۹' => '۰',
            _ => return letter,
        };
        char::from_digit(u32::from(letter) - u32::from(zero), 10).unwrap_or(letter)
    };
    let text: String = text.nfkc().flat_map(char::to_lowercase).map(digit).collect();
    let text = text.trim();
    // 2026-12-15T00:00:00Z, 15/12/2026 00:00
    let has_time = |rest: &str| rest.contains(':');
    match text.split_once(['t', ' ']) {
        Some((day, rest))
            if day.starts_with(|c: char| c.is_ascii_digit()) && day.len() >= 8 && has_time(rest) =>
        {
            day.to_owned()
        }
        _ => text.to_owned(),
    }
}

/// The numbers of a date whose year comes last, which a slash or a hyphen separates. A point separates a day from a
/// month, and a date with points is not ambiguous.
fn numbers(text: &str) -> Option<(u32, u32, i32)> {
    let separator = ['/', '-'].into_iter().find(|separator| text.contains(*separator))?;
    let mut parts = text.split(separator);
    let (first, second, year) = (parts.next()?, parts.next()?, parts.next()?);
    let is_number =
        |part: &str| (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_year = year.len() == 4 && !year.starts_with('0');
    if parts.next().is_some() || !is_number(first) || !is_number(second) || !is_year {
        return None;
    }
    Some((first.parse().ok()?, second.parse().ok()?, year.parse().ok()?))
}

/// A date that can be read in one way: the year first, points, or the month in words.
fn unambiguous(text: &str) -> Option<NaiveDate> {
    let forms = ["%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y"];
    let has_year = |day: &NaiveDate| (1000..=9999).contains(&chrono::Datelike::year(day));
    let in_numbers = forms.iter().find_map(|form| NaiveDate::parse_from_str(text, form).ok());
    in_numbers.or_else(|| in_words(text)).filter(has_year)
}

/// The months in English, in Arabic as in Egypt and the Gulf, and in Arabic as in the Levant and in Redmine.
const MONTHS: [[&str; 3]; 12] = [
    ["january", "يناير", "كانون الثاني"],
    ["february", "فبراير", "شباط"],
    ["march", "مارس", "آذار"],
    ["april", "أبريل", "نيسان"],
    ["may", "مايو", "أيار"],
    ["june", "يونيو", "حزيران"],
    ["july", "يوليو", "تموز"],
    ["august", "أغسطس", "آب"],
    ["september", "سبتمبر", "أيلول"],
    ["october", "أكتوبر", "تشرين الأول"],
    ["november", "نوفمبر", "تشرين الثاني"],
    ["december", "ديسمبر", "كانون الأول"],
];

/// A date with its month in words: 15 Dec 2026, December 15, 2026, 15 كانون الأول 2026.
fn in_words(text: &str) -> Option<NaiveDate> {
    let text = text.replace([',', '،'], " ");
    let mut numbers = Vec::new();
    let mut words = Vec::new();
    for part in text.split_whitespace() {
        match part.parse::<u32>() {
            Ok(number) => numbers.push(number),
            Err(_) => words.push(part.trim_end_matches('.')),
        }
    }
    let word = words.join(" ");
    let is_month = |[english, egyptian, levantine]: &&[&str; 3]| {
        let is_short = word.len() >= 3 && english.starts_with(&word);
        is_short || word == *egyptian || word == *levantine
    };
    let month = MONTHS.iter().position(|names| is_month(&names))?;
    let [day, year] = numbers.as_slice() else { return None };
    NaiveDate::from_ymd_opt(i32::try_from(*year).ok()?, u32::try_from(month).ok()? + 1, *day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_date_is_read_in_each_form_that_trackers_write() {
        for text in [
            "2026-12-15",
            "2026/12/15",
            "15.12.2026",
            "15/12/2026",
            "12/15/2026",
            "15-12-2026",
            "15 Dec 2026",
            "15 December 2026",
            "Dec 15, 2026",
            "December 15, 2026",
            "2026-12-15T08:00:00Z",
            "15/12/2026 08:00",
            "12/15/2026 08:00 AM",
            "١٥/١٢/٢٠٢٦",
            "15 ديسمبر 2026",
            "15 كانون الأول 2026",
            "كانون الأول 15, 2026",
            " 2026-12-15 ",
        ] {
            let column = Column::of(std::iter::once(text), None);
            assert_eq!(column.read(text), Ok(day("2026-12-15")), "{text}");
        }
        for text in
            ["", "soon", "2026-13-01", "31/02/2026", "15/12/26", "0026-12-15", "99/99/2026", "1/2/3/4"]
        {
            assert_eq!(Column::of(std::iter::once(text), None).read(text), Err(Unread::NoDate), "{text}");
        }
    }

    #[test]
    fn the_order_of_day_and_month_is_that_of_the_column_and_never_guessed() {
        let column = |cells: &[&'static str], order| Column::of(cells.iter().copied(), order);
        assert_eq!(column(&["03/04/2026"], None).read("03/04/2026"), Err(Unread::Ambiguous));
        assert_eq!(column(&["03/04/2026", "13/04/2026"], None).read("03/04/2026"), Ok(day("2026-04-03")));
        assert_eq!(column(&["03/04/2026", "04/13/2026"], None).read("03/04/2026"), Ok(day("2026-03-04")));
        let both = column(&["13/04/2026", "04/13/2026", "03/04/2026"], None);
        assert_eq!(both.read("03/04/2026"), Err(Unread::Ambiguous));
        assert_eq!(column(&[], Some(DateOrder::MonthFirst)).read("03/04/2026"), Ok(day("2026-03-04")));
        assert_eq!(column(&[], Some(DateOrder::MonthFirst)).read("13/04/2026"), Err(Unread::NoDate));
        assert_eq!(column(&["04/04/2026"], None).read("04/04/2026"), Ok(day("2026-04-04")));
    }
}
