//! Verdict: one authority's answer to a gate, from the bytes that were shown, the face, the rules and the ledger.
//!
//! Lives here: the order of the steps. `checks` is what needs no person, `decide` is the pure decision, `reserve` finds
//! the person, reserves and signs; `page` is what a lane by document does in place of the checks of a token. The gate learns the class and a reference; the reason stays here.

mod checks;
mod chip;
mod decide;
mod looking;
mod page;
mod reason;
mod reserve;
mod signals;

use clearance::{ClearanceId, Enveloped};
use credential::cbor::CborError;
use credential::message::{self, MessageError, Outcome};
use credential::page::PageError;
use credential::{CryptoError, TokenError};
use documents::Timestamp;

use crate::faces::FaceCheckError;
use crate::inference::PoolError;
use crate::risk_engine::Watch;
use crate::service::{SenderError, Service, draw};
use crate::store::outbox::{self, VerdictReason};
use crate::store::{StoreError, Tx, given, reservation};
use crate::weekly_keys::WeeklyKeyError;

pub(crate) use checks::{Compared, Evidence, Likeness, Opened, Recognised};
use decide::Answer;
use looking::LookAt;
pub use reason::AuthorityReason;
pub(crate) use reserve::needs_notice;

/// Why a gate gets no verdict: the request is not a registered gate's, or this service cannot judge at this moment.
/// Whatever is wrong with the traveller's side is a verdict.
#[derive(Debug, thiserror::Error)]
pub enum VerdictError {
    /// The database cannot be read or written; nothing of the operation stands there.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The request, or its envelope.
    #[error(transparent)]
    Sender(#[from] SenderError),
    /// The face models.
    #[error(transparent)]
    Face(#[from] FaceCheckError),
    /// A weekly key could not be read.
    #[error("{0}")]
    WeeklyKey(#[source] WeeklyKeyError),
    /// A token could not be looked at.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// A document's number could not be sealed to its issuer.
    #[error("the document's number could not be sealed to its issuer")]
    Page(#[from] PageError),
    /// The crypto library.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl From<MessageError> for VerdictError {
    fn from(error: MessageError) -> Self {
        SenderError::from(error).into()
    }
}

impl From<WeeklyKeyError> for VerdictError {
    fn from(error: WeeklyKeyError) -> Self {
        match error {
            WeeklyKeyError::Store(error) => Self::Store(error),
            WeeklyKeyError::Missing { .. }
            | WeeklyKeyError::Sender(_)
            | WeeklyKeyError::Part(_)
            | WeeklyKeyError::Crypto(_) => Self::WeeklyKey(error),
        }
    }
}

impl From<CborError> for VerdictError {
    fn from(error: CborError) -> Self {
        SenderError::from(error).into()
    }
}

impl From<PoolError> for VerdictError {
    fn from(error: PoolError) -> Self {
        FaceCheckError::from(error).into()
    }
}

/// What ends the steps of a verdict before their last one.
enum Stop {
    /// With an answer.
    Answered(Box<Answer>),
    /// Without one.
    Failed(VerdictError),
}

impl Stop {
    fn refer(reason: AuthorityReason) -> Self {
        Self::Answered(Box::new(Answer::refer(reason)))
    }

    /// The same with a code of `docs/chip.md`.
    fn refer_chip(code: &'static str) -> Self {
        Self::Answered(Box::new(Answer::refer_chip(code)))
    }
}

impl<E: Into<VerdictError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// The bytes that were drawn for one verdict: chance, handed in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FreshIds {
    /// Of a reservation, if one is made.
    pub reservation: [u8; 16],
    /// Under which the reason is kept.
    pub reference: [u8; 16],
    /// Of a person who is seen for the first time.
    pub person: [u8; 16],
}

/// The approval under which this authority answers.
#[derive(Debug, Clone)]
pub(crate) struct Covering {
    /// The approval that covers the use.
    pub id: String,
    /// Days for which a passage may be kept with its time of day.
    pub keep_days: u16,
}

/// What a verdict answers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AskedFor<'a> {
    pub request: &'a message::Request,
    /// The signed request.
    pub signed: &'a [u8],
    /// Hash of the request's payload.
    pub hash: [u8; 32],
    /// None where no approval covers it.
    pub covering: Option<&'a Covering>,
}

impl FreshIds {
    pub(crate) fn draw() -> Result<Self, CryptoError> {
        Ok(Self { reservation: draw()?, reference: draw()?, person: draw()? })
    }
}

/// Whether an answer sends the traveller to an officer: it goes out within a time band that says nothing of its cause. A hit on the list is
/// one of many of them.
fn calls_officer(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Verify(measures) => {
            measures.contains(&clearance::measure_number(documents::Measure::Officer))
        }
        Outcome::Refer => true,
        Outcome::Admit | Outcome::Busy | Outcome::NotOpenToHolder(_) => false,
    }
}

impl Service {
    /// Answers one request of a gate: [`Service::verdict`], held back until its moment where it calls an officer (`risk::band`).
    ///
    /// # Errors
    /// [`VerdictError`]: nothing can be answered.
    pub async fn answer_gate(&self, envelope: &[u8], now: Timestamp) -> Result<Vec<u8>, VerdictError> {
        let mut watch = self.risk.watch();
        let signed = self.verdict(envelope, now).await?;
        self.hold_back(&signed, &mut watch).await?;
        Ok(signed)
    }

