//! What a camera sees of a document: frames in which a machine-readable zone may stand.

use documents::Mrz;
use zone::{GreyFrame, Turn, ZoneReader, read_zone, read_zone_turned};

use crate::keys::now;

/// The longest side that is tried here: the fuzzer gets on.
const MOST_SIDE: u16 = 1024;

/// A frame: width and height, two bytes each, then stretches of one grey value, as `stretch` reads them; light where they end.
/// What is read says what its lines say, and a reader accepts it the second time.
pub fn zone_frame(bytes: &[u8]) -> bool {
    let Some(([a, b, c, d], stretches)) = bytes.split_first_chunk() else { return false };
    let (width, height) = (u16::from_be_bytes([*a, *b]), u16::from_be_bytes([*c, *d]));
    if width.max(height) > MOST_SIDE {
        return false;
    }
    let length = usize::from(width) * usize::from(height);
    let mut pixels: Vec<u8> = stretches.iter().flat_map(|byte| stretch(*byte)).take(length).collect();
    pixels.resize(length, u8::MAX);
    let Ok(frame) = GreyFrame::new(width.into(), height.into(), pixels) else { return false };
    let today = now().local_date();
    let upright = read_zone(&frame, today);
    let turned = read_zone_turned(&frame, today);
    if let Some((zone, _)) = &turned {
        let said = Mrz::parse(zone.text(), today);
        assert_eq!(said.as_ref(), Ok(zone.mrz()), "lines that say something else");
    }
    let Some(zone) = upright else { return turned.is_some() };
    assert!(turned == Some((zone.clone(), Turn::Upright)), "what stands upright is read so");
    let mut reader = ZoneReader::default();
    assert!(reader.see(&frame, today).is_none(), "accepted from one frame");
    assert!(reader.see(&frame, today).as_ref() == Some(&zone), "not accepted from two");
    assert_eq!(format!("{zone:?} {reader:?}"), "Zone(redacted) ZoneReader(redacted)");
    true
}

/// The first two bits are one of four grey values; the others a length: 1 to 32, then 32 to 1,024 in steps of 32.
fn stretch(byte: u8) -> impl Iterator<Item = u8> {
    let (grey, length) = (byte >> 6, usize::from(byte & 0x3f));
    std::iter::repeat_n(grey * 85, if length < 32 { length + 1 } else { (length - 31) * 32 })
}
