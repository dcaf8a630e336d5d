//! Checks: everything about a request that needs no person: sender, token, proof, status, part, face.
//!
//! Lives here: the order in which they run, cheap ones first. Not here: the person and the rules (`decide`).

use std::sync::{Arc, PoisonError};

use clearance::{Envelope, Enveloped};
use credential::message::{self, Kind, Request};
use credential::page::Page;
use credential::paper::UnverifiedPaper;
use credential::part::{PartContents, PartContext, PartForm, part_week};
use credential::status::Status;
use credential::{
    Audience, KeyClass, PartHash, ProofWindow, StatusRef, Thumbprint, UnverifiedProof, UnverifiedToken,
    VerifiedProof, VerifiedToken, sha256,
};
use documents::issuance::{part_maker, vouches_for};
use documents::{AuthorityCode, DocumentKind, DocumentNumber, LaneKind, LocalDate, Side, Timestamp};
use face::{Decision, Probe};
use trust::{Freshness, Role};

use super::{AuthorityReason, Covering, Stop, VerdictError};
use crate::faces::{Comparison, FaceCheckError, KeptTemplate};
use crate::service::{FromGate, SenderError, Service};
use crate::store::{StoreError, Tx, person, token};
use crate::weekly_keys::WeeklyKeyError;

/// How far a request's time may differ from this machine's, in seconds.
const REQUEST_SECONDS: i64 = 60;
/// A request after measures comes up to so many seconds after the proof was made.
const MEASURES_BEHIND: i64 = 180;

/// What was opened: a part beside a token, or the page of a document that was laid down.
pub(crate) enum Evidence {
    Part(Box<PartContents>),
    Page(Page),
}

/// What a part or page was found to say, and about whom.
pub(crate) struct Opened {
    pub evidence: Evidence,
    /// Issuer of the token, or of the document that was laid down.
    pub issuer: AuthorityCode,
    pub number: DocumentNumber,
    /// The device key of a phone's token that is this authority's own.
    pub device: Option<Thumbprint>,
    /// Class of the token's device key; `None` at a lane by document.
    pub key_class: Option<KeyClass>,
    /// Whether the token is a paper pass's.
    pub paper: bool,
    /// Where this authority holds the photograph itself and a face was taken: the templates that it keeps of it.
    pub kept: Vec<KeptTemplate>,
    /// The template with which the face is compared where those are not all there; `None` where there is no portrait.
    pub alone: Option<KeptTemplate>,
    /// What could not be told of a chip, by its code: an officer looks at the document.
    pub doubt: Option<&'static str>,
}

impl Opened {
    /// The day on which the part was made; `None` of a page.
    pub(crate) fn part_of(&self) -> Option<LocalDate> {
        match &self.evidence {
            Evidence::Part(contents) => Some(contents.snapshot),
            Evidence::Page(_) => None,
        }
    }
}

/// What the comparison of the face came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compared {
    /// Near enough even where a stricter look is due.
    Certain,
    /// Near enough.
    Near,
    /// Too close to call.
    Unsure,
    /// Another person's.
    Other,
    /// There is no face to compare.
    Absent,
    /// There is no portrait here to compare the face with.
    NoPortrait,
}

/// What the comparison came to, with its score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Likeness {
    pub compared: Compared,
    /// How far the score lies above the threshold, in thousandths of its scale; `None` where there was nothing to compare.
    pub margin: Option<i16>,
}

impl Likeness {
    const fn unmeasured(compared: Compared) -> Self {
        Self { compared, margin: None }
    }
}

/// What was opened, with the face beside it.
pub(crate) struct Recognised {
    pub opened: Opened,
    pub face: Likeness,
    /// Whether a list that this rests on is older than it should be.
    pub stale: bool,
    /// The holder's proof: when it was made, and how the wallet was unlocked again for it. `None` at a lane by document.
    pub proof: Option<VerifiedProof>,
}

/// A token, its context, the holder's proof, and whether the lists are stale: what the shown bytes came to.
type Shown<'e> = (UnverifiedToken<'e>, PartContext, Option<VerifiedProof>, bool);

