//! Problems: one row for every way in which a door says no.

use std::collections::BTreeSet;
use std::sync::Arc;

use authority::http::ProblemCode;
use authority::{SuspensionDecision, possession};
use credential::SigningKey;
use credential::message::{self, Event, Kind, Passage, ReceiptResult};
use documents::AuthorityCode::{Chn, Hkg};
use documents::{Side, check_digit};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::bay::{
    BIRTH, Bay, ELSEWHERE, GATE, NAME, NUMBER, RECORD, Shown, bare_event, bay, enrol_as, envelope, event,
    guessed, hash_of, in_memory, passed, photographs, receipt_of, show, sign_event, strangers,
};
use crate::door::{COMES_AS, Door, OFFICER, b64, enrolment, log, tells_nothing, un64};
use crate::http::{CHAN, MORNING, device, resident};

/// Codes without a row here, each with the reason.
const WITHOUT_A_ROW: &[(&str, &str)] = &[
    ("body_too_slow", "it takes half a minute"),
    ("weekly_key_missing", "a service makes its own keys; a missing one of others is a verdict's reason"),
    ("approval_refused", "no door takes an approval"),
    ("part_failed", "a fault of the service's own"),
    ("token_failed", "a fault of the service's own"),
    ("status_failed", "a fault of the service's own"),
    ("crypto_failed", "a fault of the crypto library"),
    ("face_models_failed", "a fault of the models"),
    ("internal", "a fault of the service's own"),
    ("sealed_unreadable", "stands in the test of a whole life"),
    ("busy", "stands in a test of its own"),
    ("too_many_keys", "stands in a test of its own"),
    ("status_places_taken", "stands in a test of its own"),
    ("not_approved", "stands in the tests of venue credentials"),
    ("liveness_failed", "stands in a test of its own"),
    ("face_masked", "stands in a test of its own"),
    ("face_shaded", "stands in a test of its own"),
    ("face_covered", "stands in a test of its own"),
    ("enrolment_waits", "stands in a test of its own"),
    ("nothing_pending", "stands in a test of its own"),
    ("invalid_dpop_proof", "stands in a test of its own"),
    ("use_dpop_nonce", "stands in a test of its own"),
    ("too_many_requests", "stands in the test of a full memory of proofs"),
    ("enrolment_busy", "takes two requests at one moment"),
    ("database_failed", "stands in a test of its own"),
    ("carer_needed", "stands in the tests of carers"),
    ("carer_withdrawn", "stands in the tests of carers"),
    ("carer_ended", "stands in the tests of carers"),
    ("carer_refused", "stands in the tests of carers"),
    ("unknown_carer", "stands in the tests of carers"),
    ("carer_away", "stands in the tests of carers, without a door"),
    ("carer_of_age", "stands in the tests of carers, without a door"),
    ("carer_date_over", "takes a day that is over"),
    ("role_missing", "stands in the tests of officers"),
    ("nobody_at_lane", "stands in the tests of whom an officer sees"),
    ("portrait_not_approved", "stands in the tests of whom an officer sees"),
    ("passkey_needed", "stands in the tests of officers"),
    ("code_refused", "stands in the tests of officers"),
    ("passkey_refused", "stands in the tests of officers"),
    ("passkey_copied", "stands in the tests of officers"),
    ("passkey_taken", "stands in the tests of officers"),
    ("challenge_expired", "stands in the tests of officers"),
    ("account_locked", "stands in the tests of officers"),
    ("unknown_account", "stands in the tests of officers"),
    ("account_refused", "stands in the tests of officers"),
    ("last_supervisor", "stands in the tests of officers"),
    ("accounts_unusable", "stands in the tests of officers"),
];

/// The zone of a Home Return Permit.
fn zone(number: &str, birth: &str) -> Value {
    let digit = |field: &str| check_digit(field).unwrap();
    let one = format!("CRCHN{number}{}{:<<15}", digit(number), "");
    let two = format!("{birth}{}M300101{}HKG{:<<11}", digit(birth), digit("300101"), "");
    let composite = format!("{}{}{}{}", &one[5..30], &two[0..7], &two[8..15], &two[18..29]);
    let two = format!("{two}{}", digit(&composite));
    json!([one, two, format!("{:<<30}", "SPECIMEN<<CHAN")])
}

