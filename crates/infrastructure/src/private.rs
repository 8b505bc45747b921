//! Folders and files for the user alone that runs the process.

use std::io;
use std::path::Path;

/// Makes a folder, with those above it, that only its owner may enter. One that is there stays as it is.
pub fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Makes an empty file that only its owner may read, with its folder. One that is there stays as it is.
pub(crate) fn private_file(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|path| !path.as_os_str().is_empty()) {
        private_folder(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop),
    }
}
