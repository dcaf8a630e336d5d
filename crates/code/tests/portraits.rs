//! Portraits of chips: JPEG 2000 shows what its encoder was given, and what would cost more than a portrait does is refused.
//!
//! `tests/files` holds pictures of our own, drawn by a formula and written by another program's encoder (OpenJPEG).
#![expect(clippy::unwrap_used, reason = "tests: a failure here fails the test")]

use code::picture::{PictureError, decode, decode_portrait};
use image::{DynamicImage, GrayImage, Luma, Rgb, RgbImage};
use proptest::prelude::*;

fn file(name: &str) -> Vec<u8> {
    std::fs::read(test_support::root().join("crates/code/tests/files").join(name)).unwrap()
}

/// What stands in every file but the large one.
fn drawn(colours: bool) -> DynamicImage {
    let low = |value: u32| u8::try_from(value % 256).unwrap();
    if colours {
        RgbImage::from_fn(40, 52, |x, y| Rgb([low(x * 6), low(y * 4), low((x + y) * 2)])).into()
    } else {
        GrayImage::from_fn(40, 52, |x, _| Luma([low(x * 6)])).into()
    }
}

#[test]
fn a_portrait_in_jpeg_2000_shows_what_its_encoder_was_given() {
    for (name, colours, most) in [
        ("rgb-lossless.jp2", true, 0),
        ("rgb-lossless.j2k", true, 0),
        ("rgb-tiles.j2k", true, 0),
        ("grey-lossless.jp2", false, 0),
        ("grey-layers.j2k", false, 0),
        ("rgb-lossy.jp2", true, 60),
    ] {
        let read = decode_portrait(&file(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let drawn = drawn(colours);
        assert_eq!((read.width(), read.height(), read.color()), (40, 52, drawn.color()), "{name}");
        let off = read.as_bytes().iter().zip(drawn.as_bytes()).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        assert!(off <= most, "{name}: {off} off");
        // Nobody else's pictures reach this decoder.
        assert!(matches!(decode(&file(name)), Err(PictureError::Format { .. })), "{name}");
    }
}

#[test]
fn a_jpeg_is_read_and_any_other_format_is_refused() {
    let mut jpeg = std::io::Cursor::new(Vec::new());
    drawn(true).write_to(&mut jpeg, image::ImageFormat::Jpeg).unwrap();
    assert_eq!(decode_portrait(jpeg.get_ref()).unwrap(), decode(jpeg.get_ref()).unwrap());
    let mut png = std::io::Cursor::new(Vec::new());
    drawn(true).write_to(&mut png, image::ImageFormat::Png).unwrap();
    assert_eq!(decode_portrait(png.get_ref()).err(), Some(PictureError::Unknown));
    assert_eq!(decode_portrait(&[]).err(), Some(PictureError::Empty));
}

#[test]
fn a_cut_file_is_refused_at_every_byte() {
    for name in ["rgb-lossless.jp2", "rgb-tiles.j2k", "grey-layers.j2k"] {
        let whole = file(name);
        for length in 0..whole.len() {
            assert!(decode_portrait(whole.get(..length).unwrap()).is_err(), "{name} cut at {length}");
        }
    }
}

/// The bytes with these at a place.
fn with(mut bytes: Vec<u8>, at: usize, put: &[u8]) -> Vec<u8> {
    bytes.splice(at..at + put.len(), put.iter().copied());
    bytes
}

#[test]
fn what_would_cost_more_than_a_portrait_does_is_refused_before_it_is_unpacked() {
    let honest = file("rgb-lossless.j2k");
    assert!(decode_portrait(&honest).is_ok());
    let size = 2 + 4;
    let style = honest.windows(2).position(|pair| pair == [0xff, 0x52]).unwrap() + 4;
    for (name, at, put, too_many) in [
        ("30,000 x 30,000", size + 2, &[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30][..], true),
        ("2,001 x 2,001", size + 2, &[0, 0, 7, 0xd1, 0, 0, 7, 0xd1], true),
        ("no width", size + 2, &[0, 0, 0, 0], false),
        ("a tile for each pixel", size + 18, &[0, 0, 0, 1, 0, 0, 0, 1], true),
        ("tiles of no width", size + 18, &[0, 0, 0, 0], false),
        ("four colours", size + 34, &[0, 4], false),
        ("16 bits", size + 36, &[15], false),
        ("a sign", size + 36, &[0x87], false),
        ("a colour for each second pixel", size + 37, &[2, 2], false),
        ("65,535 layers", style + 2, &[0xff, 0xff], false),
        ("32 decompositions", style + 5, &[32], false),
        ("blocks of 4 x 4", style + 6, &[0, 0], false),
    ] {
        let error = decode_portrait(&with(honest.clone(), at, put)).unwrap_err();
        assert_eq!(matches!(error, PictureError::TooManyPixels { .. }), too_many, "{name}: {error}");
        assert!(too_many || matches!(error, PictureError::Damaged), "{name}: {error}");
    }
    // Colours that the codestream alone would show as others.
    let container = file("rgb-lossless.jp2");
    let colours = container.windows(4).position(|part| part == b"colr").unwrap() + 4;
    let other = with(container.clone(), colours, &[1, 0, 0, 0, 0, 0, 18]);
    assert_eq!(decode_portrait(&other).err(), Some(PictureError::Damaged));
    let palette = with(container, colours - 4, b"pclr");
    assert_eq!(decode_portrait(&palette).err(), Some(PictureError::Damaged));
}

proptest! {
    #[test]
    fn no_changed_bytes_make_the_reader_panic(
        which in 0_usize..4,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let name = ["rgb-lossless.jp2", "rgb-tiles.j2k", "grey-layers.j2k", "rgb-lossy.jp2"][which];
        let mut bytes = file(name);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(picture) = decode_portrait(&bytes) {
            prop_assert!(picture.width() * picture.height() <= 4_000_000);
        }
    }
}
