//! A token of SoftHSM: what it signs verifies, what it keeps never leaves, what fails is said in a sentence. Its library takes
//! its configuration out of the environment alone, so each case runs in a process of its own.

#![expect(clippy::unwrap_used, reason = "a failing helper fails the test that called it")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use credential::{CryptoError, SignerFault, VerifyingKey};
use hsm::{Module, ModuleError, Pin, Place};
use test_support::SoftToken;

const LIBRARY: &str = "TEST_PKCS11_LIBRARY";
const PIN_FILE: &str = "TEST_PKCS11_PIN_FILE";
const FILES: &str = "TEST_PKCS11_FILES";

/// Runs an ignored test of this program in a process of its own, over a new token.
fn in_own_process(test: &str, case: &str) {
    let Some(token) = SoftToken::new(test) else { return };
    token.add("another");
    let run = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", case, "--ignored", "--nocapture"])
        .env(SoftToken::CONFIGURATION, token.configuration())
        .env(LIBRARY, token.library())
        .env(PIN_FILE, token.pin_file(SoftToken::PIN))
        .env(FILES, token.files())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{said}{}", String::from_utf8_lossy(&run.stderr));
    assert!(said.contains("1 passed"), "the case did not run: {said}");
}

fn path(variable: &str) -> PathBuf {
    std::env::var_os(variable).unwrap().into()
}

fn place(token: &str) -> Place {
    Place { module: path(LIBRARY), token: token.to_owned() }
}

fn pin() -> Pin {
    Pin::read(Some(&path(PIN_FILE))).unwrap()
}

fn module() -> Module {
    Module::open(place(SoftToken::LABEL), pin()).unwrap()
}

#[test]
fn a_key_is_made_in_the_token_signs_there_and_never_leaves_it() {
    in_own_process("a key is made in the token", "case_sign");
}

#[test]
#[ignore = "runs in a process of its own, by the test above"]
fn case_sign() {
    let module = module();
    let (id, public) = module.make("specimen").unwrap();
    let key = module.key(id, public).unwrap();
    let verifying = VerifyingKey::new(public).unwrap();
    for message in [&b""[..], b"a verdict", &[7; 5000]] {
        let signature = key.sign(message).unwrap();
        assert_eq!(verifying.verify(message, &signature), Ok(()));
    }
    assert!(module.state(id).unwrap().is_kept());
    assert_eq!(key.to_pkcs8().err(), Some(CryptoError::PrivateKey));
    // Several at once, each in a session of its own.
    std::thread::scope(|scope| {
        for n in 0..16_u8 {
            let (key, verifying) = (&key, &verifying);
            scope.spawn(move || {
                for m in 0..10 {
                    assert_eq!(verifying.verify(&[n, m], &key.sign(&[n, m]).unwrap()), Ok(()));
                }
            });
        }
    });
    // Another process, or a later start, finds it again by its id.
    let again = Module::open(place(SoftToken::LABEL), pin()).unwrap().key(id, public).unwrap();
    assert_eq!(verifying.verify(b"again", &again.sign(b"again").unwrap()), Ok(()));
    // Under another public half it is not the key that was asked for.
    let (other, other_public) = module.make("another specimen").unwrap();
    assert!(matches!(module.key(id, other_public), Err(ModuleError::NoKey { .. })));
    module.destroy(other).unwrap();
    assert!(matches!(module.key(other, other_public), Err(ModuleError::NoKey { .. })));
    module.destroy(other).unwrap();
    // A key that goes while it is held ends in an error, and the others sign on.
    let (gone, gone_public) = module.make("gone").unwrap();
    let held = module.key(gone, gone_public).unwrap();
    held.sign(b"before").unwrap();
    module.destroy(gone).unwrap();
    assert_eq!(held.sign(b"after").err(), Some(CryptoError::Signer(SignerFault::KeyGone)));
    key.sign(b"after").unwrap();
}

#[test]
fn what_keeps_a_module_from_use_is_said_with_what_mends_it() {
    in_own_process("what keeps a module from use", "case_refusals");
}

