//! What a wallet holds for desks: credentials with their device keys, the secret of its pseudonyms, what was shown where.
//!
//! Lives here: fetching a batch, answering a request with it, receipts. Not here: whether a request may be answered
//! (`trust::DeskRequest`), which claims are shown (the traveller), the way to the desk (`command::wallet`).

use std::collections::BTreeMap;

use authority::{CredentialsWanted, DeviceProof, possession};
use credential::sd_cwt::{Encoding, SdCwt};
use credential::venue::{
    ClaimName, ClaimSet, CredentialFrame, CredentialKind, PseudonymSecret, Shown, VenueCredential,
    VenueReceipt, answer, presentation_hash,
};
use credential::{SigningKey, VerifyingKey};
use documents::issuance::document_issuer;
use documents::{AuthorityCode, DocumentKind, Scenario, Timestamp, VenueId};
use serde::{Deserialize, Serialize};
use trust::{DeskRequest, Role, TrustStore};

use super::{AuthorityClient, BATCH, Bytes, CLASS, NoTokens, Wallet};
use crate::failure::{Failure, of};

/// Whose credentials of which kind: those of one source are alike, and any of them will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The authority that vouches.
    pub issuer: AuthorityCode,
    /// The kind of credential.
    pub kind: CredentialKind,
    /// Of an identity: the document of which it speaks.
    pub document: Option<DocumentKind>,
}

/// One credential with its key; it is shown once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeldCredential {
    source: Source,
    /// The device key (PKCS #8).
    device: Bytes,
    /// The credential as it was issued.
    credential: Bytes,
    /// When it begins.
    issued: Timestamp,
    /// When it ends; at that instant it has already expired.
    expires: Timestamp,
}
documents::redact_debug!(HeldCredential);

/// Device keys for which no credentials came yet.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptKeys {
    source: Source,
    keys: Vec<Bytes>,
}
documents::redact_debug!(KeptKeys);

/// What was shown at one desk, and what the desk said to it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// Where.
    pub venue: VenueId,
    /// The authority that lists the desk.
    pub authority: AuthorityCode,
    /// What for.
    pub scenario: Scenario,
    /// Why the desk asked.
    pub purpose: String,
    /// The approval under which it asked.
    pub approval: String,
    /// How long the desk said that it keeps the claims, in days.
    pub retention_days: u16,
    /// The claims that were shown.
    pub shown: Vec<ClaimName>,
    /// When.
    pub at: Timestamp,
    /// The id of the request (SHA-256).
    request: Bytes,
    /// SHA-256 of the answer.
    presentation: Bytes,
    /// The desk's signed receipt; none where the answer was shown to its camera.
    receipt: Option<Bytes>,
}
documents::redact_debug!(Registration);

impl Registration {
    /// What the desk said that it keeps, and until when. It was verified when it came.
    pub fn receipt(&self) -> Result<Option<VenueReceipt>, Failure> {
        let read = |bytes: &Bytes| {
            let payload = credential::message::unverified_payload(&bytes.0).map_err(of)?;
            VenueReceipt::decode(payload).map_err(of)
        };
        self.receipt.as_ref().map(read).transpose()
    }

    /// The id of the request that was answered.
    pub fn request(&self) -> &[u8] {
        &self.request.0
    }
}

/// Why a desk's receipt is not kept.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptRefusal {
    /// It is no receipt that the desk signed.
    #[error("the desk's receipt is not valid: {0}; ask the desk what it keeps")]
    Receipt(#[from] credential::venue::VenueReceiptError),
    /// It speaks of another answer, request or holder.
    #[error("the desk's receipt is for another answer; ask the desk what it keeps")]
    OtherAnswer,
    /// The desk keeps what was not shown.
    #[error("the desk's receipt says that it keeps more than was shown; tell its authority")]
    KeepsMore,
}

impl ReceiptRefusal {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Receipt(error) => error.code(),
            Self::OtherAnswer => "receipt_other_answer",
            Self::KeepsMore => "receipt_keeps_more",
        }
    }
}

/// Why no answer is made to a request that the wallet takes.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// No document here suits.
    #[error(
        "no document is enrolled with which {claim} could be shown; enrol with one, or show a physical document"
    )]
    NoDocument {
        /// The first claim for which there is none.
        claim: ClaimName,
    },
    /// The document does not say what the desk requires.
    #[error("the document says nothing about {claim}, which the desk requires; show a physical document")]
    NotInDocument {
        /// The claim.
        claim: ClaimName,
    },
    /// Something is damaged, or no credentials came.
    #[error("{0}")]
    Failure(Failure),
}

