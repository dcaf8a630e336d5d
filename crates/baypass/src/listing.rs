//! `baypass approval`, `baypass trust`: what the supervisors sign.

use std::path::Path;

use documents::{AuthorityCode, Timestamp};
use serde_json::json;
use trust::{Approval, Freshness, Role};

use crate::Ended;
use crate::failure::{self, Failure};
use crate::install::Installation;
use crate::install::lists::{self, ApprovalFile};

/// Wraps any error that says by itself what to do.
fn of<E: std::error::Error>(error: E) -> Failure {
    Failure::of(&error)
}

/// `approval list`.
pub fn approvals(dir: &Path, now: Timestamp, json_out: bool) -> Result<Ended, Failure> {
    let installation = Installation::open(dir)?;
    let trust = lists::trust(&installation, now)?;
    let mut rows = Vec::new();
    for (id, bundle) in lists::approvals(&installation)? {
        rows.push((id, Approval::open(&bundle, &trust, now)));
    }
    if json_out {
        let list: Vec<_> = rows
            .iter()
            .map(|(id, opened)| match opened {
                Ok(a) => {
                    let ports: Vec<_> = a.ports.iter().map(documents::PortId::as_str).collect();
                    json!({
                        "id": a.id, "scenario": a.scenario, "jurisdictions": a.jurisdictions, "ports": ports,
                        "from": a.from, "to": a.to, "hours": a.hours, "claims": a.claims,
                        "retention_days": a.retention_days, "assessment": a.assessment,
                        "filings": pairs(&a.filings), "probe_grounds": pairs(&a.probe_grounds),
                        "in_force": a.in_force(now.local_date()),
                        "number": a.number, "withdrawn": a.withdrawn,
                    })
                }
                Err(error) => json!({"id": id, "refused": error.to_string()}),
            })
            .collect();
        failure::print_json(&json!({"approvals": list}))?;
        return Ok(Ended::Well);
    }
    for (id, opened) in rows {
        let line = match opened {
            Ok(a) => {
                let ports: Vec<_> = a.ports.iter().map(documents::PortId::as_str).collect();
                let signed: Vec<_> = a.jurisdictions.iter().map(|j| j.code()).collect();
                format!(
                    "{id}, text {}{}\n  {}, {} to {}, minutes {} to {} of the day, signed by {}\n  assessment {}, records kept {} days\n  {}\n",
                    a.number,
                    if a.withdrawn { ", WITHDRAWN" } else { "" },
                    a.scenario,
                    a.from,
                    a.to,
                    a.hours.0,
                    a.hours.1,
                    signed.join(" and "),
                    a.assessment,
                    a.retention_days,
                    ports.join(", ")
                )
            }
            Err(error) => format!("{id}\n  REFUSED: {error}\n"),
        };
        failure::print(&line)?;
    }
    Ok(Ended::Well)
}

fn pairs(list: &[(AuthorityCode, String)]) -> serde_json::Map<String, serde_json::Value> {
    list.iter().map(|(code, text)| (code.code().to_owned(), json!(text))).collect()
}

/// `approval add`.
pub fn add_approval(dir: &Path, file: &Path) -> Result<Ended, Failure> {
    let installation = Installation::open(dir)?;
    let _hold = installation.hold()?;
    let bytes = failure::read(file, 64 * 1024)?;
    let read: ApprovalFile = serde_json::from_slice(&bytes).map_err(|error| {
        Failure::new(format!(
            "{}: {error}; `baypass approval list --json` shows one with every field",
            file.display()
        ))
    })?;
    lists::add_approval(&installation, &read)?;
    failure::print(&format!("approval {} signed by every jurisdiction concerned\n", read.id))?;
    Ok(Ended::Well)
}

/// `approval withdraw`.
pub fn withdraw_approval(dir: &Path, id: &str) -> Result<Ended, Failure> {
    let installation = Installation::open(dir)?;
    let _hold = installation.hold()?;
    lists::withdraw_approval(&installation, id)?;
    failure::print(&format!("approval {id} withdrawn: it covers nothing from now on\n"))?;
    Ok(Ended::Well)
}

/// `trust list`.
pub fn trust_lists(dir: &Path, now: Timestamp, json_out: bool) -> Result<Ended, Failure> {
    let installation = Installation::open(dir)?;
    let trust = lists::trust(&installation, now)?;
    let mut shown = Vec::new();
    for code in AuthorityCode::ALL {
        let Some(list) = trust.list(code) else { continue };
        let freshness = match trust.freshness(code, now) {
            Freshness::Current => "current",
            Freshness::Stale => "stale",
            Freshness::Refused => "too_old",
        };
        let gates = list.keys.iter().filter(|key| key.role == Role::Gate).count();
        if json_out {
            let keys: Vec<_> = list
                .keys
                .iter()
                .map(|key| {
                    json!({"role": key.role.as_str(), "kid": String::from_utf8_lossy(&key.kid), "kid_hex": hex::encode(&key.kid), "from": key.from, "to": key.to, "compromised": key.compromised})
                })
                .collect();
            shown.push(json!({"authority": code, "number": list.number, "issued": list.issued, "expires": list.expires, "state": freshness, "keys": keys}));
        } else {
            failure::print(&format!(
                "{code}: number {}, signed {}, good until {} ({freshness}), {gates} gates\n",
                list.number, list.issued, list.expires
            ))?;
            for key in list.keys.iter().filter(|key| key.role != Role::Gate) {
                let state = if key.compromised { "COMPROMISED" } else { "" };
                failure::print(&format!("  {:<9} {} to {} {state}\n", key.role.as_str(), key.from, key.to))?;
            }
        }
    }
    if json_out {
        failure::print_json(&json!({"lists": shown}))?;
    }
    Ok(Ended::Well)
}

/// `trust renew`.
pub fn renew(dir: &Path, only: Option<AuthorityCode>, now: Timestamp) -> Result<Ended, Failure> {
    let installation = Installation::open(dir)?;
    let _hold = installation.hold()?;
    for code in AuthorityCode::ALL.into_iter().filter(|code| only.is_none_or(|only| only == *code)) {
        let number = lists::renew(&installation, code, now, |_| ())?;
        failure::print(&format!("{code}: trust list number {number}, signed {now}\n"))?;
    }
    Ok(Ended::Well)
}

/// `trust compromise`.
pub fn compromise(
    dir: &Path,
    code: AuthorityCode,
    role: &str,
    kid: Option<&str>,
    now: Timestamp,
) -> Result<Ended, Failure> {
    let installation = Installation::open(dir)?;
    let _hold = installation.hold()?;
    let roles: Vec<_> = Role::ALL.iter().map(|role| role.as_str()).collect();
    let Some(role) = Role::ALL.iter().copied().find(|known| known.as_str() == role) else {
        return Err(Failure::new(format!("there is no role {role}; roles are {}", roles.join(", "))));
    };
    let mut struck = 0;
    let number = lists::renew(&installation, code, now, |keys| {
        for key in keys.iter_mut() {
            let named = kid.is_none_or(|kid| key.kid == kid.as_bytes() || hex::encode(&key.kid) == kid);
            if key.role == role && named {
                key.compromised = true;
                struck += 1;
            }
        }
    })?;
    failure::print(&format!(
        "{code}: {struck} keys for {} listed as compromised; trust list number {number}\n",
        role.as_str()
    ))?;
    if struck == 0 { Err(of(NoSuchKey)) } else { Ok(Ended::Well) }
}

#[derive(Debug, thiserror::Error)]
#[error("no such key is listed; `baypass trust list --json` names them")]
struct NoSuchKey;
