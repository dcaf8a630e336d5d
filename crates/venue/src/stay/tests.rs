//! Tests of stays: what becomes of an arrival, and what a stay may become.

use credential::venue::Pseudonym;
use proptest::prelude::*;

use super::*;
use crate::profile::{Permit, PermitNumber, Profiles};

fn profile(id: &str) -> Profile {
    Profiles::builtin().unwrap().get(id).unwrap().clone()
}

fn now() -> Timestamp {
    "2026-11-29T15:00:00+08:00".parse().unwrap()
}

fn shown(permit: Permit, number: &str) -> Disclosed {
    Disclosed {
        pseudonym: Some(Pseudonym::from_bytes([7; 16])),
        name: Some("CHAN SIU MING".to_owned()),
        birth: Some(documents::Birth::Date("1990-05-17".parse().unwrap())),
        nationality: Some("CHN".parse().unwrap()),
        document: Some(PermitNumber::parse(permit, number).unwrap()),
        ..Disclosed::nothing(Source::Presentation)
    }
}

fn typed(fields: &[(Field, &str)]) -> Typed {
    fields.iter().map(|(field, text)| (*field, (*text).to_owned())).collect()
}

fn codes(refused: Result<Admission, BTreeSet<GuestFault>>) -> Vec<(&'static str, Option<&'static str>)> {
    let faults = refused.expect_err("refused");
    assert!(!sentence(&faults).is_empty());
    faults.iter().map(|fault| (fault.code(), fault.field().map(Field::code))).collect()
}

#[test]
fn fields_come_from_the_pass_and_what_is_not_asked_is_not_kept() {
    let mut shown = shown(Permit::HomeReturn, "H12345678");
    shown.city = Some("Hong Kong".to_owned());
    let admitted = admit(&profile("mainland"), &shown, &Typed::new(), &Notes::new(), now()).unwrap();
    let Admission::Guest(guest, Some(deadline)) = admitted else { panic!("{admitted:?}") };
    let kept: Vec<_> = guest.fields().map(|(field, entry)| (field.code(), entry.text.as_str())).collect();
    assert_eq!(
        kept,
        [
            ("name", "CHAN SIU MING"),
            ("birth_date", "1990-05-17"),
            ("nationality", "CHN"),
            ("document_kind", "hk-mo-home-return"),
            ("document_number", "H12345678"),
        ]
    );
    assert!(guest.fields().all(|(_, entry)| entry.source == Source::Presentation));
    assert_eq!(deadline.due_at.seconds_since(now()), 86_400);
    // Hong Kong keeps a name and a nationality of a Chinese guest, and tells nobody.
    let admitted = admit(&profile("hong-kong"), &shown_for_hong_kong(), &Typed::new(), &Notes::new(), now());
    let Ok(Admission::Guest(guest, None)) = admitted else { panic!("{admitted:?}") };
    assert_eq!(guest.fields().count(), 2);
}

fn shown_for_hong_kong() -> Disclosed {
    shown(Permit::ExitEntry, "C12345678")
}

