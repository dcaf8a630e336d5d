//! Picture files of strangers: what comes out is the picture, whatever else the file holds, and bombs stay what they are.
#![expect(clippy::unwrap_used, reason = "tests: a failure here fails the test")]

use std::io::Cursor;

use code::picture::{MAX_DECODE_BYTES, PictureError, decode};
use image::{DynamicImage, ImageFormat};
use proptest::prelude::*;
use test_support::bombs::{Answer, Bomb, bombs, png_chunk};

fn written(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, format).unwrap();
    file.into_inner()
}

#[test]
fn each_bomb_is_read_without_what_would_grow_or_refused_for_its_own_reason() {
    for Bomb { name, file, answer } in bombs() {
        match (decode(&file), answer) {
            (Ok(picture), Answer::Read) => {
                assert!(picture.as_bytes().len() as u64 <= MAX_DECODE_BYTES, "{name}");
            }
            (Err(PictureError::TooManyPixels { .. }), Answer::TooLarge)
            | (Err(PictureError::Damaged), Answer::Damaged) => {}
            (got, wanted) => {
                panic!("{name}: {:?} instead of {wanted:?}", got.map(|p| (p.width(), p.height())))
            }
        }
    }
}

/// A picture in one of the forms that the encoders write, of few or of many colours.
fn any_picture() -> impl Strategy<Value = DynamicImage> {
    (1..80_u32, 1..60_u32, 0..8_u8, any::<u32>(), 1..=255_u8).prop_map(
        |(width, height, form, seed, levels)| {
            let mut state = seed | 1;
            let picture = image::RgbaImage::from_fn(width, height, |x, y| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let noise = state.to_be_bytes();
                let [a, b, ..] = (x * 7 + y * 3).to_le_bytes();
                image::Rgba([noise[0] % levels, a, noise[1] % levels, b.wrapping_add(noise[2] % levels)])
            });
            let picture = DynamicImage::from(picture);
            match form {
                0 => picture,
                1 => picture.to_rgb8().into(),
                2 => picture.to_luma8().into(),
                3 => picture.to_luma_alpha8().into(),
                4 => picture.to_rgb16().into(),
                5 => picture.to_rgba16().into(),
                6 => picture.to_luma16().into(),
                _ => picture.to_luma_alpha16().into(),
            }
        },
    )
}

/// Chunks that make no pixel; what they claim to be is as little looked at as what they are.
fn ancillary() -> impl Strategy<Value = Vec<u8>> {
    let kind = prop_oneof![
        Just(*b"iCCP"),
        Just(*b"zTXt"),
        Just(*b"iTXt"),
        Just(*b"tEXt"),
        Just(*b"gAMA"),
        Just(*b"sRGB"),
        Just(*b"cHRM"),
        Just(*b"acTL"),
        Just(*b"fcTL"),
        Just(*b"fdAT"),
        Just(*b"bKGD"),
        Just(*b"sBIT"),
        Just(*b"xxXx"),
    ];
    (kind, prop::collection::vec(any::<u8>(), 0..60)).prop_map(|(kind, data)| png_chunk(&kind, &data))
}

proptest! {
    #[test]
    fn a_png_of_an_encoder_shows_the_same_pixels_whatever_stands_beside_them(
        picture in any_picture(),
        more in prop::collection::vec(ancillary(), 0..6),
    ) {
        let file = written(&picture, ImageFormat::Png);
        prop_assert_eq!(&decode(&file).unwrap(), &picture);
        // Between the header and the rest, and before the end.
        let (end, more) = (file.len() - 12, more.concat());
        let with = [&file[..33], &more, &file[33..end], &more, &file[end..]].concat();
        prop_assert_eq!(&decode(&with).unwrap(), &picture);
    }

    /// The lossless walk reads what the decoder reads: of no file of an encoder it says that it is damaged.
    #[test]
    fn a_webp_and_a_jpeg_of_an_encoder_show_what_the_decoder_alone_shows(picture in any_picture()) {
        let eight: DynamicImage =
            if picture.color().has_alpha() { picture.to_rgba8().into() } else { picture.to_rgb8().into() };
        prop_assert_eq!(&decode(&written(&eight, ImageFormat::WebP)).unwrap(), &eight);
        let jpeg = written(&picture.to_rgb8().into(), ImageFormat::Jpeg);
        prop_assert_eq!(decode(&jpeg).unwrap(), image::load_from_memory(&jpeg).unwrap());
    }

    #[test]
    fn no_bytes_after_a_beginning_make_the_reader_panic(
        start in 0..6_usize,
        bytes in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        let starts: [&[u8]; 6] = [
            b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x09\0\0\0\x07\x08\x02\0\0\0",
            b"\xff\xd8\xff\xc0\0\x0b\x08\0\x08\0\x08\x01\x01\x11\0\xff",
            b"RIFF\x40\0\0\0WEBPVP8L\x30\0\0\0\x2f\x07\xc0\x01\0",
            b"RIFF\x80\0\0\0WEBPVP8X\x0a\0\0\0\x12\0\0\0\x07\0\0\x07\0\0ALPH\x20\0\0\0\x01",
            b"RIFF\x80\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\x07\0\0\x07\0\0ANIM\x06\0\0\0\0\0\0\0\0\0ANMF",
            b"",
        ];
        let _ = decode(&[starts[start], &bytes].concat());
    }
}

/// Which picture lies at hand when a run of seeds in the repository was written by other programs: the walk over a
/// lossless stream meets what our own encoder never writes (transforms, groups, caches).
#[test]
fn pictures_of_other_programs_are_read_as_the_decoder_alone_reads_them() {
    let folder = test_support::root().join("crates/face/tests/files");
    let mut read = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let file = std::fs::read(&path).unwrap();
        let Ok(alone) = image::load_from_memory(&file) else { continue };
        assert_eq!(decode(&file).unwrap(), alone, "{}", path.display());
        read += 1;
    }
    assert!(read >= 5, "{read} pictures");
}
