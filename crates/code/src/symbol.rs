//! Drawing: a text becomes a QR symbol, as PNG, SVG or characters in a terminal.
//!
//! Lives here: `QrSymbol`, `fits_version`. Not here: reading a symbol (`frame`). Level L always: at the same
//! payload bigger modules help a camera more than more correction.

use image::{GrayImage, ImageEncoder, Luma};
use rxing::qrcode::common::ErrorCorrectionLevel;
use rxing::qrcode::encoder::qrcode_encoder;
use std::fmt::Write as _;

/// ISO/IEC 18004 §9.1: four light modules on every side.
const QUIET_ZONE: u32 = 4;

/// ISO/IEC 18004 table 7: alphanumeric characters at level L in versions 1 to 40.
const ALPHANUMERIC_AT_L: [usize; 40] = [
    25, 47, 77, 114, 154, 195, 224, 279, 335, 395, 468, 535, 619, 667, 758, 854, 938, 1046, 1153, 1249, 1352,
    1460, 1588, 1704, 1853, 1990, 2132, 2223, 2369, 2520, 2677, 2840, 3009, 3183, 3351, 3537, 3729, 3927,
    4087, 4296,
];

/// The smallest QR version that holds this many alphanumeric characters at level L.
#[must_use]
pub fn fits_version(chars: usize) -> Option<u8> {
    let index = ALPHANUMERIC_AT_L.iter().position(|capacity| chars <= *capacity)?;
    u8::try_from(index + 1).ok()
}

/// Longest link that is drawn, in bytes: version 25 at level L, which a phone reads from a screen.
pub const MAX_LINK_LEN: usize = 1273;

/// A drawn symbol at level L: codes in alphanumeric mode, links in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QrSymbol {
    version: u8,
    side: u32,
    dark: Vec<bool>,
}

/// Why a text cannot be drawn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DrawError {
    /// The text has a character outside the 45 of alphanumeric mode.
    #[error(
        "only digits, capital letters and the nine signs of QR's alphanumeric mode can be drawn; of a link printable ASCII"
    )]
    Character,
    /// The text is too long for version 40.
    #[error("{got} characters fit no QR symbol at level L")]
    TooLong {
        /// Length of the text, in characters.
        got: usize,
    },
    /// The text is empty.
    #[error("there is no text to draw")]
    Empty,
    /// The encoder failed on a text that should fit.
    #[error("the QR encoder refused the text")]
    Encoder(#[source] rxing::Exceptions),
    /// The picture could not be encoded.
    #[error("the picture of the QR symbol could not be written")]
    Picture,
}

/// Colours of the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TerminalGround {
    /// Light text on a dark ground: light modules are drawn.
    Dark,
    /// Dark text on a light ground: dark modules are drawn.
    Light,
}

impl QrSymbol {
    /// Draws a text, usually that of a crossing code.
    ///
    /// # Errors
    /// A text outside the alphanumeric mode or too long for it.
    pub fn draw(text: &str) -> Result<Self, DrawError> {
        if text.is_empty() {
            return Err(DrawError::Empty);
        }
        let alphanumeric = |c: char| matches!(c, '0'..='9' | 'A'..='Z' | ' ' | '$' | '%' | '*' | '+' | '-' | '.' | '/' | ':');
        if !text.chars().all(alphanumeric) {
            return Err(DrawError::Character);
        }
        let too_long = DrawError::TooLong { got: text.len() };
        fits_version(text.len()).ok_or(too_long)?;
        Self::encoded(text)
    }

