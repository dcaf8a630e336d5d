//! Approvals as people write and read them: JSON, both forms.
//!
//! Lives here: [`ApprovalFile`]. Not here: signing one (`lists`), what it must say (`trust`).

use std::collections::BTreeMap;

use documents::{AuthorityCode, LocalDate, PortId, Scenario};
use serde::{Deserialize, Serialize};
use trust::{Approval, Face, Terms};

use crate::failure::{Failure, of};

/// An approval as a person writes it: every field of its form is needed. `baypass approval list --json` shows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalFile {
    /// Its id. Under one that was taken back the next number is signed.
    pub id: String,
    /// The scenario; border-crossing where it is not said.
    pub scenario: Option<String>,
    /// The jurisdictions concerned.
    pub jurisdictions: Vec<AuthorityCode>,
    /// Ids of the ports.
    #[serde(default)]
    pub ports: Vec<String>,
    /// Ids of the venues. With this, `purposes`, `face` or `other_way` it is an approval of form 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub venues: Option<Vec<String>>,
    /// First day.
    pub from: LocalDate,
    /// Last day.
    pub to: LocalDate,
    /// Minutes of the local day: from, and before.
    pub hours: (u16, u16),
    /// What may be read from the pass.
    pub claims: Vec<String>,
    /// For what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purposes: Option<Vec<String>>,
    /// Whether a face may be compared at the desk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub face: Option<bool>,
    /// The equal other way, where a face may be compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_way: Option<String>,
    /// Days for which records may be kept.
    pub retention_days: u16,
    /// Id of the impact assessment.
    pub assessment: String,
    /// Filing or notification number, for each jurisdiction.
    pub filings: BTreeMap<AuthorityCode, String>,
    /// Legal ground on which the face probe is sent, or the desk asks, for each jurisdiction.
    pub probe_grounds: BTreeMap<AuthorityCode, String>,
    /// Whether it holds today: with the next two shown by `approval list --json`, read so that one can be written back, and not
    /// regarded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_force: Option<bool>,
    /// The number of the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// Whether the text takes the approval back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<bool>,
}

impl ApprovalFile {
    /// An approval in words that [`ApprovalFile::approval`] reads.
    pub fn of(approval: &Approval) -> Self {
        let texts = |items: &[String]| items.to_vec();
        let terms = approval.terms.as_ref();
        let other_way = terms.and_then(|terms| match &terms.face {
            Face::NotCompared => None,
            Face::Compared { other_way } => Some(other_way.clone()),
        });
        Self {
            id: approval.id.clone(),
            scenario: Some(approval.scenario.to_string()),
            jurisdictions: approval.jurisdictions.clone(),
            ports: approval.ports.iter().map(ToString::to_string).collect(),
            venues: terms.map(|terms| terms.venues.iter().map(ToString::to_string).collect()),
            from: approval.from,
            to: approval.to,
            hours: approval.hours,
            claims: texts(&approval.claims),
            purposes: terms.map(|terms| texts(&terms.purposes)),
            face: terms.map(|_| other_way.is_some()),
            other_way,
            retention_days: approval.retention_days,
            assessment: approval.assessment.clone(),
            filings: approval.filings.iter().cloned().collect(),
            probe_grounds: approval.probe_grounds.iter().cloned().collect(),
            in_force: None,
            number: None,
            withdrawn: None,
        }
    }

    /// The text to sign under its id.
    pub fn approval(&self, number: u64) -> Result<Approval, Failure> {
        let scenario = self.scenario.as_deref().map_or(Ok(Scenario::BorderCrossing), str::parse);
        let ports: Result<Vec<PortId>, _> = self.ports.iter().map(|port| port.parse().map_err(of)).collect();
        Ok(Approval {
            id: self.id.clone(),
            number,
            withdrawn: false,
            scenario: scenario.map_err(of)?,
            jurisdictions: self.jurisdictions.clone(),
            ports: ports?,
            from: self.from,
            to: self.to,
            hours: self.hours,
            claims: self.claims.clone(),
            retention_days: self.retention_days,
            assessment: self.assessment.clone(),
            filings: self.filings.clone().into_iter().collect(),
            probe_grounds: self.probe_grounds.clone().into_iter().collect(),
            terms: self.terms()?,
        })
    }

    /// What form 2 adds; `None` where nothing of it is said.
    fn terms(&self) -> Result<Option<Terms>, Failure> {
        if self.venues.is_none() && self.purposes.is_none() && self.face.is_none() && self.other_way.is_none()
        {
            return Ok(None);
        }
        let face = match (self.face, &self.other_way) {
            (Some(true), other_way) => Face::Compared { other_way: other_way.clone().unwrap_or_default() },
            (Some(false), None) => Face::NotCompared,
            (None, _) => {
                return Err(Failure::new(
                    "the approval does not say whether a face may be compared; write \"face\": true or false",
                ));
            }
            (Some(false), Some(_)) => {
                return Err(Failure::new(
                    "the approval has an other way beside a face that is not compared; write \"face\": true, or leave \
                     other_way out",
                ));
            }
        };
        let venues = self.venues.iter().flatten().map(|venue| venue.parse().map_err(of));
        Ok(Some(Terms {
            venues: venues.collect::<Result<_, Failure>>()?,
            purposes: self.purposes.clone().unwrap_or_default(),
            face,
        }))
    }
}
