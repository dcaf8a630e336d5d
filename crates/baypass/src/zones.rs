//! Zones: the reader of machine-readable zones that this program plugs into lanes and desks: picture files through the one decoder
//! (`code::picture`), grey values through `zone`.
//!
//! Lives here: [`Zones`], and when pictures agree. Not here: how a zone is read (`zone`), which lane asks for how many
//! pictures (`gate::devices::zone`), what the lines mean.

use std::sync::Arc;

use code::picture::{PictureError, WHITE, decode, grey_on};
use documents::LocalDate;
use gate::devices::zone::{Needs, ZoneFault, ZoneReader};
use venue::http::NoZone;
use zone::{FrameError, GreyFrame, Zone, read_zone_turned};

/// Reads a card that lies any of four ways up.
#[derive(Debug, Clone, Copy)]
pub struct Zones;

impl ZoneReader for Zones {
    fn lines(&self, pictures: &[Vec<u8>], needs: Needs, today: LocalDate) -> Result<String, ZoneFault> {
        let mut read: Vec<Zone> = Vec::new();
        for (n, picture) in pictures.iter().enumerate() {
            // The same file twice is one picture.
            if pictures.iter().take(n).any(|earlier| earlier == picture) {
                continue;
            }
            let Some(zone) = zone_in(picture, today)? else { continue };
            if read.contains(&zone) {
                return Ok(zone.text().to_owned());
            }
            read.push(zone);
        }
        match read.as_slice() {
            [] => Err(ZoneFault::None),
            [one] if needs == Needs::OneStill && pictures.len() == 1 => Ok(one.text().to_owned()),
            [_] => Err(ZoneFault::Once),
            [_, _, ..] => Err(ZoneFault::Differs),
        }
    }
}

/// The same reader for the counter of a desk, where a clerk compares what was read: two pictures must agree there too.
pub fn of_desk() -> venue::http::ZoneReader {
    Arc::new(|pictures, today| {
        let lines = Zones.lines(pictures, Needs::TwoAlike, today);
        lines.map_err(|fault| NoZone { code: fault.code(), want: fault.want() })
    })
}

/// The zone in one picture. Its pixels are gone when this ends.
fn zone_in(picture: &[u8], today: LocalDate) -> Result<Option<Zone>, ZoneFault> {
    let grey = grey_on(decode(picture).map_err(of_picture)?, WHITE);
    let (width, height) = grey.dimensions();
    let frame = GreyFrame::new(width, height, grey.into_raw()).map_err(of_frame)?;
    Ok(read_zone_turned(&frame, today).map(|(zone, _)| zone))
}

const fn of_picture(error: PictureError) -> ZoneFault {
    match error {
        PictureError::TooManyBytes { .. } | PictureError::TooManyPixels { .. } => ZoneFault::TooLarge,
        PictureError::Empty
        | PictureError::Text
        | PictureError::Format { .. }
        | PictureError::Coding
        | PictureError::Unknown
        | PictureError::Truncated
        | PictureError::Damaged => ZoneFault::File,
    }
}

const fn of_frame(error: FrameError) -> ZoneFault {
    match error {
        FrameError::TooSmall { .. } => ZoneFault::TooSmall,
        FrameError::TooLarge { .. } => ZoneFault::TooLarge,
        FrameError::Pixels { .. } => ZoneFault::File,
    }
}
