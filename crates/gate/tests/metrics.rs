//! What a gate counts, as its page shows it.

use clearance::Passage;
use documents::AuthorityCode;
use gate::{Counted, Metrics};

#[test]
fn each_lane_has_its_own_counts_and_nothing_else_is_said() {
    let metrics = Metrics::default();
    let counted = |passage, reason| Counted {
        passage,
        reason,
        stages: [("read", 0.0), ("check", 3.0), ("face", 0.0), ("clear", 0.0), ("total", 120.0)],
    };
    let (one, two) = ("hengqin/one".parse().unwrap(), "hengqin/two".parse().unwrap());
    metrics.count(&one, &counted(Passage::Passed, None));
    metrics.count(&one, &counted(Passage::NotPassed, Some("face_none")));
    metrics.count(&two, &counted(Passage::Passed, None));
    metrics.set_waiting(AuthorityCode::Chn, 2);
    assert_eq!((metrics.served(&one), metrics.served(&two)), (2, 1));
    let text = metrics.render();
    for line in [
        r#"baypass_gate_passages_total{lane="hengqin/one",passage="passed"} 1"#,
        r#"baypass_gate_passages_total{lane="hengqin/one",passage="not_passed"} 1"#,
        r#"baypass_gate_reasons_total{lane="hengqin/one",code="face_none"} 1"#,
        r#"baypass_gate_stage_milliseconds_count{lane="hengqin/two",stage="total"} 1"#,
        r#"baypass_gate_outbox_waiting{authority="CHN"} 2"#,
    ] {
        assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
    }
    // At a lane of two authorities, whoever knows one verdict would read the other's out of it.
    assert!(!text.contains("answers") && !text.contains("class=") && !text.contains("refer"), "{text}");
    assert!(!text.contains("stage=\"face\""), "a stage that was not reached was counted");
}
