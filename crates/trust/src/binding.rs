//! Binding: where a gate's key counts. A key that is taken out of its lane is worth nothing at another.
//!
//! Lives here: [`Binding`], [`GateBinding`], and why a place lies outside of it. Not here: a desk's binding (`desk_binding`), who
//! asks (`authority`), the key (`list`).

use std::collections::BTreeSet;
use std::fmt;

use credential::PublicKey;
use credential::cbor::{CborError, Reader, Writer};
use credential::message::{lane_number, read_direction, read_lane, read_port};
use documents::{Direction, LaneKind, PortId};

use crate::ascending::ascending;
use crate::desk_binding::DeskBinding;
use crate::issuer_binding::IssuerBinding;
use crate::role::Role;
use crate::verifier_binding::VerifierBinding;

/// What a lane can be asked for at most: four kinds of lanes, six ways between three authorities.
const MAX_LANES: usize = 4;
const MAX_DIRECTIONS: usize = 6;

/// For what the key of a gate, a desk, or an issuer or verifier of another system counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Binding {
    /// Of a gate.
    Gate(GateBinding),
    /// Of a desk.
    Desk(DeskBinding),
    /// Of an issuer of another system.
    Issuer(IssuerBinding),
    /// Of a verifier of another system.
    Verifier(VerifierBinding),
}

impl Binding {
    /// Whether every key of this role has a binding.
    pub(crate) const fn is_for(role: Role) -> bool {
        matches!(role, Role::Gate | Role::Desk | Role::ForeignIssuer | Role::ForeignVerifier)
    }

    pub(crate) fn write(&self, w: &mut Writer) {
        match self {
            Self::Gate(binding) => binding.write(w),
            Self::Desk(binding) => binding.write(w),
            Self::Issuer(binding) => binding.write(w),
            Self::Verifier(binding) => binding.write(w),
        }
    }

    /// The key that the binding itself names; an entry of another key is none.
    pub(crate) const fn key(&self) -> Option<&PublicKey> {
        match self {
            Self::Gate(_) | Self::Desk(_) => None,
            Self::Issuer(binding) => Some(binding.key()),
            Self::Verifier(binding) => Some(binding.key()),
        }
    }

    /// Reads the binding of a key of `role`; `None` for a role whose keys have none.
    pub(crate) fn read(role: Role, r: &mut Reader<'_>) -> Result<Option<Self>, CborError> {
        Ok(match role {
            Role::Gate => Some(Self::Gate(GateBinding::read(r)?)),
            Role::Desk => Some(Self::Desk(DeskBinding::read(r)?)),
            Role::ForeignIssuer => Some(Self::Issuer(IssuerBinding::read(r)?)),
            Role::ForeignVerifier => Some(Self::Verifier(VerifierBinding::read(r)?)),
            Role::Token
            | Role::Part
            | Role::Handover
            | Role::Verdict
            | Role::Notice
            | Role::Status
            | Role::Approval
            | Role::Tls
            | Role::Venue
            | Role::Counter => None,
        })
    }
}

/// The place for which a gate's key counts, as its authority lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateBinding {
    port: PortId,
    lanes: BTreeSet<LaneKind>,
    directions: BTreeSet<Direction>,
    joint: bool,
}

/// What of a request or an event lies outside of its gate's binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outside {
    /// Another port.
    Port,
    /// Another kind of lane.
    Lane,
    /// Another way between the authorities.
    Direction,
    /// A joint lane's request by a lane of one authority, or the reverse.
    Joint,
    /// A clearance of another gate.
    Clearance,
}

impl fmt::Display for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Port => "port",
            Self::Lane => "kind of lane",
            Self::Direction => "direction",
            Self::Joint => "number of authorities",
            Self::Clearance => "clearance",
        })
    }
}

impl GateBinding {
    /// A binding; `None` without any kind of lane or any direction, for such a key would count nowhere.
    #[must_use]
    pub fn new(
        port: PortId,
        lanes: impl IntoIterator<Item = LaneKind>,
        directions: impl IntoIterator<Item = Direction>,
        joint: bool,
    ) -> Option<Self> {
        let (lanes, directions): (BTreeSet<_>, BTreeSet<_>) =
            (lanes.into_iter().collect(), directions.into_iter().collect());
        (!lanes.is_empty() && !directions.is_empty()).then_some(Self { port, lanes, directions, joint })
    }

    /// One lane for codes: the port, one direction, whether it serves both authorities.
    #[must_use]
    pub fn code_lane(port: PortId, direction: Direction, joint: bool) -> Self {
        Self::lane(port, LaneKind::Code, direction, joint)
    }

    /// One lane of this kind: the port, one direction, whether it serves both authorities.
    #[must_use]
    pub fn lane(port: PortId, kind: LaneKind, direction: Direction, joint: bool) -> Self {
        Self { port, lanes: [kind].into(), directions: [direction].into(), joint }
    }

    /// The port at which the gate counts.
    #[must_use]
    pub const fn port(&self) -> &PortId {
        &self.port
    }

    /// The ways, in order.
    pub fn directions(&self) -> impl Iterator<Item = Direction> {
        self.directions.iter().copied()
    }

    /// Whether the lane serves both authorities.
    #[must_use]
    pub const fn joint(&self) -> bool {
        self.joint
    }

