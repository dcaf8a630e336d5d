//! Direct convolution: layers of few input channels, which the runtime of the other layers computes a number at a time, or
//! nearly.
//!
//! Lives here: `Direct`, one such layer with the activation after it. Not here: which layers of a network are such
//! (`plan`).

use rten_simd::ops::{BitOps, NumOps};
use rten_simd::{Isa, SimdOp};
use std::ops::Range;

/// Sums are written in blocks of so many, whatever a processor's vectors hold.
const BLOCK: usize = 64;

/// Vectors that are summed at a time: enough of them hide how long one multiplication takes.
const AT_A_TIME: usize = 4;

/// Height before width, as in a tensor's shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) kernel: [usize; 2],
    pub(super) strides: [usize; 2],
    pub(super) dilations: [usize; 2],
    /// Above, left, below, right.
    pub(super) pads: [usize; 4],
}

/// A convolution (ONNX operator Conv) of two dimensions, and what a following Relu or `PRelu` makes of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Direct {
    pub(super) window: Window,
    /// Input channels of one group.
    pub(super) inputs: usize,
    /// Output channels of one group.
    pub(super) outputs: usize,
    /// Output channel, input channel of its group, row, column.
    pub(super) weights: Vec<f32>,
    /// One an output channel.
    pub(super) bias: Vec<f32>,
    /// What a negative sum is multiplied with, one an output channel: 1 without an activation, 0 for Relu.
    pub(super) slopes: Vec<f32>,
}

/// Where things lie while a picture of one size is convolved.
///
/// A padded channel is kept as planes, one for each remainder of row and column by the stride: with any stride, a tap of
/// the kernel then is one run of numbers.
struct Layout {
    out: [usize; 2],
    plane: [usize; 2],
    /// Numbers of one channel.
    channel: usize,
    runs: Vec<Run>,
    /// Where each tap of one group begins.
    taps: Vec<usize>,
    /// Sums of one output channel, whole rows of a plane.
    sums: usize,
}

impl Direct {
    /// Convolves channels x height x width numbers. `None` where they do not fit the layer.
    pub(super) fn run(&self, input: &[f32], [channels, height, width]: [usize; 3]) -> Option<Convolved> {
        let groups = self.bias.len() / self.outputs.max(1);
        if channels != groups * self.inputs || input.len() != channels * height * width || input.is_empty() {
            return None;
        }
        let layout = self.window.layout([height, width], self.inputs)?;
        let ([out_height, out_width], [_, plane_width], [_, across]) =
            (layout.out, layout.plane, self.window.strides);
        let mut group = vec![0.0; self.inputs * layout.channel + layout.sums];
        let mut sums = vec![0.0; layout.sums];
        let mut numbers = Vec::with_capacity(self.bias.len() * out_height * out_width);
        let taps = layout.taps.len();
        let mut kernels = self.weights.chunks_exact(taps).zip(self.bias.iter().zip(&self.slopes));
        for source in input.chunks_exact(self.inputs * height * width) {
            for (channel, into) in
                source.chunks_exact(height * width).zip(group.chunks_exact_mut(layout.channel))
            {
                layout.spread(channel, across, into);
            }
            for (weights, (bias, slope)) in kernels.by_ref().take(self.outputs) {
                let (group, taps) = (group.as_slice(), layout.taps.as_slice());
                Sums { group, taps, weights, bias: *bias, slope: *slope, sums: &mut sums }.dispatch();
                for row in sums.chunks(plane_width).take(out_height) {
                    numbers.extend_from_slice(row.get(..out_width)?);
                }
            }
        }
        let shape = [self.bias.len(), out_height, out_width];
        (numbers.len() == shape.iter().product::<usize>()).then_some(Convolved { shape, numbers })
    }
}

/// Channels, height, width, and the numbers.
pub(super) struct Convolved {
    pub(super) shape: [usize; 3],
    pub(super) numbers: Vec<f32>,
}

