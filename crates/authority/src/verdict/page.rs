//! Page: a lane by document, where a sealed page stands in place of token, proof and part.
//!
//! Lives here: opening a page, whose it is, and what only the card says. Not here: the comparison of the face (`checks`), the
//! decision (`decide`). A number finds one person; there is no search by face.

use clearance::DocumentEnvelope;
use credential::message::Request;
use credential::page::{NumberContext, Page, PageContext};
use documents::issuance::document_issuer;
use documents::pages::read_by;
use documents::{
    AuthorityCode, Birth, Document, DocumentKind, DocumentNumber, DocumentStatus, Holder, LaneKind,
    ResidenceClass, Timestamp, View,
};

use super::checks::{Evidence, Opened, Recognised};
use super::decide::OnCard;
use super::{AuthorityReason, Covering, FreshIds, Stop, VerdictError};
use crate::service::{SenderError, Service};
use crate::store::Tx;
use crate::store::person::{self, Person, PersonKind};
use crate::store::vault::{PersonKey, Tag};

/// How long after the documents were laid down a request counts, in seconds: the look at the face lies between.
const LAID_SECONDS: i64 = 120;
/// The same for a request after measures.
const MEASURES_SECONDS: i64 = 300;
/// How far the documents may have been laid down ahead of the request, by a clock that was set in between.
const AHEAD_SECONDS: i64 = 10;

impl Service {
    /// The page that was sealed to this authority, opened, and the face beside its own portrait.
    pub(super) async fn recognise_page(
        &self,
        request: &Request,
        envelope: &DocumentEnvelope<'_>,
        covering: Option<&Covering>,
        now: Timestamp,
    ) -> Result<Recognised, Stop> {
        if covering.is_none() {
            return Err(Stop::refer(AuthorityReason::NotApproved));
        }
        check_laid(request)?;
        let context = PageContext {
            receiver: self.me,
            gate: &request.gate,
            clearance: &request.clearance,
            role: request.role,
        };
        let page = (self.part_keys())
            .open(|key| Page::open(envelope.page, key, &context, now.local_date()))
            .map_err(|_| Stop::refer(AuthorityReason::PageUnreadable))?;
        let found = match page.chip() {
            Some(files) => Some(self.prove_chip(&page, files, &request.clearance, now).await?),
            None => None,
        };
        let opened = self.open_page(page, envelope.probe).await?;
        let opened = match found {
            Some(found) => self.with_chip(opened, found),
            None => opened,
        };
        let face = self.compare_face(&opened, envelope.probe).await?;
        // A page rests on no list of another authority.
        Ok(Recognised { opened, face, stale: false, proof: None })
    }

    /// The page with the templates of its holder, where the document is this authority's own.
    async fn open_page(&self, page: Page, probe: &[u8]) -> Result<Opened, Stop> {
        let number = page.number().clone();
        let kind = number.kind();
        let issuer = document_issuer(kind).filter(|_| self.reads(kind));
        let issuer = issuer.ok_or_else(|| Stop::refer(AuthorityReason::PageForeign))?;
        let kept = if issuer == self.me && !probe.is_empty() {
            let mut tx = self.store.read_for_lane().await?;
            let kept = self.kept_templates(&mut tx, &number).await;
            tx.commit().await?;
            kept?
        } else {
            Vec::new()
        };
        let alone = self.faces.for_part(&kept).ok().cloned();
        Ok(Opened {
            evidence: Evidence::Page(page),
            issuer,
            number,
            device: None,
            key_class: None,
            paper: false,
            kept,
            alone,
            doubt: None,
        })
    }

    /// Whether this authority reads a document of this kind at a lane, whoever holds it.
    fn reads(&self, kind: DocumentKind) -> bool {
        AuthorityCode::ALL.into_iter().any(|home| read_by(self.me, home).contains(&kind))
    }

