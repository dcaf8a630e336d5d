//! Stay: one guest's time in a hotel, from check-in to check-out, as a value and its transitions.
//!
//! Lives here: [`Stay`], [`StayError`], rooms; guests in `guest`, parties and rooming lists in `party`, by which name one is found in `name`. Not here: where stays are
//! kept (`store`), to whom they are reported (`police`). Pure: the same arguments give the same answer.

mod disclosed;
mod guest;
mod name;
mod party;

use std::collections::{BTreeMap, BTreeSet};

use documents::{LocalDate, Timestamp};

pub(crate) use disclosed::parse_birth;
pub use disclosed::{Disclosed, Source};
pub(crate) use guest::text;
pub use guest::{Admission, Entry, Guest, GuestFault, MAX_TEXT, Notes, Typed, admit};
pub use name::NameForm;
pub use party::{
    Arrival, MAX_PARTY, Outcome, Party, PartyError, RoomingList, RoomingRow, RoomingRowError, WrittenRow,
    WrittenRows,
};

use crate::profile::{Deadline, Field, Moment, Need, Profile};

/// The id of a stay: 16 bytes that follow from its party and line, so that a check-in that comes twice is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StayId([u8; 16]);

/// The id of a party, drawn by the desk's page before the first try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartyId([u8; 16]);

macro_rules! id {
    ($($name:ident),+) => {$(
        impl $name {
            /// The id with these bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// Its bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::stay::NotAnId;

            fn from_str(text: &str) -> std::result::Result<Self, $crate::stay::NotAnId> {
                let mut bytes = [0; 16];
                hex::decode_to_slice(text, &mut bytes).map_err(|_| $crate::stay::NotAnId)?;
                Ok(Self(bytes))
            }
        }
    )+};
}
pub(crate) use id;
id!(StayId, PartyId);

/// The text is no id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id; write 32 hexadecimal digits")]
pub struct NotAnId;

impl StayId {
    /// The stay of one line of a party.
    #[must_use]
    pub fn of(party: PartyId, line: u16) -> Self {
        let hash =
            credential::sha256(&[b"bp-venue-stay/".as_slice(), &party.0, &line.to_be_bytes()].concat());
        let mut id = [0; 16];
        id.iter_mut().zip(hash).for_each(|(slot, byte)| *slot = byte);
        Self(id)
    }
}

/// The name of a room: 1 to 16 letters, digits, hyphens and points.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Room(String);

/// The text names no room.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a room; write 1 to 16 letters, digits, hyphens and points")]
pub struct NotARoom;

impl Room {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for Room {
    type Err = NotARoom;

    fn from_str(text: &str) -> Result<Self, NotARoom> {
        let text = text.trim();
        let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.');
        if (1..=16).contains(&text.chars().count()) && text.chars().all(fits) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotARoom)
        }
    }
}

/// A guest in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InHouse {
    /// Who.
    pub guest: Guest,
    /// Where.
    pub room: Room,
    /// Since when.
    pub since: Timestamp,
    /// The day on which the guest means to leave.
    pub planned: LocalDate,
    /// By when the arrival is reported; `None` for whom it is not.
    pub deadline: Option<Deadline>,
}

/// A guest who has left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// The stay as it was.
    pub was: InHouse,
    /// When the guest left.
    pub out: Timestamp,
    /// From this moment on nothing of it is kept.
    pub keep_until: Timestamp,
}

/// One guest's stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stay {
    /// In the house.
    InHouse(InHouse),
    /// Checked out.
    Left(Left),
}

/// Why a transition is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StayError {
    /// The guest has left.
    #[error("this guest left at {at}; check the guest in again")]
    Left {
        /// When.
        at: Timestamp,
    },
    /// The desk's clock lies before the check-in.
    #[error("this desk's clock says {now}, before the check-in at {since}; set the clock")]
    Clock {
        /// The desk's clock.
        now: Timestamp,
        /// The check-in.
        since: Timestamp,
    },
    /// A room change into the same room.
    #[error("the guest is in this room already")]
    SameRoom,
    /// A value that was shown cannot be typed over.
    #[error("{0} was shown by the guest; ask for another presentation, or check out and in")]
    Claimed(Field),
    /// A field that this stay does not have.
    #[error("{0} is not kept of this guest; leave it out")]
    NotKept(Field),
    /// A value that is none of its field.
    #[error("{field} cannot be read; {want}")]
    Form {
        /// The field.
        field: Field,
        /// What to write.
        want: String,
    },
    /// Nothing is corrected.
    #[error("no field differs from what is kept; name the field to correct")]
    Unchanged,
    /// A field that the law asks for: consent was not its ground, and cannot be withdrawn.
    #[error("{0} is required by law here; it is erased with the rest when its time is over")]
    Required(Field),
    /// What must be asked on leaving is not there.
    #[error("{0} is asked of this guest on leaving; ask for it")]
    Missing(Field),
}

impl StayError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Left { .. } => "left_already",
            Self::Clock { .. } => "clock_behind",
            Self::SameRoom => "same_room",
            Self::Claimed(_) => "typed_over_claim",
            Self::NotKept(_) => "field_not_kept",
            Self::Form { .. } => "field_form",
            Self::Unchanged => "unchanged",
            Self::Required(_) => "field_required",
            Self::Missing(_) => "field_missing",
        }
    }
}

impl StayError {
    /// The field that it concerns.
    #[must_use]
    pub const fn field(&self) -> Option<Field> {
        match self {
            Self::Claimed(field)
            | Self::NotKept(field)
            | Self::Form { field, .. }
            | Self::Required(field)
            | Self::Missing(field) => Some(*field),
            Self::Left { .. } | Self::Clock { .. } | Self::SameRoom | Self::Unchanged => None,
        }
    }
}

