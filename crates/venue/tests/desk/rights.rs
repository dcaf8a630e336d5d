//! What the counter's views ask over HTTP: rooming lists, people who are found again, open reports, retention.

use axum::http::StatusCode;
use serde_json::{Value, json};
use trust::VenueKind;
use venue::desk::Book;
use venue::police::Courier;

use crate::desk::{now, register};
use crate::service::{Served, word};

fn texts(array: &Value, key: &str) -> Vec<String> {
    array.as_array().unwrap().iter().map(|one| word(one, key)).collect()
}

/// Checks in one guest by card; gives the path of the stay.
async fn guest(served: &Served, party: &str, name: &str, number: &str) -> String {
    let fields = json!({ "name": name, "document_kind": "cn-id", "document_number": number });
    let lines = json!([{ "line": 1, "fields": fields, "room": "1201" }]);
    let party = json!({ "party": party.repeat(16), "planned": "2026-12-01", "lines": lines });
    let done = served.post("/api/check-ins", &party).await;
    format!("/api/stays/{}", texts(done.get("lines").unwrap(), "stay").concat())
}

#[tokio::test]
async fn a_rooming_list_is_read_row_by_row_and_a_bad_row_holds_up_no_other() {
    let served = Served::new(VenueKind::Hotel).await;
    let csv = "\u{feff}No,Room,Name,Document number,birth-date\n1,1201,\"SPECIMEN, ONE\",H12345678,1990-05-17\n\
               2,12 01,SPECIMEN TWO,,\n3,,,,\n";
    let read = served.post("/api/rooming-lists", &json!({ "csv": csv })).await;
    assert_eq!(read["unused"], json!(["No"]));
    assert_eq!(read["rows"][0]["room"], "1201");
    let fields =
        json!({ "name": "SPECIMEN, ONE", "document_number": "H12345678", "birth_date": "1990-05-17" });
    assert_eq!((&read["rows"][0]["fields"], &read["rows"][0]["want"]), (&fields, &Value::Null));
    assert!(word(&read["rows"][1], "want").contains("not a room"));
    assert_eq!(read["rows"][2]["row"], 3);
    for (csv, code) in [("zimmer,name\n1,LI\n", "rooming_heading"), ("room,name\n", "party_size")] {
        let refused = served.counter("POST", "/api/rooming-lists", &json!({ "csv": csv })).await;
        assert_eq!((refused.status, refused.code().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, code));
    }
    let long = format!("room,name\n{}", "1,LI\n".repeat(101));
    let refused = served.counter("POST", "/api/rooming-lists", &json!({ "csv": long })).await;
    assert_eq!(refused.code(), "party_size");
}

#[tokio::test]
async fn a_guest_who_has_left_is_found_by_name_document_and_pass_and_each_look_is_written_down() {
    let served = Served::new(VenueKind::Hotel).await;
    let stay = guest(&served, "1a", "SPECIMEN, CARD ONE", "11010519491231002X").await;
    guest(&served, "1b", "SPECIMEN, OTHER", "110101199003071233").await;
    served.post(&format!("{stay}/out"), &json!({})).await;
    let found = async |by: Value| served.post("/api/stays/search", &by).await["stays"].clone();
    for by in [
        json!({ "name": "one card specimen" }),
        json!({ "document": "cn-id", "number": "11010519491231002x" }),
    ] {
        let stays = found(by.clone()).await;
        assert_eq!(texts(&stays, "state"), ["left"], "{by}");
        assert!(texts(&stays[0]["looks"], "act").contains(&"search".to_owned()));
    }
    assert_eq!(found(json!({ "name": "specimen" })).await, json!([]), "a name is typed whole");
    served.post(&format!("{stay}/correct"), &json!({ "fields": { "name": "SPECIMEN, MENDED" } })).await;
    assert_eq!(found(json!({ "name": "one card specimen" })).await, json!([]));
    assert_eq!(texts(&found(json!({ "name": "mended specimen" })).await, "state"), ["left"]);
    // By the pass: the same wallet answers again.
    let (id, request) = served.ask().await;
    let wallet = served.world.wallet();
    served.online(wallet.answer(&request, now())).await;
    assert_eq!(found(json!({ "answer": id })).await, json!([]));
    let line = json!([{ "line": 1, "answer": id, "room": "7" }]);
    served
        .post("/api/check-ins", &json!({ "party": "1c".repeat(16), "planned": "2026-12-01", "lines": line }))
        .await;
    let copy = found(json!({ "name": "canary specimen 0001" })).await[0].clone();
    assert_eq!((&copy["fields"]["name"]["required"], &copy["pseudonym"]), (&json!(true), &Value::Null));
    let copy = served.get(&format!("/api/stays/{}/export", word(&copy, "id"))).await;
    assert_eq!(word(&copy, "pseudonym").len(), 32);
    for (by, code) in [
        (json!({}), "search_by_one"),
        (json!({ "name": " , " }), "wrong_field"),
        (json!({ "document": "cn-id", "number": "110105194912310021" }), "wrong_field"),
        (json!({ "answer": "00".repeat(16) }), "request_unknown"),
    ] {
        let refused = served.counter("POST", "/api/stays/search", &by).await;
        assert_eq!(refused.code(), code, "{by}");
    }
}