    /// Whose page this is: in the registry for a document of its own; for another issuer's whoever was seen with this number,
    /// or a new row. The row is held until the transaction ends.
    pub(super) async fn person_of_page(
        &self,
        tx: &mut Tx,
        opened: &Opened,
        fresh: FreshIds,
        now: Timestamp,
    ) -> Result<Person, Stop> {
        let vault = self.store.vault();
        let tag = vault.number_tag(&opened.number);
        let own = opened.issuer == self.me;
        let key = match person::find_tag(tx, tag).await? {
            Some(key) => key,
            None if own => return Err(Stop::refer(AuthorityReason::NotRegistered)),
            None => {
                let new = PersonKey::from_bytes(fresh.person);
                // Two lanes may see somebody for the first time at once: the tag that was written first decides.
                let first = person::add_tag(tx, tag, new).await?;
                if first {
                    person::add_seen(tx, new, now).await?;
                    new
                } else {
                    person::find_tag(tx, tag).await?.unwrap_or(new)
                }
            }
        };
        person::hold_person(tx, key).await?;
        let found = person::find_person(tx, vault, key).await?;
        let found = found.filter(|person| !own || person.kind == PersonKind::Registered);
        found.ok_or_else(|| Stop::refer(AuthorityReason::NotRegistered))
    }

    /// What only the card says that was laid down.
    pub(super) fn on_card(&self, opened: &Opened, view: &View, now: Timestamp) -> OnCard {
        let Evidence::Page(page) = &opened.evidence else { return OnCard::default() };
        let Some(document) = &view.document else { return OnCard::default() };
        if opened.issuer != self.me {
            return OnCard { endorsements: true, replaced: false, doubt: opened.doubt };
        }
        let newer = view.other_documents.iter().any(|other| other.replaces(document, now.local_date()));
        // A number that stays for life stands on every card: the zone of an older one ends on another day.
        let other_card = match (page.expiry(), document.expires) {
            (Some(shown), Some(registered)) => shown != registered,
            (Some(_) | None, None) | (None, Some(_)) => false,
        };
        // The registry knows its own documents: what a chip leaves open is no question here.
        OnCard { endorsements: false, replaced: newer || other_card, doubt: None }
    }

    /// The tag of what was shown: of a token, or of a showing at a lane by document.
    pub(super) fn shown_tag(&self, request: &Request) -> Tag {
        let vault = self.store.vault();
        match request.lane {
            LaneKind::Document => vault.showing_tag(request.token),
            LaneKind::Code | LaneKind::FaceOnly | LaneKind::Manual => vault.token_tag(request.token),
        }
    }

    /// The number of a document, sealed to its issuer for the notice of the passage.
    pub(super) fn sealed_number(
        &self,
        request: &Request,
        number: &DocumentNumber,
        issuer: AuthorityCode,
        now: Timestamp,
    ) -> Result<Vec<u8>, VerdictError> {
        let context = NumberContext { from: self.me, to: issuer, showing: request.token };
        let trust = self.trust();
        let key = trust.part_key(issuer, now).map_err(SenderError::from)?;
        Ok(context.seal(number, key)?)
    }
}

/// The times and hashes of a request about documents.
fn check_laid(request: &Request) -> Result<(), Stop> {
    if request.joint != request.other_part.is_some() {
        return Err(Stop::refer(AuthorityReason::RequestMismatch));
    }
    let longest = if request.measures_done.is_empty() { LAID_SECONDS } else { MEASURES_SECONDS };
    let elapsed = request.at.seconds_since(request.made_at);
    if (-AHEAD_SECONDS..=longest).contains(&elapsed) {
        Ok(())
    } else {
        Err(Stop::refer(AuthorityReason::PageStale))
    }
}

/// Whether the page says the birth date of the registry, as far as both know it.
pub(super) fn check_birth(page: &Page, holder: &Holder) -> Result<(), Stop> {
    let same = match (page.birth(), holder.birth) {
        (None, _) => true,
        (Some(shown), Birth::Date(registered)) => shown == registered,
        (Some(shown), Birth::Year(registered)) => shown.ymd().0 == registered,
    };
    if same { Ok(()) } else { Err(Stop::refer(AuthorityReason::PageMismatch)) }
}

/// The holder of a document of another issuer. Its class of residence stands on the card alone: the officer without whom such a
/// page never admits reads it there.
pub(super) fn holder_of_page(issuer: AuthorityCode, page: &Page) -> Option<Holder> {
    let birth = Birth::Date(page.birth()?);
    Some(Holder::new(issuer, ResidenceClass::Permanent, birth))
}

/// A document of another issuer, as far as its page says.
pub(super) fn document_of_page(page: &Page) -> Document {
    Document {
        number: page.number().clone(),
        issued: None,
        expires: page.expiry(),
        status: DocumentStatus::Valid,
        endorsements: Vec::new(),
    }
}
