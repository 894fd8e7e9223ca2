use pop3::testing::{Fault, Maildrop, Profile, Server};

use crate::talk::{Talk, server};

fn filled() -> Server {
    let server = server(Profile::full());
    let text = |n| format!("A: {n}\r\n\r\ntext\r\n");
    server.maildrop().add_all((1..=3).map(text));
    server
}

#[test]
fn a_connection_is_cut_at_a_command() {
    let server = filled();
    server.order(Fault::on("DELE 2").cut_before());
    let mut talk = Talk::logged_in(&server);
    talk.ask("DELE 1");
    assert_eq!(talk.ask("DELE 2"), "");
    assert!(!server.maildrop().is_locked());
    assert_eq!(server.maildrop().len(), 3);
    assert_eq!(server.faults_waiting(), 0);
}

#[test]
fn a_connection_is_cut_in_an_answer() {
    let server = filled();
    server.order(Fault::on("RETR").nth(2).cut_answer(20));
    let mut talk = Talk::logged_in(&server);
    talk.lines("RETR 1");
    talk.send("NOOP\r\nRETR 2\r\nNOOP\r\n");
    assert_eq!(talk.rest(), "+OK\r\n+OK 14 octets\r\nA: 2\r");
}

#[test]
fn an_answer_is_lost_and_the_messages_are_gone() {
    let server = filled();
    server.order(Fault::on("QUIT").cut_after());
    let mut talk = Talk::logged_in(&server);
    talk.ask("DELE 1");
    assert_eq!(talk.ask("QUIT"), "");
    assert_eq!(server.maildrop().len(), 2);
    assert!(!server.maildrop().is_locked());
}

#[test]
fn an_answer_is_swallowed_and_the_session_goes_on() {
    let server = filled();
    server.order(Fault::on("DELE").swallow());
    let mut talk = Talk::logged_in(&server);
    talk.send("DELE 1\r\nSTAT\r\n");
    assert_eq!(talk.line(), "+OK 2 28");
}

#[test]
fn a_refused_quit_removes_nothing() {
    let server = filled();
    let text = "[SYS/TEMP] some deleted messages not removed";
    server.order(Fault::on("QUIT").err(text));
    let mut talk = Talk::logged_in(&server);
    talk.ask("DELE 1");
    assert_eq!(talk.ask("QUIT"), format!("-ERR {text}"));
    assert_eq!(talk.rest(), "");
    assert_eq!(server.maildrop().len(), 3);
}

#[test]
fn a_command_is_refused_some_times() {
    let server = filled();
    server.order(Fault::on("PASS").times(2).err("[SYS/PERM] No"));
    let mut talk = Talk::to(&server);
    for expected in ["-ERR [SYS/PERM] No", "-ERR [SYS/PERM] No", "+OK Logged in."] {
        talk.ask("USER alice");
        assert_eq!(talk.ask("PASS alicepw"), expected);
    }
    server.order(Fault::on("").always().err("never"));
    assert_eq!(talk.ask("STAT"), "-ERR never");
    assert_eq!(talk.ask("NOOP"), "-ERR never");
    server.clear_faults();
    assert_eq!(talk.ask("NOOP"), "+OK");
}

#[test]
fn lines_are_said_before_the_answer_and_at_the_greeting() {
    let server = filled();
    server.order(Fault::on("GREETING").say("-ERR odd"));
    server.order(Fault::on("STAT").say("garbage"));
    let (mut talk, greeting) = Talk::greeted(server.addr());
    assert_eq!(greeting, "-ERR odd");
    assert!(talk.line().starts_with("+OK"));
    let mut other = Talk::logged_in(&server);
    assert_eq!(other.ask("STAT"), "garbage");
    assert_eq!(other.line(), "+OK 3 42");
    server.order(Fault::on("GREETING").err("[SYS/TEMP] Too many connections"));
    let (mut third, greeting) = Talk::greeted(server.addr());
    assert_eq!(greeting, "-ERR [SYS/TEMP] Too many connections");
    assert_eq!(third.rest(), "");
}

#[test]
fn others_act_in_the_middle_of_a_session() {
    let server = filled();
    server.order(Fault::on("QUIT").edit(Maildrop::renew_uidls));
    server.order(Fault::on("RETR 2").edit(Maildrop::clear));
    let mut talk = Talk::logged_in(&server);
    talk.ask("QUIT");
    let id = server.maildrop().messages()[0].uidl.clone().unwrap();
    assert_eq!(id, "000000016b01fc00");
    let mut talk = Talk::logged_in(&server);
    assert!(talk.ask("RETR 2").starts_with("-ERR"));
}

#[test]
fn connections_are_cut_after_bytes() {
    let server = filled();
    let mut talk = Talk::logged_in(&server);
    server.cut_after_sent(10);
    talk.send("STAT\r\nLIST\r\n");
    assert_eq!(talk.rest(), "+OK 3 42\r\n");
    let mut talk = Talk::logged_in(&server);
    // The second command is not complete.
    server.cut_after_received(10);
    talk.send("DELE 1\r\nDELE 2\r\n");
    assert_eq!(talk.rest(), "+OK Marked to be deleted.\r\n");
    assert_eq!(server.maildrop().len(), 3);
    // Bytes are counted over all connections.
    let stats = server.stats();
    assert!(stats.bytes_sent > 100 && stats.bytes_received > 50);
    assert_eq!(stats.connections, 2);
    server.reset_stats();
    assert_eq!(server.stats(), Default::default());
}
