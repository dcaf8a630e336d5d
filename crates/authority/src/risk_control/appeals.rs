//! Appeals and suspensions: a person answers for what a rule did.
//!
//! Lives here: [`Service::appeal`], its answer within fifteen working days, suspensions that a rule asks for and an officer confirms. Not
//! here: what appeals do to a rule (`risk::appeals`), rows (`store::appeal`).

use ::risk::appeals::back_to_shadow;
use documents::{DocumentNumber, LocalDate, Timestamp};

use crate::registry::RegistryError;
use crate::service::Service;
use crate::store::appeal::{self as rows, Appeal, AppealOutcome, Suspension, SuspensionState};
use crate::store::vault::PersonKey;
use crate::store::{StoreError, Tx, risk as risk_rows};
use crate::verdict::VerdictError;

/// Working days in which a person answers an appeal.
pub const APPEAL_WORKING_DAYS: u8 = 15;
/// Longest words of an appeal, of an answer or of a note, in characters.
pub const LONGEST_WORDS: usize = 2000;
/// The languages in which a traveller is answered.
pub const APPEAL_LANGUAGES: [&str; 4] = ["en", "zh-Hant", "zh-Hans", "pt"];

/// Why an appeal or a suspension was not written.
#[derive(Debug, thiserror::Error)]
pub enum AppealError {
    /// The database cannot be read or written; nothing of the operation stands there.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A reason record, or the crypto library.
    #[error(transparent)]
    Verdict(#[from] VerdictError),
    /// A document's number.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// No reason is kept under this reference.
    #[error(
        "this authority keeps no decision under this reference; compare it with the slip, and ask the other authority of the port too"
    )]
    UnknownReference,
    /// There are no words, or too many.
    #[error("write what happened in 1 to 2,000 characters")]
    Words,
    /// No such language.
    #[error("choose one of en, zh-Hant, zh-Hans and pt for the answer")]
    Language,
    /// It was answered before.
    #[error("this appeal was answered already, or there is none")]
    NoOpenAppeal,
    /// There is nothing to confirm or lift.
    #[error("no suspension waits for an officer here: it lapsed, was decided, or never was asked for")]
    NoSuspension,
}

/// What an officer decides about a suspension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SuspensionDecision {
    /// It comes into force.
    Confirm,
    /// It ends, or does not come into force.
    Lift,
}

/// The end of the last of `days` working days after `from`, Monday to Friday: what is a holiday is the authority's own, and shortens no
/// traveller's time.
fn working_days_after(from: LocalDate, days: u8) -> Timestamp {
    let (mut day, mut left) = (from, days);
    while left > 0 {
        day = day.plus_days(1);
        // 1 January 1970 was a Thursday; Saturday and Sunday are days 2 and 3 from there.
        if !(2..=3).contains(&day.days_since_epoch().rem_euclid(7)) {
            left -= 1;
        }
    }
    day.plus_days(1).start()
}

fn said(words: &str) -> Result<&str, AppealError> {
    let words = words.trim();
    let count = words.chars().count();
    let plain = words.chars().all(|c| !c.is_control() || c == '\n');
    if (1..=LONGEST_WORDS).contains(&count) && plain { Ok(words) } else { Err(AppealError::Words) }
}

impl Service {
    /// Takes an appeal; the same about the same verdict again gives the one that was taken.
    ///
    /// # Errors
    /// [`AppealError`].
    pub async fn appeal(
        &self,
        reference: &[u8; 16],
        (words, language): (&str, &str),
        now: Timestamp,
    ) -> Result<Appeal, AppealError> {
        let words = said(words)?;
        if !APPEAL_LANGUAGES.contains(&language) {
            return Err(AppealError::Language);
        }
        let vault = self.store.vault();
        let mut tx = self.store.begin().await?;
        if risk_rows::find_reason(&mut tx, reference).await?.is_none() {
            return Err(AppealError::UnknownReference);
        }
        let due_at = working_days_after(now.local_date(), APPEAL_WORKING_DAYS);
        rows::add_appeal(&mut tx, vault, reference, (words, language), (now, due_at)).await?;
        let taken = rows::find_appeal(&mut tx, vault, reference).await?;
        tx.commit().await?;
        taken.ok_or(AppealError::UnknownReference)
    }

