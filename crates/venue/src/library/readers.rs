//! Readers: who stands before a library's desk, by pass or by the library's own card, for as long as their turn lasts.
//!
//! Lives here: [`Library::open_reader`], [`Library::open_by_card`], [`Library::view`], [`Library::end_reader`], rights. Not here: loans
//! (`lending`). A turn lies in memory alone, and ends by itself.

use std::collections::BTreeMap;

use documents::{Timestamp, redact_debug};
use sip2::answer::Patron;
use sip2::{Language, PatronFlags, Summary};

use super::{AccountId, Library, LibraryError, ReaderNames};
use crate::actor::Actor;
use crate::shown::{AnswerFault, AnswerId, Shown};
use crate::stay::id;
use crate::store::answer::Held;
use crate::store::intent;
use crate::store::look::{self, Act, Look};
use crate::store::reader::ReaderRow;
use crate::store::retention::erase;
use crate::store::{PersonKey, Tx};

/// How long a turn lasts without an act, in seconds. The page ends it after 30; this is for a page that is gone.
const TURN_SECONDS: i64 = 120;
/// Most turns at once: more are no people.
const TURNS: usize = 32;
/// Items whose titles are asked for.
const TITLES: usize = 30;

/// The id of a turn: the page draws it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReaderId([u8; 16]);
id!(ReaderId);

/// A reader whose turn it is.
#[derive(Clone)]
pub struct Reader {
    pub(super) person: PersonKey,
    pub(super) account: AccountId,
    pub(super) language: Language,
    /// Whether the account was opened in this turn.
    pub new: bool,
}
redact_debug!(Reader);

impl Reader {
    /// Their account in the library's system.
    #[must_use]
    pub const fn account(&self) -> &AccountId {
        &self.account
    }
}

/// The turns that are not over.
#[derive(Default)]
pub(super) struct Readers(BTreeMap<ReaderId, (Reader, Timestamp)>);

impl Readers {
    fn open(&mut self, id: ReaderId, reader: Reader, now: Timestamp) {
        self.sweep(now);
        while self.0.len() >= TURNS {
            let oldest = self.0.iter().min_by_key(|(_, (_, seen))| *seen).map(|(id, _)| *id);
            match oldest {
                Some(oldest) => self.0.remove(&oldest),
                None => break,
            };
        }
        self.0.insert(id, (reader, now));
    }

    fn find(&mut self, id: ReaderId, now: Timestamp) -> Option<Reader> {
        self.sweep(now);
        let (reader, seen) = self.0.get_mut(&id)?;
        *seen = now;
        Some(reader.clone())
    }

    fn sweep(&mut self, now: Timestamp) {
        // A clock that goes back ends no turn by that.
        self.0.retain(|_, (_, seen)| now.unix() - seen.unix() <= TURN_SECONDS);
    }
}

/// What the library denies a reader, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Denial(&'static str);

impl Denial {
    /// Every code.
    pub const ALL: [&'static str; 14] = [
        "charge_denied",
        "renewal_denied",
        "recall_denied",
        "hold_denied",
        "card_lost",
        "too_many_charged",
        "too_many_overdue",
        "too_many_renewals",
        "too_many_claims",
        "too_many_lost",
        "excessive_fines",
        "excessive_fees",
        "recall_overdue",
        "too_many_billed",
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.0
    }

    /// Those that are set, in the order of the protocol.
    #[must_use]
    pub fn of(flags: PatronFlags) -> Vec<Self> {
        let set = [
            flags.charge_denied,
            flags.renewal_denied,
            flags.recall_denied,
            flags.hold_denied,
            flags.card_lost,
            flags.too_many_charged,
            flags.too_many_overdue,
            flags.too_many_renewals,
            flags.too_many_claims,
            flags.too_many_lost,
            flags.excessive_fines,
            flags.excessive_fees,
            flags.recall_overdue,
            flags.too_many_billed,
        ];
        Self::ALL.into_iter().zip(set).filter(|(_, set)| *set).map(|(code, _)| Self(code)).collect()
    }
}

/// An item that is out.
#[derive(Clone, PartialEq, Eq)]
pub struct Charged {
    /// Its barcode.
    pub item: String,
    /// Its title.
    pub title: Option<String>,
    /// When it is due back, as the library writes it.
    pub due: Option<String>,
}
redact_debug!(Charged);

