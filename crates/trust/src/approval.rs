//! Approvals: a manifest, signed by the supervisory authority of every jurisdiction concerned, that allows one
//! scenario at named places between named dates.
//!
//! Lives here: `Approval`, its signed form, whether it covers a crossing. Not here: what a desk may ask (`desk`).

mod form;
mod held;

use std::collections::BTreeMap;

use credential::SigningKey;
use credential::cbor::{CborError, Reader, Writer};
use credential::message::{self, MessageError, read_authority};
use documents::{AuthorityCode, Direction, LocalDate, PortId, Scenario, Timestamp, VenueId};

pub use held::{Approvals, Newest};

use crate::list::TrustError;
use crate::role::Role;
use crate::store::TrustStore;

/// The claim by which an approval of the border says that identity credentials of other systems are taken at an enrolment.
pub const FOREIGN_IDENTITY: &str = "foreign_identity";
/// The claim by which an approval of the border says that an authority's own officer at a lane sees portrait, name and the end of the
/// document's number of the traveller who stands there, and the lane's picture beside them. An approval that does not name it says no.
pub const OFFICER_PORTRAIT: &str = "officer_portrait";

/// An approval. One with an empty field does not load (specs/law: PIPL 55-56, Law 8/2005 art. 21).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Its id, e.g. `2026-001`.
    pub id: String,
    /// The number of this text under its id, from 1. Every later text has a higher one; a lower one is refused.
    pub number: u64,
    /// Whether this text withdraws the approval: it covers nothing, and earlier texts are refused.
    pub withdrawn: bool,
    /// The scenario: at ports for the border, at venues for every other.
    pub scenario: Scenario,
    /// Every jurisdiction concerned: each of them must have signed.
    pub jurisdictions: Vec<AuthorityCode>,
    /// The ports at which it holds; none but for the border.
    pub ports: Vec<PortId>,
    /// First local day on which it holds.
    pub from: LocalDate,
    /// Last local day on which it holds.
    pub to: LocalDate,
    /// Minutes of the local day in which it holds: the first, and the first after. `(0, 1440)` is the whole day.
    pub hours: (u16, u16),
    /// Names of the claims that may be read from the pass; at venues of `credential::venue::ClaimName`, which has no ethnicity.
    pub claims: Vec<String>,
    /// Days for which records may be kept.
    pub retention_days: u16,
    /// Id of the impact assessment.
    pub assessment: String,
    /// For each jurisdiction the filing or notification number that its law asks for.
    pub filings: Vec<(AuthorityCode, String)>,
    /// For each jurisdiction the legal ground on which the face probe is sent to its authority; at a venue, from where no
    /// face is sent, the ground on which the desk asks and keeps.
    pub probe_grounds: Vec<(AuthorityCode, String)>,
    /// What form 2 adds. A text of form 1 has none, and is an approval of the border.
    pub terms: Option<Terms>,
}

/// What an approval of form 2 says beside the fields of form 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The venues at which it holds; none for the border.
    pub venues: Vec<VenueId>,
    /// The purposes for which the claims may be asked, e.g. `guest-register`: a request names one of them.
    pub purposes: Vec<String>,
    /// Whether a face may be compared at the desk.
    pub face: Face,
}

/// Whether a face is compared, and the way that is open to whoever does not agree to it (measures on the use of face
/// recognition of 13 March 2025: never the only way).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Face {
    /// No face is compared.
    NotCompared,
    /// A face may be compared.
    Compared {
        /// The equal other way, in words.
        other_way: String,
    },
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
    /// A claim that no venue credential has.
    #[error(
        "the approval cannot be used: no pass has the claim {claim}; docs/venues.md names those that a venue may ask for"
    )]
    UnknownClaim {
        /// The claim as the approval names it.
        claim: String,
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
            scenario: Scenario::BorderCrossing,
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
            terms: None,
        }
    }

    /// Signs for one jurisdiction; [`Approval::bundle`] joins the signatures.
    ///
    /// # Errors
    /// [`MessageError`] if the crypto library cannot sign.
    pub fn sign(&self, kid: &[u8], key: &SigningKey) -> Result<Vec<u8>, MessageError> {
        let payload = self.encode();
        message::sign(form::kind_of(&payload)?, kid, key, &payload)
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
        let mut signed: BTreeMap<AuthorityCode, &[u8]> = BTreeMap::new();
        for (authority, bytes) in Self::signatures(bundle)? {
            let key = trust.find(authority, Role::Approval, message::kid(bytes)?, now)?;
            let payload = message::open(form::kind_of(message::unverified_payload(bytes)?)?, bytes, key)?;
            if signed.insert(authority, payload).is_some() {
                return Err(CborError::Keys.into());
            }
        }
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

    /// Whether the officer at a lane may see whom their own authority's verdict is about: it names [`OFFICER_PORTRAIT`].
    #[must_use]
    pub fn shows_officers_the_holder(&self) -> bool {
        self.scenario == Scenario::BorderCrossing && self.claims.iter().any(|claim| claim == OFFICER_PORTRAIT)
    }

    /// Reads a file without verifying its signatures: for signing the next text under its id.
    ///
    /// # Errors
    /// [`ApprovalError`] for the first malformed item.
    pub fn unverified(bundle: &[u8]) -> Result<Self, ApprovalError> {
        let signatures = Self::signatures(bundle)?;
        let (_, first) = signatures.first().ok_or(CborError::Unexpected)?;
        Self::decode(message::unverified_payload(first)?)
    }

    /// The signed messages of a file, by who is said to have signed, unverified: to see which keys they name, or to put a newer one's in place.
    ///
    /// # Errors
    /// [`ApprovalError::Form`] for a malformed file.
    pub fn signatures(bundle: &[u8]) -> Result<Vec<(AuthorityCode, &[u8])>, ApprovalError> {
        let mut r = Reader::new(bundle);
        let mut signatures = Vec::new();
        for _ in 0..r.array(3)? {
            r.array_exact(2)?;
            signatures.push((read_authority(&mut r)?, r.bytes(message::MAX_PAYLOAD)?));
        }
        r.finish()?;
        Ok(signatures)
    }

    /// Whether it covers a crossing.
    #[must_use]
    pub fn covers(&self, scenario: Scenario, port: &PortId, direction: Direction, at: Timestamp) -> bool {
        let (day, minute) = (at.local_date(), at.local_minute_of_day());
        self.in_force(day)
            && self.scenario == scenario
            && self.ports.contains(port)
            && self.jurisdictions.contains(&direction.from())
            && self.jurisdictions.contains(&direction.to())
            && (self.hours.0..self.hours.1).contains(&minute)
    }
}
