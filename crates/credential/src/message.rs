//! Signed messages between programs: COSE_Sign1, untagged, each kind with a label of its own as external data.
//!
//! Lives here: signing and opening, and the payloads of request, verdict, passage event, hand-over and notice; receipts
//! and new chains in `receipt`. Not here: what a program does with them (`gate`, `authority`), nor trust and approval
//! lists (`trust`).
//!
//! A message is identified by its payload, never by its signed bytes: whoever can reach the wire can make another valid
//! signature of the same payload (`r, n - s`) without any key.

mod pages;
mod receipt;

use documents::{AuthorityCode, Direction, IsoWeek, LaneKind, LocalDate, PortId, Side, Timestamp};

use crate::cbor::{CborError, Reader, Writer};
use crate::cose::{self, CoseError, Headers, Sign1, Tagging};
use crate::crypto::{SigningKey, TokenId, VerifyingKey, sha256};
use crate::token::{PartHash, external};

pub use pages::{DocumentNotice, EitherNotice, laid_hash};
pub use receipt::{Chain, ChainReason, Receipt, ReceiptError, ReceiptResult};

/// A kind of signed message; the label keeps a signature of one kind from serving as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Gate to authority: judge this traveller.
    Request,
    /// Authority to gate: the answer.
    Verdict,
    /// Gate to ledgers: what happened at the door.
    Event,
    /// Authority to authority: a weekly key.
    Handover,
    /// A SAR's entry to a token's issuer.
    Notice,
    /// A SAR's entry to the issuer of a document that was laid down.
    DocumentNotice,
    /// A list of keys.
    TrustList,
    /// An approval of form 1: of the border.
    Approval,
    /// An approval of form 2: of any scenario.
    ApprovalForm2,
    /// A wallet proving a device key to an authority.
    Possession,
    /// Authority to whoever sent it something: what became of it.
    Receipt,
    /// Gate to ledgers: its events are numbered anew.
    Chain,
    /// A venue's desk to a wallet: what it asks to see.
    VenueRequest,
    /// A venue's desk to a wallet: what it keeps, and how long.
    VenueReceipt,
    /// A version of an authority's risk rules.
    RiskRules,
    /// Why an authority asked a traveller for more; it stays there.
    RiskReason,
}

impl Kind {
    /// The label in the external data.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Request => "bp2-request",
            Self::Verdict => "bp2-verdict",
            Self::Event => "bp2-event",
            Self::Handover => "bp1-handover",
            Self::Notice => "bp1-notice",
            Self::DocumentNotice => "bp1-document-notice",
            Self::TrustList => "bp2-trust-list",
            Self::Approval => "bp1-approval",
            Self::ApprovalForm2 => "bp2-approval",
            Self::Possession => "bp1-possession",
            Self::Receipt => "bp2-receipt",
            Self::Chain => "bp2-chain",
            Self::VenueRequest => "bp2-venue-request",
            Self::VenueReceipt => "bp2-venue-receipt",
            Self::RiskRules => "bp1-risk-rules",
            Self::RiskReason => "bp1-risk-reason",
        }
    }
}

/// The external data under signatures of a kind, for the one kind that several sign (trust lists, [`cose::CoSigned`]).
#[must_use]
pub fn external_of(kind: Kind) -> Vec<u8> {
    external(kind.label())
}

/// Largest payload of a signed message, in bytes.
pub const MAX_PAYLOAD: usize = 256 * 1024;

/// Why a message was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The bytes are not a COSE_Sign1 of this form, or the signature is not valid.
    #[error(transparent)]
    Cose(#[from] CoseError),
    /// The payload is malformed.
    #[error("malformed message: {0}")]
    Payload(#[from] CborError),
    /// The protected header has no key id (`kid`).
    #[error("malformed message: no key id")]
    NoKey,
}

/// Signs `payload` as a message of `kind`.
///
/// # Errors
/// [`MessageError::Cose`] if the crypto library cannot sign.
pub fn sign(kind: Kind, kid: &[u8], key: &SigningKey, payload: &[u8]) -> Result<Vec<u8>, MessageError> {
    let headers = Headers { kid: Some(kid), content_type: None };
    Ok(cose::sign(key, Tagging::Untagged, headers, &external(kind.label()), payload)?)
}

/// The key id that a message names, before anything is trusted.
///
/// # Errors
/// [`MessageError`] if the bytes are not a message or have no key id.
pub fn kid(bytes: &[u8]) -> Result<&[u8], MessageError> {
    parse(bytes).map(|(_, kid)| kid)
}

/// The payload before its signature is verified: only to find out which key it must be verified with.
///
/// # Errors
/// [`MessageError`] if the bytes are not a message.
pub fn unverified_payload(bytes: &[u8]) -> Result<&[u8], MessageError> {
    parse(bytes).map(|(message, _)| message.unverified_payload())
}

/// Verifies a message of `kind` under `key` and returns its payload.
///
/// # Errors
/// [`MessageError`] if the bytes are not a message, or the signature is not valid for this kind and key.
pub fn open<'b>(kind: Kind, bytes: &'b [u8], key: &VerifyingKey) -> Result<&'b [u8], MessageError> {
    let (message, _) = parse(bytes)?;
    Ok(message.verify(key, &external(kind.label()))?)
}

