//! What a traveller reads before a desk is answered, and after.
//!
//! Lives here: plain English for claims, scenarios and requests. Not here: what may be asked (`trust::DeskRequest`).

use std::fmt::Write as _;
use std::io::IsTerminal as _;

use credential::venue::{ClaimName, ClaimSet, CredentialKind, VenueReceipt};
use documents::{AuthorityCode, DocumentKind, Scenario};
use trust::DeskRequest;

use crate::failure::{self, Failure, of};
use crate::wallet::venue::Source;

/// A claim in words.
const fn claim(name: ClaimName) -> &'static str {
    match name {
        ClaimName::Name => "name in Latin letters",
        ClaimName::NameZh => "name in Chinese",
        ClaimName::BirthDate => "date of birth",
        ClaimName::Nationality => "nationality",
        ClaimName::DocumentKind => "kind of document",
        ClaimName::DocumentNumber => "document number",
        ClaimName::AgeOver12 => "whether 12 or older",
        ClaimName::AgeOver14 => "whether 14 or older",
        ClaimName::AgeOver16 => "whether 16 or older",
        ClaimName::AgeOver18 => "whether 18 or older",
        ClaimName::AgeOver60 => "whether 60 or older",
        ClaimName::AgeOver65 => "whether 65 or older",
        ClaimName::Region => "region where you live",
        ClaimName::City => "city where you live",
        ClaimName::Portrait => "portrait",
    }
}

/// Claims in words, with commas; "nothing" without any.
pub fn words(claims: &ClaimSet) -> String {
    if claims.is_empty() {
        return "nothing".to_owned();
    }
    // As the table of docs/venues.md has them: the name comes first.
    let all: Vec<_> = ClaimName::ALL.into_iter().filter(|name| claims.contains(*name)).map(claim).collect();
    all.join(", ")
}

/// A scenario in words.
pub const fn scenario(scenario: Scenario) -> &'static str {
    match scenario {
        Scenario::BorderCrossing => "a border crossing",
        Scenario::BuildingVisit => "a visit to a building",
        Scenario::HotelCheckIn => "a hotel check-in",
        Scenario::LibraryAccount => "an account at a library",
    }
}

/// Who asks for what, why and for how long; what is optional; and with what it will be answered.
pub fn page(desk: &DeskRequest, agreed: &ClaimSet, sources: &[Source]) -> String {
    let request = desk.request();
    let mut page = format!(
        "{} asks ({}, listed by {}, approval {}).\n",
        request.venue,
        scenario(request.scenario),
        desk.authority(),
        request.approval
    );
    let _ = writeln!(page, "  Needed:    {}", words(&request.required));
    let _ = writeln!(page, "  Optional:  {}", words(&request.optional));
    let declined: ClaimSet = request.asked().iter().filter(|claim| !agreed.contains(*claim)).collect();
    if !declined.is_empty() {
        let _ = writeln!(page, "  Not shown: {}", words(&declined));
    }
    let _ = writeln!(page, "  Why:       {}", request.purpose);
    let _ = writeln!(page, "  Kept for:  {} days", request.retention_days);
    if let Some(other) = desk.other_way() {
        let _ = writeln!(page, "  Face:      compared at the desk; in its place, if you wish: {other}");
    }
    let from: Vec<_> = sources.iter().map(source).collect();
    let _ = writeln!(page, "  From:      {}", from.join(", "));
    page
}

fn source(source: &Source) -> String {
    match source.document {
        Some(document) => format!("your {} ({})", document_words(document), source.issuer),
        None => match source.kind {
            CredentialKind::Identity => format!("your document ({})", source.issuer),
            CredentialKind::Age => format!("your age ({})", source.issuer),
            CredentialKind::Residence => format!("your residence ({})", source.issuer),
            CredentialKind::Portrait => format!("your portrait ({})", source.issuer),
        },
    }
}

fn document_words(kind: DocumentKind) -> String {
    kind.as_str().replace('_', " ")
}

/// What a desk said that it keeps.
pub fn receipt(receipt: &VenueReceipt) -> String {
    format!("registered; the desk keeps until {}: {}\n", receipt.until, words(&receipt.kept))
}

/// Who asks a wallet for credentials of other systems, by whose list, and what would be shown: issuer, type, names of claims of each.
pub fn shown_to<'s>(
    (who, listed_by): (&str, &[AuthorityCode]),
    shows: impl Iterator<Item = (&'s String, &'s String, &'s [String])>,
) -> String {
    let by: Vec<_> = listed_by.iter().map(|code| code.code()).collect();
    let listed = if by.is_empty() { String::new() } else { format!(" (listed by {})", by.join(", ")) };
    let mut page = format!("{who}{listed} asks for:\n");
    for (issuer, kind, names) in shows {
        let _ = writeln!(page, "  {} ({kind}, of {issuer})", names.join(", "));
    }
    page
}

/// Whether somebody can be asked here.
///
/// # Errors
/// Nobody can: standard input is no terminal.
pub fn askable() -> Result<(), Failure> {
    if std::io::stdin().is_terminal() {
        return Ok(());
    }
    Err(Failure::new("nobody can be asked here; say --yes where the traveller has agreed"))
}

/// Asks the traveller.
pub fn agrees() -> Result<bool, Failure> {
    askable()?;
    failure::print("Show this? y or n: ")?;
    let mut said = String::new();
    std::io::stdin().read_line(&mut said).map_err(of)?;
    Ok(matches!(said.trim(), "y" | "Y" | "yes"))
}
