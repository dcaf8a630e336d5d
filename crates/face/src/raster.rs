//! Resampling: regions shrunk by area averaging, warps by bilinear interpolation (bicubic where they enlarge), the
//! outside grey.
//!
//! Lives here: `Raster` and the arithmetic between a picture and a network's input. Values are relative to the grey
//! 127 that stands for the outside of a picture, so that outside is zero.

use crate::geometry::{Point, Similarity, narrow};
use image::RgbImage;
use std::ops::Range;

/// What lies outside a picture.
pub(crate) const OUTSIDE: f32 = 127.0;

/// Red, green and blue of each pixel, less [`OUTSIDE`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Raster {
    width: usize,
    height: usize,
    values: Vec<f32>,
}

/// A rectangle of whole pixels inside a picture.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Region {
    columns: Range<usize>,
    rows: Range<usize>,
}

impl Region {
    pub(crate) fn whole(picture: &RgbImage) -> Self {
        Self { columns: 0..picture.width() as usize, rows: 0..picture.height() as usize }
    }

    /// The pixels from `low` to `high` that the picture has.
    pub(crate) fn within(picture: &RgbImage, low: Point, high: Point) -> Self {
        let clip = |low: f32, high: f32, length: u32| {
            let start = floor_to_usize(low).min(length as usize);
            start..floor_to_usize(high.ceil()).clamp(start, length as usize)
        };
        Self { columns: clip(low.x, high.x, picture.width()), rows: clip(low.y, high.y, picture.height()) }
    }

    /// Its pixels, row by row.
    fn lines<'a>(&'a self, picture: &'a RgbImage) -> impl Iterator<Item = &'a [[u8; 3]]> {
        let lines = picture.as_raw().chunks_exact((picture.width() as usize * 3).max(1));
        lines
            .skip(self.rows.start)
            .take(self.rows.len())
            .map(|line| line.as_chunks::<3>().0.get(self.columns.clone()).unwrap_or_default())
    }

    fn is_empty(&self) -> bool {
        self.columns.is_empty() || self.rows.is_empty()
    }
}

/// The source pixels that make one output pixel along one axis, with their weights.
struct Taps {
    start: usize,
    weights: Vec<f32>,
}

impl Raster {
    /// The region shrunk by `factor` (1 or more) by area averaging.
    pub(crate) fn shrunk(picture: &RgbImage, region: &Region, factor: f64) -> Self {
        let axis = |range: &Range<usize>| {
            let count = ceil_to_usize(range.len() as f64 / factor);
            (0..count)
                .map(|i| Taps::area(range.start as f64 + i as f64 * factor, factor, range))
                .collect::<Vec<_>>()
        };
        // The last output pixel may hang over the region: its taps are made to sum to one, as all others do.
        let whole = |mut taps: Vec<Taps>| {
            taps.iter_mut().for_each(Taps::normalise);
            taps
        };
        Self::resampled(picture, &whole(axis(&region.columns)), &whole(axis(&region.rows)))
    }

    /// The whole picture on a canvas of `width` x `height`, centred, as large as fits, grey around it.
    /// Returns the factor from canvas to picture and the place of the picture's corner on the canvas (in its pixels).
    pub(crate) fn letterboxed(picture: &RgbImage, width: usize, height: usize) -> (Self, f32, Point) {
        let (w, h) = (f64::from(picture.width()), f64::from(picture.height()));
        let factor = (w / width as f64).max(h / height as f64);
        let (left, top) = ((width as f64 * factor - w) / 2.0, (height as f64 * factor - h) / 2.0);
        let axis = |count: usize, offset: f64, length: u32| {
            let range = 0..length as usize;
            (0..count).map(|i| Taps::at(i as f64 * factor - offset, factor, &range)).collect::<Vec<_>>()
        };
        let raster = Self::resampled(
            picture,
            &axis(width, left, picture.width()),
            &axis(height, top, picture.height()),
        );
        (raster, narrow(factor), Point::new(narrow(left), narrow(top)))
    }

