//! 1:1 only: a face is compared with one template that its holder showed, or with one photo of a person named. Nothing
//! looks a person up by his face. These tests read what could be there: routes, statements, public functions.

use std::path::Path;

use authority::store::statements;

/// Names under which a picture of a face comes in.
const FACES: [&str; 6] = ["selfie", "photo", "face", "faces", "probe", "picture"];
/// Names that say whose face it is claimed to be.
const CLAIMS: [&str; 4] = ["document", "record", "token", "part"];
/// Pictures of a capture whose claim was made before, when its id was given: the one route that takes them has it in its path. Of each:
/// the schema of a picture, of the pictures together, the route, the claim.
const CAPTURES: [[&str; 4]; 2] = [
    ["Frame", "/Frames\"", "/v1/enrolments/{id}/frames", "Enrolment"],
    ["SignInFrame", "/SignInFrames\"", "/openid/sign-in/{id}/frames", "SignInClaim"],
];

#[test]
fn every_request_that_carries_a_face_names_the_person_whose_it_is_claimed_to_be() {
    let api = authority::http::openapi();
    let schemas = api["components"]["schemas"].as_object().unwrap();
    let mut carrying = Vec::new();
    for (name, schema) in schemas {
        let Some(properties) = schema["properties"].as_object() else { continue };
        let has = |words: &[&str]| properties.keys().any(|key| words.contains(&key.as_str()));
        if let Some([_, together, route, claim]) = CAPTURES.iter().find(|capture| capture[0] == name) {
            let takes = |item: &serde_json::Value| item.to_string().contains(together);
            let paths = api["paths"].as_object().unwrap().iter().filter(|(_, item)| takes(item));
            assert_eq!(paths.map(|(path, _)| path.as_str()).collect::<Vec<_>>(), [*route]);
            // A document, or an identity that was shown: a test of the door (`identity`) sends neither, and is refused.
            let (claim, said) = (&schemas[*claim], "whose face it is, is said when the id is given");
            let needed = claim["required"].as_array();
            let always = needed.is_some_and(|all| all.iter().any(|field| field == "document"));
            let either =
                ["document", "identity"].iter().all(|field| claim["properties"].get(field).is_some());
            assert!(always || either, "{said}");
            carrying.push(name.clone());
        } else if has(&FACES) {
            assert!(has(&CLAIMS), "{name} carries a face and no claim: {:?}", properties.keys());
            let required = schema["required"].as_array().unwrap();
            assert!(
                CLAIMS.iter().any(|claim| required.iter().any(|r| r == claim)),
                "{name}: the claim may be left out"
            );
            carrying.push(name.clone());
        }
    }
    assert!(!carrying.is_empty(), "no schema carries a face: these words no longer find them");
    for path in api["paths"].as_object().unwrap().keys() {
        for word in ["search", "identify", "gallery", "match", "similar", "who"] {
            let segments = path.split(['/', '-', '_']);
            assert!(!segments.into_iter().any(|segment| segment == word), "{path}");
        }
    }
}

#[test]
fn no_statement_reads_templates_or_photos_of_more_than_one_person() {
    // One after the other in the order of keys, to describe photos anew: neither takes nor gives a score.
    const RENEWING: [&str; 2] = ["COUNT_OTHER_TEMPLATES", "NEXT_OTHER_TEMPLATE"];
    let mut reading = Vec::new();
    for (name, sql) in statements() {
        let reads = sql.starts_with("SELECT") && (sql.contains("template") || sql.contains("photo"));
        if !reads {
            continue;
        }
        reading.push(name);
        let one = sql.contains("WHERE person_key = $1") || RENEWING.contains(&name);
        assert!(one, "{name} reads faces of more than one person: {sql}");
        assert!(
            !sql.contains("template =") && !sql.contains("template LIKE"),
            "{name} looks up by template: {sql}"
        );
    }
    // A holder's own photograph, for the portrait of their own credential.
    const OWN: &str = "FIND_PHOTOGRAPH";
    assert_eq!(reading, ["FIND_TEMPLATES", OWN, "COUNT_OTHER_TEMPLATES", "NEXT_OTHER_TEMPLATE"]);
}

#[test]
fn no_public_function_takes_one_face_and_many() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut read = 0;
    for room in ["face/src", "authority/src", "gate/src"] {
        let mut folders = vec![crates.join(room)];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = std::fs::read_to_string(&path).unwrap();
                read += 1;
                for word in [
                    "&[Template]",
                    "Vec<Template>",
                    "HashMap<Template",
                    "BTreeMap<Template",
                    "fn identify",
                    "fn search",
                ] {
                    assert!(!text.contains(word), "{}: {word}", path.display());
                }
            }
        }
    }
    assert!(read > 30, "the sources are where this test looks for them");
}
