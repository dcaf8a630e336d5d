//! What is no zone, or a wrong one, gives nothing; and no bytes make the reader fail.

use documents::MrzFormat;
use proptest::prelude::*;
use zone::{GreyFrame, read_zone, read_zone_turned};

use crate::cards::{Chance, Grey, Print, card, zone_of};
use crate::film::{Filming, film};
use crate::today;

fn nothing(frame: &Grey, name: &str) {
    assert!(read_zone_turned(&frame.frame(), today()).is_none(), "{name}: something was read");
}

#[test]
fn a_zone_that_is_wrong_by_one_character_is_none_nor_is_one_that_is_cut_off() {
    let mut chance = Chance(5);
    for format in [MrzFormat::Td1, MrzFormat::Td2, MrzFormat::Td3] {
        for n in 0..6 {
            let right = zone_of(format, &mut chance);
            let mut wrong = right.clone();
            let (line, at) = if format == MrzFormat::Td1 { (0, 8) } else { (1, 7) };
            let digit = wrong[line][at..=at].parse::<u32>().unwrap();
            wrong[line].replace_range(at..=at, &((digit + 1) % 10).to_string());
            for pitch in [10.0, 16.0, 20.0] {
                let how = Filming { width: 1600, ..Filming::pitch(pitch) };
                let name = format!("{format:?} {n}, pitch {pitch}");
                nothing(&film(&card(&wrong, Print::Plain), &how, &mut chance), &name);
                let whole = film(&card(&right, Print::Plain), &how, &mut chance);
                nothing(&Grey::painted(800 + 2 * n, 720, |x, y| whole.data[y * 1600 + x]), &name);
            }
        }
    }
}

#[test]
fn other_text_in_the_same_type_is_none() {
    let text = "THESE<ARE<THREE<LINES<OF<TEXT<BUT<NO<ZONE<OF<ANY<CARD<0123456789".repeat(3);
    let mut chance = Chance(8);
    for i in 0..9 {
        let (count, length) = [(2, 44), (3, 30), (2, 36)][i % 3];
        let lines: Vec<String> =
            (0..count).map(|n| text[i * 3 + n * 7..i * 3 + n * 7 + length].to_owned()).collect();
        nothing(&film(&card(&lines, Print::Plain), &Filming::pitch(16.0), &mut chance), &lines.join(" "));
    }
}

#[test]
fn what_is_no_card_gives_nothing() {
    let mut chance = Chance(11);
    let dark = |dark: bool| if dark { 10 } else { 240 };
    for (name, frame) in [
        ("noise", Grey::painted(1280, 720, |_, _| chance.below(256) as u8)),
        ("fine noise", Grey::painted(640, 480, |_, _| dark(chance.below(8) == 0))),
        ("stripes", Grey::painted(1280, 720, |x, _| dark(x / 8 % 2 == 1))),
        (
            "a chequer board of characters' size",
            Grey::painted(1280, 720, |x, y| dark(x % 20 < 12 && y % 40 < 18)),
        ),
        ("small squares", Grey::painted(1280, 720, |x, y| dark(x % 9 < 6 && y % 9 < 6))),
        (
            "rings",
            Grey::painted(1280, 720, |x, y| {
                dark(x % 16 < 10 && y % 24 < 12 && (x % 16 > 1 && x % 16 < 8) != (y % 24 > 2))
            }),
        ),
        ("nothing", Grey::painted(1280, 720, |_, _| 128)),
        ("a very large picture", Grey::painted(4096, 3072, |x, y| (x * y) as u8)),
        ("a very wide picture", Grey::painted(40_000, 30, |x, y| dark((x / 3 + y / 3) % 3 == 0))),
    ] {
        nothing(&frame, name);
    }
}

#[test]
fn blots_at_a_zone_s_places_are_never_read() {
    let mut chance = Chance(12);
    for n in 0..60 {
        // Dark blots of a character's size in rows at a character's distance.
        let (pitch, tall, length, lines) = (10 + n % 12, 9 + n % 10, [30, 44, 36][n % 3], [3, 2, 2][n % 3]);
        let blots: Vec<bool> = (0..4096 * 16).map(|_| chance.below(100) < 45).collect();
        let frame = Grey::painted(1040, 480, |x, y| {
            let (Some(x), Some(y)) = (x.checked_sub(40), y.checked_sub(200)) else { return 230 };
            let (k, line) = (x / pitch, y * 2 / (pitch * 5));
            let (u, v) = (x % pitch * 6 / pitch, (y * 2 % (pitch * 5)) * 3 / tall);
            let blot = k < length && line < lines && (1..=4).contains(&u) && v < 6;
            if blot && blots[(line * 44 + k) * 36 + v * 6 + u] { 20 } else { 230 }
        });
        nothing(&frame, &format!("blots {n}"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_bytes_are_searched_without_a_fault(
        (width, height, pixels) in (80..400_u32, 30..200_u32).prop_flat_map(|(width, height)| {
            let length = usize::try_from(width * height).unwrap();
            // Stretches of one grey value are likelier than noise to look like characters.
            let stretch = (any::<u8>(), 1..12_usize).prop_map(|(grey, length)| vec![grey; length]);
            let pixels = proptest::collection::vec(stretch, length / 6).prop_map(move |stretches| {
                let mut pixels = stretches.concat();
                pixels.resize(length, 255);
                pixels
            });
            (Just(width), Just(height), pixels)
        })
    ) {
        let frame = GreyFrame::new(width, height, pixels).unwrap();
        prop_assert!(read_zone_turned(&frame, today()).is_none());
    }

    #[test]
    fn a_zone_with_pixels_changed_anywhere_is_read_rightly_or_not_at_all(seed: u64, count in 0..4000_usize) {
        let mut chance = Chance(seed);
        let lines = zone_of(MrzFormat::Td1, &mut chance);
        let how = Filming { width: 480, height: 320, ..Filming::pitch(11.0) };
        let mut frame = film(&card(&lines, Print::Plain), &how, &mut chance);
        for _ in 0..count {
            let at = chance.below(frame.data.len());
            frame.data[at] = chance.below(256) as u8;
        }
        if let Some(zone) = read_zone(&frame.frame(), today()) {
            prop_assert_eq!(zone.text(), lines.join("\n"));
        }
    }
}
