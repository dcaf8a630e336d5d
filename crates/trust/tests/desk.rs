//! Desks: what a venue's approval must say, what it covers, and where a desk's key counts.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a failure here fails the test")]

use credential::cbor::CborError;
use credential::message::{self, Kind};
use credential::venue::ClaimName;
use credential::{SigningKey, sha256};
use documents::{AuthorityCode, Direction, Scenario, Timestamp, VenueId};
use proptest::prelude::*;
use trust::{
    Approval, ApprovalError, Approvals, Binding, DeskBinding, DeskRefusal, DeskUse, Face, GateBinding,
    KeyEntry, OutsideDesk, Role, Root, Terms, TrustError, TrustList, TrustStore, VenueKind, gate_kid,
};

use AuthorityCode::{Chn, Hkg, Mac};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at("2026-03-02T10:00:00+08:00")
}

fn venue(name: &str) -> VenueId {
    name.parse().unwrap()
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn hotel() -> Approval {
    let each = |text: &str| vec![(Mac, format!("{text} of MAC"))];
    Approval {
        id: "hotels-1".to_owned(),
        number: 1,
        withdrawn: false,
        scenario: Scenario::HotelCheckIn,
        jurisdictions: vec![Mac],
        ports: vec![],
        from: "2026-01-01".parse().unwrap(),
        to: "2026-12-31".parse().unwrap(),
        hours: (6 * 60, 22 * 60),
        claims: texts(&["name", "nationality"]),
        retention_days: 180,
        assessment: "PIA-2".to_owned(),
        filings: each("filing"),
        probe_grounds: each("ground"),
        terms: Some(Terms {
            venues: vec![venue("hotel-one"), venue("hotel-two")],
            purposes: texts(&["guest-register", "room-change"]),
            face: Face::Compared { other_way: "staff look at the document".to_owned() },
        }),
    }
}

fn border() -> Approval {
    let plain = Approval::specimen("border-1", vec!["hengqin".parse().unwrap()], now().local_date());
    let terms = Terms { venues: vec![], purposes: texts(&["border-inspection"]), face: Face::NotCompared };
    Approval { terms: Some(terms), ..plain }
}

fn terms(approval: &mut Approval) -> &mut Terms {
    approval.terms.as_mut().unwrap()
}

fn asked<'a>(venue: &'a VenueId, claims: &'a [&'a str]) -> DeskUse<'a> {
    DeskUse {
        authority: Mac,
        venue,
        scenario: Scenario::HotelCheckIn,
        claims,
        purpose: "guest-register",
        retention_days: 180,
        face: true,
        at: now(),
    }
}

