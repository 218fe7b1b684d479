;; traps: copies from beyond its memory, which must change nothing
;; attacks: none
;; says: out of bounds memory access
(module
  (@custom "wagather.manifest" "gatherer 1 memory-copy-out-of-bounds 0\n")
  (memory (export "memory") 1)
  (func (export "gather") (result i32)
    (memory.copy (i32.const 0) (i32.const 65530) (i32.const 7))
    (i32.const 0)))
