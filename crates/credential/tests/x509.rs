//! Keys and signatures of others: what is taken, and what each refusal is for.

use credential::x509::{HashKind, SignatureScheme, X509Key, X509Refusal, digest_unproven};
use test_support::chip::{ChipKey, Hash, Scheme};
use test_support::der::{der, oid};

const RSA: [u32; 7] = [1, 2, 840, 113_549, 1, 1, 1];
const PSS: [u32; 7] = [1, 2, 840, 113_549, 1, 1, 10];
const MGF1: [u32; 7] = [1, 2, 840, 113_549, 1, 1, 8];

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    der(&[0x30], &parts.concat())
}

fn spki(algorithm: &[Vec<u8>], key: &[u8]) -> Vec<u8> {
    sequence(&[sequence(algorithm), der(&[0x03], &[&[0], key].concat())])
}

/// An RSA key with a modulus of so many bytes.
fn rsa(bytes: usize) -> Vec<u8> {
    let modulus = [vec![0, 0xc1], vec![0xa5; bytes - 2], vec![0x0b]].concat();
    let key = sequence(&[der(&[0x02], &modulus), der(&[0x02], &[1, 0, 1])]);
    spki(&[oid(&RSA), vec![5, 0]], &key)
}

fn point(curve: &[u32], key: &[u8]) -> Vec<u8> {
    spki(&[oid(&[1, 2, 840, 10045, 2, 1]), oid(curve)], key)
}

#[test]
fn a_key_is_refused_for_the_first_thing_wrong_with_it() {
    use X509Refusal::{Curve, KeyKind, KeyLength, Malformed};
    let p256 = [1, 2, 840, 10045, 3, 1, 7];
    let explicit = sequence(&[der(&[0x02], &[1])]);
    for (name, key, expected) in [
        ("1024 bits", rsa(128), Err(KeyLength)),
        ("2048 bits", rsa(256), Ok(())),
        ("8192 bits", rsa(1024), Ok(())),
        ("8200 bits", rsa(1025), Err(KeyLength)),
        ("RSA, no numbers", spki(&[oid(&RSA), vec![5, 0]], &[0x30, 0]), Err(Malformed)),
        ("brainpoolP256r1", point(&[1, 3, 36, 3, 3, 2, 8, 1, 1, 7], &[4; 65]), Err(Curve)),
        ("secp256k1", point(&[1, 3, 132, 0, 10], &[4; 65]), Err(Curve)),
        ("written out", spki(&[oid(&[1, 2, 840, 10045, 2, 1]), explicit], &[4; 65]), Err(Curve)),
        ("no point of its curve", point(&p256, &[4; 65]), Err(Malformed)),
        ("a short point", point(&p256, &[4; 64]), Err(Malformed)),
        ("infinity", point(&p256, &[0]), Err(Malformed)),
        ("Ed25519", spki(&[oid(&[1, 3, 101, 112])], &[1; 32]), Err(KeyKind)),
        ("trailing bytes", [rsa(256), vec![0]].concat(), Err(Malformed)),
    ] {
        assert_eq!(X509Key::from_spki(&key).map(drop), expected, "{name}");
    }
}

/// Parameters of RSASSA-PSS.
fn pss(parts: &[Vec<u8>]) -> Vec<u8> {
    sequence(&[oid(&PSS), sequence(parts)])
}

#[test]
fn parameters_of_pss_count_in_their_one_form_alone() {
    use X509Refusal::{Malformed, Scheme as OtherScheme, WeakHash};
    let sha256 = Hash::Sha256.identifier();
    let sha1 = Hash::Sha1.identifier();
    let with_null = sequence(&[oid(&[2, 16, 840, 1, 101, 3, 4, 2, 1]), vec![5, 0]]);
    let hash = |named: &[u8]| der(&[0xa0], named);
    let mask = |named: &[u8]| der(&[0xa1], &sequence(&[oid(&MGF1), named.to_vec()]));
    let salt = |length: u8| der(&[0xa2], &[2, 1, length]);
    let trailer = der(&[0xa3], &[2, 1, 1]);
    let sha512 = Hash::Sha512.identifier();
    for (name, algorithm, expected) in [
        ("SHA-256", pss(&[hash(&sha256), mask(&sha256), salt(32)]), Ok(HashKind::Sha256)),
        ("with NULL", pss(&[hash(&with_null), mask(&with_null), salt(32)]), Ok(HashKind::Sha256)),
        ("SHA-512", pss(&[hash(&sha512), mask(&sha512), salt(64)]), Ok(HashKind::Sha512)),
        ("a short salt", pss(&[hash(&sha256), mask(&sha256), salt(20)]), Err(OtherScheme)),
        ("no salt", pss(&[hash(&sha256), mask(&sha256)]), Err(OtherScheme)),
        ("another hash in MGF1", pss(&[hash(&sha256), mask(&sha512), salt(32)]), Err(OtherScheme)),
        ("SHA-1 in MGF1", pss(&[hash(&sha256), mask(&sha1), salt(32)]), Err(WeakHash)),
        ("SHA-1", pss(&[hash(&sha1), mask(&sha1), salt(20)]), Err(WeakHash)),
        ("defaults", pss(&[]), Err(WeakHash)),
        ("a trailer", pss(&[hash(&sha256), mask(&sha256), salt(32), trailer]), Err(OtherScheme)),
        ("none at all", sequence(&[oid(&PSS)]), Err(WeakHash)),
        ("NULL", sequence(&[oid(&PSS), vec![5, 0]]), Err(Malformed)),
    ] {
        let read = SignatureScheme::from_der(&algorithm, None);
        assert_eq!(read, expected.map(SignatureScheme::RsaPss), "{name}");
    }
}