#[test]
fn an_approval_of_form_2_with_anything_missing_or_impossible_does_not_load() {
    for (change, missing) in [
        ((|_| {}) as fn(&mut Approval), None),
        (|a| a.id = " ".to_owned(), Some("id")),
        (|a| a.number = 0, Some("number")),
        (|a| a.withdrawn = true, None),
        (|a| a.scenario = Scenario::BuildingVisit, None),
        (|a| a.scenario = Scenario::LibraryAccount, None),
        (|a| a.scenario = Scenario::BorderCrossing, Some("list of ports")),
        (|a| a.jurisdictions.clear(), Some("list of jurisdictions")),
        (|a| a.ports = vec!["hengqin".parse().unwrap()], Some("list of ports")),
        (|a| a.to = "2025-12-31".parse().unwrap(), Some("last day")),
        (|a| a.hours = (600, 600), Some("hours")),
        (|a| a.claims.clear(), Some("list of claims")),
        (|a| a.claims.push("name".to_owned()), Some("list of claims")),
        (|a| a.retention_days = 0, Some("retention")),
        (|a| a.assessment.clear(), Some("impact assessment")),
        (|a| a.filings.clear(), Some("filing number")),
        (|a| a.probe_grounds.clear(), Some("legal ground for the face probe")),
        (|a| terms(a).venues.clear(), Some("list of venues")),
        (|a| terms(a).venues.push(venue("hotel-one")), Some("list of venues")),
        (|a| terms(a).purposes.clear(), Some("list of purposes")),
        (|a| terms(a).purposes.push(" ".to_owned()), Some("list of purposes")),
        (|a| terms(a).purposes.push("room-change".to_owned()), Some("list of purposes")),
        (|a| terms(a).face = Face::NotCompared, None),
        (
            |a| terms(a).face = Face::Compared { other_way: " ".to_owned() },
            Some("equal other way beside the face"),
        ),
    ] {
        let mut changed = hotel();
        change(&mut changed);
        let expected = missing.map_or(Ok(changed.clone()), |field| Err(ApprovalError::Field { field }));
        assert_eq!(Approval::decode(&changed.encode()), expected, "{missing:?}");
    }
    for (change, missing) in [
        ((|_| {}) as fn(&mut Approval), None),
        (|a| a.scenario = Scenario::HotelCheckIn, Some("list of ports")),
        (|a| a.ports.clear(), Some("list of ports")),
        (|a| terms(a).venues.push(venue("hotel-one")), Some("list of venues")),
        (|a| terms(a).purposes.clear(), Some("list of purposes")),
    ] {
        let mut changed = border();
        change(&mut changed);
        let expected = missing.map_or(Ok(changed.clone()), |field| Err(ApprovalError::Field { field }));
        assert_eq!(Approval::decode(&changed.encode()), expected, "border, {missing:?}");
    }
    for change in [
        (|a| terms(a).purposes = vec!["x".repeat(65)]) as fn(&mut Approval),
        |a| terms(a).purposes = (0..33).map(|n| n.to_string()).collect(),
        |a| terms(a).venues = (0..257).map(|n| venue(&format!("hotel-{n}"))).collect(),
        |a| terms(a).face = Face::Compared { other_way: "x".repeat(257) },
    ] {
        let mut changed = hotel();
        change(&mut changed);
        assert_eq!(Approval::decode(&changed.encode()), Err(CborError::Limit.into()));
    }
}

#[test]
fn a_venue_may_ask_for_claims_that_a_venue_credential_has_and_never_for_ethnicity() {
    for claim in ClaimName::ALL {
        let one = Approval { claims: texts(&[claim.as_str()]), ..hotel() };
        assert_eq!(Approval::decode(&one.encode()), Ok(one));
    }
    for claim in ["ethnicity", "permit", "face", "Name", "age_over_21", ""] {
        let one = Approval { claims: texts(&["name", claim]), ..hotel() };
        let refused = Err(ApprovalError::UnknownClaim { claim: claim.to_owned() });
        assert_eq!(Approval::decode(&one.encode()), refused);
    }
    let at_border = Approval { claims: texts(&["permit", "face"]), ..border() };
    assert_eq!(Approval::decode(&at_border.encode()), Ok(at_border), "ports know claims of their own");
}

#[test]
fn form_1_is_read_as_an_approval_of_the_border_and_of_nothing_else() {
    let form_1 = Approval { terms: None, ..border() };
    assert_eq!(Approval::decode(&form_1.encode()), Ok(form_1.clone()));
    let refused = Err(ApprovalError::Field { field: "scenario" });
    for scenario in [Scenario::BuildingVisit, Scenario::HotelCheckIn, Scenario::LibraryAccount] {
        let other = Approval { scenario, ..form_1.clone() };
        assert_eq!(Approval::decode(&other.encode()), refused, "{scenario}");
    }
    let bytes = form_1.encode();
    let start = bytes.windows(15).position(|part| part == b"border-crossing").unwrap();
    let mut renamed = bytes;
    renamed.splice(start..start + 15, *b"border-crossinG");
    assert_eq!(Approval::decode(&renamed), refused);
    let hengqin = "hengqin".parse().unwrap();
    let way = Direction::new(Chn, Mac).unwrap();
    assert!(form_1.covers(Scenario::BorderCrossing, &hengqin, way, now()));
    assert!(border().covers(Scenario::BorderCrossing, &hengqin, way, now()), "form 2 covers ports too");
    let name = venue("hotel-one");
    assert_eq!(form_1.covers_venue(&asked(&name, &[])), Err(DeskRefusal::Venue { venue: name }));
}

