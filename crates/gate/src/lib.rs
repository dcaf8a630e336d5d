//! Gate: the lane. Frames in, door command out; what happened is written before it is told, and told until it is heard.
//!
//! Lives here: the check of a code, cameras, doors, the durable store and outbox, and the lane that joins them. Not
//! here: any key that opens a part, any comparison of faces, any reason of an authority.

pub mod camera;
pub mod check;
mod clock;
mod courier;
pub mod door;
mod eyes;
pub mod follow;
pub mod kiosk;
mod lane;
pub mod link;
mod lists;
pub mod measures;
mod metrics;
mod reason;
mod replay;
pub mod server;
pub mod store;
mod texts;
mod trusted;

pub use clock::{Clock, FixedClock, Stopwatch, SystemClock, SystemStopwatch};
pub use courier::{Courier, Delivered};
pub use eyes::{EyeFault, Eyes, FaceEyes, Look};
pub use face::MAX_PICTURES;
pub use lane::{Around, Judged, Lane, LaneConfig, Report, Stages, open_verdict};
pub use link::{AuthorityLink, HttpLink, LinkError};
pub use lists::{Lists, ListsError, Newest};
pub use metrics::Metrics;
pub use reason::{Finder, GateReason, Remedy};
pub use replay::ReplayCache;
pub use texts::{Language, Texts, TextsError, measure_key};
pub use trusted::{Age, KeyFault, StatusAnswer, Trusted};
