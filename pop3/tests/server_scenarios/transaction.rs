use pop3::testing::Profile;

use crate::talk::{Talk, server};

#[test]
fn the_examples_of_rfc_1939() {
    let server = server(Profile::full());
    let drop = server.maildrop();
    drop.add_all(["A: 1\r\n\r\none\r\n", "A: 2\r\n\r\ntwo lines\r\nhere\r\n"]);
    let ids: Vec<_> = drop.messages().into_iter().map(|m| m.uidl).collect();
    let ids: Vec<_> = ids
        .iter()
        .map(|id| String::from_utf8_lossy(id.as_ref().unwrap()))
        .collect();
    assert_eq!(ids, ["000000016b01fbff", "000000026b01fbff"]);
    let mut talk = Talk::logged_in(&server);
    assert_eq!(talk.ask("STAT"), "+OK 2 38");
    assert_eq!(talk.lines("LIST"), ["1 13", "2 25"]);
    assert_eq!(talk.ask("LIST 2"), "+OK 2 25");
    assert_eq!(
        talk.lines("UIDL"),
        ["1 000000016b01fbff", "2 000000026b01fbff"]
    );
    assert_eq!(talk.ask("UIDL 2"), "+OK 2 000000026b01fbff");
    assert_eq!(talk.lines("RETR 1"), ["A: 1", "", "one"]);
    assert_eq!(talk.lines("TOP 2 0"), ["A: 2", ""]);
    assert_eq!(talk.lines("TOP 2 1"), ["A: 2", "", "two lines"]);
    assert_eq!(talk.lines("TOP 2 100"), ["A: 2", "", "two lines", "here"]);
    assert_eq!(talk.ask("NOOP"), "+OK");
    assert_eq!(talk.ask("DELE 1"), "+OK Marked to be deleted.");
    for command in ["DELE 1", "RETR 1", "LIST 1", "UIDL 1", "TOP 1 0"] {
        assert_eq!(talk.ask(command), "-ERR Message is deleted.", "{command}");
    }
    // Numbers stay, and sums follow.
    assert_eq!(talk.ask("STAT"), "+OK 1 25");
    assert_eq!(talk.lines("LIST"), ["2 25"]);
    assert_eq!(talk.lines("UIDL"), ["2 000000026b01fbff"]);
    assert_eq!(talk.ask("RSET"), "+OK");
    assert_eq!(talk.ask("STAT"), "+OK 2 38");
}

#[test]
fn odd_arguments_are_refused() {
    let server = server(Profile::full());
    server.maildrop().add("A: b\r\n\r\n");
    let mut talk = Talk::logged_in(&server);
    for command in [
        "LIST 0",
        "LIST 2",
        "LIST x",
        "LIST -1",
        "LIST +1",
        "LIST ",
        "LIST 1 1",
        "RETR",
        "RETR 1 ",
        "TOP 1",
        "TOP 1 -1",
        "TOP 1 x",
        "DELE",
        "STAT 1",
        "NOOP x",
        "QUIT x",
        "XYZZY",
        "",
        "LIST 99999999999999999999999",
        "UTF8",
        "STLS",
    ] {
        let answer = talk.ask(command);
        assert!(answer.starts_with("-ERR"), "{command:?}: {answer}");
    }
    let long = format!("NOOP {}", "x".repeat(300));
    assert_eq!(talk.ask(&long), "-ERR The command is too long");
    assert_eq!(talk.ask("USER jörg"), "-ERR Only ASCII is known here");
    talk.send("NOOP\n");
    assert_eq!(talk.line(), "-ERR A line ends with CRLF");
    assert_eq!(talk.ask("noop"), "+OK");
}

