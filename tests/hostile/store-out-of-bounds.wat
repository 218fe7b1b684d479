;; traps: a store that begins within the memory and ends beyond it
;; attacks: none
;; says: out of bounds
(module
  (@custom "wagather.manifest" "gatherer 1 store-out-of-bounds 0\n")
  (memory (export "memory") 1)
  (func (export "gather") (result i32) (i64.store (i32.const 65529) (i64.const -1)) (i32.const 0)))
