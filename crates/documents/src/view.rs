//! What one authority may know of a traveller when it judges: plain values, built by whoever asks.
//!
//! Lives here: `Holder`, `Document`, `Endorsement`, `Movement`, `View`, `Question`.
//! Not here: the decision (`judge`), the files these come from (`case`, the ledgers of `authority`).

use std::fmt;
use std::str::FromStr;

use crate::{
    AuthorityCode, Direction, DocumentKind, DocumentNumber, LaneKind, LocalDate, PortId, Side, Timestamp,
    redact_debug,
};

/// The stable one-byte code of a form of endorsement in the data files (1 to 200).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FormCode(u8);

impl FormCode {
    /// The form with this code; `None` outside 1 to 200. `Rules::form` says whether the data have it.
    #[must_use]
    pub const fn new(code: u8) -> Option<Self> {
        if code == 0 || code > 200 { None } else { Some(Self(code)) }
    }

    /// The code, 1 to 200.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// A dated right to cross that a permit carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endorsement {
    /// Its form: kind, length of stay and way of counting, by code in the data files.
    pub form: FormCode,
    /// The region that it opens: `HKG` or `MAC`.
    pub destination: AuthorityCode,
    /// Entries granted at issue; `None` where they are not counted one by one (multiple, weekly).
    pub entries: Option<u8>,
    /// First day on which it may be used.
    pub valid_from: LocalDate,
    /// Last day on which it may be used.
    pub valid_to: LocalDate,
    /// Day of issue: the rule of that day governs it.
    pub issued: LocalDate,
    /// Kind D only: last day of stay that the region approved; `valid_to` where it is not known.
    pub approved_until: Option<LocalDate>,
}

impl Endorsement {
    /// What names this endorsement among those of one person.
    #[must_use]
    pub const fn reference(&self) -> EndorsementRef {
        EndorsementRef { form: self.form, destination: self.destination, valid_from: self.valid_from }
    }
}

/// Names one endorsement of one person: no two may share form, destination and first day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EndorsementRef {
    /// The form's code in the data files.
    pub form: FormCode,
    /// The region that it opens: `HKG` or `MAC`.
    pub destination: AuthorityCode,
    /// First day on which it may be used.
    pub valid_from: LocalDate,
}

/// Whether the issuer still recognises a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocumentStatus {
    /// Recognised. It may have expired all the same.
    Valid,
    /// Reported lost: it opens nothing, and its endorsements are void.
    Lost,
}

/// One document as an authority sees it. `Debug` shows no number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The document's number, which says its kind too.
    pub number: DocumentNumber,
    /// Day of issue, where known.
    pub issued: Option<LocalDate>,
    /// Last day of validity; `None` for documents without one.
    pub expires: Option<LocalDate>,
    /// Whether it was reported lost.
    pub status: DocumentStatus,
    /// The endorsements on it (a one-way permit carries one of form `owp`).
    pub endorsements: Vec<Endorsement>,
}

impl Document {
    /// The kind of document.
    #[must_use]
    pub const fn kind(&self) -> DocumentKind {
        self.number.kind()
    }

    /// Whether this document had replaced `older` by `day`: same kind, issued later.
    #[must_use]
    pub fn replaces(&self, older: &Self, day: LocalDate) -> bool {
        let later = |issued: LocalDate| issued <= day && older.issued.is_none_or(|own| own < issued);
        self.kind() == older.kind() && self.issued.is_some_and(later)
    }

    /// What brings documents into an order of their own, so that the order in which they are given means nothing.
    pub(crate) fn order(&self) -> impl Ord + use<> {
        let mut endorsements = self.endorsements.clone();
        endorsements.sort();
        (
            self.status,
            std::cmp::Reverse(self.issued),
            std::cmp::Reverse(self.expires),
            endorsements,
            self.number.clone(),
        )
    }

    /// Whether its last day lies before `day`.
    #[must_use]
    pub fn expired_on(&self, day: LocalDate) -> bool {
        self.expires.is_some_and(|last| last < day)
    }

