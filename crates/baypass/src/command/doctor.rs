//! `baypass doctor`: what of this installation is wrong, and the command that mends it.

mod state;

use std::path::{Path, PathBuf};

use ::officers::Record;
use authority::SigningKeys;
use authority::retention::last_retention;
use clap::Args;
use documents::{AuthorityCode, ReasonCode, Rules, Timestamp};
use face::{Embedder, Finder, Liveness, ModelFolder};
use gate::{Clock, SystemClock, Texts};
use serde_json::json;

use super::Output;
use crate::Ended;
use crate::failure::{self, Failure};
use crate::install::keys::KeyStore;
use crate::install::parties::{face_config, load_approvals};
use crate::install::signing::{OwnSigners, part_keys};
use crate::install::{Installation, lists, openid, tls, venues};
use crate::serve::{Addresses, TrialClock};
use crate::tone::{Tone, out};

struct Finding {
    what: &'static str,
    said: Result<String, String>,
}

/// What `doctor` takes.
#[derive(Args)]
pub struct DoctorArgs {
    /// The folder of the installation.
    #[arg(long)]
    dir: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

/// Runs `doctor`.
pub async fn run(args: &DoctorArgs, models: &Path) -> Result<Ended, Failure> {
    let mut findings = vec![
        Finding { what: "rules", said: rules() },
        Finding { what: "texts", said: texts() },
        Finding { what: "models", said: loaded(models) },
        Finding { what: "clock", said: clock() },
    ];
    if let Some(dir) = &args.dir {
        findings.extend(installation(dir).await);
    }
    let broken = findings.iter().filter(|f| f.said.is_err()).count();
    if args.output.json {
        let list: Vec<_> = findings
            .iter()
            .map(|f| match &f.said {
                Ok(said) => json!({"what": f.what, "ok": true, "says": said}),
                Err(said) => json!({"what": f.what, "ok": false, "says": said}),
            })
            .collect();
        failure::print_json(&json!({"ok": broken == 0, "findings": list}))?;
    } else {
        let line = |f: &Finding| match &f.said {
            Ok(said) => format!("{}    {}: {said}\n", out("ok", Tone::Good), f.what),
            Err(said) => format!("{} {}: {said}\n", out("WRONG", Tone::Bad), f.what),
        };
        failure::print(&findings.iter().map(line).collect::<String>())?;
    }
    match broken {
        0 => Ok(Ended::Done),
        1 => Err(Failure::new("one thing is wrong; what to do stands beside it")),
        several => Err(Failure::new(format!("{several} things are wrong; what to do stands beside each"))),
    }
}

fn rules() -> Result<String, String> {
    let rules = Rules::builtin().map_err(|error| Failure::of(&error).to_string())?;
    let switched = rules.report().switches().iter().filter(|s| !s.is_default()).count();
    Ok(format!(
        "version {}, {} ports, {} forms of endorsement, {} reasons, {switched} switches away from their default",
        rules.version(),
        rules.ports().count(),
        rules.forms().len(),
        ReasonCode::ALL.len(),
    ))
}

fn texts() -> Result<String, String> {
    Texts::builtin().map_err(|error| Failure::of(&error).to_string())?;
    Ok("every sentence of a lane in zh-Hans, zh-Hant, en, pt".to_owned())
}

/// Keys, lists and approvals of an installation.
async fn installation(dir: &Path) -> Vec<Finding> {
    let opened = match Installation::open(dir) {
        Ok(opened) => opened,
        Err(failure) => return vec![Finding { what: "installation", said: Err(failure.to_string()) }],
    };
    let now = TrialClock::of(&opened).now();
    let camera = if opened.simulated_camera() {
        "pictures from files are taken (simulated_camera): for trials only"
    } else {
        "only a gate's own camera is taken"
    };
    let mut findings = vec![Finding { what: "installation", said: Ok(camera.to_owned()) }];
    let held = opened.hold().map(|_| "nobody else uses it".to_owned()).map_err(|f| f.to_string());
    findings.push(Finding { what: "lock", said: held });
    // Public lists alone: what a party keeps for its next start is no excuse for a broken one.
    let read = lists::trust_as_far_as_good(&opened, now);
    let keys = AuthorityCode::ALL.iter().try_for_each(|code| {
        let signers = OwnSigners::read(&opened, *code)?;
        opened.keys(&opened.supervisor(*code)).signing("approval")?;
        let Ok((trust, _)) = &read else { return Ok(()) };
        let signing = signers.in_use(trust, now)?;
        for (role, key) in signing.each() {
            let kid = SigningKeys::kid(role, key.number);
            if trust.find(*code, role, &kid, now).is_ok_and(|listed| listed.public() != key.key.public()) {
                let role = role.as_str();
                return Err(Failure::new(format!(
                    "the {role} key of {code} is not the one its trust list names"
                )));
            }
        }
        let part = part_keys(&opened, *code)?;
        if trust.part_key(*code, now).is_ok_and(|point| !part.has(point)) {
            return Err(Failure::new(format!(
                "what others seal to {code} it cannot open: the part key that its trust list names is not here; restore it from a \
                 backup, or `baypass keys rotate --authority {code} --role part --lead 0`"
            )));
        }
        opened.keys(&opened.authority(*code)).authority(signing, part).map(drop)
    });
    findings.push(Finding {
        what: "keys",
        said: keys
            .map(|()| "every authority's and supervisor's keys are there".to_owned())
            .map_err(|f| f.to_string()),
    });
    findings.push(Finding { what: "officers", said: officers(&opened) });
    findings.push(Finding { what: "databases", said: state::databases(&opened).await });
    findings.push(Finding { what: "registration", said: registration(&opened) });
    findings.push(Finding { what: "risk rules", said: state::risk_rules(&opened) });
    findings.push(Finding { what: "disk", said: state::free_space(&opened) });
    findings.push(Finding { what: "retention", said: retention(&opened, now).await });
    let (trust, broken) = match read {
        Ok(read) => read,
        Err(failure) => {
            findings.push(Finding { what: "trust lists", said: Err(failure.to_string()) });
            return findings;
        }
    };
    findings.push(Finding { what: "authorities' clocks", said: state::clocks(&opened, &trust, now).await });
    if !broken.is_empty() {
        let each: Vec<_> = broken.iter().map(|(code, why)| format!("{code}, {why}")).collect();
        findings.push(Finding { what: "trust lists", said: Err(each.join("; ")) });
    }
    let stale: Vec<_> = AuthorityCode::ALL
        .into_iter()
        .filter(|code| trust.list(*code).is_some())
        .filter(|code| trust.freshness(*code, now) != trust::Freshness::Current)
        .map(AuthorityCode::code)
        .collect();
    let dir = dir.display();
    if !stale.is_empty() {
        let whose = stale.join(", ");
        let said = Err(format!("{whose} past their week; sign them afresh: baypass trust renew --dir {dir}"));
        findings.push(Finding { what: "trust lists", said });
    } else if broken.is_empty() {
        findings.push(Finding { what: "trust lists", said: Ok("all three are in force".to_owned()) });
    }
    let said = venues::check(&opened, &trust, now).map_err(|failure| failure.to_string());
    findings.push(Finding { what: "venues", said });
    let said = connections(&opened, &trust, now).map_err(|failure| failure.to_string());
    findings.push(Finding { what: "connections", said });
    findings.push(Finding { what: "certificates for wallets of others", said: certificates(&opened) });
    let said =
        load_approvals(&opened, &trust, now).map_err(|f| f.to_string()).and_then(|(loaded, refused)| {
            let today = now.local_date();
            let in_force = loaded.iter().filter(|a| a.in_force(today)).count();
            match refused.first() {
                Some((id, why)) => Err(format!("{id} does not load: {why}")),
                None if in_force == 0 => {
                    Err(format!("none is in force today; baypass approval add --dir {dir}"))
                }
                None => Ok(format!("{in_force} in force today")),
            }
        });
    findings.push(Finding { what: "approvals", said });
    findings
}

/// Whether each authority's certificates towards wallets of others are as ISO/IEC 18013-5, annex B, asks (docs/openid4vc.md).
fn certificates(opened: &Installation) -> Result<String, String> {
    let (mut made, mut lacking) = (0, Vec::new());
    for code in AuthorityCode::ALL {
        match openid::lacks_in_files(opened, code).map_err(|failure| failure.to_string())? {
            None => {}
            Some(lacks) if lacks.is_empty() => made += 1,
            Some(lacks) => lacking.push(format!(
                "{code}, {}; verifiers that keep to the annex refuse what it issues: baypass authority renew-root --dir {} \
                 --authority {code} --issuer ITS-ADDRESS, then start it again",
                lacks.join(", "),
                opened.root().display()
            )),
        }
    }
    if !lacking.is_empty() {
        return Err(lacking.join("; "));
    }
    Ok(match made {
        0 => "none made yet; an authority's first start makes its own".to_owned(),
        _ => format!("{made} of 3 authorities have theirs, whole by annex B"),
    })
}

/// Whether a resident stands at some of their authorities and not at others.
fn registration(opened: &Installation) -> Result<String, String> {
    if crate::install::journal::is_cut_short(opened) {
        return Err(format!(
            "one was cut short; stop the authorities and run any command that opens them, which undoes it: baypass resident \
             re-enrol --dir {}",
            opened.root().display()
        ));
    }
    Ok("none was cut short".to_owned())
}

/// Whether every party's accounts can be read, and its record of acts is whole (docs/officers.md).
fn officers(installation: &Installation) -> Result<String, String> {
    let mut parties: Vec<(String, PathBuf)> =
        AuthorityCode::ALL.map(|code| (format!("--authority {code}"), installation.authority(code))).into();
    let gates = std::fs::read_dir(installation.root().join("gates")).into_iter().flatten().flatten();
    parties.extend(gates.map(|gate| (format!("--port {}", gate.file_name().to_string_lossy()), gate.path())));
    parties.sort();
    let mut without = Vec::new();
    for (party, folder) in parties {
        let desk = crate::officers::desk(installation, &folder).map_err(|failure| failure.to_string())?;
        let told = |error: &dyn std::error::Error| format!("{party}: {}", Failure::of(error));
        let accounts = desk.accounts().map_err(|error| told(&error))?;
        desk.record().verify().map_err(|error| told(&error))?;
        if accounts.iter().next().is_none() {
            without.push(party);
        }
    }
    for code in AuthorityCode::ALL.into_iter().filter(|code| installation.supervisor(*code).is_dir()) {
        let record = Record::of(&installation.supervisor(code));
        record.verify().map_err(|error| format!("--supervisors {code}: {}", Failure::of(&error)))?;
    }
    for id in venues::here(installation).map_err(|failure| failure.to_string())? {
        let record = Record::of(&installation.venue(&id));
        record.verify().map_err(|error| format!("venue {id}: {}", Failure::of(&error)))?;
    }
    if without.is_empty() {
        return Ok("every party has accounts, and every record of acts is whole".to_owned());
    }
    Ok(format!("nobody can sign in at {}; baypass officer add makes an account", without.join(", ")))
}

/// So many days before its end a key of connections is to be exchanged.
const TLS_DAYS_LEFT: i64 = 30;

/// Keys and certificates of connections, and where everybody is.
fn connections(opened: &Installation, trust: &trust::TrustStore, now: Timestamp) -> Result<String, Failure> {
    Addresses::read(opened)?;
    let (party, end) = tls::ends_first(opened, trust, now)?;
    let dir = opened.root().display();
    if end.seconds_since(now) < TLS_DAYS_LEFT * 86_400 {
        return Err(Failure::new(format!(
            "the key of {party} ends at {end}; exchange it, nothing stops: baypass tls renew --dir {dir}"
        )));
    }
    Ok(format!("every party's key is listed and in use; that of {party} ends first, at {end}"))
}

/// When each authority last deleted what was kept for its time (docs/retention.md).
async fn retention(installation: &Installation, now: Timestamp) -> Result<String, String> {
    let mut said = Vec::new();
    for code in AuthorityCode::ALL {
        let last = last_retention(&installation.database(code)).await;
        match last.map_err(|error| format!("{code}: {}", Failure::of(&error)))? {
            None => said.push(format!("{code} never (its service does it once a day)")),
            Some(last) if now.seconds_since(last) > 3 * 86_400 => {
                return Err(format!(
                    "{code} last deleted what was kept for its time at {last}; its service does it once a day: start it \
                     with `baypass authority serve --authority {code}`, or read its log"
                ));
            }
            Some(last) => said.push(format!("{code} at {last}")),
        }
    }
    Ok(said.join(", "))
}

fn loaded(folder: &Path) -> Result<String, String> {
    let config = face_config(folder).map_err(|failure| failure.to_string())?;
    let models = ModelFolder::new(folder, &config);
    let load = || {
        Finder::load(&models, &config)?;
        Liveness::load(&models, &config)?;
        Embedder::load(&models, &config)
    };
    let embedder = load().map_err(|error: face::ModelError| Failure::of(&error).to_string())?;
    let measured = "the face models are the files that were measured, and load";
    Ok(match embedder.fusion() {
        Some(_) => format!("{measured}; two recognisers count together"),
        None => {
            format!(
                "{measured}; one recogniser is installed, under its own thresholds (`make models` brings the other)"
            )
        }
    })
}

/// Rules and formats of this version were fixed in 2026: a clock before that is wrong.
fn clock() -> Result<String, String> {
    let now = SystemClock.now();
    let start = "2026-01-01T00:00:00+08:00".parse::<documents::Timestamp>().map_err(|e| e.to_string())?;
    if now < start {
        return Err(format!("it says {now}, which is over; set the machine's clock (a time server, NTP)"));
    }
    Ok(format!("{now}"))
}
