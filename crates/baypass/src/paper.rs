//! Paper: one visit at a counter that ends with a printed code (`docs/paper.md`).
//!
//! Lives here: the visit's key, drawn and destroyed, and whom the counter asks for what. Not here: what an authority issues
//! (`authority::issuance::paper`), the sheet (`paper_sheet`), the command.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use authority::Service;
use authority::issuance::batch::{DeviceProof, possession};
use authority::issuance::paper::{PaperCode, PaperOrder};
use code::{CrossingCode, Parts};
use credential::part::PartForm;
use credential::{Audience, SigningKey, random};
use documents::{AuthorityCode, DocumentNumber, LocalDate, Timestamp};

use crate::failure::{Failure, of};
use crate::wallet::Wallet;

/// What a counter can ask of authorities: in one process, or over their doors.
pub trait PaperDoors {
    /// The authority's own part for a paper pass of `issuer`.
    fn part(
        &self,
        authority: AuthorityCode,
        order: PaperOrder<'_>,
        issuer: AuthorityCode,
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<u8>, Failure>>;

    /// The paper pass itself, of the home authority.
    fn issue(
        &self,
        home: AuthorityCode,
        order: PaperOrder<'_>,
        audience: &Audience,
        other: Option<&[u8]>,
        now: Timestamp,
    ) -> impl Future<Output = Result<PaperCode, Failure>>;
}

impl PaperDoors for BTreeMap<AuthorityCode, Arc<Service>> {
    async fn part(
        &self,
        authority: AuthorityCode,
        order: PaperOrder<'_>,
        issuer: AuthorityCode,
        now: Timestamp,
    ) -> Result<Vec<u8>, Failure> {
        service(self, authority)?.paper_part(order, issuer, now).await.map_err(of)
    }

    async fn issue(
        &self,
        home: AuthorityCode,
        order: PaperOrder<'_>,
        audience: &Audience,
        other: Option<&[u8]>,
        now: Timestamp,
    ) -> Result<PaperCode, Failure> {
        service(self, home)?.issue_paper(order, audience, other, now).await.map_err(of)
    }
}

fn service(
    all: &BTreeMap<AuthorityCode, Arc<Service>>,
    code: AuthorityCode,
) -> Result<&Arc<Service>, Failure> {
    all.get(&code).ok_or_else(|| Failure::new(format!("there is no authority {code} here")))
}

/// Whose paper pass: their home authority, and the document that each authority issued them.
pub struct PaperHolder {
    /// The home authority.
    pub home: AuthorityCode,
    /// By the authority that issued it.
    pub documents: BTreeMap<AuthorityCode, DocumentNumber>,
}

impl PaperHolder {
    /// Whoever has the cards of this wallet; it need not be enrolled.
    pub fn of(wallet: &Wallet) -> Result<Self, Failure> {
        let documents = wallet.vouchers().into_iter().map(|(issuer, card)| Ok((issuer, card.parsed()?)));
        Ok(Self { home: wallet.home, documents: documents.collect::<Result<_, Failure>>()? })
    }

    fn document(&self, authority: AuthorityCode) -> Result<&DocumentNumber, Failure> {
        self.documents.get(&authority).ok_or_else(|| {
            Failure::new(format!(
                "this resident has no document of {authority}, which reads its own at this crossing; `baypass resident list` \
                 names what they have"
            ))
        })
    }

    /// The authorities that make a part of their own for a token of the home authority at this lane.
    pub fn others(&self, audience: &Audience) -> Vec<AuthorityCode> {
        let receivers = audience.sides().iter().map(|side| audience.direction().authority(*side));
        receivers.filter(|to| *to != self.home && PartForm::of(self.home, *to) == PartForm::Own).collect()
    }
}

/// Has one paper pass made; gives the text of its code. The key of the visit ends with this call.
pub async fn print_code(
    doors: &impl PaperDoors,
    holder: &PaperHolder,
    (audience, day): (&Audience, LocalDate),
    now: Timestamp,
) -> Result<String, Failure> {
    let (key, mut visit) = (SigningKey::generate().map_err(of)?, [0; 32]);
    random(&mut visit).map_err(of)?;
    let proof = |authority| -> Result<DeviceProof, Failure> {
        let proof = possession(&key, authority, holder.home, &visit, now).map_err(of)?;
        Ok(DeviceProof { key: *key.public(), proof })
    };
    let mut other = None;
    for authority in holder.others(audience) {
        let device = proof(authority)?;
        let number = holder.document(authority)?;
        let order = PaperOrder { number, device: &device, visit: &visit, day };
        other = Some(doors.part(authority, order, holder.home, now).await?);
    }
    let device = proof(holder.home)?;
    let order = PaperOrder { number: holder.document(holder.home)?, device: &device, visit: &visit, day };
    let code = doors.issue(holder.home, order, audience, other.as_deref(), now).await?;
    let parts: Vec<&[u8]> = code.parts.iter().map(Vec::as_slice).collect();
    let parts = Parts::new(&parts).map_err(of)?;
    CrossingCode::Full { token: &code.token, proof: &code.proof, parts }.to_text().map_err(of)
}
