//! To which group a piece of data belongs, when functions are put into groups: to the one group that
//! refers to it, by itself or through other data; to none if two do.

use super::data::Pieces;

/// Who refers to a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// No function.
    Nobody,
    /// Functions of this group, and no other.
    Group(u32),
    /// Functions of several groups.
    Several,
}

/// The owner of each piece; `groups` has the group of each function.
pub fn owners(pieces: &Pieces, groups: &[u32]) -> Vec<Owner> {
    let mut owners = vec![Owner::Nobody; pieces.len()];
    let mut open = Vec::new();
    for (function, &group) in (0..).zip(groups) {
        for &piece in pieces.by_function.of(function) {
            if join(&mut owners[piece as usize], Owner::Group(group)) {
                open.push(piece);
            }
        }
    }
    // An owner changes twice at most, so this ends.
    while let Some(piece) = open.pop() {
        let owner = owners[piece as usize];
        for &next in pieces.by_piece.of(piece) {
            if join(&mut owners[next as usize], owner) {
                open.push(next);
            }
        }
    }
    owners
}

/// True if that changed the owner.
fn join(owner: &mut Owner, more: Owner) -> bool {
    let joined = match (*owner, more) {
        (Owner::Nobody, more) => more,
        (owner, Owner::Nobody) => owner,
        (owner, more) if owner == more => owner,
        _ => Owner::Several,
    };
    std::mem::replace(owner, joined) != joined
}
