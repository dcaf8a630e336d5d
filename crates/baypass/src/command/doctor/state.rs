//! What `baypass doctor` finds out about the state of an installation: databases, free space, clocks.

use ::risk::version::Stage;
use authority::status_name;
use authority::store::inspect;
use credential::status::{SignedStatusList, list_kid};
use documents::{AuthorityCode, Timestamp};
use gate::{ClockState, apart};
use trust::{Role, TrustStore};

use crate::failure::Failure;
use crate::install::Installation;
use crate::install::parties::status_lists_to_follow;
use crate::install::risk_rules::read_versions;
use crate::serve::{Addresses, http_client};

/// Below so many bytes the next commits may meet a full disk: a night's backup, a status list, the write-ahead log.
const LEAST_FREE_BYTES: u64 = 256 * 1024 * 1024;
/// How long an authority may take to give a status list.
const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5);
/// Largest status list, in bytes.
const MAX_LIST_LEN: u64 = 4 * 1024 * 1024;

/// Whether every page of every database is whole, and of this version.
pub async fn databases(installation: &Installation) -> Result<String, String> {
    let (mut wrong, mut said) = (Vec::new(), Vec::new());
    for code in AuthorityCode::ALL {
        let looked = match inspect(&installation.database(code)).await {
            Ok(looked) => looked,
            Err(error) => {
                wrong.push(format!("{code}: {}", Failure::of(&error)));
                continue;
            }
        };
        let Some(looked) = looked else {
            said.push(format!("{code} has none yet"));
            continue;
        };
        if let Some(first) = looked.faults.first() {
            let more = looked.faults.len();
            wrong.push(format!(
                "{code}: damaged ({more} faults or more, first: {first}); stop its service and restore a backup \
                 (docs/operating.md, After a loss)"
            ));
            continue;
        }
        match looked.schema {
            Some(schema) if schema == looked.known => said.push(format!("{code} whole, schema {schema}")),
            Some(newer) if newer > looked.known => wrong.push(format!(
                "{code}: schema {newer} is of a newer program (this one knows {}); run that one",
                looked.known
            )),
            older => {
                let have = older.map_or_else(|| "none".to_owned(), |number| number.to_string());
                wrong.push(format!(
                    "{code}: schema {have}, this program has {}; back it up, then start its service, which brings it over",
                    looked.known
                ));
            }
        }
    }
    if wrong.is_empty() { Ok(said.join(", ")) } else { Err(wrong.join("; ")) }
}

/// Which risk rules are in force at each authority whose folder is here.
pub fn risk_rules(installation: &Installation) -> Result<String, String> {
    let (mut wrong, mut said) = (Vec::new(), Vec::new());
    for code in AuthorityCode::ALL.into_iter().filter(|code| installation.authority(*code).is_dir()) {
        let versions = read_versions(installation, code).map_err(|failure| failure.to_string())?;
        match versions.iter().rev().find(|version| version.stage == Stage::Full) {
            Some(version) => said.push(format!("{code} version {}", version.number)),
            None => wrong.push(format!(
                "{code}: none are in force, so an officer looks at every traveller; `baypass risk activate --stage full`"
            )),
        }
    }
    if wrong.is_empty() { Ok(said.join(", ")) } else { Err(wrong.join("; ")) }
}

/// How much room the disk of the installation has.
pub fn free_space(installation: &Installation) -> Result<String, String> {
    let shown = installation.root().display();
    let room = rustix::fs::statvfs(installation.root())
        .map_err(|error| format!("the disk of {shown} cannot be asked ({error})"))?;
    judge_space(room.f_bavail.saturating_mul(room.f_frsize))
        .map_err(|left| format!("{left} on the disk of {shown}; free some before commits fail"))
}

/// Says how much is left, as an error where it is too little.
fn judge_space(bytes: u64) -> Result<String, String> {
    let said = format!("{} MiB free", bytes / (1024 * 1024));
    if bytes < LEAST_FREE_BYTES { Err(said) } else { Ok(said) }
}

/// The clock against the times that authorities sign, of those that answer.
pub async fn clocks(
    installation: &Installation,
    trust: &TrustStore,
    now: Timestamp,
) -> Result<String, String> {
    let addresses = Addresses::read(installation).map_err(|failure| failure.to_string())?.authorities;
    let list = status_lists_to_follow(now, |_| 0).first().copied().unwrap_or(0);
    let (mut aparts, mut away) = (std::collections::BTreeMap::new(), Vec::new());
    for code in AuthorityCode::ALL {
        let signed = match addresses.get(&code) {
            Some(base) => signed_time(base, code, list, trust, now).await,
            None => None,
        };
        match signed {
            Some(signed) => {
                aparts.insert(code, apart(now, signed));
            }
            None => away.push(code.code()),
        }
    }
    let each = |aparts: &std::collections::BTreeMap<AuthorityCode, i64>| {
        aparts.iter().map(|(code, s)| format!("{s:+} s against {code}")).collect::<Vec<_>>().join(", ")
    };
    let away = if away.is_empty() {
        String::new()
    } else {
        format!(" (not running or not reached: {})", away.join(", "))
    };
    match ClockState::of(&aparts) {
        ClockState::Agrees | ClockState::Alone if aparts.is_empty() => {
            Ok(format!("nobody to compare with{away}"))
        }
        ClockState::Agrees | ClockState::Alone => {
            let with: Vec<_> = aparts.keys().map(|code| code.code()).collect();
            Ok(format!("agrees with what {} signed{away}", with.join(", ")))
        }
        ClockState::Apart(wrong) => Err(format!(
            "{} (+: this machine is ahead){away}; set that authority's clock and this one (NTP)",
            each(&wrong)
        )),
        ClockState::Unsure(wrong) => Err(format!(
            "{} (+: this machine is ahead){away}; most say that this machine's clock is wrong: set it (NTP)",
            each(&wrong)
        )),
    }
}

/// When an authority signed the status list that it shows; `None` where it does not answer, or without its signature.
async fn signed_time(
    base: &str,
    code: AuthorityCode,
    list: u8,
    trust: &TrustStore,
    now: Timestamp,
) -> Option<Timestamp> {
    let asked = http_client().get(format!("{base}/v1/status-lists/{list}")).timeout(TIMEOUT).send().await;
    let answer = asked.ok()?.error_for_status().ok()?;
    if answer.content_length().is_some_and(|length| length > MAX_LIST_LEN) {
        return None;
    }
    let bytes = answer.bytes().await.ok()?;
    let kid = list_kid(&bytes).ok()??;
    let key = trust.find(code, Role::Status, &kid, now).ok()?;
    Some(SignedStatusList::open(&bytes, key, &status_name(code, list)).ok()?.issued)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_is_nearly_full_is_wrong() {
        assert_eq!(judge_space(LEAST_FREE_BYTES), Ok("256 MiB free".to_owned()));
        assert_eq!(judge_space(LEAST_FREE_BYTES - 1), Err("255 MiB free".to_owned()));
    }
}
