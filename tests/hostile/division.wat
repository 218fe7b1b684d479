;; traps: a division that has no result
;; attacks: none
;; says: integer
(module
  (@custom "wagather.manifest" "gatherer 1 division 0\n")
  (memory (export "memory") 1)
  (func $divide (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func (export "gather") (result i32) (call $divide (i32.const 0x80000000) (i32.const -1))))
