//! Border: tokens, own parts and sealed parts for crossings.
//!
//! Lives here: what goes into a part. Not here: which part has which form (`documents::issuance`), bytes (`credential`),
//! where a token's status stands (`status_places`).

use credential::part::{
    EndorsementSlot, HolderIdentity, Name, OWN_SLOTS, PartContents, PartContext, PartTemplate, SEALED_SLOTS,
    part_week,
};
use credential::{PartHash, SealedHashes, ShortHash, Thumbprint, TokenClaims, TokenError, sign_token};
use documents::issuance::{part_documents, sealed_receivers};
use documents::{AuthorityCode, Birth, Document, DocumentStatus, Nationality, Timestamp};

use super::IssueError;
use super::attestation::{Attestation, BatchClass};
use super::batch::{Batch, DeviceProof};
use crate::faces::FaceCheckError;
use crate::service::{Service, draw};
use crate::status_places::PlaceDraw;
use crate::store::person::{self, Resident};
use crate::store::token::Purpose;
use crate::store::{Tx, token};

/// What the home authority hands out for one device key.
#[derive(Debug, Clone)]
pub struct Issued {
    /// The signed token (CBOR).
    pub token: Vec<u8>,
    /// The issuer's own part.
    pub own: Vec<u8>,
    /// Parts for other authorities; none where there is nothing to seal.
    pub sealed: Vec<(AuthorityCode, Vec<u8>)>,
}

/// What the home authority hands out for a batch.
#[derive(Debug, Clone)]
pub struct IssuedBatch {
    /// The class of the device keys: how long the tokens live follows from it.
    pub class: BatchClass,
    /// When all tokens end.
    pub expires: Timestamp,
    /// One for each device key, in their order.
    pub tokens: Vec<Issued>,
}

/// What another authority hands out for a batch.
#[derive(Debug, Clone)]
pub struct OwnParts {
    /// The class of the device keys.
    pub class: BatchClass,
    /// When the tokens end to which the parts belong.
    pub expires: Timestamp,
    /// One for each device key, in their order.
    pub parts: Vec<Vec<u8>>,
}

/// What every part of one batch has in common.
pub(super) struct PartMaker<'b> {
    maker: AuthorityCode,
    resident: &'b Resident,
    /// The holder's face template, with its kind.
    template: (u8, PartTemplate),
    expires: Timestamp,
    now: Timestamp,
}

impl Service {
    /// Own parts of an authority that is not the token's issuer (the mainland's, for residents of a region). They count for a
    /// token whose keys have the same class here and there. `token_ends`: when the tokens end, where the wallet has them already; left
    /// out, as their class says.
    ///
    /// # Errors
    /// Why none are made; all or nothing.
    pub async fn own_parts(
        &self,
        session: &[u8; 32],
        issuer: AuthorityCode,
        keys: &[DeviceProof],
        (attestation, token_ends): (Option<&Attestation>, Option<Timestamp>),
        now: Timestamp,
    ) -> Result<OwnParts, IssueError> {
        let class = self.class_of(session, keys, attestation, now);
        let mut tx = self.store.begin().await?;
        let batch = self.admit_batch(&mut tx, session, issuer, keys, now).await?;
        // The key under which a part lies follows from the token's end: where its issuer cut that short, the wallet says so.
        let of_class = class.class.expiry_for(now.local_date());
        let expires = token_ends.filter(|ends| now < *ends).map_or(of_class, |ends| ends.min(of_class));
        let maker = self.part_maker(&mut tx, &batch, expires, now).await?;
        let mut parts = Vec::with_capacity(batch.devices.len());
        for device in &batch.devices {
            parts.push(self.own_part(&mut tx, &maker, issuer, device.thumbprint()).await?);
        }
        tx.commit().await?;
        Ok(OwnParts { class, expires, parts })
    }

    /// Tokens with own and sealed parts, for this authority's own residents.
    ///
    /// # Errors
    /// Why none are made; all or nothing.
    pub async fn issue(
        &self,
        session: &[u8; 32],
        keys: &[DeviceProof],
        attestation: Option<&Attestation>,
        now: Timestamp,
    ) -> Result<IssuedBatch, IssueError> {
        let class = self.class_of(session, keys, attestation, now);
        let mut tx = self.store.begin().await?;
        let batch = self.admit_batch(&mut tx, session, self.me, keys, now).await?;
        if batch.resident.holder.home != self.me {
            return Err(IssueError::NothingIssued(self.me));
        }
        let expires = batch.cut(class.class.expiry_for(now.local_date()));
        let maker = self.part_maker(&mut tx, &batch, expires, now).await?;
        let mut draw = PlaceDraw::new(&self.status_capacity, expires, now);
        let signer = self.signing().token.clone();
        let mut issued = Vec::with_capacity(batch.devices.len());
        for device in &batch.devices {
            let thumbprint = device.thumbprint();
            let own = self.own_part(&mut tx, &maker, self.me, thumbprint).await?;
            let (sealed, hashes) = self.sealed_parts(&mut tx, &maker, thumbprint).await?;
            let claims = TokenClaims {
                issuer: self.me,
                expires,
                device_key: *device.key().public(),
                key_class: class.class,
                status: self
                    .take_status_place(&mut tx, &mut draw, batch.person.key, (thumbprint, Purpose::Border))
                    .await?,
                sealed: hashes,
            };
            let token = sign_token(&claims, signer.number, &signer.key)?;
            issued.push(Issued { token, own, sealed });
        }
        tx.commit().await?;
        Ok(IssuedBatch { class, expires, tokens: issued })
    }

