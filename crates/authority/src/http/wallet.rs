//! Wallet: enrolment, tokens, parts, the holder's own record.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use credential::{KeyClass, PublicKey};
use documents::{
    AuthorityCode, Direction, DocumentKind, DocumentNumber, LaneAnswer, LocalDate, MainlandCount, PortId,
    Timestamp, Verdict,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::AppState;
use super::body::{Base64, JsonBody, Text, base64};
use super::carers::CarerAnswer;
use super::dpop::Wallet;
use super::problem::{Problem, ProblemCode};
use crate::holder::CrossingAhead;
use crate::issuance::IssueError;
use crate::issuance::attestation::{Attestation, SoftwareReason, Statement};
use crate::issuance::batch::DeviceProof;
use crate::store::movement::LedgerEntry;

/// A document by kind and number.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DocumentRef {
    /// `mainland_id`, `residence_permit`, `hkid`, `macao_bir`, `exit_entry_permit`, `home_return_permit`, `passport`,
    /// `one_way_permit`, `one_time_pass`, `document_of_identity` or `visit_permit`.
    #[schema(value_type = String, example = "exit_entry_permit")]
    kind: Text<DocumentKind>,
    /// As printed.
    #[schema(example = "C12345678")]
    number: String,
}

impl DocumentRef {
    /// The number, proven.
    pub(super) fn number(&self) -> Result<DocumentNumber, Problem> {
        DocumentNumber::parse(self.kind.0, &self.number)
            .map_err(|fault| Problem::new(ProblemCode::NumberInvalid).with_detail(fault.to_string()))
    }
}

/// What a wallet says of where its device keys are kept. It counts for nothing without an attestation.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum KeyClassName {
    Hardware,
    Software,
}

/// What the phone's maker says of where device keys are kept (docs/formats.md, "Attestations").
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AttestationWanted {
    /// The nonces that the challenge is made of, this authority's among them.
    nonces: Vec<Base64>,
    /// Android Key Attestation: for each device key its certificates in DER, leaf first.
    android_key: Option<Vec<Vec<Base64>>>,
    /// Apple App Attest: the attestation object. One of the two, not both.
    apple_app_attest: Option<Base64>,
}

/// The attestation that counts: one that a wallet sends which says `hardware`.
pub(super) fn attestation(
    class: KeyClassName,
    wanted: Option<AttestationWanted>,
) -> Result<Option<Attestation>, Problem> {
    let (KeyClassName::Hardware, Some(wanted)) = (class, wanted) else { return Ok(None) };
    let bytes = |all: Vec<Base64>| all.into_iter().map(|one| one.0).collect::<Vec<_>>();
    let statement = match (wanted.android_key, wanted.apple_app_attest) {
        (Some(chains), None) => Statement::AndroidKey(chains.into_iter().map(bytes).collect()),
        (None, Some(object)) => Statement::AppleAppAttest(object.0),
        (Some(_), Some(_)) | (None, None) => {
            let detail = "give either android_key or apple_app_attest".to_owned();
            return Err(Problem::wrong_field("attestation").with_detail(detail));
        }
    };
    Ok(Some(Attestation { nonces: bytes(wanted.nonces), statement }))
}

/// The class of device keys as an answer names it.
pub(super) const fn class_name(class: KeyClass) -> &'static str {
    match class {
        KeyClass::Paper => "paper",
        KeyClass::Software => "software",
        KeyClass::Hardware => "hardware",
        KeyClass::SecureElement => "secure_element",
    }
}

/// A nonce for an attestation.
#[derive(Serialize, ToSchema)]
pub(super) struct AttestationNonce {
    /// 16 bytes; it counts for this wallet alone, for 5 minutes at least.
    nonce: String,
}

/// Gives a nonce for an attestation
///
/// The challenge of an attestation is made of the nonces of all authorities that are asked with it.
#[utoipa::path(get, path = "/v1/attestation-nonce", tag = "wallet", security(("wallet" = [])),
    responses((status = 200, description = "The nonce of this time.", body = AttestationNonce)))]
pub(super) async fn attestation_nonce(
    State(app): State<Arc<AppState>>,
    Wallet(session): Wallet,
) -> Json<AttestationNonce> {
    let nonce = app.state.service.attestation_nonce(&session, (app.state.now)());
    Json(AttestationNonce { nonce: base64(&nonce) })
}