#[tokio::test]
async fn every_problem_has_its_row_and_repeats_nothing_of_what_was_sent() {
    let Some((photo, live, stranger)) = photographs("every_problem_has_its_row") else { return };
    let stores = in_memory().await;
    let pool = stores[0].store.pool().clone();
    let bay = bay(MORNING.parse().unwrap(), stores).await;
    let chn = Door::open(&bay.chn, &bay).await;
    let officer = Some(OFFICER);
    chn.post("/v1/residents", officer, &resident(RECORD, &photo)).await.is(201);
    chn.post("/v1/residents", officer, &resident(CHAN, &photo)).await.is(201);

    requests(&chn).await;
    enrolments(&chn, &live, &stranger).await;
    batches(&bay, &chn, &photo, &live).await;
    officers(&chn, &photo).await;
    messages(&bay, &chn, &live).await;
    chn.note(crate::openid::signs_in_for_nothing(&bay).await);
    for code in crate::identity::problems().await {
        chn.note(code);
    }

    // What only a damaged database brings about.
    sqlx::query("DELETE FROM template WHERE kind = 3").execute(&pool).await.unwrap();
    let answer =
        chn.post("/v1/enrolments", None, &enrolment("exit_entry_permit", NUMBER, NAME, BIRTH, &live)).await;
    chn.problem(&answer, "frames", "template_unknown");
    sqlx::query("UPDATE movement SET port = $1").bind("no port").execute(&pool).await.unwrap();
    let answer = chn.get("/v1/ledger", officer).await;
    chn.problem(&answer, "ledger", "row_damaged");

    let mut covered: BTreeSet<_> = chn.seen();
    for (code, why) in WITHOUT_A_ROW {
        assert!(covered.insert(code), "{code} has a row; {why} is no reason any more");
    }
    let all: BTreeSet<_> = ProblemCode::ALL.iter().map(|code| code.code()).collect();
    assert_eq!(covered, all);
    tells_nothing(&log());
}

/// What any door refuses before it looks at anything.
async fn requests(chn: &Door) {
    let answer = chn.get("/v1/residents/CA1234567", None).await;
    chn.problem(&answer, "", "not_found");
    let answer = chn.get("/v1/status-lists/24", None).await;
    chn.problem(&answer, "status_list", "not_found");
    let answer = chn.get("/v1/status-lists/x", None).await;
    chn.problem(&answer, "status_list", "not_found");
    let answer = chn.call("PUT", "/v1/events", &[], Vec::new()).await;
    chn.problem(&answer, "", "method_not_allowed");
    // A wallet's body is read once its device key is proven.
    let json_body = async |media: &str, body: &[u8]| {
        let proof = chn.proof(&chn.key_of(None), "POST", "/v1/enrolments", None);
        let headers = [("content-type", media), ("dpop", proof.as_str())];
        chn.call("POST", "/v1/enrolments", &headers, body.to_vec()).await
    };
    for (path, operation) in [("/v1/enrolments", "enrol"), ("/v1/verdicts", "verdicts")] {
        for media in ["text/plain", "", "application/jsonx"] {
            let answer = match operation {
                "enrol" => json_body(media, b"{}").await,
                _ => chn.call("POST", path, &[("content-type", media)], b"{}".to_vec()).await,
            };
            chn.problem(&answer, operation, "unsupported_media_type");
        }
    }
    for (path, operation, size) in [
        ("/v1/verdicts", "verdicts", 662 * 1024),
        ("/v1/events", "events", 65 * 1024),
        ("/v1/notices", "notices", 65 * 1024),
        ("/v1/handovers", "handovers", 65 * 1024),
    ] {
        let answer = chn.cbor(path, &vec![0; size]).await;
        chn.problem(&answer, operation, "body_too_large");
    }
    let large = json!({ "name": "A".repeat(8 * 1024 * 1024) });
    let answer = chn.post("/v1/enrolments", None, &large).await;
    chn.problem(&answer, "enrol", "body_too_large");
    broken_body(chn).await;

    for body in ["", "{", "{\"name\": \"SPECIMEN LI NA\"", "nothing", "{} {}", "\u{0}"] {
        let answer = json_body("application/json; charset=utf-8", body.as_bytes()).await;
        assert!(matches!(answer.json()["code"].as_str(), Some("malformed_json" | "wrong_field")), "{body}");
    }
    let answer = json_body("application/json", b"{").await;
    chn.problem(&answer, "enrol", "malformed_json");
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let answer = json_body("application/json", deep.as_bytes()).await;
    assert_eq!(answer.status / 100, 4);

    let mut good = enrolment("exit_entry_permit", NUMBER, NAME, BIRTH, b"");
    good.as_object_mut().unwrap().remove("selfie");
    for (field, value, named) in [
        ("birth", json!("1991-02-30"), "birth"),
        ("birth", json!(19_910_506), "birth"),
        ("work", json!({ "salt": "CA1234567", "answer": -1 }), "work.answer"),
        ("document", json!({ "kind": "library_card", "number": NUMBER }), "document.kind"),
        ("document", json!({ "kind": "hkid" }), "document"),
        ("mrz", json!(["A", 1]), "mrz[1]"),
        ("name", json!(null), "name"),
    ] {
        let mut wrong = good.clone();
        wrong[field] = value;
        let answer = chn.post("/v1/enrolments", None, &wrong).await;
        assert_eq!(chn.problem(&answer, "enrol", "wrong_field")["field"], named);
    }
    let mut wrong = good.clone();
    wrong["CA1234567"] = json!(NAME);
    let answer = chn.post("/v1/enrolments", None, &wrong).await;
    chn.problem(&answer, "enrol", "wrong_field");
    let wrong = json!({ "frames": [{ "at_ms": 0, "picture": "====CA1234567" }] });
    let answer = chn.post("/v1/enrolments/AAAAAAAAAAAAAAAAAAAAAA/frames", None, &wrong).await;
    assert_eq!(chn.problem(&answer, "frames", "wrong_field")["field"], "frames[0].picture");
    for path in ["/v1/pass", "/v1/passages"] {
        for secret in [None, Some("short"), Some("====")] {
            let answer = chn.get(path, secret).await;
            chn.problem(&answer, "own_pass", "unauthorized");
        }
    }
    for secret in [None, Some("specimen"), Some("")] {
        let answer = chn.get("/v1/ledger", secret).await;
        chn.problem(&answer, "ledger", "unauthorized");
    }
    let answer = chn.call("GET", "/v1/ledger", &[("authorization", OFFICER)], Vec::new()).await;
    chn.problem(&answer, "ledger", "unauthorized");
}