    /// The rectangle from `low` to `high` stretched onto `width` x `height`.
    pub(crate) fn stretched(
        picture: &RgbImage,
        low: Point,
        high: Point,
        width: usize,
        height: usize,
    ) -> Self {
        let axis = |count: usize, low: f32, high: f32, length: u32| {
            let step = f64::from(high - low) / count as f64;
            let range = 0..length as usize;
            (0..count).map(|i| Taps::at(f64::from(low) + i as f64 * step, step, &range)).collect::<Vec<_>>()
        };
        let columns = axis(width, low.x, high.x, picture.width());
        Self::resampled(picture, &columns, &axis(height, low.y, high.y, picture.height()))
    }

    /// `width` x `height` pixels, each taken where `map` (output to picture) says.
    ///
    /// Where the picture is more than twice as fine as the output, it is first shrunk to about 1.6 times the output's
    /// fineness: bilinear interpolation alone would skip pixels.
    pub(crate) fn warped(picture: &RgbImage, width: usize, height: usize, map: &Similarity) -> Self {
        let scale = map.scale();
        let factor = if scale > 2.0 { scale / 1.6 } else { 1.0 };
        let (right, bottom) = (width as f32, height as f32);
        let corners = [(0.0, 0.0), (right, 0.0), (0.0, bottom), (right, bottom)]
            .map(|(x, y)| map.apply(Point::new(x, y)));
        let margin = 2.0 * factor;
        let extreme = |pick: fn(f32, f32) -> f32, start: f32| {
            corners.iter().fold(Point::new(start, start), |e, p| Point::new(pick(e.x, p.x), pick(e.y, p.y)))
        };
        let (low, high) = (extreme(f32::min, f32::INFINITY), extreme(f32::max, f32::NEG_INFINITY));
        let low = Point::new(low.x - margin, low.y - margin);
        let region = Region::within(picture, low, Point::new(high.x + margin, high.y + margin));
        let mut out = Self { width, height, values: vec![0.0; width * height * 3] };
        if region.is_empty() || !scale.is_finite() {
            return out;
        }
        let corner = Point::new(region.columns.start as f32, region.rows.start as f32);
        let source = Source::of(picture, &region, factor);
        let place = |x: f32, y: f32| {
            let at = map.apply(Point::new(x + 0.5, y + 0.5)).minus(corner);
            Point::new(at.x / factor - 0.5, at.y / factor - 0.5)
        };
        let step = Point::new(map.a / factor, map.b / factor);
        let mut line = vec![[0.0; 4]; width];
        for (y, row) in out.values.chunks_exact_mut(width * 3).enumerate() {
            let start = place(0.0, y as f32);
            if scale < 1.0 {
                source.cubic(start, step, &mut line);
            } else {
                source.bilinear(start, step, &mut line);
            }
            for (pixel, [r, g, b, _]) in row.as_chunks_mut::<3>().0.iter_mut().zip(&line) {
                *pixel = [*r, *g, *b];
            }
        }
        out
    }

    /// Each pixel as a network wants it, planes in the order of `channels` (0 red, 1 green, 2 blue).
    pub(crate) fn planes(&self, channels: [usize; 3], value: impl Fn(f32) -> f32) -> Vec<f32> {
        let mut planes = Vec::with_capacity(self.values.len());
        for channel in channels {
            planes.extend(self.values.iter().skip(channel).step_by(3).map(|v| value(*v)));
        }
        planes
    }

    /// Red, green and blue of each pixel, 0 to 255.
    pub(crate) fn colours(&self) -> Vec<[f32; 3]> {
        self.values.as_chunks::<3>().0.iter().map(|pixel| pixel.map(|v| v + OUTSIDE)).collect()
    }

    /// Luma of each pixel (ITU-R BT.601), 0 to 255.
    pub(crate) fn luma(&self) -> Vec<f32> {
        let (pixels, _) = self.values.as_chunks::<3>();
        pixels.iter().map(|pixel| luma(*pixel) + OUTSIDE).collect()
    }