/// A device key, with the proof that its holder has it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Device {
    /// The compressed point, 33 bytes.
    pub(super) key: Base64,
    /// COSE_Sign1 by the device key over authority, issuer, time and the hash of the wallet's secret.
    pub(super) proof: Base64,
}

pub(super) fn proofs(devices: Vec<Device>) -> Result<Vec<DeviceProof>, Problem> {
    let proof = |device: Device| {
        Ok(DeviceProof {
            key: PublicKey::from_bytes(&device.key.0).map_err(IssueError::from)?,
            proof: device.proof.0,
        })
    };
    devices.into_iter().map(proof).collect()
}

/// Device keys that want tokens.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TokensWanted {
    #[schema(inline)]
    key_class: KeyClassName,
    /// 1 to 64 device keys.
    devices: Vec<Device>,
    /// Left out: the keys are ones in software.
    #[schema(inline)]
    attestation: Option<AttestationWanted>,
}

/// One token with its parts.
#[derive(Serialize, ToSchema)]
struct TokenAnswer {
    /// The signed token, base64url.
    token: String,
    /// The issuer's own part.
    own: String,
    /// The parts for other authorities, by their code.
    sealed: BTreeMap<String, String>,
}

/// Tokens, in the order of the device keys.
#[derive(Serialize, ToSchema)]
pub(super) struct TokensAnswer {
    tokens: Vec<TokenAnswer>,
    /// When all of them end.
    #[schema(format = DateTime)]
    expires: String,
    /// The class of the device keys here: `software`, `hardware` or `secure_element`.
    key_class: &'static str,
    /// Why it is `software`: a stable code.
    #[serde(skip_serializing_if = "Option::is_none")]
    key_class_reason: Option<&'static str>,
}

/// Gives tokens with their parts
///
/// By the home authority alone. The same device keys again give the same tokens' worth of nothing new.
#[utoipa::path(post, path = "/v1/tokens", tag = "wallet", request_body = TokensWanted, security(("wallet" = [])),
    responses((status = 200, description = "One token for each device key, or none at all.", body = TokensAnswer)))]
pub(super) async fn tokens(
    State(app): State<Arc<AppState>>,
    Wallet(session): Wallet,
    JsonBody(wanted): JsonBody<TokensWanted>,
) -> Result<Json<TokensAnswer>, Problem> {
    let now = (app.state.now)();
    let attestation = attestation(wanted.key_class, wanted.attestation)?;
    let keys = proofs(wanted.devices)?;
    let batch = app.state.service.issue(&session, &keys, attestation.as_ref(), now).await?;
    let answer = |issued: crate::Issued| TokenAnswer {
        token: base64(&issued.token),
        own: base64(&issued.own),
        sealed: issued.sealed.iter().map(|(to, part)| (to.code().to_owned(), base64(part))).collect(),
    };
    Ok(Json(TokensAnswer {
        tokens: batch.tokens.into_iter().map(answer).collect(),
        expires: batch.expires.to_string(),
        key_class: class_name(batch.class.class),
        key_class_reason: batch.class.reason.map(SoftwareReason::code),
    }))
}

/// Device keys that want parts.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PartsWanted {
    /// The issuer of the tokens: the holder's home authority.
    #[schema(value_type = String, example = "HKG")]
    issuer: AuthorityCode,
    #[schema(inline)]
    key_class: KeyClassName,
    /// 1 to 64 device keys.
    devices: Vec<Device>,
    /// Left out: the keys are ones in software.
    #[schema(inline)]
    attestation: Option<AttestationWanted>,
    /// When the tokens end, as the home authority's answer says; left out: as their class does.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires: Option<Text<Timestamp>>,
}

/// Own parts, in the order of the device keys.
#[derive(Serialize, ToSchema)]
pub(super) struct PartsAnswer {
    parts: Vec<String>,
    /// When the tokens end that they belong to.
    #[schema(format = DateTime)]
    expires: String,
    /// The class of the device keys here: a part opens for a token of the same class.
    key_class: &'static str,
    /// Why it is `software`: a stable code.
    #[serde(skip_serializing_if = "Option::is_none")]
    key_class_reason: Option<&'static str>,
}

/// Gives own parts for another authority's tokens
///
/// By the mainland, for residents of Hong Kong and Macao with a document of hers.
#[utoipa::path(post, path = "/v1/parts", tag = "wallet", request_body = PartsWanted, security(("wallet" = [])),
    responses((status = 200, description = "One part for each device key, or none at all.", body = PartsAnswer)))]
