//! OpenID: an authority's keys and certificates towards wallets of others, and the makers of wallets whom it trusts, as files.
//!
//! Lives here: where they lie, making, renewing and replacing them. Not here: what is issued (`authority`), a certificate's form
//! (`transport`), when one is made anew (`certifier`).
//!
//! Keys lie among the authority's others (`keys/openid-root.key`, `keys/openid-signer.key`), certificates in `openid/`. Whoever makes
//! wallets is pinned by their root in `openid/wallet-makers.pem`; without that file no wallet of others is served.

use std::path::PathBuf;
use std::sync::Arc;

use authority::OpenIdIssuer;
use clap::ValueEnum;
use credential::SigningKey;
use credential::annex_b::{self, Profile};
use credential::x5c::CertificateAnchors;
use documents::{AuthorityCode, Timestamp};
use openid4vc::issuance::Endpoints;
use transport::{IssuerAddresses, RevocationList, SignerUse};
use trust::Party;
use verifier::VerifierSetup;

pub use super::certifier::RevocationRounds;
use super::certifier::{self, Certifier, LONGEST, RootOf};
use super::keys::{KeyFiles, KeyStore};
use super::{Installation, make_folder, tls};
use crate::failure::{Failure, of, read};

const ROOT: &str = "openid-root";
/// Most enrolments that wait for an identity of another wallet at once.
const IDENTITY_REQUESTS: usize = 16_384;

/// A key of an authority that its root certifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum IssuerKey {
    /// Signs credentials, metadata and status lists.
    Signer,
    /// Asks wallets of others for an identity. It is a key of its own: a verifier that could sign credentials could make what it asks for.
    Reader,
}

impl IssuerKey {
    const fn name(self) -> &'static str {
        match self {
            Self::Signer => "openid-signer",
            Self::Reader => "openid-reader",
        }
    }

    /// The name of the certificate's file, and the last word of its common name.
    const fn file(self) -> &'static str {
        match self {
            Self::Signer => "signer",
            Self::Reader => "reader",
        }
    }

    const fn signer_use(self) -> SignerUse {
        match self {
            Self::Signer => SignerUse::DocumentSigner,
            Self::Reader => SignerUse::Reader,
        }
    }
}

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

/// Where the issuer at this address and its list of revoked certificates are found.
fn addresses(endpoints: &Endpoints) -> Result<IssuerAddresses, Failure> {
    IssuerAddresses::new(endpoints.issuer(), &endpoints.at(Endpoints::REVOKED)).map_err(of)
}

/// One authority's files.
struct Own<'i> {
    of_what: &'i Installation,
    code: AuthorityCode,
    keys: KeyFiles,
}

impl<'i> Own<'i> {
    fn open(of_what: &'i Installation, code: AuthorityCode) -> Result<Self, Failure> {
        make_folder(&folder(of_what, code))?;
        Ok(Self { of_what, code, keys: KeyFiles::of(&of_what.authority(code)) })
    }

    fn root_name(&self) -> String {
        format!("Bay Pass {} credentials", self.code.code())
    }

    fn root_of<'k>(&self, key: &'k SigningKey) -> RootOf<'k> {
        RootOf { name: self.root_name(), country: self.code.country(), key }
    }

    fn base(&self, which: IssuerKey) -> PathBuf {
        folder(self.of_what, self.code).join(which.file())
    }

    /// A key and its certificate by this root; both are made where there are none.
    fn certified(
        &self,
        root: &Certifier,
        which: IssuerKey,
        now: Timestamp,
    ) -> Result<(SigningKey, Vec<u8>), Failure> {
        let key = key(&self.keys, which.name())?;
        let hosts = tls::all_hosts(self.of_what, &Party::Authority(self.code));
        let name = format!("Bay Pass {} {}", self.code.code(), which.file());
        let leaf = root.write_signer(&self.base(which), &name, (&key, which.signer_use()), &hosts, now)?;
        Ok((key, leaf))
    }
}

/// What an authority issues by at the address `base`; keys and certificates are made where there are none.
pub fn issuer(
    of_what: &Installation,
    code: AuthorityCode,
    base: &str,
    client: reqwest::Client,
    now: Timestamp,
) -> Result<OpenIdIssuer, Failure> {
    let own = Own::open(of_what, code)?;
    let (endpoints, root_key) = (Endpoints::of(base), key(&own.keys, ROOT)?);
    let named = Some(addresses(&endpoints)?);
    let root = Certifier::write(&root_path(of_what, code), &own.root_of(&root_key), named, now.local_date())?;
    let (signer, leaf) = own.certified(&root, IssuerKey::Signer, now)?;
    let (reader, reader_leaf) = own.certified(&root, IssuerKey::Reader, now)?;
    let reader = VerifierSetup {
        base: endpoints.issuer().to_owned(),
        key: Arc::new(reader),
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
        key: Arc::new(signer),
        chain: vec![leaf],
        root: root.der,
        revoked: RevocationList::default(),
        makers,
        reader,
    })
}

