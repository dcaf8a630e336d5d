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
    let mut sensed = |value: f32| {
        let noise = if how.noise > 0.0 {
            let length = (-2.0 * (chance.share() + 1e-9).ln()).sqrt();
            how.noise * length * (std::f64::consts::TAU * chance.share()).cos()
        } else {
            0.0
        };
        (f64::from(value) + noise).round() as u8
    };
    Grey { width, height, data: grey.into_iter().map(&mut sensed).collect() }
}

/// The table's grey where the card is not.
fn between(card: &Grey, u: f64, v: f64) -> f64 {
    let (left, top) = (u.floor(), v.floor());
    if left < 0.0 || top < 0.0 || left >= card.width as f64 - 1.0 || top >= card.height as f64 - 1.0 {
        return 70.0;
    }
    let (right, below) = (u - left, v - top);
    let at = top as usize * card.width + left as usize;
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
    let weight = |off: usize| (-(off.abs_diff(reach).pow(2) as f64) / (2.0 * sigma * sigma)).exp() as f32;
    let weights: Vec<f32> = (0..=2 * reach).map(weight).collect();
    let whole: f32 = weights.iter().sum();
    let height = grey.len() / width;
    let at = |from: &[f32], i: usize, (step, most): (usize, usize)| {
        let own = i / step % most;
        let start = i - own * step;
        let place = |n: usize| start + (own + n).saturating_sub(reach).min(most - 1) * step;
        weights.iter().enumerate().map(|(n, weight)| weight * from[place(n)]).sum::<f32>() / whole
    };
    let rows: Vec<f32> = (0..grey.len()).map(|i| at(grey, i, (1, width))).collect();
    (0..grey.len()).map(|i| at(&rows, i, (width, height))).collect()
}
