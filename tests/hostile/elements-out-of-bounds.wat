;; unusable: an element segment beyond the table
;; attacks: none
;; says: its element segment, 1 at 1, exceeds its table of 1
(module
  (@custom "wagather.manifest" "gatherer 1 elements-out-of-bounds 0\n")
  (memory (export "memory") 1)
  (table 1 funcref)
  (func $one)
  (elem (i32.const 1) $one)
  (func (export "gather") (result i32) (i32.const 0)))
