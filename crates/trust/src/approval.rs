//! Approvals: a manifest, signed by the supervisory authority of every jurisdiction concerned, that allows one
//! scenario at named places between named dates.
//!
//! Lives here: `Approval`, its signed form, and the question whether today's approvals cover a crossing.

use std::collections::BTreeMap;

use credential::SigningKey;
use credential::cbor::{CborError, Reader, Writer};
use credential::message::{self, Kind, MessageError, read_authority, read_port};
use documents::{AuthorityCode, Direction, LocalDate, PortId, Timestamp};

use crate::list::{Role, TrustError, TrustStore};

/// The scenario of crossing a border.
pub const SCENARIO_BORDER: &str = "border-crossing";

/// What was approved. Every field is filled, or the approval does not load (specs/law: PIPL 55-56, Law 8/2005 art. 21).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Its id, e.g. `2026-001`.
    pub id: String,
    /// The scenario, e.g. [`SCENARIO_BORDER`].
    pub scenario: String,
    /// Every jurisdiction concerned: each of them must have signed.
    pub jurisdictions: Vec<AuthorityCode>,
    /// The ports.
    pub ports: Vec<PortId>,
    /// First day.
    pub from: LocalDate,
    /// Last day.
    pub to: LocalDate,
    /// Minutes of the local day in which it holds: from, and before. `(0, 1440)` is the whole day.
    pub hours: (u16, u16),
    /// What may be read from the pass, by name.
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
    /// The bytes are not in their form.
    #[error("the approval is not in its form: {0}")]
    Form(#[from] CborError),
    /// A signature is not valid.
    #[error("a signature on the approval is not valid: {0}")]
    Message(#[from] MessageError),
    /// The signing key does not count.
    #[error("a key on the approval does not count: {0}")]
    Trust(#[from] TrustError),
    /// A field is empty or out of range.
    #[error(
        "the approval cannot be used: its {field} is missing or impossible; ask the supervisory authority"
    )]
    Field {
        /// Which one.
        field: &'static str,
    },
    /// A jurisdiction concerned did not sign.
    #[error("the approval is not signed by {0}, which it concerns")]
    Unsigned(AuthorityCode),
    /// Two signatures are over different texts.
    #[error("the signatures on the approval are over different texts")]
    Different,
    /// Nothing loaded covers this scenario at this port and time.
    #[error("no approval covers {port} ({direction}) at this time; use the officers' counters")]
    NotCovered {
        /// The port.
        port: PortId,
        /// The direction.
        direction: Direction,
    },
}

impl Approval {
    /// The payload.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::new();
        w.array(12).text(&self.id).text(&self.scenario).array(self.jurisdictions.len());
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
    /// The first thing that is wrong.
    pub fn decode(payload: &[u8]) -> Result<Self, ApprovalError> {
        let mut r = Reader::new(payload);
        r.array_exact(12)?;
        let (id, scenario) = (r.text(64)?.to_owned(), r.text(64)?.to_owned());
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
    /// When the library cannot sign.
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
    /// The first thing that is wrong.
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

    /// Whether it covers a crossing.
    #[must_use]
    pub fn covers(&self, scenario: &str, port: &PortId, direction: Direction, at: Timestamp) -> bool {
        let (day, minute) = (at.local_date(), at.local_minute_of_day());
        self.scenario == scenario
            && self.ports.contains(port)
            && self.jurisdictions.contains(&direction.from())
            && self.jurisdictions.contains(&direction.to())
            && (self.from..=self.to).contains(&day)
            && (self.hours.0..self.hours.1).contains(&minute)
    }
}

/// The approvals that a program loaded.
#[derive(Debug, Clone, Default)]
pub struct Approvals(Vec<Approval>);

impl Approvals {
    /// Adds one.
    pub fn add(&mut self, approval: Approval) {
        self.0.retain(|held| held.id != approval.id);
        self.0.push(approval);
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[Approval] {
        &self.0
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
        self.0
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
