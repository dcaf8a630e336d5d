//! `baypass wallet`: a wallet on the command line.

mod consent;
mod enrol;
mod hold;
mod openid;
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
    /// Takes credentials from an issuer of another system, by the link of its counter (OpenID4VCI).
    Receive(Box<openid::ReceiveArgs>),
    /// The credentials of other systems in this wallet.
    Credentials(openid::CredentialsArgs),
    /// Answers a verifier of another system, after showing who asks for what (OpenID4VP).
    Present(Box<openid::PresentArgs>),
    /// Shows an mdoc to a reader who stands there: waits for one, tells who asks for what, answers (ISO/IEC 18013-5).
    Hold(Box<hold::HoldArgs>),
    /// Makes the keys by which a maker vouches for wallets on the command line.
    Maker(openid::MakerArgs),
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
            Self::Receive(args) => openid::receive(args).await,
            Self::Credentials(args) => openid::list(args),
            Self::Present(args) => openid::present(args).await,
            Self::Hold(args) => hold::run(args).await,
            Self::Maker(args) => openid::maker(args),
            Self::Show(args) => show::run(args, models).await,
        }
    }
}
