//! Desk: where people in office sign in at one party, and where it is decided whether they may do what they ask for.
//!
//! Lives here: the flow (docs/officers.md) over the files of one folder: `officers.json` (accounts, written whole),
//! `officers.acts` (the record). Sessions and challenges are in memory. Not here: HTTP, and what an act does.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use credential::CryptoError;
use credential::webauthn::{
    Assertion, Challenge, Expected, RelyingParty, UserVerification, WebAuthnError, claimed_challenge,
    register, verify,
};
use documents::{AuthorityCode, Timestamp};

use crate::account::{Account, AccountId, AccountName, Accounts, ChangeError, NewAccount, Redeemed, State};
use crate::kept::{FileError, Kept, Lock};
use crate::limits::Limits;
use crate::record::{Actor, Record};
use crate::role::{Deed, Role};
use crate::secret::{Draw, OneTimeCode, Token};
use crate::session::{Challenges, How, Purpose, Session, Sessions};

/// What a desk is made of.
pub struct DeskSettings {
    /// The relying party of its passkeys.
    pub party: RelyingParty,
    /// The origins of its pages, at this moment.
    pub origins: Arc<dyn Fn() -> Vec<String> + Send + Sync>,
    /// Whether test accounts work with a code alone: only where cameras are simulated.
    pub test_accounts: bool,
    /// How long things are good for.
    pub limits: Limits,
    /// The source of random bytes.
    pub draw: Draw,
}

/// Somebody who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The account, as the record of acts names it.
    pub account: AccountId,
    /// The name that colleagues read.
    pub name: AccountName,
    /// Whose officer, at a gate.
    pub side: Option<AuthorityCode>,
    /// What they may do.
    pub roles: Vec<Role>,
    /// Whether it is a test account.
    pub test: bool,
    /// How they signed in.
    pub how: How,
    /// Whether they must register a passkey before they may do anything else.
    pub passkey_needed: bool,
    /// When the session ends if nothing is asked for.
    pub until: Timestamp,
}

/// A session that was opened.
pub struct Opened {
    /// For the one who signed in.
    pub token: Token,
    /// Who that is.
    pub signed: Signed,
}

/// A browser's answer to `navigator.credentials.create`.
pub struct Registration {
    /// `clientDataJSON`.
    pub client_data: Vec<u8>,
    /// `attestationObject`.
    pub attestation: Vec<u8>,
}

/// A browser's answer to `navigator.credentials.get`.
pub struct SignedAssertion {
    /// The credential id.
    pub id: Vec<u8>,
    /// `clientDataJSON`.
    pub client_data: Vec<u8>,
    /// `authenticatorData`.
    pub authenticator_data: Vec<u8>,
    /// `signature`.
    pub signature: Vec<u8>,
}

/// What a browser is asked for.
pub struct Answer {
    /// The challenge to be signed.
    pub challenge: Challenge,
    /// Who signs in, where that is known.
    pub signed: Signed,
    /// Credential ids that the account has, in base64url.
    pub known: Vec<String>,
}

/// Why nobody is signed in, or no passkey registered.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// No such code, or it was used, or it is too old.
    #[error("this one-time code does not count (any more); ask a supervisor for a new one")]
    Code,
    /// No account has this passkey.
    #[error("no account here has this passkey; sign in with a one-time code and register it")]
    UnknownPasskey,
    /// The challenge is not this process's, was used, or is too old.
    #[error("that took too long, or was used already; try again")]
    Challenge,
    /// The account is locked.
    #[error("this account is locked; a supervisor unlocks it")]
    Locked,
    /// The counter went back.
    #[error("this passkey may have been copied: its counter went back; a supervisor must look at it")]
    Counter,
    /// What the authenticator gave does not count.
    #[error(transparent)]
    Passkey(WebAuthnError),
    /// The passkey is registered already, or there are too many.
    #[error(transparent)]
    Change(ChangeError),
    /// Nobody is signed in who could register one.
    #[error(transparent)]
    Permit(PermitError),
    /// A file of accounts or sessions cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// No chance to be had.
    #[error(transparent)]
    Random(#[from] CryptoError),
}

impl SignInError {
    /// The word in the record of acts; it is also the code of the HTTP problem.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Code => "code_refused",
            Self::UnknownPasskey | Self::Passkey(_) => "passkey_refused",
            Self::Challenge => "challenge_expired",
            Self::Locked => "account_locked",
            Self::Counter => "passkey_copied",
            Self::Change(_) => "passkey_taken",
            Self::Permit(error) => error.word(),
            Self::File(_) | Self::Random(_) => "accounts_unusable",
        }
    }
}

