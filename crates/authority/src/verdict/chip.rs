//! Chip: what the files of a document's chip prove, where a page has brought them.
//!
//! Lives here: passive authentication against this authority's own country signers, active authentication of this clearance's nonce,
//! the portrait's templates, and which failures refuse and which only leave an officer to look. Not here: the checks themselves (crate
//! `chip`), the comparison of the face (`checks`).

use std::sync::Arc;

use chip::{AuthenticChip, HandedIn, Nonce, authenticate};
use credential::page::{Page, chip_nonce};
use documents::{DocumentNumber, Timestamp};

use super::checks::Opened;
use super::{AuthorityReason, Stop, VerdictError};
use crate::faces::{Faces, KeptTemplate};
use crate::service::Service;

/// Codes that say nothing against a document: what this program, or its list of countries, cannot tell. An officer looks at the
/// document instead. Every other code refuses.
const UNTOLD: [&str; 15] = [
    "chip_country_signer_unknown",
    "chip_curve_unsupported",
    "chip_key_unsupported",
    "chip_key_length",
    "chip_hash_weak",
    "chip_signature_unsupported",
    "chip_signer_extension",
    "chip_face_none",
    "chip_face_many",
    "chip_face_form",
    "chip_face_image",
    "chip_active_authentication_missing",
    "chip_active_authentication_unsupported",
    "chip_active_authentication_algorithm",
    "chip_handed_in_nonce",
];

/// What a chip was found to prove.
pub(super) struct ChipFound {
    /// Templates of the portrait that the issuing state signed; none where it was not proven or shows no face that can be measured.
    templates: Vec<KeptTemplate>,
    /// What could not be told, by its code.
    doubt: Option<&'static str>,
}

impl Service {
    /// Proves the files of a chip, and that they are of the document that the page names.
    pub(super) async fn prove_chip(
        &self,
        page: &Page,
        files: &[u8],
        clearance: &[u8; 16],
        now: Timestamp,
    ) -> Result<ChipFound, Stop> {
        let (faces, countries) = (Arc::clone(&self.faces), Arc::clone(&self.countries));
        let (page, files, nonce) = (page.clone(), files.to_vec(), Nonce::new(chip_nonce(clearance)));
        let judged = self.pools.lanes.run(move || {
            let handed = HandedIn::read(&files).map_err(|error| Refused::Code(error.code()))?;
            let authentic = match authenticate(handed.files(), &countries, now) {
                Ok(authentic) => authentic,
                Err(error) => return told(error.code()).map(ChipFound::doubted),
            };
            if !is_of(&authentic, &page) {
                return Err(Refused::Mismatch);
            }
            let templates = templates(&faces, &authentic);
            // A signature of another nonce may be of another day: it counts as none.
            let signature = handed.for_nonce(&nonce).ok().and_then(|reading| reading.signature);
            let copied = match authentic.prove_original(&nonce, signature.as_deref()) {
                Ok(_) => None,
                Err(error) => Some(told(error.code())?),
            };
            Ok(match (copied, templates) {
                (Some(code), templates) => {
                    ChipFound { templates: templates.unwrap_or_default(), doubt: Some(code) }
                }
                (None, Ok(templates)) => ChipFound { templates, doubt: None },
                (None, Err(code)) => ChipFound::doubted(code),
            })
        });
        judged.await.map_err(VerdictError::from)?.map_err(|refused| match refused {
            Refused::Code(code) => Stop::refer_chip(code),
            Refused::Mismatch => Stop::refer(AuthorityReason::PageMismatch),
        })
    }

    /// Compares the face with the chip's portrait where this authority has none of its own.
    pub(super) fn with_chip(&self, opened: Opened, found: ChipFound) -> Opened {
        let doubt = found.doubt;
        if opened.alone.is_some() || found.templates.is_empty() {
            return Opened { doubt, ..opened };
        }
        let alone = self.faces.for_part(&found.templates).ok().cloned();
        Opened { kept: found.templates, alone, doubt, ..opened }
    }
}

impl ChipFound {
    const fn doubted(code: &'static str) -> Self {
        Self { templates: Vec::new(), doubt: Some(code) }
    }
}

/// Why a page with a chip gets no further.
enum Refused {
    Code(&'static str),
    Mismatch,
}

/// The code of a failure that only leaves a question open.
fn told(code: &'static str) -> Result<&'static str, Refused> {
    if UNTOLD.contains(&code) { Ok(code) } else { Err(Refused::Code(code)) }
}

/// Whether the signed zone is of the document that the page names: number, birth date and last day.
fn is_of(chip: &AuthenticChip, page: &Page) -> bool {
    let zone = chip.zone();
    let number = DocumentNumber::parse(page.number().kind(), zone.number());
    number.as_ref() == Ok(page.number())
        && zone.birth().date() == page.birth()
        && zone.expiry().date() == page.expiry()
}

/// The templates of the portrait; the code of why there are none.
fn templates(faces: &Faces, chip: &AuthenticChip) -> Result<Vec<KeptTemplate>, &'static str> {
    let portrait = chip.portrait().ok_or("chip_face_none")?;
    faces.templates_of_chip(portrait.bytes()).map_err(|_| "chip_face_image")
}
