//! Issuers of other systems in an authority's list: a file that says what one counts for, put into the next list, or taken out.
//!
//! Lives here: the file, the two changes of a list, how an issuer is told to people. Not here: what a list may hold (`trust`), who signs
//! it (`ceremony`).

use std::path::{Path, PathBuf};

use clap::Args;
use credential::sha256;
use credential::x5c::certificates_of_pem;
use documents::{AuthorityCode, DocumentKind, LocalDate, Timestamp};
use serde::Deserialize;
use trust::{Binding, IssuerBinding, KeyEntry, Role, TrustList};

use super::{At, InstallationArgs, one_step};
use crate::Ended;
use crate::failure::{self, Failure};
use crate::install::acts;

/// Longest file of an issuer, in bytes.
const LONGEST: usize = 32 * 1024;
/// Longest name of one.
const MAX_NAME: usize = 40;

/// What `trust add-issuer` takes.
#[derive(Args)]
pub struct AddIssuerArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    /// Whose list.
    #[arg(long)]
    authority: AuthorityCode,
    /// The issuer as JSON: {"name": "hk-identity", "jurisdiction": "HK", "types": ["sd-jwt:VCT", "mdoc:DOCTYPE"], "documents": ["hkid"],
    /// "to": "2027-11-30", "certificate": "-----BEGIN CERTIFICATE-----..."}. The certificate is the one above its signers, brought in person.
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    at: At,
}

/// What `trust remove-issuer` takes.
#[derive(Args)]
pub struct RemoveIssuerArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    /// Whose list.
    #[arg(long)]
    authority: AuthorityCode,
    /// The issuer's name in the list.
    #[arg(long)]
    name: String,
    #[command(flatten)]
    at: At,
}

/// The file of an issuer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IssuerFile {
    name: String,
    jurisdiction: String,
    types: Vec<String>,
    documents: Vec<String>,
    /// The last day on which it counts.
    to: LocalDate,
    certificate: String,
}

/// Lists an issuer, in one step.
pub fn add(args: &AddIssuerArgs) -> Result<Ended, Failure> {
    let listed = read(&args.file, args.at.time())?;
    let (installation, shown) = (args.installation.open()?, told(&listed));
    let act = (acts::ADD_ISSUER, shown.as_str());
    one_step(&installation, args.authority, args.at, (&format!("listed: {shown}"), act), |list| {
        put(&mut list.keys, listed)
    })
}

/// Takes an issuer out, in one step.
pub fn remove(args: &RemoveIssuerArgs) -> Result<Ended, Failure> {
    let (installation, name) = (args.installation.open()?, args.name.as_str());
    let what = format!("no more listed: {name}");
    one_step(&installation, args.authority, args.at, (&what, (acts::REMOVE_ISSUER, name)), |list| {
        take_out(&mut list.keys, name)
    })
}

/// Reads the file of an issuer.
pub fn read(file: &Path, now: Timestamp) -> Result<KeyEntry, Failure> {
    let bytes = failure::read(file, LONGEST)?;
    let wrong = |what: String| Failure::new(format!("{}: {what}", file.display()));
    let form = |error| wrong(format!("{error}; `baypass trust add-issuer --help` shows the form"));
    let read: IssuerFile = serde_json::from_slice(&bytes).map_err(form)?;
    let letters = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !(1..=MAX_NAME).contains(&read.name.len()) || !read.name.bytes().all(letters) {
        return Err(wrong("a name has 1 to 40 small letters, digits and hyphens".to_owned()));
    }
    let jurisdiction = read.jurisdiction.parse().map_err(|error| wrong(format!("{error}")))?;
    let types: Result<Vec<_>, _> = read.types.iter().map(|one| one.parse()).collect();
    let types = types.map_err(|error: trust::NotACredentialType| wrong(format!("{error}")))?;
    let documents: Result<Vec<DocumentKind>, _> = read.documents.iter().map(|one| one.parse()).collect();
    let documents = documents.map_err(|error| wrong(format!("{error}")))?;
    let certificates = certificates_of_pem(&read.certificate).map_err(|error| wrong(format!("{error}")))?;
    let [certificate] = certificates.as_slice() else {
        return Err(wrong(format!(
            "{} certificates; give the one that stands above the issuer's signers",
            certificates.len()
        )));
    };
    let binding = IssuerBinding::new(jurisdiction, types, documents, certificate.clone());
    let binding = binding.ok_or_else(|| {
        wrong(
            "name at least one type (at most 8) and one kind of document; the certificate is of a key on P-256, and has at most \
             2,048 bytes"
                .to_owned(),
        )
    })?;
    let (from, to) = (now, read.to.plus_days(1).start());
    if to <= from {
        return Err(wrong("its last day lies behind".to_owned()));
    }
    Ok(KeyEntry {
        role: Role::ForeignIssuer,
        kid: read.name.into_bytes(),
        key: binding.key().as_bytes().to_vec(),
        from,
        to,
        compromised: false,
        binding: Some(Binding::Issuer(binding)),
    })
}

