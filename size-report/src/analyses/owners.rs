//! The group of each piece of data, if functions are in groups: the only group that refers to it, directly or through
//! other data. If several do, it has none.

use super::data::Pieces;

/// The group that refers to a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// No function.
    Nobody,
    /// Only functions of this group.
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
    // An owner changes at most twice, so this terminates.
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

/// Returns true if this changed the owner.
fn join(owner: &mut Owner, more: Owner) -> bool {
    let joined = match (*owner, more) {
        (Owner::Nobody, more) => more,
        (owner, Owner::Nobody) => owner,
        (owner, more) if owner == more => owner,
        _ => Owner::Several,
    };
    std::mem::replace(owner, joined) != joined
}
