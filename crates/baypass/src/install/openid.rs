//! OpenID: an authority's keys and certificates towards wallets of others, and the makers of wallets whom it trusts, as files.
//!
//! Lives here: where they lie, making and reading them. Not here: what is issued (`authority`), a certificate's form (`transport`).
//!
//! Keys lie among the authority's others (`keys/openid-root.key`, `keys/openid-signer.key`), certificates in `openid/`. Whoever makes
//! wallets is pinned by their root in `openid/wallet-makers.pem`; without that file no wallet of others is served.

use std::path::{Path, PathBuf};

use authority::OpenIdIssuer;
use credential::SigningKey;
use credential::x5c::{CertificateAnchors, certificates_of_pem};
use documents::{AuthorityCode, LocalDate, Timestamp};
use openid4vc::issuance::Endpoints;
use transport::{Days, IssuerRoot, SignerUse};
use trust::Party;

use super::keys::{KeyFiles, KeyStore};
use super::{Installation, make_folder, tls, write_whole};
use crate::failure::{Failure, of, read};

const ROOT: &str = "openid-root";
const SIGNER: &str = "openid-signer";
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

pub(super) const fn country(code: AuthorityCode) -> &'static str {
    match code {
        AuthorityCode::Chn => "CN",
        AuthorityCode::Hkg => "HK",
        AuthorityCode::Mac => "MO",
    }
}

pub(super) fn key(keys: &KeyFiles, name: &str) -> Result<SigningKey, Failure> {
    if !keys.has(name) {
        keys.put_signing(name, &SigningKey::generate().map_err(of)?)?;
    }
    keys.signing(name)
}

pub(super) fn first_certificate(path: &Path) -> Result<Vec<u8>, Failure> {
    let pem = read(path, LONGEST)?;
    let broken =
        || Failure::new(format!("{} holds no certificate; remove it, and another is made", path.display()));
    let all = certificates_of_pem(&String::from_utf8_lossy(&pem)).map_err(|_| broken())?;
    all.into_iter().next().ok_or_else(broken)
}

/// What an authority issues by at the address `base`; keys and certificates are made where there are none.
pub fn issuer(
    of_what: &Installation,
    code: AuthorityCode,
    base: &str,
    now: Timestamp,
) -> Result<OpenIdIssuer, Failure> {
    let keys = KeyFiles::of(&of_what.authority(code));
    let folder = folder(of_what, code);
    make_folder(&folder)?;
    let today = now.local_date();
    let root =
        IssuerRoot::new(format!("Bay Pass {} credentials", code.code()), country(code), &key(&keys, ROOT)?)
            .map_err(of)?;
    let root_file = root_path(of_what, code);
    if !root_file.exists() {
        let days = Days::builtin().map_err(of)?.ca_days;
        let made = root.certificate(today.plus_days(-1), today.plus_days(days)).map_err(of)?;
        write_whole(&root_file, made.0.as_bytes())?;
    }
    let signer = key(&keys, SIGNER)?;
    let hosts = tls::all_hosts(of_what, &Party::Authority(code));
    let name = format!("Bay Pass {} signer", code.code());
    let use_of = (&signer, SignerUse::DocumentSigner);
    let file = signer_certificate(&folder.join("signer"), &name, &root, use_of, &hosts, today)?;
    let makers = makers_path(of_what, code);
    let makers = if makers.exists() {
        let pem = read(&makers, LONGEST)?;
        let wrong = |error: credential::x5c::X5cError| Failure::new(format!("{}: {error}", makers.display()));
        CertificateAnchors::from_pem(&String::from_utf8_lossy(&pem)).map_err(wrong)?
    } else {
        CertificateAnchors::default()
    };
    Ok(OpenIdIssuer {
        endpoints: Endpoints::of(base),
        key: std::sync::Arc::new(signer),
        chain: vec![first_certificate(&file)?],
        root: first_certificate(&root_file)?,
        makers,
    })
}

/// The certificate `BASE.pem` of a key by this root: made anew where there is none, for other hosts, or before its end. Beside it
/// `BASE.made` says when and for whom.
pub(super) fn signer_certificate(
    base: &Path,
    name: &str,
    root: &IssuerRoot,
    (key, leaf_use): (&SigningKey, SignerUse),
    hosts: &[String],
    today: LocalDate,
) -> Result<PathBuf, Failure> {
    let (file, stamp) = (base.with_extension("pem"), base.with_extension("made"));
    let marked = format!("{today}\n{}\n", hosts.join("\n"));
    let same_hosts = std::fs::read_to_string(&stamp)
        .is_ok_and(|text| text.lines().skip(1).eq(hosts.iter().map(String::as_str)));
    let serves = made_on(&stamp).is_some_and(|made| today < made.plus_days(SIGNER_DAYS - LEAD_DAYS));
    if !file.exists() || !same_hosts || !serves {
        let days = (today.plus_days(-1), today.plus_days(SIGNER_DAYS));
        let made = root.certify(name, hosts, key, leaf_use, days).map_err(of)?;
        write_whole(&file, made.0.as_bytes())?;
        write_whole(&stamp, marked.as_bytes())?;
    }
    Ok(file)
}

/// The day on which the signer's certificate was made, as a file beside it says.
fn made_on(path: &Path) -> Option<LocalDate> {
    std::fs::read_to_string(path).ok()?.lines().next()?.parse().ok()
}
