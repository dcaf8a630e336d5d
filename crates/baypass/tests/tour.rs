//! The tour, as a newcomer runs it: every crossing passes, every cheat gets its own code, every ledger counts once.

#[test]
fn the_tour_takes_travellers_across_three_borders_and_every_cheat_fails() {
    let models = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_baypass"))
        .args(["demo", "--tour-only", "--json", "--models"])
        .arg(models)
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let tour: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    let crossings = tour["crossings"].as_array().unwrap();
    let mut pairs: Vec<_> = crossings.iter().map(|c| format!("{}-{}", c["from"], c["to"])).collect();
    pairs.sort();
    pairs.dedup();
    assert_eq!(pairs.len(), 6, "every ordered pair of the three");
    for crossing in crossings {
        assert_eq!(crossing["outcome"], "passed", "{crossing}");
        assert_eq!(crossing["exit"]["verdict"], "admit", "{crossing}");
        assert_eq!(crossing["entry"]["verdict"], "admit", "{crossing}");
    }
    for attempt in tour["attempts"].as_array().unwrap() {
        assert_eq!(attempt["code"], attempt["expected"], "{attempt}");
        assert_eq!(attempt["outcome"], "not_passed", "{attempt}");
    }
    assert_eq!(tour["ledgers"]["CHN"]["notices"], 1, "Macao to Hong Kong is told to the mainland once");
}
