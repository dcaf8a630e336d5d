//! Certifier: the root of those who sign credentials for wallets of others, or ask for them, as files.
//!
//! Lives here: when a certificate is made anew, which were made, which are revoked, the list that says so. Not here: a certificate's form
//! (`transport`), whose root it is (`openid`, `desk_reader`).
//!
//! Each certificate that was made is kept in `issued/` beside the one in use, for a stolen key is revoked by all its certificates. What is
//! revoked stands in `revoked.toml`.

use std::path::{Path, PathBuf};

use credential::x5c::{CertificateAnchors, LeafUse, first_of_pem, verify_x5c};
use credential::{PublicKey, SigningKey, certificate};
use documents::{LocalDate, Timestamp};
use serde::{Deserialize, Serialize};
use transport::{Days, IssuerAddresses, IssuerRoot, RevocationList, Revoked, SignerUse};

use super::{make_folder, write_whole};
use crate::failure::{Failure, of, read};

/// A signer's certificate serves so long, in days: at most 457 (ISO/IEC 18013-5, annex B).
const SIGNER_DAYS: i32 = 400;
/// Another one is made so long before its end, in days: credentials of the old one live a week.
const LEAD_DAYS: i32 = 30;
/// No file of certificates is longer, in bytes.
pub(super) const LONGEST: usize = 256 * 1024;
/// A list of revoked certificates counts so long, in seconds: 30 days.
const LIST_SECONDS: i64 = 30 * 86_400;
/// It is signed anew so often, in seconds: each day.
const SIGN_SECONDS: i64 = 86_400;

/// Who certifies: the name, the country in two letters, the key.
pub(super) struct RootOf<'k> {
    pub(super) name: String,
    pub(super) country: &'static str,
    pub(super) key: &'k SigningKey,
}

impl RootOf<'_> {
    fn root(&self) -> Result<IssuerRoot, Failure> {
        IssuerRoot::new(self.name.clone(), self.country, self.key).map_err(of)
    }

    /// The root's certificate in `file`, in DER, where it is of this key.
    pub(super) fn written(&self, file: &Path) -> Result<Option<Vec<u8>>, Failure> {
        if !file.exists() {
            return Ok(None);
        }
        let der = first_certificate(file)?;
        Ok((certificate::public_key(&der).as_ref() == Some(self.key.public())).then_some(der))
    }
}

/// A root with its certificate: it certifies signers.
pub(super) struct Certifier {
    root: IssuerRoot,
    /// The certificate, in DER.
    pub(super) der: Vec<u8>,
}

impl Certifier {
    /// The root with its certificate as it lies in `file`. It is written there, with these addresses, where none of this key is.
    pub(super) fn write(
        file: &Path,
        of_whom: &RootOf<'_>,
        addresses: Option<IssuerAddresses>,
        today: LocalDate,
    ) -> Result<Self, Failure> {
        match of_whom.written(file)? {
            Some(der) => Ok(Self { root: of_whom.root()?.as_certified(&der), der }),
            None => Self::write_anew(file, of_whom, addresses, today),
        }
    }

    /// The root with another certificate of the same key, written to `file`: what was signed below the one before stays valid below it.
    pub(super) fn write_anew(
        file: &Path,
        of_whom: &RootOf<'_>,
        addresses: Option<IssuerAddresses>,
        today: LocalDate,
    ) -> Result<Self, Failure> {
        let mut root = of_whom.root()?;
        if let Some(before) = of_whom.written(file)? {
            root = root.named_as(&before);
        }
        if let Some(addresses) = addresses {
            root = root.found_at(addresses);
        }
        let days = Days::builtin().map_err(of)?.ca_days;
        let made = root.certificate(today.plus_days(-1), today.plus_days(days)).map_err(of)?;
        write_whole(file, made.0.as_bytes())?;
        Ok(Self { der: first_certificate(file)?, root })
    }

