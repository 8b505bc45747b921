//! The one TLS provider of the process.

/// Makes `ring` the TLS provider of this process, unless another was chosen before. Every adapter
/// that builds a client calls it first: reqwest is built without a provider of its own and panics
/// when there is none.
pub fn install_tls_provider() {
    // The only error is that there is one already, which is what is wanted.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