#[test]
#[ignore = "runs in a process of its own, by the test above"]
fn case_refusals() {
    let told = |place: Place, pin: Pin| Module::open(place, pin).err().unwrap().to_string();
    let missing = Place { module: "/nowhere/pkcs11.so".into(), ..place(SoftToken::LABEL) };
    let said = told(missing, pin());
    assert!(said.contains("/nowhere/pkcs11.so") && said.contains("install it"), "{said}");
    let no_module = Place { module: path(PIN_FILE), ..place(SoftToken::LABEL) };
    assert!(told(no_module, pin()).contains("cannot be loaded"));
    let said = told(place("elsewhere"), pin());
    assert!(said.contains("0 tokens") && said.contains("\"baypass\"") && said.contains("`token`"), "{said}");
    let right = pin();
    std::fs::write(path(PIN_FILE), "999999").unwrap();
    let said = told(place(SoftToken::LABEL), pin());
    assert!(said.contains("refused the PIN") && said.contains("pin_file"), "{said}");
    // A wrong PIN locks nobody out at once.
    Module::open(place(SoftToken::LABEL), right).unwrap();
}

#[test]
fn sessions_that_are_lost_are_opened_again() {
    in_own_process("sessions that are lost", "case_loss");
}

#[test]
#[ignore = "runs in a process of its own, by the test above"]
fn case_loss() {
    use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
    use cryptoki::session::UserType;
    use cryptoki::slot::Slot;
    use cryptoki::types::AuthPin;
    let module = module();
    let (id, public) = module.make("specimen").unwrap();
    let key = module.key(id, public).unwrap();
    key.sign(b"before").unwrap();
    // Whatever ends the library's state under us, as an unplugged token or a restarted service of the module does.
    let same_library = Pkcs11::new(path(LIBRARY)).unwrap();
    same_library.finalize().unwrap();
    let verifying = VerifyingKey::new(public).unwrap();
    assert_eq!(verifying.verify(b"after", &key.sign(b"after").unwrap()), Ok(()));
    // A token that is gone is an error, and its return is taken up.
    let (files, aside) = (path(FILES), path(FILES).with_extension("aside"));
    let same_library = Pkcs11::new(path(LIBRARY)).unwrap();
    same_library.finalize().unwrap();
    std::fs::rename(&files, &aside).unwrap();
    std::fs::create_dir(&files).unwrap();
    std::fs::set_permissions(&files, std::fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(key.sign(b"gone").err(), Some(CryptoError::Signer(SignerFault::Unavailable)));
    assert_eq!(key.sign(b"gone").err(), Some(CryptoError::Signer(SignerFault::Unavailable)));
    std::fs::remove_dir(&files).unwrap();
    std::fs::rename(&aside, &files).unwrap();
    let same_library = Pkcs11::new(path(LIBRARY)).unwrap();
    same_library.finalize().unwrap();
    assert_eq!(verifying.verify(b"back", &key.sign(b"back").unwrap()), Ok(()));
    // A PIN that was changed is tried once and no more: the token would lock itself. A start with the new one is let in.
    let change = |from: &str, to: &str| {
        let context = Pkcs11::new(path(LIBRARY)).unwrap();
        let _ = context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK));
        let slots = context.get_slots_with_initialized_token().unwrap();
        let own = |slot: &Slot| context.get_token_info(*slot).unwrap().label() == SoftToken::LABEL;
        let session = context.open_rw_session(slots.into_iter().find(own).unwrap()).unwrap();
        let _ = session.login(UserType::User, Some(&AuthPin::from(from.to_owned())));
        session.set_pin(&AuthPin::from(from.to_owned()), &AuthPin::from(to.to_owned())).unwrap();
        drop(session);
        context.finalize().unwrap();
    };
    change(SoftToken::PIN, "112233");
    let refused = Some(CryptoError::Signer(SignerFault::Login));
    assert_eq!(key.sign(b"changed").err(), refused);
    change("112233", SoftToken::PIN);
    assert_eq!(key.sign(b"changed back").err(), refused, "not tried again");
    Module::open(place(SoftToken::LABEL), pin()).unwrap();
}