impl Service {
    /// The request of a registered gate, for this authority, of this moment.
    pub(super) fn authenticate(
        &self,
        signed: &[u8],
        now: Timestamp,
    ) -> Result<(Request, [u8; 32]), SenderError> {
        let FromGate { message: request, hash, binding } =
            self.open_from_gate(Kind::Request, signed, Request::decode, |request| &request.gate, now)?;
        let ours = request.direction.authority(request.role) == self.me;
        if !ours || now.seconds_since(request.at).abs() > REQUEST_SECONDS {
            return Err(SenderError::NotForUs);
        }
        let Request { port, lane, direction, joint, .. } = &request;
        binding.check(port, *lane, *direction, *joint).map_err(|outside| {
            tracing::warn!(gate = request.gate, %port, %direction, %outside, "alarm: a gate asked outside of its place");
            SenderError::OutsideBinding { gate: request.gate.clone(), outside }
        })?;
        Ok((request, hash))
    }

    /// What was shown, opened, and compared with the face.
    pub(super) async fn recognise(
        &self,
        request: &Request,
        envelope: &Envelope<'_>,
        covering: Option<&Covering>,
        now: Timestamp,
    ) -> Result<Recognised, Stop> {
        if covering.is_none() {
            return Err(Stop::refer(AuthorityReason::NotApproved));
        }
        let (token, context, proof, stale) = self.check_shown(request, envelope, now)?;
        let opened = self.open_part(&token, &context, envelope).await?;
        let face = self.compare_face(&opened, envelope.probe).await?;
        Ok(Recognised { opened, face, stale, proof })
    }

    /// The face beside the one template of a part or page; where this authority holds the photograph itself, beside all the
    /// templates that it keeps of it.
    pub(super) async fn compare_face(&self, opened: &Opened, probe: &[u8]) -> Result<Likeness, Stop> {
        if probe.is_empty() {
            return Ok(Likeness::unmeasured(Compared::Absent));
        }
        let (kept, Some(alone)) = (opened.kept.clone(), opened.alone.clone()) else {
            return Ok(Likeness::unmeasured(Compared::NoPortrait));
        };
        let (faces, probe) = (Arc::clone(&self.faces), probe.to_vec());
        let compared = self.pools.lanes.run(move || {
            Probe::decode(&probe).ok().map(|probe| {
                let embedding = faces.embed_for(&probe, &kept, &alone)?;
                faces.compare(&kept, &alone, &embedding)
            })
        });
        match compared.await.map_err(VerdictError::from)? {
            None => Err(Stop::refer(AuthorityReason::ProbeUnreadable)),
            Some(Ok(Comparison { decision, margin })) => {
                let compared = match decision {
                    Decision::Certain => Compared::Certain,
                    Decision::Accept => Compared::Near,
                    Decision::Officer => Compared::Unsure,
                    Decision::Reject => Compared::Other,
                };
                Ok(Likeness { compared, margin: Some(margin) })
            }
            Some(Err(FaceCheckError::Template)) => Err(Stop::refer(AuthorityReason::TemplateUnknown)),
            Some(Err(error)) => Err(Stop::Failed(error.into())),
        }
    }

    /// The templates of the resident with this number: none where nobody is registered with it.
    pub(super) async fn kept_templates(
        &self,
        tx: &mut Tx,
        number: &DocumentNumber,
    ) -> Result<Vec<KeptTemplate>, StoreError> {
        let vault = self.store.vault();
        let Some(key) = person::find_tag(tx, vault.number_tag(number)).await? else { return Ok(Vec::new()) };
        match person::find_person(tx, vault, key).await? {
            None => Ok(Vec::new()),
            Some(person) => person::find_templates(tx, &person).await,
        }
    }

