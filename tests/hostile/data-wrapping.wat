;; unusable: a data segment whose address is below zero
;; attacks: none
;; says: its data segment, 6 at 4294967292, exceeds its memory of 65536
(module
  (@custom "wagather.manifest" "gatherer 1 data-wrapping 0\n")
  (memory (export "memory") 1)
  (data (i32.const -4) "beyond")
  (func (export "gather") (result i32) (i32.const 0)))
