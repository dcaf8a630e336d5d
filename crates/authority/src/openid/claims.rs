//! Claims: what a credential in a wallet of others says of a resident, from the registry.
//!
//! Lives here: which document a credential speaks of, names of claims (EU PID rulebook, ISO/IEC 23220-2, as far as they fit), both forms.
//! Not here: bytes of a form (`openid4vc`). Ethnicity, birth place and home address are in no credential.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use credential::jose::Jwk;
use credential::sd_cwt::{Key, Value as ElementValue};
use documents::issuance::document_issuer;
use documents::{
    AuthorityCode, Birth, Document, DocumentKind, DocumentStatus, LocalDate, Rules, Timestamp, redact_debug,
};
use openid4vc::issuance::CredentialSort;
use openid4vc::mdoc::{self, NameSpace, Validity};
use openid4vc::sd_jwt::{self, Blueprint, Element, Member};
use openid4vc::status::StatusReference;
use serde_json::{Value, json};

use super::{OpenIdError, OpenIdIssuer};
use crate::issuance::IssueError;
use crate::service::draw;
use crate::store::person::Resident;

/// Ages that a credential tells for themselves, in years.
const AGES: [i16; 6] = [12, 14, 16, 18, 60, 65];
/// The tag of a day (RFC 8943).
const FULL_DATE: u64 = 1004;
/// Digests beside the real ones of an SD-JWT: their number tells nothing of what the registry has.
const MEMBERS: usize = 24;

/// What is the same for each credential of a batch, and what is not.
pub(super) struct Frame<'f> {
    pub issuer: &'f OpenIdIssuer,
    pub holder: &'f Jwk,
    pub issued: Timestamp,
    pub expires: Timestamp,
    pub status: &'f StatusReference,
}

