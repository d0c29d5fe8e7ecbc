//! Files in forms, their names, and files that do not say what they are.

use std::io::Write as _;

use reqwest::Method;
use serde_json::{Value, json};
use taskforce::domain::file::MAX_FILE_BYTES;

use super::{PDF_SHA256, new};
use crate::support::client::Draft;
use crate::support::evidence::{FORM, PDF, form_body, pdf_part, upload, upload_form};
use crate::support::{Answer, Resource, TestApp, Who};

/// The name in a `Content-Disposition`: for programs that read only ASCII, and for the others.
fn names(answer: &Answer) -> (String, String) {
    let disposition = answer.header("content-disposition");
    let rest = disposition.strip_prefix("attachment; filename=\"").unwrap_or_else(|| panic!("{disposition}"));
    let (plain, extended) =
        rest.split_once("\"; filename*=UTF-8''").unwrap_or_else(|| panic!("{disposition}"));
    (plain.to_owned(), extended.to_owned())
}

/// A ZIP archive of these entries.
fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, content) in entries {
        archive.start_file(*name, stored).unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// An OpenDocument file, whose first entry is its media type.
fn open_document(media_type: &str) -> Vec<u8> {
    archive(&[("mimetype", media_type.as_bytes()), ("content.xml", b"<x/>")])
}

/// Evidence with a PDF that was sent with this in its `Content-Disposition`.
async fn named(app: &TestApp, disposition: &str) -> Resource {
    let made = new(app).await;
    let form = upload_form(&made, form_body(&[(&pdf_part(disposition), PDF)]));
    Resource { path: made.path.clone(), ..app.as_expert().send(form).await.expect(200).resource() }
}

#[tokio::test]
async fn a_form_uploads_a_file_with_its_name() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let file = named(&app, "; filename=\"محضر الاجتماع.pdf\"").await;
    assert_eq!(
        (&file["sha256"], &file["mediaType"], &file["size"], &file["version"]),
        (&json!(PDF_SHA256), &json!("application/pdf"), &json!(PDF.len()), &json!(2))
    );
    assert_eq!(file["fileName"], "محضر الاجتماع.pdf");
    assert_eq!(expert.reload(&file).await["fileName"], file["fileName"]);
    let events = expert.get(app.a("/events?after=0&limit=100")).await.expect(200).json();
    let event = events["items"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(event["changes"]["fileName"], json!({ "before": null, "after": "محضر الاجتماع.pdf" }));

    let content = format!("{}/content", file.path);
    let answer = app.as_who(Who::CouncilMember).get(content.as_str()).await.expect(200);
    assert_eq!(answer.body, PDF);
    let extended = "%D9%85%D8%AD%D8%B6%D8%B1%20%D8%A7%D9%84%D8%A7%D8%AC%D8%AA%D9%85%D8%A7%D8%B9.pdf";
    assert_eq!(names(&answer), (format!("{}.pdf", file.id()), extended.to_owned()));

    // The same file under the same name changes nothing, and neither does the file without a name.
    let same = form_body(&[(&pdf_part("; filename=\"محضر الاجتماع.pdf\""), PDF)]);
    for same in [upload_form(&file, same), upload(&file, "application/pdf", PDF)] {
        let same = expert.send(same).await.expect(200).json();
        assert_eq!((&same["version"], &same["fileName"]), (&json!(2), &file["fileName"]));
    }
    // Another name is a change. Another file has another name, or none.
    let renamed = form_body(&[(&pdf_part("; filename=\"b.pdf\""), PDF)]);
    let renamed = expert.send(upload_form(&file, renamed)).await.expect(200).resource();
    assert_eq!((&renamed["version"], &renamed["fileName"]), (&json!(3), &json!("b.pdf")));
    let plain = expert.get(content.as_str()).await.expect(200);
    assert_eq!(names(&plain), ("b.pdf".to_owned(), "b.pdf".to_owned()));
    let renamed = Resource { path: file.path.clone(), ..renamed };
    let other = expert.send(upload(&renamed, "text/plain", "Something else")).await.expect(200).json();
    assert_eq!((&other["version"], &other["fileName"]), (&json!(4), &Value::Null));
    let titled = expert.get(content.as_str()).await.expect(200);
    assert_eq!(names(&titled).0, "Minutes of the meeting.txt");
    let arabic = Draft::get(content.as_str()).header("Accept-Language", "ar");
    let arabic = names(&expert.send(arabic).await.expect(200));
    assert!(arabic.1.starts_with("%D9%85%D8%AD%D8%B6%D8%B1%20") && arabic.1.ends_with(".txt"), "{arabic:?}");
    assert_eq!(arabic.0, format!("{}.txt", file.id()));
}

/// The versions, rights and states of a change, and the space, do not depend on the form of the body.
#[tokio::test]
async fn a_form_is_checked_as_every_change() {
    let app = TestApp::start().await;
    let (expert, made) = (app.as_expert(), new(&app).await);
    let body = || form_body(&[(&pdf_part("; filename=\"a.pdf\""), PDF)]);
    let bare = || Draft::new(Method::PUT, format!("{}/content", made.path)).body(FORM, body());
    app.as_anybody().send(bare()).await.expect_problem(401, "unauthenticated");
    app.as_who(Who::Outsider).send(bare()).await.expect_problem(404, "notFound");
    app.as_who(Who::CouncilMember).send(bare()).await.expect_problem(403, "forbidden");
    expert.send(bare()).await.expect_problem(428, "preconditionRequired");
    expert.send(bare().header("If-Match", "\"7\"")).await.expect_problem(412, "versionMismatch");
    let packed = bare().header("If-Match", "\"1\"").header("Content-Encoding", "gzip");
    expert.send(packed).await.expect_problem(415, "unsupportedMediaType");
    expert.send(bare().header("If-Match", "\"7\", \"1\"")).await.expect(200);
    expert.send(bare().header("If-Match", "*")).await.expect(200);

    // The largest file, and one byte more.
    let mut content = vec![b' '; MAX_FILE_BYTES];
    content[..PDF.len()].copy_from_slice(PDF);
    let largest = form_body(&[(&pdf_part(""), &content)]);
    let now = expert.reload(&made).await;
    let stored = expert.send(upload_form(&now, largest)).await.expect(200).resource();
    assert_eq!(stored["size"], MAX_FILE_BYTES);
    content.push(b' ');
    let larger = form_body(&[(&pdf_part(""), &content)]);
    let now = expert.reload(&made).await;
    expert.send(upload_form(&now, larger)).await.expect_problem(413, "bodyTooLarge");
    let much_larger = vec![b'x'; MAX_FILE_BYTES + 70_000];
    expert.send(upload_form(&now, much_larger)).await.expect_problem(413, "bodyTooLarge");
    assert_eq!(expert.reload(&made).await.body, now.body);
}

#[tokio::test]
async fn a_form_has_one_file_and_nothing_else() {
    let app = TestApp::start().await;
    let (expert, made) = (app.as_expert(), new(&app).await);
    let file = pdf_part("; filename=\"a.pdf\"");
    let field = |name: &str| format!("Content-Disposition: form-data; name=\"{name}\"");
    for (parts, error) in [
        (vec![(file.as_str(), PDF), (file.as_str(), PDF)], "/file duplicate"),
        (vec![], "/file required"),
        (vec![(field("title").as_str(), b"x".as_slice()), (file.as_str(), PDF)], "/title unknown"),
        (vec![(file.as_str(), PDF), (field("a/b~").as_str(), b"x")], "/a~1b~0 unknown"),
        (vec![(field("File").as_str(), PDF)], "/File unknown"),
        (vec![(field("").as_str(), PDF)], "/ unknown"),
    ] {
        expert.send(upload_form(&made, form_body(&parts))).await.expect_field_errors(&[error]);
    }
    let whole = form_body(&[(&file, PDF)]);
    let cut = |end: usize| whole[..whole.len() - end].to_vec();
    for (malformed, body) in [
        ("a part without a name", form_body(&[("Content-Disposition: form-data; filename=\"a.pdf\"", PDF)])),
        ("a part without a disposition", form_body(&[("Content-Type: application/pdf", PDF)])),
        ("another disposition", form_body(&[("Content-Disposition: attachment; name=\"file\"", PDF)])),
        ("a line break in a name", form_body(&[(&pdf_part("; filename=\"a\r\nX: b.pdf\""), PDF)])),
        ("a file without an end", cut("\r\n--+++--\r\n".len())),
        ("half a boundary", cut("+--\r\n".len())),
        ("no last boundary", cut("--\r\n".len())),
        ("no boundary", PDF.to_vec()),
        ("nothing", Vec::new()),
        ("an empty file", form_body(&[(&file, b"")])),
        ("another kind", form_body(&[(&file, b"\x89PNG\r\n\x1a\n")])),
    ] {
        let answer = expert.send(upload_form(&made, body)).await;
        assert_eq!((answer.status, &answer.json()["code"]), (400, &json!("invalidRequest")), "{malformed}");
    }
    for kind in
        ["multipart/form-data; boundary=other", "multipart/form-data", "multipart/form-data; boundary=\"\""]
    {
        expert.send(upload(&made, kind, whole.clone())).await.expect_problem(400, "invalidRequest");
    }
    for header in ["Content-Transfer-Encoding: base64", "Content-Encoding: gzip"] {
        let coded = form_body(&[(&format!("{file}\r\n{header}"), PDF)]);
        expert.send(upload_form(&made, coded)).await.expect_problem(415, "unsupportedMediaType");
    }
    // The length of a part changes nothing: what it leaves out would be lost without a word.
    for length in ["2", "+17", "18", "-1", "", "17, 17", "17\r\nContent-Length: 17"] {
        let counted = form_body(&[(&format!("{file}\r\nContent-Length: {length}"), PDF)]);
        expert.send(upload_form(&made, counted)).await.expect_problem(400, "invalidRequest");
    }
    for kind in ["text/html", "text/csv; charset=windows-1256", "text/plain; é"] {
        let part = format!("Content-Disposition: form-data; name=\"file\"\r\nContent-Type: {kind}");
        let refused = expert.send(upload_form(&made, form_body(&[(&part, b"a,b")]))).await;
        refused.expect_problem(415, "unsupportedMediaType");
    }
    // Neither headers nor what comes before the first part fill the memory.
    let huge = format!("{file}\r\nX-Huge: {}", "x".repeat(200_000));
    let before = [vec![b'\n'; MAX_FILE_BYTES + 66_000], whole.clone()].concat();
    for large in [form_body(&[(&huge, PDF)]), before] {
        expert.send(upload_form(&made, large)).await.expect_problem(413, "bodyTooLarge");
    }
    let many = format!("{file}{}", "\r\nX-Many: x".repeat(100));
    expert.send(upload_form(&made, form_body(&[(&many, PDF)]))).await.expect_problem(400, "invalidRequest");
    assert_eq!(expert.reload(&made).await["version"], 1);
    let twice = form_body(&[(&pdf_part("; name=\"other\""), PDF)]);
    expert.send(upload_form(&made, twice)).await.expect_problem(400, "invalidRequest");
    // OkHttp sends the length of each part. What surrounds the form is ignored, as RFC 2046 has it.
    let counted = form_body(&[(&format!("{file}\r\nContent-Length: {}", PDF.len()), PDF)]);
    expert.send(upload_form(&made, counted)).await.expect(200);
    let made = expert.reload(&made).await;
    let surrounded = [b"Before\r\n".to_vec(), whole, b"After".to_vec()].concat();
    expert.send(upload_form(&made, surrounded)).await.expect(200);
}

#[tokio::test]
async fn a_file_name_is_kept_without_what_misleads() {
    let app = TestApp::start().await;
    let long = format!("; filename=\"{}.pdf\"", "ض".repeat(300));
    let cut = format!("{}.pdf", "ض".repeat(125));
    for (disposition, kept) in [
        ("; filename=\"a.pdf\"; filename*=UTF-8''%D8%B3.pdf", Some("س.pdf")),
        ("; filename=\"../../etc/passwd\"", Some("passwd.pdf")),
        ("; filename=\"C:\\\\fakepath\\\\a.pdf\"", Some("a.pdf")),
        ("; filename=\"say \\\"a\\\".pdf\"", Some("say _a_.pdf")),
        ("; filename*=UTF-8''a%0D%0AX-Evil%3A%20b.pdf", Some("a__X-Evil_ b.pdf")),
        ("; filename=\"\u{202e}fdp.exe\"", Some("_fdp.exe.pdf")),
        ("; filename=\"a\u{61c}\u{200b}\u{2028}\u{feff}\u{202e}b.pdf\"", Some("a_____b.pdf")),
        (long.as_str(), Some(cut.as_str())),
        ("; filename=\"minutes\"", Some("minutes.pdf")),
        ("; filename=\"CON\"", Some("_CON.pdf")),
        ("; filename=\"..\"", None),
        ("; filename=\"\"", None),
        ("; filename=\"\u{202e}\u{200b}\"", None),
        ("; filename=\"blob\"", None),
        ("", None),
    ] {
        let file = named(&app, disposition).await;
        assert_eq!(file["fileName"], json!(kept), "{disposition}");
        let answer = app.as_expert().get(format!("{}/content", file.path)).await.expect(200);
        let (plain, extended) = names(&answer);
        assert!(plain.is_ascii() && plain.ends_with(".pdf"), "{plain}");
        assert!(extended.ends_with(".pdf") && !extended.contains("%E2%80%AE"), "{extended}");
        if kept.is_none() {
            assert_eq!(plain, "Minutes of the meeting.pdf");
        }
    }
}

#[tokio::test]
async fn a_body_without_a_form_is_named_by_the_query() {
    let app = TestApp::start().await;
    let (expert, made) = (app.as_expert(), new(&app).await);
    let put = |query: &str, draft: Draft| Draft { path: format!("{}/content?{query}", made.path), ..draft };
    let file = upload(&made, "application/pdf", PDF);
    let long = format!("fileName={}", "x".repeat(1001));
    for (query, error) in [
        ("fileName=", "fileName empty"),
        (long.as_str(), "fileName tooLong"),
        ("fileName=a&fileName=b", "fileName duplicate"),
        ("filename=a", "filename unknown"),
        ("dryRun=true", "dryRun unknown"),
    ] {
        expert.send(put(query, file.clone())).await.expect_field_errors(&[error]);
    }
    let named = expert.send(put("fileName=%D9%85%D8%AD%D8%B6%D8%B1.pdf", file)).await.expect(200).resource();
    assert_eq!(named["fileName"], "محضر.pdf");
    // The query goes before the name in a form, which programs lose.
    let form = form_body(&[(&pdf_part("; filename=\"blob\""), PDF)]);
    let now = Resource { path: made.path.clone(), ..named };
    let renamed = expert.send(put("fileName=a/b.pdf", upload_form(&now, form))).await.expect(200).json();
    assert_eq!(renamed["fileName"], "b.pdf");
}

#[tokio::test]
async fn a_file_that_does_not_say_what_it_is_is_taken_by_its_content() {
    let app = TestApp::start().await;
    let expert = app.as_expert();
    let png: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    let table = "الاسم,العدد\nمواقف,7\n".as_bytes();
    let unknown = "application/octet-stream";
    for (kind, name, content, found) in [
        (unknown, "a", PDF, "application/pdf"),
        (unknown, "a", png, "image/png"),
        (unknown, "a", b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
        (unknown, "a.csv", table, "text/csv"),
        (unknown, "a.md", table, "text/plain"),
        (unknown, "run.bat", b"<html>", "text/plain"),
        ("application/vnd.ms-excel", "a.csv", table, "text/csv"),
        ("", "a", PDF, "application/pdf"),
        ("", "a.CSV", table, "text/csv"),
    ] {
        // Alone, and as the part of a form.
        let made = new(&app).await;
        let alone = match kind {
            "" => Draft { body: Some(content.to_vec()), ..Draft::new(Method::PUT, "") }
                .header("If-Match", &made.etag),
            kind => upload(&made, kind, content),
        };
        let alone = Draft { path: format!("{}/content?fileName={name}", made.path), ..alone };
        let made = Resource { path: made.path, ..expert.send(alone).await.expect(200).resource() };
        assert_eq!(
            (&made["mediaType"], &made["size"]),
            (&json!(found), &json!(content.len())),
            "{kind} {name}"
        );
        let disposition = format!("Content-Disposition: form-data; name=\"file\"; filename=\"{name}\"");
        let headers =
            if kind.is_empty() { disposition } else { format!("{disposition}\r\nContent-Type: {kind}") };
        let same = expert.send(upload_form(&made, form_body(&[(&headers, content)]))).await.expect(200);
        assert_eq!(same.json()["version"], made["version"], "{kind} {name}: the form is the same upload");
    }
    let made = new(&app).await;
    let sheet = "application/vnd.oasis.opendocument.spreadsheet";
    for kind in [unknown, sheet] {
        let made = new(&app).await;
        let found = expert.send(upload(&made, kind, open_document(sheet))).await.expect(200).json();
        assert_eq!(found["mediaType"], sheet, "{kind}");
    }
    let other = upload(&made, sheet, open_document("application/vnd.oasis.opendocument.text"));
    expert.send(other).await.expect_problem(400, "invalidRequest");
    for (kind, content) in [
        (unknown, b"GIF89a\0\0".as_slice()),
        (unknown, b"PK\x03\x04\0\0"),
        (unknown, b"\xff\xfea\0"),
        ("application/vnd.ms-excel", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0"),
        ("application/vnd.ms-excel", png),
    ] {
        expert.send(upload(&made, kind, content)).await.expect_problem(415, "unsupportedMediaType");
    }
    expert.send(upload(&made, unknown, b"")).await.expect_problem(400, "invalidRequest");
}

/// Also if the macros have another name than usual.
#[tokio::test]
async fn an_office_file_with_macros_is_refused() {
    let app = TestApp::start().await;
    let (expert, made) = (app.as_expert(), new(&app).await);
    let word = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
    let types = "<Types><Override PartName='/word/x.bin' ContentType='application/vnd.ms-office.vbaProject'/></Types>";
    let part = ("word/document.xml", b"<x/>".as_slice());
    let macros = archive(&[("[Content_Types].xml", types.as_bytes()), part, ("word/x.bin", b"x")]);
    expert.send(upload(&made, word, macros.clone())).await.expect_problem(400, "invalidRequest");
    let unknown = "application/octet-stream";
    expert.send(upload(&made, unknown, macros)).await.expect_problem(415, "unsupportedMediaType");
    let plain = archive(&[("[Content_Types].xml", b"<Types/>"), part, ("word/x.bin", b"x")]);
    expert.send(upload(&made, word, plain)).await.expect(200);
}
