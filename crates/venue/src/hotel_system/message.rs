//! The message: `OTA_HotelResNotifRQ` (OpenTravel 2003/05 namespace, version 5.000) for guests who came or left.
//!
//! Lives here: [`Notification`] and its writer. Not here: sending (`client`). Element order matters to the schema. A claim that was
//! not released is left out, never "unknown"; a portrait or the result of a face comparison has no place in it.

use credential::venue::Pseudonym;
use documents::{AuthorityCode, LocalDate, Timestamp, redact_debug};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use crate::profile::{Field, Permit};
use crate::stay::{Guest, Room, Stay};
use crate::store::report::ReportId;

/// The namespace of the family.
pub(super) const NAMESPACE: &str = "http://www.opentravel.org/OTA/2003/05";
/// Longest text of a name or an id there (`StringLength1to64`), in characters.
const LONGEST: usize = 64;

/// What has become of the guests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReservationState {
    /// They are in their rooms.
    InHouse,
    /// They have left.
    CheckedOut,
}

impl ReservationState {
    const fn code(self) -> &'static str {
        match self {
            Self::InHouse => "In-house",
            Self::CheckedOut => "Checked out",
        }
    }
}

/// The system at the other end, and how this desk is known there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HotelCodes {
    /// The hotel's code there.
    pub hotel: String,
    /// This desk's id there.
    pub desk: String,
    /// Whether it is the real one: `Production`, else `Test`.
    pub production: bool,
    /// The code of a room's type, where the other system asks for one.
    pub room_type: Option<String>,
}

/// One guest of a notification.
#[derive(Clone)]
pub struct NotifiedGuest {
    /// The room.
    pub room: Room,
    /// Day of arrival.
    pub from: LocalDate,
    /// Day of departure, planned or real.
    pub to: LocalDate,
    /// When the guest came.
    pub arrived: Timestamp,
    /// The disclosed fields.
    pub guest: Guest,
    /// Last day of the document's validity, where the desk knows it.
    pub expires: Option<LocalDate>,
}
redact_debug!(NotifiedGuest);

/// A notification. A family or group is one message with several guests and rooms.
#[derive(Debug, Clone)]
pub struct Notification {
    /// The same for every try: by it the other system tells a repeat.
    pub echo: ReportId,
    /// When it was made.
    pub made: Timestamp,
    /// The reservation's id.
    pub reservation: String,
    /// Whether there was no reservation before.
    pub walk_in: bool,
    /// What has become of the guests.
    pub state: ReservationState,
    /// The guests, the first of them the one who leads.
    pub guests: Vec<NotifiedGuest>,
}

/// Why no message can be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// A character that XML 1.0 does not have, or a control character.
    #[error("{0} has a character that cannot stand in XML; correct it")]
    Character(&'static str),
    /// Nobody, or more than one message may hold.
    #[error("a notification has 1 to 100 guests")]
    Guests,
    /// Writing into memory failed, which it does not.
    #[error("the message could not be written")]
    Io,
}

impl WriteError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Character(_) => "xml_character",
            Self::Guests => "xml_guests",
            Self::Io => "xml_write",
        }
    }
}

type Attributes<'a> = Vec<(&'static str, String)>;

/// An XML writer whose every text is checked.
struct Out(Writer<Vec<u8>>);

impl Out {
    fn start(&mut self, name: &'static str, attributes: &Attributes<'_>) -> Result<(), WriteError> {
        let element = element(name, attributes)?;
        self.0.write_event(Event::Start(element)).map_err(|_| WriteError::Io)
    }

    fn empty(&mut self, name: &'static str, attributes: &Attributes<'_>) -> Result<(), WriteError> {
        let element = element(name, attributes)?;
        self.0.write_event(Event::Empty(element)).map_err(|_| WriteError::Io)
    }

    fn end(&mut self, names: &[&'static str]) -> Result<(), WriteError> {
        names.iter().try_for_each(|name| {
            self.0.write_event(Event::End(BytesEnd::new(*name))).map_err(|_| WriteError::Io)
        })
    }

    fn text(&mut self, name: &'static str, text: &str) -> Result<(), WriteError> {
        self.start(name, &Vec::new())?;
        let text = clean(name, text)?;
        self.0.write_event(Event::Text(BytesText::new(&text))).map_err(|_| WriteError::Io)?;
        self.end(&[name])
    }
}

fn element<'a>(name: &'static str, attributes: &'a Attributes<'_>) -> Result<BytesStart<'a>, WriteError> {
    let mut element = BytesStart::new(name);
    for (key, value) in attributes {
        clean(key, value)?;
        element.push_attribute((*key, value.as_str()));
    }
    Ok(element)
}