    /// From when on it is over: the midnight after its last day; `None` where it has none.
    #[must_use]
    pub fn over_at(&self) -> Option<Timestamp> {
        self.expires.map(|last| last.plus_days(1).start())
    }
}

/// A person's class of residence in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResidenceClass {
    /// Permanent resident (every resident of the mainland counts as one).
    Permanent,
    /// Not a permanent resident.
    NonPermanent,
    /// Not permanent, identity card marked `***`, `*` or `R`: may hold a Hong Kong re-entry permit.
    NonPermanentMarked,
}

impl ResidenceClass {
    /// `permanent`, `non_permanent` or `non_permanent_marked`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Permanent => "permanent",
            Self::NonPermanent => "non_permanent",
            Self::NonPermanentMarked => "non_permanent_marked",
        }
    }
}

/// One place in which the holder is a resident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Residence {
    /// The jurisdiction in which they reside.
    pub of: AuthorityCode,
    /// The class of residence there.
    pub class: ResidenceClass,
}

/// A birth date, or the year alone where a part carries no more.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Birth {
    /// The whole date.
    Date(LocalDate),
    /// The year alone. Ages are then counted as if the birthday of the current year had not come yet.
    Year(i16),
}
redact_debug!(Birth);

impl Birth {
    /// Whole years on `day`.
    #[must_use]
    pub fn age_on(self, day: LocalDate) -> i16 {
        match self {
            Self::Date(born) => born.age_on(day),
            Self::Year(year) => day.ymd().0.saturating_sub(year).saturating_sub(1),
        }
    }
}

/// A nationality: three letters, ICAO 9303 (`CHN`, `PRT`, `GBR`).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Nationality([u8; 3]);
redact_debug!(Nationality);

/// The text is not a nationality code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a nationality; write three capital letters as in a passport, like CHN or PRT")]
pub struct NotANationality;

impl Nationality {
    /// Chinese nationality (`CHN`).
    pub const CHINESE: Self = Self(*b"CHN");

    /// The letters, padded with `<` where the code is shorter (`D<<`).
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 3] {
        &self.0
    }

    /// The letters without padding. The type has no `Display`, so showing them is deliberate.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default().trim_end_matches('<')
    }

    /// Whether this is `CHN`.
    #[must_use]
    pub fn is_chinese(self) -> bool {
        self == Self::CHINESE
    }
}

impl FromStr for Nationality {
    type Err = NotANationality;

    fn from_str(text: &str) -> Result<Self, NotANationality> {
        let letters = text.trim_end_matches('<').as_bytes();
        if letters.is_empty()
            || letters.len() > 3
            || text.len() > 3
            || !letters.iter().all(u8::is_ascii_uppercase)
        {
            return Err(NotANationality);
        }
        let mut code = [b'<'; 3];
        for (slot, letter) in code.iter_mut().zip(letters) {
            *slot = *letter;
        }
        Ok(Self(code))
    }
}

/// The person, as far as the judging authority may know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The authority under whose identity card they are treated.
    pub home: AuthorityCode,
    /// Every place in which they are a resident, as far as known; `home` is among them.
    pub residences: Vec<Residence>,
    /// Birth date, or the year alone.
    pub birth: Birth,
    /// Nationality; `None` where it is not known.
    pub nationality: Option<Nationality>,
    /// Registered for joint lanes: fingerprints given for the permit card, or both cards linked.
    pub registered: bool,
    /// 1.2 m or taller.
    pub tall_enough: bool,
    /// Height in centimetres, where it is known; a part carries only whether they are 1.2 m or taller.
    pub height_cm: Option<u16>,
    /// Staff of the Zhuhai-Macao cross-border industrial zone.
    pub zone_staff: bool,
}

impl Holder {
    /// A resident of one place, registered for joint lanes and tall enough.
    #[must_use]
    pub fn new(home: AuthorityCode, class: ResidenceClass, birth: Birth) -> Self {
        Self {
            home,
            residences: vec![Residence { of: home, class }],
            birth,
            nationality: None,
            registered: true,
            tall_enough: true,
            height_cm: None,
            zone_staff: false,
        }
    }

