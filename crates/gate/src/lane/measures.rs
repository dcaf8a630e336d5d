//! Measures: how a lane carries out what an authority asks for.
//!
//! Lives here: [`Measurer`], and the forms without anybody at the lane. Not here: which measures are asked for.

use std::future::Future;

use clearance::Measures;
use documents::Measure;

/// What came of the measures that were wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// All were carried out.
    All,
    /// Not all were: they stay open.
    NotAll,
    /// The traveller left.
    Left,
}

/// Carries out measures at one lane. How long it may take is the clearance's matter: the future is dropped then.
pub trait Measurer: Send {
    /// Carries out what is `wanted`.
    fn take(&mut self, wanted: Measures) -> impl Future<Output = Taken> + Send;
}

/// Nobody is there to carry anything out: a one-shot command leaves measures open.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nobody;

impl Measurer for Nobody {
    async fn take(&mut self, _: Measures) -> Taken {
        Taken::NotAll
    }
}

/// Carries out those that it was told it can.
#[derive(Debug, Clone, Default)]
pub struct Simulated(pub Vec<Measure>);

impl Measurer for Simulated {
    async fn take(&mut self, wanted: Measures) -> Taken {
        if wanted.iter().all(|m| self.0.contains(&m)) { Taken::All } else { Taken::NotAll }
    }
}
