//! Enrolment: a wallet shows who its holder is, something that they have, and a face that lives, and gets a secret that is
//! bound to its device key (`docs/enrolment.md`).
//!
//! Lives here: [`Service::begin_enrolment`], [`Service::go_on_enrolling`], their refusals. Below: invitations, pictures, the
//! price of guessing, second enrolments. Not here: what a wallet does afterwards (`holder`, `issuance`).

mod hand_over;
mod invitation;
mod pending;
mod session;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use credential::dpop::DpopThumbprint;
use credential::work::{WorkError, WorkTicket};
use credential::{CryptoError, sha256};
use documents::{
    Birth, DocumentNumber, DocumentStatus, LocalDate, Mrz, MrzError, MrzField, Timestamp, is_same_name,
};
use face::active::{ActiveRules, Prompt};
use face::{Decision, LivenessScore};

use crate::applications::{
    Busy, Capture, CaptureError, Captured, Claim, EnrolmentFrame, EnrolmentId, EnrolmentSettings, Eyes,
    InvitationCode, InvitationCodeError, MAX_FRAMES_AT_ONCE, Open, Seen, WorkAnswer, WorkDemand, ticket,
};
use crate::faces::ModelFrames;
use crate::identity::ShownIdentity;
use crate::inference::PoolError;
use crate::service::{Service, draw};
use crate::store::carer::CarerId;
use crate::store::enrolment::{self as rows, PendingRow};
use crate::store::person::{self, Person, Resident};
use crate::store::vault::PersonKey;
use crate::store::{StoreError, Tx, token};

pub use hand_over::{HandOverError, HandedOver};
pub use invitation::Invitation;
pub use pending::{Decided, PendingEnrolment, PendingError};
pub use session::SessionError;