    /// Whether they are `cm` tall or taller, as far as it is known: who is not 1.2 m and of unknown height is not.
    #[must_use]
    pub fn is_as_tall_as(&self, cm: u16) -> bool {
        self.height_cm.map_or(self.tall_enough, |height| cm <= height)
    }

    /// Their class of residence in `of`; `None` where they are not a resident.
    #[must_use]
    pub fn residence(&self, of: AuthorityCode) -> Option<ResidenceClass> {
        self.residences.iter().find(|r| r.of == of).map(|r| r.class)
    }

    /// Class, registration and height in one byte below 24, for a part: class 0 to 2, +4 registered, +8 tall.
    #[must_use]
    pub fn wire_class(&self) -> u8 {
        let class = match self.residence(self.home) {
            Some(ResidenceClass::Permanent) => 0,
            Some(ResidenceClass::NonPermanent) | None => 1,
            Some(ResidenceClass::NonPermanentMarked) => 2,
        };
        class + if self.registered { 4 } else { 0 } + if self.tall_enough { 8 } else { 0 }
    }

    /// The holder that `wire_class` described; `None` for a byte that it never makes.
    #[must_use]
    pub fn from_wire_class(
        home: AuthorityCode,
        byte: u8,
        birth: Birth,
        nationality: Option<Nationality>,
    ) -> Option<Self> {
        if byte > 15 {
            return None;
        }
        let class = match byte & 3 {
            0 => ResidenceClass::Permanent,
            1 => ResidenceClass::NonPermanent,
            2 => ResidenceClass::NonPermanentMarked,
            _ => return None,
        };
        let mut holder = Self::new(home, class, birth);
        holder.nationality = nationality;
        holder.registered = byte & 4 != 0;
        holder.tall_enough = byte & 8 != 0;
        Some(holder)
    }
}

/// How much of a movement was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Applied {
    /// Exit and entry: the traveller is across.
    Both,
    /// The exit alone: the traveller left, and no entry was recorded.
    ExitOnly,
    /// The entry alone: no exit was recorded.
    EntryOnly,
    /// The exit, after which the traveller turned back between the halls: they are where they were.
    Returned,
    /// An exit to a place outside the three, by air or sea: nobody here sees an entry. The direction's destination is then
    /// any of the other two and says nothing.
    LeftTheThree,
    /// An entry from a place outside the three; the direction's origin says nothing.
    CameFromOutside,
}

/// What a movement took from an endorsement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Use {
    /// Not recorded: it follows from the movements before it.
    Unrecorded,
    /// Recorded: nothing was taken.
    Nothing,
    /// Recorded: one entry (or the week) of this endorsement.
    Entry(EndorsementRef),
}

/// One passage in the past, from the authority's own ledger or from a notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// The time of the passage.
    pub at: Timestamp,
    /// The port that was crossed.
    pub port: PortId,
    /// Origin and destination.
    pub direction: Direction,
    /// How far it got.
    pub applied: Applied,
    /// Whether the traveller crossed with their tour group.
    pub with_group: bool,
    /// The last lawful day of stay that an officer granted; `None` where only the formula is known.
    pub granted_until: Option<LocalDate>,
    /// The entry that was taken.
    pub used: Use,
}

impl Movement {
    /// A whole crossing with nothing recorded beside place and time.
    #[must_use]
    pub const fn new(at: Timestamp, port: PortId, direction: Direction) -> Self {
        Self {
            at,
            port,
            direction,
            applied: Applied::Both,
            with_group: false,
            granted_until: None,
            used: Use::Unrecorded,
        }
    }
}

/// All that one authority knows of one traveller at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// What is known of the traveller themselves.
    pub holder: Holder,
    /// The document presented to this authority, if any.
    pub document: Option<Document>,
    /// Other documents of the person that it knows: older cards (their endorsements explain past trips),
    /// and papers shown beside (a Visit Permit, a Document of Identity).
    pub other_documents: Vec<Document>,
    /// Its own ledger's movements of this person; for the mainland also the notices of moves between the
    /// regions; for a region also, where it was told, that a mainland resident came home from the other
    /// (which ends a side trip: without it the region must take the way back for one). Any order.
    pub movements: Vec<Movement>,
}

