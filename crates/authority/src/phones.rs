//! Phones: which apps' attestations of device keys count, under which makers' roots.
//!
//! Lives here: [`AttestationRules`], an operator's file. Not here: what an attestation is good for (`issuance::attestation`).

use credential::attestation::android::AndroidApp;
use credential::attestation::apple::{AppleApp, Environment};
use credential::attestation::{AttestationError, RevokedSerials, TrustAnchors};
use serde::Deserialize;

/// Whose attestations count here. [`AttestationRules::default`] lists no app: every key is one in software.
#[derive(Debug, Clone, Default)]
pub struct AttestationRules {
    pub(crate) android_roots: TrustAnchors,
    pub(crate) android_revoked: RevokedSerials,
    pub(crate) android_apps: Vec<AndroidApp>,
    pub(crate) apple_roots: TrustAnchors,
    pub(crate) apple_apps: Vec<AppleApp>,
}

/// Why an operator's file does not load.
#[derive(Debug, thiserror::Error)]
pub enum AttestationRulesError {
    /// The file is no TOML of the documented form.
    #[error("not a file of attestation rules: {0}")]
    Form(#[from] toml::de::Error),
    /// The signer of an app is no SHA-256.
    #[error("the signer of {0} is not SHA-256 in 64 hexadecimal digits")]
    Signer(String),
    /// A file of roots holds no certificates.
    #[error("the roots are no certificates in PEM")]
    Roots(#[source] AttestationError),
    /// The list of revoked certificates is not of the form that Google publishes.
    #[error(
        "not a status list of attestation certificates; fetch https://android.googleapis.com/attestation/status"
    )]
    Revoked,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RulesFile {
    #[serde(default)]
    android: Vec<AndroidEntry>,
    #[serde(default)]
    apple: Vec<AppleEntry>,
    android_roots: Option<String>,
    apple_roots: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AndroidEntry {
    package: String,
    signer: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AppleEntry {
    app: String,
    #[serde(default)]
    development: bool,
}

/// Google's status list: every certificate in it is revoked or suspended.
#[derive(Deserialize)]
struct StatusFile {
    entries: std::collections::BTreeMap<String, serde::de::IgnoredAny>,
}

impl AttestationRules {
    /// The rules of an operator's file, and Google's status list where there is one. Roots that the file does not give are
    /// the makers' own.
    ///
    /// # Errors
    /// What does not load.
    pub fn from_toml(text: &str, status: Option<&[u8]>) -> Result<Self, AttestationRulesError> {
        let file: RulesFile = toml::from_str(text)?;
        let roots = |given: Option<String>, of_maker: fn() -> Result<TrustAnchors, AttestationError>| {
            given
                .map_or_else(of_maker, |pem| TrustAnchors::from_pem(&pem))
                .map_err(AttestationRulesError::Roots)
        };
        let android = |entry: AndroidEntry| {
            let signer = hex::decode(&entry.signer).ok().and_then(|bytes| bytes.try_into().ok());
            let signer = signer.ok_or_else(|| AttestationRulesError::Signer(entry.package.clone()))?;
            Ok::<_, AttestationRulesError>(AndroidApp { package: entry.package, signer })
        };
        let apple = |entry: AppleEntry| AppleApp {
            id: entry.app,
            environment: if entry.development { Environment::Development } else { Environment::Production },
        };
        let android_revoked = match status {
            None => RevokedSerials::default(),
            Some(bytes) => {
                let status: StatusFile =
                    serde_json::from_slice(bytes).map_err(|_| AttestationRulesError::Revoked)?;
                RevokedSerials::from_hex(status.entries.keys().map(String::as_str))
                    .map_err(|_| AttestationRulesError::Revoked)?
            }
        };
        Ok(Self {
            android_roots: roots(file.android_roots, TrustAnchors::google)?,
            android_revoked,
            android_apps: file.android.into_iter().map(android).collect::<Result<_, _>>()?,
            apple_roots: roots(file.apple_roots, TrustAnchors::apple)?,
            apple_apps: file.apple.into_iter().map(apple).collect(),
        })
    }
}
