//! Visit: a visitor of a building, from invitation or counter to the last exit, as a value and its transitions.
//!
//! Lives here: [`Visit`], [`Plan`], what a transition warns of or refuses; the evacuation list in `evacuation`. Not here: where
//! visits are kept (`store`), doors (`door`). Pure. Nobody is ever refused the way out.

mod evacuation;
mod words;

use credential::venue::Pseudonym;
use documents::{Timestamp, redact_debug};

pub use evacuation::{EvacuationList, Person, StaffCount, Summary};
pub use words::{Host, NotAWord, Purpose, Zone};

use crate::actor::Actor;
use crate::profile::Permit;
use crate::stay::{Source, id};

/// How long a visit is kept after its end, where the approval does not say less.
pub const KEEP_DAYS: u16 = 30;
/// The longest time between the begin and the end of one visit.
const LONGEST_SECONDS: i64 = 86_400;
/// The same for one who comes again and again.
const LONGEST_RECURRING_SECONDS: i64 = 366 * 86_400;

/// The id of a visit, drawn by the desk's page or the host's before the first try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VisitId([u8; 16]);
id!(VisitId);

/// Whom somebody visits, why, where and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    host: Host,
    purpose: Purpose,
    zones: Vec<Zone>,
    from: Timestamp,
    ends: Timestamp,
    recurring: bool,
}

/// Why a plan is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// No zone or floor, or too many.
    #[error("name 1 to 16 zones or floors")]
    Zones,
    /// It ends before it begins, or lasts too long.
    #[error("a visit ends after it begins, within a day; who comes again and again within 366 days")]
    Time,
}

impl PlanError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Zones => "plan_zones",
            Self::Time => "plan_time",
        }
    }
}

impl Plan {
    /// A plan. `recurring`: the visitor comes and goes until it ends.
    ///
    /// # Errors
    /// [`PlanError`].
    pub fn new(
        (host, purpose): (Host, Purpose),
        mut zones: Vec<Zone>,
        (from, ends): (Timestamp, Timestamp),
        recurring: bool,
    ) -> Result<Self, PlanError> {
        zones.sort();
        zones.dedup();
        if zones.is_empty() || zones.len() > 16 {
            return Err(PlanError::Zones);
        }
        let longest = if recurring { LONGEST_RECURRING_SECONDS } else { LONGEST_SECONDS };
        if !(1..=longest).contains(&ends.seconds_since(from)) {
            return Err(PlanError::Time);
        }
        Ok(Self { host, purpose, zones, from, ends, recurring })
    }

    /// Who is visited.
    #[must_use]
    pub const fn host(&self) -> &Host {
        &self.host
    }

    /// Why.
    #[must_use]
    pub const fn purpose(&self) -> &Purpose {
        &self.purpose
    }

    /// Where the visitor may go, in order.
    #[must_use]
    pub fn zones(&self) -> &[Zone] {
        &self.zones
    }

    /// From when on.
    #[must_use]
    pub const fn from(&self) -> Timestamp {
        self.from
    }

    /// The end of the badge.
    #[must_use]
    pub const fn ends(&self) -> Timestamp {
        self.ends
    }

    /// Whether the visitor comes again and again.
    #[must_use]
    pub const fn is_recurring(&self) -> bool {
        self.recurring
    }
}

/// Who visits, as far as it was released. A building keeps the kind of document, never its number.
#[derive(Clone, PartialEq, Eq)]
pub struct Visitor {
    /// Of a presentation.
    pub pseudonym: Option<Pseudonym>,
    /// The name, where released.
    pub name: Option<String>,
    /// The kind of document that was shown.
    pub document: Option<Permit>,
    /// How it was shown.
    pub source: Source,
    /// Whether the visitor said so: needs help on stairs.
    pub needs_help: bool,
}
redact_debug!(Visitor);

/// The number on a badge: six digits that say nothing of the visitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct BadgeNumber(u32);

impl BadgeNumber {
    /// A number from random bytes.
    #[must_use]
    pub fn from_random(bytes: [u8; 4]) -> Self {
        Self(u32::from_be_bytes(bytes) % 1_000_000)
    }

    /// The number, 0 to 999,999.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    pub(crate) fn new(number: u64) -> Option<Self> {
        u32::try_from(number).ok().filter(|number| *number < 1_000_000).map(Self)
    }
}

impl std::fmt::Display for BadgeNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:06}", self.0)
    }
}

/// What a warden says of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollMark {
    /// Safe at the assembly point, else missing.
    pub safe: bool,
    /// When it was said.
    pub at: Timestamp,
    /// Who said it.
    pub by: Actor,
}

