//! Nexus Communicator: storage, provider adapters, hashing, sealing, files and table readers.

mod clock;
mod entropy;
mod files;
mod hashing;
mod media;
mod private;
mod sealing;
pub mod storage;
pub mod tables;
mod tls;
pub mod whatsapp;

pub use clock::SystemClock;
pub use entropy::SystemEntropy;
pub use files::{BucketConfig, BucketFileStore, FolderFileStore};
pub use hashing::{Argon2Hasher, HashingCost};
pub use media::ContentRecogniser;
pub use private::private_folder;
pub use sealing::{KeyRing, WeakKey, check_strength, generate_secret_key};
pub use tls::install_tls_provider;
