//! JSON lines.

use std::io;

use serde::Serialize;
use serde_json::Value;

/// The record as one line, its type first. A `collection` is shown as people write it: `A/B`.
pub(super) fn line<T: Serialize>(r#type: &str, record: &T) -> io::Result<String> {
    let mut value = serde_json::to_value(record).map_err(io::Error::other)?;
    join_paths(&mut value);
    let fields = value.to_string();
    let tag = Value::from(r#type);
    Ok(match fields.strip_prefix('{') {
        Some("}") => format!("{{\"type\":{tag}}}"),
        Some(rest) => format!("{{\"type\":{tag},{rest}"),
        None => fields,
    })
}

fn join_paths(value: &mut Value) {
    match value {
        Value::Array(all) => all.iter_mut().for_each(join_paths),
        Value::Object(map) => {
            for (key, value) in map {
                match value {
                    Value::Object(sides) if key == "collection" => {
                        sides.values_mut().for_each(join_path);
                    }
                    Value::Array(_) if key == "collection" => join_path(value),
                    other => join_paths(other),
                }
            }
        }
        _ => {}
    }
}

/// Segments to a path.
fn join_path(value: &mut Value) {
    if let Value::Array(segments) = value {
        let segments: Vec<_> = segments.iter().filter_map(Value::as_str).collect();
        *value = segments.join("/").into();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn the_type_comes_first_and_paths_are_joined() {
        let record = json!({
            "collection": ["A", "B"],
            "pairs": [{"collection": {"left": ["A"], "right": ["B", "C"]}}],
        });
        assert_eq!(
            line("x", &record).unwrap(),
            r#"{"type":"x","collection":"A/B","pairs":[{"collection":{"left":"A","right":"B/C"}}]}"#
        );
        assert_eq!(line("x", &json!({})).unwrap(), r#"{"type":"x"}"#);
    }
}
