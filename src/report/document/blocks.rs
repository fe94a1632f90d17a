//! Markdown as structure: what people wrote is walked, never pasted into another format's markup.

use comrak::nodes::{AstNode, ListType, NodeValue};
use comrak::{Arena, Options, parse_document};
use serde::Serialize;

use crate::report::text::visible;

/// A text in the forms that the outputs need.
#[derive(Debug, Clone, Serialize)]
pub struct Prose {
    /// As it was written.
    pub markdown: String,
    /// As HTML; raw HTML in the text is left out.
    pub html: String,
    /// As structure, for the PDF.
    pub blocks: Vec<Block>,
}

/// A block of text.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Block {
    /// A paragraph.
    Paragraph {
        /// Its text.
        inlines: Vec<Inline>,
    },
    /// A heading.
    Heading {
        /// 1 to 6.
        level: u8,
        /// Its text.
        inlines: Vec<Inline>,
    },
    /// A list.
    List {
        /// Whether it is numbered.
        ordered: bool,
        /// Its items.
        items: Vec<Vec<Block>>,
    },
    /// A block of code.
    Code {
        /// Its text.
        text: String,
    },
    /// A quotation.
    Quote {
        /// What it holds.
        blocks: Vec<Block>,
    },
    /// A table.
    Table {
        /// Rows of cells; the first is the header.
        rows: Vec<Vec<Vec<Inline>>>,
    },
}

/// A run of text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inline {
    /// The text.
    pub text: String,
    /// plain, strong, emph, code, link or break.
    pub style: &'static str,
    /// Where a link leads; empty otherwise.
    pub url: String,
}

fn options() -> Options<'static> {
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.strikethrough = true;
    options
}

impl Prose {
    /// Reads a text.
    #[must_use]
    pub fn new(markdown: &str) -> Self {
        let arena = Arena::new();
        let options = options();
        let root = parse_document(&arena, markdown, &options);
        let blocks = root.children().filter_map(block).collect();
        let mut html = String::new();
        // Writing to a string cannot fail.
        let _ = comrak::format_html(root, &options, &mut html);
        Self { markdown: markdown.trim().to_owned(), html, blocks }
    }
}

fn block<'a>(node: &'a AstNode<'a>) -> Option<Block> {
    let value = &node.data.borrow().value;
    Some(match value {
        NodeValue::Paragraph => Block::Paragraph { inlines: inlines(node) },
        NodeValue::Heading(heading) => Block::Heading { level: heading.level, inlines: inlines(node) },
        NodeValue::List(list) => Block::List {
            ordered: list.list_type == ListType::Ordered,
            items: node.children().map(|item| item.children().filter_map(block).collect()).collect(),
        },
        NodeValue::CodeBlock(code) => Block::Code { text: code.literal.trim_end().to_owned() },
        NodeValue::BlockQuote => Block::Quote { blocks: node.children().filter_map(block).collect() },
        NodeValue::Table(_) => {
            Block::Table { rows: node.children().map(|row| row.children().map(inlines).collect()).collect() }
        }
        // Raw HTML and rules have no place in a report's prose.
        _ => return None,
    })
}

fn inlines<'a>(node: &'a AstNode<'a>) -> Vec<Inline> {
    let mut runs = Vec::new();
    for child in node.children() {
        collect(child, "plain", "", &mut runs);
    }
    runs
}

fn collect<'a>(node: &'a AstNode<'a>, style: &'static str, url: &str, runs: &mut Vec<Inline>) {
    let run = |text: &str, style| Inline { text: visible(text), style, url: url.to_owned() };
    let value = &node.data.borrow().value;
    match value {
        NodeValue::Text(text) => runs.push(run(text, style)),
        NodeValue::Code(code) => runs.push(run(&code.literal, "code")),
        NodeValue::SoftBreak => runs.push(run(" ", style)),
        NodeValue::LineBreak => runs.push(run("", "break")),
        NodeValue::Strong => node.children().for_each(|child| collect(child, "strong", url, runs)),
        NodeValue::Emph => node.children().for_each(|child| collect(child, "emph", url, runs)),
        NodeValue::Link(link) => node.children().for_each(|child| collect(child, "link", &link.url, runs)),
        NodeValue::HtmlInline(_) => {}
        _ => node.children().for_each(|child| collect(child, style, url, runs)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Inline {
        Inline { text: text.into(), style: "plain", url: String::new() }
    }

    #[test]
    fn markup_becomes_structure_and_raw_html_is_dropped() {
        let prose = Prose::new("1. Run `aws iam`\n2. Stop <script>alert(1)</script>\n");
        let [Block::List { ordered: true, items }] = prose.blocks.as_slice() else { panic!("{:?}", prose.blocks) };
        let code = Inline { text: "aws iam".into(), style: "code", url: String::new() };
        assert_eq!(items[0], [Block::Paragraph { inlines: vec![plain("Run "), code] }]);
        assert_eq!(items[1], [Block::Paragraph { inlines: vec![plain("Stop "), plain("alert(1)")] }]);
        assert!(!prose.html.contains("<script"), "{}", prose.html);
    }
}