/// Why a wallet was not enrolled.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The database cannot be read or written; nothing of the operation stands there.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No resident here fits number, name, birth date, face and what was shown to be theirs. One answer for all of them: it
    /// tells nobody which.
    #[error(
        "number, name, birth date, invitation and face do not belong together here; check them and try again"
    )]
    Unknown,
    /// Too many tries on this number, or too many from this address or device: not refused, but it costs a pause and work.
    #[error("this try takes work: solve what is asked for, after the pause, and send the same again")]
    Work(WorkDemand),
    /// The work that was handed in does not count.
    #[error(transparent)]
    Answer(#[from] WorkError),
    /// The holder is a child who has a pass on a carer's phone alone, or another's wallet asks for them, and no relation stands that
    /// a counter wrote.
    #[error("no relation of holder and carer stands here; a counter writes it, and makes the invitation")]
    CarerNeeded,
    /// The carer's own pass is not in force on this phone.
    #[error("the carer's own pass is not in force on this phone, or is suspended; the carer enrols first")]
    CarerAway,
    /// Nothing that the holder has was shown.
    #[error("type the one-time code that the office gave you, or scan a passport that is registered there")]
    NothingHeld,
    /// The invitation code cannot be one.
    #[error(transparent)]
    Invitation(#[from] InvitationCodeError),
    /// The pictures cannot be read or judged.
    #[error(transparent)]
    Capture(#[from] CaptureError),
    /// A file where this installation takes the frames of a camera.
    #[error("pictures from files are not taken here; enrol with a wallet that has a camera")]
    LiveOnly,
    /// No such enrolment is under way, or another device began it.
    #[error("no such enrolment is under way; begin again")]
    NotUnderWay,
    /// Pictures of it are being looked at.
    #[error("pictures of this enrolment are being looked at; send one request at a time")]
    Busy,
    /// The machine-readable zone cannot be read.
    #[error("the machine-readable zone: {0}")]
    Mrz(#[from] MrzError),
    /// The machine-readable zone belongs to another document or person than the rest.
    #[error("the {0} in the machine-readable zone is not the one that was typed; compare both with the card")]
    MrzMismatch(MrzField),
    /// The active challenge has no rules.
    #[error("the rules of the active challenge cannot be read")]
    ActiveRules,
    /// The crypto library.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl From<PoolError> for EnrolError {
    fn from(error: PoolError) -> Self {
        Self::Capture(CaptureError::Face(error.into()))
    }
}

/// What a wallet says of its holder, as it was sent.
#[derive(Clone)]
pub struct EnrolRequest {
    /// The number of one of the traveller's documents.
    pub number: DocumentNumber,
    /// The name as the registry has it.
    pub name: String,
    /// The birth date.
    pub birth: LocalDate,
    /// The lines of a machine-readable zone: of this document, or of another one of theirs.
    pub mrz: Option<String>,
    /// The one-time code of an office.
    pub invitation: Option<String>,
}
documents::redact_debug!(EnrolRequest);

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub struct Applicant {
    /// The wallet's device key.
    pub device: DpopThumbprint,
    /// The client's address.
    pub client: Option<IpAddr>,
    /// Address or device asked for more than their rate: it takes work.
    pub pressed: bool,
}

/// An enrolment that was begun.
#[derive(Debug, Clone, Copy)]
pub struct Begun {
    /// The enrolment, to be named when frames are sent.
    pub id: EnrolmentId,
    /// Whether one picture from a file is taken: the installation simulates cameras.
    pub simulated: bool,
    /// What the wallet shows.
    pub prompt: Prompt,
    /// From when on it is over.
    pub until: Timestamp,
}

/// A wallet that was enrolled.
#[derive(Clone)]
pub struct Enrolled {
    /// The wallet's secret for this authority.
    pub secret: [u8; 32],
    /// Whether this is the holder's home authority, which signs their tokens.
    pub home: bool,
    /// The weak hint whether the pictures show a living face, 0 to 1; `None` without the network.
    pub liveness: Option<LivenessScore>,
    /// Another wallet of the same person is in force: this one waits for its word until then. `None`: in force now.
    pub waits_until: Option<Timestamp>,
}
documents::redact_debug!(Enrolled);

/// How an enrolment goes on.
#[derive(Debug)]
pub enum GoesOn {
    /// More frames are wanted; the wallet shows this.
    More(Prompt),
    /// It is done.
    Enrolled(Enrolled),
}

/// How the pictures of a claim go on.
pub(crate) enum Looked {
    /// More are wanted.
    More(Prompt),
    /// They are enough to decide.
    Enough(Box<(Claim, Captured)>),
}

/// What a claim came to.
enum Checked {
    Admitted { key: PersonKey, home: bool, in_force: bool, replaces: bool, carer: Option<CarerId> },
    Refused,
}

impl Service {
    /// What this service takes for an enrolment.
    #[must_use]
    pub const fn enrolment_settings(&self) -> &EnrolmentSettings {
        &self.enrolments.settings
    }

    /// The cheap checks of a claim: forms, lengths, check digits, and whether anything is shown that the holder has.
    /// `holder`: whose wallet sent it, where it came with the secret of one in force.
    ///
    /// # Errors
    /// What is malformed; never anything about the registry.
    pub fn read_claim(
        &self,
        request: EnrolRequest,
        holder: Option<PersonKey>,
        now: Timestamp,
    ) -> Result<Claim, EnrolError> {
        let EnrolRequest { number, name, birth, mrz, invitation } = request;
        let mrz = mrz.map(|lines| Mrz::parse(&lines, now.local_date())).transpose()?;
        if let Some(mrz) = &mrz {
            check_mrz(mrz, &number, birth)?;
        }
        let invitation = invitation.map(|text| InvitationCode::parse(&text, self.me)).transpose()?;
        let another = mrz.as_ref().is_some_and(|mrz| is_another_document(mrz, &number));
        if invitation.is_none() && holder.is_none() && !another {
            return Err(EnrolError::NothingHeld);
        }
        Ok(Claim { number, name, birth, mrz, invitation, shown: false, holder })
    }

    /// The claim of whoever has shown an identity credential of another system (`identity`): it stands in place of what is typed, and
    /// is something that they have. `invitation`: of an office, where they have one too.
    ///
    /// # Errors
    /// [`EnrolError::Invitation`]: it cannot be one.
    pub fn shown_claim(
        &self,
        shown: ShownIdentity,
        invitation: Option<&str>,
        holder: Option<PersonKey>,
    ) -> Result<Claim, EnrolError> {
        let ShownIdentity { number, name, birth } = shown;
        let invitation = invitation.map(|text| InvitationCode::parse(text, self.me)).transpose()?;
        Ok(Claim { number, name, birth, mrz: None, invitation, shown: true, holder })
    }

    /// Begins an enrolment: its price is settled, and a prompt is drawn. Whether anything in the claim is true is looked at
    /// with the last picture alone.
    ///
    /// # Errors
    /// Work that is asked for; never anything about the registry.
    pub async fn begin_enrolment(
        &self,
        claim: Claim,
        applicant: Applicant,
        work: Option<&WorkAnswer>,
        now: Timestamp,
    ) -> Result<Begun, EnrolError> {
        self.settle_price(&claim, applicant.pressed, work, now).await?;
        let settings = &self.enrolments.settings;
        let active = if settings.simulated {
            None
        } else {
            Some(ActiveRules::builtin().map_err(|_| EnrolError::ActiveRules)?)
        };
        let (id, until) = (draw()?, now.plus_seconds(settings.rules.attempt_seconds));
        let capture = Capture::new(active.as_ref(), u64::from_be_bytes(draw()?));
        let begun = Begun { id, simulated: capture.is_picture(), prompt: capture.prompt(), until };
        let Applicant { device, client, .. } = applicant;
        let open = Open { claim, device, client, until, faults: 0, capture: Some(capture) };
        self.enrolments.open.add(id, open, &settings.rules, now);
        Ok(begun)
    }

    /// Counts a try on the claim's number, and asks for work where there were many. A holder's own wallet and a valid
    /// invitation cost nothing.
    async fn settle_price(
        &self,
        claim: &Claim,
        pressed: bool,
        work: Option<&WorkAnswer>,
        now: Timestamp,
    ) -> Result<(), EnrolError> {
        let rules = &self.enrolments.settings.rules.guess;
        let vault = self.store.vault();
        let (tag, key) = (vault.number_tag(&claim.number), vault.work_key());
        let paid = match work {
            Some(WorkAnswer { salt, answer }) => {
                let ticket = WorkTicket::accept(&key, tag.as_bytes(), salt, *answer, now)?;
                if !self.enrolments.used.note(salt, ticket.until, now) {
                    return Err(WorkError::TooLate.into());
                }
                true
            }
            None => false,
        };
        let mut tx = self.store.begin().await?;
        let before = now.plus_seconds(-rules.hours * 3600);
        // Counted before it is looked at, so that tries at the same time are counted each.
        let tries = rows::count_try(&mut tx, tag, now, before).await?;
        let dear = pressed || tries > rules.free;
        if dear && !paid && !self.is_excused(&mut tx, claim, now).await? {
            // What was refused is no try: nobody makes it dearer for others without work of their own.
            tx.roll_back().await?;
            let asked = ticket(rules, tries - 1, now);
            let salt = asked.salt(&key, tag.as_bytes(), draw()?);
            let wait_seconds = u32::try_from(asked.from.seconds_since(now)).unwrap_or(0);
            return Err(EnrolError::Work(WorkDemand { salt, bits: asked.bits, wait_seconds }));
        }
        Ok(tx.commit().await?)
    }

    /// Whether a claim comes from the holder's own wallet, or with an invitation that counts.
    async fn is_excused(&self, tx: &mut Tx, claim: &Claim, now: Timestamp) -> Result<bool, StoreError> {
        let found = person::find_tag(tx, self.store.vault().number_tag(&claim.number)).await?;
        let Some(key) = found else { return Ok(false) };
        if claim.holder == Some(key) {
            return Ok(true);
        }
        let Some(code) = &claim.invitation else { return Ok(false) };
        let tag = self.store.vault().invitation_tag(code.as_bytes());
        Ok(rows::find_invitation(tx, key, tag, now).await?.is_some())
    }

    /// Takes pictures of an enrolment; with the last of them it is decided.
    ///
    /// # Errors
    /// About the pictures, or [`EnrolError::Unknown`]: one answer for whatever else does not fit.
    pub async fn go_on_enrolling(
        &self,
        id: &EnrolmentId,
        device: DpopThumbprint,
        frames: Vec<EnrolmentFrame>,
        now: Timestamp,
    ) -> Result<GoesOn, EnrolError> {
        match self.see_claim(id, device, frames, now).await? {
            Looked::More(prompt) => Ok(GoesOn::More(prompt)),
            Looked::Enough(seen) => {
                let (claim, captured) = *seen;
                self.decide_enrolment(&claim, &captured, device, now).await.map(GoesOn::Enrolled)
            }
        }
    }

    /// Looks at pictures of a claim that was begun.
    pub(crate) async fn see_claim(
        &self,
        id: &EnrolmentId,
        device: DpopThumbprint,
        frames: Vec<EnrolmentFrame>,
        now: Timestamp,
    ) -> Result<Looked, EnrolError> {
        let open = &self.enrolments.open;
        if !(1..=MAX_FRAMES_AT_ONCE).contains(&frames.len()) {
            return Err(CaptureError::Size.into());
        }
        let taken = open.take(id, device, now).ok_or(EnrolError::NotUnderWay)?;
        let (claim, capture) = taken.map_err(|Busy| EnrolError::Busy)?;
        let (is_picture, eyes) = (capture.is_picture(), self.eyes());
        // Where there is no place for it now, the capture is not lost.
        let held = Arc::new(Mutex::new(Some(capture)));
        let slot = Arc::clone(&held);
        let seen = self.pools.pictures.run(move || {
            let capture = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
            capture.map(|capture| capture.see(&frames, &eyes, now))
        });
        let seen = match seen.await {
            Ok(Some(seen)) => Ok(seen),
            Ok(None) => Err(PoolError::Interrupted),
            Err(error) => Err(error),
        };
        match seen {
            Ok(Ok(Seen::More(capture, prompt))) => {
                open.put_back(id, capture);
                Ok(Looked::More(prompt))
            }
            Ok(Ok(Seen::Enough(captured))) => {
                open.end(id);
                Ok(Looked::Enough(Box::new((claim, captured))))
            }
            // A picture from a file: the next one may do. Of a live capture the challenge is spent.
            Ok(Err(error)) if is_picture => {
                open.put_back_after_fault(id, Capture::Picture, self.enrolments.settings.rules.faults);
                Err(error.into())
            }
            Ok(Err(error)) => {
                open.end(id);
                Err(error.into())
            }
            Err(error) => {
                match held.lock().unwrap_or_else(PoisonError::into_inner).take() {
                    Some(capture) => open.put_back(id, capture),
                    None => open.end(id),
                }
                Err(error.into())
            }
        }
    }

    /// Enrols by one picture from a file, in this process, where the installation simulates cameras. `device` is the key to
    /// which the session is bound.
    ///
    /// # Errors
    /// As [`Service::begin_enrolment`] and [`Service::go_on_enrolling`].
    pub async fn enrol(
        &self,
        claim: &Claim,
        device: DpopThumbprint,
        selfie: &[u8],
        now: Timestamp,
    ) -> Result<Enrolled, EnrolError> {
        if !self.enrolments.settings.simulated {
            return Err(EnrolError::LiveOnly);
        }
        self.settle_price(claim, false, None, now).await?;
        let frames = [EnrolmentFrame { at_ms: 0, picture: selfie.to_vec() }];
        let eyes = self.eyes();
        let seen = self.pools.pictures.run(move || Capture::Picture.see(&frames, &eyes, now)).await??;
        match seen {
            Seen::Enough(captured) => self.decide_enrolment(claim, &captured, device, now).await,
            Seen::More(..) => Err(CaptureError::Size.into()),
        }
    }

    fn eyes(&self) -> Eyes {
        let frames = self.frames.clone();
        Eyes {
            faces: Arc::clone(&self.faces),
            frames: frames.unwrap_or_else(|| Arc::new(ModelFrames(Arc::clone(&self.faces)))),
            liveness: self.liveness.clone(),
            rules: self.enrolments.settings.rules.live.clone(),
        }
    }

    /// Decides on a claim with its face, and writes what follows: a pass in force, or one that waits for the word of the
    /// wallet that is.
    async fn decide_enrolment(
        &self,
        claim: &Claim,
        captured: &Captured,
        device: DpopThumbprint,
        now: Timestamp,
    ) -> Result<Enrolled, EnrolError> {
        let secret: [u8; 32] = draw()?;
        let tag = self.store.vault().number_tag(&claim.number);
        let mut tx = self.store.begin().await?;
        let checked = self.check_claim(&mut tx, claim, captured, now).await?;
        let Checked::Admitted { key, home, in_force, replaces, carer } = checked else {
            tx.commit().await?;
            return Err(EnrolError::Unknown);
        };
        rows::clear_tries(&mut tx, tag).await?;
        let session = sha256(&secret);
        let waits_until = if in_force && !replaces {
            let due_at = now.plus_seconds(self.enrolments.settings.rules.objection_hours * 3600);
            rows::set_pending(&mut tx, &PendingRow { key, session, device, made_at: now, due_at, carer })
                .await?;
            Some(due_at)
        } else {
            rows::drop_pending(&mut tx, key).await?;
            if claim.holder != Some(key) {
                token::end_carried_tokens(&mut tx, key).await?;
            }
            rows::set_session(&mut tx, key, &session, (Some(device), carer), now).await?;
            if in_force {
                self.learn_re_enrolment(&mut tx, key, now).await?;
            }
            None
        };
        tx.commit().await?;
        let score = captured.liveness.map(LivenessScore::value);
        let waits = waits_until.is_some();
        tracing::info!(
            liveness = score,
            waits,
            simulated = self.enrolments.settings.simulated,
            "a wallet enrolled"
        );
        Ok(Enrolled { secret, home, liveness: captured.liveness, waits_until })
    }

    /// Whose claim it is, where all of it is true; nothing is written but that an invitation was used.
    pub(crate) async fn holder_of_claim(
        &self,
        tx: &mut Tx,
        claim: &Claim,
        captured: &Captured,
        now: Timestamp,
    ) -> Result<Option<PersonKey>, EnrolError> {
        match self.check_claim(tx, claim, captured, now).await? {
            Checked::Admitted { key, .. } => {
                rows::clear_tries(tx, self.store.vault().number_tag(&claim.number)).await?;
                Ok(Some(key))
            }
            Checked::Refused => Ok(None),
        }
    }

    /// Whether number, name, birth date, what the holder has, and the face are those of one resident. An invitation is used
    /// up where all of it is so, and not otherwise.
    async fn check_claim(
        &self,
        tx: &mut Tx,
        claim: &Claim,
        captured: &Captured,
        now: Timestamp,
    ) -> Result<Checked, EnrolError> {
        let tag = self.store.vault().number_tag(&claim.number);
        let Some(key) = person::find_tag(tx, tag).await? else { return Ok(Checked::Refused) };
        person::hold_person(tx, key).await?;
        let found = person::find_person(tx, self.store.vault(), key).await?;
        let Some(person) = found else { return Ok(Checked::Refused) };
        // A person who was only seen at the border has no record to enrol with.
        let Some(resident) = person::find_resident(tx, &person).await? else { return Ok(Checked::Refused) };
        if !is_theirs(&resident, &claim.name, claim.birth) || person::is_lost(tx, key, tag).await? {
            return Ok(Checked::Refused);
        }
        let kept = person::find_templates(tx, &person).await?;
        if kept.is_empty() {
            return Ok(Checked::Refused);
        }
        let alone = self.faces.for_part(&kept).map_err(CaptureError::Face)?;
        let (mut same, mut other) = (0, 0);
        for embedding in &captured.embeddings {
            match self.faces.compare(&kept, alone, embedding).map_err(CaptureError::Face)?.decision {
                Decision::Certain | Decision::Accept => same += 1,
                Decision::Officer => {}
                Decision::Reject => other += 1,
            }
        }
        if other > 0 || same * 2 <= captured.embeddings.len() {
            return Ok(Checked::Refused);
        }
        let home = resident.holder.home == self.me;
        let in_force = person.session.is_some();
        let held = self.is_held(tx, claim, (&person, &resident), now).await?;
        let Some(replaces) = held else { return Ok(Checked::Refused) };
        // Told once everything else is true, and to nobody else.
        let carer = self.carrier_of(tx, claim, (&person, &resident), now).await?;
        Ok(Checked::Admitted { key, home, in_force, replaces, carer })
    }

    /// Whether the claim shows something that its holder has: `Some` with whether it replaces a pass in force.
    async fn is_held(
        &self,
        tx: &mut Tx,
        claim: &Claim,
        (person, resident): (&Person, &Resident),
        now: Timestamp,
    ) -> Result<Option<bool>, EnrolError> {
        let key = person.key;
        if claim.holder == Some(key) {
            return Ok(Some(true));
        }
        if let Some(code) = &claim.invitation {
            let tag = self.store.vault().invitation_tag(code.as_bytes());
            return Ok(match rows::find_invitation(tx, key, tag, now).await? {
                Some(replaces) if rows::use_invitation(tx, key, tag).await? => Some(replaces),
                Some(_) | None => None,
            });
        }
        let document = claim.mrz.as_ref().is_some_and(|mrz| has_document(resident, mrz, claim, now));
        // On a carer's phone a counter's code alone counts: a clerk saw who they are to each other.
        Ok(((claim.shown || document) && claim.holder.is_none()).then_some(false))
    }
}

fn is_theirs(resident: &Resident, name: &str, birth: LocalDate) -> bool {
    let named = is_same_name(&resident.name, name)
        || resident.name_zh.as_deref().is_some_and(|own| is_same_name(own, name));
    named && resident.holder.birth == Birth::Date(birth)
}

fn is_same(own: &DocumentNumber, number: &DocumentNumber) -> bool {
    own.kind() == number.kind() && own.match_key() == number.match_key()
}

/// Whether the zone is of another kind of document than the one that was typed: its number and last day stand nowhere in
/// what was typed.
fn is_another_document(mrz: &Mrz, number: &DocumentNumber) -> bool {
    mrz.document_number().is_some_and(|own| own.kind() != number.kind())
}

/// Whether the zone is that of another valid document of this resident, to its last day.
fn has_document(resident: &Resident, mrz: &Mrz, claim: &Claim, now: Timestamp) -> bool {
    let Some(number) = mrz.document_number() else { return false };
    is_another_document(mrz, &claim.number)
        && resident.documents.iter().any(|document| {
            is_same(&document.number, &number)
                && document.status == DocumentStatus::Valid
                && document.expires.is_some()
                && document.expires == mrz.expiry().date()
                && document.expires.is_some_and(|last| last >= now.local_date())
        })
}

/// Checks that a machine-readable zone is that of this document, or of another kind, and of this birth date.
fn check_mrz(mrz: &Mrz, number: &DocumentNumber, birth: LocalDate) -> Result<(), EnrolError> {
    let fits = mrz.document_number().is_some_and(|own| own.kind() != number.kind() || is_same(&own, number));
    if !fits {
        return Err(EnrolError::MrzMismatch(MrzField::Number));
    }
    // Month or day may be unknown in a zone (ICAO 9303-3, 4.8): what is known must agree.
    let (year, month, _) = birth.ymd();
    let read = mrz.birth();
    let fits = match (read.date(), read.month()) {
        (Some(date), _) => date == birth,
        (None, Some(known)) => (read.year(), known) == (year, month),
        (None, None) => read.year() == year,
    };
    if fits { Ok(()) } else { Err(EnrolError::MrzMismatch(MrzField::Birth)) }
}
