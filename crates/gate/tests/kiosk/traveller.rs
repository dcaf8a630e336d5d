//! What a traveller meets at a kiosk, and who may open its pages.

use std::time::Duration;

use documents::Measure;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::bay::{Chn, Hkg, Mac};
use crate::page::{OK, Place, Reads, answered, quick, verify};

#[tokio::test]
async fn a_traveller_shows_a_code_and_a_face_and_goes_through_and_the_lane_is_free_again() {
    let place = Place::new().await;
    let (mut events, page) = place.page().await;
    assert_eq!(events.seen["state"], "ready");
    assert_eq!(place.post(page, "face", "face").await, (StatusCode::OK, "not_looking".into()));
    assert_eq!(place.post(page, "code", place.code()).await.0, StatusCode::ACCEPTED);
    let look = events.state("look_here").await;
    assert_eq!(look["sentence"], "kiosk_look_here");
    // A picture without a face, and one with two, are not the end.
    assert_eq!(place.post(page, "face", "none").await.0, OK);
    while events.seen["hint"]["code"] != "face_none" {
        events.next().await.unwrap();
    }
    assert_eq!(
        (&events.seen["state"], &events.seen["sentence"]),
        (&json!("look_here"), &json!("look_at_camera"))
    );
    assert_eq!(place.post(page, "face", "two").await.0, OK);
    while events.seen["hint"]["code"] != "face_several" {
        events.next().await.unwrap();
    }
    // What of a face cannot be compared has a sentence each, and the code that an officer knows.
    for (picture, sentence, english) in [
        ("masked", "quality_mask", "Please take off your mask."),
        ("shut", "quality_eyes_closed", "Please open your eyes and look at the camera."),
    ] {
        assert_eq!(place.post(page, "face", picture).await.0, OK);
        while events.seen["sentence"] != sentence {
            events.next().await.unwrap();
        }
        assert_eq!(events.seen["sentences"]["en"], english);
        assert_eq!(events.seen["hint"], json!({ "code": "face_poor", "sentence": sentence }));
    }
    assert_eq!(place.post(page, "face", "face").await.0, OK);
    let welcome = events.state("welcome").await;
    assert_eq!((&welcome["sentence"], &welcome["simulated_camera"]), (&json!("go_through"), &json!(true)));
    assert_eq!(
        welcome["sentences"],
        json!({"zh-Hans": "请通行。", "zh-Hant": "請通行。", "en": "Please go through.", "pt": "Pode passar."})
    );
    while events.seen["ms"].is_null() {
        events.next().await.unwrap();
    }
    for stage in ["read", "check", "face", "clear", "total", "code_to_door"] {
        assert!(events.seen["ms"][stage].is_number(), "{stage} in {}", events.seen["ms"]);
    }
    let ready = events.state("ready").await;
    assert!(ready["session"].is_null() && ready["ms"].is_null());
    assert_eq!(place.link.requests(Mac).len(), 1, "only the good picture was asked about");
    assert_eq!(place.link.requests(Mac)[0].probe, credential::sha256(b"face"));
    place.kiosk.shut();
    while events.next().await.is_some() {}
}