    /// Everything about the shown bytes that needs neither the part's contents nor the face.
    fn check_shown<'e>(
        &self,
        request: &Request,
        envelope: &Envelope<'e>,
        now: Timestamp,
    ) -> Result<Shown<'e>, Stop> {
        if request.joint != request.other_part.is_some() {
            return Err(Stop::refer(AuthorityReason::RequestMismatch));
        }
        let token = UnverifiedToken::parse(envelope.token)
            .map_err(|_| Stop::refer(AuthorityReason::TokenMalformed))?;
        let claims = *token.claims();
        let (verified, freshness) = self.verify_token(&token, now)?;
        if verified.id() != request.token {
            return Err(Stop::refer(AuthorityReason::RequestMismatch));
        }
        let old_status = self.check_status(claims.issuer, claims.status, now)?;
        let proof = match claims.key_class {
            KeyClass::Paper => {
                self.check_paper(request, envelope, &verified, now)?;
                None
            }
            KeyClass::Software | KeyClass::Hardware | KeyClass::SecureElement => {
                Some(check_proof(request, envelope, &verified)?)
            }
        };
        let context =
            PartContext { issuer: claims.issuer, receiver: self.me, thumbprint: verified.thumbprint() };
        let sealed_hash = claims.sealed.for_receiver(claims.issuer, self.me);
        if context.form() == PartForm::Sealed && sealed_hash != Some(request.part.short()) {
            return Err(Stop::refer(AuthorityReason::PartMismatch));
        }
        Ok((token, context, proof, old_status || freshness == Freshness::Stale))
    }

    /// The token's issuer, time and signature.
    fn verify_token<'e>(
        &self,
        token: &UnverifiedToken<'e>,
        now: Timestamp,
    ) -> Result<(VerifiedToken<'e>, Freshness), Stop> {
        let claims = *token.claims();
        let trust = self.trust();
        let freshness = trust.freshness(claims.issuer, now);
        if freshness == Freshness::Refused {
            return Err(Stop::refer(AuthorityReason::UnknownIssuer));
        }
        let key = trust
            .find(claims.issuer, Role::Token, &[token.kid()], now)
            .map_err(|_| Stop::refer(AuthorityReason::UnknownIssuer))?;
        claims.check_life(now).map_err(|_| Stop::refer(AuthorityReason::TokenExpired))?;
        let verified = token.device_key().and_then(|device| token.verify(key, device));
        let verified = verified.map_err(|_| Stop::refer(AuthorityReason::TokenForged))?;
        Ok((verified, freshness))
    }

    /// The paper proof: by a counter of the token's issuer, for this lane, over the parts, of this day.
    fn check_paper(
        &self,
        request: &Request,
        envelope: &Envelope<'_>,
        token: &VerifiedToken<'_>,
        now: Timestamp,
    ) -> Result<(), Stop> {
        let invalid = || Stop::refer(AuthorityReason::ProofInvalid);
        if request.lane == LaneKind::FaceOnly {
            return Err(Stop::refer(AuthorityReason::PaperLane));
        }
        let paper = UnverifiedPaper::parse(envelope.proof).map_err(|_| invalid())?;
        let trust = self.trust();
        let key = trust
            .find(token.claims().issuer, Role::Counter, &[paper.kid()], now)
            .map_err(|_| Stop::refer(AuthorityReason::CounterUnknown))?;
        let (audience, parts) = (audience_of(request), parts_in_order(request));
        let verified = paper.verify(key, token, &audience, &parts).map_err(|_| invalid())?;
        if verified.day().start() != request.made_at {
            return Err(invalid());
        }
        let today = verified.day() == request.at.local_date();
        if today { Ok(()) } else { Err(Stop::refer(AuthorityReason::PaperNotToday)) }
    }

    /// Whether the lists are stale; an answer where the token does not stand as valid in them.
    fn check_status(&self, issuer: AuthorityCode, place: StatusRef, now: Timestamp) -> Result<bool, Stop> {
        if issuer == self.me {
            // Its own tokens are looked up in its own registry, with the pass itself.
            return Ok(false);
        }
        let statuses = self.statuses.read().unwrap_or_else(PoisonError::into_inner);
        let list = statuses.get(&(issuer, place.list()));
        let list = list.ok_or_else(|| Stop::refer(AuthorityReason::StaleLists))?;
        let freshness = Freshness::of_status_list(list.issued, list.ttl, list.expires, now);
        match (freshness, list.list.get(place.index())) {
            (Freshness::Refused, _) => Err(Stop::refer(AuthorityReason::StaleLists)),
            (Freshness::Current | Freshness::Stale, Some(Status::Valid)) => Ok(freshness == Freshness::Stale),
            (
                Freshness::Current | Freshness::Stale,
                Some(Status::Invalid | Status::Suspended | Status::Other(_)) | None,
            ) => Err(Stop::refer(AuthorityReason::TokenRevoked)),
        }
    }

    /// The part and what belongs to it, read at once.
    async fn open_part(
        &self,
        token: &UnverifiedToken<'_>,
        context: &PartContext,
        envelope: &Envelope<'_>,
    ) -> Result<Opened, Stop> {
        let mut tx = self.store.read_for_lane().await?;
        let opened = self.open_part_in(&mut tx, token, context, envelope).await;
        tx.commit().await?;
        opened
    }

    /// Opens the part with the weekly key that follows from issuer and receiver.
    async fn open_part_in(
        &self,
        tx: &mut Tx,
        token: &UnverifiedToken<'_>,
        context: &PartContext,
        envelope: &Envelope<'_>,
    ) -> Result<Opened, Stop> {
        let maker = part_maker(context.issuer, self.me);
        let week = part_week(token.claims().expires);
        let key = match self.weekly_key(tx, maker, self.me, week).await {
            Ok(key) => key,
            Err(WeeklyKeyError::Missing { .. }) => {
                return Err(Stop::refer(AuthorityReason::PartUnreadable));
            }
            Err(error) => return Err(Stop::Failed(error.into())),
        };
        let contents = PartContents::open(envelope.part, &key, context)
            .map_err(|_| Stop::refer(AuthorityReason::PartUnreadable))?;
        let own = context.form() == PartForm::Own;
        if own {
            let device = self.store.vault().device_tag(context.thumbprint);
            if !token::is_own_part(tx, device, &PartHash::of(envelope.part).0).await? {
                return Err(Stop::refer(AuthorityReason::PartForged));
            }
        }
        let foreign = || Stop::refer(AuthorityReason::PartForeign);
        let kind = DocumentKind::from_code(contents.kind).ok_or_else(foreign)?;
        // A maker vouches only for documents that it issues itself.
        if !vouches_for(maker, kind) {
            return Err(foreign());
        }
        let number = DocumentNumber::from_wire(kind, &contents.number).map_err(|_| foreign())?;
        let kept = if own && !envelope.probe.is_empty() {
            self.kept_templates(tx, &number).await?
        } else {
            Vec::new()
        };
        let alone = Some((contents.template_format, contents.template.as_bytes().to_vec()));
        let evidence = Evidence::Part(Box::new(contents));
        let (issuer, class) = (context.issuer, token.claims().key_class);
        let paper = class == KeyClass::Paper;
        let device = (issuer == self.me && !paper).then_some(context.thumbprint);
        let key_class = Some(class);
        Ok(Opened { evidence, issuer, number, device, key_class, paper, kept, alone, doubt: None })
    }
}

