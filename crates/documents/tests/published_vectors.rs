//! The published vectors of machine-readable zones and numbers, from the shared folder.

#![cfg(test)]

use documents::{DocumentKind, DocumentNumber, LocalDate, Mrz, MrzError, MrzField};
use serde_json::Value;

fn vectors(test: &str, name: &str) -> Option<Vec<Value>> {
    let file = test_support::shared(test, &format!("vectors/travel-documents/{name}"))?;
    Some(serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap())
}

#[test]
fn every_published_zone_is_read_or_refused_as_its_vector_says() {
    let Some(vectors) = vectors("every_published_zone", "mrz.json") else { return };
    let today: LocalDate = "2026-03-02".parse().unwrap();
    assert!(vectors.len() >= 10);
    for vector in vectors {
        let lines: Vec<&str> =
            vector["lines"].as_array().unwrap().iter().map(|l| l.as_str().unwrap()).collect();
        let read = Mrz::parse(&lines.join("\n"), today);
        let fields = &vector["fields"];
        if vector["valid"] == false {
            let Err(MrzError::CheckDigits { failed }) = read else { panic!("{lines:?}: {read:?}") };
            for (name, field) in [
                ("number_check_ok", MrzField::Number),
                ("birth_check_ok", MrzField::Birth),
                ("expiry_check_ok", MrzField::Expiry),
                ("composite_ok", MrzField::Composite),
            ] {
                assert_eq!(fields[name] == false, failed.contains(&field), "{lines:?} {name}");
            }
            continue;
        }
        let mrz = read.unwrap_or_else(|e| panic!("{lines:?}: {e}"));
        let number =
            [&vector["document_number"], &fields["document_number"], &fields["document_number_field"]];
        let number = number.into_iter().find_map(Value::as_str).unwrap();
        assert_eq!(mrz.number(), number, "{lines:?}");
        if let Some(names) = fields["names"].as_str() {
            let names = names.trim_end_matches('<');
            assert_eq!(
                format!("{}<<{}", mrz.surname(), mrz.given_names()).replace(' ', "<"),
                names,
                "{lines:?}"
            );
        }
        for (name, value) in [
            ("document_code", mrz.code().to_owned()),
            ("issuer", mrz.issuer().to_owned()),
            ("nationality", mrz.nationality().as_str().to_owned()),
            ("birth", mrz.birth().date().unwrap().to_string().replace('-', "")[2..].to_owned()),
            ("expiry", mrz.expiry().date().unwrap().to_string().replace('-', "")[2..].to_owned()),
        ] {
            if let Some(expected) = fields[name].as_str() {
                assert_eq!(value, expected, "{lines:?} {name}");
            }
        }
    }
}

#[test]
fn every_published_number_is_read_or_refused_as_its_vector_says() {
    let Some(vectors) = vectors("every_published_number", "numbers.json") else { return };
    assert!(vectors.len() >= 20);
    for vector in vectors {
        let text = vector["number"].as_str().unwrap();
        let kinds: &[DocumentKind] = match vector["kind"].as_str().unwrap() {
            "gb11643" => &[DocumentKind::MainlandId, DocumentKind::ResidencePermit],
            "hkid" => &[DocumentKind::Hkid],
            "macao-bir" => &[DocumentKind::MacaoBir],
            "home-return-permit" => &[DocumentKind::HomeReturnPermit],
            "exit-entry-permit" => &[DocumentKind::ExitEntryPermit],
            other => panic!("unknown kind {other}"),
        };
        let good = ["checksum_ok", "format_ok", "valid"].iter().all(|k| vector[*k] != false);
        let read = kinds.iter().find_map(|k| DocumentNumber::parse(*k, text).ok());
        assert_eq!(read.is_some(), good, "{text}");
        if let (Some(read), Some(key)) = (read, vector["match_key"].as_str()) {
            assert_eq!(read.match_key(), key, "{text}");
        }
    }
}
