//! Where in a file the table is: sheet, header, columns.

use std::path::PathBuf;

use nexus_domain::ports::{
    TableChoice, TableError, TableOutline, TableReader, TableRow, TableSource,
};
use nexus_domain::values::Violations;
use nexus_domain::{ImportFailure, ImportPlan, TableFormat};

use super::columns::{Columns, shown_header, whole_header};

/// Within so many rows with content the header is looked for.
const HEADER_WITHIN: usize = 20;

/// A file that was opened as the plan says.
pub(super) struct Layout {
    pub(super) outline: TableOutline,
    /// The line of the header; `None` in a file without content.
    pub(super) header_line: Option<u64>,
    pub(super) header: Vec<String>,
    pub(super) source: Box<dyn TableSource>,
}

impl Layout {
    /// Opens a file. The header is on the line that the plan names, or else on the first of the
    /// first rows that is understood, or else it is the first row with content.
    pub(super) async fn open(
        tables: &dyn TableReader,
        path: PathBuf,
        format: TableFormat,
        plan: &ImportPlan,
    ) -> Result<Self, TableError> {
        let outline = tables
            .outline(path.clone(), format, plan.sheet.clone(), HEADER_WITHIN)
            .await?;
        let header_line = plan
            .header_line
            .or_else(|| header_line(&outline.rows, plan));
        let choice = TableChoice {
            sheet: plan.sheet.clone(),
            header_line,
        };
        let source = tables.open(path, format, choice).await?;
        Ok(Self {
            header: source.header(),
            outline,
            header_line,
            source,
        })
    }

    /// What the columns hold, by the plan or by the header.
    pub(super) fn columns(&self, plan: &ImportPlan) -> Result<Columns, ImportFailure> {
        let columns = match &plan.mapping {
            Some(mapping) => Some(Columns::mapped(mapping, &self.header, plan.keep_unmapped)),
            None => Columns::recognise(&self.header, plan.keep_unmapped),
        };
        columns.ok_or_else(|| ImportFailure::NoKnownColumns {
            header: shown_header(&self.header),
        })
    }

    /// Whether the columns of the plan's mapping are there.
    pub(super) fn check(&self, plan: &ImportPlan) -> Result<(), Violations> {
        match &plan.mapping {
            Some(mapping) => mapping.check(&whole_header(&self.header)),
            None => Ok(()),
        }
    }
}

fn header_line(rows: &[TableRow], plan: &ImportPlan) -> Option<u64> {
    let mapped = |row: &&TableRow| {
        plan.mapping.as_ref().is_some_and(|mapping| {
            mapping
                .columns()
                .iter()
                .any(|column| column.header.is_some())
                && mapping.check(&whole_header(&row.cells)).is_ok()
        })
    };
    let understood = |row: &&TableRow| Columns::recognise(&row.cells, false).is_some();
    rows.iter()
        .find(mapped)
        .or_else(|| rows.iter().find(understood))
        .or_else(|| rows.first())
        .map(|row| row.line)
}