#[test]
fn an_algorithm_is_taken_with_its_hash_and_refused_beside_another() {
    let named = |parts: &[u32]| sequence(&[oid(parts)]);
    let sha256 = Some(HashKind::Sha256);
    for (algorithm, beside, expected) in [
        (named(&[1, 2, 840, 10045, 4, 3, 2]), None, Ok(SignatureScheme::Ecdsa(HashKind::Sha256))),
        (named(&[1, 2, 840, 10045, 4, 3, 2]), Some(HashKind::Sha384), Err(X509Refusal::Scheme)),
        (named(&[1, 2, 840, 10045, 4, 3, 1]), None, Err(X509Refusal::WeakHash)),
        (named(&[1, 2, 840, 10045, 4, 1]), None, Err(X509Refusal::WeakHash)),
        (named(&RSA), sha256, Ok(SignatureScheme::RsaPkcs1(HashKind::Sha256))),
        (named(&RSA), None, Err(X509Refusal::Scheme)),
        (named(&[1, 2, 840, 113_549, 1, 1, 5]), sha256, Err(X509Refusal::WeakHash)),
        (named(&[1, 3, 101, 112]), None, Err(X509Refusal::Scheme)),
        (sequence(&[oid(&[1, 2, 840, 10045, 4, 3, 2]), vec![4, 0]]), None, Err(X509Refusal::Malformed)),
        (vec![0x30, 0], None, Err(X509Refusal::Malformed)),
    ] {
        assert_eq!(SignatureScheme::from_der(&algorithm, beside), expected, "{algorithm:02x?}");
    }
}

#[test]
fn a_plain_signature_counts_for_its_message_in_its_length_alone() {
    let chip = ChipKey::new(Scheme::P256);
    let file = chip.dg15();
    // Behind tag and length of DG15.
    let key = X509Key::from_spki(&file[2..]).unwrap();
    let verify = |message: &[u8], signature: &[u8]| key.verify_plain(HashKind::Sha256, message, signature);
    for round in 0..20_u8 {
        let signature = chip.sign(&[round]);
        assert_eq!(verify(&[round], &signature), Ok(()), "{round}");
        assert_eq!(verify(&[round, 0], &signature), Err(X509Refusal::Signature));
        assert_eq!(verify(&[round], &signature[1..]), Err(X509Refusal::Signature));
        assert_eq!(verify(&[round], &[&[0], signature.as_slice()].concat()), Err(X509Refusal::Signature));
        assert!(key.verify_plain(HashKind::Sha384, &[round], &signature).is_err());
    }
    let rsa = X509Key::from_spki(&rsa(256)).unwrap();
    assert_eq!(rsa.verify_plain(HashKind::Sha256, &[1], &[0; 64]), Err(X509Refusal::Scheme));
}

#[test]
fn a_weak_hash_is_computed_to_compare_and_never_taken() {
    let sha1 = Hash::Sha1.identifier();
    assert_eq!(HashKind::from_der(&sha1), Err(X509Refusal::WeakHash));
    assert_eq!(digest_unproven(&sha1, b"abc").unwrap(), Hash::Sha1.of(b"abc"));
    assert_eq!(digest_unproven(&Hash::Sha384.identifier(), b"abc").unwrap(), Hash::Sha384.of(b"abc"));
    let md5 = sequence(&[oid(&[1, 2, 840, 113_549, 2, 5])]);
    assert_eq!(digest_unproven(&md5, b"abc"), Err(X509Refusal::WeakHash));
}
