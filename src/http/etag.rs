//! `If-Match` and `If-None-Match` (RFC 9110, section 13.1), and the entity tags of compressed representations, as the
//! service writes them (`3.ab-gzip`) and as proxies change them.
//!
//! [`actix_web::http::header::IfMatch`] and `IfNoneMatch` are not used: they drop malformed tags and ignore a `*` within
//! a list, so that the two headers would say less than the client has sent.

use actix_web::http::header::{HeaderMap, HeaderName, IF_MATCH, IF_NONE_MATCH};

use crate::domain::version::ExpectedVersion;

/// The marks before the name of a coding: Apache httpd and Caddy write `3.ab-gzip`, Jetty `3.ab--gzip`, LiteSpeed
/// `3.ab;gz`. nginx and CDNs make the tag weak instead.
const MARKS: [&str; 3] = ["--", "-", ";"];

/// The names of the codings.
const CODINGS: [&str; 6] = ["gzip", "gz", "br", "brotli", "zstd", "deflate"];

/// The text that LiteSpeed adds to the tag of a response that it does not compress.
const UNCOMPRESSED: &str = ";;;";

/// The header of a representation in a coding, from the header of the representation without one. `None` for a weak tag,
/// which is the same in all codings.
pub(super) fn with_coding(header: &str, coding: &str) -> Option<String> {
    let tag = header.strip_prefix('"')?.strip_suffix('"')?;
    Some(format!("\"{tag}-{coding}\""))
}

/// The value of a precondition.
#[derive(Debug, PartialEq, Eq)]
enum Tags<'a> {
    /// `*`, which every representation matches.
    Any,
    /// A list of entity tags, weak and strong, without their quotes.
    Listed(Vec<&'a str>),
}

/// The versions that `If-Match` expects; `None` if the header is malformed or none of its tags names a version.
///
/// RFC 9110 asks for the strong comparison of tags, under which a weak tag matches nothing. The version at the beginning
/// of a tag is compared instead: it changes with every change of the resource, and stays when nginx makes a tag weak or
/// another proxy appends the name of a coding. A tag that names no version is that of another representation, which
/// matches nothing.
pub(super) fn expected_version(headers: &HeaderMap) -> Option<ExpectedVersion> {
    match tags(headers, IF_MATCH)? {
        Tags::Any => Some(ExpectedVersion::Any),
        Tags::Listed(tags) => {
            let versions: Vec<i32> = tags.into_iter().filter_map(version_of).collect();
            (!versions.is_empty()).then_some(ExpectedVersion::OneOf(versions))
        }
    }
}

/// Tells whether `If-None-Match` names an `ETag`, by the weak comparison. A malformed header names none.
pub(super) fn names(headers: &HeaderMap, etag: &str) -> bool {
    match tags(headers, IF_NONE_MATCH) {
        None => false,
        Some(Tags::Any) => true,
        Some(Tags::Listed(tags)) => {
            let own = entity_tag(etag).map(|(own, _)| own);
            tags.into_iter().any(|tag| Some(without_coding(tag)) == own)
        }
    }
}

/// The tags of a precondition, over all headers of the name.
fn tags(headers: &HeaderMap, name: HeaderName) -> Option<Tags<'_>> {
    let values: Vec<&str> =
        headers.get_all(name).map(|value| value.to_str().ok().map(str::trim)).collect::<Option<_>>()?;
    if values == ["*"] {
        return Some(Tags::Any);
    }
    let mut tags = Vec::new();
    for mut rest in values {
        // A list may have empty elements.
        rest = rest.trim_start_matches([' ', '\t', ',']);
        while !rest.is_empty() {
            let (tag, after) = entity_tag(rest)?;
            tags.push(tag);
            let after = after.trim_start_matches([' ', '\t']);
            if !after.is_empty() && !after.starts_with(',') {
                return None;
            }
            rest = after.trim_start_matches([' ', '\t', ',']);
        }
    }
    (!tags.is_empty()).then_some(Tags::Listed(tags))
}

/// The content of the tag at the beginning of a text, and the rest of the text.
fn entity_tag(text: &str) -> Option<(&str, &str)> {
    let opened = text.strip_prefix("W/").unwrap_or(text).strip_prefix('"')?;
    opened.split_once('"').filter(|(tag, _)| tag.bytes().all(|byte| byte.is_ascii_graphic()))
}

/// The version at the beginning of a tag. A letter or digit after the number makes the tag that of a file, whose tag is
/// a hash.
fn version_of(tag: &str) -> Option<i32> {
    let end = tag.find(|character: char| !character.is_ascii_digit()).unwrap_or(tag.len());
    let (number, rest) = tag.split_at_checked(end)?;
    let is_whole = (1..=9).contains(&end) && !rest.starts_with(|next: char| next.is_ascii_alphanumeric());
    is_whole.then(|| number.parse().ok())?
}

