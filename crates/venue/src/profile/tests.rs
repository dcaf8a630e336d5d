//! Tests of profiles: what is asked of whom, and what a file must say.

use super::*;

fn profiles() -> Profiles {
    Profiles::builtin().unwrap()
}

fn day() -> LocalDate {
    "2026-11-29".parse().unwrap()
}

fn born(text: &str) -> AgeEvidence {
    AgeEvidence { birth: Some(documents::Birth::Date(text.parse().unwrap())), over: BTreeMap::new() }
}

fn facts<'a>(
    document: Option<&'a PermitNumber>,
    region: Option<AuthorityCode>,
    nationality: &str,
    age: &'a AgeEvidence,
) -> GuestFacts<'a> {
    GuestFacts { document, region, nationality: nationality.parse().ok(), age, day: day() }
}

fn required(profile: &str, guest: &GuestFacts<'_>, at: Moment) -> Vec<&'static str> {
    let asked = profiles().get(profile).unwrap().fields(guest, at);
    asked.iter().filter(|(_, need)| **need == Need::Required).map(|(field, _)| field.code()).collect()
}

#[test]
fn each_place_asks_what_its_law_names_and_no_more() {
    let id = PermitNumber::parse(Permit::CnId, "11010519491231002X").unwrap();
    let home = PermitNumber::parse(Permit::HomeReturn, "H12345678").unwrap();
    let passport = PermitNumber::parse(Permit::ForeignPassport, "P1234567").unwrap();
    let bir = PermitNumber::parse(Permit::MacaoBir, "5123456(7)").unwrap();
    let grown = born("1990-01-01");
    for (profile, document, region, nationality, at, expected) in [
        ("mainland", Some(&id), None, "CHN", Moment::In, vec!["name", "document_kind", "document_number"]),
        (
            "mainland",
            Some(&home),
            None,
            "CHN",
            Moment::In,
            vec!["name", "birth_date", "nationality", "document_kind", "document_number"],
        ),
        ("hong-kong", Some(&home), None, "CHN", Moment::In, vec!["name", "nationality"]),
        (
            "hong-kong",
            Some(&passport),
            None,
            "PRT",
            Moment::In,
            vec!["name", "nationality", "arrived_on", "arrived_by", "occupation"],
        ),
        ("hong-kong", Some(&passport), None, "PRT", Moment::Out, vec!["next_place", "leaves_by"]),
        ("hong-kong", Some(&home), None, "CHN", Moment::Out, vec![]),
        ("macao", Some(&bir), None, "CHN", Moment::In, vec!["region"]),
        ("macao", None, Some(AuthorityCode::Mac), "", Moment::In, vec!["region"]),
        (
            "macao",
            Some(&passport),
            None,
            "PRT",
            Moment::In,
            vec!["name", "birth_date", "nationality", "document_kind", "document_number", "limit_of_stay"],
        ),
    ] {
        let guest = facts(document, region, nationality, &grown);
        assert_eq!(required(profile, &guest, at), expected, "row {profile} {:?} {at:?}", guest.origin());
    }
}

#[test]
fn who_is_reported_follows_place_age_and_document() {
    let arrived = day().at_minute(600);
    let all = profiles();
    let passport = PermitNumber::parse(Permit::ForeignPassport, "P1234567").unwrap();
    let bir = PermitNumber::parse(Permit::MacaoBir, "5123456(7)").unwrap();
    let (seventeen, sixteen, unknown) = (born("2009-11-29"), born("2009-11-30"), AgeEvidence::default());
    for (profile, document, region, age, reported) in [
        ("mainland", Some(&passport), None, &sixteen, true),
        ("hong-kong", Some(&passport), None, &seventeen, false),
        ("macao", Some(&passport), None, &seventeen, true),
        ("macao", Some(&passport), None, &sixteen, false),
        ("macao", Some(&passport), None, &unknown, true),
        ("macao", Some(&bir), None, &seventeen, false),
        ("macao", None, Some(AuthorityCode::Mac), &unknown, false),
        ("macao", Some(&passport), Some(AuthorityCode::Mac), &seventeen, true),
    ] {
        let guest = facts(document, region, "PRT", age);
        let deadline = all.get(profile).unwrap().report(&guest, arrived);
        assert_eq!(deadline.is_some(), reported, "row {profile} {region:?}");
        if let Some(deadline) = deadline {
            assert_eq!(deadline.alarm_at.seconds_since(arrived), 20 * 3600);
            assert_eq!(deadline.due_at.seconds_since(arrived), 24 * 3600);
        }
    }
}

#[test]
fn the_five_rules_for_children_apply_below_eighteen_and_where_the_age_is_not_known() {
    let all = profiles();
    let duties = |age: &AgeEvidence| all.get("mainland").unwrap().child_duties(age, day()).len();
    assert_eq!((duties(&born("2008-11-30")), duties(&born("2008-11-29"))), (5, 0));
    assert_eq!(duties(&AgeEvidence::default()), 5);
    assert!(all.get("hong-kong").unwrap().child_duties(&born("2020-01-01"), day()).is_empty());
    assert!(!all.get("hong-kong").unwrap().registers(&born("2010-11-30"), day()));
    assert!(all.get("hong-kong").unwrap().registers(&born("2010-11-29"), day()));
}

#[test]
fn data_are_kept_as_long_as_law_and_approval_say() {
    let out = day().at_minute(720);
    let all = profiles();
    let until = |id: &str, days: Option<u16>| all.get(id).unwrap().keep_until(out, days).to_string();
    assert_eq!(until("mainland", Some(30)), "2026-12-30T00:00:00+08:00");
    assert_eq!(until("mainland", None), until("mainland", Some(999)));
    // Twelve months at least: the law is not shortened by an approval.
    assert_eq!(until("hong-kong", Some(30)), "2027-12-01T00:00:00+08:00");
}

#[test]
fn no_place_forces_a_face_and_ethnicity_is_no_field() {
    let rules: Vec<FaceRule> = profiles().iter().map(Profile::face).collect();
    assert_eq!(rules, [FaceRule::Never, FaceRule::Never, FaceRule::Optional], "hong-kong, macao, mainland");
    assert!("ethnicity".parse::<Field>().is_err());
}

#[test]
fn a_profile_is_refused_for_what_is_wrong_with_it() {
    for (from, to, said) in [
        ("need = \"required\"", "need = \"maybe\"", "need is required or optional"),
        ("who = [\"hong-kong\"", "who = [\"mars\"", "not mars"),
        ("alarm_hours = 20", "alarm_hours = 24", "before within_hours"),
        ("compare = \"optional\"", "compare = \"always\"", "no law forces"),
        ("\"document_number\"]", "\"ethnicity\"]", "ethnicity is no field"),
        ("days = 365", "days = 0", "1 to 3660"),
        ("mark = \"S\"", "mark = \"X\"", "mark is S, G or ?"),
        ("permits = [\"cn-id\"", "permits = [\"cn-idd\"", "cn-idd is no permit"),
        ("id = \"hong-kong\"", "id = \"mainland\"", "twice"),
        ("note = \"text\"", "note = \"song\"", "acknowledged or text"),
        ("from_age = 17\nneed", "from_age = 17\nbelow_age = 3\nneed", "nobody is"),
    ] {
        assert!(BUILTIN.contains(from), "row {from}");
        let error = Profiles::parse(&BUILTIN.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(error.contains(said), "row {to}: {error}");
    }
    assert!(matches!(Profiles::parse("profile = []"), Err(ProfilesError::Empty)));
    assert!(matches!(Profiles::parse("a = "), Err(ProfilesError::Form(_))));
}
