//! A wallet registers at desks: what it shows, which credential from whom, each refusal with its code, and what it keeps.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failing helper fails the test that called it"
)]
#![expect(clippy::expect_used, clippy::panic, reason = "helpers of other tests")]

#[expect(dead_code, reason = "the other test programs use the rest")]
mod bay;
#[expect(dead_code, reason = "the other test programs use the rest")]
mod parties;
#[expect(clippy::disallowed_methods, reason = "a test is an HTTP client of its own")]
#[path = "desks/people.rs"]
mod people;

use std::collections::BTreeSet;

use bay::Folder;
use code::{VenueCode, VenueCodeKind};
use credential::SigningKey;
use credential::status::Status;
use credential::venue::{
    ClaimName, ClaimSet, Exchange, UnverifiedAnswer, UnverifiedRequest, VenueRequest, VerifiedAnswer,
};
use documents::{AuthorityCode, Scenario, Timestamp};
use gate::{Clock, SystemClock};
use people::*;
use serde_json::{Value, json};
use trust::Role;

fn key_of(folder: &Folder, path: &str) -> SigningKey {
    SigningKey::from_pkcs8(&std::fs::read(folder.dir().join(path)).unwrap()).unwrap()
}

fn desk_key(folder: &Folder, venue: &str) -> SigningKey {
    key_of(folder, &format!("venues/{venue}/keys/desk.key"))
}

/// What the hotel in Zhuhai asks.
fn hotel(now: Timestamp) -> VenueRequest {
    VenueRequest {
        venue: ZHUHAI.parse().unwrap(),
        scenario: Scenario::HotelCheckIn,
        approval: "SPECIMEN-HOTEL-ZHUHAI".to_owned(),
        purpose: "guest-register".to_owned(),
        required: [ClaimName::Name, ClaimName::DocumentNumber].into_iter().collect(),
        optional: [ClaimName::NameZh].into_iter().collect(),
        retention_days: 90,
        face: false,
        exchange: Exchange::Once([7; 16]),
        reply: None,
        made: now,
        ends: now.plus_seconds(300),
    }
}

/// The answer in a code, as the desk that asked verifies it.
fn verified(folder: &Folder, request: &str, answer: &str) -> VerifiedAnswer {
    let (mut asked, mut said) = (Vec::new(), Vec::new());
    let asked = VenueCode::parse(VenueCodeKind::Request, request, &mut asked).unwrap();
    let request = UnverifiedRequest::parse(asked.bytes()).unwrap().claimed().clone();
    let answer = VenueCode::parse(VenueCodeKind::Answer, answer, &mut said).unwrap();
    let (trust, now) = (parties::trust(&folder.dir()), SystemClock.now());
    let key = |issuer, kid| trust.find(issuer, Role::Venue, &[kid], now).ok().cloned();
    UnverifiedAnswer::parse(answer.bytes())
        .unwrap()
        .verify(&request, now, key, |_, _| Some(Status::Valid))
        .unwrap()
}

fn claims(of: &VerifiedAnswer) -> Vec<String> {
    of.claims().iter().map(|(claim, _)| claim.to_string()).collect()
}

