//! Enrolment: who gets in, who waits, who is never kept out; over both engines, in one process and over HTTP.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use authority::{
    Applicant, CaptureError, Decided, EnrolError, EnrolRequest, EnrolmentFrame, FaceCheckError, FrameReader,
    GoesOn, PendingError, SessionError, WorkAnswer,
};
use credential::SigningKey;
use credential::dpop::{DpopRequest, DpopThumbprint, sign_dpop};
use documents::{DocumentNumber, LocalDate, Timestamp, check_digit};
use evaluate::attack::{Chance, Kind, Noise, Player, Subject};
use face::active::{Frame, Prompt};
use face::{FaceError, QualityFault, Track};
use serde_json::{Value, json};

use crate::bay::{
    BIRTH, Bay, NAME, NUMBER, Place, RECORD, bay, claim, guessed, in_memory, photographs, strangers,
};
use crate::door::{Door, OFFICER, b64, enrolment};
use crate::http::MORNING;
use crate::postgres::Cluster;

fn number() -> DocumentNumber {
    DocumentNumber::recognise(NUMBER).unwrap()
}

fn birth() -> LocalDate {
    BIRTH.parse().unwrap()
}

fn phone() -> DpopThumbprint {
    DpopThumbprint::of(SigningKey::generate().unwrap().public()).unwrap()
}

/// Enrols with this invitation by this device.
async fn enrols(
    bay: &Bay,
    invitation: Option<String>,
    device: DpopThumbprint,
    selfie: &[u8],
) -> Result<authority::Enrolled, EnrolError> {
    let number = number();
    let claim = claim(&bay.chn, (&number, NAME, birth()), invitation, bay.now)?;
    bay.chn.enrol(&claim, device, selfie, bay.now).await
}

async fn invitation(bay: &Bay, replaces: bool) -> Option<String> {
    Some(bay.chn.invite(&number(), replaces, bay.now).await.unwrap().code.printed())
}

/// Number, name, birth date and the registry's own photograph: all that a thief has.
async fn a_thief_enrols_nothing_and_the_holders_wallet_stays(stores: [Place; 2], photo: &[u8], live: &[u8]) {
    let bay = strangers(MORNING.parse().unwrap(), stores).await;
    bay.chn.add_resident(RECORD, photo, bay.now).await.unwrap();
    let mine = phone();
    let own = enrols(&bay, invitation(&bay, false).await, mine, live).await.unwrap();
    assert_eq!(own.waits_until, None);
    assert!(matches!(enrols(&bay, None, phone(), photo).await, Err(EnrolError::NothingHeld)));
    let guess = guessed(bay.chn.code());
    assert!(matches!(enrols(&bay, Some(guess), phone(), photo).await, Err(EnrolError::Unknown)));
    bay.chn.open_session(&own.secret, mine, bay.now).await.unwrap();
    assert!(bay.chn.own_record(&own.secret, bay.now).await.unwrap().second.is_none());
}

/// An invitation counts once, until its day, and the newest alone.
async fn an_invitation_counts_once_and_the_newest_alone(stores: [Place; 2], photo: &[u8], live: &[u8]) {
    let mut bay = strangers(MORNING.parse().unwrap(), stores).await;
    bay.chn.add_resident(RECORD, photo, bay.now).await.unwrap();
    let (old, new) = (invitation(&bay, true).await, invitation(&bay, true).await);
    assert!(matches!(enrols(&bay, old, phone(), live).await, Err(EnrolError::Unknown)));
    enrols(&bay, new.clone(), phone(), live).await.unwrap();
    assert!(matches!(enrols(&bay, new, phone(), live).await, Err(EnrolError::Unknown)), "it was used");
    let late = invitation(&bay, true).await;
    bay.now = bay.now.plus_seconds(14 * 86_400);
    assert!(matches!(enrols(&bay, late, phone(), live).await, Err(EnrolError::Unknown)), "its day is over");
    // A wrong face uses nothing up.
    let good = invitation(&bay, true).await;
    let wrong = claim(&bay.chn, (&number(), "SOMEBODY ELSE", birth()), good.clone(), bay.now).unwrap();
    assert!(matches!(bay.chn.enrol(&wrong, phone(), live, bay.now).await, Err(EnrolError::Unknown)));
    enrols(&bay, good, phone(), live).await.unwrap();
    assert_eq!(bay.chn.invite(&number(), false, bay.now).await.unwrap().made, 5);
}

