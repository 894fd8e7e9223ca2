//! Just enough DER to learn by which hash a certificate is signed (RFC 5929 section 4.1).

use sha2::{Digest as _, Sha224, Sha256, Sha384, Sha512};

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;
const CONTEXT_0: u8 = 0xa0;

/// 1.2.840.113549.1.1.10, RSASSA-PSS: the hash stands in the parameters.
const RSASSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];

/// The `tls-server-end-point` binding of a certificate; `None` if RFC 5929 defines none for it.
pub(super) fn server_end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    Some(match signature_hash(certificate)? {
        Hash::Sha224 => Sha224::digest(certificate).to_vec(),
        Hash::Sha256 => Sha256::digest(certificate).to_vec(),
        Hash::Sha384 => Sha384::digest(certificate).to_vec(),
        Hash::Sha512 => Sha512::digest(certificate).to_vec(),
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hash {
    Sha224,
    /// Also in place of MD5 and SHA-1, as the RFC demands.
    Sha256,
    Sha384,
    Sha512,
}

fn signature_hash(certificate: &[u8]) -> Option<Hash> {
    let (certificate, _) = element(certificate, SEQUENCE)?;
    let (_tbs, rest) = element(certificate, SEQUENCE)?;
    let (algorithm, _signature) = element(rest, SEQUENCE)?;
    let (oid, parameters) = element(algorithm, OBJECT_IDENTIFIER)?;
    if oid == RSASSA_PSS {
        let Some((parameters, _)) = element(parameters, SEQUENCE) else {
            return Some(Hash::Sha256);
        };
        let Some((hash, _)) = element(parameters, CONTEXT_0) else {
            return Some(Hash::Sha256);
        };
        let (hash, _) = element(hash, SEQUENCE)?;
        return hash_by_oid(element(hash, OBJECT_IDENTIFIER)?.0);
    }
    hash_by_oid(oid)
}

fn hash_by_oid(oid: &[u8]) -> Option<Hash> {
    match oid {
        // PKCS #1: md5, sha1, sha256, sha384, sha512, sha224 WithRSAEncryption.
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, which] => match which {
            4 | 5 | 11 => Some(Hash::Sha256),
            12 => Some(Hash::Sha384),
            13 => Some(Hash::Sha512),
            14 => Some(Hash::Sha224),
            _ => None,
        },
        // ANSI X9.62: ecdsa-with-SHA1, ecdsa-with-SHA2.
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01] => Some(Hash::Sha256),
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, which] => match which {
            1 => Some(Hash::Sha224),
            2 => Some(Hash::Sha256),
            3 => Some(Hash::Sha384),
            4 => Some(Hash::Sha512),
            _ => None,
        },
        // OIW and NIST: the hashes themselves, as RSASSA-PSS names them.
        [0x2b, 0x0e, 0x03, 0x02, 0x1a] => Some(Hash::Sha256),
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, which] => match which {
            1 => Some(Hash::Sha256),
            2 => Some(Hash::Sha384),
            3 => Some(Hash::Sha512),
            4 => Some(Hash::Sha224),
            _ => None,
        },
        _ => None,
    }
}

/// The content of the element of this tag that `input` begins with, and what follows it.
fn element(input: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = input.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        // Certificates are far below 4 GiB.
        if digits.is_empty() || digits.len() > 4 {
            return None;
        }
        let length = digits
            .iter()
            .fold(0_u64, |sum, &digit| (sum << 8) | u64::from(digit));
        (usize::try_from(length).ok()?, rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    (found == tag).then_some((content, rest))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    fn certificate(algorithm: &'static rcgen::SignatureAlgorithm) -> Vec<u8> {
        let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
        let params = rcgen::CertificateParams::new(vec!["localhost".into()]).unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn the_hash_follows_the_signature() {
        let der = certificate(&rcgen::PKCS_ECDSA_P256_SHA256);
        assert_eq!(
            server_end_point(&der).unwrap(),
            Sha256::digest(&der).to_vec()
        );
        let der = certificate(&rcgen::PKCS_ECDSA_P384_SHA384);
        assert_eq!(
            server_end_point(&der).unwrap(),
            Sha384::digest(&der).to_vec()
        );
        // Ed25519 has no separate hash, so RFC 5929 leaves the binding undefined.
        assert_eq!(server_end_point(&certificate(&rcgen::PKCS_ED25519)), None);
    }

    #[test]
    fn rsassa_pss_names_its_hash_in_the_parameters() {
        let mut algorithm = vec![0x06, 9];
        algorithm.extend_from_slice(RSASSA_PSS);
        let hash = [
            0x06, 9, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03,
        ];
        let wrap = |tag: u8, inner: &[u8]| {
            let mut out = vec![tag, u8::try_from(inner.len()).unwrap()];
            out.extend_from_slice(inner);
            out
        };
        let parameters = wrap(0x30, &wrap(0xa0, &wrap(0x30, &hash)));
        let with = |parameters: &[u8]| {
            let mut body = wrap(0x30, b"");
            body.extend(wrap(0x30, &[&algorithm[..], parameters].concat()));
            wrap(0x30, &body)
        };
        assert_eq!(signature_hash(&with(&parameters)), Some(Hash::Sha512));
        assert_eq!(signature_hash(&with(&wrap(0x30, b""))), Some(Hash::Sha256));
    }

    #[test]
    fn cut_or_bent_certificates_are_no_panic() {
        let der = certificate(&rcgen::PKCS_ECDSA_P256_SHA256);
        for end in 0..der.len() {
            assert_eq!(server_end_point(&der[..end]), None);
        }
        for at in 0..64 {
            for value in [0, 0x7f, 0x80, 0x84, 0xff] {
                let mut bent = der.clone();
                bent[at] = value;
                let _ = server_end_point(&bent);
            }
        }
        assert_eq!(
            server_end_point(&[0x30, 0x88, 255, 255, 255, 255, 255, 255, 255, 255]),
            None
        );
    }
}