impl NoAnswer {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoDocument { .. } => "no_document",
            Self::NotInDocument { .. } => "claim_not_in_document",
            Self::Failure(_) => "no_answer",
        }
    }
}

impl From<Failure> for NoAnswer {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

/// What a wallet has for desks, as its file has it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VenueWallet {
    /// The secret from which pseudonyms are derived, 32 bytes; none before the first answer.
    secret: Option<Bytes>,
    credentials: Vec<HeldCredential>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    keys_kept: Vec<KeptKeys>,
    registrations: Vec<Registration>,
}
documents::redact_debug!(VenueWallet);

impl VenueWallet {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What was shown where, in the order in which it was.
    pub fn registrations(&self) -> &[Registration] {
        &self.registrations
    }

    /// Credentials of a source that are left at `now`.
    pub fn left(&self, source: &Source, now: Timestamp) -> usize {
        self.credentials.iter().filter(|held| held.serves(source, now)).count()
    }

    /// Drops what belongs to an earlier pass; receipts and pseudonyms stay.
    pub(super) fn end_pass(&mut self) {
        self.credentials.clear();
        self.keys_kept.clear();
    }

    /// The secret of the pseudonyms; made now where there is none.
    fn pseudonyms(&mut self) -> Result<PseudonymSecret, Failure> {
        if self.secret.is_none() {
            let mut drawn = [0; 32];
            credential::random(&mut drawn).map_err(of)?;
            self.secret = Some(Bytes(drawn.to_vec()));
        }
        let bytes = self.secret.as_ref().and_then(|secret| secret.0.as_slice().try_into().ok());
        let damaged =
            || Failure::new("the wallet's secret for pseudonyms is damaged; restore its file from a backup");
        bytes.map(PseudonymSecret::from_bytes).ok_or_else(damaged)
    }
}

impl HeldCredential {
    fn serves(&self, source: &Source, now: Timestamp) -> bool {
        self.source == *source && self.issued <= now && now < self.expires
    }

    /// Takes a credential that an authority made for one of this wallet's keys, if it is what was asked for.
    fn take(
        bytes: Vec<u8>,
        device: &SigningKey,
        source: Source,
        trust: &TrustStore,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let other = || Failure::new(format!("{} made another credential than was asked for", source.issuer));
        let token = SdCwt::parse(&bytes, Encoding::Deterministic).map_err(of)?;
        let (frame, kid) = CredentialFrame::read(&token, *device.public()).map_err(of)?;
        let life = frame.expires.seconds_since(now);
        let of_source = (frame.issuer, frame.kind) == (source.issuer, source.kind);
        if !of_source || frame.issued > now || !(1..=CLASS.max_life_seconds()).contains(&life) {
            return Err(other());
        }
        let credential =
            VenueCredential::receive(&bytes, issuer_key(trust, &frame, kid, now)?, device.public());
        let credential = credential.map_err(of)?;
        let document = credential.claims().text(ClaimName::DocumentKind);
        if source.document.is_some_and(|wanted| document != Some(wanted.as_str())) {
            return Err(other());
        }
        Ok(Self {
            source,
            device: Bytes(device.to_pkcs8().map_err(of)?.to_vec()),
            issued: frame.issued,
            expires: frame.expires,
            credential: Bytes(bytes),
        })
    }

    /// The credential and its key, verified anew.
    fn open(&self, trust: &TrustStore, now: Timestamp) -> Result<(VenueCredential, SigningKey), Failure> {
        let device = SigningKey::from_pkcs8(&self.device.0).map_err(of)?;
        let token = SdCwt::parse(&self.credential.0, Encoding::Deterministic).map_err(of)?;
        let (frame, kid) = CredentialFrame::read(&token, *device.public()).map_err(of)?;
        let key = issuer_key(trust, &frame, kid, now)?;
        let credential = VenueCredential::receive(&self.credential.0, key, device.public()).map_err(of)?;
        Ok((credential, device))
    }
}

fn issuer_key<'t>(
    trust: &'t TrustStore,
    frame: &CredentialFrame,
    kid: u8,
    now: Timestamp,
) -> Result<&'t VerifyingKey, Failure> {
    trust.find(frame.issuer, Role::Venue, &[kid], now).map_err(of)
}