/// Why somebody may not do something.
#[derive(Debug, thiserror::Error)]
pub enum PermitError {
    /// Nobody is signed in, or the session has ended.
    #[error("you are signed out; sign in again")]
    SignedOut,
    /// They signed in with a code and have no passkey yet.
    #[error("register a passkey first: a one-time code alone opens nothing")]
    PasskeyNeeded,
    /// No role of theirs does this.
    #[error("your account has no role for this; ask a supervisor")]
    RoleMissing,
    /// They are the other authority's.
    #[error("this is another authority's; your account is not for it")]
    OtherSide,
    /// The files; nothing may be done that cannot be written down.
    #[error(transparent)]
    File(#[from] FileError),
}

impl PermitError {
    /// The word in the record of acts; it is also the code of the HTTP problem.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::PasskeyNeeded => "passkey_needed",
            Self::RoleMissing | Self::OtherSide => "role_missing",
            Self::File(_) => "accounts_unusable",
        }
    }
}

struct Memory {
    sessions: Sessions,
    challenges: Challenges,
    /// The hour in which refusals are counted, and how many there were.
    refusals: (i64, u32),
}

/// The desk of one party.
pub struct Desk {
    folder: PathBuf,
    settings: DeskSettings,
    accounts: Kept<Accounts>,
    record: Record,
    memory: Mutex<Memory>,
}

impl Desk {
    /// The desk over a party's folder.
    ///
    /// # Errors
    /// [`CryptoError::Random`].
    pub fn open(folder: &Path, settings: DeskSettings) -> Result<Self, CryptoError> {
        let challenges = Challenges::new(settings.draw)?;
        let memory = Memory { sessions: Sessions::default(), challenges, refusals: (0, 0) };
        Ok(Self {
            folder: folder.to_owned(),
            settings,
            accounts: Kept::new(folder.join("officers.json")),
            record: Record::of(folder),
            memory: Mutex::new(memory),
        })
    }

    /// The relying party.
    #[must_use]
    pub const fn party(&self) -> &RelyingParty {
        &self.settings.party
    }