    /// Waits for the moment at which a verdict goes out.
    pub(crate) async fn hold_back(&self, signed: &[u8], watch: &mut Watch) -> Result<(), VerdictError> {
        let verdict = message::Verdict::decode(message::unverified_payload(signed)?)?;
        if calls_officer(&verdict.outcome) {
            self.risk.wait_for_band(watch()).await;
        }
        Ok(())
    }

    /// Judges one request of a gate; gives the signed verdict as soon as it is there.
    ///
    /// # Errors
    /// [`VerdictError`]: nothing can be answered.
    pub async fn verdict(&self, envelope: &[u8], now: Timestamp) -> Result<Vec<u8>, VerdictError> {
        let mut watch = self.risk.watch();
        let envelope = Enveloped::decode(envelope)?;
        let (request, hash) = self.authenticate(envelope.request(), now)?;
        checks::check_envelope(&request, &envelope)?;
        // The same request gets the same bytes back, whoever sends it once more.
        if let Some(signed) = self.given_verdict(&hash).await? {
            return Ok(signed);
        }
        let fresh = FreshIds::draw()?;
        let covering = self.covering(&request, now);
        // The face is compared before the transaction: it takes longer than everything else together.
        let recognised = match &envelope {
            Enveloped::Code(envelope) => self.recognise(&request, envelope, covering.as_ref(), now).await,
            Enveloped::Document(envelope) => {
                self.recognise_page(&request, envelope, covering.as_ref(), now).await
            }
        };
        let recognised = match recognised {
            Ok(recognised) => Ok(recognised),
            Err(Stop::Answered(answer)) => Err(answer),
            Err(Stop::Failed(error)) => return Err(error),
        };
        let asked =
            AskedFor { request: &request, signed: envelope.request(), hash, covering: covering.as_ref() };
        let signed = self.judge_and_sign(asked, recognised, fresh, now).await?;
        self.risk.note_latency(&request.gate, watch());
        Ok(signed)
    }

    /// The approval under which a request may be answered.
    fn covering(&self, request: &message::Request, now: Timestamp) -> Option<Covering> {
        let approvals = self.approvals();
        let found = approvals.covering(&request.port, request.direction, now).ok()?;
        Some(Covering { id: found.id.clone(), keep_days: found.retention_days })
    }

    async fn given_verdict(&self, request: &[u8; 32]) -> Result<Option<Vec<u8>>, StoreError> {
        let mut tx = self.store.read_for_lane().await?;
        let given = given::find_given(&mut tx, request).await?;
        tx.commit().await?;
        Ok(given)
    }

