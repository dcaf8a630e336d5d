//! Trust lists, status lists and approvals that must be refused.

use credential::SigningKey;
use credential::cbor::Writer;
use credential::cose::{self, Headers, Tagging};
use credential::message::{self, Kind};
use credential::status::{SignedStatusList, StatusList};
use documents::AuthorityCode;
use serde_json::json;
use trust::{Approval, Root, RootKey, chain};

use super::Cases;
use crate::bay::{self, Bay, Chn, Hkg, Mac, at, now};

pub fn write_trust_lists(bay: &Bay) {
    let mut cases = Cases(Vec::new());
    let keys = &bay.keys[&Mac];
    let in_use = bay.lists.trust().list(Mac).unwrap().number;
    let list = |number| bay.list(Mac, number, keys.entries());
    let mut add = |name: &str, expect: &str, bytes: &[u8]| {
        cases.add(name, expect, json!({"bytes": hex::encode(bytes)}));
    };
    let (stranger, next) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
    let root = |key: &SigningKey| Root::of(1, [("l1", *key.public())]).unwrap();
    let good = list(in_use + 1).sign(b"l1", &keys.list).unwrap();
    add("the next number", "ok", &good);
    add("the list in use", "ok", bay.lists.trust().bytes(Mac).unwrap());
    add("a byte behind its end", "malformed", &[good.as_slice(), &[0]].concat());
    add("a chain of no list", "malformed", &chain(std::iter::empty::<&[u8]>()));
    add("an older number", "rolled_back", &list(in_use - 1).sign(b"l1", &keys.list).unwrap());
    let mut other = list(in_use);
    other.expires = at(7200);
    add("another text with the number in use", "rolled_back", &other.sign(b"l1", &keys.list).unwrap());
    add("signed by a stranger", "signature", &list(in_use + 1).sign(b"l1", &stranger).unwrap());
    add("signed by a token key", "signature", &list(in_use + 1).sign(b"l1", &keys.token).unwrap());
    add("signed under another key id", "signature", &list(in_use + 1).sign(b"l2", &keys.list).unwrap());
    add(
        "signed by another authority's supervisor",
        "signature",
        &list(in_use + 1).sign(b"l1", &bay.keys[&Chn].list).unwrap(),
    );
    let mut moved = list(in_use + 1);
    moved.root = root(&next);
    add("a root that was not announced", "root_not_announced", &moved.sign(b"l1", &keys.list).unwrap());
    let mut later = list(in_use + 1);
    later.issued = at(301);
    add("issued 301 s ahead", "from_future", &later.sign(b"l1", &keys.list).unwrap());
    later.issued = at(300);
    add("issued 300 s ahead", "ok", &later.sign(b"l1", &keys.list).unwrap());
    // A supervisor's key that the list itself calls compromised counts for nothing in it.
    let (a, b) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
    let pair = Root::new(
        1,
        vec![
            RootKey { kid: b"a".to_vec(), key: *a.public(), compromised: false },
            RootKey { kid: b"b".to_vec(), key: *b.public(), compromised: true },
        ],
    )
    .unwrap();
    let mut announced = list(in_use + 1);
    announced.next = Some(pair.clone());
    let announcing = announced.sign(b"l1", &keys.list).unwrap();
    let mut moved = list(in_use + 2);
    moved.root = pair.clone();
    let moving = moved.sign(b"l1", &keys.list).unwrap();
    let mut third = list(in_use + 3);
    third.root = pair;
    let two = |last: &[u8]| {
        let single = |chained: &[u8]| trust::links(chained).unwrap().0.to_vec();
        chain([single(&announcing).as_slice(), &single(&moving), &single(last)])
    };
    add("by an announced root, with its chain", "ok", &two(&third.sign(b"a", &a).unwrap()));
    add("by a compromised supervisor of the new root", "signature", &two(&third.sign(b"b", &b).unwrap()));
    add(
        "by the root before, when it has moved on",
        "signature",
        &two(&third.sign(b"l1", &keys.list).unwrap()),
    );
    cases.put(
        "trust-lists.json",
        "chains of trust lists that a party of the world takes or refuses; MAC's list is in use",
    );
}