#[tokio::test]
async fn no_door_opens_without_a_pairing_or_a_session_of_its_own_side() {
    let place = Place::new().await;
    let get = async |path: &str, cookie: &str| {
        let request = place.client.get(format!("{}{path}", place.base)).header("cookie", cookie);
        answered(request.send().await.unwrap()).await
    };
    let refused = |code: &str| (StatusCode::UNAUTHORIZED, code.to_owned());
    let (mac, paired) = (place.signed[&Mac].clone(), place.paired.clone());
    let made_up = format!("baypass_kiosk_MAC-CHN={}", "A".repeat(43));
    let renamed = mac.replace("_MAC", "_CHN");
    for (row, path, cookie, code) in [
        ("none", "/v1/kiosk/MAC-CHN", "", "not_paired"),
        ("made up", "/v1/kiosk/MAC-CHN", &made_up, "not_paired"),
        ("an officer's", "/v1/kiosk/MAC-CHN/events", &mac, "not_paired"),
        ("the kiosk's", "/v1/officer/MAC-CHN/CHN/events", &paired, "signed_out"),
        ("the other officer's", "/v1/officer/MAC-CHN/CHN/events", &mac, "signed_out"),
    ] {
        assert_eq!(get(path, cookie).await, refused(code), "{row}");
    }
    // A session of the other side under this side's name is known, and opens nothing.
    let other = get("/v1/officer/MAC-CHN/CHN/events", &renamed).await;
    assert_eq!(other, (StatusCode::FORBIDDEN, "role_missing".to_owned()));
    let posted = place.client.post(format!("{}/v1/kiosk/MAC-CHN/code", place.base)).body(place.code());
    let posted = posted.header("origin", &place.base);
    assert_eq!(answered(posted.send().await.unwrap()).await, refused("not_paired"));
    let missing = (StatusCode::NOT_FOUND, "no_such_lane".to_owned());
    for path in ["/v1/kiosk/CHN-MAC", "/v1/officer/MAC-CHN/HKG", "/v1/officer/MAC-CHN/XXX", "/kiosk/other"] {
        assert_eq!(get(path, &paired).await, missing, "{path}");
    }
    assert_eq!(Hkg.code(), "HKG");
    // A name that somebody pointed here is not this machine.
    let foreign = place.client.get(format!("{}/kiosk/MAC-CHN", place.base)).header("host", "evil.example:80");
    let (status, code) = answered(foreign.send().await.unwrap()).await;
    assert_eq!((status, code.as_str()), (StatusCode::FORBIDDEN, "loopback_only"));
    let elsewhere = place.client.get(format!("{}/v1/kiosk/MAC-CHN", place.elsewhere));
    let elsewhere = elsewhere.header("cookie", &paired).send().await.unwrap();
    assert_eq!(answered(elsewhere).await, (StatusCode::FORBIDDEN, "loopback_only".into()));
}

