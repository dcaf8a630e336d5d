//! Look-alikes: residents whom somebody else resembles, so that no face tells them apart.
//!
//! Lives here: the mark, set and taken away. Not here: how it is read (`person`, with all else of one), what follows from it at a lane (`verdict::decide`).

use documents::Timestamp;

use super::vault::PersonKey;
use super::{Result, Tx, define_statements, run};

define_statements! {
    SET_LOOK_ALIKE = "INSERT INTO look_alike (person_key, marked_by, marked_at) VALUES ($1, $2, $3) ON CONFLICT (person_key) DO UPDATE SET marked_by = excluded.marked_by, marked_at = excluded.marked_at";
    END_LOOK_ALIKE = "DELETE FROM look_alike WHERE person_key = $1";
}

/// Who said that somebody looks alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MarkedBy {
    /// The holder, in their wallet.
    Holder,
    /// An officer.
    Officer,
}

/// Marks a resident.
pub(crate) async fn set_mark(tx: &mut Tx, key: PersonKey, by: MarkedBy, now: Timestamp) -> Result<()> {
    let by: i16 = match by {
        MarkedBy::Holder => 1,
        MarkedBy::Officer => 2,
    };
    run!(tx, SET_LOOK_ALIKE, key.to_vec(), by, now.unix()).map(drop)
}

/// Takes the mark away.
pub(crate) async fn end_mark(tx: &mut Tx, key: PersonKey) -> Result<()> {
    run!(tx, END_LOOK_ALIKE, key.to_vec()).map(drop)
}
