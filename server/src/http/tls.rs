//! HTTPS without a proxy: a certificate and its key from PEM files, TLS 1.2 and 1.3.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        self, ServerConfig,
        crypto::ring,
        pki_types::{
            CertificateDer, PrivateKeyDer,
            pem::{self, PemObject},
        },
    },
};

use crate::config::Tls;

/// Why HTTPS cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is not there or not PEM.
    #[error("{0}: {1}")]
    Pem(PathBuf, pem::Error),
    /// The certificate and the key are not a pair, or not usable.
    #[error("tls.cert and tls.key: {0}")]
    Pair(#[from] rustls::Error),
}

/// The acceptor of TLS connections, if TLS is configured.
pub fn acceptor(tls: &Tls) -> Result<Option<TlsAcceptor>, TlsError> {
    let (Some(cert), Some(key)) = (&tls.cert, &tls.key) else {
        return Ok(None);
    };
    let chain = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(in_file(cert))?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(in_file(key))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Some(TlsAcceptor::from(Arc::new(config))))
}

fn in_file(path: &Path) -> impl FnOnce(pem::Error) -> TlsError {
    move |error| TlsError::Pem(path.to_owned(), error)
}
