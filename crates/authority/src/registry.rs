//! Registry: residents added, erased, their documents lost, their passes ended, their photographs described anew.
//!
//! Lives here: what an officer does to the registry. Not here: what a wallet does (`enrolment`, `holder`).

use std::sync::Arc;

use credential::CryptoError;
use documents::{Birth, CaseError, CaseFile, Document, DocumentKind, DocumentNumber, Timestamp};

use crate::faces::FaceCheckError;
use crate::service::{Service, draw};
use crate::store::look_alike::{self, MarkedBy};
use crate::store::person::{self, Resident};
use crate::store::vault::PersonKey;
use crate::store::{StoreError, Tx, enrolment, registry, token};

/// Why an officer's act on the registry was refused.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The database cannot be read or written; nothing of the operation stands there.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The record cannot be read.
    #[error("the resident's record: {0}")]
    Record(#[from] CaseError),
    /// The birth date lies ahead.
    #[error("person.birth: the birth date lies ahead; compare it with the card")]
    BornLater,
    /// The photo, or the models.
    #[error(transparent)]
    Face(#[from] FaceCheckError),
    /// Two residents with one number.
    #[error("a resident with this {0} is registered already; look it up instead of adding it again")]
    NumberTaken(DocumentKind),
    /// The record has no document that this authority issues.
    #[error("{0} issued none of these documents")]
    NothingIssued(documents::AuthorityCode),
    /// No resident has this number.
    #[error("no resident with this number is registered here; compare it with the card")]
    Unknown,
    /// The document that follows is of another kind.
    #[error("the new document is no {0}; a document follows one of its own kind")]
    OtherKind(DocumentKind),
    /// The crypto library.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

/// One resident whose photo was described anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewed {
    /// The authority's own key of the person.
    pub key: Vec<u8>,
    /// Whether the photo gave a template.
    pub described: bool,
}

impl Service {
    /// Registers a resident: the record (form of `docs/cases.md`) holds the documents that this authority issued.
    ///
    /// # Errors
    /// What is wrong with record or photo, or that a number is registered already; nothing is kept then.
    pub async fn add_resident(
        &self,
        record: &str,
        photo: &[u8],
        now: Timestamp,
    ) -> Result<(), RegistryError> {
        let case = CaseFile::parse(record, &self.rules)?;
        if case.documents.is_empty() {
            return Err(RegistryError::NothingIssued(self.me));
        }
        if let Birth::Date(birth) = case.holder.birth
            && birth > now.local_date()
        {
            return Err(RegistryError::BornLater);
        }
        let (faces, picture) = (Arc::clone(&self.faces), photo.to_vec());
        let described = self.pools.pictures.run(move || faces.templates(&picture)).await;
        let templates = described.map_err(FaceCheckError::from)??;
        let resident = Resident {
            name: case.name,
            name_zh: case.name_zh,
            city: case.city,
            holder: case.holder,
            documents: case.documents,
        };
        let key = PersonKey::from_bytes(draw()?);
        let mut tx = self.store.begin().await?;
        for document in &resident.documents {
            let tag = self.store.vault().number_tag(&document.number);
            if !person::add_tag(&mut tx, tag, key).await? {
                tx.roll_back().await?;
                return Err(RegistryError::NumberTaken(document.kind()));
            }
        }
        let new =
            registry::NewResident { resident: &resident, templates: &templates, photograph: Some(photo) };
        registry::add_resident(&mut tx, self.store.vault(), key, &new, now).await?;
        Ok(tx.commit().await?)
    }

    /// How many residents lack a template of a kind that is made today: of another face model, say.
    ///
    /// # Errors
    /// The database's.
    pub async fn templates_to_renew(&self) -> Result<usize, RegistryError> {
        let wanted = self.wanted_kinds()?;
        let mut tx = self.store.read().await?;
        let count = registry::count_other_templates(&mut tx, wanted).await?;
        tx.commit().await?;
        Ok(usize::try_from(count).unwrap_or(0))
    }

    fn wanted_kinds(&self) -> Result<registry::WantedKinds, RegistryError> {
        let kinds = registry::WantedKinds::of(&self.faces.made_today());
        Ok(kinds.ok_or(FaceCheckError::Template)?)
    }

    /// Describes the next resident's photo anew, after that of key `after` (empty: the first). Each is a transaction of
    /// its own, so that an interrupted run goes on where it stopped. `None` when nobody is left.
    ///
    /// # Errors
    /// The database's. A photo in which the model finds no face is no error: its template stays, and nobody is let
    /// through by it, for a template of another model is compared with nothing.
    pub async fn renew_template(&self, after: &[u8]) -> Result<Option<Renewed>, RegistryError> {
        let wanted = self.wanted_kinds()?;
        let mut tx = self.store.read().await?;
        let next = registry::next_other_template(&mut tx, self.store.vault(), wanted, after).await?;
        tx.commit().await?;
        let Some((key, photo)) = next else { return Ok(None) };
        let faces = Arc::clone(&self.faces);
        let described = match self.pools.pictures.run(move || faces.templates(&photo)).await {
            Ok(described) => described,
            Err(error) => return Err(FaceCheckError::from(error).into()),
        };
        let described = match described {
            Ok(templates) => {
                let mut tx = self.store.begin().await?;
                registry::set_templates(&mut tx, self.store.vault(), key, &templates).await?;
                tx.commit().await?;
                true
            }
            Err(FaceCheckError::Picture(_) | FaceCheckError::Face(_)) => false,
            Err(error @ (FaceCheckError::Models(_) | FaceCheckError::Template | FaceCheckError::Pool(_))) => {
                return Err(error.into());
            }
        };
        Ok(Some(Renewed { key: key.as_bytes().to_vec(), described }))
    }

    /// Ends the pass of the person with this number, with all its tokens.
    ///
    /// # Errors
    /// [`RegistryError::Unknown`], or the database's.
    pub async fn end_pass(&self, number: &DocumentNumber, now: Timestamp) -> Result<(), RegistryError> {
        let mut tx = self.store.begin().await?;
        let key = self.person_with(&mut tx, number).await?;
        self.end_pass_in(&mut tx, key, now).await?;
        Ok(tx.commit().await?)
    }

    /// A document was lost: it opens nothing any more, and the pass goes along.
    ///
    /// # Errors
    /// [`RegistryError::Unknown`], or the database's.
    pub async fn lose_document(&self, number: &DocumentNumber, now: Timestamp) -> Result<(), RegistryError> {
        let mut tx = self.store.begin().await?;
        let key = self.person_with(&mut tx, number).await?;
        registry::lose_document(&mut tx, key, self.store.vault().number_tag(number), now).await?;
        self.end_pass_in(&mut tx, key, now).await?;
        Ok(tx.commit().await?)
    }

    /// A document was replaced or renewed: the earlier one opens nothing any more, and its tokens end at once. The pass goes on: the
    /// wallet fetches tokens on the new document without a new enrolment.
    ///
    /// # Errors
    /// [`RegistryError::Unknown`], [`RegistryError::OtherKind`], [`RegistryError::NumberTaken`] by somebody else, or the database's.
    pub async fn replace_document(
        &self,
        old: &DocumentNumber,
        new: &Document,
        now: Timestamp,
    ) -> Result<(), RegistryError> {
        if new.kind() != old.kind() {
            return Err(RegistryError::OtherKind(old.kind()));
        }
        let mut tx = self.store.begin().await?;
        match self.replace_in(&mut tx, old, new, now).await {
            Ok(()) => Ok(tx.commit().await?),
            Err(error) => {
                tx.roll_back().await?;
                Err(error)
            }
        }
    }

    async fn replace_in(
        &self,
        tx: &mut Tx,
        old: &DocumentNumber,
        new: &Document,
        now: Timestamp,
    ) -> Result<(), RegistryError> {
        let vault = self.store.vault();
        let key = self.person_with(tx, old).await?;
        person::hold_person(tx, key).await?;
        let found = person::find_person(tx, vault, key).await?.ok_or(RegistryError::Unknown)?;
        let tag = vault.number_tag(&new.number);
        if !person::add_tag(tx, tag, key).await? && person::find_tag(tx, tag).await? != Some(key) {
            return Err(RegistryError::NumberTaken(new.kind()));
        }
        registry::replace_document(tx, vault, &found, vault.number_tag(old), new, now).await?;
        Ok(token::end_tokens(tx, key).await?)
    }

    /// Marks the person with this number as somebody whom another person resembles (a twin, a sibling), so that an officer
    /// looks at every lane; or takes the mark away.
    ///
    /// # Errors
    /// [`RegistryError::Unknown`], or the database's.
    pub async fn mark_look_alike(
        &self,
        number: &DocumentNumber,
        marked: bool,
        now: Timestamp,
    ) -> Result<(), RegistryError> {
        let mut tx = self.store.begin().await?;
        let key = self.person_with(&mut tx, number).await?;
        if marked {
            look_alike::set_mark(&mut tx, key, MarkedBy::Officer, now).await?;
        } else {
            look_alike::end_mark(&mut tx, key).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Puts a document number on the watch list until `until`.
    ///
    /// # Errors
    /// The database's.
    pub async fn watch(&self, number: &DocumentNumber, until: Timestamp) -> Result<(), RegistryError> {
        let mut tx = self.store.begin().await?;
        registry::set_watch(&mut tx, self.store.vault().number_tag(number), until).await?;
        Ok(tx.commit().await?)
    }

    /// Notes that an officer wants to see the holder of this number, until then.
    ///
    /// # Errors
    /// The database's.
    pub async fn ask_to_see(&self, number: &DocumentNumber, until: Timestamp) -> Result<(), RegistryError> {
        let mut tx = self.store.begin().await?;
        registry::set_watch(&mut tx, self.store.vault().interest_tag(number), until).await?;
        Ok(tx.commit().await?)
    }

    /// Erases the person with this number: their pass ends with all its tokens, their key is destroyed with names,
    /// numbers, photograph, template and endorsements, and no number points at them any more. The ledger keeps times
    /// and places of their passages under a key that is nobody's, until their own time is over.
    ///
    /// # Errors
    /// [`RegistryError::Unknown`], or the database's.
    pub async fn erase(&self, number: &DocumentNumber, now: Timestamp) -> Result<(), RegistryError> {
        let mut tx = self.store.begin().await?;
        let key = self.person_with(&mut tx, number).await?;
        self.end_pass_in(&mut tx, key, now).await?;
        self.forget_carer(&mut tx, key, now).await?;
        registry::erase_person(&mut tx, key, now).await?;
        tx.commit().await?;
        Ok(self.store.empty_log().await?)
    }

    /// Takes back the resident with this number, whose registration at several authorities was cut short; gives whether there
    /// was one. Nothing of them is left, so they can be added again.
    ///
    /// # Errors
    /// The database's.
    pub async fn take_back_resident(
        &self,
        number: &DocumentNumber,
        now: Timestamp,
    ) -> Result<bool, RegistryError> {
        let mut tx = self.store.begin().await?;
        let found = person::find_tag(&mut tx, self.store.vault().number_tag(number)).await?;
        let Some(key) = found else {
            tx.commit().await?;
            return Ok(false);
        };
        let person = person::find_person(&mut tx, self.store.vault(), key).await?;
        let registered = match &person {
            Some(person) => person::find_resident(&mut tx, person).await?.is_some(),
            None => false,
        };
        if registered {
            registry::take_back(&mut tx, key, now).await?;
        }
        tx.commit().await?;
        self.store.empty_log().await?;
        Ok(registered)
    }

    pub(crate) async fn person_with(
        &self,
        tx: &mut Tx,
        number: &DocumentNumber,
    ) -> Result<PersonKey, RegistryError> {
        let found = person::find_tag(tx, self.store.vault().number_tag(number)).await?;
        found.ok_or(RegistryError::Unknown)
    }

    /// Ends a pass, its tokens, a second enrolment that waits, and the passes that were on this phone: whoever issues to this person
    /// at the same moment comes before or after.
    pub(crate) async fn end_pass_in(
        &self,
        tx: &mut Tx,
        key: PersonKey,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        end_pass_of(tx, key, now).await?;
        self.end_carried_passes(tx, key, now).await
    }
}

/// Ends a pass, its tokens, and a second enrolment that waits; what is on this phone beside it stays.
pub(crate) async fn end_pass_of(tx: &mut Tx, key: PersonKey, now: Timestamp) -> Result<(), StoreError> {
    person::hold_person(tx, key).await?;
    enrolment::drop_pending(tx, key).await?;
    person::end_pass(tx, key, now).await?;
    token::end_tokens(tx, key).await
}