pub(super) async fn parts(
    State(app): State<Arc<AppState>>,
    Wallet(session): Wallet,
    JsonBody(wanted): JsonBody<PartsWanted>,
) -> Result<Json<PartsAnswer>, Problem> {
    let now = (app.state.now)();
    let attestation = attestation(wanted.key_class, wanted.attestation)?;
    let keys = proofs(wanted.devices)?;
    let service = &app.state.service;
    let beside = (attestation.as_ref(), wanted.expires.map(|ends| ends.0));
    let made = service.own_parts(&session, wanted.issuer, &keys, beside, now).await?;
    Ok(Json(PartsAnswer {
        parts: made.parts.iter().map(|part| base64(part)).collect(),
        expires: made.expires.to_string(),
        key_class: class_name(made.class.class),
        key_class_reason: made.class.reason.map(SoftwareReason::code),
    }))
}

/// What this authority's record says to its own holder.
#[derive(Serialize, ToSchema)]
pub(super) struct PassAnswer {
    /// The holder's home authority.
    home: &'static str,
    documents: Vec<PassDocument>,
    /// Another wallet enrolled as the same holder: until when this one may object.
    #[serde(skip_serializing_if = "Option::is_none")]
    second_enrolment: Option<SecondEnrolment>,
    /// Tokens of this authority that are neither over, revoked nor used at its lanes.
    tokens_left: u64,
    /// The relation by which the pass is on a carer's phone; left out on the holder's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    carer: Option<CarerAnswer>,
}

/// Another wallet that enrolled as the same holder.
#[derive(Serialize, ToSchema)]
struct SecondEnrolment {
    /// When it enrolled.
    #[schema(format = DateTime)]
    at: String,
    /// When it comes into force in place of this one, unless this one objects or an officer decides.
    #[schema(format = DateTime)]
    until: String,
}

/// A document of the pass.
#[derive(Serialize, ToSchema)]
struct PassDocument {
    kind: &'static str,
    /// The last four characters of the number.
    last4: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Date)]
    expires: Option<String>,
    /// `valid`, `expired` or `lost`.
    status: &'static str,
    endorsements: Vec<PassEndorsement>,
}

/// An endorsement on it.
#[derive(Serialize, ToSchema)]
struct PassEndorsement {
    /// The form's id.
    form: String,
    destination: &'static str,
    /// Entries granted at issue; left out where they are not counted one by one.
    #[serde(skip_serializing_if = "Option::is_none")]
    entries: Option<u8>,
    /// Entries left today by this authority's ledger; left out where they are not counted one by one.
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<u8>,
    #[schema(format = Date)]
    from: String,
    #[schema(format = Date)]
    to: String,
}

/// Tells a holder what is registered of him here
#[utoipa::path(get, path = "/v1/pass", tag = "wallet", security(("wallet" = [])),
    responses((status = 200, description = "The holder's documents, numbers masked.", body = PassAnswer)))]
pub(super) async fn own_pass(
    State(app): State<Arc<AppState>>,
    Wallet(session): Wallet,
) -> Result<Json<PassAnswer>, Problem> {
    let now = (app.state.now)();
    let record = app.state.service.own_record(&session, now).await?;
    let today = now.local_date();
    let documents = record.documents.into_iter().map(|document| PassDocument {
        kind: document.kind.as_str(),
        last4: document.last4,
        expires: document.expires.map(|day| day.to_string()),
        status: match (document.lost, document.expires) {
            (true, _) => "lost",
            (false, Some(last)) if last < today => "expired",
            (false, _) => "valid",
        },
        endorsements: document
            .endorsements
            .into_iter()
            .map(|e| PassEndorsement {
                form: e.form,
                destination: e.destination.code(),
                entries: e.entries,
                left: e.left,
                from: e.from.to_string(),
                to: e.to.to_string(),
            })
            .collect(),
    });
    let (home, tokens_left) = (record.home.code(), record.tokens_left);
    let second_enrolment =
        record.second.map(|(at, until)| SecondEnrolment { at: at.to_string(), until: until.to_string() });
    let carer = record.carer.as_ref().map(CarerAnswer::new);
    Ok(Json(PassAnswer { home, documents: documents.collect(), second_enrolment, tokens_left, carer }))
}

