;; unusable: an element segment whose place is below zero
;; attacks: none
;; says: its element segment, 1 at 4294967294, exceeds its table of 1
(module
  (@custom "wagather.manifest" "gatherer 1 elements-wrapping 0\n")
  (memory (export "memory") 1)
  (table 1 funcref)
  (func $one)
  (elem (i32.const -2) $one)
  (func (export "gather") (result i32) (i32.const 0)))