/// What the certificates of an issuer lack as it serves, each a sentence that begins with whose; nothing where they keep to ISO/IEC 18013-5,
/// annex B, and name the address at which it is reached.
pub fn lacks(issuer: &OpenIdIssuer) -> Vec<String> {
    let root = issuer.root.as_slice();
    let leaves = [&issuer.chain, &issuer.reader.chain].map(|chain| chain.first().map(Vec::as_slice));
    let faults = lacks_of(root, leaves);
    let named =
        IssuerAddresses::in_certificate(root).filter(|named| named.issuer() != issuer.endpoints.issuer());
    let other = named
        .map(|named| format!("root: its list of revoked certificates is said to lie at {}", named.issuer()));
    faults.into_iter().chain(other).collect()
}

/// What a root, and the signer and the reader below it, each in DER, lack of annex B.
fn lacks_of(root: &[u8], [signer, reader]: [Option<&[u8]>; 2]) -> Vec<String> {
    let leaf = |der: Option<&[u8]>, profile| {
        der.map(|der| annex_b::faults(der, profile, Some(root))).unwrap_or_default()
    };
    let each = [
        ("root", annex_b::faults(root, Profile::Root, None)),
        ("signer", leaf(signer, Profile::DocumentSigner)),
        ("reader", leaf(reader, Profile::Reader)),
    ];
    each.into_iter()
        .flat_map(|(whose, all)| all.into_iter().map(move |fault| format!("{whose}: {fault}")))
        .collect()
}

/// What the certificates of an authority lack as they lie in its files; `None` where none was made yet. Nothing is written.
///
/// # Errors
/// A file that holds no certificate.
pub fn lacks_in_files(of_what: &Installation, code: AuthorityCode) -> Result<Option<Vec<String>>, Failure> {
    let file = root_path(of_what, code);
    if !file.exists() {
        return Ok(None);
    }
    let leaf = |which: IssuerKey| {
        let file = folder(of_what, code).join(which.file()).with_extension("pem");
        file.exists().then(|| certifier::first_certificate(&file)).transpose()
    };
    let root = certifier::first_certificate(&file)?;
    let (signer, reader) = (leaf(IssuerKey::Signer)?, leaf(IssuerKey::Reader)?);
    Ok(Some(lacks_of(&root, [signer.as_deref(), reader.as_deref()])))
}

/// Signs an authority's list of revoked certificates in rounds, for `issuer` to give out.
pub fn revocation_rounds(
    of_what: &Installation,
    code: AuthorityCode,
    issuer: &OpenIdIssuer,
) -> Result<RevocationRounds, Failure> {
    let own = Own::open(of_what, code)?;
    let of_whom = (own.root_name(), code.country(), key(&own.keys, ROOT)?);
    Ok(RevocationRounds::new(
        folder(of_what, code),
        root_path(of_what, code),
        of_whom,
        issuer.revoked.clone(),
    ))
}

/// Makes the certificates of an authority's root, signer and reader anew, which name the address `base`. The keys stay.
pub fn renew_root(
    of_what: &Installation,
    code: AuthorityCode,
    base: &str,
    now: Timestamp,
) -> Result<(), Failure> {
    let own = Own::open(of_what, code)?;
    let (named, root_key) = (addresses(&Endpoints::of(base))?, key(&own.keys, ROOT)?);
    let file = root_path(of_what, code);
    let root = Certifier::write_anew(&file, &own.root_of(&root_key), Some(named), now.local_date())?;
    for which in [IssuerKey::Signer, IssuerKey::Reader] {
        own.certified(&root, which, now)?;
    }
    Ok(())
}

/// Puts another key in the place of an authority's signer or reader, with a certificate. Where the old one is compromised, every
/// certificate that it had is revoked; gives how many were.
pub fn replace_key(
    of_what: &Installation,
    code: AuthorityCode,
    which: IssuerKey,
    is_compromised: bool,
    now: Timestamp,
) -> Result<usize, Failure> {
    let own = Own::open(of_what, code)?;
    let root_file = root_path(of_what, code);
    if !own.keys.has(ROOT) || !own.keys.has(which.name()) || !root_file.exists() {
        return Err(Failure::new(format!(
            "{code} has no such key yet; `baypass authority serve` makes it at its first start"
        )));
    }
    let (root_key, old) = (key(&own.keys, ROOT)?, key(&own.keys, which.name())?);
    // Revoked first: a key that is gone could not be found again by its certificates.
    let revoked = match is_compromised {
        true => certifier::revoke(&own.base(which), old.public(), now)?,
        false => 0,
    };
    own.keys.remove_signing(which.name())?;
    let root = Certifier::write(&root_file, &own.root_of(&root_key), None, now.local_date())?;
    own.certified(&root, which, now)?;
    Ok(revoked)
}
