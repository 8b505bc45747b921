use std::sync::Arc;

use mockall::predicate::eq;
use nexus_domain::mocks::{MockUnitOfWork, ScriptedStorage};
use nexus_domain::ports::{MockFileStore, MockTableReader};
use nexus_domain::values::{ListRequest, Paging, SortDirection};
use tokio::sync::Notify;

use super::world::import_id;
use crate::fixtures::{actor, clock, entropy, user};
use crate::imports::{GetImportError, ImportPorts, Imports, ListRowErrorsError};

#[tokio::test]
async fn another_users_import_is_not_found_nor_are_its_errors() {
    let nothing = || {
        let mut unit = MockUnitOfWork::default();
        unit.imports
            .expect_find()
            .with(eq(user().id), eq(import_id()))
            .times(1)
            .returning(|_, _| Ok(None));
        unit
    };
    let storage = ScriptedStorage::new()
        .then_read(nothing())
        .then_read(nothing());
    let ports = ImportPorts {
        storage: Arc::new(storage),
        files: Arc::new(MockFileStore::new()),
        tables: Arc::new(MockTableReader::new()),
        clock: clock(),
        entropy: entropy(),
        wake: Arc::new(Notify::new()),
    };
    let imports = Imports::new(ports, 1);
    let request = ListRequest {
        paging: Paging::Page { number: 1 },
        size: 20,
        sort: (),
        direction: SortDirection::Ascending,
    };

    let got = imports.get(&actor(), import_id()).await;
    let errors = imports.errors(&actor(), import_id(), &request).await;

    assert!(matches!(got, Err(GetImportError::NotFound)));
    assert!(matches!(errors, Err(ListRowErrorsError::NotFound)));
}
