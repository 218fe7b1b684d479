//! sonic-rs' lazy values: it scans each container once to find its end, and again for its content.
//!
//! It provides raw bytes. It needs the whole page in memory and does not stream.

use crate::Node;
use sonic_rs::{JsonValueTrait, LazyValue, to_object_iter};

/// Keeps what the mask names of each item.
pub fn project(page: &'static [u8], mask: &Node, out: &mut Vec<u8>) -> usize {
    let mut kept = 0;
    for member in to_object_iter(page) {
        let (key, list) = member.expect("a page");
        if key == "items" {
            for item in list.into_array_iter().expect("items") {
                out.clear();
                value(item.expect("an item"), mask, out);
                kept += std::hint::black_box(out.len());
            }
        }
    }
    kept
}

fn value(lazy: LazyValue<'_>, mask: &Node, out: &mut Vec<u8>) {
    match mask {
        Node::Keep => out.extend_from_slice(lazy.as_raw_str().as_bytes()),
        Node::Drop | Node::Hide(_) => {}
        Node::Fields(_) if lazy.is_object() => {
            out.push(b'{');
            let mut any = false;
            for member in lazy.into_object_iter().expect("an object") {
                let (key, member) = member.expect("a member");
                let mask = mask.get(&key);
                if *mask != Node::Drop {
                    if std::mem::replace(&mut any, true) {
                        out.push(b',');
                    }
                    serde_json::to_writer(&mut *out, &*key).expect("a text");
                    out.push(b':');
                    value(member, mask, out);
                }
            }
            out.push(b'}');
        }
        Node::Fields(_) if lazy.is_array() => {
            out.push(b'[');
            for (index, item) in lazy.into_array_iter().expect("an array").enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                value(item.expect("an item"), mask, out);
            }
            out.push(b']');
        }
        Node::Fields(_) => out.extend_from_slice(b"null"),
    }
}
