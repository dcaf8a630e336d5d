//! Configuration: the credentials that an authority issues to wallets of others, by sort and form.
//!
//! Lives here: names: ids, scopes, `vct`, `docType`. Not here: what a resident's credential says (`authority`).

use std::str::FromStr;

/// What a credential is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CredentialSort {
    /// The identity card of the region, or of the mainland: who the holder is.
    IdentityCard,
    /// A photo ID by ISO/IEC TS 23220-4: the same with the portrait.
    PhotoId,
    /// A travel permit with its endorsements.
    TravelPermit,
}

impl CredentialSort {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::IdentityCard, Self::PhotoId, Self::TravelPermit];

    /// Its name in ids and scopes.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::IdentityCard => "identity-card",
            Self::PhotoId => "photo-id",
            Self::TravelPermit => "travel-permit",
        }
    }

    /// The type of an SD-JWT VC (`vct`).
    #[must_use]
    pub const fn vct(self) -> &'static str {
        match self {
            Self::IdentityCard => "urn:baypass:identity-card:1",
            Self::PhotoId => "urn:baypass:photo-id:1",
            Self::TravelPermit => "urn:baypass:travel-permit:1",
        }
    }

    /// The type of an mdoc (`docType`). Of the two spellings of the photo ID's in public code one is written (mdoc.md).
    #[must_use]
    pub const fn doctype(self) -> &'static str {
        match self {
            Self::IdentityCard => "org.baypass.identity-card.1",
            Self::PhotoId => "org.iso.23220.photoID.1",
            Self::TravelPermit => "org.baypass.travel-permit.1",
        }
    }

    /// The name that a wallet shows, in English, Portuguese, Chinese as Hong Kong and as the mainland write it.
    #[must_use]
    pub const fn display(self) -> [(&'static str, &'static str); 4] {
        match self {
            Self::IdentityCard => [
                ("en", "Identity card"),
                ("pt", "Bilhete de identidade"),
                ("zh-Hant", "身份證"),
                ("zh-Hans", "身份证"),
            ],
            Self::PhotoId => [
                ("en", "Photo ID"),
                ("pt", "Identificação com fotografia"),
                ("zh-Hant", "附相片身份證明"),
                ("zh-Hans", "带照片的身份证明"),
            ],
            Self::TravelPermit => [
                ("en", "Travel permit"),
                ("pt", "Título de viagem"),
                ("zh-Hant", "旅行證件"),
                ("zh-Hans", "旅行证件"),
            ],
        }
    }
}

/// In which form a credential travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CredentialForm {
    /// `dc+sd-jwt`: an SD-JWT VC.
    SdJwt,
    /// `mso_mdoc`: ISO/IEC 18013-5.
    Mdoc,
}

impl CredentialForm {
    /// Both.
    pub const ALL: [Self; 2] = [Self::SdJwt, Self::Mdoc];

    /// The identifier of the format.
    #[must_use]
    pub const fn format(self) -> &'static str {
        match self {
            Self::SdJwt => "dc+sd-jwt",
            Self::Mdoc => "mso_mdoc",
        }
    }
}

/// One configuration of the issuer: its id is its scope too, so that each is asked for alone (HAIP 1.0, 4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Configuration {
    /// What it is.
    pub sort: CredentialSort,
    /// In which form.
    pub form: CredentialForm,
}

impl Configuration {
    /// All six.
    pub fn all() -> impl Iterator<Item = Self> {
        CredentialSort::ALL.into_iter().flat_map(|sort| CredentialForm::ALL.map(|form| Self { sort, form }))
    }

    /// Its id, and its scope: `identity-card-sd-jwt`.
    #[must_use]
    pub fn id(self) -> String {
        let form = match self.form {
            CredentialForm::SdJwt => "sd-jwt",
            CredentialForm::Mdoc => "mdoc",
        };
        format!("{}-{form}", self.sort.name())
    }
}

/// No configuration has this id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no credential configuration has this id; the issuer's metadata lists them")]
pub struct UnknownConfiguration;

impl FromStr for Configuration {
    type Err = UnknownConfiguration;

    fn from_str(text: &str) -> Result<Self, UnknownConfiguration> {
        Self::all().find(|one| one.id() == text).ok_or(UnknownConfiguration)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_configuration_is_found_by_its_id_and_no_two_share_one() {
        let ids: std::collections::BTreeSet<String> = Configuration::all().map(Configuration::id).collect();
        assert_eq!(ids.len(), 6);
        for one in Configuration::all() {
            assert_eq!(one.id().parse(), Ok(one));
        }
        for text in ["", "identity-card", "IDENTITY-CARD-SD-JWT", "identity-card-sd-jwt "] {
            assert_eq!(text.parse::<Configuration>(), Err(UnknownConfiguration), "{text}");
        }
    }
}
