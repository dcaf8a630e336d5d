//! Lending: borrow, give back, renew, pay: each act known to its end, or known to be open.
//!
//! Lives here: [`Library::borrow`] and its siblings, [`Library::settle_open`]. Not here: what an intent may become (`intent`), what a lost
//! loan is found to be (`sip2::settle`). The order is: the intent on the disk, then the request, then the end on the disk. A loan is asked for
//! again only once it is known that the first one does not stand.

use documents::{Timestamp, redact_debug};
use sip2::answer::Loan;
use sip2::{Currency, FeeType, Language, PaymentType, Settled, Summary, settle};

use super::{Library, LibraryError, Reader};
use crate::actor::Actor;
use crate::loan::{Barcode, Ending, Intent, IntentId, IntentState, PaymentFound, Want, payment_found};
use crate::store::intent::{self, IntentRow};
use crate::store::look::{self, Act};
use crate::store::{PersonKey, StoreError, Tx};

/// How long what stands waits for the end of its reader's turn, in seconds: longer than any turn lasts.
const UNTOLD_SECONDS: i64 = 600;
/// How often a loan or a payment is asked for afresh, once it is known that the one before does not stand.
const ROUNDS: usize = 3;

/// What became of an act, for the reader.
#[derive(Clone, PartialEq, Eq)]
pub struct Ended {
    /// How far it came. `Open`: nobody knows yet, and the item stays at the desk.
    pub state: IntentState,
    /// How it ended; `None` while it is open.
    pub ending: Option<Ending>,
    /// What the library says to the reader.
    pub words: Vec<String>,
}
redact_debug!(Ended);

impl Ended {
    const fn new(state: IntentState, ending: Option<Ending>) -> Self {
        Self { state, ending, words: Vec::new() }
    }
}

/// What became of an item that was given back.
#[derive(Clone, PartialEq, Eq)]
pub struct GivenBack {
    /// Whether the library has taken it back.
    pub ok: bool,
    /// Why not, or why staff have to look; a stable code.
    pub code: Option<&'static str>,
    /// Its title.
    pub title: Option<String>,
    /// The bin into which it goes.
    pub bin: Option<String>,
    /// What the library says to the reader.
    pub words: Vec<String>,
}
redact_debug!(GivenBack);

/// An intent that staff have to look at.
#[derive(Clone)]
pub struct Unsettled {
    /// Its id.
    pub id: IntentId,
    /// The intent.
    pub intent: Intent,
}
redact_debug!(Unsettled);

impl Library {
    /// Lends an item to a reader. The same id again is the same loan.
    ///
    /// # Errors
    /// [`LibraryError`]: then nothing was lent by this.
    pub async fn borrow(
        &self,
        reader: &Reader,
        id: IntentId,
        item: &Barcode,
        fee_agreed: bool,
        now: Timestamp,
    ) -> Result<Ended, LibraryError> {
        let _turn = self.turn.lock().await;
        let want = Want::Loan { item: item.clone() };
        if let Some(row) = self.intent(id).await? {
            return self.again(row, reader, &want, fee_agreed, now).await;
        }
        if !self.settle_item(item, now).await? {
            return Ok(Ended::new(IntentState::Open, None));
        }
        if let Some(ended) = self.stands_in_the_way(reader, item, now).await? {
            return Ok(ended);
        }
        let row = self.write_intent(id, reader, want, now).await?;
        self.ask_for_loan(row, fee_agreed, now).await
    }

    /// The same intent came again: what is known of it now, and it is asked for where it is known not to stand.
    async fn again(
        &self,
        row: IntentRow,
        reader: &Reader,
        want: &Want,
        fee_agreed: bool,
        now: Timestamp,
    ) -> Result<Ended, LibraryError> {
        if row.person != reader.person || row.intent.want.item() != want.item() {
            return Err(LibraryError::OtherContent);
        }
        match row.intent.state {
            IntentState::Open => match self.find_out(&row.intent, now).await {
                Settled::Free => self.ask_for_loan(row, fee_agreed, now).await,
                settled @ (Settled::Stands | Settled::Locked | Settled::Staff(_)) => {
                    self.close_as(row, settled, IntentState::Done, now).await
                }
            },
            // It stands, and now the reader is told.
            IntentState::Untold => {
                let ending = row.intent.ending.clone().unwrap_or_default();
                self.close(row, IntentState::Done, ending, now).await
            }
            state @ (IntentState::Done | IntentState::Refused | IntentState::Staff) => {
                Ok(Ended::new(state, row.intent.ending))
            }
        }
    }