    /// Left and right exchanged.
    pub(crate) fn mirrored(&self) -> Self {
        let mut mirrored = self.clone();
        for row in mirrored.values.chunks_exact_mut(self.width.max(1) * 3) {
            row.as_chunks_mut::<3>().0.reverse();
        }
        mirrored
    }

    pub(crate) fn to_rgb(&self) -> RgbImage {
        let bytes = self.values.iter().map(|v| to_u8(v + OUTSIDE)).collect();
        let side = |length: usize| u32::try_from(length).unwrap_or(0);
        RgbImage::from_raw(side(self.width), side(self.height), bytes).unwrap_or_default()
    }

    fn resampled(picture: &RgbImage, columns: &[Taps], rows: &[Taps]) -> Self {
        let stride = picture.width() as usize * 3;
        let width = columns.len();
        let first = columns.iter().map(|taps| taps.start).min().unwrap_or(0);
        let last = columns.iter().map(|taps| taps.start + taps.weights.len()).max().unwrap_or(0);
        let mut values = vec![0.0; rows.len() * width * 3];
        // Rows are mixed downwards, as long as they are, then averaged sideways.
        let mut mixed = vec![0.0_f32; last.saturating_sub(first) * 3];
        for (taps, out) in rows.iter().zip(values.chunks_exact_mut((width * 3).max(1))) {
            mixed.fill(0.0);
            let source = picture.as_raw().chunks_exact(stride.max(1)).skip(taps.start);
            for (weight, row) in taps.weights.iter().zip(source) {
                let row = row.get(first * 3..last * 3).unwrap_or_default();
                mixed.iter_mut().zip(row).for_each(|(sum, v)| *sum += weight * (f32::from(*v) - OUTSIDE));
            }
            let pixels = mixed.as_chunks::<3>().0;
            for (taps, out) in columns.iter().zip(out.as_chunks_mut::<3>().0) {
                let start = taps.start - first;
                let pixels = pixels.get(start..start + taps.weights.len()).unwrap_or_default();
                let [mut red, mut green, mut blue] = [0.0; 3];
                for (weight, [r, g, b]) in taps.weights.iter().zip(pixels) {
                    red += weight * r;
                    green += weight * g;
                    blue += weight * b;
                }
                *out = [red, green, blue];
            }
        }
        Self { width, height: rows.len(), values }
    }
}

/// What a warp reads: four numbers a pixel, the last of no meaning, so that a processor takes a pixel at once.
struct Source {
    width: usize,
    height: usize,
    pixels: Vec<[f32; 4]>,
}

impl Source {
    /// The region shrunk by `factor`; by one it is copied.
    fn of(picture: &RgbImage, region: &Region, factor: f32) -> Self {
        if factor > 1.0 {
            let Raster { width, height, values } = Raster::shrunk(picture, region, f64::from(factor));
            let pixels = values.as_chunks::<3>().0.iter().map(|[r, g, b]| [*r, *g, *b, 0.0]).collect();
            return Self { width, height, pixels };
        }
        let (height, width) = (region.rows.len(), region.columns.len());
        let number = |v: &u8| f32::from(*v) - OUTSIDE;
        let mut pixels = Vec::with_capacity(height * width);
        for line in region.lines(picture) {
            pixels.extend(line.iter().map(|[r, g, b]| [number(r), number(g), number(b), 0.0]));
        }
        Self { width, height, pixels }
    }

    /// Bilinear between the four pixels around each place of a line; pixel centres lie at whole numbers here.
    fn bilinear(&self, start: Point, step: Point, line: &mut [[f32; 4]]) {
        self.mixed(start, step, 0, |t| [1.0 - t, t], line);
    }

    /// Bicubic between sixteen pixels (Keys, "Cubic convolution interpolation for digital image processing", 1981, a of
    /// -1/2): what is enlarged stays sharper. Of a face with 16 pixels between the eyes it keeps 0.02 of score.
    fn cubic(&self, start: Point, step: Point, line: &mut [[f32; 4]]) {
        self.mixed(start, step, 1, cubic_weights, line);
        // The kernel overshoots at an edge; a pixel cannot.
        line.iter_mut().flatten().for_each(|v| *v = v.clamp(-OUTSIDE, 255.0 - OUTSIDE));
    }