    /// How an appeal stands; `None` where there is none.
    ///
    /// # Errors
    /// The database's.
    pub async fn find_appeal(&self, reference: &[u8; 16]) -> Result<Option<Appeal>, StoreError> {
        let mut tx = self.store.read().await?;
        let found = rows::find_appeal(&mut tx, self.store.vault(), reference).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// Appeals that wait for an answer, those first that are due first; 500 at most.
    ///
    /// # Errors
    /// The database's.
    pub async fn open_appeals(&self) -> Result<Vec<Appeal>, StoreError> {
        let mut tx = self.store.read().await?;
        let found = rows::open_appeals(&mut tx, self.store.vault()).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// How many appeals are past their time: each is an alarm.
    ///
    /// # Errors
    /// The database's.
    pub async fn overdue_appeals(&self, now: Timestamp) -> Result<i64, StoreError> {
        let mut tx = self.store.read().await?;
        let overdue = rows::count_overdue(&mut tx, now).await?;
        tx.commit().await?;
        Ok(overdue)
    }

    /// Answers an appeal. The rules that had a part in the verdict are counted; one whose appeals succeed too often goes back to shadow. A
    /// suspension that rests on the verdict ends where the traveller was right.
    ///
    /// # Errors
    /// [`AppealError`].
    pub async fn answer_appeal(
        &self,
        reference: &[u8; 16],
        succeeded: bool,
        (officer, answer): (&str, &str),
        now: Timestamp,
    ) -> Result<(), AppealError> {
        let answer = said(answer)?;
        let outcome = if succeeded { AppealOutcome::Succeeded } else { AppealOutcome::Failed };
        let mut tx = self.store.begin().await?;
        if !rows::answer_appeal(&mut tx, reference, (outcome, officer, answer), now).await? {
            return Err(AppealError::NoOpenAppeal);
        }
        let found = risk_rows::find_reason(&mut tx, reference).await?;
        let (signed, person) = found.ok_or(AppealError::UnknownReference)?;
        let record = self.open_reason(&signed, now)?;
        let counted = record.for_owner().findings.iter().filter(|finding| finding.counts);
        for finding in counted {
            rows::count_appeal(&mut tx, &finding.rule, succeeded).await?;
        }
        if let Some(person) = person.filter(|_| succeeded) {
            let rests = |found: &Suspension| found.reference == Some(*reference);
            if let Some(found) = rows::find_suspension(&mut tx, person).await?.filter(rests) {
                end_suspension(&mut tx, found, (officer, "an appeal succeeded")).await?;
            }
        }
        let counts = risk_rows::appeal_counts(&mut tx).await?;
        tx.commit().await?;
        let in_shadow = back_to_shadow(&counts);
        self.risk.keep_in_shadow(in_shadow);
        Ok(())
    }

    /// Suspensions that rules asked for and nobody decided yet, those first that lapse first; those past their time lapse now.
    ///
    /// # Errors
    /// The database's.
    pub async fn asked_suspensions(&self, now: Timestamp) -> Result<Vec<Suspension>, StoreError> {
        let mut tx = self.store.begin().await?;
        rows::lapse_suspensions(&mut tx, now).await?;
        let found = rows::asked_suspensions(&mut tx).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// Decides on the suspension that a rule asked for at a verdict, or that is in force since.
    ///
    /// # Errors
    /// [`AppealError`].
    pub async fn decide_suspension(
        &self,
        reference: &[u8; 16],
        decision: SuspensionDecision,
        (officer, note): (&str, &str),
        now: Timestamp,
    ) -> Result<(), AppealError> {
        let note = said(note)?;
        let mut tx = self.store.begin().await?;
        rows::lapse_suspensions(&mut tx, now).await?;
        let person = risk_rows::find_reason(&mut tx, reference).await?.and_then(|(_, person)| person);
        let person = person.ok_or(AppealError::UnknownReference)?;
        self.decide(&mut tx, person, Some(*reference), decision, (officer, note), now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Suspends or frees the pass of whoever has this document: an officer's own decision.
    ///
    /// # Errors
    /// [`AppealError`].
    pub async fn suspend_pass(
        &self,
        number: &DocumentNumber,
        decision: SuspensionDecision,
        (officer, note): (&str, &str),
        now: Timestamp,
    ) -> Result<(), AppealError> {
        let note = said(note)?;
        let mut tx = self.store.begin().await?;
        rows::lapse_suspensions(&mut tx, now).await?;
        let person = self.person_with(&mut tx, number).await?;
        self.decide(&mut tx, person, None, decision, (officer, note), now).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn decide(
        &self,
        tx: &mut Tx,
        person: PersonKey,
        asked_by: Option<[u8; 16]>,
        decision: SuspensionDecision,
        (officer, note): (&str, &str),
        now: Timestamp,
    ) -> Result<(), AppealError> {
        crate::store::person::hold_person(tx, person).await?;
        let found = rows::find_suspension(tx, person).await?;
        let live = |s: &Suspension| matches!(s.state, SuspensionState::Asked | SuspensionState::InForce);
        let found = found.filter(live).filter(|s| asked_by.is_none() || s.reference == asked_by);
        match (decision, found) {
            (SuspensionDecision::Lift, Some(found)) => Ok(end_suspension(tx, found, (officer, note)).await?),
            (SuspensionDecision::Lift, None) => Err(AppealError::NoSuspension),
            (SuspensionDecision::Confirm, None) if asked_by.is_some() => Err(AppealError::NoSuspension),
            (SuspensionDecision::Confirm, found) => {
                let (reference, asked_at) =
                    found.map_or((None, now), |found| (found.reference, found.asked_at));
                let (state, officer) = (SuspensionState::InForce, officer.to_owned());
                let suspension = Suspension {
                    person,
                    state,
                    reference,
                    asked_at,
                    due_at: now,
                    officer,
                    note: note.to_owned(),
                };
                Ok(rows::set_suspension(tx, &suspension).await?)
            }
        }
    }
}

async fn end_suspension(
    tx: &mut Tx,
    found: Suspension,
    (officer, note): (&str, &str),
) -> Result<(), StoreError> {
    let (state, officer, note) = (SuspensionState::Lifted, officer.to_owned(), note.to_owned());
    rows::set_suspension(tx, &Suspension { state, officer, note, ..found }).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifteen_working_days_are_three_weeks_and_weekends_do_not_count() {
        for (from, end) in [
            ("2026-03-02", "2026-03-24"), // a Monday: until the end of the Monday three weeks later
            ("2026-03-06", "2026-03-28"), // a Friday
            ("2026-03-07", "2026-03-28"), // a Saturday
        ] {
            let from: LocalDate = from.parse().unwrap();
            let end: LocalDate = end.parse().unwrap();
            assert_eq!(working_days_after(from, APPEAL_WORKING_DAYS), end.start(), "{from}");
        }
    }

    #[test]
    fn words_are_there_bounded_and_without_control_characters() {
        assert!(said("it was me").is_ok() && said("two\nlines").is_ok());
        for wrong in ["", "  \n", "a\u{7}", &"x".repeat(LONGEST_WORDS + 1)] {
            assert!(said(wrong).is_err(), "{wrong:?}");
        }
    }
}