#[test]
fn an_approval_covers_what_it_names_and_is_refused_for_the_first_thing_beyond_it() {
    let (hotel_one, hotel_two, other) = (venue("hotel-one"), venue("hotel-two"), venue("hotel-six"));
    let id = || "hotels-1".to_owned();
    type Change<'a> = fn(&mut DeskUse<'a>, &'a VenueId);
    let rows: [(Change<'_>, Option<(&str, DeskRefusal)>); 19] = [
        (|_, _| {}, None),
        (|a, _| a.claims = &[], None),
        (|a, _| a.purpose = "room-change", None),
        (|a, _| a.retention_days = 0, None),
        (|a, _| a.face = false, None),
        (|a, _| a.at = at("2026-01-01T06:00:00+08:00"), None),
        (|a, _| a.at = at("2026-12-31T21:59:59+08:00"), None),
        (|a, o| a.venue = o, Some(("venue_not_approved", DeskRefusal::Venue { venue: other.clone() }))),
        (
            |a, _| a.scenario = Scenario::BuildingVisit,
            Some((
                "scenario_not_approved",
                DeskRefusal::Scenario { venue: hotel_one.clone(), scenario: Scenario::BuildingVisit },
            )),
        ),
        (
            |a, _| a.scenario = Scenario::BorderCrossing,
            Some((
                "scenario_not_approved",
                DeskRefusal::Scenario { venue: hotel_one.clone(), scenario: Scenario::BorderCrossing },
            )),
        ),
        (
            |a, _| a.authority = Hkg,
            Some(("authority_not_concerned", DeskRefusal::Authority { id: id(), authority: Hkg })),
        ),
        (
            |a, _| a.at = at("2025-12-31T12:00:00+08:00"),
            Some(("approval_not_begun", DeskRefusal::NotBegun { id: id(), from: hotel().from })),
        ),
        (
            |a, _| a.at = at("2027-01-01T06:00:00+08:00"),
            Some(("approval_over", DeskRefusal::Over { id: id(), to: hotel().to })),
        ),
        (
            |a, _| a.at = at("2026-03-02T05:59:59+08:00"),
            Some(("outside_hours", DeskRefusal::OutsideHours { id: id(), hours: (360, 1320) })),
        ),
        (
            |a, _| a.at = at("2026-03-02T22:00:00+08:00"),
            Some(("outside_hours", DeskRefusal::OutsideHours { id: id(), hours: (360, 1320) })),
        ),
        (|a, _| a.purpose = "advertising", Some(("purpose_not_approved", DeskRefusal::Purpose { id: id() }))),
        (
            |a, _| a.claims = &["name", "birth_date", "portrait"],
            Some(("claim_not_approved", DeskRefusal::Claim { id: id(), claim: "birth_date".to_owned() })),
        ),
        (
            |a, _| a.retention_days = 181,
            Some(("retention_too_long", DeskRefusal::Retention { id: id(), asked: 181, allowed: 180 })),
        ),
        (
            // Of several reasons the first is told, in the order of these rows.
            |a, _| (a.purpose, a.claims, a.retention_days) = ("advertising", &["portrait"], 9_999),
            Some(("purpose_not_approved", DeskRefusal::Purpose { id: id() })),
        ),
    ];
    for (change, refused) in rows {
        for name in [&hotel_one, &hotel_two] {
            let mut use_ = asked(name, &["name", "nationality"]);
            change(&mut use_, &other);
            let mut expected = refused.clone();
            if let Some((_, DeskRefusal::Scenario { venue, .. })) = &mut expected {
                *venue = name.clone();
            }
            let found = hotel().covers_venue(&use_);
            if let (Err(refusal), Some((code, _))) = (&found, &refused) {
                assert_eq!(refusal.code(), *code);
                assert!(refusal.to_string().contains("; "), "says what to do next: {refusal}");
            }
            assert_eq!(found, expected.map_or(Ok(()), |(_, refusal)| Err(refusal)), "{use_:?}");
        }
    }
    let by = |change: fn(&mut Approval)| {
        let mut changed = hotel();
        change(&mut changed);
        changed.covers_venue(&asked(&hotel_one, &["name"])).map_err(|refusal| refusal.code())
    };
    assert_eq!(by(|a| terms(a).face = Face::NotCompared), Err("face_not_approved"));
    assert_eq!(by(|a| a.withdrawn = true), Err("approval_withdrawn"));
    assert_eq!(by(|a| (a.withdrawn, a.to) = (true, a.from)), Err("approval_withdrawn"), "before its dates");
}

#[test]
fn of_several_approvals_the_one_that_covers_is_found_and_else_the_reason_that_says_most() {
    let (hotel_one, other) = (venue("hotel-one"), venue("hotel-six"));
    let mut approvals = Approvals::default();
    let venue_unknown = |name: &VenueId| Err(DeskRefusal::Venue { venue: name.clone() });
    assert_eq!(approvals.covers_venue(&asked(&hotel_one, &[])), venue_unknown(&hotel_one));
    approvals.take(border()).unwrap();
    approvals.take(Approval { id: "ended".to_owned(), to: hotel().from, ..hotel() }).unwrap();
    assert_eq!(approvals.covers_venue(&asked(&other, &[])), venue_unknown(&other));
    let code = |approvals: &Approvals, use_: &DeskUse<'_>| {
        approvals.covers_venue(use_).map(|approval| approval.id.clone()).map_err(|refusal| refusal.code())
    };
    assert_eq!(code(&approvals, &asked(&hotel_one, &["name"])), Err("approval_over"));
    approvals.take(hotel()).unwrap();
    assert_eq!(code(&approvals, &asked(&hotel_one, &["name"])), Ok("hotels-1".to_owned()));
    assert_eq!(code(&approvals, &asked(&hotel_one, &["city"])), Err("claim_not_approved"));
    let under = |id: &str, claims: &[&str]| {
        let found = approvals.covers_venue_under(id, &asked(&hotel_one, claims));
        found.map(|approval| approval.number).map_err(|refusal| refusal.code())
    };
    assert_eq!(under("hotels-1", &["name"]), Ok(1));
    assert_eq!(under("ended", &["name"]), Err("approval_over"), "another covers it, but it was not named");
    assert_eq!(under("hotels-1", &["city"]), Err("claim_not_approved"));
    assert_eq!(under("hotels-2", &["name"]), Err("approval_unknown"));
}