/// A second enrolment ends the first by nobody's silence but that of three days.
async fn a_second_enrolment_waits_for_the_first_wallets_word(stores: [Place; 2], photo: &[u8], live: &[u8]) {
    let bay = strangers(MORNING.parse().unwrap(), stores).await;
    bay.chn.add_resident(RECORD, photo, bay.now).await.unwrap();
    let (mine, other) = (phone(), phone());
    let own = enrols(&bay, invitation(&bay, false).await, mine, live).await.unwrap().secret;
    let open = async |secret: &[u8; 32], device, now| bay.chn.open_session(secret, device, now).await;
    let record = async |secret: &[u8; 32]| bay.chn.own_record(secret, bay.now).await.unwrap();

    let second = enrols(&bay, invitation(&bay, false).await, other, live).await.unwrap();
    let until = bay.now.plus_seconds(72 * 3600);
    assert_eq!(second.waits_until, Some(until));
    assert!(matches!(open(&second.secret, other, bay.now).await, Err(SessionError::Waits { .. })));
    assert!(matches!(open(&second.secret, mine, bay.now).await, Err(SessionError::OtherDevice)));
    assert_eq!(record(&own).await.second, Some((bay.now, until)), "the wallet in force is told");
    open(&own, mine, bay.now).await.unwrap();

    // It objects: the new one is gone, and stays gone when its time would have come.
    bay.chn.answer_second_enrolment(&own, Decided::Rejected, bay.now).await.unwrap();
    assert!(matches!(open(&second.secret, other, until).await, Err(SessionError::NoPass)));
    let again = bay.chn.answer_second_enrolment(&own, Decided::Rejected, bay.now).await;
    assert!(matches!(again, Err(PendingError::NothingWaits)));

    // Nobody says anything for three days.
    let second = enrols(&bay, invitation(&bay, false).await, other, live).await.unwrap();
    assert_eq!(bay.chn.second_enrolments(bay.now).await.unwrap().len(), 1);
    assert!(open(&second.secret, other, until.plus_seconds(-1)).await.is_err());
    open(&second.secret, other, until).await.unwrap();
    assert!(matches!(open(&own, mine, until).await, Err(SessionError::NoPass)));
    assert!(bay.chn.second_enrolments(bay.now).await.unwrap().is_empty());

    // It agrees, an officer decides, an officer saw the holder: each at once.
    let (own, mine) = (second.secret, other);
    enrols(&bay, invitation(&bay, false).await, phone(), live).await.unwrap();
    bay.chn.decide_second_enrolment(&number(), Decided::Rejected, bay.now).await.unwrap();
    assert!(bay.chn.decide_second_enrolment(&number(), Decided::Accepted, bay.now).await.is_err());
    open(&own, mine, bay.now).await.unwrap();
    let other = phone();
    let fourth = enrols(&bay, invitation(&bay, false).await, other, live).await.unwrap();
    bay.chn.answer_second_enrolment(&own, Decided::Accepted, bay.now).await.unwrap();
    open(&fourth.secret, other, bay.now).await.unwrap();
    let other = phone();
    let fifth = enrols(&bay, invitation(&bay, true).await, other, live).await.unwrap();
    assert_eq!(fifth.waits_until, None);
    assert!(matches!(open(&fourth.secret, other, bay.now).await, Err(SessionError::NoPass)));
    open(&fifth.secret, other, bay.now).await.unwrap();

    // The pass ends: nothing that waits comes into force by itself.
    let waiting = enrols(&bay, invitation(&bay, false).await, mine, live).await.unwrap();
    bay.chn.end_own_pass(&fifth.secret, bay.now).await.unwrap();
    assert!(matches!(open(&waiting.secret, mine, until).await, Err(SessionError::NoPass)));
}