    /// The certificate `BASE.pem` of a key by this root, in DER: made anew where there is none, where the one there is of another key or
    /// by another root, says other things of the root than its certificate, is for other hosts, or before its end. Beside it `BASE.made`
    /// says when and for whom.
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
            if self.certified(&der, key, now) && self.says_the_same(&der) {
                return Ok(der);
            }
        }
        let days = (today.plus_days(-1), today.plus_days(SIGNER_DAYS));
        let made = self.root.certify(name, hosts, key, leaf_use, days).map_err(of)?;
        let der = first_of_pem(&made.0).map_err(of)?;
        let issued = issued_folder(base);
        make_folder(&issued)?;
        let serial = certificate::serial_number(&der).unwrap_or_default();
        // Kept before it is used: a key whose certificate is not known could not be revoked.
        write_whole(&issued.join(format!("{}.pem", hex::encode(serial))), made.0.as_bytes())?;
        write_whole(&file, made.0.as_bytes())?;
        write_whole(&stamp, marked.as_bytes())?;
        Ok(der)
    }

    /// True where this root signed the certificate in DER, and it is this key's.
    fn certified(&self, der: &[u8], key: &SigningKey, now: Timestamp) -> bool {
        let leaf = CertificateAnchors::from_der([self.der.as_slice()])
            .and_then(|anchors| verify_x5c(&[der.to_vec()], &anchors, LeafUse::Any, now));
        leaf.is_ok_and(|leaf| leaf.key.public() == key.public())
    }

    /// True where a certificate names the root's key, its issuer and its list as the root's own does.
    fn says_the_same(&self, der: &[u8]) -> bool {
        certificate::authority_key_identifier(der) == certificate::subject_key_identifier(&self.der)
            && IssuerAddresses::in_certificate(der) == IssuerAddresses::in_certificate(&self.der)
    }
}

