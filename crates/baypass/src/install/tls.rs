//! Keys and certificates of parties, as files: the installation's own certification authority, and for each party a key that
//! the trust lists name, and one that wallets and browsers see.
//!
//! Lives here: where they lie, making and reading them. Not here: a running process (`crate::tls`), the commands
//! (`command::tls`).
//!
//! A party's keys lie among its others (`keys/tls-N.key`, `keys/web-N.key`), their certificates in `tls/`. The number N is the
//! Unix time at which they were made. A key is written before its certificate: a certificate without a key is never there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use credential::SigningKey;
use documents::{AuthorityCode, PortId, Rules, Timestamp};
use transport::{Ca, Days, OwnKey};
use trust::{KeyEntry, Party, Role, TlsKey, TrustStore};

use super::keys::{KeyFiles, KeyStore};
use super::{Installation, all_lanes, make_folder, write_whole};
use crate::failure::{Failure, of};

/// A host that every certificate of ours bears: the machine itself.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
/// The name of the certification authority's key.
const CA: &str = "ca";

/// For whom a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Between parties; the trust lists name it.
    Parties,
    /// Before wallets and browsers; the certification authority vouches for it.
    Web,
}

impl Use {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Parties => "tls-",
            Self::Web => "web-",
        }
    }

    fn name(self, number: u64) -> String {
        format!("{}{number}", self.prefix())
    }
}

/// Every party of an installation: the authorities, and the gates of each port that has a folder.
pub fn parties(of_what: &Installation) -> Result<Vec<Party>, Failure> {
    let lanes = all_lanes(&Rules::builtin().map_err(of)?);
    let ports: BTreeSet<PortId> =
        lanes.into_iter().map(|lane| lane.port).filter(|port| of_what.gate(port).is_dir()).collect();
    let authorities = AuthorityCode::ALL.map(Party::Authority);
    Ok(authorities.into_iter().chain(ports.into_iter().map(Party::Gates)).collect())
}

/// The authorities whose lists name the keys of a party: its own, or those that the gates bring something.
pub fn listing(party: &Party, rules: &Rules) -> BTreeSet<AuthorityCode> {
    match party {
        Party::Authority(code) => [*code].into(),
        Party::Gates(port) => {
            let lanes = all_lanes(rules).into_iter().filter(|lane| lane.port == *port);
            lanes.flat_map(|lane| [lane.direction.from(), lane.direction.to()]).collect()
        }
    }
}

fn ca_folder(of_what: &Installation) -> PathBuf {
    of_what.root().join("ca")
}

/// Where everybody reads the certification authority's certificate.
pub fn ca_path(of_what: &Installation) -> PathBuf {
    of_what.public().join("ca.pem")
}

/// The installation's certification authority, made where there is none.
pub fn ca(of_what: &Installation, now: Timestamp) -> Result<Ca, Failure> {
    let keys = KeyFiles::of(&ca_folder(of_what));
    if !keys.has(CA) {
        keys.put_signing(CA, &SigningKey::generate().map_err(of)?)?;
    }
    let ca = Ca::new(&keys.signing(CA)?).map_err(of)?;
    if !ca_path(of_what).exists() {
        let day = now.local_date();
        let to = day.plus_days(Days::builtin().map_err(of)?.ca_days);
        write_whole(&ca_path(of_what), ca.certificate(day.plus_days(-1), to).map_err(of)?.0.as_bytes())?;
    }
    Ok(ca)
}

fn folder(of_what: &Installation, party: &Party) -> PathBuf {
    of_what.party(party).join("tls")
}

/// The numbers of a party's keys that have a certificate, in order.
pub fn numbers(of_what: &Installation, party: &Party, for_whom: Use) -> Vec<u64> {
    let files = std::fs::read_dir(folder(of_what, party)).into_iter().flatten().flatten();
    let number = |file: std::fs::DirEntry| {
        let name = file.file_name();
        name.to_str()?.strip_prefix(for_whom.prefix())?.strip_suffix(".pem")?.parse().ok()
    };
    let mut found: Vec<u64> = files.filter_map(number).collect();
    found.sort_unstable();
    found
}

fn certificate_path(of_what: &Installation, party: &Party, for_whom: Use, number: u64) -> PathBuf {
    folder(of_what, party).join(format!("{}.pem", for_whom.name(number)))
}

