//! `baypass wallet`: a wallet on the command line.

mod consent;
mod enrol;
mod receipts;
mod register;
mod second;
pub mod sending;
mod show;

pub(super) use show::{beside, draw};

use std::path::Path;

use clap::Subcommand;

use crate::Ended;
use crate::failure::Failure;

/// The commands of a wallet.
#[derive(Subcommand)]
pub enum WalletCommand {
    /// Enrols with a selfie at every authority that issued a card, and fetches tokens.
    Enrol(enrol::EnrolArgs),
    /// Answers the request of a hotel's or building's desk, after showing who asks for what, why and for how long.
    Register(Box<register::RegisterArgs>),
    /// What was shown at desks, and what each of them keeps until when.
    Receipts(receipts::ReceiptsArgs),
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
            Self::Register(args) => register::run(args, models).await,
            Self::Receipts(args) => receipts::run(args),
            Self::SecondEnrolment(args) => second::run(args, models).await,
            Self::Show(args) => show::run(args, models).await,
        }
    }
}