/// A text of at most 64 characters, without what XML 1.0 (2.2) does not have and without control characters.
fn clean(place: &'static str, text: &str) -> Result<String, WriteError> {
    if text.chars().any(|c| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}')) {
        return Err(WriteError::Character(place));
    }
    Ok(text.chars().take(LONGEST).collect())
}

impl Notification {
    /// The notification of one stay.
    #[must_use]
    pub fn of_stay(echo: ReportId, reservation: String, stay: &Stay, made: Timestamp) -> Self {
        let last = stay.last();
        let (state, to) = match stay {
            Stay::InHouse(_) => (ReservationState::InHouse, last.planned),
            Stay::Left(left) => (ReservationState::CheckedOut, left.out.local_date()),
        };
        let guest = NotifiedGuest {
            room: last.room.clone(),
            from: last.since.local_date(),
            to,
            arrived: last.since,
            guest: last.guest.clone(),
            expires: None,
        };
        Self { echo, made, reservation, walk_in: true, state, guests: vec![guest] }
    }

    /// Writes the message.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn write(&self, codes: &HotelCodes) -> Result<Vec<u8>, WriteError> {
        if self.guests.is_empty() || self.guests.len() > crate::stay::MAX_PARTY {
            return Err(WriteError::Guests);
        }
        let mut out = Out(Writer::new(Vec::new()));
        let declaration = Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None));
        out.0.write_event(declaration).map_err(|_| WriteError::Io)?;
        let target = if codes.production { "Production" } else { "Test" };
        out.start(
            "OTA_HotelResNotifRQ",
            &vec![
                ("xmlns", NAMESPACE.to_owned()),
                ("Version", "5.000".to_owned()),
                ("EchoToken", self.echo.to_string()),
                ("TimeStamp", self.made.to_string()),
                ("Target", target.to_owned()),
                ("PrimaryLangID", "en".to_owned()),
                ("ResStatus", "Commit".to_owned()),
            ],
        )?;
        out.start("POS", &Vec::new())?;
        out.start("Source", &Vec::new())?;
        out.empty("RequestorID", &vec![("Type", "18".to_owned()), ("ID", codes.desk.clone())])?;
        out.end(&["Source", "POS"])?;
        out.start("HotelReservations", &Vec::new())?;
        self.reservation(&mut out, codes)?;
        out.end(&["HotelReservations", "OTA_HotelResNotifRQ"])?;
        Ok(out.0.into_inner())
    }

    fn reservation(&self, out: &mut Out, codes: &HotelCodes) -> Result<(), WriteError> {
        let mut attributes = vec![
            ("CreateDateTime", self.made.to_string()),
            ("ResStatus", self.state.code().to_owned()),
            ("RoomNumberLockedIndicator", "true".to_owned()),
        ];
        if self.walk_in {
            attributes.push(("WalkInIndicator", "true".to_owned()));
        }
        out.start("HotelReservation", &attributes)?;
        // Type 14: reservation (OpenTravel code list UIT).
        out.empty("UniqueID", &vec![("Type", "14".to_owned()), ("ID", self.reservation.clone())])?;
        out.start("RoomStays", &Vec::new())?;
        for (at, guest) in self.guests.iter().enumerate() {
            room_stay(out, codes, at + 1, guest)?;
        }
        out.end(&["RoomStays"])?;
        out.start("ResGuests", &Vec::new())?;
        for (at, guest) in self.guests.iter().enumerate() {
            res_guest(out, at + 1, guest)?;
        }
        out.end(&["ResGuests"])?;
        out.start("ResGlobalInfo", &Vec::new())?;
        out.start("HotelReservationIDs", &Vec::new())?;
        out.empty(
            "HotelReservationID",
            &vec![
                ("ResID_Type", "14".to_owned()),
                ("ResID_Value", self.reservation.clone()),
                ("ResID_Source", codes.desk.clone()),
            ],
        )?;
        out.end(&["HotelReservationIDs", "ResGlobalInfo", "HotelReservation"])
    }
}