/// A body whose chunks make no sense.
async fn broken_body(chn: &Door) {
    let address = chn.base.trim_start_matches("http://");
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = "POST /v1/officers/sessions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\
        connection: close\r\n\r\nZZ\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut text = String::new();
    let _ = stream.read_to_string(&mut text).await;
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text}"));
    assert!(head.starts_with("HTTP/1.1 400"), "{head}");
    let body = serde_json::from_str::<Value>(body.trim()).unwrap();
    assert_eq!(body["code"], "body_interrupted");
    chn.note("body_interrupted");
}

async fn enrolments(chn: &Door, live: &[u8], stranger: &[u8]) {
    let enrol = async |kind: &str, number: &str, name: &str, birth: &str, selfie: &[u8]| {
        chn.post("/v1/enrolments", None, &enrolment(kind, number, name, birth, selfie)).await
    };
    let permit = "exit_entry_permit";
    let mut grey = Vec::new();
    let picture = image::RgbImage::from_pixel(300, 300, image::Rgb([128, 128, 128]));
    picture.write_to(&mut std::io::Cursor::new(&mut grey), image::ImageFormat::Png).unwrap();
    for (kind, number, name, birth, selfie, code) in [
        (permit, "C1234", NAME, BIRTH, live, "number_invalid"),
        ("hkid", "A123456(9)", NAME, BIRTH, live, "number_invalid"),
        (permit, NUMBER, NAME, BIRTH, b"no picture".as_slice(), "picture_unreadable"),
        (permit, NUMBER, NAME, BIRTH, b"".as_slice(), "picture_unreadable"),
        (permit, NUMBER, NAME, BIRTH, grey.as_slice(), "face_unusable"),
        // The same errors where nobody has this number: a picture tells nothing of the registry.
        (permit, "C00000009", NAME, BIRTH, b"no picture".as_slice(), "picture_unreadable"),
        (permit, "C00000009", NAME, BIRTH, grey.as_slice(), "face_unusable"),
        (permit, "C00000009", NAME, BIRTH, live, "unknown_person"),
        (permit, NUMBER, "SOMEBODY ELSE", BIRTH, live, "unknown_person"),
        (permit, NUMBER, NAME, "1991-05-07", live, "unknown_person"),
        (permit, NUMBER, NAME, BIRTH, stranger, "unknown_person"),
    ] {
        let answer = enrol(kind, number, name, birth, selfie).await;
        chn.problem(&answer, "enrol", code);
    }
    // Name, number, birth date, invitation, face: one and the same answer for each.
    let mut guess = enrolment("home_return_permit", "H12345678", "SPECIMEN CHAN", "1985-03-04", live);
    guess["invitation"] = json!(guessed(Chn));
    let bodies: BTreeSet<String> = [
        enrol(permit, "C00000008", NAME, BIRTH, live).await.text(),
        enrol(permit, NUMBER, "SOMEBODY ELSE", BIRTH, live).await.text(),
        enrol(permit, NUMBER, NAME, "1991-05-07", live).await.text(),
        enrol(permit, NUMBER, NAME, BIRTH, stranger).await.text(),
        chn.post("/v1/enrolments", None, &guess).await.text(),
    ]
    .into();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    zones(chn, live).await;
    work(chn, live).await;
    steps(chn, live).await;
}