/// The traveller's means of transport at the port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Means {
    /// On foot.
    Foot,
    /// By bus or coach.
    Bus,
    /// By car.
    Car,
    /// By train.
    Rail,
    /// By ferry.
    Ferry,
    /// By air.
    Air,
}

impl Means {
    /// Every means of transport, in the order of declaration.
    pub const ALL: [Self; 6] = [Self::Foot, Self::Bus, Self::Car, Self::Rail, Self::Ferry, Self::Air];

    /// `foot`, `bus`, `car`, `rail`, `ferry` or `air`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Foot => "foot",
            Self::Bus => "bus",
            Self::Car => "car",
            Self::Rail => "rail",
            Self::Ferry => "ferry",
            Self::Air => "air",
        }
    }
}

impl fmt::Display for Means {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is not the name of a means of transport.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown means of travel; write foot, bus, car, rail, ferry or air")]
pub struct NotAMeans;

impl FromStr for Means {
    type Err = NotAMeans;

    fn from_str(text: &str) -> Result<Self, NotAMeans> {
        Self::ALL.into_iter().find(|m| m.as_str() == text).ok_or(NotAMeans)
    }
}

/// The sides whose verdicts the lane needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Asked {
    /// Both sides judge this one crossing (a joint lane; or a question about the whole crossing).
    Both,
    /// A lane of one authority: its side alone.
    Only(Side),
}

/// One question: may this person cross at this port, this way, at this time?
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The port to be crossed.
    pub port: PortId,
    /// Origin and destination.
    pub direction: Direction,
    /// The kind of lane.
    pub lane: LaneKind,
    /// The time of the crossing.
    pub at: Timestamp,
    /// The sides whose verdicts are needed.
    pub asked: Asked,
    /// The means of transport; `None` where it is not known.
    pub by: Option<Means>,
    /// Whether the tour group is there.
    pub with_group: bool,
    /// Whether a guardian stands beside a minor.
    pub with_guardian: bool,
    /// Of several documents that an authority might read, the one that is shown; `None`: the one that fits best.
    pub shown: Option<DocumentNumber>,
    /// The car in which they cross; `None` where it has no right of its own to keep to.
    pub vehicle: Option<crate::Vehicle>,
}

impl Question {
    /// Asks for both sides at a code lane, alone.
    #[must_use]
    pub const fn new(port: PortId, direction: Direction, at: Timestamp) -> Self {
        Self {
            port,
            direction,
            lane: LaneKind::Code,
            at,
            asked: Asked::Both,
            by: None,
            with_group: false,
            with_guardian: false,
            shown: None,
            vehicle: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_holder_class_goes_through_its_byte_and_back() {
        let birth = Birth::Year(1990);
        for byte in 0..=255 {
            if let Some(holder) = Holder::from_wire_class(AuthorityCode::Hkg, byte, birth, None) {
                assert_eq!(holder.wire_class(), byte);
                assert!(byte < 24);
            }
        }
        assert!(Holder::from_wire_class(AuthorityCode::Hkg, 3, birth, None).is_none());
        assert!(Holder::from_wire_class(AuthorityCode::Hkg, 16, birth, None).is_none());
    }

    #[test]
    fn an_age_from_the_year_alone_is_the_lower_of_the_two() {
        let day: LocalDate = "2026-12-31".parse().unwrap();
        assert_eq!(Birth::Year(2012).age_on(day), 13);
        assert_eq!(Birth::Date("2012-12-31".parse().unwrap()).age_on(day), 14);
    }

    #[test]
    fn nationalities_are_up_to_three_capitals() {
        assert_eq!("D<<".parse::<Nationality>().unwrap().as_str(), "D");
        for text in ["", "<<<", "chn", "CHNA", "C1N", "<<D"] {
            assert!(text.parse::<Nationality>().is_err(), "{text}");
        }
    }
}