fn room_stay(out: &mut Out, codes: &HotelCodes, rph: usize, guest: &NotifiedGuest) -> Result<(), WriteError> {
    out.start("RoomStay", &Vec::new())?;
    out.start("RoomTypes", &Vec::new())?;
    let mut room = Vec::new();
    if let Some(code) = &codes.room_type {
        room.push(("RoomTypeCode", code.clone()));
    }
    room.push(("RoomID", guest.room.as_str().to_owned()));
    out.empty("RoomType", &room)?;
    out.end(&["RoomTypes"])?;
    out.start("GuestCounts", &Vec::new())?;
    // Age qualifying code 10: adult, 8: child (OpenTravel code list AQC).
    let age = if guest.guest.may_be_minor() { "8" } else { "10" };
    out.empty("GuestCount", &vec![("AgeQualifyingCode", age.to_owned()), ("Count", "1".to_owned())])?;
    out.end(&["GuestCounts"])?;
    out.empty("TimeSpan", &vec![("Start", guest.from.to_string()), ("End", guest.to.to_string())])?;
    out.empty("BasicPropertyInfo", &vec![("HotelCode", codes.hotel.clone())])?;
    out.start("ResGuestRPHs", &Vec::new())?;
    out.empty("ResGuestRPH", &vec![("RPH", rph.to_string())])?;
    out.end(&["ResGuestRPHs", "RoomStay"])
}

fn res_guest(out: &mut Out, rph: usize, notified: &NotifiedGuest) -> Result<(), WriteError> {
    let guest = &notified.guest;
    let time = notified.arrived.to_string();
    let mut attributes = vec![
        ("ResGuestRPH", rph.to_string()),
        ("ArrivalTime", time.get(11..19).unwrap_or_default().to_owned()),
    ];
    if rph == 1 {
        attributes.push(("PrimaryIndicator", "true".to_owned()));
    }
    out.start("ResGuest", &attributes)?;
    out.start("Profiles", &Vec::new())?;
    out.start("ProfileInfo", &Vec::new())?;
    if let Some(pseudonym) = guest.pseudonym() {
        // Type 1: customer.
        out.empty("UniqueID", &vec![("Type", "1".to_owned()), ("ID", hex(pseudonym))])?;
    }
    out.start("Profile", &vec![("ProfileType", "1".to_owned())])?;
    customer(out, notified)?;
    out.end(&["Profile", "ProfileInfo", "Profiles", "ResGuest"])
}

fn hex(pseudonym: Pseudonym) -> String {
    hex::encode(pseudonym.as_bytes())
}

fn customer(out: &mut Out, notified: &NotifiedGuest) -> Result<(), WriteError> {
    let guest = &notified.guest;
    let mut attributes = Vec::new();
    match guest.field(Field::Sex) {
        Some("F") => attributes.push(("Gender", "Female".to_owned())),
        Some("M") => attributes.push(("Gender", "Male".to_owned())),
        Some(_) | None => {}
    }
    // A year alone is no date there.
    if let Some(birth) = guest.field(Field::BirthDate).filter(|birth| birth.len() == 10) {
        attributes.push(("BirthDate", birth.to_owned()));
    }
    out.start("Customer", &attributes)?;
    if let Some(name) = guest.field(Field::Name) {
        person_name(out, name)?;
    }
    if let Some(name) = guest.field(Field::NameZh) {
        out.start("PersonName", &vec![("Language", "zh".to_owned())])?;
        out.text("Surname", name)?;
        out.end(&["PersonName"])?;
    }
    let nationality = guest.field(Field::Nationality);
    if let Some(code) = nationality.and_then(alpha2) {
        out.empty("CitizenCountryName", &vec![("Code", code.to_owned())])?;
    }
    document(out, notified)?;
    out.end(&["Customer"])
}

/// Surname and given names where the document parts them by a comma; a name in one piece is not guessed at.
fn person_name(out: &mut Out, name: &str) -> Result<(), WriteError> {
    out.start("PersonName", &Vec::new())?;
    match name.split_once(',') {
        Some((surname, given)) if !given.trim().is_empty() => {
            out.text("GivenName", given.trim())?;
            out.text("Surname", surname.trim())?;
        }
        Some(_) | None => out.text("Surname", name)?,
    }
    out.end(&["PersonName"])
}

