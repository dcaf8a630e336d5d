//! Claims: what a desk asks a wallet of others, and which of its own claims the answer tells.
//!
//! Lives here: the table from claims of a desk (docs/venues.md) to those of the credentials that authorities issue to wallets of others
//! (docs/openid4vc.md), [`query`], [`claims_of`]. Not here: whether a desk may ask (`desk`), proof of what is shown (`openid4vc`).
//! Residence has no place there: a desk that requires it asks no wallet of others.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use credential::venue::{ClaimName, ClaimSet, ClaimValue, Claims};
use openid4vc::dcql::{DcqlError, Presented, Query};
use openid4vc::issuance::{Configuration, CredentialForm, CredentialSort};
use openid4vc::mdoc::{self, Value as Element};
use serde_json::{Value, json};

/// Name space of the elements that ISO/IEC 23220-2 names.
const COMMON: &str = "org.iso.23220.1";
/// Most alternatives that are told apart one by one: 32 sets of claims.
const ALTERNATIVES: usize = 5;
/// What a picture in JSON begins with.
const PICTURE: &str = "data:image/jpeg;base64,";
/// What a JPEG file begins with.
const JPEG: [u8; 3] = [0xff, 0xd8, 0xff];

/// In which form a desk wants a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Forms {
    /// Either one, as the wallet has it.
    #[default]
    Either,
    /// SD-JWT VC.
    SdJwt,
    /// mdoc.
    Mdoc,
    /// Both forms of the same document.
    Both,
}

impl Forms {
    /// Each of them.
    pub const ALL: [Self; 4] = [Self::Either, Self::SdJwt, Self::Mdoc, Self::Both];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Either => "either",
            Self::SdJwt => "sd_jwt",
            Self::Mdoc => "mdoc",
            Self::Both => "both",
        }
    }

    /// By its word.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|forms| forms.as_str() == word)
    }

    const fn takes(self, form: CredentialForm) -> bool {
        matches!(
            (self, form),
            (Self::Either | Self::Both, _)
                | (Self::SdJwt, CredentialForm::SdJwt)
                | (Self::Mdoc, CredentialForm::Mdoc)
        )
    }
}

/// Why a desk asks no wallet of others.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// A required claim is in no credential of such wallets.
    #[error(
        "{0} is in no credential of wallets of others, and this desk requires it; ask for this pass or the document"
    )]
    NotThere(ClaimName),
    /// The query cannot be written.
    #[error(transparent)]
    Dcql(#[from] DcqlError),
}

impl QueryError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotThere(_) => "openid_claim_not_there",
            Self::Dcql(error) => error.code(),
        }
    }
}

/// Why an answer cannot be used, though it is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClaimsFault {
    /// Two credentials of one answer say different things.
    #[error("two credentials of the answer differ in {0}; take the document by hand")]
    Differ(ClaimName),
    /// A claim has a value that the desk does not read.
    #[error("{0} of the answer cannot be read; take the document by hand")]
    Unreadable(ClaimName),
    /// A required claim is not there.
    #[error("the answer does not tell {0}, which this desk requires")]
    Missing(ClaimName),
}

impl ClaimsFault {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Differ(_) => "openid_claims_differ",
            Self::Unreadable(_) => "claim_unreadable",
            Self::Missing(_) => "answer_claim_missing",
        }
    }
}

/// Where a part of a claim stands.
struct Place {
    json: &'static [&'static str],
    element: &'static str,
    /// In the name space of the document's type, not in the common one.
    own: bool,
}

const fn common(json: &'static [&'static str], element: &'static str) -> Place {
    Place { json, element, own: false }
}

const fn own(json: &'static [&'static str], element: &'static str) -> Place {
    Place { json, element, own: true }
}