fn is_named(key: &KeyEntry, name: &[u8]) -> bool {
    key.role == Role::ForeignIssuer && key.kid == name
}

/// Fails where an issuer of this name was listed as compromised: it never comes back.
fn check_sound(keys: &[KeyEntry], name: &[u8]) -> Result<(), Failure> {
    if keys.iter().any(|key| is_named(key, name) && key.compromised) {
        return Err(Failure::new(format!(
            "the issuer {} was listed as compromised and stays so; list its new certificate under another name",
            String::from_utf8_lossy(name)
        )));
    }
    Ok(())
}

/// Puts an issuer into a list's keys, in place of one of the same name.
fn put(keys: &mut Vec<KeyEntry>, listed: KeyEntry) -> Result<(), Failure> {
    check_sound(keys, &listed.kid)?;
    keys.retain(|key| !is_named(key, &listed.kid));
    keys.push(listed);
    Ok(())
}

/// Takes an issuer out of a list's keys.
fn take_out(keys: &mut Vec<KeyEntry>, name: &str) -> Result<(), Failure> {
    if !keys.iter().any(|key| is_named(key, name.as_bytes())) {
        return Err(Failure::new(format!(
            "no issuer {name} is listed; `baypass trust list --json` names them"
        )));
    }
    check_sound(keys, name.as_bytes())?;
    keys.retain(|key| !is_named(key, name.as_bytes()));
    Ok(())
}

/// An issuer in one line of words; nothing for any other key.
pub fn told(key: &KeyEntry) -> String {
    let Some(Binding::Issuer(issuer)) = &key.binding else { return String::new() };
    let types: Vec<_> = issuer.types().map(ToString::to_string).collect();
    let documents: Vec<_> = issuer.documents().map(DocumentKind::as_str).collect();
    format!(
        "{}, {}: {} for {}; certificate SHA-256 {}",
        String::from_utf8_lossy(&key.kid),
        issuer.jurisdiction(),
        types.join(", "),
        documents.join(", "),
        hex::encode(sha256(issuer.certificate()))
    )
}

/// An issuer as JSON.
pub fn json(key: &KeyEntry) -> Option<serde_json::Value> {
    let Some(Binding::Issuer(issuer)) = &key.binding else { return None };
    Some(serde_json::json!({
        "jurisdiction": issuer.jurisdiction().as_str(),
        "types": issuer.types().map(ToString::to_string).collect::<Vec<_>>(),
        "documents": issuer.documents().map(DocumentKind::as_str).collect::<Vec<_>>(),
        "certificate_sha256": hex::encode(sha256(issuer.certificate())),
    }))
}

/// Adds and takes out what a draft names.
pub fn change(
    list: &mut TrustList,
    add: &[PathBuf],
    remove: &[String],
    now: Timestamp,
) -> Result<(), Failure> {
    for name in remove {
        take_out(&mut list.keys, name)?;
    }
    for file in add {
        put(&mut list.keys, read(file, now)?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issuer(compromised: bool) -> KeyEntry {
        let (from, to) = (Timestamp::from_unix(0).unwrap(), Timestamp::from_unix(10).unwrap());
        let (kid, key) = (b"other".to_vec(), vec![1]);
        KeyEntry { role: Role::ForeignIssuer, kid, key, from, to, compromised, binding: None }
    }

    #[test]
    fn a_compromised_issuer_is_neither_taken_out_nor_replaced_and_the_command_says_so() {
        let mut keys = vec![issuer(true)];
        let refused = take_out(&mut keys, "other").unwrap_err().to_string();
        assert!(refused.contains("compromised") && refused.contains("another name"), "{refused}");
        assert!(put(&mut keys, issuer(false)).is_err());
        assert_eq!(keys, [issuer(true)]);
        keys = vec![issuer(false)];
        put(&mut keys, issuer(false)).unwrap();
        assert_eq!(keys.len(), 1, "in place of one of the same name");
        take_out(&mut keys, "other").unwrap();
        assert!(take_out(&mut keys, "other").unwrap_err().to_string().contains("no issuer other"));
    }
}