/// Every message names its key and has no type header: the label says what kind it is.
fn parse(bytes: &[u8]) -> Result<(Sign1<'_>, &[u8]), MessageError> {
    let message = Sign1::parse(bytes, Tagging::Untagged, MAX_PAYLOAD)?;
    if message.content_type().is_some() {
        return Err(CoseError::Header.into());
    }
    let kid = message.kid().ok_or(MessageError::NoKey)?;
    Ok((message, kid))
}

/// A gate's request for one authority's verdict. It holds hashes of part and probe, never the bytes, so that it can be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Id of the clearance: 16 random bytes.
    pub clearance: [u8; 16],
    /// Name of the gate that asks, e.g. `hengqin/CHN-MAC`: the kid under which its key is listed.
    pub gate: String,
    /// The port at which the gate stands.
    pub port: PortId,
    /// The kind of lane.
    pub lane: LaneKind,
    /// Origin and destination of the crossing.
    pub direction: Direction,
    /// The side that the authority is asked to judge.
    pub role: Side,
    /// Whether one lane serves both sides.
    pub joint: bool,
    /// The token's id; at a lane by document 16 random bytes drawn for this showing.
    pub token: TokenId,
    /// Hash of token and proof as they are sent ([`shown_hash`]), or of the pages that were laid down ([`laid_hash`]): nothing
    /// of an envelope can be exchanged on its way.
    pub shown: [u8; 32],
    /// `iat` of the holder proof; at a lane by document the time at which the pages were sealed.
    pub made_at: Timestamp,
    /// Hash of the part, or of the sealed page, for this authority.
    pub part: PartHash,
    /// Hash of the other authority's part, where the code carries one: the proof covers it.
    pub other_part: Option<PartHash>,
    /// SHA-256 of the face probe.
    pub probe: [u8; 32],
    /// Time of the request, by the gate's clock.
    pub at: Timestamp,
    /// Measures carried out since the first verdict, by their numbers (`docs/formats.md`, section 7).
    pub measures_done: Vec<u8>,
}

impl Request {
    /// The request as the payload of a message.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::with_capacity(360);
        w.array(16).bytes(&self.clearance).text(&self.gate).text(self.port.as_str());
        w.uint(lane_number(self.lane));
        w.text(self.direction.from().code()).text(self.direction.to().code());
        w.uint(side_number(self.role)).bool(self.joint);
        w.bytes(self.token.as_bytes())
            .bytes(&self.shown)
            .uint(self.made_at.unix().unsigned_abs())
            .bytes(&self.part.0);
        match &self.other_part {
            Some(hash) => w.bytes(&hash.0),
            None => w.null(),
        };
        w.bytes(&self.probe).uint(self.at.unix().unsigned_abs()).bytes(&self.measures_done);
        w.finish()
    }

    /// Reads the payload of a message.
    ///
    /// # Errors
    /// [`CborError`] for the first malformed item.
    pub fn decode(payload: &[u8]) -> Result<Self, CborError> {
        let mut r = Reader::new(payload);
        r.array_exact(16)?;
        let request = Self {
            clearance: *r.bytes_exact()?,
            gate: read_gate(&mut r)?,
            port: read_port(&mut r)?,
            lane: read_lane(r.uint()?)?,
            direction: read_direction(&mut r)?,
            role: read_side(&mut r)?,
            joint: r.bool()?,
            token: TokenId::from_bytes(*r.bytes_exact()?),
            shown: *r.bytes_exact()?,
            made_at: read_time(&mut r)?,
            part: PartHash(*r.bytes_exact()?),
            other_part: if r.null_here()? { None } else { Some(PartHash(*r.bytes_exact()?)) },
            probe: *r.bytes_exact()?,
            at: read_time(&mut r)?,
            measures_done: r.bytes(16)?.to_vec(),
        };
        r.finish()?;
        Ok(request)
    }
}

