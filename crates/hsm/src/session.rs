//! The way into a token: its library, its label, the PIN; sessions that wait for the next use, and are opened anew after a
//! loss.
//!
//! Lives here: [`Module`]. Not here: keys (`key`).

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::object::ObjectHandle;
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;

use crate::error::{ModuleError, is_lost};
use crate::id::KeyId;
use crate::pin::Pin;

/// Most sessions that wait for their next use; more are closed when they are done.
const WAITING: usize = 8;

/// Where a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The module's library.
    pub module: PathBuf,
    /// The token's label.
    pub token: String,
}

/// A session, with the handles of keys that were found in it.
pub(crate) struct Open {
    pub session: Session,
    pub handles: HashMap<KeyId, ObjectHandle>,
}

struct Inner {
    place: Place,
    pin: Pin,
    context: Pkcs11,
    waiting: Mutex<Vec<Open>>,
    /// Whether the token refused the PIN.
    refused: AtomicBool,
}

/// A token that this process is logged in to.
#[derive(Clone)]
pub struct Module(Arc<Inner>);

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.place.fmt(f)
    }
}

impl Module {
    /// Loads the library and logs in to the token.
    ///
    /// # Errors
    /// [`ModuleError`]: what is not there, or refused.
    pub fn open(place: Place, pin: Pin) -> Result<Self, ModuleError> {
        let context = Pkcs11::new(&place.module)
            .map_err(|error| ModuleError::Load { module: place.module.clone(), why: words(&error) })?;
        initialize(&context)?;
        let module = Self(Arc::new(Inner {
            place,
            pin,
            context,
            waiting: Mutex::default(),
            refused: AtomicBool::new(false),
        }));
        module.with_session(|_| Ok(()))?;
        Ok(module)
    }

    /// The token's label.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.0.place.token
    }

    /// Does something in a session that is logged in. Where sessions were lost, does it once more in a new one.
    pub(crate) fn with_session<T>(
        &self,
        mut work: impl FnMut(&mut Open) -> Result<T, ModuleError>,
    ) -> Result<T, ModuleError> {
        // Not in the condition below: the lock would be held for as long as the work takes.
        let waiting = self.waiting().pop();
        if let Some(mut open) = waiting {
            let done = work(&mut open);
            let Err(ModuleError::Other(error)) = &done else {
                self.put_back(open);
                return done;
            };
            // What a session was about to do when it failed is not known: it is used no more.
            drop(open);
            if !is_lost(error) {
                return done;
            }
            tracing::warn!(%error, token = self.label(), "sessions with the token were lost; it is opened again");
            self.waiting().clear();
        }
        let mut open = Open { session: self.session()?, handles: HashMap::new() };
        let done = work(&mut open)?;
        self.put_back(open);
        Ok(done)
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Open>> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put_back(&self, open: Open) {
        let mut waiting = self.waiting();
        if waiting.len() < WAITING {
            waiting.push(open);
        }
    }

    fn session(&self) -> Result<Session, ModuleError> {
        // A token locks itself after some wrong PINs: this process brings one that was refused no second time.
        if self.0.refused.load(Ordering::Relaxed) {
            return Err(ModuleError::Pin { label: self.label().to_owned() });
        }
        let slot = match self.slot() {
            Err(ModuleError::Other(Error::Pkcs11(RvError::CryptokiNotInitialized, _))) => {
                initialize(&self.0.context)?;
                self.slot()?
            }
            Ok(slot) => slot,
            Err(error) => return Err(error),
        };
        let session = self.0.context.open_rw_session(slot)?;
        let label = || self.label().to_owned();
        let refused = || self.0.refused.store(true, Ordering::Relaxed);
        match session.login(UserType::User, Some(&self.0.pin.0)) {
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(session),
            Err(Error::Pkcs11(RvError::PinLocked | RvError::PinExpired, _)) => {
                refused();
                Err(ModuleError::Locked { label: label() })
            }
            Err(Error::Pkcs11(RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange, _)) => {
                refused();
                Err(ModuleError::Pin { label: label() })
            }
            Err(error) => Err(error.into()),
        }
    }

    fn slot(&self) -> Result<Slot, ModuleError> {
        let (context, mut found, mut others) = (&self.0.context, Vec::new(), Vec::new());
        for slot in context.get_slots_with_initialized_token()? {
            let info = context.get_token_info(slot)?;
            if info.label() == self.0.place.token {
                found.push(slot);
            } else {
                others.push(format!("{:?}", info.label()));
            }
        }
        match found.as_slice() {
            [slot] => Ok(*slot),
            several => {
                let others = if others.is_empty() {
                    String::new()
                } else {
                    format!(" (others there: {})", others.join(", "))
                };
                Err(ModuleError::Token { label: self.label().to_owned(), found: several.len(), others })
            }
        }
    }
}

fn initialize(context: &Pkcs11) -> Result<(), ModuleError> {
    match context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        // Somebody else in this process uses the same library.
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// An error's words, those of the system's where it has some.
fn words(error: &Error) -> String {
    if let Error::LibraryLoading(source) = error { source.to_string() } else { error.to_string() }
}
