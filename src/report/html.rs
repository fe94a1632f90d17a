//! `report.html`: one file that needs no network and runs no script but its own.

use std::io::Write;

use base64::Engine as _;
use minijinja::AutoEscape;
use sha2::{Digest, Sha256};

use super::{Error, Input, Report, document};

/// The report as one HTML file.
pub struct Html;

const PAGE: &str = "html/report.html.jinja";
const STYLE: &str = "html/style.css";
const SCRIPT: &str = "html/script.js";

impl Report for Html {
    fn name(&self) -> &'static str {
        "html"
    }

    fn file(&self) -> &'static str {
        "report.html"
    }

    fn about(&self) -> &'static str {
        "one self-contained page to filter, sort and drill down"
    }

    fn render(&self, input: &Input<'_>, out: &mut dyn Write) -> Result<(), Error> {
        let asset = |name: &str| {
            let bytes = input.templates.get(name).unwrap_or_default();
            String::from_utf8_lossy(bytes).into_owned()
        };
        let (style, script) = (asset(STYLE), asset(SCRIPT));
        let mut document = document::build(input.record, input.templates)?;
        document::add_rows(&mut document, input)?;
        let page = input.templates.render(PAGE, &document, AutoEscape::Html)?;
        // Style and script are ours, not data: they go in after the template has escaped everything else, and
        // their digests are all that the page's policy allows.
        let policy = format!(
            "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; style-src '{}'; script-src '{}'",
            digest(&style),
            digest(&script)
        );
        let page =
            page.replacen("%POLICY%", &policy, 1).replacen("%STYLE%", &style, 1).replacen("%SCRIPT%", &script, 1);
        out.write_all(page.as_bytes())?;
        Ok(())
    }
}

/// The digest of an inline element as a content security policy names it.
fn digest(text: &str) -> String {
    format!("sha256-{}", base64::engine::general_purpose::STANDARD.encode(Sha256::digest(text.as_bytes())))
}
