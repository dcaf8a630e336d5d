//! Reserve: the person behind a part, the reservation beside an admit, the signed verdict. All in one transaction.
//!
//! Lives here: what a verdict reads and writes of persons and reservations. Not here: the decision (`decide`).

use ::risk::state::LaneTry;
use clearance::{
    ClearanceId, Hold as LiveHold, HoldAnswer, HoldRequest, LaneId, ReleaseCause, Reservation, ReservationId,
    VERDICT_SECONDS, ask_hold,
};
use credential::cbor::CborError;
use credential::message::{self, Kind, Outcome, Request};
use credential::part::{HolderIdentity, PartContents};
use documents::{
    AuthorityCode, Birth, Document, DocumentNumber, DocumentStatus, Endorsement, FormCode, Holder, Measure,
    Nationality, Timestamp, View,
};

use super::checks::{Evidence, Opened};
use super::decide::{Answer, Hold, settle};
use super::page::{check_birth, document_of_page, holder_of_page};
use super::{AskedFor, AuthorityReason, FreshIds, Stop, VerdictError};
use crate::service::{SenderError, Service};
use crate::store::carer::KeptCarer;
use crate::store::conflict::{self, EventConflict};
use crate::store::given::{self, GivenVerdict};
use crate::store::movement::{self, LedgerEntry};
use crate::store::person::{self, Person, PersonKind};
use crate::store::reservation::{self, ReservationRow};
use crate::store::vault::{PersonKey, Tag};
use crate::store::{StoreError, Tx, outbox, token};

/// How long a reservation waits for its event before it goes on an officer's list, in seconds: longer than the band in
/// which a gate tells the end of a clearance.
const HOLD_SECONDS: i64 = 300;

/// Why a code whose token is genuine is refused: each counts among the refused codes of the person to whom it was issued.
const REFUSED_CODES: [AuthorityReason; 4] = [
    AuthorityReason::ProofInvalid,
    AuthorityReason::ProofStale,
    AuthorityReason::TokenRevoked,
    AuthorityReason::TokenSpent,
];

/// Whether a passage on this token or document will be told to its issuer: a move between the regions on a mainland token or permit, by
/// the entering authority.
pub(crate) fn needs_notice(me: AuthorityCode, entry: &LedgerEntry) -> bool {
    let between_regions = entry.direction.from().is_sar() && entry.direction.to().is_sar();
    between_regions && entry.direction.to() == me && entry.issuer == AuthorityCode::Chn
}

impl Service {
    /// The person behind a part: in the registry for own parts; for sealed ones whoever was seen with this number, or
    /// with this name, birth date and nationality (a card's number changes with each card), or a new row. The row is
    /// held until the transaction ends: no second verdict and no event comes between reading and writing.
    pub(super) async fn find_or_create_person(
        &self,
        tx: &mut Tx,
        request: &Request,
        opened: &Opened,
        fresh: FreshIds,
        now: Timestamp,
    ) -> Result<Person, Stop> {
        let vault = self.store.vault();
        let tag = vault.number_tag(&opened.number);
        let found = person::find_tag(tx, tag).await?;
        let contents = match &opened.evidence {
            Evidence::Page(_) => return self.person_of_page(tx, opened, fresh, now).await,
            Evidence::Part(contents) => contents,
        };
        let key = match (&contents.identity, found) {
            (HolderIdentity::Own { .. }, Some(key)) => key,
            (HolderIdentity::Own { .. }, None) => return Err(Stop::refer(AuthorityReason::NotRegistered)),
            (HolderIdentity::Sealed { latin_name, chinese_name, birth, nationality }, found) => {
                let fields = [latin_name.as_str(), chinese_name.as_str(), &birth.to_string()];
                let identity = vault.identity_tag(fields, nationality);
                find_or_create_seen(tx, found, tag, identity, fresh, now).await?
            }
        };
        person::hold_person(tx, key).await?;
        let person = person::find_person(tx, vault, key).await?;
        let person = person.ok_or_else(|| Stop::refer(AuthorityReason::NotRegistered))?;
        if matches!(contents.identity, HolderIdentity::Own { .. }) {
            self.check_pass(tx, request, opened, (&person, tag), now).await?;
        }
        Ok(person)
    }

