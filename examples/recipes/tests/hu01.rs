//! The program as somebody would use it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

fn stream(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../deltasync/tests/data")
        .join(name)
}

/// Runs the program with this on its standard input.
fn hu01(args: &[&str], input: &[u8]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_hu01"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = program.stdin.take().unwrap();
    let input = input.to_owned();
    // A program that fails early does not read all of it.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = program.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

fn words(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_message_goes_in_and_comes_out() {
    let message = "Subject: hello\r\n\r\n".repeat(20_000);
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| {
        folder
            .path()
            .join(name)
            .into_os_string()
            .into_string()
            .unwrap()
    };
    fs::write(path("in"), &message).unwrap();
    let mut sizes = Vec::new();
    for level in ["fast", "default", "best"] {
        let done = hu01(
            &[
                "compress",
                &path("in"),
                "-o",
                &path("packed"),
                "--level",
                level,
            ],
            b"",
        );
        assert!(
            done.status.success() && done.stdout.is_empty() && done.stderr.is_empty(),
            "{done:?}"
        );
        // The same by the standard streams.
        let packed = fs::read(path("packed")).unwrap();
        let piped = hu01(&["compress", "--level", level], message.as_bytes());
        assert!(piped.status.success() && piped.stdout == packed);
        sizes.push(packed.len());

        let done = hu01(
            &["decompress", &path("packed"), "--output", &path("out")],
            b"",
        );
        assert!(done.status.success(), "{done:?}");
        assert!(fs::read(path("out")).unwrap() == message.as_bytes());
        let piped = hu01(&["decompress", "-", "-o", "-"], &packed);
        assert!(piped.status.success() && piped.stdout == message.as_bytes());
    }
    assert!(sizes.is_sorted_by(|a, b| a >= b), "{sizes:?}");
}

#[test]
fn info_shows_the_header_and_the_blocks() {
    let id = "00112233-4455-6677-8899-aabbccddeeff";
    let message = [&[b'a'; 65_536][..], b"and a few more"].concat();
    let packed = hu01(
        &["compress", "--message-id", id, "--puid", "1125899906842624"],
        &message,
    )
    .stdout;
    let info = words(&hu01(&["info", "--blocks"], &packed).stdout);
    let lines: Vec<_> = info.lines().collect();
    assert_eq!(lines[0], format!("message     {id}"));
    assert_eq!(lines[1], "puid        0x0004000000000000");
    assert_eq!(lines[2], "size        65550 bytes");
    assert!(
        lines[3].starts_with("block 1     65536 bytes compressed in 26"),
        "{info}"
    );
    assert!(
        lines[4].starts_with("block 2     14 bytes stored in 14, CRC "),
        "{info}"
    );
    assert_eq!(lines[5], "blocks      2, 1 of them stored");
    assert!(lines[6].ends_with(" bytes, 0.4 %"), "{info}");
    assert_eq!(lines.len(), 7);
    let info = words(&hu01(&["info", stream("text_multi.hu01").to_str().unwrap()], b"").stdout);
    assert!(
        info.contains("size        150001 bytes\nblocks      3, 0 of them stored\n"),
        "{info}"
    );
}

#[test]
fn verify_names_what_is_damaged() {
    let mut damaged = fs::read(stream("text_small.hu01")).unwrap();
    let good = stream("text_multi.hu01")
        .into_os_string()
        .into_string()
        .unwrap();
    let done = hu01(&["verify", &good], b"");
    assert!(done.status.success());
    assert_eq!(
        words(&done.stdout),
        format!("{good}: 150001 bytes, undamaged\n")
    );

    damaged[500] ^= 0x10;
    let done = hu01(&["verify", &good, "-", "/nonexistent"], &damaged);
    assert_eq!(done.status.code(), Some(1));
    let found = words(&done.stdout);
    let lines: Vec<_> = found.lines().collect();
    assert_eq!(lines[0], format!("{good}: 150001 bytes, undamaged"));
    assert!(
        lines[1].starts_with("standard input: ") && lines[1].contains("at byte "),
        "{found}"
    );
    assert!(lines[2].starts_with("/nonexistent: "), "{found}");
}

#[test]
fn what_fails_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder
        .path()
        .join("out")
        .into_os_string()
        .into_string()
        .unwrap();
    let stream = fs::read(stream("text_multi.hu01")).unwrap();
    let runs: [(&[&str], &[u8], &str); 4] = [
        (
            &["decompress", "-o", &out],
            &stream[..stream.len() - 1],
            "ends too early",
        ),
        (
            &["decompress", "-o", &out, "--max-size", "150000"],
            &stream,
            "150000 are allowed",
        ),
        (&["decompress", "-o", &out], b"From: somebody\r\n", "HU01"),
        (&["compress", "-o", &out], b"", "without a byte"),
    ];
    for (args, input, reason) in runs {
        let done = hu01(args, input);
        assert_eq!(done.status.code(), Some(1));
        let error = words(&done.stderr);
        assert!(
            error.starts_with("hu01: standard input: ") && error.contains(reason),
            "{error}"
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

#[test]
fn bad_usage_is_told_apart() {
    assert_eq!(
        hu01(&["compress", "--message-id", "none"], b"")
            .status
            .code(),
        Some(2)
    );
    assert_eq!(hu01(&["unpack"], b"").status.code(), Some(2));
    assert_eq!(hu01(&[], b"").status.code(), Some(2));
}
