//! Reader: from a frame to a zone, and from frames to one that is accepted.
//!
//! Lives here: [`read_zone`], [`read_zone_turned`], [`ZoneReader`]. Not here: how each step works.

use std::collections::VecDeque;

use documents::{LocalDate, MrzFormat, redact_debug};

use crate::cut::cuts;
use crate::frame::{GreyFrame, Turn};
use crate::judge::judge;
use crate::patch::patches;
use crate::row::rows;
use crate::zone::Zone;

/// So many ways to cut a frame's rows as TD1 or TD3 are tried, and as many again as TD2.
pub const MAX_CUTS: usize = 8;

/// So many readings a reader remembers.
const REMEMBERED: usize = 6;

/// The zone of a document that stands upright in the frame, or within some ten degrees of it. `today` decides the century of
/// the birth date. Work is bounded: by the frame's pixels, and by counts that stand beside each step.
#[must_use]
pub fn read_zone(frame: &GreyFrame<'_>, today: LocalDate) -> Option<Zone> {
    read_upright(&frame.searched(), today)
}

/// As [`read_zone`], of a document that lies any of four ways up, as it does below a desk's camera. Where no zone is, this
/// takes four times as long.
#[must_use]
pub fn read_zone_turned(frame: &GreyFrame<'_>, today: LocalDate) -> Option<(Zone, Turn)> {
    let frame = frame.searched();
    let turned = |turn: Turn| Some((read_upright(&frame.turned(turn), today)?, turn));
    Turn::ALL.into_iter().find_map(turned)
}

fn read_upright(frame: &GreyFrame<'_>, today: LocalDate) -> Option<Zone> {
    let rows = rows(&patches(frame));
    let usual = cuts(&rows, &[MrzFormat::Td1, MrzFormat::Td3]).take(MAX_CUTS);
    let rare = cuts(&rows, &[MrzFormat::Td2]).take(MAX_CUTS);
    usual.chain(rare).find_map(|cut| judge(&cut, frame, today))
}

/// Accepts a zone once two frames gave the same one: an accidental misreading does not occur twice. One reader for one document:
/// it remembers what it read.
#[derive(Default)]
pub struct ZoneReader {
    said: VecDeque<String>,
}
redact_debug!(ZoneReader);

impl ZoneReader {
    /// A frame of a document that stands upright: the zone, if an earlier frame gave the same.
    pub fn see(&mut self, frame: &GreyFrame<'_>, today: LocalDate) -> Option<Zone> {
        read_zone(frame, today).filter(|zone| self.accepts(zone))
    }

    /// A frame of a document that lies any way up: the zone, if an earlier frame gave the same.
    pub fn see_turned(&mut self, frame: &GreyFrame<'_>, today: LocalDate) -> Option<Zone> {
        read_zone_turned(frame, today).map(|(zone, _)| zone).filter(|zone| self.accepts(zone))
    }

    fn accepts(&mut self, zone: &Zone) -> bool {
        if self.said.iter().any(|said| said == zone.text()) {
            return true;
        }
        self.said.push_back(zone.text().to_owned());
        if self.said.len() > REMEMBERED {
            self.said.pop_front();
        }
        false
    }
}