/// What guessing costs.
async fn work(chn: &Door, live: &[u8]) {
    let mut guess = enrolment("exit_entry_permit", "C00000007", NAME, BIRTH, live);
    guess["invitation"] = json!(guessed(Chn));
    for _ in 0..5 {
        let answer = chn.post("/v1/enrolments", None, &guess).await;
        chn.problem(&answer, "enrol", "unknown_person");
    }
    let answer = chn.post("/v1/enrolments", None, &guess).await;
    let asked = chn.problem(&answer, "enrol", "work_required")["work"].clone();
    assert_eq!(answer.header("retry-after"), "0");
    let (salt, bits) = (asked["salt"].as_str().unwrap(), asked["bits"].as_u64().unwrap());
    let answer = credential::work::solve(salt, u8::try_from(bits).unwrap());
    guess["work"] = json!({ "salt": salt, "answer": answer });
    let answer = chn.post("/v1/enrolments", None, &guess).await;
    chn.problem(&answer, "enrol", "unknown_person");
    let answer = chn.post("/v1/enrolments", None, &guess).await;
    chn.problem(&answer, "enrol", "work_invalid");
    let mut other = enrolment("exit_entry_permit", "C00000006", NAME, BIRTH, live);
    other["work"] = guess["work"].clone();
    let answer = chn.post("/v1/enrolments", None, &other).await;
    chn.problem(&answer, "enrol", "work_invalid");
}

/// What each of the two steps refuses.
async fn steps(chn: &Door, live: &[u8]) {
    let mut bare = enrolment("exit_entry_permit", NUMBER, NAME, BIRTH, live);
    bare["invitation"] = Value::Null;
    let answer = chn.post("/v1/enrolments", None, &bare).await;
    chn.problem(&answer, "enrol", "nothing_held");
    for code in ["", "C123", "H0000-0000-0000-000", "CUUU-0000-0000-0000"] {
        bare["invitation"] = json!(code);
        let answer = chn.post("/v1/enrolments", None, &bare).await;
        chn.problem(&answer, "enrol", "invitation_invalid");
    }
    let frames = json!({ "frames": [{ "at_ms": 0, "picture": b64(live) }] });
    for id in [b64(&[1; 16]), "x".to_owned()] {
        let answer = chn.post(&format!("/v1/enrolments/{id}/frames"), None, &frames).await;
        chn.problem(&answer, "frames", "enrolment_not_under_way");
    }
    bare.as_object_mut().unwrap().remove("selfie");
    bare["document"]["number"] = json!("C00000005");
    bare["invitation"] = json!(guessed(Chn));
    let begun = chn.post("/v1/enrolments", None, &bare).await.is(201).json();
    assert_eq!((&begun["capture"], &begun["prompt"]), (&json!("picture"), &json!("look_straight")));
    let path = format!("/v1/enrolments/{}/frames", begun["id"].as_str().unwrap());
    let answer = chn.send_by(&SigningKey::generate().unwrap(), "POST", &path, None, &frames).await;
    chn.problem(&answer, "frames", "enrolment_not_under_way");
    let answer = chn.post(&path, None, &json!({ "frames": [] })).await;
    chn.problem(&answer, "frames", "frames_refused");
}

/// Machine-readable zones of the right card, another card, another person.
async fn zones(chn: &Door, live: &[u8]) {
    let with = async |mrz: Value| {
        let mut wanted = enrolment("home_return_permit", "H12345678", "SPECIMEN CHAN", "1985-03-04", live);
        wanted["mrz"] = mrz;
        chn.post("/v1/enrolments", None, &wanted).await
    };
    let answer = with(zone("H12345679", "850304")).await;
    assert_eq!(chn.problem(&answer, "enrol", "mrz_mismatch")["field"], "document_number");
    let answer = with(zone("H12345678", "850305")).await;
    assert_eq!(chn.problem(&answer, "enrol", "mrz_mismatch")["field"], "birth_date");
    let mut misread = zone("H12345678", "850304");
    misread[0] = json!(misread[0].as_str().unwrap().replace("H1234", "H1235"));
    let answer = with(misread).await;
    chn.problem(&answer, "enrol", "mrz_unreadable");
    let enrolled = with(zone("H12345678", "850304")).await.is(201).json();
    assert_eq!(enrolled["home"], false, "the mainland is not his home");
}