pub(super) fn first_certificate(path: &Path) -> Result<Vec<u8>, Failure> {
    let pem = read(path, LONGEST)?;
    first_of_pem(&String::from_utf8_lossy(&pem)).map_err(|_| {
        Failure::new(format!("{} holds no certificate; remove it, and another is made", path.display()))
    })
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

fn issued_folder(base: &Path) -> PathBuf {
    base.with_file_name("issued")
}

/// The serial numbers of the certificates that a key ever had beside `base`, that of the one in use too.
fn serials_of(base: &Path, key: &PublicKey) -> Result<Vec<Vec<u8>>, Failure> {
    let kept =
        std::fs::read_dir(issued_folder(base)).into_iter().flatten().flatten().map(|entry| entry.path());
    let in_use = base.with_extension("pem");
    let mut serials = Vec::new();
    for file in kept.chain(in_use.exists().then_some(in_use)) {
        let der = first_certificate(&file)?;
        if certificate::public_key(&der).as_ref() == Some(key) {
            serials.extend(certificate::serial_number(&der));
        }
    }
    serials.sort_unstable();
    serials.dedup();
    Ok(serials)
}

/// The file of revoked certificates.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RevokedFile {
    #[serde(default)]
    revoked: Vec<RevokedEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RevokedEntry {
    /// The serial number in hexadecimal.
    serial: String,
    /// From when on it does not count.
    at: Timestamp,
}

fn revoked_path(folder: &Path) -> PathBuf {
    folder.join("revoked.toml")
}

/// What is revoked, as `revoked.toml` in the folder says; nothing where there is none.
pub(super) fn revoked(folder: &Path) -> Result<Vec<Revoked>, Failure> {
    let path = revoked_path(folder);
    let one = |entry: RevokedEntry| {
        let serial = hex::decode(&entry.serial).ok().filter(|serial| (1..=20).contains(&serial.len()));
        Some(Revoked { serial: serial?, at: entry.at })
    };
    let file = match path.exists() {
        true => toml::from_str::<RevokedFile>(&String::from_utf8_lossy(&read(&path, LONGEST)?)).ok(),
        false => Some(RevokedFile::default()),
    };
    let entries = file.and_then(|file| file.revoked.into_iter().map(one).collect::<Option<Vec<_>>>());
    entries.ok_or_else(|| {
        Failure::new(format!(
            "{} is malformed, so no list of revoked certificates is signed; bring it back from a backup",
            path.display()
        ))
    })
}

/// Revokes every certificate that the key ever had beside `base`; gives how many were added.
pub(super) fn revoke(base: &Path, key: &PublicKey, now: Timestamp) -> Result<usize, Failure> {
    let folder = base.parent().unwrap_or(base);
    let mut all = revoked(folder)?;
    let before = all.len();
    for serial in serials_of(base, key)? {
        if all.iter().all(|one| one.serial != serial) {
            all.push(Revoked { serial, at: now });
        }
    }
    let entry = |one: &Revoked| RevokedEntry { serial: hex::encode(&one.serial), at: one.at };
    let file = RevokedFile { revoked: all.iter().map(entry).collect() };
    write_whole(&revoked_path(folder), toml::to_string(&file).map_err(of)?.as_bytes())?;
    Ok(all.len() - before)
}

/// Signs the list of revoked certificates anew while a service runs: each day, and as soon as another one is revoked.
pub struct RevocationRounds {
    folder: PathBuf,
    root_file: PathBuf,
    name: String,
    country: &'static str,
    key: SigningKey,
    given_out: RevocationList,
    last: Option<(Timestamp, Vec<Revoked>)>,
}

impl RevocationRounds {
    /// `folder` has `revoked.toml`, `root_file` the root's certificate; the list goes to `given_out`.
    pub(super) fn new(
        folder: PathBuf,
        root_file: PathBuf,
        (name, country, key): (String, &'static str, SigningKey),
        given_out: RevocationList,
    ) -> Self {
        Self { folder, root_file, name, country, key, given_out, last: None }
    }

    /// Signs the list where it is time. Where that fails, the list before stays until its end.
    pub fn follow(&mut self, now: Timestamp) -> Result<(), Failure> {
        let revoked = revoked(&self.folder)?;
        let is_due = self.last.as_ref().is_none_or(|(signed, before)| {
            *before != revoked || now.seconds_since(*signed).abs() >= SIGN_SECONDS
        });
        if !is_due {
            return Ok(());
        }
        let of_whom = RootOf { name: self.name.clone(), country: self.country, key: &self.key };
        let root = Certifier::write(&self.root_file, &of_whom, None, now.local_date())?.root;
        let list = root.revocation_list(&revoked, now, now.plus_seconds(LIST_SECONDS)).map_err(of)?;
        self.given_out.put(list);
        self.last = Some((now, revoked));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use credential::annex_b::{Profile, faults};
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair, KeyUsagePurpose, date_time_ymd};

    use super::*;

    fn now() -> Timestamp {
        "2026-03-02T10:00:00+08:00".parse().unwrap()
    }

    fn of_key(key: &SigningKey) -> RootOf<'_> {
        RootOf { name: "Root".to_owned(), country: "CN", key }
    }

    fn addresses(host: &str) -> Option<IssuerAddresses> {
        let list = format!("https://{host}/openid/root.crl");
        Some(IssuerAddresses::new(&format!("https://{host}"), &list).unwrap())
    }

    fn signer(root: &Certifier, folder: &Path, key: &SigningKey) -> Vec<u8> {
        let hosts = ["authority.example".to_owned()];
        let use_of = (key, SignerUse::DocumentSigner);
        let leaf = root.write_signer(&folder.join("signer"), "Signer", use_of, &hosts, now()).unwrap();
        assert!(root.certified(&leaf, key, now()));
        leaf
    }

    /// The root's and the signer's certificate of these keys in `folder`, as they stand there afterwards.
    fn certificates(folder: &Path, root_key: &SigningKey, key: &SigningKey) -> (Vec<u8>, Vec<u8>) {
        let (file, today) = (folder.join("root.pem"), now().local_date());
        let root = Certifier::write(&file, &of_key(root_key), addresses("hkg.example"), today).unwrap();
        let leaf = signer(&root, folder, key);
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

    /// A root as versions before made it: the common name first, the country in UTF-8, no addresses, another hash of the key.
    fn root_of_before(key: &SigningKey) -> String {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CountryName, "CN");
        params.distinguished_name.push(DnType::CommonName, "Root");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        (params.not_before, params.not_after) = (date_time_ymd(2026, 1, 1), date_time_ymd(2036, 1, 1));
        let key = KeyPair::try_from(key.to_pkcs8().unwrap().as_slice()).unwrap();
        params.self_signed(&key).unwrap().pem()
    }

    #[test]
    fn a_root_of_the_versions_before_serves_on_and_what_it_signed_stays_valid_below_its_next_certificate() {
        let folder = tempfile::tempdir().unwrap();
        let (root_key, key) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        let (file, today) = (folder.path().join("root.pem"), now().local_date());
        let pem = root_of_before(&root_key);
        std::fs::write(&file, &pem).unwrap();
        let before = Certifier::write(&file, &of_key(&root_key), addresses("hkg.example"), today).unwrap();
        assert_eq!(before.der, first_of_pem(&pem).unwrap(), "it keeps its certificate");
        let old = signer(&before, folder.path(), &key);
        assert!(before.says_the_same(&old) && certificate::issuer_uri(&old).is_none());
        assert_eq!(signer(&before, folder.path(), &key), old, "and so does its signer");
        let after =
            Certifier::write_anew(&file, &of_key(&root_key), addresses("hkg.example"), today).unwrap();
        assert!(after.certified(&old, &key, now()), "the old signer's credentials count below the new root");
        assert_eq!(faults(&after.der, Profile::Root, None), vec![]);
        let new = signer(&after, folder.path(), &key);
        assert_ne!(new, old);
        assert_eq!(faults(&new, Profile::DocumentSigner, Some(&after.der)), vec![]);
        assert!(before.certified(&new, &key, now()), "and the other way round");
        let again = Certifier::write(&file, &of_key(&root_key), addresses("other.example"), today).unwrap();
        assert_eq!(again.der, after.der, "another address alone makes no other root");
        assert_eq!(signer(&again, folder.path(), &key), new);
        let moved =
            Certifier::write_anew(&file, &of_key(&root_key), addresses("other.example"), today).unwrap();
        let moved_leaf = signer(&moved, folder.path(), &key);
        assert_eq!(certificate::issuer_uri(&moved_leaf).as_deref(), Some("https://other.example"));
    }

    #[test]
    fn a_compromised_key_is_revoked_by_every_certificate_that_it_had_and_no_other_key_is() {
        let folder = tempfile::tempdir().unwrap();
        let keys: Vec<_> = (0..3).map(|_| SigningKey::generate().unwrap()).collect();
        let [root_key, stolen, next] = keys.as_slice() else { unreachable!("three") };
        let (file, base) = (folder.path().join("root.pem"), folder.path().join("signer"));
        let first = certificates(folder.path(), root_key, stolen).1;
        let today = now().local_date();
        let moved = Certifier::write_anew(&file, &of_key(root_key), addresses("mac.example"), today).unwrap();
        let second = signer(&moved, folder.path(), stolen);
        let other = signer(&moved, folder.path(), next);
        let serial = |der: &[u8]| certificate::serial_number(der).unwrap();
        assert_eq!(revoke(&base, stolen.public(), now()).unwrap(), 2);
        let listed: Vec<_> = revoked(folder.path()).unwrap().into_iter().map(|one| one.serial).collect();
        assert!(listed.contains(&serial(&first)) && listed.contains(&serial(&second)));
        assert!(!listed.contains(&serial(&other)));
        assert_eq!(revoke(&base, stolen.public(), now()).unwrap(), 0, "a second time changes nothing");
        std::fs::write(folder.path().join("revoked.toml"), "revoked = 1").unwrap();
        let told = revoke(&base, next.public(), now()).unwrap_err().to_string();
        assert!(told.contains("revoked.toml is malformed"), "{told}");
    }

    #[test]
    fn the_list_is_signed_anew_each_day_and_as_soon_as_something_is_revoked() {
        let folder = tempfile::tempdir().unwrap();
        let (root_key, key) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        certificates(folder.path(), &root_key, &key);
        let given_out = RevocationList::default();
        let bytes = root_key.to_pkcs8().unwrap();
        let of_whom = ("Root".to_owned(), "CN", SigningKey::from_pkcs8(&bytes).unwrap());
        let mut rounds = RevocationRounds::new(
            folder.path().to_owned(),
            folder.path().join("root.pem"),
            of_whom,
            given_out.clone(),
        );
        let mut list_at = |seconds| {
            rounds.follow(now().plus_seconds(seconds)).unwrap();
            given_out.get().unwrap()
        };
        let first = list_at(0);
        assert_eq!(list_at(86_399), first);
        let second = list_at(86_400);
        assert_ne!(second, first);
        revoke(&folder.path().join("signer"), key.public(), now()).unwrap();
        let third = list_at(86_401);
        assert!(third.len() > second.len(), "one entry more");
    }
}
