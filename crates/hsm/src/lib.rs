//! Keys in a hardware module: P-256 keys that are made in a token of PKCS #11 (OASIS, version 2.40 and later), sign there, and
//! never leave it.
//!
//! Lives here: a module's library, the way into its token, sessions that are opened again after a loss, one key. Not here: which
//! key is whose, where the setting stands (`baypass`), what is signed (`credential`). The library is loaded while the program
//! runs: nothing of a module is needed to build it.

mod error;
mod id;
mod key;
mod pin;
mod session;

pub use error::ModuleError;
pub use id::KeyId;
pub use key::KeyState;
pub use pin::{PIN_VARIABLE, Pin, PinFault};
pub use session::{Module, Place};