#[test]
fn nobody_goes_back_to_an_older_text_in_either_form() {
    let form_1 = |number| Approval { number, terms: None, ..border() };
    let form_2 = |number| Approval { number, ..border() };
    let mut approvals = Approvals::default();
    approvals.take(form_1(1)).unwrap();
    let refused = |have, got| Err(ApprovalError::Rollback { id: "border-1".to_owned(), have, got });
    assert_eq!(approvals.take(form_2(1)), refused(1, 1), "the same number in the other form");
    approvals.take(form_2(2)).unwrap();
    for old in [form_1(1), form_1(2), form_2(1)] {
        let got = old.number;
        assert_eq!(approvals.take(old), refused(2, got));
    }
    approvals.take(form_2(2)).unwrap();
    approvals.take(form_1(3)).unwrap();
    assert_eq!(approvals.newest().get("border-1"), Some(&(3, sha256(&form_1(3).encode()))));
    // A withdrawal stays one, whichever form follows it.
    approvals.take(Approval { withdrawn: true, ..form_2(4) }).unwrap();
    assert_eq!(approvals.take(form_1(3)), refused(4, 3));
    let way = Direction::new(Chn, Mac).unwrap();
    assert!(approvals.covering(&"hengqin".parse().unwrap(), way, now()).is_err());
}

