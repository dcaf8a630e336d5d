//! Pages: which of the documents that somebody lays down at a lane each of its authorities reads.
//!
//! Lives here: [`read_by`] and [`share`]. Not here: how a page is read and sealed (`credential::page`), what a document
//! allows (`judge`).
//!
//! Source: DESIGN.md, section 4 ("Without a phone"). It is the table of parts (`issuance`): what an authority reads of
//! somebody without a phone is the document that a part for it would carry.

use crate::issuance::{part_documents, part_maker};
use crate::{AuthorityCode, DocumentKind, DocumentNumber};

/// Most documents that one traveller lays down: one for each authority of a joint lane.
pub const MAX_LAID: usize = 2;

/// The kinds of document that `reader` reads of a resident of `home`.
#[must_use]
pub const fn read_by(reader: AuthorityCode, home: AuthorityCode) -> &'static [DocumentKind] {
    part_documents(part_maker(home, reader), home)
}

/// Why the documents that were laid down do not serve a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LaidError {
    /// No authority of this lane reads this document, or another one was laid down for it already.
    #[error("no authority of this lane reads a {kind} here; lay down the card that it reads")]
    NotRead {
        /// The kind of document.
        kind: DocumentKind,
    },
    /// One authority has no document to read.
    #[error("{reader} has no document to read; lay down the card that it reads too")]
    Missing {
        /// Who has none.
        reader: AuthorityCode,
    },
    /// The documents are of residents of different places, so of two people.
    #[error("the documents are of residents of two places; lay down those of one person")]
    TwoHomes,
}

/// For each of `readers`, the place in `laid` of the document that it reads; one document may serve several.
///
/// # Errors
/// [`LaidError`] for the first thing wrong.
pub fn share(laid: &[DocumentNumber], readers: &[AuthorityCode]) -> Result<Vec<usize>, LaidError> {
    let home = home_of(laid)?;
    let Some(home) = home else {
        return match (laid.first(), readers.first()) {
            (Some(first), _) => Err(LaidError::NotRead { kind: first.kind() }),
            (None, Some(reader)) => Err(LaidError::Missing { reader: *reader }),
            (None, None) => Ok(Vec::new()),
        };
    };
    let place = |reader: &AuthorityCode| {
        let reads = read_by(*reader, home);
        let found = laid.iter().position(|number| reads.contains(&number.kind()));
        found.ok_or(LaidError::Missing { reader: *reader })
    };
    let places: Vec<Option<usize>> = readers.iter().map(|reader| place(reader).ok()).collect();
    // What nobody reads is said first: whoever laid down a wrong card has laid down no right one.
    let unread = |(at, _): &(usize, &DocumentNumber)| !places.contains(&Some(*at));
    if let Some((_, number)) = laid.iter().enumerate().find(unread) {
        return Err(LaidError::NotRead { kind: number.kind() });
    }
    readers.iter().map(place).collect()
}

/// The home of whoever holds these documents: by the card of a region or the permit of a mainland resident; by the letter of a
/// Home Return Permit where it lies alone. `None` where no document says one.
fn home_of(laid: &[DocumentNumber]) -> Result<Option<AuthorityCode>, LaidError> {
    let mut home = None;
    for said in laid.iter().filter_map(home_by_card) {
        if home.is_some_and(|known| known != said) {
            return Err(LaidError::TwoHomes);
        }
        home = Some(said);
    }
    let Some(home) = home else { return Ok(laid.iter().find_map(home_by_permit)) };
    // Nobody holds the permits of a mainland resident and of a region's resident at once.
    let of_a_region = laid.iter().any(|number| number.kind() == DocumentKind::HomeReturnPermit);
    if home == AuthorityCode::Chn && of_a_region { Err(LaidError::TwoHomes) } else { Ok(Some(home)) }
}

const fn home_by_card(number: &DocumentNumber) -> Option<AuthorityCode> {
    match number.kind() {
        DocumentKind::Hkid => Some(AuthorityCode::Hkg),
        DocumentKind::MacaoBir => Some(AuthorityCode::Mac),
        DocumentKind::ExitEntryPermit | DocumentKind::OneWayPermit => Some(AuthorityCode::Chn),
        DocumentKind::MainlandId
        | DocumentKind::ResidencePermit
        | DocumentKind::HomeReturnPermit
        | DocumentKind::Passport
        | DocumentKind::OneTimePass
        | DocumentKind::DocumentOfIdentity
        | DocumentKind::VisitPermit
        | DocumentKind::InboundPass
        | DocumentKind::ReentryPermit
        | DocumentKind::HksarPassport
        | DocumentKind::OfficialPermit => None,
    }
}