/// A tag without what the service or a compressing proxy added at its end. A coding changes nothing of what is
/// represented, so the tag with and without the addition stands for the same version.
fn without_coding(tag: &str) -> &str {
    if let Some(rest) = tag.strip_suffix(UNCOMPRESSED) {
        return rest;
    }
    let rest = CODINGS.iter().filter_map(|coding| tag.strip_suffix(coding));
    rest.flat_map(|rest| MARKS.iter().filter_map(|mark| rest.strip_suffix(mark))).next().unwrap_or(tag)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn headers(name: &HeaderName, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name.clone(), HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    fn expected(values: &[&str]) -> Option<ExpectedVersion> {
        expected_version(&headers(&IF_MATCH, values))
    }

    #[test]
    fn if_match_takes_a_version_with_whatever_follows_it() {
        for tag in [
            "3",
            "3.ab12",
            "3.ab-gzip",
            "3.ab--gzip",
            "3.ab;gzip",
            "3.ab-br",
            "3-zstd",
            "3.ab;;;",
            "3.xyz",
            "3.",
            "3.AB",
            "3.ab-gzip-br",
            "3-",
            "3.a,b",
        ] {
            assert_eq!(expected(&[&format!("\"{tag}\"")]), Some(3.into()), "{tag}");
            assert_eq!(expected(&[&format!("W/\"{tag}\"")]), Some(3.into()), "{tag}");
        }
    }

    #[test]
    fn if_match_takes_lists_and_the_star() {
        assert_eq!(expected(&["*"]), Some(ExpectedVersion::Any));
        assert_eq!(expected(&[" * "]), Some(ExpectedVersion::Any));
        let of = |versions: &[i32]| Some(ExpectedVersion::OneOf(versions.to_vec()));
        assert_eq!(expected(&["\"3.a\", W/\"4.b\""]), of(&[3, 4]));
        assert_eq!(expected(&["\"3.a\",\"4\" ,, \"5\","]), of(&[3, 4, 5]));
        assert_eq!(expected(&["\"3.a\"", "\"4\""]), of(&[3, 4]), "two headers are one list");
        assert_eq!(expected(&["\"3\", \"f00\", \"\""]), of(&[3]), "another tag matches nothing");
    }

    #[test]
    fn if_match_takes_nothing_else() {
        for wrong in [
            &[""][..],
            &["3"],
            &[","],
            &["\"\""],
            &["\"*\""],
            &["\"x\""],
            &["\"-1.a\""],
            &["\"+1\""],
            &["\"99999999999\""],
            &["\"-gzip\""],
            &["\"3f5a\""],
            &["\"3\" \"4\""],
            &["\"3\", 4"],
            &["\"3\", *"],
            &["*, \"3\""],
            &["*", "*"],
            &["*", "\"3\""],
            &["\"3"],
            &["\"3 4\""],
            &["w/\"3\""],
            &["W/ \"3\""],
        ] {
            assert_eq!(expected(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn if_none_match_takes_lists_weak_tags_and_the_star() {
        let named = |values: &[&str]| names(&headers(&IF_NONE_MATCH, values), "\"3.ab\"");
        for values in [
            &["\"3.ab\""][..],
            &["\"1.cd\", W/\"3.ab\""],
            &["\"1.cd\"", "\"3.ab\""],
            &["*"],
            &["\"3.ab-gzip\""],
            &["W/\"3.ab;br\""],
        ] {
            assert!(named(values), "{values:?}");
        }
        for values in [&[][..], &["\"3.a-gzip\""], &["\"3.a\""], &["3.ab"], &["\"3\""], &["\"1.cd\", *"]] {
            assert!(!named(values), "{values:?}");
        }
        assert!(names(&headers(&IF_NONE_MATCH, &["\"3.ab\""]), "W/\"3.ab\""), "the comparison is weak");
    }

    proptest! {
        #[test]
        fn no_header_panics(value in "[ -~]{0,40}") {
            let _: Option<ExpectedVersion> = expected(&[&value]);
            let _: bool = names(&headers(&IF_NONE_MATCH, &[&value]), "\"3.ab\"");
        }

        #[test]
        fn each_listed_version_is_expected(versions in proptest::collection::vec(0..999_999_999, 1..6)) {
            let list: Vec<String> = versions.iter().map(|version| format!("\"{version}.f00\"")).collect();
            prop_assert_eq!(expected(&[&list.join(", ")]), Some(ExpectedVersion::OneOf(versions)));
        }
    }
}