    /// Settles whatever is open on an item; `false` where it stays open.
    async fn settle_item(&self, item: &Barcode, now: Timestamp) -> Result<bool, LibraryError> {
        let mut tx = self.store.read().await?;
        let open = self.store.open_on(&mut tx, item.as_str()).await;
        tx.roll_back().await?;
        for id in open? {
            let Some(row) = self.intent(id).await? else { continue };
            let settled = self.find_out(&row.intent, now).await;
            let ended = self.close_as(row, settled, IntentState::Untold, now).await?;
            if ended.state == IntentState::Open {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What is known of an item before it is asked for: lent already, to this reader or to another.
    async fn stands_in_the_way(
        &self,
        reader: &Reader,
        item: &Barcode,
        now: Timestamp,
    ) -> Result<Option<Ended>, LibraryError> {
        let told = self.system.item(item.as_str(), now).await?;
        if !told.status.is_some_and(sip2::CirculationStatus::is_charged) {
            return Ok(None);
        }
        let patron = self.patron(reader, now).await?;
        let (title, due) = (told.title.clone(), told.due.clone());
        let ending = |code: &str| Ending { code: Some(code.to_owned()), title, due, ..Ending::default() };
        Ok(Some(match settle(item.as_str(), Some(&told), Some(&patron)) {
            // Nothing new was lent, and the item is theirs: no lock is opened twice.
            Settled::Stands => Ended::new(IntentState::Done, Some(ending("lent_to_you_already"))),
            Settled::Staff(_) | Settled::Locked | Settled::Free => {
                Ended::new(IntentState::Refused, Some(ending("lent_to_somebody_else")))
            }
        }))
    }

    async fn ask_for_loan(
        &self,
        row: IntentRow,
        fee_agreed: bool,
        now: Timestamp,
    ) -> Result<Ended, LibraryError> {
        let Want::Loan { item } = row.intent.want.clone() else { return Err(LibraryError::OtherContent) };
        let account = row.intent.account.clone();
        for _ in 0..ROUNDS {
            match self.system.checkout(account.as_str(), item.as_str(), fee_agreed, now).await {
                Ok(asked) if asked.answer.ok || !asked.repeated => {
                    return self.close_by(row, asked.answer, now).await;
                }
                // A no to the second of two may mean that the first one stands.
                Ok(_) => {}
                Err(error) if error.may_have_happened() => {}
                Err(error) => {
                    self.take_back(row.id).await?;
                    return Err(error.into());
                }
            }
            match self.find_out(&row.intent, now).await {
                Settled::Free => {}
                settled @ (Settled::Stands | Settled::Locked | Settled::Staff(_)) => {
                    return self.close_as(row, settled, IntentState::Done, now).await;
                }
            }
        }
        self.close(row, IntentState::Refused, Ending::refused("library_failing"), now).await
    }

    /// Asks for item and reader, and finds what has become of a loan.
    async fn find_out(&self, intent: &Intent, now: Timestamp) -> Settled {
        let Want::Loan { item } = &intent.want else { return Settled::Locked };
        let (item, account) = (item.as_str(), intent.account.as_str());
        let Ok(told) = self.system.item(item, now).await else { return Settled::Locked };
        if !told.status.is_some_and(sip2::CirculationStatus::is_charged) {
            return settle(item, Some(&told), None);
        }
        let patron = self.system.patron(account, Language::Unknown, Some(Summary::Charged), now).await;
        settle(item, Some(&told), patron.ok().as_ref())
    }

    async fn close_by(&self, row: IntentRow, answer: Loan, now: Timestamp) -> Result<Ended, LibraryError> {
        let state = if answer.ok { IntentState::Done } else { IntentState::Refused };
        let code = match (answer.ok, answer.unlock, &answer.fee) {
            (true, true, _) => None,
            (true, false, _) => Some("unlock_at_counter"),
            (false, _, Some(_)) => Some("fee_to_agree"),
            (false, _, None) => Some("library_refuses"),
        };
        let ending = Ending {
            code: code.map(str::to_owned),
            title: answer.title,
            due: answer.due,
            unlock: answer.unlock,
            fee: answer.fee,
        };
        let ended = self.close(row, state, ending, now).await?;
        Ok(Ended { words: answer.words.screen, ..ended })
    }

    /// Closes an intent by what was found; `stands` is what it is where it stands.
    async fn close_as(
        &self,
        row: IntentRow,
        settled: Settled,
        stands: IntentState,
        now: Timestamp,
    ) -> Result<Ended, LibraryError> {
        match settled {
            Settled::Stands => {
                let told = match row.intent.want.item() {
                    Some(item) => self.system.item(item, now).await.ok(),
                    None => None,
                };
                let (title, due) = told.map_or((None, None), |told| (told.title, told.due));
                let ending = Ending { title, due, unlock: true, ..Ending::default() };
                self.close(row, stands, ending, now).await
            }
            Settled::Free => self.close(row, IntentState::Refused, Ending::refused("not_lent"), now).await,
            Settled::Locked => Ok(Ended::new(IntentState::Open, None)),
            Settled::Staff(reason) => self.close(row, IntentState::Staff, Ending::staff(reason), now).await,
        }
    }

    async fn close(
        &self,
        mut row: IntentRow,
        state: IntentState,
        ending: Ending,
        now: Timestamp,
    ) -> Result<Ended, LibraryError> {
        row.intent.end(state, ending);
        let mut tx = self.store.begin().await?;
        let updated = self.store.update_intent(&mut tx, &row, now).await;
        tx.end_by(updated).await?;
        Ok(Ended::new(state, row.intent.ending))
    }

    async fn intent(&self, id: IntentId) -> Result<Option<IntentRow>, StoreError> {
        let mut tx = self.store.read().await?;
        let row = self.store.find_intent(&mut tx, id).await;
        tx.roll_back().await?;
        row
    }

    async fn write_intent(
        &self,
        id: IntentId,
        reader: &Reader,
        want: Want,
        now: Timestamp,
    ) -> Result<IntentRow, LibraryError> {
        let intent = Intent::new(reader.account.clone(), want);
        let mut tx = self.store.begin().await?;
        let written = self.store.insert_intent(&mut tx, id, reader.person, &intent, now).await;
        if tx.end_by(written).await? {
            Ok(IntentRow { id, person: reader.person, intent })
        } else {
            Err(LibraryError::NoReader)
        }
    }

    /// Nothing was asked: the intent goes.
    async fn take_back(&self, id: IntentId) -> Result<(), LibraryError> {
        let mut tx = self.store.begin().await?;
        let deleted = self.store.delete_intent(&mut tx, id).await;
        Ok(tx.end_by(deleted).await?)
    }

    /// Renews a loan. Twice is no harm, so nothing is written: where the answer is lost, the due date says what became of it.
    ///
    /// # Errors
    /// [`LibraryError`].
    pub async fn renew(
        &self,
        reader: &Reader,
        item: &Barcode,
        now: Timestamp,
    ) -> Result<Ended, LibraryError> {
        let _turn = self.turn.lock().await;
        let asked = match self.system.renew(reader.account.as_str(), item.as_str(), now).await {
            Ok(asked) => asked,
            Err(error) if error.may_have_happened() => {
                let told = self.system.item(item.as_str(), now).await?;
                let ending = Ending {
                    code: Some("renewal_unclear".to_owned()),
                    title: told.title,
                    due: told.due,
                    ..Ending::default()
                };
                return Ok(Ended::new(IntentState::Staff, Some(ending)));
            }
            Err(error) => return Err(error.into()),
        };
        let Loan { ok, title, due, fee, words, .. } = asked.answer;
        let code =
            if ok { None } else { Some(if fee.is_some() { "fee_to_agree" } else { "library_refuses" }) };
        let ending = Ending { code: code.map(str::to_owned), title, due, unlock: false, fee };
        let state = if ok { IntentState::Done } else { IntentState::Refused };
        Ok(Ended { words: words.screen, ..Ended::new(state, Some(ending)) })
    }

    /// Takes an item back: nobody has to say who brings it. Twice is no harm.
    ///
    /// # Errors
    /// [`LibraryError::System`]: then nobody knows; the item is laid on the desk again.
    pub async fn give_back(&self, item: &Barcode, now: Timestamp) -> Result<GivenBack, LibraryError> {
        let _turn = self.turn.lock().await;
        let mut lost = None;
        for _ in 0..ROUNDS {
            match self.system.checkin(item.as_str(), now, now).await {
                Ok(asked) if asked.answer.ok || !asked.repeated => {
                    let answer = asked.answer;
                    let code = match (answer.ok, answer.alert) {
                        (true, false) => None,
                        (true, true) => Some("give_to_staff"),
                        (false, _) => Some("library_refuses"),
                    };
                    let (title, bin, words) = (answer.title, answer.bin, answer.words.screen);
                    return Ok(GivenBack { ok: answer.ok, code, title, bin, words });
                }
                Ok(_) => {}
                Err(error) if error.may_have_happened() => lost = Some(error),
                Err(error) => return Err(error.into()),
            }
            let told = self.system.item(item.as_str(), now).await?;
            if told.status.is_some_and(sip2::CirculationStatus::is_back) {
                let (title, words) = (told.title, told.words.screen);
                return Ok(GivenBack { ok: true, code: None, title, bin: None, words });
            }
        }
        match lost {
            Some(error) => Err(error.into()),
            None => Ok(GivenBack {
                ok: false,
                code: Some("library_failing"),
                title: None,
                bin: None,
                words: Vec::new(),
            }),
        }
    }

    /// Tells the library's system that a reader has paid at the counter. The same id again is the same payment.
    ///
    /// # Errors
    /// [`LibraryError`]: then nothing was told by this.
    pub async fn pay(
        &self,
        reader: &Reader,
        id: IntentId,
        (amount, currency): (&str, Currency),
        how: PaymentType,
        now: Timestamp,
    ) -> Result<Ended, LibraryError> {
        let _turn = self.turn.lock().await;
        let row = match self.intent(id).await? {
            Some(row) => {
                let same =
                    matches!(&row.intent.want, Want::Payment { amount: before, .. } if before == amount);
                if row.person != reader.person || !same {
                    return Err(LibraryError::OtherContent);
                }
                if row.intent.state != IntentState::Open {
                    return Ok(Ended::new(row.intent.state, row.intent.ending));
                }
                if let Some(ended) = self.find_payment(&row, now).await? {
                    return Ok(ended);
                }
                row
            }
            None => {
                let owed = self.patron(reader, now).await?.fees;
                let want = Want::Payment { amount: amount.to_owned(), owed };
                self.write_intent(id, reader, want, now).await?
            }
        };
        let account = row.intent.account.clone();
        let transaction = row.id.to_string();
        for _ in 0..ROUNDS {
            let told = self.system.fee_paid(
                account.as_str(),
                FeeType::Other,
                how,
                currency,
                amount,
                &transaction,
                now,
            );
            match told.await {
                Ok(asked) if asked.answer.0 => {
                    return self.close(row, IntentState::Done, Ending::default(), now).await;
                }
                Ok(asked) if !asked.repeated => {
                    let ending = Ending::refused("library_refuses");
                    let ended = self.close(row, IntentState::Refused, ending, now).await?;
                    return Ok(Ended { words: asked.answer.1.screen, ..ended });
                }
                Ok(_) => {}
                Err(error) if error.may_have_happened() => {}
                Err(error) => {
                    self.take_back(row.id).await?;
                    return Err(error.into());
                }
            }
            if let Some(ended) = self.find_payment(&row, now).await? {
                return Ok(ended);
            }
        }
        self.close(row, IntentState::Staff, Ending::refused("payment_unclear"), now).await
    }

    /// What became of a payment whose answer was lost; `None` where it was not taken.
    async fn find_payment(&self, row: &IntentRow, now: Timestamp) -> Result<Option<Ended>, LibraryError> {
        let Want::Payment { amount, owed } = &row.intent.want else { return Ok(None) };
        let account = row.intent.account.as_str();
        let patron = self.system.patron(account, Language::Unknown, Some(Summary::Charged), now).await;
        let Ok(patron) = patron else { return Ok(Some(Ended::new(IntentState::Open, None))) };
        let row = IntentRow { id: row.id, person: row.person, intent: row.intent.clone() };
        let found = match payment_found(amount, owed.as_deref(), patron.fees.as_deref()) {
            PaymentFound::Free => return Ok(None),
            PaymentFound::Stands => self.close(row, IntentState::Done, Ending::default(), now).await?,
            PaymentFound::Unclear => {
                self.close(row, IntentState::Staff, Ending::refused("payment_unclear"), now).await?
            }
        };
        Ok(Some(found))
    }

    /// Takes up what the desk left when it stopped: of what stands nobody knows whether the reader was told.
    ///
    /// # Errors
    /// The database's.
    pub async fn take_up(&self, now: Timestamp) -> Result<(), StoreError> {
        self.note_untold(now).await
    }

    async fn note_untold(&self, since: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        let noted = intent::set_untold(&mut tx, since).await;
        let noted = tx.end_by(noted).await?;
        if noted > 0 {
            tracing::warn!(noted, "loans stand, and their readers may not know; staff look at them");
        }
        Ok(())
    }

    /// Settles what is open after a stop or a fault, each by itself: at the start, and again and again. Gives how many stay open.
    ///
    /// # Errors
    /// The database's.
    pub async fn settle_open(&self, now: Timestamp) -> Result<usize, StoreError> {
        self.note_untold(now.plus_seconds(-UNTOLD_SECONDS)).await?;
        let mut left = 0;
        for id in self.intents_in(IntentState::Open).await? {
            // Held for one at a time: whoever stands at the desk comes in between.
            let _turn = self.turn.lock().await;
            let Some(row) = self.intent(id).await?.filter(|row| row.intent.state == IntentState::Open) else {
                continue;
            };
            let ended = match row.intent.want {
                Want::Loan { .. } => {
                    let settled = self.find_out(&row.intent, now).await;
                    self.close_as(row, settled, IntentState::Untold, now).await
                }
                Want::Payment { .. } => match self.find_payment(&row, now).await {
                    Ok(Some(ended)) => Ok(ended),
                    // Not taken: whoever took the money tells it again, or gives it back.
                    Ok(None) => {
                        self.close(row, IntentState::Staff, Ending::refused("payment_not_taken"), now).await
                    }
                    Err(error) => Err(error),
                },
            };
            match ended {
                Ok(ended) if ended.state != IntentState::Open => {}
                Err(LibraryError::Store(error)) => return Err(error),
                Ok(_) | Err(_) => left += 1,
            }
        }
        Ok(left)
    }

    async fn intents_in(&self, state: IntentState) -> Result<Vec<IntentId>, StoreError> {
        let mut tx = self.store.read().await?;
        let ids = self.store.intents_in(&mut tx, state).await;
        tx.roll_back().await?;
        ids
    }

    /// What staff have to look at; each look is written down.
    ///
    /// # Errors
    /// The database's.
    pub async fn unsettled(&self, actor: &Actor, now: Timestamp) -> Result<Vec<Unsettled>, StoreError> {
        let mut tx = self.store.begin().await?;
        let found = self.unsettled_in(&mut tx, actor, now).await;
        tx.end_by(found).await
    }

    async fn unsettled_in(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Vec<Unsettled>, StoreError> {
        let mut found = Vec::new();
        for state in [IntentState::Open, IntentState::Untold, IntentState::Staff] {
            for id in self.store.intents_in(tx, state).await? {
                if let Some(row) = self.store.find_intent(tx, id).await? {
                    look::write(tx, row.person, actor, Act::See, now).await?;
                    found.push(Unsettled { id, intent: row.intent });
                }
            }
        }
        Ok(found)
    }

    /// How many intents staff have to look at, and how many are open.
    ///
    /// # Errors
    /// The database's.
    pub async fn unsettled_counts(&self) -> Result<(usize, usize), StoreError> {
        let mut counts = [0; 3];
        for (count, state) in
            counts.iter_mut().zip([IntentState::Untold, IntentState::Staff, IntentState::Open])
        {
            *count = self.intents_in(state).await?.len();
        }
        let [untold, staff, open] = counts;
        Ok((untold + staff, open))
    }

    /// Staff have looked, and it is settled.
    ///
    /// # Errors
    /// [`LibraryError::NoIntent`], [`LibraryError::StillOpen`] of one that is not known yet, [`LibraryError::Store`].
    pub async fn settled_by_staff(
        &self,
        id: IntentId,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<(), LibraryError> {
        let _turn = self.turn.lock().await;
        let row = self.intent(id).await?.ok_or(LibraryError::NoIntent)?;
        let state = match row.intent.state {
            IntentState::Untold => IntentState::Done,
            IntentState::Staff => IntentState::Refused,
            IntentState::Open => return Err(LibraryError::StillOpen),
            IntentState::Done | IntentState::Refused => return Err(LibraryError::NoIntent),
        };
        let person = row.person;
        let ending = row.intent.ending.clone().unwrap_or_default();
        self.close(row, state, ending, now).await?;
        self.write_look(person, actor, now).await
    }

    async fn write_look(&self, person: PersonKey, actor: &Actor, now: Timestamp) -> Result<(), LibraryError> {
        let mut tx = self.store.begin().await?;
        let written = look::write(&mut tx, person, actor, Act::Correct, now).await;
        Ok(tx.end_by(written).await?)
    }
}