#[test]
fn a_resident_of_hong_kong_shows_a_mainland_hotel_the_home_return_permit_and_each_credential_once() {
    let folder = enrolled(1);
    let ask = |venue: &str| {
        let line = ["desk", "request", "--dir", "DIR", "--venue", venue, "--json", "--out", "request.png"];
        folder.run(&line).code(0).json()["code"].as_str().unwrap().to_owned()
    };
    // What a mainland hotel asks of a guest from outside fits no code: it is answered online, and nothing is used up here.
    assert_eq!(register(&folder, &ask(ZHUHAI), &[]).code(3).json()["refused"], json!("venue_code_too_long"));
    let desk = desk_key(&folder, ZHUHAI);
    let asks = || {
        let request = hotel(SystemClock.now());
        code_of(&request.sign(ZHUHAI.as_bytes(), &desk).unwrap())
    };
    let request = asks();
    let symbol = code::QrSymbol::draw(&request).unwrap();
    folder.write("request.png", &symbol.to_png(4).unwrap());
    // As the desk's screen shows it.
    let said = register(&folder, "request.png", &["--out", "answer.png"]).code(0).json();
    assert!(said["qr_version"].as_u64().unwrap() <= 20);
    let picture = std::fs::read(folder.path("answer.png")).unwrap();
    assert_eq!(code::read_picture(&picture).unwrap(), said["code"].as_str().unwrap());
    let answer = verified(&folder, &request, said["code"].as_str().unwrap());
    let text = |claim| answer.claims().text(claim).map(str::to_owned);
    assert_eq!(text(ClaimName::DocumentNumber).as_deref(), Some("H12345678"));
    assert_eq!(answer.credentials()[0].frame.issuer, AuthorityCode::Chn);

    // Again: another credential, the same pseudonym; the optional claim was declined.
    let request = asks();
    let again = register(&folder, &request, &["--decline", "name_zh"]).code(0).json();
    assert_eq!(again["one_process"], json!(false), "one of the batch is left");
    assert_eq!(again["credentials"][0]["left"], json!(6));
    let second = verified(&folder, &request, again["code"].as_str().unwrap());
    assert_ne!(second.credentials()[0].id, answer.credentials()[0].id);
    assert_eq!(second.pseudonym(), answer.pseudonym());
    assert_eq!(text(ClaimName::NameZh).as_deref(), Some("样本"));
    assert!(!claims(&second).contains(&"name_zh".to_owned()));

    // Another desk: a sign, another pseudonym, and the kind of document alone.
    let sign = ["desk", "request", "--dir", "DIR", "--venue", TOWER, "--standing", "30", "--out", "sign.txt"];
    folder.run(&sign).code(0);
    let tower = register(&folder, "sign.txt", &["--decline", "name", "--decline", "name_zh"]).code(0).json();
    let sign = std::fs::read_to_string(folder.path("sign.txt")).unwrap();
    let at_tower = verified(&folder, &sign, tower["code"].as_str().unwrap());
    assert_eq!(claims(&at_tower), ["document_kind"]);
    assert_ne!(at_tower.pseudonym(), answer.pseudonym());
    let ids = [&answer, &second, &at_tower].map(|one| one.credentials()[0].id);
    assert_eq!(ids.into_iter().collect::<BTreeSet<_>>().len(), 3);

    // At home the identity card, from its own authority.
    let request = ask("specimen-hotel-hong-kong");
    let home = register(&folder, &request, &[]).code(0).json();
    let home = verified(&folder, &request, home["code"].as_str().unwrap());
    assert_eq!(home.credentials()[0].frame.issuer, AuthorityCode::Hkg);
    // In Macao where they live and nothing else, by the home authority: two credentials would fit no code.
    let request = ask("specimen-hotel-macao");
    let names = ["name", "birth_date", "nationality", "document_kind", "document_number"];
    let decline: Vec<_> = names.into_iter().flat_map(|claim| ["--decline", claim]).collect();
    let said = register(&folder, &request, &decline).code(0).json();
    let macao = verified(&folder, &request, said["code"].as_str().unwrap());
    assert_eq!(macao.claims().text(ClaimName::Region), Some("HKG"));
    assert_eq!(macao.credentials()[0].frame.issuer, AuthorityCode::Hkg);

    let kept =
        folder.run(&["wallet", "receipts", "--dir", "DIR", "--resident", "1", "--json"]).code(0).json();
    let venues: Vec<_> = kept["registrations"].as_array().unwrap().iter().map(|one| &one["venue"]).collect();
    assert_eq!(venues, [ZHUHAI, ZHUHAI, TOWER, "specimen-hotel-hong-kong", "specimen-hotel-macao"]);
    assert_eq!(kept["registrations"][0]["receipt"], Value::Null, "a camera gives none");
}

