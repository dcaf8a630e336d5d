//! Photographs of a phone's screen, made by the test itself: each condition alone, then all at once. The table of
//! what was read is printed with `--nocapture`; the floors can fail.
//!
//! Synthetic frames: read the figures as an order, no camera was here.
#![expect(clippy::unwrap_used, reason = "helpers of tests: a failure here fails the test")]

use code::{
    ANSWER_PREFIX, CrossingCode, Effort, Parts, QrSymbol, ReadError, VenueCode, VenueCodeKind, read_frame,
    read_frame_for, read_picture, read_picture_for,
};
use image::{GrayImage, ImageEncoder, Luma};

/// `SplitMix64`: frames are the same in every run.
struct Chance(u64);

impl Chance {
    #[expect(clippy::cast_precision_loss, reason = "24 bits are exact in an f32")]
    fn unit(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 40) as f32 / (1_u64 << 24) as f32
    }

    fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| to_u8(self.unit() * 256.0)).collect()
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` clamps, which is what is wanted"
)]
fn to_u8(value: f32) -> u8 {
    value as u8
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` clamps, which is what is wanted"
)]
fn to_u32(value: f32) -> u32 {
    value as u32
}

/// What is done to a frame.
#[derive(Clone, Copy)]
struct Condition {
    /// Height of the symbol with its quiet zone, as a share of the frame's.
    size: f32,
    /// Degrees.
    turn: f32,
    /// How much shorter the far edge is than the near one.
    perspective: f32,
    /// Standard deviation of the lens's blur, in pixels.
    blur: f32,
    /// Length of the hand's movement, in pixels.
    motion: f32,
    /// Strength of the bands between the screen's and the camera's pixels, in grey levels.
    moire: f32,
    /// Strength of a reflected lamp, in grey levels at its middle.
    glare: f32,
    /// How dark the shaded part is, as a share of the light.
    shade: f32,
    /// Standard deviation of the sensor's noise, in grey levels.
    noise: f32,
    /// Distance between black and white, as a share.
    contrast: f32,
    /// JPEG quality.
    jpeg: u8,
}

const STRAIGHT: Condition = Condition {
    size: 0.85,
    turn: 0.0,
    perspective: 0.0,
    blur: 0.6,
    motion: 0.0,
    moire: 0.0,
    glare: 0.0,
    shade: 0.0,
    noise: 3.0,
    contrast: 0.9,
    jpeg: 90,
};

#[expect(clippy::cast_precision_loss, reason = "a frame's pixels are exact in an f32")]
fn photograph(
    symbol: &QrSymbol,
    condition: Condition,
    width: u32,
    height: u32,
    chance: &mut Chance,
) -> GrayImage {
    let modules = symbol.side() as f32 + 8.0;
    let pixels = height as f32 * condition.size;
    let turn = (condition.turn + chance.between(-1.0, 1.0)).to_radians();
    let (sine, cosine) = turn.sin_cos();
    let middle =
        (width as f32 / 2.0 + chance.between(-9.0, 9.0), height as f32 / 2.0 + chance.between(-5.0, 5.0));
    let lean = condition.perspective / pixels * if chance.unit() < 0.5 { 1.0 } else { -1.0 };
    let (pitch, angle) = (chance.between(2.3, 3.7), chance.between(0.2, 1.3));
    let lamp = (middle.0 + chance.between(-0.3, 0.3) * pixels, middle.1 + chance.between(-0.3, 0.3) * pixels);
    let edge = chance.between(0.3, 0.7);
    // Module (0, 0) of the symbol itself lies four modules inside the square shown.
    let dark = |x: f32, y: f32| {
        let (x, y) = (x.floor() - 4.0, y.floor() - 4.0);
        x >= 0.0 && y >= 0.0 && symbol.is_dark(to_u32(x), to_u32(y))
    };
    let place = |x: f32, y: f32| {
        let (x, y) = (x - middle.0, y - middle.1);
        let (x, y) = (x * cosine + y * sine, y * cosine - x * sine);
        let depth = 1.0 + lean * x;
        ((x / depth / pixels + 0.5) * modules, (y / depth / pixels + 0.5) * modules)
    };
    let frame = GrayImage::from_fn(width, height, |x, y| {
        // Two by two samples a pixel: what a sensor's pixel gathers.
        let mut sum = 0.0;
        for (dx, dy) in [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)] {
            let (u, v) = place(x as f32 + dx, y as f32 + dy);
            sum += if u < 0.0 || v < 0.0 || u >= modules || v >= modules {
                0.25
            } else if dark(u, v) {
                0.5 - condition.contrast / 2.0
            } else {
                0.5 + condition.contrast / 2.0
            };
        }
        let mut value = sum / 4.0 * 235.0 + 10.0;
        let (fx, fy) = (x as f32, y as f32);
        value +=
            condition.moire * ((fx * angle.cos() + fy * angle.sin()) / pitch * std::f32::consts::TAU).sin();
        if (fx / width as f32 + 0.3 * fy / height as f32) > edge {
            value *= 1.0 - condition.shade;
        }
        let from_lamp = ((fx - lamp.0).powi(2) + (fy - lamp.1).powi(2)) / (0.02 * pixels * pixels);
        value += condition.glare * (-from_lamp).exp();
        Luma([to_u8(value)])
    });
    let mut frame = image::imageops::blur(&moved(&frame, condition.motion), condition.blur.max(0.1));
    for pixel in frame.pixels_mut() {
        let bell: f32 = (0..4).map(|_| chance.unit() - 0.5).sum::<f32>() * 1.73;
        pixel.0[0] = to_u8(f32::from(pixel.0[0]) + condition.noise * bell);
    }
    image::load_from_memory(&jpeg(&frame, condition.jpeg)).unwrap().to_luma8()
}

