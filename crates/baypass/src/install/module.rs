//! The hardware module in which an installation's signing keys lie, where one is set: `[pkcs11]` in `baypass.toml`.
//!
//! Lives here: the setting, the module that is opened at its first use. Not here: PKCS #11 (`hsm`), which key is where (`keys`).

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use clap::Args;
use hsm::{Module, Pin, Place};
use serde::{Deserialize, Serialize};

use crate::failure::{Failure, of};

/// Where the token is; new signing keys are made in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModuleSetting {
    /// The module's library.
    module: PathBuf,
    /// The token's label.
    token: String,
    /// The file with its PIN, mode 0600; without it the environment has the PIN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pin_file: Option<PathBuf>,
}

#[derive(Serialize)]
struct Section<'s> {
    pkcs11: &'s ModuleSetting,
}

impl ModuleSetting {
    /// The lines of the settings that keep it.
    pub fn text(&self) -> Result<String, Failure> {
        let section = toml::to_string(&Section { pkcs11: self }).map_err(of)?;
        Ok(format!("\n# Signing keys are made in this token and stay there (docs/operating.md).\n{section}"))
    }
}

/// Where signing keys are kept, as `init` takes it. The PIN itself stands on no command line.
#[derive(Args, Clone)]
pub struct ModuleArgs {
    /// Makes the signing keys in a hardware module: its PKCS #11 library, such as /usr/lib/softhsm/libsofthsm2.so
    /// (docs/operating.md). Default: files.
    #[arg(long = "keys-pkcs11", value_name = "LIBRARY", requires = "pkcs11_token")]
    keys_pkcs11: Option<PathBuf>,
    /// The label of the token in it.
    #[arg(long, value_name = "LABEL", requires = "keys_pkcs11")]
    pkcs11_token: Option<String>,
    /// A file with the token's PIN, mode 0600. Default: the PIN is in the environment, `BAYPASS_PKCS11_PIN`.
    #[arg(long, value_name = "FILE", requires = "keys_pkcs11")]
    pkcs11_pin_file: Option<PathBuf>,
}

impl ModuleArgs {
    /// The setting; paths count from this process's folder.
    pub fn setting(&self) -> Result<Option<ModuleSetting>, Failure> {
        let Some((module, token)) = self.keys_pkcs11.as_ref().zip(self.pkcs11_token.as_ref()) else {
            return Ok(None);
        };
        let whole = |path: &PathBuf| std::path::absolute(path).map_err(of);
        Ok(Some(ModuleSetting {
            module: whole(module)?,
            token: token.clone(),
            pin_file: self.pkcs11_pin_file.as_ref().map(whole).transpose()?,
        }))
    }
}

/// The module of an installation: none, or one that is opened when its first key is used.
#[derive(Debug, Clone, Default)]
pub struct ModuleInUse {
    setting: Option<ModuleSetting>,
    open: Arc<OnceLock<Module>>,
}

impl ModuleInUse {
    /// The module of that setting; a relative path of the PIN's file counts from `root`.
    pub fn new(setting: Option<ModuleSetting>, root: &Path) -> Self {
        let setting = setting.map(|setting| ModuleSetting {
            pin_file: setting.pin_file.map(|file| root.join(file)),
            ..setting
        });
        Self { setting, open: Arc::default() }
    }

    /// Whether new signing keys are made there.
    pub const fn is_set(&self) -> bool {
        self.setting.is_some()
    }

    /// The module, logged in.
    pub fn get(&self) -> Result<&Module, Failure> {
        if let Some(open) = self.open.get() {
            return Ok(open);
        }
        let setting = self.setting.as_ref().ok_or_else(|| {
            Failure::new(
                "this key lies in a hardware module, and baypass.toml names none; write `[pkcs11]` with `module`, `token` and \
                 `pin_file` there (docs/operating.md)",
            )
        })?;
        let pin = Pin::read(setting.pin_file.as_deref()).map_err(of)?;
        let place = Place { module: setting.module.clone(), token: setting.token.clone() };
        let open = Module::open(place, pin).map_err(of)?;
        Ok(self.open.get_or_init(|| open))
    }
}