/// A wallet in force enrols anew by its own secret and key: no invitation, no wait.
async fn a_wallets_own_key_is_something_that_its_holder_has(stores: [Place; 2], photo: &[u8], live: &[u8]) {
    let bay = strangers(MORNING.parse().unwrap(), stores).await;
    bay.chn.add_resident(RECORD, photo, bay.now).await.unwrap();
    let mine = phone();
    let own = enrols(&bay, invitation(&bay, false).await, mine, live).await.unwrap();
    let holder = bay.chn.open_session(&own.secret, mine, bay.now).await.unwrap();
    let request =
        EnrolRequest { number: number(), name: NAME.to_owned(), birth: birth(), mrz: None, invitation: None };
    let claim = bay.chn.read_claim(request, Some(holder), bay.now).unwrap();
    let anew = bay.chn.enrol(&claim, mine, live, bay.now).await.unwrap();
    assert_eq!(anew.waits_until, None);
    bay.chn.open_session(&anew.secret, mine, bay.now).await.unwrap();
    assert!(matches!(bay.chn.open_session(&own.secret, mine, bay.now).await, Err(SessionError::NoPass)));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_takes_a_pass_over_in_silence_over_either_engine() {
    let Some((photo, live, _)) = photographs("nobody_takes_a_pass_over") else { return };
    let Some(cluster) = Cluster::start("nobody_takes_a_pass_over").await else { return };
    for stores in [in_memory().await, cluster.two("thief").await] {
        a_thief_enrols_nothing_and_the_holders_wallet_stays(stores, &photo, &live).await;
    }
    for stores in [in_memory().await, cluster.two("invitation").await] {
        an_invitation_counts_once_and_the_newest_alone(stores, &photo, &live).await;
    }
    for stores in [in_memory().await, cluster.two("second").await] {
        a_second_enrolment_waits_for_the_first_wallets_word(stores, &photo, &live).await;
    }
    for stores in [in_memory().await, cluster.two("anew").await] {
        a_wallets_own_key_is_something_that_its_holder_has(stores, &photo, &live).await;
    }
}

#[tokio::test]
async fn no_number_of_strangers_keeps_a_holder_out() {
    let Some((photo, live, stranger)) = photographs("no_number_of_strangers") else { return };
    let bay = strangers(MORNING.parse().unwrap(), in_memory().await).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let chn = Door::open(&bay.chn, &bay).await;
    // Rubbish is refused by the cheap checks and uses nothing up.
    let rubbish =
        json!({ "document": { "kind": "exit_entry_permit", "number": "C1" }, "name": "", "birth": BIRTH });
    for _ in 0..200 {
        let answer = chn.post("/v1/enrolments", None, &rubbish).await;
        chn.problem(&answer, "enrol", "number_invalid");
    }
    // Whoever does the work may guess on.
    let mut guess = enrolment("exit_entry_permit", NUMBER, NAME, BIRTH, &stranger);
    let mut worked = 0;
    for _ in 0..12 {
        guess["invitation"] = json!(guessed(bay.chn.code()));
        let mut answer = chn.post("/v1/enrolments", None, &guess).await;
        if answer.status == 428 {
            let told = chn.problem(&answer, "enrol", "work_required");
            let wait: i64 = answer.header("retry-after").parse().unwrap();
            let salt = told["work"]["salt"].as_str().unwrap();
            let bits = u8::try_from(told["work"]["bits"].as_u64().unwrap()).unwrap();
            let solved = json!({ "salt": salt, "answer": credential::work::solve(salt, bits) });
            guess["work"] = solved;
            if wait > 0 {
                let early = chn.post("/v1/enrolments", None, &guess).await;
                chn.problem(&early, "enrol", "work_invalid");
                chn.clock.fetch_add(wait, Ordering::SeqCst);
            }
            answer = chn.post("/v1/enrolments", None, &guess).await;
            guess.as_object_mut().unwrap().remove("work");
            worked += 1;
        }
        chn.problem(&answer, "enrol", "unknown_person");
    }
    assert_eq!(worked, 7, "five guesses were free");
    // The holder, with the code of the office: from the same address, at once, without work.
    let wanted = enrolment("exit_entry_permit", NUMBER, NAME, BIRTH, &live);
    let secret =
        chn.post("/v1/enrolments", None, &wanted).await.is(201).json()["secret"].as_str().unwrap().to_owned();
    chn.get("/v1/pass", Some(&secret)).await.is(200);
}

#[tokio::test]
async fn a_stolen_secret_is_worth_nothing_without_its_device_key() {
    let Some((photo, live, _)) = photographs("a_stolen_secret") else { return };
    let stores = in_memory().await;
    let pool = stores[0].store.pool().clone();
    let bay = bay(MORNING.parse().unwrap(), stores).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let chn = Door::open(&bay.chn, &bay).await;
    let wanted = enrolment("exit_entry_permit", NUMBER, NAME, BIRTH, &live);
    let secret = chn.post("/v1/enrolments", None, &wanted).await.is(201).json()["secret"].clone();
    let secret = secret.as_str().unwrap();
    chn.get("/v1/pass", Some(secret)).await.is(200);

    let thief = SigningKey::generate().unwrap();
    let (bearer, dpop) = (format!("Bearer {secret}"), format!("DPoP {secret}"));
    let answer = chn.call("GET", "/v1/pass", &[("authorization", &bearer)], Vec::new()).await;
    chn.problem(&answer, "own_pass", "unauthorized");
    let answer = chn.call("GET", "/v1/pass", &[("authorization", &dpop)], Vec::new()).await;
    chn.problem(&answer, "own_pass", "invalid_dpop_proof");
    let answer = chn.send_by(&thief, "GET", "/v1/pass", Some(secret), &Value::Null).await;
    chn.problem(&answer, "own_pass", "invalid_dpop_proof");
    let answer = chn.send_by(&thief, "DELETE", "/v1/pass", Some(secret), &Value::Null).await;
    chn.problem(&answer, "end_pass", "invalid_dpop_proof");

    // A request that was read on its way, sent again, or turned into another one.
    let own = chn.key_of(Some(secret));
    let proof = chn.proof(&own, "GET", "/v1/pass", Some(secret));
    let sent = async |method: &str, path: &str, proof: &str| {
        chn.call(method, path, &[("authorization", &dpop), ("dpop", proof)], Vec::new()).await
    };
    sent("GET", "/v1/pass", &proof).await.is(200);
    for (method, path, operation) in [
        ("GET", "/v1/pass", "own_pass"),
        ("DELETE", "/v1/pass", "end_pass"),
        ("GET", "/v1/passages", "passages"),
    ] {
        let answer = sent(method, path, &proof).await;
        chn.problem(&answer, operation, "invalid_dpop_proof");
    }
    let answer = sent("GET", "/v1/pass", &chn.proof(&own, "GET", "/v1/pass", Some("another"))).await;
    chn.problem(&answer, "own_pass", "invalid_dpop_proof");
    let twice = chn.proof(&own, "GET", "/v1/pass", Some(secret));
    let twice = [("authorization", dpop.as_str()), ("dpop", &twice), ("dpop", &twice)];
    let answer = chn.call("GET", "/v1/pass", &twice, Vec::new()).await;
    chn.problem(&answer, "own_pass", "invalid_dpop_proof");

    // A phone whose clock is wrong gets a nonce, and is let in with it.
    let url = format!("{}/v1/pass", chn.base);
    let wrong = bay.now.plus_seconds(-86_400);
    let made = |nonce: Option<&str>, id: u8| {
        let request = DpopRequest { method: "GET", url: &url, token: Some(secret), nonce };
        sign_dpop(&own, request, [id; 16], wrong).unwrap()
    };
    let answer = sent("GET", "/v1/pass", &made(None, 1)).await;
    chn.problem(&answer, "own_pass", "use_dpop_nonce");
    let nonce = answer.header("dpop-nonce").to_owned();
    sent("GET", "/v1/pass", &made(Some(&nonce), 2)).await.is(200);
    let answer = sent("GET", "/v1/pass", &made(Some(&nonce), 2)).await;
    chn.problem(&answer, "own_pass", "invalid_dpop_proof");

    // A secret of the version before knows no key: the first proof binds it, for ever.
    sqlx::query("UPDATE pass SET device = NULL").execute(&pool).await.unwrap();
    chn.get("/v1/pass", Some(secret)).await.is(200);
    let answer = chn.send_by(&thief, "GET", "/v1/pass", Some(secret), &Value::Null).await;
    chn.problem(&answer, "own_pass", "invalid_dpop_proof");
    chn.get("/v1/pass", Some(secret)).await.is(200);
}

#[tokio::test]
async fn a_second_wallet_is_answered_over_http_and_by_officers() {
    let Some((photo, live, _)) = photographs("a_second_wallet_is_answered") else { return };
    let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let chn = Door::open(&bay.chn, &bay).await;
    let document = json!({ "kind": "exit_entry_permit", "number": NUMBER });
    let enrolled = async |status: u16| {
        let invite = json!({ "document": document });
        let made = chn.post("/v1/residents/invite", Some(OFFICER), &invite).await.is(201).json();
        let mut wanted = enrolment("exit_entry_permit", NUMBER, NAME, BIRTH, &live);
        wanted["invitation"] = made["invitation"].clone();
        let answer = chn.post("/v1/enrolments", None, &wanted).await.is(status).json();
        answer["secret"].as_str().unwrap().to_owned()
    };
    let first = enrolled(201).await;
    let answer = chn.post("/v1/second-enrolment", Some(&first), &json!({ "agree": true })).await;
    chn.problem(&answer, "answer_second_enrolment", "nothing_pending");
    let second = enrolled(202).await;
    let waits = chn.get("/v1/pass", Some(&second)).await;
    chn.problem(&waits, "own_pass", "enrolment_waits");
    let told = chn.get("/v1/pass", Some(&first)).await.is(200).json();
    assert_eq!(told["second_enrolment"]["until"], "2026-03-05T10:00:00+08:00");
    let listed = chn.get("/v1/residents/second-enrolments", Some(OFFICER)).await.is(200).json();
    assert_eq!(listed["waiting"].as_array().unwrap().len(), 1);
    chn.post("/v1/second-enrolment", Some(&first), &json!({ "agree": false })).await.is(204);
    let gone = chn.get("/v1/pass", Some(&second)).await;
    chn.problem(&gone, "own_pass", "no_pass");
    let third = enrolled(202).await;
    let decision = json!({ "document": document, "accept": true });
    chn.post("/v1/residents/second-enrolments", Some(OFFICER), &decision).await.is(204);
    chn.get("/v1/pass", Some(&third)).await.is(200);
    let ended = chn.get("/v1/pass", Some(&first)).await;
    chn.problem(&ended, "own_pass", "no_pass");
    let nothing = chn.post("/v1/residents/second-enrolments", Some(OFFICER), &decision).await;
    chn.problem(&nothing, "decide_second_enrolment", "nothing_pending");
}

/// A resident of the mainland with a passport beside the permit.
const WITH_PASSPORT: &str = r#"{"person": {"name": "Specimen Li Na", "birth": "1991-05-06", "home": "CHN"},
  "documents": [{"kind": "exit_entry_permit", "number": "CA1234567", "expires": "2030-01-01",
    "endorsements": []}, {"kind": "passport", "number": "E12345678", "expires": "2031-02-03"}]}"#;

