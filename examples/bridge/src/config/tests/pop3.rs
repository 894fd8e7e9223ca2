use super::*;

const ACCOUNT: &str = "
[source.pop]
type = \"pop3\"
url = \"pop3s://alice@mail.example.org\"
password = \"x\"
[source.archive]
type = \"maildir\"
path = \"Mail\"
";

fn sync(keys: &str) -> SyncConfig {
    let text = format!("{ACCOUNT}[sync.mail]\n{keys}");
    parse(&text).syncs.remove(0)
}

#[test]
fn deletions_stay_off_a_pop3_account_unless_they_are_asked_for() {
    for sides in [
        "left = \"pop\"\nright = \"archive\"\n",
        "left = \"archive\"\nright = \"pop\"\n",
    ] {
        assert_eq!(sync(sides).deletes, Deletes::Keep);
        let asked = format!("{sides}deletes = \"propagate\"");
        assert_eq!(sync(&asked).deletes, Deletes::Propagate);
        assert_eq!(sync(sides).direction, Direction::Both);
    }
}

#[test]
fn leave_on_server_goes_with_its_side() {
    let fortnight = ACCOUNT.replace("url", "leave_on_server = \"14d\"\nurl");
    let text = format!("{fortnight}[sync.mail]\nleft = \"archive\"\nright = \"pop\"");
    let time = Duration::from_secs(14 * 86_400);
    let leave = parse(&text).syncs[0].leave;
    assert_eq!((leave.left, leave.right), (Leave::Always, Leave::For(time)));
}

#[test]
fn what_could_only_upload_is_refused() {
    for (sides, marked) in [
        (
            "left = \"pop\"\nright = \"archive\"\ndirection = \"right-to-left\"",
            "direction = \"left-to-right\", or \"both\"",
        ),
        (
            "left = \"archive\"\nright = \"pop\"\ndirection = \"left-to-right\"",
            "direction = \"right-to-left\", or \"both\"",
        ),
        (
            "left = \"pop\"\nright = \"other\"",
            "one of the two must be able to hold the mail",
        ),
    ] {
        let other = ACCOUNT.replace("alice@", "bob@").replace("pop]", "other]");
        let other = other.split("[source.archive]").next().unwrap();
        let text = format!("{ACCOUNT}{other}[sync.mail]\n{sides}");
        let built = all();
        let error = Config::parse(Path::new("bridge.toml"), text, &built).unwrap_err();
        let shown = error.to_string();
        assert!(shown.contains("POP3 has no way to put mail"), "{shown}");
        assert!(shown.contains(marked), "{shown}");
    }
}
