//! Publish: what an authority says to everybody and to its own holders, and what it remembers of its neighbours.
//!
//! Lives here: status lists with their short memory, a holder's own record and passages, the ages of lists, weekly
//! keys that were handed over. Not here: any decision on a person (`verdict`), HTTP (`http`).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use credential::sha256;
use documents::{
    Ahead, AuthorityCode, CaseFile, Direction, Document, DocumentKind, DocumentStatus, EndorsementRef,
    FormCode, IsoWeek, LaneKind, LocalDate, PortId, Question, Timestamp, View, ahead, entries_left,
};
use trust::Freshness;

use crate::ledger::{LedgerEntry, movement};
use crate::service::{Service, ServiceError};
use crate::store::{self, PersonRow, Tx};

/// A status list is signed afresh when it is asked for and older than this, or when a revocation came.
pub const STATUS_SECONDS: i64 = 30;
/// A day ahead is judged at this minute of it.
const NOON: u16 = 12 * 60;
/// How many status lists there are, in turn ([`crate::status_list_number`]).
pub const STATUS_LISTS: u8 = 16;

/// The last signed list of each number, with the revoked places that it was made from.
#[derive(Debug, Default)]
pub(crate) struct Published(Mutex<BTreeMap<u8, Arc<Signed>>>);

#[derive(Debug)]
struct Signed {
    places: Vec<(i64, i64)>,
    at: Timestamp,
    bytes: Arc<[u8]>,
}

/// What a holder may read of his own record here.
pub struct OwnRecord {
    /// His home authority.
    pub home: AuthorityCode,
    /// The documents that are registered here.
    pub documents: Vec<OwnDocument>,
    /// Tokens that this authority issued and that are neither over, revoked nor used at its lanes.
    pub tokens_left: u64,
}
documents::redact_debug!(OwnRecord);

/// One of them; of its number the last four characters alone.
pub struct OwnDocument {
    /// Its kind.
    pub kind: DocumentKind,
    /// The last four characters of its number.
    pub last4: String,
    /// Its last day, where it has one.
    pub expires: Option<LocalDate>,
    /// Whether it was reported lost.
    pub lost: bool,
    /// Its endorsements.
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
    pub way: Direction,
    /// At which port; `None`: at the one that is best for him.
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
    /// The answer.
    pub ahead: Ahead,
}
documents::redact_debug!(CrossingAnswer);

/// How old the lists are that a service works with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListAge {
    /// Whose.
    pub authority: AuthorityCode,
    /// The trust list: fresh, stale or refused.
    pub trust: Freshness,
    /// Number of the trust list in use, and when it ends.
    pub trust_list: Option<(u64, Timestamp)>,
    /// Status lists that are held of it: number and when it was signed.
    pub status: Vec<(u8, Timestamp)>,
}

/// A weekly key that this authority needs, and whether it is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeeklyKey {
    /// Who makes it.
    pub maker: AuthorityCode,
    /// Who opens with it.
    pub receiver: AuthorityCode,
    /// For which week.
    pub week: IsoWeek,
    /// Whether it is here (received), or was taken over there (made here).
    pub present: bool,
}

/// Who makes weekly keys for whom: every maker of sealed parts for every receiver of them.
pub const HANDOVERS: [(AuthorityCode, AuthorityCode); 4] = [
    (AuthorityCode::Chn, AuthorityCode::Hkg),
    (AuthorityCode::Chn, AuthorityCode::Mac),
    (AuthorityCode::Hkg, AuthorityCode::Mac),
    (AuthorityCode::Mac, AuthorityCode::Hkg),
];

impl Service {
    /// One of this authority's status lists: the last one signed while it is young and nothing was revoked since,
    /// judged by the database each time, so that a revocation by whatever process is in the next answer.
    ///
    /// # Errors
    /// As [`Service::status_list`].
    pub async fn current_status_list(&self, list: u8, now: Timestamp) -> Result<Arc<[u8]>, ServiceError> {
        let mut places = self.revoked(list, now).await?;
        places.sort_unstable();
        let held = {
            let published = self.published.0.lock().unwrap_or_else(PoisonError::into_inner);
            published.get(&list).cloned()
        };
        if let Some(held) = held
            && held.places == places
            && (0..STATUS_SECONDS).contains(&now.seconds_since(held.at))
        {
            return Ok(Arc::clone(&held.bytes));
        }
        let bytes: Arc<[u8]> = self.sign_status_list(list, &places, now)?.into();
        let signed = Arc::new(Signed { places, at: now, bytes: Arc::clone(&bytes) });
        self.published.0.lock().unwrap_or_else(PoisonError::into_inner).insert(list, signed);
        Ok(bytes)
    }

