//! Read rates, in the words of `docs/mrz.md`. `BAYPASS_CARDS` cards of each layout for each condition; 50 for that page's figures.

use std::time::{Duration, Instant};

use documents::MrzFormat;
use zone::{Turn, Zone, ZoneReader, read_zone, read_zone_turned};

use crate::cards::{Chance, Grey, Print, card, zone_of};
use crate::film::{Filming, film};
use crate::today;

fn count() -> usize {
    std::env::var("BAYPASS_CARDS").map_or(8, |text| text.parse().unwrap())
}

/// Cards of a layout with what stands on them, the same in each test.
fn cards(format: MrzFormat, print: Print) -> Vec<(Vec<String>, Grey)> {
    let mut chance = Chance(20_261_125 + format as u64);
    let zones = (0..count()).map(|_| zone_of(format, &mut chance));
    zones.map(|lines| (lines.clone(), card(&lines, print))).collect()
}

/// Reads a frame, which takes some time.
fn timed<T>(read: impl FnOnce() -> T, times: &mut Vec<Duration>) -> T {
    #[expect(clippy::disallowed_methods, reason = "a measurement: the test reads the stopwatch")]
    let begun = Instant::now();
    let found = read();
    times.push(begun.elapsed());
    found
}

/// Each card in a frame of its own: how many are read. Nothing wrong is given out, whatever the picture.
fn read(name: &str, cards: &[(Vec<String>, Grey)], how: &Filming, times: &mut Vec<Duration>) -> usize {
    let mut chance = Chance(name.len() as u64 * 7919 + how.pitch as u64);
    let mut found = 0;
    for (lines, card) in cards {
        let frame = film(card, how, &mut chance);
        if let Some(zone) = timed(|| read_zone(&frame.frame(), today()), times) {
            assert_eq!(zone.text(), lines.join("\n"), "{name}: a wrong reading");
            found += 1;
        }
    }
    found
}

fn print_times(mut times: Vec<Duration>) {
    times.sort();
    let (half, most) = (times[times.len() / 2], times[times.len() * 95 / 100]);
    println!("frames: {}, half within {half:.1?}, 95 of 100 within {most:.1?}", times.len());
}

fn at_least(share: f64, found: usize, name: &str) {
    assert!(found as f64 >= share * count() as f64, "{name}: {found} of {}", count());
}

/// Conditions, and the share of each layout that must be read, one frame a card: of 8 cards two may be missed.
fn conditions() -> Vec<(&'static str, Filming, f64)> {
    let at = Filming::pitch;
    vec![
        ("sharp, pitch 24 px", Filming { width: 1440, height: 960, ..at(24.0) }, 0.75),
        ("sharp, pitch 16 px", at(16.0), 0.75),
        ("sharp, pitch 12 px", at(12.0), 0.75),
        ("sharp, pitch 10 px", at(10.0), 0.75),
        ("sharp, pitch 8 px", at(8.0), 0.6),
        ("sharp, pitch 6 px", at(6.0), 0.0),
        ("tilt 4°", Filming { tilt: 4.0, ..at(18.0) }, 0.75),
        ("tilt -8°", Filming { tilt: -8.0, ..at(16.0) }, 0.75),
        ("tilt 8°", Filming { tilt: 8.0, ..at(16.0) }, 0.75),
        ("right side 20 % nearer", Filming { right: 0.2, ..at(18.0) }, 0.75),
        ("lower side 20 % nearer", Filming { lower: 0.2, ..at(18.0) }, 0.75),
        ("aslant and tilted 4°", Filming { right: -0.15, lower: 0.15, tilt: 4.0, ..at(18.0) }, 0.75),
        ("blur 0.05 pitch", Filming { blur: 1.0, ..at(20.0) }, 0.75),
        ("blur 0.075 pitch", Filming { blur: 1.5, ..at(20.0) }, 0.75),
        ("blur 0.1 pitch", Filming { blur: 2.0, ..at(20.0) }, 0.3),
        ("blur 0.125 pitch", Filming { blur: 2.5, ..at(20.0) }, 0.0),
        ("blur 0.15 pitch", Filming { blur: 3.0, ..at(20.0) }, 0.0),
        ("noise 10", Filming { noise: 10.0, ..at(18.0) }, 0.75),
        ("noise 20", Filming { noise: 20.0, ..at(18.0) }, 0.6),
        ("noise 40", Filming { noise: 40.0, ..at(18.0) }, 0.0),
        ("noise 20, blur 0.075, pitch 7 px", Filming { noise: 20.0, blur: 0.5, ..at(7.0) }, 0.0),
        ("a reflection, 2 characters wide", Filming { noise: 4.0, glare: 1.0, ..at(18.0) }, 0.0),
        ("a reflection, 8 characters wide", Filming { noise: 4.0, glare: 4.0, ..at(18.0) }, 0.0),
        ("light falls to 40 % across", Filming { shade: 0.4, ..at(18.0) }, 0.75),
        ("30 % of the light, noise 4", Filming { light: 0.3, noise: 4.0, ..at(18.0) }, 0.75),
        (
            "everything at once",
            Filming { tilt: 5.0, right: 0.1, lower: 0.1, blur: 1.0, noise: 6.0, shade: 0.6, ..at(18.0) },
            0.75,
        ),
        (
            "everything at once, pitch 12 px",
            Filming { tilt: -4.0, right: 0.1, blur: 0.8, noise: 6.0, shade: 0.6, ..at(12.0) },
            0.75,
        ),
    ]
}