fn passport(number: &str, expiry: &str) -> String {
    let digit = |field: &str| check_digit(field).unwrap();
    let one = format!("{:<<44}", "P<CHNSPECIMEN<<LI<NA");
    let birth = "910506";
    let two = format!(
        "{number}{}CHN{birth}{}F{expiry}{}{:<<14}{}",
        digit(number),
        digit(birth),
        digit(expiry),
        "",
        digit(&"<".repeat(14))
    );
    let composite = format!("{}{}{}", &two[0..10], &two[13..20], &two[21..43]);
    format!("{one}\n{two}{}", digit(&composite))
}

#[tokio::test]
async fn the_zone_of_another_registered_document_is_something_that_the_holder_has() {
    let Some((photo, live, _)) = photographs("the_zone_of_another") else { return };
    let bay = strangers(MORNING.parse().unwrap(), in_memory().await).await;
    bay.chn.add_resident(WITH_PASSPORT, &photo, bay.now).await.unwrap();
    let with = async |zone: String| {
        let (name, birth) = ("Specimen Li Na".to_owned(), "1991-05-06".parse().unwrap());
        let request = EnrolRequest { number: number(), name, birth, mrz: Some(zone), invitation: None };
        let claim = bay.chn.read_claim(request, None, bay.now)?;
        bay.chn.enrol(&claim, phone(), &live, bay.now).await
    };
    for wrong in [passport("E12345679", "310203"), passport("E12345678", "310204")] {
        assert!(matches!(with(wrong).await, Err(EnrolError::Unknown)));
    }
    with(passport("E12345678", "310203")).await.unwrap();
    let again = with(passport("E12345678", "310203")).await.unwrap();
    assert!(again.waits_until.is_some(), "a zone replaces nobody in silence");
}