    /// For each place of a line the square of `N` x `N` pixels that begins `before` it, mixed by the weights for its two
    /// fractions.
    fn mixed<const N: usize>(
        &self,
        start: Point,
        step: Point,
        before: usize,
        weights: impl Fn(f32) -> [f32; N],
        line: &mut [[f32; 4]],
    ) {
        let place = |x: usize| Point::new(start.x + step.x * x as f32, start.y + step.y * x as f32);
        // Places from `before` on, and below these, have their whole square inside.
        let (least, beyond) = (before as f32, (N - before) as f32 - 1.0);
        let (right, bottom) = (self.width as f32 - beyond, self.height as f32 - beyond);
        let inside = |p: Point| p.x >= least && p.y >= least && p.x < right && p.y < bottom;
        // A line is straight: what its ends lie in, all of it lies in.
        if inside(start) && inside(place(line.len().saturating_sub(1))) {
            for (x, out) in line.iter_mut().enumerate() {
                let Point { x, y } = place(x);
                let (left, top) = (floor_to_usize(x), floor_to_usize(y));
                let (across, down) = (weights(x - left as f32), weights(y - top as f32));
                let begin = (top - before) * self.width + left - before;
                let mut sum = [0.0; 4];
                for (begin, weight) in (begin..).step_by(self.width).zip(down) {
                    if let Some(pixels) = self.pixels.get(begin..).and_then(<[_]>::first_chunk) {
                        add(&mut sum, pixels, &across, weight);
                    }
                }
                *out = sum;
            }
            return;
        }
        let near = |p: Point| {
            let reach = N as f32;
            p.x > -reach
                && p.y > -reach
                && p.x < self.width as f32 + reach
                && p.y < self.height as f32 + reach
        };
        for (x, out) in line.iter_mut().enumerate() {
            let Point { x, y } = place(x);
            *out = [0.0; 4];
            // A place that is no number is not near either.
            if !near(Point::new(x, y)) {
                continue;
            }
            let (left, top) = (x.floor(), y.floor());
            let (across, down) = (weights(x - left), weights(y - top));
            for (row, weight) in (0_u8..).zip(down) {
                let mut pixels = [[0.0; 4]; N];
                for (pixel, column) in pixels.iter_mut().zip(0_u8..) {
                    *pixel = self.pixel(left - least + f32::from(column), top - least + f32::from(row));
                }
                add(out, &pixels, &across, weight);
            }
        }
    }

    fn pixel(&self, x: f32, y: f32) -> [f32; 4] {
        if x < 0.0 || y < 0.0 || x >= self.width as f32 || y >= self.height as f32 {
            return [0.0; 4];
        }
        let index = floor_to_usize(y) * self.width + floor_to_usize(x);
        self.pixels.get(index).copied().unwrap_or_default()
    }
}

/// Adds a row of pixels, each with its share, by a weight.
fn add<const N: usize>(sum: &mut [f32; 4], pixels: &[[f32; 4]; N], across: &[f32; N], weight: f32) {
    let mut row = [0.0; 4];
    for (pixel, share) in pixels.iter().zip(across) {
        row.iter_mut().zip(pixel).for_each(|(sum, v)| *sum += share * v);
    }
    sum.iter_mut().zip(row).for_each(|(sum, v)| *sum += weight * v);
}

/// A JPEG codes squares of so many pixels (ITU-T T.81).
const BLOCK: usize = 8;

/// The grey values of a picture's region, row by row, each row as long as the first.
pub(crate) struct Grey {
    rows: Vec<Vec<f32>>,
}