impl Window {
    fn layout(&self, [height, width]: [usize; 2], inputs: usize) -> Option<Layout> {
        let [above, left, below, right] = self.pads;
        let axis = |length: usize, kernel: usize, stride: usize, dilation: usize| {
            let reach = dilation * kernel.checked_sub(1)? + 1;
            Some((length.checked_sub(reach)?.checked_div(stride)? + 1, length.div_ceil(stride)))
        };
        let ([kernel_height, kernel_width], [down, across], [row, column]) =
            (self.kernel, self.strides, self.dilations);
        let (out_height, plane_height) = axis(height + above + below, kernel_height, down, row)?;
        let (out_width, plane_width) = axis(width + left + right, kernel_width, across, column)?;
        let plane = plane_height * plane_width;
        let channel = down * across * plane;
        let mut taps = Vec::with_capacity(inputs * kernel_height * kernel_width);
        for input in 0..inputs {
            for y in (0..kernel_height).map(|y| y * row) {
                for x in (0..kernel_width).map(|x| x * column) {
                    let nth = (y % down) * across + x % across;
                    taps.push(input * channel + nth * plane + y / down * plane_width + x / across);
                }
            }
        }
        let sums = ((out_height - 1) * plane_width + out_width).next_multiple_of(BLOCK);
        let plane = [plane_height, plane_width];
        let runs = self.runs([height, width], plane);
        Some(Layout { out: [out_height, out_width], plane, channel, runs, taps, sums })
    }

    /// Where the numbers of a channel lie in its planes.
    fn runs(&self, [height, width]: [usize; 2], plane: [usize; 2]) -> Vec<Run> {
        let ([above, left, ..], [down, across], [plane_height, plane_width]) =
            (self.pads, self.strides, plane);
        let rows = (above..above + height).flat_map(|y| (0..across).map(move |nth| (y, nth)));
        let runs = rows.map(|(y, nth)| {
            let first = (nth + across - left % across) % across;
            let row = ((y % down * across + nth) * plane_height + y / down) * plane_width;
            let count = width.saturating_sub(first).div_ceil(across);
            let begin = row + (first + left) / across;
            Run { from: (y - above) * width + first, to: begin..begin + count }
        });
        runs.filter(|run| !run.to.is_empty()).collect()
    }
}

/// Numbers of one row, a stride apart, and where they lie side by side in a plane.
struct Run {
    from: usize,
    to: Range<usize>,
}

impl Layout {
    /// Writes a channel into its planes. What lies outside stays zero: every channel has the same shape.
    fn spread(&self, channel: &[f32], across: usize, into: &mut [f32]) {
        for Run { from, to } in &self.runs {
            let (Some(line), Some(row)) = (into.get_mut(to.clone()), channel.get(*from..)) else { continue };
            match across {
                1 => line.iter_mut().zip(row).for_each(|(to, from)| *to = *from),
                2 => {
                    let (pairs, rest) = row.as_chunks::<2>();
                    let (whole, last) = line.split_at_mut(line.len().min(pairs.len()));
                    whole.iter_mut().zip(pairs).for_each(|(to, [first, _])| *to = *first);
                    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
                }
                _ => line.iter_mut().zip(row.iter().step_by(across)).for_each(|(to, from)| *to = *from),
            }
        }
    }
}

/// The sums of one output channel.
struct Sums<'a> {
    group: &'a [f32],
    taps: &'a [usize],
    weights: &'a [f32],
    bias: f32,
    slope: f32,
    sums: &'a mut [f32],
}