fn listed(role: Role, kid: &[u8], key: &SigningKey, binding: Option<Binding>) -> KeyEntry {
    let (from, to) = (at("2026-01-01T00:00:00+08:00"), at("2027-01-01T00:00:00+08:00"));
    let key = key.public().as_bytes().to_vec();
    KeyEntry { role, kid: kid.to_vec(), key, from, to, compromised: false, binding }
}

fn list(signer: &SigningKey, keys: Vec<KeyEntry>) -> TrustList {
    let root = Root::of(1, [("root", *signer.public())]).unwrap();
    let (issued, expires) = (now(), now().plus_seconds(86_400));
    TrustList { authority: Mac, number: 1, issued, expires, root, next: None, keys }
}

fn store(signer: &SigningKey, keys: Vec<KeyEntry>) -> TrustStore {
    let list = list(signer, keys);
    let mut store = TrustStore::new(&[(Mac, list.root.clone())]).unwrap();
    store.update(&list.sign(b"root", signer).unwrap(), now()).unwrap();
    store
}

#[test]
fn each_form_is_signed_under_its_own_label_and_opens_under_no_other() {
    let (root, key) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
    let store = store(&root, vec![listed(Role::Approval, b"1", &key, None)]);
    let form_1 = Approval {
        terms: None,
        jurisdictions: vec![Mac],
        filings: hotel().filings,
        probe_grounds: hotel().probe_grounds,
        ..border()
    };
    for (approval, right, wrong) in
        [(form_1, Kind::Approval, Kind::ApprovalForm2), (hotel(), Kind::ApprovalForm2, Kind::Approval)]
    {
        let open = |message: Vec<u8>| Approval::open(&Approval::bundle(&[(Mac, message)]), &store, now());
        assert_eq!(open(approval.sign(b"1", &key).unwrap()).as_ref(), Ok(&approval));
        let by_hand = |kind| open(message::sign(kind, b"1", &key, &approval.encode()).unwrap());
        assert_eq!(by_hand(right).as_ref(), Ok(&approval), "{right:?}");
        assert!(matches!(by_hand(wrong), Err(ApprovalError::Message(_))), "{wrong:?}");
    }
}

#[test]
fn a_desk_s_key_counts_at_its_venue_in_its_scenarios_and_nowhere_else() {
    let both = [Scenario::HotelCheckIn, Scenario::BuildingVisit];
    let bound = DeskBinding::new(venue("hotel-one"), VenueKind::Hotel, [Scenario::HotelCheckIn]).unwrap();
    for (name, scenario, expected) in [
        ("hotel-one", Scenario::HotelCheckIn, Ok(())),
        ("hotel-two", Scenario::HotelCheckIn, Err((OutsideDesk::Venue, "desk_of_another_venue"))),
        ("hotel-one", Scenario::LibraryAccount, Err((OutsideDesk::Kind, "scenario_of_another_kind"))),
        ("hotel-one", Scenario::BorderCrossing, Err((OutsideDesk::Kind, "scenario_of_another_kind"))),
        ("hotel-one", Scenario::BuildingVisit, Err((OutsideDesk::Scenario, "scenario_not_listed"))),
    ] {
        let found = bound.check(&venue(name), scenario).map_err(|outside| (outside, outside.code()));
        assert_eq!(found, expected, "{name} {scenario}");
    }
    for (kind, scenarios, fits) in [
        (VenueKind::Hotel, &both[..], true),
        (VenueKind::Hotel, &[], false),
        (VenueKind::Building, &both, false),
        (VenueKind::Building, &[Scenario::BuildingVisit], true),
        (VenueKind::Library, &[Scenario::LibraryAccount, Scenario::BuildingVisit], true),
        (VenueKind::Library, &[Scenario::HotelCheckIn], false),
        (VenueKind::Hotel, &[Scenario::BorderCrossing], false),
    ] {
        let made = DeskBinding::new(venue("place"), kind, scenarios.iter().copied());
        assert_eq!(made.is_some(), fits, "{kind} {scenarios:?}");
    }
}

