//! Residents with wallets, and how they show their pass at a desk.

use code::{VenueCode, VenueCodeKind};
use serde_json::{Value, json};

use crate::bay::{Folder, Run, people};
use crate::parties::Process;

pub const ZHUHAI: &str = "specimen-hotel-zhuhai";
pub const TOWER: &str = "specimen-tower-shenzhen";

/// Identity card and Home Return Permit of each specimen.
const PAPERS: [(&str, &str); 2] = [("A123456(3)", "H12345678"), ("A123457(1)", "H12345679")];

/// Residents of Hong Kong with a Home Return Permit, enrolled at both authorities: numbers 1, 2 ...
pub fn enrolled(count: usize) -> Folder {
    let folder = Folder::new();
    folder.init();
    for (n, ((photo, live), (card, permit))) in people(count).into_iter().zip(PAPERS).enumerate() {
        let resident = (n + 1).to_string();
        folder.write("photo.jpg", &photo);
        folder.write("live.jpg", &live);
        #[rustfmt::skip]
        folder.run(&[
            "resident", "add", "--dir", "DIR", "--home", "HKG", "--name", "SPECIMEN, KA MAN", "--name-zh", "样本",
            "--birth", "1990-05-06", "--id", card, "--permit", permit, "--photo", "photo.jpg",
        ]).code(0);
        let invite = ["resident", "invite", "--dir", "DIR", "--resident", &resident, "--json"];
        let invited = folder.run(&invite).code(0).json();
        let codes = invited["invitations"].as_array().unwrap().iter();
        let codes = codes.flat_map(|row| ["--invitation", row["invitation"].as_str().unwrap()]);
        let enrol = ["wallet", "enrol", "--dir", "DIR", "--resident", &resident, "--selfie", "live.jpg"];
        folder.run(&enrol.into_iter().chain(codes).collect::<Vec<_>>()).code(0);
    }
    folder
}

/// The text of a signed request, as a code has it.
pub fn code_of(signed: &[u8]) -> String {
    VenueCode::new(VenueCodeKind::Request, signed).to_text().unwrap()
}

/// Resident 1 answers a request.
pub fn register(folder: &Folder, request: &str, more: &[&str]) -> Run {
    register_as(folder, "1", request, more)
}

/// A resident answers a request.
pub fn register_as(folder: &Folder, resident: &str, request: &str, more: &[&str]) -> Run {
    let line = ["wallet", "register", "--dir", "DIR", "--resident", resident, "--yes", "--json"];
    folder.run(&[&line[..], &["--request", request], more].concat())
}

/// Has a wallet fetch its first batch: that takes one command's own authorities, before any has a process of its own.
pub fn stock(folder: &Folder, resident: &str) {
    folder.run(&["desk", "request", "--dir", "DIR", "--venue", TOWER, "--out", "first.txt"]).code(0);
    register_as(folder, resident, "first.txt", &[]).code(0);
}

/// Starts authorities, and writes down where they are.
pub fn authorities(folder: &Folder, codes: &[&str]) -> Vec<Process> {
    let started: Vec<_> = codes.iter().map(|code| Process::authority(folder, code)).collect();
    let known: serde_json::Map<_, _> =
        codes.iter().zip(&started).map(|(code, one)| ((*code).to_owned(), json!(one.listens[0]))).collect();
    let book = json!({"authorities": known, "parties": {}, "gates": {}});
    std::fs::write(folder.dir().join("public/addresses.json"), book.to_string()).unwrap();
    started
}

/// A desk as a process: where wallets reach it, and where clerks do.
pub fn desk(folder: &Folder, venue: &str) -> Process {
    Process::start(folder, &["desk", "serve", "--venue", venue], 2, &format!("{venue}.log"))
}

/// The standing request of a desk, once it has its lists.
pub async fn standing(desk: &Process) -> String {
    let address = format!("{}/v1/request", desk.listens[0]);
    crate::parties::until("the desk's lists", async || {
        reqwest::get(&address).await.is_ok_and(|answer| answer.status().is_success())
    })
    .await;
    code_of(&reqwest::get(&address).await.unwrap().bytes().await.unwrap())
}

/// Why a desk gives no standing request; empty where it gives one.
pub async fn refusal(desk: &Process) -> String {
    let answer = reqwest::get(format!("{}/v1/request", desk.listens[0])).await.unwrap();
    let problem: Value = answer.json().await.unwrap_or_default();
    problem["code"].as_str().unwrap_or_default().to_owned()
}
