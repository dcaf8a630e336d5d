//! Desk reader: a desk's key and certificate towards wallets of others, and the issuers whom it trusts, as files.
//!
//! Lives here: where they lie, making and reading them. Not here: what is asked (`venue::openid`), a certificate's form (`transport`).
//!
//! A desk opens no other party's folder, so it has a root of its own: the keys `openid-root` and `openid-reader` lie among the venue's,
//! the root's certificate in `public/openid-reader-<venue>.pem`, where wallets' makers find it. Issuers are pinned in the venue's
//! `openid/issuers.pem`; without that file the roots of the installation's authorities count.

use std::path::PathBuf;
use std::sync::Arc;

use credential::SigningKey;
use credential::x5c::{CertificateAnchors, certificates_of_pem};
use documents::{AuthorityCode, Timestamp, VenueId};
use transport::SignerUse;
use venue::openid::OpenIdSetup;
use verifier::VerifierSetup;

use super::certifier::{Certifier, LONGEST, RootOf, hosts_of};
use super::keys::KeyFiles;
use super::openid::{key, root_path};
use super::venues::Desk;
use super::{Installation, make_folder};
use crate::failure::{Failure, of, read};

const ROOT: &str = "openid-root";
const READER: &str = "openid-reader";
/// Most requests that a desk has open at once.
const REQUESTS: usize = 256;

/// Where everybody reads a desk's root.
pub fn reader_root_path(of_what: &Installation, venue: &VenueId) -> PathBuf {
    of_what.public().join(format!("openid-reader-{venue}.pem"))
}

fn issuers(of_what: &Installation, venue: &VenueId) -> Result<CertificateAnchors, Failure> {
    let pinned = of_what.venue(venue).join("openid/issuers.pem");
    let files = if pinned.exists() {
        vec![pinned]
    } else {
        let roots = AuthorityCode::ALL.map(|code| root_path(of_what, code));
        roots.into_iter().filter(|path| path.exists()).collect()
    };
    let mut all = Vec::new();
    for file in files {
        let pem = read(&file, LONGEST)?;
        let wrong = |error| Failure::new(format!("{}: {error}", file.display()));
        all.extend(certificates_of_pem(&String::from_utf8_lossy(&pem)).map_err(wrong)?);
    }
    CertificateAnchors::from_der(all.iter().map(Vec::as_slice)).map_err(of)
}

/// The key by which a desk asks, and its certificate in DER.
fn reader(
    of_what: &Installation,
    desk: &Desk,
    host: Option<String>,
    now: Timestamp,
) -> Result<(SigningKey, Vec<u8>), Failure> {
    let keys = KeyFiles::of(&of_what.venue(desk.id()));
    let folder = of_what.venue(desk.id()).join("openid");
    make_folder(&folder)?;
    let name = format!("Bay Pass desk {}", desk.id());
    let country = desk.authority().country();
    let (root_file, root_key) = (reader_root_path(of_what, desk.id()), key(&keys, ROOT)?);
    let of_whom = RootOf { name: format!("{name} root"), country, key: &root_key };
    let root = Certifier::write(&root_file, &of_whom, None, now.local_date())?;
    let (reader, base) = (key(&keys, READER)?, folder.join("reader"));
    // Who reads in person has no address: the certificate of the one that serves stays as it is.
    let hosts = host.map_or_else(|| hosts_of(&base), |host| vec![host]);
    let leaf = root.write_signer(&base, &name, (&reader, SignerUse::Reader), &hosts, now)?;
    Ok((reader, leaf))
}

/// By what a desk reads in person, and whose credentials count there.
pub struct InPerson {
    /// The key that signs requests.
    pub key: SigningKey,
    /// Its certificates in DER, leaf first, without the root.
    pub chain: Vec<Vec<u8>>,
    /// Whose credentials count.
    pub issuers: CertificateAnchors,
}
documents::redact_debug!(InPerson);

/// What a desk reads by in person; key and certificates are made where there are none.
pub fn in_person(of_what: &Installation, desk: &Desk, now: Timestamp) -> Result<InPerson, Failure> {
    let (key, leaf) = reader(of_what, desk, None, now)?;
    Ok(InPerson { key, chain: vec![leaf], issuers: issuers(of_what, desk.id())? })
}

/// What a desk asks wallets of others by, at the address `base` as they reach it and on the counter's page of the origin `page`; key and certificates are made where there are none.
pub fn setup(
    of_what: &Installation,
    desk: &Desk,
    base: &str,
    page: &str,
    client: reqwest::Client,
    now: Timestamp,
) -> Result<OpenIdSetup, Failure> {
    let url = reqwest::Url::parse(base).map_err(of)?;
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let (reader, leaf) = reader(of_what, desk, Some(host), now)?;
    let verifier = VerifierSetup {
        base: base.to_owned(),
        key: Arc::new(reader),
        chain: vec![leaf],
        client,
        most: REQUESTS,
    };
    Ok(OpenIdSetup { verifier, issuers: issuers(of_what, desk.id())?, page: Some(page.to_owned()) })
}