#[test]
fn a_desk_is_found_with_its_venue_and_a_key_of_another_role_is_none() {
    let [root, desk, gate] = [(); 3].map(|()| SigningKey::generate().unwrap());
    let bound = DeskBinding::new(venue("hotel-one"), VenueKind::Hotel, [Scenario::HotelCheckIn]).unwrap();
    let way = Direction::new(Chn, Mac).unwrap();
    let lane = GateBinding::code_lane("hengqin".parse().unwrap(), way, true);
    let entry = |kid: &[u8], key| listed(Role::Desk, kid, key, Some(Binding::Desk(bound.clone())));
    let keys = vec![
        entry(b"hotel-one", &desk),
        entry(&gate_kid("hotel-one", 2), &gate),
        listed(Role::Gate, b"hengqin/CHN-MAC", &gate, Some(Binding::Gate(lane))),
        listed(Role::Venue, &[1], &gate, None),
    ];
    let store = store(&root, keys);
    for (kid, key) in [(&b"hotel-one"[..], &desk), (b"hotel-one#2", &gate)] {
        let (found, binding) = store.desk(Mac, kid, now()).unwrap();
        assert_eq!((found.public(), binding), (key.public(), &bound));
    }
    assert!(store.find(Mac, Role::Venue, &[1], now()).is_ok());
    let wrong = |role| TrustError::WrongRole { authority: Mac, role };
    assert_eq!(store.desk(Mac, b"hengqin/CHN-MAC", now()).err(), Some(wrong(Role::Desk)));
    assert_eq!(store.gate(Mac, b"hotel-one", now()).err(), Some(wrong(Role::Gate)));
    assert_eq!(store.find(Mac, Role::Token, &[1], now()).err(), Some(wrong(Role::Token)));
    assert_eq!(store.desk(Mac, b"hotel-six", now()).err(), Some(TrustError::UnknownKey { authority: Mac }));
    let late = at("2027-01-01T00:00:00+08:00");
    assert_eq!(store.desk(Mac, b"hotel-one", late).err(), Some(TrustError::Expired { authority: Mac }));
}

#[test]
fn a_list_with_a_desk_s_binding_has_one_form_and_one_with_an_unknown_role_is_refused_whole() {
    let key = SigningKey::generate().unwrap();
    let bound = DeskBinding::new(
        venue("hotel-one"),
        VenueKind::Hotel,
        [Scenario::HotelCheckIn, Scenario::BuildingVisit],
    );
    let desk = listed(Role::Desk, b"hotel-one", &key, bound.map(Binding::Desk));
    let whole = list(&key, vec![desk.clone(), listed(Role::Token, &[1], &key, None)]);
    let encoded = whole.encode();
    assert_eq!(TrustList::decode(&encoded), Ok(whole));
    let replaced = |from: &str, to: &str| {
        let text = hex::encode(&encoded);
        assert_eq!(text.matches(from).count(), 1, "{from}");
        TrustList::decode(&hex::decode(text.replace(from, to)).unwrap())
    };
    let [visit, check_in] = [Scenario::BuildingVisit, Scenario::HotelCheckIn].map(|scenario| {
        let name = scenario.as_str();
        format!("{:02x}{}", 0x60 + name.len(), hex::encode(name))
    });
    for (from, to, why) in [
        (format!("82{visit}{check_in}"), format!("82{check_in}{visit}"), CborError::Keys),
        (format!("82{visit}{check_in}"), format!("82{visit}{visit}"), CborError::Keys),
        (format!("0182{visit}"), format!("0082{visit}"), CborError::Limit),
        (format!("0182{visit}"), format!("0382{visit}"), CborError::Unexpected),
        // Role 10 as the first that nobody knows.
        ("870a".to_owned(), "870b".to_owned(), CborError::Unexpected),
        // A desk's entry as one without a binding.
        ("870a".to_owned(), "8709".to_owned(), CborError::Unexpected),
    ] {
        assert_eq!(replaced(&from, &to), Err(why), "{from} to {to}");
    }
}

