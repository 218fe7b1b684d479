//! The heap, which a gatherer asks for with [`heap!`](crate::heap!), or does without.
//!
//! `alloc` wants a global allocator even where nothing allocates, so there always is one here; but it only passes
//! calls on to two functions that `heap!()` defines. A gatherer that never allocates has no calls to pass on and
//! links none of it. One that allocates without having asked is refused by the host, which names what is missing.
//!
//! The allocator is lol_alloc's free list, which gives memory back: 5,000 pods decoded one by one by
//! `examples/pods` need 3 pages of memory (`memoryBytes` in the report). Its leaking allocator is smaller, and would keep what each pod took.

/// Gives the gatherer a heap. Once, anywhere in the crate of the gatherer:
///
/// ```
/// wagather::heap!();
/// ```
///
/// Decoding, [`json`](crate::json) and whatever else needs `alloc` wants it. Without it the module has an import that no host
/// has, `__wagather_heap_allocate`: building it fails, and hosts refuse it, both with what to write. In native tests it does nothing;
/// `tests/module.rs` of new gatherers sees whether the line is missing.
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
    // An allocator is unsafe to implement and to call; this module does nothing else.
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

    // SAFETY: both functions are those of lol_alloc's allocator, which keeps the trait's promises, or linking failed.
    unsafe impl GlobalAlloc for Door {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            // SAFETY: `heap!` defines the function with this signature; the caller keeps the trait's preconditions.
            unsafe { __wagather_heap_allocate(layout) }
        }

        unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
            // SAFETY: as above.
            unsafe { __wagather_heap_free(ptr, layout) }
        }
    }

    /// The two functions that the door passes calls on to.
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __define_heap {
        () => {
            const _: () = {
                use $crate::__private::{AssumeSingleThreaded, FreeListAllocator};

                // SAFETY: a guest has one thread; the host calls `gather` once, and version 1 has no shared memories.
                static HEAP: AssumeSingleThreaded<FreeListAllocator> =
                    unsafe { AssumeSingleThreaded::new(FreeListAllocator::new()) };

                #[unsafe(no_mangle)]
                unsafe fn __wagather_heap_allocate(layout: ::core::alloc::Layout) -> *mut u8 {
                    // SAFETY: the caller is the global allocator, whose caller keeps the preconditions.
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
