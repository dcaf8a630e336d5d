//! Zone: reads the machine-readable zone of a document (ICAO 9303: TD1, TD2, TD3) in a camera's frame. Pure.
//!
//! Lives here: [`GreyFrame`], [`read_zone`] and, for documents that lie any way up, [`read_zone_turned`]; [`ZoneReader`], which
//! accepts what two frames gave. Within: dark patches of a character's size (`patch`), patches in a row at one distance
//! (`segment`, `row`), rows above each other cut into characters (`cut`), each compared with 37 pictures (`sign`, `look`,
//! `recognise`), and what may be given out (`judge`). Not here: cameras, picture files (`code::picture`), what a field means
//! and the check digits (`documents::Mrz`). The wallet's `web/wallet/src/zone.ts` reads in the same way.

mod cut;
mod frame;
mod judge;
mod look;
mod patch;
mod reader;
mod recognise;
mod row;
mod segment;
mod sign;
mod zone;

pub use frame::{FrameError, GreyFrame, MAX_PIXELS, MIN_HEIGHT, MIN_WIDTH, Turn};
pub use reader::{MAX_CUTS, ZoneReader, read_zone, read_zone_turned};
pub use zone::Zone;