/// The documents that people show at a desk of this place, the most usual first.
const fn usual_documents(place: AuthorityCode) -> [DocumentKind; 5] {
    use DocumentKind::{ExitEntryPermit, Hkid, HomeReturnPermit, MacaoBir, MainlandId, ResidencePermit};
    match place {
        AuthorityCode::Chn => {
            [MainlandId, HomeReturnPermit, ResidencePermit, ExitEntryPermit, DocumentKind::OneWayPermit]
        }
        AuthorityCode::Hkg => [Hkid, ExitEntryPermit, MacaoBir, HomeReturnPermit, MainlandId],
        AuthorityCode::Mac => [MacaoBir, ExitEntryPermit, Hkid, HomeReturnPermit, MainlandId],
    }
}

impl Wallet {
    /// From where the credentials come in which these claims stand: an identity from the authority of the document that suits
    /// the desk's place, or of the one that the traveller chose; every other kind from the home authority.
    fn sources(
        &self,
        claims: &ClaimSet,
        place: AuthorityCode,
        document: Option<DocumentKind>,
    ) -> Result<Vec<Source>, NoAnswer> {
        let has = |kind: DocumentKind| {
            let here = self.cards.iter().any(|card| card.kind == kind);
            document_issuer(kind).filter(|issuer| here && self.sessions.contains_key(issuer))
        };
        let identity = || match document {
            Some(kind) => has(kind).map(|issuer| (issuer, kind)),
            None => usual_documents(place).into_iter().find_map(|kind| Some((has(kind)?, kind))),
        };
        let source = |kind| {
            let first = claims.iter().find(|claim| claim.kind() == kind);
            match kind {
                CredentialKind::Identity => identity()
                    .map(|(issuer, document)| Source { issuer, kind, document: Some(document) })
                    .ok_or(NoAnswer::NoDocument { claim: first.unwrap_or(ClaimName::Name) }),
                CredentialKind::Age | CredentialKind::Residence | CredentialKind::Portrait => {
                    Ok(Source { issuer: self.home, kind, document: None })
                }
            }
        };
        claims.kinds().into_iter().map(source).collect()
    }

    /// From where the claims come that are agreed to. An optional one for which there is no document stays away.
    pub fn sources_for(
        &self,
        desk: &DeskRequest,
        agreed: &ClaimSet,
        document: Option<DocumentKind>,
    ) -> Result<Vec<Source>, NoAnswer> {
        let (required, place) = (&desk.request().required, desk.authority());
        self.sources(agreed, place, document).or_else(|_| self.sources(required, place, document))
    }

    /// Fetches a batch of credentials: one for each device key.
    pub async fn fetch_for_venues(
        &mut self,
        authorities: &impl AuthorityClient,
        source: Source,
        trust: &TrustStore,
        now: Timestamp,
    ) -> Result<(), Failure> {
        self.device_key()?;
        let session = self.session(source.issuer)?;
        let (kept, others) = std::mem::take(&mut self.venues.keys_kept)
            .into_iter()
            .partition::<Vec<_>, _>(|kept| kept.source == source);
        self.venues.keys_kept = others;
        let kept: Vec<Bytes> = kept.into_iter().flat_map(|kept| kept.keys).collect();
        let devices = super::device_keys(&kept)?;
        let proofs = devices
            .iter()
            .map(|device| {
                let proof = possession(device, source.issuer, source.issuer, &session.secret, now);
                Ok(DeviceProof { key: *device.public(), proof: proof.map_err(of)? })
            })
            .collect::<Result<Vec<_>, Failure>>()?;
        let wanted = CredentialsWanted { kind: source.kind, document: source.document };
        let asked = authorities.venue_credentials(source.issuer, &session, wanted, &proofs, now).await;
        let made = match asked {
            Ok(made) => made,
            Err(NoTokens { why, keeps_keys }) => {
                if keeps_keys {
                    let keys = super::kept_keys(&devices)?;
                    self.venues.keys_kept.push(KeptKeys { source, keys });
                }
                return Err(why);
            }
        };
        if made.len() != BATCH {
            let count = made.len();
            return Err(Failure::new(format!("{} made {count} credentials for {BATCH} keys", source.issuer)));
        }
        let taken = devices
            .iter()
            .zip(made)
            .map(|(device, bytes)| HeldCredential::take(bytes, device, source, trust, now))
            .collect::<Result<Vec<_>, Failure>>()?;
        self.venues.credentials.retain(|held| held.source != source && now < held.expires);
        self.venues.credentials.extend(taken);
        Ok(())
    }

