//! The form of `profiles.toml`, and what is checked of it.
//!
//! Lives here: reading and checking. Not here: what follows from a profile (`super`).

use std::collections::BTreeSet;

use documents::AuthorityCode;
use serde::Deserialize;

use super::{
    ChildDuty, DutyNote, FaceRule, Field, FieldRule, Keep, Moment, Need, Origin, Permit, Profile, ProfileId,
    ProfilesError, ReportRule,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    profile: Vec<ProfileRow>,
}

/// Where a row comes from. It is read so that no row goes without, and shown by no program yet.
#[derive(Deserialize)]
struct ProfileRow {
    id: String,
    place: AuthorityCode,
    permits: Vec<String>,
    register_from_age: u8,
    mark: String,
    source: String,
    #[serde(default, rename = "note")]
    _note: Option<String>,
    #[serde(default)]
    report: Option<ReportRow>,
    keep: KeepRow,
    face: FaceRow,
    field: Vec<FieldRow>,
    #[serde(default)]
    child: Vec<ChildRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReportRow {
    from_age: u8,
    except_permits: Vec<String>,
    except_regions: Vec<AuthorityCode>,
    within_hours: u32,
    alarm_hours: u32,
    mark: String,
    source: String,
    #[serde(default, rename = "note")]
    _note: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeepRow {
    days: u16,
    by_law: bool,
    mark: String,
    source: String,
    #[serde(default, rename = "note")]
    _note: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaceRow {
    compare: String,
    mark: String,
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldRow {
    names: Vec<String>,
    #[serde(default)]
    who: Vec<String>,
    #[serde(default)]
    nationality: Option<String>,
    #[serde(default)]
    from_age: u8,
    #[serde(default)]
    below_age: Option<u8>,
    #[serde(default)]
    at: Option<String>,
    need: String,
    mark: String,
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChildRow {
    id: String,
    below_age: u8,
    note: String,
    ask: String,
    mark: String,
    source: String,
}

impl File {
    pub(super) fn checked(self) -> Result<Vec<Profile>, ProfilesError> {
        let mut seen = BTreeSet::new();
        let mut profiles = Vec::with_capacity(self.profile.len());
        for row in self.profile {
            let id = row.id.clone();
            if !seen.insert(id.clone()) {
                return Err(ProfilesError::Profile {
                    profile: id,
                    what: "this id stands there twice".to_owned(),
                });
            }
            profiles.push(row.checked().map_err(|what| ProfilesError::Profile { profile: id, what })?);
        }
        if profiles.is_empty() {
            return Err(ProfilesError::Empty);
        }
        Ok(profiles)
    }
}

impl ProfileRow {
    fn checked(self) -> Result<Profile, String> {
        sourced(&self.id, &self.mark, &self.source)?;
        let id = ProfileId::parse(&self.id).ok_or("an id has 1 to 32 small letters, digits and hyphens")?;
        if self.field.is_empty() {
            return Err("it asks for no field; write at least one [[profile.field]]".to_owned());
        }
        if self.register_from_age > 18 {
            return Err("register_from_age is 0 to 18".to_owned());
        }
        let fields = self.field.into_iter().map(FieldRow::checked).collect::<Result<Vec<_>, _>>()?;
        Ok(Profile {
            id,
            place: self.place,
            permits: permits(&self.permits)?,
            register_from_age: self.register_from_age,
            report: self.report.map(ReportRow::checked).transpose()?,
            keep: self.keep.checked()?,
            face: self.face.checked()?,
            fields: fields.into_iter().flatten().collect(),
            child: self.child.into_iter().map(ChildRow::checked).collect::<Result<_, _>>()?,
        })
    }
}

impl ReportRow {
    fn checked(self) -> Result<ReportRule, String> {
        sourced("report", &self.mark, &self.source)?;
        if !(1..=168).contains(&self.within_hours) || self.alarm_hours == 0 {
            return Err("report: within_hours is 1 to 168, alarm_hours at least 1".to_owned());
        }
        if self.alarm_hours >= self.within_hours {
            return Err(
                "report: alarm_hours lies before within_hours, or nobody can act on the alarm".to_owned()
            );
        }
        Ok(ReportRule {
            from_age: self.from_age,
            except_permits: permits(&self.except_permits)?,
            except_regions: self.except_regions.into_iter().collect(),
            within_seconds: i64::from(self.within_hours) * 3600,
            alarm_seconds: i64::from(self.alarm_hours) * 3600,
        })
    }
}

impl KeepRow {
    fn checked(self) -> Result<Keep, String> {
        sourced("keep", &self.mark, &self.source)?;
        if !(1..=3660).contains(&self.days) {
            return Err("keep: days is 1 to 3660".to_owned());
        }
        Ok(Keep { days: self.days, by_law: self.by_law })
    }
}

impl FaceRow {
    fn checked(self) -> Result<FaceRule, String> {
        sourced("face", &self.mark, &self.source)?;
        match self.compare.as_str() {
            "never" => Ok(FaceRule::Never),
            "optional" => Ok(FaceRule::Optional),
            _ => Err("face: compare is never or optional; no law forces a face at a desk".to_owned()),
        }
    }
}

impl FieldRow {
    fn checked(self) -> Result<Vec<FieldRule>, String> {
        let place = self.names.join(", ");
        sourced(&place, &self.mark, &self.source)?;
        let need = match self.need.as_str() {
            "required" => Need::Required,
            "optional" => Need::Optional,
            _ => return Err(format!("{place}: need is required or optional")),
        };
        let at = match self.at.as_deref() {
            None | Some("in") => Moment::In,
            Some("out") => Moment::Out,
            Some(_) => return Err(format!("{place}: at is in or out")),
        };
        let chinese = match self.nationality.as_deref() {
            None => None,
            Some("chinese") => Some(true),
            Some("other") => Some(false),
            Some(_) => return Err(format!("{place}: nationality is chinese or other")),
        };
        if self.below_age.is_some_and(|below| below <= self.from_age) {
            return Err(format!("{place}: nobody is from_age or older and below below_age"));
        }
        let mut who = BTreeSet::new();
        for code in &self.who {
            let found = Origin::ALL.into_iter().find(|origin| origin.code() == code);
            who.insert(found.ok_or_else(|| {
                format!("{place}: who is mainland, hong-kong, macao, taiwan or abroad, not {code}")
            })?);
        }
        if who.is_empty() {
            who.extend(Origin::ALL);
        }
        let rule = |name: &String| {
            let field: Field = name.parse().map_err(|_| format!("{name} is no field that a desk knows"))?;
            Ok(FieldRule {
                field,
                who: who.clone(),
                chinese,
                from_age: self.from_age,
                below_age: self.below_age,
                at,
                need,
            })
        };
        self.names.iter().map(rule).collect()
    }
}

impl ChildRow {
    fn checked(self) -> Result<ChildDuty, String> {
        sourced(&self.id, &self.mark, &self.source)?;
        let note = match self.note.as_str() {
            "acknowledged" => DutyNote::Acknowledged,
            "text" => DutyNote::Text,
            _ => return Err(format!("{}: note is acknowledged or text", self.id)),
        };
        if self.below_age == 0 || self.below_age > 21 || self.ask.is_empty() {
            return Err(format!("{}: below_age is 1 to 21, and ask says what the clerk asks", self.id));
        }
        Ok(ChildDuty { id: self.id, below_age: self.below_age, note, ask: self.ask })
    }
}

fn permits(codes: &[String]) -> Result<BTreeSet<Permit>, String> {
    codes
        .iter()
        .map(|code| code.parse().map_err(|_| format!("{code} is no permit that a desk knows")))
        .collect()
}

/// Each row says how well it is sourced, and by what.
fn sourced(place: &str, mark: &str, source: &str) -> Result<(), String> {
    if !matches!(mark, "S" | "G" | "?") || source.is_empty() {
        return Err(format!("{place}: mark is S, G or ?, and source says where the rule stands"));
    }
    Ok(())
}
