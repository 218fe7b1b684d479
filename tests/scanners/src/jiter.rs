//! jiter's pull iterator, over a whole page.
//!
//! It checks skipped values and provides offsets and raw bytes, but does not stream.

use crate::Node;
use jiter::{Jiter, JiterResult, Peek};

/// Keeps what the mask names of each item.
pub fn project(page: &'static [u8], mask: &Node, out: &mut Vec<u8>) -> usize {
    list(page, mask, out).expect("a page")
}

fn list(page: &[u8], mask: &Node, out: &mut Vec<u8>) -> JiterResult<usize> {
    let mut jiter = Jiter::new(page);
    let mut kept = 0;
    let mut key = jiter.next_object()?.map(|key| key == "items");
    while let Some(is_items) = key {
        if is_items {
            let mut item = jiter.next_array()?;
            while let Some(peek) = item {
                out.clear();
                value(&mut jiter, peek, mask, out)?;
                kept += std::hint::black_box(out.len());
                item = jiter.array_step()?;
            }
        } else {
            jiter.next_skip()?;
        }
        key = jiter.next_key()?.map(|key| key == "items");
    }
    jiter.finish()?;
    Ok(kept)
}

fn value(jiter: &mut Jiter<'_>, peek: Peek, mask: &Node, out: &mut Vec<u8>) -> JiterResult<()> {
    match (mask, peek) {
        (Node::Keep, _) => {
            let from = jiter.current_index();
            jiter.known_skip(peek)?;
            out.extend_from_slice(jiter.slice_to_current(from));
        }
        (Node::Drop | Node::Hide(_), _) => jiter.known_skip(peek)?,
        (fields @ Node::Fields(_), Peek::Object) => {
            out.push(b'{');
            let mut any = false;
            let mut key = jiter.known_object()?.map(|key| start(key, fields, &mut any, out));
            while let Some(mask) = key {
                let peek = jiter.peek()?;
                value(jiter, peek, mask, out)?;
                key = jiter.next_key()?.map(|key| start(key, fields, &mut any, out));
            }
            out.push(b'}');
        }
        (Node::Fields(_), Peek::Array) => {
            out.push(b'[');
            let mut item = jiter.known_array()?;
            while let Some(peek) = item {
                value(jiter, peek, mask, out)?;
                item = jiter.array_step()?;
                if item.is_some() {
                    out.push(b',');
                }
            }
            out.push(b']');
        }
        (Node::Fields(_), _) => {
            jiter.known_skip(peek)?;
            out.extend_from_slice(b"null");
        }
    }
    Ok(())
}

/// Writes a key that is kept; answers with the mask of its value.
fn start<'a>(key: &str, fields: &'a Node, any: &mut bool, out: &mut Vec<u8>) -> &'a Node {
    let mask = fields.get(key);
    if *mask != Node::Drop {
        if std::mem::replace(any, true) {
            out.push(b',');
        }
        serde_json::to_writer(&mut *out, key).expect("a text");
        out.push(b':');
    }
    mask
}
