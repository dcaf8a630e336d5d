//! Reasons: why an authority asked a traveller for more, and what each role may see of it.
//!
//! Lives here: [`ReasonRecord`], its form of one length, [`TravellerView`], [`OfficerView`], [`OwnerView`]. Not here: where a record is kept
//! (it stays with its authority), appeals' clocks.
//!
//! A hit on the authority's list, an officer's interest and the lot look alike to everybody without the role for lists: one sentence, one
//! size, one word.

use credential::cbor::{CborError, Reader, Writer};
use credential::message::{self, Kind, MessageError};
use credential::{SigningKey, VerifyingKey};
use documents::{Measure, Timestamp, redact_debug};

use crate::facts::Facts;
use crate::finding::{Doubt, Finding, Findings, RuleId, numbered, read_finding, write_finding};
use crate::ladder::Doubts;
use crate::rules::RuleSet;
use crate::schema::{MAX_NAME, Schema, SignalId, is_name};
use crate::visit::{Asked, MOST_ATTEMPTS, Outcome};

/// The length of every record, in bytes: nobody who sees how much is written learns why.
pub const RECORD_LEN: usize = 3072;
/// Most findings of a record; of the others it has the number.
const MAX_FINDINGS: usize = 24;
/// Most bands of a record.
const MAX_BANDS: usize = 32;

numbered! {
    /// How a visit ended.
    End {
        /// Not yet.
        Open = 0 "open",
        /// Every doubt was answered by measures.
        Answered = 1 "answered",
        /// An officer found no doubt.
        ByOfficer = 2 "by_officer",
        /// An officer refused.
        Refused = 3 "refused",
    }
}

/// A signal as a band: never its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Band {
    /// The signal's name.
    pub signal: String,
    /// Its band, from 0.
    pub band: u8,
}

/// Why a traveller was asked for more, as their authority keeps it.
#[derive(Clone, PartialEq, Eq)]
pub struct ReasonRecord {
    version: u64,
    reference: [u8; 16],
    at: Timestamp,
    findings: Vec<Finding>,
    more: u16,
    bands: Vec<Band>,
    asked: Vec<Asked>,
    end: End,
}

redact_debug!(ReasonRecord);

impl ReasonRecord {
    /// The record of a visit that begins: the version of the rules (0 where there were none), the reference that the verdict carries,
    /// and of each rule that found something the bands of the signals it read.
    #[must_use]
    pub fn new(
        (version, rules): (u64, Option<&RuleSet>),
        reference: [u8; 16],
        at: Timestamp,
        findings: &Findings,
        (facts, schema): (&Facts, &Schema),
    ) -> Self {
        // What counts first, the gravest first; the order of the rules decides between equals.
        let mut kept: Vec<&Finding> = findings.iter().collect();
        kept.sort_by_key(|finding| (!finding.counts, std::cmp::Reverse(finding.harm)));
        let more = kept.len().saturating_sub(MAX_FINDINGS);
        kept.truncate(MAX_FINDINGS);
        let mut bands: Vec<Band> = Vec::new();
        for finding in &kept {
            let rule = rules.and_then(|rules| rules.rules().iter().find(|rule| rule.id == finding.rule));
            for id in rule.iter().flat_map(|rule| rule.reads()) {
                if let Some(band) = band_of(*id, facts, schema)
                    && bands.len() < MAX_BANDS
                    && !bands.iter().any(|other| other.signal == band.signal)
                {
                    bands.push(band);
                }
            }
        }
        Self {
            version,
            reference,
            at,
            findings: kept.into_iter().cloned().collect(),
            more: u16::try_from(more).unwrap_or(u16::MAX),
            bands,
            asked: Vec::new(),
            end: End::Open,
        }
    }

    /// The record of the visit after its end, or another step.
    #[must_use]
    pub fn went_on(mut self, asked: &[Asked], end: End) -> Self {
        self.asked = asked.iter().copied().take(usize::from(MOST_ATTEMPTS)).collect();
        self.end = end;
        self
    }

    /// The same record under another reference: each verdict of one clearance carries a reference of its own.
    #[must_use]
    pub const fn under(mut self, reference: [u8; 16]) -> Self {
        self.reference = reference;
        self
    }

    /// When the visit began.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// The doubts about the traveller with which the visit began.
    #[must_use]
    pub fn doubts(&self) -> Doubts {
        Doubts::new(
            self.findings
                .iter()
                .filter(|finding| finding.counts)
                .map(|finding| (finding.doubt, finding.harm)),
        )
    }

