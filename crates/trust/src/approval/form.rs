//! The two forms of an approval's text: arrays of 14 and of 17, the second beginning with the fields of the first.
//!
//! Lives here: encoding, decoding, and what must be filled in. Not here: signatures (`approval`).

use std::collections::BTreeSet;

use credential::cbor::{CborError, Reader, Writer};
use credential::message::{Kind, read_authority, read_port};
use credential::venue::ClaimName;
use documents::{AuthorityCode, LocalDate, Scenario, VenueId};

use super::{Approval, ApprovalError, Face, Terms};

/// Fields of form 1, and of form 2.
const FIELDS: usize = 14;
const FIELDS_FORM_2: usize = 17;
/// Highest number of a text under one id.
const MAX_NUMBER: u64 = u32::MAX as u64;
/// Most venues of one approval, and most purposes.
const MAX_VENUES: usize = 256;
const MAX_PURPOSES: usize = 32;

/// The kind of message that a payload of an approval is signed as: by its number of fields.
pub(super) fn kind_of(payload: &[u8]) -> Result<Kind, CborError> {
    match Reader::new(payload).array(FIELDS_FORM_2)? {
        FIELDS => Ok(Kind::Approval),
        FIELDS_FORM_2 => Ok(Kind::ApprovalForm2),
        _ => Err(CborError::Unexpected),
    }
}

impl Approval {
    /// The approval as the payload of a message: form 2 where it has [`Terms`], else form 1.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::new();
        w.array(if self.terms.is_some() { FIELDS_FORM_2 } else { FIELDS });
        w.text(&self.id).uint(self.number).bool(self.withdrawn);
        w.text(self.scenario.as_str()).array(self.jurisdictions.len());
        for authority in &self.jurisdictions {
            w.text(authority.code());
        }
        write_texts(&mut w, self.ports.iter().map(documents::PortId::as_str));
        w.text(&self.from.to_string()).text(&self.to.to_string());
        w.array(2).uint(u64::from(self.hours.0)).uint(u64::from(self.hours.1));
        write_texts(&mut w, self.claims.iter().map(String::as_str));
        w.uint(u64::from(self.retention_days)).text(&self.assessment);
        for table in [&self.filings, &self.probe_grounds] {
            w.array(table.len());
            for (authority, text) in table {
                w.array(2).text(authority.code()).text(text);
            }
        }
        if let Some(terms) = &self.terms {
            write_texts(&mut w, terms.venues.iter().map(VenueId::as_str));
            write_texts(&mut w, terms.purposes.iter().map(String::as_str));
            match &terms.face {
                Face::NotCompared => w.null(),
                Face::Compared { other_way } => w.text(other_way),
            };
        }
        w.finish()
    }

    /// Reads a payload of either form and checks that nothing is missing.
    ///
    /// # Errors
    /// [`ApprovalError`] for the first fault.
    pub fn decode(payload: &[u8]) -> Result<Self, ApprovalError> {
        let mut r = Reader::new(payload);
        let form_2 = match r.array(FIELDS_FORM_2)? {
            FIELDS => false,
            FIELDS_FORM_2 => true,
            _ => return Err(CborError::Unexpected.into()),
        };
        let (id, number, withdrawn) = (r.text(64)?.to_owned(), r.uint_max(MAX_NUMBER)?, r.bool()?);
        let scenario = r.text(64)?.parse().map_err(|_| ApprovalError::Field { field: "scenario" })?;
        let jurisdictions = read_many(&mut r, 3, read_authority)?;
        let ports = read_many(&mut r, 64, read_port)?;
        let (from, to) = (read_day(&mut r)?, read_day(&mut r)?);
        r.array_exact(2)?;
        let hours = (read_minute(&mut r)?, read_minute(&mut r)?);
        let claims = read_many(&mut r, 32, |r| read_text(r, 64))?;
        let retention_days = u16::try_from(r.uint_max(36_500)?).map_err(|_| CborError::Limit)?;
        let assessment = read_text(&mut r, 128)?;
        let filings = read_many(&mut r, 3, read_by_law)?;
        let probe_grounds = read_many(&mut r, 3, read_by_law)?;
        let terms = if form_2 { Some(read_terms(&mut r)?) } else { None };
        r.finish()?;
        let approval = Self {
            id,
            number,
            withdrawn,
            scenario,
            jurisdictions,
            ports,
            from,
            to,
            hours,
            claims,
            retention_days,
            assessment,
            filings,
            probe_grounds,
            terms,
        };
        approval.complete()?;
        Ok(approval)
    }

    fn complete(&self) -> Result<(), ApprovalError> {
        let each = |table: &[(AuthorityCode, String)]| {
            self.jurisdictions.iter().all(|j| table.iter().any(|(a, text)| a == j && !text.trim().is_empty()))
        };
        let border = self.scenario == Scenario::BorderCrossing;
        let checks = [
            ("id", !self.id.trim().is_empty()),
            ("number", self.number > 0),
            ("scenario", border || self.terms.is_some()),
            ("list of jurisdictions", !self.jurisdictions.is_empty()),
            ("list of ports", border != self.ports.is_empty()),
            ("last day", self.from <= self.to),
            ("hours", self.hours.0 < self.hours.1),
            ("list of claims", !self.claims.is_empty()),
            ("retention", self.retention_days > 0),
            ("impact assessment", !self.assessment.trim().is_empty()),
            ("filing number", each(&self.filings)),
            ("legal ground for the face probe", each(&self.probe_grounds)),
        ];
        if let Some((field, _)) = checks.iter().find(|(_, ok)| !ok) {
            return Err(ApprovalError::Field { field });
        }
        match &self.terms {
            Some(terms) => self.complete_terms(terms),
            None => Ok(()),
        }
    }

    fn complete_terms(&self, terms: &Terms) -> Result<(), ApprovalError> {
        let border = self.scenario == Scenario::BorderCrossing;
        if !border && let Some(claim) = self.claims.iter().find(|claim| claim.parse::<ClaimName>().is_err()) {
            return Err(ApprovalError::UnknownClaim { claim: claim.clone() });
        }
        let other_way = match &terms.face {
            Face::NotCompared => true,
            Face::Compared { other_way } => !other_way.trim().is_empty(),
        };
        let purposes =
            !terms.purposes.is_empty() && terms.purposes.iter().all(|purpose| !purpose.trim().is_empty());
        let checks = [
            ("list of venues", border == terms.venues.is_empty() && once(&terms.venues)),
            ("list of claims", once(&self.claims)),
            ("list of purposes", purposes && once(&terms.purposes)),
            ("equal other way beside the face", other_way),
        ];
        match checks.iter().find(|(_, ok)| !ok) {
            Some((field, _)) => Err(ApprovalError::Field { field }),
            None => Ok(()),
        }
    }
}