impl Grey {
    /// The pixels from `low` to `high` that the picture has.
    pub(crate) fn of(picture: &RgbImage, low: Point, high: Point) -> Self {
        let region = Region::within(picture, low, high);
        let grey = |line: &[[u8; 3]]| line.iter().map(|pixel| luma(pixel.map(f32::from))).collect();
        Self { rows: region.lines(picture).map(grey).collect() }
    }

    /// How noisy it is: the standard deviation of noise (J. Immerkaer, "Fast noise variance estimation", 1996: a mask that
    /// neither an edge nor a ramp answers to).
    pub(crate) fn noise(&self) -> f32 {
        let (mut sum, mut count) = (0.0_f64, 0.0_f64);
        for three in self.rows.windows(3) {
            let [above, row, below] = three else { continue };
            for ((a, b), c) in above.windows(3).zip(row.windows(3)).zip(below.windows(3)) {
                let ([a0, a1, a2], [b0, b1, b2], [c0, c1, c2]) = (a, b, c) else { continue };
                let answer = a0 - 2.0 * a1 + a2 - 2.0 * b0 + 4.0 * b1 - 2.0 * b2 + c0 - 2.0 * c1 + c2;
                sum += f64::from(answer.abs());
                count += 1.0;
            }
        }
        // The mask's answer to noise of one has a standard deviation of six.
        let mean = sum / count.max(1.0) / 6.0;
        narrow((std::f64::consts::PI / 2.0).sqrt() * mean)
    }

    /// By how much more neighbours differ at the edges of blocks than beside them: the geometric mean of both directions,
    /// each at the place of the grid where it stands out most. Zero where the region is too small to show a grid.
    pub(crate) fn block_edges(&self) -> f32 {
        let width = self.rows.first().map_or(0, Vec::len);
        if width < 2 * BLOCK || self.rows.len() < 2 * BLOCK {
            return 0.0;
        }
        // How much each column differs from the next, and each row, on the average.
        let mean = |sum: f64, count: usize| sum / count as f64;
        let mut across = vec![0.0; width - 1];
        for row in &self.rows {
            for (sum, (a, b)) in across.iter_mut().zip(row.iter().zip(row.iter().skip(1))) {
                *sum += f64::from((b - a).abs());
            }
        }
        across.iter_mut().for_each(|sum| *sum = mean(*sum, self.rows.len()));
        let pairs = self.rows.iter().zip(self.rows.iter().skip(1));
        let down: Vec<f64> = pairs
            .map(|(a, b)| mean(a.iter().zip(b).map(|(a, b)| f64::from((b - a).abs())).sum(), width))
            .collect();
        narrow((standing_out(&across) * standing_out(&down)).sqrt())
    }
}

/// Luma of a pixel (ITU-R BT.601), 0 to 255.
pub(crate) fn luma([r, g, b]: [f32; 3]) -> f32 {
    0.299 * r + 0.587 * g + 0.114 * b
}

/// By how much the steps at one place of the grid exceed the mean of those beside them, at the place where they do most.
fn standing_out(steps: &[f64]) -> f64 {
    let excess: Vec<f64> = steps
        .windows(3)
        .filter_map(|three| {
            let [before, here, after] = three else { return None };
            Some(here - f64::midpoint(*before, *after))
        })
        .collect();
    let at = |place: usize| {
        let (mut sum, mut count) = (0.0, 0.0_f64);
        for value in excess.iter().skip(place).step_by(BLOCK) {
            (sum, count) = (sum + value, count + 1.0);
        }
        sum / count.max(1.0)
    };
    (0..BLOCK).map(at).fold(0.0, f64::max)
}

/// Weights of the four pixels around a place that lies `t` beyond the second.
fn cubic_weights(t: f32) -> [f32; 4] {
    [
        ((-0.5 * t + 1.0) * t - 0.5) * t,
        (1.5 * t - 2.5) * t * t + 1.0,
        ((-1.5 * t + 2.0) * t + 0.5) * t,
        (0.5 * t - 0.5) * t * t,
    ]
}

impl Taps {
    /// Area average when shrinking, bilinear when enlarging; what lies outside the range weighs for the grey.
    fn at(start: f64, step: f64, range: &Range<usize>) -> Self {
        if step >= 1.0 { Self::area(start, step, range) } else { Self::linear(start + step / 2.0, range) }
    }

