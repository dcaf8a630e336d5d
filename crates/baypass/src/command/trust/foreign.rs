//! Issuers and verifiers of other systems in an authority's list: a file that says what one counts for, put into the next list, or taken out.
//!
//! Lives here: the file, the changes of a list, how such a system is told to people. Not here: what a list may hold (`trust`), who signs
//! it (`ceremony`).

use std::path::{Path, PathBuf};

use clap::Args;
use credential::sha256;
use credential::x5c::certificates_of_pem;
use documents::{AuthorityCode, DocumentKind, LocalDate, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use trust::{Binding, CredentialType, IssuerBinding, KeyEntry, Role, TrustList, VerifierBinding};

use super::{At, InstallationArgs, one_step};
use crate::Ended;
use crate::failure::{self, Failure};
use crate::install::acts;

/// Longest file of such a system, in bytes.
const LONGEST: usize = 32 * 1024;
/// Longest name of one.
const MAX_NAME: usize = 40;

/// A kind of system of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// Its identity credentials count at an enrolment.
    Issuer,
    /// It may ask wallets.
    Verifier,
}

impl Foreign {
    const fn role(self) -> Role {
        match self {
            Self::Issuer => Role::ForeignIssuer,
            Self::Verifier => Role::ForeignVerifier,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Issuer => "issuer",
            Self::Verifier => "verifier",
        }
    }

    fn is_named(self, key: &KeyEntry, name: &[u8]) -> bool {
        key.role == self.role() && key.kid == name
    }

    /// Fails where one of this name was listed as compromised: it never comes back.
    fn check_sound(self, keys: &[KeyEntry], name: &[u8]) -> Result<(), Failure> {
        if keys.iter().any(|key| self.is_named(key, name) && key.compromised) {
            return Err(Failure::new(format!(
                "the {} {} was listed as compromised and stays so; list its new certificate under another name",
                self.word(),
                String::from_utf8_lossy(name)
            )));
        }
        Ok(())
    }

    /// Puts one into a list's keys, in place of one of the same name.
    fn put(self, keys: &mut Vec<KeyEntry>, listed: KeyEntry) -> Result<(), Failure> {
        self.check_sound(keys, &listed.kid)?;
        keys.retain(|key| !self.is_named(key, &listed.kid));
        keys.push(listed);
        Ok(())
    }

    /// Takes one out of a list's keys.
    fn take_out(self, keys: &mut Vec<KeyEntry>, name: &str) -> Result<(), Failure> {
        if !keys.iter().any(|key| self.is_named(key, name.as_bytes())) {
            return Err(Failure::new(format!(
                "no {} {name} is listed; `baypass trust list --json` names them",
                self.word()
            )));
        }
        self.check_sound(keys, name.as_bytes())?;
        keys.retain(|key| !self.is_named(key, name.as_bytes()));
        Ok(())
    }

    /// Adds and takes out what a draft names.
    pub fn change(
        self,
        list: &mut TrustList,
        add: &[PathBuf],
        remove: &[String],
        now: Timestamp,
    ) -> Result<(), Failure> {
        for name in remove {
            self.take_out(&mut list.keys, name)?;
        }
        for file in add {
            self.put(&mut list.keys, self.read(file, now)?)?;
        }
        Ok(())
    }

