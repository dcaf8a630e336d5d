//! Approvals: a manifest, signed by the supervisory authority of every jurisdiction concerned, that allows one
//! scenario at named places between named dates.
//!
//! Lives here: `Approval`, its signed form, and the question whether today's approvals cover a crossing.

use std::collections::BTreeMap;

use credential::cbor::{CborError, Reader, Writer};
use credential::message::{self, Kind, MessageError, read_authority, read_port};
use credential::{SigningKey, sha256};
use documents::{AuthorityCode, Direction, LocalDate, PortId, Timestamp};

use crate::list::{Role, TrustError};
use crate::store::TrustStore;

/// The scenario of crossing a border.
pub const SCENARIO_BORDER: &str = "border-crossing";
/// Highest number of a text under one id.
const MAX_NUMBER: u64 = u32::MAX as u64;

/// An approval. One with an empty field does not load (specs/law: PIPL 55-56, Law 8/2005 art. 21).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Its id, e.g. `2026-001`.
    pub id: String,
    /// The number of this text under its id, from 1. Every later text has a higher one; a lower one is refused.
    pub number: u64,
    /// Whether this text withdraws the approval: it covers nothing, and earlier texts are refused.
    pub withdrawn: bool,
    /// The scenario, e.g. [`SCENARIO_BORDER`].
    pub scenario: String,
    /// Every jurisdiction concerned: each of them must have signed.
    pub jurisdictions: Vec<AuthorityCode>,
    /// The ports at which it holds.
    pub ports: Vec<PortId>,
    /// First local day on which it holds.
    pub from: LocalDate,
    /// Last local day on which it holds.
    pub to: LocalDate,
    /// Minutes of the local day in which it holds: the first, and the first after. `(0, 1440)` is the whole day.
    pub hours: (u16, u16),
    /// Names of the claims that may be read from the pass.
    pub claims: Vec<String>,
    /// Days for which records may be kept.
    pub retention_days: u16,
    /// Id of the impact assessment.
    pub assessment: String,
    /// For each jurisdiction the filing or notification number that its law asks for.
    pub filings: Vec<(AuthorityCode, String)>,
    /// For each jurisdiction the legal ground on which the face probe is sent to its authority.
    pub probe_grounds: Vec<(AuthorityCode, String)>,
}

/// Why an approval was refused, or does not cover something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApprovalError {
    /// The approval is malformed.
    #[error("malformed approval: {0}")]
    Form(#[from] CborError),
    /// A signature is not valid.
    #[error("a signature on the approval is not valid: {0}")]
    Message(#[from] MessageError),
    /// The signing key does not count in the trust list.
    #[error("a key that signed the approval does not count: {0}")]
    Trust(#[from] TrustError),
    /// A field is empty or out of range.
    #[error(
        "the approval cannot be used: its {field} is missing or impossible; ask the supervisory authority"
    )]
    Field {
        /// Name of the field.
        field: &'static str,
    },
    /// A jurisdiction concerned did not sign.
    #[error("the approval is not signed by {0}, which it concerns")]
    Unsigned(AuthorityCode),
    /// Two signatures are over different texts.
    #[error("the signatures on the approval are over different texts")]
    Different,
    /// The text is older than the newest one seen, or differs from it under the same number.
    #[error(
        "rollback refused: text {got} of approval {id}, but {have} was seen; fetch the newest, or sign the next number"
    )]
    Rollback {
        /// Id of the approval.
        id: String,
        /// The highest number seen.
        have: u64,
        /// The number of the refused text.
        got: u64,
    },
    /// Nothing loaded covers this scenario at this port and time.
    #[error("no approval covers {port} ({direction}) at this time; use the officers' counters")]
    NotCovered {
        /// The port to be crossed.
        port: PortId,
        /// Origin and destination.
        direction: Direction,
    },
}

impl Approval {
    /// A specimen for trials and tests: all three jurisdictions, these ports, every hour of thirty days from `from` on.
    #[must_use]
    pub fn specimen(id: &str, ports: Vec<PortId>, from: LocalDate) -> Self {
        let each = |text: &str| AuthorityCode::ALL.map(|code| (code, text.to_owned())).to_vec();
        Self {
            id: id.to_owned(),
            number: 1,
            withdrawn: false,
            scenario: SCENARIO_BORDER.to_owned(),
            jurisdictions: AuthorityCode::ALL.to_vec(),
            ports,
            from,
            to: from.plus_days(30),
            hours: (0, 1440),
            claims: vec!["permit".to_owned()],
            retention_days: 30,
            assessment: "PIA-1".to_owned(),
            filings: each("F-1"),
            probe_grounds: each("statutory duty"),
        }
    }

