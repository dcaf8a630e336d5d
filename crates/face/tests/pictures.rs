//! What happens to files that somebody hands in as a picture of a face.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "tests: a failure here fails the test"
)]

use code::picture::PictureError;
use face::{Image, ImageError};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use std::io::Cursor;

fn sample() -> DynamicImage {
    RgbImage::from_fn(200, 120, |x, y| Rgb([x as u8, y as u8, (x * y) as u8])).into()
}

fn written(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, format).unwrap();
    file.into_inner()
}

/// A PNG file whose header asks for so many pixels and whose data are a few bytes.
fn lying_png(width: u32, height: u32) -> Vec<u8> {
    let mut file = written(&sample(), ImageFormat::Png);
    file[16..20].copy_from_slice(&width.to_be_bytes());
    file[20..24].copy_from_slice(&height.to_be_bytes());
    let sum = crc32(&file[12..29]);
    file[29..33].copy_from_slice(&sum.to_be_bytes());
    file
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 },
        )
    })
}

#[test]
fn a_file_that_is_no_usable_picture_is_refused_for_its_own_reason() {
    use PictureError::*;
    let (jpeg, png, webp) = (
        written(&sample(), ImageFormat::Jpeg),
        written(&sample(), ImageFormat::Png),
        written(&sample(), ImageFormat::WebP),
    );
    let mut too_long = jpeg.clone();
    too_long.resize(20 * 1024 * 1024 + 1, 0);
    let mut broken = png.clone();
    broken[60] ^= 0x55;
    let rows: Vec<(&str, Vec<u8>, PictureError)> = vec![
        ("empty", vec![], Empty),
        ("text", b"This is not a picture.\n".to_vec(), Text),
        ("Chinese text", "这不是照片".as_bytes().to_vec(), Text),
        ("long text cut inside a character", "\u{901a}".repeat(400).into_bytes(), Text),
        ("noise", (0..=255).rev().collect(), Unknown),
        ("HEIC", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic".to_vec(), Format { format: "a HEIC picture" }),
        ("HEIC by brand mif1", b"\0\0\0\x18ftypmif1\0\0\0\0".to_vec(), Format { format: "a HEIC picture" }),
        ("AVIF", b"\0\0\0\x18ftypavif\0\0\0\0".to_vec(), Format { format: "an AVIF picture" }),
        ("video", b"\0\0\0\x18ftypisom\0\0\0\0".to_vec(), Format { format: "a HEIC picture" }),
        ("GIF", b"GIF89a\x01\0\x01\0".to_vec(), Format { format: "a GIF picture" }),
        ("PDF", b"%PDF-1.7\n".to_vec(), Format { format: "a PDF document" }),
        ("JPEG cut in half", jpeg[..jpeg.len() / 2].to_vec(), Truncated),
        ("JPEG without its last two bytes", jpeg[..jpeg.len() - 2].to_vec(), Truncated),
        ("JPEG of three bytes", jpeg[..3].to_vec(), Truncated),
        ("PNG cut in half", png[..png.len() / 2].to_vec(), Truncated),
        ("PNG of four bytes", png[..4].to_vec(), Truncated),
        ("WebP cut in half", webp[..webp.len() / 2].to_vec(), Truncated),
        ("PNG with a changed byte", broken, Damaged),
        ("a long file", too_long, TooManyBytes { got: 20 * 1024 * 1024 + 1 }),
        (
            "a header of 4 gigapixels",
            lying_png(65_500, 65_500),
            TooManyPixels { width: 65_500, height: 65_500 },
        ),
        ("a header of no pixels", lying_png(0, 10), Damaged),
    ];
    for (name, file, expected) in rows {
        let expected = if name == "video" { Format { format: "a video" } } else { expected };
        assert_eq!(Image::decode(&file), Err(ImageError::File(expected)), "row {name}");
    }
}

#[test]
fn a_picture_of_fifty_megapixels_is_refused_in_every_format_and_forty_are_read() {
    let large = DynamicImage::from(image::GrayImage::new(10_000, 5_000));
    let expected = Err(ImageError::File(PictureError::TooManyPixels { width: 10_000, height: 5_000 }));
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let large = if format == ImageFormat::WebP { large.to_rgb8().into() } else { large.clone() };
        assert_eq!(Image::decode(&written(&large, format)), expected, "row {format:?}");
    }
    let allowed = written(&image::GrayImage::new(8_000, 5_000).into(), ImageFormat::Jpeg);
    let image = Image::decode(&allowed).unwrap();
    assert_eq!((image.width(), image.height()), (1600, 1000));
}

#[test]
fn a_picture_with_too_few_pixels_is_refused() {
    let tiny = written(&RgbImage::new(31, 500).into(), ImageFormat::Png);
    assert_eq!(Image::decode(&tiny), Err(ImageError::TooSmall { width: 31, height: 500 }));
    let thin = written(&RgbImage::new(32, 10_000).into(), ImageFormat::Png);
    assert_eq!(Image::decode(&thin), Err(ImageError::TooSmall { width: 6, height: 1600 }));
}

