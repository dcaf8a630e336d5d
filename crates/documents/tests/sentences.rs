//! An answer for a traveller: whole in four languages, the wallet's own words, and never a raw code.

#![cfg(test)]

use documents::{
    CaseFile, ClosedReason, DocumentKind, Doubts, LaneKind, LaneReason, Measure, ReasonCode, Sentences,
    Tongue,
};
use serde_json::json;

#[test]
fn every_reason_measure_lane_and_document_has_its_sentence() {
    let sentences = Sentences::builtin().unwrap();
    let mut keys: Vec<String> = ReasonCode::ALL.iter().map(|r| format!("reason.{r}")).collect();
    keys.extend(Measure::ALL.iter().map(|m| format!("measure.{m}")));
    keys.extend(LaneReason::ALL.iter().map(|r| format!("lane.{r}")));
    keys.extend(ClosedReason::ALL.iter().map(|r| format!("lane.{r}")));
    keys.extend(DocumentKind::ALL.iter().map(|k| format!("document.{k}")));
    keys.extend(
        [LaneKind::Code, LaneKind::FaceOnly, LaneKind::Manual, LaneKind::Document]
            .map(|k| format!("kind.{}", k.as_str())),
    );
    let doubts = Doubts::builtin().unwrap();
    keys.extend(doubts.rules().forms().iter().map(|f| format!("letter.{}", f.letter)));
    for key in keys {
        for tongue in Tongue::ALL {
            assert!(sentences.get(&key, tongue).is_some_and(|text| !text.is_empty()), "{key} in {tongue}");
        }
    }
}

#[test]
fn the_wallet_says_the_same_words() {
    let path = test_support::root().join("web/wallet/src/reasons.ts");
    let wallet = std::fs::read_to_string(path).unwrap();
    let sentences = Sentences::builtin().unwrap();
    let own = ["lane.other", "lane.none", "lane.closed"];
    let mut compared = 0;
    for (key, texts) in sentences.rows() {
        let Some((table, code)) = key.split_once('.') else { continue };
        if !["reason", "measure", "lane"].contains(&table) || own.contains(&key) {
            continue;
        }
        let line = texts.iter().map(|text| format!("'{text}'")).collect::<Vec<_>>().join(", ");
        assert!(wallet.contains(&format!("  {code}: [{line}],")), "{key} is not the wallet's: {line}");
        compared += 1;
    }
    assert!(compared > 40, "{compared}");
}

#[test]
fn a_page_names_day_endorsement_and_what_to_do_and_no_code() {
    let doubts = Doubts::builtin().unwrap();
    let sentences = Sentences::builtin().unwrap();
    let file = |documents: serde_json::Value, at: &str, port: &str| {
        json!({"person": {"birth": "1990-05-20", "home": "CHN"}, "documents": documents,
            "question": {"port": port, "from": "CHN", "to": "HKG", "at": at}})
    };
    let card =
        json!([{"kind": "exit_entry_permit", "endorsements": [{"form": "g-hkg-3m2", "from": "2026-01-10"}]}]);
    let rows = [
        (
            file(card.clone(), "2026-03-02", "luohu"),
            Tongue::En,
            vec!["individual visit", "9 March 2026", "after this one: 1"],
        ),
        (file(card.clone(), "2026-03-02", "luohu"), Tongue::ZhHant, vec!["羅湖", "個人旅遊", "2026年3月9日"]),
        (file(card.clone(), "2026-05-02", "luohu"), Tongue::Pt, vec!["9 de Abril de 2026", "novo"]),
        (
            file(card.clone(), "2026-03-02T03:00:00+08:00", "luohu"),
            Tongue::ZhHans,
            vec!["此时口岸不开放", "请换时间"],
        ),
        (
            file(json!([{"kind": "official_permit"}]), "2026-03-02", "luohu"),
            Tongue::En,
            vec!["staffed counter", "Bring: official permit"],
        ),
        (file(card, "2027-03-02", "luohu"), Tongue::En, vec!["As of 28 February 2026"]),
    ];
    let codes: Vec<&str> =
        ReasonCode::ALL.iter().map(|r| r.as_str()).filter(|code| code.contains('_')).collect();
    for (case, tongue, says) in rows {
        let case = CaseFile::parse(&case.to_string(), doubts.rules()).unwrap();
        let answer = doubts.answer_case(&case).answers.remove(0);
        let page = sentences.page(doubts.rules(), &answer, tongue);
        for text in says {
            assert!(page.contains(text), "{text} is not in:\n{page}");
        }
        for code in codes.iter().chain(&["g-hkg-3m2", "{", "}"]) {
            assert!(!page.contains(code), "{code} stands raw in:\n{page}");
        }
    }
}

#[test]
fn an_answer_says_on_which_open_switches_and_old_rows_it_rests() {
    let doubts = Doubts::builtin().unwrap();
    let ask = |documents: serde_json::Value, movements: serde_json::Value, question: serde_json::Value| {
        let case = json!({"person": {"birth": "1990-05-20", "home": "CHN"}, "documents": documents,
            "movements": movements, "question": question});
        let case = CaseFile::parse(&case.to_string(), doubts.rules()).unwrap();
        let answers = serde_json::to_value(doubts.answer_case(&case)).unwrap();
        let all = answers["doubts"].as_array().unwrap().clone();
        let named = |field: &str| -> Vec<String> {
            all.iter().filter_map(|d| d[field].as_str().map(str::to_owned)).collect()
        };
        (named("switch"), named("row"))
    };
    let card = || json!([{"kind": "exit_entry_permit", "endorsements": [{"form": "g-hkg-3m1", "from": "2026-01-10", "to": "2027-01-09"}]}]);
    let none = || json!([]);
    let way = |port: &str, at: &str| json!({"port": port, "from": "CHN", "to": "HKG", "at": at});
    assert_eq!(ask(card(), none(), way("luohu", "2026-03-02")), (vec![], vec![]));
    // On the last day that a card printed no later end for, the stay rests on what the sources leave open.
    let (switches, _) = ask(card(), none(), way("luohu", "2027-01-09"));
    assert!(switches.contains(&"stay_may_pass_endorsement_expiry".to_owned()), "{switches:?}");
    let (switches, rows) = ask(card(), none(), way("huanggang", "2026-09-01"));
    assert_eq!(switches, ["huanggang_new_opens"]);
    assert_eq!(rows, ["endorsements.csv: g-hkg-3m1", "ports.toml: huanggang"]);
    let (switches, _) = ask(card(), none(), way("shenzhen-bay", "2027-01-01T01:00:00+08:00"));
    assert_eq!(switches, ["shenzhen_bay_24h_on_31_december"]);
    // 180 days are not yet old.
    assert_eq!(ask(card(), none(), way("luohu", "2026-08-27")).1, Vec::<String>::new());
    assert_eq!(ask(card(), none(), way("luohu", "2026-08-28")).1.len(), 2);
}
