//! A camera made of numbers: how it sees a card. The same as in `web/wallet/test/cards.ts`.

use crate::cards::{Chance, Grey, PITCH};

/// How a card is filmed.
#[derive(Debug, Clone, Copy)]
pub struct Filming {
    pub width: usize,
    pub height: usize,
    /// Pixels from character to character, in the frame.
    pub pitch: f64,
    /// Degrees, clockwise.
    pub tilt: f64,
    /// How much nearer the right side is than the left, and the lower than the upper, in parts of the whole.
    pub right: f64,
    pub lower: f64,
    /// Standard deviations: of the lens in pixels of the frame, of the sensor in grey values.
    pub blur: f64,
    pub noise: f64,
    /// How much light is left at the dark side, and how much there is at all; 1 is all of it.
    pub shade: f64,
    pub light: f64,
    /// A lamp's reflection on the zone: its radius, in characters.
    pub glare: f64,
}

impl Filming {
    pub const fn pitch(pitch: f64) -> Self {
        Self {
            width: 1280,
            height: 720,
            pitch,
            tilt: 0.0,
            right: 0.0,
            lower: 0.0,
            blur: 0.0,
            noise: 0.0,
            shade: 1.0,
            light: 1.0,
            glare: 0.0,
        }
    }
}

/// The card as a camera sees it on a dark table, in the middle of its frame but for a hand's unrest.
pub fn film(card: &Grey, how: &Filming, chance: &mut Chance) -> Grey {
    let (width, height, pitch) = (how.width, how.height, how.pitch);
    let (mut source, mut scale) = (card.clone(), pitch / PITCH);
    while scale <= 0.5 {
        (source, scale) = (half(&source), scale * 2.0);
    }
    let (sin, cos) = how.tilt.to_radians().sin_cos();
    let mut unrest = || (chance.share() - 0.5) * 8.0;
    let (cx, cy) = (width as f64 / 2.0 + unrest(), height as f64 / 2.0 + unrest());
    let size = pitch / PITCH;
    let lamp = (
        cx + (chance.share() - 0.5) * card.width as f64 * 0.7 * size,
        cy + (0.2 + 0.25 * chance.share()) * card.height as f64 * size,
    );
    let (w, h) = (source.width as f64, source.height as f64);
    let mut grey = vec![0.0_f32; width * height];
    for (i, pixel) in grey.iter_mut().enumerate() {
        let (x, y) = ((i % width) as f64, (i / width) as f64);
        let (px, py) = (x + 0.5 - cx, y + 0.5 - cy);
        let (u, v) = ((px * cos + py * sin) / scale, (py * cos - px * sin) / scale);
        // What is nearer is larger: a plane, seen aslant.
        let depth = 1.0 + how.right * u / w + how.lower * v / h;
        let value = between(&source, u / depth + w / 2.0 - 0.5, v / depth + h / 2.0 - 0.5);
        let shine = if how.glare > 0.0 {
            (-((x - lamp.0).powi(2) + (y - lamp.1).powi(2)) / (how.glare * pitch).powi(2)).exp() * 250.0
        } else {
            0.0
        };
        let light = how.light * (1.0 - (1.0 - how.shade) * x / width as f64);
        *pixel = (value * light + shine).min(255.0) as f32;
    }
    if how.blur > 0.0 {
        grey = blurred(&grey, width, how.blur);
    }
    let sensed = |value: f32| (value + 0.5) as u8;
    let data = if how.noise > 0.0 {
        let noise = noise(how.noise, chance);
        grey.into_iter().map(|value| sensed(value + noise[chance.below(noise.len())])).collect()
    } else {
        grey.into_iter().map(sensed).collect()
    };
    Grey { width, height, data }
}

/// Values of a sensor's noise, of which each pixel draws one; `sigma` in grey values.
fn noise(sigma: f64, chance: &mut Chance) -> Vec<f32> {
    let mut one = || {
        let length = (-2.0 * (chance.share() + 1e-9).ln()).sqrt();
        (sigma * length * (std::f64::consts::TAU * chance.share()).cos()) as f32
    };
    (0..1 << 16).map(|_| one()).collect()
}

/// The table's grey where the card is not.
fn between(card: &Grey, u: f64, v: f64) -> f64 {
    if u < 0.0 || v < 0.0 || u >= card.width as f64 - 1.0 || v >= card.height as f64 - 1.0 {
        return 70.0;
    }
    let (left, top) = (u as usize, v as usize);
    let (right, below) = (u - left as f64, v - top as f64);
    let at = top * card.width + left;
    let across = |at: usize| f64::from(card.data[at]) * (1.0 - right) + f64::from(card.data[at + 1]) * right;
    across(at) * (1.0 - below) + across(at + card.width) * below
}

fn half(card: &Grey) -> Grey {
    Grey::painted(card.width / 2, card.height / 2, |x, y| {
        let at = 2 * (y * card.width + x);
        let four = [at, at + 1, at + card.width, at + card.width + 1];
        ((four.iter().map(|at| u32::from(card.data[*at])).sum::<u32>() + 2) / 4) as u8
    })
}

/// Spreads each pixel over its neighbours, first along rows, then along columns; `sigma` in pixels.
fn blurred(grey: &[f32], width: usize, sigma: f64) -> Vec<f32> {
    let reach = (sigma * 3.0).ceil() as usize;
    let weights: Vec<f32> = (0..=2 * reach)
        .map(|off| (-(off.abs_diff(reach).pow(2) as f64) / (2.0 * sigma * sigma)).exp() as f32)
        .collect();
    let whole: f32 = weights.iter().sum();
    let mut rows = Vec::with_capacity(grey.len());
    for row in grey.chunks_exact(width) {
        // At the edges the last pixel goes on.
        let (first, last) = (vec![row[0]; reach], vec![row[width - 1]; reach]);
        let wider = [&first, row, &last].concat();
        rows.extend(wider.windows(weights.len()).map(|near| {
            near.iter().zip(&weights).map(|(value, weight)| value * weight).sum::<f32>() / whole
        }));
    }
    let height = grey.len() / width;
    let mut spread = vec![0.0; grey.len()];
    for (y, to) in spread.chunks_exact_mut(width).enumerate() {
        for (n, weight) in weights.iter().enumerate() {
            let from = (y + n).saturating_sub(reach).min(height - 1) * width;
            for (to, value) in to.iter_mut().zip(&rows[from..from + width]) {
                *to += value * weight / whole;
            }
        }
    }
    spread
}