    /// The approval as the payload of a message.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::new();
        w.array(14).text(&self.id).uint(self.number).bool(self.withdrawn);
        w.text(&self.scenario).array(self.jurisdictions.len());
        for authority in &self.jurisdictions {
            w.text(authority.code());
        }
        w.array(self.ports.len());
        for port in &self.ports {
            w.text(port.as_str());
        }
        w.text(&self.from.to_string()).text(&self.to.to_string());
        w.array(2).uint(u64::from(self.hours.0)).uint(u64::from(self.hours.1)).array(self.claims.len());
        for claim in &self.claims {
            w.text(claim);
        }
        w.uint(u64::from(self.retention_days)).text(&self.assessment);
        for table in [&self.filings, &self.probe_grounds] {
            w.array(table.len());
            for (authority, text) in table {
                w.array(2).text(authority.code()).text(text);
            }
        }
        w.finish()
    }

    /// Reads a payload and checks that nothing is missing.
    ///
    /// # Errors
    /// [`ApprovalError`] for the first fault.
    pub fn decode(payload: &[u8]) -> Result<Self, ApprovalError> {
        let mut r = Reader::new(payload);
        r.array_exact(14)?;
        let (id, number, withdrawn) = (r.text(64)?.to_owned(), r.uint_max(MAX_NUMBER)?, r.bool()?);
        let scenario = r.text(64)?.to_owned();
        let jurisdictions = read_many(&mut r, 3, read_authority)?;
        let ports = read_many(&mut r, 64, read_port)?;
        let day = |r: &mut Reader<'_>| r.text(10)?.parse().map_err(|_| CborError::Unexpected);
        let (from, to) = (day(&mut r)?, day(&mut r)?);
        r.array_exact(2)?;
        let minute = |r: &mut Reader<'_>| u16::try_from(r.uint_max(1440)?).map_err(|_| CborError::Limit);
        let hours = (minute(&mut r)?, minute(&mut r)?);
        let claims = read_many(&mut r, 32, |r| Ok(r.text(64)?.to_owned()))?;
        let retention_days = u16::try_from(r.uint_max(36_500)?).map_err(|_| CborError::Limit)?;
        let assessment = r.text(128)?.to_owned();
        let pair = |r: &mut Reader<'_>| {
            r.array_exact(2)?;
            Ok((read_authority(r)?, r.text(256)?.to_owned()))
        };
        let (filings, probe_grounds) = (read_many(&mut r, 3, pair)?, read_many(&mut r, 3, pair)?);
        r.finish()?;
        let approval = Self {
            id,
            number,
            withdrawn,
            scenario,
            jurisdictions,
            ports,
            from,
            to,
            hours,
            claims,
            retention_days,
            assessment,
            filings,
            probe_grounds,
        };
        approval.complete()?;
        Ok(approval)
    }

    fn complete(&self) -> Result<(), ApprovalError> {
        let each = |table: &[(AuthorityCode, String)]| {
            self.jurisdictions.iter().all(|j| table.iter().any(|(a, text)| a == j && !text.trim().is_empty()))
        };
        let checks = [
            ("id", !self.id.trim().is_empty()),
            ("number", self.number > 0),
            ("scenario", !self.scenario.trim().is_empty()),
            ("list of jurisdictions", !self.jurisdictions.is_empty()),
            ("list of ports", !self.ports.is_empty()),
            ("last day", self.from <= self.to),
            ("hours", self.hours.0 < self.hours.1),
            ("list of claims", !self.claims.is_empty()),
            ("retention", self.retention_days > 0),
            ("impact assessment", !self.assessment.trim().is_empty()),
            ("filing number", each(&self.filings)),
            ("legal ground for the face probe", each(&self.probe_grounds)),
        ];
        match checks.iter().find(|(_, ok)| !ok) {
            Some((field, _)) => Err(ApprovalError::Field { field }),
            None => Ok(()),
        }
    }

    /// Signs for one jurisdiction; [`Approval::bundle`] joins the signatures.
    ///
    /// # Errors
    /// [`MessageError`] if the crypto library cannot sign.
    pub fn sign(&self, kid: &[u8], key: &SigningKey) -> Result<Vec<u8>, MessageError> {
        message::sign(Kind::Approval, kid, key, &self.encode())
    }

    /// Joins the signatures of all jurisdictions into one file.
    #[must_use]
    pub fn bundle(signatures: &[(AuthorityCode, Vec<u8>)]) -> Vec<u8> {
        let mut w = Writer::new();
        w.array(signatures.len());
        for (authority, message) in signatures {
            w.array(2).text(authority.code()).bytes(message);
        }
        w.finish()
    }

    /// Opens a file: every jurisdiction concerned must have signed the same text with a key of the approval role.
    ///
    /// # Errors
    /// [`ApprovalError`] for the first fault.
    pub fn open(bundle: &[u8], trust: &TrustStore, now: Timestamp) -> Result<Self, ApprovalError> {
        let mut r = Reader::new(bundle);
        let mut signed: BTreeMap<AuthorityCode, &[u8]> = BTreeMap::new();
        for _ in 0..r.array(3)? {
            r.array_exact(2)?;
            let authority = read_authority(&mut r)?;
            let bytes = r.bytes(message::MAX_PAYLOAD)?;
            let key = trust.find(authority, Role::Approval, message::kid(bytes)?, now)?;
            let payload = message::open(Kind::Approval, bytes, key)?;
            if signed.insert(authority, payload).is_some() {
                return Err(CborError::Keys.into());
            }
        }
        r.finish()?;
        let mut texts = signed.values();
        let first = texts.next().ok_or(CborError::Unexpected)?;
        if texts.any(|text| text != first) {
            return Err(ApprovalError::Different);
        }
        let approval = Self::decode(first)?;
        match approval.jurisdictions.iter().find(|j| !signed.contains_key(j)) {
            Some(missing) => Err(ApprovalError::Unsigned(*missing)),
            None => Ok(approval),
        }
    }

    /// Whether it holds on that local day: not withdrawn, and within its dates.
    #[must_use]
    pub fn in_force(&self, day: LocalDate) -> bool {
        !self.withdrawn && (self.from..=self.to).contains(&day)
    }

    /// Reads a file without verifying its signatures: for signing the next text under its id.
    ///
    /// # Errors
    /// [`ApprovalError`] for the first malformed item.
    pub fn unverified(bundle: &[u8]) -> Result<Self, ApprovalError> {
        let mut r = Reader::new(bundle);
        r.array(3)?;
        r.array_exact(2)?;
        read_authority(&mut r)?;
        Self::decode(message::unverified_payload(r.bytes(message::MAX_PAYLOAD)?)?)
    }

    /// Whether it covers a crossing.
    #[must_use]
    pub fn covers(&self, scenario: &str, port: &PortId, direction: Direction, at: Timestamp) -> bool {
        let (day, minute) = (at.local_date(), at.local_minute_of_day());
        self.in_force(day)
            && self.scenario == scenario
            && self.ports.contains(port)
            && self.jurisdictions.contains(&direction.from())
            && self.jurisdictions.contains(&direction.to())
            && (self.hours.0..self.hours.1).contains(&minute)
    }
}

