//! The verdict: one authority's answer to a gate, from the bytes that were shown, the face, the rules and the ledger.
//!
//! Lives here: the order of the checks, the stable codes of this authority's reasons, the reservation. The gate learns
//! the class and a reference; the reason stays here.

use std::sync::{Arc, PoisonError};

use clearance::{Envelope, Hold, HoldAnswer, HoldRequest, ReleaseCause, VERDICT_SECONDS, ask_hold};
use credential::cbor::CborError;
use credential::message::{self, Kind, Outcome, Request};
use credential::part::{HolderIdentity, PartContents, PartContext, PartForm, part_week};
use credential::status::Status;
use credential::{Audience, PartHash, UnverifiedProof, UnverifiedToken, random, sha256};
use documents::{
    Asked, AuthorityCode, Birth, CaseFile, Document, DocumentKind, DocumentNumber, DocumentStatus,
    Endorsement, FormCode, Grant, Holder, LaneAnswer, Measure, Nationality, Question, Side, Timestamp, View,
    judge,
};
use face::{Decision, Probe};
use trust::{Freshness, Role};

use crate::ledger::{LedgerEntry, columns_of, movement, state_of};
use crate::service::{KEY_ID, Service, ServiceError};
use crate::store::{self, PersonRow, ReservationRow, Tx};

/// How far a request's time may differ from this machine's, in seconds.
const REQUEST_SECONDS: i64 = 60;
/// A proof is taken from 10 s ahead to 30 s after; a request after measures comes up to this much later.
const PROOF_AHEAD: i64 = 10;
const PROOF_BEHIND: i64 = 30;
const MEASURES_BEHIND: i64 = 180;

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)+) => {
        /// Why this authority did not simply admit, beside the reasons of the documents ([`documents::ReasonCode`]).
        /// Public API; a code is never reused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum AuthorityReason { $($(#[$doc])* $name,)+ }
        impl AuthorityReason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];
            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str { match self { $(Self::$name => $code),+ } }
        }
    };
}

reasons! {
    /// The gate's request is for another authority, port side, or hash than what came with it.
    RequestMismatch = "request_mismatch";
    /// No approval covers this place and time.
    NotApproved = "not_approved";
    /// The token is not in its form.
    TokenMalformed = "token_malformed";
    /// No trusted key of that issuer signed it.
    UnknownIssuer = "unknown_issuer";
    /// The signature on the token is not valid.
    TokenForged = "token_forged";
    /// The token's time is over, or ends too far ahead.
    TokenExpired = "token_expired";
    /// The token was revoked.
    TokenRevoked = "token_revoked";
    /// The token was used for a passage.
    TokenSpent = "token_spent";
    /// The holder proof is not the device key's for this lane.
    ProofInvalid = "proof_invalid";
    /// The holder proof is too old, or from the future.
    ProofStale = "proof_stale";
    /// The part is not the one whose hash the issuer signed.
    PartMismatch = "part_mismatch";
    /// The part does not open.
    PartUnreadable = "part_unreadable";
    /// The part holds a document that its maker does not issue.
    PartForeign = "part_foreign";
    /// The face probe cannot be read.
    ProbeUnreadable = "probe_unreadable";
    /// The face template is of a kind that is not accepted here.
    TemplateUnknown = "template_unknown";
    /// The face is another person's.
    FaceMismatch = "face_mismatch";
    /// The face is too close to call.
    FaceUnsure = "face_unsure";
    /// No face was taken: bandage, veil, age, refusal. The officer compares it with the document.
    FaceAbsent = "face_absent";
    /// The document is not in this authority's registry.
    NotRegistered = "not_registered";
    /// The holder's pass was ended.
    PassEnded = "pass_ended";
    /// An officer wants to see this person.
    WatchList = "watch_list";
    /// An earlier passage of this person is not resolved.
    Unresolved = "unresolved_passage";
    /// The lists are older than they should be.
    StaleLists = "stale_lists";
    /// Another lane holds this person or token.
    Busy = "busy";
    /// The clearance has ended already.
    ClearanceOver = "clearance_over";
}

/// An answer with its reason, before it is signed.
struct Answer {
    outcome: Outcome,
    code: &'static str,
    detail: String,
    hold: Option<Reserve>,
}

/// What is needed to reserve.
struct Reserve {
    person: Vec<u8>,
    record: String,
}

