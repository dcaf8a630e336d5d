//! Clearance: joins the verdicts on one traveller at one lane into one outcome, as values and transitions.
//!
//! Lives here: [`Clearance`] and its steps, what an authority is [`told`], what a restart makes of the durable
//! records ([`recover`]), the [`Envelope`]s in which a gate asks, and the authority's [`Reservation`]. Not here: how an authority reaches a verdict
//! (`authority`), what a lane does with a command (`gate`), signed messages (`credential`), any clock or socket.

mod binding;
mod envelope;
mod machine;
mod notice;
mod recovery;
mod reservation;
mod verdict;

pub use binding::{
    ClearanceId, Digest, LaneId, NotALaneId, PassageId, Place, Request, ReservationId, Round, RoundError,
    Sides, Subject,
};
pub use envelope::{DocumentEnvelope, Envelope, Enveloped, MAX_PROBE_LEN};
pub use machine::{
    ASK_SECONDS, Asking, Clearance, Command, DOOR_SECONDS, Event, MAX_ROUNDS, MEASURES_SECONDS, Measuring,
    Mismatch, Refused, Sentence, Step, TransitionError,
};
pub use notice::{BAND_SECONDS, NotAPassage, Passage, Told, told};
pub use recovery::{AskingRecord, OpeningRecord, PassageRecord, Recovery, Trail, recover};
pub use reservation::{Hold, HoldAnswer, HoldRequest, ReleaseCause, Reservation, ReservationError, ask_hold};
pub use verdict::{
    Admit, Answer, Measures, NoMeasures, VERDICT_SECONDS, Verdict, VerdictError, measure_from_number,
    measure_number,
};
