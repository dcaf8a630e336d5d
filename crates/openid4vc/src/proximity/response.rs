//! Response: what of the documents that a holder has answers a request, and the answer (ISO/IEC 18013-5, 8.3.2.1.2.2).

use credential::SigningKey;
use documents::redact_debug;

use super::request::DeviceRequest;
use crate::mdoc::{self, Held, MdocError, SessionTranscript};

/// A document that a holder has, with the key that it is bound to.
#[derive(Clone, Copy)]
pub struct HeldMdoc<'h> {
    /// The document.
    pub credential: &'h Held,
    /// Its device key.
    pub device: &'h SigningKey,
}
redact_debug!(HeldMdoc<'_>);

/// What a holder would show of one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The place of the document among those of the holder.
    pub place: usize,
    /// Its type.
    pub doc_type: String,
    /// The elements, by name space and name: those that are asked for and are there.
    pub elements: Vec<(String, String)>,
}

impl DeviceRequest {
    /// For each part of the request the first document of its type that has something of what is asked for. `shows` is false of elements (name
    /// space, name) that the holder keeps for themselves.
    #[must_use]
    pub fn select(&self, held: &[&Held], shows: impl Fn(&str, &str) -> bool) -> Vec<Chosen> {
        let mut chosen = Vec::new();
        for asked in self.documents() {
            let found = held.iter().enumerate().find_map(|(place, one)| {
                if one.security_object().doc_type() != asked.doc_type {
                    return None;
                }
                let there = |name_space: &str, name: &str| {
                    one.elements().any(|(space, element, _)| space == name_space && element == name)
                };
                let elements: Vec<_> = asked
                    .elements
                    .iter()
                    .map(|element| (element.name_space.as_str(), element.name.as_str()))
                    .filter(|(name_space, name)| there(name_space, name) && shows(name_space, name))
                    .map(|(name_space, name)| (name_space.to_owned(), name.to_owned()))
                    .collect();
                let doc_type = asked.doc_type.clone();
                (!elements.is_empty()).then_some(Chosen { place, doc_type, elements })
            });
            chosen.extend(found);
        }
        chosen
    }

    /// The response that shows what was chosen, signed for the session of this transcript; of other types it says that nothing is shown.
    ///
    /// # Errors
    /// [`MdocError::OtherKey`], [`MdocError::Crypto`].
    pub fn respond(
        &self,
        chosen: &[Chosen],
        held: &[HeldMdoc<'_>],
        transcript: &SessionTranscript,
    ) -> Result<Vec<u8>, MdocError> {
        let mut documents = Vec::new();
        for one in chosen {
            let Some(held) = held.get(one.place) else { continue };
            let shows = |name_space: &str, name: &str| {
                one.elements.iter().any(|(space, element)| space == name_space && element == name)
            };
            documents.push(held.credential.present_document(shows, transcript, held.device)?);
        }
        let asked = self.documents().iter().map(|asked| asked.doc_type.as_str());
        let missing: Vec<&str> =
            asked.filter(|doc_type| !chosen.iter().any(|one| one.doc_type == **doc_type)).collect();
        Ok(mdoc::response(&documents, &missing))
    }
}
