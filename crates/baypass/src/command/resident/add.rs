//! `baypass resident add`: a synthetic resident by flags, or by a case file.
//!
//! Lives here: flags and files into one record. Not here: what a record may hold (`documents`), who gets it
//! (`registration`).

use std::path::{Path, PathBuf};

use clap::Args;
use documents::{AuthorityCode, DocumentKind, LocalDate, Rules, parse_endorsement};
use openid4vc::json;
use serde_json::{Value, json};

use crate::Ended;
use crate::command::{At, InstallationArgs, Output};
use crate::failure::{self, Failure, of};
use crate::install::parties::Parties;
use crate::registration::register;

const MAX_CASE_BYTES: usize = 4 * 1024 * 1024;

/// What `resident add` takes.
#[derive(Args)]
pub struct AddArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    /// A case file instead of the flags.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["home", "name", "birth", "id", "permit"])]
    case: Option<PathBuf>,
    #[command(flatten)]
    flags: Flags,
    /// The photo that the registry holds.
    #[arg(long, value_name = "FILE")]
    photo: PathBuf,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    output: Output,
}

/// A resident by flags.
#[derive(Args)]
struct Flags {
    /// Whose identity card: CHN, HKG or MAC.
    #[arg(long, required_unless_present = "case")]
    home: Option<AuthorityCode>,
    /// Latin name, as on the card.
    #[arg(long, required_unless_present = "case")]
    name: Option<String>,
    /// Chinese name.
    #[arg(long)]
    name_zh: Option<String>,
    /// The city in which they live, as a hotel may ask for it.
    #[arg(long)]
    city: Option<String>,
    /// Date of birth (1990-05-20).
    #[arg(long, value_name = "DATE", required_unless_present = "case")]
    birth: Option<LocalDate>,
    /// Number of the identity card.
    #[arg(long, value_name = "NUMBER", required_unless_present = "case")]
    id: Option<String>,
    /// Number of the permit: Exit-Entry Permit or Home Return Permit.
    #[arg(long, value_name = "NUMBER")]
    permit: Option<String>,
    /// Last day of the permit; default: none.
    #[arg(long, value_name = "DATE", requires = "permit")]
    permit_expires: Option<LocalDate>,
    /// kind:destination:from:to:entries, such as G:HKG:2026-01-10:2026-04-09:2 (`multi`: unlimited; docs/cases.md).
    #[arg(long = "endorsement", value_name = "ENDORSEMENT")]
    endorsements: Vec<String>,
    /// Nationality, three letters; default: Chinese.
    #[arg(long)]
    nationality: Option<String>,
    /// Not a permanent resident of the region.
    #[arg(long)]
    not_permanent: bool,
    /// Height in centimetres; default: tall enough for every lane.
    #[arg(long, value_name = "CM")]
    height_cm: Option<u16>,
}

/// Runs `resident add`.
pub async fn run(args: &AddArgs, models: &Path) -> Result<Ended, Failure> {
    let (installation, now) = (args.installation.open()?, args.at.time());
    let rules = Rules::builtin().map_err(of)?;
    let (raw, shown) = match &args.case {
        None => (args.flags.case(&rules)?, "the flags".to_owned()),
        Some(path) => {
            let bytes = failure::read(path, MAX_CASE_BYTES)?;
            let wrong = |why: &dyn std::fmt::Display| {
                let path = path.display();
                Failure::new(format!("{path}: {why}; a case file is described in docs/cases.md"))
            };
            let text = str::from_utf8(&bytes).map_err(|error| wrong(&error))?;
            let raw = json::strict(text).map_err(|error| wrong(&error))?;
            (raw, path.display().to_string())
        }
    };
    let photo = failure::read(&args.photo, code::picture::MAX_FILE_BYTES)?;
    let parties = Parties::open(&installation, models, now).await?;
    let wallet = register(&installation, &parties, &rules, &raw, &shown, &photo, now).await?;
    let issuers: Vec<_> = wallet.cards.iter().map(|card| (card.issuer, card.kind)).collect();
    if args.output.json {
        let documents: Vec<_> = issuers.iter().map(|(i, k)| json!({"issuer": i, "kind": k})).collect();
        failure::print_json(
            &json!({"resident": wallet.resident, "home": wallet.home, "documents": documents}),
        )?;
    } else {
        let list: Vec<_> = issuers.iter().map(|(i, k)| format!("{} ({i})", k.as_str())).collect();
        failure::print(&format!("resident {}: {}\n", wallet.resident, list.join(", ")))?;
    }
    Ok(Ended::Done)
}

impl Flags {
    /// The same as a case file.
    fn case(&self, rules: &Rules) -> Result<Value, Failure> {
        let (Some(home), Some(name), Some(birth), Some(number)) =
            (self.home, &self.name, self.birth, &self.id)
        else {
            return Err(Failure::new("give --home, --name, --birth and --id, or --case FILE"));
        };
        let (id, permit) = match home {
            AuthorityCode::Chn => (DocumentKind::MainlandId, DocumentKind::ExitEntryPermit),
            AuthorityCode::Hkg => (DocumentKind::Hkid, DocumentKind::HomeReturnPermit),
            AuthorityCode::Mac => (DocumentKind::MacaoBir, DocumentKind::HomeReturnPermit),
        };
        if home != AuthorityCode::Chn && !self.endorsements.is_empty() {
            return Err(Failure::new(
                "only a mainland resident's permit carries endorsements; leave --endorsement out",
            ));
        }
        if home == AuthorityCode::Chn && self.permit.is_none() {
            return Err(Failure::new("a mainland resident crosses with an Exit-Entry Permit; give --permit"));
        }
        let mut endorsements = Vec::new();
        for text in &self.endorsements {
            let read = parse_endorsement(rules, text)
                .map_err(|error| Failure::new(format!("--endorsement {text}: {error}")))?;
            let form = rules.form(read.form).map(|form| form.id.clone());
            endorsements.push(json!({
                "form": form, "destination": read.destination, "issued": read.issued, "from": read.valid_from,
                "to": read.valid_to, "entries": read.entries,
            }));
        }
        let mut documents = vec![json!({"kind": id, "number": number})];
        if let Some(number) = &self.permit {
            let mut document = json!({"kind": permit, "number": number, "expires": self.permit_expires});
            if permit == DocumentKind::ExitEntryPermit
                && let Some(fields) = document.as_object_mut()
            {
                fields.insert("endorsements".to_owned(), Value::Array(endorsements));
            }
            documents.push(document);
        }
        let mut person = json!({
            "name": name, "name_zh": self.name_zh, "birth": birth, "home": home,
            "height_cm": self.height_cm,
        });
        if let Some(fields) = person.as_object_mut() {
            if let Some(city) = &self.city {
                fields.insert("city".to_owned(), json!(city));
            }
            if let Some(nationality) = &self.nationality {
                fields.insert("nationality".to_owned(), json!(nationality));
            }
            if self.not_permanent {
                fields.insert("permanent".to_owned(), json!(false));
            }
        }
        Ok(json!({"person": person, "documents": documents}))
    }
}
