//! Holder: what a wallet may read and end here: its own record, its own passages, a crossing ahead.
//!
//! Lives here: answers to the holder of a session. Not here: enrolment, tokens (`issuance`), any decision at a lane.

use std::collections::BTreeMap;

use credential::sha256;
use documents::{
    Ahead, AuthorityCode, Direction, Document, DocumentKind, DocumentStatus, EndorsementRef, FormCode,
    LaneKind, LocalDate, PortId, Question, Timestamp, View, ahead, entries_left,
};

use crate::carers::{CarerRole, OwnCarer};
use crate::issuance::border::permit;
use crate::service::Service;
use crate::store::look_alike::{self, MarkedBy};
use crate::store::movement::{self, LedgerEntry};
use crate::store::person::{self, Person, Resident};
use crate::store::{StoreError, Tx, enrolment, token};

/// A day ahead is judged at this minute of it.
const NOON: u16 = 12 * 60;

/// Why a wallet gets no answer about its holder.
#[derive(Debug, thiserror::Error)]
pub enum HolderError {
    /// The database cannot be read or written; nothing of the operation stands there.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No pass is in force for this wallet.
    #[error("no pass is in force for this wallet; enrol again")]
    NoPass,
}

/// What a holder may read of their own record here.
pub struct OwnRecord {
    /// Their home authority.
    pub home: AuthorityCode,
    /// The documents that are registered here.
    pub documents: Vec<OwnDocument>,
    /// A second enrolment of the same holder that waits: when it came, and until when this wallet may object.
    pub second: Option<(Timestamp, Timestamp)>,
    /// Tokens that this authority issued and that are neither over, ended nor used at its lanes.
    pub tokens_left: u64,
    /// The relation by which their pass is on a carer's phone; `None` on their own.
    pub carer: Option<OwnCarer>,
}
documents::redact_debug!(OwnRecord);

/// One of their documents; of its number the last four characters alone.
pub struct OwnDocument {
    /// The kind of document.
    pub kind: DocumentKind,
    /// The last four characters of its number.
    pub last4: String,
    /// Its last day, where it has one.
    pub expires: Option<LocalDate>,
    /// Whether it was reported lost.
    pub lost: bool,
    /// Endorsements in force or to come, none where the kind has none.
    pub endorsements: Vec<OwnEndorsement>,
}
documents::redact_debug!(OwnDocument);

/// An endorsement on it.
pub struct OwnEndorsement {
    /// The id of its form, such as `g-hkg`; the code where the rules do not know it.
    pub form: String,
    /// Where to.
    pub destination: AuthorityCode,
    /// Entries granted at issue; `None` where they are not counted one by one.
    pub entries: Option<u8>,
    /// Entries left by this ledger; `None` where they are not counted one by one.
    pub left: Option<u8>,
    /// First day.
    pub from: LocalDate,
    /// Last day.
    pub to: LocalDate,
}
documents::redact_debug!(OwnEndorsement);

/// A crossing ahead that a holder asks about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrossingAhead {
    /// From where to where.
    pub direction: Direction,
    /// At which port; `None`: at the one that is best for them.
    pub port: Option<PortId>,
    /// On which day; `None`: now.
    pub on: Option<LocalDate>,
}

/// What this authority says about it.
pub struct CrossingAnswer {
    /// The port that was judged.
    pub port: PortId,
    /// The kind of lane.
    pub lane: LaneKind,
    /// For which moment: now, or noon of the day.
    pub at: Timestamp,
    /// The answer for the day asked about.
    pub ahead: Ahead,
}
documents::redact_debug!(CrossingAnswer);

impl Service {
    /// What this authority's record says to its own holder.
    ///
    /// # Errors
    /// [`HolderError`].
    pub async fn own_record(&self, session: &[u8; 32], now: Timestamp) -> Result<OwnRecord, HolderError> {
        let mut tx = self.store.read().await?;
        let (person, resident) = self.holder(&mut tx, session).await?;
        let view = self.own_view(&mut tx, &person, &resident).await?;
        let left = entries_left(&self.rules, self.me, &view, now);
        let tokens_left = token::count_tokens(&mut tx, person.key, now).await?;
        let waiting = enrolment::find_pending(&mut tx, person.key).await?;
        tx.commit().await?;
        let documents =
            resident.documents.iter().map(|document| self.own_document(document, &left)).collect();
        let tokens_left = u64::try_from(tokens_left).unwrap_or(0);
        let second = waiting.map(|waiting| (waiting.made_at, waiting.due_at));
        let carer = person.carried.map(|kept| OwnCarer::new(&kept, CarerRole::Ward, now));
        Ok(OwnRecord { home: resident.holder.home, documents, second, tokens_left, carer })
    }