/// A crossing ahead.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CrossingQuestion {
    #[schema(value_type = String, example = "CHN")]
    from: Text<AuthorityCode>,
    #[schema(value_type = String, example = "MAC")]
    to: Text<AuthorityCode>,
    /// A port; left out: the one that is best for the holder.
    #[schema(value_type = Option<String>, example = "hengqin")]
    port: Option<Text<PortId>>,
    /// A day from today to 400 days ahead; left out: now.
    #[schema(value_type = Option<String>, format = Date)]
    on: Option<Text<LocalDate>>,
}

/// What this authority says about it, for its own side alone.
#[derive(Serialize, ToSchema)]
pub(super) struct CrossingAnswer {
    /// The port that was judged.
    port: String,
    /// For which moment.
    #[schema(format = DateTime)]
    at: String,
    /// `exit` or `entry`; left out where this authority stands at neither side.
    #[serde(skip_serializing_if = "Option::is_none")]
    side: Option<&'static str>,
    /// `admit`, `verify` or `refer`. At neither side: `admit` or `refer` by its count, or left out where it counts
    /// nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<&'static str>,
    /// The stable code of the reason, as in `docs/reasons.md`; left out where it is a plain yes.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    /// The day that the reason speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Date)]
    day: Option<String>,
    /// What would be asked for at the lane.
    measures: Vec<&'static str>,
    /// The document that opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    permit: Option<&'static str>,
    /// The id of the endorsement's form.
    #[serde(skip_serializing_if = "Option::is_none")]
    endorsement: Option<String>,
    /// Entries left after it; left out where they are not counted one by one.
    #[serde(skip_serializing_if = "Option::is_none")]
    entries_left: Option<u8>,
    /// Whether it takes an entry, or this week's trip.
    spends: bool,
    /// The last day of the stay that begins or ends with it; left out where there is no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Date)]
    last_day: Option<String>,
    /// `open`, `not_open_to_holder` or `closed`: the pass's lane at that port then.
    #[serde(skip_serializing_if = "Option::is_none")]
    lane: Option<&'static str>,
    /// Why it is not open.
    #[serde(skip_serializing_if = "Option::is_none")]
    lane_code: Option<&'static str>,
}

impl CrossingAnswer {
    fn new(answer: crate::CrossingAnswer) -> Self {
        let ahead = answer.ahead;
        let mut told = Self {
            port: answer.port.to_string(),
            at: answer.at.to_string(),
            side: ahead.side.map(documents::Side::as_str),
            verdict: ahead.verdict.as_ref().map(Verdict::as_str),
            code: None,
            day: None,
            measures: Vec::new(),
            permit: None,
            endorsement: ahead.form,
            entries_left: None,
            spends: false,
            last_day: None,
            lane: ahead.lane.map(LaneAnswer::as_str),
            lane_code: match ahead.lane {
                Some(LaneAnswer::NotOpenToHolder { why, .. }) => Some(why.as_str()),
                Some(LaneAnswer::Closed { why }) => Some(why.as_str()),
                Some(LaneAnswer::Open) | None => None,
            },
        };
        let why = ahead.verdict.as_ref().and_then(Verdict::why).copied();
        let why = match ahead.count {
            Some(MainlandCount::NotCovered(refusal)) => {
                told.verdict = Some("refer");
                Some(refusal)
            }
            Some(MainlandCount::Covered { form, spends, entries_left, .. }) => {
                told.verdict = Some("admit");
                (told.endorsement, told.spends, told.entries_left) = (form, spends, entries_left);
                why
            }
            None => why,
        };
        told.code = why.map(|why| why.reason.as_str());
        told.day = why.and_then(|why| why.day).map(|day| day.to_string());
        if let Some(Verdict::Verify { measures, .. }) = &ahead.verdict {
            told.measures = measures.iter().map(|measure| measure.as_str()).collect();
        }
        if let Some(grant) = ahead.verdict.as_ref().and_then(Verdict::grant) {
            told.permit = grant.permit.map(DocumentKind::as_str);
            told.entries_left = grant.entries_left;
            told.spends = grant.spends.is_some();
            told.last_day = grant.last_day().map(|day| day.to_string());
        }
        told
    }
}

/// How far ahead a holder may ask.
const DAYS_AHEAD: i32 = 400;