impl Answer {
    fn refer(reason: AuthorityReason) -> Self {
        Self { outcome: Outcome::Refer, code: reason.code(), detail: String::new(), hold: None }
    }
}

/// A step of the checks: the value, or the answer that ends them.
type Step<T> = Result<T, Box<Answer>>;

fn stop<T>(reason: AuthorityReason) -> Step<T> {
    Err(Box::new(Answer::refer(reason)))
}

/// What a part was found to say, and about whom.
struct Opened {
    contents: PartContents,
    issuer: AuthorityCode,
    number: DocumentNumber,
}

/// What the comparison of the face came to, short of another person's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compared {
    /// Near enough.
    Near,
    /// Too close to call.
    Unsure,
    /// There is no face to compare.
    Absent,
}

impl Compared {
    /// Why an officer's eyes stood in for the comparison: written beside the verdict that admits.
    const fn by_officer(self) -> Option<&'static str> {
        match self {
            Self::Near => None,
            Self::Unsure => Some(AuthorityReason::FaceUnsure.code()),
            Self::Absent => Some(AuthorityReason::FaceAbsent.code()),
        }
    }
}

/// An opened part whose template the face is near enough to.
struct Recognised {
    opened: Opened,
    face: Compared,
    stale: bool,
}

impl Service {
    /// Judges one request of a gate; gives the signed verdict.
    ///
    /// # Errors
    /// Only where nothing can be answered: the request is not a registered gate's, or the database failed. Everything
    /// else is a verdict.
    pub async fn verdict(&self, envelope: &[u8], now: Timestamp) -> Result<Vec<u8>, ServiceError> {
        let envelope = Envelope::decode(envelope)?;
        let request = self.authentic(envelope.request, now)?;
        let request_hash = message::hash(envelope.request);
        // The face is compared before the transaction: it takes longer than everything else together.
        let recognised = self.recognised(&request, &envelope, now).await?;
        let mut tx = self.store.begin().await?;
        let considered = match recognised {
            Ok(recognised) => self.considered(&mut tx, &request, recognised, now).await?,
            Err(answer) => Err(answer),
        };
        let answer = considered.unwrap_or_else(|answer| *answer);
        self.answered(tx, &request, request_hash, answer, now).await
    }

    /// The reason kept under a verdict's reference: outcome, code and detail, for this authority's officers.
    ///
    /// # Errors
    /// The database's.
    pub async fn reason(
        &self,
        reference: &[u8; 16],
    ) -> Result<Option<(String, String, String)>, ServiceError> {
        let mut tx = self.store.begin().await?;
        let found = store::find_verdict(&mut tx, reference).await?;
        store::commit(tx).await?;
        Ok(found)
    }

    fn authentic(&self, signed: &[u8], now: Timestamp) -> Result<Request, ServiceError> {
        let trust = self.trust.read().unwrap_or_else(PoisonError::into_inner);
        let gate = message::kid(signed)?;
        let key = trust.find(self.me, Role::Gate, gate, now)?;
        let request = Request::decode(message::open(Kind::Request, signed, key)?)?;
        let ours = request.direction.authority(request.role) == self.me;
        if request.gate.as_bytes() != gate || !ours || now.seconds_since(request.at).abs() > REQUEST_SECONDS {
            return Err(ServiceError::NotForUs);
        }
        Ok(request)
    }

    /// What was shown, opened, and compared with the face.
    async fn recognised(
        &self,
        request: &Request,
        envelope: &Envelope<'_>,
        now: Timestamp,
    ) -> Result<Step<Recognised>, ServiceError> {
        let (opened, stale) = match self.shown(request, envelope, now) {
            Ok(shown) => shown,
            Err(answer) => return Ok(Err(answer)),
        };
        let mut tx = self.store.begin().await?;
        let opened = self.opened(&mut tx, opened, envelope).await?;
        store::commit(tx).await?;
        let opened = match opened {
            Ok(opened) => opened,
            Err(answer) => return Ok(Err(answer)),
        };
        if envelope.probe.is_empty() {
            return Ok(Ok(Recognised { opened, face: Compared::Absent, stale }));
        }
        let (kind, template) = (i64::from(opened.contents.template_format), opened.contents.template);
        let (faces, probe) = (Arc::clone(&self.faces), envelope.probe.to_vec());
        let compared = self.desk.run(move || {
            Probe::decode(&probe).ok().map(|probe| {
                let embedding = faces.embedder.embed(&probe)?;
                faces.decide(&template, kind, &embedding)
            })
        });
        let face = match compared.await? {
            None => return Ok(stop(AuthorityReason::ProbeUnreadable)),
            Some(Ok(face)) => face,
            Some(Err(ServiceError::Template)) => return Ok(stop(AuthorityReason::TemplateUnknown)),
            Some(Err(error)) => return Err(error),
        };
        let face = match face {
            Decision::Accept => Compared::Near,
            Decision::Officer => Compared::Unsure,
            Decision::Reject => return Ok(stop(AuthorityReason::FaceMismatch)),
        };
        Ok(Ok(Recognised { opened, face, stale }))
    }

