//! Account: one person in office at one party: name, roles, passkeys, and whether they may sign in.
//!
//! Lives here: [`Accounts`] and every change of them, each refused with its reason. Pure; `desk` keeps them in a file.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use credential::PublicKey;
use credential::webauthn::Passkey;
use documents::{AuthorityCode, Timestamp, redact_debug};
use serde::{Deserialize, Serialize};

use crate::role::Role;

/// Accounts at one party.
const MAX_ACCOUNTS: usize = 1000;
/// Passkeys of one account.
const MAX_PASSKEYS: usize = 8;

/// The id of an account: 8 random bytes, in hexadecimal; the record of acts has it in place of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct AccountId([u8; 8]);

impl AccountId {
    /// An id from random bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }

    /// The bytes: the user handle of the account's passkeys.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl From<AccountId> for String {
    fn from(id: AccountId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for AccountId {
    type Error = ChangeError;

    fn try_from(text: String) -> Result<Self, ChangeError> {
        text.parse()
    }
}

impl FromStr for AccountId {
    type Err = ChangeError;

    fn from_str(text: &str) -> Result<Self, ChangeError> {
        let bytes = hex::decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or(ChangeError::Unknown)
    }
}

/// The name of a person in office: 1 to 64 characters without controls.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct AccountName(String);

redact_debug!(AccountName);

impl AccountName {
    /// A name.
    ///
    /// # Errors
    /// [`ChangeError::Name`].
    pub fn new(text: &str) -> Result<Self, ChangeError> {
        let text = text.trim();
        // Controls, and characters that turn the direction of what is printed.
        let odd = |c: char| {
            c.is_control()
                || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        if (1..=64).contains(&text.chars().count()) && !text.chars().any(odd) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ChangeError::Name)
        }
    }

    /// The name, for whoever may see the accounts.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<AccountName> for String {
    fn from(name: AccountName) -> Self {
        name.0
    }
}

impl TryFrom<String> for AccountName {
    type Error = ChangeError;

    fn try_from(text: String) -> Result<Self, ChangeError> {
        Self::new(&text)
    }
}

/// Whether an account may sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It may.
    Active,
    /// It was locked then; its sessions ended, its code counts no more.
    Locked(Timestamp),
}

/// A one-time code of an account, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptCode {
    /// SHA-256 of the code.
    #[serde(with = "hex::serde")]
    hash: [u8; 32],
    expires: Timestamp,
}

/// A passkey of an account, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptPasskey {
    /// The credential id, in base64url.
    id: String,
    /// The compressed point.
    #[serde(with = "hex::serde")]
    key: [u8; 33],
    sign_count: u32,
    backup_eligible: bool,
    added: Timestamp,
}

impl KeptPasskey {
    fn new(passkey: &Passkey, added: Timestamp) -> Self {
        Self {
            id: URL_SAFE_NO_PAD.encode(&passkey.id),
            key: *passkey.key.as_bytes(),
            sign_count: passkey.sign_count,
            backup_eligible: passkey.backup_eligible,
            added,
        }
    }

    /// The credential id, in base64url.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn passkey(&self) -> Option<Passkey> {
        Some(Passkey {
            id: URL_SAFE_NO_PAD.decode(&self.id).ok()?,
            key: PublicKey::from_bytes(&self.key).ok()?,
            sign_count: self.sign_count,
            backup_eligible: self.backup_eligible,
        })
    }
}

/// One person in office.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The account, as the record of acts names it.
    pub id: AccountId,
    /// The name that colleagues read.
    pub name: AccountName,
    /// At a gate: whose officer; none is one of the gate's own operator.
    pub side: Option<AuthorityCode>,
    /// What they may do.
    pub roles: BTreeSet<Role>,
    /// Whether they may sign in.
    pub state: State,
    /// A test account: where cameras are simulated, a code alone signs it in.
    pub test: bool,
    /// When it was made.
    pub made: Timestamp,
    code: Option<KeptCode>,
    passkeys: Vec<KeptPasskey>,
}

