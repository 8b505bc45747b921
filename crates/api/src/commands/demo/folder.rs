//! The folder that a demo works in.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use nexus_domain::ports::Entropy;
use nexus_infrastructure::{SystemEntropy, private_folder};

/// A folder of its own, deleted at the end unless it was asked for by name.
pub(super) struct DemoFolder {
    path: PathBuf,
    passing: bool,
}

impl DemoFolder {
    /// The folder `wanted`, which must be empty, or a new one.
    pub(super) fn open(wanted: Option<&Path>) -> anyhow::Result<Self> {
        if let Some(path) = wanted {
            private_folder(path)
                .with_context(|| format!("--folder: {} can't be made", path.display()))?;
            let mut inside = std::fs::read_dir(path)
                .with_context(|| format!("--folder: {} can't be read", path.display()))?;
            ensure!(
                inside.next().is_none(),
                "--folder: {} is not empty",
                path.display()
            );
            return Ok(Self {
                path: path.to_path_buf(),
                passing: false,
            });
        }
        let mut random = [0_u8; 6];
        SystemEntropy.fill(&mut random);
        let path = std::env::temp_dir().join(format!("nexus-demo-{}", hex::encode(random)));
        private_folder(&path).with_context(|| format!("{} can't be made", path.display()))?;
        Ok(Self {
            path,
            passing: true,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for DemoFolder {
    fn drop(&mut self) {
        if self.passing
            && let Err(error) = std::fs::remove_dir_all(&self.path)
        {
            eprintln!("{} is left: {error}", self.path.display());
        }
    }
}