    /// What was asked so far, and how it came out.
    #[must_use]
    pub fn asked(&self) -> &[Asked] {
        &self.asked
    }

    /// How it ended.
    #[must_use]
    pub const fn end(&self) -> End {
        self.end
    }

    /// The reference under which a traveller asks about it.
    #[must_use]
    pub const fn reference(&self) -> &[u8; 16] {
        &self.reference
    }

    /// The deterministic form, always of [`RECORD_LEN`] bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::with_capacity(RECORD_LEN);
        w.array(9).uint(self.version).bytes(&self.reference).uint(self.at.unix().unsigned_abs());
        w.array(self.findings.len());
        for finding in &self.findings {
            write_finding(&mut w, finding);
        }
        w.uint(u64::from(self.more)).array(self.bands.len());
        for band in &self.bands {
            w.array(2).text(&band.signal).uint(u64::from(band.band));
        }
        w.array(self.asked.len());
        for asked in &self.asked {
            w.array(2).uint(u64::from(measure_number(asked.measure))).uint(u64::from(asked.outcome.number()));
        }
        w.uint(u64::from(self.end.number()));
        let mut bytes = w.finish();
        // A byte string of zeros fills the rest; its head has three bytes, whatever its length.
        let rest = RECORD_LEN.saturating_sub(bytes.len() + 3);
        bytes.extend(Writer::new().bytes(&vec![0; rest]).finish());
        bytes
    }

    /// Reads the deterministic form.
    ///
    /// # Errors
    /// [`CborError`] for the first malformed item.
    pub fn decode(bytes: &[u8]) -> Result<Self, CborError> {
        if bytes.len() != RECORD_LEN {
            return Err(CborError::Limit);
        }
        let mut r = Reader::new(bytes);
        r.array_exact(9)?;
        let version = r.uint()?;
        let reference = *r.bytes_exact()?;
        let at = i64::try_from(r.uint()?).ok().and_then(Timestamp::from_unix).ok_or(CborError::Limit)?;
        let count = r.array(MAX_FINDINGS)?;
        let findings = (0..count).map(|_| read_finding(&mut r)).collect::<Result<_, _>>()?;
        let more = u16::try_from(r.uint()?).map_err(|_| CborError::Limit)?;
        let count = r.array(MAX_BANDS)?;
        let bands = (0..count).map(|_| read_band(&mut r)).collect::<Result<_, _>>()?;
        let count = r.array(usize::from(MOST_ATTEMPTS))?;
        let asked = (0..count).map(|_| read_asked(&mut r)).collect::<Result<_, _>>()?;
        let end = End::from_number(r.uint()?).ok_or(CborError::Unexpected)?;
        // Shorter than 256 bytes its head would be shorter: then the record would not have one length.
        let filling = r.bytes(RECORD_LEN)?;
        r.finish()?;
        if filling.len() < 256 || filling.iter().any(|byte| *byte != 0) {
            return Err(CborError::Unexpected);
        }
        Ok(Self { version, reference, at, findings, more, bands, asked, end })
    }

    /// Signs the record with the authority's verdict key: it belongs to a verdict.
    ///
    /// # Errors
    /// [`MessageError`] if the crypto library cannot sign.
    pub fn sign(&self, kid: &[u8], key: &SigningKey) -> Result<Vec<u8>, MessageError> {
        message::sign(Kind::RiskReason, kid, key, &self.encode())
    }

    /// Opens a signed record.
    ///
    /// # Errors
    /// [`ReasonError`].
    pub fn open(signed: &[u8], key: &VerifyingKey) -> Result<Self, ReasonError> {
        Ok(Self::decode(message::open(Kind::RiskReason, signed, key)?)?)
    }

    /// What the traveller sees while `asks` is asked of them, or an officer where it is `None`.
    #[must_use]
    pub const fn for_traveller(&self, asks: Option<Measure>) -> TravellerView {
        let sentence = match asks {
            None | Some(Measure::Officer) => NeutralSentence::SeeOfficer,
            Some(
                Measure::Pin
                | Measure::ActiveLiveness
                | Measure::SecondLook
                | Measure::PhysicalDocument
                | Measure::Guardian,
            ) => NeutralSentence::FurtherCheck,
        };
        TravellerView { sentence, reference: self.reference }
    }

    /// What an officer sees. Without the role for lists, a hit, an officer's interest and the lot are all `other`.
    #[must_use]
    pub fn for_officer(&self, may_see_lists: bool) -> OfficerView {
        let mut doubts: Vec<&'static str> = Vec::new();
        for finding in self.findings.iter().filter(|finding| finding.counts) {
            let word = match finding.doubt {
                Doubt::WatchList | Doubt::RandomCheck if !may_see_lists => OTHER,
                Doubt::WatchList
                | Doubt::RandomCheck
                | Doubt::WhosePhone
                | Doubt::WhoseFace
                | Doubt::LiveFace
                | Doubt::WhichDocument
                | Doubt::CodeRelayed
                | Doubt::DeviceCloned
                | Doubt::TravelImpossible
                | Doubt::UnusualUse
                | Doubt::Lane
                | Doubt::Engine => finding.doubt.as_str(),
            };
            if !doubts.contains(&word) {
                doubts.push(word);
            }
        }
        OfficerView { doubts, asked: self.asked.clone(), end: self.end, reference: self.reference }
    }

    /// What the owner of the rules sees: rules and bands, and nothing that leads to a person.
    #[must_use]
    pub fn for_owner(&self) -> OwnerView<'_> {
        OwnerView {
            version: self.version,
            findings: &self.findings,
            bands: &self.bands,
            asked: &self.asked,
            end: self.end,
        }
    }
}

