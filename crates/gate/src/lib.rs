//! Gate: the lane. Frames in, door command out; what happened is written before it is told, and told until it is heard.
//!
//! Lives here: the check of a code, the capture of a face, cameras and doors, the lane that joins them, its kiosk, the
//! durable store and outbox. Not here: any key that opens a part, any comparison of faces, any reason of an authority.

mod capture;
pub mod check;
mod clock;
pub mod devices;
mod health;
pub mod kiosk;
pub mod lane;
pub mod lists;
mod metrics;
pub mod outbox;
mod reason;
pub mod server;
mod steady;
mod texts;

pub use capture::{CaptureFault, Captured, FaceCapture, ModelCapture, ProbeCache};
pub use check::{Age, KeyFault, ReplayCache, StatusAnswer, Trusted};
pub use clock::{Clock, FixedClock, Stopwatch, SystemClock, SystemStopwatch};
pub use face::MAX_PICTURES;
pub use lane::{Judged, Lane, LaneConfig, LaneContext, Report, Stages, open_verdict};
pub use lists::{Lists, ListsError};
pub use metrics::{Counted, Metrics};
pub use outbox::{
    AuthorityAddress, AuthorityAddresses, AuthorityLink, Courier, Delivered, HttpLink, LinkError,
};
pub use reason::{Finder, GateReason, Remedy};
pub use steady::{ClockState, SteadyClock, apart};
pub use texts::{Language, Texts, TextsError, measure_key};