    /// Fetches a batch of each source of which none is left. Gives the sources that serve: one whose claims are all optional
    /// may stay away, with the reason.
    pub async fn stock(
        &mut self,
        authorities: &impl AuthorityClient,
        sources: &[Source],
        required: &ClaimSet,
        (trust, now): (&TrustStore, Timestamp),
    ) -> Result<(Vec<Source>, Vec<Failure>), Failure> {
        let (mut serve, mut missing) = (Vec::new(), Vec::new());
        for source in sources {
            if self.venues.left(source, now) == 0
                && let Err(why) = self.fetch_for_venues(authorities, *source, trust, now).await
            {
                if required.kinds().contains(&source.kind) {
                    return Err(why);
                }
                missing.push(why);
                continue;
            }
            serve.push(*source);
        }
        Ok((serve, missing))
    }

    /// Answers a request with the claims that the traveller agreed to, out of one credential of each source; those are used up by
    /// it, and what was shown is written down. An optional claim of which the document says nothing is left out.
    pub fn answer(
        &mut self,
        desk: &DeskRequest,
        agreed: &ClaimSet,
        sources: &[Source],
        trust: &TrustStore,
        now: Timestamp,
    ) -> Result<Vec<u8>, NoAnswer> {
        let request = desk.request();
        let mut taken = BTreeMap::new();
        for source in sources {
            let index = self.venues.credentials.iter().position(|held| held.serves(source, now));
            let none = || Failure::new(format!("no credential of kind {} is left; go online", source.kind));
            let index = index.ok_or_else(none)?;
            let held = self.venues.credentials.get(index).ok_or_else(none)?;
            taken.insert(source.kind, (index, held.open(trust, now)?));
        }
        let says = |claim: ClaimName| {
            let credential = taken.get(&claim.kind()).map(|(_, (credential, _))| credential);
            credential.is_some_and(|credential| credential.claims().get(claim).is_some())
        };
        if let Some(claim) = request.required.iter().find(|claim| !says(*claim)) {
            return Err(NoAnswer::NotInDocument { claim });
        }
        let chosen: ClaimSet = agreed.iter().filter(|claim| says(*claim)).collect();
        let kinds = chosen.kinds();
        // What would show nothing stays unused.
        taken.retain(|kind, _| kinds.contains(kind));
        let shown: Vec<_> =
            taken.values().map(|(_, (credential, device))| Shown { credential, device }).collect();
        let pseudonym = self.venues.pseudonyms()?.at(&request.venue);
        let made = answer(request, &chosen, &shown, pseudonym, now).map_err(of)?;
        let mut used: Vec<usize> = taken.values().map(|(index, _)| *index).collect();
        used.sort_unstable();
        for index in used.into_iter().rev() {
            self.venues.credentials.remove(index);
        }
        self.venues.registrations.push(Registration {
            venue: request.venue.clone(),
            authority: desk.authority(),
            scenario: request.scenario,
            purpose: request.purpose.clone(),
            approval: request.approval.clone(),
            retention_days: request.retention_days,
            shown: chosen.iter().collect(),
            at: now,
            request: Bytes(request.id().as_bytes().to_vec()),
            presentation: Bytes(presentation_hash(&made).to_vec()),
            receipt: None,
        });
        Ok(made)
    }

    /// Keeps a desk's receipt for an answer of this wallet, if the desk signed it and keeps no more than it asked for.
    pub fn keep_receipt(
        &mut self,
        desk: &DeskRequest,
        answer: &[u8],
        signed: &[u8],
    ) -> Result<VenueReceipt, ReceiptRefusal> {
        let receipt = VenueReceipt::open(signed, desk.key())?;
        let (id, hash) = (desk.request().id(), presentation_hash(answer));
        let own = self.venues.pseudonyms().map(|secret| secret.at(&desk.request().venue));
        if receipt.request != id || receipt.presentation != hash || own.ok() != Some(receipt.pseudonym) {
            return Err(ReceiptRefusal::OtherAnswer);
        }
        let mut all = self.venues.registrations.iter_mut();
        let registration = all.find(|one| one.presentation.0 == hash).ok_or(ReceiptRefusal::OtherAnswer)?;
        let shown: ClaimSet = registration.shown.iter().copied().collect();
        if !receipt.kept.is_subset(&shown) {
            return Err(ReceiptRefusal::KeepsMore);
        }
        registration.receipt = Some(Bytes(signed.to_vec()));
        Ok(receipt)
    }
}
