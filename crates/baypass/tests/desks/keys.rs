//! The key of a desk that runs is followed by another, and one that was stolen stops at once.

use code::{VenueCode, VenueCodeKind};
use credential::venue::UnverifiedRequest;
use serde_json::{Value, json};

use crate::counter::Clerk;
use crate::parties::until;
use crate::people::*;

/// The id of the key with which a request on the screen is signed; the code of a problem where there is none.
async fn signed_by(clerk: &Clerk) -> String {
    let (_, asked) = clerk.send("POST", "/api/requests", &json!({})).await;
    let Some(text) = asked["text"].as_str() else { return asked["code"].as_str().unwrap().to_owned() };
    let mut scratch = Vec::new();
    let code = VenueCode::parse(VenueCodeKind::Request, text, &mut scratch).unwrap();
    let kid = UnverifiedRequest::parse(code.bytes()).unwrap().kid();
    String::from_utf8(kid.to_vec()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_that_runs_takes_its_next_key_and_stops_with_one_that_is_compromised() {
    let folder = enrolled(1);
    stock(&folder, "1");
    let _network = authorities(&folder, &["CHN", "HKG"]);
    let hotel = desk(&folder, ZHUHAI);
    standing(&hotel).await;
    let clerk = Clerk::sign_in(&folder, ZHUHAI, &hotel).await;
    assert_eq!(signed_by(&clerk).await, ZHUHAI);
    // A sign that is printed while the desk runs: it takes answers to it.
    let reply = format!("{}/v1/answers", hotel.listens[0]);
    let sign = ["desk", "request", "--dir", "DIR", "--venue", ZHUHAI, "--standing", "30", "--reply", &reply];
    folder.run(&[&sign[..], &["--out", "sign.txt"]].concat()).code(0);
    let answered = async || {
        let said: Value = register(&folder, "sign.txt", &[]).json();
        (said["receipt"]["kept"].is_array(), said["refused"].as_str().unwrap_or_default().to_owned())
    };
    let log = folder.path(&format!("{ZHUHAI}.log"));
    until("the desk to take the sign over", async || {
        std::fs::read_to_string(&log).unwrap().contains("answers to a printed sign are taken")
    })
    .await;
    assert_eq!(answered().await, (true, String::new()));

    folder.run(&["keys", "rotate", "--dir", "DIR", "--venue", ZHUHAI, "--lead", "0"]).code(0);
    let second = format!("{ZHUHAI}#2");
    until("the next key", async || signed_by(&clerk).await == second).await;
    assert_eq!(
        answered().await,
        (true, String::new()),
        "what the first key signed counts while it is listed"
    );

    let compromise = |kid: &str| {
        let line =
            ["trust", "compromise", "--dir", "DIR", "--authority", "CHN", "--role", "desk", "--kid", kid];
        folder.run(&line).code(0);
    };
    compromise(ZHUHAI);
    assert_eq!(
        answered().await,
        (false, "desk_key_compromised".to_owned()),
        "a stolen key's signs ask nobody"
    );
    assert_eq!(signed_by(&clerk).await, second, "its successor goes on");
    compromise(&second);
    until("the desk to hear of it", async || signed_by(&clerk).await == "desk_key_not_listed").await;
    assert_eq!(refusal(&hotel).await, "desk_key_not_listed");
    let health = clerk.get("/api/health").await;
    assert_eq!((&health["status"], &health["not_allowed"]), (&json!("look"), &json!("desk_key_not_listed")));

    // The operator makes another, and the desk goes on without a restart.
    folder.run(&["keys", "rotate", "--dir", "DIR", "--venue", ZHUHAI, "--lead", "0"]).code(0);
    until("the third key", async || signed_by(&clerk).await == format!("{ZHUHAI}#3")).await;
    let said = register(&folder, &standing(&hotel).await, &[]).code(0).json();
    assert!(said["receipt"]["kept"].is_array(), "{said}");
}
