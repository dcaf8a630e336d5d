//! The desk over a folder, as an authority, a gate and the commands share it.

#![expect(clippy::unwrap_used, reason = "a test's helpers, outside of the test functions themselves")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use credential::webauthn::RelyingParty;
use documents::{AuthorityCode, Timestamp};
use officers::{
    AccountId, AccountName, Actor, ChangeError, Deed, Desk, DeskSettings, Limits, NewAccount, PermitError,
    Role, SignInError,
};

fn at(seconds: i64) -> Timestamp {
    let start: Timestamp = "2026-03-02T10:00:00+08:00".parse().unwrap();
    start.plus_seconds(seconds)
}

fn operator() -> Actor {
    Actor::Operator("specimen".parse().unwrap())
}

fn desk(folder: &Path, test_accounts: bool) -> Desk {
    let settings = DeskSettings {
        party: RelyingParty::new("localhost").unwrap(),
        origins: Arc::new(Vec::new),
        test_accounts,
        limits: Limits::builtin().unwrap(),
        draw: credential::random,
    };
    Desk::open(folder, settings).unwrap()
}

fn new(name: &str, roles: &[Role], side: Option<AuthorityCode>) -> NewAccount {
    let roles = roles.iter().copied().collect();
    NewAccount { name: AccountName::new(name).unwrap(), side, roles, test: true }
}

fn added(desk: &Desk, account: NewAccount) -> (AccountId, String) {
    let (id, code) = desk.add(&operator(), account, at(0)).unwrap().unwrap();
    (id, code.expose())
}

#[test]
fn a_command_that_locks_an_account_ends_the_sessions_of_a_running_service() {
    let folder = tempfile::tempdir().unwrap();
    let (service, command) = (desk(folder.path(), true), desk(folder.path(), true));
    let (id, code) = added(&command, new("Specimen One", &[Role::LaneOfficer], None));
    let token = service.redeem(&code, at(1)).unwrap().token;
    let see = |now| service.permit(Some(&token), Deed::LookUpReason, None, "07", now);
    assert_eq!(see(at(2)).unwrap().account, id);
    command.lock(&operator(), id, at(3)).unwrap().unwrap();
    assert!(matches!(see(at(4)), Err(PermitError::SignedOut)));
    command.unlock(&operator(), id, at(5)).unwrap().unwrap();
    let again = command.new_code(&operator(), id, at(6)).unwrap().unwrap().expose();
    assert!(matches!(service.redeem(&code, at(7)), Err(SignInError::Code)), "the first counts no more");
    assert!(service.redeem(&again, at(8)).is_ok());
    let acts = service.record().verify().unwrap();
    assert_eq!(acts.first().unwrap().actor, "operator:specimen");
    assert!(acts.iter().any(|act| act.act == "look_up_reason" && act.object == "07"));
}

#[test]
fn the_last_supervisor_of_a_side_stays() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path(), false);
    let (chn, mac) = (Some(AuthorityCode::Chn), Some(AuthorityCode::Mac));
    let (one, _) = added(&desk, new("Specimen One", &[Role::Supervisor], chn));
    added(&desk, new("Specimen Two", &[Role::Supervisor], mac));
    let lock = |id| desk.lock(&operator(), id, at(1)).unwrap();
    let roles = |id, role| desk.set_roles(&operator(), id, [role], at(1)).unwrap();
    assert_eq!(lock(one), Err(ChangeError::LastSupervisor));
    assert_eq!(roles(one, Role::Auditor), Err(ChangeError::LastSupervisor));
    let (three, _) = added(&desk, new("Specimen Three", &[Role::Supervisor], chn));
    assert_eq!(lock(one), Ok(()));
    assert_eq!(lock(three), Err(ChangeError::LastSupervisor), "a locked one is none");
    assert_eq!(lock(AccountId::from_bytes([9; 8])), Err(ChangeError::Unknown));
    let taken = desk.add(&operator(), new("Specimen One", &[Role::Auditor], chn), at(2)).unwrap();
    assert_eq!(taken.unwrap_err(), ChangeError::NameTaken);
    let none = desk.add(&operator(), new("Specimen Four", &[], chn), at(2)).unwrap();
    assert_eq!(none.unwrap_err(), ChangeError::NoRole);
}

#[test]
fn a_test_account_is_one_where_cameras_are_simulated_alone() {
    for (trial, allowed) in [(true, true), (false, false)] {
        let folder = tempfile::tempdir().unwrap();
        let desk = desk(folder.path(), trial);
        let (_, code) = added(&desk, new("Specimen One", &[Role::Auditor], None));
        let token = desk.redeem(&code, at(1)).unwrap().token;
        let read = desk.permit(Some(&token), Deed::ReadActs, None, "", at(2));
        assert_eq!(read.is_ok(), allowed, "trial: {trial}");
        assert!(allowed || matches!(read, Err(PermitError::PasskeyNeeded)));
        let settled = desk.permit(Some(&token), Deed::Settle, None, "", at(3));
        assert!(settled.is_err(), "an auditor settles nothing");
        let elsewhere = desk.permit(Some(&token), Deed::ReadActs, Some(AuthorityCode::Mac), "", at(3));
        assert!(elsewhere.is_err(), "nor anything of a side");
    }
}

#[test]
fn a_flood_of_wrong_codes_fills_no_disk_and_locks_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path(), true);
    let (_, code) = added(&desk, new("Specimen One", &[Role::Auditor], None));
    for guess in 0..200 {
        assert!(desk.redeem(&format!("{guess:032x}"), at(1)).is_err());
    }
    let lines = desk.record().verify().unwrap().len();
    assert_eq!(lines, 1 + 60, "sixty of them are written down");
    assert!(desk.redeem(&code, at(2)).is_ok());
    assert!(desk.redeem("no code", at(4000)).is_err());
    assert_eq!(desk.record().verify().unwrap().len(), lines + 2, "the next hour counts anew");
}

#[test]
fn what_is_kept_is_its_owners_alone_and_holds_no_code_and_no_token() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path(), true);
    let (_, code) = added(&desk, new("Specimen One", &[Role::Auditor], None));
    let token = desk.redeem(&code, at(1)).unwrap().token.expose();
    let (_, open) = added(&desk, new("Specimen Two", &[Role::Auditor], None));
    let mut seen = 0;
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.file_name());
        let text = std::fs::read_to_string(file.path()).unwrap();
        for secret in [&code, &open, &token] {
            assert!(!text.contains(secret.as_str()) && !text.contains(&secret.replace('-', "")));
        }
        seen += 1;
    }
    assert!(seen >= 4, "accounts, record, head, lock");
    std::fs::write(folder.path().join("officers.json"), "[{").unwrap();
    assert!(matches!(desk.redeem(&open, at(2)), Err(SignInError::File(_))));
}