fn moved(frame: &GrayImage, length: f32) -> GrayImage {
    let steps = to_u32(length.round());
    if steps < 2 {
        return frame.clone();
    }
    GrayImage::from_fn(frame.width(), frame.height(), |x, y| {
        let sum: u32 =
            (0..steps).map(|i| u32::from(frame.get_pixel((x + i).min(frame.width() - 1), y).0[0])).sum();
        Luma([u8::try_from(sum / steps).unwrap()])
    })
}

fn jpeg(frame: &GrayImage, quality: u8) -> Vec<u8> {
    let mut file = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut file, quality)
        .write_image(frame.as_raw(), frame.width(), frame.height(), image::ExtendedColorType::L8)
        .unwrap();
    file
}

/// A code as long as those of residents at a joint port.
fn crossing_code(chance: &mut Chance, bytes: usize) -> String {
    let (token, proof) = (chance.bytes(190), chance.bytes(85));
    let rest = bytes - 190 - 85 - 12;
    let (exit, entry) = (chance.bytes(rest / 2), chance.bytes(rest - rest / 2));
    let parts = Parts::Two(&exit, &entry);
    CrossingCode::Full { token: &token, proof: &proof, parts }.to_text().unwrap()
}

/// An answer to a desk, of the longest that are shown as a code.
fn venue_code(chance: &mut Chance, bytes: usize) -> String {
    VenueCode::new(VenueCodeKind::Answer, &chance.bytes(bytes)).to_text().unwrap()
}