    /// Reads the file of one.
    fn read(self, file: &Path, now: Timestamp) -> Result<KeyEntry, Failure> {
        let bytes = failure::read(file, LONGEST)?;
        let wrong = |what: String| Failure::new(format!("{}: {what}", file.display()));
        let form =
            |error| wrong(format!("{error}; `baypass trust add-{} --help` shows the form", self.word()));
        let read: ForeignFile = serde_json::from_slice(&bytes).map_err(form)?;
        let letters = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !(1..=MAX_NAME).contains(&read.name.len()) || !read.name.bytes().all(letters) {
            return Err(wrong("a name has 1 to 40 small letters, digits and hyphens".to_owned()));
        }
        let certificates =
            certificates_of_pem(&read.certificate).map_err(|error| wrong(format!("{error}")))?;
        let [certificate] = certificates.as_slice() else {
            return Err(wrong(format!(
                "{} certificates; give the one that stands above the {}'s signers",
                certificates.len(),
                self.word()
            )));
        };
        let (key, binding) = self.binding(&read, certificate.clone()).map_err(wrong)?;
        let (from, to) = (now, read.to.plus_days(1).start());
        if to <= from {
            return Err(wrong("its last day lies behind".to_owned()));
        }
        let kid = read.name.into_bytes();
        Ok(KeyEntry { role: self.role(), kid, key, from, to, compromised: false, binding: Some(binding) })
    }

    /// The key of a file's certificate, and for what it counts; else what is wrong.
    fn binding(self, read: &ForeignFile, certificate: Vec<u8>) -> Result<(Vec<u8>, Binding), String> {
        const CERTIFICATE: &str = "the certificate is of a key on P-256, and has at most 2,048 bytes";
        let jurisdiction = read.jurisdiction.parse().map_err(|error| format!("{error}"))?;
        let types: Result<Vec<CredentialType>, _> = read.types.iter().map(|one| one.parse()).collect();
        let types = types.map_err(|error| format!("{error}"))?;
        match self {
            Self::Issuer => {
                let documents = read.documents.iter().flatten();
                let documents: Result<Vec<DocumentKind>, _> = documents.map(|one| one.parse()).collect();
                let documents = documents.map_err(|error| format!("{error}"))?;
                let bound = IssuerBinding::new(jurisdiction, types, documents, certificate);
                let bound = bound.ok_or_else(|| {
                    format!("name at least one type (at most 8) and one kind of document; {CERTIFICATE}")
                })?;
                Ok((bound.key().as_bytes().to_vec(), Binding::Issuer(bound)))
            }
            Self::Verifier => {
                if read.documents.is_some() {
                    return Err(
                        "a verifier is listed for types of credentials alone; leave documents out".to_owned()
                    );
                }
                let bound = VerifierBinding::new(jurisdiction, types, certificate);
                let bound =
                    bound.ok_or_else(|| format!("name at least one type (at most 8); {CERTIFICATE}"))?;
                Ok((bound.key().as_bytes().to_vec(), Binding::Verifier(bound)))
            }
        }
    }
}

/// What `trust add-issuer` and `trust add-verifier` take.
#[derive(Args)]
pub struct AddArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    /// Whose list.
    #[arg(long)]
    authority: AuthorityCode,
    /// What is listed, as JSON of the form above.
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    at: At,
}

/// What `trust remove-issuer` and `trust remove-verifier` take.
#[derive(Args)]
pub struct RemoveArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    /// Whose list.
    #[arg(long)]
    authority: AuthorityCode,
    /// The name in the list.
    #[arg(long)]
    name: String,
    #[command(flatten)]
    at: At,
}

/// The file of an issuer or verifier.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ForeignFile {
    name: String,
    jurisdiction: String,
    types: Vec<String>,
    /// Of an issuer alone.
    documents: Option<Vec<String>>,
    /// The last day on which it counts.
    to: LocalDate,
    certificate: String,
}

/// Lists one, in one step.
pub fn add(kind: Foreign, args: &AddArgs) -> Result<Ended, Failure> {
    let listed = kind.read(&args.file, args.at.time())?;
    let (installation, shown) = (args.installation.open()?, told(&listed).unwrap_or_default());
    let act = match kind {
        Foreign::Issuer => acts::ADD_ISSUER,
        Foreign::Verifier => acts::ADD_VERIFIER,
    };
    let what = format!("listed: {shown}");
    one_step(&installation, args.authority, args.at, (&what, (act, &shown)), |list| {
        kind.put(&mut list.keys, listed)
    })
}

