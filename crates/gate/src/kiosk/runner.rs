//! Runner: the lane behind a kiosk, which serves a traveller from the code or the first card to the door.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use clearance::ClearanceId;

use super::devices::KioskDevices;
use super::session::{First, SessionHandle};
use crate::capture::{CaptureFault, FaceCapture, ProbeCache};
use crate::devices::door::Door;
use crate::devices::zone::Zones;
use crate::lane::{Lane, LaneContext, Report};
use crate::outbox::AuthorityLink;

/// A lane, whatever its link, face capture and door are made of.
pub(super) trait Runner: Send + Sync {
    /// Serves the traveller of `session`, who has shown their code or first card.
    fn serve(
        &self,
        session: SessionHandle,
        clearance: ClearanceId,
        first: First,
    ) -> Pin<Box<dyn Future<Output = Report> + Send + '_>>;

    /// Whether a picture can be compared; looked at ahead of the lane.
    ///
    /// # Errors
    /// Why it cannot.
    fn preview(&self, picture: &[u8]) -> Result<(), CaptureFault>;

    /// What reads pictures of cards at this lane.
    fn zones(&self) -> &Zones;
}

/// A lane and its door.
pub(super) struct LaneRunner<L, E, D> {
    pub(super) lane: Arc<Lane<L, ProbeCache<E>>>,
    /// The door of a lane that is not simulated.
    pub(super) door: Option<D>,
}

impl<L, E, D> Runner for LaneRunner<L, E, D>
where
    L: AuthorityLink + 'static,
    E: FaceCapture,
    D: Door + Clone + Sync + 'static,
{
    fn serve(
        &self,
        session: SessionHandle,
        clearance: ClearanceId,
        first: First,
    ) -> Pin<Box<dyn Future<Output = Report> + Send + '_>> {
        Box::pin(async move {
            let kiosk = Arc::clone(&session.kiosk);
            let real = if kiosk.config().simulated_camera { None } else { self.door.clone() };
            let mut devices = KioskDevices::new(&session, first, real);
            let trusted = (kiosk.setup.trusted)();
            let context = LaneContext {
                camera: &mut devices.camera,
                door: &mut devices.door,
                screen: &mut devices.screen,
                measures: &mut devices.measures,
                trusted: &*trusted,
                clock: &*kiosk.setup.clock,
                watch: &*kiosk.setup.watch,
            };
            let report = self.lane.serve(clearance, context).await;
            self.lane.faces().clear();
            report
        })
    }

    fn preview(&self, picture: &[u8]) -> Result<(), CaptureFault> {
        self.lane.faces().preview(picture)
    }

    fn zones(&self) -> &Zones {
        self.lane.zones()
    }
}
