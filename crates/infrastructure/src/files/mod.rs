//! Where files that users gave us are kept.

mod bucket;
mod folder;

use std::io;

use nexus_domain::ports::FileStoreError;

pub use bucket::{BucketConfig, BucketFileStore};
pub use folder::FolderFileStore;

fn failed(context: &'static str) -> impl FnOnce(io::Error) -> FileStoreError {
    move |source| FileStoreError { context, source }
}
