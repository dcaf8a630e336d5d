//! `baypass authority replace-master`: another key under which an authority's database lies (docs/operating.md).
//!
//! Lives here: the order of files and database, so that whatever is cut short can be ended. Not here: what lies under the key
//! (`authority::store`), files of keys (`install::keys`).

use authority::store::{Rewrapped, Store, StoreError, is_of_first_versions};
use clap::Args;
use credential::SecretKey;
use documents::{AuthorityCode, Rules};

use super::{At, InstallationArgs};
use crate::Ended;
use crate::failure::{self, Failure, of};
use crate::install::Lock;
use crate::install::acts::{self, Office};
use crate::install::database::DatabaseArgs;
use crate::install::keys::{KeyStore as _, NEXT_MASTER};

/// What `authority replace-master` takes.
#[derive(Args)]
pub struct ReplaceMasterArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    /// CHN, HKG or MAC.
    #[arg(long)]
    authority: AuthorityCode,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    at: At,
}

impl ReplaceMasterArgs {
    /// Runs the command.
    pub async fn run(&self) -> Result<Ended, Failure> {
        let installation = self.installation.open()?.with_database(self.database.database_url.as_ref());
        let (code, rules) = (self.authority, Rules::builtin().map_err(of)?);
        let folder = installation.authority(code);
        // A process that runs would go on writing under the key before.
        let _lock = Lock::take(&folder)?;
        let (keys, address) = (installation.keys(&folder), installation.database(code));
        if is_of_first_versions(&address).await.map_err(of)? {
            return Err(Failure::new(format!(
                "the database of {code} is of a version before; `baypass authority serve --authority {code}` brings it over first"
            )));
        }
        installation.put_on_record(
            &Office::authority(code),
            (acts::REPLACE_MASTER_KEY, ""),
            self.at.time(),
        )?;
        let cut_short = keys.has(NEXT_MASTER);
        if !cut_short {
            keys.put(NEXT_MASTER, SecretKey::generate().map_err(of)?.expose())?;
        }
        let next = keys.vault_under(NEXT_MASTER)?;
        let moved = match Store::open(&address, keys.vault_under("master")?, &rules).await {
            Ok(store) => Some(match store.rewrap(&next).await {
                Ok(moved) => moved,
                Err(error) => {
                    // Nothing moved where the database still opens with the key before: then that one stays, alone.
                    if Store::open(&address, keys.vault_under("master")?, &rules).await.is_ok() {
                        keys.remove(NEXT_MASTER)?;
                    }
                    return Err(of(&error));
                }
            }),
            // Cut short behind the database: once more under the same key, so that nothing under the one before is left in its file.
            Err(StoreError::MasterKey) => {
                let store =
                    Store::open(&address, keys.vault_under(NEXT_MASTER)?, &rules).await.map_err(of)?;
                store.rewrap(&next).await.map(|_| None).map_err(of)?
            }
            Err(error) => {
                // One that was cut short may have moved the database: its key is kept until that is known.
                if !cut_short {
                    keys.remove(NEXT_MASTER)?;
                }
                return Err(of(&error));
            }
        };
        keys.put("master", &keys.get(NEXT_MASTER)?)?;
        keys.remove(NEXT_MASTER)?;
        let what = moved.map_or_else(|| "the exchange that was cut short is ended".to_owned(), told);
        failure::print(&format!(
            "{code}: {what}; the key before is destroyed, and opens what was backed up before: back the key and the database up anew, \
             apart\nnext: start `baypass authority serve --authority {code}`\n"
        ))?;
        Ok(Ended::Done)
    }
}

fn told(moved: Rewrapped) -> String {
    let Rewrapped { persons, weekly_keys, records } = moved;
    format!(
        "{persons} keys of persons, {weekly_keys} weekly keys and {records} records lie under another master key"
    )
}
