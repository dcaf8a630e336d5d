//! State: what an authority keeps of a person, a device and a lane between crossings: of one size, however many there were.
//!
//! Lives here: [`PersonState`], [`DeviceState`], [`LaneState`], their updates as pure functions, their bounded deterministic forms, and
//! the journeys between ports ([`Journeys`]). Not here: the ledger with every crossing, keys under which a state is sealed (`authority`).

mod decay;
mod device;
mod journeys;
mod lane;
mod person;

use credential::cbor::{CborError, Reader, Writer};
use credential::message::read_direction;
use documents::{Direction, PortId, Timestamp};

pub use device::DeviceState;
pub use journeys::Journeys;
pub use lane::{LaneState, LaneTry};
pub use person::{Crossing, PersonState};

/// Longest form of a state, in bytes.
pub const MAX_STATE: usize = 768;

/// Where and when somebody crossed.
#[derive(Clone, PartialEq, Eq)]
pub struct Crossed {
    /// The port.
    pub port: PortId,
    /// From where to where.
    pub direction: Direction,
    /// When.
    pub at: Timestamp,
}

documents::redact_debug!(Crossed);

impl Crossed {
    fn write(this: Option<&Self>, w: &mut Writer) {
        let Some(this) = this else {
            w.null();
            return;
        };
        w.array(4)
            .text(this.port.as_str())
            .text(this.direction.from().code())
            .text(this.direction.to().code());
        w.uint(this.at.unix().unsigned_abs());
    }

    fn read(r: &mut Reader<'_>) -> Result<Option<Self>, CborError> {
        if r.null_here()? {
            return Ok(None);
        }
        r.array_exact(4)?;
        let port = r.text(32)?.parse().map_err(|_| CborError::Unexpected)?;
        Ok(Some(Self { port, direction: read_direction(r)?, at: read_time(r)? }))
    }
}

fn write_time(w: &mut Writer, at: Timestamp) {
    w.uint(at.unix().unsigned_abs());
}

fn read_time(r: &mut Reader<'_>) -> Result<Timestamp, CborError> {
    i64::try_from(r.uint()?).ok().and_then(Timestamp::from_unix).ok_or(CborError::Limit)
}

fn read_u32(r: &mut Reader<'_>) -> Result<u32, CborError> {
    u32::try_from(r.uint()?).map_err(|_| CborError::Limit)
}

/// A few things seen lately, the latest of each, by keyed tags: never more than `N`.
#[derive(Clone, PartialEq, Eq)]
struct Lately<const N: usize>(Vec<Seen>);

#[derive(Clone, Copy, PartialEq, Eq)]
struct Seen {
    tag: u64,
    /// Days since the epoch.
    day: u32,
    declared: bool,
}

/// For how many days something counts as seen lately.
const LATELY_DAYS: u32 = 30;

impl<const N: usize> Lately<N> {
    const fn new() -> Self {
        Self(Vec::new())
    }

    /// Notes `tag`; what is older than a month goes, and then the oldest where there is no room.
    fn note(&mut self, tag: u64, day: u32, declared: bool) {
        self.0.retain(|seen| seen.tag != tag && seen.day + LATELY_DAYS > day);
        if self.0.len() >= N
            && let Some(oldest) = self.0.iter().enumerate().min_by_key(|(_, seen)| seen.day).map(|(at, _)| at)
        {
            self.0.remove(oldest);
        }
        self.0.push(Seen { tag, day, declared });
    }

    fn count(&self, which: impl Fn(&Seen) -> bool) -> i64 {
        i64::try_from(self.0.iter().filter(|seen| which(seen)).count()).unwrap_or(i64::MAX)
    }

    fn write(&self, w: &mut Writer) {
        w.array(self.0.len());
        for seen in &self.0 {
            w.array(3).bytes(&seen.tag.to_be_bytes()).uint(u64::from(seen.day)).bool(seen.declared);
        }
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, CborError> {
        let count = r.array(N)?;
        let mut all: Vec<Seen> = Vec::with_capacity(count);
        for _ in 0..count {
            r.array_exact(3)?;
            let seen = Seen {
                tag: u64::from_be_bytes(*r.bytes_exact()?),
                // Five million days: no sum of it overflows.
                day: u32::try_from(r.uint_max(5_000_000)?).map_err(|_| CborError::Limit)?,
                declared: r.bool()?,
            };
            if all.iter().any(|other| other.tag == seen.tag) {
                return Err(CborError::Keys);
            }
            all.push(seen);
        }
        Ok(Self(all))
    }
}

fn day_of(at: Timestamp) -> u32 {
    u32::try_from(at.local_date().days_since_epoch()).unwrap_or(0)
}
