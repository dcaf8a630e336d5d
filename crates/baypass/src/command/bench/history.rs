//! What a person's history costs through the database: verdict and passage of somebody with one crossing behind them beside somebody with
//! 10,000, over one SQLite file.
//!
//! Lives here: the measurement. Not here: the bar (`risk`), what is measured (`authority::bench`). The history is what risk control keeps of it, one
//! state a person. Movements of the ledger, which the rules of documents read, are `bench ledger`'s.

use authority::bench::{BenchLane, LedgerBench, Traveller};
use authority::store::DatabaseAddress;
use documents::Timestamp;
use evaluate::median;
use gate::{Clock as _, Stopwatch as _, SystemClock, SystemStopwatch};

use super::ledger::{Scratch, open};
use crate::failure::{Failure, of};
use crate::install::parties::load_faces;

/// Travellers of each kind; the first part warms up and is not counted.
const EACH: u32 = 500;
const WARM_UP: usize = 100;

/// Medians of verdict and passage together, in milliseconds: after one crossing, and after `past` of them. The two take turns, so that whatever
/// else the machine does disturbs both alike.
pub(super) async fn through_database(past: u32, models: &std::path::Path) -> Result<[f64; 2], Failure> {
    let (faces, scratch, now) = (load_faces(models)?, Scratch::make(None, "risk")?, SystemClock.now());
    let (bench, _) = open(&DatabaseAddress::sqlite(&scratch.folder().join("risk.db")), &faces).await?;
    let few = bench.add_travellers(10_000_000, EACH, now).await.map_err(of)?;
    let many = bench.add_travellers(11_000_000, EACH, now).await.map_err(of)?;
    bench.add_past(&few, 1, now).await.map_err(of)?;
    bench.add_past(&many, past, now).await.map_err(of)?;
    let (mut lane, watch) = (BenchLane::new(0), SystemStopwatch::start());
    let mut times = [Vec::new(), Vec::new()];
    for (few, many) in few.iter().zip(&many) {
        for (traveller, times) in [few, many].into_iter().zip(&mut times) {
            times.push(cross(&bench, &mut lane, traveller, now, &watch).await?);
        }
    }
    Ok(times.map(|times| median(times.into_iter().skip(WARM_UP).collect())))
}

/// One verdict and its passage; gives what both took.
async fn cross(
    bench: &LedgerBench,
    lane: &mut BenchLane,
    traveller: &Traveller,
    now: Timestamp,
    watch: &SystemStopwatch,
) -> Result<f64, Failure> {
    let begun = watch.millis();
    let clearance = bench.verdict(lane, traveller, now).await.map_err(of)?;
    let judged = watch.millis();
    // Outside of what is measured: a traveller who is asked for more costs more.
    let code = bench.reason(&clearance).await.map_err(of)?;
    if code != "admitted" {
        return Err(Failure::new(format!("the bench's traveller is not admitted: {code}")));
    }
    let told = watch.millis();
    bench.passage(lane, &clearance, now).await.map_err(of)?;
    Ok(judged - begun + watch.millis() - told)
}
