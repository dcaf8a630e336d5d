//! Parties of the tests: certificate authorities, issuers and verifiers with fresh keys, one clock, counted salts.

use credential::jose::{Jwk, sign_jws};
use credential::x5c::CertificateAnchors;
use credential::{CryptoError, SigningKey, sha256};
use documents::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use serde_json::{Map, Value};

/// 2027-01-15T08:00:00Z.
pub const NOW: i64 = 1_800_000_000;
pub const DOCUMENT_SIGNER: &[u64] = &[1, 0, 18013, 5, 1, 2];
pub const READER: &[u64] = &[1, 0, 18013, 5, 1, 6];

pub fn now() -> Timestamp {
    at(0)
}

/// So many seconds after [`NOW`].
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(NOW + seconds).unwrap()
}

/// Salts that are all different, and the same in every run.
pub fn salts() -> impl FnMut() -> Result<[u8; 16], CryptoError> {
    let mut count = 0u64;
    move || {
        count += 1;
        Ok(sha256(&count.to_be_bytes())[..16].try_into().unwrap())
    }
}

/// A certificate authority.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A key with a certificate of an authority.
pub struct Signer {
    pub key: SigningKey,
    pub x5c: Vec<Vec<u8>>,
}

fn params(name: &str, country: &str) -> CertificateParams {
    let mut params = CertificateParams::new(vec![format!("{}.example", name.to_lowercase())]).unwrap();
    params.distinguished_name.push(DnType::CountryName, country);
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2029, 1, 1);
    params
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let mut root = params(name, "HK");
        root.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        root.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Self(CertifiedIssuer::self_signed(root, KeyPair::generate().unwrap()).unwrap())
    }

    pub fn der(&self) -> Vec<u8> {
        self.0.der().to_vec()
    }

    pub fn anchors(&self) -> CertificateAnchors {
        CertificateAnchors::from_der([self.0.der().as_ref()]).unwrap()
    }

    pub fn signer(&self, name: &str, eku: &[u64]) -> Signer {
        self.signer_of("HK", name, eku)
    }

    pub fn signer_of(&self, country: &str, name: &str, eku: &[u64]) -> Signer {
        let mut leaf = params(name, country);
        leaf.use_authority_key_identifier_extension = true;
        if !eku.is_empty() {
            leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::Other(eku.to_vec())];
        }
        let pair = KeyPair::generate().unwrap();
        let certificate = leaf.signed_by(&pair, &self.0).unwrap();
        let key = SigningKey::from_pkcs8(&pair.serialize_der()).unwrap();
        Signer { key, x5c: vec![certificate.der().to_vec()] }
    }
}

impl Signer {
    /// The certificates as a header has them.
    pub fn x5c_json(&self) -> Value {
        use base64::Engine as _;
        self.x5c.iter().map(|der| base64::engine::general_purpose::STANDARD.encode(der)).collect()
    }

    /// Signs any payload under any header, for texts that no issuer of ours would make.
    pub fn sign(&self, header: Value, payload: &[u8]) -> String {
        sign_jws(&self.key, header.as_object().unwrap_or(&Map::new()), payload).unwrap()
    }
}

pub fn jwk(key: &SigningKey) -> Jwk {
    Jwk::of(key.public(), None).unwrap()
}

/// The key of a published example, by its private and public parts in base64url.
pub fn key_of(jwk: &Value) -> SigningKey {
    use base64::Engine as _;
    let part = |name: &str| {
        base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap()
    };
    SigningKey::from_scalar(&part("d"), &[vec![4], part("x"), part("y")].concat()).unwrap()
}
