//! Venue: credentials that a wallet shows at the desks of hotels, buildings and libraries (`docs/venues.md`).
//!
//! Lives here: which kinds this authority vouches for, and what they say of a resident. Not here: a credential's form
//! (`credential::venue`), what a desk may ask (`trust::desk`), device keys and places in the status lists (`batch`).

use std::sync::Arc;

use credential::sha256;
use credential::venue::{
    ClaimForm, ClaimName, ClaimValue, Claims, CredentialFrame, CredentialKind, MAX_PORTRAIT_LEN,
    issue_credential,
};
use documents::issuance::document_issuer;
use documents::{Birth, Document, DocumentKind, DocumentStatus, LocalDate, Timestamp};
use trust::Approval;

use super::IssueError;
use super::attestation::{Attestation, BatchClass};
use super::batch::DeviceProof;
use crate::faces::FaceCheckError;
use crate::service::{Service, draw};
use crate::status_places::PlaceDraw;
use crate::store::person::{self, Resident};
use crate::store::registry;
use crate::store::token::Purpose;
use crate::store::vault::PersonKey;

/// What a wallet wants to show at desks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CredentialsWanted {
    /// The kind of credential.
    pub kind: CredentialKind,
    /// Of an identity: the document that it speaks of; `None`: the one that this authority's passes rest on.
    pub document: Option<DocumentKind>,
}

/// A batch of venue credentials.
#[derive(Debug, Clone)]
pub struct VenueBatch {
    /// The class of the device keys, which says how long the credentials live.
    pub class: BatchClass,
    /// When all of them end.
    pub expires: Timestamp,
    /// One for each device key, in their order (tagged COSE_Sign1).
    pub credentials: Vec<Vec<u8>>,
}

impl Service {
    /// Credentials of one kind, each for a device key of its own. An identity comes from the authority of the document, every
    /// other kind from the holder's home. None is made that no desk may ask for: some approval in force must name a claim of it.
    ///
    /// # Errors
    /// Why none are made; all or nothing.
    pub async fn issue_for_venues(
        &self,
        session: &[u8; 32],
        wanted: CredentialsWanted,
        keys: &[DeviceProof],
        attestation: Option<&Attestation>,
        now: Timestamp,
    ) -> Result<VenueBatch, IssueError> {
        let today = now.local_date();
        if !self.approvals().all().iter().any(|approval| asks_for(approval, wanted.kind, today)) {
            return Err(IssueError::NotApproved(wanted.kind));
        }
        let class = self.class_of(session, keys, attestation, now);
        // Made before anything is written: no lane waits for a picture.
        let portrait = match wanted.kind {
            CredentialKind::Portrait => self.portrait_of(session).await?,
            CredentialKind::Identity | CredentialKind::Age | CredentialKind::Residence => None,
        };
        let mut tx = self.store.begin().await?;
        let batch = self.admit_batch(&mut tx, session, self.me, keys, now).await?;
        let claims = self.claims_of(&batch.resident, wanted, portrait, today)?;
        let of_class = batch.cut(class.class.expiry_for(today));
        let expires = self.end_of(&batch.resident, wanted, of_class, today);
        let mut draw_place = PlaceDraw::new(&self.status_capacity, expires, now);
        let signer = self.signing().venue.clone();
        let mut credentials = Vec::with_capacity(batch.devices.len());
        for device in &batch.devices {
            let bound = (device.thumbprint(), Purpose::Venue);
            let status = self.take_status_place(&mut tx, &mut draw_place, batch.person.key, bound).await?;
            let frame = CredentialFrame {
                issuer: self.me,
                kind: wanted.kind,
                issued: today.start(),
                expires,
                device_key: *device.key().public(),
                status,
            };
            credentials.push(issue_credential(&frame, &claims, signer.number, &signer.key, &mut draw)?);
        }
        tx.commit().await?;
        Ok(VenueBatch { class, expires, credentials })
    }

    /// The portrait of a wallet's holder, from the registry's photograph; `None` where there is none.
    async fn portrait_of(&self, session: &[u8; 32]) -> Result<Option<Vec<u8>>, IssueError> {
        let mut tx = self.store.read().await?;
        let key = person::find_session(&mut tx, &sha256(session)).await?.ok_or(IssueError::NoPass)?;
        tx.commit().await?;
        self.portrait_of_person(key).await
    }

    /// The portrait of a person, from the registry's photograph; `None` where there is none.
    pub(crate) async fn portrait_of_person(&self, key: PersonKey) -> Result<Option<Vec<u8>>, IssueError> {
        let mut tx = self.store.read().await?;
        let person = person::find_person(&mut tx, self.store.vault(), key).await?;
        let photograph = registry::find_photograph(&mut tx, &person.ok_or(IssueError::NoPass)?).await?;
        tx.commit().await?;
        let Some(photograph) = photograph else { return Ok(None) };
        let faces = Arc::clone(&self.faces);
        let made = self.pools.pictures.run(move || faces.portrait(&photograph, MAX_PORTRAIT_LEN)).await;
        Ok(made.map_err(FaceCheckError::from)??)
    }

