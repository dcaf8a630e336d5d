//! `baypass doctor`: what of this installation is wrong, and the command that mends it.

use std::path::{Path, PathBuf};

use documents::{ReasonCode, Rules};
use face::{Embedder, FaceConfig, Finder, Liveness, ModelFolder};
use gate::{Clock, SystemClock, Texts};
use serde_json::json;

use crate::Ended;
use crate::failure::{self, Failure};

struct Finding {
    what: &'static str,
    said: Result<String, String>,
}

pub fn run(models: Option<PathBuf>, json: bool) -> Result<Ended, Failure> {
    let findings = [
        Finding { what: "rules", said: rules() },
        Finding { what: "texts", said: texts() },
        Finding { what: "models", said: loaded(&models_folder(models)) },
        Finding { what: "clock", said: clock() },
    ];
    let broken = findings.iter().filter(|f| f.said.is_err()).count();
    if json {
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
            Ok(said) => format!("ok    {}: {said}\n", f.what),
            Err(said) => format!("WRONG {}: {said}\n", f.what),
        };
        failure::print(&findings.iter().map(line).collect::<String>())?;
    }
    match broken {
        0 => Ok(Ended::Well),
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

/// Where the models are looked for: as told, by the environment, here or above.
pub fn models_folder(told: Option<PathBuf>) -> PathBuf {
    told.or_else(|| std::env::var_os("BAYPASS_MODELS").map(PathBuf::from)).unwrap_or_else(|| {
        let here = std::env::current_dir().unwrap_or_default();
        let above = here.ancestors().map(|folder| folder.join("models"));
        above
            .into_iter()
            .find(|folder| folder.join("package.json").is_file())
            .unwrap_or_else(|| here.join("models"))
    })
}

fn loaded(folder: &Path) -> Result<String, String> {
    let config = FaceConfig::builtin().map_err(|error| Failure::of(&error).to_string())?;
    let models = ModelFolder::new(folder, &config);
    let load = || {
        Finder::load(&models, &config)?;
        Embedder::load(&models, &config)?;
        Liveness::load(&models, &config).map(|_| ())
    };
    load().map_err(|error: face::ModelError| {
        format!("{} (looked in {})", Failure::of(&error), folder.display())
    })?;
    Ok("all four face models are the files that were measured, and load".to_owned())
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
