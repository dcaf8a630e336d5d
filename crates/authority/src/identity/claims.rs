//! Claims: what is asked of an identity credential of another system, and who it says its holder is.
//!
//! Lives here: the table of names (EU PID rulebook, ISO/IEC 23220-2), [`query`], [`ShownIdentity`]. Not here: proof of a credential
//! (`openid4vc`), which issuers count (`trust`), whether the registry knows anybody so (`enrolment`).

use std::collections::BTreeMap;

use documents::{DocumentNumber, LocalDate, redact_debug};
use openid4vc::dcql::{DcqlError, Presented, Query};
use openid4vc::mdoc;
use serde_json::{Value, json};
use trust::{CredentialType, IssuerBinding};

/// Name space of the elements that ISO/IEC 23220-2 names.
const COMMON: &str = "org.iso.23220.1";
/// The names of a claim, those that are asked for first before the others.
const FAMILY: [&str; 1] = ["family_name"];
const GIVEN: [&str; 1] = ["given_name"];
const BIRTH: [&str; 2] = ["birth_date", "birthdate"];
const NUMBER: [&str; 2] = ["document_number", "personal_administrative_number"];

/// Who a credential says its holder is.
#[derive(Clone, PartialEq, Eq)]
pub struct ShownIdentity {
    /// The number of a document of a kind for which its issuer is listed.
    pub number: DocumentNumber,
    /// The family name, a comma and the given names, where both are told apart.
    pub name: String,
    /// The birth date.
    pub birth: LocalDate,
}
redact_debug!(ShownIdentity);

/// Why a credential that is proven says nothing that an enrolment can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdentityFault {
    /// Its issuer is not listed, or no more.
    #[error("this authority does not list the credential's issuer; type number, name and birth date instead")]
    Issuer,
    /// The issuer is listed for other types.
    #[error(
        "the issuer is not listed for credentials of this type; show another one, or type number, name and birth date"
    )]
    Type,
    /// The signer's certificate names another country than the one for which the issuer is listed.
    #[error(
        "the signer's certificate is of another jurisdiction than its issuer is listed for; type number, name and birth date instead"
    )]
    Jurisdiction,
    /// The number is none of the documents for which the issuer is listed.
    #[error(
        "the number in the credential is of no document that this issuer may tell; type number, name and birth date instead"
    )]
    Document,
    /// A claim is missing, or cannot be read.
    #[error("name, birth date or number of the credential cannot be read; type them instead")]
    Unreadable,
}

impl IdentityFault {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Issuer => "identity_issuer",
            Self::Type => "identity_type",
            Self::Jurisdiction => "identity_jurisdiction",
            Self::Document => "identity_document",
            Self::Unreadable => "identity_unreadable",
        }
    }
}

/// Where the claims of one answer stand: of a family name, a birth date and a number one each, and of a given name where there is one.
struct Places {
    name_space: Option<String>,
    birth: &'static str,
    number: &'static str,
}

/// The places of a type, in the order in which they are asked for.
fn places(of: &CredentialType) -> Vec<Places> {
    let name_spaces = match of {
        CredentialType::SdJwt(_) => vec![None],
        CredentialType::Mdoc(doc_type) => vec![Some(COMMON.to_owned()), Some(doc_type.clone())],
    };
    let mut all = Vec::new();
    for name_space in name_spaces {
        for birth in BIRTH {
            // An element of an mdoc has one spelling.
            if name_space.is_some() && birth != "birth_date" {
                continue;
            }
            let of_number = |number| Places { name_space: name_space.clone(), birth, number };
            all.extend(NUMBER.map(of_number));
        }
    }
    all
}

/// What is asked: one credential of any of these types, who its holder is and nothing else.
///
/// # Errors
/// [`DcqlError`]: a type cannot be asked for; or there is none.
pub fn query<'t>(types: impl IntoIterator<Item = &'t CredentialType>) -> Result<Query, DcqlError> {
    let (mut credentials, mut options) = (Vec::new(), Vec::new());
    for (at, one) in types.into_iter().enumerate() {
        let id = format!("identity-{at}");
        options.push(json!([id]));
        credentials.push(credential(&id, one));
    }
    Query::read(&json!({ "credentials": credentials, "credential_sets": [{ "options": options }] }))
}