    fn area(start: f64, step: f64, range: &Range<usize>) -> Self {
        let (low, high) = (range.start as f64, range.end as f64);
        let (from, to) = (start.clamp(low, high), (start + step).clamp(low, high));
        let (first, last) = (ceil_to_usize(from.floor()), ceil_to_usize(to));
        let covered = |i: usize| (to.min(i as f64 + 1.0) - from.max(i as f64)).max(0.0) / step;
        Self { start: first, weights: (first..last.min(range.end)).map(|i| narrow(covered(i))).collect() }
    }

    fn linear(centre: f64, range: &Range<usize>) -> Self {
        let left = (centre - 0.5).floor();
        let right_weight = centre - 0.5 - left;
        let mut taps = Self { start: range.start, weights: Vec::new() };
        for (place, weight) in [(left, 1.0 - right_weight), (left + 1.0, right_weight)] {
            if place >= range.start as f64 && place < range.end as f64 {
                if taps.weights.is_empty() {
                    taps.start = ceil_to_usize(place);
                }
                taps.weights.push(narrow(weight));
            }
        }
        taps
    }

    fn normalise(&mut self) {
        let sum: f32 = self.weights.iter().sum();
        if sum > 0.0 {
            self.weights.iter_mut().for_each(|weight| *weight /= sum);
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` clamps, which is what is wanted"
)]
fn floor_to_usize(value: f32) -> usize {
    value as usize
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` clamps, which is what is wanted"
)]
fn ceil_to_usize(value: f64) -> usize {
    value.ceil() as usize
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` clamps, which is what is wanted"
)]
pub(crate) fn to_u8(value: f32) -> u8 {
    (value + 0.5) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Raster {
        fn pixel(&self, x: usize, y: usize) -> [f32; 3] {
            self.values.as_chunks::<3>().0[y * self.width + x]
        }
    }

    fn ramp(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| image::Rgb([to_u8(x as f32), to_u8(y as f32), 200]))
    }

    #[test]
    fn shrinking_averages_areas_and_keeps_the_mean() {
        let picture = ramp(100, 60);
        let shrunk = Raster::shrunk(&picture, &Region::whole(&picture), 4.0);
        assert_eq!((shrunk.width, shrunk.height), (25, 15));
        assert!((shrunk.pixel(3, 2)[0] + OUTSIDE - 13.5).abs() < 1e-3);
        assert!((shrunk.pixel(3, 2)[1] + OUTSIDE - 9.5).abs() < 1e-3);
        let odd = Raster::shrunk(&picture, &Region::whole(&picture), 3.3);
        assert!(odd.values.as_chunks::<3>().0.iter().all(|p| (p[2] + OUTSIDE - 200.0).abs() < 1e-2));
    }

    #[test]
    fn a_warp_by_nothing_is_the_picture_and_outside_is_grey() {
        let picture = ramp(40, 40);
        let map = Similarity { a: 1.0, b: 0.0, dx: -5.0, dy: 0.0 };
        let warped = Raster::warped(&picture, 40, 40, &map);
        assert!((warped.pixel(15, 7)[0] + OUTSIDE - 10.0).abs() < 1e-3);
        assert_eq!(warped.pixel(2, 7), [0.0; 3]);
    }

    #[test]
    fn a_warp_keeps_its_place_to_the_end_of_a_line_far_from_the_corner() {
        let picture = RgbImage::from_fn(1600, 1200, |x, y| {
            image::Rgb([to_u8(128.0 + 100.0 * (x as f32 * 0.3).sin() * (y as f32 * 0.2).cos()); 3])
        });
        let between = |x: f64, y: f64| {
            let at = |v: f64| u32::try_from(ceil_to_usize(v)).unwrap();
            let pixel = |x: f64, y: f64| f64::from(picture.get_pixel(at(x), at(y))[0]);
            let (left, top) = (x.floor(), y.floor());
            let row = |y: f64| pixel(left, y) * (1.0 - (x - left)) + pixel(left + 1.0, y) * (x - left);
            row(top) * (1.0 - (y - top)) + row(top + 1.0) * (y - top)
        };
        // A side of 350 pixels, 1.37 of the picture's to each, turned, near the far corner.
        let (a, b, dx, dy) = (1.35, 0.25, 1100.0, 620.0);
        let warped = Raster::warped(&picture, 350, 350, &Similarity { a, b, dx, dy });
        let mut furthest = 0.0_f64;
        for y in 0..350_u16 {
            for x in 0..350_u16 {
                let (across, down) = (f64::from(x) + 0.5, f64::from(y) + 0.5);
                let (a, b, dx, dy) = (f64::from(a), f64::from(b), f64::from(dx), f64::from(dy));
                let (at_x, at_y) = (a * across - b * down + dx - 0.5, b * across + a * down + dy - 0.5);
                if at_x >= 1599.0 || at_y >= 1199.0 {
                    continue;
                }
                let got = f64::from(warped.pixel(usize::from(x), usize::from(y))[0] + OUTSIDE);
                furthest = furthest.max((got - between(at_x, at_y)).abs());
            }
        }
        // A value changes by up to 30 a pixel: a thousandth of a pixel.
        assert!(furthest < 0.03, "{furthest}");
    }

    #[test]
    fn the_edges_of_a_codes_blocks_are_seen_wherever_its_grid_lies() {
        let whole = |p: &RgbImage| Grey::of(p, Point::default(), Point::new(1e6, 1e6)).block_edges();
        let picture = RgbImage::from_fn(96, 96, |x, y| {
            let (x, y) = (x as f32, y as f32);
            let value = 128.0 + 50.0 * (x * 0.13).sin() + 40.0 * (y * 0.1 + x * 0.05).cos();
            image::Rgb([to_u8(value); 3])
        });
        let mut file = Vec::new();
        image::codecs::jpeg::JpegEncoder::new_with_quality(&mut file, 10).encode_image(&picture).unwrap();
        let coded = image::load_from_memory(&file).unwrap().into_rgb8();
        let seen = whole(&coded);
        assert!(whole(&picture) < 0.5 && seen > 4.0, "{} {seen}", whole(&picture));
        for (right, down) in [(1, 0), (0, 3), (5, 6)] {
            let moved = image::imageops::crop_imm(&coded, right, down, 96 - right, 96 - down).to_image();
            assert!((whole(&moved) - seen).abs() < 0.25 * seen, "{right} {down}");
        }
        for (width, height) in [(0, 0), (1, 90), (15, 90), (90, 15)] {
            assert_eq!(whole(&ramp(width, height)), 0.0);
        }
    }

    #[test]
    fn a_letterbox_says_where_the_picture_lies() {
        let picture = ramp(100, 200);
        let (canvas, factor, corner) = Raster::letterboxed(&picture, 320, 240);
        assert_eq!((canvas.width, canvas.height), (320, 240));
        // Picture pixel (50, 100) is the middle of both.
        let (x, y) = ((50.0 + corner.x) / factor, (100.0 + corner.y) / factor);
        assert!((x - 160.0).abs() < 1e-3 && (y - 120.0).abs() < 1e-3);
        assert_eq!(canvas.pixel(10, 10), [0.0; 3]);
        assert!((canvas.pixel(160, 120)[0] + OUTSIDE - 50.0).abs() < 1.0);
    }

    #[test]
    fn no_place_however_far_makes_a_warp_panic() {
        let picture = ramp(40, 40);
        for v in [0.0, 1e-30, 1e9, -1e30, f32::NAN, f32::INFINITY] {
            let _ = Raster::warped(&picture, 16, 16, &Similarity { a: v, b: 1.0, dx: v, dy: -v });
            let _ = Raster::warped(&picture, 16, 16, &Similarity { a: 1.0, b: v, dx: 1.0, dy: v });
        }
    }
}
