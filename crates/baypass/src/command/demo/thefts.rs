//! Thefts: what somebody tries with what they stole, a database with its keys or a supervisor's key, and with a picture that
//! would fill a machine's memory.

use authority::store::{Store, own_weekly_key};
use credential::part::{PartContents, PartContext};
use credential::{SigningKey, TokenClaims, UnverifiedToken, VerifyingKey, sign_token};
use documents::AuthorityCode::{Chn, Hkg, Mac};
use documents::{Rules, Side};
use serde_json::Value;
use trust::{Role, chain};

use super::bay::code_picture::Sight;
use super::cast::Who;
use super::cheats::note;
use super::tour::{Scanned, Tour, place};
use crate::failure::{Failure, of};
use crate::install::keys::{KeyFiles, KeyStore};
use crate::install::{lists, supervisors};
use crate::wallet::Bytes;

/// A JPEG file whose frame header (ITU-T T.81, B.2.2) claims 65,500 by 65,500 points.
fn bomb(picture: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut bytes = picture.to_vec();
    let start = bytes.windows(2).position(|pair| matches!(pair, [0xff, 0xc0..=0xc2]));
    let size = start.and_then(|at| bytes.get_mut(at + 5..at + 9));
    let size = size.ok_or_else(|| Failure::new("the demo's picture is no JPEG file"))?;
    size.copy_from_slice(&[0xff, 0xdc, 0xff, 0xdc]);
    Ok(bytes)
}

/// A picture that is small on the wire and huge in memory, before a lane's reader.
pub async fn bombs(tour: &mut Tour<'_>, told: &mut Vec<Value>) -> Result<(), Failure> {
    let lane = place("shenzhen-bay", Hkg, Chn, Some(Side::Exit), 1)?;
    let face = tour.live(Who::Ma)?;
    let sight = Sight::Picture(bomb(&face)?);
    let report = tour.bay.scan(("shenzhen-bay", &lane.name()), &sight, &[], &[&face], &[]).await?;
    let scanned = Scanned { report, exit: Value::Null, entry: Value::Null };
    let attack = "a picture file that claims four billion points";
    note(tour, told, attack, "picture_unreadable", &scanned).await
}

/// Somebody has the mainland's database and its keys: they make an own part of their own.
pub async fn stolen_database(tour: &mut Tour<'_>, told: &mut Vec<Value>) -> Result<(), Failure> {
    let joint = place("hengqin", Chn, Mac, None, 1)?;
    let face = tour.live(Who::Wang)?;
    let mut held = tour.take_token(Who::Wang).await?;
    let (installation, week) = (&tour.bay.installation, held.expires.local_date().iso_week());
    let vault = KeyFiles::of(&installation.authority(Chn)).vault()?;
    let rules = Rules::builtin().map_err(of)?;
    let stolen = Store::open(&installation.database(Chn), vault, &rules).await.map_err(of)?;
    let week = own_weekly_key(&stolen, Chn, week).await.map_err(of)?;
    let week = week.ok_or_else(|| Failure::new("the mainland has no weekly key for its own parts"))?;
    let device = VerifyingKey::new(*held.key()?.public()).map_err(of)?;
    let context = PartContext { issuer: Chn, receiver: Chn, thumbprint: device.thumbprint().map_err(of)? };
    if let Some(part) = held.parts.get_mut(&Chn) {
        let mut contents = PartContents::open(&part.0, &week, &context).map_err(of)?;
        for slot in &mut contents.endorsements {
            // Entries without limit.
            slot.entries = None;
        }
        *part = Bytes(contents.seal(&week, &context).map_err(of)?);
    }
    let text = held.code(&joint.audience(), tour.bay.now())?;
    let scanned = tour.scan(&joint, &text, &face, &[]).await?;
    note(tour, told, "an own part forged with a stolen database's keys", "part_forged", &scanned).await
}

/// One supervisor's key is stolen, listed as compromised, and signs the next list with another one that is stolen: it names a
/// token key of the thief's.
pub async fn stolen_supervisor(tour: &mut Tour<'_>, told: &mut Vec<Value>) -> Result<(), Failure> {
    let exit = place("shenzhen-bay", Hkg, Chn, Some(Side::Exit), 1)?;
    let (now, thief) = (tour.bay.now(), SigningKey::generate().map_err(of)?);
    let installation = tour.bay.installation.clone();
    lists::renew(&installation, Hkg, now, |list| {
        list.root = list.root.with_compromised(b"HKG-1").map_err(of)?;
        Ok(())
    })?;
    tour.bay.rounds(2).await?;
    let good = lists::published(&installation)?;
    let store = supervisors::known(&installation, Hkg)?;
    let forged = supervisors::draft(&store, Hkg, now, |list| {
        let token = list.keys.iter().find(|entry| entry.role == Role::Token).cloned();
        let token = token.ok_or_else(|| Failure::new("Hong Kong lists no token key"))?;
        list.keys.push(trust::KeyEntry { kid: vec![7], key: thief.public().as_bytes().to_vec(), ..token });
        Ok(())
    })?;
    let stolen = |number: u8| -> Result<(String, SigningKey), Failure> {
        let folder = installation.supervisor(Hkg).join(number.to_string());
        Ok((format!("HKG-{number}"), KeyFiles::of(&folder).signing(supervisors::KEY)?))
    };
    let mut signatures = Vec::new();
    for (kid, key) in [stolen(1)?, stolen(2)?] {
        signatures.push(forged.signature(kid.as_bytes(), &key).map_err(of)?);
    }
    let forged = chain([forged.assemble(&signatures).map_err(of)?.as_slice()]);
    lists::publish(&installation, &[(Hkg, forged)])?;
    tour.bay.rounds(2).await?;

    let mut held = tour.take_token(Who::Ma).await?;
    let claims: TokenClaims = *UnverifiedToken::parse(&held.token.0).map_err(of)?.claims();
    held.token = Bytes(sign_token(&claims, 7, &thief).map_err(of)?);
    let (text, face) = (held.code(&exit.audience(), tour.bay.now())?, tour.live(Who::Ma)?);
    let scanned = tour.scan(&exit, &text, &face, &[]).await?;
    let attack = "a token key in a list that a compromised supervisor signed";
    note(tour, told, attack, "issuer_unknown", &scanned).await?;
    lists::publish(&installation, &good)?;
    tour.bay.rounds(2).await
}