/// Whether no item stands twice.
fn once<T: Ord>(items: &[T]) -> bool {
    items.iter().collect::<BTreeSet<_>>().len() == items.len()
}

fn write_texts<'t>(w: &mut Writer, texts: impl ExactSizeIterator<Item = &'t str>) {
    w.array(texts.len());
    for text in texts {
        w.text(text);
    }
}

fn read_terms(r: &mut Reader<'_>) -> Result<Terms, CborError> {
    Ok(Terms {
        venues: read_many(r, MAX_VENUES, |r| r.text(40)?.parse().map_err(|_| CborError::Unexpected))?,
        purposes: read_many(r, MAX_PURPOSES, |r| read_text(r, 64))?,
        face: if r.null_here()? {
            Face::NotCompared
        } else {
            Face::Compared { other_way: read_text(r, 256)? }
        },
    })
}

fn read_text(r: &mut Reader<'_>, max: usize) -> Result<String, CborError> {
    Ok(r.text(max)?.to_owned())
}

fn read_day(r: &mut Reader<'_>) -> Result<LocalDate, CborError> {
    r.text(10)?.parse().map_err(|_| CborError::Unexpected)
}

fn read_minute(r: &mut Reader<'_>) -> Result<u16, CborError> {
    u16::try_from(r.uint_max(1440)?).map_err(|_| CborError::Limit)
}

fn read_by_law(r: &mut Reader<'_>) -> Result<(AuthorityCode, String), CborError> {
    r.array_exact(2)?;
    Ok((read_authority(r)?, read_text(r, 256)?))
}

fn read_many<'b, T>(
    r: &mut Reader<'b>,
    max: usize,
    mut read: impl FnMut(&mut Reader<'b>) -> Result<T, CborError>,
) -> Result<Vec<T>, CborError> {
    (0..r.array(max)?).map(|_| read(r)).collect()
}
