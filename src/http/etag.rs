//! Entity tags that a compressing proxy has changed.

/// The marks before the name of a coding: Apache httpd and Caddy write `3.ab-gzip`, Jetty `3.ab--gzip`, LiteSpeed
/// `3.ab;gz`. nginx and CDNs make the tag weak instead.
const MARKS: [&str; 3] = ["--", "-", ";"];

/// The names of the codings.
const CODINGS: [&str; 6] = ["gzip", "gz", "br", "brotli", "zstd", "deflate"];

/// What LiteSpeed adds to the tag of a response that it does not compress.
const UNCOMPRESSED: &str = ";;;";

/// A tag without what a compressing proxy added at its end. The service itself compresses nothing, so the tag with and
/// without the addition stands for the same representation.
pub(super) fn without_coding(tag: &str) -> &str {
    if let Some(rest) = tag.strip_suffix(UNCOMPRESSED) {
        return rest;
    }
    let rest = CODINGS.iter().filter_map(|coding| tag.strip_suffix(coding));
    rest.flat_map(|rest| MARKS.iter().filter_map(|mark| rest.strip_suffix(mark))).next().unwrap_or(tag)
}
