//! Frame: grey values as a camera gives them, of a size that is searched, and turned by right angles.
//!
//! Lives here: [`GreyFrame`], [`Turn`]. Not here: what is in the frame.

use std::borrow::Cow;

use documents::redact_debug;

/// The narrowest frame that is searched, in pixels: 30 characters hardly stand in less.
pub const MIN_WIDTH: u32 = 80;

/// The lowest frame that is searched, in pixels.
pub const MIN_HEIGHT: u32 = 30;

/// The most pixels of a frame that is searched.
pub const MAX_PIXELS: usize = 24_000_000;

/// Frames with more pixels are halved before they are searched.
const ENOUGH: usize = 1_400_000;

/// Why bytes are no frame that is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Narrower than [`MIN_WIDTH`] or lower than [`MIN_HEIGHT`].
    #[error("the frame has {width} x {height} pixels; a zone needs {MIN_WIDTH} x {MIN_HEIGHT}")]
    TooSmall {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// More than [`MAX_PIXELS`].
    #[error("the frame has {width} x {height} pixels, more than {MAX_PIXELS}: take it smaller")]
    TooLarge {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// Not one byte for each pixel.
    #[error("the frame has {got} grey values for {want} pixels")]
    Pixels {
        /// Grey values found.
        got: usize,
        /// Pixels of the frame.
        want: usize,
    },
}

/// Grey values of 0 (dark) to 255, row after row, within the bounds above. It may show a document: `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct GreyFrame<'a> {
    width: usize,
    height: usize,
    pixels: Cow<'a, [u8]>,
}
redact_debug!(GreyFrame<'_>);

impl<'a> GreyFrame<'a> {
    /// A frame of `width` by `height` pixels.
    ///
    /// # Errors
    /// [`FrameError`] for the first bound that is not kept.
    pub fn new(width: u32, height: u32, pixels: impl Into<Cow<'a, [u8]>>) -> Result<Self, FrameError> {
        if width < MIN_WIDTH || height < MIN_HEIGHT {
            return Err(FrameError::TooSmall { width, height });
        }
        let too_large = FrameError::TooLarge { width, height };
        let side = |side: u32| usize::try_from(side).map_err(|_| too_large);
        let (wide, high) = (side(width)?, side(height)?);
        let want = wide.checked_mul(high).filter(|want| *want <= MAX_PIXELS).ok_or(too_large)?;
        let pixels = pixels.into();
        if pixels.len() != want {
            return Err(FrameError::Pixels { got: pixels.len(), want });
        }
        Ok(Self { width: wide, height: high, pixels })
    }

    pub(crate) const fn width(&self) -> usize {
        self.width
    }

    pub(crate) const fn height(&self) -> usize {
        self.height
    }

    /// The rows of pixels, from above.
    pub(crate) fn rows(&self) -> impl DoubleEndedIterator<Item = &[u8]> + ExactSizeIterator {
        self.pixels.chunks_exact(self.width)
    }

    /// The frame as it is searched: halved until it has few enough pixels. One that has is borrowed.
    pub(crate) fn searched(&self) -> GreyFrame<'_> {
        let mut frame =
            GreyFrame { width: self.width, height: self.height, pixels: Cow::Borrowed(&self.pixels) };
        while frame.width * frame.height > ENOUGH {
            frame = frame.halved();
        }
        frame
    }

    fn halved(&self) -> GreyFrame<'static> {
        let (width, height) = (self.width / 2, self.height / 2);
        let mut pixels = Vec::with_capacity(width * height);
        for two in self.pixels.chunks_exact(2 * self.width) {
            let (above, below) = two.split_at(self.width);
            let (above, below) = (above.as_chunks::<2>().0, below.as_chunks::<2>().0);
            pixels.extend(above.iter().zip(below).map(|([a, b], [c, d])| {
                let sum = u16::from(*a) + u16::from(*b) + u16::from(*c) + u16::from(*d);
                u8::try_from((sum + 2) >> 2).unwrap_or(u8::MAX)
            }));
        }
        GreyFrame { width, height, pixels: Cow::Owned(pixels) }
    }

    /// What is seen when the camera's picture is turned.
    pub(crate) fn turned(&self, turn: Turn) -> GreyFrame<'_> {
        let (width, height) = (self.width, self.height);
        let column = |x: usize| self.pixels.iter().skip(x).step_by(width);
        match turn {
            Turn::Upright => GreyFrame { width, height, pixels: Cow::Borrowed(&self.pixels) },
            Turn::Half => {
                let pixels = self.pixels.iter().rev().copied().collect();
                GreyFrame { width, height, pixels: Cow::Owned(pixels) }
            }
            Turn::Right => {
                let pixels = (0..width).flat_map(|x| column(x).rev()).copied().collect();
                GreyFrame { width: height, height: width, pixels: Cow::Owned(pixels) }
            }
            Turn::Left => {
                let pixels = (0..width).rev().flat_map(column).copied().collect();
                GreyFrame { width: height, height: width, pixels: Cow::Owned(pixels) }
            }
        }
    }

    /// The grey value at a place, of the four pixels around it; where a square is `coarse`, larger than a pixel, their
    /// neighbours count as well. `None` at the edge and outside.
    pub(crate) fn sample(&self, x: f64, y: f64, coarse: bool) -> Option<f64> {
        let (left, top) = (x.floor(), y.floor());
        let (width, height) = (self.width as f64, self.height as f64);
        if !(left >= 1.0 && top >= 1.0 && left < width - 2.0 && top < height - 2.0) {
            return None;
        }
        let (right_share, below_share) = (x - left, y - top);
        let at = index(top)? * self.width + index(left)?;
        let across = |from: usize| {
            let [a, b] = self.pixels.get(from..)?.first_chunk()?;
            Some(f64::from(*a) * (1.0 - right_share) + f64::from(*b) * right_share)
        };
        let value = across(at)? * (1.0 - below_share) + across(at + self.width)? * below_share;
        if !coarse {
            return Some(value);
        }
        let pixel = |at: usize| self.pixels.get(at).map(|value| f64::from(*value));
        let sides = [pixel(at - 1)?, pixel(at + 2)?, pixel(at - self.width)?, pixel(at + 2 * self.width)?];
        Some((2.0 * value + sides.iter().sum::<f64>()) / 6.0)
    }
}

