//! Properties of every chart.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use svg::parser::Event;

use super::drawing::WIDTH;
use super::text::Font;
use super::*;
use crate::domain::characters::has_balanced_direction;
use crate::domain::decimal::Decimal;
use crate::domain::pilot::IndicatorDirection;
use crate::domain::report::TargetVerdict;
use crate::domain::scales::Aim;
use crate::domain::step::{StepName, StepState};
use crate::domain::text::{Language, LocalizedText};
use crate::render::words::assert_bilingual;

const LANGUAGES: [Language; 2] = [Language::English, Language::Arabic];

/// The data of all charts.
struct Data {
    steps: StepsPath,
    activities: ActivityHistory,
    maturity: Maturity,
    indicators: Indicators,
    aims: AimMatrix,
    timeline: Timeline,
}

impl Data {
    fn charts(&self, language: Language) -> [Chart; 6] {
        [
            steps(&self.steps, language),
            activities(&self.activities, language),
            maturity(&self.maturity, language),
            indicators(&self.indicators, language),
            aims(&self.aims, language),
            timeline(&self.timeline, language),
        ]
    }
}

fn day(number: u64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, 1).unwrap() + Days::new(number)
}

fn both(text: impl Into<String>) -> LocalizedText {
    let text = text.into();
    LocalizedText::both(text.clone(), text)
}

fn indicator(name: &str, direction: IndicatorDirection, values: [Option<&str>; 3]) -> IndicatorProgress {
    let [baseline, actual, target] = values.map(|value| value.map(|value| Decimal::parse(value).unwrap()));
    let verdict = TargetVerdict::NotReached;
    let pilot = Some(both(format!("Pilot {}", "long ".repeat(name.len() / 4))));
    IndicatorProgress {
        name: both(name),
        pilot,
        unit: "%".to_owned(),
        direction,
        baseline,
        actual,
        target,
        verdict,
    }
}

/// Data with `count` of everything, whose names begin with this name.
fn data(count: u8, name: &str) -> Data {
    let numbers = || 0..count;
    let named = |number: u8| both(format!("{name} {number}"));
    let states =
        [StepState::Passed, StepState::Submitted, StepState::Locked, StepState::Locked, StepState::Locked];
    let path_step = |(step, state): (&StepName, StepState)| PathStep {
        step: *step,
        state,
        target_date: Some(day(40)),
        passed_on: (state == StepState::Passed).then(|| day(30)),
    };
    let counts = |number: u8| ActivityCounts {
        planned: u32::from(count - number),
        in_progress: 3,
        in_review: u32::from(number % 3),
        blocked: 1,
        done: u32::from(number),
        cancelled: 2,
    };
    let point = |number: u8| ActivityPoint { day: day(7 * u64::from(number)), counts: counts(number) };
    let sector = |number: u8| SectorMaturity {
        name: named(number),
        now: Some(i16::from(number % 5) + 1),
        target: (number % 4 != 3).then_some(5),
    };
    let aims = |number: u8| {
        if number.is_multiple_of(2) { vec![Aim::Sustainable, Aim::MadeForCitizens] } else { vec![] }
    };
    let date = |number: u8| TimelineDate {
        day: day(u64::from(number)),
        kind: [DateKind::Activity, DateKind::Condition, DateKind::Decision][usize::from(number % 3)],
        number: Some(i32::from(number)),
        title: Some(named(number)),
        is_open: number % 3 != 2,
    };
    Data {
        steps: StepsPath {
            steps: [
                StepName::Policy,
                StepName::Sectors,
                StepName::Pilots,
                StepName::Migration,
                StepName::Report,
            ]
            .iter()
            .zip(states)
            .map(path_step)
            .collect(),
        },
        activities: ActivityHistory { points: numbers().map(point).collect() },
        maturity: Maturity { sectors: numbers().map(sector).collect() },
        indicators: Indicators {
            indicators: numbers()
                .map(|number| {
                    let values = [Some("12.50"), Some("33"), Some("80")];
                    indicator(&format!("{name} {number}"), IndicatorDirection::Up, values)
                })
                .collect(),
        },
        aims: AimMatrix {
            pilots: numbers().map(|number| PilotAims { title: named(number), aims: aims(number) }).collect(),
        },
        timeline: Timeline { today: day(4), dates: numbers().map(date).collect(), more: 7 },
    }
}