/// Takes one out, in one step.
pub fn remove(kind: Foreign, args: &RemoveArgs) -> Result<Ended, Failure> {
    let (installation, name) = (args.installation.open()?, args.name.as_str());
    let act = match kind {
        Foreign::Issuer => acts::REMOVE_ISSUER,
        Foreign::Verifier => acts::REMOVE_VERIFIER,
    };
    let what = format!("no more listed: {name}");
    one_step(&installation, args.authority, args.at, (&what, (act, name)), |list| {
        kind.take_out(&mut list.keys, name)
    })
}

/// Types in one line of words.
pub fn words<'t>(types: impl Iterator<Item = &'t CredentialType>) -> String {
    types.map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// An issuer or verifier in one line of words; nothing for any other key.
pub fn told(key: &KeyEntry) -> Option<String> {
    let (jurisdiction, what, certificate) = match key.binding.as_ref()? {
        Binding::Issuer(issuer) => {
            let documents: Vec<_> = issuer.documents().map(DocumentKind::as_str).collect();
            let what = format!("{} for {}", words(issuer.types()), documents.join(", "));
            (issuer.jurisdiction(), what, issuer.certificate())
        }
        Binding::Verifier(verifier) => {
            let what = format!("may ask for {}", words(verifier.types()));
            (verifier.jurisdiction(), what, verifier.certificate())
        }
        Binding::Gate(_) | Binding::Desk(_) => return None,
    };
    let (name, print) = (String::from_utf8_lossy(&key.kid), hex::encode(sha256(certificate)));
    Some(format!("{name}, {jurisdiction}: {what}; certificate SHA-256 {print}"))
}

/// An issuer as JSON; null for any other key.
pub fn issuer_json(key: &KeyEntry) -> Value {
    let Some(Binding::Issuer(issuer)) = &key.binding else { return Value::Null };
    json!({
        "jurisdiction": issuer.jurisdiction().as_str(),
        "types": issuer.types().map(ToString::to_string).collect::<Vec<_>>(),
        "documents": issuer.documents().map(DocumentKind::as_str).collect::<Vec<_>>(),
        "certificate_sha256": hex::encode(sha256(issuer.certificate())),
    })
}

/// A verifier as JSON; null for any other key.
pub fn verifier_json(key: &KeyEntry) -> Value {
    let Some(Binding::Verifier(verifier)) = &key.binding else { return Value::Null };
    json!({
        "jurisdiction": verifier.jurisdiction().as_str(),
        "types": verifier.types().map(ToString::to_string).collect::<Vec<_>>(),
        "certificate_sha256": hex::encode(sha256(verifier.certificate())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(kind: Foreign, compromised: bool) -> KeyEntry {
        let (from, to) = (Timestamp::from_unix(0).unwrap(), Timestamp::from_unix(10).unwrap());
        let (kid, key) = (b"other".to_vec(), vec![1]);
        KeyEntry { role: kind.role(), kid, key, from, to, compromised, binding: None }
    }

    #[test]
    fn a_compromised_system_is_neither_taken_out_nor_replaced_and_the_command_says_so() {
        for (kind, other) in [(Foreign::Issuer, Foreign::Verifier), (Foreign::Verifier, Foreign::Issuer)] {
            let mut keys = vec![listed(kind, true)];
            let refused = kind.take_out(&mut keys, "other").unwrap_err().to_string();
            assert!(refused.contains("compromised") && refused.contains("another name"), "{refused}");
            assert!(kind.put(&mut keys, listed(kind, false)).is_err());
            assert_eq!(keys, [listed(kind, true)]);
            keys = vec![listed(kind, false), listed(other, false)];
            kind.put(&mut keys, listed(kind, false)).unwrap();
            assert_eq!(keys.len(), 2, "in place of one of the same name, and of the same kind");
            kind.take_out(&mut keys, "other").unwrap();
            assert_eq!(keys, [listed(other, false)]);
            let none = kind.take_out(&mut keys, "other").unwrap_err().to_string();
            assert!(none.contains(&format!("no {} other", kind.word())), "{none}");
        }
    }
}