    /// How long codes, challenges and sessions live.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.settings.limits
    }

    /// The record of acts.
    #[must_use]
    pub const fn record(&self) -> &Record {
        &self.record
    }

    /// The accounts of the moment.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn accounts(&self) -> Result<Arc<Accounts>, FileError> {
        self.accounts.get()
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the accounts under the lock, and writes down who did what.
    fn change<T>(
        &self,
        actor: &Actor,
        act: &str,
        now: Timestamp,
        change: impl FnOnce(&mut Accounts) -> Result<(T, AccountId), ChangeError>,
    ) -> Result<Result<T, ChangeError>, FileError> {
        let lock = Lock::take(&self.folder)?;
        let mut accounts = (*self.accounts.get()?).clone();
        match change(&mut accounts) {
            Ok((made, whose)) => {
                self.record.write_locked(actor, (act, &whose.to_string(), "done"), now, &lock)?;
                self.accounts.put(&accounts, &lock)?;
                Ok(Ok(made))
            }
            Err(error) => {
                self.record.write_locked(actor, (act, "", &error.to_string()), now, &lock)?;
                Ok(Err(error))
            }
        }
    }

    /// Adds an account; gives its id and its first one-time code.
    ///
    /// # Errors
    /// [`ChangeError`] inside, [`SignInError`] for files and chance.
    pub fn add(
        &self,
        actor: &Actor,
        new: NewAccount,
        now: Timestamp,
    ) -> Result<Result<(AccountId, OneTimeCode), ChangeError>, SignInError> {
        let mut bytes = [0; 8];
        (self.settings.draw)(&mut bytes)?;
        let (id, code) = (AccountId::from_bytes(bytes), OneTimeCode::draw(self.settings.draw)?);
        let (hash, expires) = (code.hash(), now.plus_seconds(self.settings.limits.code_seconds));
        Ok(self.change(actor, "account_add", now, |accounts| {
            accounts.add(id, new, now)?;
            accounts.give_code(id, hash, expires)?;
            Ok(((id, code), id))
        })?)
    }

    /// Gives an account a new one-time code.
    ///
    /// # Errors
    /// As [`Self::add`].
    pub fn new_code(
        &self,
        actor: &Actor,
        id: AccountId,
        now: Timestamp,
    ) -> Result<Result<OneTimeCode, ChangeError>, SignInError> {
        let code = OneTimeCode::draw(self.settings.draw)?;
        let (hash, expires) = (code.hash(), now.plus_seconds(self.settings.limits.code_seconds));
        Ok(self.change(actor, "account_code", now, |accounts| {
            accounts.give_code(id, hash, expires)?;
            Ok((code, id))
        })?)
    }

    /// Locks an account: its sessions end at once, here and at any process over this folder.
    ///
    /// # Errors
    /// [`ChangeError`] inside; [`FileError`].
    pub fn lock(
        &self,
        actor: &Actor,
        id: AccountId,
        now: Timestamp,
    ) -> Result<Result<(), ChangeError>, FileError> {
        let locked = self.change(actor, "account_lock", now, |accounts| Ok((accounts.lock(id, now)?, id)))?;
        if locked.is_ok() {
            self.memory().sessions.close_all(id);
        }
        Ok(locked)
    }

    /// Unlocks an account.
    ///
    /// # Errors
    /// [`ChangeError`] inside; [`FileError`].
    pub fn unlock(
        &self,
        actor: &Actor,
        id: AccountId,
        now: Timestamp,
    ) -> Result<Result<(), ChangeError>, FileError> {
        self.change(actor, "account_unlock", now, |accounts| Ok((accounts.unlock(id)?, id)))
    }

    /// Gives an account other roles.
    ///
    /// # Errors
    /// [`ChangeError`] inside; [`FileError`].
    pub fn set_roles(
        &self,
        actor: &Actor,
        id: AccountId,
        roles: impl IntoIterator<Item = Role>,
        now: Timestamp,
    ) -> Result<Result<(), ChangeError>, FileError> {
        let roles = roles.into_iter().collect();
        self.change(actor, "account_roles", now, |accounts| Ok((accounts.set_roles(id, roles)?, id)))
    }

    /// A challenge to sign in with.
    ///
    /// # Errors
    /// [`CryptoError::Random`].
    pub fn sign_in_challenge(&self, now: Timestamp) -> Result<Challenge, CryptoError> {
        self.memory().challenges.give(Purpose::SignIn, self.settings.draw, now)
    }

    /// Opens a session for whoever holds a passkey.
    ///
    /// # Errors
    /// [`SignInError`]; it is written down.
    pub fn sign_in(&self, given: &SignedAssertion, now: Timestamp) -> Result<Opened, SignInError> {
        let signed = self.check_assertion(given, now).map_err(|(actor, error)| {
            self.refused(&actor, "sign_in", &error, now);
            error
        })?;
        self.open_session(signed, How::Passkey, now)
    }

    fn check_assertion(
        &self,
        given: &SignedAssertion,
        now: Timestamp,
    ) -> Result<AccountId, (Actor, SignInError)> {
        let unknown = |error| (Actor::Nobody, error);
        let challenge =
            claimed_challenge(&given.client_data).map_err(|e| unknown(SignInError::Passkey(e)))?;
        if !self.memory().challenges.take(&challenge, Purpose::SignIn, &self.settings.limits, now) {
            return Err(unknown(SignInError::Challenge));
        }
        // Under the lock from the look at the counter to its writing: two answers never pass by one counter.
        let lock = Lock::take(&self.folder).map_err(|e| unknown(e.into()))?;
        let mut accounts = (*self.accounts.get().map_err(|e| unknown(e.into()))?).clone();
        let found =
            accounts.by_passkey(&given.id).map(|(account, kept)| (account.id, account.state, kept.passkey()));
        let Some((id, state, Some(passkey))) = found else {
            return Err(unknown(SignInError::UnknownPasskey));
        };
        let actor = Actor::Account(id);
        let origins = (self.settings.origins)();
        let expected = self.expected(&challenge, &origins);
        let answer = Assertion {
            client_data: &given.client_data,
            authenticator_data: &given.authenticator_data,
            signature: &given.signature,
        };
        let counted = verify(&expected, &passkey, &answer).map_err(|error| {
            if error == WebAuthnError::Counter {
                tracing::warn!(account = %id, "a passkey's counter went back: it may have been copied");
                (actor.clone(), SignInError::Counter)
            } else {
                // Whoever has no passkey of the account is not the account.
                unknown(SignInError::Passkey(error))
            }
        })?;
        if state != State::Active {
            return Err((actor, SignInError::Locked));
        }
        if counted != passkey {
            accounts.counted(&counted);
            self.accounts.put(&accounts, &lock).map_err(|e| (actor.clone(), e.into()))?;
        }
        Ok(id)
    }

    /// Opens a session for whoever holds a one-time code, which counts no more from then on.
    ///
    /// # Errors
    /// [`SignInError`]; it is written down.
    pub fn redeem(&self, code: &str, now: Timestamp) -> Result<Opened, SignInError> {
        let found = self.redeemed(code, now).map_err(|error| (Actor::Nobody, error));
        let found = found.and_then(|redeemed| match redeemed {
            Redeemed::By(id) => Ok(id),
            Redeemed::Expired(id) => Err((Actor::Account(id), SignInError::Code)),
            Redeemed::Locked(id) => Err((Actor::Account(id), SignInError::Locked)),
            Redeemed::Unknown => Err((Actor::Nobody, SignInError::Code)),
        });
        match found {
            Ok(id) => self.open_session(id, How::Code, now),
            Err((actor, error)) => {
                self.refused(&actor, "code", &error, now);
                Err(error)
            }
        }
    }

    fn redeemed(&self, code: &str, now: Timestamp) -> Result<Redeemed, SignInError> {
        let Some(code) = OneTimeCode::parse(code) else { return Ok(Redeemed::Unknown) };
        let lock = Lock::take(&self.folder)?;
        let mut accounts = (*self.accounts.get()?).clone();
        let redeemed = accounts.redeem(&code.hash(), now);
        if redeemed != Redeemed::Unknown {
            self.accounts.put(&accounts, &lock)?;
        }
        Ok(redeemed)
    }

    fn open_session(&self, id: AccountId, how: How, now: Timestamp) -> Result<Opened, SignInError> {
        let act = match how {
            How::Code => "code",
            How::Passkey => "sign_in",
        };
        self.record.write(&Actor::Account(id), (act, "", "done"), now)?;
        let token = Token::draw(self.settings.draw)?;
        self.memory().sessions.open(token.hash(), id, how, &self.settings.limits, now);
        let signed = self.signed(&token, now).map_err(SignInError::Permit)?;
        Ok(Opened { token, signed })
    }

    /// Writes a refused sign-in down; a flood of them is counted in the log alone, so that nobody fills the disk.
    fn refused(&self, actor: &Actor, act: &str, error: &SignInError, now: Timestamp) {
        let hour = now.unix().div_euclid(3600);
        let written = {
            let mut memory = self.memory();
            let (known, count) = &mut memory.refusals;
            if *known != hour {
                (*known, *count) = (hour, 0);
            }
            *count = count.saturating_add(1);
            *count <= self.settings.limits.refusals_an_hour
        };
        tracing::warn!(why = error.word(), "a sign-in was refused");
        if written && let Err(error) = self.record.write(actor, (act, "", error.word()), now) {
            tracing::error!(%error, "a refused sign-in could not be written down");
        }
    }

    fn session(&self, token: &Token, now: Timestamp) -> Result<(Session, Account), PermitError> {
        let found = self.memory().sessions.find(&token.hash(), &self.settings.limits, now);
        let session = found.ok_or(PermitError::SignedOut)?;
        let accounts = self.accounts.get()?;
        let account = accounts.find(session.account).filter(|account| account.state == State::Active);
        Ok((session, account.ok_or(PermitError::SignedOut)?.clone()))
    }

    /// Who holds a token; no sign of life.
    ///
    /// # Errors
    /// [`PermitError::SignedOut`], [`PermitError::File`].
    pub fn signed(&self, token: &Token, now: Timestamp) -> Result<Signed, PermitError> {
        let (session, account) = self.session(token, now)?;
        let by_code = session.how == How::Code;
        Ok(Signed {
            account: account.id,
            name: account.name,
            side: account.side,
            roles: account.roles.into_iter().collect(),
            passkey_needed: by_code && !(account.test && self.settings.test_accounts),
            test: account.test,
            how: session.how,
            until: session.ends(&self.settings.limits),
        })
    }

    /// Lets somebody do something, once it is written down that they did. `side`: whose, at a gate.
    ///
    /// # Errors
    /// [`PermitError`]; what somebody who is signed in was refused is written down too.
    pub fn permit(
        &self,
        token: Option<&Token>,
        deed: Deed,
        side: Option<AuthorityCode>,
        object: &str,
        now: Timestamp,
    ) -> Result<Signed, PermitError> {
        let token = token.ok_or(PermitError::SignedOut)?;
        let signed = self.signed(token, now)?;
        let refusal = if signed.passkey_needed {
            Some(PermitError::PasskeyNeeded)
        } else if signed.side != side {
            Some(PermitError::OtherSide)
        } else if signed.roles.iter().any(|role| deed.roles().contains(role)) {
            None
        } else {
            Some(PermitError::RoleMissing)
        };
        let result = refusal.as_ref().map_or("allowed", PermitError::word);
        self.record.write(&Actor::Account(signed.account), (deed.word(), object, result), now)?;
        self.memory().sessions.touch(&token.hash(), now);
        match refusal {
            Some(refusal) => Err(refusal),
            None => self.signed(token, now),
        }
    }

    /// Writes down what became of something that was allowed, where it was not done after all.
    pub fn failed(&self, signed: &Signed, deed: Deed, (object, why): (&str, &str), now: Timestamp) {
        let written = self.record.write(&Actor::Account(signed.account), (deed.word(), object, why), now);
        if let Err(error) = written {
            tracing::error!(%error, "what became of an act could not be written down");
        }
    }

    /// A challenge to register a passkey with, for whoever is signed in.
    ///
    /// # Errors
    /// [`SignInError`].
    pub fn registration_challenge(&self, token: &Token, now: Timestamp) -> Result<Answer, SignInError> {
        let (_, account) = self.session(token, now).map_err(SignInError::Permit)?;
        let signed = self.signed(token, now).map_err(SignInError::Permit)?;
        let purpose = token.hash();
        let memory = self.memory();
        let challenge = memory.challenges.give(Purpose::Register(&purpose), self.settings.draw, now)?;
        let known = account.passkeys().iter().map(|kept| kept.id().to_owned()).collect();
        Ok(Answer { challenge, signed, known })
    }

    /// Registers a passkey for whoever is signed in; from then on the session counts as one with a passkey.
    ///
    /// # Errors
    /// [`SignInError`]; it is written down.
    pub fn register(
        &self,
        token: &Token,
        given: &Registration,
        now: Timestamp,
    ) -> Result<Signed, SignInError> {
        let signed = self.signed(token, now).map_err(SignInError::Permit)?;
        let actor = Actor::Account(signed.account);
        let made = self.check_registration(token, given, now).and_then(|passkey| {
            let changed = self.change(&actor, "passkey_add", now, |accounts| {
                accounts.add_passkey(signed.account, &passkey, now)?;
                Ok(((), signed.account))
            })?;
            changed.map_err(SignInError::Change)
        });
        if let Err(error) = made {
            self.refused(&actor, "passkey_add", &error, now);
            return Err(error);
        }
        {
            let mut memory = self.memory();
            memory.sessions.strengthen(&token.hash());
            memory.sessions.touch(&token.hash(), now);
        }
        self.signed(token, now).map_err(SignInError::Permit)
    }

    /// What an authenticator must answer to.
    fn expected<'a>(&'a self, challenge: &'a Challenge, origins: &'a [String]) -> Expected<'a> {
        let party = &self.settings.party;
        Expected { party, challenge, origins, verification: UserVerification::Required }
    }

    fn check_registration(
        &self,
        token: &Token,
        given: &Registration,
        now: Timestamp,
    ) -> Result<credential::webauthn::Passkey, SignInError> {
        let challenge = claimed_challenge(&given.client_data).map_err(SignInError::Passkey)?;
        let (session, limits) = (token.hash(), &self.settings.limits);
        if !self.memory().challenges.take(&challenge, Purpose::Register(&session), limits, now) {
            return Err(SignInError::Challenge);
        }
        let origins = (self.settings.origins)();
        let expected = self.expected(&challenge, &origins);
        register(&expected, &given.client_data, &given.attestation).map_err(SignInError::Passkey)
    }

    /// Ends a session.
    ///
    /// # Errors
    /// [`FileError`]; the session has ended nevertheless.
    pub fn sign_out(&self, token: &Token, now: Timestamp) -> Result<(), FileError> {
        let found = self.memory().sessions.find(&token.hash(), &self.settings.limits, now);
        self.memory().sessions.close(&token.hash());
        match found {
            Some(session) => {
                self.record.write(&Actor::Account(session.account), ("sign_out", "", "done"), now)
            }
            None => Ok(()),
        }
    }
}