/// The first letter of a Home Return Permit's number names the region (`H`, `M`). Who is a resident of both may hold the permit
/// of one and the card of the other, so a card has the first word.
fn home_by_permit(number: &DocumentNumber) -> Option<AuthorityCode> {
    if number.kind() != DocumentKind::HomeReturnPermit {
        return None;
    }
    match number.match_key().bytes().next() {
        Some(b'H') => Some(AuthorityCode::Hkg),
        Some(b'M') => Some(AuthorityCode::Mac),
        Some(_) | None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use AuthorityCode::{Chn, Hkg, Mac};
    use DocumentKind as K;

    fn number(text: &str) -> DocumentNumber {
        DocumentNumber::recognise(text).unwrap()
    }

    const HKID: &str = "A123456(3)";
    const BIR: &str = "5123456(7)";
    const OF_HONG_KONG: &str = "H12345678";
    const OF_MACAO: &str = "M12345678";
    const PERMIT: &str = "CA1234567";

    #[test]
    fn each_authority_reads_the_document_that_a_part_for_it_would_carry() {
        for (reader, home, kinds) in [
            (Chn, Chn, &[K::ExitEntryPermit, K::OneWayPermit][..]),
            (Hkg, Chn, &[K::ExitEntryPermit, K::OneWayPermit]),
            (Mac, Chn, &[K::ExitEntryPermit, K::OneWayPermit]),
            (Chn, Hkg, &[K::HomeReturnPermit]),
            (Hkg, Hkg, &[K::Hkid]),
            (Mac, Hkg, &[K::Hkid]),
            (Chn, Mac, &[K::HomeReturnPermit]),
            (Hkg, Mac, &[K::MacaoBir]),
            (Mac, Mac, &[K::MacaoBir]),
        ] {
            assert_eq!(read_by(reader, home), kinds, "{reader} of a resident of {home}");
        }
    }

    #[test]
    fn what_is_laid_down_is_shared_out_or_refused_for_the_first_thing_wrong() {
        use LaidError::*;
        for (laid, readers, expected) in [
            (&[HKID, OF_HONG_KONG][..], &[Chn, Hkg][..], Ok(vec![1, 0])),
            (&[OF_HONG_KONG, HKID], &[Chn, Hkg], Ok(vec![0, 1])),
            (&[BIR, OF_MACAO], &[Mac, Chn], Ok(vec![0, 1])),
            (&[PERMIT], &[Chn, Mac], Ok(vec![0, 0])),
            (&[PERMIT], &[Hkg, Mac], Ok(vec![0, 0])),
            (&[HKID], &[Hkg, Mac], Ok(vec![0, 0])),
            (&[HKID], &[Hkg], Ok(vec![0])),
            (&[OF_MACAO], &[Chn], Ok(vec![0])),
            // A resident of both regions, treated as one of Macao.
            (&[BIR, OF_HONG_KONG], &[Chn, Mac], Ok(vec![1, 0])),
            (&[HKID], &[Chn, Hkg], Err(Missing { reader: Chn })),
            (&[OF_HONG_KONG], &[Chn, Hkg], Err(Missing { reader: Hkg })),
            (&[], &[Chn, Mac], Err(Missing { reader: Chn })),
            (&[HKID], &[Chn], Err(NotRead { kind: K::Hkid })),
            (&[HKID, OF_HONG_KONG], &[Chn], Err(NotRead { kind: K::Hkid })),
            (&[HKID, OF_HONG_KONG], &[Hkg, Mac], Err(NotRead { kind: K::HomeReturnPermit })),
            (&["11010519491231002X"], &[Chn, Mac], Err(NotRead { kind: K::MainlandId })),
            (&[HKID, HKID], &[Hkg, Mac], Err(NotRead { kind: K::Hkid })),
            (&[PERMIT, PERMIT], &[Chn, Mac], Err(NotRead { kind: K::ExitEntryPermit })),
            (&[HKID, BIR], &[Hkg, Mac], Err(TwoHomes)),
            (&[PERMIT, HKID], &[Chn, Hkg], Err(TwoHomes)),
            (&[PERMIT, OF_HONG_KONG], &[Chn, Hkg], Err(TwoHomes)),
        ] {
            let numbers: Vec<_> = laid.iter().copied().map(number).collect();
            assert_eq!(share(&numbers, readers), expected, "row {laid:?} for {readers:?}");
        }
    }
}