async fn batches(bay: &Bay, chn: &Door, photo: &[u8], live: &[u8]) {
    let enrolled = async |kind: &str, number: &str, name: &str, birth: &str| {
        let number = documents::DocumentNumber::parse(kind.parse().unwrap(), number).unwrap();
        enrol_as(&bay.chn, (&number, name, birth.parse().unwrap()), live, bay.now).await.unwrap()
    };
    let session = enrolled("exit_entry_permit", NUMBER, NAME, BIRTH).await;
    let secret = b64(&session);
    let tokens = async |devices: Value| {
        chn.post("/v1/tokens", Some(&secret), &json!({ "key_class": "software", "devices": devices })).await
    };
    let answer = tokens(json!([])).await;
    chn.problem(&answer, "tokens", "batch_size");
    let (key, good) = device(&session, Chn, bay);
    let answer = tokens(Value::from(vec![good.clone(); 65])).await;
    chn.problem(&answer, "tokens", "batch_size");
    let mut off_the_curve = good.clone();
    off_the_curve["key"] = json!(b64(&[[2_u8].as_slice(), &[0xff; 32]].concat()));
    for wrong in [off_the_curve, json!({ "key": b64(b"short"), "proof": "" })] {
        let answer = tokens(json!([wrong])).await;
        chn.problem(&answer, "tokens", "device_key_invalid");
    }
    let (_, for_another) = device(&session, Hkg, bay);
    let (_, of_another) = device(&[7; 32], Chn, bay);
    let mut filmed = good.clone();
    filmed["proof"] = of_another["proof"].clone();
    for wrong in [for_another, of_another, filmed] {
        let answer = tokens(json!([good, wrong])).await;
        chn.problem(&answer, "tokens", "possession_invalid");
    }
    assert_eq!(chn.get("/v1/pass", Some(&secret)).await.json()["tokens_left"], 0, "all or nothing");
    tokens(json!([good])).await.is(200);
    let (nobody, wanted) = (b64(&[7; 32]), json!({ "key_class": "software", "devices": [good] }));
    let answer = chn.post("/v1/tokens", Some(&nobody), &wanted).await;
    chn.problem(&answer, "tokens", "no_pass");
    let answer = tokens(json!("all")).await;
    assert_eq!(chn.problem(&answer, "tokens", "wrong_field")["field"], "devices");

    let taken = chn.post("/v1/hand-over/take", None, &json!({ "code": b64(&[1; 32]) })).await;
    chn.problem(&taken, "take_hand_over", "hand_over_unknown");

    // Of a suspended pass no codes are given.
    let number = documents::DocumentNumber::recognise(NUMBER).unwrap();
    let (confirm, lift) = (SuspensionDecision::Confirm, SuspensionDecision::Lift);
    bay.chn.suspend_pass(&number, confirm, ("officer 1", "two phones at once"), bay.now).await.unwrap();
    let (_, fresh) = device(&session, Chn, bay);
    let answer = tokens(json!([fresh])).await;
    chn.problem(&answer, "tokens", "pass_suspended");
    bay.chn.suspend_pass(&number, lift, ("officer 1", "it was a new phone"), bay.now).await.unwrap();

    // The key of one is no key for another.
    let chan = enrolled("home_return_permit", "H12345678", "SPECIMEN CHAN", "1985-03-04").await;
    let proof = possession(&key, Chn, Hkg, &chan, bay.now).unwrap();
    let stolen = json!({ "key": b64(key.public().as_bytes()), "proof": b64(&proof) });
    let parts = async |secret: &[u8; 32], devices: Value| {
        let wanted = json!({ "issuer": "HKG", "key_class": "software", "devices": devices });
        chn.post("/v1/parts", Some(&b64(secret)), &wanted).await
    };
    let answer = parts(&chan, json!([stolen])).await;
    chn.problem(&answer, "parts", "device_key_taken");
    let (_, good) = device(&chan, Hkg, bay);
    let given = parts(&chan, json!([good])).await.is(200).json();
    assert_eq!(un64(&given["parts"][0]).len(), credential::part::OWN_PART_LEN);
    let (_, good) = device(&chan, Chn, bay);
    let wanted = json!({ "key_class": "software", "devices": [good] });
    let answer = chn.post("/v1/tokens", Some(&b64(&chan)), &wanted).await;
    chn.problem(&answer, "tokens", "nothing_issued");

    // A residence permit alone: the Home Return Permit was lost, and no part may rest on another document.
    let lost = CHAN
        .replace("H12345678", "H22345678")
        .replace("\"expires\"", "\"status\": \"lost\", \"expires\"")
        .replace(
            "\"documents\": [",
            "\"documents\": [{\"kind\": \"residence_permit\", \"number\": \"830000200002290031\"}, ",
        );
    chn.post("/v1/residents", Some(OFFICER), &resident(&lost, photo)).await.is(201);
    let permit = documents::DocumentNumber::recognise("H22345678").unwrap();
    let birth = "1985-03-04";
    let refused = enrol_as(&bay.chn, (&permit, "SPECIMEN CHAN", birth.parse().unwrap()), live, bay.now).await;
    assert!(matches!(refused, Err(authority::EnrolError::Unknown)), "nobody enrols with a lost document");
    let session = enrolled("residence_permit", "830000200002290031", "SPECIMEN CHAN", birth).await;
    let (_, good) = device(&session, Hkg, bay);
    let answer = parts(&session, json!([good])).await;
    chn.problem(&answer, "parts", "no_permit");
}