/// The places of a claim: of a name the family name and the given name, which a registry may not tell apart.
const fn places(claim: ClaimName) -> &'static [Place] {
    macro_rules! age {
        ($years:literal) => {
            const { &[common(&["age_equal_or_over", $years], concat!("age_over_", $years))] }
        };
    }
    match claim {
        ClaimName::Name => {
            const { &[common(&["family_name"], "family_name"), common(&["given_name"], "given_name")] }
        }
        ClaimName::NameZh => const { &[own(&["name_zh"], "name_zh")] },
        ClaimName::BirthDate => const { &[common(&["birth_date"], "birth_date")] },
        ClaimName::Nationality => const { &[common(&["nationalities"], "nationality")] },
        ClaimName::DocumentKind => const { &[own(&["document_kind"], "document_kind")] },
        ClaimName::DocumentNumber => const { &[common(&["document_number"], "document_number")] },
        ClaimName::AgeOver12 => age!("12"),
        ClaimName::AgeOver14 => age!("14"),
        ClaimName::AgeOver16 => age!("16"),
        ClaimName::AgeOver18 => age!("18"),
        ClaimName::AgeOver60 => age!("60"),
        ClaimName::AgeOver65 => age!("65"),
        ClaimName::Portrait => const { &[common(&["picture"], "portrait")] },
        ClaimName::Region | ClaimName::City => &[],
    }
}

/// One part of a claim, by its place.
type Part = (ClaimName, usize);

fn part_id((claim, place): Part) -> String {
    if place == 0 { claim.as_str().to_owned() } else { format!("{}-{}", claim.as_str(), place + 1) }
}

/// Parts of claims that are asked for in any case, and those that a wallet may leave out.
fn parts(required: &ClaimSet, optional: &ClaimSet) -> (Vec<Part>, Vec<Part>) {
    let (mut always, mut free) = (Vec::new(), Vec::new());
    for claim in required.union(optional).iter() {
        for place in 0..places(claim).len() {
            // A given name may not be there; the family name is what a name rests on.
            let always_asked = required.contains(claim) && place == 0;
            if always_asked { &mut always } else { &mut free }.push((claim, place));
        }
    }
    (always, free)
}

/// The sets of parts with which a credential answers, those with more first.
fn part_sets(always: &[Part], free: &[Part]) -> Vec<Vec<Part>> {
    let left_out: Vec<Vec<Part>> = if free.len() <= ALTERNATIVES {
        let chosen = |mask: u32| {
            let out = |(bit, part): (usize, &Part)| ((mask >> bit) & 1 == 1).then_some(*part);
            free.iter().enumerate().filter_map(out).collect()
        };
        (0..1_u32 << free.len()).map(chosen).collect()
    } else {
        let one = free.iter().map(|part| vec![*part]);
        std::iter::once(Vec::new()).chain(one).chain([free.to_vec()]).collect()
    };
    let with = |out: &Vec<Part>| -> Vec<Part> {
        always.iter().chain(free.iter().filter(|part| !out.contains(part))).copied().collect()
    };
    let mut sets: Vec<Vec<Part>> = left_out.iter().map(with).collect();
    let named = |set: &Vec<Part>| !set.contains(&(ClaimName::Name, 1)) || set.contains(&(ClaimName::Name, 0));
    sets.retain(|set| !set.is_empty() && named(set));
    sets.sort_by_key(|set| std::cmp::Reverse(set.len()));
    sets
}

/// The query for these claims, in these forms: one document, an identity card before a photo ID before a travel permit.
///
/// # Errors
/// [`QueryError`].
pub fn query(required: &ClaimSet, optional: &ClaimSet, forms: Forms) -> Result<Query, QueryError> {
    if let Some(claim) = required.iter().find(|claim| places(*claim).is_empty()) {
        return Err(QueryError::NotThere(claim));
    }
    let (always, free) = parts(required, optional);
    let sets = part_sets(&always, &free);
    let (mut credentials, mut options) = (Vec::new(), Vec::new());
    for sort in CredentialSort::ALL {
        let ids: Vec<String> = CredentialForm::ALL
            .into_iter()
            .filter(|form| forms.takes(*form))
            .map(|form| {
                let id = Configuration { sort, form }.id();
                credentials.push(credential(&id, sort, form, &always, &free, &sets));
                id
            })
            .collect();
        match forms {
            Forms::Both => options.push(json!(ids)),
            Forms::Either | Forms::SdJwt | Forms::Mdoc => options.extend(ids.iter().map(|id| json!([id]))),
        }
    }
    let written = json!({ "credentials": credentials, "credential_sets": [{ "options": options }] });
    Ok(Query::read(&written)?)
}

