//! A root and a signer below it, as makers of wallets, document signers and readers have them; made anew for each test.

#![expect(clippy::expect_used, reason = "a tool of the tests: what cannot be made fails the test")]

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};

/// A root and one signer, valid from 2026 to 2029.
pub struct SignerChain {
    /// The root's certificate, in PEM.
    pub root_pem: String,
    /// The root's certificate, in DER.
    pub root: Vec<u8>,
    /// The signer's certificate, in DER.
    pub leaf: Vec<u8>,
    /// The signer's private key, in PKCS #8.
    pub key: Vec<u8>,
}

impl SignerChain {
    /// A chain whose signer has these hosts and, where one is named, this extended use.
    ///
    /// # Panics
    /// A certificate cannot be made.
    #[must_use]
    pub fn new(name: &str, hosts: &[&str], extended_use: Option<&[u64]>) -> Self {
        let params = |name: &str, hosts: &[&str]| {
            let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
            let mut params = CertificateParams::new(hosts).expect("hosts of a test");
            params.distinguished_name.push(DnType::CountryName, "HK");
            params.distinguished_name.push(DnType::CommonName, name);
            (params.not_before, params.not_after) = (date_time_ymd(2026, 1, 1), date_time_ymd(2029, 1, 1));
            params
        };
        let mut root = params(&format!("{name} root"), &[]);
        root.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        root.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let pair = || KeyPair::generate().expect("a key of a test");
        let root = CertifiedIssuer::self_signed(root, pair()).expect("a root of a test");
        let key = pair();
        let mut leaf = params(name, hosts);
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.extended_key_usages =
            extended_use.map(|oid| ExtendedKeyUsagePurpose::Other(oid.to_vec())).into_iter().collect();
        let leaf = leaf.signed_by(&key, &root).expect("a certificate of a test");
        Self {
            root_pem: root.pem(),
            root: root.der().to_vec(),
            leaf: leaf.der().to_vec(),
            key: key.serialize_der(),
        }
    }
}
