//! Measures the check of one crossing code beside two raw verifications of the same keys, parsed on each call, in one
//! run: `cargo run -p gate --example check_ratio`. The bar is 1.05 (DESIGN 7).

#[path = "../tests/bay/mod.rs"]
mod bay;

use std::hint::black_box;

use bay::{Bay, Mac, Wallet, elsewhere, hengqin, lane_id, now};
use credential::ProofWindow;
use credential::status::StatusList;
use credential::{PublicKey, VerifyingKey};
use gate::check::Checker;
use gate::{Stopwatch, SystemStopwatch};

const ROUNDS: usize = 2_000;
const BATCHES: usize = 15;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut bay = Bay::new();
    bay.status(Mac, |list| *list = StatusList::with_entries(10_000_000));
    let wallet = Wallet::new(&bay, Mac);
    let code = wallet.show(&hengqin(), now());
    let checker = Checker::new(lane_id("one"), hengqin(), ProofWindow::default(), elsewhere());
    let mut replay = checker.replay_cache(now());
    let mut scratch = Vec::new();

    let message = [7_u8; 300];
    let issuer = &bay.keys.get(&Mac).ok_or("no issuer")?.token;
    let pairs = [issuer, &wallet.device]
        .map(|key| (*key.public().as_bytes(), key.sign(&message).unwrap_or([0; credential::SIGNATURE_LEN])));

    let watch = SystemStopwatch::start();
    let (mut raw, mut checked) = (Vec::new(), Vec::new());
    for _ in 0..BATCHES {
        let start = watch.millis();
        for _ in 0..ROUNDS {
            for (point, signature) in &pairs {
                let key = VerifyingKey::new(PublicKey::from_bytes(black_box(point))?)?;
                key.verify(black_box(&message), signature)?;
            }
        }
        let middle = watch.millis();
        for _ in 0..ROUNDS {
            let result = checker.check(black_box(&code), &mut scratch, &bay.lists, &mut replay, now());
            black_box(result.map(|c| c.id())).map_err(gate::GateReason::code)?;
        }
        raw.push((middle - start) / ROUNDS as f64);
        checked.push((watch.millis() - middle) / ROUNDS as f64);
    }
    let median = |times: &mut Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times.get(times.len() / 2).copied().unwrap_or_default() * 1000.0
    };
    let (raw, checked) = (median(&mut raw), median(&mut checked));
    println!(
        "two raw verifications {raw:.1} us, check {checked:.1} us, ratio {:.3} (bar 1.05)",
        checked / raw
    );
    Ok(())
}