    /// Draws a link in byte mode, of at most [`MAX_LINK_LEN`] bytes.
    ///
    /// # Errors
    /// An empty text, another character than printable ASCII, or a text that is too long.
    pub fn draw_link(link: &str) -> Result<Self, DrawError> {
        if link.is_empty() {
            return Err(DrawError::Empty);
        }
        if !link.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(DrawError::Character);
        }
        if link.len() > MAX_LINK_LEN {
            return Err(DrawError::TooLong { got: link.len() });
        }
        Self::encoded(link)
    }

    fn encoded(text: &str) -> Result<Self, DrawError> {
        let too_long = DrawError::TooLong { got: text.len() };
        let symbol = qrcode_encoder::encode(text, ErrorCorrectionLevel::L).map_err(DrawError::Encoder)?;
        let matrix = symbol.getMatrix().as_ref().ok_or(too_long)?;
        let side = matrix.getWidth();
        let dark = (0..side).flat_map(|y| (0..side).map(move |x| matrix.get(x, y) == 1)).collect();
        // ISO/IEC 18004 §6.3.1: a symbol of version v has 17 + 4v modules a side.
        let version = u8::try_from(side.saturating_sub(17) / 4).unwrap_or(u8::MAX);
        Ok(Self { version, side, dark })
    }

    /// The QR version, 1 to 40.
    #[must_use]
    pub const fn version(&self) -> u8 {
        self.version
    }

    /// Modules on each side, without the quiet zone.
    #[must_use]
    pub const fn side(&self) -> u32 {
        self.side
    }

    /// Whether the module is dark; outside the symbol everything is light.
    #[must_use]
    pub fn is_dark(&self, x: u32, y: u32) -> bool {
        x < self.side
            && y < self.side
            && self.dark.get((y * self.side + x) as usize).copied().unwrap_or(false)
    }

    /// The symbol in grey levels with its quiet zone, each module `scale` pixels wide (1 to 32).
    #[must_use]
    pub fn to_luma(&self, scale: u32) -> GrayImage {
        let scale = scale.clamp(1, 32);
        let side = (self.side + 2 * QUIET_ZONE) * scale;
        GrayImage::from_fn(side, side, |x, y| {
            Luma([if self.dark_with_quiet_zone(x / scale, y / scale) { 0 } else { 255 }])
        })
    }

    /// A PNG file, each module `scale` pixels wide (1 to 32).
    ///
    /// # Errors
    /// [`DrawError::Picture`] if the encoder fails.
    pub fn to_png(&self, scale: u32) -> Result<Vec<u8>, DrawError> {
        let picture = self.to_luma(scale);
        let mut png = Vec::new();
        image::codecs::png::PngEncoder::new(&mut png)
            .write_image(picture.as_raw(), picture.width(), picture.height(), image::ExtendedColorType::L8)
            .map_err(|_| DrawError::Picture)?;
        Ok(png)
    }

    /// An SVG document, one unit a module.
    #[must_use]
    pub fn to_svg(&self) -> String {
        let side = self.side + 2 * QUIET_ZONE;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
             <rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/><path fill=\"#000\" d=\""
        );
        for y in 0..self.side {
            let mut x = 0;
            while x < self.side {
                let run = (x..self.side).take_while(|x| self.is_dark(*x, y)).fold(0, |run, _| run + 1);
                if run > 0 {
                    // Writing to a String cannot fail.
                    let _ = write!(svg, "M{} {}h{run}v1h-{run}z", x + QUIET_ZONE, y + QUIET_ZONE);
                }
                x += run.max(1);
            }
        }
        svg.push_str("\"/></svg>\n");
        svg
    }

    /// The symbol in half blocks, two rows of modules a line, quiet zone included.
    #[must_use]
    pub fn to_terminal(&self, ground: TerminalGround) -> String {
        let side = self.side + 2 * QUIET_ZONE;
        let mut text = String::new();
        for y in (0..side).step_by(2) {
            for x in 0..side {
                let upper = self.dark_with_quiet_zone(x, y);
                let lower = self.dark_with_quiet_zone(x, y + 1);
                text.push(
                    match (
                        upper == (ground == TerminalGround::Light),
                        lower == (ground == TerminalGround::Light),
                    ) {
                        (true, true) => '\u{2588}',
                        (true, false) => '\u{2580}',
                        (false, true) => '\u{2584}',
                        (false, false) => ' ',
                    },
                );
            }
            text.push('\n');
        }
        text
    }

    fn dark_with_quiet_zone(&self, x: u32, y: u32) -> bool {
        match (x.checked_sub(QUIET_ZONE), y.checked_sub(QUIET_ZONE)) {
            (Some(x), Some(y)) => self.is_dark(x, y),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_holds_what_the_table_says_and_not_one_character_more() {
        // Full sweeps of the encoder are slow; these are the versions near ours, and both ends.
        for version in [1_u8, 2, 9, 10, 16, 17, 18, 19, 26, 27, 39, 40] {
            let capacity = ALPHANUMERIC_AT_L[usize::from(version) - 1];
            assert_eq!(QrSymbol::draw(&"A".repeat(capacity)).unwrap().version(), version);
            match QrSymbol::draw(&"A".repeat(capacity + 1)) {
                Ok(symbol) => assert_eq!(symbol.version(), version + 1),
                Err(error) => assert_eq!((version, error), (40, DrawError::TooLong { got: 4297 })),
            }
        }
    }

    #[test]
    fn the_table_of_capacities_agrees_with_fits_version() {
        assert_eq!((fits_version(0), fits_version(25), fits_version(26)), (Some(1), Some(1), Some(2)));
        assert_eq!(
            (fits_version(938), fits_version(939), fits_version(1046)),
            (Some(17), Some(18), Some(18))
        );
        assert_eq!((fits_version(1047), fits_version(4296), fits_version(4297)), (Some(19), Some(40), None));
    }

    #[test]
    fn a_text_that_cannot_be_drawn_says_why() {
        assert_eq!(QrSymbol::draw(""), Err(DrawError::Empty));
        assert_eq!(QrSymbol::draw("bp1:"), Err(DrawError::Character));
        assert_eq!(QrSymbol::draw("通"), Err(DrawError::Character));
    }

    #[test]
    fn all_drawings_show_the_same_modules() {
        let symbol = QrSymbol::draw("BP1:HELLO").unwrap();
        let luma = symbol.to_luma(1);
        let png = image::load_from_memory(&symbol.to_png(1).unwrap()).unwrap().to_luma8();
        assert_eq!(luma, png);
        let terminal: Vec<Vec<char>> =
            symbol.to_terminal(TerminalGround::Light).lines().map(|line| line.chars().collect()).collect();
        let inverse: Vec<Vec<char>> =
            symbol.to_terminal(TerminalGround::Dark).lines().map(|line| line.chars().collect()).collect();
        let svg = symbol.to_svg();
        let dark_in_svg: u32 =
            svg.split('h').skip(1).filter_map(|run| run.split('v').next()?.parse::<u32>().ok()).sum();
        let mut dark = 0;
        for (x, y, pixel) in luma.enumerate_pixels() {
            let upper = y % 2 == 0;
            let cell = terminal[y as usize / 2][x as usize];
            let shown = if upper { "█▀" } else { "█▄" }.contains(cell);
            assert_eq!(shown, pixel.0[0] == 0, "module {x} {y}");
            let cell = inverse[y as usize / 2][x as usize];
            let shown = if upper { "█▀" } else { "█▄" }.contains(cell);
            assert_eq!(shown, pixel.0[0] != 0, "inverse module {x} {y}");
            dark += u32::from(pixel.0[0] == 0);
        }
        assert_eq!(dark_in_svg, dark);
    }

    #[test]
    fn a_link_is_drawn_in_bytes_up_to_its_bound_and_nothing_but_printable_ascii() {
        let link = format!("openid4vp://?request_uri=https%3A%2F%2Fdesk.example%2F{}", "a".repeat(900));
        assert!(QrSymbol::draw_link(&link).unwrap().version() <= 25);
        assert_eq!(QrSymbol::draw_link(&"a".repeat(MAX_LINK_LEN)).unwrap().version(), 25);
        for (wrong, error) in [
            (String::new(), DrawError::Empty),
            ("a link".to_owned(), DrawError::Character),
            ("样".to_owned(), DrawError::Character),
            ("a".repeat(MAX_LINK_LEN + 1), DrawError::TooLong { got: MAX_LINK_LEN + 1 }),
        ] {
            assert_eq!(QrSymbol::draw_link(&wrong).unwrap_err().to_string(), error.to_string());
        }
    }
}
