//! Seeds of frames with a machine-readable zone, drawn with the pictures that the reader compares with.

#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a tool of the tests: places in a frame that is drawn here"
)]

use documents::check_digit;

use super::{cut, other, put};

/// A line of the pictures: a character, a blank, a digit of base 16 for each of 12 by 16 squares.
const SIGNS: &str = include_str!("../../../zone/data/signs.txt");
/// From character to character there are 12.5 squares.
const SQUARES: f64 = 12.5;
const PITCH: f64 = 9.0;
/// Between two lines (ICAO 9303-3): 6.35 mm where characters are 2.54 mm apart.
const LINE: f64 = 2.5 * PITCH;

/// Writes them.
pub fn zones() {
    let [number, birth, expiry] = ["H12345678", "800101", "331231"];
    let check = |field: &str| check_digit(field).unwrap();
    let one = format!("CRCHN{number}{:<<16}", check(number));
    let two = format!("{birth}{}F{expiry}{}CHN<<<<<<<<<<<", check(birth), check(expiry));
    let all = [&one[5..], &two[..7], &two[8..15], &two[18..29]].concat();
    let lines = [one, format!("{two}{}", check(&all)), format!("{:<<30}", "LI<<NA")];
    let frame = encoded(&drawn(&lines));
    put("zone_frame", "ok-permit", &frame);
    let mut lying = drawn(&lines);
    lying.reverse();
    lying.iter_mut().for_each(|row| row.reverse());
    put("zone_frame", "ok-on-its-head", encoded(&lying));
    put("zone_frame", "no-cut", cut(&frame));
    put("zone_frame", "no-other-width", other(&frame, 1, 0xff));
    let wrong = lines.map(|line| line.replacen("345", "346", 1));
    put("zone_frame", "no-wrong-digit", encoded(&drawn(&wrong)));
    put("zone_frame", "no-too-large", [0xff; 8]);
    put("zone_frame", "no-too-small", [0, 79, 0, 30, 0]);
    put("zone_frame", "no-stripes", [&[1, 0, 1, 0][..], &[3, 0xc3].repeat(2000)].concat());
}

/// Dark shares of 0 to 15, row after row.
fn drawn(lines: &[String]) -> Vec<Vec<u32>> {
    let (width, height) = ((PITCH * 33.0) as usize, (LINE * 4.0) as usize);
    let pixel = |x: usize, y: usize| {
        // The mean of nine places in a pixel.
        let places = (0..9).map(|n| (f64::from(n % 3) / 3.0 + 1.0 / 6.0, f64::from(n / 3) / 3.0 + 1.0 / 6.0));
        let dark = |(u, v): (f64, f64)| square(lines, (x as f64 + u) / PITCH - 1.5, (y as f64 + v) / PITCH);
        (places.map(dark).sum::<u32>() + 4) / 9
    };
    (0..height).map(|y| (0..width).map(|x| pixel(x, y)).collect()).collect()
}

/// The square at a place, counted in characters from the left of the zone and the top of the frame.
fn square(lines: &[String], x: f64, y: f64) -> u32 {
    let line = (y * PITCH / LINE - 0.5).floor();
    let down = (y - (line + 0.5) * LINE / PITCH) * SQUARES - 7.6;
    let (k, right) = (x.floor(), (x - x.floor()) * SQUARES - 0.25);
    if line < 0.0 || k < 0.0 || !(0.0..16.0).contains(&down) || !(0.0..12.0).contains(&right) {
        return 0;
    }
    let sign = lines.get(line as usize).and_then(|line| line.chars().nth(k as usize));
    let picture = sign.and_then(|sign| SIGNS.lines().find(|line| line.starts_with(sign)));
    let at = 2 + down as usize * 12 + right as usize;
    picture.and_then(|picture| picture.chars().nth(at)?.to_digit(16)).unwrap_or(0)
}

fn encoded(rows: &[Vec<u32>]) -> Vec<u8> {
    let side = |side: usize| u16::try_from(side).unwrap().to_be_bytes();
    let mut bytes = [side(rows[0].len()), side(rows.len())].concat();
    let greys: Vec<u8> =
        rows.concat().into_iter().map(|dark| u8::try_from(3 - dark * 4 / 16).unwrap()).collect();
    for same in greys.chunk_by(|a, b| a == b) {
        let mut left = same.len();
        while left > 0 {
            let (length, code) = if left < 64 {
                (left.min(32), left.min(32) - 1)
            } else {
                (left.min(1024) / 32 * 32, left.min(1024) / 32 + 31)
            };
            bytes.push(same[0] << 6 | u8::try_from(code).unwrap());
            left -= length;
        }
    }
    bytes
}