/// A head that follows what it is asked, or a sheet; the pictures themselves are those of one photograph.
#[derive(Debug)]
struct Drawn(Mutex<Stage>);

struct Stage {
    player: Player,
    shown: Prompt,
    /// What the head wears.
    cover: Option<QualityFault>,
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stage")
    }
}

impl FrameReader for Drawn {
    fn follow(&self, _: &mut Track, _: &[u8], at_ms: u64) -> Result<Frame, FaceCheckError> {
        let mut stage = self.0.lock().unwrap();
        let shown = stage.shown;
        let frame = stage.player.frame(at_ms, shown).ok_or(FaceCheckError::Face(FaceError::NoFace))?;
        Ok(Frame { cover: stage.cover, ..frame })
    }
}

/// One live enrolment: eighty milliseconds a frame; gives what came of it.
async fn films(
    bay: &Bay,
    reader: &Drawn,
    invitation: Option<String>,
    picture: &[u8],
    behind: i64,
) -> Result<authority::Enrolled, EnrolError> {
    let number = number();
    let claim = claim(&bay.chn, (&number, NAME, birth()), invitation, bay.now)?;
    let device = phone();
    let applicant = Applicant { device, client: None, pressed: false };
    let begun = bay.chn.begin_enrolment(claim, applicant, None::<&WorkAnswer>, bay.now).await?;
    assert!(!begun.simulated);
    let at = |ms: u64| Timestamp::from_unix(bay.now.unix() + i64::try_from(ms / 1000).unwrap()).unwrap();
    for nth in 0..600 {
        let at_ms = nth * 80;
        let frame = EnrolmentFrame { at_ms, picture: picture.to_vec() };
        let now = if nth > 12 { at(at_ms).plus_seconds(behind) } else { at(at_ms) };
        match bay.chn.go_on_enrolling(&begun.id, device, vec![frame], now).await? {
            GoesOn::More(prompt) => reader.0.lock().unwrap().shown = prompt,
            GoesOn::Enrolled(enrolled) => return Ok(enrolled),
        }
    }
    panic!("the challenge has no end")
}