fn document(out: &mut Out, notified: &NotifiedGuest) -> Result<(), WriteError> {
    let guest = &notified.guest;
    let Some(document) = guest.document() else { return Ok(()) };
    let permit = document.permit();
    let mut attributes =
        vec![("DocID", document.as_str().to_owned()), ("DocType", doc_type(permit).to_owned())];
    if let Some(country) = issue_country(permit) {
        attributes.push(("DocIssueCountry", country.to_owned()));
    }
    let nationality = guest.field(Field::Nationality);
    if let Some(code) = nationality.and_then(alpha2) {
        attributes.push(("DocHolderNationality", code.to_owned()));
    }
    if let Some(expires) = notified.expires {
        attributes.push(("ExpireDate", expires.to_string()));
    }
    let mut remark = format!("bay:permit={permit}");
    if let Some(region) = guest.field(Field::Region).and_then(|region| region.parse::<AuthorityCode>().ok()) {
        remark.push_str(";residence=");
        remark.push_str(region.code());
    }
    if let Some(code) = nationality.filter(|code| alpha2(code).is_none()) {
        remark.push_str(";nationality=");
        remark.push_str(code);
    }
    attributes.push(("Remark", remark));
    out.empty("Document", &attributes)
}

/// OpenTravel code list DOC: 2 passport, 5 national identity document; permits have none of their own.
const fn doc_type(permit: Permit) -> &'static str {
    match permit {
        Permit::CnPassport | Permit::ForeignPassport => "2",
        Permit::CnId
        | Permit::ForeignResidence
        | Permit::HomeReturn
        | Permit::HkMoTwResidence
        | Permit::Taiwan
        | Permit::ExitEntry
        | Permit::Hkid
        | Permit::MacaoBir
        | Permit::MacaoStay
        | Permit::MacaoWorker
        | Permit::MacaoVisit
        | Permit::DocumentOfIdentity
        | Permit::OneTimePass
        | Permit::ExitEntryPass => "5",
    }
}

/// ISO 3166-1 alpha-2 of the issuer; `None` for a passport of an unnamed state.
const fn issue_country(permit: Permit) -> Option<&'static str> {
    Some(match permit {
        Permit::CnId
        | Permit::CnPassport
        | Permit::ForeignResidence
        | Permit::HomeReturn
        | Permit::HkMoTwResidence
        | Permit::Taiwan
        | Permit::ExitEntry
        | Permit::OneTimePass
        | Permit::ExitEntryPass => "CN",
        Permit::Hkid | Permit::DocumentOfIdentity => "HK",
        Permit::MacaoBir | Permit::MacaoStay | Permit::MacaoWorker | Permit::MacaoVisit => "MO",
        Permit::ForeignPassport => return None,
    })
}

/// ISO 3166-1 alpha-2 of an ICAO code, of the nationalities that hotels here meet most. Others stand in the remark as they are.
fn alpha2(code: &str) -> Option<&'static str> {
    const CODES: &[(&str, &str)] = &[
        ("AUS", "AU"),
        ("AUT", "AT"),
        ("BEL", "BE"),
        ("BRA", "BR"),
        ("CAN", "CA"),
        ("CHE", "CH"),
        ("CHN", "CN"),
        ("D", "DE"),
        ("DNK", "DK"),
        ("ESP", "ES"),
        ("FIN", "FI"),
        ("FRA", "FR"),
        ("GBR", "GB"),
        ("IDN", "ID"),
        ("IND", "IN"),
        ("IRL", "IE"),
        ("ITA", "IT"),
        ("JPN", "JP"),
        ("KHM", "KH"),
        ("KOR", "KR"),
        ("LAO", "LA"),
        ("MMR", "MM"),
        ("MNG", "MN"),
        ("MYS", "MY"),
        ("NLD", "NL"),
        ("NOR", "NO"),
        ("NPL", "NP"),
        ("NZL", "NZ"),
        ("PAK", "PK"),
        ("PHL", "PH"),
        ("POL", "PL"),
        ("PRT", "PT"),
        ("RUS", "RU"),
        ("SGP", "SG"),
        ("SWE", "SE"),
        ("THA", "TH"),
        ("TUR", "TR"),
        ("TWN", "TW"),
        ("UKR", "UA"),
        ("USA", "US"),
        ("VNM", "VN"),
        ("ZAF", "ZA"),
    ];
    CODES.iter().find(|(three, _)| *three == code).map(|(_, two)| *two)
}
