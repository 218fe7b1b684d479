;; unusable: an import that comes twice
;; attacks: none
;; says: it imports 'wagather_v1.log' twice
(module
  (import "wagather_v1" "log" (func (param i32 i32 i32) (result i32)))
  (import "wagather_v1" "log" (func (param i32 i32 i32) (result i32)))
  (@custom "wagather.manifest" "gatherer 1 import-twice 0\n")
  (memory (export "memory") 1)
  (func (export "gather") (result i32) (i32.const 0)))
