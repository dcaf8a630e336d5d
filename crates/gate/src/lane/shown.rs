//! Shown: what a traveller has shown at a lane, as requests name it and as it travels beside them: a checked code, or the
//! sealed pages of documents.
//!
//! Lives here: [`Shown`], and how cards become sealed pages. Not here: where cards are read (`devices::camera`), which
//! authority reads which (`documents::pages`).

use clearance::{ClearanceId, DocumentEnvelope, Envelope, Place};
use credential::message;
use credential::page::{Page, PageContext};
use credential::{PartHash, TokenId};
use documents::pages::{LaidError, share};
use documents::{AuthorityCode, DocumentNumber, Side, Timestamp};

use crate::check::{Checked, Trusted};
use crate::reason::GateReason;

/// What was shown.
pub(super) enum Shown<'a> {
    /// A code that passed the check.
    Code(Box<Checked<'a>>),
    /// Documents that were laid down.
    Pages(SealedPages),
}

/// One page for each authority of the lane, sealed to it. What was read of the cards is gone: the gate cannot open them.
pub(super) struct SealedPages {
    showing: TokenId,
    at: Timestamp,
    pages: Vec<(Vec<u8>, PartHash)>,
}

impl Shown<'_> {
    /// The token, or the random bytes of this showing.
    pub(super) fn id(&self) -> TokenId {
        match self {
            Self::Code(checked) => checked.id(),
            Self::Pages(pages) => pages.showing,
        }
    }

    /// When the holder's proof was made, or the cards were laid down.
    pub(super) fn made_at(&self) -> Timestamp {
        match self {
            Self::Code(checked) => checked.made_at(),
            Self::Pages(pages) => pages.at,
        }
    }

    /// Hash of what was shown, beside parts or pages.
    pub(super) fn hash(&self) -> [u8; 32] {
        match self {
            Self::Code(checked) => message::shown_hash(checked.token(), checked.proof()),
            Self::Pages(pages) => {
                let hashes: Vec<PartHash> = pages.pages.iter().map(|(_, hash)| *hash).collect();
                message::laid_hash(&hashes)
            }
        }
    }

    /// The part or page for each authority of the lane, the exit's first.
    pub(super) fn parts(&self) -> Vec<(&[u8], PartHash)> {
        match self {
            Self::Code(checked) => checked.parts().collect(),
            Self::Pages(pages) => pages.pages.iter().map(|(page, hash)| (page.as_slice(), *hash)).collect(),
        }
    }

    /// What is sent to one authority.
    pub(super) fn envelope(&self, request: &[u8], part: &[u8], probe: &[u8]) -> Vec<u8> {
        match self {
            Self::Code(checked) => {
                Envelope { request, token: checked.token(), proof: checked.proof(), part, probe }.encode()
            }
            Self::Pages(_) => DocumentEnvelope { request, page: part, probe }.encode(),
        }
    }
}

/// What has been laid down so far.
pub(super) enum Laid {
    /// For each authority of the lane, the exit's first, the place of the page that it reads.
    All(Vec<usize>),
    /// Another card is wanted.
    More,
}

/// Whether these pages serve a lane.
///
/// # Errors
/// The gate's own reason why they never will, whatever else is laid down.
pub(super) fn laid(pages: &[Page], place: &Place, most: usize) -> Result<Laid, GateReason> {
    let births: Vec<_> = pages.iter().filter_map(Page::birth).collect();
    if births.windows(2).any(|pair| matches!(pair, [one, two] if one != two)) {
        return Err(GateReason::PagesDisagree);
    }
    let numbers: Vec<DocumentNumber> = pages.iter().map(|page| page.number().clone()).collect();
    let readers: Vec<AuthorityCode> = place.authorities().map(|(_, authority)| authority).collect();
    match share(&numbers, &readers) {
        Ok(places) => Ok(Laid::All(places)),
        Err(LaidError::Missing { .. }) if pages.len() < most => Ok(Laid::More),
        Err(LaidError::Missing { .. }) => Err(GateReason::DocumentMissing),
        Err(LaidError::NotRead { .. }) => Err(GateReason::DocumentNotRead),
        Err(LaidError::TwoHomes) => Err(GateReason::PagesDisagree),
    }
}

/// Seals to each authority of the lane the page that it reads.
///
/// # Errors
/// [`GateReason::PageKey`] where there is no key to seal to.
pub(super) fn seal(
    pages: &[Page],
    places: &[usize],
    (clearance, gate, place): (ClearanceId, &str, &Place),
    trusted: &dyn Trusted,
    (showing, at): (TokenId, Timestamp),
) -> Result<SealedPages, GateReason> {
    let seal_one = |(role, receiver): (Side, AuthorityCode), page: &Page| {
        let key = trusted.part_key(receiver, at).map_err(|_| GateReason::PageKey)?;
        let context = PageContext { receiver, gate, clearance: clearance.as_bytes(), role };
        let sealed = page.seal(key, &context).map_err(|_| GateReason::PageKey)?;
        let hash = PartHash::of(&sealed);
        Ok((sealed, hash))
    };
    let sealed = place.authorities().zip(places).map(|(side, at)| {
        let page = pages.get(*at).ok_or(GateReason::DocumentMissing)?;
        seal_one(side, page)
    });
    Ok(SealedPages { showing, at, pages: sealed.collect::<Result<_, _>>()? })
}
