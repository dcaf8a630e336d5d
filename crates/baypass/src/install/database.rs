//! Where the databases of an installation lie: a file in each authority's folder, or a server's.

use std::str::FromStr;

use authority::store::{DatabaseAddress, DatabaseAddressError};
use clap::Args;
use documents::AuthorityCode;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What stands for the authority's code, in small letters.
const PLACEHOLDER: &str = "{authority}";

/// The address of the authorities' databases, one for all: `{authority}` in it stands for `chn`, `hkg` or `mac`. It may
/// hold a password.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);
documents::redact_debug!(DatabaseUrl);

impl FromStr for DatabaseUrl {
    type Err = DatabaseAddressError;

    fn from_str(text: &str) -> Result<Self, DatabaseAddressError> {
        let url = Self(text.trim().to_owned());
        url.parsed(AuthorityCode::Chn)?;
        Ok(url)
    }
}

impl DatabaseUrl {
    fn parsed(&self, code: AuthorityCode) -> Result<DatabaseAddress, DatabaseAddressError> {
        self.0.replace(PLACEHOLDER, &code.code().to_ascii_lowercase()).parse()
    }

    /// The address of one authority's database.
    pub fn of(&self, code: AuthorityCode) -> DatabaseAddress {
        // Every code has the same three small letters' form as the one that was read.
        self.parsed(code).unwrap_or_else(|_| DatabaseAddress::sqlite(std::path::Path::new(&self.0)))
    }

    /// Whether each authority gets a database of its own by it.
    pub fn has_one_each(&self) -> bool {
        self.0.contains(PLACEHOLDER)
    }

    /// The line of the settings that keeps it.
    pub fn setting(&self) -> String {
        let escaped = self.0.replace('\\', "\\\\").replace('"', "\\\"");
        format!("# Where the authorities' databases lie.\ndatabase_url = \"{escaped}\"\n")
    }
}

impl Serialize for DatabaseUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for DatabaseUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Where databases lie, as commands take it.
#[derive(Args, Clone)]
pub struct DatabaseArgs {
    /// The authorities' databases: postgres://USER@HOST/NAME_{authority}, where {authority} stands for chn, hkg or mac
    /// (docs/operating.md). Default: a SQLite file in each authority's folder.
    #[arg(long, env = "BAYPASS_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub database_url: Option<DatabaseUrl>,
}

impl DatabaseArgs {
    /// The address, which must give each of the three authorities a database of its own.
    pub fn for_all(&self) -> Result<Option<&DatabaseUrl>, crate::failure::Failure> {
        match &self.database_url {
            Some(url) if !url.has_one_each() => Err(crate::failure::Failure::new(
                "three authorities share no database; write {authority} where their code belongs, such as \
                 postgres://baypass@localhost/baypass_{authority}",
            )),
            other => Ok(other.as_ref()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_authority_has_the_database_that_its_code_names() {
        let url: DatabaseUrl = "sqlite:///data/{authority}.db".parse().unwrap();
        assert!(url.has_one_each());
        assert_eq!(url.of(AuthorityCode::Hkg).file(), Some(std::path::Path::new("/data/hkg.db")));
        assert!("mysql://h/d".parse::<DatabaseUrl>().is_err());
        let secret: DatabaseUrl = "postgres://u:secret@h/{authority}".parse().unwrap();
        assert!(!format!("{secret:?}").contains("secret"));
    }
}