async fn officers(chn: &Door, photo: &[u8]) {
    let officer = Some(OFFICER);
    let answer = chn.post("/v1/residents", officer, &resident(RECORD, photo)).await;
    chn.problem(&answer, "add_resident", "number_taken");
    let answer = chn.post("/v1/residents", None, &resident(RECORD, photo)).await;
    chn.problem(&answer, "add_resident", "unauthorized");
    for (from, to, field) in [
        ("1991-05-06", "1991-13-06", "person.birth"),
        ("\"CHN\"", "\"SPECIMEN LI NA\"", "person.home"),
        ("CA1234567", "CA123", "documents[0].number"),
        ("height_cm", "CA1234567", "person"),
        ("2026-01-10", "SPECIMEN LI NA", "documents[0].endorsements[0].from"),
    ] {
        let answer = chn.post("/v1/residents", officer, &resident(&RECORD.replace(from, to), photo)).await;
        let body = chn.problem(&answer, "add_resident", "record_invalid");
        assert!(body["field"].as_str().unwrap().starts_with(field), "{body}");
    }
    let empty = r#"{"person": {"name": "X", "birth": "1991-05-06", "home": "CHN"}, "documents": []}"#;
    let answer = chn.post("/v1/residents", officer, &resident(empty, photo)).await;
    chn.problem(&answer, "add_resident", "nothing_issued");
    for reference in ["00", "CA1234567", "00000000000000000000000000000000", "%ff"] {
        let answer = chn.get(&format!("/v1/verdicts/{reference}"), officer).await;
        chn.problem(&answer, "verdict", "unknown_reference");
    }
    for (path, operation, body) in [
        ("/v1/appeals", "appeal", json!({ "reference": "00", "words": "it was me", "language": "en" })),
        ("/v1/appeals", "appeal", json!({ "reference": "00".repeat(16), "words": "me", "language": "en" })),
        (
            "/v1/suspensions",
            "decide_suspension",
            json!({ "reference": "x", "decision": "lift", "note": "none" }),
        ),
    ] {
        let answer = chn.post(path, officer, &body).await;
        chn.problem(&answer, operation, "unknown_reference");
    }
    let unasked = json!({ "reference": "00".repeat(16), "succeeded": true, "answer": "You were right." });
    let answer = chn.post("/v1/appeals/answer", officer, &unasked).await;
    chn.problem(&answer, "answer_appeal", "nothing_waits");
    for (words, language, field) in [("", "en", "words"), ("me", "de", "language")] {
        let wrong = json!({ "reference": "00".repeat(16), "words": words, "language": language });
        let answer = chn.post("/v1/appeals", None, &wrong).await;
        assert_eq!(chn.problem(&answer, "appeal", "wrong_field")["field"], field);
    }
    let answer = chn.get(&format!("/v1/appeals/{}", "00".repeat(16)), None).await;
    chn.problem(&answer, "appeal_state", "unknown_reference");
    assert_eq!(chn.get("/v1/appeals", officer).await.is(200).json(), json!({ "appeals": [] }));
    assert_eq!(chn.get("/v1/suspensions", officer).await.is(200).json(), json!({ "suspensions": [] }));
    let nobody = json!({ "document": { "kind": "exit_entry_permit", "number": "C00000009" } });
    let wrong = json!({ "document": { "kind": "exit_entry_permit", "number": "C0" } });
    let key = SigningKey::generate().unwrap();
    let late = json!({ "port": "hengqin", "from": "CHN", "to": "MAC", "visit": {
        "document": nobody["document"], "day": "2026-04-02", "visit": b64(&[7; 32]),
        "device": { "key": b64(key.public().as_bytes()), "proof": b64(b"none") },
    } });
    let answer = chn.post("/v1/residents/papers", officer, &late).await;
    chn.problem(&answer, "issue_paper", "paper_refused");
    for (path, operation) in [("/v1/residents/end-pass", "officer_end_pass"), ("/v1/residents/lose", "lose")]
    {
        let answer = chn.post(path, officer, &nobody).await;
        chn.problem(&answer, operation, "unknown_person");
        let answer = chn.post(path, officer, &wrong).await;
        chn.problem(&answer, operation, "number_invalid");
    }
}