#[test]
fn a_phone_screen_is_read_from_a_720p_frame_under_each_condition() {
    let hard = Condition {
        turn: 12.0,
        perspective: 0.12,
        blur: 1.1,
        motion: 2.0,
        moire: 8.0,
        glare: 40.0,
        shade: 0.3,
        noise: 8.0,
        contrast: 0.7,
        jpeg: 75,
        ..STRAIGHT
    };
    // Name, condition, and the least number of frames of eight that must be read.
    let rows = [
        ("straight", STRAIGHT, 8),
        ("blur 2 px", Condition { blur: 2.0, ..STRAIGHT }, 7),
        ("motion 7 px", Condition { motion: 7.0, ..STRAIGHT }, 7),
        ("perspective 40 %", Condition { perspective: 0.4, ..STRAIGHT }, 5),
        ("turned 20 degrees", Condition { turn: 20.0, size: 0.75, ..STRAIGHT }, 7),
        ("turned 45 degrees", Condition { turn: 45.0, size: 0.65, ..STRAIGHT }, 6),
        ("upside down", Condition { turn: 180.0, ..STRAIGHT }, 8),
        ("moire 60", Condition { moire: 60.0, ..STRAIGHT }, 7),
        ("glare 200", Condition { glare: 200.0, ..STRAIGHT }, 6),
        ("partial shade 75 %", Condition { shade: 0.75, ..STRAIGHT }, 7),
        ("noise 40", Condition { noise: 40.0, ..STRAIGHT }, 7),
        ("contrast 15 %", Condition { contrast: 0.15, ..STRAIGHT }, 6),
        ("JPEG 10", Condition { jpeg: 10, ..STRAIGHT }, 7),
        ("far (45 % of the frame)", Condition { size: 0.45, ..STRAIGHT }, 6),
        ("all at once", hard, 7),
        ("all at once, and far", Condition { size: 0.6, ..hard }, 6),
        // 2.7 camera pixels a module: where reading ends. No floor, shown to be seen.
        ("too far (35 %)", Condition { size: 0.35, ..hard }, 0),
    ];
    // Another's chance, so that the frames of crossing codes stay what they were.
    let (mut chance, mut desk) = (Chance(20_260_110), Chance(20_261_129));
    let mut below = Vec::new();
    println!("condition                 v17 stream  v17 still  v18 still  v20 still   of 8 (v20: of 4)");
    for (name, condition, least) in rows {
        let (mut stream, mut still, mut larger, mut venue) = (0, 0, 0, 0);
        for round in 0..8 {
            let text = crossing_code(&mut chance, 620);
            let symbol = QrSymbol::draw(&text).unwrap();
            assert_eq!(symbol.version(), 17);
            let frame = photograph(&symbol, condition, 1280, 720, &mut chance);
            stream += u32::from(read_frame(&frame, Effort::Stream) == Ok(text.clone()));
            still += u32::from(read_frame(&frame, Effort::Still) == Ok(text));
            let text = crossing_code(&mut chance, 690);
            let symbol = QrSymbol::draw(&text).unwrap();
            assert_eq!(symbol.version(), 18);
            let frame = photograph(&symbol, condition, 1280, 720, &mut chance);
            larger += u32::from(read_frame(&frame, Effort::Still) == Ok(text));
            if round % 2 == 1 {
                continue;
            }
            let text = venue_code(&mut desk, 825);
            let symbol = QrSymbol::draw(&text).unwrap();
            assert_eq!(symbol.version(), 20);
            let frame = photograph(&symbol, condition, 1280, 720, &mut desk);
            venue += u32::from(read_frame_for(&frame, Effort::Still, ANSWER_PREFIX) == Ok(text));
        }
        println!("{name:25} {stream:10} {still:10} {larger:10} {venue:10}");
        if still < least || larger + 1 < least || venue * 2 + 3 < least {
            below.push(name);
        }
        assert!(still >= stream, "a longer look never reads less");
    }
    assert!(below.is_empty(), "read less often than the floor: {below:?}");
}

#[test]
fn of_several_codes_in_a_frame_ours_is_read_and_another_alone_is_handed_on() {
    let mut chance = Chance(7);
    let ours = crossing_code(&mut chance, 620);
    let other = "HTTPS://EXAMPLE.ORG/TICKET/12345";
    let mut frame = GrayImage::from_pixel(1280, 720, Luma([190]));
    let poster = QrSymbol::draw(other).unwrap().to_luma(6);
    image::imageops::overlay(&mut frame, &poster, 20, 20);
    assert_eq!(read_frame(&frame, Effort::Still).as_deref(), Ok(other));
    image::imageops::overlay(&mut frame, &QrSymbol::draw(&ours).unwrap().to_luma(5), 500, 60);
    assert_eq!(read_frame(&frame, Effort::Stream), Ok(ours.clone()));
    image::imageops::overlay(&mut frame, &poster, 20, 400);
    assert_eq!(read_frame(&frame, Effort::Still), Ok(ours.clone()));
    // At a desk it is the other way round.
    let venue = venue_code(&mut chance, 100);
    image::imageops::overlay(&mut frame, &QrSymbol::draw(&venue).unwrap().to_luma(4), 20, 20);
    assert_eq!(read_frame(&frame, Effort::Still), Ok(ours));
    assert_eq!(read_frame_for(&frame, Effort::Still, ANSWER_PREFIX), Ok(venue));
}