    /// Whether the pass of a registered person is in force, their document not lost, their token not ended.
    async fn check_pass(
        &self,
        tx: &mut Tx,
        request: &Request,
        opened: &Opened,
        (person, document): (&Person, Tag),
        now: Timestamp,
    ) -> Result<(), Stop> {
        let over = |kept: KeptCarer| kept.relation.stands(now).is_err();
        if !opened.paper && person.carried.is_some_and(over) {
            return Err(Stop::refer(AuthorityReason::CarerEnded));
        }
        // A paper pass needs no wallet: what ends it stands with its token.
        let without_wallet = person.session.is_none() && !opened.paper;
        if without_wallet || person::is_lost(tx, person.key, document).await? {
            return Err(Stop::refer(AuthorityReason::PassEnded));
        }
        if opened.issuer == self.me || opened.paper {
            let issued = token::find_token(tx, self.store.vault().token_tag(request.token)).await?;
            let suspended = |issued: &token::IssuedToken| issued.status == token::SUSPENDED;
            if issued.as_ref().is_some_and(suspended) {
                return Err(Stop::refer(AuthorityReason::PassSuspended));
            }
            let in_force = |issued: token::IssuedToken| {
                let paper = issued.purpose == token::Purpose::Paper;
                issued.status == 0 && issued.person == person.key && paper == opened.paper
            };
            if !issued.is_some_and(in_force) {
                return Err(Stop::refer(AuthorityReason::TokenRevoked));
            }
        }
        Ok(())
    }

    /// What this authority may know of the person: its registry, or what the part says, and its own movements.
    pub(super) async fn view(&self, tx: &mut Tx, opened: &Opened, person: &Person) -> Result<View, Stop> {
        let rows = movement::find_movements(tx, person.key).await?;
        let movements = rows.iter().map(|row| row.entry.movement(row.at)).collect();
        if person.kind == PersonKind::Registered
            && let Some(resident) = person::find_resident(tx, person).await?
        {
            if let Evidence::Page(page) = &opened.evidence {
                check_birth(page, &resident.holder)?;
            }
            let mut documents = resident.documents;
            let at = documents.iter().position(|d| d.number.match_key() == opened.number.match_key());
            let document = at.map(|at| documents.swap_remove(at));
            return Ok(View { holder: resident.holder, document, other_documents: documents, movements });
        }
        let (holder, document) = match &opened.evidence {
            Evidence::Part(contents) => {
                (holder_of(opened.issuer, contents), self.document_of(opened, contents))
            }
            Evidence::Page(page) => (holder_of_page(opened.issuer, page), document_of_page(page)),
        };
        let holder = holder.ok_or(SenderError::Malformed(CborError::Unexpected))?;
        let document = Some(document);
        Ok(View { holder, document, other_documents: Vec::new(), movements })
    }

    /// The document that a part carries.
    fn document_of(&self, opened: &Opened, contents: &PartContents) -> Document {
        let endorsements = contents.endorsements.iter().filter_map(|slot| {
            Some(Endorsement {
                form: FormCode::new(slot.form)?,
                destination: self.me,
                entries: slot.entries,
                valid_from: slot.from,
                valid_to: slot.to,
                issued: slot.from,
                approved_until: None,
            })
        });
        Document {
            number: opened.number.clone(),
            issued: None,
            expires: contents.expiry,
            status: DocumentStatus::Valid,
            endorsements: endorsements.collect(),
        }
    }

    /// Reserves for an admit, keeps the reason, signs the verdict, and keeps it under its request; `None` where the same
    /// request was answered meanwhile.
    pub(super) async fn reserve_and_sign(
        &self,
        tx: &mut Tx,
        asked: AskedFor<'_>,
        answer: Answer,
        fresh: FreshIds,
        now: Timestamp,
    ) -> Result<Option<Vec<u8>>, VerdictError> {
        let request = asked.request;
        let (answer, hold) = match (&answer.entry, answer.person) {
            (Some(_), Some(person)) => {
                let held = self.ask_hold(tx, request, person, now).await?;
                settle(answer, &held)
            }
            (None, _) | (_, None) => (answer, Hold::None),
        };
        let reservation = match hold {
            Hold::None => None,
            Hold::New | Hold::Replace(_) => Some(ReservationId::from_bytes(fresh.reservation)),
            Hold::Renew(id) => Some(id),
        };
        let verdict = message::Verdict {
            authority: self.me,
            request: asked.hash,
            outcome: answer.outcome.clone(),
            reservation: reservation.map(|id| *id.as_bytes()),
            reference: fresh.reference,
            approval: asked.covering.map(|found| found.id.clone()).unwrap_or_default(),
            rules: self.rules.version().to_owned(),
            valid_until: now.plus_seconds(VERDICT_SECONDS),
        };
        let payload = verdict.encode();
        let signed = self.signing().verdict.sign(Kind::Verdict, &payload)?;
        let given = GivenVerdict {
            request: asked.hash,
            reservation,
            verdict: message::payload_hash(&payload),
            probe: request.probe,
            signed: &signed,
        };
        if !given::add_given(tx, &given, now).await? {
            return Ok(None);
        }
        if let (Some(id), Some(entry), Some(person)) = (reservation, answer.entry.clone(), answer.person) {
            let row = self.reservation_row(request, id, person, (entry, answer.told_of.as_ref()), now)?;
            write_hold(tx, hold, &row, now).await?;
        }
        if answer.code == AuthorityReason::PartForged.code() {
            alarm_forged(tx, asked, now).await?;
        }
        let reason = (outcome_word(&answer.outcome), answer.code, answer.detail.as_str());
        outbox::add_reason(tx, &fresh.reference, now, reason).await?;
        self.keep_risk(tx, request, answer, &fresh.reference, now).await?;
        Ok(Some(signed))
    }

