//! Names are other people's: what they hold is shown in every output and obeyed by none. Each hostile run is
//! compared with one of the same shape whose names are tame, so that any markup that a name adds shows.

use std::sync::LazyLock;

use comrak::{Options, markdown_to_html};
use regex::Regex;

use crate::common::{Run, Rungs, credential_report, rungs, user_with_key};

/// Names as somebody may choose them to be run, taken for markup, or to hide.
fn hostile() -> Vec<String> {
    let mut names: Vec<String> = [
        "=cmd|' /C calc'!A0",
        "+1+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(1;=2)",
        "\u{ff1d}1+1",
        "x;=HYPERLINK(\"http://evil.example\")",
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "a | b || c",
        "`ticks` and ```fence",
        "[x](javascript:alert(1))",
        "![y](http://evil.example/y.png)",
        "http://evil.example/ and www.evil.example",
        "</style></script><!-- %SCRIPT% %STYLE% %POLICY%",
        "{{ cover.organisation }}{% raw %}${x}$x$",
        "# heading",
        "- [ ] item",
        "1. item",
        "&lt;b&gt; &amp;",
        "\\| \\` \\<",
        "@everyone",
        "\u{1b}[31mred\u{1b}]0;title\u{7}\u{9b}2J",
        "two\nlines\rand\ttabs",
        "gpj.\u{202e}exe \u{2066}x",
        "#eval(\"1\") $x$ @label <tag> *b*",
    ]
    .map(str::to_owned)
    .into();
    names.push("long".repeat(1000));
    names
}