#[test]
fn the_three_formats_and_other_depths_are_read() {
    let picture = sample();
    for (name, file) in [
        ("PNG", written(&picture, ImageFormat::Png)),
        ("WebP", written(&picture, ImageFormat::WebP)),
        ("JPEG", written(&picture, ImageFormat::Jpeg)),
        ("PNG with alpha", written(&picture.to_rgba8().into(), ImageFormat::Png)),
        ("PNG of 16 bits", written(&picture.to_rgb16().into(), ImageFormat::Png)),
        ("grey JPEG", written(&picture.to_luma8().into(), ImageFormat::Jpeg)),
        ("JPEG with bytes after its end", [written(&picture, ImageFormat::Jpeg), vec![0; 90]].concat()),
    ] {
        let image = Image::decode(&file).unwrap_or_else(|error| panic!("row {name}: {error}"));
        assert_eq!((image.width(), image.height()), (200, 120), "row {name}");
    }
}

/// Files drawn for this test by another program: what our own writer cannot write.
#[test]
fn what_cameras_and_phones_write_is_read_and_of_an_animation_the_first_picture() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files");
    for (name, first) in [
        ("cmyk.jpg", None),
        ("progressive.jpg", None),
        ("one-bit.png", None),
        ("animated.webp", Some([200, 30, 30])),
        ("animated.png", Some([200, 30, 30])),
    ] {
        let file = std::fs::read(folder.join(name)).unwrap();
        let image = Image::decode(&file).unwrap_or_else(|error| panic!("row {name}: {error}"));
        assert_eq!((image.width(), image.height()), (48, 40), "row {name}");
        if let Some(second) = first {
            let near = |p: &Rgb<u8>| p.0.iter().zip(second).all(|(a, b)| a.abs_diff(b) < 12);
            assert!(!image.as_pixels().pixels().all(near), "row {name}: the second picture of the animation");
        }
        assert!(Image::decode(&file[..file.len() / 3]).is_err(), "row {name}, cut");
    }
    let cmyk = Image::decode(&std::fs::read(folder.join("cmyk.jpg")).unwrap()).unwrap();
    // Drawn as (5x, 6y, 3(x + y)): converted, not read as if the four channels were three.
    let Rgb([r, g, _]) = *cmyk.as_pixels().get_pixel(44, 6);
    assert!(r > 150 && g < 110, "{r} {g}");
}

#[test]
fn what_alpha_hides_is_not_looked_at() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files");
    let image = Image::decode(&std::fs::read(folder.join("hidden-by-alpha.png")).unwrap()).unwrap();
    // Red that is wholly transparent lies in the left half: nobody who opens the file sees it.
    assert_eq!(image.as_pixels().get_pixel(5, 20).0, [127; 3]);
    assert_eq!(image.as_pixels().get_pixel(40, 20).0, [0, 255, 0]);
}

#[test]
fn a_file_that_is_a_picture_and_something_else_is_read_as_the_picture_alone() {
    let jpeg = written(&sample(), ImageFormat::Jpeg);
    let png = written(&sample(), ImageFormat::Png);
    for (name, file) in [
        ("JPEG and ZIP", [&jpeg[..], b"PK\x03\x04 a whole archive"].concat()),
        ("JPEG and script", [&jpeg[..], b"<script>alert(1)</script>"].concat()),
        ("PNG and PDF", [&png[..], b"%PDF-1.7 a whole document"].concat()),
    ] {
        let image = Image::decode(&file).unwrap_or_else(|error| panic!("row {name}: {error}"));
        assert_eq!((image.width(), image.height()), (200, 120), "row {name}");
    }
    // The other way round it is the other thing.
    let zip = [&b"PK\x03\x04"[..], &jpeg].concat();
    let expected = PictureError::Format { format: "a ZIP archive" };
    assert_eq!(Image::decode(&zip), Err(ImageError::File(expected)));
}

#[test]
fn a_picture_taken_with_the_camera_on_its_side_is_turned_upright() {
    let jpeg = written(&sample(), ImageFormat::Jpeg);
    // EXIF: one entry, tag 0x0112 (orientation), value 6: turn a quarter to the right.
    let tiff = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let mut exif = vec![0xff, 0xe1, 0, u8::try_from(tiff.len() + 8).unwrap()];
    exif.extend_from_slice(b"Exif\0\0");
    exif.extend_from_slice(tiff);
    let turned = [&jpeg[..2], &exif, &jpeg[2..]].concat();
    let image = Image::decode(&turned).unwrap();
    assert_eq!((image.width(), image.height()), (120, 200));
}

#[test]
fn no_file_made_from_a_picture_by_changing_bytes_makes_the_reader_panic() {
    let mut seed = 1_u64;
    let mut next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize
    };
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let file = written(&sample(), format);
        for _ in 0..400 {
            let mut changed = file.clone();
            for _ in 0..=next() % 4 {
                let at = next() % changed.len();
                changed[at] = next() as u8;
            }
            changed.truncate(1 + next() % changed.len());
            let _ = Image::decode(&changed);
        }
    }
}
