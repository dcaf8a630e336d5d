//! Passive authentication: that the state which a document names wrote what its chip holds (ICAO Doc 9303-11, 5.1).
//!
//! Lives here: [`AuthenticChip`], the evidence, and [`authenticate`], its one maker; what is refused on the way, in the order in which
//! it is checked. Not here: whether the chip is a copy ([`crate::active`]), and what the document allows (`documents`).

use std::collections::BTreeSet;

use credential::x509::X509Refusal;
use documents::{Mrz, Timestamp, redact_debug};

use crate::country_signers::{ChainError, CountrySigners, RevocationCheck, Vouched};
use crate::file::{ChipFiles, FileError, FileId, Group, content};
use crate::hash_list::HashList;
use crate::lds::{
    ActiveKey, DocumentDetails, FaceImage, HolderDetails, SecurityInfos, read_faces, read_zone,
};
use crate::oid;
use crate::signed_data::{SignedData, SignedDataError, refusal_code};
use crate::states;
use crate::tlv::Malformed;

/// Why what a chip holds is not believed. No variant carries any of its content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PassiveError {
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The signed form of the list of hashes is malformed, or its signature does not count.
    #[error(transparent)]
    Signed(#[from] SignedDataError),
    /// Nobody who is trusted vouches for the signer.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The list of hashes is malformed.
    #[error("the chip's list of hashes is malformed; have an officer look at the document")]
    HashList,
    /// The list's hash is too weak, or unknown.
    #[error("the chip's hashes are of a kind that does not count; have an officer check the document")]
    HashKind(X509Refusal),
    /// The list names no hash of DG1 or DG2, which every document has.
    #[error("the signed list leaves out {0}, which every document has; call an officer")]
    ListOmits(Group),
    /// DG1 or DG2 was not read.
    #[error("{0} was not read; read the document again")]
    GroupMissing(Group),
    /// A group was read that the signed list does not name.
    #[error("{0} stands in no signed list: nobody vouches for it; call an officer")]
    NotListed(Group),
    /// A group is not the one that was signed.
    #[error("{0} is not the one that was signed: it was changed, or is another document's; call an officer")]
    GroupHash(Group),
    /// The zone names another state than the one that signed.
    #[error("the document names another issuing state than the one that signed it; call an officer")]
    IssuingState,
}

impl PassiveError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::File(error) => error.code(),
            Self::Signed(error) => error.code(),
            Self::Chain(error) => error.code(),
            Self::HashList => "chip_hash_list_malformed",
            Self::HashKind(refusal) => refusal_code(*refusal),
            Self::ListOmits(_) => "chip_hash_list_omits",
            Self::GroupMissing(_) => "chip_group_missing",
            Self::NotListed(_) => "chip_group_not_listed",
            Self::GroupHash(_) => "chip_group_hash",
            Self::IssuingState => "chip_issuing_state",
        }
    }
}

/// What a chip holds, proven to be what the state that it names wrote. [`authenticate`] is the one maker. It says nothing of the
/// chip: a copy of all files passes as well ([`AuthenticChip::prove_original`]).
#[derive(Clone, PartialEq, Eq)]
pub struct AuthenticChip {
    vouched: Vouched,
    signed_at: Option<Timestamp>,
    listed: BTreeSet<Group>,
    zone: Mrz,
    faces: Vec<FaceImage>,
    holder: Option<HolderDetails>,
    document: Option<DocumentDetails>,
    security: Option<SecurityInfos>,
    active_key: Option<ActiveKey>,
}
redact_debug!(AuthenticChip);

impl AuthenticChip {
    /// The zone in DG1. Whoever read it from the page as well compares the two.
    #[must_use]
    pub const fn zone(&self) -> &Mrz {
        &self.zone
    }

    /// The portrait: DG2's first picture.
    #[must_use]
    pub fn portrait(&self) -> Option<&FaceImage> {
        self.faces.first()
    }

    /// All of DG2's pictures.
    #[must_use]
    pub fn faces(&self) -> &[FaceImage] {
        &self.faces
    }

    /// DG11, where it was read.
    #[must_use]
    pub const fn holder(&self) -> Option<&HolderDetails> {
        self.holder.as_ref()
    }

    /// DG12, where it was read.
    #[must_use]
    pub const fn document(&self) -> Option<&DocumentDetails> {
        self.document.as_ref()
    }

    /// DG14, where it was read.
    #[must_use]
    pub const fn security(&self) -> Option<&SecurityInfos> {
        self.security.as_ref()
    }

    /// DG15, where it was read.
    #[must_use]
    pub const fn active_key(&self) -> Option<&ActiveKey> {
        self.active_key.as_ref()
    }

    /// The country that signed: two letters (ISO 3166-1).
    #[must_use]
    pub fn country(&self) -> &str {
        &self.vouched.country
    }