    pub(super) async fn part_maker<'b>(
        &self,
        tx: &mut Tx,
        batch: &'b Batch,
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<PartMaker<'b>, IssueError> {
        let kept = person::find_templates(tx, &batch.person).await?;
        let (kind, bytes) = self.faces.for_part(&kept)?;
        let bytes = PartTemplate::from_bytes(bytes).ok_or(FaceCheckError::Template)?;
        let template = (*kind, bytes);
        Ok(PartMaker { maker: self.me, resident: &batch.resident, template, expires, now })
    }

    pub(super) async fn own_part(
        &self,
        tx: &mut Tx,
        maker: &PartMaker<'_>,
        issuer: AuthorityCode,
        thumbprint: Thumbprint,
    ) -> Result<Vec<u8>, IssueError> {
        let document = permit(maker.resident, self.me).ok_or(IssueError::NoPermit(self.me))?;
        let birth_year = match maker.resident.holder.birth {
            Birth::Date(day) => day.ymd().0,
            Birth::Year(year) => year,
        };
        let contents = maker.contents(document, None, HolderIdentity::Own { birth_year })?;
        let week = self.make_weekly_key(tx, self.me, part_week(maker.expires)).await?;
        let part = contents.seal(&week, &PartContext { issuer, receiver: self.me, thumbprint })?;
        let device = self.store.vault().device_tag(thumbprint);
        token::add_own_part(tx, device, &PartHash::of(&part).0, maker.now).await?;
        Ok(part)
    }

    /// The sealed parts of one token, and the hashes that go into it: a random one where there is nothing to seal.
    pub(super) async fn sealed_parts(
        &self,
        tx: &mut Tx,
        maker: &PartMaker<'_>,
        thumbprint: Thumbprint,
    ) -> Result<(Vec<(AuthorityCode, Vec<u8>)>, SealedHashes), IssueError> {
        let (mut sealed, mut hashes) = (Vec::new(), Vec::new());
        for receiver in sealed_receivers(self.me) {
            match self.sealed_part(tx, maker, *receiver, thumbprint).await? {
                Some(part) => {
                    hashes.push(PartHash::of(&part).short());
                    sealed.push((*receiver, part));
                }
                None => hashes.push(ShortHash(draw()?)),
            }
        }
        match hashes.as_slice() {
            [a] => Ok((sealed, SealedHashes::One(*a))),
            [a, b] => Ok((sealed, SealedHashes::Two(*a, *b))),
            _ => Err(TokenError::Hashes.into()),
        }
    }

    async fn sealed_part(
        &self,
        tx: &mut Tx,
        maker: &PartMaker<'_>,
        receiver: AuthorityCode,
        thumbprint: Thumbprint,
    ) -> Result<Option<Vec<u8>>, IssueError> {
        let resident = maker.resident;
        let Some(document) = permit(resident, self.me) else { return Ok(None) };
        let Birth::Date(birth) = resident.holder.birth else { return Ok(None) };
        let identity = HolderIdentity::Sealed {
            latin_name: Name::new(&resident.name),
            chinese_name: Name::new(resident.name_zh.as_deref().unwrap_or_default()),
            birth,
            nationality: *resident.holder.nationality.unwrap_or(Nationality::CHINESE).bytes(),
        };
        let contents = maker.contents(document, Some(receiver), identity)?;
        let week = self.make_weekly_key(tx, receiver, part_week(maker.expires)).await?;
        Ok(Some(contents.seal(&week, &PartContext { issuer: self.me, receiver, thumbprint })?))
    }
}

/// The document of this authority (`maker`) that goes into parts: the one of the latest expiry; a lost one is none.
pub(crate) fn permit(resident: &Resident, maker: AuthorityCode) -> Option<&Document> {
    let wanted = part_documents(maker, resident.holder.home);
    let usable = |d: &&Document| wanted.contains(&d.kind()) && d.status != DocumentStatus::Lost;
    resident.documents.iter().filter(usable).max_by_key(|d| d.expires)
}

impl PartMaker<'_> {
    /// What a part says. `receiver`: the one it is sealed for; `None` for an own part.
    fn contents(
        &self,
        document: &Document,
        receiver: Option<AuthorityCode>,
        identity: HolderIdentity,
    ) -> Result<PartContents, IssueError> {
        let mut endorsements: Vec<_> =
            document.endorsements.iter().filter(|e| receiver.is_none_or(|r| r == e.destination)).collect();
        // The newest first: a slot that has no room loses the one that ends soonest.
        endorsements.sort_by_key(|e| std::cmp::Reverse(e.valid_to));
        let slots = if receiver.is_some() { SEALED_SLOTS } else { OWN_SLOTS };
        Ok(PartContents {
            kind: document.kind().code(),
            number: document.number.mrz9().ok_or(IssueError::NoPermit(self.maker))?,
            expiry: document.expires,
            snapshot: self.now.local_date(),
            holder_class: self.resident.holder.wire_class(),
            identity,
            endorsements: endorsements
                .into_iter()
                .take(slots)
                .map(|e| EndorsementSlot {
                    form: e.form.get(),
                    entries: e.entries,
                    from: e.valid_from,
                    to: e.valid_to,
                })
                .collect(),
            template_format: self.template.0,
            template: self.template.1.clone(),
        })
    }
}
