//! Handles: numbers in the guise of pointers, which are looked up in one table.
//!
//! No handle is ever followed, so one that was freed, of another kind or made up is an error instead of a fault. A number is not
//! given out twice. What is looked up is counted: it lives on while a call uses it, whoever frees its handle meanwhile.

use crate::failed::Failed;
use crate::outcome::Gathered;
use crate::settings::Settings;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a handle stands for.
#[derive(Clone)]
pub(crate) enum Object {
    Plan(Arc<Mutex<Settings>>),
    Outcome(Arc<Gathered>),
    /// A failure, and whether it belongs to an outcome and is freed with that.
    Failure(Arc<Failed>, bool),
}

struct Table {
    objects: BTreeMap<usize, Object>,
    next: usize,
}

/// Handles are no addresses: with 64 bits, they lie where no process has memory, so that even a program that follows one
/// stops there and then.
const FIRST: usize = match (0x5741_u64 << 48) as usize {
    0 => 1 << 12,
    first => first,
};

/// As far apart as what an allocator returns, because some bindings keep marks in the lowest bits of pointers.
const STEP: usize = 16;

static TABLE: Mutex<Table> = Mutex::new(Table { objects: BTreeMap::new(), next: FIRST });

fn table() -> MutexGuard<'static, Table> {
    // It is consistent between any two statements that change it.
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives out a handle.
pub(crate) fn insert(object: Object) -> usize {
    let mut table = table();
    while table.next < FIRST || table.objects.contains_key(&table.next) {
        table.next = table.next.checked_add(STEP).unwrap_or(FIRST);
    }
    let handle = table.next;
    table.next = handle.checked_add(STEP).unwrap_or(FIRST);
    table.objects.insert(handle, object);
    handle
}

/// What a handle stands for.
pub(crate) fn find(handle: usize) -> Option<Object> {
    table().objects.get(&handle).cloned()
}

/// Frees a handle, and those of the failures that belong to it, if it is of this kind. A failure of an outcome is freed with it.
pub(crate) fn free(handle: usize, is_kind: fn(&Object) -> bool) -> Option<()> {
    let mut table = table();
    table.objects.get(&handle).filter(|object| is_kind(object))?;
    let freed = table.objects.remove(&handle)?;
    let failures = match &freed {
        Object::Outcome(gathered) => &gathered.failures[..],
        _ => &[],
    };
    let failures: Vec<_> = failures.iter().filter_map(|failure| table.objects.remove(failure)).collect();
    // What they held is freed without the table.
    drop(table);
    drop((freed, failures));
    Some(())
}

/// How many handles there are.
#[cfg(test)]
pub(crate) fn count() -> usize {
    table().objects.len()
}