    /// What was known of revocations.
    #[must_use]
    pub const fn revocation(&self) -> RevocationCheck {
        self.vouched.revocation
    }

    /// When it was signed, where the signer says.
    #[must_use]
    pub const fn signed_at(&self) -> Option<Timestamp> {
        self.signed_at
    }

    /// Whether the document has this group: the signed list names it, whether it was read or not.
    #[must_use]
    pub fn lists(&self, group: Group) -> bool {
        self.listed.contains(&group)
    }
}

/// Proves what a chip holds. The signer and its country must have been valid when the document was signed: at the signing time where
/// the signer names one (it is signed), else `now`.
///
/// # Errors
/// [`PassiveError`], the first of: form of EF.SOD; the signer's key, hash and signature; the country; the list of hashes; the hash of
/// each group that was read; what is in them; the issuing state.
pub fn authenticate(
    files: &ChipFiles,
    countries: &CountrySigners,
    now: Timestamp,
) -> Result<AuthenticChip, PassiveError> {
    let signed = signed_data(files.sod())?.verify()?;
    let signed_at = signed.signing_time;
    let vouched = countries.vouch(&signed.signer, signed_at.unwrap_or(now), now)?;
    let list = HashList::read(signed.content).map_err(|Malformed| PassiveError::HashList)?;
    check_hashes(files, &list)?;
    let required = |group| files.group(group).ok_or(PassiveError::GroupMissing(group));
    let zone = read_zone(required(Group::MRZ)?, now.local_date())?;
    let faces = read_faces(required(Group::FACE)?)?;
    if !states::is_of(zone.issuer(), &vouched.country) {
        return Err(PassiveError::IssuingState);
    }
    let group = |group| files.group(group);
    Ok(AuthenticChip {
        vouched,
        signed_at,
        listed: list.groups().collect(),
        zone,
        faces,
        holder: group(Group::HOLDER).map(HolderDetails::read).transpose()?,
        document: group(Group::DOCUMENT).map(DocumentDetails::read).transpose()?,
        security: group(Group::SECURITY).map(SecurityInfos::read).transpose()?,
        active_key: group(Group::ACTIVE).map(ActiveKey::read).transpose()?,
    })
}

/// The signed form in EF.SOD.
fn signed_data(sod: &[u8]) -> Result<SignedData<'_>, PassiveError> {
    let malformed = |_: Malformed| PassiveError::File(FileError::Malformed(FileId::Sod));
    let mut all = content(FileId::Sod, sod)?;
    let signed = all.expect_whole(0x30).map_err(malformed)?;
    all.end().map_err(malformed)?;
    Ok(SignedData::read(signed, oid::SECURITY_OBJECT)?)
}

/// That every group which was read is the one that was signed: hashed whole, with tag and length.
fn check_hashes(files: &ChipFiles, list: &HashList) -> Result<(), PassiveError> {
    let hash = list.strong().map_err(PassiveError::HashKind)?;
    for group in [Group::MRZ, Group::FACE] {
        if !list.names(group) {
            return Err(PassiveError::ListOmits(group));
        }
    }
    for (group, file) in files.groups() {
        match list.is_of(group, file, hash) {
            Some(true) => {}
            Some(false) => return Err(PassiveError::GroupHash(group)),
            None => return Err(PassiveError::NotListed(group)),
        }
    }
    Ok(())
}

/// What an EF.SOD says of a file, whoever signed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// It names this file's hash.
    Same,
    /// It names another hash.
    Other,
    /// It does not name the group.
    NotListed,
}

/// The groups that an EF.SOD names, whoever signed it: what a reader asks a chip for. It proves nothing.
///
/// # Errors
/// [`PassiveError`] where the file is malformed.
pub fn listed_unproven(sod: &[u8]) -> Result<Vec<Group>, PassiveError> {
    let signed = signed_data(sod)?;
    let list = HashList::read(signed.content()).map_err(|Malformed| PassiveError::HashList)?;
    Ok(list.groups().collect())
}

/// Compares a file with the hash that an EF.SOD names for it, whoever signed it and however weak the hash: to tell what is wrong with a
/// document that is refused. It proves nothing.
///
/// # Errors
/// [`PassiveError`] where the file is malformed, or its hash is unknown.
pub fn compare_unproven(sod: &[u8], group: Group, file: &[u8]) -> Result<Comparison, PassiveError> {
    let signed = signed_data(sod)?;
    let list = HashList::read(signed.content()).map_err(|Malformed| PassiveError::HashList)?;
    let same = list.is_of_unproven(group, file).map_err(PassiveError::HashKind)?;
    Ok(match same {
        Some(true) => Comparison::Same,
        Some(false) => Comparison::Other,
        None => Comparison::NotListed,
    })
}