#[test]
fn a_zone_is_read_in_each_condition() {
    let formats = [MrzFormat::Td1, MrzFormat::Td3, MrzFormat::Td2];
    let all = formats.map(|format| cards(format, Print::Plain));
    let mut times = Vec::new();
    for (name, how, share) in conditions() {
        let found = all.each_ref().map(|cards| read(name, cards, &how, &mut times));
        let [td1, td3, td2] = found.map(|found| format!("{found}/{}", count()));
        println!("| {name} | {td1} | {td3} | {td2} |");
        found.into_iter().for_each(|found| at_least(share, found, name));
    }
    print_times(times);
}

#[test]
fn a_zone_is_read_of_heavy_thin_and_square_print() {
    let mut times = Vec::new();
    for print in [Print::Heavy, Print::Thin, Print::Square] {
        let all = [MrzFormat::Td1, MrzFormat::Td3, MrzFormat::Td2].map(|format| cards(format, print));
        for how in [
            Filming { noise: 5.0, blur: 0.7, ..Filming::pitch(18.0) },
            Filming { tilt: 3.0, noise: 5.0, ..Filming::pitch(11.0) },
        ] {
            let name = format!("{print:?} print, pitch {} px", how.pitch);
            let found = all.each_ref().map(|cards| read(&name, cards, &how, &mut times));
            let [td1, td3, td2] = found.map(|found| format!("{found}/{}", count()));
            println!("| {name} | {td1} | {td3} | {td2} |");
            found.into_iter().for_each(|found| at_least(0.75, found, &name));
        }
    }
}

#[test]
fn a_reflection_as_small_as_a_character_changes_no_number_and_no_date_whatever_it_makes_of_a_name() {
    let mut chance = Chance(13);
    let (mut read, mut names) = (0, 0);
    for (lines, card) in [MrzFormat::Td1, MrzFormat::Td3].map(|format| cards(format, Print::Plain)).concat() {
        let how = Filming { noise: 4.0, glare: 0.7, ..Filming::pitch(20.0) };
        let Some(found) = read_zone(&film(&card, &how, &mut chance).frame(), today()) else { continue };
        let printed = documents::Mrz::parse(&lines.join("\n"), today()).unwrap();
        let data = |mrz: &documents::Mrz| {
            (
                mrz.number().to_owned(),
                mrz.birth().date(),
                mrz.expiry().date(),
                mrz.nationality(),
                mrz.code().to_owned(),
            )
        };
        assert_eq!(data(found.mrz()), data(&printed));
        read += 1;
        names += usize::from(found.text() != lines.join("\n"));
    }
    println!("reflection as small as a character: read {read}, a name lost a stroke to it in {names}");
}

#[test]
fn a_card_that_lies_any_way_up_is_read_and_is_said_to_lie_so() {
    let mut times = Vec::new();
    for format in [MrzFormat::Td1, MrzFormat::Td3] {
        // What a desk's camera sees: tilted a little, and turned by a right angle or two.
        let how =
            Filming { tilt: 3.0, noise: 4.0, blur: 0.5, width: 1300, height: 1000, ..Filming::pitch(16.0) };
        let mut chance = Chance(7);
        for turn in Turn::ALL {
            let mut found = 0;
            for (lines, card) in cards(format, Print::Plain) {
                let frame = turned(&film(&card, &how, &mut chance), turn);
                let read = timed(|| read_zone_turned(&frame.frame(), today()), &mut times);
                if let Some((zone, lay)) = read {
                    assert_eq!((zone.text(), lay), (lines.join("\n").as_str(), turn), "a wrong reading");
                    found += 1;
                }
                if turn != Turn::Upright {
                    assert!(read_zone(&frame.frame(), today()).is_none(), "read though it lies {turn:?}");
                }
            }
            println!("| {format:?}, {turn:?} | {found}/{} |", count());
            at_least(0.75, found, "turned");
        }
    }
    print_times(times);
}

/// A frame as it is before it is turned by `turn`.
fn turned(frame: &Grey, turn: Turn) -> Grey {
    let (width, height) = (frame.width, frame.height);
    let pixel = |x: usize, y: usize| frame.data[y * width + x];
    match turn {
        Turn::Upright => frame.clone(),
        Turn::Half => Grey::painted(width, height, |x, y| pixel(width - 1 - x, height - 1 - y)),
        Turn::Right => Grey::painted(height, width, |x, y| pixel(width - 1 - y, x)),
        Turn::Left => Grey::painted(height, width, |x, y| pixel(y, height - 1 - x)),
    }
}

#[test]
fn a_zone_is_accepted_when_two_frames_said_the_same() {
    let mut chance = Chance(3);
    let mut zones = (0..2).map(|_| zone_of(MrzFormat::Td1, &mut Chance(chance.below(1000) as u64)));
    let (own, other) = (zones.next().unwrap(), zones.next().unwrap());
    let noisy = Filming { noise: 5.0, ..Filming::pitch(16.0) };
    let mut shot = |lines: &[String], how: Filming| film(&card(lines, Print::Plain), &how, &mut chance);
    let mut reader = ZoneReader::default();
    let text = |zone: Option<Zone>| zone.map(|zone| zone.text().to_owned());
    assert_eq!(text(reader.see(&shot(&own, noisy).frame(), today())), None);
    assert_eq!(text(reader.see(&shot(&other, noisy).frame(), today())), None);
    assert_eq!(text(reader.see(&Grey::painted(320, 240, |_, _| 0).frame(), today())), None);
    let tilted = shot(&own, Filming { tilt: 3.0, ..noisy });
    assert_eq!(text(reader.see(&tilted.frame(), today())), Some(own.join("\n")));
    assert_eq!(text(reader.see_turned(&turned(&tilted, Turn::Half).frame(), today())), Some(own.join("\n")));
    assert_eq!(format!("{reader:?}"), "ZoneReader(redacted)");
}