#[test]
fn a_wallet_refuses_a_desk_for_the_first_thing_wrong_with_its_request() {
    let folder = enrolled(1);
    let now = SystemClock.now();
    let desk = desk_key(&folder, ZHUHAI);
    let changed = |change: &dyn Fn(&mut VenueRequest)| {
        let mut request = hotel(now);
        change(&mut request);
        request
    };
    let by = |key: &SigningKey, kid: &[u8], request: &VenueRequest| code_of(&request.sign(kid, key).unwrap());
    let own = |change: &dyn Fn(&mut VenueRequest)| by(&desk, ZHUHAI.as_bytes(), &changed(change));
    let set = |claims: &[ClaimName]| claims.iter().copied().collect::<ClaimSet>();
    let stranger = SigningKey::generate().unwrap();
    let (tower, venue) = (desk_key(&folder, TOWER), key_of(&folder, "authorities/CHN/keys/venue.key"));
    let hong_kong = desk_key(&folder, "specimen-hotel-hong-kong");
    for (request, expected) in [
        ("HELLO".to_owned(), "venue_code_unknown"),
        ("BV1:BB8".to_owned(), "venue_code_other_kind"),
        ("BR1:BB8".to_owned(), "request_signature"),
        (by(&stranger, ZHUHAI.as_bytes(), &hotel(now)), "request_signature"),
        (by(&stranger, b"nobody", &hotel(now)), "desk_key_unknown"),
        (by(&venue, &[1], &hotel(now)), "desk_key_role"),
        (by(&tower, TOWER.as_bytes(), &hotel(now)), "desk_of_another_venue"),
        (own(&|r| r.scenario = Scenario::BuildingVisit), "scenario_not_listed"),
        (own(&|r| r.scenario = Scenario::LibraryAccount), "scenario_of_another_kind"),
        (own(&|r| (r.made, r.ends) = (now.plus_seconds(-600), now.plus_seconds(-300))), "request_ended"),
        (own(&|r| (r.made, r.ends) = (now.plus_seconds(600), now.plus_seconds(900))), "request_from_future"),
        (own(&|r| r.approval = "SPECIMEN-NONE".to_owned()), "approval_unknown"),
        (own(&|r| r.approval = "SPECIMEN-BUILDING-SHENZHEN".to_owned()), "venue_not_approved"),
        (own(&|r| r.purpose = "marketing".to_owned()), "purpose_not_approved"),
        (own(&|r| r.optional = set(&[ClaimName::AgeOver18])), "claim_not_approved"),
        (own(&|r| r.retention_days = 91), "retention_too_long"),
        (
            by(
                &hong_kong,
                b"specimen-hotel-hong-kong",
                &VenueRequest {
                    venue: "specimen-hotel-hong-kong".parse().unwrap(),
                    approval: "SPECIMEN-HOTEL-HONG-KONG".to_owned(),
                    required: set(&[ClaimName::Name]),
                    optional: set(&[]),
                    face: true,
                    ..hotel(now)
                },
            ),
            "face_not_approved",
        ),
        // A portrait goes online alone.
        (own(&|r| r.optional = set(&[ClaimName::Portrait])), "venue_code_too_long"),
    ] {
        let run = register(&folder, &request, &[]);
        let said = run.code(3).json();
        assert_eq!(said["refused"], json!(expected), "{said}");
        assert!(said["detail"].as_str().unwrap().len() > 20, "{said}");
    }
    let ask = |venue: &str| folder.run(&["desk", "request", "--dir", "DIR", "--venue", venue, "--json"]);
    // An approval that is suspended, and one that is over: the wallet says so, and the desk does not ask.
    let shown = folder.run(&["approval", "list", "--dir", "DIR", "--json"]).json();
    let approval =
        shown["approvals"].as_array().unwrap().iter().find(|one| one["id"] == "SPECIMEN-HOTEL-ZHUHAI");
    let mut over = approval.unwrap().clone();
    over["to"] = json!("2026-01-31");
    folder.run(&["approval", "withdraw", "--dir", "DIR", "--id", "SPECIMEN-HOTEL-ZHUHAI"]).code(0);
    for expected in ["approval_withdrawn", "approval_over"] {
        assert_eq!(register(&folder, &own(&|_| {}), &[]).code(3).json()["refused"], json!(expected));
        assert_eq!(ask(ZHUHAI).code(3).json()["refused"], json!(expected));
        let listed = folder.run(&["desk", "list", "--dir", "DIR", "--json"]).code(0).json();
        let of_zhuhai =
            listed["desks"].as_array().unwrap().iter().find(|one| one["venue"] == ZHUHAI).unwrap();
        assert_eq!(of_zhuhai["refused"], json!(expected));
        if expected == "approval_withdrawn" {
            folder.write("over.json", over.to_string().as_bytes());
            folder.run(&["approval", "add", "--dir", "DIR", "--file", "over.json"]).code(0);
        }
    }
    // Nothing was shown for any of them.
    let kept =
        folder.run(&["wallet", "receipts", "--dir", "DIR", "--resident", "1", "--json"]).code(0).json();
    assert_eq!(kept["registrations"].as_array().unwrap().len(), 0);
}