fn tame() -> Vec<String> {
    (0..hostile().len()).map(|number| format!("user{number}")).collect()
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// A text of rungs.yaml: JSON's quotes are YAML's, which wants more characters written as numbers.
fn yaml(text: &str) -> String {
    serde_json::to_string(text).unwrap().replace('\u{9b}', "\\u009b")
}

/// Assesses an estate in which every name and text that somebody may choose is one of `names`.
fn assess(names: &[String]) -> (Rungs, Run) {
    let lines: Vec<String> = names
        .iter()
        .map(|name| {
            format!(
                "{},{},2020-01-01T00:00:00+00:00,true,N/A,2020-01-01T00:00:00+00:00,N/A,false,true,\
                 2020-01-01T00:00:00+00:00,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A",
                quoted(name),
                quoted(&format!("arn:aws:iam::111122223333:user/{name}"))
            )
        })
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let mut at = names.iter().cycle();
    let mut next = || yaml(at.next().unwrap());
    let mut config = format!(
        "organisation: {}\nclaimed: 4\nengagement: {{ client: {}, assessor: {}, period: {}, status: draft }}\nscopes:\n",
        next(),
        next(),
        next(),
        next()
    );
    config.push_str(&format!("  - {{ id: \"111122223333\", provider: aws, name: {} }}\n", next()));
    for name in names {
        let id = yaml(name.trim());
        config
            .push_str(&format!("  - {{ id: {id}, provider: gcp, name: {}, at_most: {{ credentials: 2 }} }}\n", next()));
    }
    for name in names {
        let id = yaml(name.trim());
        let because = format!("{{ reason: {}, approver: {} }}", next(), next());
        config.push_str(&format!("  - {{ id: {id}, provider: okta, excluded: {because} }}\n"));
    }
    config.push_str("ai:\n  identities:\n");
    let selector = |name: &str| yaml(&format!("identity_name = '{}'", name.trim().replace('\'', "''")));
    for name in names.iter().take(names.len() / 2) {
        config.push_str(&format!("    - {}\n", selector(name)));
    }
    config.push_str("waivers:\n");
    for name in names {
        let texts = format!("reason: {}, approver: {}", next(), next());
        let rows = selector(name);
        config
            .push_str(&format!("  - {{ check: credential.long-lived, where: {rows}, {texts}, expiry: 2026-12-31 }}\n"));
    }
    let mut answers = "answers:\n".to_owned();
    for (question, answer) in [("ownership.accountable-lead", "fully"), ("ownership.sponsors-accept", "not-applicable")]
    {
        answers.push_str(&format!(
            "  - {{ question: {question}, answer: {answer}, answered_by: {}, role: {}, answered_at: 2026-05-01, \
             reason: {}, approver: {}, evidence_ref: {}, comment: {} }}\n",
            next(),
            next(),
            next(),
            next(),
            next(),
            next()
        ));
    }
    let mut folder = rungs()
        .file("estate/rungs.yaml", &config)
        .file("estate/questionnaire.yaml", &answers)
        .file("estate/111122223333/report.csv", &credential_report(&lines));
    // Files have names too, though shorter ones.
    for (number, (name, _)) in names.iter().zip(hostile()).enumerate().filter(|(_, (_, name))| name.len() < 200) {
        let name = name.trim().replace('/', "_");
        let user = user_with_key(&format!("u{number}"), "2020-01-01").replace("111122223333", "444455556666");
        folder = folder
            .file(&format!("estate/named/{name}"), "nothing that is known")
            .file(&format!("estate/read/{name}.csv"), &credential_report(&[&user]));
    }
    let run = folder.run(&["assess", "estate", "-o", "out", "--as-of", "2026-06-30"]);
    (folder, run)
}

static TAME: LazyLock<(Rungs, Run)> = LazyLock::new(|| assess(&tame()));
static HOSTILE: LazyLock<(Rungs, Run)> = LazyLock::new(|| assess(&hostile()));

fn both(name: &str) -> [String; 2] {
    [&*TAME, &*HOSTILE].map(|(folder, run)| {
        assert_eq!(run.code, 0, "{}", run.stderr);
        folder.read(&format!("out/{name}"))
    })
}

/// Markup without what stands between and inside of tags.
fn tags(html: &str) -> Vec<String> {
    let tag = Regex::new(r"</?[a-zA-Z][a-zA-Z0-9-]*|<!--|<\?|<!\[").unwrap();
    tag.find_iter(html).map(|found| found.as_str().to_ascii_lowercase()).collect()
}

fn assert_same_tags(tame: &[String], hostile: &[String]) {
    for (number, (tame, hostile)) in tame.iter().zip(hostile).enumerate() {
        assert_eq!(tame, hostile, "tag {number}");
    }
    assert_eq!(tame.len(), hostile.len());
}

/// Characters that a terminal or viewer obeys.
fn commands(text: &str) -> Vec<char> {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
    text.chars().filter(|c| (c.is_control() && *c != '\n') || turns(*c)).collect()
}

#[test]
fn a_run_over_hostile_names_ends_well_and_says_nothing_that_a_terminal_obeys() {
    for (_, run) in [&*TAME, &*HOSTILE] {
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert!(commands(&run.stdout).is_empty());
        assert!(commands(&run.stderr).is_empty());
    }
    for name in ["report.pdf", "workbook.xlsx", "rows.parquet"] {
        assert!(std::fs::metadata(HOSTILE.0.path("out").join(name)).unwrap().len() > 1000, "{name}");
    }
}

#[test]
fn names_add_no_markup_to_the_page() {
    let [tame, hostile] = both("report.html");
    assert_same_tags(&tags(&tame), &tags(&hostile));
    assert!(hostile.contains("&lt;script&gt;alert(1)"), "the names are not in the page");
    assert!(commands(&hostile).is_empty());
    let body = hostile.split_once("<body>").unwrap().1;
    let attribute = Regex::new(r"<[a-zA-Z][^>]*\s(on\w+|style|srcdoc)\s*=").unwrap();
    assert_eq!(attribute.find(body).map(|found| found.as_str()), None);
    let link = Regex::new(r#"(?:href|src)="([^"]*)""#).unwrap();
    for found in link.captures_iter(&hostile) {
        let target = &found[1];
        assert!(["#", "https:&#x2f;&#x2f;", "data:,"].iter().any(|start| target.starts_with(start)), "{target}");
    }
    // The page's own script and style stand once, where the policy names them.
    assert_eq!((hostile.matches("<script").count(), hostile.matches("<style").count()), (1, 1));
}

#[test]
fn names_add_no_markup_to_markdown() {
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.extension.autolink = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options.render.r#unsafe = true;
    let [tame, hostile] = both("report.md").map(|markdown| {
        // What cannot be shown as code is shown as text.
        let markup = tags(&markdown_to_html(&markdown, &options));
        markup.into_iter().filter(|tag| !tag.ends_with("code")).collect::<Vec<_>>()
    });
    assert_same_tags(&tame, &hostile);
    let [tame, hostile] = both("report.md");
    assert_eq!(tame.lines().count(), hostile.lines().count());
    assert!(commands(&hostile).is_empty());
    // Viewers call people by words, and run commands by what a line begins with, except in code.
    let code = Regex::new(r"(?s)```text\n.*?\n```|`[^`\n]*`").unwrap();
    let called = Regex::new(r"(?m)(^|[^\w])@[a-z]|^/").unwrap();
    assert_eq!(called.find(&code.replace_all(&hostile, "code")).map(|found| found.as_str()), None);
    let heading = hostile.lines().next().unwrap();
    assert!(heading.starts_with("# \\=cmd\\|"), "{heading}");
}

#[test]
fn no_cell_of_a_csv_file_is_a_formula() {
    for name in ["findings.csv", "remediation.csv"] {
        let [tame, hostile] = both(name).map(|text| {
            assert!(commands(&text).is_empty(), "{name}");
            let lines: Vec<csv::StringRecord> =
                csv::Reader::from_reader(text.as_bytes()).records().map(Result::unwrap).collect();
            for cell in lines.iter().flatten() {
                // Where spreadsheets part cells at semicolons, each of them begins one.
                for part in cell.split(';').map(|part| part.trim_start_matches([' ', '\n', '\u{fffd}'])) {
                    assert!(!part.starts_with(['=', '+', '-', '@', '\u{ff1d}']), "{name}: {cell}");
                }
            }
            lines.len()
        });
        assert_eq!(tame, hostile, "{name}");
    }
    let findings = &both("findings.csv")[1];
    assert!(findings.contains("'=cmd|' /C calc'!A0"), "the names are not in the findings");
}

#[test]
fn what_programs_read_stays_whole() {
    let record: serde_json::Value = serde_json::from_str(&both("assessment.json")[1]).unwrap();
    assert_eq!(record["organisation"], "=cmd|' /C calc'!A0");
    for line in both("rejected.ndjson")[1].lines() {
        assert!(line.starts_with('{') && serde_json::from_str::<serde_json::Value>(line).is_ok(), "{line}");
    }
    let run =
        HOSTILE.0.run(&["report", "out/assessment.json", "--format", "html,md,findings,remediation", "-o", "again"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    for file in ["report.html", "report.md", "findings.csv", "remediation.csv"] {
        assert!(HOSTILE.0.read(&format!("out/{file}")) == HOSTILE.0.read(&format!("again/{file}")), "{file} differs");
    }
}
