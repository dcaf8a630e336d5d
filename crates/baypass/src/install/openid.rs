//! OpenID: an authority's keys and certificates towards wallets of others, and the makers of wallets whom it trusts, as files.
//!
//! Lives here: where they lie, making and reading them. Not here: what is issued (`authority`), a certificate's form (`transport`).
//!
//! Keys lie among the authority's others (`keys/openid-root.key`, `keys/openid-signer.key`), certificates in `openid/`. Whoever makes
//! wallets is pinned by their root in `openid/wallet-makers.pem`; without that file no wallet of others is served.

use std::path::{Path, PathBuf};

use authority::OpenIdIssuer;
use credential::x5c::{CertificateAnchors, LeafUse, first_of_pem, verify_x5c};
use credential::{SigningKey, certificate};
use documents::{AuthorityCode, LocalDate, Timestamp};
use openid4vc::issuance::Endpoints;
use transport::{Days, IssuerRoot, SignerUse};
use trust::Party;
use verifier::VerifierSetup;

use super::keys::{KeyFiles, KeyStore};
use super::{Installation, make_folder, tls, write_whole};
use crate::failure::{Failure, of, read};

const ROOT: &str = "openid-root";
const SIGNER: &str = "openid-signer";
const READER: &str = "openid-reader";
/// Most enrolments that wait for an identity of another wallet at once.
const IDENTITY_REQUESTS: usize = 16_384;
/// A signer's certificate serves so long, in days: at most 457 (ISO/IEC 18013-5, annex B).
const SIGNER_DAYS: i32 = 400;
/// Another one is made so long before its end, in days: credentials of the old one live a week.
const LEAD_DAYS: i32 = 30;
/// No file of certificates is longer, in bytes.
pub(super) const LONGEST: usize = 256 * 1024;

fn folder(of_what: &Installation, code: AuthorityCode) -> PathBuf {
    of_what.authority(code).join("openid")
}

/// Where everybody reads an authority's root.
pub fn root_path(of_what: &Installation, code: AuthorityCode) -> PathBuf {
    of_what.public().join(format!("openid-{}.pem", code.code().to_ascii_lowercase()))
}

/// Where the roots of makers of wallets are pinned.
pub fn makers_path(of_what: &Installation, code: AuthorityCode) -> PathBuf {
    folder(of_what, code).join("wallet-makers.pem")
}

pub(super) fn key(keys: &KeyFiles, name: &str) -> Result<SigningKey, Failure> {
    if !keys.has(name) {
        keys.put_signing(name, &SigningKey::generate().map_err(of)?)?;
    }
    keys.signing(name)
}

fn first_certificate(path: &Path) -> Result<Vec<u8>, Failure> {
    let pem = read(path, LONGEST)?;
    first_of_pem(&String::from_utf8_lossy(&pem)).map_err(|_| {
        Failure::new(format!("{} holds no certificate; remove it, and another is made", path.display()))
    })
}

/// What an authority issues by at the address `base`; keys and certificates are made where there are none.
pub fn issuer(
    of_what: &Installation,
    code: AuthorityCode,
    base: &str,
    client: reqwest::Client,
    now: Timestamp,
) -> Result<OpenIdIssuer, Failure> {
    let keys = KeyFiles::of(&of_what.authority(code));
    let folder = folder(of_what, code);
    make_folder(&folder)?;
    let root_name = format!("Bay Pass {} credentials", code.code());
    let root_file = root_path(of_what, code);
    let root = Certifier::write(&root_file, root_name, code.country(), &key(&keys, ROOT)?, now.local_date())?;
    let signer = key(&keys, SIGNER)?;
    let hosts = tls::all_hosts(of_what, &Party::Authority(code));
    let name = format!("Bay Pass {} signer", code.code());
    let use_of = (&signer, SignerUse::DocumentSigner);
    let leaf = root.write_signer(&folder.join("signer"), &name, use_of, &hosts, now)?;
    // Who asks has a key of its own: a verifier that could sign credentials could make what it asks for.
    let reader = key(&keys, READER)?;
    let name = format!("Bay Pass {} reader", code.code());
    let use_of = (&reader, SignerUse::Reader);
    let reader_leaf = root.write_signer(&folder.join("reader"), &name, use_of, &hosts, now)?;
    let endpoints = Endpoints::of(base);
    let reader = VerifierSetup {
        base: endpoints.issuer().to_owned(),
        key: std::sync::Arc::new(reader),
        chain: vec![reader_leaf],
        client,
        most: IDENTITY_REQUESTS,
    };
    let makers = makers_path(of_what, code);
    let makers = if makers.exists() {
        let pem = read(&makers, LONGEST)?;
        let wrong = |error: credential::x5c::X5cError| Failure::new(format!("{}: {error}", makers.display()));
        CertificateAnchors::from_pem(&String::from_utf8_lossy(&pem)).map_err(wrong)?
    } else {
        CertificateAnchors::default()
    };
    Ok(OpenIdIssuer {
        endpoints,
        key: std::sync::Arc::new(signer),
        chain: vec![leaf],
        root: root.der,
        makers,
        reader,
    })
}