    /// Whether a request for this lane is the gate's to make.
    ///
    /// # Errors
    /// The first thing about the lane for which the key is not listed.
    pub fn check(
        &self,
        port: &PortId,
        lane: LaneKind,
        direction: Direction,
        joint: bool,
    ) -> Result<(), Outside> {
        self.check_way(port, direction)?;
        if !self.lanes.contains(&lane) {
            Err(Outside::Lane)
        } else if self.joint != joint {
            Err(Outside::Joint)
        } else {
            Ok(())
        }
    }

    /// Whether a crossing of this port in this direction is the gate's.
    ///
    /// # Errors
    /// The port, or the direction.
    pub fn check_way(&self, port: &PortId, direction: Direction) -> Result<(), Outside> {
        if self.port != *port {
            Err(Outside::Port)
        } else if !self.directions.contains(&direction) {
            Err(Outside::Direction)
        } else {
            Ok(())
        }
    }

    pub(crate) fn write(&self, w: &mut Writer) {
        w.array(4).text(self.port.as_str()).array(self.lanes.len());
        for lane in &self.lanes {
            w.uint(lane_number(*lane));
        }
        w.array(self.directions.len());
        for direction in &self.directions {
            w.array(2).text(direction.from().code()).text(direction.to().code());
        }
        w.bool(self.joint);
    }

    /// Reads a binding: lanes and directions ascend, so that a binding has one form.
    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Self, CborError> {
        r.array_exact(4)?;
        let port = read_port(r)?;
        let (mut lanes, mut directions) = (BTreeSet::new(), BTreeSet::new());
        for _ in 0..r.array(MAX_LANES)? {
            ascending(&mut lanes, read_lane(r.uint()?)?)?;
        }
        for _ in 0..r.array(MAX_DIRECTIONS)? {
            r.array_exact(2)?;
            ascending(&mut directions, read_direction(r)?)?;
        }
        Self::new(port, lanes, directions, r.bool()?).ok_or(CborError::Limit)
    }
}

/// The id that a list has for key `number` of a gate or desk: its name for the first, then `NAME#2` and so on.
#[must_use]
pub fn gate_kid(gate: &str, number: u8) -> Vec<u8> {
    if number == 1 { gate.as_bytes().to_vec() } else { format!("{gate}#{number}").into_bytes() }
}

/// The gate or desk that a key id names, and which of its keys; a name holds no `#`.
#[must_use]
pub fn gate_of_kid(kid: &[u8]) -> (&[u8], u8) {
    let later = || {
        let at = kid.iter().rposition(|byte| *byte == b'#')?;
        let (gate, rest) = kid.split_at_checked(at)?;
        let digits = std::str::from_utf8(rest.strip_prefix(b"#")?).ok()?;
        let number: u8 = digits.parse().ok().filter(|number| *number > 1)?;
        (number.to_string() == digits).then_some((gate, number))
    };
    later().unwrap_or((kid, 1))
}

#[cfg(test)]
mod tests {
    use documents::AuthorityCode::{Chn, Mac};

    use super::*;

    #[test]
    fn a_key_counts_at_its_port_its_kind_of_lane_its_direction_and_nowhere_else() {
        let (hengqin, gongbei) = ("hengqin".parse().unwrap(), "gongbei".parse().unwrap());
        let out = Direction::new(Chn, Mac).unwrap();
        let bound = GateBinding::code_lane("hengqin".parse().unwrap(), out, true);
        for (port, lane, direction, joint, expected) in [
            (&hengqin, LaneKind::Code, out, true, Ok(())),
            (&gongbei, LaneKind::Code, out, true, Err(Outside::Port)),
            (&hengqin, LaneKind::Manual, out, true, Err(Outside::Lane)),
            (&hengqin, LaneKind::Document, out, true, Err(Outside::Lane)),
            (&hengqin, LaneKind::Code, out.reversed(), true, Err(Outside::Direction)),
            (&hengqin, LaneKind::Code, out, false, Err(Outside::Joint)),
        ] {
            assert_eq!(bound.check(port, lane, direction, joint), expected, "{port} {lane:?} {direction}");
        }
        let by_document = GateBinding::lane("hengqin".parse().unwrap(), LaneKind::Document, out, true);
        assert_eq!(by_document.check(&hengqin, LaneKind::Document, out, true), Ok(()));
        assert_eq!(by_document.check(&hengqin, LaneKind::Code, out, true), Err(Outside::Lane));
        assert_eq!(GateBinding::new("hengqin".parse().unwrap(), [], [out], true), None);
        assert_eq!(GateBinding::new("hengqin".parse().unwrap(), [LaneKind::Code], [], true), None);
    }

    #[test]
    fn a_key_id_of_a_gate_names_the_gate_and_which_key_in_one_form() {
        for number in [1, 2, 10, 255] {
            let kid = gate_kid("hengqin/CHN-MAC/2", number);
            assert_eq!(gate_of_kid(&kid), (&b"hengqin/CHN-MAC/2"[..], number));
        }
        for other in ["a#", "a#1", "a#02", "a#+2", "a#256", "a#2#", "a"] {
            assert_eq!(gate_of_kid(other.as_bytes()), (other.as_bytes(), 1), "{other}");
        }
    }
}
