//! Rounds between neighbours: who is down is named and passed over, who comes back gets what waited.

#![expect(clippy::disallowed_methods, reason = "a test is an HTTP client of its own")]

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use authority::peers::{Address, PeerError, RoundReport, round};
use credential::UnverifiedToken;
use credential::message::{self, Kind, Notice, Outcome};
use documents::AuthorityCode::{Chn, Hkg, Mac};
use documents::{AuthorityCode, Direction, Side, Timestamp};

use crate::bay::{RECORD, ask, enrol, in_memory, photographs, show, strangers, token};
use crate::door::{Door, OFFICER};
use crate::http::MORNING;

fn at(base: String, client: &reqwest::Client) -> Address {
    Address { base, client: client.clone() }
}

fn failures(report: &RoundReport) -> Vec<(Option<AuthorityCode>, &str)> {
    report.failures.iter().map(|f| (f.peer, f.what.as_str())).collect()
}

#[tokio::test]
async fn a_peer_that_is_down_stops_nobody_and_gets_what_waited_when_it_is_back() {
    let Some((photo, live, _)) = photographs("a_peer_that_is_down") else { return };
    let now: Timestamp = MORNING.parse().unwrap();
    let stores = in_memory().await;
    let pool = stores[1].store.pool().clone();
    let bay = strangers(now, stores).await;
    let client = reqwest::Client::builder().connect_timeout(Duration::from_secs(2)).build().unwrap();

    // Macao's address is known, and nobody answers there yet; Hong Kong has none.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mut peers = BTreeMap::from([(Mac, at(format!("http://{address}/"), &client))]);
    let report = round(&bay.chn, &peers, now).await;
    assert_eq!(failures(&report), [(Some(Hkg), "reach"), (Some(Mac), "fetch trust lists")]);
    assert!(matches!(report.failures[0].why, PeerError::NoAddress));
    assert!(matches!(report.failures[1].why, PeerError::Unreachable(_)), "{}", report.failures[1]);
    assert_eq!((report.handed_over, report.status_lists), (0, 0));

    // Macao comes up, with a newer trust list.
    bay.mac.take_trust_list(&bay.newer_list, now).unwrap();
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    let mac = Door::open_at(listener, &bay.mac, &bay).await;
    let report = round(&bay.chn, &peers, now).await;
    assert_eq!(failures(&report), [(Some(Hkg), "reach")]);
    assert_eq!((report.handed_over, report.status_lists), (3, 3));
    assert_eq!(report.trust_lists, [Mac]);
    assert_eq!(bay.chn.trust_list(Mac), Some(bay.newer_list.clone()));
    let again = round(&bay.chn, &peers, now).await;
    assert_eq!((again.handed_over, again.trust_lists.len()), (0, 0), "what was taken is not sent again");
    // A receipt counts at its time alone: both clocks go on.
    mac.clock.store(now.plus_seconds(7 * 86_400).unix(), Ordering::SeqCst);
    let next_week = round(&bay.chn, &peers, now.plus_seconds(7 * 86_400)).await;
    mac.clock.store(now.unix(), Ordering::SeqCst);
    assert_eq!(next_week.handed_over, 1, "a week later one more key is due");
    let health = mac.get("/health/details", None).await.is(200).json();
    let keys = health["weekly_keys"].as_array().unwrap().iter();
    assert_eq!(keys.filter(|k| k["maker"] == "CHN" && k["present"] == true).count(), 2);

    // Macao's own round: it makes no parts for the mainland, fetches lists, and delivers a notice once.
    let chn = Door::open(&bay.chn, &bay).await;
    peers = BTreeMap::from([(Chn, at(chn.parties.clone(), &client))]);
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let session = enrol(&bay, &live).await;
    let wallet = token(&bay, &session).await;
    let id = UnverifiedToken::parse(&wallet.token).unwrap().device_key().unwrap().thumbprint().token_id();
    let direction = Direction::new(Hkg, Mac).unwrap();
    let (port, date) = ("hzmb-hkg-mac".parse().unwrap(), now.local_date());
    let notice = Notice { from: Mac, token: id, port, direction, date };
    let signed = message::sign(Kind::Notice, authority::KEY_ID, &bay.notice, &notice.encode()).unwrap();
    sqlx::query(
        "INSERT INTO notice_out (hash, issuer, message, made_at, delivered_at) VALUES ($1, 'CHN', $2, 0, 0)",
    )
    .bind(vec![1_u8; 32])
    .bind(signed)
    .execute(&pool)
    .await
    .unwrap();
    let report = round(&bay.mac, &peers, now).await;
    assert_eq!(failures(&report), [(Some(Hkg), "reach")]);
    assert_eq!((report.handed_over, report.notices, report.status_lists), (0, 1, 3));
    let again = round(&bay.mac, &peers, now).await;
    assert_eq!(again.notices, 0);
    let ledger = chn.get("/v1/ledger", Some(OFFICER)).await.is(200).json();
    assert_eq!(ledger["entries"].as_array().unwrap().len(), 1);

    // All that was fetched is enough for a verdict; a notice of the way between the regions does not stand in its way.
    let shown = show(&bay, &wallet, &live);
    let (_, verdict, code) = ask(&bay, &wallet, &shown, Side::Entry).await;
    assert_eq!((verdict.outcome, code.as_str()), (Outcome::Admit, "admitted"));

    // Six weeks later the keys of these weeks are gone.
    let later = now.plus_seconds(6 * 7 * 86_400);
    let report = round(&bay.chn, &BTreeMap::new(), later).await;
    assert!(report.destroyed >= 3, "{report:?}");
}

#[tokio::test]
async fn a_peer_that_is_another_program_is_named_with_what_it_answered() {
    let now: Timestamp = MORNING.parse().unwrap();
    let bay = strangers(now, in_memory().await).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let peers = BTreeMap::from([(
        Mac,
        at(format!("http://{}", listener.local_addr().unwrap()), &reqwest::Client::new()),
    )]);
    let other = axum::Router::new().fallback(async || "hello");
    tokio::spawn(async move { axum::serve(listener, other).await });
    let report = round(&bay.chn, &peers, now).await;
    let whats: Vec<_> = failures(&report).into_iter().filter(|(peer, _)| *peer == Some(Mac)).collect();
    let expected = [
        "fetch trust lists",
        "hand over 2026-W10",
        "hand over 2026-W11",
        "hand over 2026-W12",
        "fetch status list 2",
        "fetch status list 3",
        "fetch status list 4",
    ];
    assert_eq!(whats.iter().map(|(_, what)| *what).collect::<Vec<_>>(), expected);
    assert_eq!((report.handed_over, report.status_lists), (0, 0));
    let handed = bay.chn.weekly_keys(3, now).await.unwrap();
    assert!(handed.iter().all(|key| !key.present), "a yes of another program counts for nothing");
}