#[tokio::test]
async fn a_page_of_another_port_of_this_machine_rides_on_no_cookie() {
    let place = Place::new().await;
    let other = (StatusCode::FORBIDDEN, "other_origin".to_owned());
    let act = format!("{}/v1/officer/MAC-CHN/CHN/acts", place.base);
    let cookie = &place.signed[&Chn];
    for origin in [Some("http://127.0.0.1:1"), Some("http://localhost:9999"), Some("null"), None] {
        let mut request = place.client.post(&act).header("cookie", cookie).body(r#"{"act":"call"}"#);
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        assert_eq!(answered(request.send().await.unwrap()).await, other, "{origin:?}");
    }
    let watch = place.client.get(format!("{}/v1/kiosk/MAC-CHN/events", place.base));
    let watch = watch.header("cookie", &place.paired).header("sec-fetch-site", "same-site");
    assert_eq!(answered(watch.send().await.unwrap()).await, other, "it would take the lane over");
    assert!(place.acts().is_empty());
}

#[tokio::test]
async fn the_pages_come_with_a_strict_policy_and_say_so_where_they_are_not_built() {
    let place = Place::new().await;
    let page = async |path: &str| {
        let response = place.client.get(format!("{}{path}", place.base)).send().await.unwrap();
        let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
        let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
        (response.status(), kind, policy, response.text().await.unwrap())
    };
    let (status, _, _, text) = page("/kiosk/MAC-CHN").await;
    assert!(status == StatusCode::SERVICE_UNAVAILABLE && text.contains("npm run build:kiosk"), "{text}");
    let pages = place.folder.path().join("pages");
    std::fs::create_dir(&pages).unwrap();
    std::fs::write(pages.join("kiosk.html"), "<!doctype html>").unwrap();
    std::fs::write(pages.join("a.wasm"), "wasm").unwrap();
    std::fs::write(place.folder.path().join("secret.js"), "no").unwrap();
    let (status, kind, policy, _) = page("/kiosk/MAC-CHN").await;
    assert_eq!((status.as_u16(), kind.as_str()), (200, "text/html; charset=utf-8"));
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe-inline"), "{policy}");
    assert!(policy.contains("connect-src 'self';"), "a kiosk speaks to its gate alone: {policy}");
    std::fs::write(pages.join("officer.html"), "<!doctype html>").unwrap();
    let policy = page("/officer/MAC-CHN/CHN").await.2;
    assert!(policy.contains("connect-src 'self' http://127.0.0.1:7101;"), "the own authority's: {policy}");
    let policy = page("/officer/MAC-CHN/MAC").await.2;
    assert!(policy.contains("connect-src 'self';"), "no other's, where its own is not known: {policy}");
    let (status, kind, policy, _) = page("/kiosk-files/a.wasm").await;
    assert_eq!((status.as_u16(), kind.as_str()), (200, "application/wasm"));
    assert!(policy.contains("'wasm-unsafe-eval'"), "a worker goes by its own file's policy");
    for path in ["/kiosk-files/..%2Fsecret.js", "/kiosk-files/.hidden.js", "/kiosk-files/kiosk.html"] {
        assert_eq!(page(path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn one_traveller_at_a_time_and_the_newest_page_works_the_lane() {
    let place = Place::new().await;
    let (mut first, one) = place.page().await;
    assert_eq!(place.post(one, "code", place.code()).await.0, StatusCode::ACCEPTED);
    first.state("look_here").await;
    assert_eq!(place.post(one, "code", place.code()).await, (StatusCode::CONFLICT, "lane_busy".into()));
    let (mut second, two) = place.page().await;
    assert_eq!(second.seen["state"], "look_here", "the new page goes on where the lane stands");
    while let Some(event) = first.next().await {
        assert!(event["other_page"] == true || event["state"] == "look_here", "{event}");
    }
    assert_eq!(first.seen["other_page"], true);
    assert_eq!(place.post(one, "face", "face").await, (StatusCode::CONFLICT, "other_page".into()));
    assert_eq!(place.post(two, "face", "face").await.0, OK);
    second.state("welcome").await;
    // Whoever comes next is not blocked by what is still on the screen.
    while !second.seen["session"].is_null() {
        second.next().await.unwrap();
    }
    assert_eq!(second.seen["state"], "welcome");
    assert_eq!(place.post(two, "code", place.code()).await.0, StatusCode::ACCEPTED);
    second.state("look_here").await;
    assert_eq!(place.post(two, "code", vec![b'A'; 9000]).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(place.post(two, "face", vec![0; 3 << 20]).await.0, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_session_ends_by_itself_and_leaves_nothing_behind() {
    let place = Place::new().await;
    let (mut events, page) = place.page().await;
    // Nobody good before the camera: the last picture's reason is said.
    place.post(page, "code", place.code()).await;
    events.state("look_here").await;
    place.post(page, "face", "two").await;
    let again = events.state("again").await;
    assert_eq!(again["sentence"], "one_at_a_time");
    events.state("ready").await;
    // No picture at all.
    place.post(page, "code", place.code()).await;
    let silent = events.state("see_officer").await;
    assert_eq!(silent["sentence"], "see_officer");
    events.state("ready").await;
    // The traveller goes.
    place.post(page, "code", place.code()).await;
    events.state("look_here").await;
    assert_eq!(place.post(page, "leave", "").await.0, OK);
    events.state("ready").await;
    assert_eq!(place.post(page, "leave", "").await, (StatusCode::CONFLICT, "nothing_to_do".into()));
    // The screen is lost, and comes back to a free lane.
    place.post(page, "code", place.code()).await;
    events.state("look_here").await;
    drop(events);
    tokio::time::sleep(Duration::from_millis(700)).await;
    let (events, _) = place.page().await;
    assert_eq!(events.seen["state"], "ready");
    assert!(place.link.requests(Mac).is_empty(), "nobody was asked about anybody");
    assert_eq!(place.store.trails().await.unwrap(), []);
}

#[tokio::test]
async fn whoever_was_admitted_before_a_lost_screen_does_not_go_through() {
    let place = Place::new().await;
    place.link.say(Chn, [verify(&[Measure::Officer])]);
    let (mut events, page) = place.page().await;
    let mut chn = place.officer(Chn).await;
    place.post(page, "code", place.code()).await;
    events.state("look_here").await;
    place.post(page, "face", "face").await;
    chn.row(|row| row["state"] == "act").await;
    drop(events);
    let row = chn.row(|row| row["state"] != "act").await;
    assert_eq!(row["session"], 1);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let trails = place.store.trails().await.unwrap();
    assert_eq!(trails.len(), 1);
    assert!(format!("{trails:?}").contains("NotPassed"), "{trails:?}");
}

#[tokio::test]
async fn only_a_simulated_lane_marks_its_pictures_and_lets_a_page_play_the_door() {
    for simulated in [true, false] {
        let place = Place::with(quick(), |config| config.simulated_camera = simulated).await;
        let (mut events, page) = place.page().await;
        assert_eq!(events.seen["simulated_camera"], simulated);
        place.post(page, "code", place.code()).await;
        events.state("look_here").await;
        place.post(page, "face", "face").await;
        events.state("welcome").await;
        let (status, code) = place.post(page, "door", r#"{"passage":"returned"}"#).await;
        if simulated {
            assert_eq!(status, OK);
            events.state("see_officer").await;
        } else {
            assert_eq!((status, code.as_str()), (StatusCode::FORBIDDEN, "not_simulated"));
        }
    }
}

#[tokio::test]
async fn the_language_is_one_travellers_and_goes_with_them() {
    let place = Place::new().await;
    let (mut events, page) = place.page().await;
    assert_eq!(place.post(page, "language", r#"{"language":"pt"}"#).await.0, OK);
    while events.seen["language"] != "pt" {
        events.next().await.unwrap();
    }
    assert_eq!(place.post(page, "language", r#"{"language":"fr"}"#).await.0, StatusCode::BAD_REQUEST);
    place.post(page, "code", place.code()).await;
    events.state("look_here").await;
    assert_eq!(events.seen["language"], "pt");
    place.post(page, "face", "face").await;
    events.state("welcome").await;
    assert!(events.state("ready").await["language"].is_null());
    let card = place.client.get(format!("{}/v1/kiosk/MAC-CHN", place.base));
    let card: Value = serde_json::from_slice(
        &card.header("cookie", &place.paired).send().await.unwrap().bytes().await.unwrap(),
    )
    .unwrap();
    assert_eq!(
        card["sides"],
        json!([{"side": "exit", "authority": "MAC"}, {"side": "entry", "authority": "CHN"}])
    );
    assert_eq!(card["texts"]["go_through"]["pt"], "Pode passar.");
}

#[tokio::test]
async fn a_look_takes_the_pictures_that_come_right_behind_a_good_one_and_does_not_wait_for_more() {
    let one_behind = (&["second"][..], "firstsecond");
    for (pictures, simulated, (behind, wanted)) in [
        (2, false, one_behind),
        (2, false, (&[], "first")),
        (3, false, (&["second", "third"], "firstsecondthird")),
        // Three pictures would count as a hint, and here a photograph may stand in for a traveller.
        (4, true, one_behind),
    ] {
        let place = Place::seen_by(Reads::default(), quick(), |config| {
            (config.pictures, config.simulated_camera) = (pictures, simulated);
        })
        .await;
        let (mut page, number) = place.page().await;
        assert_eq!(place.post(number, "code", place.code()).await.0, StatusCode::ACCEPTED);
        page.state("look_here").await;
        assert_eq!(place.post(number, "face", "first").await.0, OK);
        for behind in behind {
            // Until the first was looked at, a newer picture would stand in its place.
            tokio::time::sleep(Duration::from_millis(200)).await;
            assert_eq!(place.post(number, "face", *behind).await.0, OK);
        }
        page.state("welcome").await;
        let asked = place.link.asked.lock().unwrap();
        assert!(!asked.is_empty());
        for (authority, body) in asked.iter() {
            let envelope = clearance::Envelope::decode(body).unwrap();
            assert_eq!(envelope.probe, wanted.as_bytes(), "{authority}");
        }
    }
}

#[tokio::test]
async fn a_traveller_without_a_phone_lays_down_two_cards_and_goes_through() {
    let place = Place::with(quick(), |config| config.kind = documents::LaneKind::Document).await;
    let (mut events, page) = place.page().await;
    assert_eq!(
        (&events.seen["state"], &events.seen["sentence"]),
        (&json!("ready"), &json!("kiosk_lay_card"))
    );
    assert_eq!(
        place.post(page, "code", place.code()).await,
        (StatusCode::CONFLICT, "other_kind_of_lane".into()),
        "a code has no use here"
    );
    // A mistake says where it is, and begins nothing.
    let card = |number: &str| json!({"number": number, "birth": "1946-03-17"}).to_string();
    for (number, code) in [("2123456(7)", "card_character"), ("512345(7)", "card_unknown")] {
        let (status, said) = place.post(page, "card", card(number)).await;
        assert_eq!((status, said.as_str()), (StatusCode::UNPROCESSABLE_ENTITY, code), "{number}");
    }
    assert_eq!(place.post(page, "card", card("5123456(7)")).await.0, StatusCode::ACCEPTED);
    let next = events.state("lay_card").await;
    assert_eq!(next["sentence"], "kiosk_next_card");
    assert_eq!(place.post(page, "card", card("M12345678")).await.0, StatusCode::ACCEPTED);
    events.state("look_here").await;
    assert_eq!(
        place.post(page, "card", card("M12345678")).await,
        (StatusCode::CONFLICT, "not_laying".into())
    );
    assert_eq!(place.post(page, "face", "face").await.0, OK);
    events.state("welcome").await;
    assert_eq!(place.link.requests(Mac)[0].lane, documents::LaneKind::Document);
    place.kiosk.shut();
    while events.next().await.is_some() {}
}

#[tokio::test]
async fn a_card_is_read_in_pictures_and_pictures_that_give_no_zone_begin_and_end_nothing() {
    use base64::Engine as _;
    let place = Place::with(quick(), |config| config.kind = documents::LaneKind::Document).await;
    let (mut events, page) = place.page().await;
    let pictures = |files: &[&[u8]]| {
        let files: Vec<String> =
            files.iter().map(|file| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(file)).collect();
        json!({ "pictures": files }).to_string()
    };
    let lines = zone("M12345678");
    let other = zone("M12345679");
    for (files, code) in [
        (&[b"hand".as_slice(), b"hand"] as &[&[u8]], "card_zone_none"),
        (&[lines.as_bytes(), other.as_bytes()], "card_zone_differs"),
        (&[&[0xff], &[0xfe]], "card_picture_file"),
        (&[], "card_picture_count"),
    ] {
        let (status, said) = place.post(page, "card", pictures(files)).await;
        assert_eq!((status, said.as_str()), (StatusCode::UNPROCESSABLE_ENTITY, code));
    }
    let large = vec![0; gate::kiosk::MAX_CARD_LEN];
    assert_eq!(place.post(page, "card", pictures(&[&large])).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    let both = pictures(&[lines.as_bytes(), lines.as_bytes()]);
    assert_eq!(place.post(page + 1, "card", both.clone()).await, (StatusCode::CONFLICT, "other_page".into()));
    assert_eq!(place.post(page, "card", both.clone()).await.0, StatusCode::ACCEPTED);
    let next = events.state("lay_card").await;
    assert_eq!(next["sentence"], "kiosk_next_card", "the zone was the first card");
    let bad = place.post(page, "card", pictures(&[b"hand", b"hand"])).await;
    assert_eq!(bad, (StatusCode::UNPROCESSABLE_ENTITY, "card_zone_none".into()));
    let typed = json!({"number": "5123456(7)", "birth": "1946-03-17"}).to_string();
    assert_eq!(place.post(page, "card", typed).await.0, StatusCode::ACCEPTED, "typing stays the other way");
    events.state("look_here").await;
    assert_eq!(place.post(page, "card", both).await, (StatusCode::CONFLICT, "not_laying".into()));
    assert_eq!(place.post(page, "face", "face").await.0, OK);
    events.state("welcome").await;
    place.kiosk.shut();
    while events.next().await.is_some() {}
}

/// The zone of a Home Return Permit.
fn zone(number: &str) -> String {
    let digit = |field: &str| documents::check_digit(field).unwrap();
    let (birth, expiry) = ("460317", "310101");
    let one = format!("CRCHN{number}{}{}", digit(number), "<".repeat(15));
    let two = format!("{birth}{}F{expiry}{}CHN{}", digit(birth), digit(expiry), "<".repeat(11));
    let all = [&one[5..30], &two[..7], &two[8..15], &two[18..29]].concat();
    format!("{one}\n{two}{}\nSPECIMEN<<LEONG<SAM<<<<<<<<<<<", digit(&all))
}

#[tokio::test]
async fn cards_of_two_people_are_told_so_and_the_lane_is_free_again() {
    let place = Place::with(quick(), |config| config.kind = documents::LaneKind::Document).await;
    let (mut events, page) = place.page().await;
    let card = |number: &str, birth: &str| json!({"number": number, "birth": birth}).to_string();
    assert_eq!(place.post(page, "card", card("5123456(7)", "1946-03-17")).await.0, StatusCode::ACCEPTED);
    events.state("lay_card").await;
    assert_eq!(place.post(page, "card", card("M12345678", "1950-01-01")).await.0, StatusCode::ACCEPTED);
    let again = events.state("again").await;
    assert_eq!(again["sentence"], "pages_disagree");
    events.state("ready").await;
    // Whoever goes away with one card laid down leaves nothing behind.
    assert_eq!(place.post(page, "card", card("5123456(7)", "1946-03-17")).await.0, StatusCode::ACCEPTED);
    events.state("lay_card").await;
    assert_eq!(place.post(page, "leave", "").await.0, OK);
    events.state("ready").await;
    assert!(place.link.requests(Mac).is_empty());
    place.kiosk.shut();
    while events.next().await.is_some() {}
}
