;; traps: fills more than all of its memory, around the end of the addresses
;; attacks: none
;; says: out of bounds memory access
(module
  (@custom "wagather.manifest" "gatherer 1 memory-fill-wraps 0\n")
  (memory (export "memory") 1)
  (func (export "gather") (result i32)
    (memory.fill (i32.const -8) (i32.const 1) (i32.const 16))
    (i32.const 0)))
