//! `baypass resident`: synthetic residents in the registries of an installation.

mod add;
mod carer;
mod invite;
mod list;
mod paper;
mod re_enrol;
mod replace;
mod status;

use std::path::Path;

use clap::{Args, Subcommand};

use super::block_on;
use crate::Ended;
use crate::failure::Failure;

/// The commands about residents.
#[derive(Subcommand)]
pub enum ResidentCommand {
    /// Adds a synthetic resident: by flags, or by a case file (docs/cases.md).
    Add(Box<add::AddArgs>),
    /// Who is registered.
    List(list::ListArgs),
    /// Describes the registries' photos anew where templates are of another face model than the installed one. May be
    /// interrupted at any time; started again, it goes on where it stopped. Wallets get the new templates with their
    /// next parts.
    ReEnrol(re_enrol::ReEnrolArgs),
    /// Makes a one-time code with which a resident enrols a wallet; an earlier one that was not used counts no more.
    Invite(invite::InviteArgs),
    /// Second enrolments that wait for the word of the wallet in force.
    Enrolments(invite::EnrolmentsArgs),
    /// Decides on the second enrolment of a resident.
    DecideEnrolment(invite::DecideArgs),
    /// Who may carry whose pass on their phone: a child's, a parent's (docs/carer.md).
    #[command(subcommand)]
    Carer(carer::CarerCommand),
    /// Reports a document as lost, and ends the pass with it.
    Lose(status::StatusArgs),
    /// Writes the card that follows one: codes on the old card are void at once, and the pass goes on without a new enrolment.
    Replace(replace::ReplaceArgs),
    /// Prints a crossing code for somebody without a phone: one port, direction and day, beside document and face (docs/paper.md).
    Paper(paper::PaperArgs),
    /// Ends every paper pass of a resident at once, such as after the sheet was lost; a wallet goes on.
    EndPapers(paper::EndArgs),
    /// Ends the pass.
    EndPass(status::StatusArgs),
    /// Puts a resident on the watch list of each authority that issued a document.
    Watch(status::StatusArgs),
    /// Marks a resident whom a twin or a sibling resembles: an officer looks at every lane. `--end` takes the mark away.
    LookAlike(LookAlikeArgs),
    /// Erases a resident at each authority that issued a document: the key of their records is destroyed, the pass ends.
    Erase(status::StatusArgs),
}

/// What `resident look-alike` takes.
#[derive(Args)]
pub struct LookAlikeArgs {
    #[command(flatten)]
    status: status::StatusArgs,
    /// Takes the mark away.
    #[arg(long)]
    end: bool,
}

impl ResidentCommand {
    /// Runs the command.
    pub fn run(&self, models: &Path) -> Result<Ended, Failure> {
        use status::Change;
        match self {
            Self::Add(args) => block_on(add::run(args, models)),
            Self::List(args) => block_on(list::run(args)),
            Self::ReEnrol(args) => block_on(re_enrol::run(args, models)),
            Self::Invite(args) => block_on(invite::invite(args, models)),
            Self::Enrolments(args) => block_on(invite::enrolments(args, models)),
            Self::DecideEnrolment(args) => block_on(invite::decide(args, models)),
            Self::Carer(command) => block_on(command.run(models)),
            Self::Lose(args) => block_on(status::run(args, Change::DocumentLost, models)),
            Self::Replace(args) => block_on(replace::run(args, models)),
            Self::Paper(args) => block_on(paper::run(args, models)),
            Self::EndPapers(args) => block_on(paper::end(args, models)),
            Self::EndPass(args) => block_on(status::run(args, Change::PassEnded, models)),
            Self::Watch(args) => block_on(status::run(args, Change::Watched, models)),
            Self::LookAlike(args) => {
                let change = Change::LookAlike(!args.end);
                block_on(status::run(&args.status, change, models))
            }
            Self::Erase(args) => block_on(status::run(args, Change::Erased, models)),
        }
    }
}