impl Account {
    /// The passkeys registered so far.
    #[must_use]
    pub fn passkeys(&self) -> &[KeptPasskey] {
        &self.passkeys
    }

    /// Whether a one-time code is out that counts at `now`.
    #[must_use]
    pub fn code_open(&self, now: Timestamp) -> bool {
        self.code.as_ref().is_some_and(|code| now < code.expires)
    }

    fn is_active(&self) -> bool {
        self.state == State::Active
    }

    fn supervises(&self, side: Option<AuthorityCode>) -> bool {
        self.is_active() && self.side == side && self.roles.contains(&Role::Supervisor)
    }
}

/// Why an account is not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// No name of a person.
    #[error("a name has 1 to 64 characters, none of them a control")]
    Name,
    /// Another account has the name.
    #[error("another account has this name; choose one that tells the two apart")]
    NameTaken,
    /// No role.
    #[error("an account needs a role")]
    NoRole,
    /// No such account.
    #[error("there is no such account; `baypass officer list` shows them")]
    Unknown,
    /// Nobody could give accounts any more.
    #[error("this is the last supervisor; make another one first")]
    LastSupervisor,
    /// Another account has the passkey, or it has it already.
    #[error("this passkey is registered already; sign in with it")]
    PasskeyTaken,
    /// The account is locked.
    #[error("the account is locked; a supervisor unlocks it")]
    Locked,
    /// More than anybody needs.
    #[error("there are too many; lock an account, or take the passkeys that are there")]
    TooMany,
}

/// An account that is to be.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// The name that colleagues will read.
    pub name: AccountName,
    /// Whose officer, at a gate.
    pub side: Option<AuthorityCode>,
    /// What the account may do; one role at least.
    pub roles: BTreeSet<Role>,
    /// Whether it is a test account.
    pub test: bool,
}

/// How a one-time code is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Redeemed {
    /// By this account; it counts no more.
    By(AccountId),
    /// It was this account's, and had expired.
    Expired(AccountId),
    /// The account is locked.
    Locked(AccountId),
    /// Nobody's.
    Unknown,
}

/// All accounts of one party.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Accounts(Vec<Account>);