/// Where a visitor is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// Invited, not here yet.
    Expected,
    /// At the counter; the host is asked.
    Waiting {
        /// Since when.
        since: Timestamp,
    },
    /// The host does not expect the visitor. No reason is asked or kept.
    NotExpected {
        /// Since when.
        at: Timestamp,
    },
    /// With a badge, outside of the zones.
    Outside {
        /// The badge.
        badge: BadgeNumber,
        /// Since when.
        since: Timestamp,
    },
    /// Inside.
    Inside {
        /// The badge.
        badge: BadgeNumber,
        /// The zone or floor that was entered last.
        zone: Zone,
        /// Since when.
        since: Timestamp,
        /// What a warden said, in an evacuation or exercise.
        mark: Option<RollMark>,
    },
    /// The badge was given back, or its time is over.
    Over {
        /// When.
        at: Timestamp,
    },
}

/// One visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    pub(crate) plan: Plan,
    /// The name that the host gave, until the visitor's own stands there.
    pub(crate) invited: Option<String>,
    pub(crate) visitor: Option<Visitor>,
    pub(crate) presence: Presence,
}

/// What the desk says and does not enforce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warning {
    /// The badge entered and has not left since: another person may use it.
    InsideAlready,
    /// The badge leaves and has not entered.
    NotInside,
    /// The badge's time is over: the visitor is let out, and not in again.
    Overstayed,
}

impl Warning {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::InsideAlready => "inside_already",
            Self::NotInside => "not_inside",
            Self::Overstayed => "overstayed",
        }
    }
}

/// Why a transition is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VisitError {
    /// What the visitor is told where the host does not expect them; it says no reason, and there is none to say.
    #[error("not expected; please ask at reception")]
    NotExpected,
    /// The invitation is for later.
    #[error("the invitation counts from {from} on; ask the host to change it")]
    TooEarly {
        /// From when on.
        from: Timestamp,
    },
    /// The invitation or badge is over.
    #[error("the invitation or badge ended at {ended}; ask the host for another one")]
    Ended {
        /// When.
        ended: Timestamp,
    },
    /// A zone that the plan does not name.
    #[error("the badge does not open this zone or floor; ask at reception")]
    Zone,
    /// The host has not answered.
    #[error("the host has not answered yet; ask again")]
    NoAnswer,
    /// Not in this state: asked twice, or never at the counter.
    #[error("the visit is not at this step; look at it again")]
    Step,
    /// A name that the pass or a card says.
    #[error("the name was shown by the visitor; ask them to show it again at the next visit")]
    Claimed,
    /// A name that is the same, or was never given.
    #[error("the name does not differ from what is kept")]
    Unchanged,
    /// A name that cannot be kept.
    #[error("the name cannot be read; write 1 to 120 characters that can be printed")]
    Name,
}

impl VisitError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotExpected => "not_expected",
            Self::TooEarly { .. } => "too_early",
            Self::Ended { .. } => "visit_ended",
            Self::Zone => "zone_not_open",
            Self::NoAnswer => "host_silent",
            Self::Step => "visit_step",
            Self::Claimed => "name_shown",
            Self::Unchanged => "unchanged",
            Self::Name => "name_form",
        }
    }
}

impl Visit {
    /// An invitation by a host; `name` is what the host calls the visitor.
    ///
    /// # Errors
    /// [`VisitError::Name`].
    pub fn invited(plan: Plan, name: Option<&str>) -> Result<Self, VisitError> {
        let invited =
            name.map(|name| crate::stay::text(name, 1)).transpose().map_err(|_| VisitError::Name)?;
        Ok(Self { plan, invited, visitor: None, presence: Presence::Expected })
    }

    /// Somebody at the counter without an invitation: the host is asked.
    ///
    /// # Errors
    /// [`VisitError::Name`].
    pub fn at_counter(plan: Plan, visitor: Visitor, now: Timestamp) -> Result<Self, VisitError> {
        let visitor = checked(visitor)?;
        Ok(Self { plan, invited: None, visitor: Some(visitor), presence: Presence::Waiting { since: now } })
    }

    /// The plan.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Who it is, once they were at the counter.
    #[must_use]
    pub const fn visitor(&self) -> Option<&Visitor> {
        self.visitor.as_ref()
    }

    /// Where they are.
    #[must_use]
    pub const fn presence(&self) -> &Presence {
        &self.presence
    }