#[test]
fn an_arrival_is_refused_for_everything_that_is_wrong_with_it() {
    let by_card = |fields: &[(Field, &str)]| {
        admit(&profile("mainland"), &Disclosed::nothing(Source::Typed), &typed(fields), &Notes::new(), now())
    };
    let pass = |profile_id: &str, shown: &Disclosed, fields: &[(Field, &str)]| {
        admit(&profile(profile_id), shown, &typed(fields), &Notes::new(), now())
    };
    let home = shown(Permit::HomeReturn, "H12345678");
    assert_eq!(
        codes(pass("mainland", &home, &[(Field::Name, "SOMEBODY ELSE")])),
        [("typed_over_claim", Some("name"))]
    );
    assert_eq!(
        codes(pass("mainland", &home, &[(Field::Occupation, "cook")])),
        [("field_not_asked", Some("occupation"))]
    );
    assert_eq!(
        codes(pass("mainland", &shown(Permit::Hkid, "A123456(3)"), &[])),
        [("permit_not_taken", Some("document_kind"))]
    );
    let id = [(Field::Name, "LI"), (Field::DocumentKind, "cn-id")];
    let number = |text| [id.as_slice(), &[(Field::DocumentNumber, text)]].concat();
    assert!(by_card(&number("11010519491231002X")).is_ok());
    assert_eq!(codes(by_card(&number("110105194912310021"))), [("field_form", Some("document_number"))]);
    assert_eq!(codes(by_card(&id)), [("field_missing", Some("document_number"))]);
    let mut bell = home.clone();
    bell.name = Some("CHAN\u{0}".to_owned());
    assert_eq!(codes(pass("mainland", &bell, &[])), [("field_form", Some("name"))]);
    let mut bell = number("11010519491231002X");
    bell[0] = (Field::Name, "L\u{7}I");
    assert_eq!(codes(by_card(&bell)), [("field_form", Some("name"))]);
    let mut foreign = shown(Permit::ForeignPassport, "P1234567");
    foreign.nationality = Some("PRT".parse().unwrap());
    assert_eq!(codes(pass("macao", &foreign, &[])), [("field_missing", Some("limit_of_stay"))]);
    assert_eq!(
        codes(pass("macao", &foreign, &[(Field::LimitOfStay, "soon")])),
        [("field_form", Some("limit_of_stay"))]
    );
    assert_eq!(
        codes(pass(
            "hong-kong",
            &foreign,
            &[(Field::ArrivedOn, "2026-11-30"), (Field::ArrivedBy, "CX250"), (Field::Occupation, "cook")]
        )),
        [("field_form", Some("arrived_on"))]
    );
}

/// ICAO 9303-4, appendix B: the specimen of Utopia.
const SPECIMEN: &str =
    "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10";

#[test]
fn a_guest_without_a_phone_is_read_from_the_card_and_nothing_is_typed_over_it() {
    let mrz = documents::Mrz::parse(SPECIMEN, now().local_date()).unwrap();
    let shown = Disclosed::of_mrz(&mrz);
    let admitted = admit(&profile("mainland"), &shown, &Typed::new(), &Notes::new(), now()).unwrap();
    let Admission::Guest(guest, _) = admitted else { panic!("{admitted:?}") };
    let kept: Vec<_> = guest.fields().map(|(field, entry)| (field.code(), entry.text.as_str())).collect();
    assert_eq!(
        kept,
        [
            ("name", "ERIKSSON ANNA MARIA"),
            ("birth_date", "1974-08-12"),
            ("nationality", "UTO"),
            ("document_kind", "foreign-passport"),
            ("document_number", "L898902C3"),
        ]
    );
    assert!(guest.fields().all(|(_, entry)| entry.source == Source::Mrz) && guest.pseudonym().is_none());
    let over = typed(&[(Field::DocumentNumber, "L898902C4")]);
    let refused = admit(&profile("mainland"), &shown, &over, &Notes::new(), now());
    assert_eq!(codes(refused), [("typed_over_claim", Some("document_number"))]);
}

#[test]
fn a_resident_of_macao_proves_that_and_nothing_more() {
    let resident = Disclosed {
        region: Some(documents::AuthorityCode::Mac),
        name: Some("LEI".to_owned()),
        ..Disclosed::nothing(Source::Presentation)
    };
    let admitted = admit(&profile("macao"), &resident, &Typed::new(), &Notes::new(), now());
    let Ok(Admission::Guest(guest, None)) = admitted else { panic!("{admitted:?}") };
    assert_eq!(guest.fields().map(|(field, _)| field.code()).collect::<Vec<_>>(), ["region"]);
}

#[test]
fn a_minor_is_not_registered_before_the_five_rules_are_noted() {
    let mut child = shown(Permit::HomeReturn, "H12345678");
    child.birth = Some(documents::Birth::Date("2015-01-01".parse().unwrap()));
    let mainland = profile("mainland");
    let missing = codes(admit(&mainland, &child, &Typed::new(), &Notes::new(), now()));
    assert_eq!(missing, vec![("duty_missing", None); 5]);
    let mut notes: Notes =
        ["identity", "visitors", "suspicion"].map(|duty| (duty.to_owned(), String::new())).into();
    notes.insert("parents_contact".to_owned(), "13800000000".to_owned());
    notes.insert("relation".to_owned(), String::new());
    let missing = admit(&mainland, &child, &Typed::new(), &notes, now()).unwrap_err();
    assert_eq!(missing.into_iter().collect::<Vec<_>>(), [GuestFault::Duty("relation".to_owned())]);
    notes.insert("relation".to_owned(), "daughter".to_owned());
    let Ok(Admission::Guest(guest, _)) = admit(&mainland, &child, &Typed::new(), &notes, now()) else {
        panic!()
    };
    assert!(guest.may_be_minor() && guest.notes().len() == 5);
    // In Hong Kong a child under 16 stands with the adult, and nothing is written.
    assert_eq!(admit(&profile("hong-kong"), &child, &Typed::new(), &notes, now()), Ok(Admission::WithAdult));
}