/// The class of a verdict: all that a gate may learn of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The traveller may cross.
    Admit,
    /// The traveller may cross once these measures are done, by their numbers.
    Verify(Vec<u8>),
    /// An officer decides; the reason stays with the authority.
    Refer,
    /// Another lane holds a reservation for the same token or person.
    Busy,
    /// The lane is not open to the holder; a lane of this kind is.
    NotOpenToHolder(LaneKind),
}

/// One authority's signed verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The authority that judged.
    pub authority: AuthorityCode,
    /// Hash of the request ([`payload_hash`]).
    pub request: [u8; 32],
    /// The class of the verdict.
    pub outcome: Outcome,
    /// Id of the reservation; `None` where none is held.
    pub reservation: Option<[u8; 16]>,
    /// Random reference under which the authority keeps its reason.
    pub reference: [u8; 16],
    /// Id of the approval under which the authority acts.
    pub approval: String,
    /// Version of the rules that it applied.
    pub rules: String,
    /// End of the time in which the verdict may open a gate; at that instant it no longer counts.
    pub valid_until: Timestamp,
}

impl Verdict {
    /// The payload. Every class has the same length for one approval and rule version, measures included.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::with_capacity(256);
        w.array(8).text(self.authority.code()).bytes(&self.request);
        let mut detail = [0u8; 8];
        let class = match &self.outcome {
            Outcome::Admit => 0,
            Outcome::Verify(measures) => {
                // At most seven measures; the first byte is their number.
                let count = measures.len().min(7);
                for (slot, byte) in detail
                    .iter_mut()
                    .zip(u8::try_from(count).into_iter().chain(measures.iter().copied().take(7)))
                {
                    *slot = byte;
                }
                1
            }
            Outcome::Refer => 2,
            Outcome::Busy => 3,
            Outcome::NotOpenToHolder(lane) => {
                detail = [u8::try_from(lane_number(*lane)).unwrap_or(0), 0, 0, 0, 0, 0, 0, 0];
                4
            }
        };
        w.uint(class).bytes(&detail);
        w.bytes(&self.reservation.unwrap_or([0; 16])).bytes(&self.reference);
        w.text(&self.approval).array(2).text(&self.rules).uint(self.valid_until.unix().unsigned_abs());
        w.finish()
    }

    /// Reads the payload of a message.
    ///
    /// # Errors
    /// [`CborError`] for the first malformed item.
    pub fn decode(payload: &[u8]) -> Result<Self, CborError> {
        let mut r = Reader::new(payload);
        r.array_exact(8)?;
        let authority = read_authority(&mut r)?;
        let request = *r.bytes_exact()?;
        let class = r.uint()?;
        let detail = r.bytes_exact::<8>()?;
        let [first, rest @ ..] = detail;
        // What the class has no use for is zero: one verdict has one form.
        let (outcome, unused) = match class {
            0 => (Outcome::Admit, detail.as_slice()),
            1 => {
                let (measures, unused) =
                    rest.split_at_checked(usize::from(*first)).ok_or(CborError::Limit)?;
                if measures.is_empty() {
                    return Err(CborError::Limit);
                }
                (Outcome::Verify(measures.to_vec()), unused)
            }
            2 => (Outcome::Refer, detail.as_slice()),
            3 => (Outcome::Busy, detail.as_slice()),
            4 => (Outcome::NotOpenToHolder(read_lane(u64::from(*first))?), rest.as_slice()),
            _ => return Err(CborError::Unexpected),
        };
        if unused.iter().any(|byte| *byte != 0) {
            return Err(CborError::Unexpected);
        }
        let reservation = *r.bytes_exact()?;
        let reference = *r.bytes_exact()?;
        let approval = r.text(64)?.to_owned();
        r.array_exact(2)?;
        let rules = r.text(64)?.to_owned();
        let valid_until = read_time(&mut r)?;
        r.finish()?;
        let reservation = (reservation != [0; 16]).then_some(reservation);
        Ok(Self { authority, request, outcome, reservation, reference, approval, rules, valid_until })
    }
}

/// What happened at the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Passage {
    /// The gate is about to command the door.
    Opening,
    /// The traveller went through.
    Passed,
    /// The traveller did not go through.
    NotPassed,
    /// The traveller came back between exit and entry.
    Returned,
    /// The gate cannot tell: it stopped between opening and passage.
    Unknown,
}

impl Passage {
    /// The word for it in records and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Passed => "passed",
            Self::NotPassed => "not_passed",
            Self::Returned => "returned",
            Self::Unknown => "unknown",
        }
    }
}

