;; unusable: a data segment beyond the memory
;; attacks: none
;; says: its data segment, 6 at 65533, exceeds its memory of 65536
(module
  (@custom "wagather.manifest" "gatherer 1 data-out-of-bounds 0\n")
  (memory (export "memory") 1)
  (data (i32.const 65533) "beyond")
  (func (export "gather") (result i32) (i32.const 0)))