impl SimdOp for Sums<'_> {
    type Output = ();

    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) {
        let ops = isa.f32();
        let (lanes, zero, bias, slope) = (ops.len(), ops.zero(), ops.splat(self.bias), ops.splat(self.slope));
        let step = AT_A_TIME * lanes;
        for (block, start) in self.sums.chunks_exact_mut(step).zip((0..).step_by(step)) {
            let mut sums = [bias; AT_A_TIME];
            for (tap, weight) in self.taps.iter().zip(self.weights) {
                let weight = ops.splat(*weight);
                let begin = tap + start;
                let values = self.group.get(begin..begin + step).unwrap_or_default();
                for (sum, value) in sums.iter_mut().zip(values.chunks_exact(lanes)) {
                    *sum = ops.mul_add(ops.load(value), weight, *sum);
                }
            }
            for (sum, out) in sums.into_iter().zip(block.chunks_exact_mut(lanes)) {
                ops.store(ops.mul_add(ops.min(sum, zero), slope, ops.max(sum, zero)), out);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::narrow;
    use proptest::prelude::*;

    /// The sum as the operator's definition writes it.
    fn by_definition(layer: &Direct, input: &[f32], [channels, height, width]: [usize; 3]) -> Vec<f32> {
        let Window {
            kernel: [kh, kw],
            strides: [sh, sw],
            dilations: [dh, dw],
            pads: [top, left, below, right],
        } = layer.window;
        let out_height = (height + top + below - dh * (kh - 1) - 1) / sh + 1;
        let out_width = (width + left + right - dw * (kw - 1) - 1) / sw + 1;
        let pixel = |c: usize, y: usize, x: usize| {
            let inside = y >= top && x >= left && y - top < height && x - left < width;
            if inside { input[(c * height + y - top) * width + x - left] } else { 0.0 }
        };
        let mut out = Vec::new();
        for o in 0..layer.bias.len() {
            let group = o / layer.outputs;
            for (y, x) in (0..out_height).flat_map(|y| (0..out_width).map(move |x| (y, x))) {
                let mut sum = f64::from(layer.bias[o]);
                for i in 0..layer.inputs {
                    for (ky, kx) in (0..kh).flat_map(|ky| (0..kw).map(move |kx| (ky, kx))) {
                        let weight = layer.weights[((o * layer.inputs + i) * kh + ky) * kw + kx];
                        let value = pixel(group * layer.inputs + i, y * sh + ky * dh, x * sw + kx * dw);
                        sum += f64::from(weight) * f64::from(value);
                    }
                }
                let sum = narrow(sum);
                out.push(if sum < 0.0 { sum * layer.slopes[o] } else { sum });
            }
        }
        assert_eq!(channels, layer.bias.len() / layer.outputs * layer.inputs);
        out
    }

    fn pair(of: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = [usize; 2]> {
        [of.clone(), of]
    }

    prop_compose! {
        fn case()(
            kernel in pair(1..=4), strides in pair(1..=3), dilations in pair(1..=3),
            pads in [0..4_usize, 0..4_usize, 0..4_usize, 0..4_usize],
            (groups, inputs, outputs) in (1..4_usize, 1..4_usize, 1..4_usize),
            size in pair(1..=19), seed in any::<u64>(),
        ) -> (Direct, Vec<f32>, [usize; 3]) {
            let mut random = crate::chance::SplitMix64::new(seed);
            let mut numbers = |count| (0..count).map(|_| narrow(random.uniform() - 0.5)).collect::<Vec<_>>();
            let weights = numbers(groups * outputs * inputs * kernel[0] * kernel[1]);
            let layer = Direct {
                window: Window { kernel, strides, dilations, pads },
                inputs, outputs, weights, bias: numbers(groups * outputs), slopes: numbers(groups * outputs),
            };
            let [height, width] = size;
            (layer, numbers(groups * inputs * height * width), [groups * inputs, height, width])
        }
    }

    proptest! {
        #[test]
        fn every_window_gives_the_sums_of_the_definition((layer, input, shape) in case()) {
            let Window { kernel, dilations, pads: [above, left, below, right], .. } = layer.window;
            let reach = |axis: usize| dilations[axis] * (kernel[axis] - 1) + 1;
            let fits = shape[1] + above + below >= reach(0) && shape[2] + left + right >= reach(1);
            let got = layer.run(&input, shape);
            prop_assert_eq!(got.is_some(), fits);
            if let Some(got) = got {
                let wanted = by_definition(&layer, &input, shape);
                prop_assert_eq!(got.numbers.len(), wanted.len());
                for (got, wanted) in got.numbers.iter().zip(wanted) {
                    prop_assert!((got - wanted).abs() < 1e-4, "{} {}", got, wanted);
                }
            }
        }

        #[test]
        fn numbers_that_do_not_fit_the_layer_are_refused((layer, input, [channels, height, width]) in case()) {
            prop_assert!(layer.run(&input, [channels + 1, height, width]).is_none());
            prop_assert!(layer.run(&input[1..], [channels, height, width]).is_none());
            prop_assert!(layer.run(&[], [channels, 0, width]).is_none());
        }
    }
}