/// Tells a holder whether he may cross
///
/// What this authority would decide at its own side, by documents, ledger and rules: the same decision as at the lane,
/// without the face. The other side decides for itself and is not asked.
#[utoipa::path(post, path = "/v1/may-cross", tag = "wallet", request_body = CrossingQuestion,
    security(("wallet" = [])), responses((status = 200, description = "The answer.", body = CrossingAnswer)))]
pub(super) async fn may_cross(
    State(app): State<Arc<AppState>>,
    Wallet(session): Wallet,
    JsonBody(asked): JsonBody<CrossingQuestion>,
) -> Result<Json<CrossingAnswer>, Problem> {
    let now = (app.state.now)();
    let wrong = |field: &str, what: &str| Problem::wrong_field(field).with_detail(what.to_owned());
    let way = Direction::new(asked.from.0, asked.to.0)
        .ok_or_else(|| wrong("to", "origin and destination are the same"))?;
    let on = asked.on.map(|day| day.0);
    let today = now.local_date();
    if on.is_some_and(|day| !(0..=DAYS_AHEAD).contains(&day.days_since(today))) {
        return Err(wrong("on", "give a day from today to 400 days ahead"));
    }
    let asked = CrossingAhead { direction: way, port: asked.port.map(|port| port.0), on };
    let answer = app.state.service.may_cross(&session, &asked, now).await?;
    let answer = answer.ok_or_else(|| wrong("port", "no such port serves that direction on that day"))?;
    Ok(Json(CrossingAnswer::new(answer)))
}

/// Ends the pass
///
/// All its tokens are revoked with it. Only a new enrolment brings a pass back.
#[utoipa::path(delete, path = "/v1/pass", tag = "wallet", security(("wallet" = [])),
    responses((status = 204, description = "The pass and all its tokens are ended.")))]
pub(super) async fn end_pass(
    State(app): State<Arc<AppState>>,
    Wallet(session): Wallet,
) -> Result<StatusCode, Problem> {
    app.state.service.end_own_pass(&session, (app.state.now)()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Says that somebody looks alike
///
/// A twin, a sibling: no face tells such persons apart, so an officer looks at every lane from now on. Only an officer takes
/// this back.
#[utoipa::path(post, path = "/v1/pass/look-alike", tag = "wallet", security(("wallet" = [])),
    responses((status = 204, description = "An officer looks from now on.")))]
pub(super) async fn mark_look_alike(
    State(app): State<Arc<AppState>>,
    Wallet(session): Wallet,
) -> Result<StatusCode, Problem> {
    app.state.service.mark_own_look_alike(&session, (app.state.now)()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The holder's passages at this authority.
#[derive(Serialize, ToSchema)]
pub(super) struct PassagesAnswer {
    passages: Vec<PassageAnswer>,
}

/// One passage.
#[derive(Serialize, ToSchema)]
pub(super) struct PassageAnswer {
    #[schema(format = DateTime)]
    at: String,
    #[schema(example = "hengqin")]
    port: String,
    /// From and to.
    #[schema(example = "CHN-MAC")]
    direction: String,
    /// This authority's side, `exit` or `entry`; left out where it stands at neither.
    #[serde(skip_serializing_if = "Option::is_none")]
    side: Option<&'static str>,
    /// Whether another authority told of it.
    noticed: bool,
}

impl PassageAnswer {
    /// An entry of the ledger of `me`.
    pub(super) fn new(at: documents::Timestamp, entry: &LedgerEntry, me: AuthorityCode) -> Self {
        Self {
            at: at.to_string(),
            port: entry.port.to_string(),
            direction: entry.direction.to_string(),
            side: entry.direction.side_of(me).map(documents::Side::as_str),
            noticed: entry.is_noticed(),
        }
    }
}

/// Tells a holder his own passages here
#[utoipa::path(get, path = "/v1/passages", tag = "wallet", security(("wallet" = [])),
    responses((status = 200, description = "The oldest first.", body = PassagesAnswer)))]
pub(super) async fn passages(
    State(app): State<Arc<AppState>>,
    Wallet(session): Wallet,
) -> Result<Json<PassagesAnswer>, Problem> {
    let service = &app.state.service;
    let passages = service.own_passages(&session).await?;
    let me = service.code();
    let passages = passages.iter().map(|(at, entry)| PassageAnswer::new(*at, entry, me));
    Ok(Json(PassagesAnswer { passages: passages.collect() }))
}