    /// Keeps what risk control saw, found and asked, and counts the attempt among those of the lane.
    async fn keep_risk(
        &self,
        tx: &mut Tx,
        request: &Request,
        answer: Answer,
        reference: &[u8; 16],
        now: Timestamp,
    ) -> Result<(), VerdictError> {
        if REFUSED_CODES.iter().any(|reason| reason.code() == answer.code) {
            self.learn_refused_code(tx, request.token, now).await?;
        }
        let person = match answer.person {
            Some(key) => person::find_person(tx, self.store.vault(), key).await?,
            None => None,
        };
        let admitted = answer.outcome == Outcome::Admit;
        let looked = answer.looked.map(|looked| *looked);
        self.keep_look(tx, (request, reference), (person.as_ref(), looked), admitted, now).await?;
        let attempt = match answer.outcome {
            Outcome::Verify(_) | Outcome::Busy => return Ok(()),
            Outcome::Admit => {
                let officer = clearance::measure_number(Measure::Officer);
                LaneTry { failed: false, overridden: request.measures_done.contains(&officer) }
            }
            Outcome::Refer | Outcome::NotOpenToHolder(_) => LaneTry { failed: true, overridden: false },
        };
        Ok(self.learn_attempt(tx, &request.gate, attempt, now).await?)
    }

    fn reservation_row(
        &self,
        request: &Request,
        id: ReservationId,
        person: PersonKey,
        (entry, told_of): (LedgerEntry, Option<&DocumentNumber>),
        now: Timestamp,
    ) -> Result<ReservationRow, VerdictError> {
        let sealed_number = told_of.map(|number| self.sealed_number(request, number, entry.issuer, now));
        Ok(ReservationRow {
            id,
            person,
            token: self.shown_tag(request),
            sealed_number: sealed_number.transpose()?,
            token_id: needs_notice(self.me, &entry).then_some(request.token),
            clearance: ClearanceId::from_bytes(request.clearance),
            lane: lane(request)?,
            state: Reservation::hold(now.plus_seconds(HOLD_SECONDS)),
            made_at: now,
            entry,
        })
    }

    /// Whether a reservation may be made: by the live ones of the person and the token, and by what has ended.
    async fn ask_hold(
        &self,
        tx: &mut Tx,
        request: &Request,
        person: PersonKey,
        now: Timestamp,
    ) -> Result<HoldAnswer, VerdictError> {
        let tag = self.shown_tag(request);
        let clearance = ClearanceId::from_bytes(request.clearance);
        let ended = reservation::find_ended(tx, tag, clearance).await?;
        if ended.clearance_over {
            return Ok(HoldAnswer::ClearanceOver);
        }
        if ended.token_spent {
            return Ok(HoldAnswer::TokenSpent);
        }
        let rows = reservation::find_live(tx, person, tag).await?;
        let holds: Vec<LiveHold> = rows.iter().map(|row| row.hold((tag, request.token))).collect();
        let settled = request.measures_done.contains(&clearance::measure_number(Measure::Officer));
        let request = HoldRequest { clearance, lane: lane(request)?, token: request.token, settled };
        Ok(ask_hold(&holds, &request, now))
    }
}