#[test]
fn a_traveller_is_told_who_asks_for_what_and_is_asked() {
    let folder = enrolled(1);
    folder.run(&["desk", "request", "--dir", "DIR", "--venue", ZHUHAI, "--out", "request.txt"]).code(0);
    let line = ["wallet", "register", "--dir", "DIR", "--resident", "1", "--request", "request.txt"];
    let run = folder.run(&[&line[..], &["--decline", "name_zh"]].concat());
    run.told(&["--yes"]);
    let page = run.out();
    for told in [
        "specimen-hotel-zhuhai asks (a hotel check-in, listed by CHN, approval SPECIMEN-HOTEL-ZHUHAI)",
        "Needed:    name in Latin letters, date of birth, nationality, kind of document, document number",
        "Optional:  name in Chinese",
        "Not shown: name in Chinese",
        "guest-register",
        "90 days",
        "your home return permit (CHN)",
    ] {
        assert!(page.contains(told), "`{told}` is not in:\n{page}");
    }
    for (more, told) in [
        (["--decline", "name"], "name is required"),
        (["--decline", "age_over_18"], "age_over_18 is not asked for"),
        (["--decline", "ethnicity"], "unknown claim"),
    ] {
        folder.run(&[&line[..], &["--yes"], &more].concat()).told(&[told]);
    }
    folder
        .run(&["wallet", "register", "--dir", "DIR", "--resident", "1", "--request", "none.png"])
        .told(&["no file"]);
    let passport = folder.run(&[&line[..], &["--yes", "--json", "--document", "passport"]].concat());
    assert_eq!(passport.code(3).json()["refused"], json!("no_document"));
    folder.run(&["desk", "request", "--dir", "DIR", "--venue", "hotel-of-nobody"]).told(&["desk list"]);
    assert!(
        folder
            .run(&["wallet", "receipts", "--dir", "DIR", "--resident", "1"])
            .code(0)
            .out()
            .contains("nothing")
    );
}

/// Every byte that lies in a folder.
fn bytes_in(folder: &std::path::Path) -> Vec<u8> {
    let mut all = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.is_dir() {
            all.extend(bytes_in(&path));
        } else {
            all.extend(std::fs::read(path).unwrap());
        }
    }
    all
}

/// Sets the hotel up to ask for a portrait too, as its approval allows.
fn ask_for_portraits(folder: &Folder) {
    let path = folder.dir().join("venues").join(ZHUHAI).join("venue.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let more = text.replace("optional = [\"name_zh\"]", "optional = [\"name_zh\", \"portrait\"]");
    assert_ne!(more, text);
    std::fs::write(&path, more).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_registers_at_two_desks_over_http_and_their_folders_have_nothing_of_its_holder_in_plain() {
    let folder = enrolled(1);
    // The first batches come while no authority has a process of its own; a portrait fits no code.
    stock(&folder, "1");
    let portrait =
        VenueRequest { optional: [ClaimName::Portrait].into_iter().collect(), ..hotel(SystemClock.now()) };
    let portrait = portrait.sign(ZHUHAI.as_bytes(), &desk_key(&folder, ZHUHAI)).unwrap();
    register(&folder, &code_of(&portrait), &[]).code(3);
    let _authorities = authorities(&folder, &["CHN", "HKG"]);
    ask_for_portraits(&folder);
    let (hotel, tower) = (desk(&folder, ZHUHAI), desk(&folder, TOWER));

    let request = standing(&hotel).await;
    let said = register(&folder, &request, &[]).code(0).json();
    let kept = json!(["document_number", "document_kind", "nationality", "birth_date", "name_zh", "name"]);
    let names = |list: &Value| -> BTreeSet<String> {
        list.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
    };
    let mut shown = names(&kept);
    shown.insert("portrait".to_owned());
    assert_eq!(names(&said["shown"]), shown);
    assert_eq!(said["receipt"]["kept"], kept, "a portrait is shown to the clerk and never kept: {said}");
    let at_tower = register(&folder, &standing(&tower).await, &["--decline", "name_zh"]).code(0).json();
    assert_eq!(at_tower["receipt"]["kept"], json!(["document_kind", "name"]));
    let kept =
        folder.run(&["wallet", "receipts", "--dir", "DIR", "--resident", "1", "--json"]).code(0).json();
    let kept = kept["registrations"].as_array().unwrap();
    assert_eq!(kept.len(), 3);
    assert!(kept[1]["receipt"]["until"].is_string() && kept[2]["receipt"]["until"].is_string());

    for venue in [ZHUHAI, TOWER] {
        let path = folder.dir().join("venues").join(venue);
        let all = bytes_in(&path);
        for canary in ["H12345678", "KA MAN", "1990-05-06", "A123456"] {
            let found = memchr::memmem::find(&all, canary.as_bytes());
            assert_eq!(found, None, "{canary} lies in the folder of {venue} in plain");
        }
        for (file, mode) in [("", 0o700), ("book.db", 0o600), ("book.keys", 0o600), ("counter.secret", 0o600)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let found = std::fs::metadata(path.join(file)).unwrap().permissions().mode() & 0o777;
            assert_eq!(found, mode, "{venue}/{file}");
        }
    }
    // A desk whose own approval is suspended asks no more, and says why.
    folder.run(&["approval", "withdraw", "--dir", "DIR", "--id", "SPECIMEN-HOTEL-ZHUHAI"]).code(0);
    parties::until("the hotel to hear of it", async || refusal(&hotel).await == "approval_withdrawn").await;
    assert_eq!(register(&folder, &request, &[]).code(3).json()["refused"], json!("approval_withdrawn"));
}
