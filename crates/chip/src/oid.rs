//! Oid: object identifiers by the bytes of their values (X.690, 8.19).

/// `2.23.136.1.1.1`, the list of hashes (ICAO Doc 9303-10, 4.6.2).
pub const SECURITY_OBJECT: &[u8] = &[0x67, 0x81, 0x08, 0x01, 0x01, 0x01];
/// `2.23.136.1.1.2`, a master list (ICAO Doc 9303-12, 9).
pub const MASTER_LIST: &[u8] = &[0x67, 0x81, 0x08, 0x01, 0x01, 0x02];
/// `2.23.136.1.1.5`, active authentication (ICAO Doc 9303-11, 9.2.4).
pub const ACTIVE_AUTHENTICATION: &[u8] = &[0x67, 0x81, 0x08, 0x01, 0x01, 0x05];
/// `0.4.0.127.0.7.2.2.1`, the key of chip authentication (ICAO Doc 9303-11, 9.2.6).
pub const CHIP_AUTHENTICATION_KEY: &[u8] = &[0x04, 0x00, 0x7f, 0x00, 0x07, 0x02, 0x02, 0x01];
/// `0.4.0.127.0.7.1.1.4.1`, ECDSA in plain form (BSI TR-03111, 5.2.1); the hash follows.
pub const ECDSA_PLAIN: &[u8] = &[0x04, 0x00, 0x7f, 0x00, 0x07, 0x01, 0x01, 0x04, 0x01];
/// `1.2.840.113549.1.7.2`, `id-signedData` (RFC 5652, 5.1).
pub const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
/// `1.2.840.113549.1.9.3`, `id-contentType` (RFC 5652, 11.1).
pub const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03];
/// `1.2.840.113549.1.9.4`, `id-messageDigest` (RFC 5652, 11.2).
pub const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04];
/// `1.2.840.113549.1.9.5`, `id-signingTime` (RFC 5652, 11.3).
pub const SIGNING_TIME: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x05];