fn credential(id: &str, of: &CredentialType) -> Value {
    let mut claims: Vec<(String, Value)> = Vec::new();
    let mut sets: Vec<Vec<String>> = Vec::new();
    for (at, places) in places(of).iter().enumerate() {
        let name_space = places.name_space.as_deref();
        let mut named = |claim: &str| {
            let id = match name_space {
                None => claim.to_owned(),
                Some(COMMON) => format!("{claim}-common"),
                Some(_) => format!("{claim}-own"),
            };
            if !claims.iter().any(|(known, _)| *known == id) {
                let asked = match name_space {
                    None => json!({ "id": id, "path": [claim] }),
                    // What identifies is compared with the registry, and not kept.
                    Some(space) => json!({ "id": id, "path": [space, claim], "intent_to_retain": false }),
                };
                claims.push((id.clone(), asked));
            }
            id
        };
        let rest = [named(places.birth), named(places.number)];
        let (family, given) = (FAMILY.map(&mut named), GIVEN.map(&mut named));
        let with = family.iter().chain(&given).chain(&rest).cloned().collect();
        let without = family.iter().chain(&rest).cloned().collect();
        // A given name may not be there; sets with it come before all without it.
        sets.insert(at, with);
        sets.push(without);
    }
    let claims: Vec<Value> = claims.into_iter().map(|(_, asked)| asked).collect();
    let (format, meta) = match of {
        CredentialType::SdJwt(vct) => ("dc+sd-jwt", json!({ "vct_values": [vct] })),
        CredentialType::Mdoc(doc_type) => ("mso_mdoc", json!({ "doctype_value": doc_type })),
    };
    json!({ "id": id, "format": format, "meta": meta, "claims": claims, "claim_sets": sets })
}

/// A text of a presentation, or a day.
fn text<'p>(presented: &'p Presented, name_space: Option<&str>, claim: &str) -> Option<&'p str> {
    match (presented, name_space) {
        (Presented::SdJwt(verified), None) => verified.claims().get(claim)?.as_str(),
        (Presented::Mdoc(verified), Some(name_space)) => mdoc::text(verified.element(name_space, claim)?),
        (Presented::SdJwt(_), Some(_)) | (Presented::Mdoc(_), None) => None,
    }
}

/// Who the credential of an answer says its holder is, as far as its issuer is listed for that.
///
/// # Errors
/// [`IdentityFault`] for the first fault.
pub fn identity_of<'b>(
    answer: &BTreeMap<String, Vec<Presented>>,
    issuers: impl IntoIterator<Item = &'b IssuerBinding>,
) -> Result<ShownIdentity, IdentityFault> {
    let presented = answer.values().flatten().next().ok_or(IdentityFault::Unreadable)?;
    let (signer, shown) = match presented {
        Presented::SdJwt(verified) => (verified.issuer(), CredentialType::SdJwt(verified.vct().to_owned())),
        Presented::Mdoc(verified) => {
            (verified.issuer(), CredentialType::Mdoc(verified.doc_type().to_owned()))
        }
    };
    let mut of_this = issuers.into_iter().filter(|one| one.certificate() == signer.anchor).peekable();
    of_this.peek().ok_or(IdentityFault::Issuer)?;
    // One certificate may stand in several entries: each says what it counts for.
    let issuer = of_this.find(|one| one.types().any(|listed| *listed == shown));
    let issuer = issuer.ok_or(IdentityFault::Type)?;
    if signer.country.as_deref().is_some_and(|country| country != issuer.jurisdiction().as_str()) {
        return Err(IdentityFault::Jurisdiction);
    }
    for places in places(&shown) {
        let said = |claim: &str| text(presented, places.name_space.as_deref(), claim);
        let [family, given] = [FAMILY, GIVEN].map(|[claim]| said(claim));
        let (Some(family), Some(birth), Some(number)) = (family, said(places.birth), said(places.number))
        else {
            continue;
        };
        let birth = birth.parse().map_err(|_| IdentityFault::Unreadable)?;
        let parsed = issuer.documents().find_map(|kind| DocumentNumber::parse(kind, number).ok());
        return Ok(ShownIdentity {
            number: parsed.ok_or(IdentityFault::Document)?,
            name: given.map_or_else(|| family.to_owned(), |given| format!("{family}, {given}")),
            birth,
        });
    }
    Err(IdentityFault::Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_asks_for_one_credential_and_for_nothing_but_who_its_holder_is() {
        let types =
            ["sd-jwt:urn:example:pid:1", "mdoc:org.iso.23220.photoID.1"].map(|one| one.parse().unwrap());
        let asked = query(&types).unwrap();
        assert_eq!((asked.credentials().len(), asked.sets()[0].options.len()), (2, 2));
        for (credential, claims, sets) in [(&asked.credentials()[0], 6, 8), (&asked.credentials()[1], 10, 8)]
        {
            assert_eq!(credential.claims.len(), claims, "{}", credential.id);
            assert_eq!(credential.claim_sets.len(), sets, "{}", credential.id);
            // Those with a given name come first.
            assert_eq!(
                credential.claim_sets.iter().map(Vec::len).collect::<Vec<_>>(),
                [4, 4, 4, 4, 3, 3, 3, 3]
            );
        }
        assert!(query(&[]).is_err());
    }
}
