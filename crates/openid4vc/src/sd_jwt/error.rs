//! Why an SD-JWT VC is refused: one cause, one code, one next step.

use credential::CryptoError;
use credential::jose::JwsError;
use credential::x5c::X5cError;

use crate::json::JsonError;
use crate::signed::{SignedError, chain_code};

/// Why an SD-JWT VC or its presentation is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SdJwtError {
    /// Longer than is read, or too many disclosures.
    #[error("the credential is longer than is read")]
    TooLong,
    /// Not `<JWT>~<disclosure>~...~[<key binding JWT>]`.
    #[error("this is no compact SD-JWT")]
    Form,
    /// The issuer's signature has no form of one, another algorithm or type.
    #[error("the issuer's signature: {0}")]
    Issuer(JwsError),
    /// The header or the claims are no JSON in strict form.
    #[error("the credential's JSON: {0}")]
    Json(JsonError),
    /// No certificates stand beside the signature.
    #[error("the credential names no certificate of its issuer; HAIP 1.0 demands x5c")]
    NoCertificate,
    /// The issuer's certificates do not count.
    #[error("the issuer's certificate: {0}")]
    Certificate(#[from] X5cError),
    /// `_sd_alg` names another hash than SHA-256.
    #[error("the credential hashes its claims by an algorithm that is not read; use sha-256")]
    HashAlgorithm,
    /// A disclosure is no array of salt, name and value, or of salt and value.
    #[error("a disclosure is malformed")]
    DisclosureForm,
    /// `_sd` holds something other than texts, or `...` stands for something other than a text.
    #[error("a digest is malformed")]
    DigestForm,
    /// A member's disclosure for an array, or the reverse.
    #[error("a disclosure stands where its form does not belong")]
    DisclosurePlace,
    /// A claim is named `_sd` or `...`, or longer than is read.
    #[error("a claim has a name that no claim may have")]
    ForbiddenName,
    /// A disclosed claim stands there already.
    #[error("a disclosed claim has the name of one that is there already")]
    NameTaken,
    /// A digest or a disclosure stands twice.
    #[error("a digest stands twice in the credential")]
    DigestRepeated,
    /// No digest names a disclosure.
    #[error("a disclosure belongs to no digest of the credential")]
    DisclosureUnreferenced,
    /// Claims inside claims, deeper than is read.
    #[error("the claims are nested too deeply")]
    TooDeep,
    /// A claim that everybody must see came as a disclosure.
    #[error("a claim that must not be hidden came as a disclosure")]
    NotDisclosable,
    /// A registered claim is missing or of another type.
    #[error("the claim {name} is missing or has another type")]
    Claim {
        /// The claim.
        name: &'static str,
    },
    /// Not valid any more.
    #[error("the credential has expired; fetch a new one")]
    Expired,
    /// Not valid yet.
    #[error("the credential is not valid yet")]
    NotYetValid,
    /// Made for another verifier.
    #[error("the credential was issued for another audience")]
    Audience,
    /// The type's metadata is not the one that the issuer meant.
    #[error("the metadata of the credential's type has another hash than the issuer says")]
    TypeIntegrity,
    /// No key binding where one is needed.
    #[error("the holder's signature is missing")]
    BindingMissing,
    /// A key binding in what an issuer sends.
    #[error("this is a presentation, no credential")]
    BindingUnexpected,
    /// The key binding has no form of one, or its algorithm is another.
    #[error("the holder's signature: {0}")]
    BindingForm(JwsError),
    /// The key binding's header or claims are no JSON in strict form, or one that is needed is missing.
    #[error("the holder's signature lacks iat, aud, nonce or sd_hash, or is malformed")]
    BindingClaims,
    /// The key binding is not signed by the credential's key.
    #[error("the holder's signature is not that of the credential's key")]
    BindingSignature,
    /// Made for another nonce.
    #[error("the presentation answers another request")]
    BindingNonce,
    /// Made for another verifier.
    #[error("the presentation was made for another verifier")]
    BindingAudience,
    /// Made longer ago than the window.
    #[error("the presentation is too old; make it anew")]
    BindingOld,
    /// Made later than now.
    #[error("the presentation was made in the future; set the clock")]
    BindingAhead,
    /// Over other disclosures.
    #[error("the holder signed other disclosures than the ones that came")]
    BindingHash,
    /// The crypto library failed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl SdJwtError {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLong => "sd_jwt_too_long",
            Self::Form | Self::Issuer(JwsError::Form | JwsError::Header) => "sd_jwt_form",
            Self::Issuer(JwsError::Type) => "sd_jwt_type",
            Self::Issuer(JwsError::Algorithm) => "sd_jwt_algorithm",
            Self::Issuer(JwsError::Key(_)) => "sd_jwt_header_key",
            Self::Issuer(JwsError::Signature) => "sd_jwt_signature",
            Self::Json(JsonError::RepeatedName) => "sd_jwt_name_repeated",
            Self::Json(JsonError::TooDeep) | Self::TooDeep => "sd_jwt_too_deep",
            Self::Json(_) => "sd_jwt_json",
            Self::NoCertificate => "sd_jwt_no_certificate",
            Self::Certificate(chain) => chain_code(chain),
            Self::HashAlgorithm => "sd_jwt_hash_algorithm",
            Self::DisclosureForm => "sd_jwt_disclosure_form",
            Self::DigestForm => "sd_jwt_digest_form",
            Self::DisclosurePlace => "sd_jwt_disclosure_place",
            Self::ForbiddenName => "sd_jwt_forbidden_name",
            Self::NameTaken => "sd_jwt_name_taken",
            Self::DigestRepeated => "sd_jwt_digest_repeated",
            Self::DisclosureUnreferenced => "sd_jwt_disclosure_unreferenced",
            Self::NotDisclosable => "sd_jwt_not_disclosable",
            Self::Claim { .. } => "sd_jwt_claim",
            Self::Expired => "credential_expired",
            Self::NotYetValid => "credential_not_yet_valid",
            Self::Audience => "sd_jwt_audience",
            Self::TypeIntegrity => "vct_integrity",
            Self::BindingMissing => "key_binding_missing",
            Self::BindingUnexpected => "key_binding_unexpected",
            Self::BindingForm(JwsError::Type) => "key_binding_type",
            Self::BindingForm(JwsError::Algorithm) => "key_binding_algorithm",
            Self::BindingForm(_) => "key_binding_form",
            Self::BindingClaims => "key_binding_claims",
            Self::BindingSignature => "key_binding_signature",
            Self::BindingNonce => "key_binding_nonce",
            Self::BindingAudience => "key_binding_audience",
            Self::BindingOld => "key_binding_old",
            Self::BindingAhead => "key_binding_ahead",
            Self::BindingHash => "key_binding_sd_hash",
            Self::Crypto(_) => "crypto",
        }
    }
}

impl From<SignedError> for SdJwtError {
    fn from(error: SignedError) -> Self {
        match error {
            SignedError::Signature(signature) => Self::Issuer(signature),
            SignedError::Header(json) | SignedError::Payload(json) => Self::Json(json),
        }
    }
}