/// Puts a part that somebody else made on the officers' list, with the signed request that brought it.
async fn alarm_forged(tx: &mut Tx, asked: AskedFor<'_>, now: Timestamp) -> Result<(), StoreError> {
    let request = asked.request;
    tracing::error!(
        gate = request.gate,
        "a part was shown that this authority never made: its keys are known to others"
    );
    let found = EventConflict {
        id: asked.hash,
        gate: request.gate.clone(),
        clearance: ClearanceId::from_bytes(request.clearance),
        reservation: None,
        code: AuthorityReason::PartForged.code().to_owned(),
        event: asked.signed.to_vec(),
        heard_at: now,
    };
    conflict::add_conflict(tx, &found).await
}

fn lane(request: &Request) -> Result<LaneId, VerdictError> {
    // A gate's id is checked against its key; that it is a lane's name follows from the trust list.
    request.gate.parse().map_err(|_| SenderError::NotForUs.into())
}

/// The person who was seen with this number or this identity; a new row where there is none. Two lanes may see somebody
/// for the first time at once: the tag that was written first decides.
async fn find_or_create_seen(
    tx: &mut Tx,
    found: Option<PersonKey>,
    number: Tag,
    identity: Tag,
    fresh: FreshIds,
    now: Timestamp,
) -> Result<PersonKey, StoreError> {
    let key = match found {
        Some(key) => key,
        None => {
            let new = PersonKey::from_bytes(fresh.person);
            let first = !person::add_tag(tx, identity, new).await?;
            match person::find_tag(tx, identity).await? {
                Some(known) if first => known,
                Some(_) | None => {
                    person::add_seen(tx, new, now).await?;
                    new
                }
            }
        }
    };
    person::add_tag(tx, number, key).await?;
    let key = person::find_tag(tx, number).await?.unwrap_or(key);
    person::add_tag(tx, identity, key).await?;
    Ok(key)
}

/// The holder that a part describes.
fn holder_of(issuer: AuthorityCode, contents: &PartContents) -> Option<Holder> {
    let (birth, nationality) = match &contents.identity {
        HolderIdentity::Own { birth_year } => (Birth::Year(*birth_year), None),
        HolderIdentity::Sealed { birth, nationality, .. } => {
            let nationality = std::str::from_utf8(nationality).ok();
            (Birth::Date(*birth), nationality.and_then(|text| text.parse::<Nationality>().ok()))
        }
    };
    Holder::from_wire_class(issuer, contents.holder_class, birth, nationality)
}

async fn write_hold(tx: &mut Tx, hold: Hold, row: &ReservationRow, now: Timestamp) -> Result<(), StoreError> {
    match hold {
        Hold::None => Ok(()),
        Hold::New => reservation::add_reservation(tx, row).await,
        Hold::Renew(_) => reservation::renew_reservation(tx, row).await,
        Hold::Replace(old) => {
            let state = Reservation::Released { at: now, cause: ReleaseCause::Superseded };
            reservation::set_reservation(tx, old, state).await?;
            reservation::add_reservation(tx, row).await
        }
    }
}

const fn outcome_word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Admit => "admit",
        Outcome::Verify(_) => "verify",
        Outcome::Refer => "refer",
        Outcome::Busy => "busy",
        Outcome::NotOpenToHolder(_) => "not_open_to_holder",
    }
}

#[cfg(test)]
mod tests {
    use documents::AuthorityCode::{Chn, Hkg, Mac};
    use documents::Direction;

    use super::*;

    #[test]
    fn a_move_between_the_regions_on_a_mainland_token_is_told_by_the_entering_authority_alone() {
        for (me, from, to, issuer, expected) in [
            (Mac, Hkg, Mac, Chn, true),
            (Hkg, Mac, Hkg, Chn, true),
            (Hkg, Hkg, Mac, Chn, false),
            (Mac, Mac, Hkg, Chn, false),
            (Mac, Hkg, Mac, Hkg, false),
            (Mac, Hkg, Mac, Mac, false),
            (Mac, Chn, Mac, Chn, false),
            (Chn, Mac, Chn, Chn, false),
        ] {
            let (port, direction) = ("hzmb-hkg-mac".parse().unwrap(), Direction::new(from, to).unwrap());
            let entry = LedgerEntry::passage(port, direction, issuer, None, None, movement::KEEP_DAYS);
            let row = format!("{me} of {from}-{to} on a token of {issuer}");
            assert_eq!(needs_notice(me, &entry), expected, "row {row}");
        }
    }
}
