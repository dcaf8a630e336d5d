//! Approvals of an installation: signed by the supervisors of every jurisdiction concerned, read by everybody.
//!
//! Lives here: the signed files under `public/approvals`, the next text under an id, signing the same text with a newer key. Not here: what
//! an approval must say (`trust`), as people write one (`approval_file`).

use std::path::{Path, PathBuf};

use credential::message;
use documents::{AuthorityCode, Timestamp};
use trust::Approval;

use super::acts::{self, Office};
use super::approval_file::ApprovalFile;
use super::{Installation, lists, make_folder, signing, write_whole};
use crate::failure::{Failure, of};

fn folder(of: &Installation) -> PathBuf {
    of.public().join("approvals")
}

/// Has every jurisdiction's supervisor sign an approval, and publishes it.
pub fn add(to: &Installation, file: &ApprovalFile, now: Timestamp) -> Result<(), Failure> {
    let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if file.id.is_empty() || file.id.starts_with('.') || file.id.len() > 60 || !file.id.chars().all(named) {
        return Err(Failure::new(
            "the approval's id has 1 to 60 letters, digits, `-`, `_` or `.`; write another",
        ));
    }
    let path = folder(to).join(format!("{}.cbor", file.id));
    let number = if path.exists() {
        let known = text_at(&path)?;
        if !known.withdrawn {
            return Err(Failure::new(format!(
                "the approval {} is there already; take it back first (`baypass approval withdraw`), or choose another id",
                file.id
            )));
        }
        known.number + 1
    } else {
        1
    };
    make_folder(&folder(to))?;
    sign(to, &file.approval(number)?, &path, now)
}

/// Has every jurisdiction's supervisor sign a text, and puts it in its place.
fn sign(to: &Installation, approval: &Approval, path: &Path, now: Timestamp) -> Result<(), Failure> {
    // Decoding refuses what may not load: empty fields, missing filings or grounds.
    Approval::decode(&approval.encode()).map_err(of)?;
    let text =
        format!("{} {}{}", approval.id, approval.number, if approval.withdrawn { " withdrawn" } else { "" });
    let (trust, mut signatures) = (lists::trust(to, now)?, Vec::new());
    for code in &approval.jurisdictions {
        to.put_on_record(&Office::Supervisors(*code), (acts::SIGN_APPROVAL, &text), now)?;
        let signer = signing::approval_key(to, *code, &trust, now)?;
        signatures.push((*code, approval.sign(&signer.kid, &signer.key).map_err(of)?));
    }
    write_whole(path, &Approval::bundle(&signatures))
}

/// The text in a file; who signs the next one reads it.
fn text_at(path: &Path) -> Result<Approval, Failure> {
    let damaged = |why: String| {
        Failure::new(format!("{} is damaged ({why}); restore it from a backup", path.display()))
    };
    let bytes = std::fs::read(path).map_err(|error| damaged(error.to_string()))?;
    Approval::unverified(&bytes).map_err(|error| damaged(error.to_string()))
}

/// One of the approvals, as a person would write it.
pub fn read(from: &Installation, id: &str, now: Timestamp) -> Result<ApprovalFile, Failure> {
    let read = Approval::open(&bundle(from, id)?, &lists::trust(from, now)?, now).map_err(of)?;
    Ok(ApprovalFile::of(&read))
}

/// Takes an approval back, by a text with the next number that every jurisdiction's supervisor signs: whoever has seen it
/// takes the old one no more.
pub fn withdraw(from: &Installation, id: &str, now: Timestamp) -> Result<(), Failure> {
    bundle(from, id)?;
    let path = folder(from).join(format!("{id}.cbor"));
    let known = text_at(&path)?;
    if known.withdrawn {
        return Err(Failure::new(format!("the approval {id} was taken back already")));
    }
    sign(from, &Approval { number: known.number + 1, withdrawn: true, ..known }, &path, now)
}

/// Puts a signed approval in its place.
pub fn publish(to: &Installation, id: &str, bundle: &[u8]) -> Result<(), Failure> {
    write_whole(&folder(to).join(format!("{id}.cbor")), bundle)
}

