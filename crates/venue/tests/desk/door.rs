//! A relay door against a board of software.

use std::net::SocketAddr;
use std::time::Duration;

use documents::Timestamp;
use venue::door::simulated::{Fault, SimulatedBoard};
use venue::door::{CommandId, Door, DoorCommand, Passage, RelayConfig, RelayConfigError, RelayDoor};

use crate::desk::now;

fn config(address: SocketAddr, coils: u16) -> RelayConfig {
    RelayConfig::new(address, 1, (0, coils), 0, 500).unwrap()
}

fn command(n: u8, made: Timestamp) -> DoorCommand {
    DoorCommand { verdict: CommandId::from_bytes([n; 16]), made }
}

#[tokio::test]
async fn a_door_opens_once_for_a_verdict_and_the_sensor_says_who_went_through() {
    let board = SimulatedBoard::start().await.unwrap();
    board.passes_after(Some(Duration::from_millis(200)));
    let door = RelayDoor::new(config(board.address(), 1), now());
    assert_eq!(door.open(command(1, now()), now()).await.unwrap(), Passage::Passed);
    assert_eq!((board.writes(), board.is_on()), (vec![true, false], false), "by our own timer");
    let again = door.open(command(1, now()), now()).await.unwrap_err();
    assert_eq!((again.code(), board.writes().len()), ("command_replayed", 2), "the door did not move");
    let old = door.open(command(2, now()), now().plus_seconds(60)).await.unwrap_err();
    assert_eq!(old.code(), "command_stale");
    let restarted = RelayDoor::new(config(board.address(), 4), now().plus_seconds(5));
    let before = restarted.open(command(1, now()), now().plus_seconds(6)).await.unwrap_err();
    assert_eq!(before.code(), "command_before_start");
    let later = now().plus_seconds(7);
    assert_eq!(
        restarted.open(command(3, later), later).await.unwrap(),
        Passage::Passed,
        "four coils by function 15"
    );
    assert_eq!(board.writes(), [true, false, true, false]);
}

#[tokio::test]
async fn nobody_who_does_not_pass_the_sensor_has_entered() {
    let board = SimulatedBoard::start().await.unwrap();
    let wiring = config(board.address(), 1).with_passage(Duration::from_millis(700));
    let door = RelayDoor::new(wiring, now());
    assert_eq!(door.open(command(1, now()), now()).await.unwrap(), Passage::NotEntered);
    // Who comes after the time has not entered either, and the next command does not count him.
    board.passes_after(Some(Duration::from_millis(900)));
    assert_eq!(door.open(command(3, now()), now()).await.unwrap(), Passage::NotEntered);
    tokio::time::sleep(Duration::from_millis(800)).await;
    board.passes_after(None);
    // A hand that lies on the sensor is no passage.
    board.set_sensor(true);
    assert_eq!(door.open(command(2, now()), now()).await.unwrap(), Passage::NotEntered);
    assert!(!board.is_on());
}

#[tokio::test]
async fn a_time_to_pass_that_is_shorter_than_the_pulse_leaves_no_relay_on() {
    let board = SimulatedBoard::start().await.unwrap();
    let door = RelayDoor::new(config(board.address(), 1).with_passage(Duration::from_millis(1)), now());
    assert_eq!(door.open(command(1, now()), now()).await.unwrap(), Passage::NotEntered);
    assert_eq!((board.writes(), board.is_on()), (vec![true, false], false));
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_no_relay_on() {
    let board = SimulatedBoard::start().await.unwrap();
    let door = RelayDoor::new(config(board.address(), 1), now());
    let gone = tokio::time::timeout(Duration::from_millis(150), door.open(command(1, now()), now())).await;
    assert!(gone.is_err() && board.is_on());
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert_eq!((board.writes(), board.is_on()), (vec![true, false], false));
}

#[tokio::test]
async fn a_board_that_fails_has_its_own_code_and_the_relay_is_switched_off() {
    for (fault, code, writes) in [
        (Fault::CutAfterOn, "door_unreachable", vec![true, false]),
        (Fault::Refuses, "modbus_exception", vec![]),
        (Fault::OtherTransaction, "modbus_transaction", vec![]),
        (Fault::Dead, "door_unreachable", vec![]),
    ] {
        let board = SimulatedBoard::start().await.unwrap();
        board.set_fault(fault);
        let door = RelayDoor::new(config(board.address(), 1), now());
        let error = door.open(command(1, now()), now()).await.unwrap_err();
        assert_eq!((error.code(), board.writes()), (code, writes), "row {fault:?}: {error}");
        assert!(!board.is_on());
    }
    let nobody = RelayDoor::new(config(([127, 0, 0, 1], 1).into(), 1), now());
    let error = nobody.open(command(1, now()), now()).await.unwrap_err();
    assert_eq!(error.code(), "door_unreachable");
}

#[test]
fn a_wiring_is_refused_for_what_is_wrong_with_it() {
    let address = ([127, 0, 0, 1], 502).into();
    for (count, pulse, expected) in [
        (0, 500, Err(RelayConfigError::Coils)),
        (17, 500, Err(RelayConfigError::Coils)),
        (1, 499, Err(RelayConfigError::Pulse)),
        (1, 3001, Err(RelayConfigError::Pulse)),
        (16, 3000, Ok(())),
    ] {
        assert_eq!(
            RelayConfig::new(address, 1, (0, count), 0, pulse).map(drop),
            expected,
            "row {count} {pulse}"
        );
    }
}