    /// What this authority says to its holder about a crossing ahead: the decision of its lanes, without the face and
    /// without anything about risk. `None`: no such port serves that direction on that day.
    ///
    /// # Errors
    /// [`HolderError`].
    pub async fn may_cross(
        &self,
        session: &[u8; 32],
        asked: &CrossingAhead,
        now: Timestamp,
    ) -> Result<Option<CrossingAnswer>, HolderError> {
        let mut tx = self.store.read().await?;
        let (person, resident) = self.holder(&mut tx, session).await?;
        let view = self.own_view(&mut tx, &person, &resident).await?;
        tx.commit().await?;
        let later = asked.on.filter(|day| *day != now.local_date());
        let at = later.map_or(now, |day| day.at_minute(NOON));
        let ports =
            self.rules.ports().filter(|port| port.holds_on(at.local_date()) && port.serves(asked.direction));
        let ports = ports.filter(|port| asked.port.as_ref().is_none_or(|wanted| port.id == *wanted));
        let answers = ports.map(|port| {
            let mut question = Question::new(port.id.clone(), asked.direction, at);
            let code = port.lanes.contains(&LaneKind::Code);
            question.lane = if code { LaneKind::Code } else { LaneKind::Manual };
            let ahead = ahead(&self.rules, self.me, &view, &question, later.is_some());
            CrossingAnswer { port: question.port, lane: question.lane, at, ahead }
        });
        // Of equals a port with a lane for the pass, before one with counters alone.
        Ok(answers.min_by_key(|answer| (answer.ahead.rank(), answer.lane == LaneKind::Manual)))
    }

    /// A holder's own passages as this authority's ledger has them, the oldest first.
    ///
    /// # Errors
    /// [`HolderError`].
    pub async fn own_passages(
        &self,
        session: &[u8; 32],
    ) -> Result<Vec<(Timestamp, LedgerEntry)>, HolderError> {
        let mut tx = self.store.read().await?;
        let key = person::find_session(&mut tx, &sha256(session)).await?.ok_or(HolderError::NoPass)?;
        let rows = movement::find_movements(&mut tx, key).await?;
        tx.commit().await?;
        Ok(rows.into_iter().map(|row| (row.at, row.entry)).collect())
    }

    /// Marks the holder, by their own word, as somebody whom another person resembles (a twin, a sibling): an officer looks
    /// at every lane from now on. Only an officer takes the mark away: whoever holds the phone cannot.
    ///
    /// # Errors
    /// [`HolderError`].
    pub async fn mark_own_look_alike(&self, session: &[u8; 32], now: Timestamp) -> Result<(), HolderError> {
        let mut tx = self.store.begin().await?;
        let (person, _) = self.holder(&mut tx, session).await?;
        look_alike::set_mark(&mut tx, person.key, MarkedBy::Holder, now).await?;
        Ok(tx.commit().await?)
    }

    /// Ends the pass of this wallet, with all its tokens.
    ///
    /// # Errors
    /// [`HolderError`].
    pub async fn end_own_pass(&self, session: &[u8; 32], now: Timestamp) -> Result<(), HolderError> {
        let mut tx = self.store.begin().await?;
        let key = person::find_session(&mut tx, &sha256(session)).await?.ok_or(HolderError::NoPass)?;
        self.end_pass_in(&mut tx, key, now).await?;
        Ok(tx.commit().await?)
    }

    /// The person whose wallet this is, with their record.
    async fn holder(&self, tx: &mut Tx, session: &[u8; 32]) -> Result<(Person, Resident), HolderError> {
        let key = person::find_session(tx, &sha256(session)).await?.ok_or(HolderError::NoPass)?;
        let person = person::find_person(tx, self.store.vault(), key).await?.ok_or(HolderError::NoPass)?;
        let resident = person::find_resident(tx, &person).await?.ok_or(HolderError::NoPass)?;
        Ok((person, resident))
    }

    /// What the rules see of a holder at this authority's lanes: its permit shown, its own movements.
    async fn own_view(&self, tx: &mut Tx, person: &Person, resident: &Resident) -> Result<View, StoreError> {
        let rows = movement::find_movements(tx, person.key).await?;
        let shown = permit(resident, self.me).map(|permit| permit.number.match_key());
        let mut documents = resident.documents.clone();
        let at = documents.iter().position(|document| Some(document.number.match_key()) == shown);
        Ok(View {
            holder: resident.holder.clone(),
            document: at.map(|at| documents.swap_remove(at)),
            other_documents: documents,
            movements: rows.iter().map(|row| row.entry.movement(row.at)).collect(),
        })
    }

    fn own_document(&self, document: &Document, left: &BTreeMap<EndorsementRef, u8>) -> OwnDocument {
        let form = |code: FormCode| {
            self.rules.form(code).map_or_else(|| code.get().to_string(), |form| form.id.clone())
        };
        OwnDocument {
            kind: document.kind(),
            last4: document.number.last4(),
            expires: document.expires,
            lost: document.status == DocumentStatus::Lost,
            endorsements: document
                .endorsements
                .iter()
                .map(|e| OwnEndorsement {
                    form: form(e.form),
                    destination: e.destination,
                    entries: e.entries,
                    left: left.get(&e.reference()).copied(),
                    from: e.valid_from,
                    to: e.valid_to,
                })
                .collect(),
        }
    }
}
