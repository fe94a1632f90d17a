//! The first sheet: what was assessed, and every headline figure.

use rust_xlsxwriter::{Worksheet, XlsxError};

use super::table::{Cell, Outcome, Styles, bars, fit, high, low, page, put};
use crate::record::v1::{Assessment, IdentityMaturity};

/// Widths of names, of figures, and of the text beside them.
const WIDTHS: [f64; 10] = [46.0, 14.0, 14.0, 14.0, 14.0, 14.0, 14.0, 14.0, 14.0, 90.0];

/// Blocks of figures, one below the other.
struct Page<'a> {
    sheet: &'a mut Worksheet,
    styles: &'a Styles,
    row: u32,
}

impl Page<'_> {
    fn pair(&mut self, name: &str, value: &Cell<'_>) -> Outcome {
        self.sheet.write_string_with_format(self.row, 0, name, &self.styles.bold)?;
        // Beside names that are read from the left, so are levels.
        match value {
            Cell::Number(level) => {
                self.sheet.write_number_with_format(self.row, 1, *level, &self.styles.level)?;
            }
            value => put(self.sheet, self.row, 1, value, &self.styles.text, self.styles)?,
        }
        self.row += 1;
        Ok(())
    }

    fn header(&mut self, names: &[&str]) -> Outcome {
        self.row += 1;
        for (column, name) in (0_u16..).zip(names) {
            self.sheet.write_string_with_format(self.row, column, *name, &self.styles.header)?;
        }
        fit(self.sheet, self.row, names.iter().copied().zip(WIDTHS))?;
        self.row += 1;
        Ok(())
    }

    fn line(&mut self, cells: &[Cell<'_>]) -> Outcome {
        for (column, cell) in (0_u16..).zip(cells) {
            put(self.sheet, self.row, column, cell, &self.styles.wrapped, self.styles)?;
        }
        fit(self.sheet, self.row, cells.iter().map(Cell::text).zip(WIDTHS))?;
        self.row += 1;
        Ok(())
    }
}

pub(super) fn summary(sheet: &mut Worksheet, record: &Assessment, styles: &Styles) -> Outcome {
    sheet.set_name("Summary")?;
    for (column, width) in (0_u16..).zip(WIDTHS) {
        sheet.set_column_width(column, width)?;
    }
    page(sheet);
    sheet.set_print_fit_to_pages(1, 1);
    sheet.write_string_with_format(0, 0, "Identity maturity for AI", &styles.title)?;
    let mut page = Page { sheet, styles, row: 2 };
    about(&mut page, record)?;
    frameworks(&mut page, record)?;
    levels(&mut page, record)?;
    estate(&mut page, record)?;
    page.header(&["Findings", "Failed", "Unknown", "Waived"])?;
    for count in &record.findings.by_severity {
        page.line(&[
            Cell::Text(&count.severity),
            Cell::Count(count.failed),
            Cell::Count(count.unknown),
            Cell::Count(count.waived),
        ])?;
    }
    Ok(())
}

fn about(page: &mut Page<'_>, record: &Assessment) -> Outcome {
    let text = |value: &'_ Option<String>| Cell::Owned(value.clone().unwrap_or_default());
    let maturity = &record.maturity;
    page.pair("Organisation", &text(&record.organisation))?;
    page.pair("Client", &text(&record.scope.client))?;
    page.pair("Assessor", &text(&record.scope.assessor))?;
    page.pair("Period", &text(&record.scope.period))?;
    page.pair("Status", &text(&record.scope.status))?;
    page.pair("As of", &Cell::Date(Some(&record.as_of)))?;
    page.pair("Assessment", &Cell::Text(&record.id))?;
    page.pair("Rungs", &Cell::Text(&record.rungs.version))?;
    page.row += 1;
    let both = |page: &mut Page<'_>, name: &str, figure: &IdentityMaturity| -> Result<(), XlsxError> {
        page.pair(&format!("{name}, proven level"), &Cell::Number(f64::from(figure.proven)))?;
        page.pair(&format!("{name}, possible level"), &Cell::Number(f64::from(figure.possible)))
    };
    both(page, "All identities", &maturity.identity)?;
    both(page, "Identities that AI uses", &maturity.ai_identity)?;
    if let Some(claimed) = maturity.ai.claimed {
        page.pair("AI maturity, claimed level", &Cell::Number(f64::from(claimed)))?;
    }
    if let Some(effective) = maturity.ai.effective {
        page.pair("AI maturity, effective level, low", &Cell::Number(f64::from(effective.low)))?;
        page.pair("AI maturity, effective level, high", &Cell::Number(f64::from(effective.high)))?;
    }
    if let Some(verdict) = &maturity.ai.verdict {
        page.pair("The claim is", &Cell::Text(verdict))?;
    }
    Ok(())
}