/// The newest text seen of one approval: its number and the SHA-256 of its payload.
pub type Newest = (u64, [u8; 32]);

/// The approvals in use, and the newest text seen under each id. An older text is refused, however well it is signed.
#[derive(Debug, Clone, Default)]
pub struct Approvals {
    held: Vec<Approval>,
    newest: BTreeMap<String, Newest>,
}

impl Approvals {
    /// Adds an approval, which replaces an older text under its id.
    ///
    /// # Errors
    /// [`ApprovalError::Rollback`] if a newer text, or another one with this number, was seen; nothing changes then.
    pub fn take(&mut self, approval: Approval) -> Result<(), ApprovalError> {
        let text = sha256(&approval.encode());
        if let Some((have, known)) = self.newest.get(&approval.id)
            && (approval.number < *have || (approval.number == *have && text != *known))
        {
            return Err(ApprovalError::Rollback { id: approval.id, have: *have, got: approval.number });
        }
        self.newest.insert(approval.id.clone(), (approval.number, text));
        self.held.retain(|held| held.id != approval.id);
        self.held.push(approval);
        Ok(())
    }

    /// Drops every approval; what was seen stays known.
    pub fn clear(&mut self) {
        self.held.clear();
    }

    /// The newest text seen under each id, whether in use or not.
    #[must_use]
    pub const fn newest(&self) -> &BTreeMap<String, Newest> {
        &self.newest
    }

    /// Refuses from now on every text older than these. A program calls this at start, with what it had stored.
    pub fn not_before(&mut self, known: &BTreeMap<String, Newest>) {
        for (id, newest) in known {
            let have = self.newest.entry(id.clone()).or_insert(*newest);
            if have.0 < newest.0 {
                *have = *newest;
                self.held.retain(|held| held.id != *id || held.number >= newest.0);
            }
        }
    }

    /// The approvals in use, in the order in which they were added.
    #[must_use]
    pub fn all(&self) -> &[Approval] {
        &self.held
    }

    /// The approval that covers a crossing.
    ///
    /// # Errors
    /// [`ApprovalError::NotCovered`].
    pub fn covering(
        &self,
        port: &PortId,
        direction: Direction,
        at: Timestamp,
    ) -> Result<&Approval, ApprovalError> {
        self.held
            .iter()
            .find(|approval| approval.covers(SCENARIO_BORDER, port, direction, at))
            .ok_or_else(|| ApprovalError::NotCovered { port: port.clone(), direction })
    }
}

fn read_many<'b, T>(
    r: &mut Reader<'b>,
    max: usize,
    mut read: impl FnMut(&mut Reader<'b>) -> Result<T, CborError>,
) -> Result<Vec<T>, CborError> {
    (0..r.array(max)?).map(|_| read(r)).collect()
}