    /// Everything that one transaction holds together: the person, the rules, the reservation, the reason, the verdict.
    pub(crate) async fn judge_and_sign(
        &self,
        asked: AskedFor<'_>,
        recognised: Result<Recognised, Box<Answer>>,
        fresh: FreshIds,
        now: Timestamp,
    ) -> Result<Vec<u8>, VerdictError> {
        let mut tx = self.store.begin_for_lane().await?;
        let mut standing = None;
        let answer = match recognised {
            Err(answer) => *answer,
            Ok(recognised) => {
                let answer = match self.judge(&mut tx, asked, &recognised, fresh, now).await {
                    Ok(answer) => answer,
                    Err(Stop::Answered(answer)) => *answer,
                    Err(Stop::Failed(error)) => return Err(error),
                };
                standing = self.standing(&mut tx, asked.request, &recognised.opened, answer.person).await?;
                answer
            }
        };
        let Some(signed) = self.reserve_and_sign(&mut tx, asked, answer, fresh, now).await? else {
            // A copy of the request was answered meanwhile: nothing of this answer counts.
            tx.roll_back().await?;
            return Ok(self.given_verdict(&asked.hash).await?.ok_or(SenderError::NotForUs)?);
        };
        tx.commit().await?;
        if let Some(standing) = standing {
            self.at_lanes.remember(fresh.reference, standing, now);
        }
        Ok(signed)
    }

    /// The person, what risk control finds, and the rules.
    async fn judge(
        &self,
        tx: &mut Tx,
        asked: AskedFor<'_>,
        recognised: &Recognised,
        fresh: FreshIds,
        now: Timestamp,
    ) -> Result<Answer, Stop> {
        let (request, opened) = (asked.request, &recognised.opened);
        if recognised.face.compared == Compared::Other {
            let tag = self.store.vault().number_tag(&opened.number);
            let person = self.learn_other_face(tx, tag, now).await?;
            return Ok(Answer { person, ..Answer::refer(AuthorityReason::FaceMismatch) });
        }
        let person = self.find_or_create_person(tx, request, opened, fresh, now).await?;
        let view = self.view(tx, opened, &person).await?;
        let age = view.holder.birth.age_on(now.local_date());
        let (face, reference) = (recognised.face, fresh.reference);
        let proof = recognised.proof.as_ref();
        let at = LookAt { request, opened, face, proof, person: &person, view: &view, age, reference };
        let looked = self.look(tx, &at, now).await?;
        let on_card = self.on_card(opened, &view, now);
        let found = decide::Found {
            me: self.me,
            rules: &self.rules,
            request,
            view: &view,
            issuer: opened.issuer,
            face: recognised.face.compared,
            risk: looked.wants,
            need: self.faces.config.need_at(age),
            look_alike: person.look_alike,
            on_card,
            stale: recognised.stale,
            paper: opened.paper,
            keep_days: asked.covering.map_or(crate::store::movement::KEEP_DAYS, |found| found.keep_days),
        };
        let mut answer = decide::decide(&found, now);
        // A spent code is told before anything is asked for: nobody signs for a traveller who is refused all the same.
        if matches!(answer.outcome, Outcome::Verify(_)) {
            let clearance = ClearanceId::from_bytes(request.clearance);
            let ended = reservation::find_ended(tx, self.shown_tag(request), clearance).await?;
            if ended.token_spent && !ended.clearance_over {
                answer = Answer::refer(AuthorityReason::TokenSpent);
            }
        }
        answer.person = Some(person.key);
        answer.looked = Some(Box::new(looked));
        if let (Evidence::Page(_), Some(entry)) = (&opened.evidence, &answer.entry)
            && needs_notice(self.me, entry)
        {
            answer.told_of = Some(opened.number.clone());
        }
        Ok(answer)
    }

    /// The reason kept under a verdict's reference, for this authority's officers.
    ///
    /// # Errors
    /// The database's.
    pub async fn reason(&self, reference: &[u8; 16]) -> Result<Option<VerdictReason>, StoreError> {
        let mut tx = self.store.read().await?;
        let found = outbox::find_reason(&mut tx, reference).await?;
        tx.commit().await?;
        Ok(found)
    }
}
