//! Reading a query: whatever is malformed is refused, unknown members are ignored (`OpenID4VP` 1.0, 6).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::{ClaimQuery, CredentialQuery, CredentialSet, DcqlError, Kind, MAX_ENTRIES, Query};
use crate::claim_path::{ClaimPath, Segment};

type Object = Map<String, Value>;

impl Query {
    /// Reads a query.
    ///
    /// # Errors
    /// [`DcqlError`] for the first fault.
    pub fn read(json: &Value) -> Result<Self, DcqlError> {
        let object = json.as_object().ok_or(DcqlError::Member { member: "dcql_query" })?;
        let credentials = objects(object, "credentials")?.ok_or(missing("credentials"))?;
        let credentials = credentials.into_iter().map(credential).collect::<Result<Vec<_>, _>>()?;
        hold_distinct(credentials.iter().map(|query| query.id.as_str()))?;
        let place = |id: &str| credentials.iter().position(|query| query.id == id);
        let set = |set: &Object| {
            let options = id_sets(set, "options", place)?.ok_or(missing("options"))?;
            Ok(CredentialSet { options, required: flag(set, "required")?.unwrap_or(true) })
        };
        let sets = objects(object, "credential_sets")?.unwrap_or_default();
        let sets = sets.into_iter().map(set).collect::<Result<_, DcqlError>>()?;
        Ok(Self { credentials, sets, json: json.clone() })
    }
}

const fn missing(member: &'static str) -> DcqlError {
    DcqlError::Member { member }
}

/// A non-empty array of bounded length under `member`; `None` where there is none.
fn array<'o>(object: &'o Object, member: &'static str) -> Result<Option<&'o [Value]>, DcqlError> {
    match object.get(member) {
        None => Ok(None),
        Some(Value::Array(items)) if (1..=MAX_ENTRIES).contains(&items.len()) => Ok(Some(items)),
        Some(_) => Err(missing(member)),
    }
}

fn objects<'o>(object: &'o Object, member: &'static str) -> Result<Option<Vec<&'o Object>>, DcqlError> {
    let Some(items) = array(object, member)? else { return Ok(None) };
    items.iter().map(Value::as_object).collect::<Option<_>>().map(Some).ok_or(missing(member))
}

fn texts(object: &Object, member: &'static str) -> Result<Option<Vec<String>>, DcqlError> {
    let Some(items) = array(object, member)? else { return Ok(None) };
    let items: Option<Vec<String>> = items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
    items.map(Some).ok_or(missing(member))
}

fn flag(object: &Object, member: &'static str) -> Result<Option<bool>, DcqlError> {
    object.get(member).map(|value| value.as_bool().ok_or(missing(member))).transpose()
}

fn id(object: &Object) -> Result<Option<String>, DcqlError> {
    match object.get("id") {
        None => Ok(None),
        Some(Value::String(id)) => {
            let sound = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
            if id.is_empty() || id.len() > 255 || !id.bytes().all(sound) {
                return Err(DcqlError::Id);
            }
            Ok(Some(id.clone()))
        }
        Some(_) => Err(DcqlError::Id),
    }
}

fn hold_distinct<'i>(ids: impl Iterator<Item = &'i str>) -> Result<(), DcqlError> {
    let mut seen = std::collections::BTreeSet::new();
    for id in ids {
        if !seen.insert(id) {
            return Err(DcqlError::IdRepeated);
        }
    }
    Ok(())
}

/// Sets of ids as sets of places.
fn id_sets(
    object: &Object,
    member: &'static str,
    place: impl Fn(&str) -> Option<usize>,
) -> Result<Option<Vec<Vec<usize>>>, DcqlError> {
    let Some(sets) = array(object, member)? else { return Ok(None) };
    let set = |set: &Value| {
        let ids = set.as_array().filter(|ids| (1..=MAX_ENTRIES).contains(&ids.len()));
        let ids = ids.ok_or(missing(member))?;
        let found = |id: &Value| id.as_str().and_then(&place).ok_or(DcqlError::UnknownId);
        ids.iter().map(found).collect::<Result<Vec<_>, _>>()
    };
    sets.iter().map(set).collect::<Result<_, _>>().map(Some)
}

fn credential(object: &Object) -> Result<CredentialQuery, DcqlError> {
    let format = object.get("format").and_then(Value::as_str).ok_or(missing("format"))?;
    let meta = object.get("meta").and_then(Value::as_object).ok_or(missing("meta"))?;
    let kind = match format {
        crate::sd_jwt::TYPE => {
            Kind::SdJwt { types: texts(meta, "vct_values")?.ok_or(missing("vct_values"))? }
        }
        crate::mdoc::FORMAT => {
            let doc_type = meta.get("doctype_value").and_then(Value::as_str);
            Kind::Mdoc { doc_type: doc_type.ok_or(missing("doctype_value"))?.to_owned() }
        }
        other => Kind::Other { format: other.to_owned() },
    };
    let claims = objects(object, "claims")?;
    if claims.is_none() && object.contains_key("claim_sets") {
        return Err(DcqlError::SetsWithoutClaims);
    }
    let claims = claims.unwrap_or_default();
    let claims = claims.into_iter().map(|object| claim(object, &kind)).collect::<Result<Vec<_>, _>>()?;
    hold_distinct(claims.iter().filter_map(|claim| claim.id.as_deref()))?;
    let place = |id: &str| claims.iter().position(|claim| claim.id.as_deref() == Some(id));
    let claim_sets = id_sets(object, "claim_sets", place)?.unwrap_or_default();
    Ok(CredentialQuery {
        id: id(object)?.ok_or(missing("id"))?,
        kind,
        multiple: flag(object, "multiple")?.unwrap_or(false),
        binding_required: flag(object, "require_cryptographic_holder_binding")?.unwrap_or(true),
        authorities: authorities(object)?,
        claims,
        claim_sets,
    })
}

fn authorities(object: &Object) -> Result<Option<Vec<Vec<u8>>>, DcqlError> {
    let Some(entries) = objects(object, "trusted_authorities")? else { return Ok(None) };
    let mut keys = Vec::new();
    for entry in entries {
        let kind = entry.get("type").and_then(Value::as_str).ok_or(missing("trusted_authorities"))?;
        for value in texts(entry, "values")?.ok_or(missing("values"))? {
            if kind == "aki" {
                keys.push(URL_SAFE_NO_PAD.decode(value).map_err(|_| missing("values"))?);
            }
        }
    }
    Ok(Some(keys))
}

fn claim(object: &Object, kind: &Kind) -> Result<ClaimQuery, DcqlError> {
    let path = object.get("path").ok_or(missing("path"))?;
    let path = ClaimPath::read(path).map_err(|_| DcqlError::Path)?;
    let two_names = matches!(path.segments(), [Segment::Name(_), Segment::Name(_)]);
    if matches!(kind, Kind::Mdoc { .. }) && !two_names {
        return Err(DcqlError::Path);
    }
    let simple = |value: &Value| value.is_string() || value.is_i64() || value.is_u64() || value.is_boolean();
    let values = match array(object, "values")? {
        None => None,
        Some(values) if values.iter().all(simple) => Some(values.to_vec()),
        Some(_) => return Err(missing("values")),
    };
    let intent_to_retain = flag(object, "intent_to_retain")?;
    Ok(ClaimQuery { id: id(object)?, path, values, intent_to_retain })
}
