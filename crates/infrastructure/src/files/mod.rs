//! Where files that users gave us are kept.

mod folder;

use std::io;

use nexus_domain::ports::FileStoreError;

pub use folder::FolderFileStore;

fn failed(context: &'static str) -> impl FnOnce(io::Error) -> FileStoreError {
    move |source| FileStoreError { context, source }
}
