//! Patch: connected dark patches of a character's size.
//!
//! Lives here: the local threshold, [`Patch`], the bounds of this work. Not here: which patches stand in a row (`segment`).

use crate::frame::GreyFrame;

/// A dark patch: its middle and its height, in pixels.
#[derive(Clone, Copy)]
pub(crate) struct Patch {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) high: f64,
}

/// The lowest and the highest patch that may be a character, in pixels.
const HEIGHTS: std::ops::RangeInclusive<f64> = 6.0..=70.0;
/// More dark stretches are no picture of a document.
const MOST_STRETCHES: usize = 260_000;
/// More patches of that size are none either.
const MOST_PATCHES: usize = 9000;

/// The patches of a frame, from the left; none where there are too many.
pub(crate) fn patches(frame: &GreyFrame<'_>) -> Vec<Patch> {
    let Some(stretches) = dark_stretches(frame) else { return Vec::new() };
    let mut found: Vec<Patch> = stretches.boxes().filter_map(Extent::patch).collect();
    if found.len() > MOST_PATCHES {
        return Vec::new();
    }
    found.sort_by(|a, b| a.x.total_cmp(&b.x));
    found
}

/// What a patch takes up: columns `left` to before `right`, rows `top` to `bottom`, and how many dark pixels.
#[derive(Clone, Copy)]
struct Extent {
    left: u32,
    right: u32,
    top: u32,
    bottom: u32,
    area: u32,
}

impl Extent {
    fn joined(self, other: Self) -> Self {
        Self {
            left: self.left.min(other.left),
            right: self.right.max(other.right),
            top: self.top.min(other.top),
            bottom: self.bottom.max(other.bottom),
            area: self.area + other.area,
        }
    }

    /// The patch, if it may be a character.
    fn patch(self) -> Option<Patch> {
        let (wide, high) = (f64::from(self.right - self.left), f64::from(self.bottom - self.top + 1));
        let fits = HEIGHTS.contains(&high) && wide >= 2.0 && wide <= high * 1.6;
        if !fits || f64::from(self.area) > wide * high * 0.9 {
            return None;
        }
        let x = f64::from(self.left + self.right) / 2.0;
        Some(Patch { x, y: f64::from(self.top) + high / 2.0, high })
    }
}

/// Dark stretches of rows. Those that touch lead to one of them, the last.
#[derive(Default)]
struct Stretches {
    extents: Vec<Extent>,
    /// Of each another one that it touches, further down; of the last one itself.
    leads: Vec<usize>,
}

impl Stretches {
    /// The last of those that a stretch touches.
    fn last(&mut self, mut at: usize) -> usize {
        while let Some(next) = self.leads.get(at).copied()
            && next != at
        {
            let further = self.leads.get(next).copied().unwrap_or(next);
            if let Some(lead) = self.leads.get_mut(at) {
                *lead = further;
            }
            at = further;
        }
        at
    }

    fn join(&mut self, one: usize, other: usize) {
        let (from, to) = (self.last(one), self.last(other));
        if let Some(lead) = self.leads.get_mut(from) {
            *lead = to;
        }
    }

    /// One extent for all stretches that touch.
    fn boxes(mut self) -> impl Iterator<Item = Extent> {
        let mut whole: Vec<Option<Extent>> = vec![None; self.extents.len()];
        for at in 0..self.extents.len() {
            let last = self.last(at);
            if let (Some(extent), Some(whole)) = (self.extents.get(at).copied(), whole.get_mut(last)) {
                *whole = Some(whole.map_or(extent, |whole| whole.joined(extent)));
            }
        }
        whole.into_iter().flatten()
    }
}

/// The dark stretches of all rows; `None` where there are too many.
fn dark_stretches(frame: &GreyFrame<'_>) -> Option<Stretches> {
    let mut dark = Threshold::of(frame);
    let mut found = Stretches::default();
    let mut above = 0..0;
    for (y, row) in (0_u32..).zip(frame.rows()) {
        let first = found.extents.len();
        for (left, right) in dark.stretches(y, row) {
            let own = found.extents.len();
            if own == MOST_STRETCHES {
                return None;
            }
            found.extents.push(Extent { left, right, top: y, bottom: y, area: right - left });
            found.leads.push(own);
            // Stretches of the row above that touch this one, also by a corner.
            let ends_before = |at: usize| found.extents.get(at).is_some_and(|other| other.right < left);
            while above.start < above.end && ends_before(above.start) {
                above.start += 1;
            }
            for at in above.clone() {
                if found.extents.get(at).is_none_or(|other| other.left > right) {
                    break;
                }
                found.join(at, own);
            }
        }
        above = first..found.extents.len();
    }
    Some(found)
}

/// A pixel is dark if it is darker than its surroundings by a share of their mean, so that shade does not matter.
struct Threshold {
    /// Sums of all values above and to the left of a place, one column and row more than the frame has.
    sums: Vec<u32>,
    columns: usize,
    radius: usize,
    height: usize,
    /// Of each pixel of a row: the columns of its surroundings, and how many they are.
    sides: Vec<(usize, usize, u64)>,
    dark: Vec<bool>,
}