async fn messages(bay: &Bay, chn: &Door, live: &[u8]) {
    for (path, operation) in [
        ("/v1/verdicts", "verdicts"),
        ("/v1/events", "events"),
        ("/v1/chains", "chains"),
        ("/v1/handovers", "handovers"),
        ("/v1/notices", "notices"),
    ] {
        for body in [b"".as_slice(), b"\xff", b"\x9f\xff", b"CA1234567", &[0x81; 5000]] {
            let answer = chn.cbor(path, body).await;
            chn.problem(&answer, operation, "message_malformed");
        }
    }
    let sign = |kid: &[u8], key: &SigningKey, event: &Event| {
        message::sign(Kind::Event, kid, key, &event.encode()).unwrap()
    };
    let first = bare_event(bay, 1, [0; 32]);
    let (gate, other) = (GATE.as_bytes(), SigningKey::generate().unwrap());
    for (body, code) in [
        (sign(gate, &other, &first), "signature_invalid"),
        (sign(b"nowhere/CHN-MAC", &bay.gate, &first), "key_not_trusted"),
        (sign(gate, &bay.gate, &Event { gate: "hengqin/MAC-CHN".into(), ..first.clone() }), "not_for_us"),
    ] {
        let answer = chn.cbor("/v1/events", &body).await;
        chn.problem(&answer, "events", code);
    }

    // A key of another port's gate, at this one.
    let session = crate::bay::enrol(bay, live).await;
    let wallet = crate::bay::token(bay, &session).await;
    let foreign = crate::bay::Shown { gate: ELSEWHERE, ..show(bay, &wallet, live) };
    let answer = chn.cbor("/v1/verdicts", &envelope(bay, &wallet, &foreign, Side::Exit).0).await;
    chn.problem(&answer, "verdicts", "gate_outside_binding");

    // A message over the connection of another party than its sender, or over none of a party, carries nothing.
    let session = crate::bay::enrol(bay, live).await;
    let wallet = crate::bay::token(bay, &session).await;
    let (body, _) = envelope(bay, &wallet, &show(bay, &wallet, live), Side::Exit);
    let kind = ("content-type", "application/cbor");
    for (path, operation, sent) in [
        ("/v1/verdicts", "verdicts", body),
        ("/v1/events", "events", {
            crate::bay::event(bay, &show(bay, &wallet, live), Passage::NotPassed, (1, [0; 32]), &[])
        }),
    ] {
        for other in ["qingmao", "CHN", "MAC", "nobody"] {
            let answer = chn.call("POST", path, &[kind, (COMES_AS, other)], sent.clone()).await;
            chn.problem(&answer, operation, "not_the_sender");
        }
    }
    let metrics = chn.get("/metrics", None).await.is(200).text();
    let counted = "baypass_authority_messages_of_another_party_total{party=\"qingmao\"} 2";
    assert!(metrics.contains(counted), "{metrics}");

    // An envelope of which something was exchanged on its way gets no verdict.
    let session = crate::bay::enrol(bay, live).await;
    let wallet = crate::bay::token(bay, &session).await;
    // An officer stands by: somebody who enrols again and again is asked for more.
    let shown = Shown { done: vec![6], ..show(bay, &wallet, live) };
    let (body, _) = envelope(bay, &wallet, &shown, Side::Exit);
    let verdict = chn.cbor("/v1/verdicts", &body).await.is(200).body;
    let mut exchanged = body.clone();
    *exchanged.last_mut().unwrap() ^= 1;
    let answer = chn.cbor("/v1/verdicts", &exchanged).await;
    chn.problem(&answer, "verdicts", "envelope_mismatch");
    // Another gate tells of this gate's clearance.
    let foreign = Shown { gate: ELSEWHERE, ..shown.clone() };
    let end = crate::bay::event(bay, &foreign, Passage::NotPassed, (1, [0; 32]), &[]);
    let receipt = chn.cbor("/v1/events", &end).await.is(200).body;
    let outside = ReceiptResult::Conflict("gate_outside_binding".to_owned());
    assert_eq!(receipt_of(bay, Chn, &receipt, &end), outside);
    let metrics = chn.get("/metrics", None).await.is(200).text();
    let counted = format!("baypass_authority_gates_outside_binding_total{{gate=\"{ELSEWHERE}\"}} 2");
    assert!(metrics.contains(&counted), "{metrics}");
    assert!(log().contains("alarm: a gate asked outside of its place"));
    let first = passed(bay, &shown, 1, [0; 32], &[&verdict]);
    chn.cbor("/v1/events", &first).await.is(200);
    settlements(bay, chn, &shown, hash_of(&first)).await;
}

/// What an officer cannot settle.
async fn settlements(bay: &Bay, chn: &Door, shown: &Shown, previous: [u8; 32]) {
    let settle = async |id: &str, outcome: &str| {
        let body = json!({"id": id, "outcome": outcome, "reason": "seen"});
        chn.post("/v1/settlements", Some(OFFICER), &body).await
    };
    chn.problem(&settle(&"07".repeat(32), "passed").await, "settlements", "nothing_waits");
    chn.problem(&settle("no id", "passed").await, "settlements", "wrong_field");
    // The gate says otherwise of a passage that was counted, and tells of one that nobody admitted.
    let otherwise = event(bay, shown, Passage::NotPassed, (2, previous), &[]);
    chn.cbor("/v1/events", &otherwise).await.is(200);
    let strange = Shown { clearance: [9; 16], ..shown.clone() };
    chn.cbor("/v1/events", &passed(bay, &strange, 3, hash_of(&otherwise), &[])).await.is(200);
    let heard = chn.get("/v1/conflicts", Some(OFFICER)).await.is(200).json();
    let id = |code: &str| {
        let all = heard["conflicts"].as_array().unwrap();
        all.iter().find(|one| one["code"] == code).unwrap()["id"].as_str().unwrap().to_owned()
    };
    chn.problem(&settle(&id("after_passage"), "not_passed").await, "settlements", "already_counted");
    chn.problem(&settle(&id("not_admitted"), "passed").await, "settlements", "no_reservation");
    settle(&id("not_admitted"), "noted").await.is(204);
}

