//! Pictures of cards at a lane's reader: what is read, what each fault of a picture is called, and that no wrong zone is taken
//! however poor the frames are.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    dead_code,
    reason = "helpers of other tests, outside of the test functions themselves"
)]

#[path = "../../zone/tests/zone/cards.rs"]
mod cards;
#[path = "../../zone/tests/zone/film.rs"]
mod film;
#[path = "../src/zones.rs"]
mod zones;

use std::io::Cursor;
use std::sync::Arc;

use cards::{Chance, Grey, Print, card, zone_of};
use documents::{LocalDate, MrzFormat};
use film::{Filming, film};
use gate::devices::zone::{Needs, ZoneFault, Zones};

fn today() -> LocalDate {
    LocalDate::new(2026, 11, 25).unwrap()
}

fn lane(needs: Needs) -> Zones {
    Zones::none(needs).with(Arc::new(zones::Zones))
}

fn file(grey: &Grey, format: image::ImageFormat) -> Vec<u8> {
    let side = |side: usize| u32::try_from(side).unwrap();
    let picture = image::GrayImage::from_raw(side(grey.width), side(grey.height), grey.data.clone()).unwrap();
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A frame of a card, as a page sends it.
fn jpeg(lines: &[String], how: Filming, chance: &mut Chance) -> Vec<u8> {
    file(&film(&card(lines, Print::Plain), &how, chance), image::ImageFormat::Jpeg)
}

#[test]
fn two_pictures_that_agree_give_the_zone_and_one_does_where_files_stand_for_a_camera() {
    let mut chance = Chance(41);
    let (own, other) = (zone_of(MrzFormat::Td1, &mut chance), zone_of(MrzFormat::Td1, &mut chance));
    let clear = Filming { noise: 4.0, ..Filming::pitch(18.0) };
    let (one, two) =
        (jpeg(&own, clear, &mut chance), jpeg(&own, Filming { tilt: 2.0, ..clear }, &mut chance));
    let foreign = jpeg(&other, clear, &mut chance);
    let table = file(&Grey::painted(640, 480, |_, _| 70), image::ImageFormat::Png);
    let speck = file(&Grey::painted(60, 20, |_, _| 70), image::ImageFormat::Png);
    let lines = Ok(own.join("\n"));
    for (row, pictures, camera, still) in [
        ("two of one card", vec![&one, &two], lines.clone(), lines.clone()),
        ("one that shows nothing between them", vec![&one, &table, &two], lines.clone(), lines.clone()),
        ("one alone", vec![&one], Err(ZoneFault::Once), lines.clone()),
        ("the same file twice", vec![&one, &one], Err(ZoneFault::Once), Err(ZoneFault::Once)),
        ("one, and one that shows nothing", vec![&one, &table], Err(ZoneFault::Once), Err(ZoneFault::Once)),
        ("two cards", vec![&one, &foreign], Err(ZoneFault::Differs), Err(ZoneFault::Differs)),
        ("no card", vec![&table], Err(ZoneFault::None), Err(ZoneFault::None)),
        ("too small", vec![&speck], Err(ZoneFault::TooSmall), Err(ZoneFault::TooSmall)),
    ] {
        let pictures: Vec<Vec<u8>> = pictures.into_iter().cloned().collect();
        assert_eq!(lane(Needs::TwoAlike).read(&pictures, today()), camera, "row {row}");
        assert_eq!(lane(Needs::OneStill).read(&pictures, today()), still, "row {row}, a still");
    }
    for (row, bytes, fault) in [
        ("empty", Vec::new(), ZoneFault::File),
        ("a text", b"P<CHN".to_vec(), ZoneFault::File),
        ("cut", one[..one.len() / 2].to_vec(), ZoneFault::File),
        ("too long", vec![0; code::picture::MAX_FILE_BYTES + 1], ZoneFault::TooLarge),
    ] {
        assert_eq!(lane(Needs::OneStill).read(&[bytes], today()), Err(fault), "row {row}");
    }
    assert_eq!(Zones::none(Needs::OneStill).read(&[one], today()), Err(ZoneFault::NoReader));
}

#[test]
fn a_card_on_its_head_is_read() {
    let mut chance = Chance(5);
    let lines = zone_of(MrzFormat::Td1, &mut chance);
    let grey = film(&card(&lines, Print::Plain), &Filming::pitch(16.0), &mut chance);
    let turned = Grey::painted(grey.width, grey.height, |x, y| {
        grey.data[(grey.height - 1 - y) * grey.width + grey.width - 1 - x]
    });
    let read = lane(Needs::OneStill).read(&[file(&turned, image::ImageFormat::Jpeg)], today());
    assert_eq!(read, Ok(lines.join("\n")));
}

/// Frames worse than any that should be taken. A name may lose a stroke to a reflection in one frame; two frames of one card that
/// agree on it do not.
#[test]
fn of_poor_frames_no_wrong_zone_is_taken() {
    let poor = [
        Filming::pitch(6.0),
        Filming { blur: 2.5, ..Filming::pitch(20.0) },
        Filming { noise: 40.0, ..Filming::pitch(18.0) },
        Filming { noise: 20.0, blur: 0.5, ..Filming::pitch(7.0) },
        Filming { noise: 4.0, glare: 0.7, ..Filming::pitch(20.0) },
        Filming { noise: 4.0, glare: 4.0, ..Filming::pitch(18.0) },
        Filming {
            tilt: 5.0,
            right: 0.1,
            lower: 0.1,
            blur: 1.5,
            noise: 12.0,
            shade: 0.5,
            ..Filming::pitch(14.0)
        },
    ];
    let mut chance = Chance(20_261_129);
    let (mut taken, mut shown) = (0, 0);
    for how in poor {
        for format in [MrzFormat::Td1, MrzFormat::Td3] {
            let lines = zone_of(format, &mut chance);
            let frames: Vec<_> = (0..3).map(|_| jpeg(&lines, how, &mut chance)).collect();
            shown += 1;
            match lane(Needs::TwoAlike).read(&frames, today()) {
                Ok(read) => {
                    assert_eq!(read, lines.join("\n"), "a wrong zone was taken: {how:?}");
                    taken += 1;
                }
                Err(fault) => assert!(
                    matches!(fault, ZoneFault::None | ZoneFault::Once | ZoneFault::Differs),
                    "{fault:?}: {how:?}"
                ),
            }
        }
    }
    println!("poor frames, three of each card: {taken} of {shown} cards taken, none wrong");
    assert!(taken > 0, "some of the poor frames can be read, or this test says nothing");
}