/// The whole part of a number that is not below zero.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` clamps, and neither is met"
)]
pub(crate) fn index(number: f64) -> Option<usize> {
    (0.0..1e9).contains(&number).then_some(number as usize)
}

/// By how much a camera's picture is turned before a document in it stands upright.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Turn {
    /// Not at all.
    Upright,
    /// By 180 degrees: the document stands on its head.
    Half,
    /// By 90 degrees, clockwise.
    Right,
    /// By 90 degrees, against the clock.
    Left,
}

impl Turn {
    /// All four, the likeliest first.
    pub const ALL: [Self; 4] = [Self::Upright, Self::Half, Self::Right, Self::Left];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_refused_for_the_first_bound_that_it_does_not_keep() {
        for (width, height, length, expected) in [
            (79, 30, 79 * 30, FrameError::TooSmall { width: 79, height: 30 }),
            (80, 29, 80 * 29, FrameError::TooSmall { width: 80, height: 29 }),
            (0, 0, 0, FrameError::TooSmall { width: 0, height: 0 }),
            (6000, 4001, 10, FrameError::TooLarge { width: 6000, height: 4001 }),
            (u32::MAX, u32::MAX, 10, FrameError::TooLarge { width: u32::MAX, height: u32::MAX }),
            (80, 30, 2399, FrameError::Pixels { got: 2399, want: 2400 }),
            (80, 30, 2401, FrameError::Pixels { got: 2401, want: 2400 }),
        ] {
            let made = GreyFrame::new(width, height, vec![0; length]);
            assert_eq!(made.err(), Some(expected), "row {width} x {height}");
        }
        assert!(GreyFrame::new(80, 30, vec![0; 2400]).is_ok());
    }

    /// 80 by 30 pixels, each another than its neighbours.
    fn marked() -> GreyFrame<'static> {
        let pixels: Vec<u8> = (0..30_u8).flat_map(|y| (0..80_u8).map(move |x| x ^ (y << 3))).collect();
        GreyFrame::new(80, 30, pixels).unwrap()
    }

    #[test]
    fn a_turned_frame_has_each_pixel_in_its_new_place() {
        let frame = marked();
        let pixel = |frame: &GreyFrame<'_>, x: usize, y: usize| frame.rows().nth(y).unwrap()[x];
        let (half, right, left) =
            (frame.turned(Turn::Half), frame.turned(Turn::Right), frame.turned(Turn::Left));
        assert_eq!((right.width(), right.height()), (30, 80));
        for (x, y) in [(0, 0), (79, 0), (3, 17), (79, 29)] {
            let own = pixel(&frame, x, y);
            assert_eq!(pixel(&half, 79 - x, 29 - y), own, "half {x}, {y}");
            assert_eq!(pixel(&right, 29 - y, x), own, "right {x}, {y}");
            assert_eq!(pixel(&left, y, 79 - x), own, "left {x}, {y}");
        }
        assert_eq!(right.turned(Turn::Left), frame);
        assert_eq!(half.turned(Turn::Half), frame);
    }

    #[test]
    fn a_large_frame_is_halved_until_it_has_few_enough_pixels() {
        for (width, height, searched) in
            [(1280, 720, (1280, 720)), (2592, 1944, (1296, 972)), (5999, 4000, (1499, 1000 / 2 * 2))]
        {
            let length = usize::try_from(width * height).unwrap();
            let frame = GreyFrame::new(width, height, vec![100; length]).unwrap();
            let small = frame.searched();
            assert!(small.width() * small.height() <= ENOUGH, "row {width} x {height}");
            assert!(small.rows().all(|row| row.iter().all(|value| *value == 100)), "row {width} x {height}");
            if (width, height) != (5999, 4000) {
                assert_eq!((small.width(), small.height()), searched);
            }
        }
    }

    #[test]
    fn a_place_at_the_edge_has_no_grey_value() {
        let frame = marked();
        for (x, y) in [
            (0.5, 5.0),
            (5.0, 0.9),
            (78.0, 5.0),
            (5.0, 28.0),
            (-3.0, 5.0),
            (f64::NAN, 5.0),
            (5.0, f64::INFINITY),
        ] {
            assert_eq!(frame.sample(x, y, true), None, "row {x}, {y}");
        }
        assert_eq!(frame.sample(2.0, 3.0, false), Some(f64::from(2_u8 ^ (3 << 3))));
    }
}