/// One event of a gate, numbered and chained by hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Name of the gate that signs the event.
    pub gate: String,
    /// The chain to which it belongs: 0 for a gate's first one ([`Chain`]).
    pub epoch: u64,
    /// Number of the event for its receiver: 1, 2, 3 ... without a gap in one chain.
    pub number: u64,
    /// Hash of the event before ([`payload_hash`]); zeros before the first of a chain.
    pub previous: [u8; 32],
    /// Id of the clearance: 16 random bytes.
    pub clearance: [u8; 16],
    /// What happened.
    pub passage: Passage,
    /// Time of the event, by the gate's clock.
    pub at: Timestamp,
    /// Hash of each verdict ([`payload_hash`]), in order of the sides; empty where nothing opened.
    pub verdicts: Vec<[u8; 32]>,
    /// SHA-256 of the face probe that was judged.
    pub probe: [u8; 32],
}

impl Event {
    /// The request as the payload of a message.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::with_capacity(256);
        w.array(9)
            .text(&self.gate)
            .uint(self.epoch)
            .uint(self.number)
            .bytes(&self.previous)
            .bytes(&self.clearance);
        w.uint(match self.passage {
            Passage::Opening => 0,
            Passage::Passed => 1,
            Passage::NotPassed => 2,
            Passage::Returned => 3,
            Passage::Unknown => 4,
        });
        w.uint(self.at.unix().unsigned_abs()).array(self.verdicts.len());
        for verdict in &self.verdicts {
            w.bytes(verdict);
        }
        w.bytes(&self.probe);
        w.finish()
    }

    /// Reads the payload of a message.
    ///
    /// # Errors
    /// [`CborError`] for the first malformed item.
    pub fn decode(payload: &[u8]) -> Result<Self, CborError> {
        let mut r = Reader::new(payload);
        r.array_exact(9)?;
        let gate = read_gate(&mut r)?;
        let epoch = r.uint_max(i64::MAX.unsigned_abs())?;
        let number = r.uint_max(i64::MAX.unsigned_abs())?;
        let previous = *r.bytes_exact()?;
        let clearance = *r.bytes_exact()?;
        let passage = match r.uint()? {
            0 => Passage::Opening,
            1 => Passage::Passed,
            2 => Passage::NotPassed,
            3 => Passage::Returned,
            4 => Passage::Unknown,
            _ => return Err(CborError::Unexpected),
        };
        let at = read_time(&mut r)?;
        let mut verdicts = Vec::new();
        for _ in 0..r.array(2)? {
            verdicts.push(*r.bytes_exact()?);
        }
        let probe = *r.bytes_exact()?;
        r.finish()?;
        Ok(Self { gate, epoch, number, previous, clearance, passage, at, verdicts, probe })
    }
}

/// A weekly key on its way from one authority to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handover {
    /// The authority that made the key.
    pub from: AuthorityCode,
    /// The authority that opens parts with it.
    pub to: AuthorityCode,
    /// The week for which the key is.
    pub week: IsoWeek,
    /// Encapsulated key of HPKE (RFC 9180): an uncompressed point, 65 bytes.
    pub enc: Vec<u8>,
    /// Ciphertext of HPKE: 32 bytes of key and 16 of tag.
    pub ciphertext: Vec<u8>,
}

impl Handover {
    /// The request as the payload of a message.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let (year, week) = self.week.year_week();
        let mut w = Writer::new();
        w.array(6).text(self.from.code()).text(self.to.code());
        w.uint(u64::from(year.unsigned_abs())).uint(u64::from(week.unsigned_abs()));
        w.bytes(&self.enc).bytes(&self.ciphertext);
        w.finish()
    }

    /// Reads the payload of a message.
    ///
    /// # Errors
    /// [`CborError`] for the first malformed item.
    pub fn decode(payload: &[u8]) -> Result<Self, CborError> {
        let mut r = Reader::new(payload);
        r.array_exact(6)?;
        let (from, to) = (read_authority(&mut r)?, read_authority(&mut r)?);
        let year = i16::try_from(r.uint()?).map_err(|_| CborError::Limit)?;
        let week = i8::try_from(r.uint()?).map_err(|_| CborError::Limit)?;
        let week = IsoWeek::new(year, week).ok_or(CborError::Limit)?;
        // An uncompressed point; 32 bytes of key and 16 of tag.
        let (enc, ciphertext) = (r.bytes_exact::<65>()?.to_vec(), r.bytes_exact::<48>()?.to_vec());
        r.finish()?;
        Ok(Self { from, to, week, enc, ciphertext })
    }
}

