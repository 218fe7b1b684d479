;; unusable: built with the SDK, allocates, and has no heap
;; attacks: none
;; says: it allocates but has no heap: add 'wagather::heap!();' to its source
(module
  (import "env" "__wagather_heap_allocate" (func (param i32 i32) (result i32)))
  (@custom "wagather.manifest" "gatherer 1 import-heap 0\n")
  (memory (export "memory") 1)
  (func (export "gather") (result i32) (i32.const 0)))
