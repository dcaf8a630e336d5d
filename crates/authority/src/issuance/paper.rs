//! Paper: paper passes that a counter has printed, for residents with or without a wallet (`docs/paper.md`).
//!
//! Lives here: tokens of class paper with the counter's signature, own parts for another issuer's paper pass, ending them. Not
//! here: bytes (`credential::paper`), the sheet (`baypass`), what a lane asks for beside it (`verdict`).

use credential::paper::sign_paper;
use credential::part::PartForm;
use credential::{Audience, DeviceKey, KeyClass, PartHash, TokenClaims, sign_token};
use documents::{AuthorityCode, DocumentNumber, LaneKind, LocalDate, Side, Timestamp};

use super::IssueError;
use super::batch::{Batch, DeviceProof};
use crate::registry::RegistryError;
use crate::service::Service;
use crate::status_capacity::status_list_number;
use crate::status_places::PlaceDraw;
use crate::store::Tx;
use crate::store::person;
use crate::store::token::{self, IssuedToken, Purpose};

pub use credential::paper::PAPER_DAYS_AHEAD;

/// For whom and when a counter wants something: the same at each authority that it asks.
#[derive(Debug, Clone, Copy)]
pub struct PaperOrder<'o> {
    /// A document of the resident that the asked authority issued.
    pub number: &'o DocumentNumber,
    /// The key that the counter drew, with a proof for this authority ([`possession`](super::batch::possession)).
    pub device: &'o DeviceProof,
    /// 32 random bytes of this visit, in place of a wallet's session in that proof.
    pub visit: &'o [u8; 32],
    /// The local day on which the pass counts.
    pub day: LocalDate,
}

/// A printed code, in its pieces.
#[derive(Debug, Clone)]
pub struct PaperCode {
    /// The signed token (CBOR).
    pub token: Vec<u8>,
    /// The counter's signature over it for one audience and day (CBOR).
    pub proof: Vec<u8>,
    /// The parts, in order of the audience's sides.
    pub parts: Vec<Vec<u8>>,
    /// When it ends: the midnight after its day.
    pub expires: Timestamp,
}

impl Service {
    /// Issues a paper pass for one lane or pair of verdicts, for a resident of this authority. `other` is the own part of another
    /// authority of the crossing, where that one makes its own ([`Self::paper_part`]).
    ///
    /// # Errors
    /// Why none is made; all or nothing.
    pub async fn issue_paper(
        &self,
        order: PaperOrder<'_>,
        audience: &Audience,
        other: Option<&[u8]>,
        now: Timestamp,
    ) -> Result<PaperCode, IssueError> {
        self.check_place(audience, order.day)?;
        let mut tx = self.store.begin().await?;
        let (batch, device) = self.admit_paper(&mut tx, order, self.me, now).await?;
        if batch.resident.holder.home != self.me {
            return Err(IssueError::NothingIssued(self.me));
        }
        let (expires, thumbprint) = (KeyClass::Paper.expiry_for(order.day), device.thumbprint());
        let maker = self.part_maker(&mut tx, &batch, expires, now).await?;
        let own = self.own_part(&mut tx, &maker, self.me, thumbprint).await?;
        let (sealed, hashes) = self.sealed_parts(&mut tx, &maker, thumbprint).await?;
        let (mut parts, mut other) = (Vec::new(), other);
        for side in audience.sides() {
            let receiver = audience.direction().authority(*side);
            let found = if receiver == self.me {
                Some(own.clone())
            } else if let Some((_, part)) = sealed.iter().find(|(to, _)| *to == receiver) {
                Some(part.clone())
            } else {
                let fits = PartForm::of(self.me, receiver) == PartForm::Own;
                other.take().filter(|part| fits && PartForm::Own.has_length(part.len())).map(<[u8]>::to_vec)
            };
            parts.push(found.ok_or(IssueError::PaperPart)?);
        }
        if other.is_some() {
            return Err(IssueError::PaperPart);
        }
        let mut draw = PlaceDraw::new(&self.status_capacity, expires, now);
        let claims = TokenClaims {
            issuer: self.me,
            expires,
            device_key: *device.key().public(),
            key_class: KeyClass::Paper,
            status: self
                .take_status_place(&mut tx, &mut draw, batch.person.key, (thumbprint, Purpose::Paper))
                .await?,
            sealed: hashes,
        };
        let signing = self.signing();
        let token = sign_token(&claims, signing.token.number, &signing.token.key)?;
        let counter = (&*signing.counter.key, signing.counter.number);
        let named: Vec<PartHash> = parts.iter().map(|part| PartHash::of(part)).collect();
        let proof = sign_paper(counter, audience, &token, &named, order.day)?;
        tx.commit().await?;
        Ok(PaperCode { token, proof, parts, expires })
    }