async fn filmed(kind: Kind) -> (Bay, Arc<Drawn>) {
    let mut bay = strangers(MORNING.parse().unwrap(), in_memory().await).await;
    let mut chance = Chance::of_seed(7);
    let subject = Subject::generic(&mut chance);
    let noise = Noise::as_measured(&mut Chance::of_seed(1));
    let player = Player::new(kind, subject, noise, chance);
    let reader = Arc::new(Drawn(Mutex::new(Stage { player, shown: Prompt::LookStraight, cover: None })));
    let service = Arc::into_inner(bay.chn).unwrap().with_simulated_cameras(false);
    bay.chn = Arc::new(service.with_frame_reader(Arc::clone(&reader) as Arc<dyn FrameReader>));
    (bay, reader)
}

#[tokio::test]
async fn a_head_that_something_covers_is_told_what_to_take_off() {
    let Some((photo, live, _)) = photographs("a_head_that_something_covers") else { return };
    for (cover, code) in [
        (QualityFault::Mask, "face_masked"),
        (QualityFault::Sunglasses, "face_shaded"),
        (QualityFault::EyesCovered, "face_covered"),
        (QualityFault::MouthCovered, "face_covered"),
    ] {
        let (bay, reader) = filmed(Kind::Honest).await;
        reader.0.lock().unwrap().cover = Some(cover);
        bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
        let chn = Door::open(&bay.chn, &bay).await;
        let key = SigningKey::generate().unwrap();
        let mut wanted = enrolment("exit_entry_permit", NUMBER, NAME, BIRTH, &live);
        wanted.as_object_mut().unwrap().remove("selfie");
        wanted["invitation"] = json!(invitation(&bay, false).await.unwrap());
        let begun = chn.send_by(&key, "POST", "/v1/enrolments", None, &wanted).await.is(201).json();
        let path = format!("/v1/enrolments/{}/frames", begun["id"].as_str().unwrap());
        let answer = {
            let mut nth = 0;
            loop {
                let frame = json!({ "at_ms": nth * 80, "picture": b64(&live) });
                let answer = chn.send_by(&key, "POST", &path, None, &json!({ "frames": [frame] })).await;
                if answer.status != 200 {
                    break answer;
                }
                nth += 1;
            }
        };
        chn.problem(&answer, "frames", code);
    }
}