    /// What a credential of this kind says of a resident.
    fn claims_of(
        &self,
        resident: &Resident,
        wanted: CredentialsWanted,
        portrait: Option<Vec<u8>>,
        today: LocalDate,
    ) -> Result<Claims, IssueError> {
        let none = IssueError::NothingToVouch(wanted.kind);
        let is_home = resident.holder.home == self.me;
        match wanted.kind {
            CredentialKind::Identity => {
                let document = self.document(resident, wanted.document, today).ok_or(none)?;
                Ok(identity(resident, document)?)
            }
            CredentialKind::Age if is_home => Ok(ages(resident.holder.birth, today)?),
            CredentialKind::Residence if is_home => {
                let mut claims = Claims::default();
                claims.insert(ClaimName::Region, ClaimValue::Text(self.me.code().to_owned()))?;
                // A city that the registry does not have is a decoy.
                if let Some(city) = &resident.city {
                    claims.insert(ClaimName::City, ClaimValue::Text(city.clone()))?;
                }
                Ok(claims)
            }
            CredentialKind::Portrait if is_home => {
                let mut claims = Claims::default();
                claims.insert(ClaimName::Portrait, ClaimValue::File(portrait.ok_or(none)?))?;
                Ok(claims)
            }
            CredentialKind::Age | CredentialKind::Residence | CredentialKind::Portrait => Err(none),
        }
    }

    /// When a credential ends: with its class, and an identity no later than the last day of its document.
    fn end_of(
        &self,
        resident: &Resident,
        wanted: CredentialsWanted,
        of_class: Timestamp,
        today: LocalDate,
    ) -> Timestamp {
        let document = match wanted.kind {
            CredentialKind::Identity => self.document(resident, wanted.document, today),
            CredentialKind::Age | CredentialKind::Residence | CredentialKind::Portrait => None,
        };
        document.and_then(Document::over_at).map_or(of_class, |over| of_class.min(over))
    }

    /// A document of this authority's that is valid today: the one of this kind, else the one that passes rest on.
    fn document<'r>(
        &self,
        resident: &'r Resident,
        kind: Option<DocumentKind>,
        today: LocalDate,
    ) -> Option<&'r Document> {
        let in_date = |document: &&Document| !document.expired_on(today);
        let Some(kind) = kind else { return super::border::permit(resident, self.me).filter(in_date) };
        let own = |document: &&Document| {
            document.kind() == kind
                && document_issuer(kind) == Some(self.me)
                && document.status != DocumentStatus::Lost
        };
        resident.documents.iter().filter(own).filter(in_date).max_by_key(|document| document.expires)
    }
}

/// Whether a desk may ask for a claim of this kind on that day.
fn asks_for(approval: &Approval, kind: CredentialKind, day: LocalDate) -> bool {
    let of_kind = |text: &String| text.parse::<ClaimName>().is_ok_and(|claim| claim.kind() == kind);
    approval.scenario.is_at_venue() && approval.in_force(day) && approval.claims.iter().any(of_kind)
}

fn identity(resident: &Resident, document: &Document) -> Result<Claims, ClaimForm> {
    let holder = &resident.holder;
    let birth = match holder.birth {
        Birth::Date(day) => day.to_string(),
        Birth::Year(year) => format!("{year:04}"),
    };
    let nationality = holder.nationality.unwrap_or(documents::Nationality::CHINESE);
    let mut claims = Claims::default();
    for (claim, text) in [
        (ClaimName::Name, resident.name.as_str()),
        (ClaimName::NameZh, resident.name_zh.as_deref().unwrap_or_default()),
        (ClaimName::BirthDate, birth.as_str()),
        (ClaimName::Nationality, nationality.as_str()),
        (ClaimName::DocumentKind, document.kind().as_str()),
        (ClaimName::DocumentNumber, document.number.match_key()),
    ] {
        // A name that the document does not have is a decoy.
        if !text.is_empty() {
            claims.insert(claim, ClaimValue::Text(text.to_owned()))?;
        }
    }
    Ok(claims)
}

fn ages(birth: Birth, today: LocalDate) -> Result<Claims, ClaimForm> {
    let mut claims = Claims::default();
    for claim in CredentialKind::Age.claims() {
        if let Some(years) = claim.years() {
            claims.insert(claim, ClaimValue::Flag(birth.age_on(today) >= years))?;
        }
    }
    Ok(claims)
}
