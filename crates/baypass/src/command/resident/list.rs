//! `baypass resident list`: who is registered, and who of them has a pass: the registries say it, whatever wallet it is in.

use clap::Args;
use serde_json::json;

use crate::Ended;
use crate::command::{InstallationArgs, Output};
use crate::failure::{self, Failure};
use crate::registries::Registries;
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
pub async fn run(args: &ListArgs) -> Result<Ended, Failure> {
    let installation = args.installation.open()?;
    let wallets = Wallet::all(&installation)?;
    let mut registries = Registries::of(&installation);
    let mut found = Vec::with_capacity(wallets.len());
    for wallet in wallets {
        let has_pass = registries.has_pass(&wallet).await?;
        found.push((wallet, has_pass));
    }
    if args.output.json {
        let list: Vec<_> = found
            .iter()
            .map(|(wallet, has_pass)| {
                let cards: Vec<_> =
                    wallet.cards.iter().map(|c| json!({"issuer": c.issuer, "kind": c.kind, "number": c.number})).collect();
                json!({"resident": wallet.resident, "home": wallet.home, "name": wallet.name, "documents": cards, "enrolled": has_pass})
            })
            .collect();
        failure::print_json(&json!({"residents": list}))?;
        return Ok(Ended::Done);
    }
    if found.is_empty() {
        failure::print("no resident yet; `baypass resident add` adds one\n")?;
    }
    for (wallet, has_pass) in found {
        let cards: Vec<_> =
            wallet.cards.iter().map(|c| format!("{} {}", c.kind.as_str(), c.number)).collect();
        let pass = if has_pass { "pass" } else { "no pass" };
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
