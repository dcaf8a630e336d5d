//! Device: where a device was last, and whose passes were shown from it lately.
//!
//! Lives here: [`DeviceState`]. Not here: attestation, keys (`credential`), who declared a family or a carer (the authority's registry).

use credential::cbor::{CborError, Reader, Writer};
use documents::redact_debug;

use super::{Crossed, Journeys, Lately, day_of};
use crate::facts::{Facts, NotAFact};
use crate::schema::Schema;

/// Residents that are told apart on one device.
const RESIDENTS: usize = 16;

/// The state of one device at one authority.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceState {
    last: Option<Crossed>,
    residents: Lately<RESIDENTS>,
}

redact_debug!(DeviceState);

impl Default for DeviceState {
    fn default() -> Self {
        Self::new()
    }
}

impl DeviceState {
    /// A device of which nothing is known yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { last: None, residents: Lately::new() }
    }

    /// The state after a crossing of `resident` (a keyed tag). Whether a declaration joins them with this device, as a family or a
    /// carer, is the authority's to say; such a resident never counts as a stranger.
    #[must_use]
    pub fn crossed(&self, resident: u64, declared: bool, crossed: &Crossed) -> Self {
        let mut state = self.clone();
        state.residents.note(resident, day_of(crossed.at), declared);
        state.last = Some(crossed.clone());
        state
    }

    /// Puts the signals of a crossing that is asked about, before it is added.
    ///
    /// # Errors
    /// [`NotAFact`] where the schema lacks a signal of a device's state.
    pub fn signals(
        &self,
        (resident, declared): (u64, bool),
        crossed: &Crossed,
        journeys: &Journeys<'_>,
        schema: &Schema,
        facts: &mut Facts,
    ) -> Result<(), NotAFact> {
        let mut residents = self.residents.clone();
        residents.note(resident, day_of(crossed.at), declared);
        // The one who stands here is no other resident.
        let others =
            |declared: bool| residents.count(|seen| seen.tag != resident && seen.declared == declared);
        facts.clamped(schema, "undeclared_residents_on_device", others(false))?;
        facts.clamped(schema, "declared_residents_on_device", others(true))?;
        let short = self.last.as_ref().map_or(0, |last| journeys.short_minutes(last, crossed));
        facts.clamped(schema, "device_journey_short_minutes", short).map(drop)
    }

    /// The deterministic form.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::with_capacity(256);
        w.array(2);
        Crossed::write(self.last.as_ref(), &mut w);
        self.residents.write(&mut w);
        w.finish()
    }

    /// Reads the deterministic form.
    ///
    /// # Errors
    /// [`CborError`] for the first malformed item.
    pub fn decode(bytes: &[u8]) -> Result<Self, CborError> {
        if bytes.len() > super::MAX_STATE {
            return Err(CborError::Limit);
        }
        let mut r = Reader::new(bytes);
        r.array_exact(2)?;
        let state = Self { last: Crossed::read(&mut r)?, residents: Lately::read(&mut r)? };
        r.finish()?;
        Ok(state)
    }
}