fn stay() -> Stay {
    let admitted = admit(
        &profile("mainland"),
        &Disclosed::nothing(Source::Typed),
        &typed(&[
            (Field::Name, "LI"),
            (Field::DocumentKind, "cn-id"),
            (Field::DocumentNumber, "11010519491231002X"),
        ]),
        &Notes::new(),
        now(),
    );
    let Ok(Admission::Guest(guest, deadline)) = admitted else { panic!("{admitted:?}") };
    Stay::InHouse(InHouse {
        guest: *guest,
        room: "1203".parse().unwrap(),
        since: now(),
        planned: "2026-12-01".parse().unwrap(),
        deadline,
    })
}

#[test]
fn a_transition_is_refused_with_its_own_code() {
    let later = now().plus_seconds(3600);
    let mainland = profile("mainland");
    let out = stay().check_out(&mainland, &Typed::new(), later, None).unwrap();
    let with_pass = {
        let shown = shown(Permit::HomeReturn, "H12345678");
        let admitted = admit(&mainland, &shown, &Typed::new(), &Notes::new(), now());
        let Ok(Admission::Guest(guest, deadline)) = admitted else { panic!() };
        Stay::InHouse(InHouse { guest: *guest, deadline, ..stay().last().clone() })
    };
    let name = typed(&[(Field::Name, "LEE")]);
    for (refused, code) in [
        (stay().change_room("1203".parse().unwrap(), later), "same_room"),
        (out.clone().change_room("1204".parse().unwrap(), later), "left_already"),
        (out.clone().check_out(&mainland, &Typed::new(), later, None), "left_already"),
        (stay().check_out(&mainland, &Typed::new(), now().plus_seconds(-1), None), "clock_behind"),
        (with_pass.correct(&name, later), "typed_over_claim"),
        (stay().correct(&typed(&[(Field::Occupation, "cook")]), later), "field_not_kept"),
        (stay().correct(&typed(&[(Field::Name, "LI")]), later), "unchanged"),
        (stay().correct(&typed(&[(Field::DocumentNumber, "110105194912310021")]), later), "field_form"),
        (stay().check_out(&mainland, &typed(&[(Field::NextPlace, "X")]), later, None), "field_not_kept"),
    ] {
        let error = refused.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
    }
    // A clerk's slip is corrected after the guest has left, too.
    assert_eq!(out.correct(&name, later).unwrap().guest().field(Field::Name), Some("LEE"));
}