fn text(max: usize) -> impl Strategy<Value = String> {
    prop::string::string_regex(&format!("[a-z0-9 ,.äß酒店]{{0,{}}}[a-z0-9]", max / 4)).unwrap()
}

prop_compose! {
    fn any_terms()(
        venues in prop::collection::btree_set("[a-z0-9][a-z0-9-]{1,38}[a-z0-9]", 1..8),
        purposes in prop::collection::btree_set(text(64), 1..8),
        other_way in prop::option::of(text(256)),
    ) -> Terms {
        Terms {
            venues: venues.iter().map(|name| venue(name)).collect(),
            purposes: purposes.into_iter().collect(),
            face: other_way.map_or(Face::NotCompared, |other_way| Face::Compared { other_way }),
        }
    }
}

prop_compose! {
    /// Either form, the border and venues.
    fn any_approval()(
        (id, assessment, filing, ground) in (text(64), text(128), text(256), text(256)),
        number in 1..=u64::from(u32::MAX),
        withdrawn: bool,
        scenario in prop::sample::select(Scenario::ALL.to_vec()),
        jurisdictions in prop::sample::subsequence(AuthorityCode::ALL.to_vec(), 1..=3),
        ports in prop::collection::vec("[a-z0-9-]{1,32}", 1..8),
        days in (0_u16..3_000, 0_u16..3_000),
        hours in (0_u16..1_440, 1_u16..=1_440).prop_filter("hours go forward", |(a, b)| a < b),
        claims in prop::sample::subsequence(ClaimName::ALL.map(ClaimName::as_str).to_vec(), 1..=15),
        retention_days in 1_u16..=36_500,
        second: bool,
        terms in any_terms(),
    ) -> Approval {
        let border = scenario == Scenario::BorderCrossing;
        let first: documents::LocalDate = "2024-02-28".parse().unwrap();
        let each = |text: &str| jurisdictions.iter().map(|by| (*by, text.to_owned())).collect();
        let venues = if border { vec![] } else { terms.venues.clone() };
        Approval {
            id, number, withdrawn, scenario,
            ports: if border { ports.iter().map(|port| port.parse().unwrap()).collect() } else { vec![] },
            from: first.plus_days(days.0.min(days.1).into()),
            to: first.plus_days(days.0.max(days.1).into()),
            hours,
            claims: texts(&claims),
            retention_days, assessment,
            filings: each(&filing),
            probe_grounds: each(&ground),
            terms: (second || !border).then_some(Terms { venues, ..terms }),
            jurisdictions,
        }
    }
}

proptest! {
    #[test]
    fn an_approval_of_either_form_is_read_as_it_was_written_and_in_no_other_bytes(approval in any_approval(), at: prop::sample::Index, bit in 0_u8..8) {
        let bytes = approval.encode();
        let read = Approval::decode(&bytes);
        prop_assert_eq!(read.as_ref(), Ok(&approval));
        let mut changed = bytes.clone();
        let at = at.index(bytes.len());
        if let Some(byte) = changed.get_mut(at) {
            *byte ^= 1 << bit;
        }
        if let Ok(other) = Approval::decode(&changed) {
            prop_assert_eq!(other.encode(), changed, "one form");
            prop_assert_ne!(other, approval);
        }
    }

    #[test]
    fn no_bytes_make_the_reader_of_approvals_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Approval::decode(&bytes);
        let _ = Approval::open(&bytes, &TrustStore::default(), now());
        let _ = Approval::unverified(&bytes);
    }
}
