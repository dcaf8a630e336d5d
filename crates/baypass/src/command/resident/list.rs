//! `baypass resident list`: who is registered.

use clap::Args;
use serde_json::json;

use crate::Ended;
use crate::command::{InstallationArgs, Output};
use crate::failure::{self, Failure};
use crate::wallet::Wallet;

/// What `resident list` takes.
#[derive(Args)]
pub struct ListArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    #[command(flatten)]
    output: Output,
}

/// Runs `resident list`.
pub fn run(args: &ListArgs) -> Result<Ended, Failure> {
    let installation = args.installation.open()?;
    let wallets = Wallet::all(&installation)?;
    if args.output.json {
        let list: Vec<_> = wallets
            .iter()
            .map(|wallet| {
                let cards: Vec<_> =
                    wallet.cards.iter().map(|c| json!({"issuer": c.issuer, "kind": c.kind, "number": c.number})).collect();
                json!({"resident": wallet.resident, "home": wallet.home, "name": wallet.name, "documents": cards, "enrolled": wallet.enrolled()})
            })
            .collect();
        failure::print_json(&json!({"residents": list}))?;
        return Ok(Ended::Done);
    }
    if wallets.is_empty() {
        failure::print("no resident yet; `baypass resident add` adds one\n")?;
    }
    for wallet in wallets {
        let cards: Vec<_> =
            wallet.cards.iter().map(|c| format!("{} {}", c.kind.as_str(), c.number)).collect();
        let pass = if wallet.enrolled() { "pass" } else { "no pass" };
        failure::print(&format!(
            "{:>3}  {}  {}  {pass}  {}\n",
            wallet.resident,
            wallet.home,
            wallet.name,
            cards.join(", ")
        ))?;
    }
    Ok(Ended::Done)
}