fn frameworks(page: &mut Page<'_>, record: &Assessment) -> Outcome {
    page.header(&[
        "Framework",
        "Edition",
        "Controls",
        "Mapped",
        "Evidenced",
        "Achieved, strict, low",
        "Achieved, strict, high",
        "Achieved, accepted, low",
        "Achieved, accepted, high",
    ])?;
    let first = page.row;
    for framework in &record.frameworks {
        page.line(&[
            Cell::Text(&framework.title),
            Cell::Text(&framework.edition),
            Cell::Count(framework.in_scope as u64),
            Cell::Percent(framework.mapped),
            Cell::Percent(framework.evidenced),
            low(framework.achieved.strict.as_ref()),
            high(framework.achieved.strict.as_ref()),
            low(framework.achieved.accepted.as_ref()),
            high(framework.achieved.accepted.as_ref()),
        ])?;
    }
    if page.row > first {
        for column in 3..9 {
            bars(page.sheet, first, page.row - 1, column)?;
        }
    }
    Ok(())
}

fn levels(page: &mut Page<'_>, record: &Assessment) -> Outcome {
    let maturity = &record.maturity;
    let empty = || Cell::Text("");
    page.header(&[
        "Level",
        "AI: domains, proven",
        "AI: domains, possible",
        "All: domains, proven",
        "All: domains, possible",
        "Practices failing",
        "Practices unproven",
        "",
        "",
        "What it asks",
    ])?;
    for (whole, ai) in maturity.identity.profile.iter().zip(&maturity.ai_identity.profile) {
        let level = maturity.model.levels.iter().find(|level| level.level == whole.level);
        let count = |number: usize| Cell::Count(number as u64);
        page.line(&[
            Cell::Owned(format!("{} {}", whole.level, level.map(|level| level.title.as_str()).unwrap_or_default())),
            count(ai.holding.low),
            count(ai.holding.high),
            count(whole.holding.low),
            count(whole.holding.high),
            count(whole.failing.len()),
            count(whole.unproven.len()),
            empty(),
            empty(),
            Cell::Text(level.map(|level| level.summary.as_str()).unwrap_or_default()),
        ])?;
    }
    page.header(&[
        "Domain",
        "AI: proven",
        "AI: possible",
        "All: proven",
        "All: possible",
        "",
        "",
        "",
        "",
        "What it asks",
    ])?;
    for domain in &maturity.identity.domains {
        let ai = maturity.ai_identity.domains.iter().find(|other| other.id == domain.id).unwrap_or(domain);
        page.line(&[
            Cell::Text(&domain.title),
            Cell::Number(f64::from(ai.proven)),
            Cell::Number(f64::from(ai.possible)),
            Cell::Number(f64::from(domain.proven)),
            Cell::Number(f64::from(domain.possible)),
            empty(),
            empty(),
            empty(),
            empty(),
            Cell::Text(&domain.asks),
        ])?;
    }
    Ok(())
}

fn estate(page: &mut Page<'_>, record: &Assessment) -> Outcome {
    let number = |count: i64| Cell::Count(u64::try_from(count).unwrap_or(0));
    page.header(&[
        "Identities, by AI's use",
        "Identities",
        "Full control",
        "All actions of a service",
        "Can give itself more",
        "Reach full control",
        "Open to others",
        "Reach not known",
    ])?;
    for use_ in &record.estate.identities {
        page.line(&[
            Cell::Text(&use_.ai_use),
            number(use_.identities),
            number(use_.admin),
            number(use_.wildcard),
            number(use_.escalation),
            number(use_.reaches_admin),
            number(use_.external_trust),
            number(use_.reach_unknown),
        ])?;
    }
    page.header(&[
        "Active credentials, by when they end",
        "Active",
        "Within 1 hour",
        "Within 1 day",
        "Within 90 days",
        "Later",
        "Never",
        "Not known",
    ])?;
    for group in &record.estate.revocation {
        page.line(&[
            Cell::Text(&group.population),
            number(group.active),
            number(group.within_hour),
            number(group.within_day),
            number(group.within_90_days),
            number(group.later),
            number(group.never),
            number(group.unknown),
        ])?;
    }
    Ok(())
}
