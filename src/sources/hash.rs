//! Digests: of files, of rows without an id of their own, and of secret values. A secret's value goes in
//! here and nowhere else.

use std::fmt::Write as _;
use std::io::Read;

use sha1::Sha1;
use sha2::{Digest, Sha256};

/// Lower-case hex of the SHA-256 of everything that a reader gives.
pub(super) fn of_reader(mut reader: impl Read) -> std::io::Result<String> {
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let read = reader.read(&mut buffer)?;
        match buffer.get(..read) {
            None | Some([]) => break,
            Some(bytes) => digest.update(bytes),
        }
    }
    Ok(hex(&digest.finalize()))
}

/// A short stable id for a row, from the parts that make it what it is.
pub(super) fn row_id(parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.as_bytes());
        digest.update([0x1f]);
    }
    hex(digest.finalize().get(..16).unwrap_or_default())
}

/// The two hashes of a secret value by which it can be found again: (`sha256:...`, `sha1:...`).
pub(super) fn fingerprints(secret: &str) -> (String, String) {
    let sha256 = Sha256::digest(secret.as_bytes());
    let sha1 = Sha1::digest(secret.as_bytes());
    (format!("sha256:{}", hex(&sha256)), format!("sha1:{}", hex(&sha1)))
}

/// The hash of a text that is no secret, to see it change: `sha256:...`.
pub(super) fn of_text(text: &str) -> String {
    format!("sha256:{}", hex(&Sha256::digest(text.as_bytes())))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_the_published_test_vectors() {
        let (sha256, sha1) = fingerprints("abc");
        assert_eq!(sha256, "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(sha1, "sha1:a9993e364706816aba3e25717850c26c9cd0d89d");
    }

    #[test]
    fn parts_of_a_row_id_do_not_run_together() {
        assert_ne!(row_id(&["ab", "c"]), row_id(&["a", "bc"]));
        assert_eq!(row_id(&["a"]).len(), 32);
    }
}