/// The hosts by which wallets and browsers reach a party, beside its own machine's.
pub fn hosts(of_what: &Installation, party: &Party) -> Vec<String> {
    let text = std::fs::read_to_string(folder(of_what, party).join("hosts")).unwrap_or_default();
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// Sets those hosts for the certificates that are made from now on.
pub fn put_hosts(of_what: &Installation, party: &Party, hosts: &[String]) -> Result<(), Failure> {
    make_folder(&folder(of_what, party))?;
    write_whole(&folder(of_what, party).join("hosts"), hosts.join("\n").as_bytes())
}

/// All names in a party's certificates for wallets and browsers.
pub fn all_hosts(of_what: &Installation, party: &Party) -> Vec<String> {
    LOOPBACK.map(str::to_owned).into_iter().chain(hosts(of_what, party)).collect()
}

/// Makes a key of a party with its certificate; gives the key's number and public key.
pub fn make(
    of_what: &Installation,
    ca: &Ca,
    party: &Party,
    for_whom: Use,
    now: Timestamp,
) -> Result<(u64, SigningKey), Failure> {
    let newest = numbers(of_what, party, for_whom).last().copied().unwrap_or(0);
    let number = now.unix().unsigned_abs().max(newest + 1);
    let key = SigningKey::generate().map_err(of)?;
    let day = now.local_date();
    let days = (day.plus_days(-1), day.plus_days(Days::builtin().map_err(of)?.leaf_days));
    let hosts = match for_whom {
        Use::Parties => Vec::new(),
        Use::Web => all_hosts(of_what, party),
    };
    let certificate = ca.certify(&party.to_string(), &hosts, &key, days).map_err(of)?;
    KeyFiles::of(&of_what.party(party)).put_signing(&for_whom.name(number), &key)?;
    make_folder(&folder(of_what, party))?;
    write_whole(&certificate_path(of_what, party, for_whom, number), certificate.0.as_bytes())?;
    Ok((number, key))
}

/// The entry of a party's key in a trust list.
pub fn entry(party: &Party, number: u64, key: &SigningKey, from: Timestamp, to: Timestamp) -> KeyEntry {
    let kid = TlsKey { party: party.clone(), number }.kid();
    let key = key.public().as_bytes().to_vec();
    KeyEntry { role: Role::Tls, kid, key, from, to, compromised: false, binding: None }
}

/// Reads the keys of a party.
pub fn own_keys(of_what: &Installation, party: &Party, for_whom: Use) -> Result<Vec<OwnKey>, Failure> {
    let keys = KeyFiles::of(&of_what.party(party));
    let one = |number: u64| {
        let path = certificate_path(of_what, party, for_whom, number);
        let pem = std::fs::read(&path).map_err(|error| {
            Failure::new(format!(
                "{} cannot be read ({error}); make another with `baypass tls renew`",
                path.display()
            ))
        })?;
        let key = keys.signing(&for_whom.name(number))?;
        OwnKey::new(number, &key, &pem).map_err(|error| {
            Failure::new(format!("{}: {error} (`baypass tls renew` makes another)", path.display()))
        })
    };
    let found = numbers(of_what, party, for_whom).into_iter().map(one).collect::<Result<Vec<_>, _>>()?;
    if found.is_empty() {
        let (root, party) = (of_what.root().display(), party.to_string());
        return Err(Failure::new(format!(
            "{party} has no key and certificate for connections, as in installations of the version before; `baypass tls \
             renew --dir {root}` makes them for every party, and lists them"
        )));
    }
    Ok(found)
}

/// Until when the newest key that each party uses serves, of the party whose ends first.
pub fn ends_first(
    of_what: &Installation,
    trust: &TrustStore,
    now: Timestamp,
) -> Result<(Party, Timestamp), Failure> {
    let mut first: Option<(Party, Timestamp)> = None;
    for party in parties(of_what)? {
        own_keys(of_what, &party, Use::Parties)?;
        web_key(of_what, &party)?;
        let keys = KeyFiles::of(&of_what.party(&party));
        let mut end = None;
        for number in numbers(of_what, &party, Use::Parties) {
            let key = keys.signing(&Use::Parties.name(number))?;
            let lists = AuthorityCode::ALL.into_iter().filter_map(|code| trust.list(code));
            let entries = lists.flat_map(|list| &list.keys);
            let entry = entries
                .filter(|entry| entry.role == Role::Tls)
                .find(|entry| entry.key == key.public().as_bytes());
            if trust.is_tls_key_used(&party, key.public(), now) {
                end = end.max(entry.map(|entry| entry.to));
            }
        }
        let end = end.ok_or_else(|| {
            Failure::new(format!(
                "no key of {party} that the trust lists name is in use; `baypass tls renew` makes one"
            ))
        })?;
        if first.as_ref().is_none_or(|(_, before)| end < *before) {
            first = Some((party, end));
        }
    }
    first.ok_or_else(|| Failure::new("there is no party here"))
}

/// The newest key before wallets and browsers.
pub fn web_key(of_what: &Installation, party: &Party) -> Result<OwnKey, Failure> {
    let newest = own_keys(of_what, party, Use::Web)?.pop();
    newest.ok_or_else(|| Failure::new(format!("{party} has no certificate for wallets and browsers")))
}

/// A key and its certificates in files of somebody else's making, such as a public certification authority's tools.
pub fn foreign_key(certificate: &Path, key: &Path) -> Result<OwnKey, Failure> {
    /// No certificate chain is longer.
    const LONGEST: usize = 256 * 1024;
    let pem = crate::failure::read(certificate, LONGEST)?;
    let secret = zeroize::Zeroizing::new(crate::failure::read(key, LONGEST)?);
    OwnKey::from_pem(&secret, &pem)
        .map_err(|error| Failure::new(format!("{} with {}: {error}", certificate.display(), key.display())))
}

/// Removes a key that no list names any more.
pub fn remove(of_what: &Installation, party: &Party, for_whom: Use, number: u64) -> Result<(), Failure> {
    let certificate = certificate_path(of_what, party, for_whom, number);
    std::fs::remove_file(&certificate)
        .map_err(|error| Failure::new(format!("{} cannot be removed ({error})", certificate.display())))?;
    KeyFiles::of(&of_what.party(party)).remove(&for_whom.name(number))
}

/// When the files of a party's connections were changed last, so that nothing is read in vain.
pub fn changed(of_what: &Installation, party: &Party) -> Option<std::time::SystemTime> {
    std::fs::metadata(folder(of_what, party)).and_then(|folder| folder.modified()).ok()
}