/// What a credential says.
pub(super) struct Claims {
    sort: CredentialSort,
    texts: Vec<(&'static str, String)>,
    days: Vec<(&'static str, LocalDate)>,
    ages: Vec<(i16, bool)>,
    endorsements: Vec<Value>,
    portrait: Option<Vec<u8>>,
    /// From when on the document is over.
    over_at: Option<Timestamp>,
}
redact_debug!(Claims);

/// What a credential of this sort says of a resident on a day; `None` where this authority has no valid document for it.
pub(super) fn of(
    rules: &Rules,
    me: AuthorityCode,
    resident: &Resident,
    sort: CredentialSort,
    portrait: Option<Vec<u8>>,
    today: LocalDate,
) -> Option<Claims> {
    let document = document(me, resident, sort, today)?;
    if sort == CredentialSort::PhotoId && portrait.is_none() {
        return None;
    }
    let holder = &resident.holder;
    let (family, given) = names(&resident.name);
    let mut texts = vec![
        ("family_name", family.to_owned()),
        ("document_number", document.number.match_key().to_owned()),
        ("document_kind", document.kind().as_str().to_owned()),
        ("issuing_authority", me.code().to_owned()),
        ("issuing_country", me.country().to_owned()),
    ];
    if !given.is_empty() {
        texts.push(("given_name", given.to_owned()));
    }
    if let Some(name) = resident.name_zh.as_ref().filter(|name| !name.is_empty()) {
        texts.push(("name_zh", name.clone()));
    }
    let nationality = holder.nationality.unwrap_or(documents::Nationality::CHINESE);
    texts.push(("nationality", nationality.as_str().to_owned()));
    let mut days = Vec::new();
    if let Birth::Date(day) = holder.birth {
        days.push(("birth_date", day));
    }
    days.extend(document.issued.map(|day| ("issue_date", day)));
    days.extend(document.expires.map(|day| ("expiry_date", day)));
    let age = holder.birth.age_on(today);
    let ages = AGES.map(|years| (years, age >= years)).to_vec();
    let endorsements = match sort {
        CredentialSort::TravelPermit => endorsements(rules, document, today),
        CredentialSort::IdentityCard | CredentialSort::PhotoId => Vec::new(),
    };
    Some(Claims { sort, texts, days, ages, endorsements, portrait, over_at: document.over_at() })
}

/// The valid document of this authority's that a credential of this sort speaks of: the one that serves longest.
fn document(
    me: AuthorityCode,
    resident: &Resident,
    sort: CredentialSort,
    today: LocalDate,
) -> Option<&Document> {
    let is_card = |kind| {
        matches!(
            kind,
            DocumentKind::MainlandId
                | DocumentKind::ResidencePermit
                | DocumentKind::Hkid
                | DocumentKind::MacaoBir
        )
    };
    let fits = |document: &&Document| {
        let kind = document.kind();
        document_issuer(kind) == Some(me)
            && is_card(kind) != (sort == CredentialSort::TravelPermit)
            && document.status == DocumentStatus::Valid
            && !document.expired_on(today)
    };
    resident
        .documents
        .iter()
        .filter(fits)
        .max_by_key(|document| document.expires.map_or((true, None), |day| (false, Some(day))))
}

/// Family and given names. Where the registry's name does not tell them apart, all of it is the primary identifier (ICAO 9303-3, 3.4).
fn names(name: &str) -> (&str, &str) {
    name.split_once(',').map_or((name.trim(), ""), |(family, given)| (family.trim(), given.trim()))
}

/// Endorsements in force or to come, as the wallet of this pass shows them.
fn endorsements(rules: &Rules, document: &Document, today: LocalDate) -> Vec<Value> {
    let in_time = document.endorsements.iter().filter(|one| one.valid_to >= today);
    let mut all: Vec<Value> = in_time
        .map(|one| {
            let form =
                rules.form(one.form).map_or_else(|| one.form.get().to_string(), |form| form.id.clone());
            let mut said = json!({
                "form": form,
                "destination": one.destination.code(),
                "valid_from": one.valid_from.to_string(),
                "valid_to": one.valid_to.to_string(),
            });
            if let (Some(entries), Some(members)) = (one.entries, said.as_object_mut()) {
                members.insert("entries".to_owned(), entries.into());
            }
            said
        })
        .collect();
    all.sort_by_key(ToString::to_string);
    all
}

impl Claims {
    /// When a credential ends that would live until `latest`: no later than its document.
    pub(super) fn end(&self, latest: Timestamp) -> Timestamp {
        self.over_at.map_or(latest, |over| latest.min(over))
    }

    /// As an SD-JWT VC: every claim disclosable alone, and decoys beside them.
    pub(super) fn sd_jwt(&self, frame: &Frame<'_>) -> Result<String, OpenIdError> {
        let mut members: Vec<Member> = self
            .texts
            .iter()
            .filter(|(name, _)| *name != "nationality")
            .map(|(name, text)| Member::disclosable(name, text.as_str()))
            .collect();
        members.extend(self.days.iter().map(|(name, day)| Member::disclosable(name, day.to_string())));
        let nationality = self.texts.iter().find(|(name, _)| *name == "nationality");
        members.extend(nationality.map(|(_, code)| Member::disclosable("nationalities", json!([code]))));
        let ages = self.ages.iter().map(|(years, is)| Member::disclosable(&years.to_string(), *is)).collect();
        members.push(Member::Shown("age_equal_or_over".to_owned(), Blueprint::Object(ages)));
        if !self.endorsements.is_empty() {
            let each =
                self.endorsements.iter().map(|one| Element::Disclosable(Blueprint::Whole(one.clone())));
            members.push(Member::Shown("endorsements".to_owned(), Blueprint::Array(each.collect())));
        }
        if let Some(portrait) = &self.portrait {
            let uri = format!("data:image/jpeg;base64,{}", STANDARD.encode(portrait));
            members.push(Member::disclosable("picture", uri));
        }
        // Certificates name the issuer; many verifiers ask for the claim all the same.
        members.push(Member::shown("iss", frame.issuer.endpoints.issuer()));
        members.resize(members.len().max(MEMBERS), Member::Decoy);
        let credential = sd_jwt::Credential {
            vct: self.sort.vct(),
            vct_integrity: None,
            holder: Some(frame.holder),
            issued: Some(frame.issued),
            not_before: None,
            expires: Some(frame.expires),
            status: Some(frame.status),
            claims: &members,
        };
        let issuer = frame.issuer;
        let made = sd_jwt::issue(&credential, &issuer.key, &issuer.chain, &mut draw);
        Ok(made.map_err(IssueError::from)?)
    }

    /// As an mdoc: the elements of ISO/IEC 23220-2 in their own name space, ours beside them.
    pub(super) fn mdoc(&self, frame: &Frame<'_>) -> Result<String, OpenIdError> {
        let text = |text: &str| ElementValue::Text(text.to_owned());
        let day = |day: &LocalDate| ElementValue::Tag(FULL_DATE, Box::new(text(&day.to_string())));
        let (mut common, mut own) = (Vec::new(), Vec::new());
        for (name, said) in &self.texts {
            let place = if matches!(*name, "document_kind" | "name_zh") { &mut own } else { &mut common };
            place.push(((*name).to_owned(), text(said)));
        }
        common.extend(self.days.iter().map(|(name, said)| ((*name).to_owned(), day(said))));
        common.extend(
            self.ages.iter().map(|(years, is)| (format!("age_over_{years}"), ElementValue::Bool(*is))),
        );
        if let Some(portrait) = &self.portrait {
            common.push(("portrait".to_owned(), ElementValue::Bytes(portrait.clone())));
        }
        if !self.endorsements.is_empty() {
            let each = self.endorsements.iter().map(element).collect();
            own.push(("endorsements".to_owned(), ElementValue::Array(each)));
        }
        let name_spaces = [
            NameSpace { name: "org.iso.23220.1".to_owned(), elements: common },
            NameSpace { name: self.sort.doctype().to_owned(), elements: own },
        ];
        let validity = Validity { signed: frame.issued, from: frame.issued, until: frame.expires };
        let credential = mdoc::Credential {
            doc_type: self.sort.doctype(),
            name_spaces: &name_spaces,
            device: frame.holder.public(),
            validity,
            status: Some(frame.status),
        };
        let issuer = frame.issuer;
        let made = mdoc::issue(&credential, &issuer.key, &issuer.chain, &mut draw);
        let made = made.map_err(IssueError::from)?;
        Ok(URL_SAFE_NO_PAD.encode(made))
    }
}

/// A value of an endorsement as an element: days are full-dates (RFC 8943).
fn element(value: &Value) -> ElementValue {
    match value {
        Value::Object(members) => ElementValue::Map(
            members.iter().map(|(name, value)| (Key::Text(name.clone()), element(value))).collect(),
        ),
        Value::String(text) if text.parse::<LocalDate>().is_ok() => {
            ElementValue::Tag(FULL_DATE, Box::new(ElementValue::Text(text.clone())))
        }
        Value::String(text) => ElementValue::Text(text.clone()),
        Value::Bool(flag) => ElementValue::Bool(*flag),
        Value::Number(number) => ElementValue::Int(number.as_i64().map_or(0, i128::from)),
        Value::Array(items) => ElementValue::Array(items.iter().map(element).collect()),
        Value::Null => ElementValue::Null,
    }
}