/// Whether the envelope holds what the gate signed. Whatever was exchanged on its way gets no verdict: it would stand as
/// the answer to the gate's own request. An envelope of one kind at a lane of the other is such an exchange.
pub(super) fn check_envelope(request: &Request, envelope: &Enveloped<'_>) -> Result<(), SenderError> {
    let by_document = match request.lane {
        LaneKind::Document => true,
        LaneKind::Code | LaneKind::FaceOnly | LaneKind::Manual => false,
    };
    let same = match envelope {
        Enveloped::Code(envelope) => {
            !by_document
                && PartHash::of(envelope.part) == request.part
                && message::shown_hash(envelope.token, envelope.proof) == request.shown
        }
        Enveloped::Document(envelope) => {
            by_document
                && PartHash::of(envelope.page) == request.part
                && message::laid_hash(&parts_in_order(request)) == request.shown
        }
    };
    if same && sha256(envelope.probe()) == request.probe { Ok(()) } else { Err(SenderError::Envelope) }
}

/// Hashes of the parts or pages that the request names, in order of the sides.
fn parts_in_order(request: &Request) -> Vec<PartHash> {
    match (request.role, request.other_part) {
        (Side::Exit | Side::Entry, None) => vec![request.part],
        (Side::Exit, Some(other)) => vec![request.part, other],
        (Side::Entry, Some(other)) => vec![other, request.part],
    }
}

/// The lane for which a code has to be made.
fn audience_of(request: &Request) -> Audience {
    let side = (!request.joint).then_some(request.role);
    Audience::new(request.port.clone(), request.direction, side)
}

/// The holder proof: by the token's device key, for this lane, over the parts, of this moment.
fn check_proof(
    request: &Request,
    envelope: &Envelope<'_>,
    token: &VerifiedToken<'_>,
) -> Result<VerifiedProof, Stop> {
    let invalid = || Stop::refer(AuthorityReason::ProofInvalid);
    let proof = UnverifiedProof::parse(envelope.proof).map_err(|_| invalid())?;
    let (audience, parts) = (audience_of(request), parts_in_order(request));
    if proof.made_at() != request.made_at {
        return Err(invalid());
    }
    let verified = proof.verify(token, &audience, &parts).map_err(|_| invalid())?;
    let mut window = ProofWindow::default();
    if !request.measures_done.is_empty() {
        window.behind = MEASURES_BEHIND;
    }
    window.check(proof.made_at(), request.at).map_err(|_| Stop::refer(AuthorityReason::ProofStale))?;
    Ok(verified)
}