impl Stay {
    /// The guest.
    #[must_use]
    pub const fn guest(&self) -> &Guest {
        &self.last().guest
    }

    /// The stay as it is or was in the house.
    #[must_use]
    pub const fn last(&self) -> &InHouse {
        match self {
            Self::InHouse(stay) => stay,
            Self::Left(left) => &left.was,
        }
    }

    fn in_house(self, now: Timestamp) -> Result<InHouse, StayError> {
        match self {
            Self::InHouse(stay) if now < stay.since => Err(StayError::Clock { now, since: stay.since }),
            Self::InHouse(stay) => Ok(stay),
            Self::Left(left) => Err(StayError::Left { at: left.out }),
        }
    }

    /// Moves the guest to another room.
    ///
    /// # Errors
    /// [`StayError::SameRoom`], [`StayError::Left`], [`StayError::Clock`].
    pub fn change_room(self, room: Room, now: Timestamp) -> Result<Self, StayError> {
        let stay = self.in_house(now)?;
        if stay.room == room {
            return Err(StayError::SameRoom);
        }
        Ok(Self::InHouse(InHouse { room, ..stay }))
    }

    /// Corrects what a clerk typed. A stay that has ended can be corrected as well, as long as it is kept.
    ///
    /// # Errors
    /// [`StayError`] for the first fault; nothing is corrected then.
    pub fn correct(self, changes: &Typed, now: Timestamp) -> Result<Self, StayError> {
        let mut fields = self.guest().fields.clone();
        for (field, typed) in changes {
            let entry = fields.get_mut(field).ok_or(StayError::NotKept(*field))?;
            if entry.source != Source::Typed {
                return Err(StayError::Claimed(*field));
            }
            let form = |want| StayError::Form { field: *field, want };
            entry.text = guest::checked(*field, typed, now.local_date()).map_err(form)?;
        }
        number_fits(&mut fields)?;
        if fields == self.guest().fields {
            return Err(StayError::Unchanged);
        }
        let corrected = |stay: InHouse| InHouse { guest: Guest { fields, ..stay.guest }, ..stay };
        Ok(match self {
            Self::InHouse(stay) => Self::InHouse(corrected(stay)),
            Self::Left(left) => Self::Left(Left { was: corrected(left.was), ..left }),
        })
    }

    /// Forgets optional fields of which the guest takes back the consent.
    ///
    /// # Errors
    /// [`StayError::Required`], [`StayError::NotKept`]; nothing is forgotten then.
    pub fn withdraw(self, profile: &Profile, fields: &BTreeSet<Field>) -> Result<Self, StayError> {
        let last = self.last();
        let asked = last.guest.asked(profile, last.since.local_date(), Moment::In);
        let leaving = last.guest.asked(profile, last.since.local_date(), Moment::Out);
        for field in fields {
            if !last.guest.fields.contains_key(field) {
                return Err(StayError::NotKept(*field));
            }
            if [asked.get(field), leaving.get(field)].contains(&Some(&Need::Required)) {
                return Err(StayError::Required(*field));
            }
        }
        let forget = |mut stay: InHouse| {
            stay.guest.fields.retain(|field, _| !fields.contains(field));
            stay
        };
        Ok(match self {
            Self::InHouse(stay) => Self::InHouse(forget(stay)),
            Self::Left(left) => Self::Left(Left { was: forget(left.was), ..left }),
        })
    }

    /// Ends the stay. `typed` answers what the profile asks on leaving; `approval_days` may shorten how long data are kept.
    ///
    /// # Errors
    /// [`StayError::Missing`], [`StayError::NotKept`], [`StayError::Form`], [`StayError::Left`], [`StayError::Clock`].
    pub fn check_out(
        self,
        profile: &Profile,
        typed: &Typed,
        now: Timestamp,
        approval_days: Option<u16>,
    ) -> Result<Self, StayError> {
        let mut stay = self.in_house(now)?;
        let asked = stay.guest.asked(profile, stay.since.local_date(), Moment::Out);
        for (field, need) in &asked {
            match typed.get(field) {
                Some(typed) => {
                    let form = |want| StayError::Form { field: *field, want };
                    let text = guest::checked(*field, typed, now.local_date()).map_err(form)?;
                    stay.guest.fields.insert(*field, Entry { text, source: Source::Typed });
                }
                None if *need == Need::Required => return Err(StayError::Missing(*field)),
                None => {}
            }
        }
        if let Some(stray) = typed.keys().find(|field| !asked.contains_key(field)) {
            return Err(StayError::NotKept(*stray));
        }
        let keep_until = profile.keep_until(now, approval_days);
        Ok(Self::Left(Left { was: stay, out: now, keep_until }))
    }
}

/// A corrected document is held to its check digit again.
fn number_fits(fields: &mut BTreeMap<Field, Entry>) -> Result<(), StayError> {
    let permit = fields.get(&Field::DocumentKind).and_then(|entry| entry.text.parse().ok());
    if let (Some(permit), Some(entry)) = (permit, fields.get_mut(&Field::DocumentNumber)) {
        let number = crate::profile::PermitNumber::parse(permit, &entry.text);
        let form = |error: crate::profile::PermitNumberError| StayError::Form {
            field: Field::DocumentNumber,
            want: error.to_string(),
        };
        number.map_err(form)?.as_str().clone_into(&mut entry.text);
    }
    Ok(())
}

/// The faults of an arrival, in one sentence for a clerk.
#[must_use]
pub fn sentence(faults: &BTreeSet<GuestFault>) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests;