#[test]
fn a_picture_file_of_a_code_is_read_and_one_without_says_so() {
    let text = crossing_code(&mut Chance(3), 620);
    let symbol = QrSymbol::draw(&text).unwrap();
    for scale in [1, 2, 4, 10] {
        assert_eq!(read_picture(&symbol.to_png(scale).unwrap()), Ok(text.clone()), "scale {scale}");
    }
    assert_eq!(read_picture(&jpeg(&symbol.to_luma(4), 60)), Ok(text));
    let text = venue_code(&mut Chance(4), 825);
    let drawn = QrSymbol::draw(&text).unwrap().to_png(3).unwrap();
    assert_eq!(read_picture_for(&drawn, ANSWER_PREFIX), Ok(text));
    let wall = GrayImage::from_fn(640, 480, |x, y| Luma([u8::try_from((x * y) % 251).unwrap()]));
    assert_eq!(read_picture(&jpeg(&wall, 90)), Err(ReadError::NoCode));
    assert!(matches!(read_picture(b""), Err(ReadError::Picture(_))));
    let tiny = GrayImage::new(20, 400);
    assert_eq!(read_frame(&tiny, Effort::Still), Err(ReadError::TooSmall { width: 20, height: 400 }));
}

#[test]
fn a_transparent_picture_of_a_code_is_read_whatever_stands_in_the_colours_that_nobody_sees() {
    let text = crossing_code(&mut Chance(9), 500);
    let drawn =
        image::load_from_memory(&QrSymbol::draw(&text).unwrap().to_png(4).unwrap()).unwrap().to_luma8();
    // What stands for ink, and for the ground between.
    for (name, ink, ground) in [
        ("black ink, black hidden", [0, 0, 0, 255], [0, 0, 0, 0]),
        ("black ink, white hidden", [0, 0, 0, 255], [255, 255, 255, 0]),
        ("ink of alpha alone", [255, 255, 255, 255], [255, 255, 255, 0]),
        ("ink that shines through", [0, 0, 0, 160], [255, 0, 0, 10]),
        ("a hole for the ink, on white", [0, 0, 0, 0], [255, 255, 255, 255]),
        ("a hole for the ink, on white, white hidden", [255, 255, 255, 0], [255, 255, 255, 255]),
    ] {
        for (format, form) in [(image::ImageFormat::Png, "png"), (image::ImageFormat::WebP, "webp")] {
            let picture = image::RgbaImage::from_fn(drawn.width(), drawn.height(), |x, y| {
                image::Rgba(if drawn.get_pixel(x, y).0[0] < 128 { ink } else { ground })
            });
            let mut file = std::io::Cursor::new(Vec::new());
            picture.write_to(&mut file, format).unwrap();
            assert_eq!(read_picture(file.get_ref()).as_deref(), Ok(text.as_str()), "{name}, {form}");
        }
    }
    // Of two channels, and of sixteen bits.
    let two = image::GrayAlphaImage::from_fn(drawn.width(), drawn.height(), |x, y| {
        image::LumaA([0, 255 - drawn.get_pixel(x, y).0[0]])
    });
    for picture in
        [image::DynamicImage::from(two.clone()), image::DynamicImage::from(two).into_luma_alpha16().into()]
    {
        let mut file = std::io::Cursor::new(Vec::new());
        picture.write_to(&mut file, image::ImageFormat::Png).unwrap();
        assert_eq!(read_picture(file.get_ref()).as_deref(), Ok(text.as_str()), "{:?}", picture.color());
    }
}

#[test]
fn no_frame_of_noise_makes_the_reader_panic() {
    let mut chance = Chance(99);
    for (width, height) in [(21, 21), (21, 600), (64, 48), (333, 21), (320, 240)] {
        let bytes = chance.bytes((width * height) as usize);
        let frame = GrayImage::from_raw(width, height, bytes).unwrap();
        assert_eq!(read_frame(&frame, Effort::Still), Err(ReadError::NoCode));
    }
    // Symbols torn by noise.
    let symbol = QrSymbol::draw(&crossing_code(&mut chance, 620)).unwrap().to_luma(4);
    for share in [0.02, 0.1, 0.3, 0.6] {
        let mut torn = symbol.clone();
        for pixel in torn.pixels_mut() {
            if chance.unit() < share {
                pixel.0[0] = 255 - pixel.0[0];
            }
        }
        let _ = read_frame(&torn, Effort::Still);
    }
}
