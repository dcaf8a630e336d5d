//! Vectors of paper passes, with a world of their own.

use credential::paper::sign_paper;
use credential::{PartHash, sign_proof};
use documents::{LocalDate, Side};
use serde_json::{Value, json};
use trust::{KeyEntry, Role};

use super::{Cases, put, world_of};
use crate::bay::{self, Bay, Chn, Mac, Wallet, at, audience, direction, hengqin, now, text};

/// The part of the world and the cases in one file: who reads no paper passes yet leaves it out.
pub fn write() {
    let mut bay = Bay::new();
    let new = || credential::SigningKey::generate().unwrap();
    let (compromised, ended) = (new(), new());
    let mut entries = bay.keys[&Mac].entries();
    entries.push(KeyEntry { compromised: true, ..bay::entry(Role::Counter, &[2], &compromised) });
    entries.push(KeyEntry { to: now(), ..bay::entry(Role::Counter, &[3], &ended) });
    bay.trust(&bay.list(Mac, 2, entries));
    let status = [Chn, bay::Hkg, Mac].map(|issuer| (issuer, bay.signed_status(issuer, at(-60), |_| {})));
    let world = world_of(&bay, &status);

    let mut cases = Cases(Vec::new());
    let today = now().local_date();
    let counter = &bay.keys[&Mac].counter;
    let printed = |key, kid, audience: &credential::Audience, day: LocalDate| {
        let wallet = Wallet::paper(&bay, Mac, day);
        wallet.print((key, kid), audience, day)
    };
    let mut add = |name: &str, expect: &str, text: String| cases.add(name, expect, json!({ "text": text }));
    add("a paper pass of today", "ok", printed(counter, 1, &hengqin(), today));
    let other_port = audience("hzmb-hkg-mac", direction(Mac, Chn), None);
    let gongbei = |side| audience("gongbei", direction(Mac, Chn), Some(side));
    add("for another port", "paper_other_port", printed(counter, 1, &other_port, today));
    add("for a lane of another port", "paper_other_port", printed(counter, 1, &gongbei(Side::Exit), today));
    let back = audience("hengqin", direction(Chn, Mac), None);
    add("for the other direction", "paper_other_direction", printed(counter, 1, &back, today));
    add("of tomorrow", "paper_not_today", printed(counter, 1, &hengqin(), today.plus_days(1)));
    add("of yesterday", "paper_not_today", printed(counter, 1, &hengqin(), today.plus_days(-1)));
    add("a counter's key that no list names", "counter_unknown", printed(counter, 77, &hengqin(), today));
    let verdict = &bay.keys[&Mac].verdict;
    add("a key of another role", "counter_unknown", printed(verdict, 9, &hengqin(), today));
    add("a counter's key that is over", "counter_key_not_valid", printed(&ended, 3, &hengqin(), today));
    add(
        "a counter's key that was given up",
        "counter_key_compromised",
        printed(&compromised, 2, &hengqin(), today),
    );
    add("signed by another key", "paper_signature", printed(&ended, 1, &hengqin(), today));

    let parts_of = |wallet: &Wallet| {
        let parts = wallet.parts_for(&hengqin());
        let hashes: Vec<_> = parts.iter().map(|part| PartHash::of(part)).collect();
        (parts, hashes)
    };
    let paper = Wallet::paper(&bay, Mac, today);
    let (parts, hashes) = parts_of(&paper);
    let proof = sign_proof(&paper.device, &hengqin(), &paper.token, &hashes, now()).unwrap();
    add("the token with a holder proof", "paper_with_holder_proof", text(&paper.token, &proof, &parts));
    let short = Wallet::with(
        &bay,
        Mac,
        |claims| claims.expires = today.plus_days(1).start(),
        1,
        &bay.keys[&Mac].token,
    );
    let (parts, hashes) = parts_of(&short);
    let proof = sign_paper((counter, 1), &hengqin(), &short.token, &hashes, today).unwrap();
    add("a phone's token with a paper proof", "phone_with_paper_proof", text(&short.token, &proof, &parts));
    let other = Wallet::paper(&bay, Mac, today);
    let proof = sign_paper((counter, 1), &hengqin(), &other.token, &hashes, today).unwrap();
    add("the proof of another token", "paper_signature", text(&paper.token, &proof, &parts_of(&paper).0));
    let longer = Wallet::paper(&bay, Mac, today.plus_days(1));
    let (parts, hashes) = parts_of(&longer);
    let proof = sign_paper((counter, 1), &hengqin(), &longer.token, &hashes, today).unwrap();
    add("a token that outlives the day", "paper_not_today", text(&longer.token, &proof, &parts));
    // At the lane of one side the code of the other is told from another port's.
    let lane = json!({"port": "gongbei", "from": "MAC", "to": "CHN", "side": "exit"});
    let side = printed(counter, 1, &gongbei(Side::Entry), today);
    cases.add("for the other of two lanes", "paper_other_side", json!({"text": side, "lane": lane}));

    let about = "paper passes: `world` as in world.json; see README.md";
    let mut file = json!({"about": about, "world": world, "cases": cases.0});
    if let Some(elsewhere) = file["world"]["elsewhere"].as_array_mut() {
        elsewhere.push(Value::from(other_port.as_str()));
    }
    put("paper.json", &file);
}