/// A notice after an entry between the two regions, by which the token's issuer counts the entry that it may have spent.
/// It holds token, place and date, and nothing personal (DESIGN 3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The entering authority.
    pub from: AuthorityCode,
    /// The token's id.
    pub token: TokenId,
    /// The port that was crossed.
    pub port: PortId,
    /// Origin and destination.
    pub direction: Direction,
    /// The local date of the passage.
    pub date: LocalDate,
}

impl Notice {
    /// The request as the payload of a message.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::new();
        w.array(6).text(self.from.code()).bytes(self.token.as_bytes()).text(self.port.as_str());
        w.text(self.direction.from().code()).text(self.direction.to().code()).text(&self.date.to_string());
        w.finish()
    }

    /// Reads the payload of a message.
    ///
    /// # Errors
    /// [`CborError`] for the first malformed item.
    pub fn decode(payload: &[u8]) -> Result<Self, CborError> {
        let mut r = Reader::new(payload);
        r.array_exact(6)?;
        let notice = Self {
            from: read_authority(&mut r)?,
            token: TokenId::from_bytes(*r.bytes_exact()?),
            port: read_port(&mut r)?,
            direction: read_direction(&mut r)?,
            date: r.text(10)?.parse().map_err(|_| CborError::Unexpected)?,
        };
        r.finish()?;
        Ok(notice)
    }
}

/// SHA-256 of a message's payload: by it another message refers to it, and a receiver knows a repeat.
#[must_use]
pub fn payload_hash(payload: &[u8]) -> [u8; 32] {
    sha256(payload)
}

/// SHA-256 of the CBOR array of token and proof, each a byte string as it is sent.
#[must_use]
pub fn shown_hash(token: &[u8], proof: &[u8]) -> [u8; 32] {
    let mut w = Writer::with_capacity(token.len() + proof.len() + 8);
    w.array(2).bytes(token).bytes(proof);
    sha256(&w.finish())
}

/// The number of a kind of lane on the wire.
#[must_use]
pub const fn lane_number(lane: LaneKind) -> u64 {
    match lane {
        LaneKind::Code => 0,
        LaneKind::FaceOnly => 1,
        LaneKind::Manual => 2,
        LaneKind::Document => 3,
    }
}

/// The kind of lane with this number.
///
/// # Errors
/// [`CborError`] for a number that no kind has.
pub const fn read_lane(number: u64) -> Result<LaneKind, CborError> {
    match number {
        0 => Ok(LaneKind::Code),
        1 => Ok(LaneKind::FaceOnly),
        2 => Ok(LaneKind::Manual),
        3 => Ok(LaneKind::Document),
        _ => Err(CborError::Unexpected),
    }
}

const fn side_number(side: Side) -> u64 {
    match side {
        Side::Exit => 0,
        Side::Entry => 1,
    }
}

fn read_side(r: &mut Reader<'_>) -> Result<Side, CborError> {
    match r.uint()? {
        0 => Ok(Side::Exit),
        1 => Ok(Side::Entry),
        _ => Err(CborError::Unexpected),
    }
}

/// Reads an authority code.
///
/// # Errors
/// [`CborError`] if the next item is not the code of an authority.
pub fn read_authority(r: &mut Reader<'_>) -> Result<AuthorityCode, CborError> {
    let code = r.text(3)?;
    AuthorityCode::ALL.into_iter().find(|a| a.code() == code).ok_or(CborError::Unexpected)
}

/// Reads a direction: the codes of two different authorities.
///
/// # Errors
/// [`CborError`] if the next two items are no direction.
pub fn read_direction(r: &mut Reader<'_>) -> Result<Direction, CborError> {
    let (from, to) = (read_authority(r)?, read_authority(r)?);
    Direction::new(from, to).ok_or(CborError::Unexpected)
}

/// Reads a port's name.
///
/// # Errors
/// [`CborError`] if the next item is not a port's name.
pub fn read_port(r: &mut Reader<'_>) -> Result<PortId, CborError> {
    r.text(32)?.parse().map_err(|_| CborError::Unexpected)
}

fn read_gate(r: &mut Reader<'_>) -> Result<String, CborError> {
    let gate = r.text(64)?;
    if gate.is_empty() || gate.chars().any(char::is_control) {
        return Err(CborError::Unexpected);
    }
    Ok(gate.to_owned())
}

/// Reads an instant in whole seconds.
///
/// # Errors
/// [`CborError`] if the next item is not a time in the years 1970 to 9998.
pub fn read_time(r: &mut Reader<'_>) -> Result<Timestamp, CborError> {
    let seconds = i64::try_from(r.uint()?).map_err(|_| CborError::Limit)?;
    Timestamp::from_unix(seconds).ok_or(CborError::Limit)
}