#[tokio::test]
async fn a_live_head_that_follows_the_prompts_enrols_and_a_sheet_or_a_file_does_not() {
    let Some((photo, live, stranger)) = photographs("a_live_head") else { return };
    let (bay, reader) = filmed(Kind::Honest).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let enrolled = films(&bay, &reader, invitation(&bay, false).await, &live, 0).await.unwrap();
    assert_eq!(enrolled.waits_until, None);
    let file = enrols(&bay, invitation(&bay, false).await, phone(), &live).await;
    assert!(matches!(file, Err(EnrolError::LiveOnly)), "a file is no camera");

    let (bay, reader) = filmed(Kind::Honest).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let other = films(&bay, &reader, invitation(&bay, false).await, &stranger, 0).await;
    assert!(matches!(other, Err(EnrolError::Unknown)), "another head that lives");

    let (bay, reader) = filmed(Kind::Honest).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let late = films(&bay, &reader, invitation(&bay, false).await, &live, 20).await;
    assert!(
        matches!(late, Err(EnrolError::Capture(CaptureError::Late))),
        "frames that were made in peace come late"
    );

    for kind in [Kind::Still, Kind::Moved, Kind::Tilted, Kind::Bent, Kind::Mixed] {
        let (bay, reader) = filmed(kind).await;
        bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
        let sheet = films(&bay, &reader, invitation(&bay, false).await, &live, 0).await;
        assert!(matches!(sheet, Err(EnrolError::Capture(_))), "{kind:?}: {:?}", sheet.map(drop));
    }
}

#[tokio::test]
async fn a_failed_challenge_says_the_same_whether_the_claim_is_true_or_not() {
    let Some((photo, live, _)) = photographs("a_failed_challenge") else { return };
    let (bay, _) = filmed(Kind::Honest).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let chn = Door::open(&bay.chn, &bay).await;
    let mut told = Vec::new();
    for number in [NUMBER, "C00000009"] {
        let key = SigningKey::generate().unwrap();
        let parsed = DocumentNumber::recognise(number).unwrap();
        let mut wanted = enrolment("exit_entry_permit", number, NAME, BIRTH, &live);
        wanted.as_object_mut().unwrap().remove("selfie");
        wanted["invitation"] = json!(crate::bay::invitation(&bay.chn, &parsed, bay.now).await);
        let begun = chn.send_by(&key, "POST", "/v1/enrolments", None, &wanted).await.is(201).json();
        assert_eq!(begun["capture"], "live");
        let path = format!("/v1/enrolments/{}/frames", begun["id"].as_str().unwrap());
        // Frames whose times stand still.
        let frame = json!({ "at_ms": 0, "picture": b64(&live) });
        let frames = json!({ "frames": vec![frame; 8] });
        let answer = loop {
            let answer = chn.send_by(&key, "POST", &path, None, &frames).await;
            if answer.status != 200 {
                break answer;
            }
        };
        chn.problem(&answer, "frames", "liveness_failed");
        told.push(answer.text());
        let over = chn.send_by(&key, "POST", &path, None, &frames).await;
        chn.problem(&over, "frames", "enrolment_not_under_way");
    }
    assert_eq!(told[0], told[1]);
}
