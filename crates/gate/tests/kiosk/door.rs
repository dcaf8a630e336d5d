//! A lane's door behind a controller on a network, as its operator chose it: a small HTTP server plays the controller.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode as Status};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use clearance::{Passage, Trail};
use credential::SecretKey;
use gate::devices::lane_door::LaneDoor;
use gate::devices::{TAG_HEADER, tag};

use crate::page::{Place, Reads, quick};

const KEY: [u8; 32] = [0x0a; 32];

/// What the controller knows: its key, what it says, which clearances it was opened for.
#[derive(Clone)]
struct Controller {
    key: [u8; 32],
    says: &'static str,
    opened: Arc<Mutex<Vec<[u8; 16]>>>,
}

async fn open(State(controller): State<Controller>, headers: HeaderMap, body: String) -> Response {
    let id: [u8; 16] = hex::decode(&body).unwrap().try_into().unwrap();
    let key = SecretKey::from_bytes(controller.key);
    let wanted = hex::encode(tag(&key, "open", &id, body.as_bytes()));
    if headers.get(TAG_HEADER).and_then(|sent| sent.to_str().ok()) != Some(wanted.as_str()) {
        return Status::FORBIDDEN.into_response();
    }
    controller.opened.lock().unwrap().push(id);
    let said = tag(&key, "passage", &id, controller.says.as_bytes());
    ([(TAG_HEADER, hex::encode(said))], controller.says).into_response()
}

/// A kiosk whose lane is not simulated, with the door that its operator wrote into the lane's file.
async fn behind(controller: Controller) -> Place {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().route("/open", post(open)).with_state(controller);
    tokio::spawn(async move { axum::serve(listener, app).await });
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("door.key");
    std::fs::write(&key, hex::encode(KEY)).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    let text = format!("url = \"http://{address}\"\nkey_file = \"door.key\"\n");
    std::fs::write(folder.path().join("MAC-CHN.door.toml"), text).unwrap();
    let door = LaneDoor::of_lane(folder.path(), "MAC-CHN", |_| Ok(reqwest::Client::new())).unwrap();
    Place::behind(door, folder, Reads::default(), quick(), |config| config.simulated_camera = false).await
}

/// A traveller crosses; gives how their clearance ended.
async fn crosses(place: &Place) -> Option<Passage> {
    let (mut events, page) = place.page().await;
    place.post(page, "code", place.code()).await;
    events.state("look_here").await;
    place.post(page, "face", "face").await;
    events.state("ready").await;
    let trails = place.store.trails().await.unwrap();
    trails.into_iter().find_map(|trail| match trail {
        Trail::Passage(record) => Some(record.passage),
        Trail::Asked { .. } | Trail::Opening { .. } => None,
    })
}

#[tokio::test]
async fn the_door_that_an_operator_chose_opens_for_a_traveller_and_its_word_is_written_down() {
    for (says, passage) in [("passed", Passage::Passed), ("returned", Passage::Returned)] {
        let opened = Arc::default();
        let place = behind(Controller { key: KEY, says, opened: Arc::clone(&opened) }).await;
        assert_eq!(crosses(&place).await, Some(passage), "{says}");
        assert_eq!(opened.lock().unwrap().len(), 1, "one command for one traveller");
    }
}

#[tokio::test]
async fn a_controller_with_another_key_is_not_believed_and_nobody_knows_who_went_through() {
    let opened = Arc::default();
    let place = behind(Controller { key: [6; 32], says: "passed", opened: Arc::clone(&opened) }).await;
    assert_eq!(crosses(&place).await, Some(Passage::Unknown));
    assert!(opened.lock().unwrap().is_empty(), "it does not believe the gate either");
}
