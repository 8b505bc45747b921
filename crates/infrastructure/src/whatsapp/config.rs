//! Where Meta's API is, and how long to wait for it.

use std::time::Duration;

/// How to reach the Graph API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhatsAppConfig {
    /// Scheme, host and port: `https://graph.facebook.com`, or the sandbox.
    pub base_url: String,
    /// The version in the path: `v23.0`.
    pub version: String,
    /// How long a connection may take, TLS included. Nothing was sent when it runs out.
    pub connect_timeout: Duration,
    /// How long a whole request may take. When it runs out, the message is in doubt.
    pub request_timeout: Duration,
    /// How many idle connections are kept: as many as sends are in flight at once.
    pub idle_connections: usize,
    /// How long an idle connection is kept. Shorter than the provider keeps it, or a send meets a
    /// connection that is just being closed and is in doubt.
    pub idle_timeout: Duration,
}

impl Default for WhatsAppConfig {
    fn default() -> Self {
        Self {
            base_url: "https://graph.facebook.com".to_owned(),
            version: "v23.0".to_owned(),
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(20),
            idle_connections: 512,
            idle_timeout: Duration::from_secs(20),
        }
    }
}

/// A configuration that no client can be built from.
#[derive(Debug, thiserror::Error)]
pub enum WhatsAppConfigError {
    /// The base is no `http://` or `https://` address of a host.
    #[error("{0:?} is no address of a server: it takes https://host or https://host:port")]
    BaseUrl(String),
    /// The version is not of the form `v23.0`.
    #[error("{0:?} is no version of the Graph API: it takes the form v23.0")]
    Version(String),
    /// The HTTP client could not be built: no root certificates on this machine.
    #[error("the HTTP client can't be built")]
    Client(#[source] reqwest::Error),
}

impl WhatsAppConfig {
    /// `https://graph.facebook.com/v23.0`
    pub(super) fn root(&self) -> Result<String, WhatsAppConfigError> {
        let wrong_base = || WhatsAppConfigError::BaseUrl(self.base_url.clone());
        let base = reqwest::Url::parse(&self.base_url).map_err(|_| wrong_base())?;
        let plain = matches!(base.scheme(), "http" | "https")
            && base.has_host()
            && base.username().is_empty()
            && base.password().is_none()
            && base.query().is_none()
            && base.fragment().is_none();
        if !plain {
            return Err(wrong_base());
        }
        let numbers = self.version.strip_prefix('v').unwrap_or_default();
        let known_form = numbers.split_once('.').is_some_and(|(major, minor)| {
            [major, minor]
                .iter()
                .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
        });
        if !known_form {
            return Err(WhatsAppConfigError::Version(self.version.clone()));
        }
        Ok(format!(
            "{}/{}",
            base.as_str().trim_end_matches('/'),
            self.version
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(base_url: &str, version: &str) -> Result<String, WhatsAppConfigError> {
        WhatsAppConfig {
            base_url: base_url.to_owned(),
            version: version.to_owned(),
            ..WhatsAppConfig::default()
        }
        .root()
    }

    #[test]
    fn base_and_version_make_the_root_of_every_path() {
        assert_eq!(
            WhatsAppConfig::default().root().unwrap(),
            "https://graph.facebook.com/v23.0"
        );
        assert_eq!(
            root("http://127.0.0.1:4010/", "v24.0").unwrap(),
            "http://127.0.0.1:4010/v24.0"
        );
        assert_eq!(
            root("http://127.0.0.1:4010/graph", "v24.0").unwrap(),
            "http://127.0.0.1:4010/graph/v24.0"
        );
    }

    #[test]
    fn what_is_no_address_or_version_is_refused_by_name() {
        for base in [
            "",
            "graph.facebook.com",
            "ftp://host",
            "https://me:pw@host",
            "https://h?a=b",
        ] {
            assert!(
                matches!(root(base, "v23.0"), Err(WhatsAppConfigError::BaseUrl(_))),
                "{base}"
            );
        }
        for version in ["", "23.0", "v23", "v23.", "v23.0/me", "v.0"] {
            assert!(
                matches!(
                    root("https://graph.facebook.com", version),
                    Err(WhatsAppConfigError::Version(_))
                ),
                "{version}"
            );
        }
    }
}
