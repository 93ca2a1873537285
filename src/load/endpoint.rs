//! The address of the API.

use hyper::Uri;
use url::Url;

use super::exchange_error::exchange_error;
use super::{ExchangeError, LoadError};

/// The base URL of all requests. It may have a path of its own.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    /// Without a trailing slash.
    base: String,
}

impl Endpoint {
    /// The host name of an API in memory.
    pub const IN_MEMORY: &str = "in-memory";

    /// The address of an API in memory.
    pub fn in_memory() -> Self {
        Endpoint {
            base: format!("http://{}", Self::IN_MEMORY),
        }
    }

    /// Parses an `http` or `https` URL without query, fragment and credentials.
    pub fn parse(text: &str) -> Result<Self, LoadError> {
        let bad = |message: String| LoadError::Url {
            url: text.to_owned(),
            message,
        };
        let mut url = Url::parse(text).map_err(|error| bad(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(bad("it must begin with http:// or https://".to_owned()));
        }
        if url.password().is_some() || !url.username().is_empty() {
            // The error must not contain the password. Neither setter can fail on a URL with a
            // host.
            let _ = url.set_password(None);
            let _ = url.set_username("");
            return Err(LoadError::Url {
                url: url.into(),
                message: "send credentials in a header, not in the URL".to_owned(),
            });
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(bad(
                "write a query in a request's `path`, not in the URL".to_owned()
            ));
        }
        Ok(Endpoint {
            base: url.as_str().trim_end_matches('/').to_owned(),
        })
    }

    /// The URL, without a trailing slash.
    pub fn url(&self) -> &str {
        &self.base
    }

    /// The host and port of the URL.
    pub fn address(&self) -> Option<String> {
        let url = Url::parse(&self.base).ok()?;
        Some(format!(
            "{}:{}",
            url.host_str()?,
            url.port_or_known_default()?
        ))
    }

    /// Whether the API is asked by TLS.
    pub fn is_tls(&self) -> bool {
        self.base.starts_with("https:")
    }

    /// As [`Endpoint::resolve`], for hyper.
    pub fn uri(&self, path: &str) -> Result<Uri, ExchangeError> {
        let text = match is_plain(path) {
            true => format!("{}{path}", self.base),
            false => self.resolve(path)?.into(),
        };
        Uri::try_from(text).map_err(|error| exchange_error(&error))
    }

    /// The URL of a path below this one. Characters that a URL cannot contain are escaped.
    pub fn resolve(&self, path: &str) -> Result<Url, ExchangeError> {
        let slash = if path.starts_with(['/', '?']) {
            ""
        } else {
            "/"
        };
        let text = format!("{}{slash}{path}", self.base);
        Url::parse(&text).map_err(|error| ExchangeError::Harness {
            message: format!("`{path}` is not a valid path below the API's URL: {error}"),
        })
    }

    /// The request target for a path below this one, in origin form: path and query only.
    pub fn origin_form(&self, path: &str) -> Result<Uri, ExchangeError> {
        let uri = self.uri(path)?;
        Ok(uri
            .into_parts()
            .path_and_query
            .map_or_else(Uri::default, Uri::from))
    }
}

/// Whether a path has nothing that [`Url`] would write in another way. Most have not, and to parse
/// them as a URL takes longer than to send a request.
fn is_plain(path: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_~?&=+:@!$,;()*.".contains(&byte);
    path.starts_with('/') && path.bytes().all(is_plain) && !path.contains("/.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lie_below_the_base_whatever_the_slashes() {
        for (base, path, whole) in [
            (
                "http://127.0.0.1:5001",
                "/ping",
                "http://127.0.0.1:5001/ping",
            ),
            (
                "http://127.0.0.1:5001/",
                "ping",
                "http://127.0.0.1:5001/ping",
            ),
            ("http://h/api/v1/", "/ping", "http://h/api/v1/ping"),
            ("https://h/api", "?q=a b", "https://h/api?q=a%20b"),
            ("http://h", "//elsewhere/x", "http://h//elsewhere/x"),
        ] {
            let url = Endpoint::parse(base).unwrap().resolve(path).unwrap();
            assert_eq!(url.as_str(), whole);
        }
    }

    #[test]
    fn the_short_way_to_an_address_leads_to_the_same() {
        let paths = [
            "/",
            "/a",
            "/a/b?x=1&y=%20",
            "/./a",
            "/a/../b",
            "/a b",
            "ping",
            "?x",
            "/ü",
            "//a",
            "/a#b",
            "/a'b\"c<>",
            "/a|b\\c",
            "/%2e%2e/a",
            "/a/.",
            "/...",
            "/{a}^`",
        ];
        for base in ["http://h", "http://h:81/api", "https://[::1]:8/"] {
            let endpoint = Endpoint::parse(base).unwrap();
            for path in paths {
                let whole = endpoint.resolve(path).unwrap().to_string();
                let uri: Result<Uri, _> = whole.parse();
                assert_eq!(endpoint.uri(path).ok(), uri.ok(), "{base} {path}");
            }
        }
    }

    #[test]
    fn a_bad_address_is_named() {
        for bad in ["127.0.0.1:5001", "ftp://h/", "http://", "http://h/?q=1", ""] {
            let error = Endpoint::parse(bad).unwrap_err().to_string();
            assert!(error.contains(&format!("`{bad}`")), "{error}");
        }
    }

    #[test]
    fn a_password_is_refused_and_not_repeated() {
        let error = Endpoint::parse("http://me:hush@h/")
            .unwrap_err()
            .to_string();
        assert!(error.contains("credentials"), "{error}");
        assert!(!error.contains("hush"), "{error}");
    }
}