/// The signed bundles in the installation, by id.
pub fn all(from: &Installation) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let folder = folder(from);
    let fault =
        |error: std::io::Error| Failure::new(format!("{} cannot be read ({error})", folder.display()));
    let mut found = Vec::new();
    for file in std::fs::read_dir(&folder).map_err(fault)? {
        let path = file.map_err(fault)?.path();
        if path.extension().is_some_and(|e| e == "cbor") {
            let id = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            found.push((id, std::fs::read(&path).map_err(fault)?));
        }
    }
    found.sort();
    Ok(found)
}

/// One of the signed bundles.
fn bundle(from: &Installation, id: &str) -> Result<Vec<u8>, Failure> {
    let found = all(from)?.into_iter().find(|(name, _)| name == id).map(|(_, bundle)| bundle);
    found
        .ok_or_else(|| Failure::new(format!("there is no approval {id}; `baypass approval list` names them")))
}

/// What came of signing approvals anew.
#[derive(Debug, Default)]
pub struct Renewed {
    /// The texts that were signed, each with the jurisdictions that did.
    pub signed: Vec<(Approval, Vec<AuthorityCode>)>,
    /// The ids of those that were left, because they do not count as they are, each with the reason.
    pub left: Vec<(String, String)>,
}

/// Has the supervisors of `codes` sign approvals that are not over with the key that they use now, where an older one of theirs signed: the
/// same text under the same number, so nobody is asked anything anew. The others' signatures stay.
///
/// An approval that does not count as it is, because a signature's key was stolen or has ended, is signed only where `named` is its id:
/// somebody has to have looked at its text.
pub fn renew(
    to: &Installation,
    codes: &[AuthorityCode],
    named: Option<&str>,
    now: Timestamp,
) -> Result<Renewed, Failure> {
    let (trust, mut renewed) = (lists::trust(to, now)?, Renewed::default());
    let bundles = match named {
        Some(id) => vec![(id.to_owned(), bundle(to, id)?)],
        None => all(to)?,
    };
    for (id, bundle) in bundles {
        let approval = match Approval::open(&bundle, &trust, now) {
            Ok(approval) => approval,
            Err(_) if named.is_some() => Approval::unverified(&bundle).map_err(of)?,
            Err(why) => {
                renewed.left.push((id, why.to_string()));
                continue;
            }
        };
        if approval.to < now.local_date() {
            continue;
        }
        let (mut signatures, mut by) = (Vec::new(), Vec::new());
        for (code, signed) in Approval::signatures(&bundle).map_err(of)? {
            let mut signature = signed.to_vec();
            if codes.contains(&code) {
                let signer = signing::approval_key(to, code, &trust, now)?;
                if message::kid(signed).is_ok_and(|kid| kid != signer.kid) {
                    let text = format!("{id} {} again", approval.number);
                    to.put_on_record(&Office::Supervisors(code), (acts::SIGN_APPROVAL, &text), now)?;
                    signature = approval.sign(&signer.kid, &signer.key).map_err(of)?;
                    by.push(code);
                }
            }
            signatures.push((code, signature));
        }
        let anew = Approval::bundle(&signatures);
        if !by.is_empty() {
            Approval::open(&anew, &trust, now)
                .map_err(|why| Failure::new(format!("{id} would not count when signed anew: {why}")))?;
            publish(to, &id, &anew)?;
            renewed.signed.push((approval, by));
        }
    }
    Ok(renewed)
}

/// The ids of approvals that are not over and that `code` signed with this key.
pub fn signed_with(
    from: &Installation,
    code: AuthorityCode,
    kid: &[u8],
    now: Timestamp,
) -> Result<Vec<String>, Failure> {
    let with_it = |bundle: &[u8]| {
        let over = Approval::unverified(bundle).is_ok_and(|approval| approval.to < now.local_date());
        let signatures = Approval::signatures(bundle).unwrap_or_default();
        !over
            && signatures
                .iter()
                .any(|(by, signed)| *by == code && message::kid(signed).is_ok_and(|named| named == kid))
    };
    Ok(all(from)?.into_iter().filter(|(_, bundle)| with_it(bundle)).map(|(id, _)| id).collect())
}
