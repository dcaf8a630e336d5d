//! `baypass init`: makes an installation.

use std::path::PathBuf;

use clap::Args;
use gate::{Clock, SystemClock};

use crate::Ended;
use crate::failure::{self, Failure};
use crate::install::Installation;
use crate::install::acts::ActorArgs;
use crate::install::database::DatabaseArgs;
use crate::install::lists::Terms;
use crate::install::module::ModuleArgs;

/// What `init` takes.
#[derive(Args)]
pub struct InitArgs {
    /// A folder that does not exist yet, or is empty.
    dir: PathBuf,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    module: ModuleArgs,
    #[command(flatten)]
    actor: ActorArgs,
}

/// Runs `init`.
pub fn run(args: &InitArgs) -> Result<Ended, Failure> {
    let (database, module) = (args.database.for_all()?, args.module.setting()?);
    let actor = args.actor.actor.as_ref();
    Installation::init(&args.dir, SystemClock.now(), &Terms::default(), database, module.as_ref(), actor)?;
    let shown = args.dir.display();
    failure::print(&format!(
        "{shown}: three authorities with keys, trust lists, approvals and venues (specimens) and empty registries; pictures \
         from files are taken (simulated_camera)\nnext: baypass resident add --dir {shown} ...\n"
    ))?;
    Ok(Ended::Done)
}
