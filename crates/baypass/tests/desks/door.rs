//! A desk that runs opens the doors that its file names, and counts by their sensors.

use std::time::Duration;

use gate::{Clock, SystemClock};
use serde_json::{Value, json};
use venue::door::simulated::{Fault, SimulatedBoard};

use crate::bay::Folder;
use crate::counter::Clerk;
use crate::parties::until;
use crate::people::{TOWER, desk};

/// Writes doors into the file of the building in Shenzhen.
fn write_doors(folder: &Folder, doors: &str) {
    let file = folder.dir().join("venues").join(TOWER).join("venue.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let text = text.split("[[door]]").next().unwrap();
    std::fs::write(&file, format!("{text}\n{doors}")).unwrap();
}

fn door(name: &str, way: &str, board: &SimulatedBoard, rest: &str) -> String {
    let address = board.address();
    format!(
        "[[door]]\nname = \"{name}\"\nway = \"{way}\"\naddress = \"{address}\"\ncoil = 0\nsensor = 0\npulse_millis = 500\n{rest}\n"
    )
}

/// A visitor by card with a badge; the path of the visit.
async fn visitor(clerk: &Clerk, n: u8) -> String {
    let now = SystemClock.now();
    let plan = json!({
        "host": "Lab West", "purpose": "meeting", "zones": ["12F", "13F"],
        "from": now.to_string(), "ends": now.plus_seconds(7_200).to_string(),
    });
    let visit = format!("{n:02x}").repeat(16);
    let who = json!({"name": "Specimen Visitor", "document": "hkid"});
    clerk.post("/api/visits", json!({"visit": visit, "plan": plan, "who": who})).await;
    clerk.post(&format!("/api/visits/{visit}/host"), json!({"expected": true})).await;
    format!("/api/visits/{visit}")
}

/// What health says of a door: commands, passed, not passed, fault.
async fn count(clerk: &Clerk, name: &str) -> Value {
    let health = clerk.get("/api/health").await;
    let door = health["doors"].as_array().unwrap().iter().find(|door| door["name"] == name).unwrap();
    json!([door["commands"], door["passed"], door["not_passed"], door["fault"]])
}

/// Tries until the sensor sees the visitor: on a busy machine it may look too late.
async fn goes_in(clerk: &Clerk, enter: &str) {
    until("a visitor to go through", async || {
        let said = clerk.post(enter, json!({"zone": "12F"})).await;
        let inside = said["passage"] == json!("passed");
        assert_eq!(said["state"] == json!("inside"), inside, "{said}");
        inside
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_door_opens_for_a_badge_that_may_enter_and_who_does_not_go_through_has_not_entered() {
    let folder = Folder::new();
    folder.init();
    let (way_in, way_out) = (SimulatedBoard::start().await.unwrap(), SimulatedBoard::start().await.unwrap());
    let doors = [
        door("lobby", "entry", &way_in, "zone = \"12F\"\npassage_seconds = 1"),
        door("way out", "exit", &way_out, "passage_seconds = 1"),
    ];
    write_doors(&folder, &doors.concat());
    let tower = desk(&folder, TOWER);
    let clerk = Clerk::sign_in(&folder, TOWER, &tower).await;
    let visit = visitor(&clerk, 1).await;
    let (enter, leave) = (format!("{visit}/enter"), format!("{visit}/leave"));
    let people = async || clerk.get("/api/evacuation").await["people"].clone();

    // Nobody goes through.
    let said = clerk.post(&enter, json!({"zone": "12F"})).await;
    assert_eq!((&said["state"], &said["passage"]), (&json!("outside"), &json!("not_passed")));
    assert_eq!(people().await, json!(0));
    assert_eq!(count(&clerk, "lobby").await, json!([1, 0, 1, null]));
    way_in.passes_after(Some(Duration::from_millis(100)));
    goes_in(&clerk, &enter).await;
    assert_eq!((people().await, count(&clerk, "lobby").await[1].clone()), (json!(1), json!(1)));
    assert!(!way_in.is_on());
    let moved = count(&clerk, "lobby").await;
    // No door closes that floor: the badge walks in. A zone that is not on the badge moves no door.
    let said = clerk.post(&enter, json!({"zone": "13F"})).await;
    assert_eq!((&said["zone"], &said["passage"]), (&json!("13F"), &Value::Null));
    let (status, refused) = clerk.send("POST", &enter, &json!({"zone": "14F"})).await;
    assert_eq!((status, count(&clerk, "lobby").await), (422, moved), "{refused}");
    let (status, refused) = clerk.send("POST", &format!("{enter}?door=attic"), &json!({"zone": "12F"})).await;
    assert_eq!((status, &refused["field"]), (422, &json!("door")), "{refused}");

    // The way out: who stands still is inside still; where the board is dead they leave by hand, and that is said.
    let said = clerk.post(&leave, json!({})).await;
    assert_eq!((&said["state"], &said["passage"]), (&json!("inside"), &json!("not_passed")));
    way_out.set_fault(Fault::Dead);
    let said = clerk.post(&leave, json!({})).await;
    assert_eq!(
        (&said["state"], &said["door_fault"]),
        (&json!("outside"), &json!("door_unreachable")),
        "{said}"
    );
    let health = clerk.get("/api/health").await;
    assert_eq!(health["status"], json!("look"), "{health}");

    // The relay closes, and then the board says nothing more: the door may stand open.
    way_in.set_fault(Fault::DeadAfterOn);
    let (status, stuck) = clerk.send("POST", &enter, &json!({"zone": "12F"})).await;
    assert_eq!((status, &stuck["code"]), (503, &json!("door_stuck_open")), "{stuck}");
    assert!(stuck["detail"].as_str().unwrap().contains("Look at it now"), "{stuck}");
    assert_eq!(count(&clerk, "lobby").await[3], json!("door_stuck_open"));
    let said = clerk.post(&format!("{enter}?by_hand=true"), json!({"zone": "12F"})).await;
    assert_eq!((&said["state"], &said["passage"]), (&json!("inside"), &Value::Null), "let in by hand");
    way_in.set_fault(Fault::None);
    let other = visitor(&clerk, 2).await;
    goes_in(&clerk, &format!("{other}/enter")).await;
    let count = count(&clerk, "lobby").await;
    assert_eq!((&count[1], &count[3]), (&json!(2), &Value::Null), "the board serves again");

    // Two tries at once for one visitor open once.
    way_in.passes_after(None);
    let third = format!("{}/enter", visitor(&clerk, 3).await);
    let body = json!({"zone": "12F"});
    let (one, two) = tokio::join!(clerk.send("POST", &third, &body), clerk.send("POST", &third, &body));
    let codes: Vec<_> =
        [&one, &two].map(|(status, said)| (*status, said["code"].as_str().unwrap_or("").to_owned())).into();
    assert!(
        codes.contains(&(200, String::new())) && codes.contains(&(409, "door_busy".to_owned())),
        "{codes:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_door_that_is_written_wrong_is_refused_with_a_sentence() {
    let folder = Folder::new();
    folder.init();
    let good = "name = \"lobby\"\nway = \"entry\"\naddress = \"127.0.0.1:502\"\ncoil = 0\nsensor = 0\npulse_millis = 500\n";
    let with = |from: &str, to: &str| format!("[[door]]\n{}", good.replace(from, to));
    let serve = || folder.run(&["desk", "serve", "--dir", "DIR", "--venue", TOWER]);
    for (doors, words) in [
        (with("entry", "in"), ["lobby", "write entry or exit"]),
        (with("127.0.0.1:502", "board.example"), ["lobby", "IP address and port"]),
        (with("500", "100"), ["lobby", "500 to 3000 milliseconds"]),
        (with("coil = 0", "coil = 0\ncoils = 17"), ["lobby", "1 to 16 coils"]),
        (with("coil = 0", "coil = 0\nzone = \"\""), ["lobby", "not a zone"]),
        (with("coil = 0", "coil = 0\npassage_seconds = 0"), ["lobby", "0 seconds"]),
        (with("lobby", ""), ["[[door]]", "its name is empty"]),
        (with("coil = 0", "relay = 0"), ["venue.toml", "relay"]),
        (format!("[[door]]\n{good}[[door]]\n{good}"), ["lobby", "another door has that name"]),
        (format!("[[door]]\n{good}{}", with("lobby", "hall")), ["hall", "a coil of the door `lobby`"]),
    ] {
        write_doors(&folder, &doors);
        serve().told(&words);
    }
}
