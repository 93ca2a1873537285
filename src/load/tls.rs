//! The certificate authorities to trust.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore, crypto};

use super::LoadError;

/// Trusts the system's certificate authorities, and those in a PEM file. The system's are only read
/// where TLS is used: that takes most of the time in which a short command runs.
///
/// Both transports use this configuration, so no process-wide crypto provider has to be installed.
pub(super) fn client_config(is_used: bool, ca: Option<&Path>) -> Result<ClientConfig, LoadError> {
    let mut roots = RootCertStore::empty();
    if is_used {
        // Missing or broken system authorities are no error: a PEM file still works.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    if let Some(path) = ca {
        add_file(&mut roots, path).map_err(|message| LoadError::Ca {
            path: path.to_owned(),
            message,
        })?;
    }
    let provider = Arc::new(crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| LoadError::Setup(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}

fn add_file(roots: &mut RootCertStore, path: &Path) -> Result<(), String> {
    let before = roots.len();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| error.to_string())? {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    if roots.len() == before {
        return Err("it contains no certificate in PEM format".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_missing_or_holds_no_certificate_is_named() {
        let empty = tempfile::NamedTempFile::new().unwrap();
        for path in [Path::new("/nowhere/ca.pem"), empty.path()] {
            let error = client_config(true, Some(path)).unwrap_err().to_string();
            assert!(error.contains(path.to_str().unwrap()), "{error}");
        }
    }
}