#[tokio::test]
async fn a_report_that_was_refused_is_listed_with_its_fields_until_it_is_corrected() {
    let served = Served::new(VenueKind::Hotel).await;
    let stay = guest(&served, "1d", "SPECIMEN, BAD", "11010519491231002X").await;
    let (register, client) = register().await;
    register.switch(|switches| {
        switches.refuse_field = Some("name".to_owned());
        switches.refuse_value = Some("SPECIMEN, BAD".to_owned());
    });
    let Book::Hotel(hotel) = served.world.desk.book() else { panic!("a hotel") };
    let courier = Courier::new(hotel.store().clone(), client);
    let open = async || served.get("/api/queues").await["stays"].clone();
    assert_eq!(open().await[0]["reports"][0]["state"], "waiting");
    courier.round(now()).await.unwrap();
    let listed = open().await;
    let report = &listed[0]["reports"][0];
    assert_eq!((&report["state"], &report["faults"][0]["field"]), (&json!("refused"), &json!("name")));
    assert!(!word(&report["faults"][0], "text").is_empty() && !word(report, "due").is_empty());
    served.post(&format!("{stay}/correct"), &json!({ "fields": { "name": "SPECIMEN, GOOD" } })).await;
    courier.round(now()).await.unwrap();
    assert_eq!(open().await, json!([]));
    let again = served.counter("POST", &format!("{stay}/hand-over"), &Value::Null).await;
    assert_eq!((again.status, again.code().as_str()), (StatusCode::CONFLICT, "no_hotel_system"));
}

#[tokio::test]
async fn the_last_run_of_the_retention_job_is_told() {
    let served = Served::new(VenueKind::Hotel).await;
    assert_eq!(served.get("/api/retention").await["at"], Value::Null);
    served.world.desk.book().store().retain(now()).await.unwrap();
    let report = served.get("/api/retention").await;
    assert_eq!((word(&report, "at"), &report["persons"]), (now().to_string(), &json!(0)));
}

#[tokio::test]
async fn a_visitor_who_has_left_today_is_listed_with_in_and_out_and_found_by_name() {
    let served = Served::new(VenueKind::Building).await;
    let plan = json!({
        "host": "Lab West", "purpose": "meeting", "zones": ["12F"],
        "from": now().to_string(), "ends": now().plus_seconds(7_200).to_string(),
    });
    let id = "1e".repeat(16);
    let who = json!({ "name": "Specimen Visitor", "document": "hkid", "needs_help": true });
    served.post("/api/visits", &json!({ "visit": id, "plan": plan, "who": who })).await;
    let path = format!("/api/visits/{id}");
    served.post(&format!("{path}/host"), &json!({ "expected": true })).await;
    served.post(&format!("{path}/enter"), &json!({ "zone": "12F" })).await;
    let list = served.get("/api/evacuation").await;
    let person = &list["zones"][0]["people"][0];
    assert_eq!((word(&list, "at"), word(person, "badge").len()), (now().to_string(), 6));
    let inside = served.get(&path).await;
    assert_eq!((word(&inside, "entered"), &inside["left"]), (now().to_string(), &Value::Null));
    served.post(&format!("{path}/leave"), &json!({})).await;
    served.post(&format!("{path}/end"), &json!({})).await;
    assert_eq!(served.get("/api/visits").await["visits"], json!([]));
    let ended = served.get("/api/visits?ended=true").await["visits"].clone();
    assert_eq!(
        (texts(&ended, "state"), word(&ended[0], "left")),
        (vec!["over".to_owned()], now().to_string())
    );
    let found = served.post("/api/visits/search", &json!({ "name": "visitor specimen" })).await;
    assert_eq!(
        (&found["visits"][0]["needs_help"], &found["visits"][0]["host"]),
        (&json!(true), &json!("Lab West"))
    );
    let correct =
        async |name: &str| served.counter("POST", &format!("{path}/correct"), &json!({ "name": name })).await;
    assert_eq!(correct("Specimen Visitor").await.code(), "unchanged");
    assert_eq!(correct("Specimen Mended").await.json()["name"], "Specimen Mended");
    let found = served.post("/api/visits/search", &json!({ "name": "visitor specimen" })).await;
    assert_eq!(found["visits"], json!([]), "the name of before finds nobody");
    let by_number = json!({ "document": "hkid", "number": "A123456(3)" });
    let refused = served.counter("POST", "/api/visits/search", &by_number).await;
    assert_eq!(refused.code(), "wrong_field");
    let copy = served.get(&format!("{path}?export=true")).await;
    assert_eq!(copy["pseudonym"], Value::Null, "a visitor by card has none");
    let (answer, request) = served.ask().await;
    served.online(served.world.wallet().answer(&request, now())).await;
    let found = served.post("/api/visits/search", &json!({ "answer": answer })).await;
    assert_eq!(found["visits"], json!([]));
}