/// An element of a drawing with its attributes, and with its text if it is one.
#[derive(Debug, Clone)]
struct Shape {
    tag: String,
    attributes: BTreeMap<String, String>,
    text: String,
}

impl Shape {
    fn number(&self, name: &str) -> f64 {
        self.attributes[name].parse().unwrap()
    }

    /// The places from the left, in the order of drawing, and the end of a rectangle for its beginning.
    fn places(&self, is_mirrored: bool) -> Vec<f64> {
        let places = match self.tag.as_str() {
            "circle" => vec![self.number("cx")],
            "line" => vec![self.number("x1"), self.number("x2")],
            "rect" if is_mirrored => vec![self.number("x") + self.number("width")],
            "rect" => vec![self.number("x")],
            "text" => vec![self.number("x")],
            "path" if self.attributes["d"].contains('L') => {
                let points = self.attributes["d"].split(['M', 'L']).filter(|point| !point.is_empty());
                points.map(|point| point.split_once(',').unwrap().0.parse().unwrap()).collect()
            }
            "path" => {
                let outlines = self.attributes["d"].trim_start_matches('M').trim_end_matches('z').split("zM");
                let number = |text: &str| text.parse::<f64>().unwrap();
                let begin = |outline: &str| {
                    let (x, rest) = outline.split_once(',').unwrap();
                    let width = rest.split_once('h').and_then(|(_, rest)| rest.split_once('v')).unwrap().0;
                    if is_mirrored { number(x) + number(width) } else { number(x) }
                };
                outlines.map(begin).collect()
            }
            "polygon" => {
                let points = self.attributes["points"].split(' ');
                points.map(|point| point.split_once(',').unwrap().0.parse().unwrap()).collect()
            }
            _ => Vec::new(),
        };
        if is_mirrored { places.into_iter().map(|place| WIDTH - place).collect() } else { places }
    }
}

/// The shapes and texts of a drawing, without its background and its patterns.
fn shapes(chart: &Chart) -> Vec<Shape> {
    let drawn = chart.svg.rsplit_once("</defs>").map_or(chart.svg.as_str(), |(_, drawn)| drawn);
    let mut shapes: Vec<Shape> = Vec::new();
    let mut is_text = false;
    for event in svg::read(drawn).unwrap() {
        match event {
            Event::Tag(tag, kind, attributes) => {
                is_text = tag == "text" && kind == svg::node::element::tag::Type::Start;
                let attributes = attributes.into_iter().map(|(name, value)| (name, value.to_string()));
                if kind != svg::node::element::tag::Type::End {
                    shapes.push(Shape {
                        tag: tag.to_owned(),
                        attributes: attributes.collect(),
                        text: String::new(),
                    });
                }
            }
            Event::Text(text) if is_text => shapes.last_mut().unwrap().text.push_str(text),
            Event::Error(error) => panic!("{error}: {drawn}"),
            _ => {}
        }
    }
    let is_drawn = |shape: &Shape| {
        // A check mark is not mirrored.
        let is_outline = shape.tag == "path" && shape.attributes["d"].contains(['L', 'z']);
        is_outline
            || matches!(shape.tag.as_str(), "circle" | "line" | "polygon" | "text")
            || (shape.tag == "rect" && shape.attributes.contains_key("x"))
    };
    shapes.into_iter().filter(is_drawn).collect()
}

fn texts(chart: &Chart) -> Vec<Shape> {
    shapes(chart).into_iter().filter(|shape| shape.tag == "text").collect()
}