pub fn write_status_lists(bay: &Bay) {
    let mut cases = Cases(Vec::new());
    let key = &bay.keys[&Mac].status;
    let subject = bay::subject(Mac);
    let mut add = |name: &str, expect: &str, bytes: &[u8]| {
        let fields = json!({"issuer": "MAC", "subject": subject, "bytes": hex::encode(bytes)});
        cases.add(name, expect, fields);
    };
    let of = |issued, change: &dyn Fn(&mut SignedStatusList)| {
        let list = StatusList::with_entries(100_000);
        let expires = Some(at(86_400));
        let mut signed = SignedStatusList { subject: subject.clone(), issued, expires, ttl: None, list };
        change(&mut signed);
        signed
    };
    let good = of(now(), &|_| {}).sign(b"s1", key).unwrap();
    add("a newer list", "ok", &good);
    add("an older list", "rolled_back", &of(at(-120), &|_| {}).sign(b"s1", key).unwrap());
    add("signed 301 s ahead", "from_future", &of(at(301), &|_| {}).sign(b"s1", key).unwrap());
    add(
        "another list's name",
        "other_list",
        &of(now(), &|list| list.subject.push('1')).sign(b"s1", key).unwrap(),
    );
    add(
        "another issuer's key",
        "signature",
        &of(now(), &|_| {}).sign(b"s1", &bay.keys[&Chn].status).unwrap(),
    );
    add("a verdict key", "key", &of(now(), &|_| {}).sign(b"v1", &bay.keys[&Mac].verdict).unwrap());
    add("a byte behind its end", "malformed", &[good.as_slice(), &[0]].concat());
    add("without tag 18", "malformed", &good[1..]);
    let mut changed = good.clone();
    *changed.last_mut().unwrap() ^= 1;
    add("the last bit of its signature", "signature", &changed);
    let raw = |lst: &[u8], bits: u64, kind: &'static str| {
        let mut w = Writer::new();
        w.map(4).int(2).text(&subject).int(4).uint(at(86_400).unix().unsigned_abs());
        w.int(6).uint(now().unix().unsigned_abs()).int(65533).map(2);
        w.text("lst").bytes(lst).text("bits").uint(bits);
        let headers = Headers { kid: Some(b"s1"), content_type: Some(kind) };
        cose::sign(key, Tagging::Sign1, headers, &[], &w.finish()).unwrap()
    };
    add("bytes that are no zlib", "inflate", &raw(&[1, 2, 3], 2, "application/statuslist+cwt"));
    add(
        "three bits an entry",
        "malformed",
        &raw(&[0x78, 0x9c, 3, 0, 0, 0, 0, 1], 3, "application/statuslist+cwt"),
    );
    add("another type", "malformed", &raw(&[0x78, 0x9c, 3, 0, 0, 0, 0, 1], 2, "application/cwt"));
    cases.put("status-lists.json", "status list tokens that a gate of the world takes or refuses");
}

pub fn write_approvals(bay: &Bay) {
    let mut cases = Cases(Vec::new());
    let mut add = |name: &str, expect: &str, bytes: &[u8]| {
        cases.add(name, expect, json!({"bytes": hex::encode(bytes)}));
    };
    let next = Approval { number: 2, ..bay::approval() };
    let good = bay.approved(&next);
    add("the next text", "ok", &good);
    add("the text in use", "ok", &bay.approved(&bay::approval()));
    add("a byte behind its end", "malformed", &[good.as_slice(), &[0]].concat());
    let mut wider = bay::approval();
    wider.ports.push("qingmao".parse().unwrap());
    add("another text with the number in use", "rolled_back", &bay.approved(&wider));
    let signature = |approval: &Approval, of: AuthorityCode, by: AuthorityCode| {
        (of, approval.sign(b"a1", &bay.keys[&by].approval).unwrap())
    };
    let bundle = |signatures: &[(AuthorityCode, Vec<u8>)]| Approval::bundle(signatures);
    add(
        "one jurisdiction has not signed",
        "unsigned",
        &bundle(&[signature(&next, Chn, Chn), signature(&next, Hkg, Hkg)]),
    );
    add(
        "one has signed for another",
        "signature",
        &bundle(&[signature(&next, Chn, Chn), signature(&next, Hkg, Hkg), signature(&next, Mac, Chn)]),
    );
    add(
        "one has signed another text",
        "different",
        &bundle(&[
            signature(&next, Chn, Chn),
            signature(&next, Hkg, Hkg),
            signature(&Approval { number: 3, ..bay::approval() }, Mac, Mac),
        ]),
    );
    let kind = AuthorityCode::ALL.map(|a| {
        let payload =
            message::unverified_payload(&next.sign(b"a1", &bay.keys[&a].approval).unwrap()).unwrap().to_vec();
        (a, message::sign(Kind::Notice, b"a1", &bay.keys[&a].approval, &payload).unwrap())
    });
    add("signed as a notice", "signature", &bundle(&kind));
    let blank = Approval { assessment: " ".to_owned(), ..next.clone() };
    add("no impact assessment", "field", &bay.approved(&blank));
    cases.put(
        "approvals.json",
        "approval bundles that a party of the world takes or refuses; 2026-001 is in use",
    );
}
