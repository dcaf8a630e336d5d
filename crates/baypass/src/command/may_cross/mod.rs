//! `baypass may-cross`: may this person cross there, then, and if not, why?

mod case;
mod location;

use std::path::{Path, PathBuf};

use clap::Args;
use documents::{AuthorityCode, LocalDate, Tongue};

use super::{At, Output, block_on};
use crate::Ended;
use crate::failure::Failure;

/// What `may-cross` takes: a case file, or a resident of an installation.
#[derive(Args)]
pub struct MayCrossArgs {
    /// The case file; `-` reads standard input.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["dir", "resident"], required_unless_present = "dir")]
    case: Option<PathBuf>,
    /// The folder of the installation.
    #[arg(long, requires_all = ["resident", "to"])]
    dir: Option<PathBuf>,
    /// The number that `resident add` printed, or any document number.
    #[arg(long, requires = "dir")]
    resident: Option<String>,
    /// To where: CHN, HKG or MAC.
    #[arg(long, requires = "dir")]
    to: Option<AuthorityCode>,
    /// From where; default: where the ledgers saw the resident last.
    #[arg(long, requires = "dir")]
    from: Option<AuthorityCode>,
    /// One port alone; default: every port between the two.
    #[arg(long, requires = "dir")]
    port: Option<String>,
    /// The day, at noon (2026-03-02).
    #[arg(long, value_name = "DATE", requires = "dir", conflicts_with = "at")]
    on: Option<LocalDate>,
    /// The language of the answer for a traveller: en, zh-Hant, zh-Hans or pt.
    #[arg(long, default_value = "en")]
    language: Tongue,
    /// Codes, ids and both authorities' reasons instead of sentences, for whoever works on the rules.
    #[arg(long)]
    codes: bool,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    output: Output,
}

/// Runs `may-cross`.
pub fn run(args: &MayCrossArgs, models: &Path) -> Result<Ended, Failure> {
    match &args.case {
        Some(case) => case::run(case, args),
        None => block_on(location::run(args, models)),
    }
}