    /// The person, the watch list and the rules.
    async fn considered(
        &self,
        tx: &mut Tx,
        request: &Request,
        Recognised { opened, face, stale }: Recognised,
        now: Timestamp,
    ) -> Result<Step<Answer>, ServiceError> {
        let person = match self.person(tx, request, &opened).await? {
            Ok(person) => person,
            Err(answer) => return Ok(Err(answer)),
        };
        let tag = self.number_tag(&opened.number);
        if store::is_watched(tx, &tag, now.unix()).await? {
            return Ok(stop(AuthorityReason::WatchList));
        }
        let view = self.view(tx, &opened, &person).await?;
        Ok(self.decided(&view, request, &opened, &person, face, stale, now))
    }

    /// Everything about the shown bytes that needs neither the person nor the face.
    fn shown<'e>(
        &self,
        request: &Request,
        envelope: &Envelope<'e>,
        now: Timestamp,
    ) -> Step<((UnverifiedToken<'e>, PartContext), bool)> {
        if PartHash::of(envelope.part) != request.part || sha256(envelope.probe) != request.probe {
            return stop(AuthorityReason::RequestMismatch);
        }
        if request.joint != request.other_part.is_some() {
            return stop(AuthorityReason::RequestMismatch);
        }
        let approvals = self.approvals.read().unwrap_or_else(PoisonError::into_inner);
        if approvals.covering(&request.port, request.direction, now).is_err() {
            return stop(AuthorityReason::NotApproved);
        }
        let Ok(token) = UnverifiedToken::parse(envelope.token) else {
            return stop(AuthorityReason::TokenMalformed);
        };
        let claims = *token.claims();
        let trust = self.trust.read().unwrap_or_else(PoisonError::into_inner);
        let freshness = trust.freshness(claims.issuer, now);
        if freshness == Freshness::Refused {
            return stop(AuthorityReason::UnknownIssuer);
        }
        let Ok(key) = trust.find(claims.issuer, Role::Token, &[token.kid()], now) else {
            return stop(AuthorityReason::UnknownIssuer);
        };
        let ahead = claims.expires.seconds_since(now);
        if ahead <= 0 || ahead > claims.key_class.max_life_seconds() {
            return stop(AuthorityReason::TokenExpired);
        }
        let verified = token.device_key().and_then(|device| token.verify(key, device));
        let Ok(verified) = verified else { return stop(AuthorityReason::TokenForged) };
        if verified.id() != request.token {
            return stop(AuthorityReason::RequestMismatch);
        }
        let stale = self.check_status(claims.issuer, claims.status, now)? || freshness == Freshness::Stale;
        self.check_proof(request, envelope, &verified)?;
        let context =
            PartContext { issuer: claims.issuer, receiver: self.me, thumbprint: verified.thumbprint() };
        if context.form() == PartForm::Sealed
            && claims.sealed.for_receiver(claims.issuer, self.me) != Some(request.part.short())
        {
            return stop(AuthorityReason::PartMismatch);
        }
        Ok(((token, context), stale))
    }

    fn check_proof(
        &self,
        request: &Request,
        envelope: &Envelope<'_>,
        token: &credential::VerifiedToken<'_>,
    ) -> Step<()> {
        let Ok(proof) = UnverifiedProof::parse(envelope.proof) else {
            return stop(AuthorityReason::ProofInvalid);
        };
        let side = (!request.joint).then_some(request.role);
        let audience = Audience::new(request.port.clone(), request.direction, side);
        let parts = match (request.role, request.other_part) {
            (_, None) => vec![request.part],
            (Side::Exit, Some(other)) => vec![request.part, other],
            (Side::Entry, Some(other)) => vec![other, request.part],
        };
        if proof.made_at() != request.made_at || proof.verify(token, &audience, &parts).is_err() {
            return stop(AuthorityReason::ProofInvalid);
        }
        let age = request.at.seconds_since(proof.made_at());
        let behind = if request.measures_done.is_empty() { PROOF_BEHIND } else { MEASURES_BEHIND };
        if age < -PROOF_AHEAD || age > behind {
            return stop(AuthorityReason::ProofStale);
        }
        Ok(())
    }

    /// Whether the lists are stale; an answer where the token does not stand as valid in them.
    fn check_status(
        &self,
        issuer: AuthorityCode,
        place: credential::StatusRef,
        now: Timestamp,
    ) -> Step<bool> {
        if issuer == self.me {
            // Its own tokens are looked up in its own registry, with the pass itself.
            return Ok(false);
        }
        let statuses = self.statuses.read().unwrap_or_else(PoisonError::into_inner);
        let Some(list) = statuses.get(&(issuer, place.list())) else {
            return stop(AuthorityReason::StaleLists);
        };
        let freshness = Freshness::of(list.expires.unwrap_or(list.issued), now);
        match (freshness, list.list.get(place.index())) {
            (Freshness::Refused, _) => stop(AuthorityReason::StaleLists),
            (_, Some(Status::Valid)) => Ok(freshness == Freshness::Stale),
            (_, Some(Status::Invalid | Status::Suspended | Status::Other(_)) | None) => {
                stop(AuthorityReason::TokenRevoked)
            }
        }
    }

    async fn opened(
        &self,
        tx: &mut Tx,
        (token, context): (UnverifiedToken<'_>, PartContext),
        envelope: &Envelope<'_>,
    ) -> Result<Step<Opened>, ServiceError> {
        let maker = match context.form() {
            PartForm::Own => self.me,
            PartForm::Sealed => context.issuer,
        };
        let week = part_week(token.claims().expires);
        let key = match self.weekly_key(tx, maker, self.me, week).await {
            Ok(key) => key,
            Err(ServiceError::NoWeeklyKey { .. }) => return Ok(stop(AuthorityReason::PartUnreadable)),
            Err(error) => return Err(error),
        };
        let Ok(contents) = PartContents::open(envelope.part, &key, &context) else {
            return Ok(stop(AuthorityReason::PartUnreadable));
        };
        let Some(kind) = DocumentKind::from_code(contents.kind) else {
            return Ok(stop(AuthorityReason::PartForeign));
        };
        // A maker vouches only for documents that it issues itself.
        let issues = match maker {
            AuthorityCode::Chn => matches!(
                kind,
                DocumentKind::ExitEntryPermit | DocumentKind::OneWayPermit | DocumentKind::HomeReturnPermit
            ),
            AuthorityCode::Hkg => kind == DocumentKind::Hkid,
            AuthorityCode::Mac => kind == DocumentKind::MacaoBir,
        };
        let Ok(number) = DocumentNumber::from_wire(kind, &contents.number) else {
            return Ok(stop(AuthorityReason::PartForeign));
        };
        if !issues {
            return Ok(stop(AuthorityReason::PartForeign));
        }
        Ok(Ok(Opened { contents, issuer: context.issuer, number }))
    }

    /// The person behind a part: in the registry for own parts; for sealed ones whoever was seen with this number, or
    /// with this name, birth date and nationality (a card's number changes with each card), or somebody new. The row
    /// is held until the transaction ends: no second verdict and no event comes between reading and writing.
    async fn person(
        &self,
        tx: &mut Tx,
        request: &Request,
        opened: &Opened,
    ) -> Result<Step<PersonRow>, ServiceError> {
        let tag = self.number_tag(&opened.number);
        let found = store::find_tag(tx, &tag).await?;
        if let HolderIdentity::Sealed { latin_name, chinese_name, birth, nationality } =
            &opened.contents.identity
        {
            let mut who = b"who".to_vec();
            for field in [latin_name.as_str(), chinese_name.as_str(), &birth.to_string()] {
                who.extend_from_slice(field.as_bytes());
                who.push(0);
            }
            who.extend_from_slice(nationality);
            let who = self.keys.numbers.tag(&who);
            let key = match found {
                Some((key, _)) => key,
                None => self.seen(tx, &who).await?,
            };
            // Two lanes may see somebody for the first time at once: whoever wrote the hash first is the person.
            store::add_tag(tx, &tag, &key).await?;
            let key = store::find_tag(tx, &tag).await?.map_or(key, |(first, _)| first);
            store::add_tag(tx, &who, &key).await?;
            store::hold_person(tx, &key).await?;
            let person = store::find_person(tx, &key).await?;
            return Ok(person.map_or_else(|| stop(AuthorityReason::NotRegistered), Ok));
        }
        let Some((key, lost)) = found else { return Ok(stop(AuthorityReason::NotRegistered)) };
        store::hold_person(tx, &key).await?;
        let Some(person) = store::find_person(tx, &key).await? else {
            return Ok(stop(AuthorityReason::NotRegistered));
        };
        if lost != 0 || person.session.is_empty() {
            return Ok(stop(AuthorityReason::PassEnded));
        }
        if opened.issuer == self.me {
            let token = store::find_token(tx, request.token.as_bytes()).await?;
            if token.is_none_or(|token| token.status != 0 || token.person != person.key) {
                return Ok(stop(AuthorityReason::TokenRevoked));
            }
        }
        Ok(Ok(person))
    }

    /// The person under this hash, who is somebody new where nobody is.
    async fn seen(&self, tx: &mut Tx, who: &[u8]) -> Result<Vec<u8>, ServiceError> {
        let mut key = vec![0; 16];
        random(&mut key)?;
        if !store::add_tag(tx, who, &key).await?
            && let Some((first, _)) = store::find_tag(tx, who).await?
        {
            return Ok(first);
        }
        let person = PersonRow {
            key: key.clone(),
            record: String::new(),
            template: Vec::new(),
            template_kind: 0,
            session: Vec::new(),
            ended: 0,
        };
        store::add_person(tx, &person).await?;
        Ok(key)
    }

    async fn view(&self, tx: &mut Tx, opened: &Opened, person: &PersonRow) -> Result<View, ServiceError> {
        let rows = store::find_movements(tx, &person.key).await?;
        let movements = rows.iter().map(movement).collect::<Result<Vec<_>, _>>()?;
        let contents = &opened.contents;
        if !person.record.is_empty() {
            let case = CaseFile::parse(&person.record, &self.rules)?;
            let mut documents = case.documents;
            let at = documents.iter().position(|d| d.number.match_key() == opened.number.match_key());
            let document = at.map(|at| documents.swap_remove(at));
            return Ok(View { holder: case.holder, document, other_documents: documents, movements });
        }
        let (birth, nationality) = match &contents.identity {
            HolderIdentity::Own { birth_year } => (Birth::Year(*birth_year), None),
            HolderIdentity::Sealed { birth, nationality, .. } => {
                let nationality =
                    std::str::from_utf8(nationality).ok().and_then(|n| n.parse::<Nationality>().ok());
                (Birth::Date(*birth), nationality)
            }
        };
        let holder = Holder::from_wire_class(opened.issuer, contents.holder_class, birth, nationality)
            .ok_or(ServiceError::Form(CborError::Unexpected))?;
        let endorsements = contents
            .endorsements
            .iter()
            .filter_map(|slot| {
                Some(Endorsement {
                    form: FormCode::new(slot.form)?,
                    destination: self.me,
                    entries: slot.entries,
                    valid_from: slot.from,
                    valid_to: slot.to,
                    issued: slot.from,
                    approved_until: None,
                })
            })
            .collect();
        let document = Document {
            number: opened.number.clone(),
            issued: None,
            expires: contents.expiry,
            status: DocumentStatus::Valid,
            endorsements,
        };
        Ok(View { holder, document: Some(document), other_documents: Vec::new(), movements })
    }

    #[expect(clippy::too_many_arguments, reason = "a decision is a function of all that was found")]
    fn decided(
        &self,
        view: &View,
        request: &Request,
        opened: &Opened,
        person: &PersonRow,
        face: Compared,
        stale: bool,
        now: Timestamp,
    ) -> Step<Answer> {
        let mut question = Question::new(request.port.clone(), request.direction, now);
        question.lane = request.lane;
        question.asked = if request.joint { Asked::Both } else { Asked::Only(request.role) };
        let judgement = judge(&self.rules, request.role, view, &question);
        let lane = match judgement.lane {
            LaneAnswer::Open => None,
            LaneAnswer::NotOpenToHolder { why, open } => Some((
                open.map_or(Outcome::Refer, Outcome::NotOpenToHolder),
                "not_open_to_holder",
                why.as_str().to_owned(),
            )),
            LaneAnswer::Closed { why } => Some((Outcome::Refer, "port_closed", why.as_str().to_owned())),
        };
        if let Some((outcome, code, detail)) = lane {
            return Err(Box::new(Answer { outcome, code, detail, hold: None }));
        }
        let mut wanted: Vec<(Measure, &'static str)> = Vec::new();
        let grant = match &judgement.verdict {
            documents::Verdict::Admit(grant) => *grant,
            documents::Verdict::Verify { measures, why, grant } => {
                wanted.extend(measures.iter().map(|m| (*m, why.reason.as_str())));
                *grant
            }
            documents::Verdict::Refer(why) => {
                let (code, detail) = (why.reason.as_str(), why.change());
                return Err(Box::new(Answer { outcome: Outcome::Refer, code, detail, hold: None }));
            }
        };
        match face {
            Compared::Near => {}
            Compared::Unsure => wanted.push((Measure::Officer, AuthorityReason::FaceUnsure.code())),
            // The equal path: somebody sworn in holds the document beside the face, wherever a lens cannot.
            Compared::Absent => {
                wanted.push((Measure::PhysicalDocument, AuthorityReason::FaceAbsent.code()));
                wanted.push((Measure::Officer, AuthorityReason::FaceAbsent.code()));
            }
        }
        if stale {
            wanted.push((Measure::PhysicalDocument, AuthorityReason::StaleLists.code()));
        }
        let done = |m: Measure| request.measures_done.contains(&clearance::measure_number(m));
        wanted.retain(|(measure, _)| !done(*measure));
        if let Some((_, code)) = wanted.first() {
            let mut numbers: Vec<u8> = wanted.iter().map(|(m, _)| clearance::measure_number(*m)).collect();
            numbers.sort_unstable();
            numbers.dedup();
            let outcome = Outcome::Verify(numbers);
            return Err(Box::new(Answer { outcome, code, detail: String::new(), hold: None }));
        }
        let mut admitted = admitted(request, opened, person, &grant);
        if let Some(code) = face.by_officer() {
            admitted.detail =
                [code, &admitted.detail].into_iter().filter(|d| !d.is_empty()).collect::<Vec<_>>().join(", ");
        }
        Ok(admitted)
    }

    async fn answered(
        &self,
        mut tx: Tx,
        request: &Request,
        request_hash: [u8; 32],
        mut answer: Answer,
        now: Timestamp,
    ) -> Result<Vec<u8>, ServiceError> {
        let mut id = [0; 16];
        random(&mut id)?;
        let mut reservation = None;
        let mut replaced = None;
        if let Some(hold) = &answer.hold {
            match self.ask(&mut tx, request, hold, now).await? {
                HoldAnswer::Hold => reservation = Some((id, false)),
                HoldAnswer::Renew(old) => reservation = Some((*old.as_bytes(), true)),
                HoldAnswer::Replace(old) => {
                    replaced = Some(old);
                    reservation = Some((id, false));
                }
                HoldAnswer::Busy => {
                    (answer.outcome, answer.code) = (Outcome::Busy, AuthorityReason::Busy.code());
                }
                HoldAnswer::Unresolved(_) => {
                    let officer = vec![clearance::measure_number(Measure::Officer)];
                    (answer.outcome, answer.code) =
                        (Outcome::Verify(officer), AuthorityReason::Unresolved.code());
                }
                HoldAnswer::TokenSpent => {
                    (answer.outcome, answer.code) = (Outcome::Refer, AuthorityReason::TokenSpent.code());
                }
                HoldAnswer::ClearanceOver => {
                    (answer.outcome, answer.code) = (Outcome::Refer, AuthorityReason::ClearanceOver.code());
                }
            }
        }
        let mut reference = [0; 16];
        random(&mut reference)?;
        let approval = {
            let approvals = self.approvals.read().unwrap_or_else(PoisonError::into_inner);
            approvals
                .covering(&request.port, request.direction, now)
                .map(|a| a.id.clone())
                .unwrap_or_default()
        };
        let verdict = message::Verdict {
            authority: self.me,
            request: request_hash,
            outcome: answer.outcome.clone(),
            reservation: reservation.map(|(id, _)| id),
            reference,
            approval,
            rules: self.rules.version().to_owned(),
            valid_until: now.plus_seconds(VERDICT_SECONDS),
        };
        let signed = message::sign(Kind::Verdict, KEY_ID, &self.keys.verdict, &verdict.encode())?;
        if let (Some((id, renew)), Some(hold)) = (reservation, &answer.hold) {
            if let Some(old) = replaced {
                let state = clearance::Reservation::Released { at: now, cause: ReleaseCause::Superseded };
                let (state, at, passage) = columns_of(state);
                store::set_reservation(&mut tx, old.as_bytes(), &state, at, &passage).await?;
            }
            let row = ReservationRow {
                id: id.to_vec(),
                person: hold.person.clone(),
                token: request.token.as_bytes().to_vec(),
                clearance: request.clearance.to_vec(),
                lane: request.gate.clone(),
                state: "held".to_owned(),
                at: now.plus_seconds(HOLD_SECONDS).unix(),
                passage: Vec::new(),
                verdict: message::hash(&signed).to_vec(),
                probe: request.probe.to_vec(),
                record: hold.record.clone(),
            };
            if renew {
                store::renew_reservation(&mut tx, &row).await?;
            } else {
                store::add_reservation(&mut tx, &row).await?;
            }
        }
        let word = match &answer.outcome {
            Outcome::Admit => "admit",
            Outcome::Verify(_) => "verify",
            Outcome::Refer => "refer",
            Outcome::Busy => "busy",
            Outcome::NotOpenToHolder(_) => "not_open_to_holder",
        };
        store::add_verdict(&mut tx, &reference, now.unix(), word, answer.code, &answer.detail).await?;
        store::commit(tx).await?;
        Ok(signed)
    }

    async fn ask(
        &self,
        tx: &mut Tx,
        request: &Request,
        hold: &Reserve,
        now: Timestamp,
    ) -> Result<HoldAnswer, ServiceError> {
        let since = now.plus_seconds(-3600).unix();
        let rows = store::find_holds(tx, &hold.person, request.token.as_bytes(), since).await?;
        let mut holds = Vec::with_capacity(rows.len());
        let damaged = |column| ServiceError::Store(store::StoreError::Row { table: "reservation", column });
        for row in &rows {
            let sixteen = |bytes: &[u8], column| <[u8; 16]>::try_from(bytes).map_err(|_| damaged(column));
            holds.push(Hold {
                id: clearance::ReservationId::from_bytes(sixteen(&row.id, "id")?),
                clearance: clearance::ClearanceId::from_bytes(sixteen(&row.clearance, "clearance")?),
                lane: row.lane.parse().map_err(|_| damaged("lane"))?,
                token: credential::TokenId::from_bytes(sixteen(&row.token, "token_id")?),
                state: state_of(row)?,
            });
        }
        let settled = request.measures_done.contains(&clearance::measure_number(Measure::Officer));
        let request = HoldRequest {
            clearance: clearance::ClearanceId::from_bytes(request.clearance),
            lane: request.gate.parse().map_err(|_| damaged("lane"))?,
            token: request.token,
            settled,
        };
        Ok(ask_hold(&holds, &request, now))
    }
}

/// How long a reservation waits for its event before it goes on an officer's list: longer than the band in which a
/// gate tells the end of a clearance.
const HOLD_SECONDS: i64 = 300;

fn admitted(request: &Request, opened: &Opened, person: &PersonRow, grant: &Grant) -> Answer {
    let entry = LedgerEntry::new(
        &request.port,
        request.direction,
        opened.issuer,
        false,
        if request.role == Side::Entry { grant.last_day } else { None },
        grant.spends,
    );
    let detail = match (grant.entries_left, grant.last_day) {
        (Some(left), Some(day)) => format!("entries left {left}, last day {day}"),
        (None, Some(day)) => format!("last day {day}"),
        (Some(left), None) => format!("entries left {left}"),
        (None, None) => String::new(),
    };
    Answer {
        outcome: Outcome::Admit,
        code: "admitted",
        detail,
        hold: Some(Reserve { person: person.key.clone(), record: entry.to_json().unwrap_or_default() }),
    }
}