    /// What this authority's record says to its own holder.
    ///
    /// # Errors
    /// [`ServiceError::NoPass`], or the database's.
    pub async fn own_record(&self, session: &[u8; 32], now: Timestamp) -> Result<OwnRecord, ServiceError> {
        let mut tx = self.store.begin().await?;
        let person = holder(&mut tx, session).await?;
        let case = CaseFile::parse(&person.record, &self.rules)?;
        let view = self.own_view(&mut tx, &person, &case).await?;
        let left = entries_left(&self.rules, self.me, &view, now);
        let mut documents = Vec::with_capacity(case.documents.len());
        for document in &case.documents {
            let tag = self.number_tag(&document.number);
            let lost = store::find_tag(&mut tx, &tag).await?.is_some_and(|(_, lost)| lost != 0);
            documents.push(self.own_document(document, lost, &left));
        }
        let tokens_left = store::count_tokens(&mut tx, &person.key, now.unix()).await?;
        store::commit(tx).await?;
        let tokens_left = u64::try_from(tokens_left).unwrap_or(0);
        Ok(OwnRecord { home: case.holder.home, documents, tokens_left })
    }

    /// What the rules see of a holder at this authority's lanes: its permit shown, its own movements.
    async fn own_view(&self, tx: &mut Tx, person: &PersonRow, case: &CaseFile) -> Result<View, ServiceError> {
        let rows = store::find_movements(tx, &person.key).await?;
        let movements = rows.iter().map(movement).collect::<Result<Vec<_>, _>>()?;
        let mut documents = case.documents.clone();
        for document in &mut documents {
            let tag = self.number_tag(&document.number);
            if store::find_tag(tx, &tag).await?.is_some_and(|(_, lost)| lost != 0) {
                document.status = DocumentStatus::Lost;
            }
        }
        let shown = self.permit(case, self.me).map(|permit| permit.number.match_key());
        let at = documents.iter().position(|document| Some(document.number.match_key()) == shown);
        let document = at.map(|at| documents.swap_remove(at));
        Ok(View { holder: case.holder.clone(), document, other_documents: documents, movements })
    }

    /// What this authority says to its holder about a crossing ahead: the decision of its lanes, without the face and
    /// without anything about risk. `None`: no such port serves that direction on that day.
    ///
    /// # Errors
    /// [`ServiceError::NoPass`], or the database's.
    pub async fn may_cross(
        &self,
        session: &[u8; 32],
        asked: &CrossingAhead,
        now: Timestamp,
    ) -> Result<Option<CrossingAnswer>, ServiceError> {
        let mut tx = self.store.begin().await?;
        let person = holder(&mut tx, session).await?;
        let case = CaseFile::parse(&person.record, &self.rules)?;
        let view = self.own_view(&mut tx, &person, &case).await?;
        store::commit(tx).await?;
        let later = asked.on.filter(|day| *day != now.local_date());
        let at = later.map_or(now, |day| day.at_minute(NOON));
        let ports =
            self.rules.ports().filter(|port| port.holds_on(at.local_date()) && port.serves(asked.way));
        let ports = ports.filter(|port| asked.port.as_ref().is_none_or(|wanted| port.id == *wanted));
        let answers = ports.map(|port| {
            let mut question = Question::new(port.id.clone(), asked.way, at);
            let code = port.lanes.contains(&LaneKind::Code);
            question.lane = if code { LaneKind::Code } else { LaneKind::Manual };
            let ahead = ahead(&self.rules, self.me, &view, &question, later.is_some());
            CrossingAnswer { port: question.port, lane: question.lane, at, ahead }
        });
        Ok(answers.min_by_key(|answer| answer.ahead.rank()))
    }

