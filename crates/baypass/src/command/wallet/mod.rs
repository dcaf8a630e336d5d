//! `baypass wallet`: a wallet on the command line.

mod enrol;
mod second;
mod show;

use std::path::Path;

use clap::Subcommand;

use crate::Ended;
use crate::failure::Failure;

/// The commands of a wallet.
#[derive(Subcommand)]
pub enum WalletCommand {
    /// Enrols with a selfie at every authority that issued a card, and fetches tokens.
    Enrol(enrol::EnrolArgs),
    /// Whether another wallet enrolled as the same holder; agrees to it, or objects.
    SecondEnrolment(second::SecondArgs),
    /// Shows one code: at a port with joint lanes for both sides, elsewhere one for each side.
    Show(show::ShowArgs),
}

impl WalletCommand {
    /// Runs the command.
    pub async fn run(&self, models: &Path) -> Result<Ended, Failure> {
        match self {
            Self::Enrol(args) => enrol::run(args, models).await,
            Self::SecondEnrolment(args) => second::run(args, models).await,
            Self::Show(args) => show::run(args, models).await,
        }
    }
}
