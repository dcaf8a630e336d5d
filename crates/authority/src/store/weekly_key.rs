//! Weekly keys: wrapped under the master key, until a day after their week.
//!
//! Lives here: rows of weekly keys and of hand-overs. Not here: what they open (`credential::part`).

use credential::SecretKey;
use documents::{AuthorityCode, IsoWeek, Timestamp};

use super::vault::Vault;
use super::{Result, Store, Tx, column, define_statements, optional, run};

define_statements! {
    ADD_WEEKLY_KEY = "INSERT INTO weekly_key (maker, receiver, week, week_end, wrapped) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (maker, receiver, week) DO NOTHING";
    FIND_WEEKLY_KEY = "SELECT wrapped FROM weekly_key WHERE maker = $1 AND receiver = $2 AND week = $3";
    DROP_WEEKLY_KEYS = "DELETE FROM weekly_key WHERE week_end < $1";
    ADD_HANDED_OVER = "INSERT INTO handed_over (receiver, week, week_end) VALUES ($1, $2, $3) ON CONFLICT (receiver, week) DO NOTHING";
    FIND_HANDED_OVER = "SELECT week_end FROM handed_over WHERE receiver = $1 AND week = $2";
    DROP_HANDED_OVER = "DELETE FROM handed_over WHERE week_end < $1";
}

/// Which weekly key: of a maker for a receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyName {
    pub maker: AuthorityCode,
    pub receiver: AuthorityCode,
    pub week: IsoWeek,
}

impl KeyName {
    /// What its wrapping is bound to.
    fn context(self) -> String {
        format!("{}/{}/{}", self.maker, self.receiver, self.week)
    }
}

/// The instant at which a week is over.
pub(crate) fn week_end(week: IsoWeek) -> Timestamp {
    week.plus_weeks(1).monday().start()
}

/// Keeps a weekly key until a day after its week; the first one kept for a week stays.
pub(crate) async fn add_weekly_key(tx: &mut Tx, vault: &Vault, name: KeyName, key: &SecretKey) -> Result<()> {
    let wrapped = vault.wrap_weekly_key(&name.context(), key)?;
    let (maker, receiver) = (name.maker.code().to_owned(), name.receiver.code().to_owned());
    let (week, end) = (name.week.to_string(), week_end(name.week).unix());
    run!(tx, ADD_WEEKLY_KEY, maker, receiver, week, end, wrapped).map(drop)
}

/// A weekly key.
pub(crate) async fn find_weekly_key(tx: &mut Tx, vault: &Vault, name: KeyName) -> Result<Option<SecretKey>> {
    let (maker, receiver) = (name.maker.code().to_owned(), name.receiver.code().to_owned());
    let row = optional!(tx, FIND_WEEKLY_KEY, maker, receiver, name.week.to_string())?;
    let Some(row) = row else { return Ok(None) };
    let wrapped: Vec<u8> = column(&row, "weekly_key", "wrapped")?;
    vault.weekly_key(&name.context(), &wrapped).map(Some)
}

/// Destroys weekly keys whose week ended before `before`, and forgets that they were handed over; gives how many.
pub(crate) async fn drop_weekly_keys(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    run!(tx, DROP_HANDED_OVER, before.unix())?;
    run!(tx, DROP_WEEKLY_KEYS, before.unix())
}

/// Notes that a receiver took the key of a week.
pub(crate) async fn add_handed_over(tx: &mut Tx, receiver: AuthorityCode, week: IsoWeek) -> Result<()> {
    let end = week_end(week).unix();
    run!(tx, ADD_HANDED_OVER, receiver.code().to_owned(), week.to_string(), end).map(drop)
}

/// Whether a receiver took the key of a week.
pub(crate) async fn is_handed_over(tx: &mut Tx, receiver: AuthorityCode, week: IsoWeek) -> Result<bool> {
    let row = optional!(tx, FIND_HANDED_OVER, receiver.code().to_owned(), week.to_string())?;
    Ok(row.is_some())
}

/// The key with which an authority makes its own parts of a week, as whoever has its database and its master key reads it.
///
/// # Errors
/// [`super::StoreError`].
pub async fn own_weekly_key(store: &Store, me: AuthorityCode, week: IsoWeek) -> Result<Option<SecretKey>> {
    let mut tx = store.read().await?;
    let key = find_weekly_key(&mut tx, store.vault(), KeyName { maker: me, receiver: me, week }).await?;
    tx.commit().await?;
    Ok(key)
}