/// The word for what only the role for lists may know.
pub const OTHER: &str = "other";

/// Why a stored record cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReasonError {
    /// The signature, or the message around the record.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// The record itself.
    #[error("malformed reason record: {0}")]
    Form(#[from] CborError),
}

/// A sentence of the lane's texts that says nothing of the cause (`crates/gate/data/texts.toml` has it in four languages).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NeutralSentence {
    /// One more step.
    FurtherCheck,
    /// An officer will help.
    SeeOfficer,
}

impl NeutralSentence {
    /// The key of the sentence.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::FurtherCheck => "further_check",
            Self::SeeOfficer => "see_officer",
        }
    }
}

/// What a traveller sees: a neutral sentence and a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TravellerView {
    /// The sentence.
    pub sentence: NeutralSentence,
    /// The reference.
    pub reference: [u8; 16],
}

/// What an officer sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfficerView {
    /// What is or was in doubt.
    pub doubts: Vec<&'static str>,
    /// What was asked, and how it came out.
    pub asked: Vec<Asked>,
    /// How it ended.
    pub end: End,
    /// The reference.
    pub reference: [u8; 16],
}

/// What the owner of the rules sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnerView<'a> {
    /// The version of the rules.
    pub version: u64,
    /// What they found.
    pub findings: &'a [Finding],
    /// The bands of the signals that they read.
    pub bands: &'a [Band],
    /// What was asked.
    pub asked: &'a [Asked],
    /// How it ended.
    pub end: End,
}

impl OwnerView<'_> {
    /// Whether a rule had a part in it.
    #[must_use]
    pub fn rests_on(&self, rule: &RuleId) -> bool {
        self.findings.iter().any(|finding| finding.counts && finding.rule == *rule)
    }
}

fn band_of(id: SignalId, facts: &Facts, schema: &Schema) -> Option<Band> {
    let signal = schema.signal(id)?;
    Some(Band { signal: signal.name.clone(), band: signal.band(facts.get(id)?) })
}

fn read_band(r: &mut Reader<'_>) -> Result<Band, CborError> {
    r.array_exact(2)?;
    let signal = r.text(MAX_NAME)?;
    if !is_name(signal) {
        return Err(CborError::Unexpected);
    }
    Ok(Band { signal: signal.to_owned(), band: u8::try_from(r.uint()?).map_err(|_| CborError::Limit)? })
}

fn read_asked(r: &mut Reader<'_>) -> Result<Asked, CborError> {
    r.array_exact(2)?;
    let number = r.uint()?;
    let measure = Measure::ALL.iter().copied().find(|measure| u64::from(measure_number(*measure)) == number);
    Ok(Asked {
        measure: measure.ok_or(CborError::Unexpected)?,
        outcome: Outcome::from_number(r.uint()?).ok_or(CborError::Unexpected)?,
    })
}

/// The number of a measure in signed messages (`docs/formats.md`, section 7).
const fn measure_number(measure: Measure) -> u8 {
    match measure {
        Measure::Pin => 1,
        Measure::ActiveLiveness => 2,
        Measure::SecondLook => 3,
        Measure::PhysicalDocument => 4,
        Measure::Guardian => 5,
        Measure::Officer => 6,
    }
}
