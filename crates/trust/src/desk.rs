//! Desk: what the program at a venue's counter may ask, by the approvals in use.
//!
//! Lives here: [`DeskUse`], and the first reason against one. Not here: requests and their signatures (`credential`), an
//! approval's form (`approval`), where a desk's key counts (`desk_binding`).

use credential::venue::{ClaimName, VenueRequest};
use documents::{AuthorityCode, LocalDate, Scenario, Timestamp, VenueId};

use crate::approval::{Approval, Approvals, Face};

/// Specimens of venues and of their approvals, as TOML with its sources: a program that makes an installation reads them.
pub const SPECIMEN_VENUES: &str = include_str!("../data/venues.toml");

/// What a desk asks for, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeskUse<'a> {
    /// The authority whose list names the desk's key: one of the approval's jurisdictions.
    pub authority: AuthorityCode,
    /// The venue.
    pub venue: &'a VenueId,
    /// The scenario.
    pub scenario: Scenario,
    /// Names of all claims, required and optional.
    pub claims: &'a [&'a str],
    /// The purpose.
    pub purpose: &'a str,
    /// Days for which records are kept.
    pub retention_days: u32,
    /// Whether a face is compared at the desk.
    pub face: bool,
    /// When.
    pub at: Timestamp,
}

/// The first reason for which no approval covers what a desk asks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeskRefusal {
    /// No approval with this id is in use.
    #[error(
        "no approval {id} is known here; fetch the newest approvals, or ask the desk which one it works under"
    )]
    UnknownApproval {
        /// The id.
        id: String,
    },
    /// No approval names the venue.
    #[error("{venue} has no approval to ask for a pass; show a physical document instead")]
    Venue {
        /// The venue.
        venue: VenueId,
    },
    /// The approvals of the venue are for other scenarios.
    #[error("{venue} has no approval for {scenario}; show a physical document instead")]
    Scenario {
        /// The venue.
        venue: VenueId,
        /// The scenario that was asked.
        scenario: Scenario,
    },
    /// The authority that lists the desk did not have to sign the approval.
    #[error(
        "the approval {id} does not concern {authority}, which lists this desk; its operator asks {authority} for one"
    )]
    Authority {
        /// The approval.
        id: String,
        /// The authority that lists the desk.
        authority: AuthorityCode,
    },
    /// The approval was taken back.
    #[error("the approval {id} was withdrawn; show a physical document instead")]
    Withdrawn {
        /// The approval.
        id: String,
    },
    /// The approval begins on a later day.
    #[error("the approval {id} begins on {from}; come back then, or show a physical document")]
    NotBegun {
        /// The approval.
        id: String,
        /// Its first local day.
        from: LocalDate,
    },
    /// The last day of the approval is past.
    #[error(
        "the approval {id} ended on {to}; the desk's operator asks for the next one, show a physical document until then"
    )]
    Over {
        /// The approval.
        id: String,
        /// Its last local day.
        to: LocalDate,
    },
    /// The approval does not hold at this time of the day.
    #[error(
        "the approval {id} holds from minute {} to {} of the day; come back then, or show a physical document",
        hours.0, hours.1
    )]
    OutsideHours {
        /// The approval.
        id: String,
        /// Minutes of the local day: the first, and the first after.
        hours: (u16, u16),
    },
    /// A purpose that the approval does not name.
    #[error("the approval {id} is for other purposes; the desk asks for one of those")]
    Purpose {
        /// The approval.
        id: String,
    },
    /// A claim that the approval does not name.
    #[error("the approval {id} does not allow the desk to ask for {claim}; the desk asks without it")]
    Claim {
        /// The approval.
        id: String,
        /// The first such claim.
        claim: String,
    },
    /// Records would be kept longer than approved.
    #[error(
        "the desk would keep records {asked} days, the approval {id} allows {allowed}; the desk asks with {allowed} at most"
    )]
    Retention {
        /// The approval.
        id: String,
        /// Days that the desk asks for.
        asked: u32,
        /// Days that are allowed.
        allowed: u16,
    },
    /// A face would be compared, which the approval does not allow.
    #[error("the approval {id} allows no comparison of faces; the desk looks at the document instead")]
    Face {
        /// The approval.
        id: String,
    },
}

impl DeskRefusal {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownApproval { .. } => "approval_unknown",
            Self::Venue { .. } => "venue_not_approved",
            Self::Scenario { .. } => "scenario_not_approved",
            Self::Authority { .. } => "authority_not_concerned",
            Self::Withdrawn { .. } => "approval_withdrawn",
            Self::NotBegun { .. } => "approval_not_begun",
            Self::Over { .. } => "approval_over",
            Self::OutsideHours { .. } => "outside_hours",
            Self::Purpose { .. } => "purpose_not_approved",
            Self::Claim { .. } => "claim_not_approved",
            Self::Retention { .. } => "retention_too_long",
            Self::Face { .. } => "face_not_approved",
        }
    }

    /// How far an approval came before this was found: of two the one that came further says more.
    const fn reached(&self) -> u8 {
        match self {
            Self::UnknownApproval { .. } => 0,
            Self::Venue { .. } => 1,
            Self::Scenario { .. } => 2,
            Self::Authority { .. } => 3,
            Self::Withdrawn { .. } => 4,
            Self::Over { .. } => 5,
            Self::NotBegun { .. } => 6,
            Self::OutsideHours { .. } => 7,
            Self::Purpose { .. } => 8,
            Self::Claim { .. } => 9,
            Self::Retention { .. } => 10,
            Self::Face { .. } => 11,
        }
    }
}