    fn own_document(
        &self,
        document: &Document,
        lost: bool,
        left: &BTreeMap<EndorsementRef, u8>,
    ) -> OwnDocument {
        let form = |code: FormCode| {
            self.rules.form(code).map_or_else(|| code.get().to_string(), |form| form.id.clone())
        };
        let number: Vec<char> = document.number.match_key().chars().collect();
        OwnDocument {
            kind: document.kind(),
            last4: number.iter().skip(number.len().saturating_sub(4)).collect(),
            expires: document.expires,
            lost: lost || document.status == DocumentStatus::Lost,
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

    /// A holder's own passages as this authority's ledger has them.
    ///
    /// # Errors
    /// [`ServiceError::NoPass`], or the database's.
    pub async fn own_passages(
        &self,
        session: &[u8; 32],
    ) -> Result<Vec<(Timestamp, LedgerEntry)>, ServiceError> {
        let mut tx = self.store.begin().await?;
        let person = holder(&mut tx, session).await?;
        let rows = store::find_movements(&mut tx, &person.key).await?;
        store::commit(tx).await?;
        rows.iter()
            .map(|row| {
                let at = Timestamp::from_unix(row.at).unwrap_or(Timestamp::MAX);
                Ok((at, LedgerEntry::from_json(&row.record)?))
            })
            .collect()
    }

    /// Ends the pass of this wallet, with all its tokens.
    ///
    /// # Errors
    /// [`ServiceError::NoPass`], or the database's.
    pub async fn end_own_pass(&self, session: &[u8; 32], now: Timestamp) -> Result<(), ServiceError> {
        let mut tx = self.store.begin().await?;
        let key = store::find_session(&mut tx, &sha256(session)).await?.ok_or(ServiceError::NoPass)?;
        store::end_pass(&mut tx, &key, now.unix()).await?;
        Ok(store::commit(tx).await?)
    }

    /// The signed bytes of the trust list in use of an authority.
    #[must_use]
    pub fn trust_list(&self, authority: AuthorityCode) -> Option<Vec<u8>> {
        let trust = self.trust.read().unwrap_or_else(PoisonError::into_inner);
        trust.bytes(authority).map(<[u8]>::to_vec)
    }

    /// How old the lists are that this service works with.
    #[must_use]
    pub fn list_ages(&self, now: Timestamp) -> Vec<ListAge> {
        let trust = self.trust.read().unwrap_or_else(PoisonError::into_inner);
        let statuses = self.statuses.read().unwrap_or_else(PoisonError::into_inner);
        let age = |authority| ListAge {
            authority,
            trust: trust.freshness(authority, now),
            trust_list: trust.list(authority).map(|list| (list.number, list.expires)),
            status: statuses
                .iter()
                .filter(|((issuer, _), _)| *issuer == authority)
                .map(|((_, number), list)| (*number, list.issued))
                .collect(),
        };
        AuthorityCode::ALL.into_iter().map(age).collect()
    }

    /// The weekly keys of this week and the next ones between this authority and the others.
    ///
    /// # Errors
    /// The database's.
    pub async fn weekly_keys(&self, weeks: i32, now: Timestamp) -> Result<Vec<WeeklyKey>, ServiceError> {
        let mut tx = self.store.begin().await?;
        let mut keys = Vec::new();
        for (maker, receiver) in HANDOVERS {
            for ahead in 0..weeks {
                let week = now.local_date().iso_week().plus_weeks(ahead);
                let name = week.to_string();
                let present = if receiver == self.me {
                    store::find_weekly(&mut tx, maker.code(), receiver.code(), &name).await?.is_some()
                } else if maker == self.me {
                    store::is_handed_over(&mut tx, receiver.code(), &name).await?
                } else {
                    continue;
                };
                keys.push(WeeklyKey { maker, receiver, week, present });
            }
        }
        store::commit(tx).await?;
        Ok(keys)
    }

    /// Notes that `receiver` took the weekly key of a week: it is not handed over again.
    ///
    /// # Errors
    /// The database's.
    pub async fn handed_over(&self, receiver: AuthorityCode, week: IsoWeek) -> Result<(), ServiceError> {
        let end = week.plus_weeks(1).monday().start().unix();
        let mut tx = self.store.begin().await?;
        store::add_handed_over(&mut tx, receiver.code(), &week.to_string(), end).await?;
        Ok(store::commit(tx).await?)
    }

    /// How many notices wait for delivery.
    ///
    /// # Errors
    /// The database's.
    pub async fn notices_waiting(&self) -> Result<u64, ServiceError> {
        let mut tx = self.store.begin().await?;
        let waiting = store::count_notices(&mut tx).await?;
        store::commit(tx).await?;
        Ok(u64::try_from(waiting).unwrap_or(0))
    }
}

/// The person whose wallet this is.
async fn holder(tx: &mut Tx, session: &[u8; 32]) -> Result<PersonRow, ServiceError> {
    let key = store::find_session(tx, &sha256(session)).await?.ok_or(ServiceError::NoPass)?;
    store::find_person(tx, &key).await?.ok_or(ServiceError::NoPass)
}