    /// The zone in which they are; `None` of whoever is not inside.
    #[must_use]
    pub const fn zone(&self) -> Option<&Zone> {
        match &self.presence {
            Presence::Inside { zone, .. } => Some(zone),
            Presence::Expected
            | Presence::Waiting { .. }
            | Presence::NotExpected { .. }
            | Presence::Outside { .. }
            | Presence::Over { .. } => None,
        }
    }

    /// Since when they are there; `None` of an invitation.
    #[must_use]
    pub const fn since(&self) -> Option<Timestamp> {
        match &self.presence {
            Presence::Expected => None,
            Presence::Waiting { since }
            | Presence::Outside { since, .. }
            | Presence::Inside { since, .. } => Some(*since),
            Presence::NotExpected { at } | Presence::Over { at } => Some(*at),
        }
    }

    /// The name to show: the visitor's own where released, else the host's word for them.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.visitor.as_ref().and_then(|visitor| visitor.name.as_deref()).or(self.invited.as_deref())
    }

    /// The invited visitor arrives and gets a badge.
    ///
    /// # Errors
    /// [`VisitError::TooEarly`], [`VisitError::Ended`], [`VisitError::Step`], [`VisitError::Name`].
    pub fn arrive(self, visitor: Visitor, badge: BadgeNumber, now: Timestamp) -> Result<Self, VisitError> {
        match self.presence {
            Presence::Expected => {}
            Presence::NotExpected { .. } => return Err(VisitError::NotExpected),
            Presence::Waiting { .. }
            | Presence::Outside { .. }
            | Presence::Inside { .. }
            | Presence::Over { .. } => {
                return Err(VisitError::Step);
            }
        }
        self.in_time(now)?;
        let visitor = Some(checked(visitor)?);
        Ok(Self { visitor, presence: Presence::Outside { badge, since: now }, ..self })
    }

    /// The host says whether the visitor is expected. An invitation may be taken back too, as long as nobody came.
    ///
    /// # Errors
    /// [`VisitError::Step`]; [`VisitError::Ended`] for a yes after the end.
    pub fn host_says(self, expected: bool, badge: BadgeNumber, now: Timestamp) -> Result<Self, VisitError> {
        let presence = match (&self.presence, expected) {
            (Presence::Waiting { .. } | Presence::Expected, false) => Presence::NotExpected { at: now },
            (Presence::Waiting { .. }, true) => {
                self.in_time(now)?;
                Presence::Outside { badge, since: now }
            }
            (
                Presence::Expected
                | Presence::NotExpected { .. }
                | Presence::Outside { .. }
                | Presence::Inside { .. }
                | Presence::Over { .. },
                _,
            ) => return Err(VisitError::Step),
        };
        Ok(Self { presence, ..self })
    }

    fn in_time(&self, now: Timestamp) -> Result<(), VisitError> {
        if now < self.plan.from {
            return Err(VisitError::TooEarly { from: self.plan.from });
        }
        if now >= self.plan.ends {
            return Err(VisitError::Ended { ended: self.plan.ends });
        }
        Ok(())
    }

    /// The badge enters a zone. Who is inside already is warned about and let through.
    ///
    /// # Errors
    /// [`VisitError::Ended`], [`VisitError::TooEarly`], [`VisitError::Zone`], [`VisitError::NotExpected`],
    /// [`VisitError::NoAnswer`], [`VisitError::Step`].
    pub fn enter(self, zone: Zone, now: Timestamp) -> Result<(Self, Option<Warning>), VisitError> {
        let (badge, warning) = match self.presence {
            Presence::Outside { badge, .. } => (badge, None),
            Presence::Inside { badge, .. } => (badge, Some(Warning::InsideAlready)),
            Presence::NotExpected { .. } => return Err(VisitError::NotExpected),
            Presence::Waiting { .. } => return Err(VisitError::NoAnswer),
            Presence::Over { at } => return Err(VisitError::Ended { ended: at }),
            Presence::Expected => return Err(VisitError::Step),
        };
        self.in_time(now)?;
        if !self.plan.zones.contains(&zone) {
            return Err(VisitError::Zone);
        }
        Ok((Self { presence: Presence::Inside { badge, zone, since: now, mark: None }, ..self }, warning))
    }

    /// The badge leaves. It always may: what is odd about it is said, and nothing holds anybody in.
    #[must_use]
    pub fn leave(self, now: Timestamp) -> (Self, Option<Warning>) {
        let over = now >= self.plan.ends;
        let outside =
            |badge| if over { Presence::Over { at: now } } else { Presence::Outside { badge, since: now } };
        let (presence, warning) = match self.presence {
            Presence::Inside { badge, .. } => (outside(badge), over.then_some(Warning::Overstayed)),
            Presence::Outside { badge, .. } => (outside(badge), Some(Warning::NotInside)),
            Presence::Expected
            | Presence::Waiting { .. }
            | Presence::NotExpected { .. }
            | Presence::Over { .. } => (self.presence, Some(Warning::NotInside)),
        };
        (Self { presence, ..self }, warning)
    }

    /// The badge is given back: the visit is over, for one who comes again and again too.
    ///
    /// # Errors
    /// [`VisitError::Step`] where it is over already.
    pub fn end(self, now: Timestamp) -> Result<Self, VisitError> {
        match self.presence {
            Presence::Over { .. } | Presence::NotExpected { .. } => Err(VisitError::Step),
            Presence::Expected
            | Presence::Waiting { .. }
            | Presence::Outside { .. }
            | Presence::Inside { .. } => Ok(Self { presence: Presence::Over { at: now }, ..self }),
        }
    }

    /// Corrects a name that a host or clerk typed. What was shown is not typed over, and a name that was not released is not asked.
    ///
    /// # Errors
    /// [`VisitError::Name`], [`VisitError::Claimed`], [`VisitError::Unchanged`].
    pub fn correct(mut self, name: &str) -> Result<Self, VisitError> {
        let name = crate::stay::text(name, 1).map_err(|_| VisitError::Name)?;
        if self.name().is_none_or(|kept| kept == name) {
            return Err(VisitError::Unchanged);
        }
        match self.visitor.as_mut().filter(|visitor| visitor.name.is_some()) {
            Some(visitor) if visitor.source != Source::Typed => return Err(VisitError::Claimed),
            Some(visitor) => visitor.name = Some(name),
            None => self.invited = Some(name),
        }
        Ok(self)
    }

    /// Forgets the name and what was said about stairs: the visitor takes back the consent. The badge's number stands for them.
    #[must_use]
    pub fn withdraw(mut self) -> Self {
        self.invited = None;
        if let Some(visitor) = &mut self.visitor {
            visitor.name = None;
            visitor.needs_help = false;
        }
        self
    }

    /// A warden marks a person who is inside as safe or missing.
    ///
    /// # Errors
    /// [`VisitError::Step`] for who is not inside.
    pub fn mark(self, mark: RollMark) -> Result<Self, VisitError> {
        match self.presence {
            Presence::Inside { badge, zone, since, .. } => {
                Ok(Self { presence: Presence::Inside { badge, zone, since, mark: Some(mark) }, ..self })
            }
            Presence::Expected
            | Presence::Waiting { .. }
            | Presence::NotExpected { .. }
            | Presence::Outside { .. }
            | Presence::Over { .. } => Err(VisitError::Step),
        }
    }

    /// Whether somebody is inside though the badge's time is over.
    #[must_use]
    pub fn is_overstayed(&self, now: Timestamp) -> bool {
        matches!(self.presence, Presence::Inside { .. }) && now >= self.plan.ends
    }

    /// From this moment on nothing of it is kept: counted from its end, whether somebody gave the badge back or not.
    #[must_use]
    pub fn keep_until(&self, approval_days: Option<u16>) -> Timestamp {
        let ended = match self.presence {
            Presence::Over { at } | Presence::NotExpected { at } => at,
            Presence::Expected
            | Presence::Waiting { .. }
            | Presence::Outside { .. }
            | Presence::Inside { .. } => self.plan.ends,
        };
        let days = approval_days.unwrap_or(KEEP_DAYS).min(KEEP_DAYS);
        ended.local_date().plus_days(i32::from(days) + 1).start()
    }

    /// The lines of a printed badge; `None` without a badge.
    #[must_use]
    pub fn badge(&self) -> Option<Vec<String>> {
        let (Presence::Outside { badge, .. } | Presence::Inside { badge, .. }) = &self.presence else {
            return None;
        };
        let zones: Vec<&str> = self.plan.zones.iter().map(Zone::as_str).collect();
        Some(vec![
            format!("VISITOR {badge}"),
            self.name().unwrap_or_default().to_owned(),
            self.plan.host.as_str().to_owned(),
            zones.join(", "),
            self.plan.ends.to_string(),
        ])
    }
}

/// A visitor whose name can be kept and printed.
fn checked(mut visitor: Visitor) -> Result<Visitor, VisitError> {
    let name = visitor.name.take().map(|name| crate::stay::text(&name, 1));
    visitor.name = name.transpose().map_err(|_| VisitError::Name)?;
    Ok(visitor)
}

#[cfg(test)]
mod tests;