/// The side at which a text is anchored: its own, or that of the drawing.
fn anchor(chart: &Chart, text: &Shape) -> String {
    let of_drawing = after(&chart.svg, "text-anchor=\"", '"')[0];
    text.attributes.get("text-anchor").map_or(of_drawing, String::as_str).to_owned()
}

#[test]
fn each_text_is_there_in_both_languages() {
    assert_bilingual::<words::ChartWords>();
    assert_bilingual::<steps::Words>();
    assert_bilingual::<activities::Words>();
    assert_bilingual::<maturity::Words>();
    assert_bilingual::<indicators::Words>();
    assert_bilingual::<aims::Words>();
    assert_bilingual::<timeline::Words>();
}

#[test]
fn the_arabic_drawing_is_the_mirror_of_the_english_one() {
    let data = data(5, "A");
    for (english, arabic) in data.charts(Language::English).iter().zip(data.charts(Language::Arabic)) {
        let marks = |chart: &Chart, is_mirrored: bool| -> Vec<(String, Vec<f64>)> {
            let marks = shapes(chart).into_iter().filter(|shape| shape.tag != "text");
            let rounded = |place: f64| (place * 10.0).round();
            marks
                .map(|mark| {
                    let places = mark.places(is_mirrored).into_iter().map(rounded).collect();
                    (mark.tag, places)
                })
                .collect()
        };
        assert!(marks(english, false).len() > 5, "{}", english.svg);
        assert_eq!(marks(english, false), marks(&arabic, true), "{}", english.caption);
        assert_ne!(marks(english, false), marks(&arabic, false), "{}", english.caption);
        // Not one text is anchored at the side where its language ends.
        for (chart, beginning, end) in [(english, "start", "end"), (&arabic, "end", "start")] {
            let of = |side: &str| texts(chart).iter().filter(|text| anchor(chart, text) == side).count();
            assert!(of(beginning) > of(end), "{}", chart.caption);
        }
        for text in texts(&arabic) {
            assert!(text.text.starts_with('\u{2067}') && text.text.ends_with('\u{2069}'), "{text:?}");
        }
    }
}

#[test]
fn texts_are_balanced_stay_within_the_drawing_and_no_two_share_a_place() {
    let long = "A name of the municipality of several long words بيانات مفتوحة للمدينة كلها";
    for data in [data(1, "A"), data(9, long), data(60, &"x".repeat(80)), data(200, long)] {
        for chart in LANGUAGES.into_iter().flat_map(|language| data.charts(language)) {
            let mut boxes: Vec<(f64, f64, f64, f64, String)> = Vec::new();
            for text in texts(&chart) {
                assert!(has_balanced_direction(&text.text), "{text:?}");
                let size = text.attributes.get("font-size").map_or(11.0, |size| size.parse().unwrap());
                let font = Font { size, is_bold: text.attributes.contains_key("font-weight") };
                // The reserve for other fonts is no part of the place.
                let (x, width) = (text.number("x"), font.width(&text.text) / 1.06);
                let left = match anchor(&chart, &text).as_str() {
                    "start" => x,
                    "middle" => x - width / 2.0,
                    _ => x - width,
                };
                let (top, bottom) = (text.number("y") - size * 0.8, text.number("y") + size * 0.2);
                assert!(left >= 0.0 && left + width <= WIDTH, "{} {text:?}", chart.caption);
                assert!(top >= 0.0 && bottom <= f64::from(chart.height), "{} {text:?}", chart.caption);
                for (l, t, r, b, other) in &boxes {
                    let apart = left + width <= *l || *r <= left || bottom <= *t || *b <= top;
                    assert!(apart, "{}: {:?} and {other:?}", chart.caption, text.text);
                }
                boxes.push((left, top, left + width, bottom, text.text));
            }
            // A page holds the chart.
            assert!(chart.height < 700, "{} is {} high", chart.caption, chart.height);
        }
    }
}