impl Threshold {
    fn of(frame: &GreyFrame<'_>) -> Self {
        let (width, height) = (frame.width(), frame.height());
        let radius = 8.max((width * 2 + 45) / 90);
        let side = |x: usize| {
            let (left, right) = (x.saturating_sub(radius), width.min(x + radius + 1));
            (left, right, u64::try_from(right - left).unwrap_or(u64::MAX))
        };
        Self {
            sums: sums(frame),
            columns: width + 1,
            radius,
            height,
            sides: (0..width).map(side).collect(),
            dark: Vec::with_capacity(width),
        }
    }

    /// The sums along the edge above row `y`.
    fn edge(&self, y: usize) -> &[u32] {
        self.sums.get(y * self.columns..).and_then(|rest| rest.get(..self.columns)).unwrap_or_default()
    }

    /// The stretches of a row that are dark: from a column to before another.
    fn stretches(&mut self, y: u32, row: &[u8]) -> Vec<(u32, u32)> {
        let y = usize::try_from(y).unwrap_or(usize::MAX);
        let (top, bottom) = (y.saturating_sub(self.radius), self.height.min(y + self.radius + 1));
        let rows = u64::try_from(bottom - top).unwrap_or(u64::MAX);
        let mut dark = std::mem::take(&mut self.dark);
        dark.clear();
        let (above, below) = (self.edge(top), self.edge(bottom));
        let at = |edge: &[u32], x: usize| edge.get(x).copied().unwrap_or(0);
        dark.extend(row.iter().zip(&self.sides).map(|(value, (left, right, columns))| {
            let sum = (at(below, *right).wrapping_sub(at(above, *right)))
                .wrapping_sub(at(below, *left).wrapping_sub(at(above, *left)));
            // Darker than 87 % of the mean, less 3: in whole numbers.
            (u64::from(*value) + 3) * 100 * rows * columns < 87 * u64::from(sum)
        }));
        self.dark = dark;
        let mut found = Vec::new();
        let mut x = 0_u32;
        for same in self.dark.chunk_by(|a, b| a == b) {
            let next = x + u32::try_from(same.len()).unwrap_or(u32::MAX);
            if same.first() == Some(&true) {
                found.push((x, next));
            }
            x = next;
        }
        found
    }
}

/// At most 1.4 million pixels of 255 stay far below the largest `u32`.
fn sums(frame: &GreyFrame<'_>) -> Vec<u32> {
    let columns = frame.width() + 1;
    let mut sums = vec![0_u32; columns];
    sums.reserve_exact(columns * frame.height());
    let mut before = sums.clone();
    for row in frame.rows() {
        let mut own = 0_u32;
        for (sum, value) in before.iter_mut().skip(1).zip(row) {
            own += u32::from(*value);
            *sum += own;
        }
        sums.extend_from_slice(&before);
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A light frame on which `dark` pixels are dark.
    fn frame(dark: impl Fn(usize, usize) -> bool) -> GreyFrame<'static> {
        let pixels: Vec<u8> = (0..120 * 60).map(|i| if dark(i % 120, i / 120) { 20 } else { 200 }).collect();
        GreyFrame::new(120, 60, pixels).unwrap()
    }

    #[test]
    fn strokes_that_touch_by_a_corner_are_one_patch() {
        // An angle that opens to the right, as a filler has it: its two strokes meet at the left alone.
        let angle = |x: usize, y: usize| {
            (50..60).contains(&x) && (y == 30 + (x - 50) || y == 30 - (x - 50) || y == 31 + (x - 50))
        };
        let found = patches(&frame(angle));
        let [patch] = found.as_slice() else { panic!("{} patches", found.len()) };
        assert_eq!((patch.x, patch.high), (55.0, 20.0));
        assert!((patch.y - 31.0).abs() < 0.6);
    }

    #[test]
    fn what_is_too_low_too_tall_too_wide_or_full_is_no_character() {
        for (name, wide, high, hole, expected) in [
            ("a character", 10, 14, true, 1),
            ("too low", 5, 5, true, 0),
            ("too wide", 26, 14, true, 0),
            ("full", 10, 14, false, 0),
        ] {
            let ring = frame(|x, y| {
                let (Some(u), Some(v)) = (x.checked_sub(40), y.checked_sub(20)) else { return false };
                let inside = u > 1 && v > 1 && u + 2 < wide && v + 2 < high;
                u < wide && v < high && !(hole && inside)
            });
            assert_eq!(patches(&ring).len(), expected, "row {name}");
        }
    }

    #[test]
    fn a_frame_with_too_many_dark_stretches_has_no_patches() {
        let pixels: Vec<u8> = (0..1200 * 1000).map(|i| if i % 2 == 0 { 0 } else { 255 }).collect();
        assert!(patches(&GreyFrame::new(1200, 1000, pixels).unwrap()).is_empty());
    }
}