fn credential(
    id: &str,
    sort: CredentialSort,
    form: CredentialForm,
    always: &[Part],
    free: &[Part],
    sets: &[Vec<Part>],
) -> Value {
    let claim = |part: &Part| {
        let place = places(part.0).get(part.1)?;
        let path = match form {
            CredentialForm::SdJwt => json!(place.json),
            CredentialForm::Mdoc => {
                json!([if place.own { sort.doctype() } else { COMMON }, place.element])
            }
        };
        let mut asked = json!({ "id": part_id(*part), "path": path });
        if let (CredentialForm::Mdoc, Some(members)) = (form, asked.as_object_mut()) {
            // Ages and portraits are looked at, and never kept.
            let kept = part.0.years().is_none() && part.0 != ClaimName::Portrait;
            members.insert("intent_to_retain".to_owned(), kept.into());
        }
        Some(asked)
    };
    let claims: Vec<Value> = always.iter().chain(free).filter_map(claim).collect();
    let meta = match form {
        CredentialForm::SdJwt => json!({ "vct_values": [sort.vct()] }),
        CredentialForm::Mdoc => json!({ "doctype_value": sort.doctype() }),
    };
    let mut asked = json!({ "id": id, "format": form.format(), "meta": meta, "claims": claims });
    if let (2.., Some(members)) = (sets.len(), asked.as_object_mut()) {
        let ids = |set: &Vec<Part>| set.iter().map(|part| part_id(*part)).collect::<Vec<_>>();
        members.insert("claim_sets".to_owned(), sets.iter().map(ids).collect());
    }
    asked
}

/// What stands at a place of a presentation.
enum Said<'p> {
    Json(&'p Value),
    Element(&'p Element),
}

impl Said<'_> {
    fn text(&self) -> Option<&str> {
        match self {
            Self::Json(Value::String(text)) => Some(text),
            // Of several nationalities the first, which the issuer puts there.
            Self::Json(Value::Array(several)) => several.first()?.as_str(),
            Self::Json(_) => None,
            Self::Element(element) => mdoc::text(element),
        }
    }

    fn flag(&self) -> Option<bool> {
        match self {
            Self::Json(Value::Bool(flag)) | Self::Element(Element::Bool(flag)) => Some(*flag),
            Self::Json(_) | Self::Element(_) => None,
        }
    }

    fn picture(&self) -> Option<Vec<u8>> {
        let bytes = match self {
            Self::Json(Value::String(uri)) => STANDARD.decode(uri.strip_prefix(PICTURE)?).ok()?,
            Self::Element(Element::Bytes(bytes)) => bytes.clone(),
            Self::Json(_) | Self::Element(_) => return None,
        };
        bytes.starts_with(&JPEG).then_some(bytes)
    }
}

fn said<'p>(presented: &'p Presented, place: &Place) -> Option<Said<'p>> {
    match presented {
        Presented::SdJwt(verified) => {
            let (first, rest) = place.json.split_first()?;
            let value = rest.iter().try_fold(verified.claims().get(*first)?, |value, name| value.get(name));
            value.map(Said::Json)
        }
        Presented::Mdoc(verified) => {
            let name_space = if place.own { verified.doc_type() } else { COMMON };
            verified.element(name_space, place.element).map(Said::Element)
        }
    }
}

