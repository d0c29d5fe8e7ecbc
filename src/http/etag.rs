//! Entity tags of compressed representations, as the service writes them (`3.ab-gzip`) and as proxies change them.

/// The marks before the name of a coding: Apache httpd and Caddy write `3.ab-gzip`, Jetty `3.ab--gzip`, LiteSpeed
/// `3.ab;gz`. nginx and CDNs make the tag weak instead.
const MARKS: [&str; 3] = ["--", "-", ";"];

/// The names of the codings.
const CODINGS: [&str; 6] = ["gzip", "gz", "br", "brotli", "zstd", "deflate"];

/// What LiteSpeed adds to the tag of a response that it does not compress.
const UNCOMPRESSED: &str = ";;;";

/// The header of a representation in a coding, from the header of the representation without one. `None` for a weak tag,
/// which is the same in all codings.
pub(super) fn with_coding(header: &str, coding: &str) -> Option<String> {
    let tag = header.strip_prefix('"')?.strip_suffix('"')?;
    Some(format!("\"{tag}-{coding}\""))
}

/// A tag without what the service or a compressing proxy added at its end. A coding changes nothing of what is
/// represented, so the tag with and without the addition stands for the same version.
pub(super) fn without_coding(tag: &str) -> &str {
    if let Some(rest) = tag.strip_suffix(UNCOMPRESSED) {
        return rest;
    }
    let rest = CODINGS.iter().filter_map(|coding| tag.strip_suffix(coding));
    rest.flat_map(|rest| MARKS.iter().filter_map(|mark| rest.strip_suffix(mark))).next().unwrap_or(tag)
}