/// What a reader sees of their account.
#[derive(Clone)]
pub struct ReaderView {
    /// Whether the account was opened in this turn.
    pub new: bool,
    /// What is denied.
    pub denials: Vec<Denial>,
    /// What is out: at most 30 with their titles.
    pub charged: Vec<Charged>,
    /// How many are out, as the library counts.
    pub charged_count: Option<u16>,
    /// How many are overdue.
    pub overdue_count: Option<u16>,
    /// What is owed, as the library writes it.
    pub fees: Option<String>,
    /// In which money.
    pub currency: Option<String>,
    /// What the library says to the reader.
    pub words: Vec<String>,
}
redact_debug!(ReaderView);

/// All that the desk keeps of a reader.
#[derive(Clone)]
pub struct ReaderRecord {
    /// The account in the library's system.
    pub account: AccountId,
    /// Who looked at it, this look included.
    pub looks: Vec<Look>,
}
redact_debug!(ReaderRecord);

impl Library {
    /// Begins the turn of a reader who answered a request of this desk; at a first visit an account is opened. The same again is the
    /// same turn.
    ///
    /// # Errors
    /// [`LibraryError`]; the answer may be used then, and the reader shows the pass again.
    pub async fn open_reader(
        &self,
        id: ReaderId,
        answer: AnswerId,
        language: Language,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Reader, LibraryError> {
        if let Some(reader) = self.readers().find(id, now) {
            return Ok(reader);
        }
        // One account for one reader, also where two answers come at once.
        let _turn = self.turn.lock().await;
        let mut tx = self.store.begin().await?;
        let found = self.reader_of(&mut tx, id, answer, actor, now).await;
        let (row, tag) = tx.end_by(found).await?;
        let new = row.account.is_none();
        let account = match row.account {
            Some(account) => account,
            None => {
                let account = self.accounts.open(&tag, &row.names).await?;
                let mut tx = self.store.begin().await?;
                let set = self.store.set_account(&mut tx, row.person, &account).await;
                tx.end_by(set).await?;
                account
            }
        };
        let reader = Reader { person: row.person, account, language, new };
        self.readers().open(id, reader.clone(), now);
        Ok(reader)
    }

    /// The reader of an answer, which is used for this turn; written down where they are new.
    async fn reader_of(
        &self,
        tx: &mut Tx,
        id: ReaderId,
        answer: AnswerId,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<(ReaderRow, Vec<u8>), LibraryError> {
        match self.store.hold_answer(tx, answer, now).await? {
            Held::Waiting => {}
            Held::Used(_) => return Err(AnswerFault::Used.into()),
            Held::Gone => return Err(AnswerFault::Gone.into()),
        }
        let held = self.store.find_answer(tx, answer).await?.and_then(|row| row.shown);
        let Shown { claims, pseudonym, .. } = held.ok_or(AnswerFault::Gone)?;
        let keep_until = self.keep_until(now);
        let known = match pseudonym {
            Some(pseudonym) => self.store.find_reader(tx, pseudonym).await?,
            None => None,
        };
        let row = match known {
            Some(row) => {
                self.store.keep_reader(tx, row.person, keep_until).await?;
                row
            }
            None => {
                let text = |claim| claims.text(claim).map(str::to_owned);
                let names = ReaderNames {
                    name: text(credential::venue::ClaimName::Name),
                    name_zh: text(credential::venue::ClaimName::NameZh),
                };
                self.store.insert_reader(tx, pseudonym, (None, names), now, keep_until).await?
            }
        };
        self.store.use_answer(tx, answer, id.as_bytes()).await?;
        look::write(tx, row.person, actor, Act::Register, now).await?;
        // Without a pseudonym nobody is known again: the account hangs on this answer.
        let tag = pseudonym.map(|pseudonym| self.store.reader_tag(pseudonym));
        Ok((row, tag.unwrap_or_else(|| self.store.answer_tag(answer.as_bytes()))))
    }

    /// Begins the turn of a reader who has the library's own card, and no pass.
    ///
    /// # Errors
    /// [`LibraryError::Card`], [`LibraryError::System`], [`LibraryError::Store`].
    pub async fn open_by_card(
        &self,
        id: ReaderId,
        (card, password): (&AccountId, &str),
        language: Language,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Reader, LibraryError> {
        if let Some(reader) = self.readers().find(id, now) {
            return Ok(reader);
        }
        let _turn = self.turn.lock().await;
        let patron = self.system.check_password(card.as_str(), password, language, now).await?;
        // A library that does not say whether the password is right has not said that it is.
        if !patron.is_known() || patron.password_valid != Some(true) {
            return Err(LibraryError::Card);
        }
        let mut tx = self.store.begin().await?;
        let tomorrow = now.local_date().plus_days(2).start();
        let names = ReaderNames::default();
        let written =
            self.store.insert_reader(&mut tx, None, (Some(card.clone()), names), now, tomorrow).await;
        let written = match written {
            Ok(row) => look::write(&mut tx, row.person, actor, Act::Register, now).await.map(|()| row.person),
            Err(error) => Err(error),
        };
        let person = tx.end_by(written).await?;
        let reader = Reader { person, account: card.clone(), language, new: false };
        self.readers().open(id, reader.clone(), now);
        Ok(reader)
    }

    /// The reader whose turn it is.
    ///
    /// # Errors
    /// [`LibraryError::NoReader`].
    pub fn reader(&self, id: ReaderId, now: Timestamp) -> Result<Reader, LibraryError> {
        self.readers().find(id, now).ok_or(LibraryError::NoReader)
    }

    /// What the library's system says of a reader now.
    ///
    /// # Errors
    /// [`LibraryError::UnknownAccount`], [`LibraryError::System`].
    pub async fn view(&self, reader: &Reader, now: Timestamp) -> Result<ReaderView, LibraryError> {
        let _turn = self.turn.lock().await;
        let patron = self.patron(reader, now).await?;
        let mut charged = Vec::new();
        for item in patron.charged.iter().take(TITLES) {
            // A title that does not come is no reason to show nothing.
            let told = self.system.item(item.trim(), now).await.ok();
            let (title, due) = told.map_or((None, None), |told| (told.title, told.due));
            charged.push(Charged { item: item.trim().to_owned(), title, due });
        }
        Ok(ReaderView {
            new: reader.new,
            denials: Denial::of(patron.flags),
            charged,
            charged_count: patron.charged_count,
            overdue_count: patron.overdue_count,
            fees: patron.fees,
            currency: patron.currency,
            words: patron.words.screen,
        })
    }

    pub(super) async fn patron(&self, reader: &Reader, now: Timestamp) -> Result<Patron, LibraryError> {
        let account = reader.account.as_str();
        let patron = self.system.patron(account, reader.language, Some(Summary::Charged), now).await?;
        if patron.is_known() { Ok(patron) } else { Err(LibraryError::UnknownAccount) }
    }

    /// Ends a turn: the reader was told of all that has ended, and it is forgotten. The library's system hears of it where it can.
    ///
    /// # Errors
    /// [`LibraryError::Store`]; the turn has ended all the same.
    pub async fn end_reader(&self, id: ReaderId, now: Timestamp) -> Result<(), LibraryError> {
        let Some((reader, _)) = self.readers().0.remove(&id) else { return Ok(()) };
        let _turn = self.turn.lock().await;
        let mut tx = self.store.begin().await?;
        let forgotten = intent::forget_told(&mut tx, reader.person).await;
        tx.end_by(forgotten).await?;
        // Nothing hangs on it: a turn that the library's system goes on with ends there by itself.
        let _ = self.system.end_session(reader.account.as_str(), now).await;
        Ok(())
    }

    /// All that the desk keeps of a reader; this look is written down.
    ///
    /// # Errors
    /// [`LibraryError::NoReader`], [`LibraryError::Store`].
    pub async fn record(
        &self,
        reader: &Reader,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<ReaderRecord, LibraryError> {
        let mut tx = self.store.begin().await?;
        let record = self.record_in(&mut tx, reader, actor, now).await;
        tx.end_by(record).await
    }

    async fn record_in(
        &self,
        tx: &mut Tx,
        reader: &Reader,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<ReaderRecord, LibraryError> {
        let row = self.store.reader(tx, reader.person).await?.ok_or(LibraryError::NoReader)?;
        look::write(tx, row.person, actor, Act::Export, now).await?;
        let looks = look::of_person(tx, row.person).await?;
        Ok(ReaderRecord { account: row.account.unwrap_or_else(|| reader.account.clone()), looks })
    }

    /// Forgets a reader who asks for it, and ends the turn. The account itself is the library's to delete.
    ///
    /// # Errors
    /// [`LibraryError::NoReader`]; [`LibraryError::StillOpen`]; [`LibraryError::Store`].
    pub async fn forget_reader(
        &self,
        id: ReaderId,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<(), LibraryError> {
        let reader = self.reader(id, now)?;
        let _turn = self.turn.lock().await;
        let mut tx = self.store.begin().await?;
        let erased = self.forget_in(&mut tx, &reader, actor, now).await;
        tx.end_by(erased).await?;
        self.store.empty_log().await?;
        self.readers().0.remove(&id);
        Ok(())
    }

    async fn forget_in(
        &self,
        tx: &mut Tx,
        reader: &Reader,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<(), LibraryError> {
        look::write(tx, reader.person, actor, Act::Erase, now).await?;
        match erase(tx, reader.person).await? {
            Some(_) => Ok(()),
            None => Err(LibraryError::StillOpen),
        }
    }
}