/// One claim of a presentation; `None` where it was not shown.
fn value(presented: &Presented, claim: ClaimName) -> Result<Option<ClaimValue>, ClaimsFault> {
    let unreadable = ClaimsFault::Unreadable(claim);
    let mut found = places(claim).iter().map(|place| said(presented, place));
    let Some(Some(first)) = found.next() else { return Ok(None) };
    let value = if claim.years().is_some() {
        first.flag().map(ClaimValue::Flag)
    } else if claim == ClaimName::Portrait {
        first.picture().map(ClaimValue::File)
    } else {
        let text = first.text().ok_or(unreadable)?.to_owned();
        // As a pass writes a name: the family name, a comma, the given names.
        let given = match found.next().flatten() {
            Some(given) => Some(given.text().ok_or(unreadable)?.to_owned()),
            None => None,
        };
        Some(ClaimValue::Text(match given {
            Some(given) => format!("{text}, {given}"),
            None => text,
        }))
    };
    value.map(Some).ok_or(unreadable)
}

/// The claims that an answer tells, of those that were asked for; what else it shows is not looked at.
///
/// # Errors
/// [`ClaimsFault`] for the first fault.
pub fn claims_of(
    required: &ClaimSet,
    optional: &ClaimSet,
    answer: &BTreeMap<String, Vec<Presented>>,
) -> Result<Claims, ClaimsFault> {
    let mut claims = Claims::default();
    for presented in answer.values().flatten() {
        for claim in required.union(optional).iter() {
            let Some(value) = value(presented, claim)? else { continue };
            if claims.get(claim).is_some_and(|earlier| *earlier != value) {
                return Err(ClaimsFault::Differ(claim));
            }
            claims.insert(claim, value).map_err(|_| ClaimsFault::Unreadable(claim))?;
        }
    }
    match required.iter().find(|claim| claims.get(*claim).is_none()) {
        Some(missing) => Err(ClaimsFault::Missing(missing)),
        None => Ok(claims),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(claims: &[ClaimName]) -> ClaimSet {
        claims.iter().copied().collect()
    }

    #[test]
    fn a_query_asks_for_the_desks_claims_alone_in_each_form_and_for_one_document() {
        let optional = set(&[ClaimName::AgeOver18]);
        for (forms, queries, options) in
            [(Forms::Either, 6, 6), (Forms::SdJwt, 3, 3), (Forms::Mdoc, 3, 3), (Forms::Both, 6, 3)]
        {
            let query = query(&set(&[ClaimName::Name]), &optional, forms).unwrap();
            assert_eq!((query.credentials().len(), query.sets()[0].options.len()), (queries, options));
            for asked in query.credentials() {
                assert_eq!(asked.claims.len(), 3, "{}", asked.id);
                // With and without the given name, with and without the age; the family name always.
                assert_eq!(asked.claim_sets.len(), 4, "{}", asked.id);
                assert!(asked.claim_sets.iter().all(|set| set.contains(&0)), "{}", asked.id);
            }
        }
    }

    #[test]
    fn a_desk_that_requires_a_residence_asks_no_wallet_of_others_and_leaves_an_optional_one_out() {
        let (region, kind) = (set(&[ClaimName::Region]), set(&[ClaimName::DocumentKind]));
        assert_eq!(query(&region, &kind, Forms::Either), Err(QueryError::NotThere(ClaimName::Region)));
        let query = query(&kind, &region, Forms::Either).unwrap();
        assert!(query.credentials().iter().all(|asked| asked.claims.len() == 1));
    }

    #[test]
    fn a_given_name_is_never_asked_for_without_the_family_name() {
        let (name, kind) = (set(&[ClaimName::Name]), set(&[ClaimName::DocumentKind]));
        let (always, free) = parts(&kind, &name);
        let sets = part_sets(&always, &free);
        assert_eq!(sets.iter().map(Vec::len).collect::<Vec<_>>(), [3, 2, 1]);
    }

    #[test]
    fn every_claim_but_residence_has_its_places_and_many_optional_ones_stay_within_bounds() {
        let all: ClaimSet = ClaimName::ALL.into_iter().collect();
        let without: Vec<_> = ClaimName::ALL.into_iter().filter(|claim| places(*claim).is_empty()).collect();
        assert_eq!(without, [ClaimName::Region, ClaimName::City]);
        let query = query(&ClaimSet::default(), &all, Forms::Either).unwrap();
        assert!(query.credentials().iter().all(|asked| asked.claim_sets.len() < 64));
    }
}
