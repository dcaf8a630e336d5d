//! Devices: the camera and the door of a lane, and the key by which a gate knows its own.
//!
//! Lives here: [`camera`], [`door`], which door a lane has ([`lane_door`]), what reads a card's zone ([`zone`]) and its chip ([`chip_files`]), the tag of a device's answer. Not here: what is seen in a picture, whether the door
//! may open.

pub mod camera;
pub mod card;
pub mod chip_files;
pub mod door;
pub mod lane_door;
mod tag;
pub mod zone;

pub use tag::{TAG_HEADER, tag};
