//! A desk that starts while nobody can be reached: it serves on by what it kept, within the day of those lists.

use std::path::Path;

use documents::Timestamp;
use gate::{Clock, SystemClock};
use serde_json::json;

use crate::bay::Folder;
use crate::counter::Clerk;
use crate::people::*;

/// Moves every process's clock; gives the time that it shows.
fn shift(folder: &Folder, seconds: i64) -> Timestamp {
    std::fs::write(folder.dir().join("public/clock"), seconds.to_string()).unwrap();
    SystemClock.now().plus_seconds(seconds)
}

/// The installation as it is now, in a folder of its own.
fn copied(folder: &Folder) -> Folder {
    fn copy(from: &Path, to: &Path) {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            let (from, to) = (entry.path(), to.join(entry.file_name()));
            if from.is_dir() {
                copy(&from, &to);
            } else {
                std::fs::copy(&from, &to).map(drop).unwrap();
            }
        }
    }
    let other = Folder::new();
    copy(&folder.dir(), &other.dir());
    other
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_that_starts_without_a_network_serves_on_within_the_day_of_its_lists_and_then_no_more() {
    let folder = enrolled(2);
    for resident in ["1", "2"] {
        stock(&folder, resident);
    }
    // A phone that has not heard that its pass ended shows what it has: a desk knows by the list of statuses.
    let unaware = copied(&folder);
    folder.run(&["resident", "end-pass", "--dir", "DIR", "--resident", "2"]).code(0);
    let heard = register_as(&folder, "2", "first.txt", &[]).code(3).json();
    assert_eq!(heard["refused"], json!("no_pass"), "one that has heard asks no desk");
    let network = authorities(&folder, &["CHN", "HKG"]);
    let hotel = desk(&folder, ZHUHAI);
    let request = standing(&hotel).await;
    register(&folder, &request, &[]).code(0);
    let ended = register_as(&unaware, "2", &request, &[]).code(3).json();
    assert_eq!(ended["refused"], json!("presentation_revoked"));

    drop((hotel, network));
    // Half a file of a stop in the middle of a write stands beside the whole ones, and says nothing.
    let lists = folder.dir().join("venues").join(ZHUHAI).join("lists");
    std::fs::write(lists.join("approvals.kept.partial-1"), "half").unwrap();
    let hotel = desk(&folder, ZHUHAI);
    assert_eq!(refusal(&hotel).await, "", "at once, and with nobody to ask");
    let request = standing(&hotel).await;
    register(&folder, &request, &[]).code(0);
    let ended = register_as(&unaware, "2", &request, &[]).code(3).json();
    assert_eq!(
        ended["refused"],
        json!("presentation_revoked"),
        "what an old list calls revoked stays revoked"
    );
    let clerk = Clerk::sign_in(&folder, ZHUHAI, &hotel).await;
    let answers = clerk.answers().await;
    assert_eq!(answers.len(), 2, "one from before the stop, one from after it");
    for (party, answer) in (1..).zip(&answers) {
        assert_eq!(clerk.check_in(party, std::slice::from_ref(answer)).await, ["new"]);
    }

    let later = shift(&folder, 2 * 3_600).to_string();
    let request = standing(&hotel).await;
    register(&folder, &request, &["--at", &later]).code(0);
    let ended = register_as(&unaware, "2", &request, &["--at", &later]).code(3).json();
    assert_eq!(ended["refused"], json!("presentation_revoked"));
    let answers = clerk.answers().await;
    assert_eq!(clerk.get(&format!("/api/requests/{}", answers[0])).await["status_stale"], json!(true));
    let health = clerk.get("/api/health").await;
    assert_eq!((&health["status"], &health["lists"]), (&json!("look"), &json!("stale")), "{health}");

    let next_day = shift(&folder, 25 * 3_600).to_string();
    assert_eq!(refusal(&hotel).await, "lists_too_old");
    let refused = register(&folder, &request, &["--at", &next_day]).code(3).json();
    assert_eq!(refused["refused"], json!("lists_too_old"));
    drop(hotel);
    let hotel = desk(&folder, ZHUHAI);
    assert_eq!(refusal(&hotel).await, "lists_too_old", "a restart makes no list younger");
    drop(hotel);

    // Damaged, it counts as never heard, and the desk starts all the same and says which file it was.
    shift(&folder, 0);
    let whole = std::fs::read(lists.join("approvals.kept")).unwrap();
    std::fs::write(lists.join("approvals.kept"), &whole[..whole.len() - 1]).unwrap();
    let hotel = desk(&folder, ZHUHAI);
    assert_eq!(refusal(&hotel).await, "lists_too_old");
    let log = std::fs::read_to_string(folder.path(&format!("{ZHUHAI}.log"))).unwrap();
    assert!(log.contains("approvals.kept"), "{log}");
    let _network = authorities(&folder, &["CHN", "HKG"]);
    drop(hotel);
    assert!(standing(&desk(&folder, ZHUHAI)).await.starts_with("BR1:"), "fetched anew");
}
