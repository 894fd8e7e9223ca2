//! Contacts over ActiveSync against a vdir; SOGo's own CardDAV shows what is really there.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use sync_core::local::{Vdir, VdirOptions};
use sync_core::model::{ItemKind, KindSet};
use testbed::Sogo;

use super::world::World;

fn card(uid: &str, name: &str) -> String {
    format!(
        "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{uid}\r\nFN:{name} Doe\r\nN:Doe;{name};;;\r\n\
         EMAIL;TYPE=INTERNET:{uid}@example.test\r\nTEL;TYPE=CELL:+1 555 0100\r\n\
         X-KEEP;X-P=1:this\r\nROLE:Captain\r\nEND:VCARD\r\n"
    )
}

fn files(folder: &Path) -> BTreeMap<String, String> {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap());
    files
        .filter(|file| file.path().extension().is_some_and(|e| e == "vcf"))
        .map(|file| {
            let name = file.file_name().into_string().unwrap();
            (name, fs::read_to_string(file.path()).unwrap())
        })
        .collect()
}

#[tokio::test]
#[ignore = "needs the testbed"]
async fn contacts_in_step_both_ways() {
    let mut world = World::of(KindSet::of(ItemKind::Contact)).await;
    let dav = world.sogo.session("alice");
    let book = format!("{}personal/", Sogo::address_books("alice"));
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join(&world.names[0]);
    fs::create_dir_all(&folder).unwrap();
    for (uid, name) in [("here-0", "Ann"), ("here-1", "Ben")] {
        fs::write(folder.join(format!("{uid}.vcf")), card(uid, name)).unwrap();
    }
    dav.put(&format!("{book}there.vcf"), &card("there", "Zoe"))
        .unwrap();

    let open = || Vdir::open(directory.path(), VdirOptions::default()).unwrap();
    let first = world.run(&mut open()).await;
    assert_eq!(first.writes(), 3, "{first}");
    let here = files(&folder);
    assert_eq!((here.len(), dav.items(&book).unwrap().len()), (3, 3));
    // What ActiveSync tells no UID of has one here.
    assert!(here.values().all(|card| card.contains("\nUID:")));
    World::quiet(&world.run(&mut open()).await);

    // An edit there leaves what ActiveSync cannot hold; a deletion is one.
    let (href, ben) = dav
        .items(&book)
        .unwrap()
        .into_iter()
        .find(|(_, card)| card.contains("Ben"))
        .unwrap();
    dav.put(&href, &ben.replace("+1 555 0100", "+1 555 0199"))
        .unwrap();
    dav.delete(&format!("{book}there.vcf")).unwrap();
    let report = world.run(&mut open()).await;
    assert_eq!(report.writes(), 2, "{report}");
    let here = files(&folder);
    assert_eq!(here.len(), 2);
    let ben = &here["here-1.vcf"];
    for line in [
        "+1 555 0199",
        "X-KEEP;X-P=1:this",
        "ROLE:Captain",
        "UID:here-1\r\n",
    ] {
        assert!(ben.contains(line), "{line} not in {ben}");
    }

    // And the other way round; a line that is taken away goes there too.
    let ann = card("here-0", "Ann").replace("TEL;TYPE=CELL:+1 555 0100\r\n", "NICKNAME:Nan\r\n");
    fs::write(folder.join("here-0.vcf"), ann).unwrap();
    fs::remove_file(folder.join("here-1.vcf")).unwrap();
    let report = world.run(&mut open()).await;
    assert_eq!(report.writes(), 2, "{report}");
    let there = dav.items(&book).unwrap();
    assert_eq!(there.len(), 1, "{there:?}");
    let ann = there.values().next().unwrap();
    assert!(
        ann.contains("NICKNAME:Nan") && !ann.contains("555"),
        "{ann}"
    );
    World::quiet(&world.run(&mut open()).await);
}