#[test]
fn dots_are_doubled_and_a_last_line_is_ended() {
    let server = server(Profile::full());
    let drop = server.maildrop();
    let all = [
        ".\r\n..\r\n.x\r\nx.\r\n",
        "A: b\r\n\r\nno end",
        "",
        "bare\n.lf\r\n",
    ];
    drop.add_all(all);
    let mut talk = Talk::logged_in(&server);
    assert_eq!(talk.lines("RETR 1"), ["..", "...", "..x", "x."]);
    assert_eq!(talk.lines("RETR 2"), ["A: b", "", "no end"]);
    assert_eq!(talk.lines("RETR 3"), [""; 0]);
    // A bare LF ends no line.
    assert_eq!(talk.lines("RETR 4"), ["bare\n", ".lf"]);
}

#[test]
fn what_is_marked_goes_at_quit_and_only_then() {
    let server = server(Profile::full());
    let drop = server.maildrop();
    drop.add_all(["A: 1\r\n\r\n", "A: 2\r\n\r\n", "A: 3\r\n\r\n"]);
    let mut talk = Talk::logged_in(&server);
    talk.ask("DELE 2");
    talk.leave();
    while drop.is_locked() {
        std::thread::yield_now();
    }
    assert_eq!(drop.len(), 3);
    let mut talk = Talk::logged_in(&server);
    talk.ask("DELE 2");
    // What is delivered meanwhile is not seen, and not touched.
    drop.add("A: 4\r\n\r\n");
    assert_eq!(talk.ask("STAT"), "+OK 2 16");
    assert_eq!(talk.ask("QUIT"), "+OK Logging out, messages deleted.");
    assert_eq!(talk.rest(), "");
    let left: Vec<_> = drop.messages().into_iter().map(|m| m.bytes).collect();
    assert_eq!(left, ["A: 1\r\n\r\n", "A: 3\r\n\r\n", "A: 4\r\n\r\n"]);
}

#[test]
fn the_mailbox_changes_from_behind() {
    let server = server(Profile::full());
    let drop = server.maildrop();
    drop.add_all(["A: 1\r\n\r\n", "A: 2\r\n\r\n", "A: 3\r\n\r\n"]);
    let mut talk = Talk::logged_in(&server);
    assert!(drop.remove(1) && !drop.remove(3) && !drop.remove(0));
    assert_eq!(talk.ask("RETR 1"), "-ERR Message 1 is not there any more.");
    assert_eq!(talk.lines("RETR 2"), ["A: 2", ""]);
    talk.ask("QUIT");
    drop.reverse();
    drop.renew_uidls();
    drop.set_octets(2, 99);
    drop.refuse(2, "[SYS/TEMP] Not now");
    let mut talk = Talk::logged_in(&server);
    assert_eq!(
        talk.lines("UIDL"),
        ["1 000000036b01fc00", "2 000000026b01fc00"]
    );
    assert_eq!(talk.lines("LIST"), ["1 8", "2 99"]);
    assert_eq!(talk.ask("STAT"), "+OK 2 107");
    assert_eq!(talk.ask("RETR 2"), "-ERR [SYS/TEMP] Not now");
    assert_eq!(talk.ask("TOP 2 0"), "-ERR [SYS/TEMP] Not now");
    assert_eq!(talk.lines("RETR 1"), ["A: 3", ""]);
    drop.clear();
    assert!(drop.is_empty());
}

#[test]
fn unique_ids_can_be_odd() {
    let server = server(Profile::full().id_gap("   "));
    let drop = server.maildrop();
    drop.add_all((0..4).map(|n| format!("A: {n}\r\n\r\n")));
    drop.set_uidl(1, "same");
    drop.set_uidl(2, "same");
    drop.set_uidl(3, "");
    drop.hide_uidl(4);
    let mut talk = Talk::logged_in(&server);
    assert_eq!(talk.lines("UIDL"), ["1   same", "2   same", "3   "]);
    assert_eq!(talk.ask("UIDL 1"), "+OK 1   same");
    assert_eq!(talk.ask("UIDL 4"), "-ERR This message has no unique id");
}