    /// This authority's own part for a paper pass of `issuer`: the mainland's, for residents of a region. It is logged under the
    /// person, so that it ends here with their document too.
    ///
    /// # Errors
    /// Why none is made; all or nothing.
    pub async fn paper_part(
        &self,
        order: PaperOrder<'_>,
        issuer: AuthorityCode,
        now: Timestamp,
    ) -> Result<Vec<u8>, IssueError> {
        if issuer == self.me || PartForm::of(issuer, self.me) != PartForm::Own {
            return Err(IssueError::NothingIssued(self.me));
        }
        let mut tx = self.store.begin().await?;
        let (batch, device) = self.admit_paper(&mut tx, order, issuer, now).await?;
        let (expires, thumbprint) = (KeyClass::Paper.expiry_for(order.day), device.thumbprint());
        let maker = self.part_maker(&mut tx, &batch, expires, now).await?;
        let part = self.own_part(&mut tx, &maker, issuer, thumbprint).await?;
        let logged = IssuedToken {
            person: batch.person.key,
            purpose: Purpose::Paper,
            list: status_list_number(expires),
            place: None,
            expires,
            status: 0,
        };
        let tag = self.store.vault().token_tag(thumbprint.token_id());
        if !token::add_token(&mut tx, tag, &logged).await? {
            return Err(IssueError::KeyTaken);
        }
        tx.commit().await?;
        Ok(part)
    }

    /// Ends every paper pass of the resident with this number, such as after a sheet was lost; gives how many. Their wallet, if
    /// they have one, is not touched.
    ///
    /// # Errors
    /// [`RegistryError::Unknown`], or the database's.
    pub async fn end_papers(&self, number: &DocumentNumber) -> Result<u64, RegistryError> {
        let mut tx = self.store.begin().await?;
        let key = self.person_with(&mut tx, number).await?;
        person::hold_person(&mut tx, key).await?;
        let ended = token::end_papers(&mut tx, key).await?;
        tx.commit().await?;
        Ok(ended)
    }

    /// Whether lanes for codes serve this audience on that day.
    fn check_place(&self, audience: &Audience, day: LocalDate) -> Result<(), IssueError> {
        let port = self.rules.port(audience.port(), day).ok_or(IssueError::PaperPlace)?;
        let serves = port.serves(audience.direction()) && port.lanes.contains(&LaneKind::Code);
        let sides: &[Option<Side>] =
            if port.is_joint() { &[None] } else { &[Some(Side::Exit), Some(Side::Entry)] };
        if serves && sides.contains(&audience.side()) { Ok(()) } else { Err(IssueError::PaperPlace) }
    }

    /// The resident, held, and the key that was drawn for them, logged as theirs.
    async fn admit_paper(
        &self,
        tx: &mut Tx,
        order: PaperOrder<'_>,
        issuer: AuthorityCode,
        now: Timestamp,
    ) -> Result<(Batch, DeviceKey), IssueError> {
        let ahead = order.day.days_since_epoch() - now.local_date().days_since_epoch();
        if !(0..=i64::from(PAPER_DAYS_AHEAD)).contains(&ahead) {
            return Err(IssueError::PaperDay);
        }
        let tag = self.store.vault().number_tag(order.number);
        let key = person::find_tag(tx, tag).await?.ok_or(IssueError::Unregistered)?;
        person::hold_person(tx, key).await?;
        if person::is_lost(tx, key, tag).await? {
            return Err(IssueError::NoPermit(self.me));
        }
        let missing = || IssueError::Unregistered;
        let (person, resident) = self.resident_in_good_standing(tx, key, missing).await?;
        let asked = (issuer, order.visit, std::slice::from_ref(order.device));
        let devices = self.log_devices(tx, key, asked, now).await?;
        let device = devices.first().cloned().ok_or(IssueError::Batch)?;
        // Made at a counter for the holder's own hand: it is on nobody's phone.
        Ok((Batch { person, resident, devices, carried: None }, device))
    }
}
