//! Seeing: what the own officer at a lane sees of whoever a verdict is about.
//!
//! Lives here: what is remembered of them, and the look. Not here: the memory (`at_lane`), who may look and that it is written down
//! (`http::officers`), the live face (the gate's).

use std::sync::Arc;

use credential::message::Request;
use credential::part::HolderIdentity;
use documents::{DocumentKind, Timestamp, redact_debug};
use trust::Approval;

use crate::at_lane::{SeenName, Standing};
use crate::faces::FaceCheckError;
use crate::inference::PoolError;
use crate::service::Service;
use crate::store::person::PersonKind;
use crate::store::vault::PersonKey;
use crate::store::{StoreError, Tx, person, registry};
use crate::verdict::{Evidence, Opened};

/// Longest portrait, in bytes of JPEG.
const MAX_PORTRAIT_LEN: usize = 64 * 1024;

/// What an officer sees of whoever stands at their lane.
#[derive(Clone, PartialEq, Eq)]
pub struct SeenHolder {
    /// The registry's portrait, cut as for a document, JPEG of at most 64 KiB; `None` where this authority holds none.
    pub portrait: Option<Vec<u8>>,
    /// Their name; `None` where this authority has it from nowhere.
    pub name: Option<SeenName>,
    /// The kind of the document on which the verdict rests.
    pub document: DocumentKind,
    /// The last four characters of its number.
    pub last4: String,
}
redact_debug!(SeenHolder);

/// Why an officer does not see whom a verdict was about.
#[derive(Debug, thiserror::Error)]
pub enum SeeHolderError {
    /// The reference is none of this lane's last minutes.
    #[error(
        "no verdict of the last ten minutes at this lane has this reference, or nobody was found behind it"
    )]
    NobodyThere,
    /// The approval in force says no.
    #[error("the approval in force at this lane does not let officers see portrait and name")]
    NotApproved,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The portrait could not be made.
    #[error(transparent)]
    Face(#[from] FaceCheckError),
}

impl From<PoolError> for SeeHolderError {
    fn from(error: PoolError) -> Self {
        FaceCheckError::from(error).into()
    }
}

fn name_of(latin: &str, chinese: &str) -> Option<SeenName> {
    let filled = |text: &str| (!text.trim().is_empty()).then(|| text.to_owned());
    let name = SeenName { latin: filled(latin), chinese: filled(chinese) };
    (name.latin.is_some() || name.chinese.is_some()).then_some(name)
}

impl Service {
    /// What is remembered of whoever a verdict is about; `None` where this authority knows nobody behind what was shown.
    pub(crate) async fn standing(
        &self,
        tx: &mut Tx,
        request: &Request,
        opened: &Opened,
        found: Option<PersonKey>,
    ) -> Result<Option<Standing>, StoreError> {
        let person = match found {
            Some(key) => Some(key),
            // Refused before anybody looked for the person: the number may be known all the same.
            None => person::find_tag(tx, self.store.vault().number_tag(&opened.number)).await?,
        };
        let name = match &opened.evidence {
            Evidence::Part(contents) => match &contents.identity {
                HolderIdentity::Sealed { latin_name, chinese_name, .. } => {
                    name_of(latin_name.as_str(), chinese_name.as_str())
                }
                HolderIdentity::Own { .. } => None,
            },
            Evidence::Page(_) => None,
        };
        Ok(person.map(|person| Standing {
            lane: request.gate.clone(),
            port: request.port.clone(),
            direction: request.direction,
            person,
            number: opened.number.clone(),
            name,
        }))
    }

    /// What the own officer at `lane` sees of the person whom the verdict under `reference` is about: while it is open, and for
    /// some minutes after. The approval in force at this moment must allow it.
    ///
    /// # Errors
    /// [`SeeHolderError`]: why they see nothing.
    pub async fn see_holder(
        &self,
        reference: &[u8; 16],
        lane: &str,
        now: Timestamp,
    ) -> Result<SeenHolder, SeeHolderError> {
        let standing = self.at_lanes.find(reference, lane, now).ok_or(SeeHolderError::NobodyThere)?;
        let Standing { port, direction, person, number, name, .. } = standing;
        let shown =
            self.approvals().covering(&port, direction, now).is_ok_and(Approval::shows_officers_the_holder);
        if !shown {
            return Err(SeeHolderError::NotApproved);
        }
        let mut tx = self.store.read().await?;
        // Whoever was erased meanwhile is seen by nobody.
        let person = person::find_person(&mut tx, self.store.vault(), person).await?;
        let person =
            person.filter(|found| found.kind != PersonKind::Erased).ok_or(SeeHolderError::NobodyThere)?;
        let resident = person::find_resident(&mut tx, &person).await?;
        let photograph = registry::find_photograph(&mut tx, &person).await?;
        tx.commit().await?;
        let portrait = match photograph {
            None => None,
            Some(photograph) => {
                let faces = Arc::clone(&self.faces);
                self.pools.pictures.run(move || faces.portrait(&photograph, MAX_PORTRAIT_LEN)).await??
            }
        };
        let registered =
            resident.and_then(|found| name_of(&found.name, found.name_zh.as_deref().unwrap_or_default()));
        Ok(SeenHolder { portrait, name: registered.or(name), document: number.kind(), last4: number.last4() })
    }
}

#[cfg(test)]
mod tests {
    use documents::DocumentNumber;

    use super::*;

    #[test]
    fn an_officer_sees_the_end_of_a_number_and_no_debug_output_shows_any_of_it() {
        let number = DocumentNumber::parse(DocumentKind::HomeReturnPermit, "M87654320").unwrap();
        assert_eq!(number.last4(), "4320");
        let holder = SeenHolder {
            portrait: None,
            name: name_of("LEONG MEI", ""),
            document: number.kind(),
            last4: "4320".to_owned(),
        };
        assert!(!format!("{holder:?} {:?}", holder.name).contains("LEONG"));
        assert_eq!(name_of(" ", ""), None);
    }
}
