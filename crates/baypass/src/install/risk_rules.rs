//! Risk rules of an installation: signed by an authority's supervisors, put into its folder, taken by its service.
//!
//! Lives here: making and signing a version ([`sign_next`], [`sign_earlier`]), the first one of specimens, the files of an authority's
//! folder `risk`. Not here: what a rule may be (`risk`), what a service does with a version (`authority`).

use std::path::PathBuf;

use ::risk::Faults;
use ::risk::engine::CelEngine;
use ::risk::rules::{MAX_RULES_TEXT, RULES_FILE, RULES_TEXT, RuleSet};
use ::risk::schema::Schema;
use ::risk::version::{RulesVersion, Stage};
use authority::{RiskRulesError, Service};
use credential::message;
use documents::{AuthorityCode, LocalDate, Timestamp};

use super::acts::{self, Office};
use super::{Installation, files_of, lists, make_folder, signing, write_whole};
use crate::failure::{Failure, of};

/// Longest signed version that is read, in bytes: the rules, and what is signed beside them.
const MAX_SIGNED: usize = MAX_RULES_TEXT + 4096;

/// Why a version was not made.
#[derive(Debug)]
pub enum NotMade {
    /// What is wrong with the rules, each with its line.
    Faults(Faults),
    /// Files, keys, or what was asked for.
    Failure(Failure),
}

impl From<Failure> for NotMade {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

fn folder(of_whom: &Installation, code: AuthorityCode) -> PathBuf {
    of_whom.authority(code).join("risk")
}

/// The signed versions in an authority's folder, by their numbers.
pub fn versions(of_whom: &Installation, code: AuthorityCode) -> Result<Vec<(PathBuf, Vec<u8>)>, Failure> {
    files_of(&folder(of_whom, code), "cose", MAX_SIGNED)
}

/// What was signed, unverified: whoever signs the next version reads it.
fn text_of(signed: &[u8]) -> Option<RulesVersion> {
    RulesVersion::decode(message::unverified_payload(signed).ok()?).ok()
}

/// Every version in the folder that can be read, in order of their numbers.
pub fn read_versions(of_whom: &Installation, code: AuthorityCode) -> Result<Vec<RulesVersion>, Failure> {
    Ok(read_signed(of_whom, code)?.into_iter().map(|(version, _)| version).collect())
}

/// The same, each with the bytes that were signed.
fn read_signed(of_whom: &Installation, code: AuthorityCode) -> Result<Vec<(RulesVersion, Vec<u8>)>, Failure> {
    let signed = versions(of_whom, code)?.into_iter();
    let mut read: Vec<_> = signed.filter_map(|(_, signed)| Some((text_of(&signed)?, signed))).collect();
    read.sort_by_key(|(version, _)| version.number);
    Ok(read)
}

/// Has the supervisors sign these rules under the next number, and puts them into the authority's folder; gives the version.
pub fn sign_next(
    to: &Installation,
    code: AuthorityCode,
    (file, text): (&str, &str),
    (stage, starts): (Stage, LocalDate),
    now: Timestamp,
) -> Result<RulesVersion, NotMade> {
    let schema = Schema::builtin().map_err(NotMade::Faults)?;
    // Every fault is told before anything is signed.
    RuleSet::read(file, text, &schema, &CelEngine::new()).map_err(NotMade::Faults)?;
    let number = next_number(to, code)?;
    let (text, schema) = (text.to_owned(), *schema.hash());
    let version = RulesVersion { authority: code, number, made: now, starts, stage, schema, text };
    sign(to, &version, now)?;
    Ok(version)
}

/// Signs an earlier version's rules once more under the next number: the way back.
pub fn sign_earlier(
    to: &Installation,
    earlier: &RulesVersion,
    now: Timestamp,
) -> Result<RulesVersion, Failure> {
    let version = earlier.again(next_number(to, earlier.authority)?, now, Stage::Full);
    sign(to, &version, now)?;
    Ok(version)
}

/// Signs the rules in force, and those on trial beside them, once more under the next numbers, with the key that is used now; gives the
/// versions.
pub fn renew(to: &Installation, code: AuthorityCode, now: Timestamp) -> Result<Vec<RulesVersion>, Failure> {
    let mut renewed = Vec::new();
    for (version, _) in running(read_signed(to, code)?) {
        let next = RulesVersion {
            starts: version.starts,
            ..version.again(next_number(to, code)?, now, version.stage)
        };
        sign(to, &next, now)?;
        renewed.push(next);
    }
    Ok(renewed)
}

/// Of versions in order of their numbers the one in force, and the newest where it is on trial beside it.
fn running(versions: Vec<(RulesVersion, Vec<u8>)>) -> Vec<(RulesVersion, Vec<u8>)> {
    let full = versions.iter().rposition(|(version, _)| version.stage == Stage::Full);
    let run = [full, versions.len().checked_sub(1)];
    versions.into_iter().enumerate().filter(|(at, _)| run.contains(&Some(*at))).map(|(_, one)| one).collect()
}

/// The numbers of the versions in force or on trial that are signed with this key.
pub fn signed_with(of_whom: &Installation, code: AuthorityCode, kid: &[u8]) -> Result<Vec<u64>, Failure> {
    let running = running(read_signed(of_whom, code)?).into_iter();
    let with_it = running.filter(|(_, signed)| message::kid(signed).is_ok_and(|named| named == kid));
    Ok(with_it.map(|(version, _)| version.number).collect())
}

fn next_number(of_whom: &Installation, code: AuthorityCode) -> Result<u64, Failure> {
    Ok(read_versions(of_whom, code)?.last().map_or(1, |version| version.number + 1))
}

fn sign(to: &Installation, version: &RulesVersion, now: Timestamp) -> Result<(), Failure> {
    let code = version.authority;
    let object = format!("version {} {}", version.number, version.stage.as_str());
    to.put_on_record(&Office::Supervisors(code), (acts::SIGN_RISK_RULES, &object), now)?;
    let signer = signing::approval_key(to, code, &lists::trust(to, now)?, now)?;
    let signed = version.sign(&signer.kid, &signer.key).map_err(of)?;
    make_folder(&folder(to, code))?;
    write_whole(&folder(to, code).join(format!("{:06}.cose", version.number)), &signed)
}

/// The first rules of a specimen authority: those in the program, in force from the first day.
pub fn sign_first(
    to: &Installation,
    code: AuthorityCode,
    starts: LocalDate,
    now: Timestamp,
) -> Result<(), Failure> {
    match sign_next(to, code, (RULES_FILE, RULES_TEXT), (Stage::Full, starts), now) {
        Ok(_) => Ok(()),
        Err(NotMade::Failure(failure)) => Err(failure),
        Err(NotMade::Faults(faults)) => Err(Failure::new(faults.to_string())),
    }
}

/// Has a service take every version of the folder that it has not taken yet; gives what was refused.
pub async fn follow(
    of_whom: &Installation,
    service: &Service,
    now: Timestamp,
) -> Result<Vec<RiskRulesError>, Failure> {
    let mut refused = Vec::new();
    for (path, signed) in versions(of_whom, service.code())? {
        let newest = service.risk_rules().newest().map_or(0, |(number, _)| number);
        if text_of(&signed).is_some_and(|version| version.number <= newest) {
            continue;
        }
        if let Err(error) = service.take_risk_rules(&signed, &path.display().to_string(), now).await {
            refused.push(error);
        }
    }
    Ok(refused)
}
