//! `baypass bench`: measurements, each against its bar in the same run.

mod check;
mod cluster;
mod desk;
mod face;
mod history;
mod ledger;
mod presentation;
mod risk;
mod status;

use std::hint::black_box;
use std::path::Path;

use clap::Subcommand;
use credential::{POINT_LEN, PublicKey, SIGNATURE_LEN, SigningKey, VerifyingKey};
use evaluate::median;
use gate::{Stopwatch as _, SystemStopwatch};

use super::block_on;
use crate::Ended;
use crate::failure::Failure;

/// What can fail in a set-up of our own making is a fault of ours; its text goes to the operator as it is.
type Setup<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// A figure to three places.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// What a key signed, for a raw verification.
struct Signed {
    point: [u8; POINT_LEN],
    message: Vec<u8>,
    signature: [u8; SIGNATURE_LEN],
}

impl Signed {
    /// A message of so many bytes, signed by this key.
    fn new(key: &SigningKey, bytes: usize) -> Setup<Self> {
        let message = vec![7; bytes];
        Ok(Self { point: *key.public().as_bytes(), signature: key.sign(&message)?, message })
    }

    fn verify(&self) -> Setup<()> {
        let key = VerifyingKey::new(PublicKey::from_bytes(black_box(&self.point))?)?;
        Ok(key.verify(black_box(&self.message), black_box(&self.signature))?)
    }
}

/// The median times, in microseconds, of these raw verifications together and of a whole that cannot do without them. Each call is timed by
/// itself and the two take turns, so that a busy machine disturbs both alike and a call that was interrupted falls out of the median.
/// `warm_up` calls come before the `rounds` that count.
fn beside(
    raw: &[Signed],
    (warm_up, rounds): (usize, usize),
    mut whole: impl FnMut() -> Setup<()>,
) -> Setup<(f64, f64)> {
    let watch = SystemStopwatch::start();
    let (mut raws, mut wholes) = (Vec::new(), Vec::new());
    for round in 0..warm_up + rounds {
        let start = watch.millis();
        raw.iter().try_for_each(Signed::verify)?;
        let middle = watch.millis();
        whole()?;
        let end = watch.millis();
        if round >= warm_up {
            raws.push((middle - start) * 1000.0);
            wholes.push((end - middle) * 1000.0);
        }
    }
    Ok((median(raws), median(wholes)))
}

/// What can be measured.
#[derive(Subcommand)]
pub enum BenchCommand {
    /// One face stage by stage, beside the same networks in ONNX Runtime where that is installed; memory.
    Face(face::FaceArgs),
    /// The gate's check of one code beside two raw verifications, and the size of every code.
    Check(check::CheckArgs),
    /// A desk: a presentation beside its raw signature verifications, the answer to one scan, a group of 40 to register and hotel's
    /// system.
    Desk(desk::DeskArgs),
    /// The database's part of a clearance as a ledger grows, on SQLite and PostgreSQL; clearances a second beside
    /// `pgbench`. Takes some twenty minutes and 14 GB of disk at a million persons.
    Ledger(ledger::LedgerArgs),
    /// A presentation of a wallet of others, SD-JWT VC and mdoc, beside its raw signature verifications.
    Presentation(presentation::PresentationArgs),
    /// One crossing under 200 risk rules, on an idle and a busy machine, and after one and 10,000 crossings of the person, by itself and
    /// through a database.
    Risk(risk::RiskArgs),
    /// Status lists of so many places: the time to make, sign and read them, and their size.
    Status(status::StatusArgs),
}

impl BenchCommand {
    /// Runs the measurement.
    pub fn run(&self, models: &Path) -> Result<Ended, Failure> {
        match self {
            Self::Face(args) => face::run(args, models),
            Self::Check(args) => check::run(args),
            Self::Desk(args) => block_on(desk::run(args)),
            Self::Ledger(args) => block_on(ledger::run(args, models)),
            Self::Presentation(args) => presentation::run(args),
            Self::Risk(args) => block_on(risk::run(args, models)),
            Self::Status(args) => status::run(args),
        }
    }
}
