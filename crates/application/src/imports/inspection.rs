//! Looking into a file that was uploaded, before anything of it is imported.

use nexus_domain::ports::{FileStoreError, StorageError, TableError};
use nexus_domain::values::{Problem, Violations};
use nexus_domain::{ImportFailure, ImportPlan, ImportedFile, UserId};

use super::Imports;
use super::columns::Columns;
use super::layout::Layout;

/// Why a file could not be looked into as the plan says.
#[derive(Debug)]
pub(super) enum InspectionError {
    /// The plan does not fit the file.
    Invalid(Violations),
    /// The file can't be read.
    Unreadable(ImportFailure),
    /// The file store failed.
    Files(FileStoreError),
}

impl Imports {
    /// Opens the file of an import as `plan` says.
    pub(super) async fn inspect(
        &self,
        import: &ImportedFile,
        plan: &ImportPlan,
    ) -> Result<Layout, InspectionError> {
        let files = self.ports.files.as_ref();
        let copy = files
            .local_copy(import.user_id, import.id.as_uuid())
            .await
            .map_err(InspectionError::Files)?
            .ok_or(InspectionError::Unreadable(ImportFailure::FileMissing))?;
        let path = copy.path().to_path_buf();
        let tables = self.ports.tables.as_ref();
        let layout = match Layout::open(tables, path.clone(), import.format, plan).await {
            Ok(layout) => layout,
            Err(TableError(ImportFailure::NoSuchSheet { .. })) => {
                let accepted = tables
                    .outline(path, import.format, None, 1)
                    .await
                    .map_err(unreadable)?
                    .sheets;
                let violations = Violations::of("sheet", Problem::NotOneOf { accepted });
                return Err(InspectionError::Invalid(violations));
            }
            Err(error) => return Err(unreadable(error)),
        };
        layout.check(plan).map_err(InspectionError::Invalid)?;
        Ok(layout)
    }
}

impl Imports {
    /// Whether the user can have the custom fields of these columns.
    pub(super) async fn check_fields(
        &self,
        user: UserId,
        columns: &Columns,
        plan: &ImportPlan,
    ) -> Result<Result<(), Violations>, StorageError> {
        if !columns.has_custom_fields() {
            return Ok(Ok(()));
        }
        let known = self.ports.storage.read().fields().list(user).await?;
        let field = if plan.keep_unmapped {
            "keep_unmapped"
        } else {
            "mapping"
        };
        let checked = columns.check_fields(&known);
        Ok(checked.map_err(|problem| Violations::of(field, problem)))
    }
}

fn unreadable(TableError(failure): TableError) -> InspectionError {
    InspectionError::Unreadable(failure)
}