/// A root with its certificate: it certifies one signer.
pub(super) struct Certifier {
    root: IssuerRoot,
    /// The certificate, in DER.
    pub(super) der: Vec<u8>,
}

impl Certifier {
    /// The root of this key. Its certificate is written to `file` where none of this key lies there.
    pub(super) fn write(
        file: &Path,
        name: String,
        country: &'static str,
        root_key: &SigningKey,
        today: LocalDate,
    ) -> Result<Self, Failure> {
        let root = IssuerRoot::new(name, country, root_key).map_err(of)?;
        if file.exists() {
            let der = first_certificate(file)?;
            if certificate::public_key(&der).as_ref() == Some(root_key.public()) {
                return Ok(Self { root, der });
            }
        }
        let days = Days::builtin().map_err(of)?.ca_days;
        let made = root.certificate(today.plus_days(-1), today.plus_days(days)).map_err(of)?;
        write_whole(file, made.0.as_bytes())?;
        Ok(Self { der: first_certificate(file)?, root })
    }

    /// The certificate `BASE.pem` of a key by this root, in DER: made anew where there is none, where the one there is of another key or
    /// by another root, for other hosts, or before its end. Beside it `BASE.made` says when and for whom.
    pub(super) fn write_signer(
        &self,
        base: &Path,
        name: &str,
        (key, leaf_use): (&SigningKey, SignerUse),
        hosts: &[String],
        now: Timestamp,
    ) -> Result<Vec<u8>, Failure> {
        let (file, stamp) = (base.with_extension("pem"), base.with_extension("made"));
        let today = now.local_date();
        let marked = format!("{today}\n{}\n", hosts.join("\n"));
        let same_hosts = hosts_of(base) == hosts;
        let serves = made_on(&stamp).is_some_and(|made| today < made.plus_days(SIGNER_DAYS - LEAD_DAYS));
        if file.exists() && same_hosts && serves {
            let der = first_certificate(&file)?;
            if self.certified(&der, key, now) {
                return Ok(der);
            }
        }
        let days = (today.plus_days(-1), today.plus_days(SIGNER_DAYS));
        let made = self.root.certify(name, hosts, key, leaf_use, days).map_err(of)?;
        write_whole(&file, made.0.as_bytes())?;
        write_whole(&stamp, marked.as_bytes())?;
        first_certificate(&file)
    }

    /// True where this root signed the certificate in DER, and it is this key's.
    fn certified(&self, der: &[u8], key: &SigningKey, now: Timestamp) -> bool {
        let leaf = CertificateAnchors::from_der([self.der.as_slice()])
            .and_then(|anchors| verify_x5c(&[der.to_vec()], &anchors, LeafUse::Any, now));
        leaf.is_ok_and(|leaf| leaf.key.public() == key.public())
    }
}

/// The hosts of the certificate `BASE.pem`, as `BASE.made` says; none where there is none.
pub(super) fn hosts_of(base: &Path) -> Vec<String> {
    let stamp = std::fs::read_to_string(base.with_extension("made")).unwrap_or_default();
    stamp.lines().skip(1).filter(|host| !host.is_empty()).map(str::to_owned).collect()
}

/// The day on which the signer's certificate was made, as a file beside it says.
fn made_on(path: &Path) -> Option<LocalDate> {
    std::fs::read_to_string(path).ok()?.lines().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The root's and the signer's certificate of these keys in `folder`, as they stand there afterwards.
    fn certificates(folder: &Path, root_key: &SigningKey, signer: &SigningKey) -> (Vec<u8>, Vec<u8>) {
        let now: Timestamp = "2026-03-02T10:00:00+08:00".parse().unwrap();
        let root =
            Certifier::write(&folder.join("root.pem"), "Root".into(), "CN", root_key, now.local_date())
                .unwrap();
        let hosts = ["authority.example".to_owned()];
        let use_of = (signer, SignerUse::DocumentSigner);
        let leaf = root.write_signer(&folder.join("signer"), "Signer", use_of, &hosts, now).unwrap();
        assert!(root.certified(&leaf, signer, now));
        (root.der, leaf)
    }

    #[test]
    fn certificates_are_made_anew_where_a_key_was_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let keys: Vec<_> = (0..4).map(|_| SigningKey::generate().unwrap()).collect();
        let [root, signer, second_signer, second_root] = keys.as_slice() else { unreachable!("four") };
        let first = certificates(folder.path(), root, signer);
        assert_eq!(certificates(folder.path(), root, signer), first, "the same keys keep theirs");
        let second = certificates(folder.path(), root, second_signer);
        assert_eq!(second.0, first.0);
        assert_ne!(second.1, first.1);
        let third = certificates(folder.path(), second_root, second_signer);
        assert_ne!(third.0, second.0);
        assert_ne!(third.1, second.1, "the old root's certificate counts no more");
    }
}