#[test]
fn values_are_escaped_isolated_and_without_letters_that_xml_forbids() {
    let hostile = "<script>&'\"\u{202e}\u{2069}\u{7}\u{fffe}";
    for language in LANGUAGES {
        for chart in data(2, hostile).charts(language).iter().skip(2) {
            for forbidden in ["<script", "&'", "\u{202e}", "\u{7}", "\u{fffe}"] {
                assert!(!chart.svg.contains(forbidden), "{forbidden:?} in {}", chart.svg);
            }
            assert!(chart.svg.contains("&lt;script&gt;&amp;"), "{}", chart.svg);
            let isolated = texts(chart).iter().any(|text| text.text.contains("\u{2068}&lt;script"));
            assert!(isolated, "{}", chart.svg);
            assert!(chart.description.contains("\u{2068}<script>"), "{}", chart.description);
            assert!(has_balanced_direction(&chart.description));
        }
    }
}

#[test]
fn a_chart_needs_nothing_else_and_shares_no_name_with_another() {
    let data = data(12, "A");
    for language in LANGUAGES {
        let mut names = Vec::new();
        for chart in data.charts(language) {
            for forbidden in ["<script", "<style", "href", "<image", "class=", "style=", "baseline"] {
                assert!(!chart.svg.contains(forbidden), "{forbidden} in {}", chart.svg);
            }
            assert_eq!(chart.svg.matches("http").count(), 1, "only the namespace: {}", chart.svg);
            let (used, defined): (Vec<&str>, Vec<&str>) =
                (after(&chart.svg, "url(#", ')'), after(&chart.svg, " id=\"", '"'));
            assert!(used.iter().all(|name| defined.contains(name)), "{used:?} of {defined:?}");
            names.extend(defined.into_iter().map(str::to_owned));
            assert_eq!(
                chart.svg,
                data.charts(language).iter().find(|c| c.caption == chart.caption).unwrap().svg
            );
        }
        let count = names.len();
        names.sort();
        names.dedup();
        assert!(count >= 5 && names.len() == count, "{names:?}");
    }
}

/// The texts between a beginning and an end.
fn after<'a>(text: &'a str, beginning: &str, end: char) -> Vec<&'a str> {
    text.split(beginning).skip(1).filter_map(|rest| rest.split_once(end)).map(|(found, _)| found).collect()
}

#[test]
fn the_description_has_every_number_and_name_of_the_drawing() {
    let data = data(3, "A");
    for language in LANGUAGES {
        for chart in data.charts(language) {
            let drawn = texts(&chart).into_iter().map(|text| text.text).collect::<Vec<_>>().join(" ");
            let numbers = |text: &str| -> Vec<String> {
                let numbers = text.split(|letter: char| !letter.is_ascii_digit() && letter != '.');
                numbers.map(|number| number.trim_matches('.').to_owned()).filter(|n| !n.is_empty()).collect()
            };
            let described = numbers(&chart.description);
            // The scales of maturity and of the activities are no data.
            let is_scale = chart.caption == maturity(&data.maturity, language).caption
                || chart.caption == activities(&data.activities, language).caption;
            for number in numbers(&drawn) {
                assert!(is_scale || described.contains(&number), "{number}: {}", chart.description);
            }
        }
        let history = activities(&data.activities, language).description;
        for point in &data.activities.points {
            let counts = point.counts;
            for count in [counts.planned, counts.in_progress, counts.blocked, counts.cancelled] {
                assert!(history.contains(&format!(" {count}")), "{count}: {history}");
            }
        }
        let levels = maturity(&data.maturity, language).description;
        for sector in &data.maturity.sectors {
            assert!(levels.contains(&sector.now.unwrap().to_string()), "{levels}");
            assert!(levels.contains(sector.name.in_language(language)), "{levels}");
        }
        let values = indicators(&data.indicators, language).description;
        for number in ["12.50", "33", "80"] {
            let value = format!("\u{2068}{number}\u{2069}\u{a0}\u{2068}%\u{2069}");
            assert_eq!(values.matches(&value).count(), 3, "{values}");
        }
    }
}

