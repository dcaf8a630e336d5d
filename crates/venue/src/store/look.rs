//! Look: who looked at whose data, when and for what act.
//!
//! Lives here: [`Look`], [`Act`]. Not here: accounts (`officers`). No function of the store opens a person's fields for
//! a human without a [`Look`], which is written in the same transaction.

use documents::Timestamp;

use super::vault::random;
use super::{PersonKey, Result, StoreError, Tx, all, column, define_statements, run, time};
use crate::actor::Actor;

define_statements! {
    INSERT_LOOK = "INSERT INTO look (id, at, actor, act, person_key) VALUES ($1, $2, $3, $4, $5)";
    LOOKS_AT = "SELECT at, actor, act FROM look WHERE person_key = $1 ORDER BY at, id";
}

/// What somebody does with a person's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    /// Checks a guest in, or registers a visitor.
    Register,
    /// Looks at the record.
    See,
    /// Searches by pseudonym or document.
    Search,
    /// Corrects it.
    Correct,
    /// Moves a guest, notes a host's word.
    Move,
    /// Lets a visitor in.
    Enter,
    /// Lets a visitor out.
    Leave,
    /// Checks a guest out.
    CheckOut,
    /// Forgets what the person takes back.
    Withdraw,
    /// Gives the person a copy.
    Export,
    /// Erases it.
    Erase,
    /// Prints or opens the evacuation list.
    Evacuate,
}

impl Act {
    /// Every act.
    pub const ALL: [Self; 12] = [
        Self::Register,
        Self::See,
        Self::Search,
        Self::Correct,
        Self::Move,
        Self::Enter,
        Self::Leave,
        Self::CheckOut,
        Self::Withdraw,
        Self::Export,
        Self::Erase,
        Self::Evacuate,
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::See => "see",
            Self::Search => "search",
            Self::Correct => "correct",
            Self::Move => "move",
            Self::Enter => "enter",
            Self::Leave => "leave",
            Self::CheckOut => "check_out",
            Self::Withdraw => "withdraw",
            Self::Export => "export",
            Self::Erase => "erase",
            Self::Evacuate => "evacuate",
        }
    }
}

/// One look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// What for.
    pub act: Act,
}

pub(crate) async fn write(
    tx: &mut Tx,
    person: PersonKey,
    actor: &Actor,
    act: Act,
    at: Timestamp,
) -> Result<()> {
    let id = random()?.to_vec();
    run!(tx, INSERT_LOOK, id, at.unix(), actor.to_string(), act.code().to_owned(), person.to_vec()).map(drop)
}

/// Who looked at this person's data.
pub(crate) async fn of_person(tx: &mut Tx, person: PersonKey) -> Result<Vec<Look>> {
    let rows = all!(tx, LOOKS_AT, person.to_vec())?;
    rows.iter()
        .map(|row| {
            let actor: String = column(row, "look", "actor")?;
            let actor = actor.parse().map_err(|_| StoreError::Row { table: "look", column: "actor" })?;
            let code: String = column(row, "look", "act")?;
            let act = Act::ALL.into_iter().find(|act| act.code() == code);
            let act = act.ok_or(StoreError::Row { table: "look", column: "act" })?;
            Ok(Look { at: time(row, "look", "at")?, actor, act })
        })
        .collect()
}
