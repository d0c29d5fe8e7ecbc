//! A refusal or a failure as a document, for people who asked for a page and not for data.

use chrono::DateTime;

use super::document::{Block, Document, Section, Span, fill};
use crate::domain::text::Language;

words! {
    /// Fixed texts of a problem.
    struct ProblemWords {
        details: "What happened", "تفاصيل المشكلة";
        request: "Number of the request, for the administrator of the service: {0}", "رقم الطلب لإبلاغ مدير الخدمة به: {0}";
        author: "The service", "الخدمة";
    }
}

/// A problem in the language of the reader.
#[derive(Debug, Clone)]
pub struct Problem {
    /// Kind of the problem.
    pub title: String,
    /// Explanation of this occurrence.
    pub detail: String,
    /// The errors in the values of the request.
    pub errors: Vec<String>,
    /// Id of the request.
    pub request_id: String,
}

/// The document of a problem.
pub fn document(problem: &Problem, language: Language) -> Document {
    let fixed = ProblemWords::of(language);
    let mut blocks = vec![Block::Paragraph(vec![Span::words(&problem.detail)])];
    if !problem.errors.is_empty() {
        let errors = problem.errors.iter().map(|error| vec![Span::words(error)]);
        blocks.push(Block::List(errors.collect()));
    }
    blocks.push(Block::Paragraph(fill(fixed.request, &[Span::Code(problem.request_id.clone())])));
    Document {
        language,
        title: vec![Span::words(&problem.title)],
        mark: None,
        author: fixed.author.to_owned(),
        date: DateTime::UNIX_EPOCH,
        hash: String::new(),
        footer: vec![Span::words(&problem.title)],
        sections: vec![Section { id: "problem", title: fixed.details, starts_page: false, blocks }],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::html::html;
    use crate::render::words::assert_bilingual;

    #[test]
    fn a_problem_is_a_page_in_the_language_of_the_reader() {
        assert_bilingual::<ProblemWords>();
        let problem = Problem {
            title: "لا شيء في هذا العنوان".to_owned(),
            detail: "تحقق من الرقم.".to_owned(),
            errors: vec!["lang: <b>".to_owned()],
            request_id: "0199".to_owned(),
        };
        let html = html(&document(&problem, Language::Arabic)).unwrap();
        for part in [
            "dir=\"rtl\"",
            "<h1>لا شيء",
            "تحقق من الرقم.",
            "lang: &#60;b&#62;",
            "<code dir=\"ltr\">0199</code>",
        ] {
            assert!(html.contains(part), "{part} in {html}");
        }
    }
}
