use std::collections::HashMap;

use eas::wire::wbxml::Tag;

/// Every token of the table has its name, and no other has one.
#[test]
fn names_are_those_of_the_specification() {
    let mut table = HashMap::new();
    for line in include_str!("../data/codepages.tsv").lines().skip(1) {
        let fields: Vec<_> = line.split('\t').collect();
        let page: u8 = fields[0].parse().unwrap();
        let id = u8::from_str_radix(fields[2].trim_start_matches("0x"), 16).unwrap();
        table.insert((page, id), (fields[1], fields[3]));
    }
    assert_eq!(table.len(), 655);
    for page in 0..=u8::MAX {
        for id in 5..64 {
            let tag = Tag::new(page, id);
            match table.get(&(page, id)) {
                Some((namespace, name)) => {
                    assert_eq!(tag.to_string(), format!("{namespace}:{name}"));
                }
                None => assert_eq!(tag.name(), None, "{tag}"),
            }
        }
    }
}