impl Accounts {
    /// All of them, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Account> {
        self.0.iter()
    }

    /// The account with this id.
    #[must_use]
    pub fn find(&self, id: AccountId) -> Option<&Account> {
        self.0.iter().find(|account| account.id == id)
    }

    fn find_mut(&mut self, id: AccountId) -> Result<&mut Account, ChangeError> {
        self.0.iter_mut().find(|account| account.id == id).ok_or(ChangeError::Unknown)
    }

    /// Adds an account, which has nothing to sign in with yet.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub fn add(&mut self, id: AccountId, new: NewAccount, now: Timestamp) -> Result<(), ChangeError> {
        if new.roles.is_empty() {
            return Err(ChangeError::NoRole);
        }
        if self.0.iter().any(|known| known.name == new.name && known.side == new.side) {
            return Err(ChangeError::NameTaken);
        }
        if self.0.len() >= MAX_ACCOUNTS || self.find(id).is_some() {
            return Err(ChangeError::TooMany);
        }
        let NewAccount { name, side, roles, test } = new;
        let (state, code, passkeys) = (State::Active, None, Vec::new());
        self.0.push(Account { id, name, side, roles, state, test, made: now, code, passkeys });
        Ok(())
    }

    /// Gives an account a one-time code; one that was out before counts no more.
    ///
    /// # Errors
    /// [`ChangeError::Unknown`], [`ChangeError::Locked`].
    pub fn give_code(
        &mut self,
        id: AccountId,
        hash: [u8; 32],
        expires: Timestamp,
    ) -> Result<(), ChangeError> {
        let account = self.find_mut(id)?;
        if !account.is_active() {
            return Err(ChangeError::Locked);
        }
        account.code = Some(KeptCode { hash, expires });
        Ok(())
    }

    /// Takes a one-time code: it counts no more, whatever comes of it.
    pub(crate) fn redeem(&mut self, hash: &[u8; 32], now: Timestamp) -> Redeemed {
        // What is compared are hashes: the time that it takes says nothing about a code.
        let holder = self.0.iter_mut().find(|account| account.code.as_ref().is_some_and(|c| c.hash == *hash));
        let Some(account) = holder else { return Redeemed::Unknown };
        let good = account.code_open(now);
        account.code = None;
        match (account.is_active(), good) {
            (false, _) => Redeemed::Locked(account.id),
            (true, false) => Redeemed::Expired(account.id),
            (true, true) => Redeemed::By(account.id),
        }
    }

    /// Gives an account a passkey.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub fn add_passkey(
        &mut self,
        id: AccountId,
        passkey: &Passkey,
        now: Timestamp,
    ) -> Result<(), ChangeError> {
        let kept = KeptPasskey::new(passkey, now);
        if self.0.iter().flat_map(|account| &account.passkeys).any(|known| known.id == kept.id) {
            return Err(ChangeError::PasskeyTaken);
        }
        let account = self.find_mut(id)?;
        if account.passkeys.len() >= MAX_PASSKEYS {
            return Err(ChangeError::TooMany);
        }
        account.passkeys.push(kept);
        Ok(())
    }

    /// Whose passkey has this credential id.
    #[must_use]
    pub fn by_passkey(&self, id: &[u8]) -> Option<(&Account, &KeptPasskey)> {
        let id = URL_SAFE_NO_PAD.encode(id);
        let own = |account: &'_ Account| account.passkeys.iter().position(|known| known.id == id);
        let account = self.0.iter().find(|account| own(account).is_some())?;
        account.passkeys.iter().find(|known| known.id == id).map(|kept| (account, kept))
    }

    /// Keeps the counter of a passkey.
    pub(crate) fn counted(&mut self, passkey: &Passkey) {
        let id = URL_SAFE_NO_PAD.encode(&passkey.id);
        let all = self.0.iter_mut().flat_map(|account| &mut account.passkeys);
        for kept in all.filter(|kept| kept.id == id) {
            kept.sign_count = passkey.sign_count;
        }
    }

    /// Locks an account.
    ///
    /// # Errors
    /// [`ChangeError::Unknown`], [`ChangeError::LastSupervisor`].
    pub fn lock(&mut self, id: AccountId, now: Timestamp) -> Result<(), ChangeError> {
        self.keeping_a_supervisor(id, |account| {
            if account.is_active() {
                account.state = State::Locked(now);
            }
            account.code = None;
        })
    }

    /// Unlocks an account.
    ///
    /// # Errors
    /// [`ChangeError::Unknown`].
    pub fn unlock(&mut self, id: AccountId) -> Result<(), ChangeError> {
        self.find_mut(id)?.state = State::Active;
        Ok(())
    }

    /// Gives an account other roles.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub fn set_roles(&mut self, id: AccountId, roles: BTreeSet<Role>) -> Result<(), ChangeError> {
        if roles.is_empty() {
            return Err(ChangeError::NoRole);
        }
        self.keeping_a_supervisor(id, |account| account.roles = roles)
    }

    /// Changes an account, unless its side had a supervisor and would have none.
    fn keeping_a_supervisor(
        &mut self,
        id: AccountId,
        change: impl FnOnce(&mut Account),
    ) -> Result<(), ChangeError> {
        let mut changed = self.clone();
        let account = changed.find_mut(id)?;
        change(account);
        let side = account.side;
        let supervised = |all: &Self| all.0.iter().any(|account| account.supervises(side));
        if supervised(self) && !supervised(&changed) {
            return Err(ChangeError::LastSupervisor);
        }
        *self = changed;
        Ok(())
    }
}