#[test]
fn one_bad_line_of_a_group_never_holds_up_the_others() {
    let mut csv = "Guest no,NAME,Room\n".to_owned();
    let mut arrivals = Vec::new();
    for line in 0..40_u16 {
        csv.push_str(&format!("{line},\"Ming, Chan {line}\",{}\n", 1200 + line / 2));
        let mut shown = shown(Permit::HomeReturn, &format!("H{line:08}"));
        shown.name = Some(format!("CHAN {line} MING"));
        if line == 17 {
            shown.birth = None;
        }
        arrivals.push(Arrival { line, shown, typed: Typed::new(), notes: Notes::new(), room: None });
    }
    let (rooming, errors) = RoomingList::read(&csv);
    assert!(errors.is_empty(), "{errors:?}");
    let party = |arrivals| {
        Party::new(PartyId::from_bytes([1; 16]), "2026-12-01".parse().unwrap(), arrivals, rooming.clone())
    };
    let outcomes = party(arrivals.clone()).unwrap().admit(&profile("mainland"), now());
    let in_room = |line: u16| {
        let Outcome::Stay(stay) = &outcomes[&line] else { panic!("{:?}", outcomes[&line]) };
        stay.last().room.as_str().to_owned()
    };
    assert_eq!((in_room(0), in_room(39)), ("1200".to_owned(), "1219".to_owned()));
    let refused: Vec<_> = outcomes.iter().filter(|(_, o)| matches!(o, Outcome::Refused(_))).collect();
    assert_eq!(refused.len(), 1);
    // A missing birth date leaves the age open: the duties towards minors are asked too.
    let Outcome::Refused(faults) = refused[0].1 else { panic!() };
    assert_eq!(faults.first(), Some(&GuestFault::Missing(Field::BirthDate)));
    let mut twice = arrivals.clone();
    twice[3].shown.document = twice[2].shown.document.clone();
    let outcomes = party(twice).unwrap().admit(&profile("mainland"), now());
    assert_eq!(outcomes[&3], Outcome::Refused([GuestFault::TwiceInParty(2)].into()));
    let mut stranger = arrivals.clone();
    stranger[5].shown.name = Some("NOBODY".to_owned());
    let outcomes = party(stranger).unwrap().admit(&profile("mainland"), now());
    assert_eq!(outcomes[&5], Outcome::Refused([GuestFault::NoRoom].into()));
    let mut same = arrivals.clone();
    same[1].line = 0;
    assert_eq!(party(same).unwrap_err(), PartyError::Line(0));
    assert_eq!(party(Vec::new()).unwrap_err().code(), "party_size");
}

#[test]
fn a_rooming_list_names_each_row_that_it_cannot_use() {
    let (list, errors) = RoomingList::read("room,name\n1201,LI\n,WANG\n12 03,ZHAO\n1204,\n1205,QIAN\n");
    assert_eq!(list.rows().len(), 2);
    assert_eq!(errors.iter().map(|error| error.row).collect::<Vec<_>>(), [2, 3, 4]);
    assert_eq!(RoomingList::read("zimmer,name\n1,LI\n").1[0].row, 0);
}

#[derive(Debug, Clone)]
enum Step {
    Room(u8),
    Correct(u8),
    Out,
}

proptest! {
    /// Whatever is done to a stay in whatever order: it leaves once, its guest stays the same person, and time never runs back.
    #[test]
    fn a_stay_leaves_once_and_keeps_its_guest(
        steps in prop::collection::vec(
            (prop_oneof![(0_u8..4).prop_map(Step::Room), (0_u8..4).prop_map(Step::Correct), Just(Step::Out)], -100_i64..100),
            0..30,
        ),
    ) {
        let mainland = profile("mainland");
        let mut stay = stay();
        let mut left = 0;
        for (step, seconds) in steps {
            let at = now().plus_seconds(seconds);
            let before = stay.clone();
            let next = match step {
                Step::Room(room) => stay.clone().change_room(format!("R{room}").parse().unwrap(), at),
                Step::Correct(name) => stay.clone().correct(&typed(&[(Field::Name, &format!("LI {name}"))]), at),
                Step::Out => stay.clone().check_out(&mainland, &Typed::new(), at, Some(30)),
            };
            if let Ok(next) = next {
                if matches!((&before, &next), (Stay::InHouse(_), Stay::Left(_))) {
                    left += 1;
                }
                prop_assert!(!matches!((&before, &next), (Stay::Left(_), Stay::InHouse(_))));
                if let Stay::Left(left) = &next {
                    prop_assert!(left.out >= left.was.since && left.keep_until > left.out);
                }
                stay = next;
            }
            prop_assert_eq!(stay.guest().field(Field::DocumentNumber), Some("11010519491231002X"));
        }
        prop_assert!(left <= 1);
    }

    /// No text that a clerk types makes the desk panic, and what is taken has no control character.
    #[test]
    fn any_typed_text_is_taken_clean_or_refused(text in any::<String>(), at in 0_usize..16) {
        let field = Field::ALL[at];
        if let Ok(taken) = guest::checked(field, &text, now().local_date()) {
            prop_assert!(!taken.is_empty() && taken.chars().count() <= MAX_TEXT);
            prop_assert!(!taken.chars().any(char::is_control));
        }
    }

    /// Any file can be read as a rooming list.
    #[test]
    fn any_text_is_a_rooming_list_of_some_rows(text in any::<String>()) {
        prop_assert!(RoomingList::read(&text).0.rows().len() <= MAX_PARTY);
    }
}
