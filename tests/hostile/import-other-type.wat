;; unusable: an import of another type than the ABI gives it
;; attacks: none
;; says: it imports 'wagather_v1.log' with a type that differs from the ABI
(module
  (import "wagather_v1" "log" (func (param i32 i64 i32) (result i32)))
  (@custom "wagather.manifest" "gatherer 1 import-other-type 0\n")
  (memory (export "memory") 1)
  (func (export "gather") (result i32) (i32.const 0)))
