//! The heap. A gatherer that needs one asks for it with [`heap!`](crate::heap!).
//!
//! `alloc` requires a global allocator even if nothing allocates. The allocator here only forwards calls to two
//! functions that `heap!()` defines. A gatherer that never allocates has no such calls, and links none of it. A
//! gatherer that allocates without `heap!()` is refused by the host, with an error that names the missing line.
//!
//! The allocator is lol_alloc's free list. It frees memory: 5,000 pods, decoded one by one by an earlier
//! `examples/pods`, needed 3 pages (`memoryBytes` in the report). lol_alloc's leaking allocator is smaller, but would
//! keep the memory of each pod.

/// Gives the gatherer a heap. Write it once, anywhere in the gatherer's crate:
///
/// ```
/// wagather::heap!();
/// ```
///
/// Decoding with [`json`](crate::json), and everything else that uses `alloc`, needs it. Without it, the module
/// imports `__wagather_heap_allocate`, which no host has: the build and hosts refuse such a module, and say what to
/// add. In native tests, the macro does nothing; `tests/module.rs` of new gatherers detects a missing heap.
#[macro_export]
macro_rules! heap {
    () => {
        #[cfg(target_arch = "wasm32")]
        $crate::__private::define_heap!();
    };
}

#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub(crate) mod __private {
    // Allocators are unsafe to implement and to call, and this module does nothing else.
    #![allow(unsafe_code)]

    use core::alloc::{GlobalAlloc, Layout};
    pub use lol_alloc::{AssumeSingleThreaded, FreeListAllocator};

    struct Door;

    #[global_allocator]
    static DOOR: Door = Door;

    unsafe extern "Rust" {
        fn __wagather_heap_allocate(layout: Layout) -> *mut u8;
        fn __wagather_heap_free(ptr: *mut u8, layout: Layout);
    }

    // SAFETY: both functions are those of lol_alloc's allocator, which satisfies the trait; otherwise linking fails.
    unsafe impl GlobalAlloc for Door {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            // SAFETY: `heap!` defines the function with this signature; the caller satisfies the trait's
            // preconditions.
            unsafe { __wagather_heap_allocate(layout) }
        }

        unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
            // SAFETY: as above.
            unsafe { __wagather_heap_free(ptr, layout) }
        }
    }

    /// The two functions that the global allocator forwards to.
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __define_heap {
        () => {
            const _: () = {
                use $crate::__private::{AssumeSingleThreaded, FreeListAllocator};

                // SAFETY: a guest has one thread: the host calls `gather` once, and version 1 has no shared memories.
                static HEAP: AssumeSingleThreaded<FreeListAllocator> =
                    unsafe { AssumeSingleThreaded::new(FreeListAllocator::new()) };

                #[unsafe(no_mangle)]
                unsafe fn __wagather_heap_allocate(layout: ::core::alloc::Layout) -> *mut u8 {
                    // SAFETY: the only caller is the global allocator, whose caller satisfies the preconditions.
                    unsafe { ::core::alloc::GlobalAlloc::alloc(&HEAP, layout) }
                }

                #[unsafe(no_mangle)]
                unsafe fn __wagather_heap_free(ptr: *mut u8, layout: ::core::alloc::Layout) {
                    // SAFETY: as above.
                    unsafe { ::core::alloc::GlobalAlloc::dealloc(&HEAP, ptr, layout) }
                }
            };
        };
    }
    pub use __define_heap as define_heap;
}