impl Approval {
    /// Whether it covers what a desk asks.
    ///
    /// # Errors
    /// The first [`DeskRefusal`].
    pub fn covers_venue(&self, asked: &DeskUse<'_>) -> Result<(), DeskRefusal> {
        let id = || self.id.clone();
        let terms = self.terms.as_ref().filter(|terms| terms.venues.contains(asked.venue));
        let terms = terms.ok_or_else(|| DeskRefusal::Venue { venue: asked.venue.clone() })?;
        if self.scenario != asked.scenario {
            return Err(DeskRefusal::Scenario { venue: asked.venue.clone(), scenario: asked.scenario });
        }
        if !self.jurisdictions.contains(&asked.authority) {
            return Err(DeskRefusal::Authority { id: id(), authority: asked.authority });
        }
        self.covers_time(asked.at)?;
        if !terms.purposes.iter().any(|purpose| purpose == asked.purpose) {
            return Err(DeskRefusal::Purpose { id: id() });
        }
        let allowed = |claim: &str| self.claims.iter().any(|known| known == claim);
        if let Some(claim) = asked.claims.iter().find(|claim| !allowed(claim)) {
            return Err(DeskRefusal::Claim { id: id(), claim: (*claim).to_owned() });
        }
        if asked.retention_days > u32::from(self.retention_days) {
            let (asked, allowed) = (asked.retention_days, self.retention_days);
            return Err(DeskRefusal::Retention { id: id(), asked, allowed });
        }
        match &terms.face {
            Face::NotCompared if asked.face => Err(DeskRefusal::Face { id: id() }),
            Face::NotCompared | Face::Compared { .. } => Ok(()),
        }
    }

    fn covers_time(&self, at: Timestamp) -> Result<(), DeskRefusal> {
        let (id, day) = (|| self.id.clone(), at.local_date());
        if self.withdrawn {
            Err(DeskRefusal::Withdrawn { id: id() })
        } else if day < self.from {
            Err(DeskRefusal::NotBegun { id: id(), from: self.from })
        } else if day > self.to {
            Err(DeskRefusal::Over { id: id(), to: self.to })
        } else if !(self.hours.0..self.hours.1).contains(&at.local_minute_of_day()) {
            Err(DeskRefusal::OutsideHours { id: id(), hours: self.hours })
        } else {
            Ok(())
        }
    }
}

impl Approvals {
    /// The approval that covers what a desk asks.
    ///
    /// # Errors
    /// [`DeskRefusal`]: the first reason against the approval that comes nearest.
    pub fn covers_venue(&self, asked: &DeskUse<'_>) -> Result<&Approval, DeskRefusal> {
        let mut nearest = DeskRefusal::Venue { venue: asked.venue.clone() };
        for approval in self.all() {
            match approval.covers_venue(asked) {
                Ok(()) => return Ok(approval),
                Err(refusal) if refusal.reached() > nearest.reached() => nearest = refusal,
                Err(_) => {}
            }
        }
        Err(nearest)
    }

    /// The approval with this id, if it covers what a desk asks: a request names the one under which it is made.
    ///
    /// # Errors
    /// [`DeskRefusal`]: the first reason.
    pub fn covers_venue_under(&self, id: &str, asked: &DeskUse<'_>) -> Result<&Approval, DeskRefusal> {
        let named = self.all().iter().find(|approval| approval.id == id);
        let approval = named.ok_or_else(|| DeskRefusal::UnknownApproval { id: id.to_owned() })?;
        approval.covers_venue(asked)?;
        Ok(approval)
    }

    /// The approval that a request names, if it covers what the request asks at this moment. `authority` lists the desk's key.
    ///
    /// # Errors
    /// [`DeskRefusal`]: the first reason.
    pub fn covers_request(
        &self,
        authority: AuthorityCode,
        request: &VenueRequest,
        at: Timestamp,
    ) -> Result<&Approval, DeskRefusal> {
        let claims: Vec<&str> = request.asked().iter().map(ClaimName::as_str).collect();
        let asked = DeskUse {
            authority,
            venue: &request.venue,
            scenario: request.scenario,
            claims: &claims,
            purpose: &request.purpose,
            retention_days: u32::from(request.retention_days),
            face: request.face,
            at,
        };
        self.covers_venue_under(&request.approval, &asked)
    }
}
