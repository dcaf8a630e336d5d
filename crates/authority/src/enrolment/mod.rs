//! Enrolment: a wallet proves number, name, birth date and face, and gets a secret.
//!
//! Lives here: [`Service::enrol_with`] and its refusals. Not here: what a wallet does afterwards (`holder`, `issuance`).

use std::sync::Arc;

use credential::{CryptoError, sha256};
use documents::{Birth, DocumentNumber, LocalDate, Mrz, MrzError, MrzField, Timestamp};
use face::{Decision, Embedding, Liveness, LivenessScore};

use crate::faces::FaceCheckError;
use crate::inference::PoolError;
use crate::service::{Service, draw};
use crate::store::person::{self, Resident};
use crate::store::vault::{PersonKey, Tag};
use crate::store::{StoreError, Tx};

/// Failed enrolments on one number within an hour, after which it rests.
pub const MAX_TRIES: i64 = 5;
pub(crate) const TRIES_SECONDS: i64 = 3600;

/// Why a wallet was not enrolled.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The selfie, or the models.
    #[error(transparent)]
    Face(#[from] FaceCheckError),
    /// No resident has this number with this name and birth date. One answer for all three: it tells nobody which.
    #[error("number, name and birth date do not belong together here; check them and try again")]
    Unknown,
    /// Too many tries.
    #[error("too many tries with this number; wait an hour, or go to an office with your card")]
    TooManyTries,
    /// The selfie is not the person of the registry's photo.
    #[error("the face does not match the photo held here; try again in good light, or go to an office")]
    FaceMismatch,
    /// The machine-readable zone cannot be read.
    #[error("the machine-readable zone: {0}")]
    Mrz(#[from] MrzError),
    /// The machine-readable zone belongs to another document or person than the rest.
    #[error("the {0} in the machine-readable zone is not the one that was typed; compare both with the card")]
    MrzMismatch(MrzField),
    /// The crypto library.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

/// What a wallet gives to be enrolled.
#[derive(Clone)]
pub struct EnrolRequest {
    /// The number of one of the traveller's documents.
    pub number: DocumentNumber,
    /// The name as the registry has it.
    pub name: String,
    /// The birth date.
    pub birth: LocalDate,
    /// The lines of the machine-readable zone, where the document has one that was read.
    pub mrz: Option<String>,
    /// A selfie: JPEG, PNG or WebP.
    pub selfie: Vec<u8>,
}
documents::redact_debug!(EnrolRequest);

/// A wallet that was enrolled.
#[derive(Clone)]
pub struct Enrolled {
    /// The wallet's secret for this authority.
    pub secret: [u8; 32],
    /// Whether this is the holder's home authority, which signs their tokens.
    pub home: bool,
    /// The weak hint whether the selfie shows a living face, 0 to 1; `None` without the network.
    pub liveness: Option<LivenessScore>,
}
documents::redact_debug!(Enrolled);

/// How an enrolment looked before it was written: refused in a way that counts as a try, or admitted.
enum Checked {
    Admitted { key: PersonKey, home: bool },
    Refused(EnrolError),
}

impl Service {
    /// Enrols a wallet as [`Service::enrol_with`] does, without a machine-readable zone; gives its secret alone.
    ///
    /// # Errors
    /// As there.
    pub async fn enrol(
        &self,
        number: &DocumentNumber,
        name: &str,
        birth: LocalDate,
        selfie: &[u8],
        now: Timestamp,
    ) -> Result<[u8; 32], EnrolError> {
        let (number, name, selfie) = (number.clone(), name.to_owned(), selfie.to_vec());
        let request = EnrolRequest { number, name, birth, mrz: None, selfie };
        Ok(self.enrol_with(request, now).await?.secret)
    }

    /// Enrols a wallet: number, name and birth date must belong together, the machine-readable zone must agree with
    /// them where there is one, and the selfie must show the person of the registry's photo.
    ///
    /// The selfie is described before anybody is looked up: neither an error of the picture nor the time taken tells
    /// whether a number is registered.
    ///
    /// # Errors
    /// What to do next; one answer where number, name or birth date do not fit.
    pub async fn enrol_with(&self, request: EnrolRequest, now: Timestamp) -> Result<Enrolled, EnrolError> {
        let EnrolRequest { number, name, birth, mrz, selfie } = request;
        if let Some(mrz) = &mrz {
            check_mrz(&Mrz::parse(mrz, now.local_date())?, &number, birth)?;
        }
        let tag = self.store.vault().number_tag(&number);
        let before = now.plus_seconds(-TRIES_SECONDS);
        let mut tx = self.store.read().await?;
        let (tries, since) = person::find_tries(&mut tx, tag).await?;
        tx.commit().await?;
        if since >= before.unix() && tries >= MAX_TRIES {
            return Err(EnrolError::TooManyTries);
        }
        let (embedding, liveness) = self.describe_selfie(selfie).await?;
        let secret: [u8; 32] = draw()?;
        let mut tx = self.store.begin().await?;
        // Counted before it is looked at, so that tries at the same time are counted each.
        if person::count_try(&mut tx, tag, now, before).await? > MAX_TRIES {
            tx.roll_back().await?;
            return Err(EnrolError::TooManyTries);
        }
        // An error here says that nothing was looked at: the transaction is dropped, and the try does not count.
        match self.check_claim(&mut tx, tag, &name, birth, &embedding).await? {
            Checked::Admitted { key, home } => {
                person::set_session(&mut tx, key, &sha256(&secret), now).await?;
                person::clear_tries(&mut tx, tag).await?;
                tx.commit().await?;
                if let Some(score) = liveness {
                    tracing::info!(liveness = score.value(), "a wallet was enrolled");
                }
                Ok(Enrolled { secret, home, liveness })
            }
            Checked::Refused(error) => {
                tx.commit().await?;
                Err(error)
            }
        }
    }

    /// The face of a selfie, described, and the hint whether it lives.
    async fn describe_selfie(
        &self,
        selfie: Vec<u8>,
    ) -> Result<(Embedding, Option<LivenessScore>), EnrolError> {
        let (faces, liveness) = (Arc::clone(&self.faces), self.liveness.clone());
        let described = self.pools.pictures.run(move || {
            let (image, embedding) = faces.describe(&selfie)?;
            let hint =
                |network: Arc<Liveness>| network.score(&image, &faces.finder.one_face(&image).ok()?).ok();
            Ok::<_, FaceCheckError>((embedding, liveness.and_then(hint)))
        });
        Ok(described.await.map_err(|error: PoolError| FaceCheckError::from(error))??)
    }

    /// Whether number, name, birth date and face are those of one resident.
    async fn check_claim(
        &self,
        tx: &mut Tx,
        tag: Tag,
        name: &str,
        birth: LocalDate,
        embedding: &Embedding,
    ) -> Result<Checked, EnrolError> {
        let refused = Ok(Checked::Refused(EnrolError::Unknown));
        let Some(key) = person::find_tag(tx, tag).await? else { return refused };
        let Some(person) = person::find_person(tx, self.store.vault(), key).await? else { return refused };
        // A person who was only seen at the border has no record to enrol with.
        let Some(resident) = person::find_resident(tx, &person).await? else { return refused };
        if !is_theirs(&resident, name, birth) || person::is_lost(tx, key, tag).await? {
            return refused;
        }
        let Some((kind, template)) = person::find_template(tx, &person).await? else { return refused };
        let kind = u8::try_from(kind).map_err(|_| FaceCheckError::Template)?;
        Ok(match self.faces.decide(&template, kind, embedding)? {
            Decision::Accept => Checked::Admitted { key, home: resident.holder.home == self.me },
            Decision::Officer | Decision::Reject => Checked::Refused(EnrolError::FaceMismatch),
        })
    }
}

fn is_theirs(resident: &Resident, name: &str, birth: LocalDate) -> bool {
    let same_name = |own: &str| own.trim().eq_ignore_ascii_case(name.trim());
    let named = same_name(&resident.name) || resident.name_zh.as_deref().is_some_and(same_name);
    named && resident.holder.birth == Birth::Date(birth)
}

/// Checks that a machine-readable zone is that of this document and this birth date.
fn check_mrz(mrz: &Mrz, number: &DocumentNumber, birth: LocalDate) -> Result<(), EnrolError> {
    let same = |own: DocumentNumber| own.kind() == number.kind() && own.match_key() == number.match_key();
    if !mrz.document_number().is_some_and(same) {
        return Err(EnrolError::MrzMismatch(MrzField::Number));
    }
    // Month or day may be unknown in a zone (ICAO 9303-3, 4.8): what is known must agree.
    let (year, month, _) = birth.ymd();
    let read = mrz.birth();
    let fits = match (read.date(), read.month()) {
        (Some(date), _) => date == birth,
        (None, Some(known)) => (read.year(), known) == (year, month),
        (None, None) => read.year() == year,
    };
    if fits { Ok(()) } else { Err(EnrolError::MrzMismatch(MrzField::Birth)) }
}