#[test]
fn what_does_not_fit_is_counted() {
    let data = data(50, "A name of two lines in every chart of the service");
    for language in LANGUAGES {
        let [_, _, maturity, indicators, aims, timeline] = data.charts(language);
        for (chart, whole) in [(maturity, 50), (indicators, 50), (aims, 50), (timeline, 57)] {
            let more: u32 =
                chart.description.trim_end_matches('.').rsplit(' ').next().unwrap().parse().unwrap();
            let drawn = chart.description.matches("A name of two lines").count();
            assert_eq!(u32::try_from(drawn).unwrap() + more, whole, "{}", chart.description);
            assert!(drawn > 4, "{}", chart.description);
            assert!(
                texts(&chart).iter().any(|text| text.text.contains(&format!(": {more}"))),
                "{}",
                chart.svg
            );
        }
    }
}

#[test]
fn missing_data_is_said_in_a_sentence_and_no_length_is_infinite() {
    for language in LANGUAGES {
        let mut empty = data(0, "");
        empty.steps.steps.clear();
        for chart in empty.charts(language) {
            assert_eq!(texts(&chart).len(), 1, "{}", chart.svg);
            assert!(texts(&chart).first().unwrap().text.contains(&chart.description));
        }
        let mut single = data(1, "A");
        let (up, down) = (IndicatorDirection::Up, IndicatorDirection::Down);
        single.indicators.indicators = vec![
            indicator("Flat", up, [Some("5"), Some("5"), Some("5")]),
            indicator("One", down, [None, Some("0"), None]),
            indicator("None", up, [None, None, None]),
            indicator(
                "Far",
                up,
                [Some("-999999999999999.999999"), Some("0.000001"), Some("999999999999999.999999")],
            ),
        ];
        single.timeline.today = day(0);
        for chart in single.charts(language) {
            assert!(!chart.svg.contains("NaN") && !chart.svg.contains("inf"), "{}", chart.svg);
        }
        // Without a distance between the values, each is in the middle of the way.
        let flat = shapes(&indicators(&single.indicators, Language::English));
        let way = flat.iter().find(|shape| shape.tag == "line").unwrap().places(false);
        let baseline = flat.iter().find(|shape| shape.tag == "circle").unwrap().places(false);
        assert_eq!(way.iter().sum::<f64>() / 2.0, baseline[0]);
    }
}

#[test]
fn an_aim_without_a_pilot_stands_out_without_colours() {
    let data = data(4, "A");
    for language in LANGUAGES {
        let chart = aims(&data.aims, language);
        let hatched = shapes(&chart)
            .iter()
            .filter(|s| s.attributes.get("fill").is_some_and(|fill| fill.starts_with("url(#")))
            .count();
        assert_eq!(hatched, 2, "{}", chart.svg);
    }
    assert_eq!(
        aims(&data.aims, Language::English).description.matches("Number of pilots 0, no pilot.").count(),
        2
    );
    assert_eq!(aims(&data.aims, Language::Arabic).description.matches("لا مشروع").count(), 2);
}

#[test]
fn an_improvement_goes_from_the_beginning_to_the_end_in_either_direction() {
    for (direction, values) in [
        (IndicatorDirection::Up, [Some("10"), Some("40"), Some("80")]),
        (IndicatorDirection::Down, [Some("80"), Some("50"), Some("10")]),
    ] {
        let one = Indicators { indicators: vec![indicator("A", direction, values)] };
        let chart = indicators(&one, Language::English);
        let all = shapes(&chart);
        let x = |tag: &str| all.iter().find(|shape| shape.tag == tag).unwrap().places(false);
        let baseline = x("circle")[0];
        // The first polygon is the arrow at the end of the way, the second the measurement.
        let measured: f64 =
            all.iter().filter(|shape| shape.tag == "polygon").nth(1).unwrap().places(false)[0];
        assert!(baseline < measured && measured < WIDTH - 50.0, "{direction:?}: {baseline} {measured}");
    }
}