#[tokio::test]
async fn a_gap_in_a_gates_events_is_answered_with_the_number_that_comes_next() {
    let bay = strangers(MORNING.parse().unwrap(), in_memory().await).await;
    let chn = Door::open(&bay.chn, &bay).await;
    let mut previous = [0; 32];
    for number in [1, 2, 4] {
        let signed = sign_event(&bay, &bare_event(&bay, number, previous));
        previous = hash_of(&signed);
        let receipt = chn.cbor("/v1/events", &signed).await.is(200).body;
        let result = if number == 4 { ReceiptResult::Expected(3) } else { ReceiptResult::Taken };
        assert_eq!(receipt_of(&bay, bay.chn.code(), &receipt, &signed), result);
    }
}

#[tokio::test]
async fn more_faces_at_once_than_there_are_seats_are_told_to_come_again() {
    let Some((_, live, _)) = photographs("more_faces_at_once") else { return };
    let mut bay = strangers(MORNING.parse().unwrap(), in_memory().await).await;
    let service = Arc::into_inner(bay.chn).unwrap().with_concurrency(1, 1);
    bay.chn = Arc::new(service);
    let chn = Door::open(&bay.chn, &bay).await;
    let wanted = |nth: usize| enrolment("exit_entry_permit", &format!("C{nth:08}"), NAME, BIRTH, &live);
    let tries: Vec<_> = (0..6)
        .map(|nth| {
            let (chn, wanted) = (chn.clone(), wanted(nth));
            tokio::spawn(async move { chn.post("/v1/enrolments", None, &wanted).await })
        })
        .collect();
    let mut statuses = Vec::new();
    for tried in tries {
        let answer = tried.await.unwrap();
        let code = if answer.status == 503 { "busy" } else { "unknown_person" };
        chn.problem(&answer, "enrol", code);
        statuses.push(answer.status);
    }
    assert!(statuses.contains(&503) && statuses.contains(&404), "{statuses:?}");
    let answer = chn.post("/v1/enrolments", None, &wanted(6)).await;
    chn.problem(&answer, "enrol", "unknown_person");
}

#[tokio::test]
async fn a_database_that_is_gone_is_told_as_such_and_found_unwell() {
    let stores = in_memory().await;
    let pool = stores[0].store.pool().clone();
    let bay = strangers(MORNING.parse().unwrap(), stores).await;
    let chn = Door::open(&bay.chn, &bay).await;
    pool.close().await;
    for (path, operation) in [("/v1/ledger", "ledger"), ("/v1/unresolved", "unresolved")] {
        let answer = chn.get(path, Some(OFFICER)).await;
        chn.problem(&answer, operation, "database_failed");
        assert_eq!(answer.header("retry-after"), "5");
    }
    let answer = chn.get("/v1/pass", Some(&b64(&[1; 32]))).await;
    chn.problem(&answer, "own_pass", "database_failed");
    let health = chn.get("/health/details", None).await.is(503).json();
    assert_eq!(
        (&health["status"], &health["database"]["status"]),
        (&json!("unavailable"), &json!("unavailable"))
    );
    assert!(chn.get("/metrics", None).await.is(200).text().contains("baypass_authority_database_up 0"));
}

#[tokio::test]
async fn a_wallet_that_asks_for_more_keys_a_day_than_anybody_needs_is_told_to_wait() {
    let Some((photo, live, _)) = photographs("a_wallet_that_asks_for_more_keys") else { return };
    let mut bay = strangers(MORNING.parse().unwrap(), in_memory().await).await;
    bay.chn = Arc::new(Arc::into_inner(bay.chn).unwrap().with_device_keys_a_day(3));
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let chn = Door::open(&bay.chn, &bay).await;
    let session = crate::bay::enrol(&bay, &live).await;
    let secret = b64(&session);
    let ask = async |keys: usize, now| {
        let device = |_| {
            let key = SigningKey::generate().unwrap();
            let proof = possession(&key, Chn, Chn, &session, now).unwrap();
            json!({ "key": b64(key.public().as_bytes()), "proof": b64(&proof) })
        };
        let devices: Vec<_> = (0..keys).map(device).collect();
        let body = json!({"key_class": "software", "devices": devices});
        chn.post("/v1/tokens", Some(&secret), &body).await
    };
    ask(2, bay.now).await.is(200);
    let answer = ask(2, bay.now).await;
    chn.problem(&answer, "tokens", "too_many_keys");
    ask(1, bay.now).await.is(200);
    let tomorrow = bay.now.plus_seconds(86_401);
    chn.clock.store(tomorrow.unix(), std::sync::atomic::Ordering::SeqCst);
    ask(3, tomorrow).await.is(200);
}
